//! Work in the background: every job is a [`Job`], and one [`Runner`] supervises all of them.
//!
//! A new kind of work is one file with a type that implements [`Job`], and one line where the jobs are started.

mod backoff;
mod database_watch;
mod oauth_apps;
mod runner;

use std::{fmt, future::Future, time::Duration};

pub use self::{
    backoff::{Backoff, retry_until},
    database_watch::DatabaseWatch,
    oauth_apps::OAuthAppsRefresh,
    runner::Runner,
};

/// Work that is done in rounds, again and again, until the server stops.
///
/// A job must bear that a panic ends a round in the middle: the next one begins with what the job holds.
pub trait Job: Send + 'static {
    /// Why a round fails.
    type Error: fmt::Display + Send;

    /// What the log calls it.
    const NAME: &'static str;

    /// Whether a stop may cut a round off at any point. Otherwise the stop waits for the round's end.
    const IS_CANCELLABLE: bool = false;

    /// The pauses after rounds that failed one after another.
    fn backoff(&self) -> Backoff;

    /// Does one round, and says when the next one begins.
    fn round(&mut self) -> impl Future<Output = Result<Next, Self::Error>> + Send;

    /// Ends when somebody wants the next round at once. It is asked for between rounds alone, and dropped when the next
    /// one begins: a wish from before must be kept, as [`tokio::sync::Notify::notify_one`] does.
    fn woken(&mut self) -> impl Future<Output = ()> + Send {
        std::future::pending()
    }

    /// Ends what is still under way, after the last round.
    fn finish(self) -> impl Future<Output = ()> + Send
    where
        Self: Sized,
    {
        std::future::ready(())
    }

    /// Says in the log that a round failed, where the one before did not.
    fn report_failure(&self, error: &Self::Error) {
        tracing::warn!(job = Self::NAME, %error, "a background job fails; it is tried again");
    }

    /// Says in the log that a round succeeded, where the one before did not.
    fn report_recovery(&self) {
        tracing::info!(job = Self::NAME, "a background job works again");
    }
}

/// When a job's next round begins, unless the job is woken before.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Next {
    /// So long after the end of this round.
    In(Duration),
    /// So long after the beginning of this round; at once where it took longer.
    Every(Duration),
    /// Only when the job is woken.
    WhenWoken,
}

impl Next {
    /// The pause after a round that took so long; `None` where only a wake-up ends it.
    fn pause_after(self, took: Duration) -> Option<Duration> {
        match self {
            Self::In(pause) => Some(pause),
            Self::Every(period) => Some(period.saturating_sub(took)),
            Self::WhenWoken => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_period_begins_with_the_round_and_a_pause_at_its_end() {
        let second = Duration::from_secs(1);
        assert_eq!(Next::In(second).pause_after(second * 3), Some(second));
        assert_eq!(Next::Every(second * 4).pause_after(second * 3), Some(second));
        assert_eq!(Next::Every(second * 2).pause_after(second * 3), Some(Duration::ZERO));
        assert_eq!(Next::WhenWoken.pause_after(second), None);
    }
}
