//! Databases of the last version, and its program.
//!
//! Until there is a tag, "the last version" is the commit that `last_version/commit` names. The dumps beside it were
//! made by its program: an organization, a project, a key, four integrations (one under an alias, one paused, one
//! disconnected), a webhook, an install link, an OAuth app. `RIQ_TEST_OLD_SERVER` is the path of that program, which is
//! built each night.

use std::env;

use serde_json::Value;

use crate::support::{
    TestDatabase,
    database::tell,
    process::{Process, admin, command_of, own, run},
    server::{ENCRYPTION_KEYS, client},
};

on_both_databases!(
    a_database_of_the_last_version_is_upgraded_with_every_row_good,
    the_last_version_runs_on_the_schema_of_this_one_or_says_why_not,
);

/// What is needed to call the API of a dump.
struct Access {
    project: String,
    key: String,
}

/// Restores the dump of the last version.
async fn restore(database: &TestDatabase) -> Access {
    let (dump, access) = match database.url.starts_with("sqlite:") {
        true => (include_str!("last_version/sqlite.sql"), include_str!("last_version/sqlite.json")),
        false => (include_str!("last_version/postgres.sql"), include_str!("last_version/postgres.json")),
    };
    if database.url.starts_with("sqlite:") {
        std::fs::write(database.path("riq.db"), "").unwrap();
    }
    database.open().await.run_script(dump).await;
    let access: Value = serde_json::from_str(access).unwrap();
    let text = |name: &str| access[name].as_str().unwrap().to_owned();
    Access { project: text("project"), key: text("key") }
}

/// The integrations that the server shows: provider, status and display name.
async fn shown(process: &Process, access: &Access) -> Vec<(String, String, Value)> {
    let url = format!("http://{}/v1/projects/{}/integrations", process.address, access.project);
    let answer = client().get(url).header("x-api-key", &access.key).send().await.unwrap();
    assert_eq!(answer.status().as_u16(), 200);
    let answer: Value = answer.json().await.unwrap();
    let text = |one: &Value, name: &str| one[name].as_str().unwrap().to_owned();
    let list = answer["data"].as_array().unwrap().iter();
    list.map(|one| (text(one, "provider"), text(one, "status"), one["display_name"].clone())).collect()
}

fn expected() -> Vec<(String, String, Value)> {
    let one = |provider: &str, status: &str, name: Value| (provider.to_owned(), status.to_owned(), name);
    vec![
        one("postmark", "disconnected", Value::Null),
        one("shopify~eu", "active", "Europe".into()),
        one("slack", "active", "Team".into()),
        one("stripe", "paused", Value::Null),
    ]
}

async fn a_database_of_the_last_version_is_upgraded_with_every_row_good(database: &TestDatabase) {
    let access = restore(database).await;
    let process = Process::serve(database, &[]).await;
    assert_eq!(shown(&process, &access).await, expected());
    let whole = admin(database, &["audit", "verify"], "").await;
    assert!(whole.success, "{whole:?}");
    let two = format!("new:Hx4dHBsaGRgXFhUUExIREA8ODQwLCgkIBwYFBAMCAQA=,{ENCRYPTION_KEYS}");
    let keys = [("DATABASE_URL", database.url.as_str()), ("RIQ_ENCRYPTION_KEYS", two.as_str())];
    let opened = run(&["admin", "rotate-keys"], &keys).await;
    assert!(opened.success, "every secret opens: {opened:?}");
    let found = run(&["doctor", "--offline"], &keys).await;
    assert!(found.success, "{found:?}");
}

async fn the_last_version_runs_on_the_schema_of_this_one_or_says_why_not(database: &TestDatabase) {
    let Some(old) = env::var_os("RIQ_TEST_OLD_SERVER") else {
        return tell("SKIPPED: RIQ_TEST_OLD_SERVER is not set to the program of the last version");
    };
    let access = restore(database).await;
    let early = admin(database, &["project", "list"], "").await;
    if !early.success {
        early.failed_with("migrate");
    }
    assert!(run(&["migrate"], &own(database)).await.success);
    let serve = command_of(old, &["serve", "--bind", "127.0.0.1:0"], &own(database));
    let mut process = Process::spawn(serve);
    if process.serves_or_ends() {
        assert_eq!(shown(&process, &access).await, expected());
    } else {
        let said = format!("{}{}", process.stdout(), process.stderr());
        assert!(said.contains("newer"), "it says why it does not start: {said}");
    }
}
