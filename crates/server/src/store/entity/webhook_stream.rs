use sea_orm::entity::prelude::*;

#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "webhook_streams")]
pub(in crate::store) struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub(in crate::store) webhook_id: String,
    #[sea_orm(primary_key, auto_increment = false)]
    pub(in crate::store) stream: String,
    /// When it is sent, or when the lease of who sends it ends. `None`: its webhook is disabled.
    pub(in crate::store) due_at: Option<TimeDateTimeWithTimeZone>,
    pub(in crate::store) lease_owner: Option<String>,
}

#[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
pub(in crate::store) enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
