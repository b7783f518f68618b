//! The actions of what is installed, and the request to call one.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::{Open, RawJson};
use crate::{catalog::ActionKind, permissions::Permission};

/// An action of an integration, with what its caller needs to know.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct InstalledAction {
    /// Its name, as paths have it.
    #[cfg_attr(feature = "openapi", schema(example = "issue_refund"))]
    pub key: String,
    /// Its name for people.
    #[cfg_attr(feature = "openapi", schema(example = "Issue refunds"))]
    pub label: String,
    /// What it does.
    pub description: String,
    /// What it does to the data at the provider.
    #[cfg_attr(feature = "openapi", schema(value_type = ActionKind, example = "destructive"))]
    pub kind: Open<ActionKind>,
    /// Whether it may be called: `true`, `false`, or `"ask"` if a person has to approve each call.
    pub permission: Permission,
    /// JSON Schema (draft 2020-12) of its `input`.
    #[cfg_attr(feature = "openapi", schema(value_type = std::collections::BTreeMap<String, Value>))]
    pub input_schema: RawJson<Map<String, Value>>,
    /// Whether a call with a good input would be sent, or wait for a person, as things are now.
    pub callable: bool,
    /// Why it cannot be called. Only present if it cannot.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(nullable = false, example = "The integration is paused"))]
    pub not_callable_reason: Option<String>,
}

/// The response with an integration's actions.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct InstalledActionList {
    /// The actions, in the order of the catalog.
    pub data: Vec<InstalledAction>,
}

/// A call of an action.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct CallAction {
    /// The input, as the action's `input_schema` describes it.
    #[cfg_attr(feature = "openapi", schema(value_type = std::collections::BTreeMap<String, Value>, example = json!({"charge": "ch_1", "amount": 500})))]
    pub input: Map<String, Value>,
    /// For whom and why it is called. Guards may ask for it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(nullable = false))]
    pub context: Option<ActionContext>,
}

/// For whom and why an action is called. People see it: in the run, in the audit log, and before they approve.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ActionContext {
    /// For whom.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(
        feature = "openapi",
        schema(nullable = false, max_length = 500, example = "ada@shop.example")
    )]
    pub on_behalf_of: Option<String>,
    /// In which conversation.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(nullable = false, max_length = 500, example = "ticket 4711"))]
    pub conversation: Option<String>,
    /// Why.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(nullable = false, max_length = 500, example = "It came broken"))]
    pub reason: Option<String>,
}
