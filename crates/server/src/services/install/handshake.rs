//! The OAuth handshake: to the provider with a `state`, and the exchange of the code for tokens (RFC 6749, section
//! 4.1).
//!
//! The `state` is random, valid once, for ten minutes, and only in the browser that started (RFC 9700, section 4.7).
//! Its data is sealed in the database, so any replica can handle the redirect back.

use integrations_core::{
    catalog::{AuthKind, OAuth, Provider, ProviderAccount},
    oauth::Grant,
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
        authorization_server::AuthorizationServer, long_lived::LongLivedTokens, oauth_apps::OAuthApp,
    },
    store::{PendingInstall, PendingStatus},
    token::{Token, TokenHash},
    vault::{Purpose, VaultError},
};

/// How long a person may take at the provider.
const STATE_LIFE: Duration = Duration::minutes(10);

/// The data of a handshake until the browser is back. It is sealed in the database.
#[derive(Serialize, Deserialize)]
pub(super) struct Started {
    /// The way by which it is connected. `None`: an older program began it, and it is the one that uses OAuth.
    #[serde(default)]
    pub(super) auth: Option<AuthKind>,
    pub(super) connection: Map<String, Value>,
    /// PKCE's code verifier (RFC 7636, section 4.1), if the provider uses PKCE.
    verifier: Option<String>,
}

impl Installer {
    /// Begins a handshake. Returns the address to send the browser to.
    ///
    /// `connection` is what the person typed. `browser` is the cookie of the browser; the answer counts only there.
    pub async fn begin(
        &self,
        who: &Installing,
        account: &ProviderAccount,
        connection: Map<String, Value>,
        browser: &str,
    ) -> Result<Url, InstallProblem> {
        let target = InstallTarget { project: who.tenant.project, account: account.clone() };
        let url = self.start(who, account, connection, browser).await;
        url.map_err(|kind| logged(InstallProblem::at(&target, kind), &who.request_id))
    }

    async fn start(
        &self,
        who: &Installing,
        account: &ProviderAccount,
        connection: Map<String, Value>,
        browser: &str,
    ) -> Result<Url, ProblemKind> {
        self.check_standing(&who.tenant, who.by).await?;
        let provider = &account.provider;
        let connection = provider.read_connection(&connection).map_err(ProblemKind::Invalid)?;
        let oauth = provider.oauth().ok_or(ProblemKind::Internal)?;
        let app = self.apps.find(&who.tenant, provider).await?.ok_or(ProblemKind::NotConfigured)?;
        let oauth = app.oauth(oauth);
        let server = self.server(provider, &oauth, &connection, &app)?;
        let state = Token::generate(&self.environment);
        let verifier = server.takes_pkce().then(|| Token::generate(&self.environment).expose().to_owned());
        let url = server.authorize_url(state.expose(), verifier.as_deref());
        let (id, now) = (self.environment.id(), self.environment.now());
        let started = Started { auth: Some(provider.auth), connection, verifier };
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
        let server = self.server(provider, oauth, &started.connection, app)?;
        let answer = server.exchange(&self.outbound, code, started.verifier.clone()).await?;
        let read = Grant::read(oauth, answer.status, &answer.body(), self.environment.now());
        let grant = read.map_err(|problem| answer.cut_off.map_or(problem.into(), ProblemKind::NoAnswer))?;
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
        connection: &Map<String, Value>,
        app: &OAuthApp,
    ) -> Result<AuthorizationServer, ProblemKind> {
        let server = AuthorizationServer::new(provider, oauth, connection, app).map_err(|error| {
            tracing::error!(provider = %provider.key, %error, "the provider's URLs cannot be made: check the provider's file");
            ProblemKind::Internal
        })?;
        Ok(server.returning_to(self.redirect_url()?))
    }

    /// The address that the provider sends the browser back to. It is registered there in exactly this form.
    pub fn redirect_uri(&self) -> String {
        format!("{}/oauth/callback", self.public_url.as_str().trim_end_matches('/'))
    }

    pub(super) fn redirect_url(&self) -> Result<RedirectUrl, ProblemKind> {
        RedirectUrl::new(self.redirect_uri()).map_err(|_| ProblemKind::Internal)
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
