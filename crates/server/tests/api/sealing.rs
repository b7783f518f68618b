//! What sealed secrets are bound to, how a server recognizes its keys, and how secrets of earlier versions are sealed
//! anew.

use std::process::Stdio;

use chacha20poly1305::{
    KeyInit as _, XChaCha20Poly1305, XNonce,
    aead::{Aead as _, Payload},
};
use riq_server::{
    services::install::ProblemKind,
    store::{Sealed, SealedRow},
    vault::{EncryptionKeys, Purpose, Vault},
};
use riq_testing::providers::simulator::{Decision, Simulator};
use secrecy::ExposeSecret as _;
use serde_json::{Map, Value, json};

use crate::{
    handshake::{BROWSER, come_back, connect, refusal, who},
    providers::{on_both_played, played},
    support::{
        Server, TestDatabase,
        process::{Finished, Process, command, run, run_with_input},
        server::{ENCRYPTION_KEYS, installation},
    },
};

on_both_played!(
    a_database_edit_sends_no_token_elsewhere,
    a_database_edit_sends_no_client_secret_elsewhere,
    a_database_edit_gives_no_unfinished_installation_to_another,
);
on_both!(
    migrate_seals_anew_what_an_earlier_version_sealed,
    migrate_names_what_it_cannot_open_and_goes_on_later,
    migrations_that_seal_anew_together_all_succeed,
    an_old_form_that_comes_back_is_refused,
);
on_both_databases!(
    other_bytes_under_a_known_id_are_refused_by_every_command,
    a_lost_canary_is_made_again_only_for_the_right_key,
    replicas_that_bring_a_new_key_together_agree_on_it,
    a_key_that_nobody_drew_at_random_is_refused,
);

/// Other bytes under the id of [`ENCRYPTION_KEYS`].
const WRONG: &str = "test:Hx4dHBsaGRgXFhUUExIREA8ODQwLCgkIBwYFBAMCAQA=";
const NEW: &str = "new:Hx4dHBsaGRgXFhUUExIREA8ODQwLCgkIBwYFBAMCAQA=";
const OTHER_BYTES: &str = "is not the one that this database knows by that id";

/// Runs an SQL statement, asks for a check, and asserts that no provider heard of it. Then runs the other statement,
/// after which a check reaches the provider again.
async fn assert_edit_is_harmless(server: &Server, simulator: &Simulator, edit: &str, undo: &str) {
    let before = simulator.requests().len();
    assert_eq!(server.sql.execute(edit, []).await, 1, "{edit}");
    for provider in ["shopify", "zendesk"] {
        server.call("POST", &server.at(&format!("/{provider}/check"))).send().await;
    }
    assert_eq!(simulator.requests().len(), before, "{edit}");
    assert_eq!(server.sql.execute(undo, []).await, 1, "{undo}");
    server.call("POST", &server.at("/shopify/check")).send().await.data();
    assert_eq!(simulator.requests().len(), before + 1, "{undo}");
}

async fn a_database_edit_sends_no_token_elsewhere(server: &Server, simulator: &Simulator) {
    let connections = simulator.connections("shopify");
    connect(server, simulator, ("shopify", &connections[0]), Decision::Allow).await.unwrap();
    let written = |connection: &Map<String, Value>| serde_json::to_string(connection).unwrap();
    let (own, other) = (written(&connections[0]), written(connections.last().unwrap()));
    assert_ne!(own, other);
    let to = |connection: &str| format!("UPDATE integrations SET connection = '{connection}'");
    assert_edit_is_harmless(server, simulator, &to(&other), &to(&own)).await;
    assert_edit_is_harmless(server, simulator, &to(&format!("{own} ")), &to(&own)).await;
    let to = |provider: &str| format!("UPDATE integrations SET provider = '{provider}'");
    assert_edit_is_harmless(server, simulator, &to("zendesk"), &to("shopify")).await;
    // Another project of the same organization, whose keys may be others.
    let project = server.other_project().await;
    server.sql.execute("UPDATE integrations SET project_id = $1", [project.to_string().into()]).await;
    let before = simulator.requests().len();
    let check = format!("/api/v1/projects/{project}/integrations/shopify/check");
    server.call("POST", &check).send().await.data();
    assert_eq!(simulator.requests().len(), before);
}

async fn a_database_edit_sends_no_client_secret_elsewhere(server: &Server, simulator: &Simulator) {
    let (id, secret) = simulator.app("linear");
    let own = [("DATABASE_URL", server.database.url.as_str()), ("RIQ_ENCRYPTION_KEYS", ENCRYPTION_KEYS)];
    let set = ["admin", "oauth-app", "set", "linear", "--client-id", &id, "--client-secret-file", "-"];
    run_with_input(&set, &own, &secret).await.stdout_of_success();
    let at = ("linear", &Map::new());
    connect(server, simulator, at, Decision::Allow).await.unwrap();
    let linear = &server.app.services.catalog.account("linear").unwrap();
    let github = &server.app.services.catalog.account("github").unwrap();
    for (edit, undo) in [
        ("provider = 'github'", "provider = 'linear'"),
        ("client_id = 'of-the-attacker'", &format!("client_id = '{id}'")),
        (&format!("owner = '{}'", server.project), "owner = '*'"),
    ] {
        let sql = |set: &str| format!("UPDATE oauth_apps SET {set}");
        assert_eq!(server.sql.execute(&sql(edit), []).await, 1);
        let provider = if edit.starts_with("provider") { github } else { linear };
        let begun = server.app.services.installer.begin(&who(server), provider, Map::new(), BROWSER).await;
        assert!(matches!(begun.unwrap_err().kind, ProblemKind::Internal), "{edit}");
        server.sql.execute(&sql(undo), []).await;
    }
    connect(server, simulator, at, Decision::Allow).await.unwrap();
}

async fn a_database_edit_gives_no_unfinished_installation_to_another(server: &Server, simulator: &Simulator) {
    let project = server.other_project().await;
    let other_key = server.key_for(&["write"]).await;
    let browser = riq_server::token::TokenHash::of("the attacker's browser").to_vec();
    let slack = &server.app.services.catalog.account("slack").unwrap();
    let installer = &server.app.services.installer;
    let edits: [(&str, sea_orm::Value); 4] = [
        ("project_id", project.to_string().into()),
        ("api_key_id", other_key.id.to_string().into()),
        ("provider", "linear".into()),
        ("browser_hash", browser.into()),
    ];
    for (column, value) in edits {
        let url = installer.begin(&who(server), slack, Map::new(), BROWSER).await.unwrap();
        let back = simulator.decide(url.as_str(), Decision::Allow).await;
        let before = simulator.requests().len();
        let edit = format!("UPDATE pending_installs SET {column} = $1 WHERE status = 'started'");
        assert_eq!(server.sql.execute(&edit, [value]).await, 1);
        let who = if column == "browser_hash" { "the attacker's browser" } else { BROWSER };
        let problem = refusal(come_back(server, back.query().unwrap(), Some(who)).await);
        assert!(matches!(problem, ProblemKind::Internal), "{column}: {problem:?}");
        assert_eq!(simulator.requests().len(), before, "{column}");
        server.sql.execute("DELETE FROM pending_installs", []).await;
    }
    assert_eq!(server.sql.count("SELECT COUNT(*) FROM integrations", []).await, 0);
}

/// The environment of a command with these keys.
fn with_keys<'a>(database: &'a TestDatabase, keys: &'a str) -> [(&'static str, &'a str); 2] {
    [("DATABASE_URL", database.url.as_str()), ("RIQ_ENCRYPTION_KEYS", keys)]
}

async fn serve(database: &TestDatabase, keys: &str) -> Finished {
    // The address is in use, which a server notices after it has checked its keys.
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    run(&["serve", "--bind", &address], &with_keys(database, keys)).await
}

async fn other_bytes_under_a_known_id_are_refused_by_every_command(database: &TestDatabase) {
    assert!(run(&["migrate"], &[("DATABASE_URL", &database.url)]).await.success);
    serve(database, ENCRYPTION_KEYS).await.failed_with("cannot listen");
    let file = database.path("lines");
    std::fs::write(&file, installation("postmark").to_string()).unwrap();
    let (file, project) = (file.to_str().unwrap(), "prj_01jc3q5v6w7x8y9zabcdefghjk");
    let set = ["admin", "oauth-app", "set", "slack", "--client-id", "1", "--client-secret-file", file];
    for keys in [WRONG.to_owned(), format!("{NEW},{WRONG}"), format!("{WRONG},{NEW}")] {
        for arguments in [
            ["admin", "rotate-keys"].as_slice(),
            &["admin", "import", "--project", project, file],
            &set,
            &["serve", "--bind", "127.0.0.1:0"],
        ] {
            let refused = run(arguments, &with_keys(database, &keys)).await;
            refused.failed_with(OTHER_BYTES).failed_with("\"test\"").failed_with("give it an id");
            assert!(!refused.stderr.contains(&WRONG[5..]), "{refused:?}");
        }
    }
    // Commands that seal and open nothing need no keys, and a new key is known by its id from then on.
    run(&["admin", "org", "list"], &with_keys(database, WRONG)).await.stdout_of_success();
    serve(database, &format!("{ENCRYPTION_KEYS},{NEW}")).await.failed_with("cannot listen");
    let sql = database.open().await;
    let known = sql.rows("SELECT id FROM encryption_keys ORDER BY id", []).await;
    assert_eq!(known, [json!({"id": "new"}), json!({"id": "test"})]);
}

async fn a_lost_canary_is_made_again_only_for_the_right_key(database: &TestDatabase) {
    let process = Process::serve(database, &[]).await;
    drop(process);
    let admin = async |arguments: &[&str], input: &str| {
        let arguments = [&["admin", "--json"], arguments].concat();
        run_with_input(&arguments, &with_keys(database, ENCRYPTION_KEYS), input).await.json()
    };
    let org = admin(&["org", "create", "--name", "Acme"], "").await;
    let create = ["project", "create", "--org", org["id"].as_str().unwrap(), "--name", "Support"];
    let project = admin(&create, "").await;
    let project = project["id"].as_str().unwrap();
    admin(&["import", "--project", project, "-"], &installation("postmark").to_string()).await;
    let sql = database.open().await;
    assert_eq!(sql.execute("DELETE FROM encryption_keys", []).await, 1);
    serve(database, WRONG).await.failed_with(OTHER_BYTES);
    assert_eq!(sql.count("SELECT COUNT(*) FROM encryption_keys", []).await, 0);
    serve(database, ENCRYPTION_KEYS).await.failed_with("cannot listen");
    serve(database, WRONG).await.failed_with(OTHER_BYTES);
    // A canary of another key, or of none, is as good as other bytes.
    sql.execute("UPDATE encryption_keys SET canary = $1", [vec![2_u8, 0].into()]).await;
    serve(database, ENCRYPTION_KEYS).await.failed_with(OTHER_BYTES);
}

async fn replicas_that_bring_a_new_key_together_agree_on_it(database: &TestDatabase) {
    assert!(run(&["migrate"], &[("DATABASE_URL", &database.url)]).await.success);
    let serve =
        |keys| Process::spawn(command(&["serve", "--bind", "127.0.0.1:0"], &with_keys(database, keys)));
    let mut replicas = [ENCRYPTION_KEYS, WRONG, ENCRYPTION_KEYS, WRONG].map(|keys| (keys, serve(keys)));
    let serving: Vec<&str> = replicas
        .iter_mut()
        .filter_map(|(keys, replica)| {
            let serves = replica.serves_or_ends();
            assert!(serves || replica.stderr().contains(OTHER_BYTES), "{}", replica.stderr());
            serves.then_some(*keys)
        })
        .collect();
    assert_eq!(serving.len(), 2, "{serving:?}");
    assert_eq!(serving[0], serving[1]);
}

async fn a_key_that_nobody_drew_at_random_is_refused(database: &TestDatabase) {
    assert!(run(&["migrate"], &[("DATABASE_URL", &database.url)]).await.success);
    for key in
        ["AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=", "//////////////////////////////////////////8="]
    {
        let failed = serve(database, &format!("{ENCRYPTION_KEYS},k2:{key}")).await;
        failed.failed_with("entry 2 has a key, \"k2\", that is not random").failed_with("make one with");
        assert!(!failed.stderr.contains(key), "{failed:?}");
    }
}

#[tokio::test]
async fn dev_recognizes_its_own_key() {
    let directory = tempfile::tempdir().unwrap();
    let data = directory.path().to_str().unwrap();
    drop(Process::dev(data, &[]));
    let file = directory.path().join("encryption-keys");
    let own = std::fs::read_to_string(&file).unwrap();
    let (id, _) = own.split_once(':').unwrap();
    std::fs::write(&file, format!("{id}:{}", &NEW[4..])).unwrap();
    let refused = run(&["dev", "--json", "--data-dir", data, "--bind", "127.0.0.1:0"], &[]).await;
    refused.failed_with(OTHER_BYTES).failed_with(id);
    std::fs::write(&file, own).unwrap();
    drop(Process::dev(data, &[]));
}

/// Seals as the versions before did: with an id as the associated data.
fn seal_as_before(keys: &str, secret: &[u8], purpose: &str) -> Vec<u8> {
    use base64::{Engine as _, engine::general_purpose::STANDARD};

    let (id, key) = keys.split_once(':').unwrap();
    let cipher = XChaCha20Poly1305::new_from_slice(&STANDARD.decode(key).unwrap()).unwrap();
    let payload = Payload { msg: secret, aad: purpose.as_bytes() };
    let sealed = cipher.encrypt(&XNonce::from([7; 24]), payload).unwrap();
    [&[1, u8::try_from(id.len()).unwrap()], id.as_bytes(), &[7; 24], &sealed].concat()
}

/// Where a kind of secrets is stored, and how its old associated data began.
fn place(kind: Sealed) -> (&'static str, &'static str, &'static str, &'static str) {
    match kind {
        Sealed::Credentials => ("credentials", "integration_id", "sealed", "credential"),
        Sealed::Settings => ("integrations", "id", "sealed_settings", "settings"),
        Sealed::OAuthApps => ("oauth_apps", "id", "sealed_secret", "oauth_app"),
        Sealed::PendingInstalls => ("pending_installs", "id", "sealed", "pending_install"),
        Sealed::Answers
        | Sealed::Requests
        | Sealed::WebhookSecrets
        | Sealed::Revocations
        | Sealed::EventPaths
        | Sealed::EventSecrets
        | Sealed::ProviderEvents => {
            unreachable!("there was none")
        }
    }
}

/// Seals a secret as the versions before did, under the first of these keys.
async fn age(server: &Server, kind: Sealed, row: &SealedRow, keys: &str) {
    let own: EncryptionKeys = ENCRYPTION_KEYS.parse().unwrap();
    let vault = Vault::new(own, riq_server::environment::Environment::system());
    let opened = vault.open(row.sealed(), Purpose::from(row)).unwrap();
    let (table, id, column, purpose) = place(kind);
    let old = seal_as_before(keys, opened.expose_secret(), &format!("{purpose}:{}", row.id()));
    let sql = format!("UPDATE {table} SET {column} = $1 WHERE {id} = $2");
    assert_eq!(server.sql.execute(&sql, [old.into(), row.id().into()]).await, 1);
}

/// A database with a secret of every kind, as the version before left it. Returns the secrets, opened.
async fn old_database(server: &Server) -> usize {
    for provider in ["slack", "shopify", "postmark"] {
        server.install(provider).await;
    }
    server.patch("slack", json!({"settings": {"signing_secret": "SECRET-signing"}})).await.data();
    let own = with_keys(&server.database, ENCRYPTION_KEYS);
    let set = ["admin", "oauth-app", "set", "linear", "--client-id", "1", "--client-secret-file", "-"];
    run_with_input(&set, &own, "SECRET-of-the-app").await.stdout_of_success();
    let linear = &server.app.services.catalog.account("linear").unwrap();
    server.app.services.installer.begin(&who(server), linear, Map::new(), BROWSER).await.unwrap();
    let mut count = 0;
    for kind in Sealed::OLD {
        for row in server.sealed(kind).await {
            age(server, kind, &row, ENCRYPTION_KEYS).await;
            count += 1;
        }
    }
    let forget = "DELETE FROM seaql_migrations \
                  WHERE version IN ('m0008_encryption_keys', 'm0009_secrets_sealed_anew')";
    assert_eq!(server.sql.execute(forget, []).await, 2);
    server.sql.execute("DROP TABLE encryption_keys", []).await;
    count
}

/// How many secrets have the old form.
async fn old_secrets(server: &Server) -> usize {
    let mut count = 0;
    for kind in Sealed::OLD {
        count += server.sealed(kind).await.iter().filter(|row| row.sealed()[0] == 1).count();
    }
    count
}

async fn assert_everything_opens(server: &Server) {
    for provider in ["slack", "shopify", "postmark"] {
        let opened = server.open_secret(Sealed::Credentials, provider, ENCRYPTION_KEYS).await;
        assert_eq!(opened, Some(installation(provider)["credential"].clone()), "{provider}");
    }
    let settings = server.open_secret(Sealed::Settings, "slack", ENCRYPTION_KEYS).await;
    assert_eq!(settings, Some(json!({"signing_secret": "SECRET-signing"})));
    let own: EncryptionKeys = ENCRYPTION_KEYS.parse().unwrap();
    let vault = Vault::new(own, riq_server::environment::Environment::system());
    for kind in [Sealed::OAuthApps, Sealed::PendingInstalls] {
        let rows = server.sealed(kind).await;
        assert!(rows.len() == 1 && vault.open(rows[0].sealed(), Purpose::from(&rows[0])).is_ok(), "{kind}");
    }
}

async fn migrate(server: &Server, keys: Option<&str>, arguments: &[&str]) -> Finished {
    let mut own = vec![("DATABASE_URL", server.database.url.as_str())];
    own.extend(keys.map(|keys| ("RIQ_ENCRYPTION_KEYS", keys)));
    run(&[&["migrate"], arguments].concat(), &own).await
}

async fn migrate_seals_anew_what_an_earlier_version_sealed(server: &Server) {
    let count = old_database(server).await;
    assert_eq!((count, old_secrets(server).await), (6, 6));
    // The keys are asked for only when they are needed, and before that nothing is served and nothing lost.
    for _ in 0..2 {
        let failed = migrate(server, None, &[]).await;
        failed.failed_with("they must be sealed anew").failed_with("RIQ_ENCRYPTION_KEYS");
        let early = serve(&server.database, ENCRYPTION_KEYS).await;
        early.failed_with("m0009_secrets_sealed_anew").failed_with("riq-server migrate` first");
    }
    migrate(server, Some(WRONG), &[]).await.failed_with(OTHER_BYTES);
    assert_eq!(old_secrets(server).await, 6);
    let done = migrate(server, Some(ENCRYPTION_KEYS), &[]).await;
    assert!(done.success && done.stdout.starts_with("Sealed 6 secrets anew\n"), "{done:?}");
    assert!(done.stderr.contains("sealing anew: credentials: 3 of 3"), "{done:?}");
    assert_eq!(old_secrets(server).await, 0);
    assert_everything_opens(server).await;
    serve(&server.database, ENCRYPTION_KEYS).await.failed_with("cannot listen");
    let again = migrate(server, None, &[]).await;
    assert!(again.stdout_of_success().ends_with("database is up to date\n"));
}

async fn migrate_names_what_it_cannot_open_and_goes_on_later(server: &Server) {
    let settings = {
        server.install("linear").await;
        let secret = json!({"settings": {"webhook_signing_secret": "SECRET-OfTheOldKeyOfTheseTests"}});
        server.patch("linear", secret).await.data();
        server.sealed(Sealed::Settings).await.pop().unwrap()
    };
    server.sql.execute("UPDATE integrations SET sealed_settings = NULL", []).await;
    old_database(server).await;
    // One secret under a key that is missing, and one that is damaged.
    let restore = "UPDATE integrations SET sealed_settings = $1 WHERE id = $2";
    server.sql.execute(restore, [settings.sealed().to_vec().into(), settings.id().into()]).await;
    age(server, Sealed::Settings, &settings, NEW).await;
    let stopped = migrate(server, Some(ENCRYPTION_KEYS), &[]).await;
    stopped.failed_with("1 secrets of an earlier version cannot be opened and are unchanged");
    stopped.failed_with(&settings.id()).failed_with("sealed with the encryption key \"new\"");
    stopped.failed_with("run `riq-server migrate` again").failed_with("--abandon-unopened");
    assert_eq!(old_secrets(server).await, 1, "the others are sealed anew: an interrupted run goes on");
    serve(&server.database, ENCRYPTION_KEYS).await.failed_with("riq-server migrate` first");
    let both = format!("{ENCRYPTION_KEYS},{NEW}");
    let done = migrate(server, Some(&both), &[]).await;
    assert!(done.success && done.stdout.starts_with("Sealed 1 secrets anew\n"), "{done:?}");
    let opened = server.open_secret(Sealed::Settings, "linear", ENCRYPTION_KEYS).await;
    assert_eq!(opened, Some(json!({"webhook_signing_secret": "SECRET-OfTheOldKeyOfTheseTests"})));

    // A key that is lost does not hold the upgrade up for ever.
    let row =
        server.sealed(Sealed::Settings).await.into_iter().find(|row| row.id() == settings.id()).unwrap();
    age(server, Sealed::Settings, &row, NEW).await;
    let forget = "DELETE FROM seaql_migrations WHERE version = 'm0009_secrets_sealed_anew'";
    server.sql.execute(forget, []).await;
    server.sql.execute("DELETE FROM encryption_keys", []).await;
    migrate(server, Some(ENCRYPTION_KEYS), &[]).await.failed_with("cannot be opened");
    let left = migrate(server, Some(ENCRYPTION_KEYS), &["--abandon-unopened"]).await;
    assert!(left.success, "{left:?}");
    assert_eq!(old_secrets(server).await, 1);
    assert_everything_opens(server).await;
    serve(&server.database, ENCRYPTION_KEYS).await.failed_with("cannot listen");
}

async fn migrations_that_seal_anew_together_all_succeed(server: &Server) {
    old_database(server).await;
    let own = with_keys(&server.database, ENCRYPTION_KEYS);
    let migrations = [(); 4].map(|()| command(&["migrate"], &own).stdin(Stdio::null()).spawn().unwrap());
    for child in migrations {
        let output = child.wait_with_output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    }
    assert_eq!(old_secrets(server).await, 0);
    assert_everything_opens(server).await;
}

/// Somebody who can write to the database puts back a secret in the old form, which is bound to an id alone.
async fn an_old_form_that_comes_back_is_refused(server: &Server) {
    server.install("postmark").await;
    let row = server.sealed(Sealed::Credentials).await.pop().unwrap();
    for first in [1, 2] {
        age(server, Sealed::Credentials, &row, ENCRYPTION_KEYS).await;
        let mut old = server.sql.bytes("SELECT sealed FROM credentials", []).await.unwrap();
        old[0] = first;
        server.sql.execute("UPDATE credentials SET sealed = $1", [old.clone().into()]).await;
        // Neither a second `migrate` nor `rotate-keys` makes a good one of it.
        assert!(migrate(server, Some(ENCRYPTION_KEYS), &[]).await.success);
        let both = format!("{NEW},{ENCRYPTION_KEYS}");
        let rotated = run(&["admin", "rotate-keys"], &with_keys(&server.database, &both)).await;
        rotated.failed_with("1 secrets could not be opened");
        assert_eq!(server.sql.bytes("SELECT sealed FROM credentials", []).await, Some(old));
    }
    // Disconnecting does without it.
    assert_eq!(server.delete("postmark").await.data()["status"], "disconnected");
}
