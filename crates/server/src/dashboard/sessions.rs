//! Sessions: what a person signs in to with an API key, for which it then stands.

use std::sync::Arc;

use integrations_core::{
    ids::{ApiKeyId, DashboardSessionId, OrganizationId},
    scope::{RequiredScope, any_covers},
};
use time::{Duration, OffsetDateTime};

use super::view::frame::Who;
use crate::{
    api_keys::{Caller, KeyRefusal, Recalled, standing},
    dashboard::state::Pages,
    store::{DashboardSession, NewDashboardSession, StoreError},
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

/// Begins a session with a key. Its token is new, whatever the browser had before.
pub(crate) async fn begin(pages: &Pages, key: &str) -> Result<Result<Token, SignInRefusal>, StoreError> {
    let now = pages.environment.now();
    let answer = match pages.api_keys.recall(key, now) {
        Recalled::Answer(answer) => answer,
        Recalled::MustLookUp(hash) => pages.api_keys.look_up(hash, now).await?,
    };
    let caller = match answer.map_err(SignInRefusal::Key).and_then(may_sign_in) {
        Ok(caller) => caller,
        Err(refusal) => return Ok(Err(refusal)),
    };
    let token = Token::generate(&pages.environment);
    let session = NewDashboardSession {
        id: pages.environment.id(),
        token: token.hash(),
        organization: caller.organization,
        api_key: caller.key,
        at: now,
        expires_at: now + LIFE,
    };
    pages.store.create_dashboard_session(session).await?;
    // Nobody waits for this, and the next one to sign in does it again.
    if let Err(error) = pages.store.sweep_dashboard_sessions(now, now - IDLE_LIFE).await {
        tracing::debug!(%error, "sessions that were over could not be swept away");
    }
    tracing::info!(key = %caller.key, "signed in to the dashboard");
    Ok(Ok(token))
}

fn may_sign_in(caller: Arc<Caller>) -> Result<Arc<Caller>, SignInRefusal> {
    let may = any_covers(&caller.scopes, RequiredScope::INTEGRATIONS_WRITE);
    if may { Ok(caller) } else { Err(SignInRefusal::Scope) }
}

/// The session that a token stands for, if it and its key are still good. Asks the database each time: whoever loses
/// the key loses the session with it.
pub(crate) async fn find(pages: &Pages, token: &str) -> Result<Option<Session>, StoreError> {
    let Some(stored) = pages.store.dashboard_session(TokenHash::of(token)).await? else { return Ok(None) };
    let now = pages.environment.now();
    if !is_good(&stored, now) {
        return Ok(None);
    }
    if now - stored.last_seen_at >= NOTED_EVERY {
        note(pages, stored.id, now).await;
    }
    Ok(Some(Session {
        key: stored.key.id,
        organization: stored.key.organization,
        who: Who { key_name: stored.key_name, key_hint: stored.key_hint },
    }))
}

/// Notes that a session is used. A failure is no reason to refuse the page: at worst the session ends sooner.
async fn note(pages: &Pages, session: DashboardSessionId, now: OffsetDateTime) {
    if let Err(error) = pages.store.touch_dashboard_session(session, now).await {
        tracing::debug!(%error, "the use of a session could not be noted");
    }
}

fn is_good(session: &DashboardSession, now: OffsetDateTime) -> bool {
    let key = &session.key;
    now < session.expires_at
        && now - session.last_seen_at < IDLE_LIFE
        && standing(key.revoked_at, key.expires_at, now).is_ok()
        && any_covers(&key.scopes, RequiredScope::INTEGRATIONS_WRITE)
}

/// Ends a session.
pub(crate) async fn end(pages: &Pages, token: &str) -> Result<(), StoreError> {
    pages.store.end_dashboard_session(TokenHash::of(token)).await
}
