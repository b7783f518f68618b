use sea_orm::entity::prelude::*;

#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "oauth_apps")]
pub(in crate::store) struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub(in crate::store) id: String,
    pub(in crate::store) provider: String,
    /// `*` for all, or an organization's or a project's id.
    pub(in crate::store) owner: String,
    pub(in crate::store) client_id: String,
    /// The client secret, sealed by the vault.
    pub(in crate::store) sealed_secret: Vec<u8>,
    pub(in crate::store) created_at: TimeDateTimeWithTimeZone,
    pub(in crate::store) updated_at: TimeDateTimeWithTimeZone,
    /// JSON array: the scopes to ask for. `None`: those of the provider's file.
    pub(in crate::store) scopes: Option<String>,
    /// JSON object: what it has beside. `None`: nothing.
    pub(in crate::store) fields: Option<String>,
}

#[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
pub(in crate::store) enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
