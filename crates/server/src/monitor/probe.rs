//! One probe: asks the provider whether a credential works, and whose it is.

use integrations_core::{
    catalog::{AccountSource, Call, Provider},
    health::{self, NoAnswer, ProbeAnswer, Verdict},
    oauth::AccountIdentity,
};
use serde_json::{Map, Value};

use crate::{
    environment::Environment,
    outbound::{Answer, Outbound, prepare},
};

/// What a probe found.
#[derive(Clone, Debug, PartialEq)]
pub struct Findings {
    /// Whether the credential works.
    pub verdict: Verdict,
    /// Whose it is, where the provider says.
    pub account: Option<AccountIdentity>,
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
        let verdict = self.judge(provider, outcome.as_ref().map_err(|reason| *reason));
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
        let request = prepare(call, provider, connection, credential).map_err(|error| {
            // Checked values always fill in; an operator's own provider file may still be at fault.
            tracing::warn!(provider = %provider.key, %error, "a request to a provider cannot be made");
            NoAnswer::Unreachable
        })?;
        self.outbound.send(request).await
    }

    fn judge(&self, provider: &Provider, outcome: Result<&Answer, NoAnswer>) -> Verdict {
        let now = self.environment.now();
        let answer = match outcome {
            Ok(answer) => answer,
            Err(reason) => return health::judge(provider, Err(reason), now),
        };
        let headers: Vec<(&str, &str)> = answer
            .headers
            .iter()
            .filter_map(|(name, value)| Some((name.as_str(), value.to_str().ok()?)))
            .collect();
        let answer = ProbeAnswer { status: answer.status, headers: &headers, body: &answer.body };
        health::judge(provider, Ok(&answer), now)
    }
}
