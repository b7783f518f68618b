//! One attempt to revoke.

use std::time::Duration as Std;

use integrations_core::{
    audit::{Acting, AuditAction},
    catalog::{Revoke, RevokeCalls},
    health::NoAnswer,
    revocation::{Reaches, RevocationStatus, TRIED_FOR, next_attempt},
};
use time::{Duration, OffsetDateTime};

use super::{Revocations, proof::Shown, subject::Subject};
use crate::{
    provider::{
        outbound::{NotMade, prepare_revocation},
        prober::asked_to_wait,
    },
    store::{AttemptEnd, NewAuditEvent, RevocationClaim, StoreError},
};

/// How many requests to providers an attempt makes at most, roughly: it shows the credential, revokes two tokens and
/// shows it again, with its refresh token, and all that twice.
const REQUESTS: u32 = 10;
/// What an attempt has room for beside them.
const FOR_THE_DATABASE: Std = Std::from_secs(10);
/// How often an attempt revokes: once more if the provider has issued new tokens instead of refusing the old ones.
const ROUNDS: u32 = 2;
/// The longest wait for an access token that expires by itself.
const LONGEST_LIFE: Duration = Duration::days(7);

/// What came of an attempt.
enum Outcome {
    /// The provider refused the credential.
    Revoked,
    /// It cannot be revoked. The text says why.
    Unsupported(String),
    /// Only the refresh token has ended. The access token expires at this time.
    LivesOn(OffsetDateTime),
    /// It is not proven yet.
    NotYet {
        /// Why.
        message: String,
        /// How long the provider asks not to be asked.
        wait: Option<Std>,
    },
    /// Somebody else has taken over.
    Lost,
}

impl Outcome {
    fn not_yet(message: impl Into<String>) -> Self {
        Self::NotYet { message: message.into(), wait: None }
    }
}

/// What came of sending the requests.
enum Sent {
    /// They were sent. `wait`: how long the provider asks not to be asked. `is_taken`: it took each, whatever it made
    /// of it.
    Requests { wait: Option<Std>, is_taken: bool },
    /// Nothing was sent, and this is what came of the attempt.
    Nothing(Outcome),
}

impl Revocations {
    /// When an attempt that begins now counts as abandoned.
    pub(super) fn lease_end(&self) -> OffsetDateTime {
        self.environment.now() + (self.outbound.timeout() * REQUESTS + FOR_THE_DATABASE)
    }

    /// Attempts, and stores what comes of it.
    #[tracing::instrument(skip_all, fields(revocation = %claim.sealed.revocation, provider = %claim.provider))]
    pub(super) async fn attempt(&self, mut claim: RevocationClaim) -> Result<(), StoreError> {
        let outcome = self.carry_out(&mut claim).await?;
        let now = self.environment.now();
        let has_waited = claim.until.is_some();
        let (status, message) = match outcome {
            Outcome::Lost => return Ok(()),
            Outcome::Revoked => (RevocationStatus::Revoked, None),
            Outcome::Unsupported(message) => (RevocationStatus::Unsupported, Some(message)),
            Outcome::LivesOn(until) if !has_waited || now < claim.tried_since + TRIED_FOR => {
                let message =
                    "Its refresh token is revoked. An access token works on until it expires".to_owned();
                let tried_since = if has_waited { claim.tried_since } else { until };
                let end = AttemptEnd::LivesOn { until, tried_since, message };
                return self.store.end_attempt(&claim, end, Vec::new(), now).await.map(drop);
            }
            Outcome::LivesOn(_) => {
                (RevocationStatus::Failed, Some("the refresh token works again and again".to_owned()))
            }
            Outcome::NotYet { message, wait } => match next_attempt(claim.tried_since, now, wait) {
                Some(at) => {
                    let end = AttemptEnd::Again { at, message };
                    return self.store.end_attempt(&claim, end, Vec::new(), now).await.map(drop);
                }
                None => (RevocationStatus::Failed, Some(message)),
            },
        };
        self.end(&claim, status, message, now).await
    }

    async fn end(
        &self,
        claim: &RevocationClaim,
        status: RevocationStatus,
        message: Option<String>,
        now: OffsetDateTime,
    ) -> Result<(), StoreError> {
        // What was sent may have ended more than it should.
        let others = match claim.reaches {
            Some(_) => self.store.live_accounts(claim.provider.key(), claim.account_id.as_deref()).await?,
            None => Vec::new(),
        };
        let others = others.iter().map(|other| other.id()).collect();
        let action = AuditAction::IntegrationRevocationEnded;
        let event = NewAuditEvent {
            project: Some(claim.tenant.project),
            integration: Some((claim.sealed.of.integration, claim.provider.to_string())),
            ..NewAuditEvent::new(&self.environment, claim.tenant.organization, action, Acting::SYSTEM)
        };
        let end = AttemptEnd::Ended { status, message, event: Box::new(event) };
        if self.store.end_attempt(claim, end, others, now).await? {
            self.metrics.revocation(claim.provider.key(), status);
            tracing::info!(
                status = status.as_str(),
                "it is known what came of revoking an integration's access"
            );
        }
        Ok(())
    }

    async fn carry_out(&self, claim: &mut RevocationClaim) -> Result<Outcome, StoreError> {
        let ways = self.catalog.ways(claim.provider.key());
        let Some(provider) =
            ways.map(|ways| claim.auth.and_then(|auth| ways.of(auth)).unwrap_or(ways.first()))
        else {
            return Ok(Outcome::not_yet("the provider's file is missing on this server"));
        };
        let Some(Revoke::Calls(calls)) = &provider.revoke else {
            return Ok(Outcome::Unsupported(
                "the provider's file does not say any more how to revoke".to_owned(),
            ));
        };
        let Some(mut subject) = self.open(claim, provider) else {
            return Ok(Outcome::not_yet("the credential cannot be opened: check the encryption keys"));
        };
        // It may have been sent before, by one that was interrupted, or the provider may only have been slow.
        if claim.sent_at.is_some() {
            match self.show(claim, &mut subject).await? {
                Shown::Works { .. } => {}
                shown => return Ok(of_shown(shown, &provider.name)),
            }
        }
        for round in 1..=ROUNDS {
            let wait = match self.send(claim, calls, &subject).await? {
                Sent::Nothing(outcome) => return Ok(outcome),
                Sent::Requests { wait, is_taken } => {
                    if let Some(until) = self.lives_until(claim, calls).filter(|_| is_taken) {
                        return Ok(Outcome::LivesOn(until));
                    }
                    wait
                }
            };
            match self.show(claim, &mut subject).await? {
                Shown::Works { is_new: true } if round < ROUNDS => {}
                shown => {
                    return Ok(match of_shown(shown, &provider.name) {
                        Outcome::NotYet { message, wait: None } => Outcome::NotYet { message, wait },
                        outcome => outcome,
                    });
                }
            }
        }
        Ok(Outcome::not_yet("the provider issues new tokens"))
    }

    /// Until when the access token works on, if the request ends the refresh token alone.
    fn lives_until(&self, claim: &RevocationClaim, calls: &RevokeCalls) -> Option<OffsetDateTime> {
        let now = self.environment.now();
        let lives = Duration::seconds(calls.access_token_lives_seconds?.into());
        let until = claim.expires_at.unwrap_or(now + lives).min(now + LONGEST_LIFE);
        (until > now).then_some(until)
    }

    /// Sends the requests that end as much as may be ended, once it is marked that they are sent.
    async fn send(
        &self,
        claim: &mut RevocationClaim,
        calls: &RevokeCalls,
        subject: &Subject,
    ) -> Result<Sent, StoreError> {
        let provider = &subject.provider;
        let sharing = self.sharing(claim, subject).await?;
        if sharing.has_credential {
            let message =
                "Another connection on this server uses the same credential, which would end with it";
            return Ok(Sent::Nothing(Outcome::Unsupported(message.to_owned())));
        }
        let Some((reaches, call)) = calls.choose(sharing.is_by_app) else {
            return Ok(Sent::Nothing(Outcome::Unsupported(format!(
                "{} can only end everything at once that the app may do for the account, and another connection on this \
                 server lives by that",
                provider.name,
            ))));
        };
        let app = self.app_of(claim, subject).await;
        let client = app.as_ref().map(|app| (app.client_id.as_str(), &app.client_secret));
        let (connection, credential) = (&subject.connection, &subject.credential);
        let prepared = prepare_revocation(call, provider, connection, credential, client, &self.environment);
        let requests = match prepared {
            Ok(requests) => requests,
            Err(error @ NotMade::NoToken) => {
                return Ok(Sent::Nothing(Outcome::Unsupported(error.to_string())));
            }
            Err(_) if !provider.is_approved(&subject.connection, &subject.credential) => {
                let message = format!("{} {}", provider.name, NoAnswer::Unapproved);
                return Ok(Sent::Nothing(Outcome::not_yet(message)));
            }
            Err(error) => return Ok(Sent::Nothing(Outcome::not_yet(error.to_string()))),
        };
        let now = self.environment.now();
        if !self.store.mark_revocation(claim, reaches, now).await? {
            return Ok(Sent::Nothing(Outcome::Lost));
        }
        claim.reaches = Some(reaches);
        claim.sent_at.get_or_insert(now);
        // Somebody may have connected the account again meanwhile.
        if reaches == Reaches::Grant && self.sharing(claim, subject).await?.is_by_app {
            return Ok(Sent::Nothing(Outcome::not_yet("the account was connected again meanwhile")));
        }
        let (mut wait, mut is_taken) = (None, true);
        for request in requests {
            match self.outbound.send_once(request).await {
                Ok(answer) => {
                    is_taken &= answer.status < 500 && !matches!(answer.status, 401 | 403 | 408 | 429);
                    wait = wait.max(asked_to_wait(provider, &answer, now));
                }
                Err(_) => is_taken = false,
            }
        }
        Ok(Sent::Requests { wait, is_taken })
    }
}

/// What follows from what the provider made of the credential.
fn of_shown(shown: Shown, name: &str) -> Outcome {
    match shown {
        Shown::Refused => Outcome::Revoked,
        Shown::Works { .. } => Outcome::not_yet(format!("{name} still takes the credential")),
        Shown::Unclear { message, wait } => Outcome::NotYet { message, wait },
        Shown::Lost => Outcome::Lost,
    }
}
