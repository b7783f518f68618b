//! Every command against its route: what it sends, and what it prints in JSON and in quiet mode.

use serde_json::{Value, json};

use crate::api::{Api, Exchange, KEY, PROJECT};
use crate::fixtures::{shopify, shopify_entry, slack, slack_entry, with};
use crate::golden::{riq, run, run_with};

fn list() -> Exchange {
    Exchange::new("GET", "", &json!([slack(), shopify()]))
}

fn patch(body: Value, after: Value) -> Exchange {
    Exchange::new("PATCH", "/slack/lifecycle", &with(slack(), after)).body(body)
}

#[test]
fn list_prints_data() {
    run("list", &["integrations", "list"], [list()]);
    run("list_quiet", &["integrations", "list", "--quiet"], [list()]);
    run("list_empty", &["integrations", "list"], [Exchange::new("GET", "", &json!([]))]);
    run("list_empty_quiet", &["integrations", "list", "--quiet"], [Exchange::new("GET", "", &json!([]))]);
}

#[test]
fn catalog_prints_data() {
    let all = || Exchange::new("GET", "/catalog", &json!([slack_entry(), shopify_entry()]));
    run("catalog", &["integrations", "catalog"], [all()]);
    let brief = || Exchange::new("GET", "/catalog?fields=brief", &json!([slack_entry(), shopify_entry()]));
    run("catalog_quiet", &["integrations", "catalog", "--quiet"], [brief()]);
    run("catalog_brief", &["integrations", "catalog", "--brief"], [brief()]);
    let page = |query: &str, entry: Value, cursor: Option<&str>| {
        let body = json!({"data": [entry], "cursor": cursor, "has_more": cursor.is_some()});
        Exchange::new("GET", &format!("/catalog?{query}"), &Value::Null).answers(200, &body.to_string())
    };
    let pages = [
        page("limit=2&q=shop", shopify_entry(), Some("cat_1")),
        page("limit=1&q=shop&cursor=cat_1", slack_entry(), None),
    ];
    run("catalog_limited", &["integrations", "catalog", "--q", "shop", "--limit", "2"], pages);
    let narrowed = Exchange::new(
        "GET",
        "/catalog?q=r%C3%A9fund+%26+more&category=commerce&status=available",
        &json!([shopify_entry()]),
    );
    let arguments = [
        "integrations",
        "catalog",
        "--q",
        "réfund & more",
        "--category",
        "commerce",
        "--status",
        "available",
    ];
    run("catalog_filtered", &arguments, [narrowed]);
}

#[test]
fn catalog_of_one_provider_prints_data() {
    let one = || Exchange::new("GET", "/catalog/slack", &slack_entry());
    run("catalog_one", &["integrations", "catalog", "slack"], [one()]);
    run("catalog_one_quiet", &["integrations", "catalog", "slack", "--quiet"], [one()]);
}

#[test]
fn show_puts_the_catalog_entry_beside_the_integration() {
    let entry = || Exchange::new("GET", "/catalog/slack", &slack_entry());
    let one = || Exchange::new("GET", "/slack", &slack());
    run("show", &["integrations", "show", "slack"], [one(), entry()]);
    run("show_quiet", &["integrations", "get", "slack", "--quiet"], [one(), entry()]);
    let gone = entry().refuses(404, "PROVIDER_NOT_FOUND", "No provider slack");
    run("show_without_entry", &["integrations", "show", "slack"], [one(), gone]);
}

#[test]
fn install_url_prints_data_and_its_url_alone_when_quiet() {
    let answer = json!({
        "provider": "linear", "install_url": "https://HOST/dashboard/projects/prj_1/integrations/linear",
        "setup_type": "oauth", "message": "Open the URL above in a browser to complete installation.",
    });
    let made = || Exchange::new("POST", "/linear/install-url", &answer);
    run("install_url", &["integrations", "install-url", "linear"], [made()]);
    run("install_url_quiet", &["integrations", "install-url", "linear", "--quiet"], [made()]);
}

#[test]
fn check_asks_at_once() {
    let asked =
        || Exchange::new("POST", "/slack/check", &with(slack(), json!({"health_status": "degraded"})));
    run("check", &["integrations", "check", "slack"], [asked()]);
    run("check_quiet", &["integrations", "check", "slack", "--quiet"], [asked()]);
    let refused = asked().refuses(404, "INTEGRATION_NOT_FOUND", "slack is not installed in this project");
    run("check_not_installed", &["integrations", "check", "slack"], [refused]);
}

#[test]
fn a_check_that_asked_nobody_is_told() {
    let message = "Slack was not asked: it asked for no calls before 2026-05-17 18:30:00 UTC. \
                   The state is that of an earlier check.";
    let unasked = with(slack(), json!({"checked": false, "message": message}));
    let check = ["integrations", "check", "slack"];
    run("check_not_made", &check, [Exchange::new("POST", "/slack/check", &unasked)]);
    let quiet = ["integrations", "check", "slack", "--quiet"];
    run("check_not_made_quiet", &quiet, [Exchange::new("POST", "/slack/check", &unasked)]);
    let mute = with(slack(), json!({"checked": false}));
    run("check_not_made_mute", &quiet, [Exchange::new("POST", "/slack/check", &mute)]);
}

#[test]
fn pause_and_resume_change_the_status() {
    let paused = || patch(json!({"status": "paused"}), json!({"status": "paused"}));
    run("pause", &["integrations", "pause", "slack"], [paused()]);
    run("pause_quiet", &["integrations", "pause", "slack", "--quiet"], [paused()]);
    let active = || patch(json!({"status": "active"}), json!({"status": "active"}));
    run("resume", &["integrations", "resume", "slack"], [active()]);
    run("resume_quiet", &["integrations", "resume", "slack", "--quiet"], [active()]);
}

#[test]
fn pause_can_depend_on_the_version() {
    let call = patch(json!({"status": "paused"}), json!({})).if_match("\"3\"");
    run("pause_quiet_if_match", &["integrations", "pause", "slack", "--quiet", "--if-match", "3"], [call]);
}

#[test]
fn disconnect_deletes() {
    let gone = || {
        let after = json!({"status": "disconnected", "sidebar_enabled": false, "health_status": "unknown",
            "message": "The tokens are not revoked at the provider."});
        Exchange::new("DELETE", "/slack", &with(slack(), after)).header("ETag", "\"4\"")
    };
    run("disconnect", &["integrations", "disconnect", "slack", "--yes"], [gone()]);
    run("disconnect_quiet", &["integrations", "disconnect", "slack", "-y", "--quiet"], [gone()]);
    let arguments = ["integrations", "disconnect", "slack", "--yes", "--quiet", "--if-match", "\"3\""];
    run("disconnect_quiet_if_match", &arguments, [gone().if_match("\"3\"")]);
}

#[test]
fn disconnect_can_ask_to_revoke() {
    let after = json!({"status": "disconnected", "revocation": "revoked", "revocation_details": {
        "reaches": "grant", "message": null, "until": null,
        "requested_at": "2026-05-17T17:55:00Z", "ended_at": "2026-05-17T17:55:02Z",
    }, "message": "Disconnected. Slack has revoked it."});
    let revoked = Exchange::new("DELETE", "/slack?revoke=true", &with(slack(), after));
    run("disconnect_revoke", &["integrations", "disconnect", "slack", "--yes", "--revoke"], [revoked]);
}

#[test]
fn update_sends_every_field() {
    let body = json!({
        "status": "paused", "display_name": "Acme", "sidebar_enabled": true,
        "settings": {"channel": "#orders", "limit": 3, "gone": null},
        "action_permissions": {"post_message": true, "archive_channel": false},
    });
    let call = || patch(body.clone(), json!({"status": "paused"})).if_match("\"3\"");
    #[rustfmt::skip]
    let arguments = [
        "integrations", "update", "slack", "--status", "paused", "--display-name", "Acme", "--sidebar",
        "--settings", r##"{"channel": "#other", "limit": 3}"##, "--setting", r##"channel="#orders""##,
        "--setting", "gone=null", "--allow", "post_message", "--deny", "archive_channel", "--if-match", "\"3\"",
    ];
    run("update", &arguments, [call()]);
    let quiet: Vec<&str> = arguments.iter().copied().chain(["--quiet"]).collect();
    run("update_quiet", &quiet, [call()]);
}

/// Runs `update slack`, which must send `body`.
fn update_sends(arguments: &[&str], body: Value, input: &str) {
    let api = Api::playing([patch(body, json!({}))]);
    riq(&["integrations", "update", "slack", "--quiet"])
        .args(arguments)
        .env("RIQ_API_KEY", KEY)
        .env("RIQ_PROJECT_ID", PROJECT)
        .env("RIQ_API_BASE", api.origin())
        .write_stdin(input)
        .assert()
        .code(0)
        .stdout("int_slack\n")
        .stderr("");
    api.finish();
}

#[test]
fn update_reads_each_option_its_own_way() {
    update_sends(&["--clear-display-name"], json!({"display_name": null}), "");
    update_sends(&["--sidebar", "true"], json!({"sidebar_enabled": true}), "");
    update_sends(&["--sidebar=false"], json!({"sidebar_enabled": false}), "");
    update_sends(&["--sidebar"], json!({"sidebar_enabled": true}), "");
    update_sends(&["--no-sidebar"], json!({"sidebar_enabled": false}), "");
    update_sends(&["--display-name", ""], json!({"display_name": ""}), "");
    update_sends(&["--setting", "a.b=1"], json!({"settings": {"a.b": 1}}), "");
    update_sends(&["--settings", "{}"], json!({"settings": {}}), "");
    update_sends(&["--status", "disconnected", "--yes"], json!({"status": "disconnected"}), "");
    update_sends(&["--allow", "a", "--allow", "a"], json!({"action_permissions": {"a": true}}), "");
    update_sends(&["--ask", "a"], json!({"action_permissions": {"a": "ask"}}), "");
}

#[test]
fn update_reads_settings_from_a_file_and_from_standard_input() {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("settings.json");
    std::fs::write(&file, r#"{"limit": 3}"#).unwrap();
    update_sends(&["--settings", &format!("@{}", file.display())], json!({"settings": {"limit": 3}}), "");
    update_sends(&["--settings", "-"], json!({"settings": {"limit": 4}}), r#"{"limit": 4}"#);
}

#[test]
fn what_steers_a_terminal_is_escaped_in_json_and_quiet_output() {
    let evil = with(slack(), json!({"id": "int_\u{1b}[2J\n", "display_name": "\u{9b}2J\u{202e}\u{7f}"}));
    let list = || Exchange::new("GET", "", &json!([evil]));
    run("list_evil", &["integrations", "list"], [list()]);
    run("list_evil_quiet", &["integrations", "list", "--quiet"], [list()]);
}

#[test]
fn completions_come_for_every_shell_without_a_key() {
    for shell in ["bash", "zsh", "fish", "powershell", "elvish"] {
        let output = riq(&["completions", shell]).output().unwrap();
        let script = String::from_utf8(output.stdout).unwrap();
        assert_eq!(output.status.code(), Some(0), "{shell}");
        assert!(script.contains("RIQ_COMPLETE") && script.contains("riq"), "{shell}: {script}");
    }
}

/// What a shell is told while these words are typed.
fn completed(words: &[&str]) -> Vec<String> {
    let arguments: Vec<&str> = ["--", "riq"].into_iter().chain(words.iter().copied()).collect();
    let output = riq(&arguments).env("RIQ_COMPLETE", "fish").output().unwrap();
    assert_eq!(output.status.code(), Some(0), "{words:?}");
    let told = String::from_utf8(output.stdout).unwrap();
    told.lines().map(|line| line.split('\t').next().unwrap().to_owned()).collect()
}

#[test]
fn a_shell_is_told_commands_options_and_names() {
    for (words, some, none) in [
        (&[""][..], "actions", "stripe"),
        (&["integrations", ""], "install-url", "stripe"),
        (&["integrations", "install", ""], "stripe", "issue_refund"),
        (&["integrations", "install", "slack", "--"], "--no-browser", "--keep-secret"),
        (&["actions", "run", "s"], "slack", "stripe.issue_refund"),
        (&["actions", "run", "stripe", ""], "issue_refund", "post_message"),
        (&["actions", "run", "slack~eu", ""], "post_message", "issue_refund"),
        (&["policy", "explain", "stripe", "iss"], "issue_refund", "lookup_charge"),
        (&["policy", "replay", ""], "stripe", "issue_refund"),
        (&["integrations", "update", "stripe", "--ask", ""], "issue_refund", "post_message"),
        (&["runs", "list", "--action", ""], "issue_refund", "stripe"),
        (&["proxy", ""], "slack", "issue_refund"),
        (&["oauth-apps", "set", ""], "shopify", "issue_refund"),
        (&["audit", "list", "--action", ""], "", "issue_refund"),
    ] {
        let told = completed(words);
        assert!(some.is_empty() || told.iter().any(|one| one == some), "{words:?}: {told:?}");
        assert!(!told.iter().any(|one| one == none), "{words:?}: {told:?}");
    }
}

#[test]
fn json_at_a_timeout_of_its_own() {
    run_with("list_json", &["--json", "--timeout", "5", "integrations", "list"], [list()], |command| command);
}
