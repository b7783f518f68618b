//! Requests by pages of other origins (CORS).

use serde_json::json;

use crate::support::{Answer, Server, TestDatabase, server::Plan};

on_both!(no_page_of_another_origin_calls_the_api_by_default);

const APP: &str = "https://app.example.com";

async fn server() -> Server {
    let database = TestDatabase::create(crate::support::Backend::Sqlite).await.unwrap();
    Server::start_with(database, Plan::default(), |settings| {
        settings.cors_origins = vec![APP.to_owned(), "http://localhost:3000".to_owned()];
    })
    .await
}

async fn preflight(server: &Server, origin: &str, target: &str) -> Answer {
    let call = server.call_without_key("OPTIONS", target).header("origin", origin);
    let call = call.header("access-control-request-method", "PATCH");
    call.header("access-control-request-headers", "content-type,if-match,x-api-key").send().await
}

fn cors_headers(answer: &Answer) -> Vec<&str> {
    answer
        .headers
        .keys()
        .map(|name| name.as_str())
        .filter(|name| name.starts_with("access-control-"))
        .collect()
}

async fn no_page_of_another_origin_calls_the_api_by_default(server: &Server) {
    let refused = preflight(server, APP, &server.at("/slack/lifecycle")).await;
    refused.refused(405, "METHOD_NOT_ALLOWED");
    let list = server.call("GET", &server.at("")).header("origin", APP).send().await;
    list.data();
    for answer in [refused, list] {
        assert_eq!(cors_headers(&answer), [""; 0]);
        assert_eq!(answer.header("vary"), None);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_page_of_a_named_origin_may_ask_and_read_the_answer() {
    let server = server().await;
    server.install("slack").await;
    for origin in [APP, "http://localhost:3000"] {
        let permitted = preflight(&server, origin, &server.at("/slack/lifecycle")).await;
        assert_eq!((permitted.status, permitted.text.as_str()), (204, ""));
        assert_eq!(permitted.header("access-control-allow-origin"), Some(origin));
        let allowed: Vec<_> = permitted.header("access-control-allow-methods").unwrap().split(", ").collect();
        let specification = serde_json::to_value(riq_server::openapi()).unwrap();
        for methods in specification["paths"].as_object().unwrap().values() {
            for method in methods.as_object().unwrap().keys().map(|method| method.to_uppercase()) {
                assert!(allowed.contains(&method.as_str()), "{method}: {allowed:?}");
            }
        }
        let headers = permitted.header("access-control-allow-headers").unwrap();
        for name in
            ["x-api-key", "authorization", "content-type", "idempotency-key", "if-match", "if-none-match"]
        {
            assert!(headers.split(", ").any(|one| one == name), "{name}: {headers}");
        }
        assert!(permitted.header("access-control-max-age").is_some());
    }
    let update = server.call("PATCH", &server.at("/slack/lifecycle")).header("origin", APP);
    let changed = update.json(&json!({"status": "paused"})).send().await;
    changed.data();
    // Refusals must be readable too.
    let unauthorized = server.call_without_key("GET", &server.at("")).header("origin", APP).send().await;
    unauthorized.refused(401, "UNAUTHORIZED");
    let bad_key = server.call_as("riq_bad", "GET", &server.at("")).header("origin", APP).send().await;
    bad_key.refused(401, "UNAUTHORIZED");
    let nothing = server.call("GET", "/v1/nothing").header("origin", APP).send().await;
    nothing.refused(404, "RESOURCE_NOT_FOUND");
    for answer in [changed, unauthorized, bad_key, nothing] {
        assert_eq!(answer.header("access-control-allow-origin"), Some(APP));
        let exposed = answer.header("access-control-expose-headers").unwrap();
        for name in [
            "x-ratelimit-limit",
            "x-ratelimit-tier",
            "x-request-id",
            "etag",
            "retry-after",
            "idempotent-replayed",
        ] {
            assert!(exposed.split(", ").any(|one| one == name), "{name}: {exposed}");
        }
        assert_eq!(answer.header("vary"), Some("origin"));
        assert_eq!(answer.header("access-control-allow-credentials"), None);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_other_origin_and_no_page_of_the_dashboard_is_opened() {
    let server = server().await;
    for origin in [
        "https://evil.example",
        "https://app.example.com.evil.example",
        "https://APP.example.com",
        "null",
        "http://app.example.com",
    ] {
        let refused = preflight(&server, origin, &server.at("")).await;
        refused.refused(405, "METHOD_NOT_ALLOWED");
        let list = server.call("GET", &server.at("")).header("origin", origin).send().await;
        list.data();
        for answer in [refused, list] {
            assert_eq!(cors_headers(&answer), [""; 0], "{origin}");
            assert_eq!(answer.header("vary"), Some("origin"));
        }
    }
    for target in ["/dashboard/sign-in", "/docs", "/metrics", "/healthz", "/"] {
        let page = server.call_without_key("GET", target).header("origin", APP).send().await;
        assert_eq!(cors_headers(&page), [""; 0], "{target}");
    }
}
