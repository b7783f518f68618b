//! The requests of an action.

use super::kept::keep;
use super::rest::Rest;
use super::text::{Place, Scope, text};
use crate::catalog::action::{
    Body, Idempotency, JsonTemplate, Reading, RequestTemplate, Shape, Source, TextPart, TextTemplate,
};
use crate::catalog::convert::calls::{check_beside_members, check_unsent};
use crate::catalog::convert::values::{check_header, to_json};
use crate::catalog::file::{GraphQlTable, RequestTable};
use crate::catalog::graphql::Operation;
use crate::catalog::names::{ActionKind, Method};
use crate::catalog::problems::{Problems, optional};

/// What a request is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Role {
    /// It is the action's own.
    Own(ActionKind),
    /// Its answer is shown or used.
    Reading,
    /// It finds out what was done.
    Resolve,
}

impl Role {
    /// Whether it changes nothing.
    fn is_reading(self) -> bool {
        !matches!(self, Self::Own(ActionKind::Write | ActionKind::Destructive))
    }

    /// The keys of a request that do not belong to this one.
    fn strange(self, table: &RequestTable) -> impl Iterator<Item = &'static str> {
        let (own, reading, resolve) =
            (matches!(self, Self::Own(_)), self == Self::Reading, self == Self::Resolve);
        [
            ("idempotency_header", table.idempotency_header.is_some(), own),
            ("idempotency_hours", table.idempotency_hours.is_some(), own),
            ("keep", table.keep.is_some(), reading || resolve),
            ("missing", table.missing.is_some(), reading),
            ("find", table.find.is_some(), resolve),
            ("contains", table.contains.is_some(), resolve),
            ("when", table.when.is_some(), resolve),
            ("gone_statuses", table.gone_statuses.is_some(), resolve),
            ("lag_seconds", table.lag_seconds.is_some(), resolve),
            ("absent", table.absent.is_some(), resolve),
        ]
        .into_iter()
        .filter_map(|(key, is_set, belongs)| (is_set && !belongs).then_some(key))
    }
}

/// Reads a request that feeds others, and what is kept of its answer.
pub(super) fn reading(
    table: &RequestTable,
    path: &str,
    scope: &Scope<'_>,
    rest: &Rest<'_>,
    problems: &mut Problems,
) -> Option<Reading> {
    let request = request(table, path, Role::Reading, scope, rest, problems);
    let none = Default::default();
    let kept = keep(table.keep.as_ref().unwrap_or(&none), &format!("{path}.keep"), false, problems);
    if table.keep.as_ref().is_none_or(|keep| keep.is_empty()) {
        problems.add(path, "needs `keep`: what of the answer is used");
    }
    Some(Reading { request: request?, keep: kept?, missing: table.missing.clone() })
}

/// Reads a request.
pub(super) fn request(
    table: &RequestTable,
    path: &str,
    role: Role,
    scope: &Scope<'_>,
    rest: &Rest<'_>,
    problems: &mut Problems,
) -> Option<RequestTemplate> {
    for key in role.strange(table) {
        problems.add(format!("{path}.{key}"), "does not belong to this request");
    }
    check_path(&table.path, &format!("{path}.path"), problems);
    let at = |key: &str| format!("{path}.{key}");
    let path_text = text(&table.path, &at("path"), Place::Path, scope, problems);
    let query = fields(&table.query, &at("query"), scope, problems);
    let headers = headers(table, &at("headers"), scope, rest, problems);
    let body = body(table, path, role, scope, problems);
    let idempotency = idempotency(table, path, role, problems);
    check_method(table, path, role, problems);
    check_members(table, path, rest, problems);
    Some(RequestTemplate {
        method: table.method,
        path: path_text?,
        query: query?,
        headers: headers?,
        body: body?,
        idempotency: optional(idempotency)?,
    })
}

/// Checks a request whose JSON body carries the credential.
fn check_members(table: &RequestTable, path: &str, rest: &Rest<'_>, problems: &mut Problems) {
    if rest.auth_request.members.is_empty() {
        return;
    }
    if is_safe(table.method) || table.form.is_some() || table.graphql.is_some() {
        problems.add(path, "[auth.request] puts the credential into a JSON body, so the request needs one");
    }
    if let Some(json) = &table.json {
        let json = json.as_table().map(|members| |name: &str| members.contains_key(name));
        check_beside_members(rest.auth_request, json, &format!("{path}.json"), problems);
    }
}

/// Checks the text of a path: it begins with one `/`, or is empty where the base URL is all of it.
pub(super) fn check_path(text: &str, path: &str, problems: &mut Problems) {
    let hostile = |c: char| c.is_whitespace() || c.is_control() || c == '\\';
    let is_rooted = text.is_empty() || text.starts_with('/') && !text.starts_with("//");
    if !is_rooted || text.contains(hostile) {
        problems.add(path, "a path must begin with one `/` and must not contain spaces");
    } else if text.contains(['?', '#']) {
        problems.add(path, "a path has no `?` and no `#`: write its parameters as `query`");
    } else if text.split('/').any(|segment| matches!(segment, "." | "..")) || text.contains("//") {
        problems.add(path, "a path has no empty segments, and none that are `.` or `..`");
    }
}

/// Checks that what reads changes nothing, and what changes something is no reading.
fn check_method(table: &RequestTable, path: &str, role: Role, problems: &mut Problems) {
    let at = format!("{path}.method");
    let has_body = has_body(table);
    if table.method == Method::Head {
        problems.add(at, "the answer to HEAD has no body: use GET");
    } else if is_safe(table.method) && has_body {
        problems.add(at, "GET has no body");
    } else if table.graphql.is_some() && table.method != Method::Post {
        problems.add(at, "GraphQL is sent by POST");
    } else if role.is_reading() {
        let says_so = table.method == Method::Post && (table.reads || table.graphql.is_some());
        if !is_safe(table.method) && !says_so {
            problems.add(at, "this request must change nothing: use GET, or POST with `reads = true`");
        }
    } else if is_safe(table.method) {
        problems.add(at, "GET changes nothing, and this action does");
    } else if table.reads {
        problems.add(format!("{path}.reads"), "this action changes something");
    }
}

fn fields<'t>(
    table: impl IntoIterator<Item = (&'t String, &'t String)>,
    path: &str,
    scope: &Scope<'_>,
    problems: &mut Problems,
) -> Option<Vec<(String, TextTemplate)>> {
    let read: Vec<Option<(String, TextTemplate)>> = table
        .into_iter()
        .map(|(name, value)| {
            let path = format!("{path}.{name}");
            check_key(name, &path, problems);
            text(value, &path, Place::Field(name), scope, problems).map(|text| (name.clone(), text))
        })
        .collect();
    read.into_iter().collect()
}

fn check_key(name: &str, path: &str, problems: &mut Problems) {
    if name.is_empty() || name.contains(['{', '}']) {
        problems.add(path, "a name has no placeholders and is not empty");
    }
}

fn has_body(table: &RequestTable) -> bool {
    table.json.is_some() || table.form.is_some() || table.graphql.is_some()
}

/// The type of a body is the server's affair, but a provider may have a name of its own for JSON.
fn check_media_type(table: &RequestTable, name: &str, path: &str, problems: &mut Problems) {
    let is_json = |media: &String| media.starts_with("application/") && media.ends_with("+json");
    if table.json.is_none() || !table.headers.get(name).is_some_and(is_json) {
        problems
            .add(path, "beside `json`, it may name a type of JSON that ends in `+json`, and nothing else");
    }
}

fn headers(
    table: &RequestTable,
    path: &str,
    scope: &Scope<'_>,
    rest: &Rest<'_>,
    problems: &mut Problems,
) -> Option<Vec<(String, TextTemplate)>> {
    for name in table.headers.keys().chain(&table.idempotency_header) {
        let path = format!("{path}.{name}");
        // Some providers ask for it even where there is no content, others for a type of JSON of their own.
        if !name.eq_ignore_ascii_case("content-type") {
            check_header(name, &path, problems);
        } else if has_body(table) {
            check_media_type(table, name, &path, problems);
        }
        check_unsent(name, &path, rest.auth_request, problems);
    }
    let read: Vec<Option<(String, TextTemplate)>> = table
        .headers
        .iter()
        .map(|(name, value)| {
            let path = format!("{path}.{name}");
            if value.contains(char::is_control) {
                problems.add(path.as_str(), "must not contain control characters");
            }
            text(value, &path, Place::Header, scope, problems).map(|text| (name.clone(), text))
        })
        .collect();
    read.into_iter().collect()
}

#[expect(clippy::option_option, reason = "absent, wrong and right are three things")]
fn idempotency(
    table: &RequestTable,
    path: &str,
    role: Role,
    problems: &mut Problems,
) -> Option<Option<Idempotency>> {
    let header = table.idempotency_header.clone();
    match (table.idempotency_hours, &header) {
        (None, None) => return None,
        (None, Some(_)) => {
            problems.add(
                format!("{path}.idempotency_header"),
                "needs `idempotency_hours`: how long the provider remembers the key",
            );
            return Some(None);
        }
        (Some(0), _) => problems.add(format!("{path}.idempotency_hours"), "must be at least 1"),
        (Some(_), _) if role.is_reading() => {
            problems.add(format!("{path}.idempotency_hours"), "a request that changes nothing needs no key");
        }
        _ => {}
    }
    Some(table.idempotency_hours.map(|hours| Idempotency { header, hours }))
}

fn body(
    table: &RequestTable,
    path: &str,
    role: Role,
    scope: &Scope<'_>,
    problems: &mut Problems,
) -> Option<Body> {
    match (&table.json, &table.form, &table.graphql) {
        (None, None, None) => Some(Body::None),
        (Some(value), None, None) => {
            json(value, &format!("{path}.json"), None, scope, problems).map(Body::Json)
        }
        (None, Some(form), None) => fields(form, &format!("{path}.form"), scope, problems).map(Body::Form),
        (None, None, Some(table)) => graphql(table, &format!("{path}.graphql"), role, scope, problems),
        _ => {
            problems.add(path, "a request has one body: `json`, `form` or `graphql`");
            None
        }
    }
}

fn graphql(
    table: &GraphQlTable,
    path: &str,
    role: Role,
    scope: &Scope<'_>,
    problems: &mut Problems,
) -> Option<Body> {
    let at = format!("{path}.document");
    let operation = problems.ok(at.as_str(), Operation::parse(&table.document));
    if operation.as_ref().is_some_and(|operation| operation.is_query != role.is_reading()) {
        let message = if role.is_reading() {
            "this request must change nothing: use a query"
        } else {
            "a query changes nothing, and this action does"
        };
        problems.add(at.as_str(), message);
    }
    for (name, is_required) in operation.iter().flat_map(|operation| &operation.variables) {
        if *is_required && !table.variables.contains_key(name) {
            problems.add(at.as_str(), format!("the variable `${name}` has no value in `variables`"));
        }
    }
    for name in table.variables.keys() {
        let is_declared = |operation: &Operation| operation.variables.iter().any(|(other, _)| other == name);
        if !operation.as_ref().is_none_or(is_declared) {
            problems
                .add(format!("{path}.variables.{name}"), format!("the document has no variable `${name}`"));
        }
    }
    let variables = toml::Value::Table(table.variables.clone());
    let variables = json(&variables, &format!("{path}.variables"), None, scope, problems)?;
    operation.map(|_| Body::GraphQl { document: table.document.clone(), variables })
}

/// Reads a template of JSON. `name` is the member that it is the value of.
fn json(
    value: &toml::Value,
    path: &str,
    name: Option<&str>,
    scope: &Scope<'_>,
    problems: &mut Problems,
) -> Option<JsonTemplate> {
    match value {
        toml::Value::String(written) => {
            let template = text(written, path, Place::Json(name), scope, problems)?;
            let has_values = template.parts.iter().any(|part| matches!(part, TextPart::Value(_)));
            Some(if has_values {
                JsonTemplate::Text(template)
            } else {
                JsonTemplate::Literal(written.as_str().into())
            })
        }
        toml::Value::Array(items) => {
            let read: Vec<Option<JsonTemplate>> = items
                .iter()
                .enumerate()
                .map(|(index, item)| json(item, &format!("{path}.{index}"), name, scope, problems))
                .collect();
            read.into_iter().collect::<Option<_>>().map(JsonTemplate::List)
        }
        toml::Value::Table(table) => match (table.get("each"), table.get("item"), table.len()) {
            (Some(toml::Value::String(list)), Some(item), 2) => each(list, item, path, scope, problems),
            _ => {
                let read: Vec<Option<(String, JsonTemplate)>> = table
                    .iter()
                    .map(|(key, value)| {
                        let path = format!("{path}.{key}");
                        check_key(key, &path, problems);
                        json(value, &path, Some(key), scope, problems).map(|value| (key.clone(), value))
                    })
                    .collect();
                read.into_iter().collect::<Option<_>>().map(JsonTemplate::Object)
            }
        },
        _ => problems.ok(path, to_json(value)).map(JsonTemplate::Literal),
    }
}

fn each(
    list: &str,
    item: &toml::Value,
    path: &str,
    scope: &Scope<'_>,
    problems: &mut Problems,
) -> Option<JsonTemplate> {
    let items = match scope.input(list).map(|input| &input.shape) {
        Some(Shape::List { items, .. }) if !scope.is_inside() => items,
        Some(Shape::List { .. }) => {
            problems.add(format!("{path}.each"), "`each` cannot stand inside of another one");
            return None;
        }
        _ => {
            problems.add(format!("{path}.each"), format!("`{list}` is no input that is a list"));
            return None;
        }
    };
    let item = json(item, &format!("{path}.item"), None, &scope.inside(items), problems)?;
    Some(JsonTemplate::Each { list: list.to_owned(), item: Box::new(item) })
}

/// Every source that a request has a value of. A list of which each item is written counts as one.
pub(super) fn sources(request: &RequestTemplate) -> Vec<Source> {
    let mut found = Vec::new();
    of_text(&request.path, &mut found);
    for (_, text) in request.query.iter().chain(&request.headers) {
        of_text(text, &mut found);
    }
    match &request.body {
        Body::None => {}
        Body::Json(json) => of_json(json, &mut found),
        Body::Form(fields) => fields.iter().for_each(|(_, text)| of_text(text, &mut found)),
        Body::GraphQl { variables, .. } => of_json(variables, &mut found),
    }
    found
}

/// Adds the sources of a text.
pub(super) fn of_text(text: &TextTemplate, found: &mut Vec<Source>) {
    found.extend(text.parts.iter().filter_map(|part| match part {
        TextPart::Value(place) => Some(place.source.clone()),
        TextPart::Literal(_) => None,
    }));
}

fn of_json(json: &JsonTemplate, found: &mut Vec<Source>) {
    match json {
        JsonTemplate::Literal(_) => {}
        JsonTemplate::Text(text) => of_text(text, found),
        JsonTemplate::List(items) => items.iter().for_each(|item| of_json(item, found)),
        JsonTemplate::Object(members) => members.iter().for_each(|(_, value)| of_json(value, found)),
        JsonTemplate::Each { list, item } => {
            found.push(Source::Input(list.clone()));
            of_json(item, found);
        }
    }
}

/// Whether a method changes nothing by what it is (RFC 9110, section 9.2.1).
fn is_safe(method: Method) -> bool {
    matches!(method, Method::Get | Method::Head)
}
