//! Secrets are stored sealed, shown nowhere and destroyed in the end.

use riq_server::store::Sealed;
use serde_json::{Value, json};

use crate::{
    dashboard::visitor::Visitor,
    support::{
        Answer, Server, TestDatabase,
        process::{Finished, Process, run, run_with_input},
        server::{ENCRYPTION_KEYS, client, installation},
    },
};

on_both!(
    a_secret_setting_is_stored_sealed_and_never_shown,
    a_secret_setting_is_kept_replaced_and_removed,
    a_secret_setting_goes_with_the_credential,
    a_refused_secret_is_not_repeated,
    a_credential_is_sealed_for_its_own_integration,
    no_secret_setting_is_taken_while_disconnected,
    what_cannot_be_opened_is_shown_changed_and_disconnected,
    revoking_and_pruning_need_no_keys,
);

on_both_databases!(no_secret_is_in_any_file_answer_or_log);

const SECRET: &str = "whsec_TheSecretOfTheseTests1234567890";
const OTHER: &str = "whsec_AnotherSecretOfTheseTests987654";

fn holds(bytes: &[u8], text: &str) -> bool {
    bytes.windows(text.len()).any(|window| window == text.as_bytes())
}

/// The opened secret settings of Stripe. `None` if none are stored.
async fn opened(server: &Server) -> Option<Value> {
    server.open_secret(Sealed::Settings, "stripe", ENCRYPTION_KEYS).await
}

async fn set(server: &Server, secret: Value) -> Answer {
    server.patch("stripe", json!({"settings": {"webhook_signing_secret": secret}})).await
}

/// Asserts that neither an answer nor the database contains a secret in clear text.
async fn assert_not_shown(server: &Server, secret: &str) {
    for answer in [server.get("").await, server.get("/catalog").await, server.get("/catalog/stripe").await] {
        assert!(!answer.text.contains(secret), "{}", answer.text);
    }
    for table in ["integrations", "credentials", "audit_events"] {
        let rows = server.sql.rows(&format!("SELECT * FROM {table}"), []).await;
        assert!(!json!(rows).to_string().contains(secret), "{table}");
    }
    assert!(!holds(&server.database.files(), secret));
}

async fn a_secret_setting_is_stored_sealed_and_never_shown(server: &Server) {
    server.install("stripe").await;
    let schema = server.get("/catalog/stripe").await;
    let property = &schema.data()["settings_schema"]["properties"]["webhook_signing_secret"];
    assert_eq!(property["writeOnly"], true);

    server.clock.advance(time::Duration::seconds(1));
    let update = json!({"settings": {"webhook_signing_secret": SECRET, "refunds_enabled": true}});
    let answer = server.patch("stripe", update).await;
    assert_eq!(answer.data()["settings"], json!({"refunds_enabled": true}));
    assert!(!answer.text.contains(SECRET));
    assert_eq!(opened(server).await, Some(json!({"webhook_signing_secret": SECRET})));
    let sealed = server.sql.bytes("SELECT sealed_settings FROM integrations", []).await.unwrap();
    assert!(!holds(&sealed, "whsec_"));
    assert_not_shown(server, SECRET).await;
    let audit = server.audit("stripe").await;
    let change = json!({"path": "settings.webhook_signing_secret", "from": null, "to": "[redacted]"});
    assert!(audit[1]["changes"].as_array().unwrap().contains(&change), "{}", audit[1]);
}

async fn a_secret_setting_is_kept_replaced_and_removed(server: &Server) {
    server.install("stripe").await;
    set(server, json!(SECRET)).await.data();
    server.patch("stripe", json!({"settings": {"refunds_enabled": true}})).await.data();
    server.patch("stripe", json!({"status": "paused", "display_name": "Acme"})).await.data();
    assert_eq!(opened(server).await, Some(json!({"webhook_signing_secret": SECRET})));
    // The same value again is not a change, and the answer says nothing about the stored value.
    let picture = server.sql.picture().await;
    set(server, json!(SECRET)).await.data();
    assert_eq!(server.sql.picture().await, picture);

    server.clock.advance(time::Duration::seconds(1));
    set(server, json!(OTHER)).await.data();
    assert_eq!(opened(server).await, Some(json!({"webhook_signing_secret": OTHER})));
    let replaced =
        json!([{"path": "settings.webhook_signing_secret", "from": "[redacted]", "to": "[redacted]"}]);
    assert_eq!(server.audit("stripe").await.last().unwrap()["changes"], replaced);

    server.clock.advance(time::Duration::seconds(1));
    let removed = set(server, json!(null)).await;
    assert_eq!(removed.data()["settings"], json!({"refunds_enabled": true}));
    assert_eq!(opened(server).await, None);
    let event = json!([{"path": "settings.webhook_signing_secret", "from": "[redacted]", "to": null}]);
    assert_eq!(server.audit("stripe").await.last().unwrap()["changes"], event);
    for secret in [SECRET, OTHER] {
        assert_not_shown(server, secret).await;
    }
}

async fn a_secret_setting_goes_with_the_credential(server: &Server) {
    for by_delete in [true, false] {
        server.install("stripe").await;
        set(server, json!(SECRET)).await.data();
        if by_delete {
            server.delete("stripe").await.data();
        } else {
            server.patch("stripe", json!({"status": "disconnected"})).await.data();
        }
        assert_eq!(opened(server).await, None);
        assert_eq!(server.sql.count("SELECT COUNT(*) FROM credentials", []).await, 0);
        assert_not_shown(server, SECRET).await;
        server.clock.advance(time::Duration::seconds(1));
    }
}

async fn a_refused_secret_is_not_repeated(server: &Server) {
    server.install("stripe").await;
    server.install("slack").await;
    let long = format!("whsec_{}", "Sec1".repeat(200));
    for refused in ["Sec1-without-its-beginning", long.as_str(), "Sec1 with spaces"] {
        let answer = set(server, json!(refused)).await;
        answer.refused(400, "BAD_REQUEST");
        assert!(answer.issues()[0].starts_with("settings.webhook_signing_secret: "));
        assert!(!answer.text.contains("Sec1"), "{}", answer.text);
    }
    for wrong in [json!(["Sec1"]), json!({"Sec1": "Sec1"}), json!(12_345_678)] {
        let answer = set(server, wrong).await;
        let issues = answer.refused(400, "BAD_REQUEST").issues();
        assert_eq!(issues, ["settings.webhook_signing_secret: Expected string"]);
    }
    let unfinished = format!("{{\"settings\":{{\"webhook_signing_secret\":\"{SECRET}\"");
    let target = server.at("/stripe/lifecycle");
    let answer = server.call("PATCH", &target).body("application/json", unfinished).send().await;
    assert!(!answer.refused(400, "BAD_JSON").text.contains(SECRET));
}

async fn a_credential_is_sealed_for_its_own_integration(server: &Server) {
    server.install("stripe").await;
    let sealed = server.sql.bytes("SELECT sealed FROM credentials", []).await.unwrap();
    assert!(!holds(&sealed, "rk_live"));
    let opened = server.open_secret(Sealed::Credentials, "stripe", ENCRYPTION_KEYS).await;
    assert_eq!(opened, Some(installation("stripe")["credential"].clone()));
}

async fn no_secret_setting_is_taken_while_disconnected(server: &Server) {
    server.install("stripe").await;
    server.delete("stripe").await.data();
    let before = server.sql.picture().await;
    set(server, json!(SECRET)).await.refused(409, "REINSTALL_REQUIRED");
    assert_eq!(server.sql.picture().await, before);
}

/// Secrets that this server cannot open: damaged ones, and those of a key that it does not have.
fn unopenable(sealed: &[u8]) -> [Vec<u8>; 4] {
    let mut flipped = sealed.to_vec();
    *flipped.last_mut().unwrap() ^= 1;
    // The id "test" becomes "gone".
    let of_another_key = [&sealed[..2], b"gone", &sealed[6..]].concat();
    [flipped, of_another_key, sealed[..20].to_vec(), b"nonsense".to_vec()]
}

/// Everything but a change of the settings themselves does without the secret ones.
async fn what_cannot_be_opened_is_shown_changed_and_disconnected(server: &Server) {
    server.install("stripe").await;
    set(server, json!(SECRET)).await.data();
    let sealed = server.sql.bytes("SELECT sealed_settings FROM integrations", []).await.unwrap();
    let visitor = Visitor::signed_in(server).await;
    for broken in unopenable(&sealed) {
        for by_delete in [true, false] {
            server.clock.advance(time::Duration::seconds(1));
            let spoil =
                "UPDATE integrations SET sealed_settings = $1, status = 'active', sidebar_enabled = $2";
            server.sql.execute(spoil, [broken.clone().into(), true.into()]).await;
            let page = visitor.provider("stripe").await;
            page.says(200, "The stored secret settings cannot be opened");
            let renamed = server.patch("stripe", json!({"display_name": "Acme", "status": "paused"})).await;
            assert_eq!(renamed.data()["status"], "paused");
            assert_eq!(server.get("/catalog/stripe").await.data()["status"], "paused");
            let stored = server.sql.bytes("SELECT sealed_settings FROM integrations", []).await;
            assert_eq!(stored.as_ref(), Some(&broken), "a change of something else leaves them alone");
            set(server, json!(OTHER)).await.refused(500, "INTERNAL_ERROR");
            server.clock.advance(time::Duration::seconds(1));
            let gone = if by_delete {
                server.delete("stripe").await
            } else {
                server.patch("stripe", json!({"status": "disconnected"})).await
            };
            assert_eq!(gone.data()["status"], "disconnected");
            assert_eq!(server.sql.bytes("SELECT sealed_settings FROM integrations", []).await, None);
            let event = server.audit("stripe").await.pop().unwrap();
            let destroyed = json!({"path": "secret_settings", "from": "[redacted]", "to": null});
            assert!(event["changes"].as_array().unwrap().contains(&destroyed), "{event}");
        }
    }
    // The page's own form does the same.
    let spoil = "UPDATE integrations SET sealed_settings = $1, status = 'active'";
    server.sql.execute(spoil, [b"nonsense".to_vec().into()]).await;
    let asked = visitor.get(&format!("{}/disconnect", server.page("stripe"))).await;
    visitor.submit(&asked.form("/disconnect")).await;
    assert_eq!(server.sql.bytes("SELECT sealed_settings FROM integrations", []).await, None);
}

/// What takes rights or old events away opens nothing, so it works without the keys.
async fn revoking_and_pruning_need_no_keys(server: &Server) {
    server.install("stripe").await;
    set(server, json!(SECRET)).await.data();
    for spoil in ["UPDATE integrations SET sealed_settings = $1", "UPDATE credentials SET sealed = $1"] {
        server.sql.execute(spoil, [b"nonsense".to_vec().into()]).await;
    }
    let (key, project) = (server.key.id.to_string(), server.project.to_string());
    let organization = server.organization.to_string();
    for arguments in [
        ["audit", "prune", "--older-than", "1d"].as_slice(),
        &["key", "revoke", &key],
        &["project", "revoke", &project],
        &["org", "revoke", &organization],
    ] {
        let own = [("DATABASE_URL", server.database.url.as_str())];
        run(&[&["admin", "--json"], arguments, &["--yes"]].concat(), &own).await.json();
    }
}

/// Every value that must stay hidden in the test below, except the API key.
const HIDDEN: [&str; 5] = [
    SECRET,
    "SECRET-token-of-slack",
    "SECRET-token-of-shopify",
    "SECRET-key-of-postmark",
    "rk_live_SECRETkeyofstripe",
];

/// Sends valid and invalid requests to every kind of route, and returns all answers.
async fn converse(process: &Process, project: &str, key: &str) -> String {
    let base = format!("http://{}/api/v1/projects/{project}/integrations", process.address);
    let secret = json!({"settings": {"webhook_signing_secret": SECRET}}).to_string();
    let broken = format!("{{\"display_name\":\"{SECRET}");
    let unknown = json!({SECRET: 1, "credential": {"api_key": SECRET}}).to_string();
    let mut heard = String::new();
    for (method, path, body) in [
        ("PATCH", "/stripe/lifecycle", secret.as_str()),
        ("GET", "", ""),
        ("GET", "/catalog", ""),
        ("GET", "/catalog/stripe", ""),
        ("PATCH", "/stripe/lifecycle", &broken),
        ("POST", "/slack/install-url", ""),
        ("PATCH", "/slack/lifecycle", r#"{"display_name":"Acme"}"#),
        ("DELETE", "/stripe", ""),
        ("PATCH", "/stripe/lifecycle", &secret),
        ("DELETE", "/nothing", ""),
    ] {
        let request = client().request(method.parse().unwrap(), format!("{base}{path}"));
        let request = request.header("x-api-key", key).header("content-type", "application/json");
        let answer = Answer::read(request.body(body.to_owned()).send().await.unwrap()).await;
        heard.push_str(&answer.text);
    }
    // A field name that a client sends may be in the answer to it, but not in the log.
    let request = client().patch(format!("{base}/slack/lifecycle")).header("x-api-key", key);
    let answer = Answer::read(request.body(unknown).send().await.unwrap()).await;
    answer.refused(400, "BAD_REQUEST");
    heard
}

async fn no_secret_is_in_any_file_answer_or_log(database: &TestDatabase) {
    let mut process = Process::serve(database, &[("RIQ_LOG", "trace")]).await;
    let environment = [
        ("DATABASE_URL", database.url.as_str()),
        ("RIQ_ENCRYPTION_KEYS", ENCRYPTION_KEYS),
        ("RIQ_LOG", "trace"),
    ];
    let admin = async |arguments: &[&str], input: &str| -> Finished {
        run_with_input(&[&["admin", "--json"], arguments].concat(), &environment, input).await
    };
    let org = admin(&["org", "create", "--name", "Acme"], "").await.json();
    let org = org["id"].as_str().unwrap();
    let project = admin(&["project", "create", "--org", org, "--name", "Support"], "").await.json();
    let project = project["id"].as_str().unwrap();
    let create = ["key", "create", "--org", org, "--name", "CI", "--scopes", "admin"];
    let key = admin(&create, "").await.json()["api_key"].as_str().unwrap().to_owned();
    let lines = ["slack", "shopify", "postmark", "stripe"].map(|provider| installation(provider).to_string());
    let mut heard = String::new();
    // First with one invalid line, so that the refusal could repeat secrets.
    let bad = r#"{"provider":"stripe","credential":{"api_key":"SECRET-key-of-postmark"}}"#;
    for text in [format!("{}\n{bad}", lines.join("\n")), lines.join("\n"), lines.join("\n")] {
        let imported = admin(&["import", "--project", project, "-"], &text).await;
        heard.push_str(&format!("{imported:?}"));
    }
    heard.push_str(&format!("{:?}", admin(&["key", "list"], "").await));
    heard.push_str(&converse(&process, project, &key).await);
    process.terminate();
    process.wait();
    heard.push_str(&process.stdout());
    heard.push_str(&process.stderr());
    // A failed start also writes output: here the address is in use.
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let failed = run(&["serve", "--bind", &address], &environment).await;
    heard.push_str(&failed.failed_with("cannot listen").stderr);
    let sql = database.open().await;
    for table in ["integrations", "credentials", "audit_events", "api_keys"] {
        heard.push_str(&json!(sql.rows(&format!("SELECT * FROM {table}"), []).await).to_string());
    }
    let files = database.files();
    for hidden in HIDDEN.iter().copied().chain([key.as_str(), &ENCRYPTION_KEYS[5..]]) {
        let told = heard.find(hidden).map(|at| &heard[at.saturating_sub(300)..at]);
        assert_eq!(told, None, "{hidden} was told, after this");
        assert!(!holds(&files, hidden), "{hidden} is in the database's files");
    }
    assert!(heard.contains("\"request\""), "the log was heard");
}
