//! A receiver of webhooks that a test plays. It checks every signature.

use std::{
    collections::VecDeque,
    net::SocketAddr,
    sync::{Arc, Mutex},
    time::Duration,
};

use hmac::{Hmac, KeyInit as _, Mac as _};
use http::HeaderMap;
use serde_json::{Value, json};
use sha2::Sha256;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _, BufReader},
    net::{TcpListener, TcpStream},
};

use super::{Server, eventually};

/// Long enough for anything on any machine.
const PATIENCE: Duration = Duration::from_secs(60);

/// How it answers a message.
#[derive(Clone, Debug)]
pub(crate) enum Says {
    /// With this status.
    Status(u16),
    /// With this status, these headers and this body.
    Whole(u16, &'static str, &'static str),
    /// Not at all: it breaks the connection.
    Nothing,
    /// Not as long as the connection stands.
    Silence,
    /// With the head of an answer, and a byte of its body now and then.
    Trickle,
}

/// A message that arrived.
#[derive(Clone, Debug)]
pub(crate) struct Received {
    pub(crate) path: String,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Vec<u8>,
}

impl Received {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap()
    }

    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }

    /// What happened.
    pub(crate) fn kind(&self) -> String {
        self.json()["type"].as_str().unwrap().to_owned()
    }

    /// Whether the contract's signature was made with this secret.
    pub(crate) fn is_signed_with(&self, secret: &str) -> bool {
        let mut mac = Hmac::<Sha256>::new_from_slice(secret.as_bytes()).unwrap();
        mac.update(&self.body);
        let digest: String = mac.finalize().into_bytes().iter().map(|byte| format!("{byte:02x}")).collect();
        self.header("x-rogeriq-signature") == format!("sha256={digest}")
    }

    /// Whether one of the signatures of Standard Webhooks was made with this secret.
    pub(crate) fn is_standard_with(&self, secret: &str) -> bool {
        let webhook = standardwebhooks::Webhook::new(secret).unwrap();
        // Its own check reads the clock, which is another than the test's.
        let timestamp = self.header("webhook-timestamp").parse().unwrap();
        let expected = webhook.sign(self.header("webhook-id"), timestamp, &self.body).unwrap();
        self.header("webhook-signature").split(' ').any(|signature| signature == expected)
    }
}

#[derive(Default)]
struct State {
    received: Mutex<Vec<Received>>,
    /// What it says next, and then what it says to everything else.
    says: Mutex<(VecDeque<Says>, Option<Says>)>,
}

/// A receiver on this machine, over plain HTTP.
pub(crate) struct Receiver {
    pub(crate) address: SocketAddr,
    state: Arc<State>,
}

impl Receiver {
    /// Starts one that answers 200.
    pub(crate) async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let state = Arc::<State>::default();
        let serving = Arc::clone(&state);
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(serve(stream, Arc::clone(&serving)));
            }
        });
        Self { address, state }
    }

    pub(crate) fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    /// What it says to the next messages, one each.
    pub(crate) fn say(&self, next: &[Says]) {
        self.state.says.lock().unwrap().0.extend(next.iter().cloned());
    }

    /// What it says to all others from now on.
    pub(crate) fn say_always(&self, says: Says) {
        self.state.says.lock().unwrap().1 = Some(says);
    }

    /// Everything that arrived, also what was not answered.
    pub(crate) fn received(&self) -> Vec<Received> {
        self.state.received.lock().unwrap().clone()
    }

    /// Waits until so many have arrived, and returns them.
    pub(crate) async fn wait_for(&self, count: usize) -> Vec<Received> {
        let what = format!("{count} messages arrive");
        eventually(&what, PATIENCE, async || self.state.received.lock().unwrap().len() >= count).await;
        self.received()
    }
}

async fn serve(stream: TcpStream, state: Arc<State>) {
    let mut stream = BufReader::new(stream);
    while let Some(received) = read(&mut stream).await {
        state.received.lock().unwrap().push(received);
        let says = {
            let mut says = state.says.lock().unwrap();
            let next = says.0.pop_front();
            next.or_else(|| says.1.clone()).unwrap_or(Says::Status(200))
        };
        let answer = match says {
            Says::Nothing => return,
            Says::Silence => std::future::pending().await,
            Says::Status(status) => format!("HTTP/1.1 {status} X\r\ncontent-length: 2\r\n\r\nok"),
            Says::Whole(status, headers, body) => {
                format!("HTTP/1.1 {status} X\r\n{headers}content-length: {}\r\n\r\n{body}", body.len())
            }
            Says::Trickle => {
                drop(stream.write_all(b"HTTP/1.1 200 X\r\ncontent-length: 1000\r\n\r\n").await);
                while stream.write_all(b"a").await.is_ok() {
                    tokio::time::sleep(Duration::from_millis(50)).await;
                }
                return;
            }
        };
        if stream.write_all(answer.as_bytes()).await.is_err() {
            return;
        }
    }
}

/// Reads a request. `None`: the client has gone.
async fn read(stream: &mut BufReader<TcpStream>) -> Option<Received> {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.push(stream.read_u8().await.ok()?);
    }
    let mut fields = [httparse::EMPTY_HEADER; 64];
    let mut request = httparse::Request::new(&mut fields);
    request.parse(&head).unwrap();
    let headers: HeaderMap = request
        .headers
        .iter()
        .map(|field| (field.name.parse().unwrap(), http::HeaderValue::from_bytes(field.value).unwrap()))
        .collect::<Vec<(http::HeaderName, http::HeaderValue)>>()
        .into_iter()
        .collect();
    let length =
        headers.get("content-length").and_then(|value| value.to_str().ok()?.parse().ok()).unwrap_or(0);
    let path = request.path.unwrap().to_owned();
    let mut body = vec![0; length];
    stream.read_exact(&mut body).await.ok()?;
    Some(Received { path, headers, body })
}

/// A webhook of a test's project.
pub(crate) struct Webhook {
    pub(crate) id: String,
    pub(crate) secret: String,
}

impl Server {
    /// The address of a project's webhooks, and what is below it.
    pub(crate) fn webhooks(&self, rest: &str) -> String {
        format!("/api/v1/projects/{}/webhooks{rest}", self.project)
    }

    /// Makes a webhook.
    pub(crate) async fn webhook(&self, url: &str, events: &[&str]) -> Webhook {
        let body = json!({"url": url, "events": events});
        let answer = self.call("POST", &self.webhooks("")).json(&body).send().await;
        assert_eq!(answer.status, 201, "{answer:?}");
        let text = |name: &str| answer.data()[name].as_str().unwrap().to_owned();
        Webhook { id: text("id"), secret: text("secret") }
    }

    /// What the list of a webhook's deliveries says, newest first.
    pub(crate) async fn deliveries(&self, webhook: &Webhook) -> Vec<Value> {
        let target = self.webhooks(&format!("/{}/deliveries?limit=200", webhook.id));
        self.call("GET", &target).send().await.data().as_array().unwrap().clone()
    }

    /// Waits until the newest deliveries of a webhook have these statuses, oldest first.
    pub(crate) async fn delivered(&self, webhook: &Webhook, statuses: &[&str]) -> Vec<Value> {
        let mut seen = Vec::new();
        let what = format!("the deliveries are {statuses:?}");
        eventually(&what, PATIENCE, async || {
            seen = self.deliveries(webhook).await;
            seen.reverse();
            seen.iter().map(|one| one["status"].as_str().unwrap()).eq(statuses.iter().copied())
        })
        .await;
        seen
    }
}
