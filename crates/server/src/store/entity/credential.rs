use sea_orm::entity::prelude::*;

#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "credentials")]
pub(in crate::store) struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub(in crate::store) integration_id: String,
    /// JSON object, sealed by the vault.
    pub(in crate::store) sealed: Vec<u8>,
    pub(in crate::store) expires_at: Option<TimeDateTimeWithTimeZone>,
    /// Whether it has a refresh token.
    pub(in crate::store) renewable: bool,
    /// JSON array: the scopes that the provider granted, if it says.
    pub(in crate::store) granted_scopes: Option<String>,
    pub(in crate::store) version: i64,
    pub(in crate::store) created_at: TimeDateTimeWithTimeZone,
    pub(in crate::store) updated_at: TimeDateTimeWithTimeZone,
    /// When it was found to be unusable.
    pub(in crate::store) dead_at: Option<TimeDateTimeWithTimeZone>,
}

#[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
pub(in crate::store) enum Relation {
    #[sea_orm(
        belongs_to = "super::integration::Entity",
        from = "Column::IntegrationId",
        to = "super::integration::Column::Id"
    )]
    Integration,
}

impl Related<super::integration::Entity> for Entity {
    fn to() -> RelationDef {
        Relation::Integration.def()
    }
}

impl ActiveModelBehavior for ActiveModel {}
