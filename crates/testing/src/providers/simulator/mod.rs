//! The providers of the catalog, played by one strict server on a loopback port.
//!
//! What each provider asks for is data (`expectations/*.toml`), written from the providers' own documentation and not
//! from our provider files. What is not as documented is refused as the provider would, and noted down with the reason
//! ([`Simulator::complaints`]). Nothing here follows what our server does.
#![expect(clippy::unwrap_used, clippy::panic, reason = "a test fails where its providers cannot be played")]

mod authorize;
mod calls;
mod expectations;
mod message;
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
    state::{State, lock},
};
pub use self::{
    message::Request,
    state::{Switches, TokenSwitch},
};
use crate::{certificates::Authority, https};

/// What a person decides on a consent page.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Decision {
    /// Clicks "Allow".
    Allow,
    /// Clicks "Deny".
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
    /// Starts the providers, with a certificate for all their hosts from an authority of their own.
    pub async fn start() -> Self {
        let state = Arc::new(State {
            providers: Expectations::all(),
            switches: Mutex::default(),
            redirect_uris: Mutex::default(),
            codes: Mutex::default(),
            tokens: Mutex::default(),
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

    /// The names that all lead to [`Self::address`].
    pub fn hosts(&self) -> Vec<String> {
        hosts(&self.state)
    }

    /// Where every host is.
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

    /// The id and the secret of the one app that a provider knows.
    pub fn app(&self, provider: &str) -> (String, String) {
        (expectations::client_id(provider), expectations::client_secret(provider))
    }

    /// What a person would supply beside the credential, one way or the other.
    pub fn connections(&self, provider: &str) -> Vec<Map<String, Value>> {
        self.state.provider(provider).connections()
    }

    /// The credential of one of the accounts of a form provider.
    pub fn credential(&self, provider: &str, account: usize) -> Map<String, Value> {
        self.state.provider(provider).accounts[account].credential()
    }

    /// Registers a redirect URI with every app.
    pub fn register(&self, redirect_uri: &str) {
        lock(&self.state.redirect_uris).push(redirect_uri.to_owned());
    }

    /// Changes what the providers do.
    pub fn switch(&self, change: impl FnOnce(&mut Switches)) {
        change(&mut lock(&self.state.switches));
    }

    /// Lets token endpoints that hang go on.
    pub fn release(&self) {
        self.state.released.send_replace(true);
    }

    /// What was not as documented, in the order of its happening: which provider, and what.
    pub fn complaints(&self) -> Vec<String> {
        lock(&self.state.complaints).clone()
    }

    /// Every request that was received.
    pub fn requests(&self) -> Vec<Request> {
        lock(&self.state.requests).clone()
    }

    /// A client that finds and trusts the providers, and follows no redirects.
    pub fn client(&self) -> &reqwest::Client {
        &self.client
    }

    /// Opens the consent page at `authorize_url`, decides, and returns where the browser is sent.
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

/// Answers a request, and notes it down.
async fn answer(state: &State, request: Request) -> Response {
    lock(&state.requests).push(request.clone());
    for provider in &state.providers {
        if let Some((endpoint, account)) = provider.authorize_at(&request) {
            return authorize::answer(state, provider, endpoint, account, &request);
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
    // Whoever comes second is told so, and the first one's provider stays.
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
