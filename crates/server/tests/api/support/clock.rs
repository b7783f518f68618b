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

/// A clock: how long it has run since [`START`], and by how much it was set, in microseconds.
#[derive(Debug, Default)]
pub(crate) struct SettableClock {
    run: AtomicI64,
    set: AtomicI64,
    pauses: Mutex<Vec<std::time::Duration>>,
}

impl SettableClock {
    /// Lets time pass.
    pub(crate) fn advance(&self, by: Duration) {
        self.run.fetch_add(i64::try_from(by.whole_microseconds()).unwrap(), Ordering::SeqCst);
    }

    /// How long the server wanted to wait, each time that it did. Asked again, it has forgotten them.
    pub(crate) fn pauses(&self) -> Vec<std::time::Duration> {
        std::mem::take(&mut *self.pauses.lock().unwrap())
    }

    /// Sets the clock, forward or back, while no time passes.
    pub(crate) fn set_by(&self, by: Duration) {
        self.set.fetch_add(i64::try_from(by.whole_microseconds()).unwrap(), Ordering::SeqCst);
    }
}

impl Clock for SettableClock {
    fn now(&self) -> OffsetDateTime {
        let microseconds = self.run.load(Ordering::SeqCst) + self.set.load(Ordering::SeqCst);
        START + Duration::microseconds(microseconds)
    }

    /// No test waits. The clock stays, because a test alone moves it.
    fn pause(&self, time: std::time::Duration) -> BoxFuture<'_, ()> {
        self.pauses.lock().unwrap().push(time);
        Box::pin(std::future::ready(()))
    }

    fn uptime(&self) -> std::time::Duration {
        std::time::Duration::from_micros(u64::try_from(self.run.load(Ordering::SeqCst)).unwrap())
    }
}
