//! How many integrations there are.

use integrations_core::lifecycle::{Health, Status};
use sea_orm::{ConnectionTrait as _, Statement};

use super::{Store, StoreError, statements};
use crate::metrics::IntegrationCount;

impl Store {
    /// The names of what is connected in projects that are not archived, sorted, with their aliases.
    pub async fn connected_providers(&self) -> Result<Vec<String>, StoreError> {
        let statement = Statement::from_string(self.backend(), statements::CONNECTED_PROVIDERS);
        let rows = self.reader.query_all_raw(statement).await?;
        rows.iter().map(|row| Ok(row.try_get("", "provider")?)).collect()
    }

    /// How many integrations of all projects that are not archived have which status and health, also where that is
    /// none. Reads every integration, so it is not for every request.
    pub async fn count_integrations(&self) -> Result<Vec<IntegrationCount>, StoreError> {
        let statement = Statement::from_string(self.backend(), statements::INTEGRATION_COUNTS);
        let mut counted = Vec::new();
        for row in self.reader.query_all_raw(statement).await? {
            let (status, health): (String, String) =
                (row.try_get("", "status")?, row.try_get("", "health_status")?);
            counted.push((status, health, row.try_get::<i64>("", "count")?));
        }
        let count = |status: Status, health: Health| {
            let found =
                counted.iter().find(|(one, other, _)| one == status.as_str() && other == health.as_str());
            found.map_or(0, |(.., count)| *count)
        };
        let all = Status::ALL.into_iter().flat_map(|status| Health::ALL.map(|health| (status, health)));
        Ok(all
            .map(|(status, health)| IntegrationCount { status, health, count: count(status, health) })
            .collect())
    }
}
