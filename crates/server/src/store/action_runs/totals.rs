//! What runs have reserved of limits over time.

use integrations_core::ids::RunId;
use sea_orm::{ConnectionTrait, Statement, Value};

use super::{Total, TotalQuery};
use crate::store::{StoreError, statements};

/// What is reserved towards totals of an integration's action, in their order, without this run.
pub(super) async fn read_totals(
    on: &impl ConnectionTrait,
    integration: &str,
    action: &str,
    without: RunId,
    totals: &[TotalQuery],
) -> Result<Vec<Total>, StoreError> {
    let mut found = Vec::with_capacity(totals.len());
    for total in totals {
        let values: [Value; 7] = [
            integration.into(),
            action.into(),
            total.total.as_str().into(),
            total.subject.as_str().into(),
            total.currency.clone().into(),
            total.since.into(),
            without.to_string().into(),
        ];
        found.push(read_total(on, values).await?);
    }
    Ok(found)
}

async fn read_total(on: &impl ConnectionTrait, values: [Value; 7]) -> Result<Total, StoreError> {
    let backend = on.get_database_backend();
    let reserved = Statement::from_sql_and_values(backend, statements::RESERVED, values.clone());
    let Some(row) = on.query_one_raw(reserved).await? else { return Ok(Total::default()) };
    let (high, low): (i64, i64) = (row.try_get("", "high")?, row.try_get("", "low")?);
    let reserved = high.saturating_mul(1 << 32).saturating_add(low);
    if reserved == 0 {
        return Ok(Total::default());
    }
    let waiting =
        on.query_all_raw(Statement::from_sql_and_values(backend, statements::WAITING, values)).await?;
    let waiting = waiting.iter().map(|row| Ok((row.try_get("", "run_id")?, row.try_get("", "amount")?)));
    Ok(Total { reserved, waiting: waiting.collect::<Result<_, sea_orm::DbErr>>()? })
}
