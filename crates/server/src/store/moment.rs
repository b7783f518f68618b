//! How SQLite stores times.

use sea_orm::{DbBackend, Statement, Value, sea_query::Values};
use time::{OffsetDateTime, UtcOffset, format_description::BorrowedFormatItem, macros::format_description};

/// RFC 3339, always with six digits after the second.
const FIXED_WIDTH: &[BorrowedFormatItem<'_>] =
    format_description!("[year]-[month]-[day]T[hour]:[minute]:[second].[subsecond digits:6]Z");

/// The statement with its times as they are stored.
///
/// SQLite stores times as text and compares them as text. The driver omits trailing zeros of the fraction, which breaks
/// the order: `…:00.5Z` sorts before `…:00Z`. With a fixed number of digits, text sorts as the times do. Every
/// statement of the store passes here, whatever it stores or compares.
pub(super) fn with_times_of_fixed_width(mut statement: Statement) -> Statement {
    if let (DbBackend::Sqlite, Some(Values(values))) = (statement.db_backend, &mut statement.values) {
        for value in values {
            if let Value::TimeDateTimeWithTimeZone(time) = value {
                *value = time.map(written).into();
            }
        }
    }
    statement
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

    #[test]
    fn only_sqlite_gets_times_as_text() {
        let at = datetime!(2026-03-01 10:49:00 UTC);
        let values =
            [Value::from(at), Value::from(None::<OffsetDateTime>), Value::from("2026"), Value::from(1)];
        let with = |backend| {
            let statement = Statement::from_sql_and_values(backend, "SELECT $1, $2, $3, $4", values.clone());
            with_times_of_fixed_width(statement).values.unwrap().0
        };
        assert_eq!(with(DbBackend::Postgres), values);
        let text = [
            Value::from("2026-03-01T10:49:00.000000Z"),
            Value::from(None::<String>),
            Value::from("2026"),
            Value::from(1),
        ];
        assert_eq!(with(DbBackend::Sqlite), text);
    }
}
