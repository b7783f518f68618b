//! What the events at an address are verified with. It is read anew for each request, once its body is there, so that a
//! secret counts everywhere as soon as it is stored, and until it is replaced.

use integrations_core::{
    catalog::{EventKey, Events, Provider, SecretSource},
    ids::EventSourceId,
};
use secrecy::{ExposeSecret as _, SecretString};
use time::OffsetDateTime;

use super::ProviderEvents;
use crate::{
    provider::oauth_apps::FindAppError,
    store::{EventAddress, EventSecretRow, SourceOf, StoreError},
    vault::{Purpose, VaultError},
};

/// Why a request was not verified, for a reason of our own.
#[derive(Debug, thiserror::Error)]
pub(super) enum KeysError {
    /// The database did not answer.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// A secret cannot be opened.
    #[error(transparent)]
    Vault(#[from] VaultError),
}

impl From<FindAppError> for KeysError {
    fn from(error: FindAppError) -> Self {
        match error {
            FindAppError::Store(error) => Self::Store(error),
            FindAppError::Vault(error) => Self::Vault(error),
        }
    }
}

impl ProviderEvents {
    /// The keys that count at an address at `now`, the newest first. None count at one that is gone.
    pub(super) async fn keys(
        &self,
        source: EventSourceId,
        (provider, events): (&Provider, &Events),
        now: OffsetDateTime,
    ) -> Result<Vec<EventKey>, KeysError> {
        let mut keys = Vec::new();
        let Some(address) = self.store.event_address(source).await? else { return Ok(keys) };
        if events.secret.source == SecretSource::ClientSecret {
            let secret = self.client_secret(&address, provider).await?;
            keys.extend(secret.and_then(|secret| events.secret.key(secret.expose_secret())));
        }
        for row in address.secrets_at(now) {
            keys.extend(events.secret.key(&self.open_secret(row)?));
        }
        Ok(keys)
    }

    /// The text of a stored secret.
    pub(super) fn open_secret(&self, row: &EventSecretRow) -> Result<String, VaultError> {
        let opened = self.vault.open(&row.sealed, Purpose::from(row))?;
        String::from_utf8(opened.expose_secret().to_vec()).map_err(|_| VaultError::Damaged)
    }

    async fn client_secret(
        &self,
        EventAddress { source, target, .. }: &EventAddress,
        provider: &Provider,
    ) -> Result<Option<SecretString>, FindAppError> {
        match (source.of, target) {
            (SourceOf::App(owner), _) => self.apps.secret_of(owner, provider).await,
            (SourceOf::Integration(_), Some(target)) => {
                Ok(self.apps.find(&target.tenant, provider).await?.map(|app| app.client_secret))
            }
            (SourceOf::Integration(_), None) => Ok(None),
        }
    }
}
