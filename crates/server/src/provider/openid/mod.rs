//! The OpenID Connect provider that people sign in with: the requests to it, and what its answers prove.
//!
//! As with other providers, the requests are written by a crate and the answers are read here, because they differ.
//! What must be right to the letter, the verification of the ID token, is the crate's.

mod discovery;
mod error;
mod issuer;
mod look;
mod tokens;

use std::{fmt, sync::Arc};

use integrations_core::{
    characters::is_invisible,
    openid::{ClaimPath, LogoutClaims, LogoutProblem, NotAnId, RoleGrant, Told, id, seconds, text},
};
use oauth2::{
    AuthType, AuthUrl, AuthorizationCode, ClientId, ClientSecret, CsrfToken, PkceCodeChallenge,
    PkceCodeVerifier, RedirectUrl, Scope, TokenUrl, basic::BasicClient,
};
use secrecy::{ExposeSecret as _, SecretString};
use serde_json::{Map, Value};
use time::{Duration, OffsetDateTime};
use url::Url;

use self::{
    discovery::{Discovered, Discovery, Transport},
    tokens::{Expected, Invalid, SKEW},
};
pub use self::{
    error::OpenIdError,
    issuer::{InvalidIssuer, Issuer, is_on_this_machine},
    look::Look,
};
use super::{
    authorization_server::written,
    outbound::{Outbound, OutboundError},
};
use crate::environment::Environment;

/// How far the provider's clock may differ.
pub const CLOCK_SKEW: Duration = SKEW;
/// How old a sign-in may be that counts as fresh.
pub const FRESH_FOR: Duration = Duration::minutes(5);
/// The most characters of a person's name and e-mail address that are kept.
const MAX_NAME: usize = 200;

/// How people sign in with a provider.
#[derive(Clone, Debug)]
pub struct OpenIdSettings {
    /// The provider.
    pub issuer: Issuer,
    /// The id under which the provider knows this server.
    pub client_id: String,
    /// The secret that proves it.
    pub client_secret: SecretString,
    /// The scopes that are asked for; `openid` is one of them.
    pub scopes: Vec<String>,
    /// Where a person's groups are.
    pub roles_claim: ClaimPath,
    /// The roles that groups give. None: roles are set by the operator alone.
    pub roles: Vec<RoleGrant>,
}

/// The secrets of one sign-in. `Debug` shows none of them.
#[derive(Clone)]
pub struct Proofs {
    /// Comes back with the browser.
    pub state: String,
    /// Comes back in the ID token.
    pub nonce: String,
    /// Proves to the provider that the code is exchanged by who asked for it (RFC 7636).
    pub verifier: String,
    /// Whether the person must prove anew who they are.
    pub is_fresh: bool,
}

impl fmt::Debug for Proofs {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Proofs").field("is_fresh", &self.is_fresh).finish_non_exhaustive()
    }
}

/// Who a person is, as the provider says.
#[derive(Clone, Debug, PartialEq)]
pub struct Identity {
    /// Their id at the provider.
    pub subject: String,
    /// The session's id at the provider.
    pub session: Option<String>,
    /// When they proved who they are.
    pub authenticated_at: Option<OffsetDateTime>,
    /// Their name.
    pub name: Option<String>,
    /// Their e-mail address, which says nothing about who they are.
    pub email: Option<String>,
    /// Their groups.
    pub told: Told,
}

/// Why a logout token has no effect.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum LogoutRefusal {
    /// It is no logout token of this provider for this server.
    #[error(transparent)]
    Claims(#[from] LogoutProblem),
    /// It is no token.
    #[error("it is not a signed token")]
    Unreadable,
    /// The provider did not sign it.
    #[error("the provider did not sign it")]
    Signature,
    /// The provider's keys are not known.
    #[error(transparent)]
    Provider(#[from] OpenIdError),
}

/// The provider that people sign in with.
#[derive(Debug)]
pub struct OpenIdProvider {
    settings: OpenIdSettings,
    redirect: RedirectUrl,
    transport: Transport,
    discovery: Discovery,
    environment: Environment,
}

impl OpenIdProvider {
    /// The provider of these settings, which sends the browser back to `redirect`.
    pub fn new(
        settings: OpenIdSettings,
        redirect: Url,
        outbound: Outbound,
        environment: Environment,
    ) -> Result<Self, OutboundError> {
        Ok(Self {
            transport: Transport::new(&settings.issuer, outbound)?,
            discovery: Discovery::new(settings.issuer.clone(), environment.clone()),
            redirect: RedirectUrl::from_url(redirect),
            settings,
            environment,
        })
    }

    /// How people sign in with it.
    pub const fn settings(&self) -> &OpenIdSettings {
        &self.settings
    }

    /// What the provider says about itself now. Unlike a sign-in, it goes on after something that is wrong.
    pub async fn look(&self) -> Result<Look, OpenIdError> {
        Look::at(&self.settings.issuer, &self.transport, &self.environment).await
    }

    /// The address at which a person signs in.
    pub async fn authorize_url(&self, proofs: &Proofs) -> Result<Url, OpenIdError> {
        let found = self.discovery.current(&self.transport).await?;
        let verifier = PkceCodeVerifier::new(proofs.verifier.clone());
        let client = BasicClient::new(ClientId::new(self.settings.client_id.clone()))
            .set_auth_uri(AuthUrl::from_url(found.metadata.authorization_endpoint.clone()))
            .set_redirect_uri(self.redirect.clone());
        let mut request = client
            .authorize_url(|| CsrfToken::new(proofs.state.clone()))
            .add_scopes(self.settings.scopes.iter().cloned().map(Scope::new))
            .set_pkce_challenge(PkceCodeChallenge::from_code_verifier_sha256(&verifier))
            .add_extra_param("nonce", proofs.nonce.clone())
            .add_extra_param("response_mode", "query");
        if proofs.is_fresh {
            request = request
                .add_extra_param("prompt", "login")
                .add_extra_param("max_age", FRESH_FOR.whole_seconds().to_string());
        }
        Ok(request.url().0)
    }

    /// Whether a redirect back with this `iss` came from the provider (RFC 9207, section 2.4): one of another provider
    /// would have its code sent to this one.
    pub async fn is_sender(&self, iss: Option<&str>) -> Result<bool, OpenIdError> {
        match iss {
            Some(iss) => Ok(iss == self.settings.issuer.as_str()),
            None => Ok(!self.discovery.current(&self.transport).await?.metadata.names_issuer()),
        }
    }

    /// Exchanges a code, and says who the person is. A code is exchanged once.
    pub async fn identify(&self, code: &str, proofs: &Proofs) -> Result<Identity, OpenIdError> {
        let found = self.discovery.current(&self.transport).await?;
        let answer = self.exchange(&found, code, proofs).await?;
        let id_token = text(&answer, "id_token");
        let id_token = id_token.ok_or(OpenIdError::IdToken("the token endpoint gave none".to_owned()))?;
        let claims = self.verify(id_token, &proofs.nonce, found.clone()).await?;
        let now = self.environment.now();
        // A time that is still to come says nothing: it would count as fresh for as long.
        let signed_in = seconds(&claims, "auth_time")
            .and_then(|at| OffsetDateTime::from_unix_timestamp(at).ok())
            .filter(|at| *at <= now + SKEW);
        if proofs.is_fresh {
            let at = signed_in.ok_or(OpenIdError::NoSignInTime)?;
            if now - at > FRESH_FOR {
                return Err(OpenIdError::OldSignIn);
            }
        }
        let [subject, session] = ["sub", "sid"].map(|claim| id(&claims, claim));
        let unreadable = |error: NotAnId| OpenIdError::IdToken(error.to_string());
        let subject = subject.map_err(unreadable)?.ok_or_else(|| unreadable(NotAnId("sub")))?.to_owned();
        let session = session.map_err(unreadable)?.map(str::to_owned);
        let mut told = Told::read(&claims, &self.settings.roles_claim);
        let [mut name, mut email] = ["name", "email"].map(|claim| short(&claims, claim));
        let needs_roles = !self.settings.roles.is_empty() && told == Told::Nothing;
        if (needs_roles || (name.is_none() && email.is_none()))
            && let Some(info) = self.userinfo(&found, &answer, needs_roles, &subject).await?
        {
            if told == Told::Nothing {
                told = Told::read(&info, &self.settings.roles_claim);
            }
            name = name.or_else(|| short(&info, "name")).or_else(|| short(&info, "preferred_username"));
            email = email.or_else(|| short(&info, "email"));
        }
        Ok(Identity {
            session,
            authenticated_at: signed_in.map(|at| at.min(now)),
            subject,
            name,
            email,
            told,
        })
    }

    /// Says who a logout token signs out.
    pub async fn signed_out(&self, token: &str) -> Result<LogoutClaims, LogoutRefusal> {
        let claims = tokens::claims(token).ok_or(LogoutRefusal::Unreadable)?;
        let Expected { issuer, client_id, now } = self.expected();
        // The signature is verified after this, because that may ask the provider.
        let logout = LogoutClaims::read(&claims, issuer, client_id, now)?;
        let found = self.discovery.current(&self.transport).await?;
        if tokens::is_signed(token, &found.keys) {
            return Ok(logout);
        }
        let newer = self.discovery.newer(&found, &self.transport).await;
        let is_signed = newer.is_some_and(|newer| tokens::is_signed(token, &newer.keys));
        if is_signed { Ok(logout) } else { Err(LogoutRefusal::Signature) }
    }

    fn expected(&self) -> Expected<'_> {
        Expected {
            issuer: self.settings.issuer.as_str(),
            client_id: &self.settings.client_id,
            now: self.environment.now(),
        }
    }

    /// The answer of the token endpoint.
    async fn exchange(
        &self,
        found: &Discovered,
        code: &str,
        proofs: &Proofs,
    ) -> Result<Map<String, Value>, OpenIdError> {
        const WHAT: &str = "the token endpoint";

        let auth = if found.metadata.takes_basic() { AuthType::BasicAuth } else { AuthType::RequestBody };
        let client = BasicClient::new(ClientId::new(self.settings.client_id.clone()))
            .set_client_secret(ClientSecret::new(self.settings.client_secret.expose_secret().to_owned()))
            .set_auth_type(auth)
            .set_token_uri(TokenUrl::from_url(found.metadata.token_endpoint.clone()))
            .set_redirect_uri(self.redirect.clone());
        let request = client
            .exchange_code(AuthorizationCode::new(code.to_owned()))
            .set_pkce_verifier(PkceCodeVerifier::new(proofs.verifier.clone()));
        let unreadable = |why| OpenIdError::Unreadable { what: WHAT, why };
        let request = written(|take| drop(request.request(&take)));
        let answer = self.transport.send(WHAT, request.ok_or_else(|| unreadable("its address"))?).await?;
        let body = serde_json::from_slice::<Map<String, Value>>(&answer.body);
        match (answer.status, body) {
            (200, Ok(body)) => Ok(body),
            (200, Err(_)) => Err(unreadable("it is not JSON")),
            (status, body) => {
                let error = body.as_ref().ok().and_then(reported);
                let detail = error.map(|error| format!(" with the error {error}")).unwrap_or_default();
                Err(OpenIdError::Refused { what: WHAT, status, detail })
            }
        }
    }

    /// The claims of an ID token, if it is valid. If none of the known keys signed it, the provider is asked for newer
    /// ones, and the same token is verified again.
    async fn verify(
        &self,
        id_token: &str,
        nonce: &str,
        found: Arc<Discovered>,
    ) -> Result<Map<String, Value>, OpenIdError> {
        let first = tokens::verified(id_token, nonce, &found.keys, self.expected());
        let unsigned = || OpenIdError::IdToken("none of the provider's keys signed it".to_owned());
        match first {
            Ok(claims) => return Ok(claims),
            Err(Invalid::Otherwise(error)) => return Err(error),
            Err(Invalid::Signature) => {}
        }
        let newer = self.discovery.newer(&found, &self.transport).await.ok_or_else(unsigned)?;
        tokens::verified(id_token, nonce, &newer.keys, self.expected()).map_err(|invalid| match invalid {
            Invalid::Signature => unsigned(),
            Invalid::Otherwise(error) => error,
        })
    }

    /// What the userinfo endpoint says of the person. `None`: there is no such endpoint, or it does not answer and is
    /// not needed.
    async fn userinfo(
        &self,
        found: &Discovered,
        answer: &Map<String, Value>,
        is_needed: bool,
        subject: &str,
    ) -> Result<Option<Map<String, Value>>, OpenIdError> {
        const WHAT: &str = "the userinfo endpoint";

        let (Some(endpoint), Some(token)) = (&found.metadata.userinfo_endpoint, text(answer, "access_token"))
        else {
            return Ok(None);
        };
        let info = match self.transport.json(WHAT, endpoint.as_str(), Some(token)).await {
            Ok(Value::Object(info)) => info,
            Ok(_) if is_needed => {
                return Err(OpenIdError::Unreadable { what: WHAT, why: "it is no JSON object" });
            }
            Err(error) if is_needed => return Err(error),
            Ok(_) | Err(_) => return Ok(None),
        };
        // OpenID Connect Core 1.0, section 5.3.2.
        if text(&info, "sub") == Some(subject) { Ok(Some(info)) } else { Err(OpenIdError::OtherPerson) }
    }
}

/// The code of the error that a token endpoint reports (RFC 6749, section 5.2), if it can be shown.
fn reported(body: &Map<String, Value>) -> Option<&str> {
    text(body, "error").filter(|code| code.len() <= 64 && code.bytes().all(|byte| byte.is_ascii_graphic()))
}

/// A text that pages show: without what people do not see, and not long.
fn short(claims: &Map<String, Value>, name: &str) -> Option<String> {
    let shown = text(claims, name)?.chars().filter(|c| !is_invisible(*c));
    let text: String = shown.take(MAX_NAME).collect();
    let text = text.trim();
    (!text.is_empty()).then(|| text.to_owned())
}
