//! Approvals: calls of actions that wait for a person.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use time::OffsetDateTime;

use super::{ActionContext, Open, RawJson};
use crate::{
    action::{ApprovalStatus, Deciders},
    catalog::ActionKind,
};

/// A call of an action that waits for a person, or waited.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Approval {
    /// `apr_…`; later approvals have later ids.
    #[cfg_attr(feature = "openapi", schema(example = "apr_01jc3q5v6w7x8y9zabcdefghjk"))]
    pub id: String,
    /// `run_…`, the call.
    #[cfg_attr(feature = "openapi", schema(example = "run_01jc3q5v6w7x8y9zabcdefghjk"))]
    pub run_id: String,
    /// The integration's provider, with the alias of a further account.
    #[cfg_attr(feature = "openapi", schema(example = "stripe"))]
    pub provider: String,
    /// The action's name, as paths have it.
    #[cfg_attr(feature = "openapi", schema(example = "issue_refund"))]
    pub action: String,
    /// The action's name for people.
    #[cfg_attr(feature = "openapi", schema(example = "Issue refunds"))]
    pub label: String,
    /// What the action does to the data at the provider.
    #[cfg_attr(feature = "openapi", schema(value_type = ActionKind, example = "destructive"))]
    pub kind: Open<ActionKind>,
    /// How far it is.
    #[cfg_attr(feature = "openapi", schema(value_type = ApprovalStatus, example = "pending"))]
    pub status: Open<ApprovalStatus>,
    /// The input, with every amount in full. Sensitive values are redacted.
    #[cfg_attr(
        feature = "openapi",
        schema(value_type = std::collections::BTreeMap<String, Value>, example = json!({"charge": "ch_1", "amount": 500}))
    )]
    pub input: RawJson<Map<String, Value>>,
    /// What the provider said when it was asked for. It is read again before anything is sent.
    #[cfg_attr(
        feature = "openapi",
        schema(value_type = std::collections::BTreeMap<String, Value>, example = json!({"refundable": 5000}))
    )]
    pub evidence: RawJson<Map<String, Value>>,
    /// Why a person is asked.
    #[cfg_attr(feature = "openapi", schema(example = json!(["A person approves each “Issue refunds”"])))]
    pub reasons: Vec<String>,
    /// For whom and why it was called; null if the caller did not say.
    #[serde(default)]
    #[cfg_attr(feature = "openapi", schema(required, value_type = Option<ActionContext>))]
    pub context: RawJson<ActionContext>,
    /// Who called.
    pub requested_by: ApprovalParty,
    /// When a person was asked.
    #[serde(with = "time::serde::rfc3339")]
    #[cfg_attr(feature = "openapi", schema(example = "2026-05-17T17:55:00Z"))]
    pub created_at: OffsetDateTime,
    /// Until when it can be approved.
    #[serde(with = "time::serde::rfc3339")]
    #[cfg_attr(feature = "openapi", schema(example = "2026-05-18T17:55:00Z"))]
    pub expires_at: OffsetDateTime,
    /// Who decided; null if nobody has.
    #[serde(default)]
    #[cfg_attr(feature = "openapi", schema(required, example = json!(null)))]
    pub decided_by: Option<ApprovalParty>,
    /// When somebody decided, or it expired; null if it is pending.
    #[serde(default, with = "time::serde::rfc3339::option")]
    #[cfg_attr(feature = "openapi", schema(required, example = json!(null)))]
    pub decided_at: Option<OffsetDateTime>,
    /// What who decided said; null if nothing.
    #[serde(default)]
    #[cfg_attr(feature = "openapi", schema(required, example = json!(null)))]
    pub note: Option<String>,
}

/// Who asked for an approval, or decided on it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ApprovalParty {
    /// `key_…` of an API key, or `usr_…` of a person.
    #[cfg_attr(feature = "openapi", schema(example = "key_01jc3q5v6w7x8y9zabcdefghjk"))]
    pub id: String,
    /// Its name; null if it is not known any more.
    #[serde(default)]
    #[cfg_attr(feature = "openapi", schema(required, example = "Help desk"))]
    pub name: Option<String>,
}

/// The response with one approval.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ApprovalResponse {
    /// The approval.
    pub data: Approval,
}

/// A page of a project's approvals.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ApprovalList {
    /// The approvals, newest first.
    pub data: Vec<Approval>,
    /// Send this as `cursor` to get the next page; null on the last page.
    #[cfg_attr(feature = "openapi", schema(required))]
    pub cursor: Option<String>,
    /// Whether there is a next page.
    pub has_more: bool,
}

/// A decision on an approval. Who decides is known from the request's credential alone.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct DecideApproval {
    /// What is to be said with it, in one line. Who asked sees it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(
        feature = "openapi",
        schema(nullable = false, min_length = 1, max_length = 500, example = "Checked with the shop")
    )]
    pub note: Option<String>,
}

/// How the approvals of a project are decided.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ApprovalPolicy {
    /// Who may decide.
    #[cfg_attr(feature = "openapi", schema(value_type = Deciders, example = "people"))]
    pub decided_by: Open<Deciders>,
    /// How long a person may take. Whoever was asked before keeps the time that they had.
    #[cfg_attr(feature = "openapi", schema(minimum = 300, maximum = 2_592_000, example = 86_400))]
    pub expires_after_seconds: u32,
    /// Where people are told of what waits; null if nowhere but in webhooks.
    #[serde(default)]
    #[cfg_attr(feature = "openapi", schema(required))]
    pub notify: Option<ApprovalNotify>,
}

/// Where people are told of what waits for one of them, and whether that works.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ApprovalNotify {
    /// The integration's provider, with the alias of a further account.
    #[cfg_attr(feature = "openapi", schema(example = "slack"))]
    pub provider: String,
    /// The action that sends the message.
    #[cfg_attr(feature = "openapi", schema(example = "post_message"))]
    pub action: String,
    /// The rest of its input, which says where.
    #[cfg_attr(
        feature = "openapi",
        schema(value_type = std::collections::BTreeMap<String, Value>, example = json!({"channel": "#approvals"}))
    )]
    pub input: Map<String, Value>,
    /// Why nothing is sent at this time; null if nothing is known to stand in the way.
    #[serde(default)]
    #[cfg_attr(feature = "openapi", schema(required, example = json!(null)))]
    pub problem: Option<String>,
    /// The newest message that could not be sent; null if there is none.
    #[serde(default)]
    #[cfg_attr(feature = "openapi", schema(required))]
    pub last_failure: Option<ApprovalNotifyFailure>,
}

/// A message of which people should have been told, and were not.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ApprovalNotifyFailure {
    /// `apr_…`, what they were to be told of.
    #[cfg_attr(feature = "openapi", schema(example = "apr_01jc3q5v6w7x8y9zabcdefghjk"))]
    pub approval_id: String,
    /// Why.
    #[cfg_attr(feature = "openapi", schema(example = "channel_not_found"))]
    pub message: String,
    /// When it was given up.
    #[serde(with = "time::serde::rfc3339")]
    #[cfg_attr(feature = "openapi", schema(example = "2026-05-17T17:55:00Z"))]
    pub at: OffsetDateTime,
}

/// Where to tell people of what waits for one of them.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct SetApprovalNotify {
    /// The integration's provider, with the alias of a further account. It must be installed.
    #[cfg_attr(feature = "openapi", schema(example = "slack"))]
    pub provider: String,
    /// One of its actions that send a message. This one call of it is permitted by this setting, even if the action's
    /// permission is `ask`, but not if it is `false`.
    #[cfg_attr(feature = "openapi", schema(example = "post_message"))]
    pub action: String,
    /// Those of its inputs that say where the message goes, such as the channel or the recipient. Others are refused.
    /// The server adds the text, and a subject if there is one.
    #[serde(default, skip_serializing_if = "Map::is_empty")]
    #[cfg_attr(
        feature = "openapi",
        schema(value_type = std::collections::BTreeMap<String, Value>, example = json!({"channel": "#approvals"}))
    )]
    pub input: Map<String, Value>,
}

/// The response with a project's approval policy.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ApprovalPolicyResponse {
    /// The policy.
    pub data: ApprovalPolicy,
}

/// What to change of an approval policy: at least one field. A field that is left out does not change.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema), schema(min_properties = 1))]
pub struct UpdateApprovalPolicy {
    /// Who may decide.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(nullable = false))]
    pub decided_by: Option<Deciders>,
    /// How long a person may take, in seconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(nullable = false, minimum = 300, maximum = 2_592_000))]
    pub expires_after_seconds: Option<u32>,
    /// Where people are told of what waits, in place of what was set before; null: nowhere but in webhooks. An API key
    /// can send null alone: only a signed-in person sets it, on the page behind the list of approvals.
    #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "super::present")]
    #[cfg_attr(feature = "openapi", schema(value_type = Option<SetApprovalNotify>))]
    pub notify: Option<Option<SetApprovalNotify>>,
}
