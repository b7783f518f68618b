//! What a provider says about itself: its addresses and its keys (OpenID Connect Discovery 1.0). It is asked when it is
//! first needed, so the server starts while the provider is down, and again when a signature cannot be verified.

use std::{sync::Arc, time::Duration};

use http::{HeaderValue, Request, header};
use openidconnect::core::CoreJsonWebKeySet;
use serde::Deserialize;
use serde_json::Value;
use tokio::sync::Mutex;
use url::Url;

use super::{error::OpenIdError, issuer::Issuer};
use crate::{
    environment::Environment,
    provider::outbound::{Answer, Outbound, OutboundError, secret},
};

/// After this time the provider is asked again, so that a key that it withdrew does not count for ever.
const OLD_AFTER: Duration = Duration::from_secs(60 * 60);
/// The shortest time between two questions that a signature causes. Anybody can write a token that nobody signed.
const BETWEEN_FRESH: Duration = Duration::from_secs(60);
/// How long a failure is remembered, so that people who wait do not wait for each other.
const FAILURE_LIFE: Duration = Duration::from_secs(5);

pub(super) const DOCUMENT: &str = "the discovery document";
const KEYS: &str = "the keys";

/// What a provider says about itself.
#[derive(Debug)]
pub(super) struct Discovered {
    pub(super) metadata: Metadata,
    pub(super) keys: CoreJsonWebKeySet,
}

/// The part of the discovery document that is used. What else is in it may have any form.
#[derive(Debug, Deserialize)]
pub(super) struct Metadata {
    pub(super) authorization_endpoint: Url,
    pub(super) token_endpoint: Url,
    pub(super) userinfo_endpoint: Option<Url>,
    jwks_uri: Url,
    token_endpoint_auth_methods_supported: Option<Vec<String>>,
    /// RFC 9207, section 3.
    authorization_response_iss_parameter_supported: Option<bool>,
}

impl Metadata {
    /// Whether the client's secret is sent by HTTP Basic, which is the default (section 3).
    pub(super) fn takes_basic(&self) -> bool {
        let methods = self.token_endpoint_auth_methods_supported.as_deref();
        methods.is_none_or(|methods| {
            methods.is_empty() || methods.iter().any(|method| method == "client_secret_basic")
        })
    }

    /// Whether every redirect back names the issuer.
    pub(super) fn names_issuer(&self) -> bool {
        self.authorization_response_iss_parameter_supported == Some(true)
    }

    fn addresses(&self) -> impl Iterator<Item = &Url> {
        let required = [&self.authorization_endpoint, &self.token_endpoint, &self.jwks_uri];
        required.into_iter().chain(&self.userinfo_endpoint)
    }

    /// Reads a document of this issuer.
    fn read(document: &Value, issuer: &Issuer) -> Result<Self, OpenIdError> {
        let found = named(document)?;
        match difference(issuer, found) {
            None => Self::addressed(document, issuer),
            Some(advice) => {
                let (expected, found) = (issuer.to_string(), found.to_owned());
                Err(OpenIdError::Issuer { expected, found, advice })
            }
        }
    }

    /// Reads a document, whatever name the provider has in it.
    pub(super) fn addressed(document: &Value, issuer: &Issuer) -> Result<Self, OpenIdError> {
        let unreadable = |why| OpenIdError::Unreadable { what: DOCUMENT, why };
        let read = Self::deserialize(document)
            .map_err(|_| unreadable("an address is missing or not valid, or its lists are none"))?;
        if read.addresses().all(|address| issuer.allows(address)) {
            Ok(read)
        } else {
            Err(unreadable("it names an address that is not https://"))
        }
    }
}

/// The provider's name for itself in its document.
pub(super) fn named(document: &Value) -> Result<&str, OpenIdError> {
    let found = document.get("issuer").and_then(Value::as_str);
    found.ok_or(OpenIdError::Unreadable { what: DOCUMENT, why: "it does not name the issuer" })
}

/// What to change if the provider's name for itself is not the setting, byte for byte.
pub(super) fn difference(setting: &Issuer, found: &str) -> Option<&'static str> {
    (found != setting.as_str()).then(|| advice(setting.as_str(), found))
}

fn advice(expected: &str, found: &str) -> &'static str {
    if found.contains('{') {
        "that is its address for all tenants, so name your own tenant in the setting"
    } else if found.trim() != found {
        "it has blanks around it, which no issuer may have, so remove them at the provider"
    } else if found.trim_end_matches('/') == expected.trim_end_matches('/') {
        "only the slash at the end differs, so write the setting as the provider does"
    } else {
        "if you trust that provider, write the setting as it calls itself"
    }
}

/// Requests to the provider. The issuer's host may be anywhere, as the operator named it; other hosts that its document
/// names are held to the rules of all requests.
#[derive(Debug)]
pub(super) struct Transport {
    host: String,
    to_issuer: Outbound,
    to_others: Outbound,
}

impl Transport {
    pub(super) fn new(issuer: &Issuer, outbound: Outbound) -> Result<Self, OutboundError> {
        let to_issuer = outbound.to_operators_host(!issuer.is_plain())?;
        Ok(Self { host: issuer.host().to_owned(), to_issuer, to_others: outbound })
    }

    fn of(&self, request: &Request<Vec<u8>>) -> &Outbound {
        let is_issuer = request.uri().host().is_some_and(|host| host.eq_ignore_ascii_case(&self.host));
        if is_issuer { &self.to_issuer } else { &self.to_others }
    }

    /// Sends a request that must not be sent again.
    pub(super) async fn send(
        &self,
        what: &'static str,
        request: Request<Vec<u8>>,
    ) -> Result<Answer, OpenIdError> {
        let answer = self.of(&request).send(request).await;
        answer.map_err(|why| OpenIdError::Unreachable { what, why })
    }

    /// Reads a JSON document, with an access token or without.
    pub(super) async fn json(
        &self,
        what: &'static str,
        address: &str,
        token: Option<&str>,
    ) -> Result<Value, OpenIdError> {
        json(what, &self.get(what, address, token).await?)
    }

    /// The answer that has a JSON document, with an access token or without.
    pub(super) async fn get(
        &self,
        what: &'static str,
        address: &str,
        token: Option<&str>,
    ) -> Result<Answer, OpenIdError> {
        let unreadable = |why| OpenIdError::Unreadable { what, why };
        let mut request = Request::get(address).body(Vec::new()).map_err(|_| unreadable("its address"))?;
        request.headers_mut().insert(header::ACCEPT, HeaderValue::from_static("application/json"));
        if let Some(token) = token {
            let value = secret(&format!("Bearer {token}"));
            let value = value.ok_or_else(|| unreadable("the access token is no token"))?;
            request.headers_mut().insert(header::AUTHORIZATION, value);
        }
        let answer = self.send(what, request).await?;
        if answer.status != 200 {
            return Err(OpenIdError::Refused { what, status: answer.status, detail: String::new() });
        }
        Ok(answer)
    }

    /// The keys that the provider publishes.
    pub(super) async fn keys(&self, metadata: &Metadata) -> Result<CoreJsonWebKeySet, OpenIdError> {
        let keys = self.json(KEYS, metadata.jwks_uri.as_str(), None).await?;
        let unreadable = |_| OpenIdError::Unreadable { what: KEYS, why: "they are not a set of keys" };
        serde_json::from_value(keys).map_err(unreadable)
    }
}

/// The JSON document of an answer.
pub(super) fn json(what: &'static str, answer: &Answer) -> Result<Value, OpenIdError> {
    let unreadable = |_| OpenIdError::Unreadable { what, why: "it is not JSON" };
    serde_json::from_slice(&answer.body).map_err(unreadable)
}

/// What is known of the provider.
#[derive(Debug, Default)]
struct Known {
    found: Option<(Arc<Discovered>, Duration)>,
    failed: Option<(OpenIdError, Duration)>,
    /// When a signature last caused a question.
    freshened: Option<Duration>,
}

/// Finds out what the provider says about itself, and remembers it.
#[derive(Debug)]
pub(super) struct Discovery {
    issuer: Issuer,
    environment: Environment,
    known: Mutex<Known>,
}

impl Discovery {
    pub(super) fn new(issuer: Issuer, environment: Environment) -> Self {
        Self { issuer, environment, known: Mutex::default() }
    }

    /// What is known, or else what the provider says now.
    pub(super) async fn current(&self, transport: &Transport) -> Result<Arc<Discovered>, OpenIdError> {
        let mut known = self.known.lock().await;
        let now = self.environment.uptime();
        if let Some((found, at)) = &known.found
            && now.saturating_sub(*at) < OLD_AFTER
        {
            return Ok(Arc::clone(found));
        }
        if let Some((error, at)) = &known.failed
            && now.saturating_sub(*at) < FAILURE_LIFE
        {
            return known.found.as_ref().map(|(found, _)| Arc::clone(found)).ok_or_else(|| error.clone());
        }
        match self.ask(transport).await {
            Ok(found) => {
                known.found = Some((Arc::clone(&found), now));
                known.failed = None;
                Ok(found)
            }
            Err(error) => {
                tracing::warn!(%error, "the OpenID Connect provider did not say what it is");
                known.failed = Some((error.clone(), now));
                known.found.as_ref().map(|(found, _)| Arc::clone(found)).ok_or(error)
            }
        }
    }

    /// What the provider says now that a signature could not be verified with what was `known`. `None`: it was asked a
    /// moment ago, or does not answer, so there is nothing newer.
    pub(super) async fn newer(
        &self,
        than: &Arc<Discovered>,
        transport: &Transport,
    ) -> Option<Arc<Discovered>> {
        let mut known = self.known.lock().await;
        if let Some((found, _)) = &known.found
            && !Arc::ptr_eq(found, than)
        {
            return Some(Arc::clone(found));
        }
        let now = self.environment.uptime();
        if known.freshened.is_some_and(|at| now.saturating_sub(at) < BETWEEN_FRESH) {
            return None;
        }
        known.freshened = Some(now);
        match self.ask(transport).await {
            Ok(found) => {
                known.found = Some((Arc::clone(&found), now));
                Some(found)
            }
            Err(error) => {
                tracing::warn!(%error, "a signature could not be verified, and the provider did not say its keys");
                None
            }
        }
    }

    async fn ask(&self, transport: &Transport) -> Result<Arc<Discovered>, OpenIdError> {
        let document = transport.json(DOCUMENT, &self.issuer.discovery(), None).await?;
        let metadata = Metadata::read(&document, &self.issuer)?;
        let keys = transport.keys(&metadata).await?;
        Ok(Arc::new(Discovered { metadata, keys }))
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn document(issuer: &str) -> Value {
        json!({
            "issuer": issuer, "authorization_endpoint": "https://a.example/auth",
            "token_endpoint": "https://a.example/token", "jwks_uri": "https://keys.example/jwks",
        })
    }

    fn read(issuer: &str, document: &Value) -> Result<Metadata, String> {
        Metadata::read(document, &issuer.parse().unwrap()).map_err(|error| error.to_string())
    }

    #[test]
    fn the_issuer_is_compared_byte_for_byte_and_the_error_says_what_to_change() {
        assert!(read("https://a.example", &document("https://a.example")).is_ok());
        assert!(read("https://a.example/", &document("https://a.example/")).is_ok());
        for (setting, found, words) in [
            ("https://a.example", "https://a.example/", "only the slash at the end differs"),
            ("https://a.example/", "https://a.example", "only the slash at the end differs"),
            ("https://a.example:443", "https://a.example", "if you trust that provider"),
            ("https://A.example", "https://a.example", "if you trust that provider"),
            ("https://a.example", "https://a.example ", "remove them at the provider"),
            (
                "https://login.example/organizations/v2.0",
                "https://login.example/{tenantid}/v2.0",
                "name your own tenant",
            ),
        ] {
            let error = read(setting, &document(found)).unwrap_err();
            assert!(error.contains(words), "{error}");
            assert!(
                error.contains(&format!("“{found}”")) && error.contains(&format!("“{setting}”")),
                "{error}"
            );
        }
    }

    #[test]
    fn what_is_not_needed_may_have_any_form_and_what_is_must_be_safe() {
        let mut whole = document("https://a.example");
        whole["response_types_supported"] = json!("code");
        whole["userinfo_endpoint"] = Value::Null;
        let metadata = read("https://a.example", &whole).unwrap();
        assert!(metadata.takes_basic() && !metadata.names_issuer() && metadata.userinfo_endpoint.is_none());
        whole["token_endpoint_auth_methods_supported"] = json!(["client_secret_post"]);
        whole["authorization_response_iss_parameter_supported"] = json!(true);
        let metadata = read("https://a.example", &whole).unwrap();
        assert!(!metadata.takes_basic() && metadata.names_issuer());
        for name in ["authorization_endpoint", "token_endpoint", "jwks_uri", "userinfo_endpoint"] {
            for address in ["http://a.example/x", "http://127.0.0.1/x", "javascript:alert(1)"] {
                let mut whole = document("https://a.example");
                whole[name] = json!(address);
                assert!(read("https://a.example", &whole).is_err(), "{name} {address}");
            }
        }
        let mut whole = document("https://a.example");
        whole.as_object_mut().unwrap().remove("token_endpoint");
        assert!(read("https://a.example", &whole).unwrap_err().contains("an address is missing"));
    }
}
