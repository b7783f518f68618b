//! A server that is killed between asking a person and telling people of it.

use riq_testing::providers::desk_and_keys::{self, DeskAndKeys};
use serde_json::{Value, json};

use super::PATIENCE;
use crate::{
    crash::prepare,
    support::{
        TestDatabase, eventually,
        process::{Process, run_with_input},
        server::{ENCRYPTION_KEYS, client},
    },
};

on_both_databases!(killed_after_the_asking_the_next_server_tells);

async fn killed_after_the_asking_the_next_server_tells(database: &TestDatabase) {
    let project = prepare(database).await.project;
    let provider = DeskAndKeys::start().await;
    let (providers, authority) = (database.path("providers"), database.path("authority.pem"));
    std::fs::create_dir(&providers).unwrap();
    for (name, file) in desk_and_keys::files() {
        std::fs::write(providers.join(name), file).unwrap();
    }
    std::fs::write(&authority, provider.ca_pem()).unwrap();
    let resolve = format!("keys.example={}", provider.address());
    let environment = [
        ("DATABASE_URL", database.url.as_str()),
        ("RIQ_ENCRYPTION_KEYS", ENCRYPTION_KEYS),
        ("RIQ_PROVIDERS_DIR", providers.to_str().unwrap()),
        ("RIQ_OUTBOUND_CA_FILE", authority.to_str().unwrap()),
        ("RIQ_OUTBOUND_RESOLVE", resolve.as_str()),
    ];
    let sql = database.open().await;
    let org = sql.rows("SELECT id FROM organizations", []).await[0]["id"].as_str().unwrap().to_owned();
    let admin = async |arguments: &[&str], input: &str| {
        run_with_input(&[&["admin", "--json"], arguments].concat(), &environment, input).await.json()
    };
    let line = json!({"provider": "keys", "credential": {"api_key": "SECRET-key"}}).to_string();
    admin(&["import", "--project", &project, "-"], &line).await;
    let key = admin(&["key", "create", "--org", &org, "--name", "All", "--scopes", "admin"], "").await;
    let key = key["api_key"].as_str().unwrap();
    let to = json!({"provider": "keys", "action": "post_message", "input": {"channel": "#approvals"}});
    sql.execute("UPDATE projects SET approvals_notify = $1", [to.to_string().into()]).await;
    let mut process = Process::serve_migrated(database, &environment);
    let base = format!("http://{}/api/v1/projects/{project}", process.address);
    let asked = json!({"input": {"channel": "#all", "text": "Hello"}});
    for (method, path, body, status) in [
        ("PATCH", "integrations/keys/lifecycle", json!({"action_permissions": {"post_message": "ask"}}), 200),
        ("POST", "integrations/keys/actions/post_message", asked, 202),
    ] {
        let request = client().request(method.parse().unwrap(), format!("{base}/{path}"));
        let answer = request.header("x-api-key", key).json(&body).send().await.unwrap();
        assert_eq!(answer.status().as_u16(), status, "{path}");
    }
    process.kill();
    // As when the leases are over, if it was sending already.
    sql.execute("UPDATE approval_notices SET due_at = created_at WHERE status = 'waiting'", []).await;
    sql.execute("UPDATE action_runs SET sending_until = created_at WHERE status = 'sending'", []).await;
    let _process = Process::serve_migrated(database, &environment);
    let sent = "SELECT COUNT(*) FROM approval_notices WHERE status = 'sent'";
    eventually("people are told", PATIENCE, async || sql.count(sent, []).await == 1).await;
    let messages: Vec<Value> = provider.calls("keys post").into_iter().map(|call| call.body).collect();
    assert_eq!(messages.last().unwrap()["channel"], "#approvals");
    assert!(messages.last().unwrap()["text"].as_str().unwrap().contains("\ntext: Hello\n"), "{messages:?}");
}
