//! Traces, as a collector receives them from the program.

use std::time::Duration;

use opentelemetry_proto::tonic::trace::v1::{Span, span::SpanKind, status::StatusCode};

use crate::support::{
    TestDatabase,
    collector::{Collector, attribute},
    eventually,
    exposition::Exposition,
    hidden,
    process::{Process, run, run_with_input},
    server::{ENCRYPTION_KEYS, client},
};

on_both_databases!(
    requests_are_traced_and_the_last_spans_sent_at_the_end,
    a_collector_that_is_away_disturbs_nobody,
    probes_are_traced_and_counted,
);

/// A caller's `traceparent` (W3C Trace Context, section 3.2), with its ids.
const TRACEPARENT: &str = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
const TRACE: &str = "0af7651916cd43dd8448eb211c80319c";
const PARENT: &str = "b7ad6b7169203331";

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

async fn requests_are_traced_and_the_last_spans_sent_at_the_end(database: &TestDatabase) {
    let collector = Collector::start().await;
    let endpoint = format!("http://{}", collector.address);
    let environment = [
        ("OTEL_EXPORTER_OTLP_ENDPOINT", endpoint.as_str()),
        ("OTEL_EXPORTER_OTLP_HEADERS", "authorization=Bearer%20of-the-collector"),
        // Longer than the test, so spans arrive only because the server ended.
        ("OTEL_BSP_SCHEDULE_DELAY", "600000"),
    ];
    let mut server = Process::serve(database, &environment).await;
    let url = |target: &str| format!("http://{}{target}", server.address);
    let own = client().get(url("/healthz?q=SECRET-query")).header("x-request-id", "the-first").send();
    assert_eq!(own.await.unwrap().status(), 200);
    let path = "/v1/projects/prj_SECRET/integrations";
    let called = client().get(url(path)).header("traceparent", TRACEPARENT).bearer_auth("SECRET-key").send();
    assert_eq!(called.await.unwrap().status(), 401);
    assert_eq!(client().get(url("/nowhere/SECRET")).send().await.unwrap().status(), 404);
    assert!(collector.exports().is_empty(), "nothing is due yet");

    server.terminate();
    assert!(server.wait().success(), "{}", server.stderr());
    let spans = collector.spans();
    assert_eq!(spans.len(), 3, "{spans:?}");
    for (resource, span) in &spans {
        assert_eq!(attribute(resource, "service.name").as_deref(), Some("riq-server"));
        assert_eq!(attribute(resource, "service.version").as_deref(), Some(env!("CARGO_PKG_VERSION")));
        assert_eq!(span.kind, i32::from(SpanKind::Server), "{span:?}");
        assert!(span.end_time_unix_nano > span.start_time_unix_nano, "{span:?}");
        assert_ne!(span.status.as_ref().map(|status| status.code), Some(StatusCode::Error.into()));
    }
    let of = |key: &str, value: &str| -> &Span {
        let found = spans.iter().find(|(_, span)| attribute(&span.attributes, key).as_deref() == Some(value));
        &found.unwrap_or_else(|| panic!("no span with {key} {value}: {spans:?}")).1
    };
    let first = of("riq.request_id", "the-first");
    assert_eq!(first.name, "GET /healthz");
    assert_eq!(attribute(&first.attributes, "http.request.method").as_deref(), Some("GET"));
    assert_eq!(attribute(&first.attributes, "http.route").as_deref(), Some("/healthz"));
    assert_eq!(attribute(&first.attributes, "http.response.status_code").as_deref(), Some("200"));
    assert!(first.parent_span_id.is_empty() && hex(&first.trace_id) != TRACE, "{first:?}");
    let second = of("http.response.status_code", "401");
    assert_eq!((hex(&second.trace_id).as_str(), hex(&second.parent_span_id).as_str()), (TRACE, PARENT));
    let third = of("http.response.status_code", "404");
    assert_eq!((third.name.as_str(), attribute(&third.attributes, "http.route")), ("GET", None));

    for export in collector.exports() {
        assert_eq!(export.headers["authorization"], "Bearer of-the-collector");
        hidden::assert_not_in(&String::from_utf8_lossy(&export.body), "an export");
    }
    assert!(!server.stderr().contains("of-the-collector"), "{}", server.stderr());
}

async fn a_collector_that_is_away_disturbs_nobody(database: &TestDatabase) {
    // A port that was just free and has no listener.
    let away = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let endpoint = format!("http://SECRET-user:SECRET-password@{away}");
    let mut server = Process::serve(database, &[("OTEL_EXPORTER_OTLP_ENDPOINT", &endpoint)]).await;
    let asked = client().get(format!("http://{}/healthz", server.address)).send().await.unwrap();
    assert_eq!(asked.status(), 200);
    server.terminate();
    assert!(server.wait().success(), "{}", server.stderr());
    let told = server.stderr();
    assert!(told.contains("\"target\":\"opentelemetry"), "the log says that spans were lost: {told}");
    hidden::assert_not_in(&told, "the log");
}

async fn probes_are_traced_and_counted(database: &TestDatabase) {
    let collector = Collector::start().await;
    let endpoint = format!("http://{}", collector.address);
    let own = [("DATABASE_URL", database.url.as_str()), ("RIQ_ENCRYPTION_KEYS", ENCRYPTION_KEYS)];
    assert!(run(&["migrate"], &own).await.success);
    let made = |answer: serde_json::Value| answer["id"].as_str().unwrap().to_owned();
    let org = made(run(&["admin", "--json", "org", "create", "--name", "Acme"], &own).await.json());
    let project = ["admin", "--json", "project", "create", "--org", &org, "--name", "Support"];
    let project = made(run(&project, &own).await.json());
    let line = r#"{"provider":"postmark","credential":{"api_key":"SECRET-key-of-postmark"}}"#;
    assert!(run_with_input(&["admin", "import", "--project", &project, "-"], &own, line).await.success);

    // Nothing listens on the port that the provider's host resolves to.
    let environment = [
        ("OTEL_EXPORTER_OTLP_ENDPOINT", endpoint.as_str()),
        ("RIQ_OUTBOUND_RESOLVE", "api.postmarkapp.com=127.0.0.1:1"),
        ("RIQ_PROBES_IN_FLIGHT", "4"),
    ];
    let mut server = Process::serve(database, &environment).await;
    let metrics = format!("http://{}/metrics", server.address);
    let probes = r#"riq_probes_total{provider="postmark",outcome="degraded"}"#;
    eventually("the probe is counted", Duration::from_secs(30), async || {
        let answer = client().get(&metrics).send().await.unwrap().text().await.unwrap();
        Exposition::parse(&answer).value(probes) >= 1.0
    })
    .await;
    server.terminate();
    assert!(server.wait().success(), "{}", server.stderr());

    let spans = collector.spans();
    let is = |span: &Span, key: &str, value: &str| attribute(&span.attributes, key).as_deref() == Some(value);
    let (_, attended) = spans.iter().find(|(_, span)| is(span, "provider", "postmark")).unwrap();
    assert_eq!((attended.name.as_str(), attended.kind), ("attend", i32::from(SpanKind::Internal)));
    let asked = spans.iter().find(|(_, span)| span.parent_span_id == attended.span_id);
    let (_, asked) = asked.unwrap_or_else(|| panic!("the provider was not asked: {spans:?}"));
    assert_eq!((asked.name.as_str(), asked.kind), ("GET", i32::from(SpanKind::Client)));
    assert!(is(asked, "server.address", "api.postmarkapp.com"), "{asked:?}");
    assert!(is(asked, "error.type", "Unreachable"), "{asked:?}");
    assert_eq!(asked.status.as_ref().map(|status| status.code), Some(StatusCode::Error.into()));
    for export in collector.exports() {
        hidden::assert_not_in(&String::from_utf8_lossy(&export.body), "an export");
    }
}
