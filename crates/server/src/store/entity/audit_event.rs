use sea_orm::entity::prelude::*;

#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "audit_events")]
pub(in crate::store) struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub(in crate::store) id: String,
    pub(in crate::store) organization_id: String,
    pub(in crate::store) project_id: Option<String>,
    pub(in crate::store) integration_id: Option<String>,
    pub(in crate::store) provider: Option<String>,
    pub(in crate::store) action: String,
    pub(in crate::store) actor_kind: String,
    /// The id of the principal that acted: an API key, or a person.
    #[sea_orm(column_name = "actor_key_id")]
    pub(in crate::store) actor_id: Option<String>,
    pub(in crate::store) request_id: Option<String>,
    /// JSON array of `{path, from, to}`.
    pub(in crate::store) changes: String,
    pub(in crate::store) created_at: TimeDateTimeWithTimeZone,
}

#[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
pub(in crate::store) enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
