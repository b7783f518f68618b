use sea_orm::entity::prelude::*;

#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "webhook_deliveries")]
pub(in crate::store) struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub(in crate::store) id: String,
    pub(in crate::store) webhook_id: String,
    pub(in crate::store) event_id: String,
    /// What is delivered in order: the id of the integration, or else of the event.
    pub(in crate::store) stream: String,
    pub(in crate::store) number: i64,
    pub(in crate::store) status: String,
    pub(in crate::store) attempts: i32,
    /// How many attempts there had been when it was last sent again on request.
    pub(in crate::store) redelivered_after: Option<i32>,
    pub(in crate::store) status_code: Option<i32>,
    pub(in crate::store) error: Option<String>,
    pub(in crate::store) duration_ms: Option<i64>,
    pub(in crate::store) next_attempt_at: Option<TimeDateTimeWithTimeZone>,
    pub(in crate::store) created_at: TimeDateTimeWithTimeZone,
}

#[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
pub(in crate::store) enum Relation {
    #[sea_orm(
        belongs_to = "super::webhook_event::Entity",
        from = "Column::EventId",
        to = "super::webhook_event::Column::Id"
    )]
    Event,
}

impl ActiveModelBehavior for ActiveModel {}
