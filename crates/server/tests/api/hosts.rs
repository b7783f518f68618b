//! The host that a request is for: every request names it, and pages, metrics and the reference answer to known ones.

use reqwest::header::HeaderMap;

use crate::support::{
    Backend, Server, TestDatabase,
    process::Process,
    raw,
    server::{client, client_builder},
};

on_both!(
    a_request_names_its_host_once,
    pages_metrics_and_the_reference_answer_to_known_hosts_alone,
    over_tls_browsers_are_told_to_stay_there,
);

async fn a_request_names_its_host_once(server: &Server) {
    for (version, hosts, status) in [
        ("1.1", "host: x\r\n", 404),
        ("1.1", "Host: a.example:8080\r\n", 404),
        ("1.1", "host:\r\n", 404),
        ("1.0", "", 404),
        ("1.1", "", 400),
        ("1.1", "host: x\r\nhost: x\r\n", 400),
        ("1.1", "host: x\r\nHost: y\r\n", 400),
        ("1.0", "host: x\r\nhost: x\r\n", 400),
        ("1.1", "host: x, y\r\n", 400),
        ("1.1", "host: x y\r\n", 400),
        ("1.1", "host: x/y\r\n", 400),
        ("1.1", "host: user@x\r\n", 400),
        ("1.1", "host: x:y\r\n", 400),
    ] {
        let key = &server.key.text;
        for path in ["/nothing", "/api/v1/nothing"] {
            let request = format!("GET {path} HTTP/{version}\r\n{hosts}x-api-key: {key}\r\n\r\n");
            let answer = raw::send(server.address, request.as_bytes()).await;
            assert_eq!(answer.status, status, "{request:?}: {answer:?}");
            assert!(status == 404 || answer.message().contains("Host"), "{answer:?}");
        }
    }
    let missing = raw::send(server.address, b"GET /healthz HTTP/1.1\r\n\r\n").await;
    missing.refused(400, "BAD_REQUEST");
}

/// The status and headers of the answer to a request for a path at a host.
async fn ask(server: &Server, path: &str, host: &str) -> (u16, HeaderMap) {
    let url = format!("http://{}{path}", server.address);
    // A redirect may lead to the public URL, which is nowhere.
    let client = client_builder().redirect(reqwest::redirect::Policy::none()).build().unwrap();
    let answer = client.get(url).header("host", host).send().await.unwrap();
    (answer.status().as_u16(), answer.headers().clone())
}

async fn pages_metrics_and_the_reference_answer_to_known_hosts_alone(server: &Server) {
    let guarded = server
        .replica(|settings| {
            settings.known_hosts = riq_server::edge::host::KnownHosts::new(["riq.example", "riq.internal"]);
        })
        .await;
    let own = guarded.address.to_string();
    for path in ["/dashboard/sign-in", "/metrics", "/docs"] {
        for known in ["riq.example", "RIQ.internal:8080", "localhost", "127.0.0.1", "[::1]:80", own.as_str()]
        {
            assert_eq!(ask(&guarded, path, known).await.0, 200, "{path} at {known}");
        }
        for unknown in ["evil.example", "evil.example:8080", "riq.example.evil.example", "x.riq.example"] {
            let status = if path == "/dashboard/sign-in" { 303 } else { 400 };
            assert_eq!(ask(&guarded, path, unknown).await.0, status, "{path} at {unknown}");
            assert_eq!(ask(server, path, unknown).await.0, 200, "without a public URL, all are known");
        }
    }
    // A page leads to the public URL, once. The answer says nothing else.
    let (_, headers) = ask(&guarded, "/dashboard/sign-in?return_to=%2F", "evil.example").await;
    let public = format!("http://{own}/dashboard/sign-in?return_to=%2F&moved=1");
    assert_eq!(headers["location"], public);
    assert_eq!((headers["content-length"].as_bytes(), headers.get("set-cookie")), (&b"0"[..], None));
    for path in ["/dashboard/sign-in?moved=1", "/oauth/callback?state=x"] {
        assert_eq!(ask(&guarded, path, "evil.example").await.0, 400, "{path}");
    }
    let form = client().post(format!("http://{own}/dashboard/sign-in")).header("host", "evil.example");
    assert_eq!(form.send().await.unwrap().status(), 400);
    let list = guarded.at("");
    for (path, status) in
        [("/healthz", 200), ("/readyz", 200), ("/api/v1/openapi.json", 200), (list.as_str(), 401)]
    {
        assert_eq!(ask(&guarded, path, "evil.example").await.0, status, "{path}");
    }
    let absolute = "GET http://evil.example/metrics HTTP/1.1\r\nhost: riq.example\r\n\r\n";
    raw::send(guarded.address, absolute.as_bytes()).await.refused(400, "BAD_REQUEST");
    guarded.stop().await;
}

async fn over_tls_browsers_are_told_to_stay_there(server: &Server) {
    const NAME: &str = "strict-transport-security";

    let public = server.replica(|settings| settings.public_url = "https://a.example".parse().unwrap()).await;
    for path in ["/dashboard/sign-in", "/docs", "/healthz", "/nothing", &server.at("")] {
        let (_, headers) = ask(&public, path, "127.0.0.1").await;
        assert_eq!(headers.get(NAME).unwrap(), "max-age=31536000", "{path}");
        assert_eq!(ask(server, path, "127.0.0.1").await.1.get(NAME), None, "{path}");
    }
    let garbage = raw::send(public.address, b"garbage\r\n\r\n").await;
    assert!(garbage.header(NAME).is_some());
    public.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn hosts_are_those_of_the_settings() {
    let database = TestDatabase::create(Backend::Sqlite).await.unwrap();
    let settings = [("RIQ_PUBLIC_URL", "https://riq.example/below"), ("RIQ_HOSTS", "riq.internal")];
    let process = Process::serve(&database, &settings).await;
    for (host, status) in
        [("riq.example", 200), ("riq.internal:9090", 200), ("127.0.0.1", 200), ("evil.example", 400)]
    {
        let url = format!("http://{}/metrics", process.address);
        let answer = client().get(url).header("host", host).send().await.unwrap();
        assert_eq!(answer.status().as_u16(), status, "{host}");
    }
    let client = client_builder().redirect(reqwest::redirect::Policy::none()).build().unwrap();
    for host in ["riq.internal", "evil.example"] {
        let url = format!("http://{}/dashboard", process.address);
        let led = client.get(url).header("host", host).send().await.unwrap();
        assert_eq!(led.headers()["location"], "https://riq.example/below/dashboard?moved=1", "{host}");
    }
}
