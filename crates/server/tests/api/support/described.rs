//! Holds answers against the specification: every answer to one of its operations that any test gets has a status, a
//! media type and, if it is JSON, a schema that the specification names for it.

use std::{
    collections::BTreeMap,
    sync::{LazyLock, OnceLock},
};

use jsonschema::Validator;
use serde_json::Value;

use super::Answer;

/// An operation and the answers that it can give.
struct Operation {
    method: String,
    path: Vec<String>,
    /// By status: the media types that it can have, with the schema of each that is JSON.
    answers: BTreeMap<String, BTreeMap<String, Option<Schema>>>,
}

/// A schema of the specification. It is compiled when an answer is first held against it: all of them together take
/// half a second, and every test is a process of its own.
struct Schema {
    schema: &'static Value,
    compiled: OnceLock<Validator>,
}

impl Schema {
    fn validator(&self) -> &Validator {
        self.compiled.get_or_init(|| {
            let mut schema = self.schema.clone();
            schema["components"] = SPECIFICATION["components"].clone();
            jsonschema::options().should_validate_formats(true).build(&schema).unwrap()
        })
    }
}

static SPECIFICATION: LazyLock<Value> =
    LazyLock::new(|| serde_json::to_value(riq_server::openapi()).unwrap());
static OPERATIONS: LazyLock<Vec<Operation>> = LazyLock::new(|| {
    let mut operations = Vec::new();
    for (path, methods) in SPECIFICATION["paths"].as_object().unwrap() {
        for (method, operation) in methods.as_object().unwrap() {
            let answers = operation["responses"].as_object().unwrap().iter();
            operations.push(Operation {
                method: method.to_uppercase(),
                path: path.split('/').map(str::to_owned).collect(),
                answers: answers.map(|(status, answer)| (status.clone(), contents(answer))).collect(),
            });
        }
    }
    // Of two that match a path, the one with a word goes before the one with a parameter there, as in the router.
    operations.sort_by_key(|one| one.path.iter().map(|part| is_parameter(part)).collect::<Vec<_>>());
    operations
});

fn contents(answer: &'static Value) -> BTreeMap<String, Option<Schema>> {
    let contents = answer["content"].as_object().into_iter().flatten();
    let contents = contents.map(|(media, content)| {
        let is_json = media == "application/json";
        let schema = is_json.then(|| Schema { schema: &content["schema"], compiled: OnceLock::new() });
        (media.clone(), schema)
    });
    contents.collect()
}

fn is_parameter(part: &str) -> bool {
    part.starts_with('{')
}

impl Operation {
    fn is_at(&self, path: &[&str]) -> bool {
        let is_same =
            |(known, part): (&String, &&str)| known == part || (is_parameter(known) && !part.is_empty());
        self.path.len() == path.len() && self.path.iter().zip(path).all(is_same)
    }
}

/// Fails if the specification has an operation for a request but not this answer to it. Says nothing about other
/// requests, such as those for pages.
pub(crate) fn assert_described(method: &str, target: &str, answer: &Answer) {
    let path = target.split(['?', '#']).next().unwrap_or_default();
    let path = match path.strip_prefix("/v1/") {
        Some(rest) => format!("/api/v1/{rest}"),
        None => path.to_owned(),
    };
    let path: Vec<&str> = path.split('/').collect();
    let Some(known) = OPERATIONS.iter().find(|one| one.is_at(&path)) else { return };
    let is_asked = |one: &&Operation| one.method == method && one.path == known.path;
    let Some(operation) = OPERATIONS.iter().find(is_asked) else { return };
    // The answers of providers are theirs.
    if answer.header("x-answered-by").is_some() {
        return;
    }
    let contents = operation.answers.get(&answer.status.to_string());
    let contents = contents.unwrap_or_else(|| panic!("{method} {target}: undescribed status: {answer:?}"));
    let media = answer.header("content-type").map(|media| media.split(';').next().unwrap_or_default());
    let Some(media) = media.filter(|_| !answer.text.is_empty()) else {
        // Of lines there may be none.
        let may_be_empty = contents.is_empty() || contents.contains_key("application/x-ndjson");
        return assert!(may_be_empty, "{method} {target}: a body is missing: {answer:?}");
    };
    let schema = contents.get(media);
    let schema = schema.unwrap_or_else(|| panic!("{method} {target}: undescribed media type: {answer:?}"));
    // What is compressed is not read.
    if let Some(schema) = schema.as_ref().filter(|_| answer.header("content-encoding").is_none()) {
        let errors = schema.validator().iter_errors(&answer.body);
        let errors: Vec<String> = errors.map(|error| format!("{}: {error}", error.instance_path())).collect();
        assert!(errors.is_empty(), "{method} {target}: {errors:#?}: {answer:?}");
    }
}
