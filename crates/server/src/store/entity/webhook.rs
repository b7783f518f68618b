use sea_orm::entity::prelude::*;

#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "webhooks")]
pub(in crate::store) struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub(in crate::store) id: String,
    pub(in crate::store) project_id: String,
    pub(in crate::store) url: String,
    /// JSON array: the patterns of what it is told.
    pub(in crate::store) events: String,
    pub(in crate::store) status: String,
    /// Deliveries that were given up since the last success.
    pub(in crate::store) failures: i32,
    /// When the first of them was.
    pub(in crate::store) failing_since: Option<TimeDateTimeWithTimeZone>,
    pub(in crate::store) last_triggered_at: Option<TimeDateTimeWithTimeZone>,
    pub(in crate::store) created_at: TimeDateTimeWithTimeZone,
}

#[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
pub(in crate::store) enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
