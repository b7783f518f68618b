//! What a server of the version before aliases does to a database that has some, as it goes on beside a newer one. Its
//! statements stand here as they were.

use serde_json::{Value, json};

use crate::support::Server;

on_both!(
    a_server_of_the_version_before_finds_its_own_rows_alone,
    a_server_of_the_version_before_leaves_the_probes_of_aliases_to_others,
);

const ONE: &str = "SELECT p.organization_id, i.id, i.provider FROM projects p \
     LEFT JOIN integrations i ON i.project_id = p.id AND i.provider = $2 \
     LEFT JOIN monitors m ON m.integration_id = i.id \
     LEFT JOIN credentials c ON c.integration_id = i.id \
     WHERE p.id = $1 AND p.revoked_at IS NULL";
const DUE: &str = "SELECT column1 AS provider, \
     (SELECT MIN(due_at) FROM monitors WHERE provider = column1) AS due_at FROM (VALUES ($1), ($2)) AS providers";
const CLAIM: &str = "WITH due AS MATERIALIZED (SELECT integration_id FROM monitors \
     WHERE provider = $3 AND due_at <= $4 ORDER BY due_at LIMIT $5) \
     UPDATE monitors SET lease_owner = $1, due_at = $2, \
     lease_count = CASE WHEN lease_owner IS NULL THEN 1 ELSE lease_count + 1 END \
     WHERE integration_id IN (SELECT integration_id FROM due) RETURNING integration_id";
const END_QUESTIONS: &str = "SELECT COUNT(*) FROM pending_installs WHERE project_id = $1 AND provider = $2";

async fn a_server_of_the_version_before_finds_its_own_rows_alone(server: &Server) {
    for name in ["slack", "slack~eu", "slack~us", "postmark~eu"] {
        server.install(name).await;
    }
    let one = async |provider: &str| {
        server.sql.rows(ONE, [server.project.to_string().into(), provider.into()]).await
    };
    let slack = one("slack").await;
    assert_eq!((slack.len(), &slack[0]["provider"]), (1, &json!("slack")));
    assert_eq!(slack[0]["id"], server.integration("slack").await["id"]);
    let postmark = one("postmark").await;
    assert_eq!((postmark.len(), &postmark[0]["id"]), (1, &Value::Null), "it is not installed there");
    let questions =
        server.sql.count(END_QUESTIONS, [server.project.to_string().into(), "slack".into()]).await;
    assert_eq!(questions, 0);
    // It installs Postmark, in the row that is free; a second Slack it cannot.
    let copy = |id: &str, provider: &str| {
        format!(
            "INSERT INTO integrations (id, project_id, provider, setup_type, status, health_status, sidebar_enabled, \
             settings, action_permissions, connection, version, created_at, updated_at) \
             SELECT '{id}', project_id, '{provider}', setup_type, status, health_status, sidebar_enabled, settings, \
             action_permissions, connection, version, created_at, updated_at \
             FROM integrations WHERE provider = 'postmark~eu' \
             AND NOT EXISTS (SELECT 1 FROM integrations WHERE provider = '{provider}')"
        )
    };
    assert_eq!(server.sql.execute(&copy("int_01jc3q5v6w7x8y9zabcdefghjk", "postmark"), []).await, 1);
    assert_eq!(server.sql.execute(&copy("int_01jc3q5v6w7x8y9zabcdefghjm", "slack"), []).await, 0);
    assert_eq!(server.get("/postmark").await.data()["alias"], Value::Null);
}

async fn a_server_of_the_version_before_leaves_the_probes_of_aliases_to_others(server: &Server) {
    server.install("slack~eu").await;
    server.install("postmark~eu").await;
    let keys = || ["slack".into(), "postmark".into()];
    let due = async || -> Vec<bool> {
        server.sql.rows(DUE, keys()).await.iter().map(|row| !row["due_at"].is_null()).collect()
    };
    assert_eq!(due().await, [false, false]);
    server.install("slack").await;
    assert_eq!(due().await, [true, false]);
    let now = riq_server::environment::Clock::now(&*server.clock);
    // Its times had all six digits after the second, and so have these.
    let at = |days: i64| now + time::Duration::days(days) + time::Duration::microseconds(1);
    let values = ["lea_before".into(), at(2).into(), "slack".into(), at(1).into(), 10_i64.into()];
    let claimed = server.sql.rows(CLAIM, values).await;
    let own = server.integration("slack").await["id"].clone();
    assert_eq!(claimed, [json!({"integration_id": own})]);
}
