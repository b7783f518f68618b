//! The service for the audit log.

use super::page::Page;
use crate::store::{AuditEntry, AuditFilter, ReadError, Store, Tenant};

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
}
