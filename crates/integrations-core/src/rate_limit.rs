//! What a provider's answer says of its rate limit: whether there were too many requests, and how long to wait.

use time::macros::format_description;
use time::{Duration, OffsetDateTime, PrimitiveDateTime};

use crate::catalog::{Provider, RateLimit, ResetUnit};
use crate::probe_answer::ProbeAnswer;

/// The longest time that a provider can ask to wait. A header that asks for more is taken as wrong.
const MAX_RETRY_AFTER: Duration = Duration::days(1);

/// How long the provider asks to wait after an answer, which may be a good one: by `Retry-After`, or because the window
/// has no requests left. `None` if it does not ask.
pub fn asked_to_wait(
    provider: &Provider,
    answer: &ProbeAnswer<'_>,
    now: OffsetDateTime,
) -> Option<std::time::Duration> {
    retry_after(&provider.rate_limit, answer, now).filter(|wait| !wait.is_zero())
}

/// Whether an answer means "too many requests": its status is 429, or one of the provider's own. The provider's own
/// statuses may also mean other things, so its headers must confirm it, if it has such headers.
pub(crate) fn is_exceeded(limit: &RateLimit, answer: &ProbeAnswer<'_>) -> bool {
    if answer.status == 429 {
        return true;
    }
    let header = |name: &Option<String>| name.as_ref().map(|name| answer.header(name));
    let says_so = match (header(&limit.retry_after), header(&limit.remaining)) {
        (Some(Some(_)), _) | (_, Some(Some("0"))) | (None, None) => true,
        (_, _) => false,
    };
    limit.statuses.contains(&answer.status) && says_so
}

/// How long the provider asks to wait: by `Retry-After`, or else until the end of a window that has no requests left.
fn retry_after(
    limit: &RateLimit,
    answer: &ProbeAnswer<'_>,
    now: OffsetDateTime,
) -> Option<std::time::Duration> {
    let name = limit.retry_after.as_deref().unwrap_or("retry-after");
    let stated = answer.header(name).and_then(|text| seconds(text).or_else(|| Some(http_date(text)? - now)));
    let used_up = limit.remaining.as_ref().is_none_or(|name| answer.header(name) == Some("0"));
    let window = || {
        let reset = limit.reset.as_ref().filter(|_| used_up)?;
        let number = seconds(answer.header(&reset.header)?)?;
        let since_epoch = now - OffsetDateTime::UNIX_EPOCH;
        Some(match reset.unit {
            ResetUnit::Seconds => number,
            ResetUnit::UnixSeconds => number - since_epoch,
            ResetUnit::UnixMilliseconds => number / 1000 - since_epoch,
        })
    };
    let wait = stated.or_else(window)?;
    wait.clamp(Duration::ZERO, MAX_RETRY_AFTER).try_into().ok()
}

/// Reads a number of seconds. Some providers write it with decimals.
fn seconds(text: &str) -> Option<Duration> {
    let seconds: f64 = text.parse().ok()?;
    (0.0..1e15).contains(&seconds).then(|| Duration::seconds_f64(seconds.ceil()))
}

/// Reads an HTTP date in the form that RFC 9110, section 5.6.7 requires of senders: `Sun, 06 Nov 1994 08:49:37 GMT`.
fn http_date(text: &str) -> Option<OffsetDateTime> {
    let form = format_description!(
        "[weekday repr:short], [day] [month repr:short] [year] [hour]:[minute]:[second] GMT"
    );
    PrimitiveDateTime::parse(text, form).ok().map(PrimitiveDateTime::assume_utc)
}
