use sea_orm::entity::prelude::*;

#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "webhook_secrets")]
pub(in crate::store) struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub(in crate::store) id: String,
    pub(in crate::store) webhook_id: String,
    pub(in crate::store) sealed: Vec<u8>,
    pub(in crate::store) created_at: TimeDateTimeWithTimeZone,
    /// `None`: it is the one that counts.
    pub(in crate::store) retires_at: Option<TimeDateTimeWithTimeZone>,
}

#[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
pub(in crate::store) enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
