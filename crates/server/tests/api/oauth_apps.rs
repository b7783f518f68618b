//! OAuth apps: the operator sets them, the server uses them, and their secrets are never shown.

use std::time::Duration;

use serde_json::{Value, json};

use crate::support::{
    Server, TestDatabase,
    process::{Finished, run, run_with_input},
    server::ENCRYPTION_KEYS,
};

on_both!(
    a_provider_without_an_app_says_so,
    an_app_is_found_within_a_moment_and_missed_when_it_is_gone,
    an_app_of_one_project_serves_no_other,
);
on_both_databases!(what_is_wrong_with_an_app_is_said,);

const SECRET: &str = "SECRET-client-secret-of-the-operator";

async fn admin(database: &TestDatabase, arguments: &[&str], input: &str) -> Finished {
    let environment = [("DATABASE_URL", database.url.as_str()), ("RIQ_ENCRYPTION_KEYS", ENCRYPTION_KEYS)];
    run_with_input(&[&["admin", "oauth-app"], arguments].concat(), &environment, input).await
}

async fn set(database: &TestDatabase, provider: &str, owner: &[&str]) -> Finished {
    let set = ["set", provider, "--client-id", "123.456", "--client-secret-file", "-"];
    admin(database, &[&set, owner].concat(), &format!("{SECRET}\n")).await
}

async fn entry(server: &Server, provider: &str) -> Value {
    server.get(&format!("/catalog/{provider}")).await.data().clone()
}

async fn until_installable(server: &Server, provider: &str, installable: bool) {
    crate::support::eventually("the catalog shows the app", Duration::from_secs(20), async || {
        entry(server, provider).await["installable"] == installable
    })
    .await;
}

async fn a_provider_without_an_app_says_so(server: &Server) {
    let github = entry(server, "github").await;
    assert_eq!(github["installable"], false);
    assert_eq!(github["not_installable_reason"], "No OAuth app is set for GitHub on this server");
    let slack = entry(server, "slack").await;
    assert_eq!((&slack["installable"], slack.get("not_installable_reason")), (&json!(true), None));
    let list = server.get("/catalog").await;
    for entry in list.data().as_array().unwrap() {
        assert_eq!(entry["installable"], entry["provider"] != "github", "{entry}");
    }
    let refused = server.call("POST", &server.at("/github/install-url")).send().await;
    refused.refused(409, "PROVIDER_NOT_CONFIGURED");
    assert!(refused.body["error"].as_str().unwrap().contains("GitHub"), "{refused:?}");
    assert_eq!(server.sql.count("SELECT COUNT(*) FROM install_links", []).await, 0);
}

async fn an_app_is_found_within_a_moment_and_missed_when_it_is_gone(server: &Server) {
    let database = &server.database;
    assert_eq!(set(database, "github", &[]).await.stdout_of_success(), "Set the app for GitHub (all)\n");
    until_installable(server, "github", true).await;
    server.call("POST", &server.at("/github/install-url")).send().await.data();
    let listed = admin(database, &["list", "--json"], "").await;
    assert!(!listed.stdout.contains("SECRET"), "{listed:?}");
    let listed = listed.json();
    assert_eq!(
        (&listed[0]["provider"], &listed[0]["owner"], &listed[0]["client_id"]),
        (&json!("github"), &json!("*"), &json!("123.456"))
    );
    let stored = server.sql.bytes("SELECT sealed_secret FROM oauth_apps", []).await.unwrap();
    assert!(!stored.windows(6).any(|window| window == b"SECRET"));

    // Another client id replaces the first.
    let again = ["set", "github", "--client-id", "789", "--client-secret-file", "-"];
    admin(database, &again, SECRET).await.stdout_of_success();
    let listed = admin(database, &["list", "--json"], "").await.json();
    assert_eq!((listed.as_array().unwrap().len(), &listed[0]["client_id"]), (1, &json!("789")));

    let removed = admin(database, &["remove", "github", "--yes"], "").await;
    assert_eq!(removed.stdout_of_success(), "Removed the app for github (all)\n");
    until_installable(server, "github", false).await;
    server
        .call("POST", &server.at("/github/install-url"))
        .send()
        .await
        .refused(409, "PROVIDER_NOT_CONFIGURED");
    let removed = admin(database, &["remove", "github", "--json"], "").await.json();
    assert_eq!(removed, json!({"provider": "github", "owner": "*", "changed": false}));
}

async fn an_app_of_one_project_serves_no_other(server: &Server) {
    let project = server.project.to_string();
    let other = format!("/api/v1/projects/{}/integrations", server.other_project().await);
    set(&server.database, "github", &["--project", &project]).await.stdout_of_success();
    until_installable(server, "github", true).await;
    let elsewhere = server.call("GET", &format!("{other}/catalog/github")).send().await;
    assert_eq!(elsewhere.data()["installable"], false);
    let refused = server.call("POST", &format!("{other}/github/install-url")).send().await;
    refused.refused(409, "PROVIDER_NOT_CONFIGURED");

    set(&server.database, "github", &["--org", &server.organization.to_string()]).await.stdout_of_success();
    server.call("POST", &format!("{other}/github/install-url")).send().await.data();
    let events =
        server.sql.rows("SELECT * FROM audit_events WHERE action = 'oauth_app.set' ORDER BY id", []).await;
    let projects: Vec<&Value> = events.iter().map(|event| &event["project_id"]).collect();
    assert_eq!(projects, [&json!(project), &Value::Null]);
    assert!(events.iter().all(|event| !event["changes"].to_string().contains("SECRET")), "{events:?}");
}

async fn what_is_wrong_with_an_app_is_said(database: &TestDatabase) {
    assert!(run(&["migrate"], &[("DATABASE_URL", &database.url)]).await.success);
    set(database, "slak", &[])
        .await
        .failed_with("there is no provider \"slak\"; these are connected by OAuth:");
    set(database, "postmark", &[]).await.failed_with("Postmark is not connected by OAuth and needs no app");
    let nobody = "prj_00000000000000000000000000";
    set(database, "slack", &["--project", nobody])
        .await
        .failed_with(&format!("there is no project {nobody}"));
    set(database, "slack", &["--project", nobody, "--org", "org_00000000000000000000000000"])
        .await
        .failed_with("cannot be used with");
    let arguments = ["set", "slack", "--client-id", "1", "--client-secret-file", "-"];
    admin(database, &arguments, "  \n").await.failed_with("the client secret is not valid");
    let two_lines = admin(database, &arguments, "SECRET one\nSECRET two").await;
    two_lines.failed_with("no blanks");
    assert!(!two_lines.stderr.contains("SECRET"), "{two_lines:?}");
    let missing = ["set", "slack", "--client-id", "1", "--client-secret-file", "/nowhere"];
    admin(database, &missing, "").await.failed_with("cannot read /nowhere");
    assert_eq!(admin(database, &["list", "--json"], "").await.json(), json!([]));
}
