//! What a health probe's answer means: the credential works, the provider refuses it, or the provider has trouble.

use serde::{Deserialize, Serialize};
use serde_json::Value;
use time::{Duration, OffsetDateTime};

use crate::catalog::{AnswerCheck, AnswerShape, AuthKind, Provider, Setup, TokenRules};
use crate::lifecycle::Health;
use crate::oauth::TokenProblem;
use crate::probe_answer::{ProbeAnswer, error_code};
use crate::rate_limit::{is_exceeded, told_time};

/// How far the time of a signature may be from AWS's.
/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/signature-v4-troubleshooting.html>
const SIGNED_TIME: Duration = Duration::minutes(5);

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
    /// It is at a host of the customer's own that the operator does not approve.
    #[error(
        "is at a host that this server may not call: its operator approves hosts with RIQ_APPROVED_HOSTS, and does not \
         approve this one any more"
    )]
    Unapproved,
    /// It redirected to another host, which must not get the credential.
    #[error("redirected the request to another host")]
    Redirected,
    /// Its answer was larger than the server reads.
    #[error("sent an answer that is too large")]
    TooLarge,
    /// The connection broke, or the answer was not HTTP.
    #[error("broke the connection before its answer was complete")]
    Broken,
    /// Its answer is compressed in a way that the server does not read.
    #[error("compressed its answer in a way that this server does not read")]
    Compressed,
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
    },
    /// The provider refuses the credential.
    Dead {
        /// What is wrong, and what to do.
        message: String,
    },
    /// Nobody was asked, because the provider has no request that tells.
    Unasked,
}

impl Verdict {
    /// The health that follows from it.
    pub const fn health(&self) -> Health {
        match self {
            Self::Well => Health::Healthy,
            Self::Degraded { .. } => Health::Degraded,
            Self::Dead { .. } => Health::Unhealthy,
            Self::Unasked => Health::Unknown,
        }
    }

    /// What is wrong, if anything is.
    pub fn message(&self) -> Option<&str> {
        match self {
            Self::Well | Self::Unasked => None,
            Self::Degraded { message } | Self::Dead { message } => Some(message),
        }
    }
}

/// Judges how a provider answered its probe.
///
/// In this order: too many requests; an error code that means a dead credential; a refused status; a good status
/// with the proof that the provider's file asks for. Anything else says nothing about the credential.
pub fn judge(provider: &Provider, outcome: Result<&ProbeAnswer<'_>, NoAnswer>) -> Verdict {
    let (name, Some(probe)) = (&provider.name, provider.probe.request()) else { return Verdict::Unasked };
    let answer = match outcome {
        Ok(answer) => answer,
        Err(reason) => return degraded(format!("{name} {reason}")),
    };
    let status = answer.status;
    if is_exceeded(&provider.rate_limit, answer) {
        return degraded(format!("{name} is getting too many requests at the moment"));
    }
    let is_good = probe.good_statuses.contains(&status);
    let is_refused = probe.refused_statuses.contains(&status);
    match judge_body(&probe.answer, answer) {
        BodyVerdict::Refused(code) => dead(provider, Some(&code)),
        // Firewalls and content delivery networks answer with these statuses too, for reasons of their own. 401 is the
        // one that is about the credential alone (RFC 9110, section 15.5.2).
        BodyVerdict::Unproven(instead @ Instead::WebPage) if is_refused && status != 401 => {
            degraded(format!("{name} answered with {instead} (status {status})"))
        }
        _ if is_refused => dead(provider, None),
        BodyVerdict::Proven if is_good => Verdict::Well,
        BodyVerdict::Otherwise if is_good && probe.answer.refused_otherwise => dead(provider, None),
        BodyVerdict::Otherwise if is_good => degraded(format!("{name} sent an answer that was not expected")),
        BodyVerdict::Unproven(instead) if is_good => degraded(format!("{name} answered with {instead}")),
        _ => degraded(trouble(provider, status)),
    }
}

/// Judges the answer to a probe that was sent at `now` by this server's clock.
///
/// Where requests are signed with the time, a refusal says nothing of the credential while this clock is wrong: the
/// provider then refuses every signature, often with the code that it has for a wrong key.
pub fn judge_at(provider: &Provider, answer: &ProbeAnswer<'_>, now: OffsetDateTime) -> Verdict {
    let verdict = judge(provider, Ok(answer));
    let is_off = || told_time(answer).is_some_and(|told| (told - now).abs() > SIGNED_TIME);
    if !provider.signs() || !matches!(verdict, Verdict::Dead { .. }) || !is_off() {
        return verdict;
    }
    let name = &provider.name;
    degraded(format!(
        "{name} does not accept what this server signs, because their clocks are more than 5 minutes apart: its \
         operator sets the clock"
    ))
}

/// Judges why a refresh returned no new tokens (RFC 6749, section 5.2). The verdict is `Dead` if the refresh token is
/// dead, or if the provider refuses and the access token has ended (`has_ended`), because then nothing works until
/// somebody acts. Otherwise it is `Degraded`.
pub fn judge_refresh(
    provider: &Provider,
    rules: &TokenRules,
    problem: &TokenProblem,
    has_ended: bool,
) -> Verdict {
    let name = &provider.name;
    let found = match problem {
        problem if problem.is_dead(rules) => {
            return Verdict::Dead { message: format!("{}: connect it again", refused(provider, problem)) };
        }
        TokenProblem::Refused { code, .. } => format!("{name} refused to issue a new access token ({code})"),
        TokenProblem::Unavailable { .. } => {
            return degraded(format!("{name} did not issue a new access token: {problem}"));
        }
        problem => format!("{name} did not issue a new access token: {problem}"),
    };
    let remedy = if problem.is_about_the_app() && provider.oauth_by_app().is_some() {
        "Check the client id and secret of its OAuth app, or connect it again"
    } else {
        "Connect it again"
    };
    stuck(found, remedy, has_ended)
}

/// Says that the provider does not accept what asks for a token, and its code for that.
pub fn refused(provider: &Provider, problem: &TokenProblem) -> String {
    let what = match provider.auth {
        AuthKind::ClientCredentials => "the client id and secret",
        AuthKind::TokenExchange => "what was entered to log in",
        AuthKind::Jwt => "what is signed with the key",
        AuthKind::OAuth if provider.long_lived().is_some() => "the access token",
        AuthKind::OAuth | AuthKind::Mcp | AuthKind::ApiKey | AuthKind::AwsSigV4 | AuthKind::WebhookUrl => {
            "the refresh token"
        }
    };
    let code = match problem {
        TokenProblem::Refused { code, .. } => format!(" ({code})"),
        TokenProblem::Unaccepted { status, .. } => format!(" (status {status})"),
        _ => String::new(),
    };
    format!("{} does not accept {what}{code}", provider.name)
}

/// The verdict if tokens cannot be refreshed until somebody acts: `Degraded` while the access token works, and `Dead`
/// with the remedy once it has ended (`has_ended`).
pub fn stuck(found: String, remedy: &str, has_ended: bool) -> Verdict {
    if has_ended { Verdict::Dead { message: format!("{found}. {remedy}") } } else { degraded(found) }
}

/// The verdict if the provider refuses the access token, and its token endpoint asked for no requests for the moment.
pub fn renewal_must_wait(provider: &Provider) -> Verdict {
    let name = &provider.name;
    degraded(format!("{name} does not accept the access token, and asks to wait before it issues a new one"))
}

/// The verdict if the provider refuses the access token, and refresh tokens are not sent from a copy of a database.
pub fn renewal_rests(provider: &Provider) -> Verdict {
    let name = &provider.name;
    degraded(format!(
        "{name} does not accept the access token, and this server renews no tokens that work once, because its \
         database was restored or copied: its operator decides which server goes on"
    ))
}

/// The verdict if a refresh token was sent, but the answer was lost: the provider may have ended the token.
pub fn interrupted_refresh(provider: &Provider) -> Verdict {
    let name = &provider.name;
    Verdict::Dead {
        message: format!("The renewal of {name}'s access token was interrupted: connect it again"),
    }
}

/// The verdict if the stored credential cannot be opened. The provider has nothing against it, but nothing works until
/// somebody acts, and a probe leads back as soon as the key is there again.
pub fn sealed() -> Verdict {
    let message = "The stored credential cannot be opened with this server's encryption keys: its operator finds the \
                   cause in the log; to go on without the old credential, connect it again";
    Verdict::Dead { message: message.to_owned() }
}

/// The verdict if the operator does not approve the host of an integration any more. The provider has nothing against
/// the credential, and a probe leads back as soon as the host is approved again.
pub fn unapproved(provider: &Provider) -> Verdict {
    Verdict::Dead { message: format!("{} {}", provider.name, NoAnswer::Unapproved) }
}

/// What a body says about the credential, whatever the status of its answer.
enum BodyVerdict {
    /// It is what the provider's file asks for.
    Proven,
    /// It has this error code, which means a dead credential.
    Refused(String),
    /// It has another value at the place of the proof.
    Otherwise,
    /// It proves nothing.
    Unproven(Instead),
}

/// What came in place of the proof.
#[derive(Clone, Copy, Debug, thiserror::Error)]
enum Instead {
    #[error("an empty body instead of JSON")]
    Empty,
    #[error("a web page instead of JSON")]
    WebPage,
    #[error("something that is not JSON")]
    NotJson,
    #[error("JSON of another shape than expected")]
    OtherShape,
    #[error("JSON that does not say whether it accepts the credential")]
    Silent,
}

fn judge_body(check: &AnswerCheck, answer: &ProbeAnswer<'_>) -> BodyVerdict {
    if check.shape == AnswerShape::None {
        return BodyVerdict::Proven;
    }
    let body = answer.body();
    let Some(json) = body.json() else {
        let is_empty = answer.body.trim_ascii().is_empty();
        return BodyVerdict::Unproven(match body.looks_like_html() {
            _ if is_empty => Instead::Empty,
            true => Instead::WebPage,
            false => Instead::NotJson,
        });
    };
    let verdict = judge_json(check, &json);
    let code = check.error.as_ref().and_then(|pointer| error_code(pointer.of(&json)?));
    match code.filter(|code| check.refused_errors.contains(code)) {
        Some(code) if !matches!(verdict, BodyVerdict::Proven) => BodyVerdict::Refused(code),
        _ => verdict,
    }
}

fn judge_json(check: &AnswerCheck, json: &Value) -> BodyVerdict {
    let has_shape = match check.shape {
        AnswerShape::Object => json.is_object(),
        AnswerShape::Array => json.is_array(),
        AnswerShape::None => true,
    };
    let found = check.pointer.as_ref().map(|pointer| pointer.of(json));
    let is_expected = |value: &Value| match &check.equals {
        Some(equals) => value == equals,
        None => !value.is_null(),
    };
    match found {
        _ if !has_shape => BodyVerdict::Unproven(Instead::OtherShape),
        None => BodyVerdict::Proven,
        Some(None) => BodyVerdict::Unproven(Instead::Silent),
        Some(Some(value)) if is_expected(value) => BodyVerdict::Proven,
        Some(Some(_)) => BodyVerdict::Otherwise,
    }
}

/// The verdict if the provider has trouble.
pub fn degraded(message: String) -> Verdict {
    Verdict::Degraded { message }
}

fn dead(provider: &Provider, code: Option<&str>) -> Verdict {
    let what = match provider.setup {
        Setup::OAuth(_) | Setup::Fetched(_) => "access token",
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
