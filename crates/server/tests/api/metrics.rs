//! What Prometheus reads, and who may not read it.

use std::time::Duration;

use secrecy::SecretString;

use crate::support::{Server, eventually, exposition::Exposition};

on_both!(
    requests_are_counted_by_route,
    paths_of_no_route_are_counted_as_one,
    refused_requests_are_counted_without_a_route,
    the_pools_are_told_of,
    integrations_are_counted_by_status_and_health,
    others_need_the_token,
    metrics_are_read_whatever_the_limit,
    wrong_tokens_are_limited,
);

const LIST: &str = r#"route="/api/v1/projects/{projectId}/integrations""#;

async fn scrape(server: &Server) -> Exposition {
    let answer = server.call_without_key("GET", "/metrics").send().await;
    assert_eq!(answer.status, 200, "{answer:?}");
    assert_eq!(answer.header("content-type"), Some("text/plain; version=0.0.4; charset=utf-8"));
    Exposition::parse(&answer.text)
}

/// Sends a HEAD request, whose answer has no body to check.
async fn head(server: &Server, target: &str) {
    let url = format!("http://{}{target}", server.address);
    let call = crate::support::server::client().head(url).header("x-api-key", &server.key.text);
    assert_eq!(call.send().await.unwrap().status(), 200);
}

fn requests(method: &str, route: &str, status: u16) -> String {
    format!(r#"riq_http_requests_total{{method="{method}",{route},status="{status}"}}"#)
}

async fn requests_are_counted_by_route(server: &Server) {
    let before = scrape(server).await;
    server.get("").await.data();
    let v1 = server.at("").replace("/api/v1/", "/v1/");
    server.call("GET", &v1).send().await.data();
    head(server, &server.at("")).await;
    server.delete("slack").await.refused(404, "INTEGRATION_NOT_FOUND");
    server.delete("github").await.refused(404, "INTEGRATION_NOT_FOUND");
    let after = scrape(server).await;

    let grew = |series: &str| after.value(series) - before.value(series);
    assert_eq!(grew(&requests("GET", LIST, 200)), 2.0, "under both base paths: {after:?}");
    assert_eq!(grew(&requests("HEAD", LIST, 200)), 1.0);
    let delete = r#"route="/api/v1/projects/{projectId}/integrations/{provider}""#;
    assert_eq!(grew(&requests("DELETE", delete, 404)), 2.0);
    assert_eq!(grew(&requests("GET", r#"route="/metrics""#, 200)), 1.0, "the scrape before");
    assert_eq!(grew(&format!(r#"riq_http_request_duration_seconds_count{{method="GET",{LIST}}}"#)), 2.0);
    assert!(after.value(&format!(r#"riq_http_request_duration_seconds_sum{{method="GET",{LIST}}}"#)) > 0.0);
    assert!(after.series.keys().all(|series| !series.contains("prj_")), "{after:?}");
}

async fn paths_of_no_route_are_counted_as_one(server: &Server) {
    server.call_without_key("GET", "/nowhere").send().await.refused(404, "RESOURCE_NOT_FOUND");
    server.call_without_key("BREW", "/healthz").send().await.refused(405, "METHOD_NOT_ALLOWED");
    let before = scrape(server).await;
    for number in 0..20 {
        let path = format!("/nowhere/{number}");
        server.call_without_key("GET", &path).send().await.refused(404, "RESOURCE_NOT_FOUND");
        let method = format!("BREW{number}");
        server.call_without_key(&method, "/healthz").send().await.refused(405, "METHOD_NOT_ALLOWED");
    }
    let after = scrape(server).await;
    let labels = "riq_http_requests_total";
    let new = &after.named(labels) - &before.named(labels);
    assert_eq!(new.into_iter().collect::<Vec<_>>(), [requests("GET", r#"route="/metrics""#, 200)]);
    let none = requests("GET", r#"route="none""#, 404);
    assert_eq!(after.value(&none) - before.value(&none), 20.0);
    let brewed = requests("other", r#"route="/healthz""#, 405);
    assert_eq!(after.value(&brewed) - before.value(&brewed), 20.0);
}

async fn refused_requests_are_counted_without_a_route(server: &Server) {
    let unknown = crate::support::server::unknown_key();
    let refused = server.call_as(&unknown, "GET", &server.at("")).send().await;
    refused.refused(401, "UNAUTHORIZED");
    let strict = server.replica(|settings| settings.anonymous_limit = 0).await;
    strict.call_without_key("GET", "/docs").send().await.refused(429, "RATE_LIMITED");
    let count = |scraped: &Exposition, status| scraped.value(&requests("GET", r#"route="none""#, status));
    assert_eq!(count(&scrape(server).await, 401), 1.0);
    assert_eq!(count(&scrape(&strict).await, 429), 1.0, "each server counts for itself");
    strict.stop().await;
}

async fn integrations_are_counted_by_status_and_health(server: &Server) {
    let of =
        |status: &str, health: &str| format!(r#"riq_integrations{{status="{status}",health="{health}"}}"#);
    let total = async || scrape(server).await;
    server.install("slack").await;
    server.install("stripe").await;
    server.clock.advance(time::Duration::seconds(16));
    let (in_use, paused) = (of("active", "unknown"), of("paused", "unknown"));
    let all = total().await;
    assert_eq!(all.named("riq_integrations").len(), 16, "also those of which there are none: {all:?}");
    assert_eq!(total().await.value(&in_use), 2.0);
    assert_eq!(total().await.value(&of("error", "unhealthy")), 0.0);
    server.patch("slack", serde_json::json!({"status": "paused"})).await.data();
    assert_eq!(total().await.value(&paused), 0.0, "they are not counted for every reader");
    server.clock.advance(time::Duration::seconds(16));
    let scraped = total().await;
    assert_eq!((scraped.value(&in_use), scraped.value(&paused)), (1.0, 1.0));
    server.revoke_project().await;
    server.clock.advance(time::Duration::seconds(16));
    let scraped = total().await;
    assert_eq!((scraped.value(&in_use), scraped.value(&paused)), (0.0, 0.0));
}

async fn the_pools_are_told_of(server: &Server) {
    // When the server begins to listen to the database, it forgets its idle connections once.
    eventually("a connection is kept for reads", Duration::from_secs(30), async || {
        server.get("").await.data();
        scrape(server).await.value(r#"riq_database_connections{pool="lanes",state="idle"}"#) >= 1.0
    })
    .await;
    let scraped = scrape(server).await;
    let pools: &[(&str, f64)] = if server.database.url.starts_with("sqlite") {
        &[("reader", 8.0), ("writer", 1.0), ("lanes", 4.0)]
    } else {
        &[("shared", 8.0), ("lanes", 4.0)]
    };
    for (pool, most) in pools {
        let max = scraped.value(&format!(r#"riq_database_connections_max{{pool="{pool}"}}"#));
        let [in_use, idle] = ["in_use", "idle"].map(|state| {
            scraped.value(&format!(r#"riq_database_connections{{pool="{pool}",state="{state}"}}"#))
        });
        assert_eq!(max, *most, "{pool}");
        assert!(
            in_use + idle <= max && (*pool == "writer" || idle >= 1.0),
            "{pool}: {in_use} and {idle} of {max}"
        );
    }
    assert_eq!(scraped.named("riq_database_connections_max").len(), pools.len());
    let version = env!("CARGO_PKG_VERSION");
    assert_eq!(scraped.value(&format!(r#"riq_build_info{{version="{version}"}}"#)), 1.0);
}

async fn others_need_the_token(server: &Server) {
    let ask = |server: &Server, headers: &[(&str, &str)]| {
        let mut call = server.call_without_key("GET", "/metrics");
        for (name, value) in headers {
            call = call.header(name, value);
        }
        call.send()
    };
    let token = "SECRET-metrics-token";
    let guarded =
        server.replica(|settings| settings.metrics_token = Some(SecretString::from(token.to_owned()))).await;
    let bearer = format!("Bearer {token}");
    for server in [server, &guarded] {
        assert_eq!(ask(server, &[]).await.status, 200);
        let through_a_proxy = ask(server, &[("x-forwarded-for", "127.0.0.1")]).await;
        through_a_proxy.refused(401, "UNAUTHORIZED");
        ask(server, &[("authorization", "Bearer wrong")]).await.refused(401, "UNAUTHORIZED");
        let key = format!("Bearer {}", server.key.text);
        ask(server, &[("authorization", &key)]).await.refused(401, "UNAUTHORIZED");
    }
    let with_token = ask(&guarded, &[("via", "1.1 proxy"), ("authorization", &bearer)]).await;
    assert_eq!(with_token.status, 200, "{with_token:?}");
    ask(server, &[("authorization", &bearer)]).await.refused(401, "UNAUTHORIZED");
    guarded.stop().await;
}

async fn metrics_are_read_whatever_the_limit(server: &Server) {
    let strict = server.replica(|settings| settings.anonymous_limit = 1).await;
    for _ in 0..5 {
        scrape(&strict).await;
    }
    strict.stop().await;
}

async fn wrong_tokens_are_limited(server: &Server) {
    let token = "SECRET-metrics-token";
    let guarded =
        server.replica(|settings| settings.metrics_token = Some(SecretString::from(token.to_owned()))).await;
    let ask = async |token: &str| {
        let call = guarded.call_without_key("GET", "/metrics");
        call.header("authorization", &format!("Bearer {token}")).send().await
    };
    for number in 0..10 {
        assert_eq!(ask(token).await.status, 200, "a right one does not count");
        ask(&format!("wrong-{number}")).await.refused(401, "UNAUTHORIZED");
    }
    ask("wrong").await.refused(429, "RATE_LIMITED");
    ask(token).await.refused(429, "RATE_LIMITED");
    scrape(&guarded).await;
    server.clock.advance(time::Duration::seconds(61));
    assert_eq!(ask(token).await.status, 200);
    guarded.stop().await;
}
