//! What is shown of an input.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use super::input::currency_at;
use super::money::Money;
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

/// The texts and numbers of an input that its action calls sensitive, at any depth.
pub fn sensitive_values(declared: &[ActionInput], input: &Map<String, Value>) -> Vec<String> {
    let mut found = Vec::new();
    collect_of_members(declared, input, false, &mut found);
    found
}

fn collect_of_members(
    declared: &[ActionInput],
    members: &Map<String, Value>,
    is_within: bool,
    found: &mut Vec<String>,
) {
    for one in declared {
        if let Some(value) = members.get(&one.key) {
            collect_sensitive(one, value, is_within, found);
        }
    }
}

fn collect_sensitive(declared: &ActionInput, value: &Value, is_within: bool, found: &mut Vec<String>) {
    let is_sensitive = is_within || declared.sensitive;
    match (&declared.shape, value) {
        (Shape::List { items, .. }, Value::Array(values)) => {
            values.iter().for_each(|value| collect_sensitive(items, value, is_sensitive, found));
        }
        (Shape::Object(fields), Value::Object(members)) => {
            collect_of_members(fields, members, is_sensitive, found);
        }
        (_, Value::String(text)) if is_sensitive => found.push(text.clone()),
        (_, Value::Number(number)) if is_sensitive => found.push(number.to_string()),
        _ => {}
    }
}

/// The amounts of an input, by their keys, from the same whole numbers as the request. Those whose currency neither the
/// input nor the evidence tells are left out.
pub fn shown_amounts(
    declared: &[ActionInput],
    input: &Map<String, Value>,
    evidence: &Map<String, Value>,
) -> BTreeMap<String, Money> {
    let amount = |declared: &ActionInput| {
        let Shape::Money { currency, .. } = &declared.shape else { return None };
        let minor = input.get(&declared.key)?.as_i64()?;
        let money = Money::new(minor, currency_at(currency, input, evidence, &Map::new())?)?;
        Some((declared.key.clone(), money))
    };
    declared.iter().filter_map(amount).collect()
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
    use crate::action::sample::{input, list, money, text};
    use crate::catalog::action::MoneyUnit;

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

    #[test]
    fn sensitive_values_are_found_at_any_depth() {
        let secret = |input: ActionInput| ActionInput { sensitive: true, ..input };
        let person = Shape::Object(vec![text("name"), secret(text("password"))]);
        let declared = [
            text("note"),
            list("people", input("", person)),
            secret(list("codes", text(""))),
            secret(input("card", Shape::Object(vec![text("number")]))),
        ];
        let given = json!({
            "note": "n", "people": [{"name": "Ada", "password": "p1"}, {"name": "Bo"}],
            "codes": ["c1", "c2"], "card": {"number": "4242"}
        });
        let mut found = sensitive_values(&declared, given.as_object().unwrap());
        found.sort_unstable();
        assert_eq!(found, ["4242", "c1", "c2", "p1"]);
    }

    #[test]
    fn an_amount_is_shown_in_the_currency_that_is_known() {
        let shown = |input: &Value, evidence: &Value| {
            let (input, evidence) = (input.as_object().unwrap(), evidence.as_object().unwrap());
            let declared = [text("currency"), money("amount", MoneyUnit::Minor)];
            shown_amounts(&declared, input, evidence).get("amount").map(ToString::to_string)
        };
        let told = |code: &str| json!({"currency": code});
        for (code, written) in [("usd", "5.00 USD"), ("JPY", "500 JPY"), ("kwd", "0.500 KWD")] {
            let given = json!({"currency": code, "amount": 500});
            assert_eq!(shown(&given, &told(code)).as_deref(), Some(written));
        }
        assert_eq!(shown(&json!({"amount": 500}), &json!({})), None);
        assert_eq!(shown(&json!({"amount": "500"}), &told("usd")), None);
    }
}
