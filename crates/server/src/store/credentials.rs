//! Credentials, to be used for requests.

use integrations_core::ids::IntegrationId;
use sea_orm::{ColumnTrait as _, EntityTrait as _, QueryFilter as _};

use super::{Store, StoreError, entity::credential};

impl Store {
    /// The usable credential of an integration, sealed. `None`: there is none.
    pub async fn credential(&self, integration: IntegrationId) -> Result<Option<Vec<u8>>, StoreError> {
        let usable = credential::Entity::find_by_id(integration.to_string())
            .filter(credential::Column::DeadAt.is_null())
            .one(&self.reader)
            .await?;
        Ok(usable.map(|row| row.sealed))
    }
}
