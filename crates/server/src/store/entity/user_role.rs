use sea_orm::entity::prelude::*;

#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "user_roles")]
pub(in crate::store) struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub(in crate::store) user_id: String,
    #[sea_orm(primary_key, auto_increment = false)]
    pub(in crate::store) organization_id: String,
    /// `claim` or `operator`.
    #[sea_orm(primary_key, auto_increment = false)]
    pub(in crate::store) source: String,
    pub(in crate::store) role: String,
    pub(in crate::store) set_at: TimeDateTimeWithTimeZone,
}

#[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
pub(in crate::store) enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
