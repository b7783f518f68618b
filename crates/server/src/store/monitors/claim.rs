//! Claims integrations that are due.

use integrations_core::{
    ids::{IntegrationId, LeaseId},
    lifecycle::{Health, Status},
};
use sea_orm::{ConnectionTrait as _, DbBackend, FromQueryResult as _, QueryResult, Statement, Value};
use time::OffsetDateTime;

use super::{Claim, Queue, Schedule, end_leased, statements};
use crate::store::{Store, StoreError, Tenant, rows::ClaimedRow};

impl Store {
    /// For each of these queues in which something waits: the earliest time that something is or was due. The queue
    /// that waits longest comes first.
    pub async fn due(&self, queues: &[Queue]) -> Result<Vec<(Queue, OffsetDateTime)>, StoreError> {
        let rows: Vec<String> = (1..=queues.len()).map(|number| format!("(${number})")).collect();
        let sql = format!("{}{}) AS queues", statements::DUE, rows.join(", "));
        let values = queues.iter().map(|queue| Value::from(queue.as_str()));
        let statement = Statement::from_sql_and_values(self.backend(), sql, values);
        let rows = self.reader.query_all_raw(statement).await?;
        let read = |row: &QueryResult| -> Result<_, StoreError> {
            let due: Option<OffsetDateTime> = row.try_get("", "due_at")?;
            due.map(|due| Ok((Queue::stored(row.try_get("", "queue")?), due))).transpose()
        };
        let due: Result<Vec<_>, _> = rows.iter().filter_map(|row| read(row).transpose()).collect();
        let mut due = due?;
        due.sort_unstable_by_key(|(_, due_at)| *due_at);
        Ok(due)
    }

    /// Claims up to `limit` integrations of a queue that are due at `now`, until `end`.
    pub async fn claim(
        &self,
        lease: LeaseId,
        queue: &Queue,
        now: OffsetDateTime,
        end: OffsetDateTime,
        limit: u32,
    ) -> Result<Vec<Claim>, StoreError> {
        let sql = match self.backend() {
            DbBackend::Postgres => &statements::CLAIM_POSTGRES,
            _ => &statements::CLAIM_SQLITE,
        };
        let values = [
            lease.to_string().into(),
            end.into(),
            queue.as_str().into(),
            now.into(),
            i64::from(limit).into(),
        ];
        self.claim_by(lease, sql, values.into()).await
    }

    /// Claims one integration until `end`, even if it is not due. `None`: it is leased already, or it is not monitored.
    pub async fn claim_one(
        &self,
        lease: LeaseId,
        integration: IntegrationId,
        now: OffsetDateTime,
        end: OffsetDateTime,
    ) -> Result<Option<Claim>, StoreError> {
        let values = [lease.to_string().into(), end.into(), integration.to_string().into(), now.into()];
        Ok(self.claim_by(lease, &statements::CLAIM_ONE, values.into()).await?.pop())
    }

    async fn claim_by(
        &self,
        lease: LeaseId,
        sql: &str,
        values: Vec<Value>,
    ) -> Result<Vec<Claim>, StoreError> {
        let statement = Statement::from_sql_and_values(self.backend(), sql, values);
        let rows = self.writer.query_all_raw(statement).await?;
        let ids =
            rows.iter().map(|row| row.try_get("", "integration_id")).collect::<Result<Vec<String>, _>>()?;
        if ids.is_empty() {
            return Ok(Vec::new());
        }
        let claims = self.claimed(lease, &ids).await?;
        let found = |id: &String| claims.iter().any(|claim| claim.integration.to_string() == *id);
        for orphan in ids.iter().filter(|id| !found(id)) {
            end_leased(&self.writer, lease, orphan).await?;
        }
        Ok(claims)
    }

    async fn claimed(&self, lease: LeaseId, ids: &[String]) -> Result<Vec<Claim>, StoreError> {
        let sql = match self.backend() {
            DbBackend::Postgres => &statements::CLAIMED_POSTGRES,
            _ => &statements::CLAIMED_SQLITE,
        };
        let ids = serde_json::to_string(ids).map_err(|error| StoreError::Damaged(error.to_string()))?;
        let values = [lease.to_string().into(), ids.into()];
        let statement = Statement::from_sql_and_values(self.backend(), sql.as_str(), values);
        let rows = self.reader.query_all_raw(statement).await?;
        rows.iter().map(|row| Claim::new(lease, ClaimedRow::from_query_result(row, "")?)).collect()
    }
}

impl Claim {
    fn new(lease: LeaseId, row: ClaimedRow) -> Result<Self, StoreError> {
        let ClaimedRow { id, credential, monitor, .. } = row;
        let damaged = |what: &str| StoreError::Damaged(format!("integration {id}: {what}"));
        let begun_by = monitor.refresh_begun_by.map(|lease| lease.parse()).transpose();
        Ok(Self {
            lease,
            tenant: Tenant {
                organization: row.organization_id.parse().map_err(|_| damaged("organization"))?,
                project: row.project_id.parse().map_err(|_| damaged("project"))?,
            },
            integration: id.parse().map_err(|_| damaged("id"))?,
            provider: row.provider.parse().map_err(|_| damaged("provider"))?,
            status: row.status.parse::<Status>().map_err(|_| damaged("status"))?,
            health: row.health_status.parse::<Health>().map_err(|_| damaged("health"))?,
            setup_type: row.setup_type,
            auth: row.auth,
            connection: row.connection,
            sealed: credential.sealed,
            credential_version: credential.version,
            expires_at: credential.expires_at,
            is_taken_over: monitor.lease_count > 1,
            schedule: Schedule {
                probe_at: monitor.probe_at,
                refresh_at: monitor.refresh_at,
                not_before: monitor.not_before,
                token_not_before: monitor.token_not_before,
                failures: u32::try_from(monitor.failures).unwrap_or(0),
                refresh_begun_by: begun_by.map_err(|_| damaged("refresh"))?,
            },
        })
    }
}
