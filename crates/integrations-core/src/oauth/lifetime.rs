//! How long an access token lives.

use serde_json::Value;
use time::format_description::well_known::Rfc3339;
use time::{Duration, OffsetDateTime};

use super::account::text;
use crate::catalog::{ExpiryUnit, TokenRules};

/// A thousand years: longer than any provider's tokens live, and short enough not to overflow a date.
const MAX_LIFETIME_SECONDS: f64 = 1000.0 * 365.0 * 86_400.0;

/// A number from here on is no lifetime, which would be over thirty years, but a time: seconds since 1970.
const FIRST_EPOCH_SECONDS: f64 = 1e9;

/// A number from here on counts milliseconds since 1970.
const FIRST_EPOCH_MILLISECONDS: f64 = 1e12;

impl TokenRules {
    /// [`TokenRules::default_lifetime_seconds`] as a duration.
    pub(super) fn default_lifetime(&self) -> Option<Duration> {
        self.default_lifetime_seconds
            .map(|seconds| Duration::seconds(i64::try_from(seconds).unwrap_or(i64::MAX)))
    }
}

/// Reads what an answer says of the lifetime: how long in `unit`, as a number or its text, or the time of the end, as
/// RFC 3339 or since 1970. `None` if it says nothing.
///
/// The error is a reason. A lifetime below a second is none: Mailchimp answers 0 because its tokens do not expire.
pub(super) fn lifetime(
    value: Option<&Value>,
    unit: ExpiryUnit,
    now: OffsetDateTime,
) -> Result<Option<Duration>, &'static str> {
    let Some(value) = value.filter(|value| !value.is_null()) else { return Ok(None) };
    let text = text(value).unwrap_or_default();
    let seconds =
        seconds(text.trim(), unit, now).filter(|seconds| (1.0..=MAX_LIFETIME_SECONDS).contains(seconds));
    seconds
        .map(|seconds| Some(Duration::seconds_f64(seconds.trunc())))
        .ok_or("expected a number of seconds, and more than 0")
}

fn seconds(text: &str, unit: ExpiryUnit, now: OffsetDateTime) -> Option<f64> {
    if let Ok(end) = OffsetDateTime::parse(text, &Rfc3339) {
        return Some((end - now).as_seconds_f64());
    }
    let number: f64 = text.parse().ok()?;
    let since_epoch = (now - OffsetDateTime::UNIX_EPOCH).as_seconds_f64();
    Some(if unit != ExpiryUnit::Seconds {
        number * unit.in_seconds()
    } else if number >= FIRST_EPOCH_MILLISECONDS {
        number / 1000.0 - since_epoch
    } else if number >= FIRST_EPOCH_SECONDS {
        number - since_epoch
    } else {
        number
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;
    use time::macros::datetime;

    use super::*;

    const NOW: OffsetDateTime = datetime!(2026-05-17 17:55:00 UTC);

    fn seconds_of(value: Option<&Value>) -> Result<Option<Duration>, &'static str> {
        lifetime(value, ExpiryUnit::Seconds, NOW)
    }

    #[test]
    fn every_form_is_read() {
        let epoch = (NOW + Duration::minutes(1)).unix_timestamp();
        for value in [
            json!(60),
            json!("60"),
            json!(" 60 "),
            json!(60.9),
            json!("60.000000000000000001"),
            json!("6e1"),
            json!(epoch),
            json!(epoch.to_string()),
            json!(epoch * 1000),
            json!("2026-05-17T17:56:00Z"),
            json!("2026-05-17T19:56:00+02:00"),
        ] {
            assert_eq!(seconds_of(Some(&value)), Ok(Some(Duration::minutes(1))), "{value}");
        }
        assert_eq!(seconds_of(Some(&json!(315_360_000))), Ok(Some(Duration::days(3650))));
        assert_eq!(seconds_of(Some(&Value::Null)), Ok(None));
        assert_eq!(seconds_of(None), Ok(None));
    }

    #[test]
    fn other_units_are_counted_as_they_are() {
        let month = Ok(Some(Duration::days(30)));
        assert_eq!(lifetime(Some(&json!(2_592_000_000_i64)), ExpiryUnit::Milliseconds, NOW), month);
        assert_eq!(lifetime(Some(&json!("43200")), ExpiryUnit::Minutes, NOW), month);
        let end = json!("2026-06-16T17:55:00Z");
        assert_eq!(lifetime(Some(&end), ExpiryUnit::Milliseconds, NOW), month);
    }

    #[test]
    fn what_is_no_lifetime_is_none() {
        for value in [
            json!(0),
            json!("0"),
            json!(0.5),
            json!(-1),
            json!(""),
            json!("soon"),
            json!("NaN"),
            json!("1e999"),
            json!(1e300),
            json!(i64::MAX),
            json!(true),
            json!([]),
            json!({"seconds": 60}),
            json!("2026-05-17T17:55:00Z"),
        ] {
            assert!(seconds_of(Some(&value)).is_err(), "{value}");
        }
    }
}
