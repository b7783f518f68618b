//! What would be decided of calls: what other settings or permissions would have made of those of the past.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use time::OffsetDateTime;

use super::Open;
use crate::{action::Decided, permissions::Permission};

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
