//! Sends probes: asks the provider whether a credential works and which account it belongs to.

use std::time::Duration;

use http::StatusCode;
use integrations_core::{
    catalog::{AccountSource, Call, ConsentChoice, Provider},
    health::{self, NoAnswer, Verdict},
    oauth::AccountIdentity,
    probe_answer::ProbeAnswer,
    rate_limit,
};
use serde_json::{Map, Value};
use time::OffsetDateTime;

use crate::{
    environment::Environment,
    provider::outbound::{Answer, CallError, Moment, Outbound, prepare},
};

/// How long to wait each time that a provider refuses a token which it has just issued. Some accept one only a moment
/// later.
pub(crate) const UNTIL_ACCEPTED: [Duration; 2] = [Duration::from_secs(1), Duration::from_secs(3)];

/// What a probe found.
#[derive(Clone, Debug, PartialEq)]
pub struct Findings {
    /// Whether the credential works.
    pub verdict: Verdict,
    /// The account that it belongs to, if the provider says.
    pub account: Option<AccountIdentity>,
    /// How long the provider asks not to be called.
    pub wait: Option<Duration>,
}

/// Whether a credential works, without the account.
#[derive(Clone, Debug, PartialEq)]
pub struct Checked {
    /// Whether it works.
    pub verdict: Verdict,
    /// How long the provider asks not to be called.
    pub wait: Option<Duration>,
}

impl Checked {
    /// Whether the provider refuses the credential.
    pub(crate) fn is_refused(&self) -> bool {
        matches!(self.verdict, Verdict::Dead { .. })
    }
}

/// Sends probes.
#[derive(Clone, Debug)]
pub struct Prober {
    outbound: Outbound,
    environment: Environment,
}

impl Prober {
    /// A prober that sends its requests through `outbound`.
    pub fn new(outbound: Outbound, environment: Environment) -> Self {
        Self { outbound, environment }
    }

    /// Asks whether a credential works and which account it belongs to. `granted` is the token endpoint's answer, if
    /// there is one: some providers name the account in it.
    pub async fn probe(
        &self,
        provider: &Provider,
        connection: &Map<String, Value>,
        credential: &Map<String, Value>,
        granted: Option<&Value>,
    ) -> Findings {
        let outcome = self.send(self.request(provider, connection, credential)).await;
        let Checked { verdict, wait } = self.judge(provider, outcome.as_ref().map_err(|reason| *reason));
        let probed = outcome.ok().and_then(|answer| answer.body().json());
        let account = match &provider.account {
            Some(account)
                if matches!(verdict, Verdict::Well | Verdict::Unasked)
                    || account.source == AccountSource::Token =>
            {
                let asked;
                let answer = match (account.source, &account.profile) {
                    (AccountSource::Token, _) => granted,
                    (AccountSource::Probe, _) => probed.as_ref(),
                    (AccountSource::Profile, Some(call)) => {
                        asked = self.profile(call, provider, connection, credential).await;
                        asked.as_ref()
                    }
                    (AccountSource::Profile, None) => None,
                };
                match answer {
                    Some(answer) => account.read(answer, connection, credential),
                    None => account.id_by_stored(connection, credential),
                }
            }
            Some(account) => account.id_by_stored(connection, credential),
            None => None,
        };
        Findings { verdict, account, wait }
    }

    /// The same for a credential that the token endpoint has just issued, with its answer `granted`. If the provider
    /// refuses it, it is asked again.
    pub async fn probe_granted(
        &self,
        provider: &Provider,
        connection: &Map<String, Value>,
        credential: &Map<String, Value>,
        granted: &Value,
    ) -> Findings {
        let is_refused = |findings: &Findings| matches!(findings.verdict, Verdict::Dead { .. });
        self.until_accepted(is_refused, || self.probe(provider, connection, credential, Some(granted))).await
    }

    /// Asks with a token that was just issued, and again after a while if the provider refuses it.
    async fn until_accepted<T, F: Future<Output = T>>(
        &self,
        is_refused: impl Fn(&T) -> bool,
        ask: impl Fn() -> F,
    ) -> T {
        for pause in UNTIL_ACCEPTED {
            let answer = ask().await;
            if !is_refused(&answer) {
                return answer;
            }
            self.environment.pause(pause).await;
        }
        ask().await
    }

    /// Asks of what one is to be chosen, with a token that was just issued. If the provider refuses it, it is asked
    /// again.
    pub async fn list_choices(
        &self,
        provider: &Provider,
        choice: &ConsentChoice,
        connection: &Map<String, Value>,
        credential: &Map<String, Value>,
    ) -> Result<Answer, NoAnswer> {
        let call = choice.call(&provider.auth_request);
        let unauthorized = StatusCode::UNAUTHORIZED.as_u16();
        let is_refused = |answer: &Result<Answer, NoAnswer>| {
            answer.as_ref().is_ok_and(|answer| answer.status == unauthorized)
        };
        self.until_accepted(is_refused, || self.send(self.make(&call, provider, connection, credential)))
            .await
    }

    /// The request that asks whether a credential works. Fails if it cannot be made from the stored values.
    pub fn request(
        &self,
        provider: &Provider,
        connection: &Map<String, Value>,
        credential: &Map<String, Value>,
    ) -> Result<http::Request<Vec<u8>>, NoAnswer> {
        // Without a probe, the verdict is that nobody was asked.
        let probe = provider.probe.request().ok_or(NoAnswer::Unreachable)?;
        self.make(&probe.call, provider, connection, credential)
    }

    /// Asks whether a credential works, with a request of [`Prober::request`].
    pub async fn check(
        &self,
        provider: &Provider,
        request: Result<http::Request<Vec<u8>>, NoAnswer>,
    ) -> Checked {
        let outcome = self.send(request).await;
        self.judge(provider, outcome.as_ref().map_err(|reason| *reason))
    }

    /// The answer to a profile call. `None` if the call fails; the account is then unknown.
    async fn profile(
        &self,
        call: &Call,
        provider: &Provider,
        connection: &Map<String, Value>,
        credential: &Map<String, Value>,
    ) -> Option<Value> {
        let answer = self.send(self.make(call, provider, connection, credential)).await.ok()?;
        let is_good = (200..300).contains(&answer.status);
        answer.body().json().filter(|_| is_good)
    }

    async fn send(&self, request: Result<http::Request<Vec<u8>>, NoAnswer>) -> Result<Answer, NoAnswer> {
        self.outbound.send(request?).await
    }

    fn judge(&self, provider: &Provider, outcome: Result<&Answer, NoAnswer>) -> Checked {
        let answer = match outcome {
            Ok(answer) => answer,
            Err(reason) => return Checked { verdict: health::judge(provider, Err(reason)), wait: None },
        };
        let headers = headers(answer);
        let answer = ProbeAnswer { status: answer.status, headers: &headers, body: &answer.body };
        let now = self.environment.now();
        Checked {
            verdict: health::judge_at(provider, &answer, now),
            wait: rate_limit::asked_to_wait(provider, &answer, now),
        }
    }

    /// Makes a request. Fails if it cannot be made from the stored values.
    fn make(
        &self,
        call: &Call,
        provider: &Provider,
        connection: &Map<String, Value>,
        credential: &Map<String, Value>,
    ) -> Result<http::Request<Vec<u8>>, NoAnswer> {
        let prepared = prepare(call, provider, connection, credential, &Moment::from(&self.environment));
        prepared.map_err(|error| unmade(provider, connection, credential, &error))
    }
}

/// Why no request can be made from what is stored. It is logged.
pub(crate) fn unmade(
    provider: &Provider,
    connection: &Map<String, Value>,
    credential: &Map<String, Value>,
    error: &CallError,
) -> NoAnswer {
    // Checked values always render, so the operator's own provider file is probably wrong.
    tracing::warn!(
        provider = %provider.key,
        %error,
        "a request to a provider cannot be made from the stored values: check the provider's file"
    );
    if provider.is_approved(connection, credential) { NoAnswer::Unreachable } else { NoAnswer::Unapproved }
}

/// Whether an answer means that there were too many requests.
pub(super) fn is_limited(provider: &Provider, answer: &Answer) -> bool {
    let headers = headers(answer);
    let answer = ProbeAnswer { status: answer.status, headers: &headers, body: &answer.body };
    rate_limit::is_exceeded(&provider.rate_limit, &answer)
}

/// How long a provider asks not to be called.
pub(crate) fn asked_to_wait(provider: &Provider, answer: &Answer, now: OffsetDateTime) -> Option<Duration> {
    let headers = headers(answer);
    let answer = ProbeAnswer { status: answer.status, headers: &headers, body: &answer.body };
    rate_limit::asked_to_wait(provider, &answer, now)
}

fn headers(answer: &Answer) -> Vec<(&str, &str)> {
    answer.headers.iter().filter_map(|(name, value)| Some((name.as_str(), value.to_str().ok()?))).collect()
}
