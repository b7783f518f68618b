//! The inputs of an action.

use std::collections::BTreeSet;

use serde_json::{Map, Value, json};

use super::rest::Rest;
use super::text::Scope;
use crate::action::read_input;
use crate::catalog::action::{
    Action, ActionInput, Default, Left, MoneyCurrency, MoneyUnit, Shape, TextShape,
};
use crate::catalog::convert::settings::SettingKind;
use crate::catalog::convert::values::{mismatch, to_json, unique_name};
use crate::catalog::field::Pattern;
use crate::catalog::file::{InputTable, InputType};
use crate::catalog::problems::Problems;

/// The longest name of an input. Clients of models refuse longer ones.
const MAX_KEY: usize = 64;

/// The most characters of a text, items of a list and members of an open map, if a file does not say.
const MAX_LENGTH: usize = 10_000;
const MAX_ITEMS: usize = 100;
const MAX_MEMBERS: usize = 50;

/// How deep lists and objects may stand in each other.
const MAX_DEPTH: usize = 4;

/// Names that placeholders use for something else.
const RESERVED: &[&str] = &["run", "item"];

/// Reads inputs. Errors are added to `problems`; each input is returned as far as it could be read.
pub(super) fn inputs(
    tables: Vec<InputTable>,
    path: &str,
    rest: &Rest<'_>,
    problems: &mut Problems,
) -> Vec<ActionInput> {
    let read = members(tables, path, 0, rest, problems);
    for (index, input) in read.iter().enumerate() {
        let path = format!("{path}.{index}.key");
        if RESERVED.contains(&input.key.as_str()) {
            problems.add(path, format!("`{{{}}}` is something else in a placeholder", input.key));
        } else if rest.names.has(&input.key) {
            problems.add(path, format!("`{}` is also a name of the connection or the credential", input.key));
        }
    }
    read
}

fn members(
    tables: Vec<InputTable>,
    path: &str,
    depth: usize,
    rest: &Rest<'_>,
    problems: &mut Problems,
) -> Vec<ActionInput> {
    let mut seen = BTreeSet::new();
    let mut inputs = Vec::new();
    for (index, mut table) in tables.into_iter().enumerate() {
        let path = format!("{path}.{index}");
        let key = table.key.take().unwrap_or_default();
        if key.is_empty() {
            problems.add(path.as_str(), "an input needs a `key`");
        } else {
            unique_name(&key, &format!("{path}.key"), &mut seen, problems);
        }
        if key.len() > MAX_KEY {
            problems.add(format!("{path}.key"), format!("a name has at most {MAX_KEY} characters"));
        }
        if table.description.as_ref().is_none_or(|text| text.trim().is_empty()) {
            problems.add(path.as_str(), "an input needs a `description`");
        }
        inputs.push(input(table, key, &path, depth, rest, problems));
    }
    inputs
}

fn input(
    mut table: InputTable,
    key: String,
    path: &str,
    depth: usize,
    rest: &Rest<'_>,
    problems: &mut Problems,
) -> ActionInput {
    check_keys(&table, path, depth, problems);
    let shape = match table.kind {
        InputType::String => text(&table, path, problems),
        InputType::Integer => integer(&table, path, problems),
        InputType::Boolean => Shape::Boolean,
        InputType::Money => money(&table, path, problems),
        InputType::List => list(&mut table, path, depth, rest, problems),
        InputType::Object => object(&mut table, path, depth, rest, problems),
    };
    let default = default(&table, &shape, path, rest, problems);
    if table.required && default.is_some() {
        problems.add(format!("{path}.required"), "what is required has no default");
    }
    ActionInput {
        key,
        description: table.description.unwrap_or_default(),
        required: table.required,
        shape,
        default,
        sensitive: table.sensitive,
    }
}

/// Checks that every key belongs to the type, and to the depth.
fn check_keys(table: &InputTable, path: &str, depth: usize, problems: &mut Problems) {
    use InputType::{Integer, List, Money, Object, String};
    let keys = [
        ("pattern", table.pattern.is_some(), String),
        ("mismatch", table.mismatch.is_some(), String),
        ("options", table.options.is_some(), String),
        ("format", table.format.is_some(), String),
        ("max_length", table.max_length.is_some(), String),
        ("lines", table.lines.is_some(), String),
        ("minimum", table.minimum.is_some(), Integer),
        ("maximum", table.maximum.is_some(), Integer),
        ("currency", table.currency.is_some(), Money),
        ("unit", table.unit.is_some(), Money),
        ("default_evidence", table.default_evidence.is_some(), Money),
        ("items", table.items.is_some(), List),
        ("max_items", table.max_items.is_some(), List),
        ("fields", table.fields.is_some(), Object),
        ("values", table.values.is_some(), Object),
        ("keys", table.keys.is_some(), Object),
    ];
    for (key, is_set, kind) in keys {
        if is_set && table.kind != kind {
            problems.add(format!("{path}.{key}"), format!("belongs to the type `{kind}`"));
        }
    }
    if depth > 0 && table.kind == Money {
        problems.add(format!("{path}.type"), "an amount cannot be inside of a list or an object");
    }
    if depth > 0 && table.default_setting.is_some() {
        problems.add(format!("{path}.default_setting"), "only an input itself can have it");
    }
    if depth > MAX_DEPTH {
        problems.add(format!("{path}.type"), format!("nested deeper than {MAX_DEPTH} levels"));
    }
}

fn text(table: &InputTable, path: &str, problems: &mut Problems) -> Shape {
    let pattern = table.pattern.as_ref().map(|text| ascii(text, &format!("{path}.pattern"), problems));
    mismatch(path, table.mismatch.as_deref(), pattern.is_some(), problems);
    let options = table.options.clone().unwrap_or_default();
    if table.options.as_ref().is_some_and(|options| options.iter().all(String::is_empty)) {
        problems.add(format!("{path}.options"), "needs at least one value");
    }
    if pattern.is_some() && !options.is_empty() {
        problems.add(format!("{path}.pattern"), "an input can have a pattern or options, not both");
    }
    if table.max_length == Some(0) {
        problems.add(format!("{path}.max_length"), "must be more than 0");
    }
    Shape::Text(TextShape {
        pattern,
        mismatch: table.mismatch.clone(),
        options,
        format: table.format,
        max_length: table.max_length.unwrap_or(MAX_LENGTH),
        lines: table.lines.unwrap_or(false),
    })
}

fn ascii(text: &str, path: &str, problems: &mut Problems) -> Pattern {
    problems.ok(path, Pattern::parse_ascii(text)).unwrap_or_else(Pattern::nothing)
}

fn integer(table: &InputTable, path: &str, problems: &mut Problems) -> Shape {
    let (minimum, maximum) = match (table.minimum, table.maximum) {
        (Some(minimum), Some(maximum)) => (minimum, maximum),
        _ => {
            problems.add(path, "an integer needs `minimum` and `maximum`");
            return Shape::Integer { minimum: 0, maximum: 0 };
        }
    };
    if minimum > maximum {
        problems.add(format!("{path}.minimum"), "is more than `maximum`");
    }
    Shape::Integer { minimum, maximum }
}

/// Reads an amount. Whether its currency names something that exists is checked when all of it is known.
fn money(table: &InputTable, path: &str, problems: &mut Problems) -> Shape {
    let currency = table.currency.as_deref().map(currency);
    if currency.is_none() || table.unit.is_none() {
        problems.add(path, "an amount of money needs `currency` and `unit`");
    }
    Shape::Money {
        currency: currency.unwrap_or_else(|| MoneyCurrency::Fixed("USD".into())),
        unit: table.unit.unwrap_or(MoneyUnit::Minor),
    }
}

/// Reads `USD`, `{input}`, `{evidence.name}` or `{steps.name}`.
fn currency(text: &str) -> MoneyCurrency {
    let Some(name) = text.strip_prefix('{').and_then(|text| text.strip_suffix('}')) else {
        return MoneyCurrency::Fixed(text.to_owned());
    };
    match name.split_once('.') {
        Some(("evidence", name)) => MoneyCurrency::Evidence(name.to_owned()),
        Some(("steps", name)) => MoneyCurrency::Step(name.to_owned()),
        _ => MoneyCurrency::Input(name.to_owned()),
    }
}

fn list(table: &mut InputTable, path: &str, depth: usize, rest: &Rest<'_>, problems: &mut Problems) -> Shape {
    let max_items = table.max_items.unwrap_or(MAX_ITEMS);
    if max_items == 0 {
        problems.add(format!("{path}.max_items"), "must be more than 0");
    }
    let items = match table.items.take() {
        Some(items) => {
            let path = format!("{path}.items");
            if items.key.is_some() || items.required {
                problems.add(path.as_str(), "the items of a list have no `key` and no `required`");
            }
            if items.default.is_some() {
                problems.add(path.as_str(), "the items of a list have no default");
            }
            input(*items, String::new(), &path, depth + 1, rest, problems)
        }
        None => {
            problems.add(path, "a list needs `items`");
            boolean()
        }
    };
    Shape::List { items: Box::new(items), max_items }
}

/// Stands for what could not be read.
fn boolean() -> ActionInput {
    ActionInput {
        key: String::new(),
        description: String::new(),
        required: false,
        shape: Shape::Boolean,
        default: None,
        sensitive: false,
    }
}

fn object(
    table: &mut InputTable,
    path: &str,
    depth: usize,
    rest: &Rest<'_>,
    problems: &mut Problems,
) -> Shape {
    match (table.fields.take(), table.values.as_deref(), table.keys.as_deref()) {
        (Some(fields), None, None) => {
            let path = format!("{path}.fields");
            if fields.is_empty() {
                problems.add(path.as_str(), "an object needs at least one field");
            }
            Shape::Object(members(fields, &path, depth + 1, rest, problems))
        }
        (None, Some("string"), Some(keys)) => {
            Shape::Map { names: ascii(keys, &format!("{path}.keys"), problems), max_members: MAX_MEMBERS }
        }
        _ => {
            problems.add(path, "an object needs `fields`, or `values = \"string\"` with `keys`");
            Shape::Object(Vec::new())
        }
    }
}

fn default(
    table: &InputTable,
    shape: &Shape,
    path: &str,
    rest: &Rest<'_>,
    problems: &mut Problems,
) -> Option<Default> {
    match (&table.default, &table.default_setting, &table.default_evidence) {
        (None, None, None) => None,
        (Some(value), None, None) => {
            let path = format!("{path}.default");
            if matches!(shape, Shape::Money { .. }) {
                problems.add(path.as_str(), "an amount has no fixed default");
            }
            problems.ok(path, to_json(value)).map(Default::Value)
        }
        (None, Some(key), None) => {
            let kind = match shape {
                Shape::Text(_) => SettingKind::Text,
                Shape::Integer { .. } => SettingKind::Integer,
                Shape::Boolean => SettingKind::Boolean,
                Shape::List { items, .. } if matches!(items.shape, Shape::Text(_)) => SettingKind::Texts,
                _ => {
                    problems.add(format!("{path}.default_setting"), "this type has no default of a setting");
                    return None;
                }
            };
            problems.ok(format!("{path}.default_setting"), rest.check_setting(key, &[kind]));
            Some(Default::Setting(key.clone()))
        }
        (None, None, Some(value)) => {
            problems.ok(format!("{path}.default_evidence"), left(value)).map(Default::Left)
        }
        _ => {
            problems.add(path, "an input has one default");
            None
        }
    }
}

fn left(value: &toml::Value) -> Result<Left, &'static str> {
    let form = "must be the name of a kept value, or { of = \"…\", less = \"…\" }";
    match value {
        toml::Value::String(of) => Ok(Left { of: of.clone(), less: None }),
        toml::Value::Table(table) if table.len() == 2 => {
            let name = |key: &str| table.get(key).and_then(toml::Value::as_str).map(str::to_owned);
            Ok(Left { of: name("of").ok_or(form)?, less: Some(name("less").ok_or(form)?) })
        }
        _ => Err(form),
    }
}

/// Checks that the currency and the default of each amount name something that exists.
pub(super) fn check_money(inputs: &[ActionInput], path: &str, scope: &Scope<'_>, problems: &mut Problems) {
    for (index, input) in inputs.iter().enumerate() {
        let path = format!("{path}.{index}");
        if let Shape::Money { currency, .. } = &input.shape {
            let known = match currency {
                MoneyCurrency::Fixed(code) => code.parse::<crate::action::Currency>().is_ok(),
                MoneyCurrency::Input(key) => {
                    scope.input(key).is_some_and(|input| matches!(input.shape, Shape::Text(_)))
                }
                MoneyCurrency::Evidence(name) => scope.has_evidence(name),
                MoneyCurrency::Step(name) => scope.has_step(name),
            };
            if !known {
                let message =
                    "names no currency: use a code of ISO 4217, an input that is a text, or a kept value";
                problems.add(format!("{path}.currency"), message);
            }
        }
        if let Some(Default::Left(left)) = &input.default {
            let names = [Some(&left.of), left.less.as_ref()];
            for name in names.into_iter().flatten() {
                if !scope.has_evidence(name) && !scope.has_step(name) {
                    problems.add(format!("{path}.default_evidence"), format!("no reading keeps `{name}`"));
                }
            }
        }
    }
}

/// Checks that each default is a value that its input takes.
pub(super) fn check_defaults(action: &Action, path: &str, problems: &mut Problems) {
    for (index, input) in action.inputs.iter().enumerate() {
        check_default(action, input, &format!("{path}.input.{index}"), problems);
    }
}

fn check_default(action: &Action, input: &ActionInput, path: &str, problems: &mut Problems) {
    if let Some(Default::Value(value)) = &input.default {
        let alone = ActionInput { default: None, ..input.clone() };
        let action = Action { inputs: vec![alone], ..action.clone() };
        let given: Value = json!({&input.key: value});
        for issue in read_input(&action, &given, &Map::new()).err().into_iter().flatten() {
            problems.add(format!("{path}.default"), format!("not a value of this input: {}", issue.message));
        }
    }
    let (members, path) = match &input.shape {
        Shape::Object(fields) => (fields.as_slice(), format!("{path}.fields")),
        Shape::List { items, .. } => match &items.shape {
            Shape::Object(fields) => (fields.as_slice(), format!("{path}.items.fields")),
            _ => return,
        },
        _ => return,
    };
    for (index, member) in members.iter().enumerate() {
        check_default(action, member, &format!("{path}.{index}"), problems);
    }
}
