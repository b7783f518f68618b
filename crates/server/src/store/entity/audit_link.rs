use sea_orm::entity::prelude::*;

/// A line of the chain over an organization's audit log.
#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "audit_chain")]
pub(in crate::store) struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub(in crate::store) organization_id: String,
    #[sea_orm(primary_key, auto_increment = false)]
    pub(in crate::store) number: i64,
    pub(in crate::store) event_id: String,
    /// The bytes that are hashed.
    pub(in crate::store) line: String,
    /// SHA-256 of the line, in hexadecimal digits.
    pub(in crate::store) hash: String,
}

#[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
pub(in crate::store) enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
