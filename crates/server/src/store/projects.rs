//! Projects. A project holds at most one integration of each provider.

use integrations_core::ids::{OrganizationId, ProjectId};
use sea_orm::{ColumnTrait as _, EntityTrait as _, QueryFilter as _, QueryOrder as _, sea_query::Expr};
use serde::Serialize;
use time::OffsetDateTime;

use super::{
    Denied, NewAuditEvent, ReadError, Store, StoreError, Tenant, audit,
    entity::{organization, pending_install, project},
    pending_installs,
};

/// A project, as the operator sees it.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct ProjectRecord {
    /// `prj_…`
    pub id: String,
    /// The organization that owns it.
    pub organization_id: String,
    /// Its name.
    pub name: String,
    /// When it was created.
    #[serde(with = "time::serde::rfc3339")]
    pub created_at: OffsetDateTime,
    /// When it was revoked.
    #[serde(with = "time::serde::rfc3339::option")]
    pub revoked_at: Option<OffsetDateTime>,
}

/// The names of a project and its organization.
#[derive(Clone, Debug, PartialEq)]
pub struct ProjectNames {
    /// The project's name.
    pub project: String,
    /// Its organization's name.
    pub organization: String,
}

impl From<project::Model> for ProjectRecord {
    fn from(row: project::Model) -> Self {
        Self {
            id: row.id,
            organization_id: row.organization_id,
            name: row.name,
            created_at: row.created_at,
            revoked_at: row.revoked_at,
        }
    }
}

impl Store {
    /// Creates a project in the event's organization.
    pub async fn create_project(
        &self,
        id: ProjectId,
        name: &str,
        event: NewAuditEvent,
    ) -> Result<ProjectRecord, StoreError> {
        let row = project::Model {
            id: id.to_string(),
            organization_id: event.organization.to_string(),
            name: name.to_owned(),
            created_at: event.at,
            revoked_at: None,
        };
        let transaction = self.begin().await?;
        project::Entity::insert(project::ActiveModel::from(row.clone())).exec(&transaction).await?;
        audit::record(&transaction, event).await?;
        transaction.commit().await?;
        Ok(row.into())
    }

    /// A project of any organization. For the operator, not for tenants.
    pub async fn project(&self, id: ProjectId) -> Result<Option<ProjectRecord>, StoreError> {
        Ok(project::Entity::find_by_id(id.to_string()).one(&self.reader).await?.map(Into::into))
    }

    /// The names of a tenant's project and of its organization.
    pub async fn project_names(&self, tenant: &Tenant) -> Result<ProjectNames, ReadError> {
        let found = project::Entity::find_by_id(tenant.project.to_string())
            .filter(project::Column::RevokedAt.is_null())
            .find_also_related(organization::Entity)
            .one(&self.reader)
            .await?;
        self.tenant_check
            .admit_by_owner(tenant, found.as_ref().map(|(project, _)| project.organization_id.as_str()))?;
        let (project, organization) = found.ok_or(Denied::NoSuchProject)?;
        let organization = organization
            .ok_or_else(|| StoreError::Damaged(format!("project {}: organization", project.id)))?;
        Ok(ProjectNames { project: project.name, organization: organization.name })
    }

    /// The projects of one organization or of all, oldest first.
    pub async fn projects(&self, of: Option<OrganizationId>) -> Result<Vec<ProjectRecord>, StoreError> {
        let mut query = project::Entity::find().order_by_asc(project::Column::Id);
        if let Some(organization) = of {
            query = query.filter(project::Column::OrganizationId.eq(organization.to_string()));
        }
        Ok(query.all(&self.reader).await?.into_iter().map(Into::into).collect())
    }

    /// Revokes a project. `false`: it was revoked before, and nothing is done.
    pub async fn revoke_project(&self, id: ProjectId, event: NewAuditEvent) -> Result<bool, StoreError> {
        let transaction = self.begin().await?;
        let revoked = project::Entity::update_many()
            .col_expr(project::Column::RevokedAt, Expr::value(event.at))
            .filter(project::Column::Id.eq(id.to_string()))
            .filter(project::Column::RevokedAt.is_null())
            .exec(&transaction)
            .await?;
        if revoked.rows_affected == 0 {
            return Ok(false);
        }
        pending_installs::erase_unconfirmed(
            &transaction,
            pending_install::Column::ProjectId.eq(id.to_string()),
        )
        .await?;
        audit::record(&transaction, event).await?;
        transaction.commit().await?;
        Ok(true)
    }
}
