//! Moves of integrations between two servers: each credential has one holder at every moment.

use std::{fs, process::Child, time::Duration};

use integrations_core::catalog::Catalog;
use sea_orm::Value as SqlValue;
use serde_json::{Value, json};

use crate::support::{
    Answer, Backend, Server, TestDatabase, eventually,
    process::{self, Finished, command, own, run},
};

const PATIENCE: Duration = Duration::from_secs(30);

on_both!(
    integrations_move_to_another_database_with_all_that_people_have_set,
    an_export_can_be_taken_back_until_it_is_imported,
    what_does_not_fit_is_refused_in_words_and_nothing_is_written,
    what_is_on_its_way_is_not_revoked,
    an_interrupted_renewal_stays,
    what_only_looks_like_a_move_is_none,
    a_new_connection_is_not_taken_for_the_one_that_moved,
    what_no_known_app_renews_stays,
    a_copy_exports_nothing,
    a_second_import_is_told,
    a_kill_on_either_side_leaves_one_holder,
);

/// A server that receives: a database of the other kind, with a project and the key of moves.
struct Receiver {
    database: TestDatabase,
    organization: String,
    project: String,
    recipient: String,
}

impl Receiver {
    async fn beside(server: &Server) -> Self {
        let other = if server.sql.is_sqlite() { Backend::Postgres } else { Backend::Sqlite };
        let database = match TestDatabase::create(other).await {
            Some(database) => database,
            None => TestDatabase::create(Backend::Sqlite).await.unwrap(),
        };
        assert!(run(&["migrate"], &[("DATABASE_URL", &database.url)]).await.success);
        let mut receiver =
            Self { database, organization: String::new(), project: String::new(), recipient: String::new() };
        receiver.organization = receiver.made(&["org", "create", "--name", "There"]).await;
        receiver.project = receiver.other_project().await;
        receiver.recipient = recipient(&receiver.database).await;
        receiver
    }

    async fn other_project(&self) -> String {
        self.made(&["project", "create", "--org", &self.organization, "--name", "Inbox"]).await
    }

    async fn made(&self, arguments: &[&str]) -> String {
        self.admin(arguments).await.json()["id"].as_str().unwrap().to_owned()
    }

    fn file(&self, name: &str) -> String {
        file(&self.database, name)
    }

    async fn admin(&self, arguments: &[&str]) -> Finished {
        admin(&self.database, arguments).await
    }

    async fn import(&self, file: &str) -> Finished {
        self.import_with(&self.project, &[], file).await
    }

    /// Imports into this project, with further options.
    async fn import_with(&self, project: &str, options: &[&str], file: &str) -> Finished {
        let identity = self.file("identity");
        let fixed = ["import", "--project", project, "--identity", &identity];
        self.admin(&[&fixed, options, &[file]].concat()).await
    }

    /// What it has: providers, states and what people have set.
    async fn integrations(&self) -> Vec<Value> {
        let sql = "SELECT provider, status, display_name, sidebar_enabled, action_permissions, account_id \
             FROM integrations ORDER BY provider";
        self.database.open().await.rows(sql, []).await
    }
}

async fn admin(database: &TestDatabase, arguments: &[&str]) -> Finished {
    process::admin(database, arguments, "").await
}

fn file(database: &TestDatabase, name: &str) -> String {
    database.path(name).to_str().unwrap().to_owned()
}

/// The public key of a new identity beside a database, whatever is in the database.
async fn recipient(database: &TestDatabase) -> String {
    let made = admin(database, &["identity", "--identity", &file(database, "identity")]).await.json();
    made["recipient"].as_str().unwrap().to_owned()
}

/// Exports the server's project to whoever has this public key.
async fn export_to(server: &Server, recipient: &str, file: &str) -> Finished {
    let project = server.project.to_string();
    admin(&server.database, &["export", "--project", &project, "--to", recipient, file]).await
}

async fn export(server: &Server, receiver: &Receiver, name: &str) -> (String, Value) {
    let file = receiver.file(name);
    let report = export_to(server, &receiver.recipient, &file).await.json();
    (file, report)
}

/// Where nobody receives it: a recipient, and the file that is exported to.
async fn nowhere(server: &Server) -> (String, String) {
    (recipient(&server.database).await, file(&server.database, "move.json"))
}

#[track_caller]
fn says_moving(answer: &Answer, code: &str) {
    let message = answer.refused(409, code).message();
    assert!(message.contains("being moved to another server"), "{message}");
}

async fn monitors(server: &Server) -> i64 {
    server.sql.count("SELECT COUNT(*) AS count FROM monitors", []).await
}

async fn integrations_move_to_another_database_with_all_that_people_have_set(server: &Server) {
    for provider in ["stripe~eu", "shopify", "slack"] {
        server.install(provider).await;
    }
    let update = json!({
        "display_name": "Europe", "sidebar_enabled": true, "status": "paused",
        "action_permissions": {"issue_refund": "ask"},
    });
    server.patch("stripe~eu", update).await.data();
    let receiver = Receiver::beside(server).await;
    let (file, report) = export(server, &receiver, "move.json").await;
    assert_eq!(report["exported"].as_array().unwrap().len(), 3);
    let text = fs::read_to_string(&file).unwrap();
    assert!(!text.contains("SECRET") && !text.contains("Europe"), "{text}");
    nothing_of_it_is_used(server).await;
    it_is_expected(&receiver, &file, report["sha256"].as_str().unwrap()).await;
    it_arrives_as_a_whole(&receiver, &file).await;
    its_receipt_ends_it(server, &receiver, &file).await;
    both_logs_name_it(server, &receiver, report["export_id"].as_str().unwrap()).await;
}

async fn nothing_of_it_is_used(server: &Server) {
    let slack = server.integration("slack").await;
    assert_eq!((&slack["status"], &slack["credential"]), (&json!("paused"), &Value::Null));
    assert!(
        slack["error_message"].as_str().unwrap().contains("being moved to another server (exp_"),
        "{slack}"
    );
    assert_eq!(monitors(server).await, 0);
    let resumed = server.patch("slack", json!({"status": "active"})).await;
    says_moving(&resumed, "REINSTALL_REQUIRED");
    let checked = server.check("slack").await;
    says_moving(&checked, "REINSTALL_REQUIRED");
    let called = server.call("POST", &server.at("/shopify/actions/lookup_order"));
    let called = called.json(&json!({"input": {}})).send().await;
    says_moving(&called, "INTEGRATION_NOT_ACTIVE");
}

async fn it_is_expected(receiver: &Receiver, file: &str, hash: &str) {
    let trial = async |option: &str, value: &str| {
        receiver.import_with(&receiver.project, &["--dry-run", option, value], file).await
    };
    trial("--expect", "00").await.failed_with("not the expected export").failed_with(hash);
    assert!(trial("--expect", hash).await.success);
    trial("--receipt", file).await.failed_with("would be written over the export");
    let line = receiver.file("lines");
    fs::write(&line, "{}").unwrap();
    let of_lines = ["import", "--project", &receiver.project, "--expect", hash, &line];
    receiver.admin(&of_lines).await.failed_with("this is none");
}

async fn it_arrives_as_a_whole(receiver: &Receiver, file: &str) {
    let tried = receiver.import_with(&receiver.project, &["--dry-run"], file).await.json();
    assert_eq!(tried["receipt"], Value::Null);
    assert_eq!(receiver.integrations().await, [Value::Null; 0]);
    let arrived = receiver.import(file).await.json();
    assert_eq!(arrived["imported"].as_array().unwrap().len(), 3);
    let there = receiver.integrations().await;
    let names: Vec<&str> = there.iter().map(|one| one["provider"].as_str().unwrap()).collect();
    assert_eq!(names, ["shopify", "slack", "stripe~eu"]);
    assert_eq!((&there[2]["status"], &there[2]["display_name"]), (&json!("paused"), &json!("Europe")));
    assert!(
        there[2]["action_permissions"].as_str().unwrap().contains(r#""issue_refund":"ask""#),
        "{there:?}"
    );
    assert!(receiver.admin(&["rotate-keys"]).await.success, "its secrets open there");
}

async fn its_receipt_ends_it(server: &Server, receiver: &Receiver, file: &str) {
    let receipt = format!("{file}.receipt");
    let genuine = fs::read_to_string(&receipt).unwrap();
    fs::remove_file(&receipt).unwrap();
    let trial = receiver.import_with(&receiver.project, &["--dry-run"], file).await;
    trial.failed_with("was imported before");
    assert!(!fs::exists(&receipt).unwrap(), "a trial writes nothing");
    receiver.import(file).await.failed_with("was imported before");
    assert_eq!(fs::read_to_string(&receipt).unwrap(), genuine, "the receipt is written again");
    fs::write(&receipt, genuine.replace("\"integrations\":3", "\"integrations\":2")).unwrap();
    admin(&server.database, &["export", "--receipt", &receipt]).await.failed_with("or was changed");
    assert_eq!(server.integration("slack").await["status"], "paused");
    fs::write(&receipt, &genuine).unwrap();
    let ended = admin(&server.database, &["export", "--receipt", &receipt]).await.json();
    assert_eq!((&ended["status"], &ended["left_alone"]), (&json!("moved"), &json!(0)));
    assert_eq!(server.integration("slack").await["status"], "disconnected");
    assert_eq!(server.sql.count("SELECT COUNT(*) AS count FROM credentials", []).await, 0);
    admin(&server.database, &["export", "--receipt", &receipt]).await.failed_with("has ended already");
}

async fn both_logs_name_it(server: &Server, receiver: &Receiver, id: &str) {
    let events = server.audit("slack").await;
    let of_export = |event: &Value| {
        let changes = event["changes"].as_array().unwrap().iter();
        let mut told = changes.filter(|one| one["path"] == "export");
        told.next().map(|one| (one["from"].clone(), one["to"].clone()))
    };
    let told: Vec<_> = events.iter().filter_map(of_export).collect();
    assert_eq!(told, [(Value::Null, json!(id)), (json!(id), json!("moved"))]);
    let arrived =
        "SELECT changes FROM audit_events WHERE action = 'integration.installed' AND provider = 'slack'";
    let arrived = receiver.database.open().await.rows(arrived, []).await;
    assert!(arrived[0]["changes"].as_str().unwrap().contains(id), "{arrived:?}");
}

async fn an_export_can_be_taken_back_until_it_is_imported(server: &Server) {
    server.install("slack").await;
    server.install("postmark").await;
    let receiver = Receiver::beside(server).await;
    let (file, report) = export(server, &receiver, "move.json").await;
    let id = report["export_id"].as_str().unwrap();
    let again = export_to(server, &receiver.recipient, &receiver.file("x")).await;
    again.failed_with("on its way by an earlier export");
    let listed = admin(&server.database, &["export", "--list"]).await.json();
    assert_eq!((&listed[0]["id"], &listed[0]["status"]), (&json!(id), &json!("under_way")));
    // What is connected anew meanwhile has another credential, and stays.
    server.delete("postmark").await.data();
    server.install("postmark").await;
    admin(&server.database, &["export", "--cancel", id])
        .await
        .failed_with("be sure that nobody has imported it");
    assert_eq!(server.integration("slack").await["status"], "paused");
    let back = admin(&server.database, &["export", "--cancel", id, "--yes"]).await.json();
    assert_eq!((&back["integrations"], &back["left_alone"]), (&json!(["slack"]), &json!(1)));
    let slack = server.integration("slack").await;
    assert_eq!((&slack["status"], &slack["error_message"]), (&json!("active"), &Value::Null));
    assert_eq!(slack["credential"]["kind"], "oauth");
    assert_eq!(monitors(server).await, 2);
    admin(&server.database, &["export", "--cancel", id, "-y"]).await.failed_with("it was cancelled");
    // The operator was wrong.
    receiver.import(&file).await.json();
    let receipt = format!("{file}.receipt");
    let both = admin(&server.database, &["export", "--receipt", &receipt]).await;
    both.failed_with("both servers have the credentials").failed_with("slack");
}

async fn what_does_not_fit_is_refused_in_words_and_nothing_is_written(server: &Server) {
    server.install("slack").await;
    server.install("stripe").await;
    let receiver = Receiver::beside(server).await;
    let slip = format!("{}A", receiver.recipient);
    export_to(server, &slip, "x").await.failed_with("not the public key of a receiver");
    let (file, _) = export(server, &receiver, "move.json").await;
    let text = fs::read_to_string(&file).unwrap();

    let other = receiver.file("other");
    receiver.admin(&["identity", "--identity", &other]).await.json();
    let by_other = ["import", "--project", &receiver.project, "--identity", &other, &file];
    receiver.admin(&by_other).await.failed_with("sealed to another key").failed_with(&receiver.recipient);
    let damaged = receiver.file("damaged.json");
    let (header, body) = text.split_once('\n').unwrap();
    for (changed, reason) in [
        (text.replace("\"riq_export\":1", "\"riq_export\":2"), "is of form 2"),
        (text.replace("\"integrations\":2", "\"integrations\":1"), "is damaged"),
        (format!("{header}\n{}", &body[..body.len() - 9]), "is damaged"),
        (format!("{header}\n"), "is damaged"),
        (format!("{header}\n{}", body.replacen('A', "B", 1)), "is damaged"),
        (header[..header.len() - 2].to_owned(), "cannot be imported"),
    ] {
        fs::write(&damaged, changed).unwrap();
        receiver.import(&damaged).await.failed_with(reason);
    }

    let line = json!({"provider": "slack", "credential": {"access_token": "SECRET-other", "refresh_token": null, "expires_at": null}});
    let of_lines = ["import", "--project", &receiver.project, "-"];
    let installed = process::admin(&receiver.database, &of_lines, &line.to_string()).await;
    assert!(installed.success, "{installed:?}");
    let before = receiver.integrations().await;
    let refused = receiver.import(&file).await;
    refused.failed_with("1 of the export's integrations cannot be imported; nothing was");
    assert!(refused.stdout.contains("installed in this project already"), "{refused:?}");
    assert_eq!(receiver.integrations().await, before);
    let imports = receiver.database.open().await.count("SELECT COUNT(*) AS count FROM imports", []).await;
    assert_eq!(imports, 0);
    // Into another project it goes.
    let elsewhere = receiver.other_project().await;
    assert!(receiver.import_with(&elsewhere, &[], &file).await.success);
}

async fn what_is_on_its_way_is_not_revoked(server: &Server) {
    server.install("slack").await;
    let receiver = Receiver::beside(server).await;
    let (file, _) = export(server, &receiver, "move.json").await;
    let answer = server.call("DELETE", &server.at("/slack?revoke=true")).send().await;
    assert_eq!(answer.data()["revocation"], "unsupported", "{:?}", answer.data());
    let sealed =
        server.sql.count("SELECT COUNT(*) AS count FROM revocations WHERE LENGTH(sealed) > 0", []).await;
    assert_eq!(sealed, 0);
    receiver.import(&file).await.json();
    let receipt = format!("{file}.receipt");
    let ended = admin(&server.database, &["export", "--receipt", &receipt]).await.json();
    assert_eq!(ended["left_alone"], 1);
}

async fn an_interrupted_renewal_stays(server: &Server) {
    let catalog = Catalog::embedded().unwrap();
    let rotates = |key: &str| catalog.get(key).unwrap().rotates();
    assert!(rotates("linear"));
    let line = json!({"provider": "linear", "credential": {
        "access_token": "SECRET-access", "refresh_token": "SECRET-refresh", "expires_at": "2030-01-01T00:00:00Z"}});
    server.import(server.project, &line.to_string()).await;
    server.install("stripe").await;
    let mark = "UPDATE monitors SET refresh_begun_by = $1 WHERE provider = 'linear'";
    server.sql.execute(mark, [SqlValue::from("lea_00000000000000000000000001")]).await;
    let (recipient, file) = nowhere(server).await;
    let report = export_to(server, &recipient, &file).await.json();
    assert_eq!(report["exported"], json!(["stripe"]));
    assert_eq!(report["stays"][0]["provider"], "linear");
    assert!(report["stays"][0]["reason"].as_str().unwrap().contains("interrupted"), "{report}");
    assert_eq!(server.integration("linear").await["status"], "active");
}

async fn what_only_looks_like_a_move_is_none(server: &Server) {
    server.install("slack").await;
    let broken = "UPDATE integrations SET status = 'paused', error_message = 'Slack refuses it'";
    server.sql.execute(broken, []).await;
    server.sql.execute("UPDATE credentials SET dead_at = created_at", []).await;
    let answers = [server.patch("slack", json!({"status": "active"})).await, server.check("slack").await];
    for answer in answers {
        let message = answer.refused(409, "REINSTALL_REQUIRED").message();
        assert!(message.contains("install again"), "{message}");
    }
    let (recipient, file) = nowhere(server).await;
    export_to(server, &recipient, &file).await.failed_with("it has no usable credential");
    assert!(!fs::exists(&file).unwrap());
}

async fn a_new_connection_is_not_taken_for_the_one_that_moved(server: &Server) {
    for provider in ["postmark", "slack", "slack~eu"] {
        server.install(provider).await;
    }
    let (recipient, file) = nowhere(server).await;
    let report = export_to(server, &recipient, &file).await.json();
    server.clock.advance(time::Duration::seconds(1));
    for provider in ["slack", "slack~eu"] {
        server.delete(provider).await.data();
        server.install(provider).await;
    }
    let versions = server.sql.rows("SELECT DISTINCT version FROM credentials", []).await;
    assert_eq!(versions.len(), 1, "the new credentials have the version of those that moved");
    let dead = "UPDATE integrations SET status = 'error', status_before_error = 'active', \
         error_message = 'Slack refuses it' WHERE provider LIKE 'slack%'";
    server.sql.execute(dead, []).await;
    server.sql.execute("UPDATE credentials SET dead_at = created_at", []).await;
    // So that no provider is asked.
    assert!(server.store.set_quiet(Some(crate::support::clock::START)).await.unwrap());
    let answer = server.call("DELETE", &server.at("/slack~eu?revoke=true")).send().await;
    assert_eq!(answer.data()["revocation"], "pending", "{:?}", answer.data());
    let id = report["export_id"].as_str().unwrap();
    let back = admin(&server.database, &["export", "--cancel", id, "--yes"]).await.json();
    assert_eq!((&back["integrations"], &back["left_alone"]), (&json!(["postmark"]), &json!(2)));
    assert_eq!(server.integration("slack").await["status"], "error");
}

async fn what_no_known_app_renews_stays(server: &Server) {
    let line = json!({"provider": "linear", "credential": {
        "access_token": "SECRET-access", "refresh_token": "SECRET-refresh", "expires_at": "2030-01-01T00:00:00Z"}});
    server.import(server.project, &line.to_string()).await;
    server.install("stripe").await;
    let (recipient, file) = nowhere(server).await;
    let report = export_to(server, &recipient, &file).await.json();
    assert_eq!(report["exported"], json!(["stripe"]));
    let reason = report["stays"][0]["reason"].as_str().unwrap();
    assert!(reason.contains("an OAuth app that this command does not know"), "{reason}");
    assert_eq!(server.integration("linear").await["status"], "active");
    // An app whose secret cannot be opened is not the same as none.
    let set = ["oauth-app", "set", "linear", "--client-id", "theirs", "--client-secret-file", "-"];
    assert!(process::admin(&server.database, &set, "SECRET-of-app").await.success);
    let damaged = "UPDATE oauth_apps SET sealed_secret = (SELECT sealed FROM credentials LIMIT 1)";
    server.sql.execute(damaged, []).await;
    let refused = export_to(server, &recipient, &format!("{file}.other")).await;
    refused.failed_with("a secret of the OAuth app of Linear cannot be opened");
}

async fn a_copy_exports_nothing(server: &Server) {
    server.install("stripe").await;
    let (recipient, file) = nowhere(server).await;
    let export = async || export_to(server, &recipient, &file).await;
    assert!(admin(&server.database, &["resume", "--not-yet"]).await.success);
    export().await.failed_with("this database was restored or copied");
    assert!(!fs::exists(&file).unwrap());
    assert!(admin(&server.database, &["resume", "--yes"]).await.success);
    // As it is before a server has started on a copy.
    server.sql.execute("UPDATE whereabouts SET place = 'where the original is'", []).await;
    export().await.failed_with("this database was restored or copied");
    assert!(admin(&server.database, &["resume", "--yes"]).await.success);
    let report = export().await.json();
    assert!(admin(&server.database, &["resume", "--not-yet"]).await.success);
    let resumed = admin(&server.database, &["resume"]).await;
    resumed
        .failed_with("exported since to another server")
        .failed_with(report["export_id"].as_str().unwrap());
}

async fn a_second_import_is_told(server: &Server) {
    server.install("stripe").await;
    let receiver = Receiver::beside(server).await;
    let (file, report) = export(server, &receiver, "move.json").await;
    receiver.import(&file).await.json();
    let receipts = [receiver.file("first"), receiver.file("second")];
    fs::copy(format!("{file}.receipt"), &receipts[0]).unwrap();
    // As where another server has the same identity, or this one was restored.
    let sql = receiver.database.open().await;
    for table in ["imports", "credentials", "monitors"] {
        sql.execute(&format!("DELETE FROM {table}"), []).await;
    }
    let elsewhere = receiver.other_project().await;
    receiver.import_with(&elsewhere, &["--receipt", &receipts[1]], &file).await.json();
    assert!(admin(&server.database, &["export", "--receipt", &receipts[0]]).await.success);
    let second = admin(&server.database, &["export", "--receipt", &receipts[1]]).await;
    second.failed_with("was imported twice").failed_with(&receiver.project).failed_with(&elsewhere);
    admin(&server.database, &["export", "--receipt", &receipts[0]]).await.failed_with("has ended already");
    // As after a backup that is older than the export.
    server.sql.execute("DELETE FROM exported_integrations", []).await;
    server.sql.execute("DELETE FROM exports", []).await;
    let unknown = admin(&server.database, &["export", "--receipt", &receipts[0]]).await;
    unknown.failed_with("this database is older than the export").failed_with(&receiver.project);
    admin(&server.database, &["export", "--cancel", report["export_id"].as_str().unwrap(), "--yes"])
        .await
        .failed_with("there is no export");
}

/// The integrations of one move in this test. Nightly it is more.
fn many() -> usize {
    std::env::var("RIQ_TEST_MOVED").ok().and_then(|count| count.parse().ok()).unwrap_or(40)
}

async fn a_kill_on_either_side_leaves_one_holder(server: &Server) {
    let lines = (0..many()).map(|number| {
        json!({"provider": format!("postmark~n{number}"), "credential": {"api_key": format!("SECRET-key-{number}")}})
            .to_string()
    });
    server.import(server.project, &lines.collect::<Vec<_>>().join("\n")).await;
    let receiver = Receiver::beside(server).await;
    let file = receiver.file("move.json");
    export_despite_a_kill(server, &receiver, &file).await;
    import_despite_a_kill(&receiver, &file).await;
    let receipt = format!("{file}.receipt");
    assert!(admin(&server.database, &["export", "--receipt", &receipt]).await.success);
}

async fn export_despite_a_kill(server: &Server, receiver: &Receiver, file: &str) {
    let source = own(&server.database);
    let project = server.project.to_string();
    let arguments = ["admin", "export", "--project", &project, "--to", &receiver.recipient, file];
    let used_here = async || {
        let sql = "SELECT COUNT(*) AS count FROM credentials WHERE dead_at IS NULL";
        usize::try_from(server.sql.count(sql, []).await).unwrap()
    };
    let mut child = command(&arguments, &source).spawn().unwrap();
    let writes = || {
        let names = fs::read_dir(receiver.database.path(".")).unwrap().map(|one| one.unwrap().file_name());
        names.into_iter().any(|name| name.to_string_lossy().starts_with("move.json"))
    };
    while !writes() && child.try_wait().unwrap().is_none() {
        std::thread::yield_now();
    }
    end(&mut child);
    let after = used_here().await;
    assert!([0, many()].contains(&after), "{after} are used here, and the others are not");
    if after == many() {
        if fs::exists(file).unwrap() {
            assert!(!receiver.import(file).await.success, "what it left is no export");
            run(&arguments, &source).await.failed_with("an export never replaces a file");
            fs::remove_file(file).unwrap();
        }
        assert!(run(&arguments, &source).await.success);
    } else if !fs::read_to_string(file).unwrap().starts_with('{') {
        receiver.import(file).await.failed_with("nobody can import it");
        fs::remove_file(file).unwrap();
        let listed = admin(&server.database, &["export", "--list"]).await.json();
        let id = listed[0]["id"].as_str().unwrap();
        assert!(admin(&server.database, &["export", "--cancel", id, "--yes"]).await.success);
        assert!(run(&arguments, &source).await.success);
    }
    assert_eq!(used_here().await, 0);
}

async fn import_despite_a_kill(receiver: &Receiver, file: &str) {
    let target = own(&receiver.database);
    let identity = receiver.file("identity");
    let arguments = ["admin", "import", "--project", &receiver.project, "--identity", &identity, file];
    let lock = receiver.database.lock_integrations().await;
    let mut child = command(&arguments, &target).spawn().unwrap();
    let sql = receiver.database.open().await;
    if !sql.is_sqlite() {
        eventually("it waits for the lock", PATIENCE, async || sql.waiting().await > 0).await;
    }
    end(&mut child);
    lock.release().await;
    let there = receiver.integrations().await.len();
    assert!([0, many()].contains(&there), "{there} are there, and the others are not");
    let again = run(&arguments, &target).await;
    if there == 0 {
        assert!(again.success, "{again:?}");
    } else {
        again.failed_with("was imported before");
    }
    assert_eq!(receiver.integrations().await.len(), many());
}

fn end(child: &mut Child) {
    // It may have ended by itself.
    drop(child.kill());
    child.wait().unwrap();
}
