use sea_orm::entity::prelude::*;

#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "pending_installs")]
pub(in crate::store) struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub(in crate::store) id: String,
    pub(in crate::store) status: String,
    /// SHA-256 of what the next step must present: the OAuth `state`, or the token of the confirmation.
    pub(in crate::store) secret_hash: Vec<u8>,
    /// SHA-256 of the browser's cookie.
    pub(in crate::store) browser_hash: Vec<u8>,
    pub(in crate::store) organization_id: String,
    pub(in crate::store) project_id: String,
    pub(in crate::store) provider: String,
    /// The id of the principal that acts: an API key, or a person.
    #[sea_orm(column_name = "api_key_id")]
    pub(in crate::store) principal: String,
    pub(in crate::store) link_id: Option<String>,
    /// What the next step needs, sealed by the vault.
    pub(in crate::store) sealed: Vec<u8>,
    pub(in crate::store) created_at: TimeDateTimeWithTimeZone,
    pub(in crate::store) expires_at: TimeDateTimeWithTimeZone,
}

#[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
pub(in crate::store) enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
