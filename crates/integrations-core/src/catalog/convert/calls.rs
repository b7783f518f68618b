//! The requests of a provider file: its health probe and its account.

use serde_json::Value;

use super::aws_signature::{is_of_signature, of_call};
use super::values::{check_header, pointer, statuses, to_json};
use crate::catalog::file::{AccountTable, AnswerCheckTable, CallTable, ProbeTable};
use crate::catalog::names::{AccountSource, AnswerShape, AuthKind, Method};
use crate::catalog::probe::{Account, AccountPart, AnswerCheck, AuthRequest, Call, HealthProbe, Probe};
use crate::catalog::problems::{Problems, optional};
use crate::catalog::scope::{Names, Reach};
use crate::catalog::template::{JsonPointer, Template};

/// The longest reason why there is no probe, in bytes.
const LONGEST_WHY: usize = 300;

/// Reads how a credential is tested, or why it is not.
pub(super) fn probe(
    table: ProbeTable,
    kind: AuthKind,
    auth: &AuthRequest,
    names: &Names<'_>,
    problems: &mut Problems,
) -> Option<Probe> {
    if let Some(why) = table.none.clone() {
        check_none(&why, &table, kind, problems);
        return Some(Probe::None(why));
    }
    health_probe(table, auth, names, problems).map(|probe| Probe::Request(Box::new(probe)))
}

/// Checks a probe that is left out.
fn check_none(why: &str, table: &ProbeTable, kind: AuthKind, problems: &mut Problems) {
    let is_sentence = why.trim() == why && why.ends_with('.') && !why.contains('\n');
    if !is_sentence || why.len() > LONGEST_WHY {
        let message =
            format!("must be a sentence on one line, with its full stop, of at most {LONGEST_WHY} bytes");
        problems.add("probe.none", message);
    }
    let is_asked = table.method.is_some()
        || table.url.is_some()
        || !table.headers.is_empty()
        || table.body.is_some()
        || table.good_statuses.is_some()
        || table.refused_statuses.is_some()
        || table.answer.is_some()
        || table.interval_seconds.is_some();
    if is_asked {
        problems.add("probe.none", "stands alone: nobody is asked");
    }
    if !matches!(kind, AuthKind::ApiKey | AuthKind::WebhookUrl) {
        problems.add("probe.none", format!("a way of the kind `{kind}` needs a probe: its tokens end"));
    }
}

/// A field without which nobody can be asked.
fn needed<T>(value: Option<T>, name: &str, problems: &mut Problems) -> Option<T> {
    if value.is_none() {
        problems.add("probe", format!("missing field `{name}`"));
    }
    value
}

fn health_probe(
    table: ProbeTable,
    auth: &AuthRequest,
    names: &Names<'_>,
    problems: &mut Problems,
) -> Option<HealthProbe> {
    let ProbeTable { method, url, aws_service, headers, body, .. } = table;
    let (method, url) = (needed(method, "method", problems), needed(url, "url", problems));
    let good_statuses = needed(table.good_statuses, "good_statuses", problems);
    let refused_statuses = needed(table.refused_statuses, "refused_statuses", problems);
    let (method, good_statuses, refused_statuses) = (method?, good_statuses?, refused_statuses?);
    let table_of_call = CallTable { method, url: url?, aws_service, headers, body };
    let call = call(table_of_call, "probe", auth, names, problems);
    if matches!(method, Method::Put | Method::Patch | Method::Delete) {
        problems.add(
            "probe.method",
            "a probe must change nothing: use GET, HEAD, or POST if the provider requires it",
        );
    }
    if good_statuses.is_empty() {
        problems.add("probe.good_statuses", "needs at least one status");
    }
    statuses("probe.good_statuses", &good_statuses, problems);
    statuses("probe.refused_statuses", &refused_statuses, problems);
    if let Some(status) = refused_statuses.iter().find(|status| good_statuses.contains(status)) {
        problems.add("probe.refused_statuses", format!("{status} cannot be both good and refused"));
    }
    if table.interval_seconds.is_some_and(|seconds| !(30..=86_400).contains(&seconds)) {
        problems.add("probe.interval_seconds", "must be between 30 seconds and a day (86400)");
    }
    let answer = answer_check(table.answer.unwrap_or_default(), problems);
    if answer.as_ref().is_some_and(|answer| answer.shape != AnswerShape::None) {
        if method == Method::Head {
            problems.add(
                "probe.method",
                "the answer to HEAD has no body, so it needs `shape = \"none\"` in [probe.answer]",
            );
        }
        // RFC 9110, sections 15.3.5 and 15.3.6.
        if let Some(status) = good_statuses.iter().find(|status| matches!(status, 204 | 205)) {
            let message = format!(
                "an answer with {status} has no body, so it needs `shape = \"none\"` in [probe.answer]"
            );
            problems.add("probe.good_statuses", message);
        }
    }
    Some(HealthProbe {
        call: call?,
        good_statuses,
        refused_statuses,
        answer: answer?,
        interval_seconds: table.interval_seconds,
    })
}

fn answer_check(table: AnswerCheckTable, problems: &mut Problems) -> Option<AnswerCheck> {
    let shape = table.shape.unwrap_or(AnswerShape::Object);
    let fields = [
        ("pointer", table.pointer.is_some()),
        ("equals", table.equals.is_some()),
        ("error", table.error.is_some()),
        ("refused_otherwise", table.refused_otherwise),
    ];
    for (field, is_set) in fields {
        let path = format!("probe.answer.{field}");
        if is_set && shape == AnswerShape::None {
            problems.add(path, "cannot stand beside `shape = \"none\"`: the body is not looked at");
        } else if is_set && table.pointer.is_none() && matches!(field, "equals" | "refused_otherwise") {
            problems.add(path, "needs `pointer`, which says where the value is");
        }
    }
    let verdict = table.pointer.map(|text| pointer("probe.answer.pointer", &text, problems));
    let error = table.error.map(|text| pointer("probe.answer.error", &text, problems));
    let equals = table.equals.map(|value| problems.ok("probe.answer.equals", to_json(&value)));
    if error.is_none() && !table.refused_errors.is_empty() {
        problems.add("probe.answer.refused_errors", "needs `error`, which says where the code is");
    }
    Some(AnswerCheck {
        shape,
        pointer: optional(verdict)?,
        equals: optional(equals)?,
        error: optional(error)?,
        refused_errors: table.refused_errors,
        refused_otherwise: table.refused_otherwise,
    })
}

/// Reads a request, which sends what `auth` says and its own headers.
fn call(
    table: CallTable,
    path: &str,
    auth: &AuthRequest,
    names: &Names<'_>,
    problems: &mut Problems,
) -> Option<Call> {
    let url = names.url(&format!("{path}.url"), &table.url, Reach::Secret, problems);
    let mut headers = auth.headers.clone();
    for (name, text) in table.headers {
        let path = format!("{path}.headers.{name}");
        check_header(&name, &path, problems);
        check_unsent(&name, &path, auth, problems);
        headers.extend(names.text(&path, &text, problems).map(|template| (name, template)));
    }
    let body = table.body.map(|body| problems.ok(format!("{path}.body"), to_json(&body)));
    if body.is_some() && table.method != Method::Post {
        problems.add(format!("{path}.body"), "only POST has a body");
    }
    check_members(auth, table.method, body.as_ref().and_then(Option::as_ref), path, problems);
    Some(Call {
        method: table.method,
        url: url?,
        headers,
        basic_auth: auth.basic_auth.clone(),
        signature: of_call(auth, table.aws_service.as_deref(), path, names, problems),
        body: optional(body)?,
        credential: auth.members.clone(),
    })
}

/// Checks a request whose JSON body carries the credential.
fn check_members(
    auth: &AuthRequest,
    method: Method,
    body: Option<&Value>,
    path: &str,
    problems: &mut Problems,
) {
    if auth.members.is_empty() {
        return;
    }
    if method != Method::Post {
        let message =
            "[auth.request] puts the credential into a JSON body, so the request needs one: use POST";
        problems.add(format!("{path}.method"), message);
    }
    if let Some(body) = body {
        let body = body.as_object().map(|members| |name: &str| members.contains_key(name));
        check_beside_members(auth, body, &format!("{path}.body"), problems);
    }
}

/// Checks a JSON body that the members with the credential are added to. `has` knows its own members; `None`: it is no
/// object.
pub(super) fn check_beside_members(
    auth: &AuthRequest,
    has: Option<impl Fn(&str) -> bool>,
    path: &str,
    problems: &mut Problems,
) {
    let Some(has) = has else {
        problems.add(path, "must be an object: [auth.request] adds to it");
        return;
    };
    for (name, _) in auth.members.iter().filter(|(name, _)| has(name)) {
        problems.add(format!("{path}.{name}"), format!("`{name}` is sent by [auth.request] already"));
    }
}

/// Checks that a header is none of those that are sent with the credential.
pub(super) fn check_unsent(name: &str, path: &str, auth: &AuthRequest, problems: &mut Problems) {
    if auth.signature.is_some() && is_of_signature(name) {
        problems.add(path, format!("`{name}` is set by the signature"));
    }
    let is_authorization = auth.basic_auth.is_some() && name.eq_ignore_ascii_case("authorization");
    if is_authorization || auth.headers.iter().any(|(other, _)| other.eq_ignore_ascii_case(name)) {
        problems.add(path, format!("`{name}` is sent by [auth.request] already"));
    }
}

pub(super) fn account(
    table: AccountTable,
    auth: &AuthRequest,
    names: &Names<'_>,
    problems: &mut Problems,
) -> Option<Account> {
    match (table.source, &table.profile) {
        (AccountSource::Profile, None) => {
            problems.add("account", "`source = \"profile\"` needs [account.profile]")
        }
        (AccountSource::Token | AccountSource::Probe, Some(_)) => {
            problems.add("account.source", "[account.profile] is used only with `source = \"profile\"`");
        }
        (AccountSource::Token, None) if !names.has_tokens() => {
            problems.add("account.source", "only an OAuth provider has a token answer");
        }
        _ => {}
    }
    let profile = table.profile.map(|table| call(table, "account.profile", auth, names, problems));
    let id = parts("account.id", &table.id, names, problems);
    let name = parts("account.name", &table.name, names, problems);
    let profile = optional(profile)?;
    Some(Account { source: table.source, profile, id, name })
}

fn parts(path: &str, texts: &[String], names: &Names<'_>, problems: &mut Problems) -> Vec<AccountPart> {
    if texts.is_empty() {
        problems.add(path, "needs at least one place to look");
    }
    let indexed = texts.iter().enumerate();
    indexed.filter_map(|(index, text)| problems.ok(format!("{path}.{index}"), part(text, names))).collect()
}

fn part(text: &str, names: &Names<'_>) -> Result<AccountPart, String> {
    if !text.starts_with('{') {
        return JsonPointer::parse(text).map(AccountPart::Answer);
    }
    let template = Template::parse(text).map_err(|error| error.to_string())?;
    let is_stored = |name| matches!(names.stored(name), Ok(Some(stored)) if !stored.is_absent);
    if !template.placeholders().all(is_stored) {
        return Err("must be a JSON pointer, or fields of the connection or kept fields in braces".into());
    }
    Ok(AccountPart::Stored(template))
}
