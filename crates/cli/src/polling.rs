//! How a command asks the API again and again until something happens.

use std::time::Duration;

use crate::error::{Failure, Report};
use crate::output::Output;

/// How often a command that waits for something asks for it.
const INTERVAL: Duration = Duration::from_secs(2);
/// The environment variable that sets another interval, in milliseconds, so that tests need not wait.
const INTERVAL_VARIABLE: &str = "RIQ_WAIT_INTERVAL_MS";

/// Asks on while the API cannot be reached or fails: says so once, and waits for as long as the API asks to.
pub(crate) struct Polling {
    interval: Duration,
    /// How the last question failed, if it did.
    trouble: Option<Box<Report>>,
}

impl Polling {
    /// Nothing was asked yet.
    pub(crate) fn new() -> Self {
        let variable = std::env::var(INTERVAL_VARIABLE).ok();
        let interval = variable.and_then(|text| text.parse().ok()).map_or(INTERVAL, Duration::from_millis);
        Self { interval, trouble: None }
    }

    /// Takes what the API answered. The result is none if it failed in a way that may pass.
    ///
    /// # Errors
    /// A failure that will not pass.
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
            Err(Failure::Reported(report)) if report.is_passing() => {
                if self.trouble.is_none() {
                    output.notice(&format!("{}; trying again", report.message));
                }
                self.trouble = Some(report);
                Ok(None)
            }
            Err(failure) => Err(failure),
        }
    }

    /// How long to wait before the next question.
    pub(crate) fn pause(&self) -> Duration {
        let asked_for = self.trouble.as_ref().and_then(|report| report.retry_after);
        self.interval.max(Duration::from_secs(asked_for.unwrap_or(0)))
    }

    /// How the last question failed, if it did.
    pub(crate) fn into_last_failure(self) -> Option<Failure> {
        self.trouble.map(Failure::Reported)
    }
}
