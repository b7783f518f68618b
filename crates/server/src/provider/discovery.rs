//! Finds the authorization server of a resource, and a client of it, as the Model Context Protocol has it (revision
//! 2026-07-28, "Authorization"). What the answers mean is decided by the core crate.
//!
//! Every address comes from somebody else, so each must be at a host that the operator approves: the resource's own
//! metadata, the authorization server, and where it registers clients.

use http::{HeaderValue, Method, Request, header};
use http_auth::parse_challenges;
use integrations_core::{
    catalog::{ClientAuth, Provider, own_client},
    health::NoAnswer,
    oauth::{
        Client, ClientSource, DiscoveryProblem, OurClient, ProtectedResource, ServerMetadata, host,
        resource_metadata_places, scopes_of, server_metadata_places,
    },
};
use serde_json::{Map, Value, json};
use url::Url;

use super::outbound::{Answer, JSON, Outbound};

/// The revision of the protocol in which a resource is asked.
const REVISION: &str = "2026-07-28";
/// The scope that asks for a refresh token (OpenID Connect Core, section 11).
const OFFLINE_ACCESS: &str = "offline_access";

/// What is found out for one connection.
pub(crate) struct Discovery<'a> {
    /// Sends the requests.
    pub(crate) outbound: &'a Outbound,
    /// The provider, which says which hosts are approved.
    pub(crate) provider: &'a Provider,
    /// Who we are.
    pub(crate) ours: OurClient<'a>,
}

/// What a refusal says (RFC 9728, section 5.1; RFC 6750, section 3).
#[derive(Default)]
struct Challenge {
    metadata: Option<Url>,
    scopes: Vec<String>,
}

impl Discovery<'_> {
    /// Finds the authorization server of `resource`, and a client: `known` is an id that the person has, with a secret
    /// if it has one. Returns what is kept in the credential, by the names of [`own_client`].
    pub(crate) async fn find(
        &self,
        resource: &Url,
        known: Option<(&str, Option<&str>)>,
    ) -> Result<Map<String, Value>, DiscoveryProblem> {
        let challenge = self.challenge(resource).await?;
        let protected = self.protected(resource, challenge.metadata).await?;
        let server = self.server(&protected).await?;
        let client = match server.client(known, self.ours)? {
            ClientSource::Known(client) => client,
            ClientSource::Register(at) => self.register(&server, at).await?,
        };
        let mut scopes = if challenge.scopes.is_empty() { protected.scopes } else { challenge.scopes };
        // Without any the server's default counts (RFC 6749, section 3.3), which one alone would replace.
        let is_asked = scopes.is_empty() || scopes.iter().any(|scope| scope == OFFLINE_ACCESS);
        if server.knows_offline_access && !is_asked {
            scopes.push(OFFLINE_ACCESS.to_owned());
        }
        Ok(found(&server, &client, &protected.resource, &scopes, known.is_some()))
    }

    /// Asks the resource without a token, for what it says when it refuses.
    async fn challenge(&self, resource: &Url) -> Result<Challenge, DiscoveryProblem> {
        let client = json!({"name": self.ours.name, "version": env!("CARGO_PKG_VERSION")});
        let meta = json!({
            "io.modelcontextprotocol/protocolVersion": REVISION,
            "io.modelcontextprotocol/clientInfo": client,
            "io.modelcontextprotocol/clientCapabilities": {},
        });
        let asked = json!({"jsonrpc": "2.0", "id": "discover", "method": "server/discover", "params": {"_meta": meta}});
        let mut request = self.request(Method::POST, resource, Some(&asked))?;
        let headers = request.headers_mut();
        headers.insert(header::ACCEPT, HeaderValue::from_static("application/json, text/event-stream"));
        headers.insert("mcp-protocol-version", HeaderValue::from_static(REVISION));
        headers.insert("mcp-method", HeaderValue::from_static("server/discover"));
        let answer = match self.outbound.send_once(request).await {
            Ok(answer) => answer,
            // It says nothing of itself here; its metadata may be at their usual places.
            Err(NoAnswer::Redirected | NoAnswer::TimedOut) => return Ok(Challenge::default()),
            Err(reason) => return Err(DiscoveryProblem::NoAnswer { host: host(resource), reason }),
        };
        if answer.status != http::StatusCode::UNAUTHORIZED.as_u16() {
            return Ok(Challenge::default());
        }
        Ok(Challenge::of(&answer))
    }

    /// The metadata of the resource: where its refusal says, else at the well-known places.
    async fn protected(
        &self,
        resource: &Url,
        told: Option<Url>,
    ) -> Result<ProtectedResource, DiscoveryProblem> {
        let places = told.map_or_else(|| resource_metadata_places(resource), |told| vec![told]);
        match self.first(&places).await? {
            Some(metadata) => ProtectedResource::read(&metadata, resource),
            None => Err(DiscoveryProblem::Unguarded { host: host(resource) }),
        }
    }

    /// The first of its authorization servers at a host that is approved.
    async fn server(&self, protected: &ProtectedResource) -> Result<ServerMetadata, DiscoveryProblem> {
        let issuers = &protected.authorization_servers;
        let approved = issuers.iter().find(|issuer| self.provider.approves_found(issuer.url()));
        let Some(issuer) = approved else {
            let host = issuers.first().map(|issuer| host(issuer.url())).unwrap_or_default();
            return Err(DiscoveryProblem::Unapproved { host });
        };
        let Some(metadata) = self.first(&server_metadata_places(issuer)).await? else {
            return Err(DiscoveryProblem::NoServer { host: issuer.host() });
        };
        let server = ServerMetadata::read(&metadata, issuer)?;
        self.check(&server.authorization_endpoint)?;
        self.check(&server.token_endpoint)?;
        Ok(server)
    }

    /// Registers us (RFC 7591, section 3).
    async fn register(&self, server: &ServerMetadata, at: Url) -> Result<Client, DiscoveryProblem> {
        let request = self.request(Method::POST, &at, Some(&server.registration(self.ours)))?;
        let answer = self.send(&at, request).await?;
        server.registered(answer.status, &answer.body().json().unwrap_or_default(), self.ours)
    }

    /// The document at the first of these places that has one. `None`: none has.
    async fn first(&self, places: &[Url]) -> Result<Option<Value>, DiscoveryProblem> {
        for place in places {
            let request = self.request(Method::GET, place, None)?;
            let answer = match self.send(place, request).await {
                Ok(answer) => answer,
                // As hosts do that lead whoever is unknown to a page to sign in.
                Err(DiscoveryProblem::NoAnswer {
                    reason: NoAnswer::Redirected | NoAnswer::TooLarge, ..
                }) => {
                    continue;
                }
                Err(problem) => return Err(problem),
            };
            let document = answer.body().json().filter(Value::is_object);
            if let Some(document) = document.filter(|_| answer.status == http::StatusCode::OK.as_u16()) {
                return Ok(Some(document));
            }
        }
        Ok(None)
    }

    fn request(
        &self,
        method: Method,
        url: &Url,
        body: Option<&Value>,
    ) -> Result<Request<Vec<u8>>, DiscoveryProblem> {
        self.check(url)?;
        let mut request = Request::new(body.map(Value::to_string).unwrap_or_default().into_bytes());
        *request.method_mut() = method;
        *request.uri_mut() = url
            .as_str()
            .parse()
            .map_err(|_| DiscoveryProblem::Unusable { host: host(url), what: "address".to_owned() })?;
        let headers = request.headers_mut();
        headers.insert(header::ACCEPT, HeaderValue::from_static(JSON));
        if body.is_some() {
            headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(JSON));
        }
        Ok(request)
    }

    async fn send(&self, url: &Url, request: Request<Vec<u8>>) -> Result<Answer, DiscoveryProblem> {
        let answer = self.outbound.send(request).await;
        answer.map_err(|reason| DiscoveryProblem::NoAnswer { host: host(url), reason })
    }

    fn check(&self, url: &Url) -> Result<(), DiscoveryProblem> {
        match self.provider.approves_found(url) {
            true => Ok(()),
            false => Err(DiscoveryProblem::Unapproved { host: host(url) }),
        }
    }
}

impl Challenge {
    fn of(answer: &Answer) -> Self {
        let values = answer.headers.get_all(header::WWW_AUTHENTICATE).into_iter();
        let values = values.filter_map(|value| value.to_str().ok());
        let mut challenge = Self::default();
        for one in values.filter_map(|value| parse_challenges(value).ok()).flatten() {
            if !one.scheme.eq_ignore_ascii_case("bearer") {
                continue;
            }
            for (name, value) in &one.params {
                match name.to_ascii_lowercase().as_str() {
                    "resource_metadata" => challenge.metadata = Url::parse(&value.to_unescaped()).ok(),
                    "scope" => challenge.scopes = scopes_of(&value.to_unescaped()),
                    _ => {}
                }
            }
        }
        challenge
    }
}

/// What is kept.
fn found(
    server: &ServerMetadata,
    client: &Client,
    resource: &str,
    scopes: &[String],
    is_known: bool,
) -> Map<String, Value> {
    let mut found = Map::new();
    let mut keep = |name: &str, value: &str| {
        if !value.is_empty() {
            found.insert(name.to_owned(), value.into());
        }
    };
    keep(own_client::AUTHORIZATION_ENDPOINT, server.authorization_endpoint.as_str());
    keep(own_client::TOKEN_ENDPOINT, server.token_endpoint.as_str());
    keep(own_client::ISSUER, server.issuer.as_str());
    keep(own_client::REQUIRES_ISSUER, if server.sends_issuer { "true" } else { "" });
    keep(own_client::RESOURCE, resource);
    let is_offline = scopes.iter().any(|scope| scope == OFFLINE_ACCESS);
    keep(own_client::PROMPT, if is_offline { "consent" } else { "" });
    keep(own_client::SCOPES, &scopes.join(","));
    keep(own_client::AUTH, ClientAuth::as_str(client.auth));
    if !is_known {
        keep(own_client::REGISTERED_ID, &client.id);
        keep(own_client::REGISTERED_SECRET, client.secret.as_deref().unwrap_or_default());
    }
    found
}
