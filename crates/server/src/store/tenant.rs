//! Who may see what: the check that every read of a project's rows passes.

use std::sync::Arc;

use integrations_core::ids::{OrganizationId, ProjectId};
use quick_cache::sync::Cache;
use sea_orm::{DbErr, FromQueryResult, QueryResult, TryGetError};

use super::StoreError;

/// A project, as an authenticated caller of an organization names it. Whether it is theirs is checked by
/// every query, in the same statement that reads the rows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Tenant {
    /// The caller's organization.
    pub organization: OrganizationId,
    /// The project that the caller named.
    pub project: ProjectId,
}

/// The tenant may not have what it asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Denied {
    /// There is no such project.
    #[error("no such project")]
    NoSuchProject,
    /// The project is another organization's.
    #[error("the project belongs to another organization")]
    ForeignProject,
}

/// A tenant's rows could not be read.
#[derive(Debug, thiserror::Error)]
pub enum ReadError {
    /// They are not for this tenant.
    #[error(transparent)]
    Denied(#[from] Denied),
    /// The database did not answer.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl From<DbErr> for ReadError {
    fn from(error: DbErr) -> Self {
        Self::Store(error.into())
    }
}

/// What a row holds that is joined to its project; `None` where the project holds nothing.
pub(super) fn joined<T: FromQueryResult>(row: &QueryResult) -> Result<Option<T>, ReadError> {
    match T::from_query_result_nullable(row, "") {
        Ok(joined) => Ok(Some(joined)),
        Err(TryGetError::Null(_)) if row.try_get::<Option<String>>("", "id")?.is_none() => Ok(None),
        Err(error) => Err(DbErr::from(error).into()),
    }
}

/// Checks that a project is its tenant's. Remembers for a moment whom it turned away, so that a caller who keeps
/// asking costs the database nothing.
#[derive(Clone, Debug)]
pub(super) struct TenantCheck {
    turned_away: Arc<Cache<Tenant, Denied>>,
}

impl Default for TenantCheck {
    fn default() -> Self {
        Self { turned_away: Arc::new(Cache::new(10_000)) }
    }
}

impl TenantCheck {
    /// The tenant filter. Every statement over a project's rows selects from `projects` first, joined to what is
    /// asked for, so that its first row tells whose project it is even where the project holds nothing.
    pub(super) fn admit(&self, tenant: &Tenant, first_row: Option<&QueryResult>) -> Result<(), ReadError> {
        let owner = first_row.map(|row| row.try_get::<String>("", "organization_id")).transpose()?;
        Ok(self.admit_by_owner(tenant, owner.as_deref())?)
    }

    /// The same, where it is known already who owns the project.
    pub(super) fn admit_by_owner(&self, tenant: &Tenant, owner: Option<&str>) -> Result<(), Denied> {
        let denied = match owner {
            Some(owner) if owner.parse() == Ok(tenant.organization) => return Ok(()),
            Some(_) => Denied::ForeignProject,
            None => Denied::NoSuchProject,
        };
        self.turned_away.insert(*tenant, denied);
        Err(denied)
    }

    /// Whether the tenant was turned away a moment ago.
    pub(super) fn recall(&self, tenant: &Tenant) -> Result<(), Denied> {
        self.turned_away.get(tenant).map_or(Ok(()), Err)
    }
}
