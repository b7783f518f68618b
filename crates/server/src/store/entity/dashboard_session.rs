use sea_orm::entity::prelude::*;

#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "dashboard_sessions")]
pub(in crate::store) struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub(in crate::store) id: String,
    /// SHA-256 of the cookie's token.
    pub(in crate::store) token_hash: Vec<u8>,
    pub(in crate::store) organization_id: String,
    pub(in crate::store) api_key_id: String,
    pub(in crate::store) created_at: TimeDateTimeWithTimeZone,
    pub(in crate::store) last_seen_at: TimeDateTimeWithTimeZone,
    pub(in crate::store) expires_at: TimeDateTimeWithTimeZone,
}

#[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
pub(in crate::store) enum Relation {
    #[sea_orm(
        belongs_to = "super::api_key::Entity",
        from = "Column::ApiKeyId",
        to = "super::api_key::Column::Id"
    )]
    ApiKey,
}

impl Related<super::api_key::Entity> for Entity {
    fn to() -> RelationDef {
        Relation::ApiKey.def()
    }
}

impl ActiveModelBehavior for ActiveModel {}
