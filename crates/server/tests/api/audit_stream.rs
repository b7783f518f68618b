//! The stream of the audit log: to a file, to syslog and to HTTPS.

mod kills;

use std::{
    collections::BTreeMap,
    fs,
    net::SocketAddr,
    sync::{Arc, Mutex},
    time::Duration,
};

use integrations_core::{
    audit::{Acting, AuditAction, change},
    audit_chain::LineHash,
};
use riq_server::{
    environment::Environment,
    jobs::{StreamSettings, StreamTarget},
    provider::outbound::OutboundSettings,
    store::NewAuditEvent,
};
use riq_testing::certificates::Authority;
use serde_json::{Value, json};
use tokio::{
    io::{AsyncBufReadExt as _, AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _, BufReader},
    net::{TcpListener, UdpSocket},
};

use crate::support::{Backend, Server, TestDatabase, eventually, server::Plan};

const FORGED: &str = "x\n<14>1 2026-01-01T00:00:00Z h app - - - admin login";
const PATIENCE: Duration = Duration::from_secs(60);

macro_rules! on_both_with_streams {
    ($($name:ident),+ $(,)?) => {$(
        mod $name {
            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn sqlite() {
                super::$name(crate::support::Backend::Sqlite).await;
            }

            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn postgres() {
                super::$name(crate::support::Backend::Postgres).await;
            }
        }
    )+};
}

on_both_with_streams!(
    a_stream_that_is_interrupted_goes_on_where_it_was,
    a_target_that_fails_gets_everything_later_and_nobody_waits_for_it,
    a_changed_name_is_one_message_of_syslog,
);

fn settings(target: &str) -> StreamSettings {
    let target = target.parse::<StreamTarget>().unwrap();
    StreamSettings { target, token: None, host: "riq.example".to_owned(), ca_certificates: None }
}

async fn start(backend: Backend, stream: StreamSettings, outbound: OutboundSettings) -> Option<Server> {
    let database = TestDatabase::create(backend).await?;
    let plan = Plan { audit_stream: Some(stream), outbound, ..Plan::default() };
    Some(Server::start_with(database, plan, |_| {}).await)
}

/// Records this many events. The API takes no such name, and a provider may call an account so.
async fn record(server: &Server, count: usize) {
    let environment = Environment::system().with_clock(Arc::clone(&server.clock) as _);
    for number in 0..count {
        let changed = AuditAction::IntegrationLifecycleUpdated;
        let event = NewAuditEvent::new(&environment, server.organization, changed, Acting::SYSTEM);
        let changes = change("display_name", Value::Null, format!("{FORGED} {number}")).into_iter().collect();
        server.store.record_proxied(NewAuditEvent { changes, ..event }).await.unwrap();
        server.clock.advance(time::Duration::seconds(1));
    }
    server.store.chain_waiting().await.unwrap();
}

async fn chained(server: &Server) -> i64 {
    server.sql.count("SELECT COUNT(*) FROM audit_chain", []).await
}

async fn wait_until_sent(server: &Server) {
    let behind = "SELECT COUNT(*) FROM audit_chain_heads WHERE streamed < number";
    let waiting = "SELECT COUNT(*) FROM audit_pending";
    eventually("all is sent", PATIENCE, async || {
        server.sql.count(behind, []).await == 0 && server.sql.count(waiting, []).await == 0
    })
    .await;
}

/// Asserts that the lines are all of the chain, in order, and returns how many there are without repetitions.
fn assert_all_in_order<'a>(lines: impl IntoIterator<Item = &'a str>) -> usize {
    let mut chain: BTreeMap<u64, (String, String)> = BTreeMap::new();
    let mut last = 0;
    for line in lines {
        let event: Value = serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {line}"));
        let number = event["number"].as_u64().unwrap();
        // What is sent again begins earlier, and then comes in order.
        assert!(number <= last + 1, "{number} after {last}");
        last = number;
        let (hashed, _) = line.rsplit_once(",\"hash\":").unwrap();
        assert_eq!(event["hash"], LineHash::of(&format!("{hashed}}}")).to_string());
        let link =
            (event["previous"].as_str().unwrap().to_owned(), event["hash"].as_str().unwrap().to_owned());
        assert_eq!(chain.entry(number).or_insert_with(|| link.clone()), &link);
    }
    for ((_, (_, hash)), (_, (previous, _))) in chain.iter().zip(chain.iter().skip(1)) {
        assert_eq!(hash, previous);
    }
    assert_eq!(chain.keys().copied().max().unwrap_or(0), chain.len() as u64);
    chain.len()
}

async fn a_stream_that_is_interrupted_goes_on_where_it_was(backend: Backend) {
    let Some(database) = TestDatabase::create(backend).await else { return };
    let file = database.path("audit.jsonl");
    let stream = settings(&format!("file:{}", file.display()));
    let plan = Plan { audit_stream: Some(stream.clone()), ..Plan::default() };
    let server = Server::start_with(database, plan, |_| {}).await;
    server.install("slack").await;
    record(&server, 5).await;
    wait_until_sent(&server).await;
    let first = fs::read_to_string(&file).unwrap();
    assert_eq!(i64::try_from(assert_all_in_order(first.lines())).unwrap(), chained(&server).await);
    // A server died in the middle of a batch: the file has a part of it, and nobody has kept that it was sent.
    let half = first.lines().last().unwrap();
    fs::write(&file, format!("{first}{}", &half[..half.len() / 2])).unwrap();
    server.sql.execute("UPDATE audit_chain_heads SET streamed = streamed - 2", []).await;
    // Two servers share the work.
    let other = server.replica(|_| {}).await;
    record(&server, 450).await;
    wait_until_sent(&server).await;
    let all = fs::read_to_string(&file).unwrap();
    let whole = all.lines().filter(|line| *line != &half[..half.len() / 2]);
    assert_eq!(i64::try_from(assert_all_in_order(whole)).unwrap(), chained(&server).await);
    let mode = std::os::unix::fs::PermissionsExt::mode(&fs::metadata(&file).unwrap().permissions());
    assert_eq!(mode & 0o777, 0o600);
    other.stop().await;
    server.stop().await;
}

/// What a receiver of batches got.
#[derive(Clone, Debug, Default)]
struct Received {
    heads: Vec<String>,
    bodies: Vec<String>,
    requests: usize,
}

/// Answers batches: the first is cut off, the second gets a 503, and the others are taken.
async fn receive(listener: TcpListener, authority: &Authority, received: Arc<Mutex<Received>>) {
    let acceptor = authority.certify(&["siem.test"]).unwrap().acceptor().unwrap();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let (acceptor, received) = (acceptor.clone(), Arc::clone(&received));
            tokio::spawn(async move {
                let Ok(stream) = acceptor.accept(stream).await else { return };
                answer_requests(stream, received).await;
            });
        }
    });
}

async fn answer_requests(stream: impl AsyncRead + AsyncWrite + Unpin, received: Arc<Mutex<Received>>) {
    let mut stream = BufReader::new(stream);
    loop {
        let mut head = String::new();
        while !head.ends_with("\r\n\r\n") {
            if stream.read_line(&mut head).await.unwrap_or(0) == 0 {
                return;
            }
        }
        let length = head.to_lowercase();
        let length = length.split("content-length: ").nth(1).and_then(|rest| rest.lines().next());
        let mut body = vec![0; length.unwrap().parse().unwrap()];
        stream.read_exact(&mut body).await.unwrap();
        let number = {
            let mut received = received.lock().unwrap();
            received.requests += 1;
            received.requests
        };
        let answer = match number {
            1 => return,
            2 => "HTTP/1.1 503 Service Unavailable\r\ncontent-length: 0\r\n\r\n",
            _ => {
                let mut received = received.lock().unwrap();
                received.heads.push(head);
                received.bodies.push(String::from_utf8(body).unwrap());
                "HTTP/1.1 204 No Content\r\n\r\n"
            }
        };
        stream.write_all(answer.as_bytes()).await.unwrap();
        stream.flush().await.unwrap();
    }
}

async fn a_target_that_fails_gets_everything_later_and_nobody_waits_for_it(backend: Backend) {
    let authority = Authority::new().unwrap();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address: SocketAddr = listener.local_addr().unwrap();
    let received = Arc::new(Mutex::new(Received::default()));
    let mut stream = settings(&format!("https://siem.test:{}/in", address.port()));
    stream.token = Some("SECRET-token-of-the-siem".into());
    let outbound = OutboundSettings {
        ca_certificates: Some(authority.pem().into_bytes()),
        resolve: [("siem.test".to_owned(), address)].into(),
        ..OutboundSettings::default()
    };
    let Some(server) = start(backend, stream, outbound).await else { return };
    server.install("slack").await;
    // Nobody accepts connections yet, and changes are made all the same.
    record(&server, 3).await;
    let unsent = || {
        let text = server.app.metrics.render(&[]).unwrap();
        let line =
            text.lines().find_map(|line| line.strip_prefix("riq_audit_stream_unsent ")).unwrap().to_owned();
        line.parse::<i64>().unwrap()
    };
    eventually("it is measured what was not sent", PATIENCE, async || unsent() > 0).await;
    receive(listener, &authority, Arc::clone(&received)).await;
    wait_until_sent(&server).await;
    eventually("nothing is left", PATIENCE, async || unsent() == 0).await;
    let Received { heads, bodies, requests } = received.lock().unwrap().clone();
    assert!(requests >= 3);
    let count = assert_all_in_order(bodies.iter().flat_map(|body| body.lines()));
    assert_eq!(i64::try_from(count).unwrap(), chained(&server).await);
    let head = heads.last().unwrap().to_lowercase();
    assert!(head.starts_with("post /in http/1.1\r\n"), "{head}");
    let last: Value = serde_json::from_str(bodies.last().unwrap().lines().last().unwrap()).unwrap();
    for line in [
        "authorization: bearer secret-token-of-the-siem".to_owned(),
        "content-type: application/x-ndjson".to_owned(),
        format!("riq-organization: {}", server.organization),
        format!("riq-audit-head: {}:{}", last["number"], last["hash"].as_str().unwrap()),
    ] {
        assert!(head.lines().any(|one| one == line), "{line} is not in {head}");
    }
    server.stop().await;
}

/// Reads what one connection sends, to its end.
async fn frames(mut stream: impl AsyncRead + Unpin) -> Vec<String> {
    let mut text = String::new();
    stream.read_to_string(&mut text).await.unwrap();
    let (mut rest, mut frames) = (text.as_str(), Vec::new());
    while !rest.is_empty() {
        let (length, behind) = rest.split_once(' ').unwrap();
        let (frame, behind) = behind.split_at(length.parse().unwrap());
        frames.push(frame.to_owned());
        rest = behind;
    }
    frames
}

/// The JSON of messages of syslog, each of which is one line with one head.
fn json_of(messages: &[String]) -> Vec<&str> {
    let json = messages.iter().map(|message| {
        assert!(!message.contains(char::is_control), "{message}");
        let parts: Vec<&str> = message.splitn(8, ' ').collect();
        assert_eq!(
            [parts[0], parts[2], parts[3], parts[4], parts[6]],
            ["<109>1", "riq.example", "riq-server", "-", "-"]
        );
        parts[7]
    });
    json.collect()
}

async fn a_changed_name_is_one_message_of_syslog(backend: Backend) {
    let authority = Authority::new().unwrap();
    let acceptor = authority.certify(&["localhost"]).unwrap().acceptor().unwrap();
    for scheme in ["tcp", "tls", "udp"] {
        let messages: Arc<Mutex<Vec<String>>> = Arc::default();
        let port = if scheme == "udp" {
            let socket = UdpSocket::bind("127.0.0.1:0").await.unwrap();
            let (port, messages) = (socket.local_addr().unwrap().port(), Arc::clone(&messages));
            tokio::spawn(async move {
                let mut datagram = vec![0; 65_536];
                while let Ok(length) = socket.recv(&mut datagram).await {
                    messages.lock().unwrap().push(String::from_utf8(datagram[..length].to_vec()).unwrap());
                }
            });
            port
        } else {
            let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
            let (port, messages) = (listener.local_addr().unwrap().port(), Arc::clone(&messages));
            let acceptor = acceptor.clone();
            tokio::spawn(async move {
                while let Ok((stream, _)) = listener.accept().await {
                    let batch = match scheme {
                        "tls" => frames(acceptor.accept(stream).await.unwrap()).await,
                        _ => frames(stream).await,
                    };
                    messages.lock().unwrap().extend(batch);
                }
            });
            port
        };
        let host = if scheme == "tls" { "localhost" } else { "127.0.0.1" };
        let mut stream = settings(&format!("syslog+{scheme}://{host}:{port}"));
        stream.ca_certificates = Some(authority.pem().into_bytes());
        let Some(server) = start(backend, stream, OutboundSettings::default()).await else { return };
        server.install("slack").await;
        record(&server, 3).await;
        wait_until_sent(&server).await;
        let sent = chained(&server).await;
        eventually("all arrived", PATIENCE, async || {
            i64::try_from(messages.lock().unwrap().len()).unwrap() >= sent
        })
        .await;
        let messages = messages.lock().unwrap().clone();
        let json = json_of(&messages);
        assert_eq!(i64::try_from(assert_all_in_order(json.iter().copied())).unwrap(), sent);
        let named: Vec<Value> = json.iter().map(|line| serde_json::from_str(line).unwrap()).collect();
        assert!(
            named.iter().any(|event| event["changes"][0]["to"] == json!(format!("{FORGED} 2"))),
            "{named:?}"
        );
        server.stop().await;
    }
}
