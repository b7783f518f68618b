//! Device login (RFC 8628). Its answers are bare: there is no `data` around them.

use serde::{Deserialize, Serialize};

/// A program that begins a login.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct BeginDeviceLogin {
    /// What the program calls itself. The person sees it marked as unverified, up to 64 letters of it.
    #[cfg_attr(feature = "openapi", schema(min_length = 1, example = "riq on a laptop"))]
    pub client_name: String,
}

/// A login that has begun (RFC 8628, section 3.2).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct DeviceLogin {
    /// With this the program asks for its key. It is a secret.
    #[cfg_attr(feature = "openapi", schema(example = "GmRhmhcxhwAzkoEqiMEg_DnyEysNkuNhszIySk9eS1o"))]
    pub device_code: String,
    /// With this the person finds the login. The program shows it.
    #[cfg_attr(feature = "openapi", schema(example = "WDJB-MJHT"))]
    pub user_code: String,
    /// The page on which the person enters the code.
    #[cfg_attr(feature = "openapi", schema(example = "https://integrations.example.com/device"))]
    pub verification_uri: String,
    /// The same page with the code filled in.
    #[cfg_attr(
        feature = "openapi",
        schema(example = "https://integrations.example.com/device?code=WDJB-MJHT")
    )]
    pub verification_uri_complete: String,
    /// How long the codes work, in seconds.
    #[cfg_attr(feature = "openapi", schema(example = 900))]
    pub expires_in: u64,
    /// How long to wait between two polls, in seconds.
    #[cfg_attr(feature = "openapi", schema(example = 5))]
    pub interval: u64,
}

/// A poll.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct RedeemDeviceLogin {
    /// The device code.
    #[cfg_attr(feature = "openapi", schema(example = "GmRhmhcxhwAzkoEqiMEg_DnyEysNkuNhszIySk9eS1o"))]
    pub device_code: String,
}

/// The key that a person approved (RFC 6749, section 5.1). It is in this answer alone.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct DeviceToken {
    /// The API key.
    #[cfg_attr(feature = "openapi", schema(example = "riq_7Hq2…"))]
    pub access_token: String,
    /// `bearer`
    #[cfg_attr(feature = "openapi", schema(example = "bearer"))]
    pub token_type: String,
    /// How long the key works, in seconds; null: until it is revoked.
    #[serde(default)]
    #[cfg_attr(feature = "openapi", schema(required, example = 604_800))]
    pub expires_in: Option<u64>,
    /// What it may do: its scopes with a blank between them.
    #[serde(default)]
    #[cfg_attr(feature = "openapi", schema(required, example = "read integrations:write"))]
    pub scope: String,
    /// The key's id.
    #[serde(default)]
    #[cfg_attr(feature = "openapi", schema(required, example = "key_01jc3q5v6w7x8y9zabcdefghjk"))]
    pub key_id: String,
    /// The organization that it belongs to.
    #[serde(default)]
    #[cfg_attr(feature = "openapi", schema(required, example = "org_01jc3q5v6w7x8y9zabcdefghjk"))]
    pub org_id: String,
    /// The one project that it is bound to; null: another number of them.
    #[serde(default)]
    #[cfg_attr(feature = "openapi", schema(required, example = "prj_01jc3q5v6w7x8y9zabcdefghjk"))]
    pub project_id: Option<String>,
}
