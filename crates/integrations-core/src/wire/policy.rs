//! What would be decided of calls: of one that is not made, and what other settings or permissions would have made of
//! those of the past.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use time::OffsetDateTime;

use super::Open;
use crate::{action::Decided, permissions::Permission, words::words};

/// Asks what the calls of the past would have come to under other settings or permissions.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ReplayPolicy {
    /// Only calls at or after this time (RFC 3339). All that are kept, if left out.
    #[serde(default, with = "time::serde::rfc3339::option", skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(nullable = false, example = "2026-05-01T00:00:00Z"))]
    pub since: Option<OffsetDateTime>,
    /// Settings to change, merged into those of the integration (RFC 7396). Nothing is stored.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(
        feature = "openapi",
        schema(
            nullable = false,
            value_type = Option<BTreeMap<String, Value>>,
            example = json!({"refund_limit_cents": 2000})
        )
    )]
    pub settings: Option<Map<String, Value>>,
    /// Permissions to change. Nothing is stored.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(nullable = false, example = json!({"issue_refund": "ask"})))]
    pub action_permissions: Option<BTreeMap<String, Permission>>,
}

/// A run that would have been decided otherwise.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ReplayedRun {
    /// The run.
    #[cfg_attr(feature = "openapi", schema(example = "run_01jc3q5v6w7x8y9zabcdefghjk"))]
    pub run_id: String,
    /// Its action.
    #[cfg_attr(feature = "openapi", schema(example = "issue_refund"))]
    pub action: String,
    /// When it was called.
    #[serde(with = "time::serde::rfc3339")]
    #[cfg_attr(feature = "openapi", schema(example = "2026-05-17T17:55:00Z"))]
    pub created_at: OffsetDateTime,
    /// What was decided.
    #[cfg_attr(feature = "openapi", schema(value_type = Decided, example = "allow"))]
    pub was: Open<Decided>,
    /// What would have been decided.
    #[cfg_attr(feature = "openapi", schema(value_type = Decided, example = "ask"))]
    pub would_be: Open<Decided>,
    /// Why. Empty if it would have been allowed.
    #[cfg_attr(feature = "openapi", schema(example = json!(["30.00 USD is more than 20.00 USD"])))]
    pub reasons: Vec<String>,
}

/// What other settings or permissions would have made of the calls of the past.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct PolicyReplay {
    /// How many runs were decided on again.
    #[cfg_attr(feature = "openapi", schema(example = 120))]
    pub decided: u32,
    /// How many could not be: their action is gone, or what decides them is not kept.
    #[cfg_attr(feature = "openapi", schema(example = 0))]
    pub left_out: u32,
    /// Whether there are older runs in that time, which were not looked at.
    pub has_more: bool,
    /// The runs that would have been decided otherwise, newest first.
    pub otherwise: Vec<ReplayedRun>,
}

/// The response with a replay.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct PolicyReplayResponse {
    /// The replay.
    pub data: PolicyReplay,
}

words! {
    /// What a decision on a call looks at.
    pub enum CheckKind {
        /// The status of the integration.
        Status = "status",
        /// The permission of the action.
        Permission = "permission",
        /// A guard of the action.
        Guard = "guard",
    }
}

/// One look of a decision, with what it sees.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct PolicyCheck {
    /// What it looks at.
    #[cfg_attr(feature = "openapi", schema(value_type = CheckKind, example = "guard"))]
    pub kind: Open<CheckKind>,
    /// What must hold, in words for people.
    #[cfg_attr(
        feature = "openapi",
        schema(example = "The input “amount” may be at most the setting “Refund limit”")
    )]
    pub rule: String,
    /// What this alone decides; null if nobody knows, because the call is denied before the provider is asked.
    #[serde(default)]
    #[cfg_attr(feature = "openapi", schema(required, value_type = Option<Decided>, example = "ask"))]
    pub decision: Option<Open<Decided>>,
    /// Why the rule does not hold; null if it does, or if nobody knows.
    #[serde(default)]
    #[cfg_attr(feature = "openapi", schema(required, example = "30.00 USD is more than 20.00 USD"))]
    pub why: Option<String>,
    /// What the call or the integration has, in words for people; null if it is nothing, or not known.
    #[serde(default)]
    #[cfg_attr(feature = "openapi", schema(required, example = "30.00 USD"))]
    pub value: Option<String>,
    /// What that is compared with, as it stands now; null if it is not set.
    #[serde(default)]
    #[cfg_attr(feature = "openapi", schema(required, example = "20.00 USD"))]
    pub limit: Option<String>,
    /// Of a sum or a number: what earlier calls of its window have used or reserved, without this one.
    #[serde(default)]
    #[cfg_attr(feature = "openapi", schema(required, example = json!(null)))]
    pub used: Option<String>,
    /// The window of a sum or a number, in seconds.
    #[serde(default)]
    #[cfg_attr(feature = "openapi", schema(required, example = json!(null)))]
    pub within_seconds: Option<u32>,
    /// The setting that decides it, if it is one.
    #[serde(default)]
    #[cfg_attr(feature = "openapi", schema(required, example = "refund_limit_cents"))]
    pub setting: Option<String>,
}

/// What would be decided of a call, and why.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct PolicyExplanation {
    /// The action.
    #[cfg_attr(feature = "openapi", schema(example = "issue_refund"))]
    pub action: String,
    /// What would be decided now.
    #[cfg_attr(feature = "openapi", schema(value_type = Decided, example = "ask"))]
    pub decision: Open<Decided>,
    /// Why. Empty if it would be allowed.
    #[cfg_attr(feature = "openapi", schema(example = json!(["30.00 USD is more than 20.00 USD"])))]
    pub reasons: Vec<String>,
    /// `run_…` of the same call, which waits for a person or was denied by one a short time ago, and so decides this
    /// one; null if there is none.
    #[serde(default)]
    #[cfg_attr(feature = "openapi", schema(required, example = json!(null)))]
    pub same_run_id: Option<String>,
    /// Everything that the decision looks at. The strictest decides.
    pub checks: Vec<PolicyCheck>,
    /// Whether the provider was asked what must be known. It is not if the call is denied before.
    pub provider_asked: bool,
    /// The input, with defaults and with every amount in full. Sensitive values are redacted.
    #[cfg_attr(
        feature = "openapi",
        schema(value_type = BTreeMap<String, Value>, example = json!({"charge": "ch_1", "amount": 3000}))
    )]
    pub input: Map<String, Value>,
    /// What the provider said.
    #[cfg_attr(
        feature = "openapi",
        schema(value_type = BTreeMap<String, Value>, example = json!({"refundable": 5000}))
    )]
    pub evidence: Map<String, Value>,
}

/// The response with an explanation.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct PolicyExplanationResponse {
    /// The explanation.
    pub data: PolicyExplanation,
}
