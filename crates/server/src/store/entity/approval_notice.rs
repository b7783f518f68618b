use sea_orm::entity::prelude::*;

#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "approval_notices")]
pub(in crate::store) struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub(in crate::store) approval_id: String,
    pub(in crate::store) organization_id: String,
    pub(in crate::store) project_id: String,
    /// What it tells of: its approval, or that more calls wait than are told of.
    pub(in crate::store) tells: String,
    pub(in crate::store) status: String,
    /// How often it was sent.
    pub(in crate::store) attempts: i32,
    /// When it is sent next. `None`: it has ended.
    pub(in crate::store) due_at: Option<TimeDateTimeWithTimeZone>,
    /// The newest run that sends it.
    pub(in crate::store) run_id: Option<String>,
    /// Why it could not be sent.
    pub(in crate::store) error: Option<String>,
    pub(in crate::store) created_at: TimeDateTimeWithTimeZone,
    pub(in crate::store) ended_at: Option<TimeDateTimeWithTimeZone>,
}

#[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
pub(in crate::store) enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
