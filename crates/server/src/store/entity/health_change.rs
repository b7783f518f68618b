use sea_orm::entity::prelude::*;

/// A change of an integration's health.
#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "health_changes")]
pub(in crate::store) struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub(in crate::store) integration_id: String,
    /// The version of the integration that has this health first.
    #[sea_orm(primary_key, auto_increment = false)]
    pub(in crate::store) version: i64,
    pub(in crate::store) health: String,
    pub(in crate::store) changed_at: TimeDateTimeWithTimeZone,
}

#[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
pub(in crate::store) enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
