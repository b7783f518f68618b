//! `riq-server admin import`: imports integrations from another system, all or none.

use integrations_core::catalog::{ActionKind, Catalog};
use serde_json::{Value, json};

use crate::support::{
    Answer, TestDatabase,
    database::Sql,
    process::{self, Finished, Process, own, run, run_with_input},
    server::client,
};

on_both_databases!(
    the_issues_lines_are_imported,
    one_bad_line_stores_nothing,
    every_bad_line_is_named_with_line_and_path,
    what_is_pasted_is_read_before_it_is_judged,
    a_provider_comes_once,
    a_disconnected_integration_comes_back,
    a_running_server_sees_what_is_imported,
    a_byte_order_mark_is_no_part_of_a_line,
    connections_of_nango_are_imported_or_named,
);

/// The lines exactly as the issue has them, with the ellipses.
const LINES: &str = concat!(
    r#"{"provider":"shopify","display_name":"Acme Store","settings":{},"connection":{"subdomain":"acme"},"credential":{"access_token":"…","refresh_token":null,"expires_at":null}}"#,
    "\n",
    r#"{"provider":"postmark","credential":{"api_key":"…"}}"#,
    "\n",
);

/// A migrated database with a project.
struct Desk<'a> {
    database: &'a TestDatabase,
    sql: Sql,
    org: String,
    project: String,
}

impl<'a> Desk<'a> {
    async fn at(database: &'a TestDatabase) -> Self {
        assert!(run(&["migrate"], &[("DATABASE_URL", &database.url)]).await.success);
        let mut desk =
            Self { database, sql: database.open().await, org: String::new(), project: String::new() };
        desk.org = desk.make(&["org", "create", "--name", "Acme"]).await;
        let org = desk.org.clone();
        desk.project = desk.make(&["project", "create", "--org", &org, "--name", "Support"]).await;
        desk
    }

    async fn make(&self, arguments: &[&str]) -> String {
        self.admin(arguments, "").await.json()["id"].as_str().unwrap().to_owned()
    }

    async fn admin(&self, arguments: &[&str], input: &str) -> Finished {
        process::admin(self.database, arguments, input).await
    }

    async fn import(&self, lines: &str) -> Finished {
        self.admin(&["import", "--project", &self.project, "-"], lines).await
    }

    /// Imports lines that must be refused; returns the issues as `line: path: message`.
    async fn refused(&self, lines: &str) -> Vec<String> {
        let finished = self.import(lines).await;
        finished.failed_with("cannot be imported; nothing was");
        let answer: Value = serde_json::from_str(&finished.stdout).unwrap();
        let text = |value: &Value| value.as_str().unwrap().to_owned();
        let issues = answer["issues"].as_array().unwrap().iter();
        issues
            .map(|one| format!("{}: {}: {}", one["line"], text(&one["path"]), text(&one["message"])))
            .collect()
    }

    async fn integrations(&self) -> Vec<Value> {
        let sql = "SELECT provider, status, version, display_name, settings, connection FROM integrations ORDER BY provider";
        self.sql.rows(sql, []).await
    }
}

async fn the_issues_lines_are_imported(database: &TestDatabase) {
    let desk = Desk::at(database).await;
    let file = database.path("integrations.jsonl");
    std::fs::write(&file, LINES).unwrap();
    let imported =
        desk.admin(&["import", "--project", &desk.project, file.to_str().unwrap()], "").await.json();
    assert_eq!(imported, json!({"project_id": desk.project, "imported": ["shopify", "postmark"]}));
    let rows = desk.integrations().await;
    assert_eq!(rows.len(), 2);
    assert_eq!((&rows[1]["provider"], &rows[1]["display_name"]), (&json!("shopify"), &json!("Acme Store")));
    assert_eq!(rows[1]["connection"], r#"{"subdomain":"acme"}"#);
    for row in &rows {
        assert_eq!((&row["status"], &row["version"]), (&json!("active"), &json!(1)));
    }
    assert_eq!(desk.sql.count("SELECT COUNT(*) FROM credentials", []).await, 2);
    let events =
        "SELECT actor_kind, organization_id FROM audit_events WHERE action = 'integration.installed'";
    let events = desk.sql.rows(events, []).await;
    assert_eq!(events.len(), 2);
    assert_eq!(
        (&events[0]["actor_kind"], &events[0]["organization_id"]),
        (&json!("operator"), &json!(desk.org))
    );

    let other = desk.make(&["project", "create", "--org", &desk.org, "--name", "Second"]).await;
    let arguments = ["admin", "import", "--project", &other, file.to_str().unwrap()];
    let words = run(&arguments, &own(database)).await;
    assert_eq!(words.stdout_of_success(), format!("Imported shopify, postmark into {other}\n"));
}

async fn one_bad_line_stores_nothing(database: &TestDatabase) {
    let desk = Desk::at(database).await;
    for bad in [
        r#"{"provider":"github"}"#,
        "not JSON",
        r#"{"provider":"github","credential":{"access_token":"tok en"}}"#,
        r#"{"provider":"postmark","credential":{"api_key":"again"}}"#,
    ] {
        for lines in [format!("{LINES}{bad}"), format!("{bad}\n{LINES}")] {
            let issues = desk.refused(&lines).await;
            assert!(!issues.is_empty());
            assert_eq!(desk.integrations().await, Vec::<Value>::new());
            assert_eq!(desk.sql.count("SELECT COUNT(*) FROM credentials", []).await, 0);
            let events = "SELECT COUNT(*) FROM audit_events WHERE integration_id IS NOT NULL";
            assert_eq!(desk.sql.count(events, []).await, 0);
        }
    }
    for empty in ["", "\n \n"] {
        assert_eq!(desk.refused(empty).await, ["1: : The file holds nothing to import"]);
    }
}

async fn every_bad_line_is_named_with_line_and_path(database: &TestDatabase) {
    let desk = Desk::at(database).await;
    let lines = [
        r#"{"provider":"slack","credential":{"access_token":"SECRETgood"}}"#,
        "",
        r#"{"provider":"nobody","credential":{"api_key":"SECRET1"}}"#,
        r#"{"provider":"stripe","credential":{"api_key":"SECRET2"}}"#,
        r#"{"provider":"shopify","connection":{"subdomain":"Not_A_Shop"},"credential":{"access_token":5}}"#,
        r#"{"provider":"github","display_name":" ","settings":{"default_labels":"yes"},"credential":"SECRET3","colour":1}"#,
        r#"{"provider":"postmark","provider":"postmark","credential":{"api_key":"SECRET4"}}"#,
        r#"{"provider":"linear","credential":{"access_token":"SECRET5","expires_at":"tomorrow"}}"#,
        r#"["SECRET6"]"#,
        r#"{"credential":{"api_key":"SECRET7"}}"#,
        r#"{"provider":"notion","credential":{"access_token":"SECRET8","#,
        r#"{"provider":"hubspot","credential":{"access_token":"SECRET9","password":"SECRET10"}}"#,
    ];
    let issues = desk.refused(&lines.join("\n")).await;
    for expected in [
        "3: provider: There is no provider \"nobody\" in the catalog",
        "4: credential.api_key: Expected a restricted or secret key",
        "5: connection.subdomain: Expected the shop's name",
        "5: credential.access_token: Expected string",
        "6: display_name: Must not be blank",
        "6: settings.default_labels: Expected array",
        "6: credential: Expected object",
        "6: colour: Unknown field",
        "7: provider: Duplicate key",
        "8: credential.expires_at: ",
        "9: : Expected object",
        "10: provider: Required",
        "11: : Not JSON: ",
        "12: credential.password: Unknown field",
    ] {
        assert!(issues.iter().any(|issue| issue.starts_with(expected)), "{expected}: {issues:#?}");
    }
    assert!(issues.iter().all(|issue| !issue.starts_with("1:") && !issue.starts_with("2:")), "{issues:#?}");
    assert!(!issues.join("").contains("SECRET"), "{issues:#?}");
    let arguments = ["admin", "import", "--project", &desk.project, "-"];
    let words = run_with_input(&arguments, &own(database), &lines.join("\n")).await;
    words.failed_with("10 of the file's lines cannot be imported; nothing was");
    assert!(
        words.stdout.contains("line 4: credential.api_key: Expected a restricted or secret key"),
        "{words:?}"
    );
    assert!(!format!("{words:?}").contains("SECRET"));
}

async fn what_is_pasted_is_read_before_it_is_judged(database: &TestDatabase) {
    let desk = Desk::at(database).await;
    let lines = [
        json!({"provider": "shopify", "display_name": " Acme\u{200b} ", "connection": {"subdomain": "https://ACME.myshopify.com/admin"},
               "settings": {"default_location_id": "gid://shopify/Location/655441491"},
               "credential": {"access_token": "Bearer shpat_1\u{200b}"}}),
        json!({"provider": "discord", "credential": {"webhook_url": "discord.com/api/webhooks/1/t?thread_id=2"}}),
        json!({"provider": "mailgun", "connection": {"region": "European Union"}, "credential": {"api_key": "“key-1”"}}),
        json!({"provider": "stripe", "connection": {"context": ""}, "credential": {"api_key": "rk_live_51H8\nabcDEF"}}),
    ];
    let lines: Vec<String> = lines.iter().map(Value::to_string).collect();
    desk.import(&lines.join("\n")).await.json();
    let rows = desk.integrations().await;
    let stored = |provider: &str| rows.iter().find(|row| row["provider"] == provider).unwrap();
    assert_eq!(stored("shopify")["connection"], r#"{"subdomain":"acme"}"#);
    assert_eq!(stored("shopify")["display_name"], "Acme");
    assert_eq!(stored("shopify")["settings"], r#"{"default_location_id":"655441491"}"#);
    assert_eq!(stored("mailgun")["connection"], r#"{"region":"api.eu"}"#);
    assert_eq!(stored("stripe")["connection"], "{}");

    let refused = desk.refused(r#"{"provider":"zendesk","display_name":"moc\u202e.live","connection":{"subdomain":"acme.example.com"},"credential":{"access_token":"t"}}"#).await;
    assert_eq!(
        refused,
        [
            "1: display_name: Must not contain U+202E, an invisible mark that turns the direction of writing",
            "1: connection.subdomain: Expected the first part of your Zendesk address, such as acme of acme.zendesk.com: letters, digits and hyphens",
        ]
    );
}

async fn a_provider_comes_once(database: &TestDatabase) {
    let desk = Desk::at(database).await;
    let line = |token: &str| json!({"provider": "slack", "credential": {"access_token": token}}).to_string();
    let issues = desk.refused(&[line("a"), String::new(), line("b")].join("\n")).await;
    assert_eq!(issues, ["3: provider: slack is already on line 1"]);
    desk.import(&line("a")).await.json();
    let before = desk.sql.picture().await;
    assert_eq!(desk.refused(&line("b")).await, ["1: provider: slack is already installed in this project"]);
    assert_eq!(desk.sql.picture().await, before);
    let nobody = ["import", "--project", "prj_00000000000000000000000000", "-"];
    desk.admin(&nobody, LINES).await.failed_with("there is no project prj_");
    let nothing = ["import", "--project", &desk.project, "/does/not/exist"];
    desk.admin(&nothing, "").await.failed_with("cannot read /does/not/exist");
    let environment = [("DATABASE_URL", database.url.as_str())];
    let keyless =
        run_with_input(&["admin", "import", "--project", &desk.project, "-"], &environment, LINES).await;
    keyless.failed_with("RIQ_ENCRYPTION_KEYS");
}

/// A request to a running server, with a key of the desk's organization.
async fn call(process: &Process, desk: &Desk<'_>, key: &str, method: &str, rest: &str) -> Answer {
    let url = format!("http://{}/api/v1/projects/{}/integrations{rest}", process.address, desk.project);
    let request = client().request(method.parse().unwrap(), url).header("x-api-key", key);
    Answer::read(request.send().await.unwrap()).await
}

async fn key(desk: &Desk<'_>) -> String {
    let create = ["key", "create", "--org", &desk.org, "--name", "CI", "--scopes", "write"];
    desk.admin(&create, "").await.json()["api_key"].as_str().unwrap().to_owned()
}

async fn a_disconnected_integration_comes_back(database: &TestDatabase) {
    let desk = Desk::at(database).await;
    let process = Process::serve(database, &[]).await;
    let key = key(&desk).await;
    desk.import(LINES).await.json();
    let before = call(&process, &desk, &key, "GET", "").await.data()[0].clone();
    let permit = "UPDATE integrations SET action_permissions = replace(action_permissions, 'false', 'true')";
    desk.sql.execute(permit, []).await;
    call(&process, &desk, &key, "DELETE", "/postmark").await.data();
    let line = r#"{"provider":"postmark","settings":{"track_opens":true},"credential":{"api_key":"new"}}"#;
    desk.import(line).await.json();
    let after = call(&process, &desk, &key, "GET", "").await.data()[0].clone();
    assert_eq!((&after["id"], &after["status"]), (&before["id"], &json!("active")));
    assert_eq!(after["settings"], json!({"track_opens": true}));
    assert_eq!(after["created_at"], before["created_at"]);
    assert_eq!(after["etag"], "\"v3\"");
    // Nobody knows whose key that is.
    for action in Catalog::embedded().unwrap().get("postmark").unwrap().actions.iter() {
        let only_reads = action.kind == ActionKind::ReadOnly;
        assert_eq!(after["action_permissions"][&action.key], only_reads, "{}", action.key);
    }
    let events = "SELECT action FROM audit_events WHERE provider = 'postmark' ORDER BY created_at, id";
    let actions: Vec<Value> =
        desk.sql.rows(events, []).await.iter().map(|row| row["action"].clone()).collect();
    assert_eq!(actions, ["integration.installed", "integration.disconnected", "integration.installed"]);
    assert_eq!(desk.sql.count("SELECT COUNT(*) FROM credentials", []).await, 2);
}

async fn a_running_server_sees_what_is_imported(database: &TestDatabase) {
    let desk = Desk::at(database).await;
    let process = Process::serve(database, &[]).await;
    let key = key(&desk).await;
    assert_eq!(call(&process, &desk, &key, "GET", "").await.data(), &json!([]));
    desk.import(LINES).await.json();
    let list = call(&process, &desk, &key, "GET", "").await;
    assert_eq!(list.data().as_array().unwrap().len(), 2);
    assert!(!list.text.contains('…'), "{}", list.text);
    let entry = call(&process, &desk, &key, "GET", "/catalog/shopify").await;
    assert_eq!((&entry.data()["status"], &entry.data()["installed"]), (&json!("active"), &json!(true)));
    // One process can open what the other sealed.
    let url =
        format!("http://{}/api/v1/projects/{}/integrations/shopify/lifecycle", process.address, desk.project);
    let update = client().patch(url).header("x-api-key", &key).json(&json!({"status": "paused"}));
    Answer::read(update.send().await.unwrap()).await.data();
}

async fn a_byte_order_mark_is_no_part_of_a_line(database: &TestDatabase) {
    let desk = Desk::at(database).await;
    // At the beginning, at the beginning of a file that was joined to another, and alone on the last line.
    let (shopify, postmark) = LINES.trim().split_once('\n').unwrap();
    let lines = format!("\u{feff}{shopify}\r\n\u{feff}{postmark}\r\n\u{feff}\r\n");
    assert_eq!(desk.import(&lines).await.json()["imported"], json!(["shopify", "postmark"]));
}

async fn connections_of_nango_are_imported_or_named(database: &TestDatabase) {
    let desk = Desk::at(database).await;
    let import = async |file: &Value, more: &[&str]| {
        let arguments = [&["import", "--project", &desk.project, "--from", "nango"], more, &["-"]].concat();
        desk.admin(&arguments, &file.to_string()).await
    };
    let good = json!({"connection_id": "c1", "provider": "shopify", "connection_config": {"subdomain": "acme"},
        "credentials": {"type": "OAUTH2", "access_token": "SECRET-token", "raw": {}}});
    let key = |id: &str, key: &str| json!({"connection_id": id, "provider": "postmark", "credentials": {"type": "API_KEY", "apiKey": key}});
    let bad = json!([good, key("c2", "SECRET with a blank"), {"connection_id": "c3", "provider": "nobody"}]);
    let refused = import(&bad, &[]).await;
    refused.failed_with("1 of the connections cannot be imported; nothing was");
    assert!(refused.stdout.contains("c3") && !refused.stdout.contains("SECRET"), "{refused:?}");
    let refused = import(&json!([good, key("c2", "SECRET with a blank")]), &[]).await;
    assert!(refused.stdout.contains("c2") && refused.stdout.contains("credential.api_key"), "{refused:?}");
    assert_eq!(desk.integrations().await, [Value::Null; 0]);
    let both = json!({"connections": [good, key("c2", "SECRET-key")]});
    assert_eq!(import(&both, &["--dry-run"]).await.json()["imported"], json!(["shopify", "postmark"]));
    assert_eq!(desk.integrations().await, [Value::Null; 0]);
    import(&both, &[]).await.json();
    let there = desk.integrations().await;
    assert_eq!(there.len(), 2);
    assert_eq!(there[1]["connection"], r#"{"subdomain":"acme"}"#);
}
