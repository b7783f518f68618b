//! What the examples of the built-in files show: each input, each value that evidence keeps, and each `resolve`. So a
//! mistake in any of them is found when the file is loaded.

use std::collections::BTreeSet;

use toml::{Table, Value};

use super::embedded::FILES;

/// The actions of all built-in files, with their places.
fn actions() -> impl Iterator<Item = (String, Table)> {
    FILES.iter().flat_map(|(name, text)| {
        let file: Table = text.parse().unwrap();
        let actions = file.get("actions").and_then(Value::as_array).cloned().unwrap_or_default();
        actions.into_iter().map(move |action| {
            let Value::Table(action) = action else { panic!("{name}") };
            (format!("{name}: {}", action["key"]), action)
        })
    })
}

fn list<'t>(table: &'t Table, key: &str) -> &'t [Value] {
    table.get(key).and_then(Value::as_array).map_or(&[], Vec::as_slice)
}

fn keys(value: Option<&Value>) -> BTreeSet<&str> {
    value.and_then(Value::as_table).into_iter().flat_map(Table::keys).map(String::as_str).collect()
}

#[test]
fn each_input_stands_in_an_example() {
    let mut missing = Vec::new();
    for (place, action) in actions() {
        let shown: BTreeSet<&str> =
            list(&action, "examples").iter().flat_map(|example| keys(example.get("input"))).collect();
        let inputs = list(&action, "input").iter().filter_map(|input| input.get("key")?.as_str());
        missing.extend(inputs.filter(|key| !shown.contains(key)).map(|key| format!("{place}: {key}")));
    }
    assert!(missing.is_empty(), "no example shows:\n{}", missing.join("\n"));
}

#[test]
fn each_value_of_evidence_stands_in_an_example() {
    let mut missing = Vec::new();
    for (place, action) in actions() {
        for (index, reading) in list(&action, "evidence").iter().enumerate() {
            let shown: BTreeSet<&str> = list(&action, "examples")
                .iter()
                .flat_map(|example| keys(example.get("evidence").and_then(|all| all.get(index)?.get("kept"))))
                .collect();
            let kept = keys(reading.get("keep"));
            missing.extend(kept.difference(&shown).map(|name| format!("{place}: evidence.{index}.{name}")));
        }
    }
    assert!(missing.is_empty(), "no example shows:\n{}", missing.join("\n"));
}

#[test]
fn each_resolve_stands_in_an_example() {
    let is_shown = |action: &Table| {
        let shown = list(action, "examples").iter().filter_map(|example| example.get("resolve"));
        let mut answers = shown.flat_map(|resolve| list(resolve.as_table().unwrap(), "answers"));
        answers.any(|answer| answer["outcome"].as_str() == Some("succeeded"))
    };
    let missing = actions().filter(|(_, action)| action.contains_key("resolve") && !is_shown(action));
    let missing: Vec<String> = missing.map(|(place, _)| place).collect();
    assert!(missing.is_empty(), "no example shows `resolve`:\n{}", missing.join("\n"));
}
