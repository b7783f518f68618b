use sea_orm::entity::prelude::*;

#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "dashboard_sessions")]
pub(in crate::store) struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub(in crate::store) id: String,
    /// SHA-256 of the cookie's token.
    pub(in crate::store) token_hash: Vec<u8>,
    pub(in crate::store) organization_id: String,
    /// The id of the principal that acts: an API key, or a person.
    #[sea_orm(column_name = "api_key_id")]
    pub(in crate::store) principal: String,
    pub(in crate::store) created_at: TimeDateTimeWithTimeZone,
    pub(in crate::store) last_seen_at: TimeDateTimeWithTimeZone,
    pub(in crate::store) expires_at: TimeDateTimeWithTimeZone,
    /// The session's id at the provider that the person signed in with.
    pub(in crate::store) provider_session: Option<String>,
    /// When the person last proved who they are.
    pub(in crate::store) authenticated_at: Option<TimeDateTimeWithTimeZone>,
}

#[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
pub(in crate::store) enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
