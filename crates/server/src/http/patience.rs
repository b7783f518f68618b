//! How long an answer waits for what has not ended.

use std::time::Duration;

use crate::edge::settings::HttpSettings;

/// The longest wait. Many clients give up after a minute, and would call again.
const LONGEST: Duration = Duration::from_secs(50);

/// How long an answer may wait for the end of a run: so that it is given before the request has taken too long.
pub(super) fn patience(settings: &HttpSettings) -> Duration {
    (settings.request_timeout * 9 / 10).min(LONGEST)
}
