//! Runs: calls of actions, and what became of them.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use time::OffsetDateTime;

use super::{ActionContext, Open, RawJson};
use crate::{
    action::{DeniedBy, RunStatus},
    error::ErrorCode,
};

/// A call of an action, and what became of it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ActionRun {
    /// `run_…`; later runs have later ids.
    #[cfg_attr(feature = "openapi", schema(example = "run_01jc3q5v6w7x8y9zabcdefghjk"))]
    pub id: String,
    /// The integration's provider, with the alias of a further account.
    #[cfg_attr(feature = "openapi", schema(example = "stripe"))]
    pub provider: String,
    /// The action's name.
    #[cfg_attr(feature = "openapi", schema(example = "issue_refund"))]
    pub action: String,
    /// How far it is.
    #[cfg_attr(feature = "openapi", schema(value_type = RunStatus, example = "succeeded"))]
    pub status: Open<RunStatus>,
    /// The HTTP status of the provider's answer; null if there is none.
    #[serde(default)]
    #[cfg_attr(feature = "openapi", schema(required, example = 200))]
    pub provider_status: Option<u16>,
    /// What the action gives, by name; null if it was not done, or not yet. Lists leave out what is longer than 16 KiB.
    #[serde(default)]
    #[cfg_attr(
        feature = "openapi",
        schema(required, value_type = Option<std::collections::BTreeMap<String, Value>>, example = json!({"id": "re_1"}))
    )]
    pub result: RawJson<Value>,
    /// Why it was not done, or why nobody knows; null if it was done, or not yet.
    #[serde(default)]
    #[cfg_attr(feature = "openapi", schema(required))]
    pub error: Option<RunError>,
    /// `apr_…`; null if no person is asked.
    #[serde(default)]
    #[cfg_attr(feature = "openapi", schema(required, example = json!(null)))]
    pub approval_id: Option<String>,
    /// What denied it; null if nothing did.
    #[serde(default)]
    #[cfg_attr(feature = "openapi", schema(required, value_type = Option<DeniedBy>, example = json!(null)))]
    pub denied_by: Option<Open<DeniedBy>>,
    /// For whom and why it was called; null if the caller did not say.
    #[serde(default)]
    #[cfg_attr(feature = "openapi", schema(required, value_type = Option<ActionContext>))]
    pub context: RawJson<ActionContext>,
    /// The input. Sensitive values are redacted.
    #[serde(default)]
    #[cfg_attr(
        feature = "openapi",
        schema(required, value_type = std::collections::BTreeMap<String, Value>, example = json!({"charge": "ch_1", "amount": 500}))
    )]
    pub input: RawJson<Map<String, Value>>,
    /// When it was called.
    #[serde(with = "time::serde::rfc3339")]
    #[cfg_attr(feature = "openapi", schema(example = "2026-05-17T17:55:00Z"))]
    pub created_at: OffsetDateTime,
    /// When it ended; null as long as it waits or is being sent.
    #[serde(default, with = "time::serde::rfc3339::option")]
    #[cfg_attr(feature = "openapi", schema(required, example = "2026-05-17T17:55:01Z"))]
    pub finished_at: Option<OffsetDateTime>,
}

/// Why a run was not done, or why nobody knows.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct RunError {
    /// For programs.
    #[cfg_attr(feature = "openapi", schema(value_type = ErrorCode, example = "PROVIDER_REFUSED"))]
    pub code: Open<ErrorCode>,
    /// For people. If the provider refused, these are its own words.
    #[cfg_attr(feature = "openapi", schema(example = "Charge ch_1 has already been refunded."))]
    pub message: String,
}

/// The response with one run.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ActionRunResponse {
    /// The run.
    pub data: ActionRun,
}

/// A page of a project's runs.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ActionRunList {
    /// The runs, newest first.
    pub data: Vec<ActionRun>,
    /// Send this as `cursor` to get the next page; null on the last page.
    #[cfg_attr(feature = "openapi", schema(required))]
    pub cursor: Option<String>,
    /// Whether there is a next page.
    pub has_more: bool,
}
