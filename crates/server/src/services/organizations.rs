//! The service for organizations and their projects, for callers and signed-in people.

use integrations_core::{
    audit::{Acting, AuditAction, Change, change},
    branding::Branding,
    ids::{OrganizationId, ProjectId},
    project::{NewProject, ProjectUpdate, numbered_slug, slug_of},
    rights::Reach,
};
use serde_json::Value;

use crate::{
    environment::Environment,
    store::{
        Denied, NewAuditEvent, NewProjectRow, OwnedError, ProjectNames, ProjectRecord, ReadError,
        RememberedAnswer, Store, StoreError, Tenant,
    },
};

/// How many slugs are tried for a project whose request names none.
const SLUGS_TRIED: u32 = 100;

/// Organizations and their projects.
#[derive(Clone, Debug)]
pub struct Organizations {
    store: Store,
    environment: Environment,
}

impl Organizations {
    /// The organizations in `store`.
    pub fn new(store: Store, environment: Environment) -> Self {
        Self { store, environment }
    }

    /// An organization's name. Empty if it does not exist any more.
    pub async fn name(&self, organization: OrganizationId) -> Result<String, StoreError> {
        let found = self.store.organization(organization).await?;
        Ok(found.map_or_else(String::new, |organization| organization.name))
    }

    /// An organization's projects within a reach that are not archived, oldest first.
    pub async fn projects(
        &self,
        organization: OrganizationId,
        reach: &Reach,
    ) -> Result<Vec<ProjectRecord>, StoreError> {
        let mut projects = self.projects_and_archived(organization, reach).await?;
        projects.retain(|project| project.revoked_at.is_none());
        Ok(projects)
    }

    /// An organization's projects within a reach, archived ones too, oldest first.
    pub async fn projects_and_archived(
        &self,
        organization: OrganizationId,
        reach: &Reach,
    ) -> Result<Vec<ProjectRecord>, StoreError> {
        let mut projects = self.store.projects(Some(organization)).await?;
        projects.retain(|project| project.id.parse().is_ok_and(|id| reach.includes(id)));
        Ok(projects)
    }

    /// One of an organization's projects within a reach, archived or not.
    pub async fn project(
        &self,
        organization: OrganizationId,
        reach: &Reach,
        id: ProjectId,
    ) -> Result<ProjectRecord, ReadError> {
        let found = self.store.project_of(organization, id).await??;
        if reach.includes(id) { Ok(found) } else { Err(Denied::OutOfReach.into()) }
    }

    /// Creates a project, and remembers the `answer` to its request. If it names no slug, one is made from its name.
    pub async fn create_project(
        &self,
        organization: OrganizationId,
        new: NewProject,
        acting: Acting,
        answer: impl Fn(&ProjectRecord) -> Result<Option<RememberedAnswer>, StoreError>,
    ) -> Result<ProjectRecord, OwnedError> {
        let id: ProjectId = self.environment.id();
        let derived = slug_of(&new.name);
        let mut tried = 0;
        loop {
            tried += 1;
            let slug = match (&new.slug, tried) {
                (Some(slug), _) => slug.clone(),
                (None, 1) => derived.clone(),
                (None, number) => numbered_slug(&derived, number),
            };
            let changes = [
                change("name", Value::Null, new.name.clone()),
                change("slug", Value::Null, slug.clone()),
                change("domain", Value::Null, new.domain.clone()),
            ];
            let changes = changes.into_iter().flatten().collect();
            let event = self.event(organization, id, AuditAction::ProjectCreated, &acting, changes);
            let row = NewProjectRow { id, name: new.name.clone(), slug, domain: new.domain.clone() };
            match self.store.create_project(row, event, &answer).await {
                Err(OwnedError::Taken) if new.slug.is_none() && tried < SLUGS_TRIED => {}
                created => return created,
            }
        }
    }

    /// Changes a project, or brings it back.
    pub async fn update_project(
        &self,
        organization: OrganizationId,
        id: ProjectId,
        update: ProjectUpdate,
        acting: &Acting,
    ) -> Result<ProjectRecord, OwnedError> {
        let event = self.event(organization, id, AuditAction::ProjectUpdated, acting, Vec::new());
        self.store.update_project(id, update, event).await
    }

    /// Archives a project. Returns it as it is after that.
    pub async fn archive_project(
        &self,
        organization: OrganizationId,
        id: ProjectId,
        acting: &Acting,
    ) -> Result<ProjectRecord, OwnedError> {
        let event = self.event(organization, id, AuditAction::ProjectRevoked, acting, Vec::new());
        self.store.revoke_project(id, event).await?;
        self.store.project(id).await?.ok_or(OwnedError::NotFound)
    }

    /// The organization that owns a project, which may be archived. `None`: there is no such project. Whoever learns it
    /// must have a role there.
    pub async fn owner(&self, project: ProjectId) -> Result<Option<OrganizationId>, StoreError> {
        let found = self.store.project(project).await?;
        Ok(found.and_then(|project| project.organization_id.parse().ok()))
    }

    /// How the pages that a project's customers see present themselves. `None`: as those of all.
    pub async fn branding(&self, project: ProjectId) -> Result<Option<Branding>, StoreError> {
        let stored = self.store.project(project).await?.and_then(|project| project.branding);
        let stored = stored.and_then(|branding| serde_json::to_value(branding).ok());
        Ok(stored.and_then(|branding| Branding::read(&branding).ok()))
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

    fn event(
        &self,
        organization: OrganizationId,
        project: ProjectId,
        action: AuditAction,
        acting: &Acting,
        changes: Vec<Change>,
    ) -> NewAuditEvent {
        let event = NewAuditEvent::new(&self.environment, organization, action, acting.clone());
        NewAuditEvent { project: Some(project), changes, ..event }
    }
}
