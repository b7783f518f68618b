//! Where a person finishes an installation.

use serde::{Deserialize, Serialize};

use time::OffsetDateTime;

use super::Open;
use crate::{
    catalog::{AuthKind, SetupType},
    install_link::LinkStatus,
};

/// Where a person finishes an installation.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct InstallUrl {
    /// The provider, with the alias of a further account.
    #[cfg_attr(feature = "openapi", schema(example = "slack"))]
    pub provider: String,
    /// The page to open in a browser.
    #[cfg_attr(
        feature = "openapi",
        schema(
            format = "uri",
            example = "https://integrations.example.com/dashboard/projects/prj_01jc3q5v6w7x8y9zabcdefghjk/integrations/slack?session=4JtqN0"
        )
    )]
    pub install_url: String,
    /// How the person connects the provider on that page.
    #[cfg_attr(feature = "openapi", schema(value_type = SetupType, example = "oauth"))]
    pub setup_type: Open<SetupType>,
    /// The way to log in that the page offers alone, as was asked for; null if the person chooses.
    #[serde(default)]
    #[cfg_attr(feature = "openapi", schema(required, value_type = Option<AuthKind>, example = json!(null)))]
    pub auth: Option<Open<AuthKind>>,
    /// What to do, for people.
    #[cfg_attr(
        feature = "openapi",
        schema(example = "Open the URL above in a browser to complete installation.")
    )]
    pub message: String,
    /// The link in the URL, by which it can be listed and ended. Null from an older server.
    #[serde(default)]
    #[cfg_attr(feature = "openapi", schema(required, example = "lnk_01jc3q5v6w7x8y9zabcdefghjk"))]
    pub link_id: Option<String>,
    /// Until when the URL works without an API key, if nothing is installed with it before.
    #[serde(default, with = "time::serde::rfc3339::option")]
    #[cfg_attr(feature = "openapi", schema(required, example = "2026-05-17T18:25:00Z"))]
    pub expires_at: Option<OffsetDateTime>,
}

/// What an install URL is made for. Every field may be left out, and so may the body.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct CreateInstallUrl {
    /// Where the person goes back to at the end: an address at one of the project's `return_origins`. Its query is
    /// kept; `provider`, `status` (`connected`, `denied`, `failed`), `code` where it failed, and `state` are added.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(
        feature = "openapi",
        schema(nullable = false, max_length = 2000, example = "https://app.example.com/settings")
    )]
    pub return_url: Option<String>,
    /// Your own text, which goes back with the person. Check there that it is the one of this person's session.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(
        feature = "openapi",
        schema(nullable = false, min_length = 1, max_length = 1000, example = "af0ifjsldkj")
    )]
    pub state: Option<String>,
    /// The id of the only account at the provider that may be connected. Another one ends as failed, with the code
    /// `account_mismatch`, and nothing is stored.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(
        feature = "openapi",
        schema(nullable = false, min_length = 1, max_length = 250, example = "T0123456789")
    )]
    pub expected_account_id: Option<String>,
    /// The only way to log in that the page offers: the `kind` of one of those in the provider's `auth`. Left out, the
    /// person chooses.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(nullable = false, value_type = AuthKind, example = "oauth"))]
    pub auth: Option<Open<AuthKind>>,
}

/// An install link: what opens the page of an install URL.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct InstallLink {
    /// `lnk_…`
    #[cfg_attr(feature = "openapi", schema(example = "lnk_01jc3q5v6w7x8y9zabcdefghjk"))]
    pub id: String,
    /// The provider, with the alias of a further account.
    #[cfg_attr(feature = "openapi", schema(example = "slack"))]
    pub provider: String,
    /// How far it is.
    #[cfg_attr(feature = "openapi", schema(value_type = LinkStatus, example = "open"))]
    pub status: Open<LinkStatus>,
    /// The key or person that made it.
    #[cfg_attr(feature = "openapi", schema(example = "key_01jc3q5v6w7x8y9zabcdefghjk"))]
    pub created_by: String,
    /// Where the person goes back to at the end; null if nowhere.
    #[serde(default)]
    #[cfg_attr(feature = "openapi", schema(required, example = "https://app.example.com/settings"))]
    pub return_url: Option<String>,
    /// The id of the only account that may be connected; null if any may.
    #[serde(default)]
    #[cfg_attr(feature = "openapi", schema(required, example = json!(null)))]
    pub expected_account_id: Option<String>,
    /// The only way to log in that it offers; null if the person chooses.
    #[serde(default)]
    #[cfg_attr(feature = "openapi", schema(required, value_type = Option<AuthKind>, example = json!(null)))]
    pub auth: Option<Open<AuthKind>>,
    /// When it was made.
    #[serde(with = "time::serde::rfc3339")]
    #[cfg_attr(feature = "openapi", schema(example = "2026-05-17T17:55:00Z"))]
    pub created_at: OffsetDateTime,
    /// When it expires.
    #[serde(with = "time::serde::rfc3339")]
    #[cfg_attr(feature = "openapi", schema(example = "2026-05-17T18:25:00Z"))]
    pub expires_at: OffsetDateTime,
    /// When an installation was finished with it.
    #[serde(default, with = "time::serde::rfc3339::option")]
    #[cfg_attr(feature = "openapi", schema(required, example = json!(null)))]
    pub used_at: Option<OffsetDateTime>,
    /// When somebody ended it.
    #[serde(default, with = "time::serde::rfc3339::option")]
    #[cfg_attr(feature = "openapi", schema(required, example = json!(null)))]
    pub ended_at: Option<OffsetDateTime>,
}

/// The response with an install link.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct InstallLinkResponse {
    /// The link.
    pub data: InstallLink,
}

/// A page of a project's install links.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct InstallLinkList {
    /// The links, newest first.
    pub data: Vec<InstallLink>,
    /// The cursor of the next page; null on the last one.
    #[cfg_attr(feature = "openapi", schema(required, example = "lnk_01jc3q5v6w7x8y9zabcdefghjk"))]
    pub cursor: Option<String>,
    /// Whether there are older ones.
    pub has_more: bool,
}

/// The response with an install URL.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct InstallUrlResponse {
    /// The install URL and what to do with it.
    pub data: InstallUrl,
}
