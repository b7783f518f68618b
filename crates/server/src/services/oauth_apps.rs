//! The service for OAuth apps that an organization sets for itself or for one of its projects.

use std::sync::Arc;

use integrations_core::{
    audit::{Acting, AuditAction, Change, change},
    catalog::{AddressOf, OAuth, Provider, SecretSource},
    ids::{OAuthAppId, OrganizationId},
    oauth_app::NewOAuthApp,
};
use secrecy::ExposeSecret as _;
use serde_json::{Map, Value, json};
use time::OffsetDateTime;

use crate::{
    environment::Environment,
    provider::oauth_apps::OAuthApps,
    store::{
        AppOwner, AppsOf, NewAuditEvent, NewEventSecret, NewOAuthApp as NewOAuthAppRow, OAuthAppRecord,
        OwnedError, SourceOf, Store, StoreError, Tenant,
    },
    vault::{Purpose, Vault, VaultError},
};

/// How long the client secret that was replaced verifies events.
const FORMER_SECRET: time::Duration = time::Duration::days(1);

/// Sets and removes OAuth apps.
#[derive(Clone, Debug)]
pub struct AppSettings {
    store: Store,
    vault: Arc<Vault>,
    apps: Arc<OAuthApps>,
    environment: Environment,
}

/// Why an app was not set or removed.
#[derive(Debug, thiserror::Error)]
pub enum SetAppError {
    /// It may not be changed, or the change could not be stored.
    #[error(transparent)]
    Owned(#[from] OwnedError),
    /// No client secret is named, and none is stored for this client id.
    #[error("no client secret is stored for this client id")]
    NoSecret,
    /// The stored client secret cannot be opened.
    #[error(transparent)]
    Vault(#[from] VaultError),
}

impl From<StoreError> for SetAppError {
    fn from(error: StoreError) -> Self {
        Self::Owned(error.into())
    }
}

/// The app that counts for some installations.
#[derive(Clone, Debug)]
pub enum CurrentApp {
    /// A stored one.
    Stored(Box<OAuthAppRecord>),
    /// The environment's.
    Given,
    /// None.
    Missing,
}

impl CurrentApp {
    /// Whose it is. `None`: there is none.
    pub fn owner(&self) -> Option<AppOwner> {
        match self {
            Self::Stored(app) => Some(app.owner),
            Self::Given => Some(AppOwner::All),
            Self::Missing => None,
        }
    }

    /// Whether it is one that the provider shares with other services.
    pub fn is_shared(&self, provider: &Provider) -> bool {
        matches!(self, Self::Stored(app) if app.provider != provider.key.as_str())
    }

    /// Its client id. `None` for the operator's, which tenants are not shown.
    pub fn client_id(&self) -> Option<&str> {
        match self {
            Self::Stored(app) if app.owner != AppOwner::All => Some(&app.client_id),
            Self::Stored(_) | Self::Given | Self::Missing => None,
        }
    }

    /// The value of a field that it has beside. `None` as for the client id.
    pub fn field(&self, key: &str) -> Option<&str> {
        match self {
            Self::Stored(app) if app.owner != AppOwner::All => app.fields.get(key)?.as_str(),
            Self::Stored(_) | Self::Given | Self::Missing => None,
        }
    }

    /// The scopes of its own. `None`: it asks for those of the provider's file.
    pub fn own_scopes(&self) -> Option<&[String]> {
        match self {
            Self::Stored(app) => app.scopes.as_deref(),
            Self::Given | Self::Missing => None,
        }
    }

    /// The scopes that it asks for. `oauth` is what the provider's file says.
    pub fn scopes<'a>(&'a self, oauth: &'a OAuth) -> &'a [String] {
        self.own_scopes().unwrap_or(&oauth.scopes)
    }

    /// When it was last set, if that is known.
    pub fn updated_at(&self) -> Option<OffsetDateTime> {
        match self {
            Self::Stored(app) => Some(app.updated_at),
            Self::Given | Self::Missing => None,
        }
    }
}

impl AppSettings {
    /// The apps in `store`, sealed by `vault`.
    pub fn new(store: Store, vault: Arc<Vault>, apps: Arc<OAuthApps>, environment: Environment) -> Self {
        Self { store, vault, apps, environment }
    }

    /// The app of each provider that counts for some installations.
    pub async fn current<'a>(
        &self,
        of: AppsOf,
        providers: impl Iterator<Item = &'a Arc<Provider>>,
    ) -> Result<Vec<(&'a Arc<Provider>, CurrentApp)>, StoreError> {
        let stored = self.store.all_oauth_apps_for(of).await?;
        let app = |provider: &Provider| {
            let of_provider = |app: &&OAuthAppRecord| provider.app_keys().any(|key| key == app.provider);
            let of_provider = stored.iter().filter(of_provider);
            let first = of_provider.min_by_key(|app| of.rank(app, provider.app_keys()));
            self.counting(first.cloned(), provider)
        };
        Ok(providers.map(|provider| (provider, app(provider))).collect())
    }

    /// The app of one provider that counts for some installations.
    pub async fn current_of(&self, of: AppsOf, provider: &Provider) -> Result<CurrentApp, StoreError> {
        let stored = self.store.oauth_apps_for(of, provider.app_keys()).await?;
        Ok(self.counting(stored.into_iter().next(), provider))
    }

    /// The app of one provider that counts for some installations, and the one that would without the app of the
    /// nearest owner.
    pub async fn current_and_next(
        &self,
        of: AppsOf,
        provider: &Provider,
    ) -> Result<(CurrentApp, CurrentApp), StoreError> {
        let stored = self.store.oauth_apps_for(of, provider.app_keys()).await?;
        let is_own =
            |app: &OAuthAppRecord| app.owner == of.nearest() && app.provider == provider.key.as_str();
        let other = stored.iter().find(|app| !is_own(app)).cloned();
        let current = self.counting(stored.into_iter().next(), provider);
        Ok((current, self.counting(other, provider)))
    }

    /// How many integrations have their tokens renewed by the app of the nearest owner.
    pub async fn served(&self, of: AppsOf, provider: &Provider) -> Result<u64, StoreError> {
        let mut served = self.store.integrations_of_app(of, provider.key.as_str()).await?;
        for service in provider.oauth().into_iter().flat_map(|oauth| &oauth.services) {
            served += self.store.integrations_of_app(of, service.key.as_str()).await?;
        }
        Ok(served)
    }

    /// The app that counts where `stored` is the nearest stored one.
    fn counting(&self, stored: Option<OAuthAppRecord>, provider: &Provider) -> CurrentApp {
        match stored.filter(|app| !self.apps.is_before(provider, app)) {
            Some(app) => CurrentApp::Stored(Box::new(app)),
            None if self.apps.is_given(provider) => CurrentApp::Given,
            None => CurrentApp::Missing,
        }
    }

    /// Sets an app, in place of an earlier one of the same owner.
    pub async fn set(
        &self,
        of: AppsOf,
        provider: &Provider,
        new: NewOAuthApp,
        acting: Acting,
    ) -> Result<(), SetAppError> {
        let (owner, key) = (of.nearest(), provider.key.as_str());
        let event = self.event(of, AuditAction::OauthAppSet, acting);
        let (id, at): (OAuthAppId, _) = (self.environment.id(), event.at);
        let purpose = Purpose::OAuthApp { id, provider: key, owner, client_id: &new.client_id };
        let make = |before: Option<&OAuthAppRecord>| {
            let sealed_secret = self.vault.seal(&self.secret(&new, before)?, purpose);
            let changes = [
                change("provider", Value::Null, key),
                change("client_id", before.map(|app| app.client_id.clone()), new.client_id.clone()),
                change("scopes", before.map_or(Value::Null, |app| json!(app.scopes)), json!(new.scopes)),
                fields_change(before.map(|app| &app.fields), &new.fields),
            ];
            let NewOAuthApp { client_id, scopes, fields, .. } = new.clone();
            let row = NewOAuthAppRow { id, client_id, sealed_secret, scopes, fields, at };
            Ok::<_, SetAppError>((row, changes.into_iter().flatten().collect()))
        };
        let before = self.store.oauth_app_of(key, owner).await?;
        self.store.set_oauth_app(key, owner, Some(event), make).await?;
        if let (Some(before), Some(secret)) = (before, &new.client_secret) {
            self.keep_former(provider, &before, secret, at).await?;
        }
        Ok(self.apps.refresh().await?)
    }

    /// Has the client secret that was replaced verify events for a while, where client secrets do: the provider may
    /// still sign with it.
    async fn keep_former(
        &self,
        provider: &Provider,
        before: &OAuthAppRecord,
        secret: &str,
        at: OffsetDateTime,
    ) -> Result<(), SetAppError> {
        let verifies = provider.events().is_some_and(|events| {
            events.address == AddressOf::App && events.secret.source == SecretSource::ClientSecret
        });
        let of = SourceOf::App(before.owner);
        let source =
            if verifies { self.store.event_source_of(provider.key.as_str(), of).await? } else { None };
        // What cannot be opened verifies nothing.
        let former = self.vault.open(&before.sealed_secret, Purpose::from(before)).ok();
        let former = former.filter(|former| former.expose_secret() != secret.as_bytes());
        let (Some(source), Some(former)) = (source, former) else { return Ok(()) };
        let id = self.environment.id();
        let sealed = self.vault.seal(former.expose_secret(), Purpose::EventSecret(id, source.id));
        let secret = NewEventSecret { id, sealed };
        Ok(self.store.keep_former_secret(source.id, secret, at, at + FORMER_SECRET).await?)
    }

    /// Removes an app of this owner. `false`: there was none.
    pub async fn remove(&self, of: AppsOf, provider: &Provider, acting: Acting) -> Result<bool, SetAppError> {
        let key = provider.key.as_str();
        let mut event = self.event(of, AuditAction::OauthAppRemoved, acting);
        event.changes = change("provider", Value::Null, key).into_iter().collect();
        let removed = self.store.remove_oauth_app(key, of.nearest(), Some(event)).await?;
        self.apps.refresh().await?;
        Ok(removed)
    }

    /// The client secret of an app: what is named, or else what is stored for the same client id.
    fn secret(&self, new: &NewOAuthApp, before: Option<&OAuthAppRecord>) -> Result<Vec<u8>, SetAppError> {
        if let Some(secret) = &new.client_secret {
            return Ok(secret.clone().into_bytes());
        }
        let before = before.filter(|app| app.client_id == new.client_id).ok_or(SetAppError::NoSecret)?;
        Ok(self.vault.open(&before.sealed_secret, Purpose::from(before))?.expose_secret().to_vec())
    }

    fn event(&self, of: AppsOf, action: AuditAction, acting: Acting) -> NewAuditEvent {
        let (organization, project): (OrganizationId, _) = match of {
            AppsOf::Project(Tenant { organization, project }) => (organization, Some(project)),
            AppsOf::Organization(organization) => (organization, None),
        };
        let event = NewAuditEvent::new(&self.environment, organization, action, acting);
        NewAuditEvent { project, ..event }
    }
}

/// What the audit log is told of the fields that an app has beside. Most have none.
pub fn fields_change(before: Option<&Map<String, Value>>, after: &Map<String, Value>) -> Option<Change> {
    let told = |fields: Option<&Map<String, Value>>| {
        fields.filter(|fields| !fields.is_empty()).map_or(Value::Null, |fields| json!(fields))
    };
    change("fields", told(before), told(Some(after)))
}
