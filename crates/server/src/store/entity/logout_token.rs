use sea_orm::entity::prelude::*;

#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "logout_tokens")]
pub(in crate::store) struct Model {
    /// SHA-256 of the token's id.
    #[sea_orm(primary_key, auto_increment = false)]
    pub(in crate::store) id_hash: Vec<u8>,
    /// When it is too old to count anyway.
    pub(in crate::store) expires_at: TimeDateTimeWithTimeZone,
}

#[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
pub(in crate::store) enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
