//! Device login (RFC 8628). Its answers are bare: there is no `data` around them.

use std::fmt;

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

/// A login that has begun (RFC 8628, section 3.2). `Debug` does not show the codes.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
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

impl fmt::Debug for DeviceLogin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("DeviceLogin")
            .field("verification_uri", &self.verification_uri)
            .field("expires_in", &self.expires_in)
            .finish_non_exhaustive()
    }
}

/// A poll. `Debug` does not show the code.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct RedeemDeviceLogin {
    /// The device code.
    #[cfg_attr(feature = "openapi", schema(example = "GmRhmhcxhwAzkoEqiMEg_DnyEysNkuNhszIySk9eS1o"))]
    pub device_code: String,
}

impl fmt::Debug for RedeemDeviceLogin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RedeemDeviceLogin").finish_non_exhaustive()
    }
}

/// The key that a person approved (RFC 6749, section 5.1). It is in this answer alone. `Debug` does not show it.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
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

impl fmt::Debug for DeviceToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("DeviceToken")
            .field("key_id", &self.key_id)
            .field("scope", &self.scope)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_and_keys_are_never_shown() {
        let secret = || "SECRET".to_owned();
        let begun = DeviceLogin {
            device_code: secret(),
            user_code: secret(),
            verification_uri: "https://riq.example/device".to_owned(),
            verification_uri_complete: secret(),
            expires_in: 900,
            interval: 5,
        };
        let token = DeviceToken {
            access_token: secret(),
            token_type: "bearer".to_owned(),
            expires_in: None,
            scope: "read".to_owned(),
            key_id: "key_1".to_owned(),
            org_id: "org_1".to_owned(),
            project_id: None,
        };
        let shown = format!("{begun:?} {token:?} {:?}", RedeemDeviceLogin { device_code: secret() });
        assert!(!shown.contains("SECRET") && shown.contains("key_1"), "{shown}");
    }
}
