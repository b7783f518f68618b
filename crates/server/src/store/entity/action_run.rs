use sea_orm::entity::prelude::*;

#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "action_runs")]
pub(in crate::store) struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub(in crate::store) id: String,
    pub(in crate::store) organization_id: String,
    pub(in crate::store) project_id: String,
    pub(in crate::store) integration_id: String,
    /// The provider, with the alias of a further account.
    pub(in crate::store) provider: String,
    pub(in crate::store) action: String,
    pub(in crate::store) kind: String,
    pub(in crate::store) status: String,
    /// SHA-256 of what the provider's file says of the action.
    pub(in crate::store) definition: Vec<u8>,
    /// The key or the person that called.
    pub(in crate::store) principal: String,
    /// JSON object; sensitive values are redacted.
    pub(in crate::store) input: String,
    /// JSON object: what was read before.
    pub(in crate::store) evidence: String,
    /// SHA-256 of who calls what with which input.
    pub(in crate::store) input_hash: Vec<u8>,
    /// The request, sealed by the vault.
    pub(in crate::store) request: Option<Vec<u8>>,
    pub(in crate::store) provider_status: Option<i32>,
    pub(in crate::store) denied_by: Option<String>,
    pub(in crate::store) created_at: TimeDateTimeWithTimeZone,
    pub(in crate::store) approval_expires_at: Option<TimeDateTimeWithTimeZone>,
    pub(in crate::store) sent_at: Option<TimeDateTimeWithTimeZone>,
    pub(in crate::store) sending_until: Option<TimeDateTimeWithTimeZone>,
    pub(in crate::store) finished_at: Option<TimeDateTimeWithTimeZone>,
    /// The account at the provider.
    pub(in crate::store) account_id: Option<String>,
    pub(in crate::store) request_id: Option<String>,
    /// JSON object: for whom and why.
    pub(in crate::store) context: Option<String>,
    /// JSON value.
    pub(in crate::store) result: Option<String>,
    pub(in crate::store) error_code: Option<String>,
    pub(in crate::store) error_message: Option<String>,
    /// JSON array: why it was denied or a person is asked.
    pub(in crate::store) reasons: Option<String>,
    pub(in crate::store) approval_id: Option<String>,
    /// Who sends it, or sent it: a lease.
    pub(in crate::store) attempt: Option<String>,
    /// Seconds from the end until the provider can show what was done. `None`: there is nothing to look for.
    pub(in crate::store) look_after: Option<i32>,
    /// When the next look is due, or when the one that is under way counts as abandoned.
    pub(in crate::store) look_at: Option<TimeDateTimeWithTimeZone>,
    /// How many looks found nothing.
    pub(in crate::store) look_absences: i32,
}

#[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
pub(in crate::store) enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
