use sea_orm::entity::prelude::*;

#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "exported_integrations")]
pub(in crate::store) struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub(in crate::store) export_id: String,
    #[sea_orm(primary_key, auto_increment = false)]
    pub(in crate::store) integration_id: String,
    /// The credential that goes along.
    pub(in crate::store) credential_version: i64,
    /// When that was connected.
    pub(in crate::store) connected_at: TimeDateTimeWithTimeZone,
    /// Whether it was in use or on hold.
    pub(in crate::store) chosen: String,
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
