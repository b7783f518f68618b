//! The inputs of an action, as its JSON Schema lists them, and their values.

use integrations_core::issue::Issue;
use serde_json::{Map, Value};

use crate::arguments::strict_json;
use crate::client::text_field;
use crate::error::{Exit, Failure, Report, code};

/// One input of an action.
pub(super) struct Input<'a> {
    /// Its name.
    pub(super) key: &'a str,
    /// Whether a call needs it.
    pub(super) is_required: bool,
    property: &'a Value,
}

impl<'a> Input<'a> {
    /// All inputs of a schema.
    pub(super) fn all(schema: &'a Value) -> Vec<Self> {
        let required = schema.get("required").and_then(Value::as_array);
        let is_required = |key: &str| required.is_some_and(|keys| keys.iter().any(|one| one == key));
        let properties = schema.get("properties").and_then(Value::as_object).into_iter().flatten();
        properties.map(|(key, property)| Self { key, is_required: is_required(key), property }).collect()
    }

    /// What it may be: `integer`, `array of string`, `one of asc, desc`.
    pub(super) fn kind(&self) -> String {
        if let Some(options) = self.property.get("enum").and_then(Value::as_array) {
            let options: Vec<&str> = options.iter().filter_map(Value::as_str).collect();
            return format!("one of {}", options.join(", "));
        }
        let kind = text_field(self.property, "type").unwrap_or("any");
        let items = self.property.get("items").and_then(|items| text_field(items, "type"));
        items.map_or_else(|| kind.to_owned(), |items| format!("{kind} of {items}"))
    }

    /// What it is for.
    pub(super) fn about(&self) -> &'a str {
        text_field(self.property, "description").unwrap_or("no description")
    }

    /// Reads its value as it is typed: text as it stands, everything else as JSON. The error says what is expected.
    pub(super) fn read(&self, text: &str) -> Result<Value, String> {
        let kind = text_field(self.property, "type");
        if kind == Some("string") {
            return Ok(text.into());
        }
        let read = strict_json(text);
        let (is_right, expected): (fn(&Value) -> bool, _) = match kind {
            Some("integer") => (|value| value.is_i64() || value.is_u64(), "a whole number, such as 5"),
            Some("number") => (Value::is_number, "a number, such as 0.5"),
            Some("boolean") => (Value::is_boolean, "true or false"),
            Some("array") => (Value::is_array, "a JSON array, such as [\"a\", \"b\"]"),
            Some("object") => (Value::is_object, "a JSON object, such as {\"a\": \"b\"}"),
            // A newer server may know other types.
            _ => return Ok(read.unwrap_or_else(|_| text.into())),
        };
        match read {
            Ok(value) if is_right(&value) => Ok(value),
            _ => Err(format!("Expected {expected}")),
        }
    }
}

/// Puts what `--input` gives into `call`. The error lists every fault.
pub(super) fn put(
    given: &[(String, String)],
    inputs: &[Input<'_>],
    call: &mut Map<String, Value>,
) -> Result<(), Failure> {
    let mut issues = Vec::new();
    let mut named: Vec<&str> = Vec::new();
    for (key, text) in given {
        let read = match inputs.iter().find(|input| input.key == key) {
            _ if named.contains(&key.as_str()) => Err("Named twice".to_owned()),
            None => Err(format!("Unknown input; expected one of {}", names(inputs))),
            Some(input) => input.read(text),
        };
        named.push(key);
        match read {
            Ok(value) => drop(call.insert(key.clone(), value)),
            Err(why) => issues.push(Issue::new(format!("input.{key}"), why)),
        }
    }
    if issues.is_empty() {
        return Ok(());
    }
    let report = Report::local(code::USAGE, Exit::Usage, "the input is not valid");
    Err(Report { issues, ..report }.into())
}

fn names(inputs: &[Input<'_>]) -> String {
    inputs.iter().map(|input| input.key).collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn schema() -> Value {
        json!({"type": "object", "required": ["text"], "properties": {
            "text": {"type": "string", "description": "The text."}, "count": {"type": "integer"},
            "share": {"type": "number"}, "loud": {"type": "boolean"},
            "tags": {"type": "array", "items": {"type": "string"}}, "extra": {"type": "object"},
            "order": {"type": "string", "enum": ["asc", "desc"]}, "later": {"type": ["string", "null"]}}})
    }

    fn read(key: &str, text: &str) -> Result<Value, String> {
        let schema = schema();
        let inputs = Input::all(&schema);
        inputs.iter().find(|input| input.key == key).unwrap().read(text)
    }

    #[test]
    fn a_value_has_the_type_that_the_schema_says() {
        for (key, text, value) in [
            ("text", "5", json!("5")),
            ("text", "", json!("")),
            ("text", "\"a\"", json!("\"a\"")),
            ("count", "5", json!(5)),
            ("count", "-5", json!(-5)),
            ("share", "0.5", json!(0.5)),
            ("loud", "true", json!(true)),
            ("tags", r#"["a", "b"]"#, json!(["a", "b"])),
            ("extra", r#"{"a": 1}"#, json!({"a": 1})),
            ("order", "asc", json!("asc")),
            ("later", "5", json!(5)),
            ("later", "five", json!("five")),
        ] {
            assert_eq!(read(key, text), Ok(value), "{key}={text}");
        }
        for (key, text) in [
            ("count", "5.5"),
            ("count", "1e3"),
            ("count", "\"5\""),
            ("count", "five"),
            ("count", ""),
            ("share", "half"),
            ("loud", "yes"),
            ("loud", "1"),
            ("tags", "a"),
            ("tags", r#"{"a": 1}"#),
            ("extra", r#"{"a": 1, "a": 2}"#),
            ("extra", "null"),
        ] {
            assert!(read(key, text).is_err(), "{key}={text}");
        }
    }

    #[test]
    fn an_input_says_what_it_may_be() {
        let schema = schema();
        let kinds: Vec<String> = Input::all(&schema).iter().map(Input::kind).collect();
        for kind in ["string", "array of string", "one of asc, desc", "any"] {
            assert!(kinds.iter().any(|one| one == kind), "{kinds:?}");
        }
        let required: Vec<&str> =
            Input::all(&schema).iter().filter(|input| input.is_required).map(|input| input.key).collect();
        assert_eq!(required, ["text"]);
        assert!(Input::all(&json!({"type": "object"})).is_empty());
    }
}
