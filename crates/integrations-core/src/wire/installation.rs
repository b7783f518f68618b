//! Where a person finishes an installation.

use serde::{Deserialize, Serialize};

use super::Open;
use crate::catalog::SetupType;

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
    /// What to do, for people.
    #[cfg_attr(
        feature = "openapi",
        schema(example = "Open the URL above in a browser to complete installation.")
    )]
    pub message: String,
}

/// The response with an install URL.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct InstallUrlResponse {
    /// The install URL and what to do with it.
    pub data: InstallUrl,
}
