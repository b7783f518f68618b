//! What an authorization server says of itself (RFC 8414, and OpenID Connect Discovery 1.0).

use serde_json::Value;
use url::Url;

use super::problem::DiscoveryProblem;
use super::resource::{Issuer, scopes};
use crate::catalog::{ClientAuth, check_url};

const OAUTH: &str = ".well-known/oauth-authorization-server";
const OPENID: &str = ".well-known/openid-configuration";

/// An authorization server, as far as it matters for a code grant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ServerMetadata {
    /// Its name for itself.
    pub issuer: Issuer,
    /// Where the browser is sent.
    pub authorization_endpoint: Url,
    /// Where codes and refresh tokens are exchanged.
    pub token_endpoint: Url,
    /// Where clients are registered (RFC 7591).
    pub registration_endpoint: Option<Url>,
    /// How clients may authenticate at the token endpoint, as far as it is known here.
    pub client_auth: Vec<ClientAuth>,
    /// Whether it takes the address of a document as a client id.
    pub takes_documents: bool,
    /// Whether every redirect back has `iss` (RFC 9207, section 3).
    pub sends_issuer: bool,
    /// Whether it knows the scope `offline_access`, which asks for a refresh token.
    pub knows_offline_access: bool,
}

/// The places where the metadata of an issuer may be, in the order in which they are tried.
pub fn server_metadata_places(issuer: &Issuer) -> Vec<Url> {
    let at = |path: String| {
        let mut url = issuer.url().clone();
        url.set_path(&path);
        url
    };
    match issuer.url().path().trim_matches('/') {
        "" => vec![at(OAUTH.to_owned()), at(OPENID.to_owned())],
        path => vec![
            at(format!("{OAUTH}/{path}")),
            at(format!("{OPENID}/{path}")),
            at(format!("{path}/{OPENID}")),
        ],
    }
}

impl ServerMetadata {
    /// Reads the metadata that were found for `issuer`. They must be its own (RFC 8414, section 3.3): others would let
    /// one server stand for another.
    pub fn read(metadata: &Value, issuer: &Issuer) -> Result<Self, DiscoveryProblem> {
        let host = || issuer.host();
        if metadata["issuer"].as_str() != Some(issuer.as_str()) {
            return Err(DiscoveryProblem::OtherIssuer { host: host() });
        }
        let unusable = |what: &str| DiscoveryProblem::Unusable { host: host(), what: what.to_owned() };
        let endpoint = |what: &str| match &metadata[what] {
            Value::Null => Ok(None),
            value => {
                value.as_str().and_then(|text| check_url(text).ok()).map(Some).ok_or_else(|| unusable(what))
            }
        };
        let needed = |what: &str| endpoint(what)?.ok_or_else(|| unusable(what));
        let lists = |what: &str, word: &str| {
            let words = metadata[what].as_array();
            words.map(|words| words.iter().any(|other| other == word))
        };
        // The default is `code` and others (RFC 8414, section 2, has it required).
        if lists("response_types_supported", "code") == Some(false) {
            return Err(unusable("response_types_supported"));
        }
        if lists("code_challenge_methods_supported", "S256") != Some(true) {
            return Err(DiscoveryProblem::NoPkce { host: host() });
        }
        Ok(Self {
            authorization_endpoint: needed("authorization_endpoint")?,
            token_endpoint: needed("token_endpoint")?,
            registration_endpoint: endpoint("registration_endpoint")?,
            client_auth: methods(&metadata["token_endpoint_auth_methods_supported"]),
            takes_documents: metadata["client_id_metadata_document_supported"] == true,
            sends_issuer: metadata["authorization_response_iss_parameter_supported"] == true,
            knows_offline_access: scopes(&metadata["scopes_supported"])
                .iter()
                .any(|one| one == "offline_access"),
            issuer: issuer.clone(),
        })
    }
}

/// The ways to authenticate that are known here. Without a list it is `client_secret_basic` (RFC 8414, section 2).
fn methods(list: &Value) -> Vec<ClientAuth> {
    match list.as_array() {
        None => vec![ClientAuth::Basic],
        Some(words) => words.iter().filter_map(Value::as_str).filter_map(method).collect(),
    }
}

/// A way to authenticate, by its name in the registry of RFC 7591, section 2.
pub(super) fn method(word: &str) -> Option<ClientAuth> {
    match word {
        "client_secret_basic" => Some(ClientAuth::Basic),
        "client_secret_post" => Some(ClientAuth::Body),
        "none" => Some(ClientAuth::None),
        _ => None,
    }
}

/// The name of a way to authenticate.
pub(super) const fn word(method: ClientAuth) -> &'static str {
    match method {
        ClientAuth::Basic => "client_secret_basic",
        ClientAuth::Body => "client_secret_post",
        ClientAuth::None => "none",
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn issuer(text: &str) -> Issuer {
        Issuer::read(text).unwrap()
    }

    fn metadata() -> Value {
        json!({
            "issuer": "https://login.example.com",
            "authorization_endpoint": "https://login.example.com/authorize?tenant=1",
            "token_endpoint": "https://login.example.com/token",
            "response_types_supported": ["code", "token"],
            "code_challenge_methods_supported": ["plain", "S256"],
            "token_endpoint_auth_methods_supported": ["private_key_jwt", "none", "client_secret_post"],
            "authorization_response_iss_parameter_supported": true,
            "scopes_supported": ["read", "offline_access"],
        })
    }

    #[test]
    fn the_places_are_those_of_the_specification() {
        let places = |text: &str| {
            server_metadata_places(&issuer(text)).iter().map(ToString::to_string).collect::<Vec<_>>()
        };
        let at = "https://auth.example.com";
        for root in [at, "https://auth.example.com/"] {
            assert_eq!(
                places(root),
                [
                    format!("{at}/.well-known/oauth-authorization-server"),
                    format!("{at}/.well-known/openid-configuration")
                ]
            );
        }
        assert_eq!(
            places("https://auth.example.com/tenant1"),
            [
                format!("{at}/.well-known/oauth-authorization-server/tenant1"),
                format!("{at}/.well-known/openid-configuration/tenant1"),
                format!("{at}/tenant1/.well-known/openid-configuration")
            ]
        );
    }

    #[test]
    fn what_matters_is_read() {
        let read = ServerMetadata::read(&metadata(), &issuer("https://login.example.com")).unwrap();
        assert_eq!(read.client_auth, [ClientAuth::None, ClientAuth::Body]);
        assert!(read.sends_issuer && read.knows_offline_access && !read.takes_documents);
        assert_eq!(read.registration_endpoint, None);
        assert_eq!(read.authorization_endpoint.query(), Some("tenant=1"));
    }

    #[test]
    fn another_issuer_and_what_cannot_be_used_are_refused() {
        let host = || "login.example.com".to_owned();
        let read = |change: &dyn Fn(&mut Value)| {
            let mut metadata = metadata();
            change(&mut metadata);
            ServerMetadata::read(&metadata, &issuer("https://login.example.com")).unwrap_err()
        };
        for other in [
            json!("https://login.example.com/"),
            json!("https://LOGIN.example.com"),
            json!("https://honest.example"),
            json!(["https://login.example.com"]),
            Value::Null,
        ] {
            let problem = read(&|metadata| metadata["issuer"] = other.clone());
            assert_eq!(problem, DiscoveryProblem::OtherIssuer { host: host() }, "{other}");
        }
        for pkce in [Value::Null, json!([]), json!(["plain"]), json!("S256")] {
            let problem = read(&|metadata| metadata["code_challenge_methods_supported"] = pkce.clone());
            assert_eq!(problem, DiscoveryProblem::NoPkce { host: host() }, "{pkce}");
        }
        for (what, value) in [
            ("authorization_endpoint", Value::Null),
            ("token_endpoint", json!("http://login.example.com/token")),
            ("token_endpoint", json!("https://user@login.example.com/token")),
            ("token_endpoint", json!("https://login.example.com/token#x")),
            ("token_endpoint", json!("/token")),
            ("registration_endpoint", json!(7)),
            ("response_types_supported", json!(["token"])),
        ] {
            let problem = read(&|metadata| metadata[what] = value.clone());
            assert_eq!(problem, DiscoveryProblem::Unusable { host: host(), what: what.into() }, "{value}");
        }
    }
}
