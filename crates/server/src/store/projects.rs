//! Projects. A project holds at most one integration of each provider.

use integrations_core::{
    audit::{AuditAction, change},
    ids::{OrganizationId, ProjectId},
    project::ProjectUpdate,
    return_address::ReturnOrigin,
    rights::Reach,
    scope::RequiredScope,
    wire::Branding,
};
use sea_orm::{
    ActiveModelTrait as _, ColumnTrait as _, EntityTrait as _, IntoActiveModel as _, QueryFilter as _,
    QueryOrder as _, QuerySelect as _, sea_query::Expr,
};
use serde::Serialize;
use serde_json::Value;
use time::{Duration, OffsetDateTime};

use super::{
    Denied, NewAuditEvent, OwnedError, ReadError, RememberedAnswer, Store, StoreError, Tenant, audit,
    authority::{Authority, Holder},
    entity::{organization, pending_install, project},
    idempotency_keys, monitors, pending_installs,
    transaction::Transaction,
};

/// How long an archived project can be brought back. Its credentials are destroyed afterwards.
pub const PROJECT_GRACE: Duration = Duration::days(30);

/// A project to be stored.
#[derive(Clone, Debug)]
pub struct NewProjectRow {
    /// Its id.
    pub id: ProjectId,
    /// Its name.
    pub name: String,
    /// Its name in addresses, unique in the organization.
    pub slug: String,
    /// The domain of the product that it is for.
    pub domain: Option<String>,
}

/// A project, as the operator sees it.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct ProjectRecord {
    /// `prj_…`
    pub id: String,
    /// The organization that owns it.
    pub organization_id: String,
    /// Its name.
    pub name: String,
    /// Its name in addresses, unique in the organization.
    pub slug: String,
    /// The domain of the product that it is for.
    pub domain: Option<String>,
    /// The origins to which people are sent back after an installation.
    pub return_origins: Vec<String>,
    /// How the pages that its customers see present themselves.
    pub branding: Option<Branding>,
    /// When it was created.
    #[serde(with = "time::serde::rfc3339")]
    pub created_at: OffsetDateTime,
    /// When it was archived.
    #[serde(with = "time::serde::rfc3339::option")]
    pub revoked_at: Option<OffsetDateTime>,
    /// When its credentials were destroyed after that.
    #[serde(with = "time::serde::rfc3339::option")]
    pub erased_at: Option<OffsetDateTime>,
}

/// The names of a project and its organization.
#[derive(Clone, Debug, PartialEq)]
pub struct ProjectNames {
    /// The project's name.
    pub project: String,
    /// Its organization's name.
    pub organization: String,
}

impl ProjectRecord {
    /// Until when it can be brought back. `None`: it is in use, or its credentials are destroyed.
    pub fn restorable_until(&self) -> Option<OffsetDateTime> {
        self.revoked_at.filter(|_| self.erased_at.is_none()).map(|at| at + PROJECT_GRACE)
    }
}

impl From<project::Model> for ProjectRecord {
    fn from(row: project::Model) -> Self {
        Self {
            // A project that an older program made has none. The migration gave those before it the same ones.
            slug: row.slug.unwrap_or_else(|| row.id.replace('_', "-")),
            id: row.id,
            organization_id: row.organization_id,
            name: row.name,
            domain: row.domain,
            return_origins: read_origins(row.return_origins.as_deref()),
            branding: row.branding.as_deref().and_then(|text| serde_json::from_str(text).ok()),
            created_at: row.created_at,
            revoked_at: row.revoked_at,
            erased_at: row.erased_at,
        }
    }
}

impl Store {
    /// Creates a project in the event's organization, and remembers the `answer` to the request for it.
    pub async fn create_project(
        &self,
        project: NewProjectRow,
        event: NewAuditEvent,
        answer: impl FnOnce(&ProjectRecord) -> Result<Option<RememberedAnswer>, StoreError>,
    ) -> Result<ProjectRecord, OwnedError> {
        let row = project::Model {
            id: project.id.to_string(),
            organization_id: event.organization.to_string(),
            name: project.name,
            created_at: event.at,
            revoked_at: None,
            slug: Some(project.slug),
            domain: project.domain,
            erased_at: None,
            approvals_decided_by: None,
            approvals_expire_after: None,
            approvals_notify: None,
            return_origins: None,
            branding: None,
        };
        let transaction = self.begin().await?;
        let holder = Authority::from(&event).hold(&transaction, RequiredScope::PROJECTS_WRITE).await?;
        holder.in_whole_organization()?;
        idempotency_keys::remember(&transaction, answer(&row.clone().into())?).await?;
        project::Entity::insert(project::ActiveModel::from(row.clone())).exec(&transaction).await?;
        audit::record(&transaction, event).await?;
        transaction.commit().await?;
        Ok(row.into())
    }

    /// Changes a project of the event's organization. The event gets its action and changes here. If nothing changes,
    /// nothing is recorded.
    pub async fn update_project(
        &self,
        id: ProjectId,
        update: ProjectUpdate,
        mut event: NewAuditEvent,
    ) -> Result<ProjectRecord, OwnedError> {
        let transaction = self.begin().await?;
        let holder = Authority::from(&event).hold(&transaction, RequiredScope::PROJECTS_WRITE).await?;
        let before = owned(&transaction, id, &event, &holder).await?;
        let may_return = before.revoked_at.is_some_and(|at| event.at < at + PROJECT_GRACE);
        if before.revoked_at.is_some() && !(update.restore && may_return && before.erased_at.is_none()) {
            return Err(OwnedError::Ended);
        }
        let mut after = before.clone();
        after.name = update.name.unwrap_or(after.name);
        after.slug = update.slug.or(after.slug);
        after.domain = update.domain.unwrap_or(after.domain);
        if let Some(origins) = &update.return_origins {
            after.return_origins = written_origins(origins);
        }
        if let Some(branding) = &update.branding {
            let shown = branding.as_ref().and_then(integrations_core::branding::Branding::shown);
            after.branding = shown.and_then(|shown| serde_json::to_string(&shown).ok());
        }
        after.revoked_at = None;
        if after == before {
            return Ok(before.into());
        }
        let is_back = before.revoked_at.is_some();
        event.action = if is_back { AuditAction::ProjectRestored } else { AuditAction::ProjectUpdated };
        let changes = [
            change("name", before.name, after.name.clone()),
            change("slug", before.slug, after.slug.clone()),
            change("domain", before.domain, after.domain.clone()),
            change("branding", parsed(before.branding.as_deref()), parsed(after.branding.as_deref())),
            change(
                "return_origins",
                read_origins(before.return_origins.as_deref()),
                read_origins(after.return_origins.as_deref()),
            ),
        ];
        event.changes = changes.into_iter().flatten().collect();
        project::Entity::update(after.clone().into_active_model().reset_all()).exec(&transaction).await?;
        if is_back {
            monitors::begin_again(&transaction, id, event.at).await?;
        }
        audit::record(&transaction, event).await?;
        transaction.commit().await?;
        if is_back {
            self.tenant_check.forget(id);
        }
        Ok(after.into())
    }

    /// A project of any organization. For the operator, not for tenants.
    pub async fn project(&self, id: ProjectId) -> Result<Option<ProjectRecord>, StoreError> {
        Ok(project::Entity::find_by_id(id.to_string()).one(&self.reader).await?.map(Into::into))
    }

    /// The tenant of a project, for the operator. `None`: there is no such project, or it is archived.
    pub async fn tenant_of(&self, project: ProjectId) -> Result<Option<Tenant>, StoreError> {
        let owner = self.project(project).await?.filter(|owner| owner.revoked_at.is_none());
        let Some(owner) = owner else { return Ok(None) };
        let organization = owner.organization_id.parse().map_err(|_| StoreError::Damaged(owner.id))?;
        Ok(Some(Tenant { organization, project }))
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

    /// Forgets which projects were not there a moment ago. Called often, so that a project that another replica brings
    /// back is soon found here.
    pub fn forget_missing_projects(&self) {
        self.tenant_check.forget_missing();
    }

    /// A project of an organization, archived ones included.
    pub async fn project_of(
        &self,
        organization: OrganizationId,
        id: ProjectId,
    ) -> Result<Result<ProjectRecord, Denied>, StoreError> {
        let found = project::Entity::find_by_id(id.to_string()).one(&self.reader).await?;
        Ok(match found {
            None => Err(Denied::NoSuchProject),
            Some(row) if row.organization_id != organization.to_string() => Err(Denied::ForeignProject),
            Some(row) => Ok(row.into()),
        })
    }

    /// Archives a project of the event's organization. `false`: it was archived before, and nothing is done.
    pub async fn revoke_project(&self, id: ProjectId, event: NewAuditEvent) -> Result<bool, OwnedError> {
        let transaction = self.begin().await?;
        let holder = Authority::from(&event).hold(&transaction, RequiredScope::PROJECTS_WRITE).await?;
        if owned(&transaction, id, &event, &holder).await?.revoked_at.is_some() {
            return Ok(false);
        }
        project::Entity::update_many()
            .col_expr(project::Column::RevokedAt, Expr::value(event.at))
            .filter(project::Column::Id.eq(id.to_string()))
            .exec(&transaction)
            .await?;
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

/// The origins of a row. One that is not to be read allows nobody's return.
fn read_origins(stored: Option<&str>) -> Vec<String> {
    stored.and_then(|text| serde_json::from_str(text).ok()).unwrap_or_default()
}

/// Stored JSON as a value.
fn parsed(stored: Option<&str>) -> Value {
    stored.and_then(|text| serde_json::from_str(text).ok()).unwrap_or_default()
}

/// Origins for a row.
fn written_origins(origins: &[ReturnOrigin]) -> Option<String> {
    let texts: Vec<&str> = origins.iter().map(ReturnOrigin::as_str).collect();
    if texts.is_empty() { None } else { serde_json::to_string(&texts).ok() }
}

/// A project of the event's organization within the reach of who asks. Nobody else changes it before the transaction
/// ends.
pub(super) async fn owned(
    on: &Transaction,
    id: ProjectId,
    event: &NewAuditEvent,
    holder: &Holder,
) -> Result<project::Model, OwnedError> {
    let found = project::Entity::find_by_id(id.to_string())
        .filter(project::Column::OrganizationId.eq(event.organization.to_string()))
        .lock_exclusive()
        .one(on)
        .await?;
    found.filter(|_| holder.reaches(&Reach::Projects(vec![id]))).ok_or(OwnedError::NotFound)
}
