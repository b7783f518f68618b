//! An integration with its opened credential.

use integrations_core::{
    catalog::{Provider, ProviderAccount},
    health::Verdict,
    lifecycle::Status,
};
use secrecy::ExposeSecret as _;
use serde_json::{Map, Value};
use time::OffsetDateTime;
use url::Url;

use super::{Actions, CallError, secrets::Secrets};
use crate::{
    store::{Loaded, Tenant, UsableCredential},
    vault::{Purpose, VaultError},
};

/// An integration with its opened credential. `Debug` shows nothing of it.
pub(in crate::services) struct Opened {
    /// The provider, and the integration's name.
    pub(in crate::services) account: ProviderAccount,
    /// The integration as it was when the credential was opened.
    pub(in crate::services) loaded: Loaded,
    /// What the user supplied in addition to the credential.
    pub(in crate::services) connection: Map<String, Value>,
    pub(in crate::services) credential: Map<String, Value>,
    /// When it was connected. Connecting it anew changes that, and renewing its tokens does not.
    pub(in crate::services) connected_at: OffsetDateTime,
    /// What must not be in anything that is shown or stored.
    pub(in crate::services) secrets: Secrets,
}

impl std::fmt::Debug for Opened {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Opened").field("integration", &self.loaded.integration.id).finish_non_exhaustive()
    }
}

impl Opened {
    pub(in crate::services) fn provider(&self) -> &Provider {
        &self.account.provider
    }

    /// A field of the connection, or a value that was kept of the token answer.
    pub(in crate::services) fn stored(&self, name: &str) -> Option<String> {
        self.provider().placeholder(&self.connection, &self.credential, name).map(str::to_owned)
    }

    /// The provider's base URL. It is secret if it begins with the URL of a webhook.
    pub(in crate::services) fn base_url(&self) -> Option<Url> {
        let value = |name: &str| self.provider().placeholder(&self.connection, &self.credential, name);
        self.provider().api_base_url.render(value).ok()
    }

    /// Whether this is still the connection that was opened.
    pub(in crate::services) fn is_connected_as(&self, loaded: &Loaded) -> bool {
        self.loaded.is_connected_as(loaded)
    }
}

/// Whether an integration is active. What is not is never called.
pub(in crate::services) fn check_active(loaded: &Loaded) -> Result<(), CallError> {
    match loaded.integration.status() {
        Status::Active => Ok(()),
        status => Err(match loaded.notice_of_move() {
            Some(notice) => CallError::Moving(notice.to_owned()),
            None => CallError::NotActive(status),
        }),
    }
}

impl Actions {
    /// The integration of an account, if it is installed.
    pub(in crate::services) async fn installed(
        &self,
        tenant: &Tenant,
        account: &ProviderAccount,
    ) -> Result<Loaded, CallError> {
        let loaded = self.store.load(tenant, account.as_str()).await?;
        loaded.ok_or_else(|| CallError::NotInstalled { account: account.label() })
    }

    /// The same, with its credential, if that is usable.
    pub(in crate::services) async fn installed_to_use(
        &self,
        tenant: &Tenant,
        account: &ProviderAccount,
    ) -> Result<(Loaded, Option<UsableCredential>), CallError> {
        let loaded = self.store.load_to_use(tenant, account.as_str()).await?;
        loaded.ok_or_else(|| CallError::NotInstalled { account: account.label() })
    }

    /// Reads the credential of an integration, and opens it.
    pub(in crate::services) async fn open(
        &self,
        account: &ProviderAccount,
        loaded: Loaded,
    ) -> Result<Opened, CallError> {
        let usable = self.store.credential(loaded.integration.id).await?;
        self.open_with(account, loaded, usable)
    }

    /// Opens the credential that was read with an integration.
    pub(in crate::services) fn open_with(
        &self,
        account: &ProviderAccount,
        loaded: Loaded,
        usable: Option<UsableCredential>,
    ) -> Result<Opened, CallError> {
        let UsableCredential { sealed, connected_at } = usable.ok_or(CallError::ReinstallRequired)?;
        let opened = self.vault.open(&sealed, Purpose::Credential((&loaded).into()))?;
        let unreadable = |_| CallError::Vault(VaultError::Damaged);
        let credential = serde_json::from_slice(opened.expose_secret()).map_err(unreadable)?;
        let connection = serde_json::from_str(&loaded.connection).map_err(unreadable)?;
        let account = account.stored(loaded.way());
        let secrets = Secrets::of(&account.provider, &connection, &credential);
        Ok(Opened { account, loaded, connection, credential, connected_at, secrets })
    }

    /// Has a credential checked that the provider refused, and renewed if that is needed, and opens it again. `None`:
    /// it does not work.
    pub(in crate::services) async fn renewed(&self, tenant: &Tenant, opened: &mut Opened) -> Option<Opened> {
        let account = &opened.account;
        let report = self.0.monitor.check(tenant, &account.reference).await.ok()?;
        if report.found != Ok(Verdict::Well) || !opened.is_connected_as(&report.loaded) {
            return None;
        }
        match self.open(account, report.loaded).await {
            // The account of a new connection may not be known, so the same account is not enough.
            Ok(renewed)
                if renewed.connected_at != opened.connected_at
                    || renewed.loaded.integration.status() != Status::Active =>
            {
                None
            }
            Ok(mut renewed) => {
                renewed.secrets = renewed.secrets.and(std::mem::take(&mut opened.secrets));
                Some(renewed)
            }
            Err(error) => {
                tracing::warn!(%error, "a credential that was renewed for an action cannot be opened");
                None
            }
        }
    }
}
