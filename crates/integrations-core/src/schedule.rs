//! When an integration is probed, and when its tokens are refreshed.

use serde_json::{Map, Value};
use time::{Duration, OffsetDateTime};

use crate::{catalog::Provider, lifecycle::Status};

/// The time between two probes, unless the provider's file gives another.
pub const PROBE_INTERVAL: Duration = Duration::minutes(15);
/// The time between two looks at an integration that nobody is asked about.
const BETWEEN_LOOKS: Duration = Duration::days(1);
/// The time until the next try after the first failure. It doubles with each further failure.
const FIRST_RETRY: Duration = Duration::seconds(30);
/// The longest time until the next try.
const LAST_RETRY: Duration = Duration::hours(1);
/// The factor by which the interval is longer for an integration on hold.
const PAUSED_FACTOR: u32 = 10;
/// The shortest time between two refreshes of one credential, whatever lifetime the provider says, unless it refuses
/// the access token in between.
pub const BETWEEN_REFRESHES: Duration = Duration::minutes(1);
/// The longest time before its expiry at which a token is refreshed, before the spread.
const MAX_MARGIN: Duration = Duration::days(1);

/// A random number between 0 and 1 that spreads out work which would otherwise happen all at once.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Spread(f64);

impl Spread {
    /// Makes a spread from random bits, which must be uniformly distributed.
    pub fn from_bits(bits: u32) -> Self {
        Self(f64::from(bits) / f64::from(u32::MAX))
    }

    /// A time between nine and eleven tenths of `span`.
    fn around(self, span: Duration) -> Duration {
        span * (0.9 + 0.2 * self.0)
    }
}

/// How long until the next probe of an integration whose last `failures` probes failed.
///
/// Without failures it is the provider's interval. After a failure it is 30 seconds, doubled with each further failure,
/// up to an hour. It is ten times as long for an integration on hold. It is spread by a tenth to either side.
pub fn until_probe(provider: &Provider, status: Status, failures: u32, spread: Spread) -> Duration {
    let interval = match provider.probe.request().map(|probe| probe.interval_seconds) {
        Some(None) => PROBE_INTERVAL,
        Some(Some(seconds)) => Duration::seconds(i64::from(seconds)),
        None => BETWEEN_LOOKS,
    };
    let span = if failures == 0 { interval } else { until_retry(failures) };
    let factor = if status == Status::Paused { PAUSED_FACTOR } else { 1 };
    spread.around(span * factor)
}

/// How long until a refresh is tried again after `failures` failures in a row: as for a probe, but at least a minute.
pub fn until_refresh_retry(failures: u32, spread: Spread) -> Duration {
    spread.around(until_retry(failures)).max(BETWEEN_REFRESHES)
}

fn until_retry(failures: u32) -> Duration {
    let doublings = failures.saturating_sub(1).min(16);
    (FIRST_RETRY * 2_i32.pow(doublings)).min(LAST_RETRY)
}

/// When to refresh the tokens of a credential, as in [`refresh_at`]. `None` if they do not expire, as far as is known,
/// or cannot be refreshed. A token that is got for a form, and was not got yet, is due at once.
pub fn next_refresh(
    provider: &Provider,
    credential: &Map<String, Value>,
    granted_at: OffsetDateTime,
    expires_at: Option<OffsetDateTime>,
    spread: Spread,
) -> Option<OffsetDateTime> {
    if !provider.is_renewable(credential) {
        return None;
    }
    if !credential.contains_key("access_token") {
        return Some(granted_at);
    }
    let refresh_at = if provider.long_lived().is_some() { renew_at } else { refresh_at };
    expires_at.map(|expires_at| refresh_at(granted_at, expires_at, spread))
}

/// When to renew a token by itself: after half of its life, spread over a tenth. Once it has expired nothing renews it,
/// so much time is left for trouble.
fn renew_at(granted_at: OffsetDateTime, expires_at: OffsetDateTime, spread: Spread) -> OffsetDateTime {
    let life: Duration = (expires_at - granted_at).max(Duration::ZERO);
    let planned = expires_at - life / 2 - (life / 10) * spread.0;
    Ord::max(planned, granted_at + BETWEEN_REFRESHES)
}

/// When to refresh a token that was granted at `granted_at` and expires at `expires_at`.
///
/// It is a fifth of the token's lifetime before it expires, at most a day; spread over a further fifth, so that tokens
/// that were granted together are refreshed at different times, and further apart with each refresh. It is at least a
/// minute after the grant. A token that has expired already, which only an import can bring, is refreshed at once.
pub fn refresh_at(granted_at: OffsetDateTime, expires_at: OffsetDateTime, spread: Spread) -> OffsetDateTime {
    let life: Duration = (expires_at - granted_at).max(Duration::ZERO);
    let part = |divisor: i32| -> Duration { Ord::min(life / divisor, MAX_MARGIN) };
    let planned = expires_at - part(5) - part(5) * spread.0;
    if life.is_zero() { planned } else { planned.max(granted_at + BETWEEN_REFRESHES) }
}
