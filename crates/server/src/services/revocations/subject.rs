//! The opened credential of a revocation.

use std::sync::Arc;

use integrations_core::catalog::Provider;
use secrecy::ExposeSecret as _;
use serde_json::{Map, Value};

use super::Revocations;
use crate::{
    provider::oauth_apps::OAuthApp,
    store::{RevocationClaim, SealedConnection},
    vault::Purpose,
};

/// An opened credential, with its provider and connection.
pub(super) struct Subject {
    pub(super) provider: Arc<Provider>,
    pub(super) connection: Map<String, Value>,
    pub(super) credential: Map<String, Value>,
}

impl Subject {
    pub(super) fn refresh_token(&self) -> Option<&str> {
        self.credential.get("refresh_token").and_then(Value::as_str)
    }

    /// Whether another credential holds a secret of this one, so that it would end with it. `expires_at` and what a
    /// token answer has beside its tokens are no secrets.
    pub(super) fn shares_a_secret_with(&self, other: &Map<String, Value>) -> bool {
        // Tokens that are got for a form are each connection's own.
        let form = self.provider.form().filter(|_| self.provider.tokens().is_none());
        let form = form.map(|form| form.fields.iter().map(|field| field.key.as_str()));
        let tokens = ["access_token", "refresh_token"].into_iter();
        let names: Vec<&str> = form.map_or_else(|| tokens.collect(), Iterator::collect);
        // Another way to log in may have it under another name.
        let has = |own: &Value| other.values().any(|value| value == own);
        names.into_iter().any(|name| self.credential.get(name).filter(|own| own.is_string()).is_some_and(has))
    }
}

impl Revocations {
    /// Opens a revocation's credential. `None`: it cannot be opened, which is the server's fault.
    pub(super) fn open(&self, claim: &RevocationClaim, provider: &Arc<Provider>) -> Option<Subject> {
        let opened = self.vault.open(&claim.sealed.of.sealed, Purpose::from(&claim.sealed));
        let opened = opened.inspect_err(|error| {
            tracing::error!(revocation = %claim.sealed.revocation, %error, "a credential to revoke cannot be opened");
        });
        let credential = serde_json::from_slice(opened.ok()?.expose_secret()).ok()?;
        let connection = serde_json::from_str(&claim.sealed.of.connection).ok()?;
        Some(Subject { provider: Arc::clone(provider), connection, credential })
    }

    /// Opens the credential of a live connection, if it can be opened.
    pub(super) fn open_live(&self, of: &SealedConnection) -> Option<Map<String, Value>> {
        let opened = self.vault.open(&of.sealed, Purpose::Credential(of.into())).ok()?;
        serde_json::from_slice(opened.expose_secret()).ok()
    }

    /// The OAuth app that got the tokens of a revocation, if it is still set.
    pub(super) async fn app_of(&self, claim: &RevocationClaim, subject: &Subject) -> Option<OAuthApp> {
        let Subject { provider, connection, credential } = subject;
        provider.oauth()?;
        let app = self.apps.client(&claim.tenant, provider, connection, credential).await.ok().flatten()?;
        claim.client_id.as_ref().is_none_or(|id| *id == app.client_id).then_some(app)
    }
}
