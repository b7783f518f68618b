//! Requests to a provider's authorization server: the authorize URL, and the exchange of a code or of a refresh token
//! for tokens.
//!
//! The `oauth2` crate writes the requests (RFC 6749, sections 4.1.1, 4.1.3 and 6; RFC 7636). The provider's file adds
//! parameters and replaces the standard ones. The core crate reads the answers, because providers' answers differ.

use std::{cell::RefCell, collections::BTreeMap};

use http::{HeaderName, HeaderValue, Request, header};
use integrations_core::{
    catalog::{AuthorizeParam, BodyFormat, ClientAuth, OAuth, ParamValue, Pkce, Provider, RenderError},
    health::NoAnswer,
    oauth::authorize_parameters,
};
use oauth2::{
    AuthType, AuthUrl, AuthorizationCode, ClientId, ClientSecret, CsrfToken, EndpointNotSet, EndpointSet,
    HttpRequest, HttpResponse, PkceCodeChallenge, PkceCodeVerifier, RedirectUrl, RefreshToken, TokenUrl,
    basic::BasicClient,
};
use secrecy::ExposeSecret as _;
use serde_json::{Map, Value};
use url::{Url, form_urlencoded};

use super::oauth_apps::OAuthApp;
use crate::provider::outbound::{Answer, Outbound};

type Client = BasicClient<EndpointSet, EndpointNotSet, EndpointNotSet, EndpointNotSet, EndpointSet>;

/// A provider's authorization server, for one of our OAuth apps and one connection.
pub(crate) struct AuthorizationServer {
    oauth: OAuth,
    client: Client,
    /// Where refresh tokens are exchanged, if that is another place.
    refresh_url: Option<Url>,
    /// What stands for the address to return to, if the provider gives it a name.
    named: Option<String>,
}

impl AuthorizationServer {
    /// The server that a connection leads to, or that was found out and is kept with its credential. The fields have
    /// been checked against their patterns.
    pub(crate) fn new(
        provider: &Provider,
        oauth: &OAuth,
        (connection, credential): (&Map<String, Value>, &Map<String, Value>),
        app: &OAuthApp,
    ) -> Result<Self, RenderError> {
        let oauth = app.oauth(oauth);
        let of_app = |name: &str| oauth.app_value(&app.fields, name);
        let value = |name: &str| of_app(name).or_else(|| provider.placeholder(connection, credential, name));
        let client = BasicClient::new(ClientId::new(app.client_id.clone()));
        let secret = || ClientSecret::new(app.client_secret.expose_secret().to_owned());
        let client = match oauth.client_auth {
            ClientAuth::Basic => client.set_client_secret(secret()).set_auth_type(AuthType::BasicAuth),
            ClientAuth::Body => client.set_client_secret(secret()).set_auth_type(AuthType::RequestBody),
            ClientAuth::None => client.set_auth_type(AuthType::RequestBody),
        };
        let client = client
            .set_auth_uri(AuthUrl::from_url(oauth.authorize_url.render(value)?))
            .set_token_uri(TokenUrl::from_url(oauth.token_url.render(value)?));
        let refresh_url = oauth.refresh_url.as_ref().map(|url| url.render(value)).transpose()?;
        // An app that lacks it begins no handshake. Its tokens can be renewed.
        let named = oauth.redirect_uri.as_ref().and_then(|name| name.render_known(of_app));
        Ok(Self { oauth: oauth.filled(value), client, refresh_url, named })
    }

    /// Sets the address that the server sends the browser back to, for a handshake.
    pub(crate) fn returning_to(self, redirect: RedirectUrl) -> Self {
        Self { client: self.client.set_redirect_uri(redirect), ..self }
    }

    /// A parameter of a request, with the name of the address to return to in place of it, if it has one there.
    fn as_named<'p>(&'p self, name: &str, value: &'p str) -> &'p str {
        self.named.as_deref().filter(|_| name == AuthorizeParam::RedirectUri.as_str()).unwrap_or(value)
    }

    /// Whether the provider uses PKCE, which needs a verifier.
    pub(crate) fn takes_pkce(&self) -> bool {
        self.oauth.pkce == Pkce::S256
    }

    /// The address that the browser is sent to for consent.
    pub(crate) fn authorize_url(&self, state: &str, verifier: Option<&str>) -> Url {
        let mut request = self.client.authorize_url(|| CsrfToken::new(state.to_owned()));
        for (name, value) in authorize_parameters(&self.oauth) {
            request = request.add_extra_param(name, value);
        }
        if let Some(verifier) = verifier {
            let verifier = PkceCodeVerifier::new(verifier.to_owned());
            request = request.set_pkce_challenge(PkceCodeChallenge::from_code_verifier_sha256(&verifier));
        }
        let mut url = request.url().0;
        if self.named.is_none() && self.oauth.authorize_omits.is_empty() {
            return url;
        }
        // The query of the endpoint itself stays (RFC 6749, section 3.1).
        let own = self.client.auth_uri().url().query_pairs().count();
        let omits = |name: &str| self.oauth.authorize_omits.iter().any(|omitted| omitted.as_str() == name);
        let sent = url.query_pairs().enumerate().filter(|(index, (name, _))| *index < own || !omits(name));
        let sent: Vec<(String, String)> = sent
            .map(|(_, (name, value))| (name.to_string(), self.as_named(&name, &value).to_owned()))
            .collect();
        url.query_pairs_mut().clear().extend_pairs(sent);
        url
    }

    /// Exchanges a code for tokens. It is never sent again, because a code is valid once.
    pub(crate) async fn exchange(
        &self,
        outbound: &Outbound,
        code: String,
        verifier: Option<String>,
    ) -> Result<Answer, NoAnswer> {
        let request = self.token_request(code, verifier).ok_or(NoAnswer::Broken)?;
        outbound.send_once(request).await
    }

    /// Exchanges a refresh token for new tokens (RFC 6749, section 6). It is never sent again, because a provider that
    /// rotates refresh tokens may treat a second use as theft.
    pub(crate) async fn refresh(
        &self,
        outbound: &Outbound,
        refresh_token: String,
    ) -> Result<Answer, NoAnswer> {
        outbound.send_once(self.refresh_request(refresh_token).ok_or(NoAnswer::Unreachable)?).await
    }

    /// The request for new tokens.
    fn refresh_request(&self, refresh_token: String) -> Option<Request<Vec<u8>>> {
        let token = RefreshToken::new(refresh_token);
        let client = match self.refresh_url.clone() {
            Some(url) => self.client.clone().set_token_uri(TokenUrl::from_url(url)),
            None => self.client.clone(),
        };
        let mut request = client.exchange_refresh_token(&token);
        for (name, value) in &self.oauth.refresh_params {
            request = request.add_extra_param(name, value.to_string());
        }
        self.adapt(written(|take| drop(request.request(&take)))?, &self.oauth.refresh_params)
    }

    /// The request for a code.
    fn token_request(&self, code: String, verifier: Option<String>) -> Option<Request<Vec<u8>>> {
        let mut request = self.client.exchange_code(AuthorizationCode::new(code));
        for (name, value) in &self.oauth.token_params {
            request = request.add_extra_param(name, value.to_string());
        }
        if let Some(verifier) = verifier {
            request = request.set_pkce_verifier(PkceCodeVerifier::new(verifier));
        }
        self.adapt(written(|take| drop(request.request(&take)))?, &self.oauth.token_params)
    }

    /// A token request with the headers and the body format that the provider wants. `None`: a header in the provider's
    /// file is not valid.
    fn adapt(
        &self,
        mut request: HttpRequest,
        params: &BTreeMap<String, ParamValue>,
    ) -> Option<Request<Vec<u8>>> {
        if self.named.is_some() {
            let form = form_urlencoded::parse(request.body()).into_owned().collect::<Vec<_>>();
            let form = form.iter().map(|(name, value)| (name, self.as_named(name, value)));
            *request.body_mut() =
                form_urlencoded::Serializer::new(String::new()).extend_pairs(form).finish().into_bytes();
        }
        if self.oauth.body_format == BodyFormat::Json {
            let body = as_json(request.body(), params);
            *request.body_mut() = serde_json::to_vec(&body).unwrap_or_default();
            request.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
        }
        let headers = request.headers_mut();
        for (name, value) in &self.oauth.token_headers {
            headers.insert(name.parse::<HeaderName>().ok()?, value.parse().ok()?);
        }
        if let Some(authorization) = headers.get_mut(header::AUTHORIZATION) {
            authorization.set_sensitive(true);
        }
        Some(request)
    }
}

/// The request that the `oauth2` crate passes to `send`. We send it ourselves and read the answer ourselves, because
/// the crate understands only answers in the standard form.
pub(super) fn written(
    send: impl FnOnce(&dyn Fn(HttpRequest) -> Result<HttpResponse, NotSent>),
) -> Option<HttpRequest> {
    let written = RefCell::new(None);
    send(&|request| {
        written.replace(Some(request));
        Err(NotSent)
    });
    written.into_inner()
}

/// Why the `oauth2` crate gets no answer.
#[derive(Debug, thiserror::Error)]
#[error("the request is sent elsewhere")]
pub(super) struct NotSent;

/// A form as a flat JSON object. A value is a number if the provider's file has it as a number.
fn as_json(form: &[u8], params: &BTreeMap<String, ParamValue>) -> Map<String, Value> {
    let fields = form_urlencoded::parse(form).into_owned();
    fields
        .map(|(name, text)| {
            let value = match params.get(&name) {
                Some(ParamValue::Number(number)) => Value::from(*number),
                Some(ParamValue::Text(_)) | None => Value::from(text),
            };
            (name, value)
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use integrations_core::catalog::Catalog;
    use serde_json::json;

    use super::*;

    const FILE: &str = r#"
format = 2
key = "acme"
name = "Acme"
description = "Acme keeps things."
category = "support"
documentation_url = "https://acme.example/docs"
api_base_url = "https://api.acme.example"
[[connection]]
key = "tenant"
label = "Tenant"
help = "The tenant."
pattern = "^[a-z]+$"
mismatch = "Expected lower-case letters"
example = "a"
[[connection]]
key = "hint"
label = "Hint"
help = "The hint."
optional = true
[[auth]]
kind = "oauth"
[auth.oauth]
authorize_url = "https://acme.example/authorize"
token_url = "https://acme.example/token"
refresh_url = "https://{tenant}.acme.example/refresh"
authorize_params = { audience = "https://{tenant}.acme.example", login_hint = "{hint}" }
token_params = { audience = "{tenant}", version = 2 }
refresh_params = { audience = "{tenant}-again" }
scopes = []
pkce = "none"
client_auth = "body"
refresh_rotates = "retry_safe"
[probe]
method = "GET"
url = "https://api.acme.example/me"
good_statuses = [200]
refused_statuses = [401]
"#;

    #[test]
    fn parameters_and_addresses_have_the_values_of_the_connection() {
        let catalog = Catalog::default().with_files([("acme.toml".to_owned(), FILE.to_owned())]).unwrap();
        let acme = catalog.get("acme").unwrap();
        let oauth = acme.oauth().unwrap();
        assert!(!oauth.tokens.rotation.is_strict());
        let app = OAuthApp::new("id", "secret");
        let connection = json!({"tenant": "corp"});
        let server =
            AuthorizationServer::new(acme, oauth, (connection.as_object().unwrap(), &Map::new()), &app)
                .unwrap();
        let url = server.authorize_url("state", None).to_string();
        assert!(url.contains("audience=https%3A%2F%2Fcorp.acme.example") && !url.contains("hint"), "{url}");
        let body = |request: &Request<Vec<u8>>| String::from_utf8(request.body().clone()).unwrap();
        let exchange = server.token_request("code".into(), None).unwrap();
        assert_eq!(exchange.uri(), "https://acme.example/token");
        assert!(body(&exchange).contains("audience=corp&version=2"), "{}", body(&exchange));
        let refresh = server.refresh_request("token".into()).unwrap();
        assert_eq!(refresh.uri(), "https://corp.acme.example/refresh");
        assert!(body(&refresh).contains("audience=corp-again"), "{}", body(&refresh));
    }

    #[test]
    fn a_provider_may_name_the_parameters_otherwise() {
        let of_app = "\n[[auth.oauth.app_fields]]\nkey = \"ru_name\"\nlabel = \"RuName\"\nhelp = \"Its name.\"\n[probe]";
        let file = FILE
            .replace("\n[probe]", of_app)
            .replace(
                "scopes = []",
                "scopes = [\"a\"]\nredirect_uri = \"{ru_name}\"\nauthorize_omits = [\"response_type\"]",
            )
            .replace("version = 2", "app = \"{ru_name}\"");
        let catalog = Catalog::default().with_files([("acme.toml".to_owned(), file)]).unwrap();
        let acme = catalog.get("acme").unwrap();
        let oauth = acme.oauth().unwrap();
        let connection = json!({"tenant": "corp"});
        let at = (connection.as_object().unwrap(), &Map::new());
        let fields = Map::from_iter([("ru_name".to_owned(), "Acme-1".into())]);
        let app = OAuthApp { fields, ..OAuthApp::new("id", "secret") };
        let back = RedirectUrl::new("https://riq.example/oauth/callback".into()).unwrap();
        let server = AuthorizationServer::new(acme, oauth, at, &app).unwrap().returning_to(back);
        let url = server.authorize_url("a b", None);
        let query: std::collections::BTreeMap<String, String> = url.query_pairs().into_owned().collect();
        assert!(!query.contains_key("response_type"), "{url}");
        assert_eq!((query["redirect_uri"].as_str(), query["state"].as_str()), ("Acme-1", "a b"));
        let exchange = server.token_request("code".into(), None).unwrap();
        let body = String::from_utf8(exchange.body().clone()).unwrap();
        assert!(body.contains("redirect_uri=Acme-1") && body.contains("app=Acme-1"), "{body}");
        assert!(!body.contains("riq.example"), "{body}");
        // Whoever renews tokens needs no name.
        let refresh = AuthorizationServer::new(acme, oauth, at, &OAuthApp::new("id", "secret")).unwrap();
        assert!(refresh.refresh_request("token".into()).is_some());
    }
}
