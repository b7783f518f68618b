//! Operations of GraphQL that a caller wrote (GraphQL specification, October 2021; GraphQL over HTTP).

use std::collections::{BTreeMap, BTreeSet};

use apollo_parser::{
    Parser,
    cst::{Definition, FragmentDefinition, OperationDefinition, Selection, SelectionSet},
};
use serde_json::Value;
use url::form_urlencoded;

use super::Refusal;
use crate::json::{self, JsonError};

/// The longest document, in bytes.
const MAX_LENGTH: usize = 256 * 1024;
/// The most tokens of a document.
const MAX_TOKENS: usize = 20_000;
/// The deepest nesting of a document.
const MAX_DEPTH: usize = 60;
/// The most selections at the top.
const MAX_SELECTIONS: usize = 500;

/// What an operation asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Operation {
    /// Whether it is a mutation. Otherwise it is a query.
    pub mutates: bool,
    /// The fields at its top, by their names, not their aliases, and without `__typename`.
    pub fields: BTreeSet<String>,
    /// The fields at every depth, in the same way.
    pub all_fields: BTreeSet<String>,
}

/// Reads the body of a POST: the operation that would run, and the body as it is to be sent.
pub fn read_body(body: &[u8]) -> Result<(Operation, Vec<u8>), Refusal> {
    let value = json::parse(body).map_err(|error| match error {
        JsonError::Syntax(message) => Refusal::Unclear(format!("The body is not JSON: {message}")),
        JsonError::Issues(issues) => {
            let told: Vec<String> = issues.iter().map(ToString::to_string).collect();
            Refusal::Unclear(format!("The body is ambiguous: {}", told.join("; ")))
        }
    })?;
    let Value::Object(members) = &value else {
        return Err(Refusal::unclear("The body must be an object with one operation: batches are not sent"));
    };
    let (mut query, mut name) = (None, None);
    for (key, value) in members {
        match (key.as_str(), value) {
            ("query", Value::String(text)) => query = Some(text.as_str()),
            ("operationName", Value::String(text)) => name = Some(text.as_str()),
            ("operationName" | "variables" | "extensions", Value::Null) | ("variables", Value::Object(_)) => {
            }
            ("extensions", Value::Object(members)) if members.is_empty() => {}
            _ => return Err(not_read(key)),
        }
    }
    let operation = read(query.ok_or_else(no_document)?, name)?;
    Ok((operation, value.to_string().into_bytes()))
}

/// Reads the parameters of a GET: the operation that would run, and the query as it is to be sent.
pub fn read_parameters(query: &str) -> Result<(Operation, String), Refusal> {
    let mut found: BTreeMap<String, String> = BTreeMap::new();
    for (name, value) in form_urlencoded::parse(query.as_bytes()) {
        let is_known = matches!(&*name, "query" | "operationName" | "variables");
        if !is_known || value.contains(char::REPLACEMENT_CHARACTER) {
            return Err(not_read(&name));
        }
        if found.insert(name.to_string(), value.into_owned()).is_some() {
            return Err(Refusal::Unclear(format!("The parameter {name} is there twice")));
        }
    }
    if let Some(variables) = found.get("variables") {
        let is_object = matches!(json::parse(variables.as_bytes()), Ok(Value::Object(_)));
        if !is_object {
            return Err(Refusal::unclear("The parameter variables is not a JSON object"));
        }
    }
    let document = found.get("query").ok_or_else(no_document)?;
    let operation = read(document, found.get("operationName").map(String::as_str))?;
    if operation.mutates {
        return Err(Refusal::unclear("A mutation is sent by POST"));
    }
    Ok((operation, form_urlencoded::Serializer::new(String::new()).extend_pairs(&found).finish()))
}

fn no_document() -> Refusal {
    Refusal::unclear(
        "There is no query: an operation that the provider keeps (a persisted query) is not sent",
    )
}

fn not_read(name: &str) -> Refusal {
    Refusal::Unclear(format!(
        "{name} is not read: a request has query, variables and operationName, each of its type"
    ))
}

/// Reads the operation of a document that would run.
fn read(document: &str, name: Option<&str>) -> Result<Operation, Refusal> {
    if document.len() > MAX_LENGTH {
        return Err(Refusal::Unclear(format!("The document is longer than {MAX_LENGTH} bytes")));
    }
    check_depth(document)?;
    let tree = Parser::new(document).token_limit(MAX_TOKENS).recursion_limit(MAX_DEPTH).parse();
    if let Some(error) = tree.errors().next() {
        let (message, at) = (error.message(), error.index());
        return Err(Refusal::Unclear(format!("Not a GraphQL document: {message}, at byte {at}")));
    }
    let (mut operations, mut fragments) = (Vec::new(), BTreeMap::new());
    for definition in tree.document().definitions() {
        match definition {
            Definition::OperationDefinition(operation) => operations.push(operation),
            Definition::FragmentDefinition(fragment) => {
                let name =
                    name_of_fragment(&fragment).ok_or_else(|| Refusal::unclear("A fragment has no name"))?;
                if fragments.insert(name.clone(), fragment).is_some() {
                    return Err(Refusal::Unclear(format!("Two fragments are called {name}")));
                }
            }
            _ => return Err(Refusal::unclear("A document has operations and fragments alone")),
        }
    }
    let operation = chosen(&operations, name)?;
    let kind = operation.operation_type();
    if kind.as_ref().is_some_and(|kind| kind.subscription_token().is_some()) {
        return Err(Refusal::unclear("A subscription is not sent"));
    }
    let set = operation.selection_set().ok_or_else(|| Refusal::unclear("The operation asks for nothing"))?;
    let mutates = kind.is_some_and(|kind| kind.mutation_token().is_some());
    let (fields, all_fields) = fields(set, &fragments)?;
    Ok(Operation { mutates, fields, all_fields })
}

/// Refuses what is nested too deeply, before anything that calls itself reads it. Braces in strings count too.
fn check_depth(document: &str) -> Result<(), Refusal> {
    let (mut depth, mut deepest) = (0_usize, 0_usize);
    for byte in document.bytes() {
        match byte {
            b'{' | b'[' | b'(' => depth += 1,
            b'}' | b']' | b')' => depth = depth.saturating_sub(1),
            _ => {}
        }
        deepest = deepest.max(depth);
    }
    if deepest > 4 * MAX_DEPTH {
        return Err(Refusal::unclear("The document is nested too deeply"));
    }
    Ok(())
}

/// The operation that would run (section 6.1, "GetOperation").
fn chosen<'o>(
    operations: &'o [OperationDefinition],
    name: Option<&str>,
) -> Result<&'o OperationDefinition, Refusal> {
    let name_of = |operation: &OperationDefinition| operation.name().map(|name| name.text().to_string());
    let names: BTreeSet<Option<String>> = operations.iter().map(name_of).collect();
    if names.len() < operations.len() || (operations.len() > 1 && names.contains(&None)) {
        return Err(Refusal::unclear("Of several operations each needs a name of its own"));
    }
    match (name, operations) {
        (None, [operation]) => Ok(operation),
        (None, []) => Err(Refusal::unclear("The document has no operation")),
        (None, _) => {
            Err(Refusal::unclear("Of several operations, operationName must say which one is to run"))
        }
        (Some(name), _) => operations
            .iter()
            .find(|operation| name_of(operation).as_deref() == Some(name))
            .ok_or_else(|| Refusal::unclear("operationName names no operation of the document")),
    }
}

fn name_of_fragment(fragment: &FragmentDefinition) -> Option<String> {
    Some(fragment.fragment_name()?.name()?.text().to_string())
}

/// The fields at the top of an operation, and those at every depth, whatever `@skip` and `@include` say: a variable may
/// turn them around. It does not call itself: fragments may lead to each other as often as a document has tokens.
fn fields(
    set: SelectionSet,
    fragments: &BTreeMap<String, FragmentDefinition>,
) -> Result<(BTreeSet<String>, BTreeSet<String>), Refusal> {
    let (mut top, mut all) = (BTreeSet::new(), BTreeSet::new());
    // A fragment may stand at the top and beneath it. Each is looked at once for both.
    let (mut rest, mut seen, mut count) = (vec![(set, true)], BTreeSet::new(), 0);
    while let Some((set, is_top)) = rest.pop() {
        for selection in set.selections() {
            count += usize::from(is_top);
            if count > MAX_SELECTIONS {
                return Err(Refusal::Unclear(format!(
                    "The operation asks for more than {MAX_SELECTIONS} fields"
                )));
            }
            let (inner, is_top) = match selection {
                Selection::Field(field) => {
                    let name = field.name().ok_or_else(|| Refusal::unclear("A field has no name"))?;
                    let name = Some(name.text().to_string()).filter(|name| name != "__typename");
                    top.extend(name.clone().filter(|_| is_top));
                    all.extend(name);
                    (field.selection_set(), false)
                }
                Selection::InlineFragment(inline) => (Some(content(inline.selection_set())?), is_top),
                Selection::FragmentSpread(spread) => {
                    let name = spread.fragment_name().and_then(|name| name.name());
                    let name = name.map(|name| name.text().to_string()).unwrap_or_default();
                    let fragment = fragments
                        .get(&name)
                        .ok_or_else(|| Refusal::Unclear(format!("The document has no fragment {name}")))?;
                    // Where it was seen, its fields are known. A fragment in itself ends here too.
                    let is_new = seen.insert((name, is_top));
                    (Some(content(fragment.selection_set())?).filter(|_| is_new), is_top)
                }
            };
            rest.extend(inner.map(|inner| (inner, is_top)));
        }
    }
    Ok((top, all))
}

fn content(set: Option<SelectionSet>) -> Result<SelectionSet, Refusal> {
    set.ok_or_else(|| Refusal::unclear("A fragment is empty"))
}
