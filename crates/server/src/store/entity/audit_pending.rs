use sea_orm::entity::prelude::*;

/// An event of the audit log that is not in the chain yet.
#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "audit_pending")]
pub(in crate::store) struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub(in crate::store) organization_id: String,
    #[sea_orm(primary_key, auto_increment = false)]
    pub(in crate::store) event_id: String,
}

#[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
pub(in crate::store) enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
