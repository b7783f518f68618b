//! Sessions of the dashboard. A person signs in with an API key, and the session then acts as that key.

use std::sync::Arc;

use integrations_core::{
    ids::{ApiKeyId, DashboardSessionId, OrganizationId},
    scope::{RequiredScope, any_covers},
};
use time::{Duration, OffsetDateTime};

use super::view::frame::Who;
use crate::{
    environment::Environment,
    services::api_keys::{ApiKeys, Caller, KeyRefusal, Recalled, standing},
    store::{DashboardSession, NewDashboardSession, Store, StoreError},
    token::{Token, TokenHash},
};

/// How long a session lasts without being used.
pub(crate) const IDLE_LIFE: Duration = Duration::hours(2);
/// The longest time that a session lasts.
pub(crate) const LIFE: Duration = Duration::hours(12);
/// How often the use of a session is stored.
const STORED_EVERY: Duration = Duration::minutes(1);

/// A session that is valid now.
#[derive(Clone, Debug)]
pub(crate) struct Session {
    /// The key that it acts as.
    pub(crate) key: ApiKeyId,
    /// The key's organization.
    pub(crate) organization: OrganizationId,
    /// The key, as pages show it.
    pub(crate) who: Who,
}

/// Why a key cannot sign in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum SignInRefusal {
    /// The key is not valid.
    Key(KeyRefusal),
    /// The key may not change integrations.
    Scope,
}

impl SignInRefusal {
    /// The message beside the field.
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
        // A failure does not matter: the next sign-in tries again.
        if let Err(error) = self.store.sweep_dashboard_sessions(now, now - IDLE_LIFE).await {
            tracing::debug!(%error, "expired sessions could not be deleted; the next sign-in tries again");
        }
        tracing::info!(key = %caller.key, "signed in to the dashboard");
        Ok(Ok(token))
    }

    /// The session of a token, if it and its key are still valid. It queries the database each time, so that a revoked
    /// key ends its sessions at once.
    pub(crate) async fn find(&self, token: &str) -> Result<Option<Session>, StoreError> {
        let Some(stored) = self.store.dashboard_session(TokenHash::of(token)).await? else {
            return Ok(None);
        };
        let now = self.environment.now();
        if !is_valid(&stored, now) {
            return Ok(None);
        }
        if now - stored.last_seen_at >= STORED_EVERY {
            self.store_use(stored.id, now).await;
            self.api_keys.note_use(stored.key.id, now);
        }
        Ok(Some(Session {
            key: stored.key.id,
            organization: stored.key.organization,
            who: Who { key_name: stored.key_name, key_hint: stored.key_hint, scopes: stored.key.scopes },
        }))
    }

    /// Ends a session.
    pub(crate) async fn end(&self, token: &str) -> Result<(), StoreError> {
        self.store.end_dashboard_session(TokenHash::of(token)).await
    }

    /// Stores that a session is used. A failure is ignored: at worst the session ends sooner.
    async fn store_use(&self, session: DashboardSessionId, now: OffsetDateTime) {
        if let Err(error) = self.store.touch_dashboard_session(session, now).await {
            tracing::debug!(%error, "the use of a session could not be stored; the session may end sooner");
        }
    }
}

fn may_sign_in(caller: Arc<Caller>) -> Result<Arc<Caller>, SignInRefusal> {
    let may = any_covers(&caller.scopes, RequiredScope::INTEGRATIONS_WRITE);
    if may { Ok(caller) } else { Err(SignInRefusal::Scope) }
}

fn is_valid(session: &DashboardSession, now: OffsetDateTime) -> bool {
    let key = &session.key;
    now < session.expires_at
        && now - session.last_seen_at < IDLE_LIFE
        && standing(key.revoked_at, key.expires_at, now).is_ok()
        && any_covers(&key.scopes, RequiredScope::INTEGRATIONS_WRITE)
}
