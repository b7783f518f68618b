use sea_orm::entity::prelude::*;

#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "integrations")]
pub(in crate::store) struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub(in crate::store) id: String,
    pub(in crate::store) project_id: String,
    pub(in crate::store) provider: String,
    pub(in crate::store) setup_type: String,
    /// The kind of the way by which it is connected, if the program that connected it knew several.
    pub(in crate::store) auth: Option<String>,
    pub(in crate::store) status: String,
    pub(in crate::store) status_before_error: Option<String>,
    pub(in crate::store) health_status: String,
    pub(in crate::store) display_name: Option<String>,
    pub(in crate::store) sidebar_enabled: bool,
    pub(in crate::store) last_synced_at: Option<TimeDateTimeWithTimeZone>,
    pub(in crate::store) error_message: Option<String>,
    /// JSON object.
    pub(in crate::store) settings: String,
    /// JSON object of the secret settings, sealed by the vault.
    pub(in crate::store) sealed_settings: Option<Vec<u8>>,
    /// JSON object, action key to boolean.
    pub(in crate::store) action_permissions: String,
    /// JSON object: what the user supplied in addition to the credential.
    pub(in crate::store) connection: String,
    /// The account at the provider.
    pub(in crate::store) account_id: Option<String>,
    pub(in crate::store) account_name: Option<String>,
    /// The revocation that the last disconnection asked for.
    pub(in crate::store) revocation_id: Option<String>,
    pub(in crate::store) version: i64,
    pub(in crate::store) created_at: TimeDateTimeWithTimeZone,
    pub(in crate::store) updated_at: TimeDateTimeWithTimeZone,
}

#[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
pub(in crate::store) enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
