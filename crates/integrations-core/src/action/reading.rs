//! What is kept of the answers to evidence and steps.

use serde_json::{Map, Value};

use super::answer::message;
use crate::catalog::JsonPointer;
use crate::catalog::action::{Body, Reading};

/// Why nothing can be kept of an answer.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ReadingProblem {
    /// The provider does not know the object. The text is the file's, for people.
    #[error("{0}")]
    Missing(String),
    /// The provider did not answer the question.
    #[error("the provider answered with the status {status}")]
    Refused {
        /// The status of its answer.
        status: u16,
        /// Its own words.
        message: Option<String>,
    },
    /// The answer is no JSON document.
    #[error("the provider's answer is not JSON")]
    NotJson,
    /// The answer lacks a value.
    #[error("the provider's answer has no {0}")]
    Incomplete(String),
}

/// The places where providers tell in words what is wrong. A reading names none of its own, as only people read them.
const MESSAGES: [&str; 5] =
    ["/errors/0/message", "/error/message", "/error_description", "/message", "/error"];

/// What is kept of the answer to evidence or a step: scalars by name. An optional one may be absent.
///
/// The caller has dealt with 401, with too many requests, and with 5xx that go away.
pub fn kept(
    reading: &Reading,
    status: u16,
    body: Option<&Value>,
) -> Result<Map<String, Value>, ReadingProblem> {
    let missing = reading.missing.clone().map(ReadingProblem::Missing);
    if let (404 | 410, Some(missing)) = (status, &missing) {
        return Err(missing.clone());
    }
    let errors = body.and_then(|body| body.get("errors")?.as_array());
    let has_errors = matches!(reading.request.body, Body::GraphQl { .. })
        && errors.is_some_and(|errors| !errors.is_empty());
    if has_errors || !(200..300).contains(&status) {
        let places: Vec<JsonPointer> =
            MESSAGES.iter().filter_map(|place| JsonPointer::parse(place).ok()).collect();
        return Err(ReadingProblem::Refused { status, message: message(&places, body) });
    }
    let body = body.ok_or(ReadingProblem::NotJson)?;
    let mut kept = Map::new();
    let mut absent = Vec::new();
    for wanted in &reading.keep {
        let found = wanted.pointer.of(body);
        match found.filter(|value| value.is_string() || value.is_number() || value.is_boolean()) {
            Some(scalar) => drop(kept.insert(wanted.name.clone(), scalar.clone())),
            None if wanted.optional => {
                kept.extend(wanted.default.clone().map(|text| (wanted.name.clone(), text.into())));
            }
            None => absent.push(wanted.name.as_str()),
        }
    }
    let required = reading.keep.iter().filter(|wanted| !wanted.optional).count();
    match (absent.first(), missing) {
        (None, _) => Ok(kept),
        (Some(_), Some(missing)) if absent.len() == required => Err(missing),
        (Some(name), _) => Err(ReadingProblem::Incomplete((*name).to_owned())),
    }
}
