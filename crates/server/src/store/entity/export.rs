use sea_orm::entity::prelude::*;

#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "exports")]
pub(in crate::store) struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub(in crate::store) id: String,
    pub(in crate::store) project_id: String,
    /// The receiver's public key.
    pub(in crate::store) recipient: String,
    /// Verifies the receipt.
    pub(in crate::store) receipt_key: Vec<u8>,
    pub(in crate::store) status: String,
    pub(in crate::store) created_at: TimeDateTimeWithTimeZone,
    pub(in crate::store) ended_at: Option<TimeDateTimeWithTimeZone>,
    /// JSON: the receipt that ended it.
    pub(in crate::store) receipt: Option<String>,
}

#[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
pub(in crate::store) enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
