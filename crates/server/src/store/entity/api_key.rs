use sea_orm::entity::prelude::*;

#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "api_keys")]
pub(in crate::store) struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub(in crate::store) id: String,
    pub(in crate::store) organization_id: String,
    pub(in crate::store) name: String,
    /// The first characters of the key, to tell keys apart.
    pub(in crate::store) hint: String,
    /// SHA-256 of the key.
    pub(in crate::store) hash: Vec<u8>,
    /// Scopes, separated by commas.
    pub(in crate::store) scopes: String,
    pub(in crate::store) tier: String,
    pub(in crate::store) created_at: TimeDateTimeWithTimeZone,
    pub(in crate::store) expires_at: Option<TimeDateTimeWithTimeZone>,
    pub(in crate::store) revoked_at: Option<TimeDateTimeWithTimeZone>,
    /// When its tier or rights were last changed. Every replica asks for these.
    #[sea_orm(column_name = "tier_changed_at")]
    pub(in crate::store) changed_at: Option<TimeDateTimeWithTimeZone>,
    /// When it was last used, accurate to about a minute.
    pub(in crate::store) last_used_at: Option<TimeDateTimeWithTimeZone>,
    /// The projects that it is bound to, separated by commas. `None`: all of the organization. Empty: none is left.
    pub(in crate::store) projects: Option<String>,
    /// The id of the principal that made it. `None`: the operator.
    pub(in crate::store) made_by: Option<String>,
    /// The key that it replaces.
    pub(in crate::store) replaces: Option<String>,
    /// The person for whom it acts.
    pub(in crate::store) user_id: Option<String>,
}

#[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
pub(in crate::store) enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
