//! How integrations and catalog entries look on the wire.

use std::collections::BTreeMap;

use integrations_core::{
    catalog::{Action, Catalog, Provider},
    lifecycle::Health,
};
use serde::Serialize;
use serde_json::value::RawValue;
use time::OffsetDateTime;
use utoipa::ToSchema;

use crate::{precondition::entity_tag, store::IntegrationRow};

/// An integration.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Integration)]
pub struct IntegrationView<'a> {
    /// `int_…`
    #[schema(example = "int_01jc3q5v6w7x8y9zabcdefghjk")]
    pub id: &'a str,
    /// The provider's key in the catalog.
    #[schema(example = "slack")]
    pub provider: &'a str,
    /// Where it stands in its life.
    #[schema(value_type = StatusView, example = "active")]
    pub status: &'a str,
    /// Overrides the catalog's name; null: clients show the catalog's.
    #[schema(required, example = "Acme Workspace")]
    pub display_name: Option<&'a str>,
    /// How it is installed.
    #[schema(value_type = SetupTypeView, example = "oauth")]
    pub setup_type: &'a str,
    /// How its last probes went.
    #[schema(value_type = HealthView, example = "healthy")]
    pub health_status: &'a str,
    /// Whether this integration's panel is shown in the inbox sidebar.
    pub sidebar_enabled: bool,
    /// When the provider last answered well.
    #[serde(with = "time::serde::rfc3339::option")]
    #[schema(required, example = "2026-05-17T17:55:00Z")]
    pub last_synced_at: Option<OffsetDateTime>,
    /// What is wrong, for people.
    #[schema(required)]
    pub error_message: Option<&'a str>,
    /// When it was first installed.
    #[serde(with = "time::serde::rfc3339")]
    #[schema(example = "2026-03-01T10:00:00Z")]
    pub created_at: OffsetDateTime,
    /// When it was last changed.
    #[serde(with = "time::serde::rfc3339")]
    #[schema(example = "2026-05-17T17:55:00Z")]
    pub updated_at: OffsetDateTime,
    /// Provider-specific settings, by the catalog entry's `settings_schema`. Those marked `writeOnly` are never
    /// here.
    #[schema(value_type = Object)]
    pub settings: &'a RawValue,
    /// Action key → whether the agent may perform it. An action that is not named is not allowed.
    #[schema(value_type = BTreeMap<String, bool>)]
    pub action_permissions: &'a RawValue,
    /// The entity tag of this version, for `If-Match`.
    #[schema(example = "\"v3\"")]
    pub etag: String,
    /// On a disconnection: what it did not do.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub message: Option<&'static str>,
}

impl<'a> IntegrationView<'a> {
    /// The view of a row.
    pub fn new(row: &'a IntegrationRow) -> Result<Self, serde_json::Error> {
        Ok(Self {
            id: &row.id,
            provider: &row.provider,
            status: &row.status,
            display_name: row.display_name.as_deref(),
            setup_type: &row.setup_type,
            health_status: &row.health_status,
            sidebar_enabled: row.sidebar_enabled,
            last_synced_at: row.last_synced_at,
            error_message: row.error_message.as_deref(),
            created_at: row.created_at,
            updated_at: row.updated_at,
            settings: serde_json::from_str(&row.settings)?,
            action_permissions: serde_json::from_str(&row.action_permissions)?,
            etag: entity_tag(row.version),
            message: None,
        })
    }
}

/// `active`, `paused`, `error` or `disconnected`.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Status)]
#[serde(rename_all = "snake_case")]
pub enum StatusView {
    /// Working.
    Active,
    /// Kept, but not to be used.
    Paused,
    /// The provider refuses the credential.
    Error,
    /// Taken off.
    Disconnected,
}

/// `available` where a provider is not installed, else the integration's status.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Standing)]
#[serde(rename_all = "snake_case")]
pub enum StandingView {
    /// Not installed.
    Available,
    /// Working.
    Active,
    /// Kept, but not to be used.
    Paused,
    /// The provider refuses the credential.
    Error,
    /// Taken off.
    Disconnected,
}

/// `healthy`, `degraded`, `unhealthy` or `unknown`.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Health)]
#[serde(rename_all = "snake_case")]
pub enum HealthView {
    /// The provider answers and accepts the credential.
    Healthy,
    /// The provider is slow or fails; the credential is not in doubt.
    Degraded,
    /// The provider refuses the credential.
    Unhealthy,
    /// Not probed.
    Unknown,
}

/// `oauth`, `api_key` or `webhook_url`.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = SetupType)]
pub enum SetupTypeView {
    /// By the provider's consent page.
    #[serde(rename = "oauth")]
    OAuth,
    /// By a key.
    #[serde(rename = "api_key")]
    ApiKey,
    /// By a secret URL.
    #[serde(rename = "webhook_url")]
    WebhookUrl,
}

/// A provider of the catalog, with how it stands in one project.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = CatalogEntry)]
pub struct CatalogEntryView<'a> {
    /// The provider's key.
    #[schema(example = "shopify")]
    pub provider: &'a str,
    /// Its name for people.
    #[schema(example = "Shopify")]
    pub name: &'a str,
    /// What connecting it gives.
    pub description: &'a str,
    /// What it is for.
    #[schema(example = "commerce")]
    pub category: &'a str,
    /// How it is installed.
    #[schema(value_type = SetupTypeView, example = "oauth")]
    pub setup_type: &'a str,
    /// `available` where it is not installed, else the integration's status.
    #[schema(value_type = StandingView, example = "available")]
    pub status: &'a str,
    /// Whether this project has an integration with it, disconnected ones included.
    pub installed: bool,
    /// Whether it can be installed now.
    pub installable: bool,
    /// Why it cannot; only where it cannot.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, example = "No OAuth app is set for Shopify on this server")]
    pub not_installable_reason: Option<String>,
    /// The integration's display name.
    #[schema(required)]
    pub display_name: Option<&'a str>,
    /// The integration's health; `unknown` where it is not installed.
    #[schema(value_type = HealthView, example = "unknown")]
    pub health_status: &'a str,
    /// Whether the integration's panel is shown in the inbox sidebar.
    pub sidebar_enabled: bool,
    /// When the provider last answered well.
    #[serde(with = "time::serde::rfc3339::option")]
    #[schema(required, example = "2026-05-17T17:55:00Z")]
    pub last_synced_at: Option<OffsetDateTime>,
    /// What is wrong with the integration, for people.
    #[schema(required)]
    pub error_message: Option<&'a str>,
    /// What an agent can do there, and may be permitted to.
    #[schema(value_type = Vec<ActionView>)]
    pub actions: &'a RawValue,
    /// JSON Schema (draft 2020-12) of the integration's `settings`.
    #[schema(value_type = Object)]
    pub settings_schema: &'a RawValue,
    /// The provider's own documentation.
    pub documentation_url: &'a str,
}

/// Something that an agent can do at the provider.
#[derive(Debug, ToSchema)]
#[schema(as = Action)]
#[expect(dead_code, reason = "describes integrations_core::catalog::Action to the specification")]
pub struct ActionView {
    /// Its name in `action_permissions`.
    #[schema(example = "issue_refund")]
    key: String,
    /// Its name for people.
    #[schema(example = "Issue refunds")]
    label: String,
    /// What it does.
    description: String,
    /// `read_only`, `write` or `destructive`.
    #[schema(example = "destructive")]
    kind: String,
    /// Whether it is permitted from the start.
    default: bool,
    /// The requests at the provider that it stands for.
    requests: Vec<ActionRequestView>,
}

/// A request at the provider.
#[derive(Debug, ToSchema)]
#[schema(as = ActionRequest)]
#[expect(dead_code, reason = "describes integrations_core::catalog::ActionRequest to the specification")]
pub struct ActionRequestView {
    /// The method.
    #[schema(example = "POST")]
    method: String,
    /// The path under the provider's API.
    #[schema(example = "/admin/api/2026-01/orders/{order_id}/refunds.json")]
    path: String,
    /// The GraphQL field or remote procedure, where one path serves many.
    operation: Option<String>,
}

/// The parts of catalog entries that never change, written out once.
#[derive(Debug)]
pub struct CatalogViews(BTreeMap<String, Written>);

#[derive(Debug)]
struct Written {
    actions: Box<RawValue>,
    settings_schema: Box<RawValue>,
}

impl CatalogViews {
    /// Writes them out.
    pub fn new(catalog: &Catalog) -> Result<Self, serde_json::Error> {
        let write = |provider: &Provider| {
            let actions: &[Action] = &provider.actions;
            Ok(Written {
                actions: serde_json::value::to_raw_value(actions)?,
                settings_schema: serde_json::value::to_raw_value(provider.settings.as_value())?,
            })
        };
        let written = catalog.iter().map(|provider| Ok((provider.key.to_string(), write(provider)?)));
        written.collect::<Result<_, _>>().map(Self)
    }

    /// The entry of a provider beside the project's integration with it, if there is one. `configured`: whether it can
    /// be installed.
    pub fn entry<'a>(
        &'a self,
        provider: &'a Provider,
        configured: bool,
        installed: Option<&'a IntegrationRow>,
    ) -> Option<CatalogEntryView<'a>> {
        let written = self.0.get(provider.key.as_str())?;
        Some(CatalogEntryView {
            provider: provider.key.as_str(),
            name: &provider.name,
            description: &provider.description,
            category: provider.category.as_str(),
            setup_type: provider.setup_type().as_str(),
            status: installed.map_or(AVAILABLE, |row| &row.status),
            installed: installed.is_some(),
            installable: configured,
            not_installable_reason: (!configured)
                .then(|| format!("No OAuth app is set for {} on this server", provider.name)),
            display_name: installed.and_then(|row| row.display_name.as_deref()),
            health_status: installed.map_or(Health::Unknown.as_str(), |row| &row.health_status),
            sidebar_enabled: installed.is_some_and(|row| row.sidebar_enabled),
            last_synced_at: installed.and_then(|row| row.last_synced_at),
            error_message: installed.and_then(|row| row.error_message.as_deref()),
            actions: &written.actions,
            settings_schema: &written.settings_schema,
            documentation_url: provider.documentation_url.as_str(),
        })
    }
}

/// The status of a provider that is not installed.
pub const AVAILABLE: &str = "available";
