//! Background work. Every job implements [`Job`], and one [`Runner`] supervises all of them.
//!
//! To add a job, add a file with a type that implements [`Job`], and a line where the jobs are started.

mod action_runs;
mod approvals;
mod audit_chain;
mod audit_stream;
mod backoff;
mod claimed_work;
mod database_watch;
mod erasure;
mod health_changes;
mod idempotency_keys;
mod oauth_apps;
mod run_retention;
mod runner;

use std::{fmt, future::Future, time::Duration};

pub use self::{
    action_runs::{ActionRuns, executed},
    approvals::{Approvals, expired},
    audit_chain::AuditChain,
    audit_stream::{AuditStream, InvalidTarget, StreamError, StreamSettings, StreamTarget, Transport},
    backoff::{Backoff, retry_until},
    claimed_work::{ClaimedWork, Pieces},
    database_watch::DatabaseWatch,
    erasure::Erasure,
    health_changes::HealthSweep,
    idempotency_keys::IdempotencySweep,
    oauth_apps::OAuthAppsRefresh,
    run_retention::RunRetention,
    runner::Runner,
};

/// Work that is done in rounds until the server stops.
///
/// A panic may end a round in the middle. The next round begins with the job's state at that time, so the state must
/// always be usable.
pub trait Job: Send + 'static {
    /// The error of a failed round.
    type Error: fmt::Display + Send;

    /// The job's name in the log.
    const NAME: &'static str;

    /// Whether a stop may cancel a round at any point. Otherwise the stop waits for the end of the round.
    const IS_CANCELLABLE: bool = false;

    /// The pauses after successive failed rounds.
    fn backoff(&self) -> Backoff;

    /// Does one round, and returns when the next one begins.
    fn round(&mut self) -> impl Future<Output = Result<Next, Self::Error>> + Send;

    /// Ends when the next round should begin at once. It is polled only between rounds, and dropped when the next one
    /// begins. So a wake-up during a round must be kept, as [`tokio::sync::Notify::notify_one`] does.
    fn woken(&mut self) -> impl Future<Output = ()> + Send {
        std::future::pending()
    }

    /// Ends work that is still in progress after the last round.
    fn finish(self) -> impl Future<Output = ()> + Send
    where
        Self: Sized,
    {
        std::future::ready(())
    }

    /// Logs that a round failed and the one before did not.
    fn report_failure(&self, error: &Self::Error) {
        tracing::warn!(job = Self::NAME, %error, "a background job failed; it will be tried again");
    }

    /// Logs that a round succeeded and the one before did not.
    fn report_recovery(&self) {
        tracing::info!(job = Self::NAME, "a background job works again");
    }
}

/// When a job's next round begins, unless the job is woken earlier.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Next {
    /// This long after the end of this round.
    In(Duration),
    /// This long after the beginning of this round. At once if the round took longer.
    Every(Duration),
    /// Only when the job is woken.
    WhenWoken,
}

impl Next {
    /// The pause after a round of this duration. `None` if only a wake-up ends it.
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
