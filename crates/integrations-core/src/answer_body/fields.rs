//! The fields of an answer.

use serde_json::{Map, Value};

/// What the token endpoint answered: the fields of a JSON document, or of a form.
#[derive(Clone, Debug, PartialEq)]
pub struct AnswerFields {
    /// The fields. Those of a form are strings.
    pub value: Value,
    /// Whether the body was read to its end. Otherwise `value` has what came before the place where it breaks off.
    pub is_whole: bool,
}

/// Inserts a field. If it is there already, null and an empty string do not replace it.
pub(super) fn insert(fields: &mut Map<String, Value>, name: String, value: Value) {
    let says_nothing = value.is_null() || value.as_str() == Some("");
    if !says_nothing || !fields.contains_key(&name) {
        fields.insert(name, value);
    }
}
