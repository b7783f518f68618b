//! How a command polls the API until something happens.

use std::time::Duration;

use crate::error::{Failure, Report};
use crate::output::Output;

/// The time between two requests of a command that polls.
const INTERVAL: Duration = Duration::from_secs(2);
/// The environment variable that sets another interval, in milliseconds, so that tests need not wait.
const INTERVAL_VARIABLE: &str = "RIQ_WAIT_INTERVAL_MS";

/// Keeps polling while the API cannot be reached or fails. Says so once, and waits as long as the API asks.
pub(crate) struct Polling {
    interval: Duration,
    /// Whether a test has set the interval, so that nothing changes it.
    is_set: bool,
    /// The error of the last request, if it failed.
    trouble: Option<Box<Report>>,
}

impl Polling {
    /// Starts to poll.
    pub(crate) fn new() -> Self {
        Self::every(INTERVAL)
    }

    /// Starts to poll at the interval that the API asks for.
    pub(crate) fn every(interval: Duration) -> Self {
        let variable = std::env::var(INTERVAL_VARIABLE).ok();
        let set = variable.and_then(|text| text.parse().ok()).map(Duration::from_millis);
        Self { interval: set.unwrap_or(interval), is_set: set.is_some(), trouble: None }
    }

    /// Polls less often from now on.
    pub(crate) fn slow_down(&mut self, by: Duration) {
        if !self.is_set {
            self.interval += by;
        }
    }

    /// Takes the result of a request. Returns `None` if it failed with a temporary error.
    ///
    /// # Errors
    /// An error that is not temporary.
    pub(crate) fn tolerate<T>(
        &mut self,
        result: Result<T, Failure>,
        output: &Output,
    ) -> Result<Option<T>, Failure> {
        match result {
            Ok(answer) => {
                self.trouble = None;
                Ok(Some(answer))
            }
            Err(Failure::Reported(report)) if report.is_temporary() => {
                if self.trouble.is_none() {
                    output.notice(&format!("{}; trying again", report.message));
                }
                self.trouble = Some(report);
                Ok(None)
            }
            Err(failure) => Err(failure),
        }
    }

    /// How long to wait before the next request.
    pub(crate) fn pause(&self) -> Duration {
        let asked_for = self.trouble.as_ref().and_then(|report| report.retry_after);
        self.interval.max(Duration::from_secs(asked_for.unwrap_or(0)))
    }

    /// The error of the last request, if it failed.
    pub(crate) fn into_last_failure(self) -> Option<Failure> {
        self.trouble.map(Failure::Reported)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_time_that_the_api_asks_for_it_the_pause_grows() {
        let seconds = Duration::from_secs;
        let mut polling = Polling { interval: seconds(5), is_set: false, trouble: None };
        polling.slow_down(seconds(5));
        assert_eq!(polling.pause(), seconds(10));
        polling.slow_down(seconds(5));
        assert_eq!(polling.pause(), seconds(15));
    }
}
