use sea_orm::entity::prelude::*;

/// The ends of the chain over an organization's audit log.
#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "audit_chain_heads")]
pub(in crate::store) struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub(in crate::store) organization_id: String,
    /// The last number; 0 if there is none.
    pub(in crate::store) number: i64,
    pub(in crate::store) hash: String,
    /// Where old events were removed to; 0 if none were.
    pub(in crate::store) begins_after_number: i64,
    pub(in crate::store) begins_after_hash: String,
    /// An event in no chain that is older is one from before the chain.
    pub(in crate::store) covers_from: TimeDateTimeWithTimeZone,
    /// The last number that was streamed.
    pub(in crate::store) streamed: i64,
}

#[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
pub(in crate::store) enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
