//! Reads what a caller gives to an action, and finds its amounts of money.

use std::collections::BTreeMap;

use serde_json::{Map, Value};
use time::format_description::well_known::Rfc3339;
use time::macros::format_description;
use time::{Date, OffsetDateTime};
use url::Url;

use super::money::{Currency, Money};
use crate::catalog::Pattern;
use crate::catalog::action::{
    Action, ActionInput, Default, Left, MoneyCurrency, MoneyUnit, Shape, TextFormat, TextShape,
};
use crate::issue::{Issue, join};

/// The most characters of a text in an open map.
const MAX_MAP_TEXT: usize = 10_000;

/// Reads an input: checks it against what the action declares, and fills in the defaults that are values or settings.
///
/// A default counts only where the key is absent: `null` is a fault. The error is everything that is wrong, with paths
/// that begin with `input`. It never repeats a value.
pub fn read_input(
    action: &Action,
    input: &Value,
    settings: &Map<String, Value>,
) -> Result<Map<String, Value>, Vec<Issue>> {
    let Some(given) = input.as_object() else {
        return Err(vec![Issue::new("input", "Expected object")]);
    };
    let mut reader = Reader { settings, issues: Vec::new() };
    let read = reader.members(&action.inputs, given, "input");
    if reader.issues.is_empty() { Ok(read) } else { Err(reader.issues) }
}

/// Finds the amounts of an input, once evidence and steps are known, by the names of their inputs. An amount that was
/// left out and has a default is worked out and put into `input`.
///
/// The error is everything that is wrong: a currency that is missing or unknown, or that nothing is left.
pub fn amounts(
    action: &Action,
    input: &mut Map<String, Value>,
    evidence: &Map<String, Value>,
    steps: &Map<String, Value>,
) -> Result<BTreeMap<String, Money>, Vec<Issue>> {
    let (mut amounts, mut issues) = (BTreeMap::new(), Vec::new());
    for declared in &action.inputs {
        let Shape::Money { currency, unit } = &declared.shape else { continue };
        let given = input.get(&declared.key).cloned();
        if given.is_none() && declared.default.is_none() {
            continue;
        }
        let currency = currency_at(currency, input, evidence, steps).ok_or("Its currency is not known");
        let amount = currency.and_then(|currency| {
            let minor = match (&given, &declared.default) {
                (Some(given), _) => given.as_i64(),
                (None, Some(Default::Left(left))) => left_over(left, *unit, currency, evidence, steps)?,
                (None, _) => None,
            };
            minor
                .and_then(|minor| Money::new(minor, currency))
                .ok_or("Nothing is left, so there is no amount")
        });
        match amount {
            Ok(amount) => {
                input.insert(declared.key.clone(), amount.minor.into());
                amounts.insert(declared.key.clone(), amount);
            }
            Err(why) => issues.push(Issue::new(join("input", &declared.key), why)),
        }
    }
    if issues.is_empty() { Ok(amounts) } else { Err(issues) }
}

/// The currency of an amount. `None`: it is missing, or no currency that this server knows.
pub(super) fn currency_at(
    place: &MoneyCurrency,
    input: &Map<String, Value>,
    evidence: &Map<String, Value>,
    steps: &Map<String, Value>,
) -> Option<Currency> {
    let code: &str = match place {
        MoneyCurrency::Fixed(code) => code,
        MoneyCurrency::Input(name) => input.get(name)?.as_str()?,
        MoneyCurrency::Evidence(name) => evidence.get(name)?.as_str()?,
        MoneyCurrency::Step(name) => steps.get(name)?.as_str()?,
    };
    code.parse().ok()
}

/// What is left, in the smallest unit. `None`: less than nothing.
fn left_over(
    left: &Left,
    unit: MoneyUnit,
    currency: Currency,
    evidence: &Map<String, Value>,
    steps: &Map<String, Value>,
) -> Result<Option<i64>, &'static str> {
    let read = |name: &String| {
        let value = evidence.get(name).or_else(|| steps.get(name));
        let text = value.and_then(|value| match value {
            Value::String(text) => Some(text.clone()),
            Value::Number(number) => Some(number.to_string()),
            _ => None,
        });
        let minor = text.and_then(|text| match unit {
            MoneyUnit::Minor => text.parse::<i64>().ok().filter(|minor| *minor >= 0),
            MoneyUnit::Decimal => currency.minor(&text),
        });
        minor.ok_or("What is left is not known, so the amount must be given")
    };
    let less = left.less.as_ref().map_or(Ok(0), read)?;
    Ok(read(&left.of)?.checked_sub(less))
}

/// Reads values, and collects what is wrong with them.
struct Reader<'a> {
    settings: &'a Map<String, Value>,
    issues: Vec<Issue>,
}

impl Reader<'_> {
    fn members(
        &mut self,
        declared: &[ActionInput],
        given: &Map<String, Value>,
        path: &str,
    ) -> Map<String, Value> {
        let settings = self.settings;
        let mut read = Map::new();
        for input in declared {
            let path = join(path, &input.key);
            let default = match &input.default {
                Some(Default::Value(value)) => Some(value),
                Some(Default::Setting(name)) => settings.get(name).filter(|value| !value.is_null()),
                Some(Default::Left(_)) | None => None,
            };
            match given.get(&input.key).or(default) {
                Some(value) => {
                    let value = self.value(input, value, &path);
                    read.insert(input.key.clone(), value);
                }
                None if input.required => self.report(&path, "Required"),
                None => {}
            }
        }
        for unknown in given.keys().filter(|key| !declared.iter().any(|input| input.key == **key)) {
            self.report(&join(path, unknown), "Unknown input");
        }
        read
    }

    /// Reads one value. What comes of a wrong one does not matter, because it is reported.
    fn value(&mut self, input: &ActionInput, value: &Value, path: &str) -> Value {
        let checked = match &input.shape {
            Shape::Text(shape) => check_text(shape, value),
            Shape::Integer { minimum, maximum } => check_integer(*minimum, *maximum, value),
            Shape::Boolean if value.is_boolean() => Ok(()),
            Shape::Boolean => Err("Expected true or false".to_owned()),
            Shape::Money { .. } => check_money(value),
            Shape::List { items, max_items } => return self.list(items, *max_items, value, path),
            Shape::Object(fields) => match value {
                Value::Object(members) => return self.members(fields, members, path).into(),
                _ => Err("Expected object".to_owned()),
            },
            Shape::Map { names, max_members } => match value {
                Value::Object(members) => {
                    self.map(members, names, *max_members, path);
                    Ok(())
                }
                _ => Err("Expected object".to_owned()),
            },
        };
        if let Err(message) = checked {
            self.report(path, message);
        }
        value.clone()
    }

    fn list(&mut self, items: &ActionInput, max_items: usize, value: &Value, path: &str) -> Value {
        let Value::Array(values) = value else {
            self.report(path, "Expected array");
            return Value::Null;
        };
        if values.is_empty() || values.len() > max_items {
            self.report(path, format!("Must have 1 to {max_items} items"));
            return Value::Null;
        }
        let mut read = Vec::with_capacity(values.len());
        for (index, value) in values.iter().enumerate() {
            read.push(self.value(items, value, &join(path, &index.to_string())));
        }
        read.into()
    }

    fn map(&mut self, members: &Map<String, Value>, names: &Pattern, max_members: usize, path: &str) {
        if members.is_empty() || members.len() > max_members {
            return self.report(path, format!("Must have 1 to {max_members} members"));
        }
        let shape = TextShape {
            pattern: None,
            mismatch: None,
            options: Vec::new(),
            format: None,
            max_length: MAX_MAP_TEXT,
            lines: false,
        };
        for (name, value) in members {
            let checked = if names.matches(name) {
                check_text(&shape, value)
            } else {
                Err("This name cannot be used here".to_owned())
            };
            if let Err(message) = checked {
                self.report(&join(path, name), message);
            }
        }
    }

    fn report(&mut self, path: &str, message: impl Into<String>) {
        self.issues.push(Issue::new(path, message));
    }
}

fn check_text(shape: &TextShape, value: &Value) -> Result<(), String> {
    let text = value.as_str().ok_or("Expected string")?;
    if text.is_empty() {
        return Err("Must not be empty. Leave it out instead".to_owned());
    }
    if text.chars().count() > shape.max_length {
        return Err(format!("Must have at most {} characters", shape.max_length));
    }
    // Unicode's separators of lines and paragraphs are no control characters.
    let is_separator = |c: char| matches!(c, '\u{2028}' | '\u{2029}');
    let is_refused = |c: char| {
        if shape.lines {
            c.is_control() && !matches!(c, '\n' | '\r' | '\t')
        } else {
            c.is_control() || is_separator(c)
        }
    };
    if text.contains(is_refused) {
        let what = if shape.lines { "control characters" } else { "line breaks or control characters" };
        return Err(format!("Must not contain {what}"));
    }
    if !shape.options.is_empty() && !shape.options.iter().any(|option| option == text) {
        return Err(format!("Expected one of: {}", shape.options.join(", ")));
    }
    if shape.pattern.as_ref().is_some_and(|pattern| !pattern.matches(text)) {
        return Err(shape.mismatch.clone().unwrap_or_else(|| "Expected another form".to_owned()));
    }
    match shape.format.map(|format| (format, has_form(format, text))) {
        Some((format, false)) => Err(format!("Expected {}", in_words(format))),
        _ => Ok(()),
    }
}

/// A form of a text, as a message and a description name it.
pub(super) const fn in_words(format: TextFormat) -> &'static str {
    match format {
        TextFormat::Email => "one address of e-mail, such as ada@example.com",
        TextFormat::Url => "a URL that begins with https://",
        TextFormat::Date => "a date, such as 2026-03-01",
        TextFormat::DateTime => "a date and time with its offset, such as 2026-03-01T10:00:00Z",
    }
}

fn has_form(format: TextFormat, text: &str) -> bool {
    match format {
        TextFormat::Email => is_address(text),
        TextFormat::Url => is_web_address(text),
        TextFormat::Date => {
            let written = format_description!("[year]-[month]-[day]");
            text.len() == 10 && Date::parse(text, written).is_ok()
        }
        TextFormat::DateTime => OffsetDateTime::parse(text, &Rfc3339).is_ok(),
    }
}

/// Whether a text is one address of e-mail, without a name, quotes or comments: a dot-atom (RFC 5322, section 3.2.3) at
/// a host name.
fn is_address(text: &str) -> bool {
    let is_atom = |atom: &str| {
        !atom.is_empty()
            && atom.bytes().all(|b| b.is_ascii_alphanumeric() || b"!#$%&'*+-/=?^_`{|}~".contains(&b))
    };
    let is_label = |label: &str| {
        (1..=63).contains(&label.len())
            && label.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-')
            && !label.starts_with('-')
            && !label.ends_with('-')
    };
    let Some((local, domain)) = text.split_once('@') else { return false };
    text.len() <= 254
        && local.len() <= 64
        && local.split('.').all(is_atom)
        && domain.contains('.')
        && domain.split('.').all(is_label)
}

/// Whether a text is an absolute `https` URL without a user name, which could pass for the host.
fn is_web_address(text: &str) -> bool {
    let is_plain = !text.contains(|c: char| c.is_whitespace() || c.is_control() || c == '\\');
    let has_no_user = |url: &Url| url.username().is_empty() && url.password().is_none();
    is_plain && text.starts_with("https://") && Url::parse(text).is_ok_and(|url| has_no_user(&url))
}

fn check_integer(minimum: i64, maximum: i64, value: &Value) -> Result<(), String> {
    match value.as_i64() {
        Some(integer) if (minimum..=maximum).contains(&integer) => Ok(()),
        Some(_) => Err(format!("Must be from {minimum} to {maximum}")),
        None => Err(format!("Expected integer, such as {minimum}")),
    }
}

fn check_money(value: &Value) -> Result<(), String> {
    match value.as_i64() {
        Some(1..) => Ok(()),
        _ => Err("Expected an integer of the currency's smallest unit, at least 1, such as 500 for 5.00 USD"
            .into()),
    }
}
