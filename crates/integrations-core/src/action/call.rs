//! Reads the body of a call.

use serde_json::{Map, Value};

use super::decision::Context;
use super::input::read_input;
use crate::catalog::action::Action;
use crate::characters::is_blank;
use crate::fields::{BodyError, Fields, text};
use crate::issue::{Issue, join};

/// The most characters of a text of the context.
const MAX_CONTEXT: usize = 500;

/// What a call asks for.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Asked {
    /// The checked input, with the defaults that are values or settings.
    pub input: Map<String, Value>,
    /// What the call says of itself.
    pub context: Context,
}

/// Reads the body of a call: `{"input": {…}, "context": {…}}`. Everything that is wrong is reported at once.
pub fn read_call(action: &Action, settings: &Map<String, Value>, body: &[u8]) -> Result<Asked, BodyError> {
    let mut fields = Fields::read(body)?;
    let input = fields.required("input", Ok);
    let context = fields.optional("context", Ok);
    let mut report = |issues: Vec<Issue>| issues.into_iter().for_each(|issue| fields.report(issue));
    let input = input.and_then(|input| read_input(action, &input, settings).map_err(&mut report).ok());
    let context = context.map_or_else(Context::default, |context| {
        read_context(context).map_err(&mut report).unwrap_or_default()
    });
    fields.finish(input.map(|input| Asked { input, context }))
}

fn read_context(given: Value) -> Result<Context, Vec<Issue>> {
    let Value::Object(given) = given else { return Err(vec![Issue::new("context", "Expected object")]) };
    let (mut context, mut issues) = (Context::default(), Vec::new());
    for (name, value) in given {
        let place = match name.as_str() {
            "on_behalf_of" => Ok(&mut context.on_behalf_of),
            "conversation" => Ok(&mut context.conversation),
            "reason" => Ok(&mut context.reason),
            _ => Err("Unknown field".to_owned()),
        };
        let read = place.and_then(|place| read_line(value).map(|line| *place = Some(line)));
        issues.extend(read.err().map(|message| Issue::new(join("context", &name), message)));
    }
    if issues.is_empty() { Ok(context) } else { Err(issues) }
}

/// Reads a text of one line, which people will see.
pub(super) fn read_line(value: Value) -> Result<String, String> {
    let line = text(value)?;
    if is_blank(&line) {
        return Err("Must not be empty. Leave it out instead".to_owned());
    }
    if line.chars().count() > MAX_CONTEXT {
        return Err(format!("Must have at most {MAX_CONTEXT} characters"));
    }
    // Unicode's separators of lines and paragraphs are no control characters.
    if line.contains(|c: char| c.is_control() || matches!(c, '\u{2028}' | '\u{2029}')) {
        return Err("Must not contain line breaks or control characters".to_owned());
    }
    Ok(line)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::action::sample::{action, money, required, text};
    use crate::catalog::action::MoneyUnit;

    fn read(body: &Value) -> Result<Asked, Vec<String>> {
        let refund = action(vec![required(text("charge")), money("amount", MoneyUnit::Minor)]);
        let read = read_call(&refund, &Map::new(), body.to_string().as_bytes());
        read.map_err(|error| match error {
            BodyError::Invalid(issues) => issues.iter().map(ToString::to_string).collect(),
            error => vec![error.to_string()],
        })
    }

    #[test]
    fn a_call_has_an_input_and_perhaps_a_context() {
        let input = json!({"charge": "ch_1", "amount": 500});
        let asked = read(&json!({"input": input})).unwrap();
        assert_eq!((Value::Object(asked.input), asked.context), (input.clone(), Context::default()));
        let context = json!({"on_behalf_of": "ada@shop.test", "reason": "It came broken"});
        let asked = read(&json!({"input": input, "context": context})).unwrap();
        assert_eq!(serde_json::to_value(asked.context).unwrap(), context);
    }

    #[test]
    fn everything_wrong_is_told_at_once() {
        let body = json!({
            "input": {"amount": null, "colour": "red"},
            "context": {"reason": "a\nb", "conversation": 7, "on_behalf_of": " ", "who": "ada"},
            "permission": true
        });
        let mut told = read(&body).unwrap_err();
        told.sort();
        let paths: Vec<&str> = told.iter().map(|issue| issue.split(": ").next().unwrap()).collect();
        let expected = [
            "context.conversation",
            "context.on_behalf_of",
            "context.reason",
            "context.who",
            "input.amount",
            "input.charge",
            "input.colour",
            "permission",
        ];
        assert_eq!(paths, expected, "{told:?}");
        assert_eq!(read(&json!({})).unwrap_err(), ["input: Required"]);
        let context = json!({"input": {"charge": "ch_1"}, "context": null});
        assert_eq!(read(&context).unwrap_err(), ["context: Expected object"]);
        let long = json!({"input": {"charge": "ch_1"}, "context": {"reason": "x".repeat(501)}});
        assert_eq!(read(&long).unwrap_err(), ["context.reason: Must have at most 500 characters"]);
    }
}
