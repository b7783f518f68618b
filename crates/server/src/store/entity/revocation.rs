use sea_orm::entity::prelude::*;

#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "revocations")]
pub(in crate::store) struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub(in crate::store) id: String,
    pub(in crate::store) organization_id: String,
    pub(in crate::store) project_id: String,
    pub(in crate::store) integration_id: String,
    /// The provider, with the alias of a further account.
    pub(in crate::store) provider: String,
    /// The kind of the way by which the credential was got.
    pub(in crate::store) auth: Option<String>,
    /// JSON object: what the user supplied in addition to the credential.
    pub(in crate::store) connection: String,
    /// The account at the provider, if it is known.
    pub(in crate::store) account_id: Option<String>,
    /// The OAuth app that got the tokens, if it is known.
    pub(in crate::store) client_id: Option<String>,
    pub(in crate::store) status: String,
    pub(in crate::store) reaches: Option<String>,
    /// JSON object, sealed by the vault. Empty once it is destroyed.
    pub(in crate::store) sealed: Vec<u8>,
    /// When the access token expires.
    pub(in crate::store) expires_at: Option<TimeDateTimeWithTimeZone>,
    /// When the integration was connected with the credential.
    pub(in crate::store) connected_at: TimeDateTimeWithTimeZone,
    /// When a request to revoke was first about to be sent.
    pub(in crate::store) sent_at: Option<TimeDateTimeWithTimeZone>,
    /// The lease under which the tokens were being renewed when the credential was moved.
    pub(in crate::store) renewed_by: Option<String>,
    /// When the next attempt is due, or when the one that is under way counts as abandoned.
    pub(in crate::store) due_at: Option<TimeDateTimeWithTimeZone>,
    /// From when on what does not work is tried for a day.
    pub(in crate::store) tried_since: TimeDateTimeWithTimeZone,
    /// Until when an access token works on that expires by itself.
    pub(in crate::store) until: Option<TimeDateTimeWithTimeZone>,
    pub(in crate::store) message: Option<String>,
    pub(in crate::store) created_at: TimeDateTimeWithTimeZone,
    pub(in crate::store) ended_at: Option<TimeDateTimeWithTimeZone>,
}

#[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
pub(in crate::store) enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
