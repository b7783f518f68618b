//! The OAuth handshake: to the provider with a `state`, and the exchange of the code for tokens (RFC 6749, section
//! 4.1).
//!
//! The `state` is random, valid once, for ten minutes, and only in the browser that started (RFC 9700, section 4.7).
//! Its data is sealed in the database, so any replica can handle the redirect back.

use integrations_core::{
    catalog::{self, AuthKind, OAuth, Provider, ProviderAccount, own_client},
    oauth::{Grant, OurClient},
};
use oauth2::RedirectUrl;
use secrecy::ExposeSecret as _;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use time::Duration;
use url::Url;

use super::{
    Installer, Installing,
    problem::{InstallProblem, InstallTarget, ProblemKind},
    report::logged,
};
use crate::{
    provider::{
        authorization_server::AuthorizationServer, discovery::Discovery, long_lived::LongLivedTokens,
        oauth_apps::OAuthApp,
    },
    store::{PendingInstall, PendingStatus},
    token::{Token, TokenHash},
    vault::{Purpose, VaultError},
};

/// The path that providers send the browser back to.
pub const CALLBACK: &str = "/oauth/callback";
/// The same where each connection has a client of its own, perhaps at a server that nobody here knows. It is another
/// one, so that such a server cannot have the code of a provider sent to it (RFC 9700, section 4.4.2).
pub const OWN_CALLBACK: &str = "/oauth/callback/own";
/// The path of the document about us.
pub const CLIENT_DOCUMENT: &str = "/oauth/client.json";

/// How long a person may take at the provider.
const STATE_LIFE: Duration = Duration::minutes(10);

/// What a person typed before a handshake. It holds secrets, so it has no `Debug`.
pub struct Typed {
    /// Where the account is.
    pub connection: Map<String, Value>,
    /// What is secret of the connection's own client, if it has one.
    pub credential: Map<String, Value>,
}

impl From<Map<String, Value>> for Typed {
    fn from(connection: Map<String, Value>) -> Self {
        Self { connection, credential: Map::new() }
    }
}

/// The data of a handshake until the browser is back. It is sealed in the database.
#[derive(Serialize, Deserialize)]
pub(super) struct Started {
    /// The way by which it is connected. `None`: an older program began it, and it is the one that uses OAuth.
    #[serde(default)]
    pub(super) auth: Option<AuthKind>,
    pub(super) connection: Map<String, Value>,
    /// What is secret of the connection's own client, if it has one.
    #[serde(default)]
    pub(super) credential: Map<String, Value>,
    /// PKCE's code verifier (RFC 7636, section 4.1), if the provider uses PKCE.
    verifier: Option<String>,
}

impl Installer {
    /// Begins a handshake. Returns the address to send the browser to.
    ///
    /// `browser` is the cookie of the browser; the answer counts only there.
    pub async fn begin(
        &self,
        who: &Installing,
        account: &ProviderAccount,
        typed: impl Into<Typed>,
        browser: &str,
    ) -> Result<Url, InstallProblem> {
        let target = InstallTarget { project: who.tenant.project, account: account.clone() };
        let url = self.start(who, account, typed.into(), browser).await;
        url.map_err(|kind| logged(InstallProblem::at(&target, kind), &who.request_id))
    }

    async fn start(
        &self,
        who: &Installing,
        account: &ProviderAccount,
        Typed { connection, credential }: Typed,
        browser: &str,
    ) -> Result<Url, ProblemKind> {
        self.check_standing(&who.tenant, who.by).await?;
        let provider = &account.provider;
        let typed = provider.read_before_consent(&connection, &credential);
        let (connection, mut credential) = typed.map_err(ProblemKind::Invalid)?;
        let oauth = provider.oauth().ok_or(ProblemKind::Internal)?;
        if let Some(discovery) = &oauth.discovery {
            credential.extend(self.discover(provider, discovery, &connection, &credential).await?);
        }
        let app = self.apps.client(&who.tenant, provider, &connection, &credential).await?;
        let app = app.filter(|app| oauth.suits(&app.fields)).ok_or(ProblemKind::NotConfigured)?;
        let server = self.server(provider, oauth, (&connection, &credential), &app)?;
        let state = Token::generate(&self.environment);
        let verifier = server.takes_pkce().then(|| Token::generate(&self.environment).expose().to_owned());
        let url = server.authorize_url(state.expose(), verifier.as_deref());
        let (id, now) = (self.environment.id(), self.environment.now());
        let started = Started { auth: Some(provider.auth), connection, credential, verifier };
        let mut install = PendingInstall {
            id,
            status: PendingStatus::Started,
            secret: state.hash(),
            browser: TokenHash::of(browser),
            tenant: who.tenant,
            provider: account.as_str().to_owned(),
            by: who.by,
            link: who.link,
            sealed: Vec::new(),
            created_at: now,
            expires_at: now + STATE_LIFE,
        };
        install.sealed = self.seal(&started, Purpose::PendingInstall(&install));
        self.store.create_pending_install(install).await??;
        Ok(url)
    }

    pub(super) async fn exchange(
        &self,
        provider: &Provider,
        oauth: &OAuth,
        started: &Started,
        app: &OAuthApp,
        code: String,
    ) -> Result<Grant, ProblemKind> {
        let server = self.server(provider, oauth, (&started.connection, &started.credential), app)?;
        let answer = server.exchange(&self.outbound, code, started.verifier.clone()).await?;
        let read = Grant::read(oauth, answer.status, &answer.body(), self.environment.now());
        let grant = read.map_err(|problem| answer.cut_off.map_or(problem.into(), ProblemKind::NoAnswer))?;
        let grant = grant.with_client(oauth, &started.credential);
        let grant = self.for_long(provider, oauth, started, app, grant).await?;
        for blemish in &grant.blemishes {
            tracing::warn!(provider = %provider.key, %blemish, "a part of the token endpoint's answer was left out");
        }
        Ok(grant)
    }

    /// The same with a token that lives long, where the provider gives one in exchange for the token of a code.
    async fn for_long(
        &self,
        provider: &Provider,
        oauth: &OAuth,
        started: &Started,
        app: &OAuthApp,
        first: Grant,
    ) -> Result<Grant, ProblemKind> {
        let Some(tokens) = LongLivedTokens::of(provider, &started.connection, app) else { return Ok(first) };
        let token = first.credential.get("access_token").and_then(Value::as_str).unwrap_or_default();
        let answer = tokens.exchange(&self.outbound, token).await?;
        let now = self.environment.now();
        let read = Grant::renew(oauth, &first.credential, answer.status, &answer.body(), now);
        let grant = read.map_err(|problem| answer.cut_off.map_or(problem.into(), ProblemKind::NoAnswer))?;
        // Whose it is and what was granted is said once.
        Ok(Grant { answer: first.answer, granted_scopes: first.granted_scopes, ..grant })
    }

    pub(super) fn server(
        &self,
        provider: &Provider,
        oauth: &OAuth,
        typed: (&Map<String, Value>, &Map<String, Value>),
        app: &OAuthApp,
    ) -> Result<AuthorizationServer, ProblemKind> {
        let server = AuthorizationServer::new(provider, oauth, typed, app).map_err(|error| {
            tracing::error!(provider = %provider.key, %error, "the provider's URLs cannot be made: check the provider's file");
            ProblemKind::Internal
        })?;
        Ok(server.returning_to(self.redirect_url(oauth)?))
    }

    /// Finds the authorization server of what a person connects, and a client of it.
    async fn discover(
        &self,
        provider: &Provider,
        discovery: &catalog::Discovery,
        connection: &Map<String, Value>,
        credential: &Map<String, Value>,
    ) -> Result<Map<String, Value>, ProblemKind> {
        let value = |name: &str| provider.placeholder(connection, credential, name);
        let resource = discovery.resource.render(value).map_err(|_| ProblemKind::Internal)?;
        let (name, redirect_uri) = (self.client_name(), self.own_redirect_uri());
        let document = self.client_document_address();
        let ours = OurClient { name: &name, redirect_uri: &redirect_uri, document: document.as_deref() };
        let known = value(own_client::ID).map(|id| (id, value(own_client::SECRET)));
        let discovery = Discovery { outbound: &self.outbound, provider, ours };
        discovery.find(&resource, known).await.map_err(ProblemKind::Discovery)
    }

    /// Our name at authorization servers that do not know us.
    fn client_name(&self) -> String {
        format!("Integrations API at {}", self.public_url.host_str().unwrap_or_default())
    }

    /// The address of the document about us, which stands for a client id (OAuth Client ID Metadata Document). `None`:
    /// no other server could read it, as it is not `https`.
    fn client_document_address(&self) -> Option<String> {
        (self.public_url.scheme() == "https").then(|| self.public(CLIENT_DOCUMENT))
    }

    /// The document about us. `None`: no other server could read it, as the public address is not `https`.
    pub fn client_document(&self) -> Option<Value> {
        let (name, redirect_uri) = (self.client_name(), self.own_redirect_uri());
        let address = self.client_document_address()?;
        let ours = OurClient { name: &name, redirect_uri: &redirect_uri, document: None };
        Some(ours.document(&address))
    }

    /// The address that the provider sends the browser back to. It is registered there in exactly this form.
    pub fn redirect_uri(&self) -> String {
        self.public(CALLBACK)
    }

    /// The same for a client that a connection has for itself.
    fn own_redirect_uri(&self) -> String {
        self.public(OWN_CALLBACK)
    }

    /// The address of a path for others.
    fn public(&self, path: &str) -> String {
        format!("{}{path}", self.public_url.as_str().trim_end_matches('/'))
    }

    pub(super) fn redirect_url(&self, oauth: &OAuth) -> Result<RedirectUrl, ProblemKind> {
        let uri = if oauth.own_client.is_some() { self.own_redirect_uri() } else { self.redirect_uri() };
        RedirectUrl::new(uri).map_err(|_| ProblemKind::Internal)
    }

    pub(super) fn target(&self, install: &PendingInstall) -> Result<InstallTarget, InstallProblem> {
        let account = self.catalog.account(&install.provider);
        let account = account.map_err(|_| InstallProblem::nowhere(ProblemKind::NotConfigured))?;
        Ok(InstallTarget { project: install.tenant.project, account })
    }

    pub(super) fn seal(&self, value: &impl Serialize, purpose: Purpose<'_>) -> Vec<u8> {
        self.vault.seal(&serde_json::to_vec(value).unwrap_or_default(), purpose)
    }

    pub(super) fn open<T: for<'de> Deserialize<'de>>(
        &self,
        sealed: &[u8],
        purpose: Purpose<'_>,
    ) -> Result<T, VaultError> {
        let opened = self.vault.open(sealed, purpose)?;
        serde_json::from_slice(opened.expose_secret()).map_err(|_| VaultError::Damaged)
    }
}
