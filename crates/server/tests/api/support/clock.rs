//! A clock that a test moves by hand.

use std::sync::{
    Mutex,
    atomic::{AtomicI64, Ordering},
};

use futures_util::future::BoxFuture;
use riq_server::environment::Clock;
use time::{Duration, OffsetDateTime, macros::datetime};

/// The clock's first time.
pub(crate) const START: OffsetDateTime = datetime!(2026-03-01 10:00:00 UTC);

/// A clock, as the time after [`START`].
#[derive(Debug, Default)]
pub(crate) struct SettableClock {
    time: AtomicI64,
    pauses: Mutex<Vec<std::time::Duration>>,
}

impl SettableClock {
    /// Moves the clock forward.
    pub(crate) fn advance(&self, by: Duration) {
        self.time.fetch_add(i64::try_from(by.whole_microseconds()).unwrap(), Ordering::SeqCst);
    }

    /// How long the server wanted to wait, each time that it did. Asked again, it has forgotten them.
    pub(crate) fn pauses(&self) -> Vec<std::time::Duration> {
        std::mem::take(&mut *self.pauses.lock().unwrap())
    }
}

impl Clock for SettableClock {
    fn now(&self) -> OffsetDateTime {
        START + Duration::microseconds(self.time.load(Ordering::SeqCst))
    }

    /// No test waits. The clock stays, because a test alone moves it.
    fn pause(&self, time: std::time::Duration) -> BoxFuture<'_, ()> {
        self.pauses.lock().unwrap().push(time);
        Box::pin(std::future::ready(()))
    }
}
