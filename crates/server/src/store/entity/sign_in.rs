use sea_orm::entity::prelude::*;

#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "sign_ins")]
pub(in crate::store) struct Model {
    /// SHA-256 of the state that comes back with the browser.
    #[sea_orm(primary_key, auto_increment = false)]
    pub(in crate::store) state_hash: Vec<u8>,
    /// The page to open afterwards.
    pub(in crate::store) page: String,
    /// Whether the person must prove anew who they are.
    pub(in crate::store) is_fresh: bool,
    pub(in crate::store) expires_at: TimeDateTimeWithTimeZone,
}

#[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
pub(in crate::store) enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
