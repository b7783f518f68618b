//! Moves the secrets of events that earlier versions kept among the settings of integrations to the addresses at which
//! they verify events. Only `migrate` does it.

use std::sync::Arc;

use integrations_core::{
    catalog::{AddressOf, Catalog, Provider},
    integration::SecretSettings,
};
use secrecy::ExposeSecret as _;
use serde_json::{Map, Value};

use crate::{
    environment::Environment,
    store::{
        AppOwner, Beginning, FormerIds, FormerSecret, Sealed, SealedConnection, SealedRow, SourceOf, Store,
        StoreError,
    },
    vault::{Purpose, SEALED_BEGINS, Vault},
};

/// How many settings are read at once.
const BATCH: u64 = 200;

/// What came of moving the secrets.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct MovedSecrets {
    /// How many were moved.
    pub moved: u64,
    /// How many stay among the settings, where they have no effect: they cannot be opened, are no secrets of events, or
    /// are for an OAuth app that is not the project's own.
    pub left: u64,
}

/// The secret settings that may hold a secret of events.
pub async fn former_secrets(store: &Store, catalog: &Catalog) -> Result<Vec<SealedConnection>, StoreError> {
    let (mut after, mut found) = (String::new(), Vec::new());
    loop {
        let batch = store.sealed(Sealed::Settings, Beginning::With(SEALED_BEGINS), &after, BATCH).await?;
        let Some(last) = batch.last() else { return Ok(found) };
        after = last.id();
        for row in batch {
            if let SealedRow::Settings(row) = row
                && setting_of(catalog, &row).is_some()
            {
                found.push(row);
            }
        }
    }
}

/// Moves the secrets out of these settings. It can be stopped at any time and begun again.
pub async fn move_former_secrets(
    (store, vault): (&Store, &Vault),
    catalog: &Catalog,
    settings: Vec<SealedConnection>,
    environment: &Environment,
) -> Result<MovedSecrets, StoreError> {
    let mut done = MovedSecrets::default();
    for row in settings {
        let Some((provider, setting)) = setting_of(catalog, &row) else { continue };
        let Ok(mut opened) = open(vault, &row) else {
            done.left += 1;
            continue;
        };
        let Some(text) = opened.shift_remove(&setting) else { continue };
        let of = owner(store, &provider, &row).await?;
        let read = text.as_str().and_then(|text| provider.events()?.read_secret(text).ok());
        let (Some(of), Some(secret)) = (of, read) else {
            done.left += 1;
            continue;
        };
        let rest = vault.seal_settings(&SecretSettings::Opened(opened), (&row).into());
        let ids = FormerIds { source: environment.id(), secret: environment.id(), event: environment.id() };
        let former = FormerSecret { provider: provider.key.to_string(), settings: row, setting, rest, of };
        let seal = |source| vault.seal(secret.as_bytes(), Purpose::EventSecret(ids.secret, source));
        if store.move_former_secret(former, ids, seal, environment.now()).await? {
            done.moved += 1;
        } else {
            done.left += 1;
        }
    }
    Ok(done)
}

/// The provider of these settings, and the setting that was the secret of its events.
fn setting_of(catalog: &Catalog, row: &SealedConnection) -> Option<(Arc<Provider>, String)> {
    let provider = catalog.account(&row.provider).ok()?.provider;
    let setting = provider.events()?.secret.former_setting.clone()?;
    Some((provider, setting))
}

fn open(vault: &Vault, row: &SealedConnection) -> Result<Map<String, Value>, ()> {
    let opened = vault.open(&row.sealed, Purpose::Settings(row.into())).map_err(drop)?;
    serde_json::from_slice(opened.expose_secret()).map_err(drop)
}

/// Whose address the secret is for. The events of other projects come to the app of an organization or of everybody, so
/// a setting of one project must not decide what verifies them.
async fn owner(
    store: &Store,
    provider: &Provider,
    row: &SealedConnection,
) -> Result<Option<SourceOf>, StoreError> {
    match provider.events().map(|events| events.address) {
        Some(AddressOf::Integration) => Ok(Some(SourceOf::Integration(row.integration))),
        Some(AddressOf::App) => {
            let owner = AppOwner::Project(row.project);
            let app = store.oauth_app_of(provider.key.as_str(), owner).await?;
            Ok(app.map(|_| SourceOf::App(owner)))
        }
        None => Ok(None),
    }
}
