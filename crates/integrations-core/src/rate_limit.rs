//! What a provider's answer says of its rate limit: whether there were too many requests, and how long to wait.

use time::format_description::well_known::{Rfc2822, Rfc3339};
use time::{Duration, OffsetDateTime};

use crate::catalog::{Provider, RateLimit, ResetUnit};
use crate::probe_answer::{ProbeAnswer, error_code};

/// The shortest wait, if a provider names a time that is over.
const SHORTEST: Duration = Duration::SECOND;
/// The longest wait that is believed: quotas begin anew after a day at the latest.
const LONGEST: Duration = Duration::DAY;
/// The wait in place of one that is too long to be believed.
const IN_DOUBT: Duration = Duration::HOUR;

/// How long the provider asks to wait after an answer, which may be a good one: by `Retry-After`, or because the window
/// has no requests left. At least a second and at most a day. `None` if it does not ask.
pub fn asked_to_wait(
    provider: &Provider,
    answer: &ProbeAnswer<'_>,
    now: OffsetDateTime,
) -> Option<std::time::Duration> {
    let limit = &provider.rate_limit;
    let retry_after = limit.retry_after.as_deref().unwrap_or("retry-after");
    let stated = answer.header(retry_after).and_then(|text| Stated::read(text, ResetUnit::Seconds));
    let wait = match stated.or_else(|| end_of_window(limit, answer))? {
        Stated::Wait(wait) => wait,
        Stated::Until(moment) => moment - providers_time(answer, now),
    };
    let believed = if wait > LONGEST { IN_DOUBT } else { wait.max(SHORTEST) };
    believed.try_into().ok()
}

/// Whether an answer means "too many requests": its status is 429, or one of the provider's own, or its body says so.
/// The provider's own statuses may also mean other things, so its headers must confirm it, if it has such headers.
pub fn is_exceeded(limit: &RateLimit, answer: &ProbeAnswer<'_>) -> bool {
    if answer.status == 429 || body_says_so(limit, answer) {
        return true;
    }
    let header = |name: &Option<String>| name.as_ref().map(|name| answer.header(name));
    let says_so = match (header(&limit.retry_after), header(&limit.remaining)) {
        (Some(Some(_)), _) | (None, None) => true,
        (_, Some(Some(remaining))) => is_none_left(remaining),
        (_, _) => false,
    };
    limit.statuses.contains(&answer.status) && says_so
}

/// Whether the body has one of the provider's codes. GraphQL APIs send it with the status 200 or 400.
fn body_says_so(limit: &RateLimit, answer: &ProbeAnswer<'_>) -> bool {
    let Some(pointer) = &limit.error else { return false };
    let code = answer.body().json().and_then(|json| error_code(pointer.of(&json)?));
    code.is_some_and(|code| limit.errors.contains(&code))
}

/// The time by the provider's clock, so that it does not matter whether that one and ours agree. If they are more than
/// a day apart, ours is believed.
fn providers_time(answer: &ProbeAnswer<'_>, now: OffsetDateTime) -> OffsetDateTime {
    told_time(answer).filter(|date| (*date - now).abs() <= Duration::DAY).unwrap_or(now)
}

/// The time at which an answer says that it was sent (RFC 9110, section 6.6.1).
pub(crate) fn told_time(answer: &ProbeAnswer<'_>) -> Option<OffsetDateTime> {
    answer.header("date").and_then(http_date)
}

/// When the window ends, if it has no requests left.
fn end_of_window(limit: &RateLimit, answer: &ProbeAnswer<'_>) -> Option<Stated> {
    let remaining = limit.remaining.as_ref().and_then(|name| answer.header(name));
    let is_used_up = remaining.map_or_else(|| is_exceeded(limit, answer), is_none_left);
    let reset = limit.reset.as_ref().filter(|_| is_used_up)?;
    Stated::read(answer.header(&reset.header)?, reset.unit)
}

/// Whether a number of remaining requests allows none. Some providers count with decimals, or below 0.
fn is_none_left(remaining: &str) -> bool {
    remaining.parse::<f64>().is_ok_and(|remaining| remaining < 1.0)
}

/// What a header says about when to ask again.
enum Stated {
    /// How long to wait.
    Wait(Duration),
    /// When the wait is over.
    Until(OffsetDateTime),
}

impl Stated {
    /// Reads any form that providers use, because they mix them up: a number; one of the three forms of an HTTP date
    /// (RFC 9110, section 5.6.7); a date of an e-mail (RFC 5322), which may have another time zone; RFC 3339, such as
    /// `2026-05-17T17:55:00Z`; a span, such as `6m0s`. `unit` is the unit of a number.
    fn read(text: &str, unit: ResetUnit) -> Option<Self> {
        let text = text.trim_matches('"').trim();
        if let Ok(number) = text.parse::<f64>() {
            return Self::of_number(number, unit);
        }
        let span = || Duration::try_from(humantime::parse_duration(text).ok()?).ok();
        http_date(text)
            .or_else(|| OffsetDateTime::parse(text, &Rfc2822).ok())
            .or_else(|| OffsetDateTime::parse(text, &Rfc3339).ok())
            .map(Self::Until)
            .or_else(|| span().map(Self::Wait))
    }

    /// A number's size tells what it counts. From 10^9 on (thirty years, or September 2001) it is a Unix time in
    /// seconds, and from 10^11 on in milliseconds or smaller units. A smaller number is a wait.
    fn of_number(number: f64, unit: ResetUnit) -> Option<Self> {
        if !number.is_finite() || number.is_sign_negative() {
            return None;
        }
        if number < 1e9 {
            let divisor = if unit == ResetUnit::UnixMilliseconds { 1e3 } else { 1.0 };
            return Some(Self::Wait(Duration::seconds_f64(number / divisor)));
        }
        let mut seconds = number;
        while seconds >= 1e11 {
            seconds /= 1e3;
        }
        Some(Self::Until(OffsetDateTime::UNIX_EPOCH + Duration::seconds_f64(seconds)))
    }
}

fn http_date(text: &str) -> Option<OffsetDateTime> {
    httpdate::parse_http_date(text).ok().map(OffsetDateTime::from)
}
