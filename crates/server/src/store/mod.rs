//! The database. Every query is in this module, and no other module uses an entity.
//!
//! The rows of a project are read through a [`Tenant`], and `tenant::TenantCheck` alone decides what a tenant may see.
//! An integration and its audit event are written in one transaction.

mod api_keys;
mod audit;
mod batch;
mod connect;
mod dashboard_sessions;
mod encryption_keys;
mod entity;
mod error;
mod install_links;
mod integrations;
mod lists;
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
pub use sealed::{Beginning, OLD_FORM, Sealed, SealedConnection, SealedRow};
pub use tenant::{Denied, ReadError, Tenant};
pub use watch::{ListenError, Listener};

use std::sync::Arc;

use self::{
    moment::moment,
    reachability::{GuardedPool, Reachability},
};
use migrations::{Migrator, MigratorTrait as _, SECRETS_SEALED_ANEW, SchemaManager};
use sea_orm::{
    ConnectionTrait as _, DatabaseTransaction, DbBackend, DbErr, QueryResult, SqliteTransactionMode,
    TransactionOptions,
};
use sqlx::postgres::PgConnectOptions;

/// The database of one server. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Store {
    /// For reads outside of a transaction.
    reader: GuardedPool,
    /// For writes. On PostgreSQL it is the same pool as `reader`; on SQLite it is one connection, because there can be
    /// only one writer.
    writer: GuardedPool,
    /// For the reads of the hot path.
    read_pool: read_pool::ReadPool,
    /// The lists of integrations, which go out together under load.
    lists: Arc<batch::Batch<lists::Lists>>,
    reachability: Reachability,
    /// The address of PostgreSQL, for the connection of `watch`.
    postgres: Option<PgConnectOptions>,
    tenant_check: tenant::TenantCheck,
}

/// What becomes of secrets that are still sealed in the form of an earlier version.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum OldSecrets {
    /// They are to be sealed anew first.
    Awaited,
    /// They are left behind.
    Abandoned,
}

/// What `migrate` did.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Migrated {
    /// The names of the migrations that it ran.
    pub ran: Vec<String>,
    /// Whether it stopped because secrets must be sealed anew first.
    pub awaits_sealing: bool,
}

impl Store {
    /// Checks that the database answers.
    pub async fn ping(&self) -> Result<(), StoreError> {
        self.reader.query_one_raw(sea_orm::Statement::from_string(self.backend(), "SELECT 1")).await?;
        Ok(())
    }

    /// Brings the schema up to date. Several servers may call it at once: one does the work, and the others wait.
    ///
    /// If secrets are still sealed in the form of an earlier version, it stops before the migration that marks them as
    /// sealed anew. The vault must seal them anew, and this must be called again.
    pub async fn migrate(&self) -> Result<Migrated, StoreError> {
        self.run_migrations(OldSecrets::Awaited).await
    }

    /// The same, but does not stop: what is still sealed in the form of an earlier version is left behind, and cannot
    /// be opened any more.
    pub async fn migrate_without_old_secrets(&self) -> Result<Migrated, StoreError> {
        self.run_migrations(OldSecrets::Abandoned).await
    }

    async fn run_migrations(&self, old_secrets: OldSecrets) -> Result<Migrated, StoreError> {
        /// An arbitrary number that no other program locks in the same database.
        const LOCK: &str = "SELECT pg_advisory_xact_lock(7238115509)";

        let transaction = self.begin().await?;
        if self.backend() == DbBackend::Postgres {
            transaction.execute_unprepared(LOCK).await?;
        }
        let pending = Migrator::get_pending_migrations(&transaction).await?;
        let mut ran: Vec<String> = pending.iter().map(|migration| migration.name().to_owned()).collect();
        let mut awaits_sealing = false;
        if let Some(before) = ran.iter().position(|name| name == SECRETS_SEALED_ANEW) {
            Migrator::up(&transaction, u32::try_from(before).ok()).await?;
            awaits_sealing = old_secrets == OldSecrets::Awaited && sealed::has_old_form(&transaction).await?;
            if awaits_sealing {
                ran.truncate(before);
            }
        }
        if !awaits_sealing {
            Migrator::up(&transaction, None).await?;
        }
        transaction.commit().await?;
        Ok(Migrated { ran, awaits_sealing })
    }

    /// The names of the migrations that have not run yet. Changes nothing.
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

    /// Begins a transaction that will write. On SQLite it takes the write lock at once: a transaction that reads first
    /// may fail when it starts to write, instead of waiting.
    async fn begin(&self) -> Result<DatabaseTransaction, StoreError> {
        let options = TransactionOptions {
            sqlite_transaction_mode: Some(SqliteTransactionMode::Immediate),
            ..TransactionOptions::default()
        };
        Ok(self.writer.begin(options).await?)
    }

    /// Runs a statement of the hot path. All its parameters are text.
    async fn read(&self, sql: &'static str, parameters: &[&str]) -> Result<Vec<QueryResult>, DbErr> {
        self.reachability.guard(self.read_pool.query(sql, parameters)).await
    }
}
