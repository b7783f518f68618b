//! Makes the body of a call from the arguments that a model wrote.

use integrations_core::{
    catalog::{
        ActionKind,
        action::{Action, ActionInput, Shape},
    },
    issue::Issue,
};
use serde_json::{Map, Value, json};

use crate::edge::failure::Failure;

/// Says that a call is meant, although it was made a moment ago.
const AGAIN: &str = "again";
/// Why the agent calls, for people.
const REASON: &str = "reason";

/// A call as a model wrote it.
#[derive(Debug)]
pub(super) struct Arguments {
    /// The body of the API's call.
    pub(super) body: Vec<u8>,
    /// Whether a call counts that was made a moment ago.
    pub(super) again: bool,
}

/// The schema of an action's input, with what a call over this protocol can say beside it.
pub(super) fn schema(action: &Action, mut input: Value) -> Value {
    for (name, kind, description) in [
        (AGAIN, "boolean", "True only to do the same once more within ten minutes."),
        (REASON, "string", "Why, in a line, for the people who approve and look back."),
    ] {
        if is_ours(action, name) {
            input["properties"][name] = json!({"type": kind, "description": description});
        }
    }
    input
}

/// Whether a name is this protocol's, and no input of the action. What only reads needs none of them.
fn is_ours(action: &Action, name: &str) -> bool {
    action.kind != ActionKind::ReadOnly && !action.inputs.iter().any(|input| input.key == name)
}

/// Reads the arguments of a call. The service checks the input itself.
pub(super) fn read(action: &Action, mut arguments: Map<String, Value>) -> Result<Arguments, Failure> {
    let mut take = |name| if is_ours(action, name) { arguments.remove(name) } else { None };
    let (again, reason) = (take(AGAIN), take(REASON));
    let again = match again {
        None => false,
        Some(Value::Bool(again)) => again,
        Some(_) => {
            let issue = Issue::new(AGAIN, "Expected true or false");
            return Err(Failure::invalid("Invalid arguments", vec![issue]));
        }
    };
    integers_of(&action.inputs, &mut arguments);
    let context = reason.map_or_else(|| json!({}), |reason| json!({REASON: reason}));
    let body = json!({"input": arguments, "context": context}).to_string().into_bytes();
    Ok(Arguments { body, again })
}

/// Reads texts that are exactly a declared integer as it: models often write them so. Nothing else is read so, and no
/// amount of money.
fn integers_of(declared: &[ActionInput], given: &mut Map<String, Value>) {
    for input in declared {
        if let Some(value) = given.get_mut(&input.key) {
            integer(input, value);
        }
    }
}

fn integer(input: &ActionInput, value: &mut Value) {
    match (&input.shape, &mut *value) {
        (Shape::Integer { .. }, Value::String(text)) => {
            if let Ok(number) = text.parse::<i64>()
                && number.to_string() == *text
            {
                *value = number.into();
            }
        }
        (Shape::List { items, .. }, Value::Array(values)) => {
            values.iter_mut().for_each(|value| integer(items, value));
        }
        (Shape::Object(fields), Value::Object(members)) => integers_of(fields, members),
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use integrations_core::catalog::Catalog;

    use super::*;

    /// What becomes of one argument of an input that is declared in TOML.
    fn read_as(declared: &str, given: &Value) -> Value {
        let shape = match declared {
            "integer" => Shape::Integer { minimum: 1, maximum: 100 },
            "boolean" => Shape::Boolean,
            other => panic!("no shape {other}"),
        };
        let input = |key: &str, shape| ActionInput {
            key: key.into(),
            description: String::new(),
            required: false,
            shape,
            default: None,
            sensitive: false,
        };
        let list = Shape::List { items: Box::new(input("", shape.clone())), max_items: 9 };
        let inputs = [
            input("one", shape.clone()),
            input("many", list),
            input("in", Shape::Object(vec![input("one", shape)])),
        ];
        let mut arguments = Map::from_iter([
            ("one".to_owned(), given.clone()),
            ("many".to_owned(), json!([given])),
            ("in".to_owned(), json!({"one": given})),
        ]);
        integers_of(&inputs, &mut arguments);
        assert_eq!((&arguments["many"][0], &arguments["in"]["one"]), (&arguments["one"], &arguments["one"]));
        arguments["one"].clone()
    }

    #[test]
    fn only_the_exact_spelling_of_an_integer_counts_as_it() {
        assert_eq!(read_as("integer", &json!("10")), json!(10));
        assert_eq!(read_as("integer", &json!("-7")), json!(-7));
        for odd in ["1e3", "010", "+1", "1.0", " 1", "", "ten", "9223372036854775808"] {
            assert_eq!(read_as("integer", &json!(odd)), json!(odd));
        }
        assert_eq!(read_as("boolean", &json!("1")), json!("1"));
        assert_eq!(read_as("boolean", &json!("false")), json!("false"));
    }

    /// The embedded action with this key.
    fn of_stripe(key: &str) -> Action {
        let catalog = Catalog::embedded().unwrap();
        catalog.get("stripe").unwrap().action(key).unwrap().clone()
    }

    #[test]
    fn what_is_beside_the_input_is_taken_out_of_it() {
        let refund = of_stripe("issue_refund");
        let given = json!({"charge": "ch_1", "amount": "500", "again": true});
        let read = read(&refund, given.as_object().unwrap().clone()).unwrap();
        let body: Value = serde_json::from_slice(&read.body).unwrap();
        assert!(read.again);
        // An amount is never read from a text.
        assert_eq!(body["input"], json!({"charge": "ch_1", "amount": "500"}));
    }

    #[test]
    fn again_is_true_or_false() {
        let refund = of_stripe("issue_refund");
        for odd in [json!("true"), json!(null), json!(1)] {
            let given = Map::from_iter([("again".to_owned(), odd)]);
            assert_eq!(super::read(&refund, given).unwrap_err().issues[0].path, "again");
        }
    }

    /// Models' interfaces refuse whole lists for one keyword that they do not know.
    #[test]
    fn schemas_have_only_what_all_models_understand() {
        const KNOWN: [&str; 6] = ["type", "description", "enum", "items", "properties", "required"];
        fn check(schema: &Value, place: &str) {
            let members = schema.as_object().unwrap_or_else(|| panic!("{place} is no object"));
            for (name, value) in members {
                let is_of_map = name == "additionalProperties" && *value == json!({"type": "string"});
                assert!(KNOWN.contains(&name.as_str()) || is_of_map, "{place}: {name}");
                assert!(!value.is_null(), "{place}: {name}");
            }
            for (name, property) in schema["properties"].as_object().into_iter().flatten() {
                check(property, &format!("{place}.{name}"));
            }
            if let Some(items) = schema.get("items") {
                check(items, place);
            }
        }
        let catalog = Catalog::embedded().unwrap();
        let mut most = 0;
        for provider in catalog.iter() {
            let mut bytes = 0;
            for action in provider.actions.iter() {
                let schema = schema(action, integrations_core::action::input_schema(action));
                assert_eq!(schema["type"], "object");
                assert!(schema["properties"].is_object());
                check(&schema, &action.key);
                bytes += schema.to_string().len();
            }
            most = most.max(bytes);
        }
        assert!(most < 24 * 1024, "the schemas of the actions of one provider have {most} bytes");
    }
}
