//! The service for the audit log.

use crate::store::{AuditEntry, AuditFilter, ReadError, Store, Tenant};

/// Reads the audit log. The store appends to it with each change.
#[derive(Clone, Debug)]
pub struct AuditLog {
    store: Store,
}

/// A page of the audit log.
#[derive(Clone, Debug)]
pub struct AuditPage {
    /// Its events, newest first.
    pub entries: Vec<AuditEntry>,
    /// Whether there are older events.
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
        // One more than requested shows whether there are more.
        let mut entries = self.store.audit_page(tenant, filter, limit + 1).await?;
        let has_more = entries.len() > usize::from(limit);
        entries.truncate(usize::from(limit));
        Ok(AuditPage { entries, has_more })
    }
}

impl AuditPage {
    /// The id for the next page, which ends before it. `None` if there are no older events.
    pub fn cursor(&self) -> Option<&str> {
        self.entries.last().filter(|_| self.has_more).map(|last| last.id.as_str())
    }
}
