//! Every answer has the envelope: for unknown routes, wrong methods and garbage too.

use std::time::Duration;

use serde_json::json;

use crate::support::{Answer, Backend, Server, TestDatabase, eventually, raw};

on_both!(
    unknown_routes_are_answered_in_the_envelope,
    a_wrong_method_is_told_the_right_ones,
    head_and_options_and_trace,
    what_cannot_read_json_is_told_so,
    garbage_is_answered_in_the_envelope,
    heads_that_are_too_large_are_answered_in_the_envelope,
    unusual_but_valid_requests_are_answered,
    an_address_that_is_too_long_is_told_so,
    the_root_leads_to_the_dashboard,
    a_bad_chunk_is_refused_and_changes_nothing,
    a_sane_request_id_is_kept_and_another_replaced,
    requests_on_one_connection_are_answered_one_by_one,
    the_specification_and_the_reference_need_no_key,
    a_request_that_takes_too_long_is_unavailable,
    a_body_that_does_not_arrive_is_not_waited_for,
    a_handler_that_panics_is_our_fault,
    the_server_is_ready_when_its_database_is,
);

async fn unknown_routes_are_answered_in_the_envelope(server: &Server) {
    let project = server.project;
    for target in [
        "/api",
        "/api/",
        "/api/v1",
        "/api/v1/",
        "/v1",
        "/v1/projects",
        "/api/v2/projects",
        "/favicon.ico",
        "/API/V1/openapi.json",
        "/api/v1/openapi.json/",
        "/v1/openapi.json/",
        "/v1/v1/openapi.json",
        "/healthz/",
        "/api//v1/openapi.json",
        "/%00",
        "/%ff",
        "/..%2f..%2fetc/passwd",
        "/docs/../../etc/passwd",
        "/.env",
        "/api/v1/projects",
        &format!("/api/v1/projects/{project}"),
        &format!("/api/v1/projects/{project}/"),
        &format!("/api/v1/projects/{project}/integrations/"),
        &format!("/api/v1/projects/{project}/integrations//slack"),
        &format!("/api/v1/projects//{project}/integrations"),
        &format!("/api/v1/v1/projects/{project}/integrations"),
        &format!("/v1/v1/projects/{project}/integrations"),
        &format!("/api/v1/projects/{project}/integrations/slack/x"),
        &format!("/{}", "x/".repeat(2_000)),
    ] {
        for with_key in [true, false] {
            let key = if with_key { format!("x-api-key: {}\r\n", server.key.text) } else { String::new() };
            let request = format!("GET {target} HTTP/1.1\r\nhost: x\r\n{key}\r\n");
            let answer = raw::send(server.address, request.as_bytes()).await;
            answer.refused(404, "RESOURCE_NOT_FOUND");
            assert_eq!(answer.header("x-ratelimit-tier").is_some(), with_key, "{target}");
        }
    }
}

async fn a_wrong_method_is_told_the_right_ones(server: &Server) {
    for (method, target, allowed) in [
        ("POST", server.at(""), &["GET", "HEAD"][..]),
        ("PUT", server.at("/slack/lifecycle"), &["PATCH"]),
        ("GET", server.at("/slack/lifecycle"), &["PATCH"]),
        ("POST", server.at("/slack"), &["DELETE", "GET", "HEAD"]),
        ("PATCH", server.at("/slack"), &["DELETE", "GET", "HEAD"]),
        ("GET", server.at("/slack/install-url"), &["POST"]),
        ("DELETE", server.at("/catalog"), &["GET", "HEAD"]),
        ("POST", "/healthz".into(), &["GET", "HEAD"]),
        ("POST", "/api/v1/openapi.json".into(), &["GET", "HEAD"]),
        ("BREW", server.at(""), &["GET", "HEAD"]),
    ] {
        let answer = server.call(method, &target).send().await;
        answer.refused(405, "METHOD_NOT_ALLOWED");
        let mut allow: Vec<&str> = answer.header("allow").unwrap().split(',').map(str::trim).collect();
        allow.sort_unstable();
        assert_eq!(allow, allowed, "{method} {target}");
    }
}

async fn head_and_options_and_trace(server: &Server) {
    let request = |method: &str, target: &str| {
        format!("{method} {target} HTTP/1.1\r\nhost: x\r\nx-api-key: {}\r\n\r\n", server.key.text)
    };
    let send = async |method: &str, target: &str| {
        raw::send(server.address, request(method, target).as_bytes()).await
    };
    let head = send("HEAD", &server.at("")).await;
    assert_eq!((head.status, head.text.as_str()), (200, ""));
    let get = send("GET", &server.at("")).await;
    assert_eq!(head.header("content-length"), get.header("content-length"));
    let refused = send("HEAD", "/api/v1/projects/x/integrations").await;
    assert_eq!((refused.status, refused.text.as_str()), (404, ""));
    for method in ["OPTIONS", "TRACE"] {
        send(method, &server.at("")).await.refused(405, "METHOD_NOT_ALLOWED");
    }
    let asterisk = send("OPTIONS", "*").await;
    assert!((400..500).contains(&asterisk.status), "{asterisk:?}");
    let connect = send("CONNECT", "example.com:443").await;
    assert!((400..500).contains(&connect.status), "{connect:?}");
}

async fn what_cannot_read_json_is_told_so(server: &Server) {
    let list = server.at("");
    for accept in ["text/html", "application/xml;q=0.9, image/*", "application/json;q=0"] {
        for target in [list.as_str(), "/api/v1/nothing", "/v1/nothing"] {
            let answer = server.call("GET", target).header("accept", accept).send().await;
            answer.refused(406, "NOT_ACCEPTABLE");
            assert!(answer.message().contains("application/json"));
        }
    }
    for accept in ["*/*", "application/json", "text/html, */*;q=0.1", "application/*", "Application/JSON"] {
        server.call("GET", &list).header("accept", accept).send().await.data();
    }
    // A change is refused before it is made.
    server.install("slack").await;
    let target = server.at("/slack/lifecycle");
    let call = server.call("PATCH", &target).header("accept", "text/html");
    call.json(&json!({"status": "paused"})).send().await.refused(406, "NOT_ACCEPTABLE");
    assert_eq!(server.integration("slack").await["status"], "active");
}

async fn garbage_is_answered_in_the_envelope(server: &Server) {
    for garbage in [
        &b"\r\n\r\nhello\r\n\r\n"[..],
        b"GET\r\n\r\n",
        b"GET / HTTP/1.1 extra\r\n\r\n",
        b"GET / HTTP/9.9\r\n\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03 a TLS greeting\r\n\r\n",
        b"\x00\x01\x02\x03\r\n\r\n",
        b"GET /\x00 HTTP/1.1\r\nhost: x\r\n\r\n",
        b"GET / HTTP/1.1\r\nno colon\r\n\r\n",
        b"GET / HTTP/1.1\r\nhost: x\r\nbad header: \x00\r\n\r\n",
        b"GET / HTTP/1.1\r\nhost: x\r\ncontent-length: nine\r\n\r\n",
        b"GET / HTTP/1.1\r\nhost: x\r\ncontent-length: -1\r\n\r\n",
        b"POST / HTTP/1.1\r\nhost: x\r\ncontent-length: 1\r\ncontent-length: 2\r\n\r\nab",
        b"POST / HTTP/1.1\r\nhost: x\r\ntransfer-encoding: gzip\r\n\r\n",
        b"G\xffT / HTTP/1.1\r\nhost: x\r\n\r\n",
    ] {
        let answer = raw::send(server.address, garbage).await;
        let shown = String::from_utf8_lossy(garbage);
        assert!((400..500).contains(&answer.status), "{shown:?}: {answer:?}");
        assert_eq!(answer.header("x-ratelimit-tier"), None);
    }
    server.get("").await.data();
}

async fn heads_that_are_too_large_are_answered_in_the_envelope(server: &Server) {
    let key = &server.key.text;
    let line = format!("GET /{} HTTP/1.1\r\nhost: x\r\n\r\n", "x".repeat(200_000));
    let header = format!("GET / HTTP/1.1\r\nhost: x\r\nx-big: {}\r\n\r\n", "x".repeat(200_000));
    let many: String = (0..5_000).map(|at| format!("x-{at}: 1\r\n")).collect();
    let many = format!("GET / HTTP/1.1\r\nhost: x\r\nx-api-key: {key}\r\n{many}\r\n");
    let endless = "x".repeat(200_000);
    for request in [line, header, many, endless] {
        let answer = raw::send(server.address, request.as_bytes()).await;
        assert!([400, 414, 431].contains(&answer.status), "{answer:?}");
    }
    // This is large, but within the limit.
    let header = "x".repeat(10_000);
    server.call("GET", &server.at("")).header("x-big", &header).send().await.data();
}

async fn an_address_that_is_too_long_is_told_so(server: &Server) {
    let list = server.at("");
    let target = |length: usize| format!("{list}?x={}", "y".repeat(length - list.len() - 3));
    server.call("GET", &target(8192)).send().await.data();
    for length in [8193, 20_000, 60_000] {
        for (key, target) in [(true, target(length)), (false, format!("/{}", "z".repeat(length)))] {
            let call =
                if key { server.call("GET", &target) } else { server.call_without_key("GET", &target) };
            call.send().await.refused(414, "URI_TOO_LONG");
        }
    }
    // Beyond what is read of a head, the address is told from the other headers by the end of its line.
    let line = format!("GET /{} HTTP/1.1\r\nhost: x\r\n\r\n", "x".repeat(200_000));
    raw::send(server.address, line.as_bytes()).await.refused(414, "URI_TOO_LONG");
    let header = format!("GET / HTTP/1.1\r\nhost: x\r\nx-big: {}\r\n\r\n", "x".repeat(200_000));
    raw::send(server.address, header.as_bytes()).await.refused(431, "HEADERS_TOO_LARGE");
}

async fn the_root_leads_to_the_dashboard(server: &Server) {
    let answer = raw::send(server.address, b"GET / HTTP/1.1\r\nhost: x\r\n\r\n").await;
    assert_eq!((answer.status, answer.header("location")), (303, Some("/dashboard")));
    server.call("POST", "/").send().await.refused(405, "METHOD_NOT_ALLOWED");
}

async fn unusual_but_valid_requests_are_answered(server: &Server) {
    let (key, list) = (&server.key.text, server.at(""));
    let send = async |request: String| raw::send(server.address, request.as_bytes()).await;
    send(format!("GET http://elsewhere.example{list} HTTP/1.1\r\nhost: x\r\nx-api-key: {key}\r\n\r\n"))
        .await
        .data();
    send(format!("GET {list} HTTP/1.0\r\nx-api-key: {key}\r\n\r\n")).await.data();
    send(format!("GET {list} HTTP/1.1\r\nX-API-KEY:{key}\r\n\r\n")).await;
    send(format!("GET {list}? HTTP/1.1\r\nhost: x\r\nx-api-key: {key}\r\n\r\n")).await.data();
    send(format!("\r\nGET {list} HTTP/1.1\r\nhost: x\r\nx-api-key: {key}\r\n\r\n")).await.data();
    // An unexpected body is ignored.
    send(format!("GET {list} HTTP/1.1\r\nhost: x\r\nx-api-key: {key}\r\ncontent-length: 4\r\n\r\n{{{{{{{{"))
        .await
        .data();
    // Equivalent percent-encoding means the same.
    let encoded = list.replace("integrations", "integr%61tions");
    let answer = send(format!("GET {encoded} HTTP/1.1\r\nhost: x\r\nx-api-key: {key}\r\n\r\n")).await;
    assert!([200, 404].contains(&answer.status), "{answer:?}");
    let dots = format!("{list}/%2e%2e/integrations");
    let answer = send(format!("GET {dots} HTTP/1.1\r\nhost: x\r\nx-api-key: {key}\r\n\r\n")).await;
    assert!((400..500).contains(&answer.status), "{answer:?}");
}

async fn a_bad_chunk_is_refused_and_changes_nothing(server: &Server) {
    server.install("slack").await;
    let before = server.sql.picture().await;
    let head = format!(
        "PATCH {} HTTP/1.1\r\nhost: x\r\nx-api-key: {}\r\ncontent-type: application/json\r\n\
         transfer-encoding: chunked\r\n\r\n",
        server.at("/slack/lifecycle"),
        server.key.text
    );
    for chunks in [
        "zz\r\n{}\r\n0\r\n\r\n",
        "-1\r\n{}\r\n0\r\n\r\n",
        "ffffffffffffffffff\r\n{}\r\n0\r\n\r\n",
        "2\r\n{}xx\r\n",
    ] {
        let answer = raw::send(server.address, format!("{head}{chunks}").as_bytes()).await;
        answer.refused(400, "BAD_REQUEST");
    }
    assert_eq!(server.sql.picture().await, before);
}

async fn a_sane_request_id_is_kept_and_another_replaced(server: &Server) {
    server.install("slack").await;
    let (list, own) = (server.at(""), "x".repeat(128));
    for id in ["abc", "req_01jc3q5v6w7x8y9zabcdefghjk", "7f9c24e5-2f1b:1.2_3", own.as_str()] {
        let good = server.call("GET", &list).header("x-request-id", id).send().await;
        assert_eq!(good.header("x-request-id"), Some(id));
        let bad = server.call_without_key("GET", &list).header("x-request-id", id).send().await;
        assert_eq!(bad.body["request_id"], id);
    }
    let long = "x".repeat(129);
    for id in ["", "a b", "<script>", "a\"b", "a{b}", long.as_str(), "a/b", "%00"] {
        let answer = server.call("GET", &list).header("x-request-id", id).send().await;
        let own = answer.header("x-request-id").unwrap();
        assert!(own.starts_with("req_") && own != id, "{id}: {own}");
    }
    server.clock.advance(time::Duration::seconds(1));
    let target = server.at("/slack/lifecycle");
    let call = server.call("PATCH", &target).header("x-request-id", "from-the-client");
    call.json(&json!({"status": "paused"})).send().await.data();
    assert_eq!(server.audit("slack").await[1]["request_id"], "from-the-client");
    let (one, other) = (server.get("").await, server.get("").await);
    assert_ne!(one.header("x-request-id"), other.header("x-request-id"));
}

async fn requests_on_one_connection_are_answered_one_by_one(server: &Server) {
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

    let request = |id: &str, close: &str| {
        let (list, key) = (server.at(""), &server.key.text);
        format!("GET {list} HTTP/1.1\r\nhost: x\r\nx-api-key: {key}\r\nx-request-id: {id}\r\n{close}\r\n")
    };
    let mut stream = tokio::net::TcpStream::connect(server.address).await.unwrap();
    let pipelined =
        [request("one", ""), request("two", ""), request("three", "connection: close\r\n")].concat();
    stream.write_all(pipelined.as_bytes()).await.unwrap();
    let mut received = String::new();
    stream.read_to_string(&mut received).await.unwrap();
    let ids: Vec<&str> = received.lines().filter_map(|line| line.strip_prefix("x-request-id: ")).collect();
    assert_eq!(ids, ["one", "two", "three"]);
    assert_eq!(received.matches("{\"data\":[]}").count(), 3);
}

async fn the_specification_and_the_reference_need_no_key(server: &Server) {
    let specification = server.call_without_key("GET", "/api/v1/openapi.json").send().await;
    assert_eq!(specification.status, 200);
    assert_eq!(specification.body, serde_json::to_value(riq_server::openapi()).unwrap());
    assert!(specification.body["openapi"].as_str().unwrap().starts_with("3.1"));
    let other = server.call_without_key("GET", "/v1/openapi.json").send().await;
    assert_eq!((other.status, &other.text), (200, &specification.text));
    let page = server.call_without_key("GET", "/docs").header("accept", "text/html").send().await;
    assert_eq!(page.status, 200);
    assert!(page.header("content-type").unwrap().starts_with("text/html"));
    assert_eq!(
        page.header("content-security-policy").unwrap(),
        "default-src 'none'; script-src 'self'; style-src 'unsafe-inline'; img-src data:; connect-src 'self'; \
         base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    );
    assert_eq!(page.header("referrer-policy").unwrap(), "no-referrer");
    // The page names no other origin, and its settings let Scalar's script load, report and store nothing.
    assert!(!page.text.contains("//"), "{}", page.text);
    let attribute = |name: &str| page.text.split(&format!("{name}=\"")).nth(1)?.split('"').next();
    let settings = attribute("data-configuration").unwrap().replace("&quot;", "\"");
    let settings: serde_json::Value = serde_json::from_str(&settings).unwrap();
    // Below the path of a proxy, addresses that begin with a slash would lead elsewhere.
    assert_eq!(settings["url"], "api/v1/openapi.json");
    for off in ["telemetry", "withDefaultFonts", "persistAuth"] {
        assert_eq!(settings[off], false, "{off}");
    }
    assert!(settings.get("proxyUrl").is_none() && settings["agent"]["disabled"] == true, "{settings}");
    // The page contains no inline script. The script's name contains a hash of it, so it is cached for ever.
    assert!(page.text.contains("></script><script src=\""), "{}", page.text);
    let script = format!("/{}", attribute("<script src").unwrap());
    let script = server.call_without_key("GET", &script).send().await;
    assert_eq!(script.status, 200);
    for (name, value) in [
        ("content-type", "text/javascript; charset=utf-8"),
        ("content-encoding", "gzip"),
        ("cache-control", "public, max-age=31536000, immutable"),
    ] {
        assert_eq!(script.header(name), Some(value), "{name}");
    }
    server.call_without_key("GET", "/docs/scalar-other.js").send().await.refused(404, "RESOURCE_NOT_FOUND");
}

async fn a_request_that_takes_too_long_is_unavailable(server: &Server) {
    server.install("slack").await;
    let hasty = server.replica(|settings| settings.request_timeout = Duration::from_millis(50)).await;
    // A change waits for this lock, which is released only after the answer.
    let lock = server.database.lock_integrations().await;
    let before = server.sql.picture().await;
    let answer = hasty.patch("slack", json!({"status": "paused"})).await;
    answer.refused(503, "SERVICE_UNAVAILABLE");
    assert!(answer.header("retry-after").is_some());
    lock.release().await;
    assert_eq!(server.sql.picture().await, before, "what was given up is not made later");
    hasty.stop().await;
}

async fn a_body_that_does_not_arrive_is_not_waited_for(server: &Server) {
    server.install("slack").await;
    let hasty = server.replica(|settings| settings.body_timeout = Duration::from_millis(50)).await;
    let before = server.sql.picture().await;
    for sent in ["", "{\"status\":"] {
        let head = format!(
            "PATCH {} HTTP/1.1\r\nhost: x\r\nx-api-key: {}\r\ncontent-type: application/json\r\ncontent-length: 99\r\n\r\n",
            server.at("/slack/lifecycle"),
            server.key.text
        );
        let answer = raw::send(hasty.address, format!("{head}{sent}").as_bytes()).await;
        answer.refused(408, "REQUEST_TIMEOUT");
    }
    assert_eq!(server.sql.picture().await, before);
    hasty.stop().await;
}

/// No handler is known to panic, so this one does it on purpose.
#[expect(clippy::disallowed_methods, reason = "a route of this test's own")]
async fn a_handler_that_panics_is_our_fault(server: &Server) {
    let panics = async || -> &'static str { panic!("on purpose, with SELECT and src/ in it") };
    let router = axum::Router::new().route("/panics", axum::routing::get(panics));
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let (stopper, stop) = riq_server::shutdown::channel();
    let edge = server.app.edge(router);
    let serving = tokio::spawn(riq_server::edge::serve::serve(listener, edge, stop, Duration::from_secs(5)));
    for _ in 0..2 {
        let answer = raw::send(address, b"GET /panics HTTP/1.1\r\nhost: x\r\n\r\n").await;
        answer.refused(500, "INTERNAL_ERROR");
    }
    stopper.stop();
    serving.await.unwrap();
}

async fn the_server_is_ready_when_its_database_is(server: &Server) {
    let ask = async |target: &str| -> Answer { server.call_without_key("GET", target).send().await };
    assert_eq!(ask("/healthz").await.data(), &json!({"status": "alive"}));
    assert_eq!(ask("/readyz").await.data(), &json!({"status": "ready"}));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_its_database_the_server_is_unavailable_and_alive() {
    let Some(database) = TestDatabase::create(Backend::Postgres).await else { return };
    let server = Server::start(database).await;
    server.install("slack").await;
    let reader = server.key_for(&["read"]).await;
    server.get("").await.data();
    server.database.vanish().await;
    eventually("the server notices", Duration::from_secs(20), async || {
        server.call_without_key("GET", "/readyz").send().await.status == 503
    })
    .await;
    let update = json!({"status": "paused"});
    for answer in [
        server.get("").await,
        server.get("/catalog").await,
        server.get("/catalog/slack").await,
        server.patch("slack", update).await,
        server.delete("slack").await,
        server.call("POST", &server.at("/slack/install-url")).send().await,
        // A key that is not cached cannot be looked up.
        server.call_as(&reader.text, "GET", &server.at("")).send().await,
    ] {
        answer.refused(503, "SERVICE_UNAVAILABLE");
        assert!(answer.header("retry-after").is_some());
    }
    server.call_without_key("GET", "/healthz").send().await.data();
    server.call_without_key("GET", &server.at("")).send().await.refused(401, "UNAUTHORIZED");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_connection_that_is_cut_is_replaced() {
    let Some(database) = TestDatabase::create(Backend::Postgres).await else { return };
    let server = Server::start(database).await;
    server.install("slack").await;
    for _ in 0..3 {
        let cut = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity \
                   WHERE application_name = 'riq-server' AND datname = current_database()";
        server.sql.rows(cut, []).await;
        eventually("the server recovers", Duration::from_secs(10), async || {
            let answer = server.get("").await;
            assert!([200, 503].contains(&answer.status), "{answer:?}");
            answer.status == 200
        })
        .await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_sqlite_database_that_lost_its_tables_is_no_secret_told() {
    let database = TestDatabase::create(Backend::Sqlite).await.unwrap();
    let server = Server::start(database).await;
    server.install("slack").await;
    server.sql.execute("DROP TABLE credentials", []).await;
    let answer = server.delete("slack").await;
    assert!([500, 503].contains(&answer.status), "{answer:?}");
    assert_eq!(server.call_without_key("GET", "/healthz").send().await.status, 200);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_sqlite_database_that_another_process_holds_is_unavailable_for_changes_alone() {
    let database = TestDatabase::create(Backend::Sqlite).await.unwrap();
    let server = Server::start(database).await;
    server.install("slack").await;
    let before = server.sql.picture().await;
    server.sql.execute("BEGIN IMMEDIATE", []).await;
    server.get("").await.data();
    let answer = server.patch("slack", json!({"status": "paused"})).await;
    answer.refused(503, "SERVICE_UNAVAILABLE");
    server.get("").await.data();
    server.sql.execute("ROLLBACK", []).await;
    assert_eq!(server.sql.picture().await, before);
    server.patch("slack", json!({"status": "paused"})).await.data();
}
