//! Sessions of the dashboard. Who signs in with an API key acts as that key; who signs in as a person acts as
//! themselves.

use std::sync::Arc;

use integrations_core::{
    ids::{DashboardSessionId, OrganizationId},
    principal::Principal,
    scope::RequiredScope,
};
use time::{Duration, OffsetDateTime};

use crate::{
    environment::Environment,
    provider::openid::FRESH_FOR,
    services::{
        api_keys::{ApiKeys, Caller, KeyRefusal, Recalled},
        people::SignedIn,
    },
    store::{Known, NewDashboardSession, Store, StoreError},
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
    /// Its id.
    pub(crate) id: DashboardSessionId,
    authenticated_at: Option<OffsetDateTime>,
    /// As whom it acts: the key that was used to sign in, or the person.
    pub(crate) principal: Principal,
    /// The organization that it works on.
    pub(crate) organization: OrganizationId,
    /// Who that is, as pages show it, and what they may do.
    pub(crate) who: Known,
}

impl Session {
    /// Whether the person proved who they are in the last five minutes. If it is not known when, they did not.
    pub(crate) fn is_fresh(&self, now: OffsetDateTime) -> bool {
        self.authenticated_at.is_some_and(|at| now - at <= FRESH_FOR)
    }

    /// Whether a person acts, and not a key.
    pub(crate) const fn is_of_person(&self) -> bool {
        matches!(self.principal, Principal::User(_))
    }
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
    takes_keys: bool,
}

impl Sessions {
    /// Whether the database may be a copy of another one, as was known last.
    pub(crate) fn is_quiet(&self) -> bool {
        self.store.was_quiet()
    }

    /// The sessions in `store`. Without `takes_keys` those of keys do not count, whenever they began.
    pub(crate) fn new(
        store: Store,
        api_keys: Arc<ApiKeys>,
        environment: Environment,
        takes_keys: bool,
    ) -> Self {
        Self { store, api_keys, environment, takes_keys }
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
        let principal = Principal::ApiKey(caller.key);
        let token = self.create(caller.organization, principal, None, Some(now)).await?;
        tracing::info!(key = %caller.key, "signed in to the dashboard");
        Ok(Ok(token))
    }

    /// Begins the session of a person, which works on one of their organizations. Its token is new.
    pub(crate) async fn begin_for(
        &self,
        person: &SignedIn,
        organization: OrganizationId,
    ) -> Result<Token, StoreError> {
        let (principal, session) = (Principal::User(person.user), person.provider_session.clone());
        self.create(organization, principal, session, person.authenticated_at).await
    }

    /// Makes a session work on another organization, in which the person has a role.
    pub(crate) async fn work_on(
        &self,
        session: &Session,
        organization: OrganizationId,
    ) -> Result<(), StoreError> {
        self.store.move_dashboard_session(session.id, organization).await
    }

    async fn create(
        &self,
        organization: OrganizationId,
        principal: Principal,
        provider_session: Option<String>,
        authenticated_at: Option<OffsetDateTime>,
    ) -> Result<Token, StoreError> {
        let (token, at) = (Token::generate(&self.environment), self.environment.now());
        let session = NewDashboardSession {
            id: self.environment.id(),
            token: token.hash(),
            organization,
            principal,
            provider_session,
            authenticated_at,
            at,
            expires_at: at + LIFE,
        };
        self.store.create_dashboard_session(session).await?;
        // A failure does not matter: the next sign-in tries again.
        if let Err(error) = self.store.sweep_dashboard_sessions(at, at - IDLE_LIFE).await {
            tracing::debug!(%error, "expired sessions could not be deleted; the next sign-in tries again");
        }
        Ok(token)
    }

    /// The session of a token, if it and who signed in are still valid. It queries the database each time, so that a
    /// revoked key or role ends its sessions at once.
    pub(crate) async fn find(&self, token: &str) -> Result<Option<Session>, StoreError> {
        let Some(stored) = self.store.dashboard_session(TokenHash::of(token)).await? else {
            return Ok(None);
        };
        let now = self.environment.now();
        if now >= stored.expires_at || now - stored.last_seen_at >= IDLE_LIFE {
            return Ok(None);
        }
        let who = self.store.known(stored.principal, stored.organization, now).await?;
        let Some(who) = who.filter(|who| self.may_stay(stored.principal, who)) else { return Ok(None) };
        if now - stored.last_seen_at >= STORED_EVERY {
            self.store_use(stored.id, now).await;
            if let Principal::ApiKey(key) = stored.principal {
                self.api_keys.note_use(key, now);
            }
        }
        Ok(Some(Session {
            id: stored.id,
            authenticated_at: stored.authenticated_at,
            principal: stored.principal,
            organization: stored.organization,
            who,
        }))
    }

    /// Whether a session may go on. A key needs what it needed to sign in; a person needs a role.
    fn may_stay(&self, principal: Principal, who: &Known) -> bool {
        match principal {
            Principal::ApiKey(_) => self.takes_keys && who.rights.cover(RequiredScope::INTEGRATIONS_WRITE),
            Principal::User(_) => true,
        }
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
    let may = caller.rights.cover(RequiredScope::INTEGRATIONS_WRITE);
    if may { Ok(caller) } else { Err(SignInRefusal::Scope) }
}
