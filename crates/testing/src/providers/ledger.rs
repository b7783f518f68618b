//! A simulated provider that loses its answers: Ledger, which uses an API key. It counts what it is asked for, and
//! shows what it has done.
#![expect(clippy::unwrap_used, reason = "a test fails if its provider cannot be simulated")]

use std::{
    net::SocketAddr,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use bytes::Bytes;
use http::{Request, Response};
use http_body_util::Full;
use serde_json::{Value, json};
use tokio::{net::TcpListener, task::JoinHandle};

use crate::{certificates::Authority, https};

/// Its host.
pub const HOST: &str = "ledger.example";
/// The only API key that it accepts.
pub const API_KEY: &str = "SECRET-of-ledger";
/// How long its lists lag behind, in seconds, as its file says.
pub const LAG: u64 = 20;
/// Its provider file.
pub const FILE: &str = r#"
format = 2
key = "ledger"
name = "Ledger"
description = "Payments."
category = "support"
documentation_url = "https://ledger.example/docs"
api_base_url = "https://ledger.example/api"
revoke_page = "https://ledger.example/keys"
[[auth]]
kind = "api_key"
page = "https://ledger.example/keys"
[[auth.fields]]
key = "api_key"
label = "API key"
help = "In the settings."
example = "0000"
[auth.request]
headers = { X-Key = "{api_key}" }
[probe]
method = "GET"
url = "https://ledger.example/me"
good_statuses = [200]
refused_statuses = [401]
[rate_limit]
retry_after = "retry-after"

[[settings]]
key = "pay_limit"
title = "Payments of a day"
description = "The most that is paid to an account in a day."
schema = { type = "integer", minimum = 0 }

[[actions]]
key = "pay"
label = "Pay"
description = "Pays to an account."
kind = "destructive"
input = [
  { key = "account", type = "string", required = true, pattern = "^[a-z0-9-]+$", mismatch = "Expected the name of an account", description = "The account." },
  { key = "amount", type = "money", required = true, currency = "USD", unit = "minor", description = "How much." },
]
request = { method = "POST", path = "/payments", json = { account = "{account}", amount = "{amount}", reference = "{run}" } }
result = { keep = { id = "/id" }, succeeded_when = { "/status" = ["paid"] }, failed_when = { "/status" = ["failed"] }, error = ["/error"] }
resolve = { method = "GET", path = "/payments", query = { account = "{account}" }, find = { "/payments/*/reference" = "{run}" }, keep = { id = "/id" }, lag_seconds = 20, absent = "failed" }
guards = [{ sum = "amount", per = "account", within = "24h", at_most = "pay_limit", otherwise = "deny" }]
proof = ["https://ledger.example/docs/pay", "https://ledger.example/docs/payments"]

[[actions.examples]]
name = "a payment"
input = { account = "a", amount = 500 }
request = { method = "POST", path = "/payments", json = { account = "a", amount = 500, reference = "run_1" } }
answers = [
  { status = 200, body = '{"id": "p1", "status": "paid"}', outcome = "succeeded", result = { id = "p1" } },
  { status = 422, body = '{"error": "No."}', outcome = "failed", error = "No." },
]

[[actions]]
key = "remove"
label = "Remove a payment"
description = "Removes a payment."
kind = "destructive"
input = [{ key = "payment", type = "string", required = true, pattern = "^p[0-9]+$", mismatch = "Expected the id of a payment, such as p1", description = "The payment." }]
request = { method = "DELETE", path = "/payments/{payment}" }
result = { answer = "none", statuses = [204], error = ["/error"] }
resolve = { method = "GET", path = "/payments/{payment}", gone_statuses = [404], absent = "failed" }
proof = ["https://ledger.example/docs/remove", "https://ledger.example/docs/payments"]

[[actions.examples]]
name = "a payment"
input = { payment = "p1" }
request = { method = "DELETE", path = "/payments/p1" }
answers = [
  { status = 204, body = "", outcome = "succeeded", result = {} },
  { status = 404, body = '{"error": "No."}', outcome = "failed", error = "No." },
]

[[actions]]
key = "note"
label = "Note"
description = "Writes a note."
kind = "write"
input = [{ key = "text", type = "string", required = true, description = "The text." }]
request = { method = "POST", path = "/notes", json = { text = "{text}" } }
result = { keep = { id = "/id" }, succeeded_when = { "/id" = "present" }, error = ["/error"] }
proof = ["https://ledger.example/docs/note", "https://ledger.example/docs/notes"]

[[actions.examples]]
name = "a note"
input = { text = "Hello" }
request = { method = "POST", path = "/notes", json = { text = "Hello" } }
answers = [
  { status = 201, body = '{"id": "n1"}', outcome = "succeeded", result = { id = "n1" } },
  { status = 422, body = '{"error": "No."}', outcome = "failed", error = "No." },
]
"#;

/// What becomes of what changes something.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Write {
    /// It is done and answered.
    #[default]
    Answered,
    /// It is done, and the connection breaks in place of the answer.
    Lost,
    /// A payment is taken and fails later, and the connection breaks in place of the answer.
    Failed,
    /// Nothing is done, and the connection breaks.
    Dropped,
    /// It is done, and something in front of the provider answers 503 with `Retry-After: 30`.
    Unavailable,
}

/// A payment that was made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Payment {
    /// Its id.
    pub id: String,
    /// Whom it was paid to.
    pub account: String,
    /// In cents.
    pub amount: u64,
    /// What it was made with: the run.
    pub reference: String,
    is_paid: bool,
}

#[derive(Debug, Default)]
struct Books {
    write: Write,
    /// Whether its lists lag behind, and show nothing.
    lags: bool,
    /// Whether everything that only reads gets 500.
    is_broken: bool,
    /// Methods and paths of what was asked for.
    asked: Vec<String>,
    made: usize,
    payments: Vec<Payment>,
    /// The texts of the notes that were written.
    notes: Vec<String>,
}

/// The running provider. It stops when it is dropped.
pub struct Ledger {
    books: Arc<Mutex<Books>>,
    address: SocketAddr,
    authority: Authority,
    task: JoinHandle<()>,
}

impl Ledger {
    /// Starts it.
    pub async fn start() -> Self {
        Self::start_slow(Duration::ZERO).await
    }

    /// Starts it with a pause before each request is looked at, and one before it is answered. Where the client is gone
    /// in the first of them, nothing is done.
    pub async fn start_slow(pause: Duration) -> Self {
        let authority = Authority::new().unwrap();
        let acceptor = authority.certify(&[HOST]).unwrap().acceptor().unwrap();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let books = Arc::<Mutex<Books>>::default();
        let shared = Arc::clone(&books);
        let task = https::serve(listener, acceptor, move |request| {
            let books = Arc::clone(&shared);
            async move {
                rest(pause).await;
                let answer = lock(&books).answer(&request);
                rest(pause).await;
                answer
            }
        });
        Self { books, address, authority, task }
    }

    /// The certificate to trust, as PEM.
    pub fn ca_pem(&self) -> String {
        self.authority.pem()
    }

    /// Its address.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Sets what becomes of what changes something, from now on.
    pub fn set(&self, write: Write) {
        lock(&self.books).write = write;
    }

    /// Sets whether its lists lag behind, and show nothing.
    pub fn set_lag(&self, lags: bool) {
        lock(&self.books).lags = lags;
    }

    /// Sets whether everything that only reads gets 500.
    pub fn set_broken(&self, is_broken: bool) {
        lock(&self.books).is_broken = is_broken;
    }

    /// How many requests began like this, such as `POST /api/payments`.
    pub fn asked(&self, beginning: &str) -> usize {
        lock(&self.books).asked.iter().filter(|one| one.starts_with(beginning)).count()
    }

    /// The texts of the notes that were written.
    pub fn notes(&self) -> Vec<String> {
        lock(&self.books).notes.clone()
    }

    /// The payments that were made and are not removed.
    pub fn payments(&self) -> Vec<Payment> {
        lock(&self.books).payments.clone()
    }
}

impl Drop for Ledger {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn rest(pause: Duration) {
    // Even the shortest pause takes a millisecond.
    if !pause.is_zero() {
        tokio::time::sleep(pause).await;
    }
}

fn lock(books: &Mutex<Books>) -> MutexGuard<'_, Books> {
    books.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Books {
    fn answer(&mut self, request: &Request<Bytes>) -> Response<Full<Bytes>> {
        let (method, path) = (request.method().as_str(), request.uri().path());
        if request.headers().get("x-key").is_none_or(|key| key.as_bytes() != API_KEY.as_bytes()) {
            return written(401, &json!({}));
        }
        self.asked.push(format!("{method} {path}"));
        let id = path.strip_prefix("/api/payments/").unwrap_or_default();
        if method == "GET" {
            let account = request.uri().query().unwrap_or_default().strip_prefix("account=");
            let (status, body) = self.read(path, id, account);
            return written(status, &body);
        }
        let body: Value = serde_json::from_slice(request.body()).unwrap_or_default();
        let (status, answer) = match (self.write, method) {
            (Write::Dropped, _) => (200, Value::Null),
            (_, "DELETE") => {
                let before = self.payments.len();
                self.payments.retain(|payment| payment.id != id);
                let is_there = self.payments.len() < before;
                if is_there { (204, Value::Null) } else { (404, json!({"error": "No."})) }
            }
            _ if path == "/api/notes" => {
                self.notes.push(body["text"].as_str().unwrap_or_default().to_owned());
                (201, json!({"id": "n1"}))
            }
            _ => (200, self.pay(&body)),
        };
        match self.write {
            Write::Answered => written(status, &answer),
            Write::Unavailable => {
                let mut response = written(503, &Value::Null);
                response.headers_mut().insert("retry-after", http::HeaderValue::from_static("30"));
                response
            }
            Write::Lost | Write::Failed | Write::Dropped => {
                let mut broken = written(status, &answer);
                broken.extensions_mut().insert(https::HangUp);
                broken
            }
        }
    }

    fn read(&self, path: &str, id: &str, account: Option<&str>) -> (u16, Value) {
        if path == "/me" {
            return (200, json!({}));
        }
        if self.is_broken {
            return (500, json!({}));
        }
        let shown = |payment: &Payment| {
            let status = if payment.is_paid { "paid" } else { "failed" };
            json!({"id": payment.id, "status": status, "reference": payment.reference})
        };
        if !id.is_empty() {
            let found = self.payments.iter().find(|payment| payment.id == id);
            return found.map_or((404, json!({"error": "No."})), |payment| (200, shown(payment)));
        }
        let of_account =
            self.payments.iter().filter(|payment| account == Some(payment.account.as_str()) && !self.lags);
        (200, json!({"payments": of_account.map(shown).collect::<Vec<_>>()}))
    }

    fn pay(&mut self, body: &Value) -> Value {
        self.made += 1;
        let text = |name: &str| body[name].as_str().unwrap_or_default().to_owned();
        let payment = Payment {
            id: format!("p{}", self.made),
            account: text("account"),
            amount: body["amount"].as_u64().unwrap_or_default(),
            reference: text("reference"),
            is_paid: self.write != Write::Failed,
        };
        let answer = json!({"id": payment.id, "status": "paid"});
        self.payments.push(payment);
        answer
    }
}

fn written(status: u16, body: &Value) -> Response<Full<Bytes>> {
    let body = if body.is_null() { Bytes::new() } else { Bytes::from(body.to_string()) };
    let response = Response::builder().status(status).header("content-type", "application/json");
    response.body(Full::from(body)).unwrap()
}
