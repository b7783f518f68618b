//! A stand-in for the API that plays a script: it answers the requests it was told to expect, in that order, and
//! refuses whatever differs in method, target, headers or body.

use std::io::{BufRead, BufReader, Read as _, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::Duration;

use serde_json::{Value, json};

pub(crate) const KEY: &str = "riq_TestKey0000000000000000000000000000000000001escL8";
pub(crate) const PROJECT: &str = "prj_01jc3q5v6w7x8y9zabcdefghjk";
pub(crate) const ORG: &str = "org_01jc3q5v6w7x8y9zabcdefghjk";

/// One request to expect, and its answer.
#[derive(Clone)]
pub(crate) struct Exchange {
    method: &'static str,
    target: String,
    /// `None`: the request has no key, and no `Idempotency-Key` either.
    key: Option<String>,
    /// Whether the key is a bearer token.
    is_bearer: bool,
    if_match: Option<&'static str>,
    accept: &'static str,
    /// Other headers that must, or must not, be there.
    others: Vec<(&'static str, Option<&'static str>)>,
    body: Body,
    naming: Naming,
    answer: Answer,
}

#[derive(Clone)]
enum Body {
    None,
    Json(Value),
    Text(&'static str, String),
}

/// What a POST is named.
#[derive(Clone)]
enum Naming {
    /// As no other.
    New,
    /// As the one before.
    Again,
    /// As this.
    As(&'static str),
    /// Not at all.
    Not,
}

#[derive(Clone)]
enum Answer {
    Full {
        status: u16,
        headers: Vec<(&'static str, String)>,
        body: String,
    },
    /// Take the request, say nothing and keep the connection.
    Silence,
    /// Take the request and hang up.
    HangUp,
}

impl Exchange {
    /// Expects a request below the project's integrations; answers 200 with `data`.
    pub(crate) fn new(method: &'static str, below: &str, data: &Value) -> Self {
        Self {
            method,
            target: format!("/api/v1/projects/{PROJECT}/integrations{below}"),
            key: Some(KEY.to_owned()),
            is_bearer: false,
            if_match: None,
            accept: "application/json",
            others: Vec::new(),
            body: Body::None,
            naming: Naming::New,
            answer: Answer::Full {
                status: 200,
                headers: Vec::new(),
                body: json!({"data": data}).to_string(),
            },
        }
        .header("Content-Type", "application/json")
        .header("X-Request-Id", "req_from_header")
    }

    /// Expects a request below the organization; answers 200 with `data`.
    pub(crate) fn in_org(method: &'static str, below: &str, data: &Value) -> Self {
        Self::new(method, "", data).at(&format!("/api/v1/orgs/{ORG}{below}"))
    }

    /// Expects a request below the project; answers 200 with `data`.
    pub(crate) fn in_project(method: &'static str, below: &str, data: &Value) -> Self {
        Self::new(method, "", data).at(&format!("/api/v1/projects/{PROJECT}{below}"))
    }

    /// Expects a request through the proxy; the provider answers it.
    pub(crate) fn proxied(method: &'static str, below: &str, status: u16, answer: &str) -> Self {
        let proxied = Self::new(method, below, &Value::Null).answers(status, answer);
        Self { accept: "*/*", naming: Naming::Not, ..proxied }.header("X-Answered-By", "provider")
    }

    /// Expects a message for the MCP server, with these headers; answers with this message.
    pub(crate) fn mcp(
        message: &Value,
        others: &[(&'static str, Option<&'static str>)],
        answer: &Value,
    ) -> Self {
        let sent = Self::new("POST", "", &Value::Null).at(&format!("/mcp/projects/{PROJECT}"));
        let sent = sent.body(message.clone()).answers(200, &answer.to_string());
        let accept = "application/json, text/event-stream";
        Self { is_bearer: true, accept, others: others.to_vec(), naming: Naming::Not, ..sent }
    }

    /// Expects a step of a device login: without a key. Answers with this, which is bare.
    pub(crate) fn device(step: &str, body: Value, status: u16, answer: &Value) -> Self {
        let step = Self::new("POST", "", &Value::Null).at(&format!("/api/auth/device/{step}"));
        Self { key: None, naming: Naming::Not, ..step }.body(body).answers(status, &answer.to_string())
    }

    pub(crate) fn at(mut self, target: &str) -> Self {
        self.target = target.to_owned();
        self
    }

    pub(crate) fn key(mut self, key: &str) -> Self {
        self.key = Some(key.to_owned());
        self
    }

    pub(crate) fn body(mut self, body: Value) -> Self {
        self.body = Body::Json(body);
        self
    }

    /// Expects a body that is not the usual JSON.
    pub(crate) fn text(mut self, content_type: &'static str, body: &str) -> Self {
        self.body = Body::Text(content_type, body.to_owned());
        self
    }

    /// Expects a header beside the usual ones, or that it is not there.
    pub(crate) fn has(mut self, name: &'static str, value: Option<&'static str>) -> Self {
        self.others.push((name, value));
        self
    }

    pub(crate) fn accepts(mut self, accept: &'static str) -> Self {
        self.accept = accept;
        self
    }

    /// Expects this `Idempotency-Key`.
    pub(crate) fn named(mut self, key: &'static str) -> Self {
        self.naming = Naming::As(key);
        self
    }

    pub(crate) fn if_match(mut self, etag: &'static str) -> Self {
        self.if_match = Some(etag);
        self
    }

    /// Expects the `Idempotency-Key` of the POST before. Otherwise each POST has one of its own.
    pub(crate) fn repeats(mut self) -> Self {
        self.naming = Naming::Again;
        self
    }

    /// Answers with this instead.
    pub(crate) fn answers(mut self, status: u16, body: &str) -> Self {
        let headers = match self.answer {
            Answer::Full { headers, .. } => headers,
            _ => Vec::new(),
        };
        self.answer = Answer::Full { status, headers, body: body.to_owned() };
        self
    }

    /// Answers with an error of the API.
    pub(crate) fn refuses(self, status: u16, code: &str, message: &str) -> Self {
        let body = json!({"error": message, "code": code, "request_id": "req_1"});
        self.answers(status, &body.to_string())
    }

    pub(crate) fn header(mut self, name: &'static str, value: &str) -> Self {
        if let Answer::Full { headers, .. } = &mut self.answer {
            headers.retain(|(known, _)| *known != name);
            headers.push((name, value.to_owned()));
        }
        self
    }

    pub(crate) fn silence(mut self) -> Self {
        self.answer = Answer::Silence;
        self
    }

    pub(crate) fn hang_up(mut self) -> Self {
        self.answer = Answer::HangUp;
        self
    }
}

/// The running stand-in.
pub(crate) struct Api {
    address: SocketAddr,
    stop: Arc<AtomicBool>,
    complaints: Arc<Mutex<Vec<String>>>,
    /// Gets a message for each request that came.
    came: Receiver<()>,
    thread: Option<JoinHandle<()>>,
}

impl Api {
    /// Plays a script. `http://API` in an answer is the stand-in's own origin.
    pub(crate) fn playing(script: impl IntoIterator<Item = Exchange>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let stop = Arc::new(AtomicBool::new(false));
        let complaints = Arc::new(Mutex::new(Vec::new()));
        let mut script: Vec<Exchange> = script.into_iter().collect();
        for exchange in &mut script {
            if let Answer::Full { body, .. } = &mut exchange.answer {
                *body = body.replace("http://API", &format!("http://{address}"));
            }
        }
        let (tell, came) = channel();
        let thread = std::thread::spawn({
            let (stop, complaints) = (Arc::clone(&stop), Arc::clone(&complaints));
            move || play(&listener, script, &stop, &complaints, &tell)
        });
        Self { address, stop, complaints, came, thread: Some(thread) }
    }

    /// Waits for the next request to come.
    pub(crate) fn wait_for_one(&self) {
        self.came.recv_timeout(Duration::from_secs(60)).unwrap();
    }

    /// `http://127.0.0.1:PORT`
    pub(crate) fn origin(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Ends it; every request must have come, and none beside.
    pub(crate) fn finish(mut self) {
        self.stop.store(true, Ordering::SeqCst);
        let _ = TcpStream::connect(self.address);
        if let Some(thread) = self.thread.take() {
            thread.join().unwrap();
        }
        let complaints = self.complaints.lock().unwrap();
        assert!(complaints.is_empty(), "the API complains:\n{}", complaints.join("\n"));
    }
}

fn play(
    listener: &TcpListener,
    script: Vec<Exchange>,
    stop: &AtomicBool,
    complaints: &Mutex<Vec<String>>,
    tell: &Sender<()>,
) {
    let complain = |text: String| complaints.lock().unwrap().push(text);
    let mut script = script.into_iter();
    let (mut kept, mut last_key) = (Vec::new(), None);
    for stream in listener.incoming() {
        if stop.load(Ordering::SeqCst) {
            break;
        }
        let mut stream = stream.unwrap();
        let Some(request) = Request::read(&mut stream) else {
            continue;
        };
        let _ = tell.send(());
        let Some(exchange) = script.next() else {
            complain(format!("unexpected: {} {}", request.method, request.target));
            respond(&mut stream, 599, &[], "");
            continue;
        };
        let checked = request.check(&exchange).and_then(|()| request.check_key(&exchange, &mut last_key));
        if let Err(why) = checked {
            complain(format!("{} {}: {why}", request.method, request.target));
            respond(&mut stream, 599, &[], "");
            continue;
        }
        match exchange.answer {
            Answer::Full { status, headers, body } => respond(&mut stream, status, &headers, &body),
            Answer::Silence => kept.push(stream),
            Answer::HangUp => drop(stream),
        }
    }
    script.for_each(|missing| complain(format!("did not come: {} {}", missing.method, missing.target)));
}

fn respond(stream: &mut TcpStream, status: u16, headers: &[(&'static str, String)], body: &str) {
    let mut head = format!("HTTP/1.1 {status} X\r\nConnection: close\r\nContent-Length: {}\r\n", body.len());
    headers.iter().for_each(|(name, value)| head.push_str(&format!("{name}: {value}\r\n")));
    // The client may have gone; then the script's end tells.
    let _ = stream.write_all(format!("{head}\r\n{body}").as_bytes());
}

struct Request {
    method: String,
    target: String,
    headers: Vec<(String, String)>,
    body: String,
}

impl Request {
    /// Reads one request; nothing where the client spoke no HTTP (a TLS greeting, or the end of the script).
    fn read(stream: &mut TcpStream) -> Option<Self> {
        let mut reader = BufReader::new(stream);
        let mut line = String::new();
        reader.read_line(&mut line).ok()?;
        let mut words = line.split_whitespace();
        let (method, target) = (words.next()?.to_owned(), words.next()?.to_owned());
        let headers: Vec<(String, String)> = reader
            .by_ref()
            .lines()
            .map_while(|line| line.ok().filter(|line| !line.is_empty()))
            .filter_map(|line| {
                line.split_once(": ").map(|(name, value)| (name.to_lowercase(), value.to_owned()))
            })
            .collect();
        let length =
            headers.iter().find(|(name, _)| name == "content-length").map_or("0", |(_, value)| value);
        let mut body = vec![0; length.parse().ok()?];
        reader.read_exact(&mut body).ok()?;
        Some(Self { method, target, headers, body: String::from_utf8(body).ok()? })
    }

    fn header(&self, name: &str) -> Option<&str> {
        let mut values =
            self.headers.iter().filter(|(known, _)| known == name).map(|(_, value)| value.as_str());
        let value = values.next();
        assert_eq!(values.next(), None, "{name} comes twice");
        value
    }

    /// Only a POST has an `Idempotency-Key`, and it is that of the last POST only if this one repeats it.
    fn check_key(&self, expected: &Exchange, last: &mut Option<String>) -> Result<(), String> {
        let key = self.header("idempotency-key");
        let is_right = match &expected.naming {
            _ if self.method != "POST" => key.is_none(),
            Naming::Not => key.is_none(),
            Naming::As(name) => key == Some(name),
            Naming::Again => key.is_some() && key == last.as_deref(),
            Naming::New => key.is_some() && key != last.as_deref(),
        };
        if is_right {
            *last = key.map(str::to_owned).or(last.take());
            Ok(())
        } else {
            Err(format!("Idempotency-Key is {key:?} after {last:?}"))
        }
    }

    fn check(&self, expected: &Exchange) -> Result<(), String> {
        let same = |what: &str, got: Option<&str>, expected: Option<&str>| {
            if got == expected { Ok(()) } else { Err(format!("{what} is {got:?}, not {expected:?}")) }
        };
        same("the method", Some(&self.method), Some(expected.method))?;
        same("the target", Some(&self.target), Some(&expected.target))?;
        let bearer = expected.key.as_ref().filter(|_| expected.is_bearer).map(|key| format!("Bearer {key}"));
        let key = expected.key.as_deref().filter(|_| !expected.is_bearer);
        same("X-API-Key", self.header("x-api-key"), key)?;
        same("Authorization", self.header("authorization"), bearer.as_deref())?;
        same("Accept", self.header("accept"), Some(expected.accept))?;
        for (name, value) in &expected.others {
            same(name, self.header(name), *value)?;
        }
        same("User-Agent", self.header("user-agent"), Some(concat!("riq/", env!("CARGO_PKG_VERSION"))))?;
        same("If-Match", self.header("if-match"), expected.if_match)?;
        let kind = match &expected.body {
            Body::None => None,
            Body::Json(_) => Some("application/json"),
            Body::Text(kind, _) => Some(*kind),
        };
        same("Content-Type", self.header("content-type"), kind)?;
        match &expected.body {
            Body::None => same("the body", Some(&self.body), Some("")),
            Body::Text(_, text) => same("the body", Some(&self.body), Some(text)),
            Body::Json(body) => {
                let got: Value = serde_json::from_str(&self.body).map_err(|error| error.to_string())?;
                if got == *body { Ok(()) } else { Err(format!("the body is {got}, not {body}")) }
            }
        }
    }
}
