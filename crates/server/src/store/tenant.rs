//! Checks that a tenant may see a project. Every read of a project's rows makes this check.

use std::sync::Arc;

use integrations_core::ids::{OrganizationId, ProjectId};
use quick_cache::sync::Cache;
use sea_orm::{DbErr, QueryResult, RuntimeErr};
use sqlx::{ColumnIndex, FromRow, Row, ValueRef as _, postgres::PgRow, sqlite::SqliteRow};

use super::StoreError;

/// A project that an authenticated caller has named, with the caller's organization. Every query checks that the
/// project is the organization's, in the same statement that reads the rows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Tenant {
    /// The caller's organization.
    pub organization: OrganizationId,
    /// The project that the caller named.
    pub project: ProjectId,
}

/// The tenant may not see the project.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Denied {
    /// There is no such project.
    #[error("no such project")]
    NoSuchProject,
    /// The project belongs to another organization.
    #[error("the project belongs to another organization")]
    ForeignProject,
    /// The caller's rights hold in other projects of the organization only.
    #[error("the key is bound to other projects")]
    OutOfReach,
}

/// A tenant's rows could not be read.
#[derive(Debug, thiserror::Error)]
pub enum ReadError {
    /// This tenant may not see them.
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

/// A row that is read with the driver's own reader: SeaORM's writes a message for each null.
pub(super) trait Joined: for<'r> FromRow<'r, PgRow> + for<'r> FromRow<'r, SqliteRow> {}

impl<T: for<'r> FromRow<'r, PgRow> + for<'r> FromRow<'r, SqliteRow>> Joined for T {}

/// Reads a row that is joined to its project. `None`: the project has no such row.
pub(super) fn joined<T: Joined>(row: &QueryResult) -> Result<Option<T>, ReadError> {
    let read = match (row.try_as_pg_row(), row.try_as_sqlite_row()) {
        (Some(row), _) => read(row),
        (_, Some(row)) => read(row),
        _ => return Err(DbErr::Type("a row of neither database".to_owned()).into()),
    };
    read.map_err(|error| DbErr::Query(RuntimeErr::SqlxError(Arc::new(error))).into())
}

fn read<'r, R: Row, T: FromRow<'r, R>>(row: &'r R) -> Result<Option<T>, sqlx::Error>
where
    &'static str: ColumnIndex<R>,
{
    let is_joined = !row.try_get_raw("id")?.is_null();
    is_joined.then(|| T::from_row(row)).transpose()
}

/// Checks that a project belongs to its tenant's organization. It remembers refused tenants for a while, so that a
/// caller who keeps asking causes no queries.
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
    /// The tenant filter. Every statement over a project's rows selects from `projects` and joins the other tables to
    /// it. So its first row names the project's owner even if the project has no other rows.
    pub(super) fn admit(&self, tenant: &Tenant, first_row: Option<&QueryResult>) -> Result<(), ReadError> {
        let owner = first_row.map(|row| row.try_get::<String>("", "organization_id")).transpose()?;
        Ok(self.admit_by_owner(tenant, owner.as_deref())?)
    }

    /// The same for a project whose owner is known already.
    pub(super) fn admit_by_owner(&self, tenant: &Tenant, owner: Option<&str>) -> Result<(), Denied> {
        let denied = match owner {
            Some(owner) if owner.parse() == Ok(tenant.organization) => return Ok(()),
            Some(_) => Denied::ForeignProject,
            None => Denied::NoSuchProject,
        };
        self.turned_away.insert(*tenant, denied);
        Err(denied)
    }

    /// Forgets who was refused a project, because it is back.
    pub(super) fn forget(&self, project: ProjectId) {
        self.turned_away.retain(|tenant, _| tenant.project != project);
    }

    /// Forgets which projects there are not: another replica may have brought one back. That a project belongs to
    /// another organization stays true.
    pub(super) fn forget_missing(&self) {
        self.turned_away.retain(|_, denied| *denied == Denied::ForeignProject);
    }

    /// Returns the error if the tenant was refused recently.
    pub(super) fn recall(&self, tenant: &Tenant) -> Result<(), Denied> {
        self.turned_away.get(tenant).map_or(Ok(()), Err)
    }
}
