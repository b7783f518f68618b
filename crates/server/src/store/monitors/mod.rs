//! Which integration is monitored when, and under which lease.
//!
//! A row of `monitors` is due at `due_at`. A claim writes the lease's owner and moves `due_at` to the end of the lease.
//! If the lease is not given back, the row becomes due again, and the next claim takes it over. Only its owner may give
//! a lease back. No transaction is open during a call to a provider.
//!
//! A transaction that changes an integration and its monitor changes the integration first. The fixed order avoids
//! deadlocks.

mod claim;
mod queue;
mod settle;
pub mod statements;

use integrations_core::{
    catalog::{ProviderRef, StoredWay},
    ids::{IntegrationId, LeaseId, ProjectId},
    lifecycle::{Health, Status},
};
use sea_orm::{ColumnTrait as _, ConnectionTrait, EntityTrait as _, QueryFilter as _, Statement};
use time::OffsetDateTime;

pub use self::{
    queue::Queue,
    settle::{LeaseEnd, LeaseWrite, Release, Renewed},
};
use super::{
    StoreError, Tenant,
    entity::{credential, integration, monitor},
};

/// An integration that is claimed under a lease, to be monitored.
#[derive(Clone)]
pub struct Claim {
    /// The lease's owner: a new id for each claim.
    pub lease: LeaseId,
    /// The project that it is in, with its organization.
    pub tenant: Tenant,
    /// The integration.
    pub integration: IntegrationId,
    /// Its provider, with its alias.
    pub provider: ProviderRef,
    /// How it was installed.
    pub setup_type: String,
    /// The kind of the way by which it was, if that is known.
    pub auth: Option<String>,
    /// Its status.
    pub status: Status,
    /// Its health.
    pub health: Health,
    /// JSON object: what the user supplied in addition to the credential.
    pub connection: String,
    /// Its credential, sealed.
    pub sealed: Vec<u8>,
    /// The number of credentials that it has had.
    pub credential_version: i64,
    /// When the credential expires by itself.
    pub expires_at: Option<OffsetDateTime>,
    /// Whether the lease before was not given back.
    pub is_taken_over: bool,
    /// Its schedule before the claim.
    pub schedule: Schedule,
}

impl Claim {
    /// By which way of its provider it is connected.
    pub fn way(&self) -> StoredWay<'_> {
        StoredWay { setup_type: &self.setup_type, auth: self.auth.as_deref() }
    }
}

impl std::fmt::Debug for Claim {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Claim").field("integration", &self.integration).finish_non_exhaustive()
    }
}

/// When an integration is to be probed and its tokens refreshed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Schedule {
    /// When to probe.
    pub probe_at: OffsetDateTime,
    /// When to refresh the tokens. `None`: only when the provider refuses them.
    pub refresh_at: Option<OffsetDateTime>,
    /// The provider's API asked for no calls before this time. This does not hold back the refresh.
    pub not_before: Option<OffsetDateTime>,
    /// The provider's token endpoint asked for no requests before this time. This does not hold back the probe.
    pub token_not_before: Option<OffsetDateTime>,
    /// The number of successive probes that did not find it healthy.
    pub failures: u32,
    /// The lease under which the refresh token was sent, while the result is unknown.
    pub refresh_begun_by: Option<LeaseId>,
}

impl Schedule {
    /// The schedule of a new connection: a probe at `probe_at`, a refresh at `refresh_at`.
    pub const fn new(probe_at: OffsetDateTime, refresh_at: Option<OffsetDateTime>) -> Self {
        Self {
            probe_at,
            refresh_at,
            not_before: None,
            token_not_before: None,
            failures: 0,
            refresh_begun_by: None,
        }
    }

    /// When the next probe or refresh is due.
    pub fn due_at(&self) -> OffsetDateTime {
        let probe = self.not_before.map_or(self.probe_at, |not_before| not_before.max(self.probe_at));
        // `None` is less than any time.
        let refresh = self.refresh_at.map(|refresh_at| Some(refresh_at).max(self.token_not_before));
        refresh.flatten().map_or(probe, |refresh| refresh.min(probe))
    }
}

/// Begins to monitor an integration with a new credential. A lease on it ends, because it was for the old credential.
pub(super) async fn begin(
    on: &impl ConnectionTrait,
    integration: IntegrationId,
    provider: &ProviderRef,
    schedule: &Schedule,
) -> Result<(), StoreError> {
    let backend = on.get_database_backend();
    let values = [
        integration.to_string().into(),
        Queue::of(provider).as_str().into(),
        schedule.due_at().into(),
        schedule.probe_at.into(),
        schedule.refresh_at.into(),
        schedule.not_before.into(),
    ];
    on.execute_raw(Statement::from_sql_and_values(backend, statements::BEGIN, values)).await?;
    Ok(())
}

/// Monitors the integrations of a project again that was archived: their monitors ended when they came due meanwhile.
/// Each is probed at once, and renewed at once if its tokens expire.
pub(super) async fn begin_again(
    on: &impl ConnectionTrait,
    project: ProjectId,
    now: OffsetDateTime,
) -> Result<(), StoreError> {
    let connected = credential::Entity::find()
        .find_also_related(integration::Entity)
        .filter(integration::Column::ProjectId.eq(project.to_string()))
        .filter(credential::Column::DeadAt.is_null())
        .all(on)
        .await?;
    for (credential, integration) in connected {
        let Some(integration) = integration else { continue };
        // One that did not come due has kept its monitor, and perhaps the mark of a refresh.
        if monitor::Entity::find_by_id(&integration.id).one(on).await?.is_some() {
            continue;
        }
        let damaged = |what: &str| StoreError::Damaged(format!("integration {}: {what}", integration.id));
        let id = integration.id.parse().map_err(|_| damaged("id"))?;
        let provider = integration.provider.parse().map_err(|_| damaged("provider"))?;
        let refresh_at = (credential.renewable && credential.expires_at.is_some()).then_some(now);
        begin(on, id, &provider, &Schedule::new(now, refresh_at)).await?;
    }
    Ok(())
}

/// The lease under which an integration's refresh token was sent, and its end, if the answer may still come.
pub(super) async fn refreshing(
    on: &impl ConnectionTrait,
    integration: IntegrationId,
) -> Result<Option<(String, OffsetDateTime)>, StoreError> {
    let row = monitor::Entity::find_by_id(integration.to_string()).one(on).await?;
    let row = row.filter(|row| row.lease_owner == row.refresh_begun_by);
    Ok(row.and_then(|row| Some((row.refresh_begun_by?, row.due_at))))
}

/// Ends the monitoring of an integration.
pub(super) async fn end(on: &impl ConnectionTrait, integration: IntegrationId) -> Result<(), StoreError> {
    monitor::Entity::delete_by_id(integration.to_string()).exec(on).await?;
    Ok(())
}

/// Ends the monitoring of an integration that this lease holds and that can no longer be monitored, because its project
/// is revoked or its credential is gone. `false`: the lease had passed to another owner.
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

/// Makes an integration due for a probe at once. If it is leased, the probe follows the lease. Returns when its
/// provider is asked next: later if the provider asked for a longer wait, and `None` if there is no monitor.
pub(super) async fn bring_probe_forward(
    on: &impl ConnectionTrait,
    integration: IntegrationId,
    now: OffsetDateTime,
) -> Result<Option<OffsetDateTime>, StoreError> {
    let backend = on.get_database_backend();
    let values = [integration.to_string().into(), now.into()];
    let statement = Statement::from_sql_and_values(backend, statements::BRING_PROBE_FORWARD.as_str(), values);
    let row = on.query_one_raw(statement).await?;
    Ok(row.map(|row| row.try_get("", "next_check_at")).transpose()?)
}
