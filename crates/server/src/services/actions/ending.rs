//! What came of sending the request of an action.

use std::time::Duration;

use integrations_core::{
    action::{Outcome, RenderedRequest, RunStatus, outcome},
    catalog::{ActionKind, action::Action},
    error::ErrorCode,
    health::NoAnswer,
};
use serde_json::{Map, Value};

use super::{delivery::Delivery, secrets::Secrets};
use crate::{provider::action_caller::Sent, store::RunFailure};

/// The pause before a write is sent again under the provider's key of idempotency: the first may still be under way.
const BEFORE_REPEAT: Duration = Duration::from_secs(2);
/// The longest result, in bytes of JSON.
const RESULT_LIMIT: usize = 1024 * 1024;
/// The longest message of a provider, in characters.
const MESSAGE_LIMIT: usize = 1000;

/// How a run ends.
#[derive(Debug)]
pub(super) struct Ending {
    pub(super) status: RunStatus,
    pub(super) provider_status: Option<u16>,
    pub(super) result: Option<Value>,
    pub(super) error: Option<RunFailure>,
}

/// What came of a request.
#[derive(Debug)]
enum Came {
    /// Not one byte of it left.
    Unsent(NoAnswer),
    /// It may have arrived.
    Lost(NoAnswer),
    /// An answer with this status came.
    Answered { outcome: Outcome, status: u16, cut_off: Option<NoAnswer> },
}

impl Came {
    /// Whether it may have been done.
    const fn is_open(&self) -> bool {
        matches!(self, Self::Lost(_) | Self::Answered { outcome: Outcome::Unknown, .. })
    }

    const fn is_done(&self) -> bool {
        let outcome = match self {
            Self::Answered { outcome, .. } => outcome,
            Self::Unsent(_) | Self::Lost(_) => return false,
        };
        matches!(outcome, Outcome::Succeeded { .. } | Outcome::Accepted { .. })
    }
}

impl Delivery {
    /// Sends the request of an action, and says what came of it.
    pub(super) async fn perform(&mut self, action: &Action, request: &RenderedRequest) -> Ending {
        let came = if action.kind == ActionKind::ReadOnly {
            let sent = self.read(request).await;
            self.judge(action, sent)
        } else {
            self.write(action, request).await
        };
        let name = &self.opened.provider().name;
        end(came, name, action.kind == ActionKind::ReadOnly, &self.secrets())
    }

    /// Sends what changes something: once, or again under the provider's key of idempotency. Only that it was done is
    /// believed of the second answer: a refusal may mean that the first request was taken.
    async fn write(&mut self, action: &Action, request: &RenderedRequest) -> Came {
        let sent = self.send(request, true).await;
        let first = self.judge(action, sent);
        if !first.is_open() || action.request.idempotency.is_none() {
            return first;
        }
        self.actions.environment.pause(BEFORE_REPEAT).await;
        let sent = self.send(request, true).await;
        let second = self.judge(action, sent);
        if second.is_done() { second } else { first }
    }

    fn judge(&self, action: &Action, sent: Sent) -> Came {
        let answer = match sent {
            Sent::Nothing(why) => return Came::Unsent(why),
            Sent::Lost(why) => return Came::Lost(why),
            Sent::Answer(answer) => answer,
        };
        let provider = self.opened.provider();
        let outcome = match outcome(action, &provider.rate_limit, answer.status, &answer.body()) {
            // The provider's headers may say it of a status that means other things too.
            Outcome::Failed { .. } | Outcome::Unknown | Outcome::Unavailable
                if self.actions.0.caller.is_limited(provider, &answer) =>
            {
                Outcome::RateLimited
            }
            outcome => outcome,
        };
        Came::Answered { outcome, status: answer.status, cut_off: answer.cut_off }
    }
}

/// The end of a run that was found at a provider of this name.
pub(super) fn of_outcome(outcome: Outcome, status: u16, name: &str, secrets: &Secrets) -> Ending {
    end(Came::Answered { outcome, status, cut_off: None }, name, false, secrets)
}

/// The end of a run, for a provider of this name.
fn end(came: Came, name: &str, only_reads: bool, secrets: &Secrets) -> Ending {
    let (outcome, status, cut_off) = match came {
        Came::Answered { outcome, status, cut_off } => (outcome, status, cut_off),
        Came::Lost(why) if !only_reads => {
            return failed(RunStatus::Unknown, None, ErrorCode::OutcomeUnknown, may_be_done(name, &why));
        }
        Came::Unsent(why) | Came::Lost(why) => {
            let message = format!("{name} {why}; nothing was done");
            return failed(RunStatus::Failed, None, ErrorCode::ProviderUnavailable, message);
        }
    };
    let refused = |message| failed(RunStatus::Failed, Some(status), ErrorCode::ProviderRefused, message);
    let done = |run_status, result| Ending {
        status: run_status,
        provider_status: Some(status),
        result: Some(bounded(secrets.hide(result))),
        error: None,
    };
    match outcome {
        Outcome::Succeeded { result, .. } => done(RunStatus::Succeeded, result),
        Outcome::Accepted { result } => done(RunStatus::Accepted, result),
        Outcome::Failed { message: Some(message), .. } => {
            refused(secrets.hide_in_text(&message).chars().take(MESSAGE_LIMIT).collect())
        }
        Outcome::Failed { message: None, .. } => refused(match cut_off {
            Some(why) => format!("{name} {why}"),
            None => format!("{name} refused the call with the status {status} and no message"),
        }),
        Outcome::Unauthorized => refused(format!("{name} does not accept the credential")),
        Outcome::RateLimited => {
            let message = format!("{name} allows no more requests for now; nothing was done");
            failed(RunStatus::Failed, Some(status), ErrorCode::ProviderRateLimited, message)
        }
        Outcome::Unavailable => {
            let message = format!("{name} has trouble (status {status}); nothing was done");
            failed(RunStatus::Failed, Some(status), ErrorCode::ProviderUnavailable, message)
        }
        Outcome::Unknown => {
            let message = match cut_off {
                Some(why) => may_be_done(name, &why),
                None => {
                    may_be_done(name, &format_args!("sent an answer that does not say (status {status})"))
                }
            };
            failed(RunStatus::Unknown, Some(status), ErrorCode::OutcomeUnknown, message)
        }
    }
}

fn may_be_done(name: &str, why: &dyn std::fmt::Display) -> String {
    format!("{name} {why}; it may have been done. Look there before you call again")
}

pub(super) fn failed(
    status: RunStatus,
    provider_status: Option<u16>,
    code: ErrorCode,
    message: String,
) -> Ending {
    Ending { status, provider_status, result: None, error: Some(RunFailure { code, message }) }
}

/// A result within its limit. Of what is largest in it, the end is cut off, and `truncated` says so.
fn bounded(result: Value) -> Value {
    let Value::Object(mut members) = result else { return result };
    let size = |value: &Value| value.to_string().len();
    let whole = |members: &Map<String, Value>| members.values().map(size).sum::<usize>();
    let mut is_cut = false;
    while whole(&members) > RESULT_LIMIT {
        let Some((_, largest)) = members.iter_mut().max_by_key(|(_, value)| size(value)) else { break };
        is_cut = true;
        match largest {
            Value::Array(items) if items.len() > 1 => items.truncate(items.len() / 2),
            Value::String(text) => text.truncate(text.floor_char_boundary(text.len() / 2)),
            other => *other = Value::Null,
        }
    }
    if is_cut {
        members.insert("truncated".to_owned(), true.into());
    }
    members.into()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_long_result_is_cut_at_an_item_and_says_so() {
        let short = json!({"orders": [1, 2], "cursor": "c"});
        assert_eq!(bounded(short.clone()), short);
        let order = json!({"text": "é".repeat(100_000)});
        let cut = bounded(json!({"orders": vec![order.clone(); 9], "cursor": "c"}));
        assert_eq!(cut, json!({"orders": vec![order; 4], "cursor": "c", "truncated": true}));
        let cut = bounded(json!({"text": "é".repeat(RESULT_LIMIT)}));
        assert_eq!(cut["text"].as_str().unwrap().len(), RESULT_LIMIT / 2);
        let cut = bounded(json!({"one": {"text": "x".repeat(RESULT_LIMIT)}, "id": 1}));
        assert_eq!(cut, json!({"one": null, "id": 1, "truncated": true}));
    }

    #[test]
    fn only_what_certainly_did_not_happen_has_failed() {
        let ended = |came, only_reads| {
            let Ending { status, error, .. } = end(came, "Desk", only_reads, &Secrets::default());
            (status, error.map(|error| error.code))
        };
        let answered = |outcome, status| Came::Answered { outcome, status, cut_off: None };
        let (failed, unknown) = (RunStatus::Failed, RunStatus::Unknown);
        let refused = || Outcome::Failed { message: None, status: 400 };
        for (came, only_reads, status, code) in [
            (Came::Unsent(NoAnswer::Unreachable), false, failed, ErrorCode::ProviderUnavailable),
            (Came::Lost(NoAnswer::Broken), false, unknown, ErrorCode::OutcomeUnknown),
            (Came::Lost(NoAnswer::Broken), true, failed, ErrorCode::ProviderUnavailable),
            (answered(Outcome::Unknown, 500), false, unknown, ErrorCode::OutcomeUnknown),
            (answered(refused(), 400), false, failed, ErrorCode::ProviderRefused),
            (answered(Outcome::Unauthorized, 401), false, failed, ErrorCode::ProviderRefused),
            (answered(Outcome::RateLimited, 429), false, failed, ErrorCode::ProviderRateLimited),
            (answered(Outcome::Unavailable, 502), true, failed, ErrorCode::ProviderUnavailable),
        ] {
            let told = format!("{came:?}");
            assert_eq!(ended(came, only_reads), (status, Some(code)), "{told}");
        }
    }
}
