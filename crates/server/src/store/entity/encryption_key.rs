use sea_orm::entity::prelude::*;

#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "encryption_keys")]
pub(in crate::store) struct Model {
    /// The key's id. The key itself is not in the database.
    #[sea_orm(primary_key, auto_increment = false)]
    pub(in crate::store) id: String,
    /// A known text, sealed under the key, to recognize it by.
    pub(in crate::store) canary: Vec<u8>,
    pub(in crate::store) created_at: TimeDateTimeWithTimeZone,
}

#[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
pub(in crate::store) enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
