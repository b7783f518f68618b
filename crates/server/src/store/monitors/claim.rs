//! Claiming what is due.

use integrations_core::{
    ids::{IntegrationId, LeaseId},
    lifecycle::{Health, Status},
};
use sea_orm::{ConnectionTrait as _, DbBackend, QueryResult, Statement, Value};
use time::OffsetDateTime;

use super::{Claim, Plan, statements};
use crate::store::{Store, StoreError, Tenant, moment};

impl Store {
    /// When the longest overdue integration of each of these providers was due, where there is any.
    pub async fn due(&self, providers: &[String]) -> Result<Vec<(String, OffsetDateTime)>, StoreError> {
        let rows: Vec<String> = (1..=providers.len()).map(|number| format!("(${number})")).collect();
        let sql = format!("{}{}) AS providers", statements::DUE, rows.join(", "));
        let values = providers.iter().map(|key| Value::from(key.clone()));
        let statement = Statement::from_sql_and_values(self.backend(), sql, values);
        let rows = self.reader.query_all_raw(statement).await?;
        let read = |row: &QueryResult| -> Result<_, StoreError> {
            let provider: String = row.try_get_by_index(0)?;
            let due: Option<OffsetDateTime> = row.try_get_by_index(1)?;
            Ok(due.map(|due| (provider, due)))
        };
        rows.iter().filter_map(|row| read(row).transpose()).collect()
    }

    /// Claims up to `limit` integrations of a provider that are due at `now`, until `end`.
    pub async fn claim(
        &self,
        lease: LeaseId,
        provider: &str,
        now: OffsetDateTime,
        end: OffsetDateTime,
        limit: u32,
    ) -> Result<Vec<Claim>, StoreError> {
        let sql = match self.backend() {
            DbBackend::Postgres => statements::CLAIM_POSTGRES,
            _ => statements::CLAIM_SQLITE,
        };
        let [end, now] = [end, now].map(|time| moment(self.backend(), time));
        let values = [lease.to_string().into(), end, provider.into(), now, i64::from(limit).into()];
        self.claim_by(lease, sql, values.into()).await
    }

    /// Claims one integration, due or not, until `end`. None where somebody is at it, or nobody looks after it.
    pub async fn claim_one(
        &self,
        lease: LeaseId,
        integration: IntegrationId,
        now: OffsetDateTime,
        end: OffsetDateTime,
    ) -> Result<Option<Claim>, StoreError> {
        let [end, now] = [end, now].map(|time| moment(self.backend(), time));
        let values = [lease.to_string().into(), end, integration.to_string().into(), now];
        Ok(self.claim_by(lease, statements::CLAIM_ONE, values.into()).await?.pop())
    }

    async fn claim_by(
        &self,
        lease: LeaseId,
        sql: &str,
        values: Vec<Value>,
    ) -> Result<Vec<Claim>, StoreError> {
        let statement = Statement::from_sql_and_values(self.backend(), sql, values);
        let rows = self.writer.query_all_raw(statement).await?;
        let ids = rows.iter().map(|row| row.try_get_by_index(0)).collect::<Result<Vec<String>, _>>()?;
        if ids.is_empty() {
            return Ok(Vec::new());
        }
        let claims = self.claimed(lease, &ids).await?;
        let found = |id: &String| claims.iter().any(|claim| claim.integration.to_string() == *id);
        for orphan in ids.iter().filter(|id| !found(id)) {
            let values = [lease.to_string().into(), orphan.as_str().into()];
            let statement = Statement::from_sql_and_values(self.backend(), statements::END_LEASED, values);
            self.writer.execute_raw(statement).await?;
        }
        Ok(claims)
    }

    async fn claimed(&self, lease: LeaseId, ids: &[String]) -> Result<Vec<Claim>, StoreError> {
        let among = match self.backend() {
            DbBackend::Postgres => statements::AMONG_POSTGRES,
            _ => statements::AMONG_SQLITE,
        };
        let sql = format!("{}{among}", statements::CLAIMED);
        let ids = serde_json::to_string(ids).map_err(|error| StoreError::Damaged(error.to_string()))?;
        let values = [lease.to_string().into(), ids.into()];
        let statement = Statement::from_sql_and_values(self.backend(), sql, values);
        let rows = self.reader.query_all_raw(statement).await?;
        rows.iter().map(|row| Claim::read(lease, row)).collect()
    }
}

impl Claim {
    /// Reads a row of [`statements::CLAIMED`].
    fn read(lease: LeaseId, row: &QueryResult) -> Result<Self, StoreError> {
        let id: String = row.try_get_by_index(2)?;
        let damaged = |what: &str| StoreError::Damaged(format!("integration {id}: {what}"));
        let text = |index| row.try_get_by_index::<String>(index);
        let failures: i32 = row.try_get_by_index(14)?;
        let begun: Option<String> = row.try_get_by_index(15)?;
        Ok(Self {
            lease,
            tenant: Tenant {
                organization: text(0)?.parse().map_err(|_| damaged("organization"))?,
                project: text(1)?.parse().map_err(|_| damaged("project"))?,
            },
            integration: id.parse().map_err(|_| damaged("id"))?,
            provider: text(3)?,
            status: text(4)?.parse::<Status>().map_err(|_| damaged("status"))?,
            health: text(5)?.parse::<Health>().map_err(|_| damaged("health"))?,
            connection: text(6)?,
            sealed: row.try_get_by_index(7)?,
            credential_version: row.try_get_by_index(8)?,
            expires_at: row.try_get_by_index(9)?,
            is_taken_over: row.try_get_by_index::<i32>(10)? > 1,
            plan: Plan {
                probe_at: row.try_get_by_index(11)?,
                refresh_at: row.try_get_by_index(12)?,
                not_before: row.try_get_by_index(13)?,
                failures: u32::try_from(failures).unwrap_or(0),
                refresh_begun_by: begun
                    .map(|lease| lease.parse().map_err(|_| damaged("refresh")))
                    .transpose()?,
            },
        })
    }
}
