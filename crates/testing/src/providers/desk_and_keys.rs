//! Two providers that a test plays: Desk, by OAuth with rotating refresh tokens, and Keys, by an API key.
//!
//! Strict: a refresh token works once, an access token until the next one is granted. What they answer otherwise, the
//! test says.
#![expect(clippy::unwrap_used, reason = "a test fails where its providers cannot be played")]

use std::{
    collections::HashMap,
    net::SocketAddr,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use bytes::Bytes;
use http::{Request, Response, header};
use http_body_util::Full;
use serde_json::{Value, json};
use tokio::{net::TcpListener, sync::watch, task::JoinHandle};

use crate::{certificates::Authority, https};

/// The files of both for the catalog, by name.
pub const FILES: [(&str, &str); 2] = [("desk.toml", DESK), ("keys.toml", KEYS)];

/// The host of each.
pub const HOSTS: [&str; 2] = ["desk.example", "keys.example"];

/// The id and the secret of the one app that Desk knows.
pub const APP: (&str, &str) = ("desk-client", "SECRET-of-desk");

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
pub enum Says {
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

/// The running providers. They stop when it is dropped.
pub struct DeskAndKeys {
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

impl DeskAndKeys {
    /// Starts both.
    pub async fn start() -> Self {
        let authority = Authority::new().unwrap();
        let acceptor = authority.certify(&HOSTS).unwrap().acceptor().unwrap();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (book, says) = (Arc::<Mutex<Book>>::default(), watch::Sender::new(HashMap::new()));
        let (shared, heard) = (Arc::clone(&book), says.subscribe());
        let task = https::serve(listener, acceptor, move |request| {
            answer(Arc::clone(&shared), heard.clone(), request)
        });
        Self { book, says, address, authority, task }
    }

    /// The certificate to trust, as PEM.
    pub fn ca_pem(&self) -> String {
        self.authority.pem()
    }

    /// Where both are.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    fn book(&self) -> MutexGuard<'_, Book> {
        self.book.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Has a deed (`desk probe`, `desk token`, `keys probe`) answered so from now on.
    pub fn set(&self, deed: &'static str, says: Says) {
        self.says.send_modify(|all| drop(all.insert(deed, says)));
    }

    /// How many probes a provider had.
    pub fn probes(&self, provider: &str) -> usize {
        self.book().probes.iter().filter(|one| one.starts_with(provider)).count()
    }

    /// How often each grant's refresh token was sent, the first grant's first.
    pub fn refreshes(&self) -> Vec<usize> {
        let book = self.book();
        let sent = |grant: u32| book.refreshes.iter().filter(|one| **one == refresh_token(grant)).count();
        (0..=book.grant).map(sent).collect()
    }

    /// Ends the access token that was granted last, as a provider may at any time.
    pub fn end_access_token(&self) {
        self.set("desk probe", Says::This(401, vec![], ""));
    }
}

impl Drop for DeskAndKeys {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// The access token of a grant.
pub fn access_token(grant: u32) -> String {
    format!("SECRET-access-{grant}")
}

/// The refresh token of a grant.
pub fn refresh_token(grant: u32) -> String {
    format!("SECRET-refresh-{grant}")
}

async fn answer(
    book: Arc<Mutex<Book>>,
    mut says: watch::Receiver<HashMap<&'static str, Says>>,
    request: Request<Bytes>,
) -> Response<Full<Bytes>> {
    let (head, body) = request.into_parts();
    let text = |name: &str| {
        head.headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default().to_owned()
    };
    let host = text("host").split(':').next().unwrap_or_default().to_owned();
    let deed = deed(&host, head.uri.path());
    let form: HashMap<String, String> = url::form_urlencoded::parse(&body).into_owned().collect();
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
        return response.body(Full::from(body)).unwrap();
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
    response.body(Full::from(body.to_string())).unwrap()
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
