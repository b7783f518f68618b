use sea_orm::entity::prelude::*;

#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "monitors")]
pub(in crate::store) struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub(in crate::store) integration_id: String,
    pub(in crate::store) provider: String,
    /// When the integration is to be monitored next. While it is leased, the end of the lease.
    pub(in crate::store) due_at: TimeDateTimeWithTimeZone,
    pub(in crate::store) probe_at: TimeDateTimeWithTimeZone,
    pub(in crate::store) refresh_at: Option<TimeDateTimeWithTimeZone>,
    /// The provider's API asked for no calls before this time.
    pub(in crate::store) not_before: Option<TimeDateTimeWithTimeZone>,
    /// The provider's token endpoint asked for no requests before this time.
    pub(in crate::store) token_not_before: Option<TimeDateTimeWithTimeZone>,
    pub(in crate::store) failures: i32,
    pub(in crate::store) lease_owner: Option<String>,
    /// The number of successive leases that were not given back.
    pub(in crate::store) lease_count: i32,
    /// The lease under which the refresh token was sent, while the result is unknown.
    pub(in crate::store) refresh_begun_by: Option<String>,
}

#[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
pub(in crate::store) enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
