//! Bodies of calls, held against what a provider documents.
//!
//! A member whose name ends in `?` may be left out, every other must be there, and no other may. A text is a template;
//! `["~each", X]` stands for a list with one or more items like X; everything else must be the same.

use serde_json::{Map, Value};

use super::{
    message::pairs,
    template::{self, Values},
};

/// What is wrong with a body in JSON, by where it is. Messages never contain values.
pub(super) fn problems_of_json(expected: &Value, values: &Values, body: &[u8]) -> Vec<String> {
    let Ok(actual) = serde_json::from_slice(body) else { return vec!["the body is not JSON".to_owned()] };
    let mut problems = Vec::new();
    compare(expected, values, &actual, "the body", &mut problems);
    problems
}

/// The same for a form. A name that is there more than once has a list.
pub(super) fn problems_of_form(expected: &Map<String, Value>, values: &Values, body: &[u8]) -> Vec<String> {
    let (mut form, mut problems) = (Map::new(), Vec::new());
    for (name, value) in pairs(body) {
        match form.get_mut(&name) {
            None => drop(form.insert(name, value.into())),
            Some(Value::Array(values)) => values.push(value.into()),
            Some(first) => *first = Value::Array(vec![first.take(), value.into()]),
        }
    }
    compare_members(expected, values, &form, "the body", &mut problems);
    problems
}

fn compare(expected: &Value, values: &Values, actual: &Value, at: &str, problems: &mut Vec<String>) {
    match (expected, actual) {
        (Value::String(expected), _) if expected == "{null}" && actual.is_null() => {}
        (Value::String(expected), Value::String(text))
            if expected != "{null}" && template::agrees(expected, values, text) => {}
        (Value::String(expected), Value::Number(_) | Value::Bool(_))
            if expected.starts_with('~') && template::agrees(expected, values, &actual.to_string()) => {}
        (Value::Array(expected), Value::Array(items)) => {
            compare_items(expected, values, items, at, problems);
        }
        (Value::Object(expected), Value::Object(members)) => {
            compare_members(expected, values, members, at, problems);
        }
        _ if expected == actual => {}
        _ => problems.push(format!("{at} is wrong")),
    }
}

fn compare_items(expected: &[Value], values: &Values, items: &[Value], at: &str, problems: &mut Vec<String>) {
    let at = |index: usize| format!("{at}/{index}");
    if let [Value::String(each), like] = expected
        && each == "~each"
    {
        if items.is_empty() {
            problems.push(format!("{} is missing", at(0)));
        }
        for (index, item) in items.iter().enumerate() {
            compare(like, values, item, &at(index), problems);
        }
        return;
    }
    if expected.len() != items.len() {
        problems.push(format!("{} has another number of items", at(expected.len())));
    }
    for (index, (expected, item)) in expected.iter().zip(items).enumerate() {
        compare(expected, values, item, &at(index), problems);
    }
}

fn compare_members(
    expected: &Map<String, Value>,
    values: &Values,
    members: &Map<String, Value>,
    at: &str,
    problems: &mut Vec<String>,
) {
    for (name, expected) in expected {
        let (name, is_optional) = name.strip_suffix('?').map_or((name.as_str(), false), |name| (name, true));
        match members.get(name) {
            Some(actual) => compare(expected, values, actual, &format!("{at}/{name}"), problems),
            None if is_optional => {}
            None => problems.push(format!("{at}/{name} is missing")),
        }
    }
    let is_known = |name: &str| expected.contains_key(name) || expected.contains_key(&format!("{name}?"));
    let unknown = members.keys().filter(|name| !is_known(name));
    problems.extend(unknown.map(|name| format!("{at}/{name} is unknown")));
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn problems(expected: &Value, body: &Value) -> Vec<String> {
        let values = Values::from_iter([("id".to_owned(), "7".into())]);
        problems_of_json(expected, &values, body.to_string().as_bytes())
    }

    #[test]
    fn what_is_demanded_must_be_there_and_nothing_else() {
        let expected = json!({
            "to": "~.+@.+", "id": "no-{id}", "amount": "~[0-9]+", "note?": "~.*", "live": false,
            "items": ["~each", {"sku": "~[A-Z]+"}]
        });
        let right = json!({
            "to": "a@b.c", "id": "no-7", "amount": 5, "live": false, "items": [{"sku": "A"}, {"sku": "B"}]
        });
        assert_eq!(problems(&expected, &right), [""; 0]);
        for (member, value, problem) in [
            ("to", json!("nobody"), "the body/to is wrong"),
            ("to", json!(7), "the body/to is wrong"),
            ("id", json!("no-8"), "the body/id is wrong"),
            ("amount", json!("x"), "the body/amount is wrong"),
            ("live", json!("false"), "the body/live is wrong"),
            ("note", json!({}), "the body/note is wrong"),
            ("items", json!([]), "the body/items/0 is missing"),
            ("items", json!([{"sku": "A"}, {}]), "the body/items/1/sku is missing"),
            ("other", json!(1), "the body/other is unknown"),
        ] {
            let mut wrong = right.clone();
            wrong[member] = value;
            assert_eq!(problems(&expected, &wrong), [problem], "{member}");
        }
        assert_eq!(problems(&json!(["a"]), &json!(["a", "b"])), ["the body/1 has another number of items"]);
    }

    #[test]
    fn a_form_is_held_to_the_same() {
        let expected = json!({"metadata[order]": "~[0-9]+", "expand?": "customer", "to?": ["a", "b", "c"]});
        let of =
            |body: &str| problems_of_form(expected.as_object().unwrap(), &Values::new(), body.as_bytes());
        assert_eq!(of("metadata%5Border%5D=7"), [""; 0]);
        assert_eq!(of("metadata[order]=7&to=a&to=b&to=c"), [""; 0]);
        assert_eq!(of("metadata[order]=7&metadata[order]=8"), ["the body/metadata[order] is wrong"]);
        assert_eq!(of("expand=x"), ["the body/metadata[order] is missing", "the body/expand is wrong"]);
    }
}
