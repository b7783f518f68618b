use sea_orm::entity::prelude::*;

#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "approvals")]
pub(in crate::store) struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub(in crate::store) id: String,
    pub(in crate::store) run_id: String,
    pub(in crate::store) organization_id: String,
    pub(in crate::store) project_id: String,
    /// The provider, with the alias of a further account.
    pub(in crate::store) provider: String,
    pub(in crate::store) status: String,
    /// The key or the person that asked.
    pub(in crate::store) principal: String,
    /// Who may decide, as it was at the asking.
    pub(in crate::store) deciders: String,
    /// When the integration was connected, as it was at the asking.
    pub(in crate::store) connected_at: Option<TimeDateTimeWithTimeZone>,
    /// JSON object: what was read at the asking.
    pub(in crate::store) evidence: String,
    /// JSON array: why a person is asked.
    pub(in crate::store) reasons: String,
    pub(in crate::store) created_at: TimeDateTimeWithTimeZone,
    pub(in crate::store) expires_at: TimeDateTimeWithTimeZone,
    /// The key or the person that decided.
    pub(in crate::store) decided_by: Option<String>,
    pub(in crate::store) decided_at: Option<TimeDateTimeWithTimeZone>,
    pub(in crate::store) note: Option<String>,
}

#[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
pub(in crate::store) enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
