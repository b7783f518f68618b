//! OAuth apps: the client id and secret under which a provider knows this server.

use std::{
    collections::{HashMap, HashSet},
    sync::{Arc, PoisonError, RwLock},
};

use integrations_core::catalog::Provider;
use secrecy::{ExposeSecret as _, SecretString};

use crate::{
    store::{AppOwner, Store, StoreError, Tenant},
    vault::{Purpose, Vault, VaultError},
};

/// The two halves under which a provider knows an app.
#[derive(Clone, Debug)]
pub struct OAuthApp {
    /// The public half.
    pub client_id: String,
    /// The secret half.
    pub client_secret: SecretString,
}

/// An app cannot be found, though there may be one.
#[derive(Debug, thiserror::Error)]
pub enum FindAppError {
    /// The database does not answer.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The client secret cannot be opened.
    #[error(transparent)]
    Vault(#[from] VaultError),
}

/// The apps that were set by the operator's command, in the database, or by the environment.
#[derive(Debug)]
pub struct OAuthApps {
    store: Store,
    vault: Arc<Vault>,
    /// By provider, from the environment: for all.
    given: HashMap<String, OAuthApp>,
    /// Which there are in the database, as it was last asked.
    stored: RwLock<HashSet<(String, AppOwner)>>,
}

impl OAuthApps {
    /// The apps in `store` and the `given` ones by provider. [`OAuthApps::refresh`] must run
    /// again and again for [`OAuthApps::is_configured`] to be true of those in the store.
    pub fn new(store: Store, vault: Arc<Vault>, given: HashMap<String, OAuthApp>) -> Self {
        Self { store, vault, given, stored: RwLock::default() }
    }

    /// The app that a tenant's installation uses: the project's, else the organization's, else the one for all, else
    /// the environment's.
    pub async fn find(&self, tenant: &Tenant, provider: &Provider) -> Result<Option<OAuthApp>, FindAppError> {
        let key = provider.key.as_str();
        let Some(stored) = self.store.oauth_app_for(tenant, key).await? else {
            return Ok(self.given.get(key).cloned());
        };
        let opened = self.vault.open(&stored.sealed_secret, Purpose::OAuthApp(stored.id))?;
        let secret = std::str::from_utf8(opened.expose_secret()).map_err(|_| VaultError::Damaged)?;
        Ok(Some(OAuthApp { client_id: stored.client_id, client_secret: secret.into() }))
    }

    /// Whether there is an app for a tenant's installation.
    pub async fn exists(&self, tenant: &Tenant, provider: &Provider) -> Result<bool, StoreError> {
        let key = provider.key.as_str();
        Ok(self.given.contains_key(key) || self.store.oauth_app_for(tenant, key).await?.is_some())
    }

    /// Whether a tenant can install a provider, as far as is known in memory: by OAuth only with an app.
    pub fn is_configured(&self, tenant: &Tenant, provider: &Provider) -> bool {
        let key = provider.key.as_str();
        if provider.oauth().is_none() || self.given.contains_key(key) {
            return true;
        }
        let stored = self.stored.read().unwrap_or_else(PoisonError::into_inner);
        let owners =
            [AppOwner::All, AppOwner::Organization(tenant.organization), AppOwner::Project(tenant.project)];
        owners.into_iter().any(|owner| stored.contains(&(key.to_owned(), owner)))
    }

    /// Asks the database once which apps there are.
    pub async fn refresh(&self) -> Result<(), StoreError> {
        let apps = self.store.oauth_app_owners().await?.into_iter().collect();
        *self.stored.write().unwrap_or_else(PoisonError::into_inner) = apps;
        Ok(())
    }
}
