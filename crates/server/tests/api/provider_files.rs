//! The command that checks provider files.

use std::fs;

use riq_testing::providers::desk_and_keys::{self, DeskAndKeys, Says};
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::support::process::{Finished, run};

/// The example of docs/reference/provider-file.md.
fn example() -> String {
    let page = include_str!("../../../../docs/reference/provider-file.md");
    let start = page.find("```toml\n# acme.toml").unwrap() + "```toml\n".len();
    page[start..].split_once("\n```").unwrap().0.to_owned()
}

#[tokio::test]
async fn the_requests_of_the_examples_are_printed() {
    let directory = tempfile::tempdir().unwrap();
    fs::write(directory.path().join("acme.toml"), example()).unwrap();
    let checked = run(&["providers", "check", directory.path().to_str().unwrap()], &[]).await;
    let expected = "acme\n  \
                    find_tickets: the first page\n    \
                    GET /tickets?q=email%3A%22jo%40shop.example%22\n  \
                    close_ticket: with an answer\n    \
                    POST /tickets/t1/close\n    \
                    {\"answer\":{\"html\":\"<p>Bye &amp; thanks</p>\"},\"reference\":\"run_1\"}\n";
    assert_eq!(checked.stdout_of_success(), expected);
}

#[tokio::test]
async fn a_new_file_loads_and_nothing_is_written_over() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().to_str().unwrap();
    let given = |auth: &[&'static str]| {
        let of_all = [
            "--directory",
            path,
            "--name",
            "Acme \"Desk\"",
            "--description",
            "Answer tickets.",
            "--category",
            "support",
            "--documentation-url",
            "https://acme.example/docs",
            "--api-base-url",
            "https://api.acme.example",
            "--probe-url",
            "https://api.acme.example/me",
        ];
        [of_all.as_slice(), auth].concat().into_iter().map(str::to_owned).collect::<Vec<_>>()
    };
    let new = async |key: &str, arguments: Vec<String>| {
        let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
        run(&[["providers", "new", key].as_slice(), arguments.as_slice()].concat(), &[]).await
    };
    new("acme", given(&["--auth", "api_key"])).await.stdout_of_success();
    let oauth = [
        "--auth",
        "oauth",
        "--authorize-url",
        "https://acme.example/a",
        "--token-url",
        "https://acme.example/t",
    ];
    new("other", given(&oauth)).await.stdout_of_success();
    let checked = run(&["providers", "check", path], &[]).await;
    assert_eq!(checked.stdout_of_success(), "acme\nother\n");
    new("acme", given(&["--auth", "api_key"])).await.failed_with("acme.toml is there already");
    new("third", given(&[])).await.failed_with("--auth is missing, and there is nobody to ask");
    let wrong = new(
        "fourth",
        given(&["--auth", "oauth", "--authorize-url", "http://acme.example", "--token-url", "x"]),
    );
    wrong.await.failed_with("the file would not load, so it is not written").failed_with("fourth.toml:");
    assert_eq!(fs::read_dir(directory.path()).unwrap().count(), 2);
}

/// The files of the trials of Desk, which is played, in a directory.
struct Trials {
    desk: DeskAndKeys,
    directory: TempDir,
}

impl Trials {
    async fn start() -> Self {
        let (desk, directory) = (DeskAndKeys::start().await, tempfile::tempdir().unwrap());
        let trials = Self { desk, directory };
        for (name, file) in desk_and_keys::files() {
            trials.write(name, &file);
        }
        trials.write("authority.pem", &trials.desk.ca_pem());
        trials
    }

    fn write(&self, name: &str, text: &str) -> String {
        let path = self.directory.path().join(name);
        fs::write(&path, text).unwrap();
        path.to_str().unwrap().to_owned()
    }

    fn path(&self, name: &str) -> String {
        self.directory.path().join(name).to_str().unwrap().to_owned()
    }

    /// Tries a file with a credential, and with inputs.
    async fn of(&self, file: &str, credential: &Value, inputs: Option<Value>) -> Finished {
        let credential = self.write("credential.json", &credential.to_string());
        let inputs = inputs.map(|inputs| self.write("inputs.json", &inputs.to_string()));
        let (file, authority) = (self.path(file), self.path("authority.pem"));
        let resolve = desk_and_keys::HOSTS.map(|host| format!("{host}={}", self.desk.address())).join(",");
        let mut arguments = vec!["providers", "try", &file, "--credential-file", &credential];
        arguments.extend(inputs.iter().flat_map(|inputs| ["--inputs-file", inputs]));
        let environment = [("RIQ_OUTBOUND_CA_FILE", &*authority), ("RIQ_OUTBOUND_RESOLVE", &*resolve)];
        run(&arguments, &environment).await
    }
}

/// A line that imports Desk.
fn of_desk(access_token: &str) -> Value {
    json!({
        "provider": "desk",
        "credential": {"access_token": access_token, "refresh_token": null, "region": "eu"},
    })
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_trial_asks_what_only_reads_and_tells_no_value() {
    let trials = Trials::start().await;
    let credential = of_desk(&desk_and_keys::access_token(0));
    let tried = trials.of("desk.toml", &credential, Some(json!({"find_tickets": {"word": "help"}}))).await;
    let report = tried.stdout_of_success();
    let lines: Vec<&str> = report.lines().collect();
    assert_eq!(
        lines[..2],
        ["desk by oauth at desk.example", "  ok: probe: the credential works"],
        "{report}"
    );
    let found = "  ok: find_tickets (GET /tickets): status 200: echo is nothing, tickets is a list of 1";
    assert_eq!(lines[2], found, "{report}");
    assert!(lines[3..].iter().all(|line| line.ends_with(": it may change something")), "{report}");
    assert!(lines.len() > 3 && !report.contains("SECRET") && !report.contains("help"), "{report}");
    let asked: Vec<_> =
        ["desk find", "desk open", "desk close"].map(|name| trials.desk.calls(name).len()).into();
    assert_eq!(asked, [1, 0, 0], "only what reads is asked for");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_trial_says_what_did_not_end_as_the_file_says() {
    let trials = Trials::start().await;
    let good = of_desk(&desk_and_keys::access_token(0));
    let without_input = trials.of("desk.toml", &good, None).await;
    let report = without_input.stdout_of_success();
    assert!(report.contains("  not tried: find_tickets (GET /tickets): input.word: Required\n"), "{report}");
    let refused = trials.of("desk.toml", &of_desk("SECRET-of-nobody"), None).await;
    let refused = refused.failed_with("1 of the 1 that were tried did not end as the file says");
    assert!(refused.stdout.contains("  FAILED: probe: "), "{refused:?}");
    assert!(refused.stdout.contains("find_tickets (GET /tickets): the credential is refused"), "{refused:?}");
    let wrong = trials.of("desk.toml", &good, Some(json!({"find_tickets": {"word": 7}}))).await;
    let wrong = wrong.failed_with("1 of the 2 that were tried");
    assert!(wrong.stdout.contains("FAILED: find_tickets (GET /tickets): input.word: "), "{wrong:?}");
    trials.desk.set("desk find", Says::This(200, Vec::new(), "<html>SECRET-of-desk-0</html>"));
    let page = trials.of("desk.toml", &good, Some(json!({"find_tickets": {"word": "x"}}))).await;
    let page = page.failed_with("1 of the 2 that were tried");
    assert!(page.stdout.contains("FAILED: find_tickets (GET /tickets): status 200: "), "{page:?}");
    // A file may be somebody else's: what it says does not reach the terminal as more than text.
    let file = fs::read_to_string(trials.path("desk.toml")).unwrap();
    let forging = r#"name = "Desk\u001b[2K\r  ok: probe: the credential works""#;
    trials.write("desk.toml", &file.replacen("name = \"Desk\"", forging, 1));
    let forged = trials.of("desk.toml", &of_desk("SECRET-of-nobody"), None).await;
    let forged = forged.failed_with("1 of the 1 that were tried");
    assert!(
        !forged.stdout.contains(['\u{1b}', '\r']) && forged.stdout.contains("FAILED: probe: "),
        "{forged:?}"
    );
    for finished in [&refused, &wrong, &page, &forged] {
        assert!(!finished.stdout.contains("SECRET") && !finished.stderr.contains("SECRET"), "{finished:?}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_cannot_be_tried_is_refused_without_its_values() {
    let trials = Trials::start().await;
    let good = of_desk(&desk_and_keys::access_token(0));
    let of_another =
        json!({"provider": "stripe", "auth": "api_key", "credential": {"api_key": "rk_live_SECRET"}});
    let of_another = trials.of("desk.toml", &of_another, None).await;
    of_another.failed_with("has a credential of stripe, and not of desk.toml");
    trials.of("nothing.toml", &good, None).await.failed_with("cannot read");
    let wrong = json!({"provider": "desk", "credential": {"access_token": ["SECRET"], "password": "SECRET"}});
    let wrong = trials.of("desk.toml", &wrong, None).await;
    let wrong = wrong.failed_with("credential.json cannot be used: ");
    assert!(!wrong.stderr.contains("SECRET") && wrong.stdout.is_empty(), "{wrong:?}");
    let other = Some(json!({"find_orders": {}}));
    trials.of("desk.toml", &good, other).await.failed_with("desk has no action find_orders");
}

#[tokio::test]
async fn a_wrong_logo_is_named() {
    let directory = tempfile::tempdir().unwrap();
    let with_logo = example().replacen("category", "logo = \"acme.svg\"\ncategory", 1);
    fs::write(directory.path().join("acme.toml"), with_logo).unwrap();
    let check = async || run(&["providers", "check", directory.path().to_str().unwrap()], &[]).await;
    check().await.failed_with("acme.toml: acme.svg: the file of a logo cannot be read");
    fs::write(directory.path().join("acme.svg"), "<svg><script/></svg>").unwrap();
    check()
        .await
        .failed_with("acme.toml: acme.svg: the file of a logo does more than draw: <script> is not allowed");
    fs::write(directory.path().join("acme.svg"), "<svg/>").unwrap();
    check().await.stdout_of_success();
}

#[tokio::test]
async fn the_schema_of_the_files_is_printed() {
    let printed = run(&["providers", "schema"], &[]).await;
    let kept = include_str!("../../../../docs/reference/provider-file.schema.json");
    assert_eq!(printed.stdout_of_success().trim(), kept.trim());
}

#[tokio::test]
async fn everything_wrong_is_printed_with_its_place() {
    let directory = tempfile::tempdir().unwrap();
    let wrong =
        example().replace("status = 202", "status = 422").replace("\"/tickets/t1/close\"", "\"/tickets/t1\"");
    fs::write(directory.path().join("acme.toml"), &wrong).unwrap();
    fs::write(directory.path().join("old.toml"), wrong.replace("format = 2\n", "")).unwrap();
    let checked = run(&["providers", "check", directory.path().to_str().unwrap()], &[]).await;
    assert_eq!(checked.stdout, "");
    let line = |part: &str| wrong.lines().position(|line| line.contains(part)).unwrap() + 1;
    let (request, answer) = (line("path = \"/tickets/t1\","), line("status = 422"));
    checked
        .failed_with(&format!("acme.toml:{request}:"))
        .failed_with("expected \"/tickets/t1\", got \"/tickets/t1/close\"")
        .failed_with(&format!("acme.toml:{answer}:"))
        .failed_with("expected accepted, got failed")
        .failed_with("old.toml:1:1: this file has format 1");
    let missing = directory.path().join("none");
    let checked = run(&["providers", "check", missing.to_str().unwrap()], &[]).await;
    checked.failed_with("cannot read the provider files in");
}
