use sea_orm::entity::prelude::*;

#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "provider_events")]
pub(in crate::store) struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub(in crate::store) id: String,
    pub(in crate::store) project_id: String,
    pub(in crate::store) integration_id: String,
    pub(in crate::store) source_id: String,
    pub(in crate::store) provider_event_id: Option<String>,
    pub(in crate::store) kind: Option<String>,
    pub(in crate::store) account: Option<String>,
    pub(in crate::store) occurred_at: Option<TimeDateTimeWithTimeZone>,
    pub(in crate::store) attempt: Option<i64>,
    pub(in crate::store) is_repeat: bool,
    /// JSON object: the headers that matter.
    pub(in crate::store) headers: String,
    pub(in crate::store) is_body_signed: bool,
    /// The body, sealed by the vault; empty once it is not kept any more.
    pub(in crate::store) sealed: Vec<u8>,
    pub(in crate::store) body_sha256: String,
    pub(in crate::store) body_size: i64,
    pub(in crate::store) received_at: TimeDateTimeWithTimeZone,
    /// `None`: the claim has ended.
    pub(in crate::store) dedupe: Option<String>,
    pub(in crate::store) claimed_until: TimeDateTimeWithTimeZone,
}

#[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
pub(in crate::store) enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
