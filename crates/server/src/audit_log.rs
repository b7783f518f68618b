//! The service over the audit log.

use crate::store::{AuditEntry, AuditFilter, ReadError, Store, Tenant};

/// The audit log, to be read; the store appends to it with each change.
#[derive(Clone, Debug)]
pub struct AuditLog {
    store: Store,
}

/// A page of the audit log.
#[derive(Clone, Debug)]
pub struct AuditPage {
    /// Its events, newest first.
    pub entries: Vec<AuditEntry>,
    /// Whether there are older ones.
    pub has_more: bool,
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
    ) -> Result<AuditPage, ReadError> {
        // One more than is asked for tells whether there are more.
        let mut entries = self.store.audit_page(tenant, filter, limit + 1).await?;
        let has_more = entries.len() > usize::from(limit);
        entries.truncate(usize::from(limit));
        Ok(AuditPage { entries, has_more })
    }
}

impl AuditPage {
    /// The event to go on before, where there are more.
    pub fn cursor(&self) -> Option<&str> {
        self.entries.last().filter(|_| self.has_more).map(|last| last.id.as_str())
    }
}
