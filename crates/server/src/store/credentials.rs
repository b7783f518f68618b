//! Credentials, to be used for requests.

use integrations_core::ids::IntegrationId;
use sea_orm::{ColumnTrait as _, EntityTrait as _, QueryFilter as _};
use time::OffsetDateTime;

use super::{Store, StoreError, entity::credential};

/// A usable credential.
#[derive(Clone, Debug)]
pub struct UsableCredential {
    /// The credential, sealed by the vault.
    pub sealed: Vec<u8>,
    /// When the integration was connected with it. Renewing its tokens does not change that.
    pub connected_at: OffsetDateTime,
}

impl Store {
    /// The usable credential of an integration. `None`: there is none.
    pub async fn credential(
        &self,
        integration: IntegrationId,
    ) -> Result<Option<UsableCredential>, StoreError> {
        let usable = credential::Entity::find_by_id(integration.to_string())
            .filter(credential::Column::DeadAt.is_null())
            .one(&self.reader)
            .await?;
        Ok(usable.map(|row| UsableCredential { sealed: row.sealed, connected_at: row.created_at }))
    }
}
