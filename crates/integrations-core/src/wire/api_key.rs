//! The API keys of an organization.

use serde::{Deserialize, Serialize};
use time::OffsetDateTime;

use super::Open;
use crate::tier::Tier;

/// An API key, without the key itself.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ApiKey {
    /// `key_…`
    #[cfg_attr(feature = "openapi", schema(example = "key_01jc3q5v6w7x8y9zabcdefghjk"))]
    pub id: String,
    /// The organization that owns it.
    #[cfg_attr(feature = "openapi", schema(example = "org_01jc3q5v6w7x8y9zabcdefghjk"))]
    pub org_id: String,
    /// What it is for.
    #[cfg_attr(feature = "openapi", schema(example = "Help desk"))]
    pub name: String,
    /// The key's first characters, to tell keys apart.
    #[cfg_attr(feature = "openapi", schema(example = "riq_7Hq2"))]
    pub hint: String,
    /// What it may do.
    #[cfg_attr(feature = "openapi", schema(example = json!(["read", "integrations:write"])))]
    pub scopes: Vec<String>,
    /// The projects that it is bound to; null: all of the organization.
    #[cfg_attr(feature = "openapi", schema(required, example = json!(["prj_01jc3q5v6w7x8y9zabcdefghjk"])))]
    pub project_ids: Option<Vec<String>>,
    /// How often it may be used.
    #[cfg_attr(feature = "openapi", schema(value_type = Tier, example = "starter"))]
    pub tier: Open<Tier>,
    /// The id of the key or person that made it; null: the operator of the server.
    #[cfg_attr(feature = "openapi", schema(required, example = "usr_01jc3q5v6w7x8y9zabcdefghjk"))]
    pub created_by: Option<String>,
    /// The key that it replaces; null if it replaces none.
    #[cfg_attr(feature = "openapi", schema(required, example = json!(null)))]
    pub replaces: Option<String>,
    /// The person for whom it acts; null if it acts for nobody. It may never do more than that person.
    #[cfg_attr(feature = "openapi", schema(required, example = json!(null)))]
    pub user_id: Option<String>,
    /// When it was created.
    #[serde(with = "time::serde::rfc3339")]
    #[cfg_attr(feature = "openapi", schema(example = "2026-03-01T10:00:00Z"))]
    pub created_at: OffsetDateTime,
    /// When it stops by itself; null: never.
    #[serde(default, with = "time::serde::rfc3339::option")]
    #[cfg_attr(feature = "openapi", schema(required, example = json!(null)))]
    pub expires_at: Option<OffsetDateTime>,
    /// When it was last used, accurate to about a minute; null: not yet.
    #[serde(default, with = "time::serde::rfc3339::option")]
    #[cfg_attr(feature = "openapi", schema(required, example = "2026-05-17T17:55:00Z"))]
    pub last_used_at: Option<OffsetDateTime>,
    /// When it was revoked; null if it was not.
    #[serde(default, with = "time::serde::rfc3339::option")]
    #[cfg_attr(feature = "openapi", schema(required, example = json!(null)))]
    pub revoked_at: Option<OffsetDateTime>,
}

/// A new API key. The key itself is in this answer alone.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct NewApiKey {
    /// What is shown of it later too.
    #[serde(flatten)]
    pub record: ApiKey,
    /// The key. Null in a repeated answer, because it is not stored: rotate the key if it was lost.
    #[cfg_attr(feature = "openapi", schema(required, example = "riq_7Hq2…"))]
    pub key: Option<String>,
}

/// The response with one API key.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ApiKeyResponse {
    /// The key's record.
    pub data: ApiKey,
}

/// The response with a new API key.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct NewApiKeyResponse {
    /// The new key.
    pub data: NewApiKey,
}

/// The response with an organization's API keys.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ApiKeyList {
    /// The keys' records, oldest first.
    pub data: Vec<ApiKey>,
}

/// An API key to be made.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct CreateApiKey {
    /// What it is for.
    #[cfg_attr(feature = "openapi", schema(min_length = 1, max_length = 100, example = "Help desk"))]
    pub name: String,
    /// What it may do: no more than who makes it.
    #[cfg_attr(feature = "openapi", schema(min_items = 1, max_items = 50, example = json!(["read", "integrations:write"])))]
    pub scopes: Vec<String>,
    /// The projects to bind it to; null or left out: all of the organization.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(min_items = 1, max_items = 100, example = json!(["prj_01jc3q5v6w7x8y9zabcdefghjk"])))]
    pub project_ids: Option<Vec<String>>,
    /// How often it may be used. Left out: as often as the key that makes it.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(nullable = false, example = "starter"))]
    pub tier: Option<Tier>,
    /// When it stops by itself; null or left out: never, or when the key that makes it does.
    #[serde(default, with = "time::serde::rfc3339::option", skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(example = "2027-03-01T10:00:00Z"))]
    pub expires_at: Option<OffsetDateTime>,
}

/// What to change of an API key: at least one field. A field that is left out does not change.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema), schema(min_properties = 1))]
pub struct UpdateApiKey {
    /// What it is for.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(nullable = false, min_length = 1, max_length = 100))]
    pub name: Option<String>,
    /// What it may do: no more than who changes it.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(nullable = false, min_items = 1, max_items = 50, example = json!(["read"])))]
    pub scopes: Option<Vec<String>>,
    /// The projects to bind it to; null: all of the organization.
    #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "super::present")]
    #[cfg_attr(feature = "openapi", schema(value_type = Option<Vec<String>>, min_items = 1, max_items = 100))]
    pub project_ids: Option<Option<Vec<String>>>,
    /// How often it may be used: no more often than who changes it.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(nullable = false, example = "starter"))]
    pub tier: Option<Tier>,
    /// When it stops by itself, as text of RFC 3339; null: never.
    #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "super::present")]
    #[cfg_attr(feature = "openapi", schema(value_type = Option<OffsetDateTime>, example = "2027-03-01T10:00:00Z"))]
    pub expires_at: Option<Option<String>>,
}

/// How to rotate an API key.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct RotateApiKey {
    /// How long the old key works on, in seconds. Zero or left out: it stops at once.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(
        feature = "openapi",
        schema(nullable = false, minimum = 0, maximum = 2592000, example = 3600)
    )]
    pub overlap_seconds: Option<u64>,
}
