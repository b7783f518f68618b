//! Reads the values of the settings of an OpenID Connect provider.

use integrations_core::openid::{ClaimPath, RoleGrant};

use crate::provider::openid::Issuer;

const OPENID: &str = "openid";

/// The scopes that a sign-in asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OpenIdScopes(Vec<String>);

impl OpenIdScopes {
    /// The words.
    pub(super) fn into_inner(self) -> Vec<String> {
        self.0
    }
}

impl Default for OpenIdScopes {
    fn default() -> Self {
        Self([OPENID, "profile", "email"].map(str::to_owned).to_vec())
    }
}

/// Reads an issuer. Nothing of it is changed, because it is compared byte for byte.
pub(super) fn issuer(text: &str) -> Result<Issuer, String> {
    text.parse().map_err(|error: crate::provider::openid::InvalidIssuer| error.to_string())
}

/// Reads scopes, separated by blanks or commas. `openid` is one of them, whether it is named or not.
pub(super) fn openid_scopes(text: &str) -> Result<OpenIdScopes, String> {
    // RFC 6749, section 3.3.
    let is_plain =
        |scope: &str| scope.bytes().all(|byte| byte.is_ascii_graphic() && !b"\"\\".contains(&byte));
    let scopes = text.split([' ', ',', '\n', '\t', '\r']).filter(|scope| !scope.is_empty());
    let mut scopes: Vec<String> = scopes.map(str::to_owned).collect();
    if !scopes.iter().all(|scope| is_plain(scope)) {
        return Err("expected scopes such as openid profile email, separated by blanks".to_owned());
    }
    if !scopes.iter().any(|scope| scope == OPENID) {
        scopes.insert(0, OPENID.to_owned());
    }
    Ok(OpenIdScopes(scopes))
}

/// Reads where a person's groups are.
pub(super) fn claim_path(text: &str) -> Result<ClaimPath, String> {
    text.trim().parse().map_err(|error: integrations_core::openid::InvalidClaimPath| error.to_string())
}

/// Reads that a group gives a role.
pub(super) fn role_grant(text: &str) -> Result<RoleGrant, String> {
    text.parse().map_err(|error: integrations_core::openid::InvalidRoleGrant| error.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_issuer_may_have_blanks_around_it() {
        assert_eq!(issuer(" https://id.example/ \n").unwrap().as_str(), "https://id.example/");
    }

    #[test]
    fn openid_is_always_asked_for() {
        for (text, scopes) in [
            ("openid profile", &["openid", "profile"][..]),
            ("profile,groups", &["openid", "profile", "groups"]),
            (" ", &["openid"]),
        ] {
            assert_eq!(openid_scopes(text).unwrap().0, scopes, "{text}");
        }
        assert!(openid_scopes("a\"b").is_err() && openid_scopes("é").is_err());
    }
}
