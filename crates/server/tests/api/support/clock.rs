//! A clock that a test moves by hand.

use std::sync::atomic::{AtomicI64, Ordering};

use riq_server::environment::Clock;
use time::{Duration, OffsetDateTime, macros::datetime};

/// The clock's first time.
pub(crate) const START: OffsetDateTime = datetime!(2026-03-01 10:00:00 UTC);

/// A clock, as the time after [`START`].
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
