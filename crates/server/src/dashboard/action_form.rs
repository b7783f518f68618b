//! The input of an action as a form: the control for each input, and the body of the call that a filled-in form makes.

use integrations_core::{
    catalog::action::{Action, ActionInput, Default, Shape},
    issue::Issue,
};
use serde_json::{Map, Number, Value, json};

use super::settings::read_json;
use crate::edge::form::Form;

/// The controls that inputs are given with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Control {
    /// Text that is never shown again.
    Secret,
    /// Text on one line.
    Text,
    /// Text on several lines.
    Paragraph,
    /// One of the input's values.
    Choice,
    /// A box to tick.
    Box,
    /// A whole number.
    Integer,
    /// Texts or numbers, one per line.
    Lines,
    /// JSON, for inputs that have no better control.
    Json,
}

/// The control of an input.
pub(crate) fn control(input: &ActionInput) -> Control {
    match &input.shape {
        _ if input.sensitive => Control::Secret,
        Shape::Text(shape) if !shape.options.is_empty() => Control::Choice,
        Shape::Text(shape) if shape.lines => Control::Paragraph,
        Shape::Text(_) => Control::Text,
        Shape::Integer { .. } | Shape::Money { .. } => Control::Integer,
        Shape::Boolean => Control::Box,
        Shape::List { items, .. } => match control(items) {
            Control::Text | Control::Choice | Control::Integer => Control::Lines,
            _ => Control::Json,
        },
        Shape::Object(_) | Shape::Map { .. } => Control::Json,
    }
}

/// The name of an input's field. Issues of a call name inputs like this too.
pub(crate) fn field(input: &ActionInput) -> String {
    format!("input.{}", input.key)
}

/// Whether the box of an input is ticked before anybody has touched it.
pub(crate) fn is_ticked_first(input: &ActionInput) -> bool {
    input.default == Some(Default::Value(true.into()))
}

/// The body of the call that a form asks for. A field that is empty is left out, as it has no other way to say that.
pub(crate) fn body(action: &Action, form: &Form) -> Result<Vec<u8>, Vec<Issue>> {
    let (mut given, mut issues) = (Map::new(), Vec::new());
    for input in &action.inputs {
        match asked(input, form) {
            Ok(asked) => given.extend(asked.map(|value| (input.key.clone(), value))),
            Err(found) => issues.extend(found),
        }
    }
    if issues.is_empty() { Ok(json!({"input": given}).to_string().into_bytes()) } else { Err(issues) }
}

fn asked(input: &ActionInput, form: &Form) -> Result<Option<Value>, Vec<Issue>> {
    let name = field(input);
    let control = control(input);
    if control == Control::Box {
        let is_ticked = form.is_ticked(&name);
        return Ok((is_ticked || input.required || is_ticked_first(input)).then(|| is_ticked.into()));
    }
    // Browsers write line breaks as CR and LF.
    let text = form.trimmed(&name).replace("\r\n", "\n");
    if text.is_empty() {
        return Ok(None);
    }
    Ok(Some(match control {
        Control::Integer => number(&text),
        Control::Lines => {
            let is_number =
                matches!(&input.shape, Shape::List { items, .. } if self::control(items) == Control::Integer);
            let lines = text.lines().map(str::trim).filter(|line| !line.is_empty());
            lines.map(|line| if is_number { number(line) } else { line.into() }).collect()
        }
        Control::Json => read_json(&name, &text)?,
        Control::Secret if !matches!(input.shape, Shape::Text(_)) => read_json(&name, &text)?,
        Control::Secret | Control::Text | Control::Paragraph | Control::Choice | Control::Box => text.into(),
    }))
}

/// A number. Text that is none stays text, so that the call's check reports it.
fn number(text: &str) -> Value {
    serde_json::from_str::<Number>(text).map_or_else(|_| text.into(), Value::Number)
}

#[cfg(test)]
mod tests {
    use integrations_core::catalog::{Catalog, action::TextShape};

    use super::*;

    fn text(options: &[&str], lines: bool) -> Shape {
        Shape::Text(TextShape {
            pattern: None,
            mismatch: None,
            options: options.iter().map(ToString::to_string).collect(),
            format: None,
            max_length: 100,
            lines,
        })
    }

    fn input(key: &str, shape: Shape) -> ActionInput {
        ActionInput {
            key: key.into(),
            description: String::new(),
            required: false,
            shape,
            default: None,
            sensitive: false,
        }
    }

    fn list(key: &str, items: Shape) -> ActionInput {
        input(key, Shape::List { items: Box::new(input("", items)), max_items: 9 })
    }

    /// An action with an input of each kind.
    fn action() -> Action {
        let integer = || Shape::Integer { minimum: 1, maximum: 9 };
        let inputs = vec![
            input("word", text(&[], false)),
            input("note", text(&[], true)),
            input("sort", text(&["asc", "desc"], false)),
            input("limit", integer()),
            input("deep", Shape::Boolean),
            ActionInput { required: true, ..input("sure", Shape::Boolean) },
            ActionInput { default: Some(Default::Value(true.into())), ..input("wide", Shape::Boolean) },
            list("tags", text(&[], false)),
            list("numbers", integer()),
            input("place", Shape::Object(vec![input("city", text(&[], false))])),
            ActionInput { sensitive: true, ..input("password", text(&[], false)) },
        ];
        let catalog = Catalog::embedded().unwrap();
        Action { inputs, ..catalog.get("slack").unwrap().actions[0].clone() }
    }

    fn asked<const N: usize>(fields: [(&str, &str); N]) -> Value {
        let body = body(&action(), &Form::from(fields)).unwrap();
        serde_json::from_slice::<Value>(&body).unwrap()["input"].take()
    }

    #[test]
    fn every_kind_of_input_has_its_control() {
        use Control::*;
        let controls: Vec<Control> = action().inputs.iter().map(control).collect();
        assert_eq!(controls, [Text, Paragraph, Choice, Integer, Box, Box, Box, Lines, Lines, Json, Secret]);
    }

    #[test]
    fn what_is_empty_is_left_out() {
        assert_eq!(
            asked([("input.word", "  "), ("input.tags", "\r\n")]),
            json!({"sure": false, "wide": false})
        );
    }

    #[test]
    fn what_is_filled_in_is_given() {
        let fields = [
            ("input.word", " a b "),
            ("input.note", "one\r\ntwo"),
            ("input.sort", "desc"),
            ("input.limit", "5"),
            ("input.deep", "on"),
            ("input.sure", "on"),
            ("input.wide", "on"),
            ("input.tags", "x\r\n\r\n y \r\n"),
            ("input.numbers", "1\n2"),
            ("input.place", "{\"city\": \"Graz\"}"),
            ("input.password", "hush"),
            ("input.unknown", "x"),
        ];
        let expected = json!({
            "word": "a b", "note": "one\ntwo", "sort": "desc", "limit": 5, "deep": true, "sure": true, "wide": true,
            "tags": ["x", "y"], "numbers": [1, 2], "place": {"city": "Graz"}, "password": "hush"
        });
        assert_eq!(asked(fields), expected);
    }

    #[test]
    fn what_is_no_number_is_left_to_the_check_of_the_call() {
        assert_eq!(
            asked([("input.limit", "five"), ("input.sure", "on"), ("input.wide", "on")])["limit"],
            "five"
        );
    }

    #[test]
    fn what_is_not_json_is_told_beside_its_field() {
        let issues = body(&action(), &Form::from([("input.place", "{")])).unwrap_err();
        assert_eq!(issues[0].path, "input.place");
    }
}
