//! What a health probe's answer means: the credential works, the provider refuses it, or the provider has trouble.

use std::fmt;

use serde::{Deserialize, Serialize};
use serde_json::Value;
use time::macros::format_description;
use time::{Duration, OffsetDateTime, PrimitiveDateTime};

use crate::catalog::{AnswerCheck, HealthProbe, OAuth, Provider, RateLimit, ResetUnit, Setup};
use crate::lifecycle::Health;
use crate::oauth::TokenProblem;

/// The longest time that a provider can ask to wait. A header that asks for more is taken as wrong.
const MAX_RETRY_AFTER: Duration = Duration::days(1);

/// An HTTP answer to a probe. `Debug` shows only the status.
#[derive(Clone, Copy)]
pub struct ProbeAnswer<'a> {
    /// The HTTP status.
    pub status: u16,
    /// Name (lower-case) and value of each header.
    pub headers: &'a [(&'a str, &'a str)],
    /// The body.
    pub body: &'a [u8],
}

impl fmt::Debug for ProbeAnswer<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ProbeAnswer").field("status", &self.status).finish_non_exhaustive()
    }
}

impl ProbeAnswer<'_> {
    fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(other, _)| other.eq_ignore_ascii_case(name)).map(|(_, value)| value.trim())
    }
}

/// Why a provider gave no answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error, Serialize, Deserialize)]
pub enum NoAnswer {
    /// Its name is not known to the DNS, or nothing answers at its address.
    #[error("could not be reached")]
    Unreachable,
    /// It was too slow.
    #[error("did not answer in time")]
    TimedOut,
    /// Its certificate is not valid, or the TLS handshake failed.
    #[error("could not be reached securely: its certificate is not valid")]
    Tls,
    /// Its name resolves to an address inside a network that the server must not call.
    #[error("has an address that this server must not call")]
    ForbiddenAddress,
    /// It redirected to another host, which must not get the credential.
    #[error("redirected the request to another host")]
    Redirected,
    /// Its answer was larger than the server reads.
    #[error("sent an answer that is too large")]
    TooLarge,
    /// The connection broke, or the answer was not HTTP.
    #[error("broke the connection before its answer was complete")]
    Broken,
}

/// The result of a probe. Messages are sentences for a person, without a final stop. They contain neither bodies nor
/// secrets.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// The credential works.
    Well,
    /// The provider has trouble. This says nothing against the credential.
    Degraded {
        /// What the trouble is.
        message: String,
        /// How long the provider asks to wait.
        retry_after: Option<std::time::Duration>,
    },
    /// The provider refuses the credential.
    Dead {
        /// What is wrong, and what to do.
        message: String,
    },
}

impl Verdict {
    /// The health that follows from it.
    pub const fn health(&self) -> Health {
        match self {
            Self::Well => Health::Healthy,
            Self::Degraded { .. } => Health::Degraded,
            Self::Dead { .. } => Health::Unhealthy,
        }
    }

    /// What is wrong, if anything is.
    pub fn message(&self) -> Option<&str> {
        match self {
            Self::Well => None,
            Self::Degraded { message, .. } | Self::Dead { message } => Some(message),
        }
    }
}

/// Judges how a provider answered its probe.
///
/// In this order: too many requests; an error code that means a dead credential; a refused status; a good status,
/// whose body may still say otherwise. Anything else says nothing about the credential.
pub fn judge(
    provider: &Provider,
    outcome: Result<&ProbeAnswer<'_>, NoAnswer>,
    now: OffsetDateTime,
) -> Verdict {
    let answer = match outcome {
        Ok(answer) => answer,
        Err(reason) => return degraded(format!("{} {reason}", provider.name), None),
    };
    let (probe, limit) = (&provider.probe, &provider.rate_limit);
    let wait = || retry_after(limit, answer, now);
    if is_limited(limit, answer) {
        return degraded(format!("{} is getting too many requests at the moment", provider.name), wait());
    }
    let body = serde_json::from_slice::<Value>(answer.body).ok();
    let good = probe.good_statuses.contains(&answer.status);
    match judge_body(probe.answer.as_ref(), body.as_ref()) {
        BodyVerdict::Refused(code) => dead(provider, code),
        _ if probe.refused_statuses.contains(&answer.status) => dead(provider, None),
        BodyVerdict::Good if good => Verdict::Well,
        BodyVerdict::Other if good && refuses_otherwise(probe) => dead(provider, None),
        BodyVerdict::Other | BodyVerdict::NotJson if good => {
            degraded(format!("{} sent an answer that was not expected", provider.name), wait())
        }
        _ => degraded(trouble(provider, answer.status), wait()),
    }
}

/// How long the provider asks to wait after an answer, which may be a good one: by `Retry-After`, or because the window
/// has no requests left. `None` if it does not ask.
pub fn asked_to_wait(
    provider: &Provider,
    answer: &ProbeAnswer<'_>,
    now: OffsetDateTime,
) -> Option<std::time::Duration> {
    retry_after(&provider.rate_limit, answer, now).filter(|wait| !wait.is_zero())
}

/// Judges why a refresh returned no new tokens (RFC 6749, section 5.2). The verdict is `Dead` if the refresh token is
/// dead, or if the provider refuses and the access token has ended (`has_ended`), because then nothing works until
/// somebody acts. Otherwise it is `Degraded`.
pub fn judge_refresh(provider: &Provider, oauth: &OAuth, problem: &TokenProblem, has_ended: bool) -> Verdict {
    let name = &provider.name;
    let found = match problem {
        TokenProblem::Refused { code, .. } if problem.is_dead(oauth) => {
            let message = format!("{name} does not accept the refresh token ({code}): connect it again");
            return Verdict::Dead { message };
        }
        TokenProblem::Refused { code, .. } => format!("{name} refused to issue a new access token ({code})"),
        TokenProblem::Unavailable { .. } => {
            return degraded(format!("{name} did not issue a new access token: {problem}"), None);
        }
        problem => format!("{name} did not issue a new access token: {problem}"),
    };
    let remedy = if problem.is_about_the_app() {
        "Check the client id and secret of its OAuth app, or connect it again"
    } else {
        "Connect it again"
    };
    stuck(found, remedy, has_ended)
}

/// The verdict if tokens cannot be refreshed until somebody acts: `Degraded` while the access token works, and `Dead`
/// with the remedy once it has ended (`has_ended`).
pub fn stuck(found: String, remedy: &str, has_ended: bool) -> Verdict {
    if has_ended { Verdict::Dead { message: format!("{found}. {remedy}") } } else { degraded(found, None) }
}

/// The verdict if a refresh token was sent, but the answer was lost: the provider may have ended the token.
pub fn interrupted_refresh(provider: &Provider) -> Verdict {
    let name = &provider.name;
    Verdict::Dead {
        message: format!("The renewal of {name}'s access token was interrupted: connect it again"),
    }
}

/// What a body says about the credential, whatever the status of its answer.
enum BodyVerdict<'a> {
    /// All is well, or the provider's file does not check the body.
    Good,
    /// The body has an error code that means a dead credential.
    Refused(Option<&'a str>),
    /// The body says something else.
    Other,
    /// The provider's file checks the body, but it is not JSON.
    NotJson,
}

fn judge_body<'a>(check: Option<&AnswerCheck>, body: Option<&'a Value>) -> BodyVerdict<'a> {
    let Some(check) = check else { return BodyVerdict::Good };
    let Some(body) = body else { return BodyVerdict::NotJson };
    let verdict = check.pointer.of(body).unwrap_or(&Value::Null);
    let good = check.equals.as_ref().map_or(!verdict.is_null(), |equals| verdict == equals);
    let code = check.error.as_ref().and_then(|pointer| pointer.of(body)?.as_str());
    match code.filter(|code| check.refused_errors.iter().any(|refused| refused == code)) {
        _ if good => BodyVerdict::Good,
        Some(code) => BodyVerdict::Refused(Some(code)),
        None => BodyVerdict::Other,
    }
}

fn refuses_otherwise(probe: &HealthProbe) -> bool {
    probe.answer.as_ref().is_some_and(|check| check.refused_otherwise)
}

/// The verdict if the provider has trouble, and asks to wait this long.
pub fn degraded(message: String, retry_after: Option<std::time::Duration>) -> Verdict {
    Verdict::Degraded { message, retry_after }
}

fn dead(provider: &Provider, code: Option<&str>) -> Verdict {
    let what = match provider.setup {
        Setup::OAuth(_) => "access token",
        Setup::ApiKey(_) => "API key",
        Setup::WebhookUrl(_) => "webhook URL",
    };
    let code = code.map(|code| format!(" ({code})")).unwrap_or_default();
    Verdict::Dead { message: format!("{} does not accept the {what}{code}: connect it again", provider.name) }
}

fn trouble(provider: &Provider, status: u16) -> String {
    match status {
        500.. => format!("{} has trouble at the moment (status {status})", provider.name),
        _ => format!("{} answered with the unexpected status {status}", provider.name),
    }
}

/// Whether an answer means "too many requests": its status is 429, or one of the provider's own. The provider's own
/// statuses may also mean other things, so its headers must confirm it, if it has such headers.
fn is_limited(limit: &RateLimit, answer: &ProbeAnswer<'_>) -> bool {
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
