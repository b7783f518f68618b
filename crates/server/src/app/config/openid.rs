//! The settings of the OpenID Connect provider that people sign in with, together.

use anyhow::{Context as _, bail};

use super::{Options, Switch, one_line};
use crate::provider::openid::OpenIdSettings;

impl Options {
    /// The provider that people sign in with. Fails if a setting of it is missing, or has no effect without it.
    pub(in crate::app) fn openid(&self) -> anyhow::Result<Option<OpenIdSettings>> {
        let Some(issuer) = &self.oidc_issuer else {
            let others = [
                ("RIQ_OIDC_CLIENT_ID", self.oidc_client_id.is_some()),
                ("RIQ_OIDC_CLIENT_SECRET", self.oidc_client_secret.is_some()),
                ("RIQ_OIDC_SCOPES", self.oidc_scopes.is_some()),
                ("RIQ_OIDC_ROLES_CLAIM", self.oidc_roles_claim.is_some()),
                ("RIQ_OIDC_ROLES", self.oidc_roles.is_some()),
            ];
            if let Some((name, _)) = others.into_iter().find(|(_, is_set)| *is_set) {
                bail!("{name} is set, but not which provider it is for: set RIQ_OIDC_ISSUER too");
            }
            return Ok(None);
        };
        let client_id = self.oidc_client_id.as_deref();
        let client_id = client_id.context("RIQ_OIDC_ISSUER is set: set RIQ_OIDC_CLIENT_ID too")?;
        let client_secret = self.oidc_client_secret.clone();
        Ok(Some(OpenIdSettings {
            issuer: issuer.clone(),
            client_id: one_line(client_id).context("RIQ_OIDC_CLIENT_ID is not valid")?,
            client_secret: client_secret.context("RIQ_OIDC_ISSUER is set: set RIQ_OIDC_CLIENT_SECRET too")?,
            scopes: self.oidc_scopes.clone().unwrap_or_default().into_inner(),
            roles_claim: self.oidc_roles_claim.clone().unwrap_or_default(),
            roles: self.oidc_roles.clone().unwrap_or_default(),
        }))
    }

    /// Whether a person may sign in with an API key. Fails if nobody could sign in.
    pub(super) fn key_sign_in(&self) -> anyhow::Result<bool> {
        match self.key_sign_in {
            Some(Switch::Off) if self.oidc_issuer.is_none() => bail!(
                "RIQ_KEY_SIGN_IN is off, and there is no other way to sign in: set RIQ_OIDC_ISSUER, or leave it on"
            ),
            switch => Ok(switch != Some(Switch::Off)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn whole() -> Options {
        Options {
            oidc_issuer: Some("https://id.example/".parse().unwrap()),
            oidc_client_id: Some(" riq ".to_owned()),
            oidc_client_secret: Some("SECRET".into()),
            ..Options::default()
        }
    }

    #[test]
    fn a_provider_is_an_issuer_an_id_and_a_secret() {
        let settings = whole().openid().unwrap().unwrap();
        assert_eq!((settings.issuer.as_str(), settings.client_id.as_str()), ("https://id.example/", "riq"));
        assert_eq!(settings.scopes, ["openid", "profile", "email"]);
        assert_eq!(settings.roles_claim.as_str(), "/groups");
        assert!(!format!("{settings:?}").contains("SECRET"));
        assert!(Options::default().openid().unwrap().is_none());
        for (options, words) in [
            (Options { oidc_issuer: None, ..whole() }, "set RIQ_OIDC_ISSUER too"),
            (Options { oidc_client_id: None, ..whole() }, "set RIQ_OIDC_CLIENT_ID too"),
            (Options { oidc_client_secret: None, ..whole() }, "set RIQ_OIDC_CLIENT_SECRET too"),
            (
                Options { oidc_client_id: Some("a b".to_owned()), ..whole() },
                "RIQ_OIDC_CLIENT_ID is not valid",
            ),
        ] {
            let error = options.openid().unwrap_err().to_string();
            assert!(error.contains(words), "{error}");
        }
    }

    #[test]
    fn there_is_always_a_way_to_sign_in() {
        let off = Some(Switch::Off);
        assert!(!Options { key_sign_in: off, ..whole() }.key_sign_in().unwrap());
        assert!(Options::default().key_sign_in().unwrap());
        let error = Options { key_sign_in: off, ..Options::default() }.key_sign_in().unwrap_err();
        assert!(error.to_string().contains("no other way to sign in"), "{error}");
    }
}
