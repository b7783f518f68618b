//! OAuth apps: the client ids and secrets that providers issued to this server.

use std::{
    borrow::Cow,
    collections::{HashMap, HashSet},
    sync::{Arc, PoisonError, RwLock},
};

use integrations_core::catalog::{ClientAuth, OAuth, Provider, own_client};
use secrecy::{ExposeSecret as _, SecretString};
use serde_json::{Map, Value};

use crate::{
    store::{AppOwner, AppsOf, OAuthAppRecord, Store, StoreError, Tenant},
    vault::{Purpose, Vault, VaultError},
};

/// An app's client id and secret, or those of a connection's own client.
#[derive(Clone, Debug)]
pub struct OAuthApp {
    /// The public half.
    pub client_id: String,
    /// The secret half. Empty: a public client.
    pub client_secret: SecretString,
    /// The scopes to ask for. `None`: those of the provider's file.
    pub scopes: Option<Vec<String>>,
    /// How it authenticates. `None`: as the provider's file says.
    pub client_auth: Option<ClientAuth>,
    /// What it has beside, by the keys of the provider's file.
    pub fields: Map<String, Value>,
}

impl OAuthApp {
    /// An app of which nothing else is known.
    pub fn new(client_id: impl Into<String>, client_secret: impl Into<SecretString>) -> Self {
        Self {
            client_id: client_id.into(),
            client_secret: client_secret.into(),
            scopes: None,
            client_auth: None,
            fields: Map::new(),
        }
    }

    /// What the provider's file says of OAuth, with what the app has of its own.
    pub fn oauth<'a>(&self, of_file: &'a OAuth) -> Cow<'a, OAuth> {
        if self.scopes.is_none() && self.client_auth.is_none() {
            return Cow::Borrowed(of_file);
        }
        let mut oauth = of_file.clone();
        oauth.scopes = self.scopes.clone().unwrap_or(oauth.scopes);
        oauth.client_auth = self.client_auth.unwrap_or(oauth.client_auth);
        Cow::Owned(oauth)
    }

    /// The client that a connection has for itself. `None`: it uses an app of this server.
    fn of_connection(
        provider: &Provider,
        connection: &Map<String, Value>,
        credential: &Map<String, Value>,
    ) -> Option<Self> {
        provider.oauth()?.own_client.as_ref()?;
        let value = |name: &str| provider.placeholder(connection, credential, name);
        let scopes: Vec<String> = value(own_client::SCOPES).map_or_else(Vec::new, |scopes| {
            scopes.split(',').filter(|scope| !scope.is_empty()).map(str::to_owned).collect()
        });
        // The two belong together: a secret is never sent with another id.
        let (id, secret) = match value(own_client::ID) {
            Some(id) => (id, value(own_client::SECRET)),
            None => {
                (value(own_client::REGISTERED_ID).unwrap_or_default(), value(own_client::REGISTERED_SECRET))
            }
        };
        let told = value(own_client::AUTH).and_then(|word| word.parse().ok());
        Some(Self {
            client_id: id.to_owned(),
            client_secret: secret.unwrap_or_default().into(),
            scopes: Some(scopes).filter(|scopes| !scopes.is_empty()),
            client_auth: if secret.is_some() { told } else { Some(ClientAuth::None) },
            fields: Map::new(),
        })
    }
}

/// The app could not be read. It may exist.
#[derive(Debug, thiserror::Error)]
pub enum FindAppError {
    /// The database does not answer.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The client secret cannot be opened.
    #[error(transparent)]
    Vault(#[from] VaultError),
}

/// The apps: those in the database, which the operator set by command, and those of the environment.
#[derive(Debug)]
pub struct OAuthApps {
    store: Store,
    vault: Arc<Vault>,
    /// The environment's apps by provider. They are for every project.
    given: HashMap<String, OAuthApp>,
    /// The providers and owners of the apps in the database, as last read.
    stored: RwLock<HashSet<(String, AppOwner)>>,
}

impl OAuthApps {
    /// The apps in `store`, and the environment's by provider (`given`). [`OAuthApps::is_configured`] knows an app in
    /// the store only after the next [`OAuthApps::refresh`].
    pub fn new(store: Store, vault: Arc<Vault>, given: HashMap<String, OAuthApp>) -> Self {
        Self { store, vault, given, stored: RwLock::default() }
    }

    /// The app that a tenant's installation uses: the project's, else the organization's, else the one for all, else
    /// the environment's.
    pub async fn find(&self, tenant: &Tenant, provider: &Provider) -> Result<Option<OAuthApp>, FindAppError> {
        self.find_of(AppsOf::Project(*tenant), provider).await
    }

    /// The same for the installations of a project or an organization.
    pub async fn find_of(&self, of: AppsOf, provider: &Provider) -> Result<Option<OAuthApp>, FindAppError> {
        let stored = self.store.oauth_apps_for(of, provider.app_keys()).await?.into_iter().next();
        let Some(stored) = stored.filter(|stored| !self.is_before(provider, stored)) else {
            return Ok(self.given(provider).cloned());
        };
        let opened = self.vault.open(&stored.sealed_secret, Purpose::from(&stored))?;
        let secret = std::str::from_utf8(opened.expose_secret()).map_err(|_| VaultError::Damaged)?;
        let OAuthAppRecord { client_id, scopes, fields, .. } = stored;
        Ok(Some(OAuthApp { scopes, fields, ..OAuthApp::new(client_id, secret) }))
    }

    /// The client by which a connection gets its tokens: its own, else the app of the tenant.
    pub async fn client(
        &self,
        tenant: &Tenant,
        provider: &Provider,
        connection: &Map<String, Value>,
        credential: &Map<String, Value>,
    ) -> Result<Option<OAuthApp>, FindAppError> {
        match OAuthApp::of_connection(provider, connection, credential) {
            Some(own) => Ok(Some(own)),
            None => self.find(tenant, provider).await,
        }
    }

    /// The client secret of the app of this owner. `None`: there is no such app.
    pub async fn secret_of(
        &self,
        owner: AppOwner,
        provider: &Provider,
    ) -> Result<Option<SecretString>, FindAppError> {
        let key = provider.key.as_str();
        let Some(stored) = self.store.oauth_app_of(key, owner).await? else {
            let given = self.given(provider).filter(|_| owner == AppOwner::All);
            return Ok(given.map(|app| app.client_secret.clone()));
        };
        let opened = self.vault.open(&stored.sealed_secret, Purpose::from(&stored))?;
        let secret = std::str::from_utf8(opened.expose_secret()).map_err(|_| VaultError::Damaged)?;
        Ok(Some(secret.into()))
    }

    /// Whether the environment has an app for a provider.
    pub fn is_given(&self, provider: &Provider) -> bool {
        self.given(provider).is_some()
    }

    /// Whether the environment's app for a provider counts more than a stored one: that is for everybody too, and one
    /// that the provider shares with others.
    pub fn is_before(&self, provider: &Provider, stored: &OAuthAppRecord) -> bool {
        let key = provider.key.as_str();
        stored.owner == AppOwner::All && stored.provider != key && self.given.contains_key(key)
    }

    fn given(&self, provider: &Provider) -> Option<&OAuthApp> {
        provider.app_keys().find_map(|key| self.given.get(key))
    }

    /// Whether there is an app for a tenant's installation.
    pub async fn exists(&self, tenant: &Tenant, provider: &Provider) -> Result<bool, StoreError> {
        let stored = self.store.oauth_apps_for(AppsOf::Project(*tenant), provider.app_keys());
        Ok(self.is_given(provider) || !stored.await?.is_empty())
    }

    /// Whether a tenant can install a provider: a provider that uses OAuth needs an app, and one at a host of the
    /// customer's own needs an approved one. Reads memory only.
    pub fn is_configured(&self, tenant: &Tenant, provider: &Provider) -> bool {
        if provider.lacks_approval() {
            return false;
        }
        if provider.oauth_by_app().is_none() || self.is_given(provider) {
            return true;
        }
        let stored = self.stored.read().unwrap_or_else(PoisonError::into_inner);
        let owners =
            [AppOwner::All, AppOwner::Organization(tenant.organization), AppOwner::Project(tenant.project)];
        let mut keys = provider.app_keys();
        keys.any(|key| owners.iter().any(|owner| stored.contains(&(key.to_owned(), *owner))))
    }

    /// Reads the list of apps from the database once.
    pub async fn refresh(&self) -> Result<(), StoreError> {
        let apps = self.store.oauth_app_owners().await?.into_iter().collect();
        *self.stored.write().unwrap_or_else(PoisonError::into_inner) = apps;
        Ok(())
    }
}
