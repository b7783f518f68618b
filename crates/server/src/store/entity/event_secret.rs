use sea_orm::entity::prelude::*;

#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "event_secrets")]
pub(in crate::store) struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub(in crate::store) id: String,
    pub(in crate::store) source_id: String,
    /// Sealed by the vault.
    pub(in crate::store) sealed: Vec<u8>,
    /// Whether the provider brought it, and no person has seen it yet.
    pub(in crate::store) to_be_shown: bool,
    pub(in crate::store) created_at: TimeDateTimeWithTimeZone,
    /// `None`: it counts until it is replaced.
    pub(in crate::store) retires_at: Option<TimeDateTimeWithTimeZone>,
}

#[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
pub(in crate::store) enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
