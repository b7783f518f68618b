//! Connections of clients: how many there may be, which one goes, and clients that do not take their answers. They do
//! not depend on the database, so one is enough.

use std::{net::SocketAddr, sync::Arc, time::Duration};

use riq_server::{
    edge::{
        client_address::TrustedProxies, connections::ConnectionLimits, serve::serve, settings::HttpSettings,
    },
    shutdown,
};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{TcpListener, TcpSocket, TcpStream},
    sync::Semaphore,
};

use crate::support::{
    Backend, Server, TestDatabase, eventually,
    exposition::Exposition,
    process::{Process, command},
    raw,
    server::{ENCRYPTION_KEYS, Plan, client},
};

/// How long something that happens by itself may take before a test fails.
const PATIENCE: Duration = Duration::from_secs(30);
const HEALTH: &[u8] = b"GET /healthz HTTP/1.1\r\nhost: x\r\n\r\n";

async fn with(set: impl FnOnce(&mut HttpSettings), test: impl AsyncFnOnce(&Server)) {
    let database = TestDatabase::create(Backend::Sqlite).await.unwrap();
    let server = Server::start_with(database, Plan::default(), set).await;
    test(&server).await;
    server.stop().await;
}

fn limits(total: usize, per_address: usize) -> impl FnOnce(&mut HttpSettings) {
    move |settings| settings.connections = ConnectionLimits { total, per_address }
}

fn metric(server: &Server, series: &str) -> f64 {
    let metrics = Exposition::parse(&server.app.metrics.render(&[]).unwrap());
    metrics.series.get(series).copied().unwrap_or_default()
}

fn cut(server: &Server, reason: &str) -> f64 {
    metric(server, &format!(r#"riq_client_connections_cut_total{{reason="{reason}"}}"#))
}

/// A connection from one of this machine's addresses, after an answer on it.
async fn answered(server: SocketAddr, from: &str) -> TcpStream {
    let mut stream = connected(server, from).await;
    assert!(is_answered(&mut stream).await);
    stream
}

async fn connected(server: SocketAddr, from: &str) -> TcpStream {
    let socket = TcpSocket::new_v4().unwrap();
    socket.bind(format!("{from}:0").parse().unwrap()).unwrap();
    socket.connect(server).await.unwrap()
}

/// Whether a request is answered with 200 on this connection.
async fn is_answered(stream: &mut TcpStream) -> bool {
    let mut answer = [0; 2048];
    stream.write_all(HEALTH).await.is_ok()
        && stream.read(&mut answer).await.is_ok_and(|read| answer[..read].starts_with(b"HTTP/1.1 200 "))
}

/// Reads until the other end closes the connection.
async fn is_closed(mut stream: TcpStream) {
    let mut rest = Vec::new();
    // Closed or cut off: both will do.
    drop(tokio::time::timeout(PATIENCE, stream.read_to_end(&mut rest)).await.expect("it is closed"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_does_not_read_is_cut() {
    let hasty = |settings: &mut HttpSettings| {
        settings.write_patience = Duration::from_millis(100);
        settings.anonymous_limit = u32::MAX;
    };
    with(hasty, async |server| {
        let requests = b"GET /docs HTTP/1.1\r\nhost: x\r\n\r\n".repeat(100);
        let mut stream = TcpStream::connect(server.address).await.unwrap();
        let sending = async { while stream.write_all(&requests).await.is_ok() {} };
        tokio::time::timeout(PATIENCE, sending).await.expect("the connection is cut");
        assert_eq!(cut(server, "stalled"), 1.0);
        server.get("").await.data();
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_reads_in_the_end_gets_every_answer() {
    with(
        |settings| settings.anonymous_limit = u32::MAX,
        async |server| {
            const REQUESTS: usize = 2_000;
            let mut stream = TcpStream::connect(server.address).await.unwrap();
            let last = b"GET /docs HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n";
            let requests =
                [b"GET /docs HTTP/1.1\r\nhost: x\r\n\r\n".repeat(REQUESTS - 1), last.to_vec()].concat();
            let (mut reader, mut writer) = stream.split();
            let mut received = Vec::new();
            let reading = async { reader.read_to_end(&mut received).await.unwrap() };
            let (written, _) = tokio::join!(writer.write_all(&requests), reading);
            written.unwrap();
            let answers = received.windows(13).filter(|part| part == b"HTTP/1.1 200 ").count();
            assert_eq!(answers, REQUESTS);
        },
    )
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_new_connection_takes_the_place_of_the_one_that_waits_longest() {
    with(limits(100, 3), async |server| {
        let mut others = answered(server.address, "127.0.0.2").await;
        let one = answered(server.address, "127.0.0.3").await;
        let mut kept = Vec::new();
        for _ in 0..3 {
            kept.push(answered(server.address, "127.0.0.3").await);
        }
        is_closed(one).await;
        for stream in kept.iter_mut().chain([&mut others]) {
            assert!(is_answered(stream).await);
        }
        assert_eq!(cut(server, "address_limit"), 1.0);
        assert_eq!(metric(server, "riq_client_connections"), 4.0);
        drop((kept, others));
        eventually("they are counted no more", PATIENCE, async || {
            metric(server, "riq_client_connections") == 0.0
        })
        .await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn neither_half_a_head_nor_half_a_body_keeps_a_place() {
    with(limits(100, 2), async |server| {
        let sign_in = "POST /dashboard/sign-in HTTP/1.1\r\nhost: x\r\ncontent-length: 100\r\n\
                       content-type: application/x-www-form-urlencoded\r\n\r\na=";
        for half in ["GET /heal", sign_in] {
            let mut slow = connected(server.address, "127.0.0.2").await;
            slow.write_all(half.as_bytes()).await.unwrap();
            let closed = tokio::spawn(is_closed(slow));
            let mut others = Vec::new();
            eventually("the slow one makes room", PATIENCE, async || {
                others.push(answered(server.address, "127.0.0.2").await);
                closed.is_finished()
            })
            .await;
            closed.await.unwrap();
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn beyond_the_total_the_address_with_most_connections_makes_room() {
    with(limits(4, 4), async |server| {
        let mut alone = answered(server.address, "127.0.0.2").await;
        let mut many = Vec::new();
        for _ in 0..3 {
            many.push(answered(server.address, "127.0.0.3").await);
        }
        let mut new = answered(server.address, "127.0.0.4").await;
        is_closed(many.remove(0)).await;
        for stream in many.iter_mut().chain([&mut alone, &mut new]) {
            assert!(is_answered(stream).await);
        }
        assert_eq!(cut(server, "limit"), 1.0);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_trusted_proxy_has_as_many_as_there_may_be() {
    let behind = |settings: &mut HttpSettings| {
        settings.connections = ConnectionLimits { total: 100, per_address: 1 };
        let (networks, header) = (vec!["127.0.0.2/32".parse().unwrap()], "forwarded".parse().unwrap());
        settings.trusted_proxies = Some(TrustedProxies { networks, header });
    };
    with(behind, async |server| {
        let mut one = answered(server.address, "127.0.0.2").await;
        answered(server.address, "127.0.0.2").await;
        assert!(is_answered(&mut one).await);
    })
    .await;
}

/// A server with one route, whose answer waits until the test lets it go. It says when a request has arrived.
struct Waiting {
    address: SocketAddr,
    arrived: Arc<Semaphore>,
    go: Arc<Semaphore>,
}

/// Runs a test on a server with a route that waits, beside `server`.
#[expect(clippy::disallowed_methods, reason = "a route of this test's own")]
async fn waiting(server: &Server, test: impl AsyncFnOnce(&Waiting)) {
    let (arrived, go) = (Arc::new(Semaphore::new(0)), Arc::new(Semaphore::new(0)));
    let gates = (Arc::clone(&arrived), Arc::clone(&go));
    let wait = move || {
        let (arrived, go) = gates.clone();
        async move {
            arrived.add_permits(1);
            go.acquire().await.unwrap().forget();
            "done"
        }
    };
    let router = axum::Router::new()
        .route("/wait", axum::routing::get(wait))
        .route("/healthz", axum::routing::get(async || "alive"));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let (stopper, stop) = shutdown::channel();
    let serving = tokio::spawn(serve(listener, server.app.edge(router), stop, PATIENCE));
    test(&Waiting { address, arrived, go }).await;
    stopper.stop();
    serving.await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_request_under_way_keeps_its_place() {
    with(limits(100, 1), async |server| {
        waiting(server, async |waiting| {
            let mut busy = connected(waiting.address, "127.0.0.1").await;
            busy.write_all(b"GET /wait HTTP/1.1\r\nhost: x\r\n\r\n").await.unwrap();
            waiting.arrived.acquire().await.unwrap().forget();
            let refused = raw::send(waiting.address, b"").await;
            refused.refused(503, "SERVICE_UNAVAILABLE");
            assert_eq!(refused.header("retry-after"), Some("1"));
            assert_eq!(cut(server, "refused"), 1.0);
            waiting.go.add_permits(1);
            let mut answer = [0; 2048];
            let read = busy.read(&mut answer).await.unwrap();
            assert!(answer[..read].ends_with(b"done"));
            answered(waiting.address, "127.0.0.1").await;
            is_closed(busy).await;
        })
        .await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_client_that_leaves_is_counted() {
    with(
        |_| {},
        async |server| {
            waiting(server, async |waiting| {
                let mut leaving = connected(waiting.address, "127.0.0.1").await;
                leaving
                    .write_all(b"GET /wait HTTP/1.1\r\nhost: x\r\nx-request-id: left\r\n\r\n")
                    .await
                    .unwrap();
                waiting.arrived.acquire().await.unwrap().forget();
                drop(leaving);
                let left = r#"riq_http_requests_total{method="GET",route="/wait",status="499"}"#;
                eventually("it is counted", PATIENCE, async || metric(server, left) == 1.0).await;
                assert_eq!(crate::support::hidden::times_told(&["status=499", "request_id=\"left\""]), 1);
            })
            .await;
        },
    )
    .await;
}

/// Starts a server that may have only some files open.
async fn with_files(database: &TestDatabase, files: &str, environment: &[(&str, &str)]) -> Process {
    let own = [("DATABASE_URL", database.url.as_str()), ("RIQ_ENCRYPTION_KEYS", ENCRYPTION_KEYS)];
    assert!(command(&["migrate"], &own).status().unwrap().success());
    let server = command(&["serve", "--bind", "127.0.0.1:0"], &[&own, environment].concat());
    let mut limited = std::process::Command::new("sh");
    limited.args(["-c", &format!("ulimit {files} && exec \"$0\" \"$@\"")]).arg(server.get_program());
    limited.args(server.get_args());
    for (name, value) in server.get_envs() {
        match value {
            Some(value) => limited.env(name, value),
            None => limited.env_remove(name),
        };
    }
    limited.stdin(std::process::Stdio::null());
    limited.stdout(std::process::Stdio::piped()).stderr(std::process::Stdio::piped());
    let mut process = Process::spawn(limited);
    assert!(process.serves_or_ends(), "{}", process.stderr());
    process
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn clients_leave_files_for_the_database() {
    let database = TestDatabase::create(Backend::Sqlite).await.unwrap();
    // The soft limit alone is raised, so nothing is said.
    let raised = with_files(&database, "-Sn 64", &[("RIQ_CONNECTIONS", "100")]).await;
    assert!(!raised.stderr().contains("open files"), "{}", raised.stderr());
    drop(raised);
    // The database may need nearly all of them, so clients get a quarter.
    let low = with_files(&database, "-n 200", &[]).await;
    let log = low.stderr();
    assert!(log.contains("fewer connections for clients") && log.contains("\"connections\":50"), "{log}");
    let mut others = Vec::new();
    for number in 0..300 {
        others.push(connected(low.address, &format!("127.0.0.{}", 2 + number % 200)).await);
    }
    for _ in 0..3 {
        let ready = client().get(format!("http://{}/readyz", low.address)).send().await.unwrap();
        assert_eq!(ready.status().as_u16(), 200);
    }
    assert!(!low.stderr().contains("accepting connections fails"), "{}", low.stderr());
}
