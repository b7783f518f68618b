//! Two providers that a test plays: Desk, by OAuth with rotating refresh tokens, and Keys, by an API key.
//!
//! Strict: a refresh token works once, an access token until the next one is granted. What they answer otherwise, the
//! test says.

use std::{
    collections::HashMap,
    net::SocketAddr,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use bytes::Bytes;
use http::{Request, Response, header};
use http_body_util::{BodyExt as _, Full};
use hyper::{body::Incoming, server::conn::http1, service::service_fn};
use hyper_util::rt::TokioIo;
use integrations_core::catalog::Catalog;
use riq_server::{
    monitor::MonitorSettings,
    provider::{oauth_apps::OAuthApp, outbound::OutboundSettings},
};
use serde_json::{Value, json};
use tokio::{
    net::{TcpListener, TcpStream},
    sync::watch,
    task::JoinHandle,
};
use tokio_rustls::TlsAcceptor;

use super::{Backend, Server, TestDatabase, certificates::Authority, server::Plan};

const DESK: &str = r#"
key = "desk"
name = "Desk"
description = "Tickets."
category = "support"
documentation_url = "https://desk.example/docs"
api_base_url = "https://desk.example/api"
revoke_page = "https://desk.example/apps"
[oauth]
authorize_url = "https://desk.example/authorize"
token_url = "https://desk.example/token"
scopes = ["tickets"]
pkce = "s256"
client_auth = "basic"
refresh_rotates = true
[probe]
method = "GET"
url = "https://desk.example/me"
headers = { Authorization = "Bearer {access_token}" }
good_statuses = [200]
refused_statuses = [401]
[rate_limit]
retry_after = "retry-after"
"#;

const KEYS: &str = r#"
key = "keys"
name = "Keys"
description = "Keys."
category = "support"
documentation_url = "https://keys.example/docs"
api_base_url = "https://keys.example/api"
revoke_page = "https://keys.example/apps"
[api_key]
page = "https://keys.example/keys"
[[api_key.fields]]
key = "api_key"
label = "API key"
help = "In the settings."
example = "0000"
[probe]
method = "GET"
url = "https://keys.example/me"
headers = { X-Key = "{api_key}" }
good_statuses = [200]
refused_statuses = [401]
[rate_limit]
retry_after = "retry-after"
"#;

/// An answer that the test sets.
#[derive(Clone, Debug)]
pub(crate) enum Says {
    /// What a provider says that works.
    Truth,
    /// This status, with these headers, and this body.
    This(u16, Vec<(&'static str, &'static str)>, &'static str),
    /// Nothing, until the test sets something else; then the truth.
    Nothing,
}

/// What the providers know.
#[derive(Debug, Default)]
struct Book {
    /// Counts the grants of Desk; tokens are named by it.
    grant: u32,
    probes: Vec<String>,
    /// The refresh tokens that were sent.
    refreshes: Vec<String>,
}

/// The running providers.
pub(crate) struct Played {
    book: Arc<Mutex<Book>>,
    /// By host and path.
    says: watch::Sender<HashMap<&'static str, Says>>,
    address: SocketAddr,
    authority: Authority,
    task: JoinHandle<()>,
}

/// What a request is: `desk probe`, `desk token` or `keys probe`.
const fn deed(host: &str, path: &str) -> &'static str {
    match (host.as_bytes(), path.as_bytes()) {
        (b"desk.example", b"/me") => "desk probe",
        (b"desk.example", b"/token") => "desk token",
        (b"keys.example", b"/me") => "keys probe",
        _ => "nothing",
    }
}

impl Played {
    async fn start() -> Self {
        let authority = Authority::new();
        let acceptor = authority.certify(&["desk.example", "keys.example"]).acceptor();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (book, says) = (Arc::<Mutex<Book>>::default(), watch::Sender::new(HashMap::new()));
        let (shared, heard) = (Arc::clone(&book), says.subscribe());
        let task = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(connection(acceptor.clone(), stream, Arc::clone(&shared), heard.clone()));
            }
        });
        Self { book, says, address, authority, task }
    }

    /// What a server needs to know them.
    fn plan(&self) -> Plan {
        let files =
            [("desk.toml", DESK), ("keys.toml", KEYS)].map(|(name, file)| (name.to_owned(), file.to_owned()));
        let catalog = Catalog::embedded().unwrap().with_files(files).unwrap();
        let hosts = ["desk.example", "keys.example"].map(|host| (host.to_owned(), self.address));
        let app = OAuthApp { client_id: "desk-client".into(), client_secret: "SECRET-of-desk".into() };
        Plan {
            catalog: Arc::new(catalog),
            outbound: OutboundSettings {
                ca_certificates: Some(self.authority.pem().into_bytes()),
                resolve: hosts.into(),
                // Who keeps silent does so until the test has seen what it wants to see.
                timeout: std::time::Duration::from_secs(60),
                ..OutboundSettings::default()
            },
            oauth_apps: [("desk".to_owned(), app)].into(),
            ..Plan::default()
        }
    }

    fn book(&self) -> MutexGuard<'_, Book> {
        self.book.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Has a deed (`desk probe`, `desk token`, `keys probe`) answered so from now on.
    pub(crate) fn set(&self, deed: &'static str, says: Says) {
        self.says.send_modify(|all| drop(all.insert(deed, says)));
    }

    /// How many probes a provider had.
    pub(crate) fn probes(&self, provider: &str) -> usize {
        self.book().probes.iter().filter(|one| one.starts_with(provider)).count()
    }

    /// How often each grant's refresh token was sent, the first grant's first.
    pub(crate) fn refreshes(&self) -> Vec<usize> {
        let book = self.book();
        let sent = |grant: u32| book.refreshes.iter().filter(|one| **one == refresh_token(grant)).count();
        (0..=book.grant).map(sent).collect()
    }

    /// Ends the access token that was granted last, as a provider may at any time.
    pub(crate) fn end_access_token(&self) {
        self.set("desk probe", Says::This(401, vec![], ""));
    }
}

impl Drop for Played {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// The access token of a grant.
pub(crate) fn access_token(grant: u32) -> String {
    format!("SECRET-access-{grant}")
}

/// The refresh token of a grant.
pub(crate) fn refresh_token(grant: u32) -> String {
    format!("SECRET-refresh-{grant}")
}

async fn connection(
    acceptor: TlsAcceptor,
    stream: TcpStream,
    book: Arc<Mutex<Book>>,
    says: watch::Receiver<HashMap<&'static str, Says>>,
) {
    let Ok(stream) = acceptor.accept(stream).await else { return };
    let service = service_fn(move |request| answer(Arc::clone(&book), says.clone(), request));
    drop(http1::Builder::new().serve_connection(TokioIo::new(stream), service).await);
}

async fn answer(
    book: Arc<Mutex<Book>>,
    mut says: watch::Receiver<HashMap<&'static str, Says>>,
    request: Request<Incoming>,
) -> Result<Response<Full<Bytes>>, hyper::Error> {
    let (head, body) = request.into_parts();
    let text = |name: &str| {
        head.headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default().to_owned()
    };
    let host = text("host").split(':').next().unwrap_or_default().to_owned();
    let deed = deed(&host, head.uri.path());
    let form = body.collect().await?.to_bytes();
    let form: HashMap<String, String> = url::form_urlencoded::parse(&form).into_owned().collect();
    let lock = || book.lock().unwrap_or_else(PoisonError::into_inner);
    match deed {
        "desk token" => lock().refreshes.push(form.get("refresh_token").cloned().unwrap_or_default()),
        "nothing" => {}
        probe => lock().probes.push(probe.to_owned()),
    }
    let is_silent = |all: &HashMap<_, _>| matches!(all.get(deed), Some(Says::Nothing));
    // Fails where the test is over.
    let said =
        says.wait_for(|all| !is_silent(all)).await.map(|all| all.get(deed).cloned()).unwrap_or_default();
    if let Some(Says::This(status, headers, body)) = said {
        let mut response = Response::builder().status(status);
        for (name, value) in headers {
            response = response.header(name, value);
        }
        return Ok(response.body(Full::from(body)).unwrap());
    }
    let (status, body) = match deed {
        "desk probe" => {
            let is_good = text("authorization") == format!("Bearer {}", access_token(lock().grant));
            (if is_good { 200 } else { 401 }, json!({}))
        }
        "keys probe" => (if text("x-key") == "SECRET-key" { 200 } else { 401 }, json!({})),
        "desk token" => token(&mut lock(), &form, &text("authorization")),
        _ => (404, Value::Null),
    };
    let response = Response::builder().status(status).header(header::CONTENT_TYPE, "application/json");
    Ok(response.body(Full::from(body.to_string())).unwrap())
}

/// RFC 6749, section 6, with rotation.
fn token(book: &mut Book, form: &HashMap<String, String>, authorization: &str) -> (u16, Value) {
    // desk-client:SECRET-of-desk
    if authorization != "Basic ZGVzay1jbGllbnQ6U0VDUkVULW9mLWRlc2s=" {
        return (401, json!({"error": "invalid_client"}));
    }
    if form.get("grant_type").map(String::as_str) != Some("refresh_token") || form.len() != 2 {
        return (400, json!({"error": "invalid_request"}));
    }
    if form.get("refresh_token") != Some(&refresh_token(book.grant)) {
        return (400, json!({"error": "invalid_grant"}));
    }
    book.grant += 1;
    let (access_token, refresh_token) = (access_token(book.grant), refresh_token(book.grant));
    (
        200,
        json!({"access_token": access_token, "refresh_token": refresh_token, "token_type": "Bearer", "expires_in": 3600}),
    )
}

/// A server that knows the played providers.
pub(crate) struct Stage {
    pub(crate) server: Server,
    pub(crate) provider: Played,
}

impl Stage {
    /// Another server on the same database, which looks after what is due.
    pub(crate) async fn worker(&self) -> Server {
        let poll = std::time::Duration::from_millis(5);
        self.server.worker(MonitorSettings { in_flight: 8, per_provider: 6, per_host: 6, poll }).await
    }
}

/// Runs a test on a stage of its own.
pub(crate) async fn on_stage(backend: Backend, test: impl AsyncFnOnce(&Stage)) {
    let Some(database) = TestDatabase::create(backend).await else { return };
    let provider = Played::start().await;
    let server = Server::start_with(database, provider.plan(), |_| {}).await;
    let stage = Stage { server, provider };
    test(&stage).await;
    stage.server.stop().await;
}
