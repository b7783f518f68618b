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
    /// When it was last given another tier.
    pub(in crate::store) tier_changed_at: Option<TimeDateTimeWithTimeZone>,
    /// When it was last used, accurate to about a minute.
    pub(in crate::store) last_used_at: Option<TimeDateTimeWithTimeZone>,
}

#[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
pub(in crate::store) enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
