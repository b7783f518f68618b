use sea_orm::entity::prelude::*;

#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "projects")]
pub(in crate::store) struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub(in crate::store) id: String,
    pub(in crate::store) organization_id: String,
    pub(in crate::store) name: String,
    pub(in crate::store) created_at: TimeDateTimeWithTimeZone,
    /// When it was archived.
    pub(in crate::store) revoked_at: Option<TimeDateTimeWithTimeZone>,
    /// Unique within the organization. An older program makes projects without one.
    pub(in crate::store) slug: Option<String>,
    pub(in crate::store) domain: Option<String>,
    /// When an archived project's credentials were destroyed.
    pub(in crate::store) erased_at: Option<TimeDateTimeWithTimeZone>,
    /// Who decides on approvals. `None`: people alone.
    pub(in crate::store) approvals_decided_by: Option<String>,
    /// How long that may take, in seconds. `None`: a day.
    pub(in crate::store) approvals_expire_after: Option<i32>,
    /// JSON: by which action people are told of what waits. `None`: by none.
    pub(in crate::store) approvals_notify: Option<String>,
    /// JSON: the origins to which people are sent back after an installation. `None`: none.
    pub(in crate::store) return_origins: Option<String>,
    /// JSON: how the pages that customers see present themselves. `None`: as those of all.
    pub(in crate::store) branding: Option<String>,
}

#[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
pub(in crate::store) enum Relation {
    #[sea_orm(
        belongs_to = "super::organization::Entity",
        from = "Column::OrganizationId",
        to = "super::organization::Column::Id"
    )]
    Organization,
}

impl Related<super::organization::Entity> for Entity {
    fn to() -> RelationDef {
        Relation::Organization.def()
    }
}

impl ActiveModelBehavior for ActiveModel {}
