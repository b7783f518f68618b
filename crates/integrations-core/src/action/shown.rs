//! What is shown of an input.

use serde_json::{Map, Value};

use crate::audit::REDACTED;
use crate::catalog::action::{ActionInput, Shape};

/// An input with `[redacted]` in place of every value that its action calls sensitive, and of every value that it does
/// not declare.
pub fn shown_input(declared: &[ActionInput], input: &Map<String, Value>) -> Map<String, Value> {
    let shown = |(key, value): (&String, &Value)| {
        let declared = declared.iter().find(|one| one.key == *key);
        (key.clone(), declared.map_or_else(|| REDACTED.into(), |declared| shown(declared, value)))
    };
    input.iter().map(shown).collect()
}

fn shown(declared: &ActionInput, value: &Value) -> Value {
    match (&declared.shape, value) {
        _ if declared.sensitive => REDACTED.into(),
        (Shape::List { items, .. }, Value::Array(values)) => {
            values.iter().map(|value| shown(items, value)).collect()
        }
        (Shape::Object(fields), Value::Object(members)) => shown_input(fields, members).into(),
        _ => value.clone(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::action::sample::{input, list, text};

    #[test]
    fn what_is_sensitive_is_hidden_at_any_depth() {
        let secret = ActionInput { sensitive: true, ..text("password") };
        let person = Shape::Object(vec![text("name"), secret.clone()]);
        let given = json!({
            "password": {"odd": "p1"}, "note": "n", "other": "p2",
            "people": [{"name": "Ada", "password": "p3"}, {"name": "Bo"}]
        });
        let declared = [text("note"), list("people", input("", person)), secret];
        assert_eq!(
            Value::Object(shown_input(&declared, given.as_object().unwrap())),
            json!({
                "password": "[redacted]", "note": "n", "other": "[redacted]",
                "people": [{"name": "Ada", "password": "[redacted]"}, {"name": "Bo"}]
            })
        );
    }
}
