//! People who sign in with an OpenID Connect provider (authorization code flow with PKCE, OpenID Connect Core 1.0,
//! section 3.1), and their logout at the provider.

mod problem;
mod sweep;

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use integrations_core::{
    audit::{Acting, AuditAction, Change},
    ids::{OrganizationId, UserId},
    oauth::{AuthorizationResponse, NoCode},
    openid::{Told, roles_of},
    role::Role,
};
use sha2::{Digest as _, Sha256};
use time::{Duration, OffsetDateTime};
use url::Url;

pub use self::{
    problem::{SignInProblem, Untold},
    sweep::SignInSweep,
};
use crate::{
    environment::Environment,
    provider::openid::{Identity, LogoutRefusal, OpenIdProvider, Proofs},
    store::{Arrival, Arrived, Membership, NewAuditEvent, PendingSignIn, ProviderLogout, Store, StoreError},
    token::{Token, TokenHash},
};

/// How long a person may take at the provider.
pub const SIGN_IN_LIFE: Duration = Duration::minutes(10);

/// The people who sign in.
#[derive(Clone, Debug)]
pub struct People {
    store: Store,
    environment: Environment,
    provider: Option<Arc<OpenIdProvider>>,
}

/// A sign-in that has begun.
#[derive(Debug)]
pub struct Begun {
    /// Where the person signs in.
    pub address: Url,
    /// What comes back with the browser.
    pub state: String,
    /// What the browser must keep for it.
    pub secret: Token,
}

/// A person who has signed in.
#[derive(Debug)]
pub struct SignedIn {
    /// The person.
    pub user: UserId,
    /// Where they have roles: one organization at least.
    pub memberships: Vec<Membership>,
    /// The session's id at the provider.
    pub provider_session: Option<String>,
    /// When they proved who they are.
    pub authenticated_at: Option<OffsetDateTime>,
    /// The page that was asked for.
    pub page: String,
}

/// Why a logout at the provider has no effect here.
#[derive(Debug, thiserror::Error)]
pub enum LogoutError {
    /// No provider is set.
    #[error("no OpenID Connect provider is set")]
    NotConfigured,
    /// The token does not count.
    #[error("the logout token does not count: {0}")]
    Token(#[from] LogoutRefusal),
    /// The token was used before.
    #[error("the logout token was used before")]
    Used,
    /// The database did not do it.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// The secrets of a sign-in, all made from the one that the browser keeps. So the database holds none of them.
fn proofs(secret: &str, is_fresh: bool) -> Proofs {
    let made = |label: &str| {
        let mut hash = Sha256::new();
        hash.update(label);
        hash.update([0]);
        hash.update(secret);
        URL_SAFE_NO_PAD.encode(hash.finalize())
    };
    Proofs {
        state: made("riq sign-in state"),
        nonce: made("riq sign-in nonce"),
        verifier: made("riq sign-in verifier"),
        is_fresh,
    }
}

impl People {
    /// The people in `store`, who sign in with `provider` if there is one.
    pub const fn new(store: Store, environment: Environment, provider: Option<Arc<OpenIdProvider>>) -> Self {
        Self { store, environment, provider }
    }

    /// The host by which people know the provider, if one is set.
    pub fn provider(&self) -> Option<&str> {
        self.provider.as_ref().map(|provider| provider.settings().issuer.host())
    }

    /// The organizations in which a person has a role.
    pub async fn memberships(&self, user: UserId) -> Result<Vec<Membership>, StoreError> {
        self.store.memberships(user).await
    }

    /// What to call each of these people: their name, or else their e-mail address. Those who have neither are left
    /// out.
    pub async fn names(&self, people: &BTreeSet<UserId>) -> Result<BTreeMap<UserId, String>, StoreError> {
        self.store.names_of_people(people).await
    }

    /// Begins a sign-in that leads to `page`. With `is_fresh` the person must prove anew who they are.
    pub async fn begin(&self, page: String, is_fresh: bool) -> Result<Begun, SignInProblem> {
        let provider = self.provider.as_ref().ok_or(SignInProblem::NotConfigured)?;
        let secret = Token::generate(&self.environment);
        let proofs = proofs(secret.expose(), is_fresh);
        let address = provider.authorize_url(&proofs).await?;
        let pending = PendingSignIn {
            state: TokenHash::of(&proofs.state),
            page,
            is_fresh,
            expires_at: self.environment.now() + SIGN_IN_LIFE,
        };
        self.store.begin_sign_in(pending).await?;
        Ok(Begun { address, state: proofs.state, secret })
    }

    /// Ends a sign-in with the query of the redirect back. `secret` finds what the browser keeps for a state. Whatever
    /// comes of it, the state is used up.
    pub async fn finish(
        &self,
        query: &str,
        secret: impl FnOnce(&str) -> Option<String>,
    ) -> Result<SignedIn, SignInProblem> {
        let provider = self.provider.as_ref().ok_or(SignInProblem::NotConfigured)?;
        let response = AuthorizationResponse::read(query);
        let states: Vec<&str> = response.states().collect();
        let mut taken = None;
        for state in &states {
            taken = self.store.take_sign_in(TokenHash::of(state)).await?;
        }
        let [state] = states[..] else { return Err(SignInProblem::Malformed("it needs one state")) };
        let pending = taken.ok_or(SignInProblem::Unknown)?;
        if pending.expires_at <= self.environment.now() {
            return Err(SignInProblem::Expired);
        }
        let secret = secret(state).ok_or(SignInProblem::OtherBrowser)?;
        let proofs = proofs(&secret, pending.is_fresh);
        if TokenHash::of(&proofs.state) != pending.state {
            return Err(SignInProblem::OtherBrowser);
        }
        if !provider.is_sender(response.issuer()).await? {
            return Err(SignInProblem::OtherSender);
        }
        let code = response.code("code").map_err(|problem| match problem {
            NoCode::Reported(reported) => SignInProblem::Reported(reported),
            NoCode::Malformed(what) => SignInProblem::Malformed(what),
        })?;
        let identity = provider.identify(code, &proofs).await?;
        self.arrive(provider, identity, pending.page).await
    }

    async fn arrive(
        &self,
        provider: &OpenIdProvider,
        identity: Identity,
        page: String,
    ) -> Result<SignedIn, SignInProblem> {
        let issuer = provider.settings().issuer.as_str();
        let roles = claimed(provider, &identity.told)?;
        let arrival = Arrival {
            new_id: self.environment.id(),
            issuer,
            subject: &identity.subject,
            name: identity.name,
            email: identity.email,
            roles: &roles,
            at: self.environment.now(),
        };
        let event = |organization, action, changes| self.event(organization, action, changes);
        match self.store.arrive(arrival, &event).await? {
            Arrived::Revoked(user) => Err(SignInProblem::Revoked(user)),
            Arrived::Person(user, memberships) if memberships.is_empty() => {
                Err(SignInProblem::NoRole { user, issuer: issuer.to_owned(), subject: identity.subject })
            }
            Arrived::Person(user, memberships) => {
                tracing::info!(%user, "signed in to the dashboard");
                Ok(SignedIn {
                    user,
                    memberships,
                    provider_session: identity.session,
                    authenticated_at: identity.authenticated_at,
                    page,
                })
            }
        }
    }

    /// Ends the sessions that a logout token names (OpenID Connect Back-Channel Logout 1.0). Returns how many ended. It
    /// is no error if there are none.
    pub async fn log_out(&self, token: &str) -> Result<u64, LogoutError> {
        let provider = self.provider.as_ref().ok_or(LogoutError::NotConfigured)?;
        let claims = provider.signed_out(token).await?;
        // It was compared with the clock, so it is a time.
        let ends = OffsetDateTime::from_unix_timestamp(claims.ends).unwrap_or(self.environment.now());
        let logout = ProviderLogout {
            issuer: provider.settings().issuer.as_str(),
            subject: claims.subject.as_deref(),
            session: claims.session.as_deref(),
            token: TokenHash::of(&claims.id),
            ends,
        };
        let ended = self.store.log_out(logout).await?.ok_or(LogoutError::Used)?;
        tracing::info!(ended, "the provider signed somebody out");
        Ok(ended)
    }

    /// The event of a change that a sign-in makes.
    fn event(
        &self,
        organization: OrganizationId,
        action: AuditAction,
        changes: Vec<Change>,
    ) -> NewAuditEvent {
        NewAuditEvent {
            changes,
            ..NewAuditEvent::new(&self.environment, organization, action, Acting::SYSTEM)
        }
    }
}

/// The roles that a person's groups give. That the groups are not told is an error: else everybody would lose their
/// roles when the provider stops telling them.
fn claimed(provider: &OpenIdProvider, told: &Told) -> Result<BTreeMap<OrganizationId, Role>, SignInProblem> {
    let grants = &provider.settings().roles;
    if grants.is_empty() {
        return Ok(BTreeMap::new());
    }
    match told {
        Told::Groups(groups) => Ok(roles_of(grants, groups)),
        Told::Nothing => Err(SignInProblem::Roles(Untold::Absent)),
        Told::Elsewhere => Err(SignInProblem::Roles(Untold::Elsewhere)),
        Told::Unreadable => Err(SignInProblem::Roles(Untold::Unreadable)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_sign_in_has_secrets_of_its_own_and_none_tells_another() {
        let (one, other) = (proofs("a", false), proofs("b", false));
        let all = [&one.state, &one.nonce, &one.verifier, &other.state, &other.nonce, &other.verifier];
        for (at, secret) in all.iter().enumerate() {
            // RFC 7636, section 4.1: 43 to 128 unreserved characters.
            assert_eq!(secret.len(), 43);
            assert!(all[at + 1..].iter().all(|later| later != secret));
        }
    }
}
