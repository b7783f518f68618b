use sea_orm::entity::prelude::*;

#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "event_refusals")]
pub(in crate::store) struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub(in crate::store) source_id: String,
    #[sea_orm(primary_key, auto_increment = false)]
    pub(in crate::store) reason: String,
    /// What type the request claimed to be; empty: none.
    #[sea_orm(primary_key, auto_increment = false)]
    pub(in crate::store) kind: String,
    pub(in crate::store) count: i64,
    pub(in crate::store) last_at: TimeDateTimeWithTimeZone,
}

#[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
pub(in crate::store) enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
