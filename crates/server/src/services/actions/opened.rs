//! An integration with its opened credential.

use integrations_core::catalog::{Provider, ProviderAccount};
use secrecy::ExposeSecret as _;
use serde_json::{Map, Value};

use super::{Actions, CallError, secrets::Secrets};
use crate::{
    store::Loaded,
    vault::{Purpose, VaultError},
};

/// An integration with its opened credential. `Debug` shows nothing of it.
pub(super) struct Opened {
    /// The provider, and the integration's name.
    pub(super) account: ProviderAccount,
    /// The integration as it was when the credential was opened.
    pub(super) loaded: Loaded,
    /// What the user supplied in addition to the credential.
    pub(super) connection: Map<String, Value>,
    pub(super) credential: Map<String, Value>,
    /// What must not be in anything that is shown or stored.
    pub(super) secrets: Secrets,
}

impl std::fmt::Debug for Opened {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Opened").field("integration", &self.loaded.integration.id).finish_non_exhaustive()
    }
}

impl Opened {
    pub(super) fn provider(&self) -> &Provider {
        &self.account.provider
    }

    /// A field of the connection, or a value that was kept of the token answer.
    pub(super) fn stored(&self, name: &str) -> Option<String> {
        self.provider().placeholder(&self.connection, &self.credential, name).map(str::to_owned)
    }

    /// Whether this is still the connection that was opened.
    pub(super) fn is_connected_as(&self, loaded: &Loaded) -> bool {
        let (one, other) = (&self.loaded, loaded);
        let of =
            |loaded: &Loaded| (loaded.integration.id, loaded.integration.account.clone().map(|one| one.id));
        of(one) == of(other) && one.connection == other.connection
    }
}

impl Actions {
    /// Opens the credential of an integration.
    pub(super) async fn open(&self, account: &ProviderAccount, loaded: Loaded) -> Result<Opened, CallError> {
        let sealed =
            self.store.credential(loaded.integration.id).await?.ok_or(CallError::ReinstallRequired)?;
        let opened = self.vault.open(&sealed, Purpose::Credential((&loaded).into()))?;
        let unreadable = |_| CallError::Vault(VaultError::Damaged);
        let credential = serde_json::from_slice(opened.expose_secret()).map_err(unreadable)?;
        let connection = serde_json::from_str(&loaded.connection).map_err(unreadable)?;
        let secrets = Secrets::of(&account.provider, &connection, &credential);
        Ok(Opened { account: account.clone(), loaded, connection, credential, secrets })
    }
}
