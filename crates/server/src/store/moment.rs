//! Times that SQL compares.

use sea_orm::{DbBackend, Value};
use time::{OffsetDateTime, UtcOffset, format_description::BorrowedFormatItem, macros::format_description};

/// RFC 3339 with six digits after the second, whatever they are.
const FIXED_WIDTH: &[BorrowedFormatItem<'_>] =
    format_description!("[year]-[month]-[day]T[hour]:[minute]:[second].[subsecond digits:6]Z");

/// A time as a statement's value that is stored to be compared, or compared with such.
///
/// SQLite keeps times as text and compares them as text. The driver leaves out the zeros at the end of a fraction, and
/// with them the order: `…:00.5Z` comes before `…:00Z`. With as many digits in each, the order of text is that of time.
pub(super) fn moment(backend: DbBackend, time: impl Into<Option<OffsetDateTime>>) -> Value {
    let time = time.into();
    match backend {
        DbBackend::Sqlite => time.map(written).into(),
        _ => time.into(),
    }
}

fn written(time: OffsetDateTime) -> String {
    // Only a part that is missing fails, and every time has them all.
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
