//! Deletes what is not kept any more.

use sea_orm::{
    ColumnTrait as _, ConnectionTrait as _, DbBackend, EntityTrait as _, QueryFilter as _, Statement, Value,
};
use time::OffsetDateTime;

use crate::store::{
    Store, StoreError,
    entity::{event_once, event_secret},
};

/// The events that are old enough: `$1` before when, `$2` now, `$3` before when even what waits to be forwarded goes.
const OLD: &str = "SELECT p.id FROM provider_events p WHERE p.received_at < $1 \
     AND (p.received_at < $3 OR NOT EXISTS (SELECT 1 FROM webhook_events e \
     JOIN webhook_deliveries d ON d.event_id = e.id WHERE e.provider_event_id = p.id AND d.status = 'pending'))";

impl Store {
    /// Deletes up to `batch` events that arrived before `before` and whose claim has ended at `now`, and the bodies of
    /// up to `batch` others. One that waits to be forwarded stays until it is older than `last`. Returns how many there
    /// were of either, at most `batch`, so that more may be left only if there were as many.
    pub async fn prune_provider_events(
        &self,
        (before, last): (OffsetDateTime, OffsetDateTime),
        now: OffsetDateTime,
        batch: u64,
    ) -> Result<u64, StoreError> {
        let locking = match self.backend() {
            DbBackend::Postgres => " FOR UPDATE",
            _ => "",
        };
        let limit = i64::try_from(batch).unwrap_or(i64::MAX);
        let values = || -> Vec<Value> { vec![before.into(), now.into(), last.into(), limit.into()] };
        let delete = format!(
            "DELETE FROM provider_events WHERE id IN ({OLD} AND (p.dedupe IS NULL OR p.claimed_until <= $2) \
             ORDER BY p.id LIMIT $4{locking})"
        );
        let empty = format!(
            "UPDATE provider_events SET sealed = $5 WHERE id IN ({OLD} AND p.dedupe IS NOT NULL \
             AND p.claimed_until > $2 AND length(p.sealed) > 0 ORDER BY p.id LIMIT $4{locking})"
        );
        let nothing = Value::from(Vec::<u8>::new());
        let mut most = 0;
        for (sql, values) in [(delete, values()), (empty, [values(), vec![nothing]].concat())] {
            let statement = Statement::from_sql_and_values(self.backend(), sql, values);
            most = most.max(self.writer.execute_raw(statement).await?.rows_affected());
        }
        Ok(most)
    }

    /// Deletes claims and secrets that have ended at `now`.
    pub async fn prune_event_claims(&self, now: OffsetDateTime) -> Result<(), StoreError> {
        event_once::Entity::delete_many()
            .filter(event_once::Column::ExpiresAt.lte(now))
            .exec(&self.writer)
            .await?;
        event_secret::Entity::delete_many()
            .filter(event_secret::Column::RetiresAt.lte(now))
            .exec(&self.writer)
            .await?;
        Ok(())
    }
}
