//! The service for the audit log.

mod export;
mod verify;

use integrations_core::{audit_chain::Head, audit_export::ExportFormat, ids::OrganizationId};

pub use self::{
    export::{Export, Exported, Exporting},
    verify::{ChainHead, ChainReport, VerifyError},
};
use super::page::Page;
use crate::store::{AuditEntry, AuditFilter, ReadError, Store, StoreError, Tenant};

/// Reads the audit log. The store appends to it with each change.
#[derive(Clone, Debug)]
pub struct AuditLog {
    store: Store,
}

impl AuditLog {
    /// The audit log in `store`.
    pub fn new(store: Store) -> Self {
        Self { store }
    }

    /// Up to `limit` of a tenant's events, newest first.
    pub async fn page(
        &self,
        tenant: &Tenant,
        filter: &AuditFilter,
        limit: u16,
    ) -> Result<Page<AuditEntry>, ReadError> {
        // One more than requested shows whether there are more.
        Ok(Page::of(self.store.audit_page(tenant, filter, limit + 1).await?, limit))
    }

    /// Begins to export events, oldest first.
    pub fn export(&self, of: Exporting, filter: AuditFilter, format: ExportFormat) -> Export {
        Export::new(self.store.clone(), of, filter, format)
    }

    /// Checks the chains over the logs of all organizations, or of one. `expected` is a head of that one which was kept
    /// elsewhere.
    pub async fn verify(
        &self,
        of: Option<OrganizationId>,
        expected: Option<Head>,
    ) -> Result<Vec<ChainReport>, VerifyError> {
        verify::verify(&self.store, of, expected).await
    }

    /// The heads of the chains of all organizations, or of one, with what waits chained first.
    pub async fn heads(&self, of: Option<OrganizationId>) -> Result<Vec<ChainHead>, StoreError> {
        self.store.chain_waiting().await?;
        let chains = self.store.chains(of).await?.into_iter();
        let head = |chain: crate::store::ChainEnds| ChainHead {
            organization: chain.organization,
            head: chain.head.to_string(),
        };
        Ok(chains.map(head).collect())
    }
}
