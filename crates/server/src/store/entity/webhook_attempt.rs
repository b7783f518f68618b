use sea_orm::entity::prelude::*;

#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "webhook_attempts")]
pub(in crate::store) struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub(in crate::store) delivery_id: String,
    #[sea_orm(primary_key, auto_increment = false)]
    pub(in crate::store) number: i32,
    pub(in crate::store) at: TimeDateTimeWithTimeZone,
    pub(in crate::store) status_code: Option<i32>,
    pub(in crate::store) error: Option<String>,
    pub(in crate::store) duration_ms: i64,
    /// The start of the receiver's answer.
    pub(in crate::store) answer: String,
}

#[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
pub(in crate::store) enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
