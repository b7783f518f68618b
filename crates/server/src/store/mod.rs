//! The database. Every query is in this module, and no other module uses an entity.
//!
//! The rows of a project are read through a [`Tenant`], and `tenant::TenantCheck` alone decides what a tenant may see.
//! An integration and its audit event are written in one transaction.

mod action_runs;
mod address;
mod api_keys;
mod audit;
mod audit_chain;
mod audit_export;
mod audit_stream;
mod authority;
mod backup;
mod batch;
mod connect;
mod credentials;
mod dashboard_sessions;
mod device_logins;
mod encryption_keys;
mod entity;
mod erasure;
mod error;
mod health_changes;
mod idempotency_keys;
mod in_order;
mod install_links;
mod integration_counts;
mod integrations;
mod migrate;
mod moment;
pub mod monitors;
mod moves;
mod oauth_apps;
mod on_its_way;
mod organizations;
mod outbox;
mod pages;
mod pending_installs;
mod permission;
mod pool_use;
mod projects;
mod provider_events;
mod quiet;
mod reachability;
mod read_pool;
mod reads;
mod retention;
mod revocations;
mod rows;
mod sealed;
mod sign_ins;
pub mod statements;
mod stored_api_key;
mod tenant;
mod transaction;
mod user_changes;
mod users;
mod watch;
mod watched;
mod webhooks;
mod writes_off;

pub use action_runs::{
    ApprovalFilter, Asked, BeginRunError, Begun, DecideError, Deciding, EarlierCalls, FailedNotice,
    LookClaim, LookEnd, NewRun, NoticeClaim, NoticeEnd, Reservation, RunEnd, RunFailure, RunFilter, Standing,
    Start, Total, TotalQuery, Verdict,
};
pub use address::{DatabaseUrl, InvalidDatabaseUrl, Pooling, Unpoolable};
pub use api_keys::{ApiKeyRecord, KeyReplacement, NewApiKey};
pub use audit::{ActorFilter, AuditFilter, NewAuditEvent};
pub use audit_chain::{ChainEnds, Whereabouts};
pub use audit_export::ExportOf;
pub use audit_stream::{Unsent, Unstreamed};
pub use authority::{Forbidden, OwnedError};
pub use connect::ConnectError;
pub use credentials::UsableCredential;
pub use dashboard_sessions::{DashboardSession, NewDashboardSession};
pub use device_logins::{DeviceClaim, DeviceGrant, DeviceLogin, NewDeviceLogin, Redeemed, scope_to_approve};
pub use error::StoreError;
pub use idempotency_keys::{Earlier, KeyedRequest, RememberedAnswer};
pub use install_links::{InstallLink, LinkUse, NewInstallLink};
pub use integrations::{
    CredentialFacts, Decision, Installation, Installed, Loaded, ReviseError, StoredCredential,
};
pub use migrate::Migrated;
pub use migrations::Fit;
pub use monitors::{Claim, LeaseEnd, LeaseWrite, Queue, Release, Renewed, Schedule};
pub use moves::{
    Departing, DepartingCredential, EndingExport, ExportRecord, Imported, NewExport, NewImport, OpenExport,
    Renewing, Returning,
};
pub use oauth_apps::{AppOwner, AppsOf, NewOAuthApp, OAuthAppRecord};
pub use on_its_way::ExportStatus;
pub use organizations::OrganizationRecord;
pub use outbox::{Announcement, details_of_a_test};
pub use pending_installs::{PendingInstall, PendingStatus};
pub use permission::{Known, Lapsed, Permission};
pub use projects::{NewProjectRow, PROJECT_GRACE, ProjectNames, ProjectRecord};
pub use provider_events::{
    EventAddress, EventSecretRow, EventSourceRecord, EventTarget, FormerIds, FormerSecret, NewEventSecret,
    NewPath, NewProviderEvent, ProviderEventRow, RefusalRow, Refused, SealedPath, SealedProviderEvent,
    SourceOf, Stored, TakenRequest,
};
pub use quiet::{DATABASE_MARK, Whereabout};
pub use retention::Pruning;
pub use revocations::{
    AttemptEnd, LiveAccount, Moved, RevocationClaim, RevocationOrder, RevocationScope, RevocationTally,
    UnrevokedRow,
};
pub use rows::{ApprovalRow, AuditEntry, IntegrationRow, PastRunRow, RevocationFacts, RunRow};
pub use sealed::{Beginning, OLD_FORM, Sealed, SealedConnection, SealedRequest, SealedRevocation, SealedRow};
pub use sign_ins::{PendingSignIn, ProviderLogout};
pub use stored_api_key::StoredApiKey;
pub use tenant::{Denied, ReadError, Tenant};
pub use user_changes::{Arrival, Arrived, EventOf, RoleChange};
pub use users::{Membership, PersonRecord, PersonRef, RoleRecord, RoleSource};
pub use watch::{ListenError, Listener};
pub use webhooks::{
    Again, AttemptRow, Attempts, DeliveryDetails, DeliveryRow, Due, NewSecret, NewWebhookRow, SealedSecret,
    TestedWebhook, WebhookRecord,
};

use std::sync::{Arc, atomic::AtomicBool};

use self::{
    reachability::{GuardedPool, Reachability},
    transaction::{Transaction, writing},
    watched::Watched,
};
use integrations_core::ids::ProjectId;
use sea_orm::{ConnectionTrait as _, DbBackend};

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
    lists: Arc<batch::Batch<reads::Reads<ProjectId>>>,
    /// What the events of providers are received and forwarded with, which is read together under load.
    event_reads: provider_events::EventReads,
    /// The events of providers, which are stored together under load.
    takes: Arc<batch::Batch<provider_events::Takes>>,
    reachability: Reachability,
    /// The addresses of PostgreSQL, for the connection of `watch`.
    watched: Option<Watched>,
    tenant_check: tenant::TenantCheck,
    outbox: transaction::Outbox,
    /// Whether the database is taken for a copy, as far as is known without asking it.
    quiet: Arc<AtomicBool>,
}

impl Store {
    /// Checks that the database answers.
    pub async fn ping(&self) -> Result<(), StoreError> {
        self.reader.query_one_raw(sea_orm::Statement::from_string(self.backend(), "SELECT 1")).await?;
        Ok(())
    }

    /// The version of PostgreSQL or SQLite.
    pub async fn version(&self) -> Result<String, StoreError> {
        let version = match self.backend() {
            DbBackend::Postgres => "SELECT current_setting('server_version') AS version",
            _ => "SELECT sqlite_version() AS version",
        };
        let row = self.reader.query_one_raw(sea_orm::Statement::from_string(self.backend(), version)).await?;
        let row = row.ok_or_else(|| StoreError::Damaged("no version".to_owned()))?;
        Ok(row.try_get("", "version")?)
    }

    /// What time it is by PostgreSQL's clock. `None`: SQLite has none of its own.
    pub async fn clock(&self) -> Result<Option<time::OffsetDateTime>, StoreError> {
        if self.backend() != DbBackend::Postgres {
            return Ok(None);
        }
        let now = sea_orm::Statement::from_string(self.backend(), "SELECT clock_timestamp() AS now");
        let row = self.reader.query_one_raw(now).await?;
        Ok(row.map(|row| row.try_get("", "now")).transpose()?)
    }

    fn backend(&self) -> DbBackend {
        self.reader.get_database_backend()
    }

    /// Begins a transaction that will write.
    async fn begin(&self) -> Result<Transaction, StoreError> {
        Ok(Transaction::new(self.writer.begin(writing()).await?, self.outbox.clone()))
    }
}
