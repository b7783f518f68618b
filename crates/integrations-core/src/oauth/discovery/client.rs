//! As which client one goes to an authorization server that was discovered: as one that it knows, by a document about
//! ourselves, or as one that registers itself (RFC 7591).

use serde_json::{Value, json};
use url::{Host, Url};

use super::problem::DiscoveryProblem;
use super::server::{ServerMetadata, method, word};
use crate::catalog::{ClientAuth, check_access_token};

/// The code of an error is at most this long.
const LONGEST_CODE: usize = 64;

/// A client of an authorization server.
#[derive(Clone, PartialEq, Eq)]
pub struct Client {
    /// Its id.
    pub id: String,
    /// Its secret. `None`: a public client.
    pub secret: Option<String>,
    /// How it authenticates.
    pub auth: ClientAuth,
}

impl std::fmt::Debug for Client {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Client").field("id", &self.id).field("auth", &self.auth).finish_non_exhaustive()
    }
}

/// Where the client comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ClientSource {
    /// It is known.
    Known(Client),
    /// It is registered at this address.
    Register(Url),
}

/// Who we are, for an authorization server that does not know us.
#[derive(Clone, Copy, Debug)]
pub struct OurClient<'a> {
    /// Our name, for people.
    pub name: &'a str,
    /// Where the browser comes back to.
    pub redirect_uri: &'a str,
    /// The address of the document about us, if others can read it.
    pub document: Option<&'a str>,
}

impl OurClient<'_> {
    /// The document about us (OAuth Client ID Metadata Document, section 4): a public client.
    pub fn document(&self, address: &str) -> Value {
        let mut document = self.metadata(ClientAuth::None);
        document["client_id"] = address.into();
        document
    }

    /// A request to register (RFC 7591, section 2; `application_type`: OpenID Connect Dynamic Client Registration 1.0).
    fn metadata(&self, auth: ClientAuth) -> Value {
        json!({
            "client_name": self.name,
            "redirect_uris": [self.redirect_uri],
            "grant_types": ["authorization_code", "refresh_token"],
            "response_types": ["code"],
            "token_endpoint_auth_method": word(auth),
            "application_type": if self.is_local() { "native" } else { "web" },
        })
    }

    /// Whether the browser comes back to its own machine, as with `dev`.
    fn is_local(&self) -> bool {
        Url::parse(self.redirect_uri).is_ok_and(|url| match url.host() {
            Some(Host::Domain(name)) => name == "localhost",
            Some(Host::Ipv4(address)) => address.is_loopback(),
            Some(Host::Ipv6(address)) => address.is_loopback(),
            None => false,
        })
    }
}

impl ServerMetadata {
    /// As which client to go there, in the order of the Model Context Protocol: as one that is registered (`known`, an
    /// id and perhaps a secret), by our document, or as one that registers itself.
    pub fn client(
        &self,
        known: Option<(&str, Option<&str>)>,
        ours: OurClient<'_>,
    ) -> Result<ClientSource, DiscoveryProblem> {
        if let Some((id, secret)) = known {
            let auth = secret.map_or(ClientAuth::None, |_| self.auth_with_secret());
            let client = Client { id: id.to_owned(), secret: secret.map(str::to_owned), auth };
            return Ok(ClientSource::Known(client));
        }
        if let Some(document) = ours.document.filter(|_| self.takes_documents) {
            let client = Client { id: document.to_owned(), secret: None, auth: ClientAuth::None };
            return Ok(ClientSource::Known(client));
        }
        let endpoint = self.registration_endpoint.clone();
        endpoint
            .map(ClientSource::Register)
            .ok_or_else(|| DiscoveryProblem::NoClient { host: self.issuer.host() })
    }

    fn auth_with_secret(&self) -> ClientAuth {
        let has = |auth: &ClientAuth| self.client_auth.contains(auth);
        [ClientAuth::Basic, ClientAuth::Body].into_iter().find(has).unwrap_or(ClientAuth::Basic)
    }

    /// The body of a request to register us: as a public client where that is possible.
    pub fn registration(&self, ours: OurClient<'_>) -> Value {
        let is_public = self.client_auth.contains(&ClientAuth::None);
        ours.metadata(if is_public { ClientAuth::None } else { self.auth_with_secret() })
    }

    /// Reads the answer to it (RFC 7591, section 3.2.1). A client for which the server has another redirect address, or
    /// which is said to be of another issuer, is not ours.
    pub fn registered(
        &self,
        status: u16,
        answer: &Value,
        ours: OurClient<'_>,
    ) -> Result<Client, DiscoveryProblem> {
        let host = || self.issuer.host();
        if !(200..300).contains(&status) {
            let code = answer["error"].as_str().filter(|code| is_code(code));
            return Err(DiscoveryProblem::Unregistered {
                host: host(),
                status,
                code: code.map(str::to_owned),
            });
        }
        let unusable = |what: &str| DiscoveryProblem::Unusable { host: host(), what: what.to_owned() };
        if answer.get("issuer").is_some_and(|issuer| issuer != self.issuer.as_str()) {
            return Err(DiscoveryProblem::OtherIssuer { host: host() });
        }
        let redirects = answer.get("redirect_uris").and_then(Value::as_array);
        if redirects.is_some_and(|all| !all.iter().any(|one| one == ours.redirect_uri)) {
            return Err(unusable("redirect_uris"));
        }
        let text = |what: &str| match answer.get(what) {
            None | Some(Value::Null) => Ok(None),
            Some(value) => {
                check_access_token(value).map(|text| Some(text.to_owned())).map_err(|_| unusable(what))
            }
        };
        let id = text("client_id")?.ok_or_else(|| unusable("client_id"))?;
        let secret = text("client_secret")?;
        let auth = match answer.get("token_endpoint_auth_method").and_then(Value::as_str) {
            Some(told) => method(told).ok_or_else(|| unusable("token_endpoint_auth_method"))?,
            None if secret.is_some() => self.auth_with_secret(),
            None => ClientAuth::None,
        };
        if auth != ClientAuth::None && secret.is_none() {
            return Err(unusable("client_secret"));
        }
        Ok(Client { id, secret: secret.filter(|_| auth != ClientAuth::None), auth })
    }
}

fn is_code(text: &str) -> bool {
    text.len() <= LONGEST_CODE && text.bytes().all(|b| b.is_ascii_alphanumeric() || b"_-.".contains(&b))
}

#[cfg(test)]
mod tests {
    use super::super::resource::Issuer;
    use super::*;

    const OURS: OurClient<'static> = OurClient {
        name: "Integrations",
        redirect_uri: "https://riq.example/oauth/callback",
        document: Some("https://riq.example/oauth/client.json"),
    };

    fn server(further: &Value) -> ServerMetadata {
        let mut metadata = json!({
            "issuer": "https://login.example.com",
            "authorization_endpoint": "https://login.example.com/authorize",
            "token_endpoint": "https://login.example.com/token",
            "code_challenge_methods_supported": ["S256"],
        });
        metadata.as_object_mut().unwrap().extend(further.as_object().unwrap().clone());
        ServerMetadata::read(&metadata, &Issuer::read("https://login.example.com").unwrap()).unwrap()
    }

    #[test]
    fn a_known_client_goes_before_our_document_and_that_before_a_registration() {
        let place = "https://login.example.com/register";
        let all = server(&json!({
            "client_id_metadata_document_supported": true,
            "registration_endpoint": place,
            "token_endpoint_auth_methods_supported": ["client_secret_post", "none"],
        }));
        let known = |client: Client| Ok(ClientSource::Known(client));
        let client = |id: &str, secret: Option<&str>, auth: ClientAuth| Client {
            id: id.into(),
            secret: secret.map(str::to_owned),
            auth,
        };
        assert_eq!(all.client(Some(("a", Some("s"))), OURS), known(client("a", Some("s"), ClientAuth::Body)));
        assert_eq!(all.client(Some(("a", None)), OURS), known(client("a", None, ClientAuth::None)));
        let document = OURS.document.unwrap();
        assert_eq!(all.client(None, OURS), known(client(document, None, ClientAuth::None)));
        let register = Ok(ClientSource::Register(place.parse().unwrap()));
        assert_eq!(all.client(None, OurClient { document: None, ..OURS }), register);
        assert_eq!(server(&json!({ "registration_endpoint": place })).client(None, OURS), register);
        let host = "login.example.com".to_owned();
        assert_eq!(server(&json!({})).client(None, OURS), Err(DiscoveryProblem::NoClient { host }));
    }

    #[test]
    fn we_register_as_what_the_server_takes() {
        let public =
            server(&json!({"token_endpoint_auth_methods_supported": ["none", "client_secret_basic"]}));
        let request = public.registration(OURS);
        assert_eq!(
            (&request["token_endpoint_auth_method"], &request["application_type"]),
            (&json!("none"), &json!("web"))
        );
        assert_eq!(request["redirect_uris"], json!([OURS.redirect_uri]));
        assert_eq!(
            server(&json!({})).registration(OURS)["token_endpoint_auth_method"],
            "client_secret_basic"
        );
        for (redirect_uri, kind) in [
            ("http://127.0.0.1:8080/oauth/callback", "native"),
            ("http://[::1]:8080/oauth/callback", "native"),
            ("http://localhost:8080/oauth/callback", "native"),
            ("http://riq.localhost/oauth/callback", "web"),
        ] {
            let request = public.registration(OurClient { redirect_uri, ..OURS });
            assert_eq!(request["application_type"], kind, "{redirect_uri}");
        }
        let document = OURS.document("https://riq.example/oauth/client.json");
        assert_eq!(document["client_id"], "https://riq.example/oauth/client.json");
        assert_eq!(document["token_endpoint_auth_method"], "none");
    }

    #[test]
    fn an_answer_that_is_not_about_us_is_refused() {
        let server = server(&json!({}));
        let read = |status: u16, answer: Value| server.registered(status, &answer, OURS);
        let right =
            read(201, json!({"client_id": "c", "client_secret": "s", "redirect_uris": [OURS.redirect_uri]}));
        assert_eq!(
            right.unwrap(),
            Client { id: "c".into(), secret: Some("s".into()), auth: ClientAuth::Basic }
        );
        let public =
            read(200, json!({"client_id": "c", "client_secret": "s", "token_endpoint_auth_method": "none"}));
        assert_eq!(public.unwrap(), Client { id: "c".into(), secret: None, auth: ClientAuth::None });
        let host = || "login.example.com".to_owned();
        for (answer, what) in [
            (json!({}), "client_id"),
            (json!({"client_id": ""}), "client_id"),
            (json!({"client_id": "a b\n"}), "client_id"),
            (json!({"client_id": "c", "client_secret": 7}), "client_secret"),
            (json!({"client_id": "c", "token_endpoint_auth_method": "client_secret_post"}), "client_secret"),
            (
                json!({"client_id": "c", "token_endpoint_auth_method": "private_key_jwt"}),
                "token_endpoint_auth_method",
            ),
            (json!({"client_id": "c", "redirect_uris": ["https://evil.example/"]}), "redirect_uris"),
        ] {
            let expected = DiscoveryProblem::Unusable { host: host(), what: what.to_owned() };
            assert_eq!(read(201, answer.clone()), Err(expected), "{answer}");
        }
        let other = read(201, json!({"client_id": "c", "issuer": "https://evil.example"}));
        assert_eq!(other, Err(DiscoveryProblem::OtherIssuer { host: host() }));
        for (code, told) in
            [(json!("invalid_redirect_uri"), Some("invalid_redirect_uri")), (json!("<b>"), None)]
        {
            let refused = read(400, json!({ "error": code }));
            let code = told.map(str::to_owned);
            assert_eq!(refused, Err(DiscoveryProblem::Unregistered { host: host(), status: 400, code }));
        }
    }
}
