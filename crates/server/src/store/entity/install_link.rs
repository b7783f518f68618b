use sea_orm::entity::prelude::*;

#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "install_links")]
pub(in crate::store) struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub(in crate::store) id: String,
    /// SHA-256 of the link's token.
    pub(in crate::store) token_hash: Vec<u8>,
    pub(in crate::store) organization_id: String,
    pub(in crate::store) project_id: String,
    pub(in crate::store) provider: String,
    /// The id of the principal that acts: an API key, or a person.
    #[sea_orm(column_name = "api_key_id")]
    pub(in crate::store) principal: String,
    pub(in crate::store) created_at: TimeDateTimeWithTimeZone,
    pub(in crate::store) expires_at: TimeDateTimeWithTimeZone,
    /// When an installation was finished with it.
    pub(in crate::store) used_at: Option<TimeDateTimeWithTimeZone>,
    /// SHA-256 of the cookie of the browser in which it was finished.
    pub(in crate::store) used_by_browser: Option<Vec<u8>>,
    /// Where the person goes back to at the end.
    pub(in crate::store) return_url: Option<String>,
    /// The caller's own text, which goes back with the person.
    pub(in crate::store) return_state: Option<String>,
    /// The id of the only account at the provider that may be connected.
    pub(in crate::store) expected_account: Option<String>,
    /// The kind of the only way by which it connects.
    pub(in crate::store) auth: Option<String>,
    /// When somebody ended it.
    pub(in crate::store) ended_at: Option<TimeDateTimeWithTimeZone>,
}

#[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
pub(in crate::store) enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
