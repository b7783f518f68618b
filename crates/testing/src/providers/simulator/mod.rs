//! Simulates the providers of the catalog by one strict server on a loopback port.
//!
//! What each provider expects is data (`expectations/*.toml`), written from the providers' own documentation and not
//! from our provider files. A request that is not as documented is refused as the provider would refuse it, and the
//! reason is recorded ([`Simulator::complaints`]). Nothing here is derived from what our server does.
#![expect(clippy::unwrap_used, clippy::panic, reason = "a test fails if its providers cannot be simulated")]

mod assertion;
mod authorize;
mod aws_signature;
mod body;
mod call;
mod calls;
mod expectations;
mod grants;
mod message;
mod revocations;
mod state;
mod template;
mod token;

use std::{
    net::SocketAddr,
    sync::{Arc, Mutex},
};

use reqwest::{Url, header};
use serde_json::{Map, Value};
use tokio::{net::TcpListener, sync::watch, task::JoinHandle};

use self::{
    expectations::Expectations,
    message::Response,
    state::{State, Token, lock},
};
pub use self::{
    message::Request,
    state::{Switches, TokenSwitch},
};
use crate::{certificates::Authority, https, provider_files};

/// A person's decision on a consent page.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Decision {
    /// The person clicks "Allow".
    Allow,
    /// The person clicks "Deny".
    Deny,
}

impl Decision {
    const fn as_str(self) -> &'static str {
        match self {
            Self::Allow => "allow",
            Self::Deny => "deny",
        }
    }
}

/// The running providers. They stop when it is dropped.
pub struct Simulator {
    state: Arc<State>,
    authority: Authority,
    address: SocketAddr,
    client: reqwest::Client,
    task: JoinHandle<()>,
}

impl Simulator {
    /// Starts the providers of the contract, with one certificate for all their hosts, signed by a new authority.
    pub async fn start() -> Self {
        Self::start_with(provider_files::OF_THE_CONTRACT.map(str::to_owned).to_vec()).await
    }

    /// Starts providers, by their keys. Some share a host, so [`Self::play`] says which of them answers.
    pub async fn start_with(providers: Vec<String>) -> Self {
        Self::start_as(providers.iter().map(|provider| Expectations::of(provider)).collect()).await
    }

    /// Starts providers of a test's own, by their expectations.
    pub async fn start_as_told(expectations: &[&str]) -> Self {
        Self::start_as(expectations.iter().map(|text| toml::from_str(text).unwrap()).collect()).await
    }

    async fn start_as(providers: Vec<Expectations>) -> Self {
        let state = Arc::new(State {
            providers,
            playing: Mutex::default(),
            switches: Mutex::default(),
            redirect_uris: Mutex::default(),
            codes: Mutex::default(),
            tokens: Mutex::default(),
            ended_keys: Mutex::default(),
            assertions: Mutex::default(),
            requests: Mutex::default(),
            complaints: Mutex::default(),
            released: watch::Sender::new(false),
        });
        let hosts = hosts(&state);
        let authority = Authority::new().unwrap();
        let names: Vec<&str> = hosts.iter().map(String::as_str).collect();
        let acceptor = authority.certify(&names).unwrap().acceptor().unwrap();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let client = client(&authority.pem(), &hosts, address);
        let shared = Arc::clone(&state);
        let task = https::serve(listener, acceptor, move |request| {
            let state = Arc::clone(&shared);
            async move { answer(&state, Request::read(request)).await.write() }
        });
        Self { state, authority, address, client, task }
    }

    /// The certificate to trust, as PEM.
    pub fn ca_pem(&self) -> String {
        self.authority.pem()
    }

    /// The host names of all providers. They must resolve to [`Self::address`].
    pub fn hosts(&self) -> Vec<String> {
        hosts(&self.state)
    }

    /// The address of every host.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// The keys of the providers that are connected by OAuth.
    pub fn oauth_providers(&self) -> Vec<&str> {
        let oauth = self.state.providers.iter().filter(|provider| provider.authorize.is_some());
        oauth.map(|provider| provider.provider.as_str()).collect()
    }

    /// The keys of the providers that are connected by a form.
    pub fn form_providers(&self) -> Vec<&str> {
        let form = self.state.providers.iter().filter(|provider| provider.authorize.is_none());
        form.map(|provider| provider.provider.as_str()).collect()
    }

    /// The client id and secret of the only app that a provider knows.
    pub fn app(&self, provider: &str) -> (String, String) {
        (expectations::client_id(provider), expectations::client_secret(provider))
    }

    /// What that app has beside.
    pub fn app_fields(&self, provider: &str) -> Map<String, Value> {
        self.state.provider(provider).app.clone()
    }

    /// What a person could supply in addition to the credential.
    pub fn connections(&self, provider: &str) -> Vec<Map<String, Value>> {
        self.state.provider(provider).connections()
    }

    /// The credential of one account of a provider that is connected by a form.
    pub fn credential(&self, provider: &str, account: usize) -> Map<String, Value> {
        self.state.provider(provider).accounts[account].credential()
    }

    /// What a person types into the form of a way without OAuth, for the first account. `None`: there is no such way.
    pub fn key(&self, provider: &str) -> Option<Map<String, Value>> {
        let provider = self.state.provider(provider);
        let beside = provider.key.as_ref().map(|key| key.credential.clone());
        beside.or_else(|| provider.token.is_none().then(|| provider.accounts[0].credential()))
    }

    /// Whether a provider grants refresh tokens.
    pub fn refreshes(&self, provider: &str) -> bool {
        self.state.provider(provider).token.as_ref().is_some_and(|token| token.refresh.is_some())
    }

    /// Ends every access token of a provider. Returns whether one of them can be refreshed.
    pub fn end_access(&self, provider: &str) -> bool {
        let mut tokens = lock(&self.state.tokens);
        let living = tokens.iter_mut().filter(|token| token.provider == provider && !token.has_ended);
        living.fold(false, |can, token| {
            token.has_ended = true;
            can || token.refresh_token.is_some()
        })
    }

    /// The further ways to log in by a form that gets or signs tokens: the kind, and what a person types into it.
    pub fn ways(&self, provider: &str) -> Vec<(String, Map<String, Value>)> {
        self.state.provider(provider).ways()
    }

    /// What a person types into the form of a way to log in, by its kind, for the first account. `None`: there is no
    /// such way.
    pub fn typed(&self, provider: &str, way: &str) -> Option<Map<String, Value>> {
        let of_way = self.ways(provider).into_iter().find(|(kind, _)| kind == way);
        of_way.map(|(_, typed)| typed).or_else(|| self.key(provider))
    }

    /// A credential of the first account of a provider, as an import takes it. An access token is granted for it.
    pub fn granted(&self, provider: &str) -> Map<String, Value> {
        if self.state.provider(provider).token.is_none() {
            return self.credential(provider, 0);
        }
        let access_token = format!("SECRET-granted-by-{provider}");
        let token =
            Token { provider: provider.to_owned(), access_token: access_token.clone(), ..Token::default() };
        lock(&self.state.tokens).push(token);
        let null = |name: &str| (name.to_owned(), Value::Null);
        let access_token = ("access_token".to_owned(), access_token.into());
        Map::from_iter([access_token, null("refresh_token"), null("expires_at")])
    }

    /// The keys of every provider that can be simulated.
    pub fn known() -> Vec<String> {
        expectations::keys()
    }

    /// Lets one provider answer, and no other.
    pub fn play(&self, provider: &str) {
        *lock(&self.state.playing) = Some(provider.to_owned());
    }

    /// Ends every token that was granted.
    pub fn forget_tokens(&self) {
        lock(&self.state.tokens).clear();
    }

    /// Registers a redirect URI with every app.
    pub fn register(&self, redirect_uri: &str) {
        lock(&self.state.redirect_uris).push(redirect_uri.to_owned());
    }

    /// Changes what the providers do.
    pub fn switch(&self, change: impl FnOnce(&mut Switches)) {
        change(&mut lock(&self.state.switches));
    }

    /// Lets token endpoints that hang answer.
    pub fn release(&self) {
        self.state.released.send_replace(true);
    }

    /// The requests that were not as documented, in the order of arrival: the provider, and what was wrong.
    pub fn complaints(&self) -> Vec<String> {
        lock(&self.state.complaints).clone()
    }

    /// Forgets the complaints after the first `count`: a test asked for them.
    pub fn forgive(&self, count: usize) {
        lock(&self.state.complaints).truncate(count);
    }

    /// Every request that was received.
    pub fn requests(&self) -> Vec<Request> {
        lock(&self.state.requests).clone()
    }

    /// A client that resolves and trusts the providers' hosts, and does not follow redirects.
    pub fn client(&self) -> &reqwest::Client {
        &self.client
    }

    /// Opens the consent page at `authorize_url`, decides, and returns the URL that the browser is redirected to.
    pub async fn decide(&self, authorize_url: &str, decision: Decision) -> Url {
        let page = self.client.get(authorize_url).send().await.unwrap();
        let (status, text) = (page.status(), page.text().await.unwrap());
        assert!(status.is_success() && text.contains("id=\"allow\""), "{status}: {text}");
        let clicked = format!("decision={}", decision.as_str());
        let form = "application/x-www-form-urlencoded";
        let request = self.client.post(authorize_url).header(header::CONTENT_TYPE, form).body(clicked);
        let answer = request.send().await.unwrap();
        answer.headers()[header::LOCATION].to_str().unwrap().parse().unwrap()
    }
}

impl Drop for Simulator {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// Records a request and answers it.
async fn answer(state: &State, request: Request) -> Response {
    lock(&state.requests).push(request.clone());
    let playing = lock(&state.playing).clone();
    let plays = |one: &&Expectations| playing.as_ref().is_none_or(|playing| *playing == one.provider);
    for provider in state.providers.iter().filter(plays) {
        if let Some((endpoint, account)) = provider.authorize_at(&request) {
            return authorize::answer(state, provider, endpoint, account, &request);
        }
        if let Some(answer) = revocations::answer(state, provider, &request) {
            return answer;
        }
        if let Some(answer) = grants::answer(state, provider, &request).await {
            return answer;
        }
        if let Some(endpoint) = provider.token_at(&request) {
            return token::answer(state, provider, endpoint, &request).await;
        }
        if let Some(answer) = calls::answer(state, provider, &request) {
            return answer;
        }
    }
    state.complain("nobody", &format!("there is no {} {}{}", request.method, request.host, request.path));
    Response::json(404, &Value::Null)
}

fn hosts(state: &State) -> Vec<String> {
    let mut hosts: Vec<String> = state.providers.iter().flat_map(Expectations::hosts).collect();
    hosts.sort();
    hosts.dedup();
    hosts
}

fn client(ca_pem: &str, hosts: &[String], address: SocketAddr) -> reqwest::Client {
    let certificate = reqwest::Certificate::from_pem(ca_pem.as_bytes()).unwrap();
    // This fails if a provider of cryptography is installed already, which does no harm.
    rustls::crypto::ring::default_provider().install_default().unwrap_or_default();
    let mut builder = reqwest::Client::builder()
        .no_proxy()
        .tls_certs_only([certificate])
        .redirect(reqwest::redirect::Policy::none());
    for host in hosts {
        builder = builder.resolve(host, address);
    }
    builder.build().unwrap()
}
