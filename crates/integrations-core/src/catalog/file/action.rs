//! The shape of `[[actions]]`.

use std::collections::BTreeMap;

use serde::Deserialize;

#[cfg(feature = "openapi")]
use super::OneOrMore;
use super::{Text, one_or_more};
use crate::catalog::action::{AnswerForm, Markup, MoneyUnit, Otherwise, TextFormat};
use crate::catalog::names::{ActionKind, Method};
use crate::words::words;

#[derive(Clone, Debug, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub(in crate::catalog) struct ActionTable {
    pub(in crate::catalog) key: String,
    pub(in crate::catalog) label: String,
    pub(in crate::catalog) description: String,
    pub(in crate::catalog) kind: ActionKind,
    #[serde(default)]
    pub(in crate::catalog) default: bool,
    #[serde(default)]
    pub(in crate::catalog) input: Vec<InputTable>,
    #[serde(default)]
    pub(in crate::catalog) evidence: Vec<RequestTable>,
    #[serde(default)]
    pub(in crate::catalog) steps: Vec<RequestTable>,
    pub(in crate::catalog) request: RequestTable,
    #[serde(default)]
    pub(in crate::catalog) result: ResultTable,
    pub(in crate::catalog) resolve: Option<RequestTable>,
    pub(in crate::catalog) message: Option<MessageTable>,
    #[serde(default)]
    pub(in crate::catalog) guards: Vec<GuardTable>,
    #[serde(default)]
    pub(in crate::catalog) also: Vec<OtherTable>,
    #[serde(default)]
    pub(in crate::catalog) proof: Vec<String>,
    #[serde(default)]
    pub(in crate::catalog) examples: Vec<ExampleTable>,
}

words! {
    /// The type of an input.
    pub(in crate::catalog) enum InputType {
        /// A text.
        String = "string",
        /// A whole number.
        Integer = "integer",
        /// True or false.
        Boolean = "boolean",
        /// An amount of money.
        Money = "money",
        /// A list.
        List = "list",
        /// An object.
        Object = "object",
    }
}

#[derive(Clone, Debug, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub(in crate::catalog) struct InputTable {
    pub(in crate::catalog) key: Option<String>,
    #[serde(rename = "type")]
    pub(in crate::catalog) kind: InputType,
    pub(in crate::catalog) description: Option<String>,
    #[serde(default)]
    pub(in crate::catalog) required: bool,
    pub(in crate::catalog) pattern: Option<String>,
    pub(in crate::catalog) mismatch: Option<String>,
    pub(in crate::catalog) options: Option<Vec<String>>,
    pub(in crate::catalog) format: Option<TextFormat>,
    pub(in crate::catalog) max_length: Option<usize>,
    pub(in crate::catalog) lines: Option<bool>,
    pub(in crate::catalog) minimum: Option<i64>,
    pub(in crate::catalog) maximum: Option<i64>,
    pub(in crate::catalog) currency: Option<String>,
    pub(in crate::catalog) unit: Option<MoneyUnit>,
    #[cfg_attr(feature = "openapi", schema(no_recursion))]
    pub(in crate::catalog) items: Option<Box<InputTable>>,
    pub(in crate::catalog) max_items: Option<usize>,
    #[cfg_attr(feature = "openapi", schema(no_recursion))]
    pub(in crate::catalog) fields: Option<Vec<InputTable>>,
    pub(in crate::catalog) values: Option<String>,
    pub(in crate::catalog) keys: Option<String>,
    #[cfg_attr(feature = "openapi", schema(value_type = Option<serde_json::Value>))]
    pub(in crate::catalog) default: Option<toml::Value>,
    pub(in crate::catalog) default_setting: Option<String>,
    #[cfg_attr(feature = "openapi", schema(value_type = Option<serde_json::Value>))]
    pub(in crate::catalog) default_evidence: Option<toml::Value>,
    #[serde(default)]
    pub(in crate::catalog) sensitive: bool,
}

/// A request in any of its places: the action's own, a reading, or the one that finds a write again. Which keys belong
/// to which place is checked later.
#[derive(Clone, Debug, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub(in crate::catalog) struct RequestTable {
    pub(in crate::catalog) method: Method,
    pub(in crate::catalog) path: String,
    #[serde(default)]
    pub(in crate::catalog) query: BTreeMap<String, String>,
    #[serde(default)]
    #[cfg_attr(feature = "openapi", schema(value_type = BTreeMap<String, String>))]
    pub(in crate::catalog) headers: Text,
    #[cfg_attr(feature = "openapi", schema(value_type = Option<serde_json::Value>))]
    pub(in crate::catalog) json: Option<toml::Value>,
    pub(in crate::catalog) form: Option<BTreeMap<String, String>>,
    pub(in crate::catalog) graphql: Option<GraphQlTable>,
    #[serde(default)]
    pub(in crate::catalog) reads: bool,
    pub(in crate::catalog) idempotency_header: Option<String>,
    pub(in crate::catalog) idempotency_hours: Option<u32>,
    #[cfg_attr(feature = "openapi", schema(value_type = Option<BTreeMap<String, serde_json::Value>>))]
    pub(in crate::catalog) keep: Option<BTreeMap<String, toml::Value>>,
    pub(in crate::catalog) missing: Option<String>,
    pub(in crate::catalog) find: Option<BTreeMap<String, String>>,
    pub(in crate::catalog) contains: Option<bool>,
    #[cfg_attr(feature = "openapi", schema(value_type = Option<BTreeMap<String, serde_json::Value>>))]
    pub(in crate::catalog) when: Option<BTreeMap<String, toml::Value>>,
    pub(in crate::catalog) gone_statuses: Option<Vec<u16>>,
    pub(in crate::catalog) lag_seconds: Option<u32>,
    pub(in crate::catalog) absent: Option<Absent>,
}

words! {
    /// What it means if nothing shows that a write was done.
    pub(in crate::catalog) enum Absent {
        /// It was not done.
        Failed = "failed",
        /// That stays open.
        Unknown = "unknown",
    }
}

#[derive(Clone, Debug, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub(in crate::catalog) struct GraphQlTable {
    pub(in crate::catalog) document: String,
    #[serde(default)]
    #[cfg_attr(feature = "openapi", schema(value_type = BTreeMap<String, serde_json::Value>))]
    pub(in crate::catalog) variables: toml::Table,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields, default)]
pub(in crate::catalog) struct ResultTable {
    pub(in crate::catalog) answer: Option<AnswerForm>,
    pub(in crate::catalog) statuses: Vec<u16>,
    #[cfg_attr(feature = "openapi", schema(value_type = BTreeMap<String, serde_json::Value>))]
    pub(in crate::catalog) keep: BTreeMap<String, toml::Value>,
    pub(in crate::catalog) cursor: Option<String>,
    #[cfg_attr(feature = "openapi", schema(value_type = BTreeMap<String, serde_json::Value>))]
    pub(in crate::catalog) succeeded_when: BTreeMap<String, toml::Value>,
    #[cfg_attr(feature = "openapi", schema(value_type = BTreeMap<String, serde_json::Value>))]
    pub(in crate::catalog) accepted_when: BTreeMap<String, toml::Value>,
    #[cfg_attr(feature = "openapi", schema(value_type = BTreeMap<String, serde_json::Value>))]
    pub(in crate::catalog) failed_when: BTreeMap<String, toml::Value>,
    #[cfg_attr(feature = "openapi", schema(value_type = BTreeMap<String, serde_json::Value>))]
    pub(in crate::catalog) unknown_when: BTreeMap<String, toml::Value>,
    #[cfg_attr(feature = "openapi", schema(value_type = BTreeMap<String, serde_json::Value>))]
    pub(in crate::catalog) done_when: BTreeMap<String, toml::Value>,
    #[serde(deserialize_with = "one_or_more")]
    #[cfg_attr(feature = "openapi", schema(value_type = OneOrMore))]
    pub(in crate::catalog) error: Vec<String>,
    pub(in crate::catalog) unknown_statuses: Vec<u16>,
    pub(in crate::catalog) nothing_done_statuses: Vec<u16>,
}

#[derive(Clone, Debug, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub(in crate::catalog) struct MessageTable {
    pub(in crate::catalog) text: String,
    pub(in crate::catalog) subject: Option<String>,
    pub(in crate::catalog) markup: Markup,
    #[serde(default)]
    pub(in crate::catalog) destination: Vec<String>,
}

#[derive(Clone, Debug, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub(in crate::catalog) struct GuardTable {
    pub(in crate::catalog) requires: Option<String>,
    pub(in crate::catalog) input: Option<String>,
    pub(in crate::catalog) evidence: Option<String>,
    pub(in crate::catalog) context: Option<String>,
    pub(in crate::catalog) sum: Option<String>,
    #[serde(default)]
    pub(in crate::catalog) count: bool,
    pub(in crate::catalog) per: Option<String>,
    pub(in crate::catalog) within: Option<String>,
    #[cfg_attr(feature = "openapi", schema(value_type = Option<serde_json::Value>))]
    pub(in crate::catalog) at_most: Option<toml::Value>,
    pub(in crate::catalog) currency: Option<String>,
    #[cfg_attr(feature = "openapi", schema(value_type = Option<serde_json::Value>))]
    pub(in crate::catalog) one_of: Option<toml::Value>,
    pub(in crate::catalog) unset: Option<Otherwise>,
    #[cfg_attr(feature = "openapi", schema(value_type = Option<Vec<serde_json::Value>>))]
    pub(in crate::catalog) is: Option<Vec<toml::Value>>,
    pub(in crate::catalog) otherwise: Option<Otherwise>,
    pub(in crate::catalog) because: Option<String>,
}

#[derive(Clone, Debug, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub(in crate::catalog) struct OtherTable {
    pub(in crate::catalog) method: Method,
    pub(in crate::catalog) path: String,
    pub(in crate::catalog) operation: Option<String>,
}

#[derive(Clone, Debug, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub(in crate::catalog) struct ExampleTable {
    pub(in crate::catalog) name: String,
    #[serde(default)]
    #[cfg_attr(feature = "openapi", schema(value_type = BTreeMap<String, serde_json::Value>))]
    pub(in crate::catalog) input: toml::Table,
    #[serde(default)]
    #[cfg_attr(feature = "openapi", schema(value_type = BTreeMap<String, serde_json::Value>))]
    pub(in crate::catalog) settings: toml::Table,
    #[serde(default)]
    #[cfg_attr(feature = "openapi", schema(value_type = BTreeMap<String, String>))]
    pub(in crate::catalog) connection: Text,
    #[serde(default)]
    pub(in crate::catalog) evidence: Vec<ExampleReadingTable>,
    #[serde(default)]
    pub(in crate::catalog) steps: Vec<ExampleReadingTable>,
    pub(in crate::catalog) request: ExampleRequestTable,
    pub(in crate::catalog) answers: Vec<ExampleAnswerTable>,
    pub(in crate::catalog) resolve: Option<ExampleResolveTable>,
}

#[derive(Clone, Debug, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub(in crate::catalog) struct ExampleResolveTable {
    pub(in crate::catalog) request: ExampleRequestTable,
    pub(in crate::catalog) answers: Vec<ExampleAnswerTable>,
}

#[derive(Clone, Debug, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub(in crate::catalog) struct ExampleReadingTable {
    pub(in crate::catalog) request: ExampleRequestTable,
    #[serde(default = "ok")]
    pub(in crate::catalog) status: u16,
    pub(in crate::catalog) answer: String,
    #[cfg_attr(feature = "openapi", schema(value_type = Option<serde_json::Value>))]
    pub(in crate::catalog) kept: Option<toml::Value>,
}

fn ok() -> u16 {
    200
}

#[derive(Clone, Debug, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub(in crate::catalog) struct ExampleRequestTable {
    pub(in crate::catalog) method: Method,
    pub(in crate::catalog) path: String,
    #[serde(default)]
    #[cfg_attr(feature = "openapi", schema(value_type = BTreeMap<String, serde_json::Value>))]
    pub(in crate::catalog) query: BTreeMap<String, toml::Value>,
    #[serde(default)]
    #[cfg_attr(feature = "openapi", schema(value_type = BTreeMap<String, String>))]
    pub(in crate::catalog) headers: Text,
    #[cfg_attr(feature = "openapi", schema(value_type = Option<serde_json::Value>))]
    pub(in crate::catalog) json: Option<toml::Value>,
    #[cfg_attr(feature = "openapi", schema(value_type = Option<BTreeMap<String, serde_json::Value>>))]
    pub(in crate::catalog) form: Option<BTreeMap<String, toml::Value>>,
    #[cfg_attr(feature = "openapi", schema(value_type = Option<serde_json::Value>))]
    pub(in crate::catalog) variables: Option<toml::Value>,
}

words! {
    /// What becomes of an action with a given answer.
    pub(in crate::catalog) enum ExampleOutcome {
        /// It was done.
        Succeeded = "succeeded",
        /// The provider has taken it, and not finished it.
        Accepted = "accepted",
        /// It was not done.
        Failed = "failed",
        /// It may have been done.
        Unknown = "unknown",
        /// There were too many requests.
        RateLimited = "rate_limited",
        /// The credential was refused.
        Unauthorized = "unauthorized",
        /// The provider could not answer.
        Unavailable = "unavailable",
    }
}

#[derive(Clone, Debug, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub(in crate::catalog) struct ExampleAnswerTable {
    pub(in crate::catalog) status: u16,
    #[serde(default)]
    pub(in crate::catalog) body: String,
    pub(in crate::catalog) outcome: ExampleOutcome,
    #[cfg_attr(feature = "openapi", schema(value_type = Option<serde_json::Value>))]
    pub(in crate::catalog) result: Option<toml::Value>,
    pub(in crate::catalog) error: Option<String>,
}
