//! Moments as providers write them.

use serde_json::Value;
use time::format_description::well_known::{Iso8601, Rfc3339};
use time::{OffsetDateTime, PrimitiveDateTime};

use crate::catalog::TimeUnit;

/// Numbers from here on are milliseconds: as seconds, they would be a year after 5000.
const MILLISECONDS_FROM: i128 = 100_000_000_000;

/// A signed time, exactly as the provider's file says that it is written. `None`: it is written otherwise.
pub(super) fn signed_moment(text: &str, unit: TimeUnit) -> Option<OffsetDateTime> {
    let number = || {
        let is_number = (1..=16).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit());
        is_number.then(|| text.parse::<i128>().ok()).flatten()
    };
    match unit {
        TimeUnit::UnixSeconds => from_milliseconds(number()? * 1000),
        TimeUnit::UnixMilliseconds => from_milliseconds(number()?),
        TimeUnit::Rfc3339 => OffsetDateTime::parse(text, &Rfc3339).ok(),
    }
}

/// When an event happened, in whatever form the provider writes it: RFC 3339, the same without an offset (UTC), or a
/// number of seconds or milliseconds since 1970.
pub(super) fn told_moment(value: &Value) -> Option<OffsetDateTime> {
    match value {
        Value::Number(number) => {
            let number = number.as_f64().filter(|number| number.is_finite() && *number > 0.0)?;
            from_number(number)
        }
        Value::String(text) => {
            let text = text.trim();
            let parsed = OffsetDateTime::parse(text, &Rfc3339).ok();
            let without_offset =
                || Some(PrimitiveDateTime::parse(text, &Iso8601::DEFAULT).ok()?.assume_utc());
            let number = || text.parse::<f64>().ok().filter(|number| number.is_finite() && *number > 0.0);
            parsed.or_else(without_offset).or_else(|| from_number(number()?))
        }
        _ => None,
    }
}

#[expect(clippy::cast_possible_truncation, reason = "a number that is too large is no moment")]
fn from_number(number: f64) -> Option<OffsetDateTime> {
    let whole = number as i128;
    let milliseconds = if whole < MILLISECONDS_FROM { (number * 1000.0) as i128 } else { whole };
    from_milliseconds(milliseconds)
}

fn from_milliseconds(milliseconds: i128) -> Option<OffsetDateTime> {
    OffsetDateTime::from_unix_timestamp_nanos(milliseconds.checked_mul(1_000_000)?).ok()
}

#[cfg(test)]
mod tests {
    use serde_json::json;
    use time::macros::datetime;

    use super::*;

    #[test]
    fn a_signed_time_has_its_one_form() {
        let moment = datetime!(2018-07-13 00:10:18 UTC);
        assert_eq!(signed_moment("1531440618", TimeUnit::UnixSeconds), Some(moment));
        assert_eq!(signed_moment("1531440618000", TimeUnit::UnixMilliseconds), Some(moment));
        assert_eq!(signed_moment("2018-07-13T00:10:18Z", TimeUnit::Rfc3339), Some(moment));
        for bad in ["", "-1", "+1", "1e9", " 1531440618", "1531440618.0", "99999999999999999", "NaN", "١"] {
            assert_eq!(signed_moment(bad, TimeUnit::UnixSeconds), None, "{bad}");
        }
        assert_eq!(signed_moment("9999999999999999", TimeUnit::UnixSeconds), None);
    }

    #[test]
    fn the_time_of_an_event_is_read_in_every_form() {
        let moment = datetime!(2024-10-18 14:42:53.064 UTC);
        for told in [
            json!("2024-10-18T14:42:53.064Z"),
            json!("2024-10-18T10:42:53.064-04:00"),
            json!("2024-10-18T14:42:53.064"),
            json!(1_729_262_573_064_i64),
            json!("1729262573064"),
        ] {
            assert_eq!(told_moment(&told), Some(moment), "{told}");
        }
        assert_eq!(told_moment(&json!(1_729_262_573)), Some(datetime!(2024-10-18 14:42:53 UTC)));
        for bad in [json!(null), json!(""), json!("soon"), json!(-5), json!(1e300), json!("inf"), json!([1])]
        {
            assert_eq!(told_moment(&bad), None, "{bad}");
        }
    }
}
