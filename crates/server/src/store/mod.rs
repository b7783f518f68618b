//! The database: every query is here, and nothing outside names an entity.
//!
//! What belongs to a project is reached through a [`Tenant`], and what a tenant may see is decided in one
//! place (`tenant::TenantCheck`). An integration is written together with its audit event or not at all.

mod api_keys;
mod audit;
mod connect;
mod dashboard_sessions;
mod entity;
mod error;
mod install_links;
mod integrations;
mod moment;
pub mod monitors;
mod oauth_apps;
mod organizations;
mod pending_installs;
mod pool_use;
mod projects;
mod reachability;
mod read_pool;
mod retention;
mod rows;
mod sealed;
pub mod statements;
mod tenant;
mod watch;

pub use api_keys::{ApiKeyRecord, NewApiKey, StoredApiKey};
pub use audit::{ActorFilter, AuditFilter, NewAuditEvent};
pub use connect::{ConnectError, DatabaseUrl};
pub use dashboard_sessions::{DashboardSession, NewDashboardSession};
pub use error::StoreError;
pub use install_links::{InstallLink, NewInstallLink};
pub use integrations::{Decision, Installation, Installed, Loaded, ReviseError, StoredCredential};
pub use monitors::{Claim, LeaseEnd, LeaseWrite, Release, Renewed, Schedule};
pub use oauth_apps::{AppOwner, NewOAuthApp, OAuthAppRecord};
pub use organizations::OrganizationRecord;
pub use pending_installs::{PendingInstall, PendingStatus};
pub use projects::{ProjectNames, ProjectRecord};
pub use retention::Pruning;
pub use rows::{AuditEntry, IntegrationRow};
pub use sealed::{Sealed, SealedRow};
pub use tenant::{Denied, ReadError, Tenant};
pub use watch::{ListenError, Listener};

use self::{
    moment::moment,
    reachability::{GuardedPool, Reachability},
};
use migrations::{Migrator, MigratorTrait as _, SchemaManager};
use sea_orm::{
    ConnectionTrait as _, DatabaseTransaction, DbBackend, DbErr, QueryResult, SqliteTransactionMode,
    TransactionOptions,
};
use sqlx::postgres::PgConnectOptions;

/// The database of one server. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Store {
    /// Reads outside of a transaction.
    reader: GuardedPool,
    /// Writes. The same pool as `reader` on PostgreSQL; on SQLite one connection, as there can be one writer.
    writer: GuardedPool,
    /// The reads that requests wait for.
    read_pool: read_pool::ReadPool,
    reachability: Reachability,
    /// Where PostgreSQL is, for one more connection.
    postgres: Option<PgConnectOptions>,
    tenant_check: tenant::TenantCheck,
}

impl Store {
    /// Whether the database answers.
    pub async fn ping(&self) -> Result<(), StoreError> {
        self.reader.query_one_raw(sea_orm::Statement::from_string(self.backend(), "SELECT 1")).await?;
        Ok(())
    }

    /// Brings the schema up to date, and returns the names of the migrations that it ran. Several may try at once:
    /// one does the work, the others wait for it.
    pub async fn migrate(&self) -> Result<Vec<String>, StoreError> {
        /// Any number that no other program locks on the same database.
        const LOCK: &str = "SELECT pg_advisory_xact_lock(7238115509)";

        let transaction = self.begin().await?;
        if self.backend() == DbBackend::Postgres {
            transaction.execute_unprepared(LOCK).await?;
        }
        let pending = Migrator::get_pending_migrations(&transaction).await?;
        let names = pending.iter().map(|migration| migration.name().to_owned()).collect();
        Migrator::up(&transaction, None).await?;
        transaction.commit().await?;
        Ok(names)
    }

    /// The migrations that are still to be run, by name. Only reads.
    pub async fn pending_migrations(&self) -> Result<Vec<String>, StoreError> {
        const APPLIED: &str = "SELECT version FROM seaql_migrations";

        let mut names: Vec<String> = Migrator::migrations().iter().map(|one| one.name().to_owned()).collect();
        if SchemaManager::new(self.reader.pool()).has_table("seaql_migrations").await? {
            let applied = sea_orm::Statement::from_string(self.backend(), APPLIED);
            for row in self.reader.query_all_raw(applied).await? {
                let applied: String = row.try_get("", "version")?;
                names.retain(|name| *name != applied);
            }
        }
        Ok(names)
    }

    fn backend(&self) -> DbBackend {
        self.reader.get_database_backend()
    }

    /// Begins a transaction that is going to write. On SQLite it takes the write lock at once, since a
    /// transaction that reads first and cannot be upgraded fails instead of waiting.
    async fn begin(&self) -> Result<DatabaseTransaction, StoreError> {
        let options = TransactionOptions {
            sqlite_transaction_mode: Some(SqliteTransactionMode::Immediate),
            ..TransactionOptions::default()
        };
        Ok(self.writer.begin(options).await?)
    }

    /// Runs one of the statements that requests wait for, whose parameters are all text.
    async fn read(&self, sql: &'static str, parameters: &[&str]) -> Result<Vec<QueryResult>, DbErr> {
        self.reachability.guard(self.read_pool.query(sql, parameters)).await
    }
}
