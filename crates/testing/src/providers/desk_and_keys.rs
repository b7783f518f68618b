//! Simulated providers: Desk, which uses OAuth with rotating refresh tokens; Keys, which uses an API key; and Graph,
//! which takes the same key and speaks GraphQL.
//!
//! They are strict: an access token works until the next one is granted. A refresh token works once: if one is sent
//! again, every token of that consent ends (RFC 9700, section 4.14.2). A test can set other answers.
#![expect(clippy::unwrap_used, reason = "a test fails if its providers cannot be simulated")]

use std::{
    collections::HashMap,
    net::SocketAddr,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicUsize, Ordering},
    },
};

use bytes::Bytes;
use http::{HeaderMap, Request, Response, header};
use http_body_util::Full;
use serde_json::{Value, json};
use tokio::{net::TcpListener, sync::watch, task::JoinHandle};

use super::{
    desk_actions::{self, ActionCall, Books},
    graph,
};
use crate::{certificates::Authority, https};

/// Their provider files, by name.
pub fn files() -> [(&'static str, String); 3] {
    let [desk, keys] = [[DESK, desk_actions::OF_DESK], [KEYS, desk_actions::OF_KEYS]];
    [("desk.toml", desk.concat()), ("keys.toml", keys.concat()), ("graph.toml", graph::FILE.to_owned())]
}

/// Their hosts.
pub const HOSTS: [&str; 3] = ["desk.example", "keys.example", "graph.example"];

/// The client id and secret of the only app that Desk knows.
pub const APP: (&str, &str) = ("desk-client", "SECRET-of-desk");

const DESK: &str = r#"
format = 2
key = "desk"
name = "Desk"
description = "Tickets."
category = "support"
documentation_url = "https://desk.example/docs"
api_base_url = "https://desk.example/api"
revoke_page = "https://desk.example/apps"
[[auth]]
kind = "oauth"
[auth.oauth]
authorize_url = "https://desk.example/authorize"
token_url = "https://desk.example/token"
scopes = ["tickets"]
pkce = "s256"
client_auth = "basic"
refresh_rotates = true
[[auth.oauth.kept]]
name = "region"
pointer = "/region"
[auth.request]
headers = { Authorization = "Bearer {access_token}" }
[probe]
method = "GET"
url = "https://desk.example/me"
good_statuses = [200]
refused_statuses = [401]
[rate_limit]
retry_after = "retry-after"
"#;

const KEYS: &str = r#"
format = 2
key = "keys"
name = "Keys"
description = "Keys."
category = "support"
documentation_url = "https://keys.example/docs"
api_base_url = "https://keys.example/api"
revoke_page = "https://keys.example/apps"
[[auth]]
kind = "api_key"
page = "https://keys.example/keys"
[[auth.fields]]
key = "api_key"
label = "API key"
help = "In the settings."
example = "0000"
[auth.request]
headers = { X-Key = "{api_key}" }
[account]
source = "probe"
id = ["/id"]
name = ["/name"]
[probe]
method = "GET"
url = "https://keys.example/me"
good_statuses = [200]
refused_statuses = [401]
[rate_limit]
retry_after = "retry-after"
"#;

/// An answer that the test sets.
#[derive(Clone, Debug)]
pub enum Says {
    /// The provider's normal answer.
    Truth,
    /// This status, with these headers and this body. Nothing happens at the provider.
    This(u16, Vec<(&'static str, &'static str)>, &'static str),
    /// The same in place of the provider's normal answer: what is asked for happens. `{access}` and `{refresh}` stand
    /// for the tokens that Desk granted last.
    InItsPlace(u16, Vec<(&'static str, &'static str)>, &'static [u8]),
    /// Status 401 as often as the counter says, then the normal answer.
    RefusedAtFirst(Arc<AtomicUsize>),
    /// What is asked for happens, and the connection breaks in place of the answer, as often as the counter says; then
    /// the normal answer.
    LostAtFirst(Arc<AtomicUsize>),
    /// No answer until the test sets something else; then the normal answer.
    Nothing,
}

/// What the providers remember.
#[derive(Debug, Default)]
struct Records {
    /// The number of Desk's last grant. It is part of the grant's tokens.
    grant: u32,
    probes: Vec<String>,
    /// The refresh tokens that were sent.
    refreshes: Vec<String>,
    /// Whether a refresh token was sent a second time, so that no token of Desk works any more.
    ended: bool,
    /// What was done by actions.
    books: Books,
    /// The headers of each request to the path of an action, with its name.
    heads: Vec<(&'static str, HeaderMap)>,
}

impl Records {
    /// Notes a request that arrived.
    fn note(&mut self, call: &ActionCall, refresh_token: Option<&String>, head: &HeaderMap) {
        match call.name {
            "desk token" => self.refreshes.push(refresh_token.cloned().unwrap_or_default()),
            "nothing" => {}
            "desk probe" | "keys probe" | "graph probe" => self.probes.push(call.name.to_owned()),
            _ => {
                self.books.calls.push(call.clone());
                self.heads.push((call.name, head.clone()));
            }
        }
    }
}

/// The running providers. They stop when it is dropped.
pub struct DeskAndKeys {
    records: Arc<Mutex<Records>>,
    /// The answers that the test set, by request.
    says: watch::Sender<HashMap<&'static str, Says>>,
    address: SocketAddr,
    authority: Authority,
    task: JoinHandle<()>,
}

/// The name of a request: `desk probe`, `desk token`, `keys probe`, `graph probe`, `graph` for everything else there, or
/// that of an action's.
fn request_name(host: &str, method: &str, path: &str) -> &'static str {
    match (host, path) {
        ("desk.example", "/me") => "desk probe",
        ("desk.example", "/token") => "desk token",
        ("keys.example", "/me") => "keys probe",
        ("graph.example", "/me") => "graph probe",
        ("graph.example", _) => "graph",
        _ => desk_actions::request_name(host, method, path).unwrap_or("nothing"),
    }
}

impl DeskAndKeys {
    /// Starts them.
    pub async fn start() -> Self {
        let authority = Authority::new().unwrap();
        let acceptor = authority.certify(&HOSTS).unwrap().acceptor().unwrap();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (records, says) = (Arc::<Mutex<Records>>::default(), watch::Sender::new(HashMap::new()));
        let (shared, heard) = (Arc::clone(&records), says.subscribe());
        let task = https::serve(listener, acceptor, move |request| {
            answer(Arc::clone(&shared), heard.clone(), request)
        });
        Self { records, says, address, authority, task }
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
        self.records.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Sets the answer to a request (`desk probe`, `desk token`, `keys probe`, or that of an action) from now on.
    pub fn set(&self, request: &'static str, says: Says) {
        self.says.send_modify(|all| drop(all.insert(request, says)));
    }

    /// How many probes a provider received.
    pub fn probes(&self, provider: &str) -> usize {
        self.records().probes.iter().filter(|one| one.starts_with(provider)).count()
    }

    /// The requests of this name that arrived from actions, the first one first.
    pub fn calls(&self, name: &str) -> Vec<ActionCall> {
        self.records().books.calls.iter().filter(|call| call.name == name).cloned().collect()
    }

    /// The headers of the requests of this name that arrived, the first one first.
    pub fn heads(&self, name: &str) -> Vec<HeaderMap> {
        let records = self.records();
        records.heads.iter().filter(|(one, _)| *one == name).map(|(_, head)| head.clone()).collect()
    }

    /// How often each grant's refresh token was sent, the first grant's first.
    pub fn refreshes(&self) -> Vec<usize> {
        let records = self.records();
        let sent = |grant: u32| records.refreshes.iter().filter(|one| **one == refresh_token(grant)).count();
        (0..=records.grant).map(sent).collect()
    }

    /// Whether a refresh token was sent a second time, which ended every token.
    pub fn has_ended(&self) -> bool {
        self.records().ended
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
    records: Arc<Mutex<Records>>,
    mut says: watch::Receiver<HashMap<&'static str, Says>>,
    request: Request<Bytes>,
) -> Response<Full<Bytes>> {
    let (head, body) = request.into_parts();
    let text = |name: &str| {
        head.headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default().to_owned()
    };
    let host = text("host").split(':').next().unwrap_or_default().to_owned();
    let name = request_name(&host, head.method.as_str(), head.uri.path());
    let form: HashMap<String, String> = url::form_urlencoded::parse(&body).into_owned().collect();
    let lock = || records.lock().unwrap_or_else(PoisonError::into_inner);
    let call = ActionCall {
        name,
        target: head.uri.path_and_query().map(ToString::to_string).unwrap_or_default(),
        key: text("idempotency-key"),
        body: serde_json::from_slice(&body).unwrap_or_default(),
    };
    lock().note(&call, form.get("refresh_token"), &head.headers);
    let is_silent = |all: &HashMap<_, _>| matches!(all.get(name), Some(Says::Nothing));
    // This fails only if the test is over.
    let said =
        says.wait_for(|all| !is_silent(all)).await.map(|all| all.get(name).cloned()).unwrap_or_default();
    let refused = |left: &Arc<AtomicUsize>| {
        left.fetch_update(Ordering::SeqCst, Ordering::SeqCst, |left| left.checked_sub(1)).is_ok()
    };
    match &said {
        Some(Says::This(status, headers, body)) => {
            return written(*status, headers, body.as_bytes().to_vec());
        }
        Some(Says::RefusedAtFirst(left)) if refused(left) => return written(401, &[], Vec::new()),
        _ => {}
    }
    let is_good = match host.as_str() {
        "desk.example" => {
            text("authorization") == format!("Bearer {}", access_token(lock().grant)) && !lock().ended
        }
        _ => text("x-key") == "SECRET-key",
    };
    let (status, body) = match name {
        "desk token" => token(&mut lock(), &form, &text("authorization")),
        "nothing" => (404, Value::Null),
        _ if !is_good => (401, json!({})),
        "desk probe" | "keys probe" | "graph probe" => (200, json!({})),
        "graph" => graph::answer(),
        _ => lock().books.answer(&call),
    };
    if matches!(&said, Some(Says::LostAtFirst(left)) if refused(left)) {
        let mut broken = written(status, &[], Vec::new());
        broken.extensions_mut().insert(https::HangUp);
        return broken;
    }
    if let Some(Says::InItsPlace(status, headers, body)) = said {
        let grant = lock().grant;
        let body = replace(body, "{access}", &access_token(grant));
        return written(status, &headers, replace(&body, "{refresh}", &refresh_token(grant)));
    }
    written(status, &[(header::CONTENT_TYPE.as_str(), "application/json")], body.to_string().into_bytes())
}

fn written(status: u16, headers: &[(&str, &str)], body: Vec<u8>) -> Response<Full<Bytes>> {
    let mut response = Response::builder().status(status);
    for (name, value) in headers {
        response = response.header(*name, *value);
    }
    response.body(Full::from(body)).unwrap()
}

/// `text` with each `from` replaced. It may be in any encoding.
fn replace(text: &[u8], from: &str, to: &str) -> Vec<u8> {
    let (mut replaced, mut rest) = (Vec::new(), text);
    while let Some(at) = rest.windows(from.len()).position(|window| window == from.as_bytes()) {
        replaced.extend_from_slice(&rest[..at]);
        replaced.extend_from_slice(to.as_bytes());
        rest = &rest[at + from.len()..];
    }
    replaced.extend_from_slice(rest);
    replaced
}

/// Answers a refresh as in RFC 6749, section 6, with rotation.
fn token(records: &mut Records, form: &HashMap<String, String>, authorization: &str) -> (u16, Value) {
    // desk-client:SECRET-of-desk
    if authorization != "Basic ZGVzay1jbGllbnQ6U0VDUkVULW9mLWRlc2s=" {
        return (401, json!({"error": "invalid_client"}));
    }
    if form.get("grant_type").map(String::as_str) != Some("refresh_token") || form.len() != 2 {
        return (400, json!({"error": "invalid_request"}));
    }
    let sent = form.get("refresh_token").cloned().unwrap_or_default();
    if (0..records.grant).any(|earlier| sent == refresh_token(earlier)) {
        records.ended = true;
    }
    if records.ended || sent != refresh_token(records.grant) {
        return (400, json!({"error": "invalid_grant"}));
    }
    records.grant += 1;
    let (access_token, refresh_token) = (access_token(records.grant), refresh_token(records.grant));
    (
        200,
        json!({"access_token": access_token, "refresh_token": refresh_token, "token_type": "Bearer", "expires_in": 3600}),
    )
}
