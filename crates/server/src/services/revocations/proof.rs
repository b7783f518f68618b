//! Shows a credential to its provider, to see whether it is refused.

use std::time::Duration;

use integrations_core::{health::Verdict, oauth::Grant};
use tokio::time::Instant;

use super::{Revocations, subject::Subject};
use crate::{
    jobs::{Backoff, retry_until},
    provider::{authorization_server::AuthorizationServer, prober::asked_to_wait},
    store::{RevocationClaim, StoreError},
    vault::Purpose,
};

/// How long it is tried to store new tokens. Without them nobody could revoke them.
const PATIENCE: Duration = Duration::from_secs(60);
const PAUSE: Duration = Duration::from_millis(500);

/// What the provider makes of a credential.
pub(super) enum Shown {
    /// It refuses it. This is the proof.
    Refused,
    /// It takes it. `is_new`: the provider has issued new tokens, which are stored in place of the old ones.
    Works {
        /// Whether there are new tokens.
        is_new: bool,
    },
    /// It does not say.
    Unclear {
        /// Why.
        message: String,
        /// How long it asks not to be asked.
        wait: Option<Duration>,
    },
    /// Somebody else has taken over.
    Lost,
}

impl Shown {
    fn unclear(message: impl Into<String>) -> Self {
        Self::Unclear { message: message.into(), wait: None }
    }
}

impl Revocations {
    /// Shows the credential to the provider's API. If the access token has expired by itself, its refusal proves
    /// nothing about the refresh token, which is then shown as well.
    pub(super) async fn show(
        &self,
        claim: &mut RevocationClaim,
        subject: &mut Subject,
    ) -> Result<Shown, StoreError> {
        let Subject { provider, connection, credential } = &*subject;
        let request = self.0.prober.request(provider, connection, credential);
        let checked = self.0.prober.check(provider, request).await;
        match checked.verdict {
            Verdict::Well => Ok(Shown::Works { is_new: false }),
            Verdict::Unasked => Ok(Shown::unclear("the provider has no request that would tell")),
            Verdict::Degraded { message } => Ok(Shown::Unclear { message, wait: checked.wait }),
            Verdict::Dead { .. } => {
                let has_expired = claim.expires_at.is_some_and(|at| at <= self.environment.now());
                match subject.refresh_token().filter(|_| has_expired).map(str::to_owned) {
                    Some(token) => self.show_refresh_token(claim, subject, token).await,
                    None => Ok(Shown::Refused),
                }
            }
        }
    }

    async fn show_refresh_token(
        &self,
        claim: &mut RevocationClaim,
        subject: &mut Subject,
        token: String,
    ) -> Result<Shown, StoreError> {
        let provider = std::sync::Arc::clone(&subject.provider);
        let Some(oauth) = provider.oauth() else { return Ok(Shown::Refused) };
        let Some(app) = self.app_of(claim, subject).await else {
            return Ok(Shown::unclear(
                "the OAuth app that got the tokens is not set on this server any more",
            ));
        };
        let Ok(server) =
            AuthorizationServer::new(&provider, oauth, (&subject.connection, &subject.credential), &app)
        else {
            return Ok(Shown::unclear("the address of the token endpoint cannot be made"));
        };
        let answer = match server.refresh(&self.outbound, token).await {
            Ok(answer) => answer,
            Err(reason) => return Ok(Shown::unclear(format!("{} {reason}", provider.name))),
        };
        let now = self.environment.now();
        match Grant::renew(oauth, &subject.credential, answer.status, &answer.body(), now) {
            Ok(grant) => self.keep(claim, subject, grant).await,
            Err(problem) if problem.is_dead(&oauth.tokens) => Ok(Shown::Refused),
            Err(problem) => {
                let message =
                    format!("{} did not say whether the refresh token works: {problem}", provider.name);
                Ok(Shown::Unclear { message, wait: asked_to_wait(&provider, &answer, now) })
            }
        }
    }

    /// Keeps new tokens in place of the old ones: they are what must be revoked now.
    async fn keep(
        &self,
        claim: &mut RevocationClaim,
        subject: &mut Subject,
        grant: Grant,
    ) -> Result<Shown, StoreError> {
        let plain = serde_json::to_vec(&grant.credential).unwrap_or_default();
        let sealed = self.vault.seal(&plain, Purpose::from(&claim.sealed));
        let store = || async { self.store.renew_revocation(claim, sealed.clone(), grant.expires_at).await };
        let stored = retry_until(Instant::now() + PATIENCE, Backoff::constant(PAUSE), store).await?;
        claim.sealed.of.sealed = sealed;
        claim.expires_at = grant.expires_at;
        subject.credential = grant.credential;
        Ok(if stored { Shown::Works { is_new: true } } else { Shown::Lost })
    }
}
