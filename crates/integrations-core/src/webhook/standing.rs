//! When a webhook is disabled because nothing reaches it.

use time::{Duration, OffsetDateTime};

use crate::words::words;

words! {
    /// Whether a webhook is sent anything.
    pub enum WebhookStatus {
        /// It is.
        Active = "active",
        /// It is not: too much could not be delivered, or somebody switched it off. What happens meanwhile waits.
        Disabled = "disabled",
    }
}

/// How many deliveries in a row are given up before a webhook is disabled.
pub const FAILURES_BEFORE_END: u32 = 10;
/// How long that must have gone on at least.
const FAILING_AT_LEAST: Duration = Duration::hours(1);

/// How well deliveries reach a webhook.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Standing {
    /// How many deliveries were given up since the last success.
    pub failures: u32,
    /// When the first of them was.
    pub failing_since: Option<OffsetDateTime>,
}

impl Standing {
    /// After a delivery succeeded.
    pub fn succeeded() -> Self {
        Self::default()
    }

    /// After a delivery was given up at this time. An attempt that is made again does not count.
    #[must_use]
    pub fn failed(self, at: OffsetDateTime) -> Self {
        let failing_since = self.failing_since.unwrap_or(at);
        Self { failures: self.failures.saturating_add(1), failing_since: Some(failing_since) }
    }

    /// Whether the webhook is to be disabled at this time.
    pub fn has_ended(self, at: OffsetDateTime) -> bool {
        let is_long = self.failing_since.is_some_and(|since| at - since >= FAILING_AT_LEAST);
        self.failures >= FAILURES_BEFORE_END && is_long
    }
}

#[cfg(test)]
mod tests {
    use time::macros::datetime;

    use super::*;

    #[test]
    fn ten_failures_in_a_row_over_an_hour_end_it() {
        let began = datetime!(2026-05-17 12:00 UTC);
        let after = |failures: i64, minutes: i64| {
            let last = Duration::minutes(minutes) / i32::try_from(failures - 1).unwrap();
            let at = |number: i64| began + last * i32::try_from(number).unwrap();
            let standing =
                (0..failures).fold(Standing::default(), |standing, number| standing.failed(at(number)));
            standing.has_ended(at(failures - 1))
        };
        assert!(after(10, 60));
        assert!(!after(10, 59), "in less than an hour");
        assert!(!after(9, 600), "too few");
        let recovered = Standing::succeeded().failed(began + Duration::hours(5));
        assert_eq!((recovered.failures, recovered.has_ended(began + Duration::hours(9))), (1, false));
    }
}
