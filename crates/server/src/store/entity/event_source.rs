use sea_orm::entity::prelude::*;

#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "event_sources")]
pub(in crate::store) struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub(in crate::store) id: String,
    /// The provider's key.
    pub(in crate::store) provider: String,
    pub(in crate::store) integration_id: Option<String>,
    /// Whose app it is: `*` for all, or an organization's or a project's id.
    pub(in crate::store) app_owner: Option<String>,
    /// The SHA-256 of the secret in the path.
    pub(in crate::store) path_hash: Option<Vec<u8>>,
    /// That secret, sealed by the vault.
    pub(in crate::store) sealed_path: Option<Vec<u8>>,
    /// Until when the provider's first request may bring the secret.
    pub(in crate::store) awaited_until: Option<TimeDateTimeWithTimeZone>,
    pub(in crate::store) created_at: TimeDateTimeWithTimeZone,
}

#[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
pub(in crate::store) enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
