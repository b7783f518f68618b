//! The lifecycle over HTTP: PATCH and DELETE, for each field and each transition.

use serde_json::{Value, json};
use time::Duration;

use crate::support::{Answer, Server};

on_both!(
    every_field_is_changed_and_recorded,
    settings_are_merged_and_null_removes,
    settings_are_read_as_they_are_pasted,
    a_name_that_nobody_can_read_is_refused,
    action_permissions_are_merged_by_key,
    everything_wrong_is_reported_at_once_and_nothing_is_changed,
    a_patch_that_names_nothing_is_no_update,
    what_changes_nothing_succeeds_and_records_nothing,
    delete_hides_clears_and_destroys,
    a_patch_to_disconnected_has_every_effect_of_delete,
    error_cannot_be_asked_for,
    every_cell_of_the_table,
    a_disconnected_integration_keeps_its_name_and_takes_no_sidebar,
    a_refused_change_leaves_everything,
    entity_tags_guard_changes,
);

/// Puts an integration into a state directly in the database.
async fn put_into(server: &Server, provider: &str, status: &str) {
    let before = (status == "error").then_some("active");
    let health = if status == "error" { "unhealthy" } else { "healthy" };
    let message = (status == "error").then_some("The provider refused the credential");
    let sql = "UPDATE integrations SET status = $1, status_before_error = $2, health_status = $3, \
               error_message = $4, sidebar_enabled = $5 WHERE provider = $6";
    let sidebar = status != "disconnected";
    let values =
        [status.into(), before.into(), health.into(), message.into(), sidebar.into(), provider.into()];
    assert_eq!(server.sql.execute(sql, values).await, 1);
}

async fn take_credential(server: &Server) {
    server.sql.execute("DELETE FROM credentials", []).await;
}

async fn credentials(server: &Server) -> i64 {
    server.sql.count("SELECT COUNT(*) FROM credentials", []).await
}

fn changes(event: &Value) -> Vec<(String, Value, Value)> {
    let changes = event["changes"].as_array().unwrap().iter();
    changes
        .map(|one| (one["path"].as_str().unwrap().to_owned(), one["from"].clone(), one["to"].clone()))
        .collect()
}

async fn settings_are_read_as_they_are_pasted(server: &Server) {
    server.install("postmark").await;
    server.install("slack").await;
    let pasted =
        json!({"settings": {"message_stream": "“Outbound”", "from_address": "Acme <help@ACME.com>"}});
    let stored = server.patch("postmark", pasted).await.data()["settings"].clone();
    assert_eq!(stored, json!({"message_stream": "outbound", "from_address": "help@acme.com"}));
    let pasted = json!({"settings": {"default_channel": "\u{feff}“#support”\u{200b}"}});
    assert_eq!(
        server.patch("slack", pasted).await.data()["settings"],
        json!({"default_channel": "#support"})
    );
    let refused = server.patch("slack", json!({"settings": {"default_channel": "no channel"}})).await;
    assert_eq!(
        refused.refused(400, "BAD_REQUEST").issues(),
        [
            "settings.default_channel: Expected a channel's name with its #, such as #support, or its id, such as C0123456789"
        ]
    );
}

async fn a_name_that_nobody_can_read_is_refused(server: &Server) {
    server.install("slack").await;
    for (name, words) in [
        ("\u{200b}\u{3164}", "Must not be blank; null removes the override"),
        (
            "moc\u{202e}.live",
            "Must not contain U+202E, an invisible mark that turns the direction of writing",
        ),
        ("a\u{2028}b", "Must be one line and must not contain control characters"),
    ] {
        let refused = server.patch("slack", json!({"display_name": name})).await;
        assert_eq!(refused.refused(400, "BAD_REQUEST").issues(), [format!("display_name: {words}")]);
    }
    let named = server.patch("slack", json!({"display_name": " شركة 👩\u{200d}🔧\u{feff}"})).await;
    assert_eq!(named.data()["display_name"], "شركة 👩\u{200d}🔧");
}

async fn every_field_is_changed_and_recorded(server: &Server) {
    server.install("slack").await;
    server.clock.advance(Duration::minutes(5));
    let answer = server
        .patch(
            "slack",
            json!({
                "status": "paused", "display_name": "Acme Workspace", "sidebar_enabled": true,
                "settings": {"default_channel": "#support"}, "action_permissions": {"add_reaction": true}
            }),
        )
        .await;
    let data = answer.data();
    assert_eq!(data["status"], "paused");
    assert_eq!(data["display_name"], "Acme Workspace");
    assert_eq!(data["sidebar_enabled"], true);
    assert_eq!(data["settings"], json!({"default_channel": "#support"}));
    assert_eq!(data["action_permissions"]["add_reaction"], true);
    assert_eq!(data["action_permissions"]["find_user"], true, "as it was");
    assert_eq!(data["updated_at"], "2026-03-01T10:05:00Z");
    assert_eq!(data["created_at"], "2026-03-01T10:00:00Z");
    assert_eq!(data["etag"], "\"v2\"");
    assert_eq!(&server.integration("slack").await, data);

    let audit = server.audit("slack").await;
    assert_eq!(audit.len(), 2);
    let event = &audit[1];
    assert_eq!(event["action"], "integration.lifecycle.updated");
    assert_eq!(event["actor_kind"], "api_key");
    assert_eq!(event["actor_key_id"], server.key.id.to_string());
    assert_eq!(event["request_id"].as_str(), answer.header("x-request-id"));
    assert_eq!(event["integration_id"], data["id"]);
    assert_eq!(event["project_id"], server.project.to_string());
    assert_eq!(event["organization_id"], server.organization.to_string());
    let expected = [
        ("status", json!("active"), json!("paused")),
        ("display_name", Value::Null, json!("Acme Workspace")),
        ("sidebar_enabled", json!(false), json!(true)),
        ("settings.default_channel", Value::Null, json!("#support")),
        ("action_permissions.add_reaction", json!(false), json!(true)),
    ];
    assert_eq!(changes(event), expected.map(|(path, from, to)| (path.to_owned(), from, to)));

    let answer = server.patch("slack", json!({"display_name": null})).await;
    assert_eq!(answer.data()["display_name"], Value::Null);
    assert_eq!(answer.data()["status"], "paused");
}

async fn settings_are_merged_and_null_removes(server: &Server) {
    server.install("shopify").await;
    let patch = async |settings: Value| {
        server.patch("shopify", json!({"settings": settings})).await.data()["settings"].clone()
    };
    assert_eq!(patch(json!({"refunds_enabled": true})).await, json!({"refunds_enabled": true}));
    assert_eq!(
        patch(json!({"refund_limit_cents": 5_000})).await,
        json!({"refunds_enabled": true, "refund_limit_cents": 5_000})
    );
    assert_eq!(
        patch(json!({"refunds_enabled": null, "refund_limit_cents": 0})).await,
        json!({"refund_limit_cents": 0})
    );
    assert_eq!(patch(json!({"refunds_enabled": null})).await, json!({"refund_limit_cents": 0}));
    assert_eq!(patch(json!({})).await, json!({"refund_limit_cents": 0}));
    assert_eq!(patch(json!({"refund_limit_cents": null})).await, json!({}));
    // Two of them changed nothing, so there are the installation and four changes.
    assert_eq!(server.audit("shopify").await.len(), 5);
}

async fn action_permissions_are_merged_by_key(server: &Server) {
    server.install("shopify").await;
    let before = server.integration("shopify").await["action_permissions"].clone();
    assert_eq!((&before["issue_refund"], &before["lookup_order"]), (&json!(false), &json!(true)));
    let answer = server.patch("shopify", json!({"action_permissions": {"issue_refund": true}})).await;
    let mut expected = before.clone();
    expected["issue_refund"] = json!(true);
    assert_eq!(answer.data()["action_permissions"], expected);
    let answer = server
        .patch("shopify", json!({"action_permissions": {"lookup_order": false, "cancel_order": "ask"}}))
        .await;
    expected["lookup_order"] = json!(false);
    expected["cancel_order"] = json!("ask");
    assert_eq!(answer.data()["action_permissions"], expected);
}

async fn everything_wrong_is_reported_at_once_and_nothing_is_changed(server: &Server) {
    server.install("shopify").await;
    let before = server.sql.picture().await;
    let answer = server
        .patch(
            "shopify",
            json!({
                "status": "on", "display_name": " ", "sidebar_enabled": "yes", "colour": "red",
                "settings": {"refunds_enabled": "yes", "refund_limit_cents": -1, "nonsense": 1},
                "action_permissions": {"issue_refund": "yes", "sing": true}
            }),
        )
        .await;
    answer.refused(400, "BAD_REQUEST");
    assert_eq!(answer.message(), "Invalid body");
    let mut paths: Vec<String> =
        answer.issues().iter().map(|issue| issue.split(": ").next().unwrap().to_owned()).collect();
    paths.sort();
    assert_eq!(
        paths,
        [
            "action_permissions.issue_refund",
            "action_permissions.sing",
            "colour",
            "display_name",
            "settings.nonsense",
            "settings.refund_limit_cents",
            "settings.refunds_enabled",
            "sidebar_enabled",
            "status",
        ]
    );
    let issues = answer.issues();
    assert!(issues.contains(&"settings.refunds_enabled: Expected boolean".to_owned()), "{issues:?}");
    assert_eq!(server.sql.picture().await, before);
}

async fn a_patch_that_names_nothing_is_no_update(server: &Server) {
    server.install("slack").await;
    server.patch("slack", json!({})).await.refused(400, "NO_UPDATES");
    // An integration that does not exist is 404, whatever the body is.
    server.patch("github", json!({})).await.refused(404, "INTEGRATION_NOT_FOUND");
    assert_eq!(server.integration("slack").await["etag"], "\"v1\"");
}

async fn what_changes_nothing_succeeds_and_records_nothing(server: &Server) {
    server.install("slack").await;
    server.patch("slack", json!({"display_name": "Acme", "settings": {"default_channel": "#support"}})).await;
    let before = server.sql.picture().await;
    server.clock.advance(Duration::hours(1));
    for update in [
        json!({"status": "active"}),
        json!({"display_name": "Acme"}),
        json!({"sidebar_enabled": false}),
        json!({"settings": {}}),
        json!({"settings": {"default_channel": "#support", "allowed_channels": null}}),
        json!({"action_permissions": {}}),
        json!({"action_permissions": {"post_message": false}}),
        json!({"status": "active", "display_name": "Acme", "sidebar_enabled": false}),
    ] {
        let answer = server.patch("slack", update).await;
        assert_eq!(answer.data()["etag"], "\"v2\"");
    }
    assert_eq!(server.sql.picture().await, before);
}

fn assert_disconnected(answer: &Answer) {
    let data = answer.data();
    assert_eq!(data["status"], "disconnected");
    assert_eq!(data["sidebar_enabled"], false);
    assert_eq!(data["health_status"], "unknown");
    assert_eq!(data["error_message"], Value::Null);
    let message = data["message"].as_str().unwrap();
    assert!(message.contains("not revoked at the provider"), "{message}");
}

async fn delete_hides_clears_and_destroys(server: &Server) {
    server.install("slack").await;
    put_into(server, "slack", "error").await;
    assert_eq!(credentials(server).await, 1);
    server.clock.advance(Duration::minutes(1));
    let answer = server.delete("slack").await;
    assert_disconnected(&answer);
    assert_eq!(credentials(server).await, 0);
    let audit = server.audit("slack").await;
    assert_eq!(audit[1]["action"], "integration.disconnected");
    assert_eq!(audit[1]["actor_key_id"], server.key.id.to_string());
    assert_eq!(audit[1]["request_id"].as_str(), answer.header("x-request-id"));
    let shown = server.integration("slack").await;
    assert_eq!(shown["status"], "disconnected");
    assert_eq!(shown["updated_at"], "2026-03-01T10:01:00Z");

    let before = server.sql.picture().await;
    server.clock.advance(Duration::minutes(1));
    for _ in 0..3 {
        assert_disconnected(&server.delete("slack").await);
    }
    assert_eq!(server.sql.picture().await, before);
}

async fn a_patch_to_disconnected_has_every_effect_of_delete(server: &Server) {
    for status in ["active", "paused", "error"] {
        server.install("slack").await;
        put_into(server, "slack", status).await;
        server.clock.advance(Duration::minutes(1));
        let answer = server.patch("slack", json!({"status": "disconnected", "display_name": "Gone"})).await;
        assert_disconnected(&answer);
        assert_eq!(answer.data()["display_name"], "Gone");
        assert_eq!(credentials(server).await, 0);
        let audit = server.audit("slack").await;
        assert_eq!(audit.last().unwrap()["action"], "integration.disconnected");
        server.clock.advance(Duration::minutes(1));
    }
    let contradiction = json!({"status": "disconnected", "sidebar_enabled": true});
    let answer = server.patch("slack", contradiction).await;
    answer.refused(400, "BAD_REQUEST");
    assert_eq!(answer.issues(), ["sidebar_enabled: Cannot be true while disconnecting"]);
}

async fn error_cannot_be_asked_for(server: &Server) {
    server.install("slack").await;
    for status in ["active", "error"] {
        put_into(server, "slack", status).await;
        let answer = server.patch("slack", json!({"status": "error"})).await;
        answer.refused(400, "BAD_REQUEST");
        let issues = answer.issues();
        assert!(issues[0].contains("active, paused, disconnected"), "{issues:?}");
    }
}

/// The answer to PATCH, by the old and the requested status: the new status, or the code of the refusal. From error to
/// active, the provider is asked first: `monitor::activating_what_is_in_error_asks_the_provider_first`.
const TABLE: [(&str, &str, Result<&str, &str>); 11] = [
    ("active", "active", Ok("active")),
    ("active", "paused", Ok("paused")),
    ("active", "disconnected", Ok("disconnected")),
    ("paused", "active", Ok("active")),
    ("paused", "paused", Ok("paused")),
    ("paused", "disconnected", Ok("disconnected")),
    ("error", "paused", Ok("paused")),
    ("error", "disconnected", Ok("disconnected")),
    ("disconnected", "active", Err("REINSTALL_REQUIRED")),
    ("disconnected", "paused", Err("INVALID_TRANSITION")),
    ("disconnected", "disconnected", Ok("disconnected")),
];

async fn every_cell_of_the_table(server: &Server) {
    for (from, to, expected) in TABLE {
        server.install("slack").await;
        put_into(server, "slack", from).await;
        let picture = server.sql.picture().await;
        let answer = server.patch("slack", json!({"status": to})).await;
        match expected {
            Ok(status) => assert_eq!(answer.data()["status"], status, "{from} to {to}"),
            Err(code) => drop(answer.refused(409, code)),
        }
        if from == to || expected.is_err() {
            assert_eq!(server.sql.picture().await, picture, "{from} to {to}");
        } else {
            assert_ne!(server.sql.picture().await, picture, "{from} to {to}");
        }
        let status = server.delete("slack").await.data()["status"].clone();
        assert_eq!(status, "disconnected", "from {to}");
    }
    // Without a credential, an integration cannot go from error to active.
    server.install("slack").await;
    put_into(server, "slack", "error").await;
    take_credential(server).await;
    server.patch("slack", json!({"status": "active"})).await.refused(409, "REINSTALL_REQUIRED");
    assert_eq!(server.integration("slack").await["status"], "error");
}

async fn a_disconnected_integration_keeps_its_name_and_takes_no_sidebar(server: &Server) {
    server.install("slack").await;
    server.delete("slack").await;
    let renamed = server.patch("slack", json!({"display_name": "Old workspace"})).await;
    assert_eq!(renamed.data()["display_name"], "Old workspace");
    assert_eq!(renamed.data()["status"], "disconnected");
    let audit = server.audit("slack").await;
    assert_eq!(audit.iter().filter(|e| e["action"] == "integration.lifecycle.updated").count(), 1);
    server.patch("slack", json!({"sidebar_enabled": true})).await.refused(409, "REINSTALL_REQUIRED");
    // When it is installed again, it is the same integration.
    let id = renamed.data()["id"].clone();
    server.install("slack").await;
    let back = server.integration("slack").await;
    assert_eq!((&back["id"], &back["status"]), (&id, &json!("active")));
    assert_eq!(back["display_name"], "Old workspace");
    server.patch("slack", json!({"status": "paused"})).await.data();
}

async fn a_refused_change_leaves_everything(server: &Server) {
    server.install("slack").await;
    server.delete("slack").await;
    let before = server.sql.picture().await;
    let update =
        json!({"status": "active", "display_name": "New", "settings": {"default_channel": "#support"}});
    server.patch("slack", update).await.refused(409, "REINSTALL_REQUIRED");
    let update = json!({"status": "paused", "action_permissions": {"post_message": false}});
    server.patch("slack", update).await.refused(409, "INVALID_TRANSITION");
    assert_eq!(server.sql.picture().await, before);
}

async fn entity_tags_guard_changes(server: &Server) {
    server.install("slack").await;
    let target = server.at("/slack/lifecycle");
    let update = |name: &str, tag: &str| {
        let call = server.call("PATCH", &target).header("if-match", tag);
        call.json(&json!({"display_name": name}))
    };
    let first = update("One", "\"v1\"").send().await;
    assert_eq!(first.header("etag"), Some("\"v2\""));
    assert_eq!(first.data()["etag"], "\"v2\"");
    update("Two", "\"v1\"").send().await.refused(412, "PRECONDITION_FAILED");
    update("Two", "W/\"v1\"").send().await.refused(412, "PRECONDITION_FAILED");
    update("Two", "").send().await.refused(412, "PRECONDITION_FAILED");
    let tag = server.integration("slack").await["etag"].as_str().unwrap().to_owned();
    let second = update("Two", &format!("\"v9\", {tag}")).send().await;
    assert_eq!(second.header("etag"), Some("\"v3\""));
    update("Three", "*").send().await.data();
    // What proxies make of the tag of an answer that they compress.
    for (name, tag, next) in [
        ("Four", "W/\"v4\"", "\"v5\""),
        ("Five", "\"v5-gzip\"", "\"v6\""),
        ("Three", "W/\"v6-br\"", "\"v7\""),
    ] {
        assert_eq!(update(name, tag).send().await.header("etag"), Some(next), "{tag}");
    }
    // With another version, a request that would change nothing is refused too.
    update("Three", "\"v1\"").send().await.refused(412, "PRECONDITION_FAILED");
    let delete = |tag: &str| server.call("DELETE", &server.at("/slack")).header("if-match", tag);
    delete("\"v3\"").send().await.refused(412, "PRECONDITION_FAILED");
    assert_eq!(server.integration("slack").await["status"], "active");
    let gone = delete("\"v7\"").send().await;
    assert_eq!(gone.header("etag"), Some("\"v8\""));
    assert_eq!(server.audit("slack").await.len(), 8);
}
