//! The catalog, with each provider's status in one project.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use time::OffsetDateTime;

use super::{Open, RawJson, present};
use crate::{
    catalog::{self, ActionKind, AuthKind, Category, Method, SetupType},
    lifecycle::Health,
    standing::Standing,
    words::words,
};

/// A provider of the catalog, with its status in one project.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct CatalogEntry {
    /// The provider's key.
    #[cfg_attr(feature = "openapi", schema(example = "shopify"))]
    pub provider: String,
    /// Its name for people.
    #[cfg_attr(feature = "openapi", schema(example = "Shopify"))]
    pub name: String,
    /// What a project can do once it is connected.
    pub description: String,
    /// What it is for.
    #[cfg_attr(feature = "openapi", schema(value_type = Category, example = "commerce"))]
    pub category: Open<Category>,
    /// How it is installed; if it is not, by the first of its ways that works here.
    #[cfg_attr(feature = "openapi", schema(value_type = SetupType, example = "oauth"))]
    pub setup_type: Open<SetupType>,
    /// The ways to log in, the recommended one first. Empty from an older server.
    #[serde(default)]
    #[cfg_attr(feature = "openapi", schema(required))]
    pub auth: Vec<Way>,
    /// The aliases under which this project has further accounts of it, sorted. Everything else here is about the plain
    /// account.
    #[serde(default)]
    #[cfg_attr(feature = "openapi", schema(required, example = json!(["eu", "us"])))]
    pub aliases: Vec<String>,
    /// `available` if it is not installed, else the integration's status.
    #[cfg_attr(feature = "openapi", schema(value_type = Standing, example = "available"))]
    pub status: Open<Standing>,
    /// Whether this project has an integration with it, even a disconnected one.
    pub installed: bool,
    /// Whether it can be installed now.
    // A server that does not say so knows no reason against it.
    #[serde(default = "installable")]
    #[cfg_attr(feature = "openapi", schema(required))]
    pub installable: bool,
    /// Why it cannot be installed. Only present if it cannot.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(
        feature = "openapi",
        schema(nullable = false, example = "No OAuth app is set for Shopify on this server")
    )]
    pub not_installable_reason: Option<String>,
    /// The integration's display name.
    #[cfg_attr(feature = "openapi", schema(required))]
    pub display_name: Option<String>,
    /// The integration's health; `unknown` if it is not installed.
    #[cfg_attr(feature = "openapi", schema(value_type = Health, example = "unknown"))]
    pub health_status: Open<Health>,
    /// Whether the integration's panel is shown in the inbox sidebar.
    pub sidebar_enabled: bool,
    /// When the provider last accepted the credential.
    #[serde(default, with = "time::serde::rfc3339::option")]
    #[cfg_attr(feature = "openapi", schema(required, example = "2026-05-17T17:55:00Z"))]
    pub last_synced_at: Option<OffsetDateTime>,
    /// What is wrong with the integration, for people.
    #[cfg_attr(feature = "openapi", schema(required))]
    pub error_message: Option<String>,
    /// What an agent can do at the provider, if it is permitted. Left out with `fields=brief` alone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(value_type = Option<Vec<Action>>, nullable = false))]
    pub actions: Option<RawJson<Vec<Action>>>,
    /// JSON Schema (draft 2020-12) of the integration's `settings`. Left out with `fields=brief` alone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(
        feature = "openapi",
        schema(value_type = Option<std::collections::BTreeMap<String, Value>>, nullable = false)
    )]
    pub settings_schema: Option<RawJson<Map<String, Value>>>,
    /// The provider's logo, if there is one. Otherwise show the first letter of its name.
    #[serde(default)]
    #[cfg_attr(feature = "openapi", schema(required))]
    pub logo: Option<ProviderLogo>,
    /// The provider's documentation of its API.
    #[serde(default)]
    #[cfg_attr(feature = "openapi", schema(required, format = "uri"))]
    pub documentation_url: String,
}

/// A way to log in at a provider.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Way {
    /// Its name, by which a request for an install URL asks for it.
    #[cfg_attr(feature = "openapi", schema(value_type = AuthKind, example = "oauth"))]
    pub kind: Open<AuthKind>,
    /// How it is installed this way.
    #[cfg_attr(feature = "openapi", schema(value_type = SetupType, example = "oauth"))]
    pub setup_type: Open<SetupType>,
    /// Whether it is the recommended one.
    pub recommended: bool,
    /// Why it is recommended, for people.
    #[serde(default)]
    #[cfg_attr(feature = "openapi", schema(required, example = json!(null)))]
    pub why: Option<String>,
    /// Whether it works on this server: one that uses OAuth needs an app.
    pub ready: bool,
}

/// Addresses of a provider's logo: square pictures, mostly SVG. Anybody may load them, and an address always leads to
/// the same picture.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ProviderLogo {
    /// For light pages.
    #[cfg_attr(
        feature = "openapi",
        schema(
            format = "uri",
            example = "https://integrations.example.com/dashboard/assets/logo-8zP1mVq3Wb2x.svg"
        )
    )]
    pub light: String,
    /// For dark pages; often the same.
    #[cfg_attr(
        feature = "openapi",
        schema(
            format = "uri",
            example = "https://integrations.example.com/dashboard/assets/logo-8zP1mVq3Wb2x.svg"
        )
    )]
    pub dark: String,
}

const fn installable() -> bool {
    true
}

/// The response with one provider of the catalog.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct CatalogEntryResponse {
    /// The provider.
    pub data: CatalogEntry,
}

/// The response with the catalog, or with the providers that match the filters.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct CatalogList {
    /// The providers: with `q` the best first, else sorted by key.
    pub data: Vec<CatalogEntry>,
    /// With `limit` or `cursor` alone: where the next page begins. `null` on the last one.
    #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "present")]
    #[cfg_attr(
        feature = "openapi",
        schema(value_type = Option<String>, example = "cat_0123456789abcdef_slack")
    )]
    pub cursor: Option<Option<String>>,
    /// With `limit` or `cursor` alone: whether there is another page.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(nullable = false))]
    pub has_more: Option<bool>,
}

words! {
    /// How much of each provider the catalog shows.
    pub enum CatalogFields {
        /// All of it.
        All = "all",
        /// No actions and no schema of settings.
        Brief = "brief",
    }
}

/// Something that an agent can do at the provider.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Action {
    /// Its name in `action_permissions`.
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
    /// Whether it is permitted by default, after the installation.
    #[serde(rename = "default")]
    pub allowed_by_default: bool,
    /// The requests that it makes to the provider.
    pub requests: Vec<ActionRequest>,
}

/// A request to the provider.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ActionRequest {
    /// The method.
    #[cfg_attr(feature = "openapi", schema(value_type = Method, example = "POST"))]
    pub method: Open<Method>,
    /// The path under the provider's API, with `{name}` for the parts that differ between calls.
    #[cfg_attr(feature = "openapi", schema(example = "/admin/api/2026-01/orders/{order_id}/refunds.json"))]
    pub path: String,
    /// The GraphQL field or remote procedure, if one path serves many.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(nullable = false))]
    pub operation: Option<String>,
}

impl From<&catalog::Action> for Action {
    fn from(action: &catalog::Action) -> Self {
        Self {
            key: action.key.clone(),
            label: action.label.clone(),
            description: action.description.clone(),
            kind: action.kind.into(),
            allowed_by_default: action.allowed_by_default,
            requests: action.requests().iter().map(ActionRequest::from).collect(),
        }
    }
}

impl From<&catalog::OtherRequest> for ActionRequest {
    fn from(request: &catalog::OtherRequest) -> Self {
        Self {
            method: request.method.into(),
            path: request.path.clone(),
            operation: request.operation.clone(),
        }
    }
}
