//! An integration, and the request to change one.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use time::OffsetDateTime;

use super::{Open, RawJson};
use crate::{
    catalog::SetupType,
    integration::RequestedStatus,
    lifecycle::{Health, Status},
    permissions::Permission,
    revocation::{Reaches, RevocationStatus},
};

/// An integration.
// The contract promises the first eleven fields. If a server leaves out one of the others, it is null or empty here.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Integration {
    /// `int_…`
    #[cfg_attr(feature = "openapi", schema(example = "int_01jc3q5v6w7x8y9zabcdefghjk"))]
    pub id: String,
    /// The provider as paths name it: its key in the catalog, and for a further account `~` and the alias behind it, as
    /// in `shopify~eu`.
    #[cfg_attr(feature = "openapi", schema(example = "slack"))]
    pub provider: String,
    /// Its status.
    #[cfg_attr(feature = "openapi", schema(value_type = Status, example = "active"))]
    pub status: Open<Status>,
    /// Overrides the catalog's name. If null, clients show the catalog's name.
    #[cfg_attr(feature = "openapi", schema(required, example = "Acme Workspace"))]
    pub display_name: Option<String>,
    /// How it is installed.
    #[cfg_attr(feature = "openapi", schema(value_type = SetupType, example = "oauth"))]
    pub setup_type: Open<SetupType>,
    /// Its health, from the last probes.
    #[cfg_attr(feature = "openapi", schema(value_type = Health, example = "healthy"))]
    pub health_status: Open<Health>,
    /// Whether this integration's panel is shown in the inbox sidebar.
    pub sidebar_enabled: bool,
    /// When the provider last accepted the credential.
    #[serde(default, with = "time::serde::rfc3339::option")]
    #[cfg_attr(feature = "openapi", schema(required, example = "2026-05-17T17:55:00Z"))]
    pub last_synced_at: Option<OffsetDateTime>,
    /// What is wrong, for people.
    #[cfg_attr(feature = "openapi", schema(required))]
    pub error_message: Option<String>,
    /// When it was first installed.
    #[serde(with = "time::serde::rfc3339")]
    #[cfg_attr(feature = "openapi", schema(example = "2026-03-01T10:00:00Z"))]
    pub created_at: OffsetDateTime,
    /// When it was last changed.
    #[serde(with = "time::serde::rfc3339")]
    #[cfg_attr(feature = "openapi", schema(example = "2026-05-17T17:55:00Z"))]
    pub updated_at: OffsetDateTime,
    /// The provider's key in the catalog.
    #[serde(default)]
    #[cfg_attr(feature = "openapi", schema(required, example = "slack"))]
    pub provider_key: String,
    /// The alias of a further account of the provider; null for the plain one.
    #[serde(default)]
    #[cfg_attr(feature = "openapi", schema(required, example = "eu", min_length = 1, max_length = 40))]
    pub alias: Option<String>,
    /// Provider-specific settings, as in the catalog entry's `settings_schema`. Settings marked `writeOnly` are never
    /// shown.
    #[serde(default)]
    #[cfg_attr(feature = "openapi", schema(required, value_type = BTreeMap<String, Value>))]
    pub settings: RawJson<Map<String, Value>>,
    /// Action key → whether the agent may perform it. An action that is not listed is not allowed.
    #[serde(default)]
    #[cfg_attr(feature = "openapi", schema(required, value_type = BTreeMap<String, Permission>))]
    pub action_permissions: RawJson<BTreeMap<String, Permission>>,
    /// When the provider is asked next whether it accepts the credential. Null while there is no credential to check.
    /// A time in the past means: as soon as possible.
    #[serde(default, with = "time::serde::rfc3339::option")]
    #[cfg_attr(feature = "openapi", schema(required, example = "2026-05-17T18:10:00Z"))]
    pub next_check_at: Option<OffsetDateTime>,
    /// The account at the provider; null if the provider does not say which it is.
    #[serde(default)]
    #[cfg_attr(feature = "openapi", schema(required))]
    pub account: Option<Account>,
    /// The scopes that the provider granted; null if it does not say.
    #[serde(default)]
    #[cfg_attr(feature = "openapi", schema(required, value_type = Option<Vec<String>>, example = json!(["chat:write"])))]
    pub granted_scopes: RawJson<Vec<String>>,
    /// What is known about the stored credential; null if there is none that works. Never the credential itself.
    #[serde(default)]
    #[cfg_attr(feature = "openapi", schema(required))]
    pub credential: Option<CredentialFacts>,
    /// The entity tag of this version, to send as `If-Match`.
    #[serde(default)]
    #[cfg_attr(feature = "openapi", schema(required, example = "\"v3\""))]
    pub etag: String,
    /// What came of revoking the access at the provider, if the last disconnection asked for that.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(value_type = RevocationStatus, required = false, example = "revoked"))]
    pub revocation: Option<Open<RevocationStatus>>,
    /// More about that.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(nullable = false))]
    pub revocation_details: Option<RevocationDetails>,
    /// Only after a check on request that asked nobody: false. Everything is as an earlier check left it, and `message`
    /// says why.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(nullable = false))]
    pub checked: Option<bool>,
    /// Only after a disconnection: what it did not do, or what came of revoking the access. Or after a check that was
    /// not made: why.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(nullable = false))]
    pub message: Option<String>,
}

/// An account at a provider: a workspace, a shop, a user.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Account {
    /// Its id at the provider.
    #[cfg_attr(feature = "openapi", schema(example = "T0123456789"))]
    pub id: String,
    /// Its name at the provider; null if the provider does not say.
    #[serde(default)]
    #[cfg_attr(feature = "openapi", schema(required, example = "Acme Workspace"))]
    pub name: Option<String>,
}

/// What is known about a stored credential.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct CredentialFacts {
    /// How it was obtained.
    #[cfg_attr(feature = "openapi", schema(value_type = SetupType, example = "oauth"))]
    pub kind: Open<SetupType>,
    /// When it expires by itself; null if it does not, as far as is known.
    #[serde(default, with = "time::serde::rfc3339::option")]
    #[cfg_attr(feature = "openapi", schema(required, example = "2026-05-18T05:55:00Z"))]
    pub expires_at: Option<OffsetDateTime>,
    /// Whether the server renews it by itself before it expires.
    #[serde(default)]
    #[cfg_attr(feature = "openapi", schema(required))]
    pub renewable: bool,
}

/// What is known about revoking the access at the provider.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct RevocationDetails {
    /// What the request to the provider ends: the tokens of this connection, or everything that the app may do for the
    /// account. Null if no request was made.
    #[serde(default)]
    #[cfg_attr(feature = "openapi", schema(required, value_type = Option<Reaches>, example = "grant"))]
    pub reaches: Option<Open<Reaches>>,
    /// Why it is not revoked, or not yet, for people.
    #[serde(default)]
    #[cfg_attr(feature = "openapi", schema(required))]
    pub message: Option<String>,
    /// Until when an access token works on that only expires by itself. Null if there is none.
    #[serde(default, with = "time::serde::rfc3339::option")]
    #[cfg_attr(feature = "openapi", schema(required))]
    pub until: Option<OffsetDateTime>,
    /// When it was asked for.
    #[serde(with = "time::serde::rfc3339")]
    #[cfg_attr(feature = "openapi", schema(example = "2026-05-17T17:55:00Z"))]
    pub requested_at: OffsetDateTime,
    /// When it ended. Null while it is pending.
    #[serde(default, with = "time::serde::rfc3339::option")]
    #[cfg_attr(feature = "openapi", schema(required, example = "2026-05-17T17:55:02Z"))]
    pub ended_at: Option<OffsetDateTime>,
}

/// The response with one integration.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct IntegrationResponse {
    /// The integration.
    pub data: Integration,
}

/// The response with a project's integrations.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct IntegrationList {
    /// The integrations, sorted by the provider's key, then by the alias.
    pub data: Vec<Integration>,
}

/// What to change: at least one field. A field that is left out does not change.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema), schema(min_properties = 1))]
pub struct LifecycleUpdate {
    /// `active`, `paused` or `disconnected`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(nullable = false, example = "paused"))]
    pub status: Option<RequestedStatus>,
    /// Overrides the catalog's name. Null removes the override.
    #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "super::present")]
    #[cfg_attr(feature = "openapi", schema(value_type = Option<String>, min_length = 1, max_length = 100, example = "Acme Store"))]
    pub display_name: Option<Option<String>>,
    /// Whether to show this integration's panel in the inbox sidebar.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(nullable = false))]
    pub sidebar_enabled: Option<bool>,
    /// Settings to merge into the stored ones (RFC 7396: null removes a key).
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(value_type = BTreeMap<String, Value>, required = false))]
    pub settings: Option<Map<String, Value>>,
    /// Permissions to merge by key: action key → whether the agent may perform it.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(nullable = false))]
    pub action_permissions: Option<BTreeMap<String, Permission>>,
}
