//! When a key is to stop by itself.

use std::time::Duration;

use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use crate::arguments::span;
use crate::error::Failure;

/// The end that `--expires` names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Expiry {
    /// There is none.
    Never,
    /// A moment.
    At(OffsetDateTime),
    /// So long from now.
    In(Duration),
}

impl Expiry {
    /// The moment, if there is an end.
    #[expect(clippy::disallowed_methods, reason = "a span counts from now by the clock of this machine")]
    pub(super) fn end(self) -> Result<Option<OffsetDateTime>, Failure> {
        self.seen_from(OffsetDateTime::now_utc())
    }

    fn seen_from(self, now: OffsetDateTime) -> Result<Option<OffsetDateTime>, Failure> {
        let life = match self {
            Self::Never => return Ok(None),
            Self::At(moment) => return Ok(Some(moment)),
            Self::In(life) => life,
        };
        let end = time::Duration::try_from(life).ok().and_then(|life| now.checked_add(life));
        let end = end.and_then(|end| end.replace_nanosecond(0).ok());
        end.map(Some).ok_or_else(|| Failure::usage("--expires is too far away"))
    }
}

/// Reads `90d`, `2027-03-01T10:00:00Z` or `never`.
pub(super) fn expiry(text: &str) -> Result<Expiry, String> {
    if text == "never" {
        return Ok(Expiry::Never);
    }
    let moment = OffsetDateTime::parse(text, &Rfc3339).map(Expiry::At);
    moment.or_else(|_| span(text).map(Expiry::In)).map_err(|_| {
        "must be a span such as 90d or 12h, a date and time such as 2027-03-01T10:00:00Z, or never".to_owned()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_end_is_a_span_a_moment_or_none() {
        let at = |text: &str| OffsetDateTime::parse(text, &Rfc3339).unwrap();
        let now = at("2026-05-17T17:55:00.75Z");
        for (text, end) in [
            ("never", None),
            ("2027-03-01T10:00:00+01:00", Some("2027-03-01T10:00:00+01:00")),
            ("90d", Some("2026-08-15T17:55:00Z")),
            ("90s", Some("2026-05-17T17:56:30Z")),
        ] {
            assert_eq!(expiry(text).unwrap().seen_from(now).unwrap(), end.map(at), "{text}");
        }
        for text in ["", "soon", "Never", "2027-03-01", "90", "-1d"] {
            assert!(expiry(text).unwrap_err().starts_with("must be a span such as 90d"), "{text}");
        }
        for text in ["9999999d", "100000000000000d"] {
            assert!(expiry(text).unwrap().seen_from(now).is_err(), "{text}");
        }
    }
}
