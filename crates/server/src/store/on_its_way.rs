//! Whether the credential of an integration is on its way to another server.

use integrations_core::words;
use sea_orm::{ColumnTrait as _, ConnectionTrait, EntityTrait as _, PaginatorTrait as _, QueryFilter as _};

use super::{
    StoreError,
    entity::{credential, export, exported_integration},
};

words! {
    /// How far an export is.
    pub enum ExportStatus {
        /// The receiver may have imported it.
        UnderWay = "under_way",
        /// It has given its receipt.
        Moved = "moved",
        /// The operator has taken it back.
        Cancelled = "cancelled",
    }
}

/// Whether this credential was exported, and the move has not ended.
pub(super) async fn is_on_its_way(
    on: &impl ConnectionTrait,
    credential: &credential::Model,
) -> Result<bool, StoreError> {
    let found = exported_integration::Entity::find()
        .inner_join(export::Entity)
        .filter(exported_integration::Column::IntegrationId.eq(&credential.integration_id))
        .filter(exported_integration::Column::CredentialVersion.eq(credential.version))
        .filter(export::Column::Status.eq(ExportStatus::UnderWay.as_str()))
        .count(on)
        .await?;
    Ok(found > 0)
}
