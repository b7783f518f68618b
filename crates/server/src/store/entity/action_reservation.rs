use sea_orm::entity::prelude::*;

#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "action_reservations")]
pub(in crate::store) struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub(in crate::store) run_id: String,
    /// The total of a guard that it counts towards.
    #[sea_orm(primary_key, auto_increment = false)]
    pub(in crate::store) total: String,
    pub(in crate::store) integration_id: String,
    pub(in crate::store) action: String,
    /// What the total is kept for, such as a charge's id.
    pub(in crate::store) subject: String,
    /// ISO 4217. `None`: calls are counted.
    pub(in crate::store) currency: Option<String>,
    /// In the currency's smallest unit. 1 if calls are counted.
    pub(in crate::store) amount: i64,
    pub(in crate::store) created_at: TimeDateTimeWithTimeZone,
}

#[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
pub(in crate::store) enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
