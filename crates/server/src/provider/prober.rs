//! One probe: asks the provider whether a credential works, and whose it is.

use std::time::Duration;

use integrations_core::{
    catalog::{AccountSource, Call, Provider},
    health::{self, NoAnswer, ProbeAnswer, Verdict},
    oauth::AccountIdentity,
};
use serde_json::{Map, Value};
use time::OffsetDateTime;

use crate::{
    environment::Environment,
    provider::outbound::{Answer, Outbound, prepare},
};

/// What a probe found.
#[derive(Clone, Debug, PartialEq)]
pub struct Findings {
    /// Whether the credential works.
    pub verdict: Verdict,
    /// Whose it is, where the provider says.
    pub account: Option<AccountIdentity>,
}

/// What a probe says of a credential, and nothing of whose it is.
#[derive(Clone, Debug, PartialEq)]
pub struct Checked {
    /// Whether it works.
    pub verdict: Verdict,
    /// How long the provider asks to be left alone.
    pub wait: Option<Duration>,
}

/// Sends probes.
#[derive(Clone, Debug)]
pub struct Prober {
    outbound: Outbound,
    environment: Environment,
}

impl Prober {
    /// A prober that asks through `outbound`.
    pub fn new(outbound: Outbound, environment: Environment) -> Self {
        Self { outbound, environment }
    }

    /// Asks whether a credential works and whose it is. `granted` is the answer of the token endpoint, where there is
    /// one: some providers name the account there.
    pub async fn probe(
        &self,
        provider: &Provider,
        connection: &Map<String, Value>,
        credential: &Map<String, Value>,
        granted: Option<&Value>,
    ) -> Findings {
        let outcome = self.call(&provider.probe.call, provider, connection, credential).await;
        let Checked { verdict, .. } = self.judge(provider, outcome.as_ref().map_err(|reason| *reason));
        let probed = outcome.ok().and_then(|answer| serde_json::from_slice::<Value>(&answer.body).ok());
        let account = match &provider.account {
            Some(account) if verdict == Verdict::Well => {
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
                answer.and_then(|answer| account.read(answer, connection))
            }
            _ => None,
        };
        Findings { verdict, account }
    }

    /// The request that asks whether a credential works, where it can be made.
    pub fn request(
        provider: &Provider,
        connection: &Map<String, Value>,
        credential: &Map<String, Value>,
    ) -> Result<http::Request<Vec<u8>>, NoAnswer> {
        make(&provider.probe.call, provider, connection, credential)
    }

    /// Asks whether a credential works, with a request of [`Prober::request`].
    pub async fn check(
        &self,
        provider: &Provider,
        request: Result<http::Request<Vec<u8>>, NoAnswer>,
    ) -> Checked {
        let outcome = match request {
            Ok(request) => self.outbound.send(request).await,
            Err(reason) => Err(reason),
        };
        self.judge(provider, outcome.as_ref().map_err(|reason| *reason))
    }

    /// The answer to a profile call; none where it cannot be had: the account is then not known.
    async fn profile(
        &self,
        call: &Call,
        provider: &Provider,
        connection: &Map<String, Value>,
        credential: &Map<String, Value>,
    ) -> Option<Value> {
        let answer = self.call(call, provider, connection, credential).await.ok()?;
        let is_good = (200..300).contains(&answer.status);
        serde_json::from_slice(&answer.body).ok().filter(|_| is_good)
    }

    async fn call(
        &self,
        call: &Call,
        provider: &Provider,
        connection: &Map<String, Value>,
        credential: &Map<String, Value>,
    ) -> Result<Answer, NoAnswer> {
        self.outbound.send(make(call, provider, connection, credential)?).await
    }

    fn judge(&self, provider: &Provider, outcome: Result<&Answer, NoAnswer>) -> Checked {
        let now = self.environment.now();
        let answer = match outcome {
            Ok(answer) => answer,
            Err(reason) => {
                return Checked { verdict: health::judge(provider, Err(reason), now), wait: None };
            }
        };
        let headers = headers(answer);
        let answer = ProbeAnswer { status: answer.status, headers: &headers, body: &answer.body };
        Checked {
            verdict: health::judge(provider, Ok(&answer), now),
            wait: health::asked_to_wait(provider, &answer, now),
        }
    }
}

/// A request, where it can be made.
fn make(
    call: &Call,
    provider: &Provider,
    connection: &Map<String, Value>,
    credential: &Map<String, Value>,
) -> Result<http::Request<Vec<u8>>, NoAnswer> {
    prepare(call, provider, connection, credential).map_err(|error| {
        // Checked values always fill in; an operator's own provider file may still be at fault.
        tracing::warn!(provider = %provider.key, %error, "a request to a provider cannot be made");
        NoAnswer::Unreachable
    })
}

/// How long a provider asks to be left alone.
pub(crate) fn asked_to_wait(provider: &Provider, answer: &Answer, now: OffsetDateTime) -> Option<Duration> {
    let headers = headers(answer);
    let answer = ProbeAnswer { status: answer.status, headers: &headers, body: &answer.body };
    health::asked_to_wait(provider, &answer, now)
}

fn headers(answer: &Answer) -> Vec<(&str, &str)> {
    answer.headers.iter().filter_map(|(name, value)| Some((name.as_str(), value.to_str().ok()?))).collect()
}
