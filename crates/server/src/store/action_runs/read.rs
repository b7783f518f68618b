//! Reads runs to show them.

use integrations_core::{
    action::RunStatus,
    ids::{IntegrationId, RunId},
    integration::Integration,
};
use sea_orm::{
    ColumnTrait as _, ConnectionTrait, EntityTrait as _, QueryFilter as _, QueryOrder as _, QuerySelect as _,
    Statement,
};
use time::OffsetDateTime;

use super::{EarlierCalls, TotalQuery, ask::same_call, totals::read_totals};
use crate::{
    environment::first_id_at,
    store::{
        PastRunRow, ReadError, RunRow, Store, StoreError, Tenant,
        entity::action_run::{Column, Entity},
        statements,
        tenant::joined,
    },
};

/// Which of a project's runs to read. A run must meet every condition that is set.
#[derive(Clone, Debug, Default)]
pub struct RunFilter {
    /// Only runs before this one.
    pub before: Option<RunId>,
    /// Only runs of this provider's integrations, with its alias.
    pub provider: Option<String>,
    /// Only runs of this action.
    pub action: Option<String>,
    /// Only runs with this status.
    pub status: Option<RunStatus>,
    /// Only runs at or after this time.
    pub since: Option<OffsetDateTime>,
}

impl RunFilter {
    /// The conditions on columns, as pairs of a column and its value.
    fn columns(&self) -> impl Iterator<Item = (&'static str, String)> {
        let provider = self.provider.clone().map(|provider| ("provider", provider));
        let action = self.action.clone().map(|action| ("action", action));
        let status = self.status.map(|status| ("status", status.as_str().to_owned()));
        [provider, action, status].into_iter().flatten()
    }
}

impl Store {
    /// A page of up to `limit` of a tenant's runs, newest first, without results over 16 KiB.
    pub async fn runs(
        &self,
        tenant: &Tenant,
        filter: &RunFilter,
        limit: u16,
    ) -> Result<Vec<RunRow>, ReadError> {
        let (columns, wanted): (Vec<_>, Vec<_>) = filter.columns().unzip();
        // Ids sort by time, so a time can be written as an id.
        let end = filter.before.unwrap_or(RunId::from_bits(u128::MAX));
        let begin = filter.since.map_or(RunId::from_bits(0), first_id_at);
        let range = [tenant.project.to_string(), end.to_string(), begin.to_string()];
        let values = range.into_iter().chain(wanted).map(sea_orm::Value::from);
        let sql = statements::runs_page(&columns, limit);
        let statement = Statement::from_sql_and_values(self.backend(), sql, values);
        let rows = self.reader.query_all_raw(statement).await?;
        self.tenant_check.admit(tenant, rows.first())?;
        rows.iter().filter_map(|row| joined(row).transpose()).collect()
    }

    /// The ids of a tenant's newest runs of an integration, up to `limit`, newest first.
    pub async fn run_ids(
        &self,
        tenant: &Tenant,
        integration: IntegrationId,
        since: Option<OffsetDateTime>,
        limit: u64,
    ) -> Result<Vec<String>, StoreError> {
        let begin = since.map_or(RunId::from_bits(0), first_id_at);
        let ids = Entity::find()
            .select_only()
            .column(Column::Id)
            .filter(Column::ProjectId.eq(tenant.project.to_string()))
            .filter(Column::IntegrationId.eq(integration.to_string()))
            .filter(Column::Id.gte(begin.to_string()))
            .order_by_desc(Column::Id)
            .limit(limit)
            .into_tuple::<String>()
            .all(&self.reader)
            .await?;
        Ok(ids)
    }

    /// Those of these runs of a tenant that are still kept, oldest first.
    pub async fn past_runs(&self, tenant: &Tenant, ids: &[String]) -> Result<Vec<PastRunRow>, StoreError> {
        let runs = Entity::find()
            .filter(Column::ProjectId.eq(tenant.project.to_string()))
            .filter(Column::Id.is_in(ids))
            .order_by_asc(Column::Id)
            .into_partial_model::<PastRunRow>()
            .all(&self.reader)
            .await?;
        Ok(runs)
    }

    /// A tenant's run. `None`: there is none with this id, or it is another project's.
    pub async fn run(&self, tenant: &Tenant, id: RunId) -> Result<Option<RunRow>, ReadError> {
        let ids = [tenant.project.to_string(), id.to_string()];
        let rows = self.read_pool.query(&statements::RUN, &[&ids[0], &ids[1]]).await?;
        self.tenant_check.admit(tenant, rows.first())?;
        rows.first().map_or(Ok(None), joined)
    }

    /// What a call would be decided by at this time, beside the integration: `totals`, in their order, and the same
    /// call, by its `input_hash`. `run` is left out. Nothing is locked, so that it may be otherwise at once.
    pub async fn earlier_calls(
        &self,
        integration: IntegrationId,
        action: &str,
        run: RunId,
        totals: &[TotalQuery],
        (hash, at): ([u8; 32], OffsetDateTime),
    ) -> Result<EarlierCalls, StoreError> {
        let integration = integration.to_string();
        let totals = read_totals(&self.reader, &integration, action, run, totals).await?;
        let same = same_call(&self.reader, &integration, hash, at).await?;
        Ok(EarlierCalls { totals, same })
    }

    /// The newest run of the same call of this integration since then that was done, or may be. `hash` is the call's
    /// `input_hash`. What was done at another account of the provider is another call.
    pub async fn repeated_run(
        &self,
        tenant: &Tenant,
        called: &Integration,
        hash: [u8; 32],
        since: OffsetDateTime,
    ) -> Result<Option<RunRow>, StoreError> {
        last_of_call(&self.reader, tenant, called, hash, since).await
    }
}

/// [`Store::repeated_run`], as a transaction sees it.
pub(super) async fn last_of_call(
    on: &impl ConnectionTrait,
    tenant: &Tenant,
    called: &Integration,
    hash: [u8; 32],
    since: OffsetDateTime,
) -> Result<Option<RunRow>, StoreError> {
    let first: RunId = first_id_at(since);
    let account = called.account.as_ref().map(|account| account.id.as_str());
    let done = RunStatus::ALL.into_iter().filter(|status| status.is_reserved());
    let row = Entity::find()
        .filter(Column::OrganizationId.eq(tenant.organization.to_string()))
        .filter(Column::ProjectId.eq(tenant.project.to_string()))
        .filter(Column::IntegrationId.eq(called.id.to_string()))
        .filter(account.map_or_else(|| Column::AccountId.is_null(), |id| Column::AccountId.eq(id)))
        .filter(Column::InputHash.eq(hash.to_vec()))
        .filter(Column::Id.gte(first.to_string()))
        .filter(Column::Status.is_in(done.map(RunStatus::as_str)))
        .order_by_desc(Column::Id)
        .one(on)
        .await?;
    Ok(row.map(RunRow::from))
}
