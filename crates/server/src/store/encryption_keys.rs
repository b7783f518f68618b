//! The canaries of the encryption keys. The keys themselves are never stored.

use sea_orm::{EntityTrait as _, sea_query::OnConflict};
use time::OffsetDateTime;

use super::{Store, StoreError, entity::encryption_key};

impl Store {
    /// The canary of the key with this id.
    pub async fn canary(&self, key: &str) -> Result<Option<Vec<u8>>, StoreError> {
        let row = encryption_key::Entity::find_by_id(key).one(&self.reader).await?;
        Ok(row.map(|row| row.canary))
    }

    /// Stores a key's canary, unless there is one: of several replicas that begin with a new key, one stores it.
    pub async fn add_canary(&self, key: &str, canary: Vec<u8>, at: OffsetDateTime) -> Result<(), StoreError> {
        let row = encryption_key::Model { id: key.to_owned(), canary, created_at: at };
        let unless_there = OnConflict::column(encryption_key::Column::Id).do_nothing().to_owned();
        encryption_key::Entity::insert(encryption_key::ActiveModel::from(row))
            .on_conflict(unless_there)
            .exec_without_returning(&self.writer)
            .await?;
        Ok(())
    }
}
