//! Whole responses, from the status line to the body. The expected ones are in `tests/api/snapshots`.

use serde_json::json;
use time::Duration;

use crate::support::{Answer, Server};

on_both!(each_operation_answers_as_kept, each_refusal_answers_as_kept);

/// A response without the parts that differ from run to run.
fn written(server: &Server, answer: &Answer) -> String {
    let mut lines = vec![answer.status.to_string()];
    for (name, value) in &answer.headers {
        if name != "date" && name != "content-length" {
            lines.push(format!("{name}: {}", value.to_str().unwrap()));
        }
    }
    let body = serde_json::to_string_pretty(&answer.body).unwrap();
    let text = format!("{}\n\n{body}", lines.join("\n"));
    let text = text.replace(&server.address.to_string(), "ADDRESS");
    redacted(&text)
}

/// Ids and counters: `int_01jc…` becomes `int_ID`.
fn redacted(text: &str) -> String {
    let mut out = String::new();
    let mut rest = text;
    while let Some(at) = ["prj_", "int_", "req_", "lnk_"].iter().filter_map(|prefix| rest.find(prefix)).min()
    {
        let (before, id) = rest.split_at(at);
        let length = id.find(|c: char| !c.is_ascii_alphanumeric() && c != '_').unwrap_or(id.len());
        out.push_str(before);
        out.push_str(if length == 30 { &id[..4] } else { &id[..length] });
        out.push_str(if length == 30 { "ID" } else { "" });
        rest = &id[length..];
    }
    out.push_str(rest);
    let out = without_token(&out);
    out.lines().filter(|line| !line.starts_with("x-ratelimit-remaining")).collect::<Vec<_>>().join("\n")
}

/// The text without the token of an install link, which differs each time.
fn without_token(text: &str) -> String {
    let Some((before, after)) = text.split_once("?session=") else { return text.to_owned() };
    let end = after.find('"').unwrap();
    assert_eq!(end, 43, "256 bits in base64url");
    format!("{before}?session=TOKEN{}", &after[end..])
}

async fn each_operation_answers_as_kept(server: &Server) {
    server.install("slack").await;
    server.clock.advance(Duration::seconds(90));
    let install = server.at("/shopify/install-url");
    let update = json!({
        "status": "paused", "display_name": "Acme Workspace", "sidebar_enabled": true,
        "settings": {"default_channel": "#support", "signing_secret": "SECRET"},
        "action_permissions": {"delete_message": true}
    });
    for (name, answer) in [
        ("update_lifecycle", server.patch("slack", update).await),
        ("list", server.get("").await),
        ("integration", server.get("/slack").await),
        ("catalog", server.get("/catalog?q=discord&category=communication&status=available").await),
        ("catalog_entry", server.get("/catalog/discord").await),
        ("install_url", server.call("POST", &install).send().await),
        ("disconnect", server.delete("slack").await),
        ("healthz", server.call_without_key("GET", "/healthz").send().await),
        ("readyz", server.call_without_key("GET", "/readyz").send().await),
    ] {
        insta::assert_snapshot!(name, written(server, &answer));
    }
}

async fn each_refusal_answers_as_kept(server: &Server) {
    server.install("slack").await;
    let reader = server.key_for(&["read"]).await;
    let (_, foreign, _) = server.other_organization().await;
    let list = server.at("");
    let foreign = format!("/api/v1/projects/{foreign}/integrations");
    let lifecycle = server.at("/slack/lifecycle");
    let changing = || server.call("PATCH", &lifecycle);
    let wrong = json!({"status": "on", "settings": {"default_channel": 5}});
    let mut answers = vec![
        ("unauthorized", server.call_without_key("GET", &list).send().await),
        ("insufficient_scope", server.call_as(&reader.text, "DELETE", &server.at("/slack")).send().await),
        ("project_mismatch", server.call("GET", &foreign).send().await),
        ("project_not_found", server.call("GET", "/api/v1/projects/x/integrations").send().await),
        ("provider_not_found", server.get("/catalog/nobody").await),
        ("integration_not_found", server.delete("github").await),
        ("provider_not_configured", server.call("POST", &server.at("/github/install-url")).send().await),
        ("resource_not_found", server.call("GET", "/api/v2").send().await),
        ("method_not_allowed", server.call("PUT", &list).send().await),
        ("not_acceptable", server.call("GET", &list).header("accept", "text/html").send().await),
        ("bad_json", changing().body("application/json", "{").send().await),
        ("bad_request", changing().json(&wrong).send().await),
        ("no_updates", changing().json(&json!({})).send().await),
        ("unsupported_media_type", changing().body("text/plain", "x").send().await),
        ("payload_too_large", changing().body("application/json", "x".repeat(300_000)).send().await),
        (
            "precondition_failed",
            changing().header("if-match", "\"v9\"").json(&json!({"status": "paused"})).send().await,
        ),
    ];
    server.delete("slack").await;
    answers.push(("invalid_transition", server.patch("slack", json!({"status": "paused"})).await));
    answers.push(("reinstall_required", server.patch("slack", json!({"status": "active"})).await));
    for (name, answer) in answers {
        insta::assert_snapshot!(name, written(server, &answer));
    }
}
