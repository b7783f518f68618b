//! Secrets of events that earlier versions kept among settings: `migrate` moves them to the addresses for events.

use serde_json::{Value, json};

use super::{by_stripe, post};
use crate::support::{
    Server,
    process::{Finished, run},
    server::ENCRYPTION_KEYS,
};

on_both!(
    migrate_moves_the_secrets_of_events_out_of_the_settings,
    a_secret_that_was_entered_at_the_address_stays,
);

const FORMER: &str = "whsec_SECRETamongsettings";

async fn migrate(server: &Server, keys: Option<&str>) -> Finished {
    let mut own = vec![("DATABASE_URL", server.database.url.as_str())];
    own.extend(keys.map(|keys| ("RIQ_ENCRYPTION_KEYS", keys)));
    run(&["migrate"], &own).await
}

async fn set_setting(server: &Server, provider: &str, name: &str, secret: &str) {
    server.patch(provider, json!({"settings": {name: secret}})).await.data();
}

/// How many integrations have secret settings.
async fn with_secrets(server: &Server) -> i64 {
    server.sql.count("SELECT COUNT(*) FROM integrations WHERE sealed_settings IS NOT NULL", []).await
}

/// What is recorded of each change of a setting, by an actor other than a key.
async fn recorded(server: &Server) -> Vec<(String, Value)> {
    let sql = "SELECT action, changes FROM audit_events WHERE actor_kind = 'system' ORDER BY provider";
    let rows = server.sql.rows(sql, []).await;
    let read = |row: &Value| {
        let changes: Value = serde_json::from_str(row["changes"].as_str().unwrap()).unwrap();
        (row["action"].as_str().unwrap().to_owned(), changes)
    };
    rows.iter().map(read).collect()
}

async fn is_taken(server: &Server, path: &str, secret: &str, id: &str) -> bool {
    let body = json!({"id": id, "type": "charge.refunded"}).to_string();
    let signature = by_stripe(secret, server.now(), body.as_bytes());
    post(server, path, &[("stripe-signature", &signature)], body.as_bytes()).await == 200
}

async fn migrate_moves_the_secrets_of_events_out_of_the_settings(server: &Server) {
    for provider in ["stripe", "slack", "linear"] {
        server.install(provider).await;
    }
    // Slack's app is the project's own, and Linear's the organization's: other projects' events come to that, too.
    let app = json!({"client_id": "client", "client_secret": "SECRET"});
    let own = format!("/api/v1/projects/{}/oauth-apps/slack", server.project);
    server.call("PUT", &own).json(&app).send().await.data();
    let shared = format!("/api/v1/orgs/{}/oauth-apps/linear", server.organization);
    server.call("PUT", &shared).json(&app).send().await.data();
    set_setting(server, "stripe", "webhook_signing_secret", FORMER).await;
    set_setting(server, "slack", "signing_secret", "SECRET-of-slack").await;
    set_setting(server, "linear", "webhook_signing_secret", "SECRET-of-linear").await;

    let without_keys = migrate(server, None).await;
    let said = without_keys.stdout_of_success();
    assert!(said.contains("settings of 3 integrations may hold secrets"), "{said}");
    assert_eq!(with_secrets(server).await, 3);
    let moved = migrate(server, Some(ENCRYPTION_KEYS)).await;
    let said = moved.stdout_of_success();
    assert!(said.contains("Moved 2 secrets") && said.contains("Left 1 secrets"), "{said}");
    assert!(!said.contains("SECRET"), "{said}");
    assert_eq!(with_secrets(server).await, 1);
    let dropped = |name: &str| json!({"path": format!("settings.{name}"), "from": "[redacted]", "to": null});
    let named = |provider: &str| json!({"path": "provider", "from": null, "to": provider});
    let expected = [
        json!([named("slack"), dropped("signing_secret")]),
        json!([named("stripe"), dropped("webhook_signing_secret")]),
    ];
    assert_eq!(
        recorded(server).await,
        expected.map(|changes| ("event_source.secret_set".to_owned(), changes))
    );
    let again = migrate(server, Some(ENCRYPTION_KEYS)).await;
    assert!(!again.stdout_of_success().contains("Moved"), "{again:?}");

    let path = server.hook("stripe").await;
    assert!(is_taken(server, &path, FORMER, "evt_1").await);
    assert!(!is_taken(server, &path, "whsec_SECRETofanother", "evt_2").await);
    assert_eq!(server.event_source("slack").await["secret_status"], "set");
    assert_eq!(server.event_source("linear").await["secret_status"], "missing");
}

async fn a_secret_that_was_entered_at_the_address_stays(server: &Server) {
    let path = server.listen("stripe", super::SECRET).await;
    set_setting(server, "stripe", "webhook_signing_secret", FORMER).await;
    let moved = migrate(server, Some(ENCRYPTION_KEYS)).await;
    assert!(moved.stdout_of_success().contains("Moved 1 secrets"), "{moved:?}");
    assert_eq!(with_secrets(server).await, 0);
    assert!(is_taken(server, &path, super::SECRET, "evt_1").await);
    assert!(!is_taken(server, &path, FORMER, "evt_2").await);
    let actions: Vec<_> = recorded(server).await.into_iter().map(|(action, _)| action).collect();
    assert_eq!(actions, ["integration.lifecycle.updated"]);
}
