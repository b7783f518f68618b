use sea_orm::entity::prelude::*;

#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "users")]
pub(in crate::store) struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub(in crate::store) id: String,
    /// The provider that the person signs in with, as it names itself.
    pub(in crate::store) issuer: String,
    /// The person's id there. The pair of both is the person; an e-mail address never is.
    pub(in crate::store) subject: String,
    pub(in crate::store) name: Option<String>,
    pub(in crate::store) email: Option<String>,
    pub(in crate::store) created_at: TimeDateTimeWithTimeZone,
    pub(in crate::store) signed_in_at: Option<TimeDateTimeWithTimeZone>,
    pub(in crate::store) revoked_at: Option<TimeDateTimeWithTimeZone>,
}

#[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
pub(in crate::store) enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
