//! The service for organizations and their projects, for callers and signed-in people.

use integrations_core::ids::OrganizationId;

use crate::store::{Denied, ProjectNames, ProjectRecord, ReadError, Store, StoreError, Tenant};

/// Organizations and their projects.
#[derive(Clone, Debug)]
pub struct Organizations {
    store: Store,
}

impl Organizations {
    /// The organizations in `store`.
    pub fn new(store: Store) -> Self {
        Self { store }
    }

    /// An organization's name. Empty if it does not exist any more.
    pub async fn name(&self, organization: OrganizationId) -> Result<String, StoreError> {
        let found = self.store.organization(organization).await?;
        Ok(found.map_or_else(String::new, |organization| organization.name))
    }

    /// An organization's projects that are not revoked, oldest first.
    pub async fn projects(&self, organization: OrganizationId) -> Result<Vec<ProjectRecord>, StoreError> {
        let mut projects = self.store.projects(Some(organization)).await?;
        projects.retain(|project| project.revoked_at.is_none());
        Ok(projects)
    }

    /// The names of a tenant's project and of its organization.
    pub async fn project_names(&self, tenant: &Tenant) -> Result<ProjectNames, ReadError> {
        self.store.project_names(tenant).await
    }

    /// Returns an error if the tenant may not see its project.
    pub async fn admit(&self, tenant: &Tenant) -> Result<(), ReadError> {
        self.store.admit(tenant).await
    }

    /// Returns the error if the tenant was refused this project a moment ago. `Ok` does not mean that it may see it.
    /// Does not query the database.
    pub fn recall_denied(&self, tenant: &Tenant) -> Result<(), Denied> {
        self.store.recall_denied(tenant)
    }
}
