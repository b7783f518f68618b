//! Reads arguments that several commands take.

use std::error::Error;
use std::str::FromStr;
use std::time::Duration;

use clap::builder::{PossibleValuesParser, TypedValueParser};

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

#[cfg(test)]
mod tests {
    use super::*;

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
