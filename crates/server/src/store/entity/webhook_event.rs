use sea_orm::entity::prelude::*;

#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "webhook_events")]
pub(in crate::store) struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub(in crate::store) id: String,
    pub(in crate::store) project_id: String,
    pub(in crate::store) integration_id: Option<String>,
    pub(in crate::store) kind: String,
    /// Where it stands among the events of its integration.
    pub(in crate::store) number: i64,
    /// The message, exactly as it is sent, but for the body of a provider's event.
    pub(in crate::store) body: Vec<u8>,
    pub(in crate::store) created_at: TimeDateTimeWithTimeZone,
    /// The event of a provider whose body goes into the message when it is sent.
    pub(in crate::store) provider_event_id: Option<String>,
}

#[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
pub(in crate::store) enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
