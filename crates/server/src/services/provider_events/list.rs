//! Shows what was taken.

use integrations_core::{
    catalog::ProviderAccount,
    ids::{IntegrationId, ProviderEventId},
};
use secrecy::SecretSlice;

use super::{EventsError, ProviderEvents};
use crate::{
    services::page::{Entry, Page},
    store::{ProviderEventRow, StoreError, Tenant},
    vault::Purpose,
};

impl Entry for ProviderEventRow {
    fn id(&self) -> &str {
        &self.id
    }
}

impl ProviderEvents {
    /// A page of the events of a tenant's integration, newest first; of one type if that is named.
    pub async fn list(
        &self,
        tenant: &Tenant,
        account: &ProviderAccount,
        filter: (Option<ProviderEventId>, Option<&str>),
        limit: u16,
    ) -> Result<Page<ProviderEventRow>, EventsError> {
        let integration = self.integration(tenant, account).await?;
        let read = self.store.provider_events(tenant, integration, filter, u64::from(limit) + 1).await?;
        Ok(Page::of(read, limit))
    }

    /// An event of a tenant's integration, with its body. `None` in place of the body: it is not kept any more.
    pub async fn event(
        &self,
        tenant: &Tenant,
        account: &ProviderAccount,
        id: ProviderEventId,
    ) -> Result<(ProviderEventRow, Option<SecretSlice<u8>>), EventsError> {
        let integration = self.integration(tenant, account).await?;
        let found = self.store.provider_event(tenant, integration, id).await?;
        let (row, sealed) = found.ok_or(EventsError::NoSuchEvent)?;
        let is_kept = !sealed.sealed.is_empty();
        let body = is_kept.then(|| self.vault.open(&sealed.sealed, Purpose::from(&sealed))).transpose()?;
        Ok((row, body))
    }

    async fn integration(
        &self,
        tenant: &Tenant,
        account: &ProviderAccount,
    ) -> Result<IntegrationId, EventsError> {
        let row = self.store.integration(tenant, account.as_str()).await?;
        let row = row.ok_or_else(|| EventsError::NotInstalled(account.label()))?;
        let damaged = |_| StoreError::Damaged(format!("integration {}: id", row.id));
        Ok(row.id.parse().map_err(damaged)?)
    }
}
