//! Reads arguments that several commands take.

use std::error::Error;
use std::str::FromStr;
use std::time::Duration;

use clap::builder::{PossibleValuesParser, TypedValueParser};
use integrations_core::catalog::is_name;
use integrations_core::json::{self, JsonError};
use integrations_core::pairs;
pub(crate) use integrations_core::pairs::pair;
use serde_json::{Map, Value};
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use crate::error::Failure;

/// Reads one of `words`, which help and completions list.
pub(crate) fn one_of<T>(words: impl IntoIterator<Item = &'static str>) -> impl TypedValueParser<Value = T>
where
    T: FromStr<Err: Error + Send + Sync + 'static> + Clone + Send + Sync + 'static,
{
    PossibleValuesParser::new(words).try_map(|word| word.parse())
}

/// Reads a whole number of seconds, minutes, hours or days.
pub(crate) fn span(text: &str) -> Result<Duration, String> {
    let unit = match text.chars().next_back() {
        Some('s') => 1,
        Some('m') => 60,
        Some('h') => 60 * 60,
        Some('d') => 24 * 60 * 60,
        _ => return Err("must be a number and its unit: 90s, 30m, 1h, 7d".to_owned()),
    };
    let number = &text[..text.len() - 1];
    let count = number.parse::<u64>().map_err(|_| format!("{number:?} is not a whole number"))?;
    count.checked_mul(unit).map(Duration::from_secs).ok_or_else(|| "is too long".to_owned())
}

/// Checks a moment, and returns it as it was written.
pub(crate) fn moment(text: &str) -> Result<String, String> {
    let read = OffsetDateTime::parse(text, &Rfc3339);
    read.map(|_| text.to_owned())
        .map_err(|_| "must be a date and time such as 2026-05-01T00:00:00Z".to_owned())
}

/// Reads an action's key. The API checks whether the provider has such an action.
pub(crate) fn action(text: &str) -> Result<String, &'static str> {
    let why = "an action's key has lower-case letters, digits and `_`, such as issue_refund";
    if is_name(text) { Ok(text.to_owned()) } else { Err(why) }
}

/// The values of an option that may be given several times, by their names, each of which is there once.
pub(crate) fn named_once<T: Clone, C: FromIterator<(String, T)>>(
    option: &str,
    given: &[(String, T)],
) -> Result<C, Failure> {
    pairs::named_once(option, given).map_err(Failure::usage)
}

/// Reads `key=JSON`.
pub(crate) fn setting(text: &str) -> Result<(String, Value), String> {
    let (key, value) = text.split_once('=').ok_or("must be KEY=JSON")?;
    if key.is_empty() {
        return Err("must be KEY=JSON".to_owned());
    }
    let value = strict_json(value)
        .map_err(|why| format!("the value {why}; text needs its quotes, as in '{key}=\"text\"'"))?;
    Ok((key.to_owned(), value))
}

/// Reads a JSON object from `place`, which an error names.
pub(crate) fn object(text: &str, place: &str) -> Result<Map<String, Value>, Failure> {
    match strict_json(text) {
        Ok(Value::Object(object)) => Ok(object),
        Ok(_) => Err(Failure::usage(format!("{place} is JSON, but not an object, such as {{\"limit\": 3}}"))),
        Err(why) => Err(Failure::usage(format!("{place} {why}"))),
    }
}

/// Reads JSON as strictly as the API does. The error says what is wrong, in words that can follow the name of the
/// input.
pub(crate) fn strict_json(text: &str) -> Result<Value, String> {
    if text.trim().is_empty() {
        return Err("is empty".to_owned());
    }
    json::parse(text.as_bytes()).map_err(|error| match error {
        JsonError::Syntax(why) => format!("is not JSON: {why}"),
        JsonError::Issues(issues) => {
            let issues: Vec<String> = issues.iter().map(ToString::to_string).collect();
            format!("contains what the API refuses: {}", issues.join("; "))
        }
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn an_action_is_named_by_its_key() {
        assert_eq!(action("issue_refund"), Ok("issue_refund".to_owned()));
        for text in ["", "Issue refunds", "issue-refund", "issue_refund=true", "1"] {
            assert!(action(text).is_err(), "{text}");
        }
    }

    #[test]
    fn a_pair_is_split_at_its_first_equals_sign() {
        assert_eq!(pair("a=b=c"), Ok(("a".to_owned(), "b=c".to_owned())));
        assert_eq!(pair("a="), Ok(("a".to_owned(), String::new())));
        for text in ["", "a", "=b"] {
            assert!(pair(text).is_err(), "{text}");
        }
    }

    #[test]
    fn a_setting_is_a_key_and_json() {
        assert_eq!(setting("a=true").unwrap(), ("a".into(), json!(true)));
        assert_eq!(setting("a={\"b\":\"c=d\"}").unwrap(), ("a".into(), json!({"b": "c=d"})));
        assert_eq!(setting("a=null").unwrap(), ("a".into(), Value::Null));
        for text in ["a", "=1", "a=", "a=text", "a=1 2", "a={\"b\":1,\"b\":2}"] {
            assert!(setting(text).is_err(), "{text}");
        }
    }

    #[test]
    fn a_span_is_a_number_and_a_unit() {
        for (text, seconds) in [("0s", 0), ("90s", 90), ("30m", 1800), ("24h", 86_400), ("90d", 7_776_000)] {
            assert_eq!(span(text), Ok(Duration::from_secs(seconds)), "{text}");
        }
        for text in ["", "m", "30", "-1s", "1.5h", "30 m", "1é", "1w", "99999999999999999999h"] {
            assert!(span(text).is_err(), "{text}");
        }
        assert!(span("18446744073709551615d").is_err());
    }
}
