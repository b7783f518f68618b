//! The projects of an organization.

use serde::{Deserialize, Serialize};
use time::OffsetDateTime;

/// A project. It holds integrations.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Project {
    /// `prj_…`
    #[cfg_attr(feature = "openapi", schema(example = "prj_01jc3q5v6w7x8y9zabcdefghjk"))]
    pub id: String,
    /// The organization that owns it.
    #[cfg_attr(feature = "openapi", schema(example = "org_01jc3q5v6w7x8y9zabcdefghjk"))]
    pub org_id: String,
    /// Its name.
    #[cfg_attr(feature = "openapi", schema(example = "Acme Support"))]
    pub name: String,
    /// Its name in addresses, unique in the organization.
    #[cfg_attr(feature = "openapi", schema(example = "acme-support"))]
    pub slug: String,
    /// The domain of the product that it is for; null if none is set.
    #[cfg_attr(feature = "openapi", schema(required, example = "support.example.com"))]
    pub domain: Option<String>,
    /// The origins to which people may be sent back after an installation (`return_url` of an install URL).
    #[serde(default)]
    #[cfg_attr(feature = "openapi", schema(required, example = json!(["https://app.example.com"])))]
    pub return_origins: Vec<String>,
    /// How the pages that the project's customers see present themselves; null: as the operator has set for all.
    #[serde(default)]
    #[cfg_attr(feature = "openapi", schema(required))]
    pub branding: Option<Branding>,
    /// Always `off`: this server runs no agent.
    #[cfg_attr(feature = "openapi", schema(example = "off"))]
    pub agent_mode: String,
    /// Always null: this server runs no agent.
    #[cfg_attr(feature = "openapi", schema(required, example = json!(null)))]
    pub ai_model: Option<String>,
    /// When it was created.
    #[serde(with = "time::serde::rfc3339")]
    #[cfg_attr(feature = "openapi", schema(example = "2026-03-01T10:00:00Z"))]
    pub created_at: OffsetDateTime,
    /// When it was archived; null if it is in use.
    #[serde(default, with = "time::serde::rfc3339::option")]
    #[cfg_attr(feature = "openapi", schema(required, example = json!(null)))]
    pub archived_at: Option<OffsetDateTime>,
    /// Until when an archived project can be brought back; null if it is in use.
    #[serde(default, with = "time::serde::rfc3339::option")]
    #[cfg_attr(feature = "openapi", schema(required, example = json!(null)))]
    pub restorable_until: Option<OffsetDateTime>,
}

/// How pages for customers present themselves. What is null is as the operator has set for all, or else neutral.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Branding {
    /// The name of the product or company.
    #[cfg_attr(feature = "openapi", schema(min_length = 1, max_length = 100, example = "Acme"))]
    pub name: Option<String>,
    /// The name of a file in the operator's directory of logos.
    #[cfg_attr(feature = "openapi", schema(example = "acme.svg"))]
    pub logo: Option<String>,
    /// The colour of buttons and links, as `#rrggbb`. Its contrast with white must be 3 or more.
    #[cfg_attr(feature = "openapi", schema(pattern = "^#?[0-9A-Fa-f]{6}$", example = "#0a7755"))]
    pub accent: Option<String>,
    /// The same on dark pages. Without it, `accent` is lightened as far as needed.
    #[cfg_attr(feature = "openapi", schema(pattern = "^#?[0-9A-Fa-f]{6}$", example = "#2fbf8f"))]
    pub accent_dark: Option<String>,
    /// Whom a customer asks: a mail address, or the https address of a page.
    #[cfg_attr(feature = "openapi", schema(example = "help@example.com"))]
    pub support: Option<String>,
}

/// The response with one project.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ProjectResponse {
    /// The project.
    pub data: Project,
}

/// The response with an organization's projects.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ProjectList {
    /// The projects, oldest first.
    pub data: Vec<Project>,
}

/// A project to be made.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct CreateProject {
    /// Its name.
    #[cfg_attr(feature = "openapi", schema(min_length = 1, max_length = 100, example = "Acme Support"))]
    pub name: String,
    /// Its name in addresses. One is made from the name if it is left out.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(
        feature = "openapi",
        schema(nullable = false, pattern = "^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$", example = "acme-support")
    )]
    pub slug: Option<String>,
    /// The domain of the product that it is for.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(example = "support.example.com"))]
    pub domain: Option<String>,
}

/// What to change of a project: at least one field. A field that is left out does not change.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema), schema(min_properties = 1))]
pub struct UpdateProject {
    /// Another name.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(nullable = false, min_length = 1, max_length = 100))]
    pub name: Option<String>,
    /// Another name in addresses.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(
        feature = "openapi",
        schema(nullable = false, pattern = "^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$", example = "acme-support")
    )]
    pub slug: Option<String>,
    /// Another domain. Null removes it.
    #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "super::present")]
    #[cfg_attr(feature = "openapi", schema(value_type = Option<String>, example = "support.example.com"))]
    pub domain: Option<Option<String>>,
    /// All the origins to which people may be sent back after an installation, in place of those before: `https`,
    /// host and port of each. `http` only at the local machine.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(
        feature = "openapi",
        schema(nullable = false, max_items = 20, example = json!(["https://app.example.com"]))
    )]
    pub return_origins: Option<Vec<String>>,
    /// Another branding of the pages that customers see, whole. Null: as the operator has set for all.
    #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "super::present")]
    #[cfg_attr(feature = "openapi", schema(value_type = Option<Branding>))]
    pub branding: Option<Option<Branding>>,
    /// `false` brings an archived project back.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(nullable = false, example = false))]
    pub archived: Option<bool>,
}
