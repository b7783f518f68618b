//! Answers that a client may keep: entity tags and `If-None-Match`, and answers in a content coding.

use serde_json::json;

use crate::support::{Answer, Server, raw};

on_both!(
    an_integration_is_shown_as_in_the_list,
    what_a_client_has_is_not_sent_again,
    the_specification_and_the_reference_are_sent_once,
    large_answers_are_compressed_and_pages_with_secrets_are_not,
);

async fn an_integration_is_shown_as_in_the_list(server: &Server) {
    server.get("/slack").await.refused(404, "INTEGRATION_NOT_FOUND");
    for provider in ["slack", "shopify"] {
        server.install(provider).await;
        let shown = server.get(&format!("/{provider}")).await;
        assert_eq!(shown.data(), &server.integration(provider).await);
        assert_eq!(shown.header("etag"), Some("\"v1\""));
    }
    server.delete("slack").await.data();
    let gone = server.get("/slack").await;
    assert_eq!((&gone.data()["status"], gone.header("etag")), (&json!("disconnected"), Some("\"v2\"")));
    assert_eq!(gone.data()["credential"], json!(null));
    // `catalog` is no provider.
    assert!(server.get("/catalog").await.data().is_array());
}

async fn what_a_client_has_is_not_sent_again(server: &Server) {
    server.install("slack").await;
    let ask = async |method: &str, tags: &str| {
        server.call(method, &server.at("/slack")).header("if-none-match", tags).send().await
    };
    for known in ["\"v1\"", "W/\"v1\"", "\"v9\", \"v1\"", "\"v1-gzip\"", "W/\"v1-br\"", "*"] {
        for method in ["GET", "HEAD"] {
            let answer = ask(method, known).await;
            assert_eq!((answer.status, answer.text.as_str()), (304, ""), "{known}");
            assert_eq!(answer.header("etag"), Some("\"v1\""));
        }
    }
    for unknown in ["\"v2\"", "v1", ""] {
        ask("GET", unknown).await.data();
    }
    server.patch("slack", json!({"status": "paused"})).await.data();
    let changed = ask("GET", "\"v1\"").await;
    assert_eq!((&changed.data()["status"], changed.header("etag")), (&json!("paused"), Some("\"v2\"")));
    // A tag does not open what its sender may not see.
    let (_, _, foreign) = server.other_organization().await;
    let call = server.call_as(&foreign.text, "GET", &server.at("/slack"));
    call.header("if-none-match", "*").send().await.refused(403, "API_KEY_PROJECT_MISMATCH");
    let absent = server.call("GET", &server.at("/shopify")).header("if-none-match", "*").send().await;
    absent.refused(404, "INTEGRATION_NOT_FOUND");
}

async fn the_specification_and_the_reference_are_sent_once(server: &Server) {
    for target in ["/api/v1/openapi.json", "/v1/openapi.json", "/docs"] {
        let first = server.call_without_key("GET", target).send().await;
        let tag = first.header("etag").unwrap();
        assert_eq!((first.status, first.header("cache-control")), (200, Some("no-cache")), "{target}");
        for known in [tag, &format!("W/{tag}"), "*"] {
            let again = server.call_without_key("GET", target).header("if-none-match", known).send().await;
            assert_eq!((again.status, again.text.as_str()), (304, ""), "{target}");
            assert_eq!(again.header("etag"), Some(tag));
            assert_eq!(
                (again.header("cache-control"), again.header("vary")),
                (Some("no-cache"), Some("accept-encoding"))
            );
        }
        let other = server.call_without_key("GET", target).header("if-none-match", "\"x\"").send().await;
        assert_eq!((other.status, &other.text), (200, &first.text));
    }
}

/// The answer to a request that accepts gzip, and its coding.
async fn accepting_gzip(server: &Server, target: &str) -> (Answer, Option<String>) {
    let answer = server.call("GET", target).header("accept-encoding", "gzip").send().await;
    let coding = answer.header("content-encoding").map(str::to_owned);
    (answer, coding)
}

async fn large_answers_are_compressed_and_pages_with_secrets_are_not(server: &Server) {
    for target in ["/api/v1/openapi.json", &server.at("/catalog")] {
        let plain = server.call("GET", target).send().await;
        assert_eq!((plain.header("content-encoding"), plain.header("vary")), (None, Some("accept-encoding")));
        let (compressed, coding) = accepting_gzip(server, target).await;
        assert_eq!(coding.as_deref(), Some("gzip"), "{target}");
        assert_eq!(compressed.header("vary"), Some("accept-encoding"));
        assert!(compressed.text.len() * 2 < plain.text.len(), "{target}");
    }
    for target in [server.at("/catalog/nobody"), server.at(""), "/dashboard/sign-in".to_owned()] {
        let (answer, coding) = accepting_gzip(server, &target).await;
        assert_eq!(coding, None, "{target}: {answer:?}");
    }
    // The answer to HEAD names no length that the one to GET would not have.
    let request = format!(
        "HEAD {} HTTP/1.1\r\nhost: x\r\nx-api-key: {}\r\naccept-encoding: gzip\r\n\r\n",
        server.at("/catalog"),
        server.key.text
    );
    let head = raw::send(server.address, request.as_bytes()).await;
    assert_eq!((head.header("content-encoding"), head.header("content-length")), (Some("gzip"), None));
}
