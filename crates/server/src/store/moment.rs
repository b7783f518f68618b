//! How times that SQL compares are stored.

use sea_orm::{DbBackend, Value};
use time::{OffsetDateTime, UtcOffset, format_description::BorrowedFormatItem, macros::format_description};

/// RFC 3339, always with six digits after the second.
const FIXED_WIDTH: &[BorrowedFormatItem<'_>] =
    format_description!("[year]-[month]-[day]T[hour]:[minute]:[second].[subsecond digits:6]Z");

/// A time as a parameter of a statement, for times that SQL compares.
///
/// SQLite stores times as text and compares them as text. The driver omits trailing zeros of the fraction, which breaks
/// the order: `…:00.5Z` sorts before `…:00Z`. With a fixed number of digits, text sorts as the times do.
pub(super) fn moment(backend: DbBackend, time: impl Into<Option<OffsetDateTime>>) -> Value {
    let time = time.into();
    match backend {
        DbBackend::Sqlite => time.map(written).into(),
        _ => time.into(),
    }
}

fn written(time: OffsetDateTime) -> String {
    // Formatting fails only if a component is missing, and an `OffsetDateTime` has all of them.
    time.to_offset(UtcOffset::UTC).format(FIXED_WIDTH).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use time::{Duration, macros::datetime};

    use super::*;

    #[test]
    fn the_order_of_text_is_that_of_time() {
        let at = datetime!(2026-03-01 10:49:00 UTC);
        let micros = [-1_000_000, -1, 0, 1, 10, 499_999, 500_000, 510_000, 695_418, 999_999, 1_000_000];
        let text = micros.map(|micros| written(at + Duration::microseconds(micros)));
        assert!(text.is_sorted_by(|one, next| one < next), "{text:?}");
        assert_eq!(text[6], "2026-03-01T10:49:00.500000Z");
        assert_eq!(written(datetime!(2026-03-01 12:49:00.123456789 +2)), "2026-03-01T10:49:00.123456Z");
    }
}
