//! When an integration is probed, and its tokens refreshed.

use serde_json::{Map, Value};
use time::{Duration, OffsetDateTime};

use crate::{catalog::Provider, lifecycle::Status};

/// Between two probes, where the provider's file says nothing else.
pub const PROBE_INTERVAL: Duration = Duration::minutes(15);
/// After the first failure; twice as long after each further one …
const FIRST_RETRY: Duration = Duration::seconds(30);
/// … up to this.
const LAST_RETRY: Duration = Duration::hours(1);
/// How much rarer an integration on hold is probed.
const PAUSED_FACTOR: u32 = 10;
/// The longest that a token is refreshed before it expires.
const MAX_MARGIN: Duration = Duration::days(1);

/// A number between 0 and 1 that spreads what would otherwise happen at once.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Spread(f64);

impl Spread {
    /// Of random bits, every one as likely as the other.
    pub fn from_bits(bits: u32) -> Self {
        Self(f64::from(bits) / f64::from(u32::MAX))
    }

    /// From nine to eleven tenths of `span`.
    fn around(self, span: Duration) -> Duration {
        span * (0.9 + 0.2 * self.0)
    }
}

/// How long until an integration is probed again that has failed `failures` times in a row.
///
/// Without failures after the provider's interval; with some after 30 seconds, doubled with each, up to an hour. Ten times
/// as long for an integration on hold. Spread by a tenth to either side.
pub fn until_probe(provider: &Provider, status: Status, failures: u32, spread: Spread) -> Duration {
    let interval = provider
        .probe
        .interval_seconds
        .map_or(PROBE_INTERVAL, |seconds| Duration::seconds(i64::from(seconds)));
    let span = if failures == 0 { interval } else { until_retry(failures) };
    let factor = if status == Status::Paused { PAUSED_FACTOR } else { 1 };
    spread.around(span * factor)
}

/// How long until a refresh is tried again that has failed `failures` times in a row. Spread by a tenth to either side.
pub fn until_refresh_retry(failures: u32, spread: Spread) -> Duration {
    spread.around(until_retry(failures))
}

fn until_retry(failures: u32) -> Duration {
    let doublings = failures.saturating_sub(1).min(16);
    (FIRST_RETRY * 2_i32.pow(doublings)).min(LAST_RETRY)
}

/// When the tokens of a credential are refreshed, as [`refresh_at`] says. None: they do not expire, as far as is known, or
/// there is no refresh token.
pub fn next_refresh(
    credential: &Map<String, Value>,
    granted_at: OffsetDateTime,
    expires_at: Option<OffsetDateTime>,
    spread: Spread,
) -> Option<OffsetDateTime> {
    credential.get("refresh_token").filter(|token| token.is_string())?;
    expires_at.map(|expires_at| refresh_at(granted_at, expires_at, spread))
}

/// When a token is refreshed that was granted at `granted_at` and ends at `expires_at`.
///
/// A fifth of its life before that, at most a day; spread over a further fifth, so that tokens that were granted together
/// are refreshed apart, and ever further apart.
pub fn refresh_at(granted_at: OffsetDateTime, expires_at: OffsetDateTime, spread: Spread) -> OffsetDateTime {
    let life: Duration = (expires_at - granted_at).max(Duration::ZERO);
    let part = |divisor: i32| -> Duration { Ord::min(life / divisor, MAX_MARGIN) };
    expires_at - part(5) - part(5) * spread.0
}
