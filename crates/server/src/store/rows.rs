//! The rows that the constant statements read. The fields of each struct are the columns that its statement names.

use integrations_core::catalog::{ProviderRef, StoredWay};
use sea_orm::{
    DerivePartialModel, PartialModelTrait, QuerySelect,
    sea_query::{Expr, PostgresQueryBuilder, SelectStatement},
};
use sqlx::FromRow;
use time::OffsetDateTime;

use super::{
    entity::{
        action_run, api_key, approval, audit_event, audit_link, credential, integration, monitor, project,
        revocation, user,
    },
    on_its_way::MOVES_BY,
};

/// The columns that a `T` is read from, each named like its field. So the list of columns exists only once, in `T`.
pub(super) fn columns<T: PartialModelTrait>() -> String {
    struct Columns(SelectStatement);

    impl QuerySelect for Columns {
        type QueryStatement = SelectStatement;

        fn query(&mut self) -> &mut SelectStatement {
            &mut self.0
        }
    }

    let select = T::select_cols(Columns(SelectStatement::new())).0.to_string(PostgresQueryBuilder);
    select.trim_start_matches("SELECT ").to_owned()
}

/// When the provider is asked next, by a row of `monitors`: at the time of the probe, unless the provider asked for a
/// longer wait. The columns have no alias before them, because SQLite allows none in RETURNING.
pub(super) const NEXT_CHECK: &str = "CASE WHEN not_before > probe_at THEN not_before ELSE probe_at END";

// What is shown of a credential. A dead one is shown as if there were none.
const USABLE_RENEWABLE: &str = "CASE WHEN c.dead_at IS NULL THEN c.renewable END";
const USABLE_EXPIRY: &str = "CASE WHEN c.dead_at IS NULL THEN c.expires_at END";
const USABLE_SCOPES: &str = "CASE WHEN c.dead_at IS NULL THEN c.granted_scopes END";

/// An integration to be shown. JSON columns are passed on as text. Its fields are the columns of `statements::LIST` and
/// `statements::ONE`.
#[derive(Clone, Debug, PartialEq, DerivePartialModel, FromRow)]
#[sea_orm(entity = "integration::Entity", alias = "i")]
pub struct IntegrationRow {
    /// `int_…`
    pub id: String,
    /// The provider, with the alias of a further account: a `ProviderRef`.
    pub provider: String,
    /// How it was installed.
    pub setup_type: String,
    /// The kind of the way by which it was, if that is known.
    pub auth: Option<String>,
    /// Its status.
    pub status: String,
    /// Its health.
    pub health_status: String,
    /// Overrides the catalog's name.
    pub display_name: Option<String>,
    /// Whether its panel is shown.
    pub sidebar_enabled: bool,
    /// When the provider last answered successfully.
    pub last_synced_at: Option<OffsetDateTime>,
    /// What is wrong, for people.
    pub error_message: Option<String>,
    /// JSON object.
    pub settings: String,
    /// JSON object.
    pub action_permissions: String,
    /// When the provider is asked next; `None` while there is no credential to check.
    #[sea_orm(from_expr = "Expr::cust(NEXT_CHECK)")]
    pub next_check_at: Option<OffsetDateTime>,
    /// The account's id at the provider.
    pub account_id: Option<String>,
    /// The account's name at the provider.
    pub account_name: Option<String>,
    /// Whether the stored credential can be renewed; `None` if there is no usable one.
    #[sea_orm(from_expr = "Expr::cust(USABLE_RENEWABLE)")]
    pub credential_renewable: Option<bool>,
    /// When the usable credential expires by itself.
    #[sea_orm(from_expr = "Expr::cust(USABLE_EXPIRY)")]
    pub credential_expires_at: Option<OffsetDateTime>,
    /// JSON array: the scopes of the usable credential, if the provider says.
    #[sea_orm(from_expr = "Expr::cust(USABLE_SCOPES)")]
    pub granted_scopes: Option<String>,
    /// The revocation that the last disconnection asked for.
    #[sea_orm(from_expr = r#"Expr::col(("v", revocation::Column::Id))"#)]
    pub revocation_id: Option<String>,
    /// How far that is.
    #[sea_orm(from_expr = r#"Expr::col(("v", revocation::Column::Status))"#)]
    pub revocation_status: Option<String>,
    /// What its request ends.
    #[sea_orm(from_expr = r#"Expr::col(("v", revocation::Column::Reaches))"#)]
    pub revocation_reaches: Option<String>,
    /// Why it is not revoked, or not yet.
    #[sea_orm(from_expr = r#"Expr::col(("v", revocation::Column::Message))"#)]
    pub revocation_message: Option<String>,
    /// Until when an access token works on.
    #[sea_orm(from_expr = r#"Expr::col(("v", revocation::Column::Until))"#)]
    pub revocation_until: Option<OffsetDateTime>,
    /// When it was asked for.
    #[sea_orm(from_expr = r#"Expr::col(("v", revocation::Column::CreatedAt))"#)]
    pub revocation_created_at: Option<OffsetDateTime>,
    /// When it ended.
    #[sea_orm(from_expr = r#"Expr::col(("v", revocation::Column::EndedAt))"#)]
    pub revocation_ended_at: Option<OffsetDateTime>,
    /// Counts the stored revisions.
    pub version: i64,
    /// When it was first installed.
    pub created_at: OffsetDateTime,
    /// When it was last changed.
    pub updated_at: OffsetDateTime,
}

impl IntegrationRow {
    /// By which way of its provider it is connected.
    pub fn way(&self) -> StoredWay<'_> {
        StoredWay { setup_type: &self.setup_type, auth: self.auth.as_deref() }
    }

    /// The alias, if it is a further account of its provider.
    pub fn alias(&self) -> Option<&str> {
        ProviderRef::parts(&self.provider).1
    }

    /// What is known about the revocation that the last disconnection asked for.
    pub fn revocation(&self) -> Option<RevocationFacts> {
        Some(RevocationFacts {
            id: self.revocation_id.clone()?,
            status: self.revocation_status.clone()?,
            reaches: self.revocation_reaches.clone(),
            message: self.revocation_message.clone(),
            until: self.revocation_until,
            created_at: self.revocation_created_at?,
            ended_at: self.revocation_ended_at,
        })
    }
}

/// What is shown of a revocation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RevocationFacts {
    /// Which it is.
    pub id: String,
    /// How far it is.
    pub status: String,
    /// What the request ends.
    pub reaches: Option<String>,
    /// Why it is not revoked, or not yet.
    pub message: Option<String>,
    /// Until when an access token works on that expires by itself.
    pub until: Option<OffsetDateTime>,
    /// When it was asked for.
    pub created_at: OffsetDateTime,
    /// When it ended.
    pub ended_at: Option<OffsetDateTime>,
}

impl From<&revocation::Model> for RevocationFacts {
    fn from(row: &revocation::Model) -> Self {
        Self {
            id: row.id.clone(),
            status: row.status.clone(),
            reaches: row.reaches.clone(),
            message: row.message.clone(),
            until: row.until,
            created_at: row.created_at,
            ended_at: row.ended_at,
        }
    }
}

/// The columns that a change needs in addition to an [`IntegrationRow`]. Its fields are columns of `statements::LOAD`.
#[derive(DerivePartialModel)]
#[sea_orm(entity = "integration::Entity", alias = "i")]
pub(super) struct HiddenColumns {
    pub(super) status_before_error: Option<String>,
    pub(super) sealed_settings: Option<Vec<u8>>,
    pub(super) connection: String,
    #[sea_orm(from_expr = r#"Expr::col(("c", credential::Column::Version))"#)]
    pub(super) credential_version: Option<i64>,
    #[sea_orm(from_expr = r#"Expr::col(("c", credential::Column::DeadAt))"#)]
    pub(super) credential_dead_at: Option<OffsetDateTime>,
    /// The export by which it is on its way to another server.
    #[sea_orm(from_expr = "Expr::cust(MOVES_BY)")]
    pub(super) moves_by: Option<String>,
}

/// A recorded event with its line in the chain, to be exported. Its fields are the columns of
/// `statements::audit_export`.
#[derive(Clone, Debug, DerivePartialModel, FromRow)]
#[sea_orm(entity = "audit_event::Entity", alias = "e")]
pub(super) struct ExportRow {
    pub(super) id: String,
    #[sea_orm(from_col = "organization_id")]
    pub(super) recorded_by: String,
    pub(super) project_id: Option<String>,
    pub(super) integration_id: Option<String>,
    pub(super) provider: Option<String>,
    pub(super) action: String,
    pub(super) actor_kind: String,
    pub(super) actor_id: Option<String>,
    pub(super) request_id: Option<String>,
    pub(super) changes: String,
    pub(super) created_at: OffsetDateTime,
    #[sea_orm(from_expr = r#"Expr::col(("c", audit_link::Column::Line))"#)]
    pub(super) line: Option<String>,
}

/// A recorded event, with the name of the acting key. Its fields are the columns of `statements::audit_page`.
#[derive(Clone, Debug, PartialEq, DerivePartialModel, FromRow)]
#[sea_orm(entity = "audit_event::Entity", alias = "e")]
pub struct AuditEntry {
    /// Its id.
    pub id: String,
    /// The integration that it is about.
    pub integration_id: Option<String>,
    /// That integration's provider, with its alias.
    pub provider: Option<String>,
    /// What happened.
    pub action: String,
    /// `api_key`, `user`, `operator` or `system`.
    pub actor_kind: String,
    /// The acting key or person.
    pub actor_id: Option<String>,
    /// What the acting key is for.
    #[sea_orm(from_expr = r#"Expr::col(("k", api_key::Column::Name))"#)]
    pub actor_key_name: Option<String>,
    /// The acting key's first characters.
    #[sea_orm(from_expr = r#"Expr::col(("k", api_key::Column::Hint))"#)]
    pub actor_key_hint: Option<String>,
    /// The acting person's name.
    #[sea_orm(from_expr = r#"Expr::col(("u", user::Column::Name))"#)]
    pub actor_user_name: Option<String>,
    /// The acting person's e-mail address.
    #[sea_orm(from_expr = r#"Expr::col(("u", user::Column::Email))"#)]
    pub actor_user_email: Option<String>,
    /// The request that asked for it.
    pub request_id: Option<String>,
    /// JSON array of `{path, from, to}`.
    pub changes: String,
    /// When.
    #[sea_orm(from_col = "created_at")]
    pub at: OffsetDateTime,
}

/// A run to be shown. JSON columns are passed on as text. Its fields are the columns of `statements::RUN` and
/// `statements::runs_page`.
#[derive(Clone, Debug, PartialEq, DerivePartialModel, FromRow)]
#[sea_orm(entity = "action_run::Entity", alias = "r")]
pub struct RunRow {
    /// `run_…`
    pub id: String,
    /// The integration that it called.
    pub integration_id: String,
    /// The integration's provider, with its alias.
    pub provider: String,
    /// The action's key.
    pub action: String,
    /// What the action does to the data at the provider.
    pub kind: String,
    /// How far it is.
    pub status: String,
    /// The key or the person that called.
    pub principal: String,
    /// The account at the provider, if it was known.
    pub account_id: Option<String>,
    /// The request that asked for it.
    pub request_id: Option<String>,
    /// JSON object: for whom and why.
    pub context: Option<String>,
    /// JSON object: the input, with sensitive values redacted.
    pub input: String,
    /// JSON object: what was read before, for guards and approvers.
    pub evidence: String,
    /// The status of the provider's answer.
    pub provider_status: Option<i32>,
    /// JSON value: what the action gave.
    pub result: Option<String>,
    /// Why it was not done, or why nobody knows, for programs.
    pub error_code: Option<String>,
    /// The same for people.
    pub error_message: Option<String>,
    /// What denied it.
    pub denied_by: Option<String>,
    /// JSON array: why it was denied or a person is asked.
    pub reasons: Option<String>,
    /// `apr_…`, if a person is asked.
    pub approval_id: Option<String>,
    /// Until when a person may approve it.
    pub approval_expires_at: Option<OffsetDateTime>,
    /// When it was called.
    pub created_at: OffsetDateTime,
    /// When it was sent.
    pub sent_at: Option<OffsetDateTime>,
    /// When it ended.
    pub finished_at: Option<OffsetDateTime>,
}

/// What a decision on a run looked at, to be decided on again.
#[derive(Clone, Debug, DerivePartialModel)]
#[sea_orm(entity = "action_run::Entity")]
pub struct PastRunRow {
    /// `run_…`
    pub id: String,
    /// The action's key.
    pub action: String,
    /// How far it is.
    pub status: String,
    /// The key or the person that called.
    pub principal: String,
    /// JSON object: for whom and why.
    pub context: Option<String>,
    /// JSON object: the input, with sensitive values redacted.
    pub input: String,
    /// JSON object: what was read before.
    pub evidence: String,
    /// What denied it.
    pub denied_by: Option<String>,
    /// `apr_…`, if a person is asked.
    pub approval_id: Option<String>,
    /// When it was called.
    pub created_at: OffsetDateTime,
}

impl From<action_run::Model> for RunRow {
    fn from(row: action_run::Model) -> Self {
        Self {
            id: row.id,
            integration_id: row.integration_id,
            provider: row.provider,
            action: row.action,
            kind: row.kind,
            status: row.status,
            principal: row.principal,
            account_id: row.account_id,
            request_id: row.request_id,
            context: row.context,
            input: row.input,
            evidence: row.evidence,
            provider_status: row.provider_status,
            result: row.result,
            error_code: row.error_code,
            error_message: row.error_message,
            denied_by: row.denied_by,
            reasons: row.reasons,
            approval_id: row.approval_id,
            approval_expires_at: row.approval_expires_at,
            created_at: row.created_at,
            sent_at: row.sent_at,
            finished_at: row.finished_at,
        }
    }
}

/// An approval to be shown, with its run. JSON columns are passed on as text. Its fields are the columns of
/// `statements::APPROVAL` and `statements::approvals_page`.
#[derive(Clone, Debug, PartialEq, DerivePartialModel, FromRow)]
#[sea_orm(entity = "approval::Entity", alias = "a")]
pub struct ApprovalRow {
    /// `apr_…`
    pub id: String,
    /// `run_…`
    pub run_id: String,
    /// The integration's provider, with its alias.
    pub provider: String,
    /// How far it is.
    pub status: String,
    /// The key or the person that asked.
    pub principal: String,
    /// JSON object: what was read at the asking.
    pub evidence: String,
    /// JSON array: why a person is asked.
    pub reasons: String,
    /// When a person was asked.
    pub created_at: OffsetDateTime,
    /// Until when it can be approved.
    pub expires_at: OffsetDateTime,
    /// The key or the person that decided.
    pub decided_by: Option<String>,
    /// When somebody decided, or it expired.
    pub decided_at: Option<OffsetDateTime>,
    /// What who decided said.
    pub note: Option<String>,
    /// The run's action.
    #[sea_orm(from_expr = r#"Expr::col(("r", action_run::Column::Action))"#)]
    pub action: String,
    /// What the action does to the data at the provider.
    #[sea_orm(from_expr = r#"Expr::col(("r", action_run::Column::Kind))"#)]
    pub kind: String,
    /// JSON object: the run's input, with sensitive values redacted.
    #[sea_orm(from_expr = r#"Expr::col(("r", action_run::Column::Input))"#)]
    pub input: String,
    /// JSON object: for whom and why.
    #[sea_orm(from_expr = r#"Expr::col(("r", action_run::Column::Context))"#)]
    pub context: Option<String>,
    /// The name of the key that asked.
    #[sea_orm(from_expr = r#"Expr::col(("k", api_key::Column::Name))"#)]
    pub asking_key_name: Option<String>,
    /// The name of the person who asked.
    #[sea_orm(from_expr = r#"Expr::col(("u", user::Column::Name))"#)]
    pub asking_user_name: Option<String>,
    /// Their e-mail address.
    #[sea_orm(from_expr = r#"Expr::col(("u", user::Column::Email))"#)]
    pub asking_user_email: Option<String>,
    /// The name of the key that decided.
    #[sea_orm(from_expr = r#"Expr::col(("dk", api_key::Column::Name))"#)]
    pub deciding_key_name: Option<String>,
    /// The name of the person who decided.
    #[sea_orm(from_expr = r#"Expr::col(("du", user::Column::Name))"#)]
    pub deciding_user_name: Option<String>,
    /// Their e-mail address.
    #[sea_orm(from_expr = r#"Expr::col(("du", user::Column::Email))"#)]
    pub deciding_user_email: Option<String>,
}

/// A claimed integration, as it is read. Its fields are the columns of `monitors::statements::CLAIMED_POSTGRES`.
#[derive(DerivePartialModel)]
#[sea_orm(entity = "integration::Entity", alias = "i")]
pub(super) struct ClaimedRow {
    #[sea_orm(from_expr = r#"Expr::col(("p", project::Column::OrganizationId))"#)]
    pub(super) organization_id: String,
    pub(super) project_id: String,
    pub(super) id: String,
    pub(super) provider: String,
    pub(super) status: String,
    pub(super) health_status: String,
    pub(super) connection: String,
    pub(super) setup_type: String,
    pub(super) auth: Option<String>,
    #[sea_orm(nested)]
    pub(super) credential: ClaimedCredential,
    #[sea_orm(nested)]
    pub(super) monitor: ClaimedMonitor,
}

#[derive(DerivePartialModel)]
#[sea_orm(entity = "credential::Entity", alias = "c")]
pub(super) struct ClaimedCredential {
    pub(super) sealed: Vec<u8>,
    pub(super) version: i64,
    pub(super) expires_at: Option<OffsetDateTime>,
}

#[derive(DerivePartialModel)]
#[sea_orm(entity = "monitor::Entity", alias = "m")]
pub(super) struct ClaimedMonitor {
    pub(super) lease_count: i32,
    pub(super) probe_at: OffsetDateTime,
    pub(super) refresh_at: Option<OffsetDateTime>,
    pub(super) not_before: Option<OffsetDateTime>,
    pub(super) token_not_before: Option<OffsetDateTime>,
    pub(super) failures: i32,
    pub(super) refresh_begun_by: Option<String>,
}
