//! Who looks after which integration, and when: leases.
//!
//! A row of `monitors` is due when `due_at` has come. Whoever claims it writes an owner and moves `due_at` to the end of the
//! lease: a lease that is not given back is simply due again, and the next one takes it over. Only its owner gives it
//! back. No transaction is open while a provider is asked.
//!
//! Whoever changes an integration and its monitor in one transaction begins with the integration: so nobody waits for one
//! who waits for him.

mod claim;
mod settle;
pub mod statements;

use integrations_core::{
    ids::{IntegrationId, LeaseId},
    lifecycle::{Health, Status},
};
use sea_orm::{ColumnTrait as _, ConnectionTrait, EntityTrait as _, QueryFilter as _, Statement};
use time::OffsetDateTime;

pub use self::settle::{LeaseEnd, LeaseWrite, Release, Renewed};
use super::{StoreError, Tenant, entity::monitor, moment};

/// An integration that is to be looked after, under a lease.
#[derive(Clone)]
pub struct Claim {
    /// The lease's owner: a new id for each claim.
    pub lease: LeaseId,
    /// Whose it is.
    pub tenant: Tenant,
    /// The integration.
    pub integration: IntegrationId,
    /// Its provider's key.
    pub provider: String,
    /// Its status.
    pub status: Status,
    /// Its health.
    pub health: Health,
    /// JSON object: what the user supplied beside the credential.
    pub connection: String,
    /// Its credential, sealed.
    pub sealed: Vec<u8>,
    /// Counts the credentials that it had.
    pub credential_version: i64,
    /// When the credential expires by itself.
    pub expires_at: Option<OffsetDateTime>,
    /// Whether the lease before was not given back.
    pub is_taken_over: bool,
    /// How it was left.
    pub schedule: Schedule,
}

impl std::fmt::Debug for Claim {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Claim").field("integration", &self.integration).finish_non_exhaustive()
    }
}

/// When what is to be done next with an integration.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Schedule {
    /// When to probe.
    pub probe_at: OffsetDateTime,
    /// When to refresh the tokens; none: only when they are refused.
    pub refresh_at: Option<OffsetDateTime>,
    /// Before that the provider asks to be left alone.
    pub not_before: Option<OffsetDateTime>,
    /// Probes in a row that found it other than well.
    pub failures: u32,
    /// The lease under which the refresh token was sent, while it is not known what came of it.
    pub refresh_begun_by: Option<LeaseId>,
}

impl Schedule {
    /// For what was just connected: a probe at `probe_at`, a refresh at `refresh_at`.
    pub const fn new(probe_at: OffsetDateTime, refresh_at: Option<OffsetDateTime>) -> Self {
        Self { probe_at, refresh_at, not_before: None, failures: 0, refresh_begun_by: None }
    }

    /// When it is next to be looked after.
    pub fn due_at(&self) -> OffsetDateTime {
        let first = self.refresh_at.map_or(self.probe_at, |refresh_at| refresh_at.min(self.probe_at));
        self.not_before.map_or(first, |not_before| not_before.max(first))
    }
}

/// Begins to look after an integration with a new credential. Leases on it end: they were for the one before.
pub(super) async fn begin(
    on: &impl ConnectionTrait,
    integration: IntegrationId,
    provider: &str,
    schedule: &Schedule,
) -> Result<(), StoreError> {
    let backend = on.get_database_backend();
    let values = [
        integration.to_string().into(),
        provider.into(),
        moment(backend, schedule.due_at()),
        moment(backend, schedule.probe_at),
        moment(backend, schedule.refresh_at),
    ];
    on.execute_raw(Statement::from_sql_and_values(backend, statements::BEGIN, values)).await?;
    Ok(())
}

/// No longer looks after an integration.
pub(super) async fn end(on: &impl ConnectionTrait, integration: IntegrationId) -> Result<(), StoreError> {
    monitor::Entity::delete_by_id(integration.to_string()).exec(on).await?;
    Ok(())
}

/// Ends a lease on what cannot be looked after any more, as project or credential are gone. `false`: it had gone to
/// somebody else.
async fn end_leased(
    on: &impl ConnectionTrait,
    lease: LeaseId,
    integration: &str,
) -> Result<bool, StoreError> {
    let ended = monitor::Entity::delete_by_id(integration)
        .filter(monitor::Column::LeaseOwner.eq(lease.to_string()))
        .exec(on)
        .await?;
    Ok(ended.rows_affected == 1)
}

/// Has an integration probed at once, after what is under way. Returns when the provider is asked next: later where it
/// has asked for a longer wait, and never where there is no monitor.
pub(super) async fn bring_probe_forward(
    on: &impl ConnectionTrait,
    integration: IntegrationId,
    now: OffsetDateTime,
) -> Result<Option<OffsetDateTime>, StoreError> {
    let backend = on.get_database_backend();
    let values = [integration.to_string().into(), moment(backend, now)];
    let statement = Statement::from_sql_and_values(backend, statements::BRING_PROBE_FORWARD.as_str(), values);
    let row = on.query_one_raw(statement).await?;
    Ok(row.map(|row| row.try_get("", "next_check_at")).transpose()?)
}
