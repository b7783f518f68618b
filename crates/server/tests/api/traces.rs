//! Traces, as a collector receives them from the program.

use opentelemetry_proto::tonic::trace::v1::{Span, span::SpanKind, status::StatusCode};

use crate::support::{
    TestDatabase,
    collector::{Collector, attribute},
    hidden,
    process::Process,
    server::client,
};

on_both_databases!(
    requests_are_traced_and_the_last_spans_sent_at_the_end,
    a_collector_that_is_away_disturbs_nobody,
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
        // Longer than the test: what arrives was sent because the server ended.
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
    // A port that was free a moment ago, and that nobody listens on.
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
