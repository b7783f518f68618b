//! The OAuth apps of an organization or a project.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use time::OffsetDateTime;

use super::Open;
use crate::words::words;

words! {
    /// For whom an OAuth app is set.
    pub enum OAuthAppOwner {
        /// For one project.
        Project = "project",
        /// For every project of an organization.
        Organization = "organization",
        /// For everybody, by the operator of the server.
        Server = "server",
    }
}

/// A field that an app of a provider has beside its client id and secret.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct OAuthAppField {
    /// Its name in `fields` of a request that sets the app.
    #[cfg_attr(feature = "openapi", schema(example = "ru_name"))]
    pub key: String,
    /// Its name for people.
    #[cfg_attr(feature = "openapi", schema(example = "RuName"))]
    pub label: String,
    /// What it is, and where to find it.
    #[cfg_attr(feature = "openapi", schema(example = "The name that eBay gave to the redirect address."))]
    pub help: String,
    /// Whether an app needs it.
    pub required: bool,
    /// What is set; null if nothing is, or if the app is the server's.
    #[cfg_attr(feature = "openapi", schema(required, example = "Example_Inc-ExampleI-Exampl-abcdefg"))]
    pub value: Option<String>,
}

/// The OAuth app with which a provider is installed, and what to register for it at the provider.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct OAuthApp {
    /// The provider's key.
    #[cfg_attr(feature = "openapi", schema(example = "slack"))]
    pub provider: String,
    /// The provider's name.
    #[cfg_attr(feature = "openapi", schema(example = "Slack"))]
    pub name: String,
    /// For whom the app is set that counts here; null: there is none, so the provider cannot be installed.
    #[cfg_attr(feature = "openapi", schema(required, value_type = Option<OAuthAppOwner>, example = "organization"))]
    pub owner: Option<Open<OAuthAppOwner>>,
    /// Its client id; null if there is no app, or if it is the server's.
    #[cfg_attr(feature = "openapi", schema(required, example = "1234567890.1234567890"))]
    pub client_id: Option<String>,
    /// The scopes that it asks for: register these at the provider.
    #[cfg_attr(feature = "openapi", schema(example = json!(["chat:write", "channels:read"])))]
    pub scopes: Vec<String>,
    /// The scopes that it asks for if none are set.
    #[cfg_attr(feature = "openapi", schema(example = json!(["chat:write", "channels:read"])))]
    pub default_scopes: Vec<String>,
    /// The key of what the provider shares an app with, such as `google`: an app that is set for that counts here,
    /// unless the provider has one of its own. Null for most.
    #[serde(default)]
    #[cfg_attr(feature = "openapi", schema(required, example = "google"))]
    pub base: Option<String>,
    /// Whether the app that counts is the one of `base`, which is set and removed under that key.
    #[serde(default)]
    pub shared: bool,
    /// The keys of the services that share this app; empty for most.
    #[serde(default)]
    #[cfg_attr(feature = "openapi", schema(example = json!(["gmail", "google-calendar"])))]
    pub services: Vec<String>,
    /// What an app of this provider has beside; empty for most.
    #[serde(default)]
    pub fields: Vec<OAuthAppField>,
    /// The redirect address to register at the provider, exactly as it stands here.
    #[cfg_attr(feature = "openapi", schema(example = "https://integrations.example.com/oauth/callback"))]
    pub redirect_uri: String,
    /// The page where the app is registered; null if there is no such page.
    #[cfg_attr(feature = "openapi", schema(required, example = "https://api.slack.com/apps"))]
    pub registration_url: Option<String>,
    /// When it was last set; null if it is not stored.
    #[serde(default, with = "time::serde::rfc3339::option")]
    #[cfg_attr(feature = "openapi", schema(required, example = "2026-05-17T17:55:00Z"))]
    pub updated_at: Option<OffsetDateTime>,
}

/// The response with one OAuth app.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct OAuthAppResponse {
    /// The app.
    pub data: OAuthApp,
}

/// The response with the OAuth apps of every provider that needs one.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct OAuthAppList {
    /// The apps, sorted by the providers' keys.
    pub data: Vec<OAuthApp>,
}

/// An OAuth app to be set. It replaces an earlier one.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct SetOAuthApp {
    /// The client id that the provider issued.
    #[cfg_attr(
        feature = "openapi",
        schema(min_length = 1, max_length = 4096, example = "1234567890.1234567890")
    )]
    pub client_id: String,
    /// The client secret that the provider issued. It is stored sealed and never returned. It may be left out if the
    /// same client id is set here already.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(nullable = false, min_length = 1, max_length = 4096, write_only))]
    pub client_secret: Option<String>,
    /// The scopes to ask for, narrower or wider than the provider's usual ones. Null or left out: the usual ones.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(max_items = 200, example = json!(["chat:write"])))]
    pub scopes: Option<Vec<String>>,
    /// What an app of this provider has beside, by the keys that the app's `fields` name. What is left out is not set.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(
        feature = "openapi",
        schema(value_type = BTreeMap<String, String>, required = false, nullable = false,
               example = json!({"ru_name": "Example_Inc-ExampleI-Exampl-abcdefg"}))
    )]
    pub fields: Option<BTreeMap<String, String>>,
}

/// What a check of an OAuth app needs.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct CheckOAuthApp {
    /// What a person would type to connect, if the provider's address depends on it.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(
        feature = "openapi",
        schema(value_type = BTreeMap<String, Value>, required = false, example = json!({"shop": "acme"}))
    )]
    pub connection: Option<Map<String, Value>>,
}

/// What a provider's authorization server answered to an app.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct OAuthAppTest {
    /// Whether it took the request: it asks a person to sign in or to consent.
    pub accepted: bool,
    /// The status of its answer; null if it did not answer.
    #[cfg_attr(feature = "openapi", schema(required, example = 302))]
    pub status_code: Option<u16>,
    /// What that means, for people.
    #[cfg_attr(feature = "openapi", schema(example = "Slack asks the person to sign in."))]
    pub message: String,
}

/// The response with the result of a test.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct OAuthAppTestResponse {
    /// The result.
    pub data: OAuthAppTest,
}
