//! Simulated providers that revoke, or do not: Gate, which ends a token or the whole grant; Hall, which only ends the
//! grant; and Stub, which ends the refresh token and leaves the access token alone.
//!
//! They are strict: what they take is what their tokens allow, whatever they answered to a request to revoke. A token
//! belongs to a connection of an account, as in `SECRET-access-acme.1-0`: the account, the connection, and how often
//! its tokens were renewed.
#![expect(clippy::unwrap_used, reason = "a test fails if its providers cannot be simulated")]

use std::{
    collections::HashMap,
    net::SocketAddr,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use bytes::Bytes;
use http::{Request, Response, header};
use http_body_util::Full;
use serde_json::{Value, json};
use tokio::{net::TcpListener, sync::watch, task::JoinHandle};

use crate::{certificates::Authority, https};

/// Their keys in the catalog.
pub const KEYS: [&str; 3] = ["gate", "hall", "stub"];
/// Their hosts.
pub const HOSTS: [&str; 3] = ["gate.example", "hall.example", "stub.example"];
/// The client id and secret of the only app that they know.
pub const APP: (&str, &str) = ("gate-client", "SECRET-of-gate");
/// For how long an access token of Stub works on, in seconds.
pub const LIFE: u32 = 1800;

const FILE: &str = r#"
format = 2
key = "{key}"
name = "{name}"
description = "Opens."
category = "support"
documentation_url = "https://{key}.example/docs"
api_base_url = "https://{key}.example/api"
revoke_page = "https://{key}.example/apps"
[[auth]]
kind = "oauth"
[auth.oauth]
authorize_url = "https://{key}.example/authorize"
token_url = "https://{key}.example/token"
scopes = ["open"]
pkce = "s256"
client_auth = "basic"
refresh_rotates = true
[auth.request]
headers = { Authorization = "Bearer {access_token}" }
[account]
source = "probe"
id = ["/id"]
name = ["/id"]
[probe]
method = "GET"
url = "https://{key}.example/me"
good_statuses = [200]
refused_statuses = [401]
[rate_limit]
retry_after = "retry-after"
"#;

const TOKEN: &str = r#"
[auth.revoke.token]
method = "POST"
url = "https://gate.example/revoke"
form = { token = "{token}" }
client_auth = "basic"
tokens = ["refresh_token", "access_token"]
"#;

const GRANT: &str = r#"
[auth.revoke.grant]
method = "DELETE"
url = "https://{key}.example/grants/{client_id}"
json = { token = "{token}" }
client_auth = "basic"
tokens = ["access_token"]
"#;

const REFRESH_TOKEN: &str = r#"
[auth.revoke]
access_token_lives_seconds = 1800
[auth.revoke.token]
method = "POST"
url = "https://stub.example/revoke"
form = { token = "{token}" }
client_auth = "body"
tokens = ["refresh_token"]
"#;

/// How long they take to answer a request to revoke.
const SLOWNESS: Duration = Duration::from_millis(5);

/// Their provider files, by name.
pub fn files() -> [(&'static str, String); 3] {
    let file = |key: &str, name: &str, revoke: String| {
        (FILE.to_owned() + &revoke).replace("{key}", key).replace("{name}", name)
    };
    [
        ("gate.toml", file("gate", "Gate", format!("{TOKEN}{GRANT}"))),
        ("hall.toml", file("hall", "Hall", GRANT.to_owned())),
        ("stub.toml", file("stub", "Stub", REFRESH_TOKEN.to_owned())),
    ]
}

/// How an account's requests to revoke are answered.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Manner {
    /// It is done, and the answer is 200.
    #[default]
    Honest,
    /// Nothing is done, and the answer has this status.
    Refuses(u16),
    /// Nothing is done, and the answer is 200.
    Lies,
    /// It is done, and the answer is 400.
    DoneThough400,
    /// It is done, and the connection breaks in place of the answer.
    LosesAnswer,
    /// No answer, and nothing is done, until [`Gate::release`]; then as [`Manner::Honest`].
    Hangs,
}

/// The tokens of a connection.
#[derive(Clone, Debug, Default)]
struct Tokens {
    /// How often they were renewed.
    serial: u32,
    is_access_dead: bool,
    is_refresh_dead: bool,
}

/// A request to revoke that arrived: `token` or `grant`, and the token that it named.
pub type Asked = (&'static str, String);

#[derive(Debug, Default)]
struct Records {
    manners: HashMap<String, Manner>,
    tokens: HashMap<String, Tokens>,
    asked: Vec<Asked>,
    shown: Vec<String>,
    holds_renewals: bool,
    renewals: usize,
}

/// The running providers. They stop when it is dropped.
pub struct Gate {
    records: Arc<Mutex<Records>>,
    released: watch::Sender<bool>,
    address: SocketAddr,
    authority: Authority,
    task: JoinHandle<()>,
}

impl Gate {
    /// Starts them.
    pub async fn start() -> Self {
        let authority = Authority::new().unwrap();
        let acceptor = authority.certify(&HOSTS).unwrap().acceptor().unwrap();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (records, released) = (Arc::<Mutex<Records>>::default(), watch::Sender::new(false));
        let (shared, heard) = (Arc::clone(&records), released.subscribe());
        let task = https::serve(listener, acceptor, move |request| {
            answer(Arc::clone(&shared), heard.clone(), request)
        });
        Self { records, released, address, authority, task }
    }

    /// The certificate to trust, as PEM.
    pub fn ca_pem(&self) -> String {
        self.authority.pem()
    }

    /// The address of them all.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    fn records(&self) -> MutexGuard<'_, Records> {
        lock(&self.records)
    }

    /// Sets how an account is answered from now on.
    pub fn set(&self, account: &str, manner: Manner) {
        self.records().manners.insert(account.to_owned(), manner);
    }

    /// Lets what hangs go on.
    pub fn release(&self) {
        self.released.send_replace(true);
    }

    /// Lets renewals hang until [`Gate::release`].
    pub fn hold_renewals(&self) {
        self.records().holds_renewals = true;
    }

    /// How many refresh tokens arrived.
    pub fn renewals(&self) -> usize {
        self.records().renewals
    }

    /// The access token of a connection expires.
    pub fn expire(&self, connection: &str) {
        self.records().tokens.entry(connection.to_owned()).or_default().is_access_dead = true;
    }

    /// Every token of a connection ends.
    pub fn end(&self, connection: &str) {
        let ended = Tokens { is_access_dead: true, is_refresh_dead: true, ..Tokens::default() };
        self.records().tokens.insert(connection.to_owned(), ended);
    }

    /// The requests to revoke that arrived for an account, the first one first.
    pub fn asked(&self, account: &str) -> Vec<Asked> {
        let records = self.records();
        let of_account = |(_, token): &&Asked| read(token).is_some_and(|token| token.account() == account);
        records.asked.iter().filter(of_account).cloned().collect()
    }

    /// How many requests to revoke arrived for all accounts.
    pub fn asked_in_all(&self) -> usize {
        self.records().asked.len()
    }

    /// How often an access token of a connection was shown to the API.
    pub fn shown(&self, connection: &str) -> usize {
        let token = |one: &&String| read(one).is_some_and(|token| token.connection == connection);
        self.records().shown.iter().filter(token).count()
    }

    /// Whether any token of a connection still works.
    pub fn is_alive(&self, connection: &str) -> bool {
        let tokens = self.records().tokens.get(connection).cloned().unwrap_or_default();
        !tokens.is_access_dead || !tokens.is_refresh_dead
    }
}

impl Drop for Gate {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// The access token of a connection, such as `acme.1`, after this many renewals.
pub fn access_token(connection: &str, serial: u32) -> String {
    format!("SECRET-access-{connection}-{serial}")
}

/// The refresh token of a connection after this many renewals.
pub fn refresh_token(connection: &str, serial: u32) -> String {
    format!("SECRET-refresh-{connection}-{serial}")
}

/// A token, taken apart.
struct Read<'a> {
    is_access: bool,
    connection: &'a str,
    serial: u32,
}

impl Read<'_> {
    fn account(&self) -> &str {
        self.connection.split('.').next().unwrap_or_default()
    }
}

fn read(token: &str) -> Option<Read<'_>> {
    let (kind, rest) = token.strip_prefix("SECRET-")?.split_once('-')?;
    let (connection, serial) = rest.rsplit_once('-')?;
    Some(Read { is_access: kind == "access", connection, serial: serial.parse().ok()? })
}

fn lock(records: &Mutex<Records>) -> MutexGuard<'_, Records> {
    records.lock().unwrap_or_else(PoisonError::into_inner)
}

async fn answer(
    records: Arc<Mutex<Records>>,
    mut released: watch::Receiver<bool>,
    request: Request<Bytes>,
) -> Response<Full<Bytes>> {
    let (head, body) = request.into_parts();
    let text = |name: &str| {
        head.headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default().to_owned()
    };
    let form: HashMap<String, String> = url::form_urlencoded::parse(&body).into_owned().collect();
    let is_client = text("authorization") == "Basic Z2F0ZS1jbGllbnQ6U0VDUkVULW9mLWdhdGU="
        || (form.get("client_id").map(String::as_str), form.get("client_secret").map(String::as_str))
            == (Some(APP.0), Some(APP.1));
    let json: Value = serde_json::from_slice(&body).unwrap_or_default();
    let grants = format!("/grants/{}", APP.0);
    match (head.method.as_str(), head.uri.path()) {
        ("GET", "/me") => probe(&mut lock(&records), &text("authorization")),
        ("POST", "/token") if is_client => {
            let holds = {
                let mut records = lock(&records);
                records.renewals += 1;
                records.holds_renewals
            };
            if holds {
                // This fails only if the test is over.
                drop(released.wait_for(|released| *released).await);
            }
            renew(&mut lock(&records), &form)
        }
        ("POST", "/revoke") if is_client => {
            let token = form.get("token").cloned().unwrap_or_default();
            let only = text("host").starts_with("stub.");
            revoke(&records, &mut released, ("token", token), only).await
        }
        ("DELETE", path) if path == grants && is_client => {
            let token = json["token"].as_str().unwrap_or_default().to_owned();
            revoke(&records, &mut released, ("grant", token), false).await
        }
        (_, "/token" | "/revoke") => written(401, &json!({"error": "invalid_client"})),
        _ => written(404, &Value::Null),
    }
}

/// Answers a probe (RFC 6750).
fn probe(records: &mut Records, authorization: &str) -> Response<Full<Bytes>> {
    let token = authorization.strip_prefix("Bearer ").unwrap_or_default();
    records.shown.push(token.to_owned());
    let Some(token) = read(token).filter(|token| token.is_access) else { return written(401, &json!({})) };
    let tokens = records.tokens.get(token.connection).cloned().unwrap_or_default();
    match token.serial == tokens.serial && !tokens.is_access_dead {
        true => written(200, &json!({"id": token.account()})),
        false => written(401, &json!({})),
    }
}

/// Answers a refresh (RFC 6749, section 6), with rotation.
fn renew(records: &mut Records, form: &HashMap<String, String>) -> Response<Full<Bytes>> {
    let sent = form.get("refresh_token").map(String::as_str).unwrap_or_default();
    let invalid = || written(400, &json!({"error": "invalid_grant"}));
    let Some(token) = read(sent).filter(|token| !token.is_access) else { return invalid() };
    let tokens = records.tokens.entry(token.connection.to_owned()).or_default();
    if tokens.is_refresh_dead || tokens.serial != token.serial {
        return invalid();
    }
    *tokens = Tokens { serial: tokens.serial + 1, ..Tokens::default() };
    let (access, refresh) =
        (access_token(token.connection, tokens.serial), refresh_token(token.connection, tokens.serial));
    written(
        200,
        &json!({"access_token": access, "refresh_token": refresh, "token_type": "Bearer", "expires_in": 3600}),
    )
}

/// Answers a request to revoke, in the manner of the account.
async fn revoke(
    records: &Mutex<Records>,
    released: &mut watch::Receiver<bool>,
    (what, sent): Asked,
    only_refresh: bool,
) -> Response<Full<Bytes>> {
    let Some(token) = read(&sent) else { return written(400, &json!({"error": "invalid_token"})) };
    let manner = {
        let mut records = lock(records);
        records.asked.push((what, sent.clone()));
        records.manners.get(token.account()).copied().unwrap_or_default()
    };
    match manner {
        Manner::Refuses(status) => return written(status, &json!({"error": "no"})),
        Manner::Lies => return written(200, &json!({})),
        // This fails only if the test is over.
        Manner::Hangs => drop(released.wait_for(|released| *released).await),
        Manner::Honest | Manner::DoneThough400 | Manner::LosesAnswer => {}
    }
    end(&mut lock(records), what, &token, only_refresh);
    // Whoever is killed meanwhile does not get the answer.
    tokio::time::sleep(SLOWNESS).await;
    match manner {
        Manner::DoneThough400 => written(400, &json!({"error": "invalid_token"})),
        Manner::LosesAnswer => {
            let mut broken = written(200, &json!({}));
            broken.extensions_mut().insert(https::HangUp);
            broken
        }
        _ => written(200, &json!({})),
    }
}

fn end(records: &mut Records, what: &str, token: &Read<'_>, only_refresh: bool) {
    let account = token.account().to_owned();
    records.tokens.entry(token.connection.to_owned()).or_default();
    for (connection, tokens) in &mut records.tokens {
        let is_meant = match what {
            "grant" => connection.split('.').next() == Some(&account),
            _ => connection == token.connection && tokens.serial == token.serial,
        };
        if is_meant {
            tokens.is_refresh_dead = true;
            tokens.is_access_dead |= !only_refresh;
        }
    }
}

fn written(status: u16, body: &Value) -> Response<Full<Bytes>> {
    Response::builder()
        .status(status)
        .header(header::CONTENT_TYPE, "application/json")
        .body(Full::from(body.to_string()))
        .unwrap()
}
