//! Sessions: what a person signs in to with an API key, for which it then stands.

use std::sync::Arc;

use integrations_core::{
    ids::{ApiKeyId, DashboardSessionId, OrganizationId},
    scope::{RequiredScope, any_covers},
};
use time::{Duration, OffsetDateTime};

use super::view::frame::Who;
use crate::{
    api_keys::{ApiKeys, Caller, KeyRefusal, Recalled, standing},
    environment::Environment,
    store::{DashboardSession, NewDashboardSession, Store, StoreError},
    token::{Token, TokenHash},
};

/// How long a session lasts without being used.
pub(crate) const IDLE_LIFE: Duration = Duration::hours(2);
/// How long a session lasts at most.
pub(crate) const LIFE: Duration = Duration::hours(12);
/// How often it is noted that a session is used.
const NOTED_EVERY: Duration = Duration::minutes(1);

/// A session that is good now.
#[derive(Clone, Debug)]
pub(crate) struct Session {
    /// The key that it stands for.
    pub(crate) key: ApiKeyId,
    /// The key's organization.
    pub(crate) organization: OrganizationId,
    /// The key, as pages show it.
    pub(crate) who: Who,
}

/// Why nobody is signed in with a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum SignInRefusal {
    /// The key is no good.
    Key(KeyRefusal),
    /// The key may not change integrations.
    Scope,
}

impl SignInRefusal {
    /// What the page says beside the field.
    pub(crate) const fn words(self) -> &'static str {
        match self {
            Self::Key(KeyRefusal::Malformed) => {
                "This is not an API key. It begins with riq_ and has 53 characters: was it copied whole?"
            }
            Self::Key(KeyRefusal::Unknown) => "This API key is not known here.",
            Self::Key(KeyRefusal::Expired) => "This API key has expired. Ask for a new one.",
            Self::Key(KeyRefusal::Revoked) => "This API key was revoked. Ask for a new one.",
            Self::Scope => "This API key lacks the scope integrations:write. Ask for one that has it.",
        }
    }
}

/// Begins sessions, finds them and ends them. Cheap to clone.
#[derive(Clone, Debug)]
pub(crate) struct Sessions {
    store: Store,
    api_keys: Arc<ApiKeys>,
    environment: Environment,
}

impl Sessions {
    /// The sessions in `store`.
    pub(crate) fn new(store: Store, api_keys: Arc<ApiKeys>, environment: Environment) -> Self {
        Self { store, api_keys, environment }
    }

    /// Begins a session with a key. Its token is new, whatever the browser had before.
    pub(crate) async fn begin(&self, key: &str) -> Result<Result<Token, SignInRefusal>, StoreError> {
        let now = self.environment.now();
        let answer = match self.api_keys.recall(key, now) {
            Recalled::Answer(answer) => answer,
            Recalled::MustLookUp(hash) => self.api_keys.look_up(hash, now).await?,
        };
        let caller = match answer.map_err(SignInRefusal::Key).and_then(may_sign_in) {
            Ok(caller) => caller,
            Err(refusal) => return Ok(Err(refusal)),
        };
        let token = Token::generate(&self.environment);
        let session = NewDashboardSession {
            id: self.environment.id(),
            token: token.hash(),
            organization: caller.organization,
            api_key: caller.key,
            at: now,
            expires_at: now + LIFE,
        };
        self.store.create_dashboard_session(session).await?;
        // Nobody waits for this, and the next one to sign in does it again.
        if let Err(error) = self.store.sweep_dashboard_sessions(now, now - IDLE_LIFE).await {
            tracing::debug!(%error, "sessions that were over could not be swept away");
        }
        tracing::info!(key = %caller.key, "signed in to the dashboard");
        Ok(Ok(token))
    }

    /// The session that a token stands for, if it and its key are still good. Asks the database each time: whoever loses
    /// the key loses the session with it.
    pub(crate) async fn find(&self, token: &str) -> Result<Option<Session>, StoreError> {
        let Some(stored) = self.store.dashboard_session(TokenHash::of(token)).await? else {
            return Ok(None);
        };
        let now = self.environment.now();
        if !is_good(&stored, now) {
            return Ok(None);
        }
        if now - stored.last_seen_at >= NOTED_EVERY {
            self.note(stored.id, now).await;
        }
        Ok(Some(Session {
            key: stored.key.id,
            organization: stored.key.organization,
            who: Who { key_name: stored.key_name, key_hint: stored.key_hint },
        }))
    }

    /// Ends a session.
    pub(crate) async fn end(&self, token: &str) -> Result<(), StoreError> {
        self.store.end_dashboard_session(TokenHash::of(token)).await
    }

    /// Notes that a session is used. A failure is no reason to refuse the page: at worst the session ends sooner.
    async fn note(&self, session: DashboardSessionId, now: OffsetDateTime) {
        if let Err(error) = self.store.touch_dashboard_session(session, now).await {
            tracing::debug!(%error, "the use of a session could not be noted");
        }
    }
}

fn may_sign_in(caller: Arc<Caller>) -> Result<Arc<Caller>, SignInRefusal> {
    let may = any_covers(&caller.scopes, RequiredScope::INTEGRATIONS_WRITE);
    if may { Ok(caller) } else { Err(SignInRefusal::Scope) }
}

fn is_good(session: &DashboardSession, now: OffsetDateTime) -> bool {
    let key = &session.key;
    now < session.expires_at
        && now - session.last_seen_at < IDLE_LIFE
        && standing(key.revoked_at, key.expires_at, now).is_ok()
        && any_covers(&key.scopes, RequiredScope::INTEGRATIONS_WRITE)
}
