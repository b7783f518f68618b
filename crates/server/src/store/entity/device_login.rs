use sea_orm::entity::prelude::*;

#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "device_logins")]
pub(in crate::store) struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub(in crate::store) id: String,
    /// SHA-256 of the device code.
    pub(in crate::store) device_hash: Vec<u8>,
    /// SHA-256 of the user code.
    pub(in crate::store) user_code_hash: Vec<u8>,
    /// What the program calls itself.
    pub(in crate::store) client_name: String,
    /// The address that it came from.
    pub(in crate::store) address: String,
    pub(in crate::store) status: String,
    /// How long the key is to work.
    pub(in crate::store) life_seconds: Option<i64>,
    pub(in crate::store) created_at: TimeDateTimeWithTimeZone,
    /// When it ends, in every status.
    pub(in crate::store) expires_at: TimeDateTimeWithTimeZone,
    /// The session that looked the code up.
    pub(in crate::store) session_id: Option<String>,
    /// As whom that session acts.
    pub(in crate::store) principal: Option<String>,
    pub(in crate::store) organization_id: Option<String>,
    /// The scopes that were chosen, separated by commas.
    pub(in crate::store) scopes: Option<String>,
    /// The projects that were chosen, separated by commas. `None`: all of the organization.
    pub(in crate::store) projects: Option<String>,
}

#[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
pub(in crate::store) enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
