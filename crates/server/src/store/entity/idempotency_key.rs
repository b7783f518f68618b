use sea_orm::entity::prelude::*;

#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "idempotency_keys")]
pub(in crate::store) struct Model {
    /// A hash of the `Idempotency-Key` with its caller and route.
    #[sea_orm(primary_key, auto_increment = false)]
    pub(in crate::store) id: String,
    /// SHA-256 of what the request says.
    pub(in crate::store) fingerprint: Vec<u8>,
    /// The answer, sealed by the vault. Null while somebody works on the request.
    pub(in crate::store) sealed_answer: Option<Vec<u8>>,
    /// Who works on it.
    pub(in crate::store) lease: Option<String>,
    pub(in crate::store) leased_until: Option<TimeDateTimeWithTimeZone>,
    pub(in crate::store) created_at: TimeDateTimeWithTimeZone,
    pub(in crate::store) expires_at: TimeDateTimeWithTimeZone,
}

#[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
pub(in crate::store) enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
