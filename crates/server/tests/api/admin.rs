//! The operator's commands on organizations, projects and keys.

use std::process::Stdio;

use serde_json::{Value, json};

use crate::support::{
    TestDatabase,
    process::{Finished, command, run, run_with_input},
    server::ENCRYPTION_KEYS,
};

on_both_databases!(
    organizations_projects_and_keys_are_made_and_listed,
    tables_are_for_people,
    what_is_wrong_is_said,
    what_is_revoked_takes_nothing_new,
    every_command_is_on_record,
    a_projects_returns_and_branding_are_set,
    what_takes_something_away_asks_at_a_terminal,
    the_events_of_the_operators_app_have_an_address,
);

async fn admin(database: &TestDatabase, arguments: &[&str]) -> Finished {
    run(&[&["admin"], arguments].concat(), &[("DATABASE_URL", &database.url)]).await
}

/// Runs a command with `--json` and returns its result.
async fn answer(database: &TestDatabase, arguments: &[&str]) -> Value {
    admin(database, &[arguments, &["--json"]].concat()).await.json()
}

async fn migrate(database: &TestDatabase) {
    assert!(run(&["migrate"], &[("DATABASE_URL", &database.url)]).await.success);
}

fn id(value: &Value) -> &str {
    value["id"].as_str().unwrap()
}

async fn organizations_projects_and_keys_are_made_and_listed(database: &TestDatabase) {
    migrate(database).await;
    assert_eq!(answer(database, &["org", "list"]).await, json!([]));
    let acme = answer(database, &["org", "create", "--name", " Acme "]).await;
    let other = answer(database, &["org", "create", "--name", "Other"]).await;
    assert_eq!((&acme["name"], &acme["revoked_at"]), (&json!("Acme"), &Value::Null));
    assert!(acme["created_at"].as_str().unwrap().ends_with('Z'));
    assert_eq!(answer(database, &["org", "list"]).await, json!([acme, other]));

    let project = answer(database, &["project", "create", "--org", id(&acme), "--name", "Support"]).await;
    let foreign = answer(database, &["project", "create", "--org", id(&other), "--name", "Sales"]).await;
    assert_eq!(project["organization_id"], acme["id"]);
    // Another project may have the same name, and gets a slug of its own.
    let twin = answer(database, &["project", "create", "--org", id(&other), "--name", "Sales"]).await;
    assert_eq!((&foreign["slug"], &twin["slug"]), (&json!("sales"), &json!("sales-2")));
    assert_eq!(answer(database, &["project", "list"]).await, json!([project, foreign, twin]));
    assert_eq!(answer(database, &["project", "list", "--org", id(&other)]).await, json!([foreign, twin]));

    let create = [
        "key",
        "create",
        "--org",
        id(&acme),
        "--name",
        "CI",
        "--scopes",
        "read,integrations:write",
        "--tier",
        "pro",
        "--expires-in",
        "90d",
    ];
    let key = answer(database, &create).await;
    assert_eq!(key["scopes"], json!(["read", "integrations:write"]));
    assert_eq!((&key["tier"], &key["organization_id"]), (&json!("pro"), &acme["id"]));
    assert!(key["expires_at"].as_str().is_some());
    let text = key["api_key"].as_str().unwrap();
    assert_eq!((&text[..4], text.len()), ("riq_", 53));
    let simple = ["key", "create", "--org", id(&acme), "--name", "Simple", "--scopes", "read"];
    let simple = answer(database, &simple).await;
    assert_eq!((&simple["tier"], &simple["expires_at"]), (&json!("starter"), &Value::Null));
    let agent = ["key", "create", "--org", id(&other), "--name", "Agent", "--for", "agent"];
    let made = admin(database, &agent).await;
    assert!(made.stdout_of_success().contains("scopes   actions:read, actions:write"), "{made:?}");
    assert!(!made.stderr.contains("warning"), "{made:?}");
    let wide = ["key", "create", "--org", id(&other), "--name", "Wide", "--scopes", "write"];
    let made = admin(database, &wide).await;
    assert!(made.success, "{made:?}");
    assert!(made.stderr.contains("warning: this key can call actions and also permit them"), "{made:?}");
    let listed = admin(database, &["key", "list", "--org", id(&acme), "--json"]).await;
    assert!(!listed.stdout.contains(text), "a key is shown once");
    let listed = listed.json();
    assert_eq!(listed.as_array().unwrap().len(), 2);
    assert_eq!((&listed[0]["id"], &listed[0]["hint"]), (&key["id"], &json!(text[..8])));
    let of_other = answer(database, &["key", "list", "--org", id(&other)]).await;
    assert_eq!(of_other[0]["scopes"], json!(["actions:read", "actions:write"]));
}

async fn a_projects_returns_and_branding_are_set(database: &TestDatabase) {
    migrate(database).await;
    let acme = answer(database, &["org", "create", "--name", "Acme"]).await;
    let made = answer(database, &["project", "create", "--org", id(&acme), "--name", "Support"]).await;
    fn update<'a>(project: &'a str, arguments: &[&'a str]) -> Vec<&'a str> {
        [&["project", "update", project], arguments].concat()
    }
    let set = update(
        id(&made),
        &["--return-origins", "https://App.example:443,http://localhost:3000", "--brand-name", "Parcel"],
    );
    let set = answer(database, &set).await;
    assert_eq!(set["return_origins"], json!(["https://app.example", "http://localhost:3000"]));
    assert_eq!(set["branding"]["name"], "Parcel");
    // What is not named stays.
    let cleared = answer(database, &update(id(&made), &["--clear-branding"])).await;
    assert_eq!((&cleared["branding"], &cleared["return_origins"]), (&Value::Null, &set["return_origins"]));
    for wrong in [&["--return-origins", "http://app.example"][..], &["--brand-accent", "#ffee00"], &[]] {
        assert!(!admin(database, &update(id(&made), wrong)).await.success, "{wrong:?}");
    }
}

async fn tables_are_for_people(database: &TestDatabase) {
    migrate(database).await;
    let acme = answer(database, &["org", "create", "--name", "Acme"]).await;
    let org = id(&acme);
    let project = admin(database, &["project", "create", "--org", org, "--name", "Support"]).await;
    assert!(project.stdout_of_success().starts_with("Created prj_"), "{project:?}");
    let key = ["key", "create", "--org", org, "--name", "CI", "--scopes", "read", "--expires-in", "1h"];
    let created = admin(database, &key).await;
    for part in
        ["Created key_", "scopes   read", "tier     starter", "key      riq_", "cannot be shown again"]
    {
        assert!(created.stdout_of_success().contains(part), "{part}: {created:?}");
    }
    for (resource, head) in [
        ("org", ["ID", "NAME", "CREATED", "REVOKED"].as_slice()),
        ("project", &["ID", "ORGANIZATION", "NAME", "CREATED", "REVOKED"]),
        ("key", &["ID", "NAME", "KEY", "SCOPES", "TIER", "EXPIRES", "LAST", "USED", "REVOKED"]),
    ] {
        let table = admin(database, &[resource, "list"]).await;
        let lines: Vec<&str> = table.stdout_of_success().lines().collect();
        assert_eq!(lines[0].split_whitespace().collect::<Vec<_>>(), head);
        assert_eq!(lines.len(), 2, "{table:?}");
        // Each cell of the NAME column begins below its heading.
        assert_eq!(
            lines[0].find(head[1]),
            lines[1].find(
                ["Acme", org, "CI"]
                    .into_iter()
                    .find(|cell| lines[1].contains(cell) && lines[1].find(cell) > Some(0))
                    .unwrap()
            )
        );
    }
}

async fn what_is_wrong_is_said(database: &TestDatabase) {
    let unmigrated = admin(database, &["org", "list"]).await;
    unmigrated.failed_with("riq-server migrate` first");
    migrate(database).await;
    let acme = answer(database, &["org", "create", "--name", "Acme"]).await;
    let (org, nobody) = (id(&acme), "org_00000000000000000000000000");
    let long = "x".repeat(101);
    for (arguments, reason) in [
        (&["org", "create", "--name", ""][..], "Must not be blank"),
        (&["org", "create", "--name", "\u{200b}\u{3164}"], "Must not be blank"),
        (&["org", "create", "--name", "a\nb"], "Must be one line"),
        (&["org", "create", "--name", "moc\u{202e}.live"], "Must not contain U+202E"),
        (&["org", "create", "--name", &long], "Must have 100 characters or fewer"),
        (&["org", "create"], "--name"),
        (&["org", "revoke", "nonsense"], "not an id: expected org_"),
        (&["org", "revoke", nobody], "there is no organization org_"),
        (&["project", "create", "--org", nobody, "--name", "x"], "there is no organization org_"),
        (&["project", "create", "--org", "prj_00000000000000000000000000", "--name", "x"], "expected org_"),
        (&["project", "revoke", "prj_00000000000000000000000000"], "there is no project prj_"),
        (
            &["key", "create", "--org", nobody, "--name", "x", "--scopes", "read"],
            "there is no organization org_",
        ),
        (
            &["key", "create", "--org", org, "--name", "x", "--scopes", "billing:read"],
            "unknown scope \"billing:read\"",
        ),
        (&["key", "create", "--org", org, "--name", "x", "--scopes", "read,,write"], "unknown scope \"\""),
        (&["key", "create", "--org", org, "--name", "x", "--scopes", ""], "unknown scope \"\""),
        (&["key", "create", "--org", org, "--name", "x"], "--scopes"),
        (
            &["key", "create", "--org", org, "--name", "x", "--scopes", "read", "--for", "agent"],
            "cannot be used",
        ),
        (&["key", "create", "--org", org, "--name", "x", "--for", "everybody"], "agent"),
        (&["key", "create", "--org", org, "--name", "x", "--scopes", "read", "--tier", "gold"], "starter"),
        (
            &["key", "create", "--org", org, "--name", "x", "--scopes", "read", "--expires-in", "soon"],
            "--expires-in",
        ),
        (
            &["key", "create", "--org", org, "--name", "x", "--scopes", "read", "--expires-in", "900000y"],
            "--expires-in",
        ),
        (&["key", "revoke", "key_00000000000000000000000000"], "there is no API key key_"),
        (&["key", "set-tier", "key_00000000000000000000000000", "pro"], "there is no API key key_"),
        (&["key", "set-tier", "key_00000000000000000000000000", "gold"], "gold"),
        (&["nonsense"], "unrecognized subcommand"),
    ] {
        let failed = admin(database, arguments).await;
        failed.failed_with(reason);
        assert_eq!(failed.stdout, "", "{arguments:?}");
    }
    let list = answer(database, &["key", "list"]).await;
    assert_eq!(list, json!([]));
    without_a_database(database).await;
}

async fn without_a_database(database: &TestDatabase) {
    let without = run(&["admin", "org", "list"], &[]).await;
    without.failed_with("DATABASE_URL").failed_with("--data-dir");
    let directory = database.path("nothing");
    let nowhere = run(&["admin", "org", "list", "--data-dir", directory.to_str().unwrap()], &[]).await;
    nowhere.failed_with("is not a data directory");
    assert!(!directory.exists(), "a question makes nothing");
}

async fn what_is_revoked_takes_nothing_new(database: &TestDatabase) {
    migrate(database).await;
    let acme = answer(database, &["org", "create", "--name", "Acme"]).await;
    let org = id(&acme);
    let project = answer(database, &["project", "create", "--org", org, "--name", "Support"]).await;
    for unconfirmed in [["project", "revoke", id(&project)], ["org", "revoke", org]] {
        let refused = admin(database, &unconfirmed).await;
        refused
            .failed_with("this needs --yes, because riq-server asks only at a terminal; nothing was changed");
        assert_eq!(refused.stdout, "");
    }
    assert_eq!(answer(database, &["org", "list"]).await[0]["revoked_at"], Value::Null);
    let revoked = answer(database, &["project", "revoke", id(&project), "--yes"]).await;
    assert_eq!(revoked, json!({"id": project["id"], "revoked": true}));
    let again = answer(database, &["project", "revoke", id(&project)]).await;
    assert_eq!(again, json!({"id": project["id"], "revoked": false}));
    let import = ["import", "--project", id(&project), "/dev/null"];
    let refused = run(
        &[&["admin"], &import[..]].concat(),
        &[("DATABASE_URL", &database.url), ("RIQ_ENCRYPTION_KEYS", crate::support::server::ENCRYPTION_KEYS)],
    )
    .await;
    refused.failed_with("there is no project");

    assert_eq!(answer(database, &["org", "revoke", org, "--yes"]).await["revoked"], true);
    assert_eq!(answer(database, &["org", "revoke", org, "--yes"]).await["revoked"], false);
    for arguments in [
        &["project", "create", "--org", org, "--name", "x"][..],
        &["key", "create", "--org", org, "--name", "x", "--scopes", "read"],
    ] {
        admin(database, arguments).await.failed_with("is revoked");
    }
    let listed = answer(database, &["org", "list"]).await;
    assert!(listed[0]["revoked_at"].as_str().is_some());
}

/// Runs a command at a terminal, and answers its question.
fn asked(database: &TestDatabase, arguments: &[&str], answer: &str) -> String {
    let mut command = command(&[&["admin"], arguments].concat(), &[("DATABASE_URL", &database.url)]);
    command.stdin(Stdio::inherit()).stdout(Stdio::inherit()).stderr(Stdio::inherit());
    let mut session = rexpect::session::spawn_command(command, Some(30_000)).unwrap();
    let question = session.exp_string("Type yes to go on: ").unwrap();
    session.send_line(answer).unwrap();
    format!("{question}{}", session.exp_eof().unwrap())
}

async fn what_takes_something_away_asks_at_a_terminal(database: &TestDatabase) {
    migrate(database).await;
    let acme = answer(database, &["org", "create", "--name", "Acme"]).await;
    let org = id(&acme);
    let project = answer(database, &["project", "create", "--org", org, "--name", "Support"]).await;
    let key = answer(database, &["key", "create", "--org", org, "--name", "CI", "--scopes", "read"]).await;
    for (arguments, what) in [
        (["key", "revoke", id(&key)], "Revoke the API key CI"),
        (["project", "revoke", id(&project)], "Revoke the project Support"),
        (["org", "revoke", org], "Revoke the organization Acme"),
    ] {
        for no in ["no", "", "yess"] {
            let said = asked(database, &arguments, no);
            assert!(said.contains(what) && said.contains("nothing was changed"), "{said}");
        }
        let said = asked(database, &arguments, "Yes");
        assert!(said.contains(&format!("Revoked {}", arguments[2])), "{said}");
        // There is nothing left to take away, so nothing is asked.
        assert_eq!(answer(database, &arguments).await["revoked"], false);
    }
}

async fn every_command_is_on_record(database: &TestDatabase) {
    migrate(database).await;
    let acme = answer(database, &["org", "create", "--name", "Acme"]).await;
    let org = id(&acme);
    let project = answer(database, &["project", "create", "--org", org, "--name", "Support"]).await;
    let key = ["key", "create", "--org", org, "--name", "CI", "--scopes", "read"];
    let key = answer(database, &key).await;
    for changed in [true, false] {
        let set = answer(database, &["key", "set-tier", id(&key), "pro"]).await;
        assert_eq!(set, json!({"id": key["id"], "tier": "pro", "changed": changed}));
    }
    assert_eq!(answer(database, &["key", "list"]).await[0]["tier"], "pro");
    for _ in 0..2 {
        answer(database, &["key", "revoke", id(&key), "--yes"]).await;
        answer(database, &["project", "revoke", id(&project), "--yes"]).await;
        answer(database, &["org", "revoke", org, "--yes"]).await;
    }
    let sql = database.open().await;
    let events = sql
        .rows("SELECT action, actor_kind, organization_id, changes FROM audit_events ORDER BY id", [])
        .await;
    let actions: Vec<&str> = events.iter().map(|event| event["action"].as_str().unwrap()).collect();
    let expected = [
        "organization.created",
        "project.created",
        "api_key.created",
        "api_key.tier_changed",
        "api_key.revoked",
        "project.revoked",
        "organization.revoked",
    ];
    assert_eq!(actions, expected);
    let changes: Value = serde_json::from_str(events[3]["changes"].as_str().unwrap()).unwrap();
    let path = format!("{}.tier", id(&key));
    assert_eq!(changes, json!([{"path": path, "from": "starter", "to": "pro"}]));
    let text = key["api_key"].as_str().unwrap();
    for event in &events {
        assert_eq!((&event["actor_kind"], &event["organization_id"]), (&json!("operator"), &acme["id"]));
        assert!(!event["changes"].as_str().unwrap().contains(&text[8..]));
    }
}

async fn the_events_of_the_operators_app_have_an_address(database: &TestDatabase) {
    migrate(database).await;
    let settings = [
        ("DATABASE_URL", database.url.as_str()),
        ("RIQ_ENCRYPTION_KEYS", ENCRYPTION_KEYS),
        ("RIQ_PUBLIC_URL", "https://riq.example"),
    ];
    let events = async |arguments: &[&str], input: &str| {
        let command = [&["admin", "oauth-app", "events"], arguments, &["--json"]].concat();
        run_with_input(&command, &settings, input).await
    };
    let nowhere = run(&["admin", "oauth-app", "events", "slack"], &settings[..2]).await;
    nowhere.failed_with("RIQ_PUBLIC_URL is needed");
    let first = events(&["slack"], "").await.json();
    assert!(first["url"].as_str().unwrap().starts_with("https://riq.example/hooks/evs_"), "{first}");
    assert_eq!(first["secret"], "missing");
    events(&["slack", "--secret-file", "-"], "xoxb-SECRET").await.failed_with("This is a bot's token");
    let set = events(&["slack", "--secret-file", "-"], "SECRET-signing\n").await.json();
    assert_eq!((&set["secret"], &set["url"]), (&json!("set"), &first["url"]));
    let replaced = events(&["slack", "--secret-file", "-", "--overlap", "1d"], "SECRET-another").await.json();
    assert_eq!(replaced["secret"], "replaced");
    events(&["slack", "--wait"], "").await.failed_with("");
    let waiting = events(&["notion", "--wait"], "").await.json();
    assert!(waiting["awaited_until"].as_str().unwrap().ends_with('Z'), "{waiting}");
    assert_eq!(events(&["notion", "--show-secret"], "").await.json().get("brought"), None);
    events(&["stripe"], "").await.failed_with("the address of each integration");
    events(&["salesforce"], "").await.failed_with("no events are taken");
    events(&["nothing"], "").await.failed_with("there is no provider nothing");
}
