//! A clock that stands still until it is moved.

use std::sync::atomic::{AtomicI64, Ordering};

use riq_server::environment::Clock;
use time::{Duration, OffsetDateTime, macros::datetime};

/// Where the clock stands at first.
pub(crate) const START: OffsetDateTime = datetime!(2026-03-01 10:00:00 UTC);

/// Seconds and microseconds after [`START`], moved by hand.
#[derive(Debug, Default)]
pub(crate) struct SettableClock(AtomicI64);

impl SettableClock {
    /// Moves the clock forward.
    pub(crate) fn advance(&self, by: Duration) {
        self.0.fetch_add(i64::try_from(by.whole_microseconds()).unwrap(), Ordering::SeqCst);
    }
}

impl Clock for SettableClock {
    fn now(&self) -> OffsetDateTime {
        START + Duration::microseconds(self.0.load(Ordering::SeqCst))
    }
}
