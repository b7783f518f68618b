//! Wrong calls: exit status 1, before anything is sent.

use serde_json::Value;

use crate::api::{Api, KEY, ORG, PROJECT};
use crate::golden::{riq, run};

const KEY_ID: &str = "key_01jc3q5v6w7x8y9zabcdefghjk";

/// Runs a wrong call: nothing may reach the API, nothing may be on standard output, and the error is JSON.
fn wrong(arguments: &[&str]) -> String {
    let api = Api::playing([]);
    let mut command = riq(arguments);
    command.env("RIQ_API_KEY", KEY).env("RIQ_PROJECT_ID", PROJECT).env("RIQ_ORG_ID", ORG);
    if !arguments.contains(&"--api-base") {
        command.env("RIQ_API_BASE", api.origin());
    }
    let output = command.output().unwrap();
    api.finish();
    assert_eq!(output.status.code(), Some(1), "{arguments:?}");
    assert!(output.stdout.is_empty(), "{arguments:?}");
    let error: Value = serde_json::from_slice(&output.stderr).unwrap();
    let names: Vec<&String> = error.as_object().unwrap().keys().collect();
    assert_eq!(names, ["error", "code", "request_id", "status_code"], "{arguments:?}");
    assert_eq!(error["code"], "USAGE_ERROR", "{arguments:?}");
    error["error"].as_str().unwrap().to_owned()
}

#[test]
fn what_clap_refuses_exits_1() {
    for arguments in [
        &[][..],
        &["integrations"],
        &["integrations", "lst"],
        &["integrations", "list", "extra"],
        &["integrations", "list", "--no-such-option"],
        &["integrations", "list", "--timeout", "0"],
        &["integrations", "show"],
        &["integrations", "show", ""],
        &["integrations", "show", ".."],
        &["integrations", "show", "a/b"],
        &["integrations", "catalog", "café"],
        &["integrations", "list", "--project", "shop"],
        &["integrations", "pause", "Slack"],
        &["integrations", "install", "catalog"],
        &["audit", "list", "--provider", "a b"],
        &["audit", "list", "--since", "yesterday"],
        &["audit", "list", "--until", "2026-05-01"],
        &["integrations", "catalog", "slack", "--q", "x"],
        &["integrations", "install"],
        &["integrations", "install", "slack", "--wait=30"],
        &["integrations", "install", "slack", "--wait=25h"],
        &["integrations", "install", "slack", "--wait", "5m"],
        &["integrations", "pause", "slack", "--if-match", "a b"],
        &["integrations", "check"],
        &["actions"],
        &["actions", "list"],
        &["actions", "show", "stripe"],
        &["actions", "show", "stripe", "Issue refunds"],
        &["actions", "run", "stripe", "issue_refund", "--input", "amount"],
        &["actions", "run", "stripe", "issue_refund", "--input", "=5"],
        &["actions", "run", "stripe", "issue_refund", "--idempotency-key", ""],
        &["runs", "show"],
        &["runs", "show", "run_1"],
        &["runs", "list", "--status", "done"],
        &["runs", "list", "--limit", "5", "--all"],
        &["approvals", "approve", "yes"],
        &["approvals", "list", "--status", "open"],
        &["approvals", "show", "run_01jc3q5v6w7x8y9zabcdefghjk"],
        &["proxy", "stripe", "GET"],
        &["proxy", "stripe", "GET", "https://api.stripe.com/v1/charges"],
        &["proxy", "stripe", "GET", "/v1/../v2"],
        &["proxy", "stripe", "G T", "/v1/charges"],
        &["proxy", "stripe", "GET", "/v1/charges", "--header", "Authorization: Bearer x"],
        &["proxy", "stripe", "POST", "/v1/refunds", "--data", "{}", "--form", "a=b"],
        &["proxy", "stripe", "POST", "/v1/refunds", "--data", "@/nowhere"],
        &["mcp", "stripe"],
        &["audit"],
        &["audit", "list", "--limit", "0"],
        &["audit", "list", "--limit", "5", "--all"],
        &["audit", "list", "--follow"],
        &["audit", "tail", "--since", "2026-05-01T00:00:00Z"],
        &["audit", "tail", "--lines", "10001"],
        &["completions", "tcsh"],
        &["--api-key"],
    ] {
        wrong(arguments);
    }
}

#[test]
fn what_is_wrong_about_what_would_be_decided_exits_1() {
    for arguments in [
        &["policy", "explain", "stripe"][..],
        &["policy", "explain", "stripe", "issue_refund", "--input", "amount"],
        &["policy", "replay", "stripe", "--since", "yesterday"],
        &["policy", "replay", "stripe", "--set", "refund_limit_cents"],
        &["policy", "replay", "stripe", "--set", "a=1", "--set", "a=2"],
        &["policy", "replay", "stripe", "--permit", "issue_refund=maybe"],
    ] {
        wrong(arguments);
    }
}

#[test]
fn what_clap_refuses_about_an_organization_exits_1() {
    for arguments in [
        &["integrations", "list", "--org"][..],
        &["projects"],
        &["projects", "show"],
        &["projects", "show", "acme-support"],
        &["projects", "create"],
        &["projects", "list", "--project", PROJECT],
        &["projects", "list", "--org", "acme"],
        &["projects", "update", PROJECT],
        &["projects", "update", PROJECT, "--domain", "a.example", "--clear-domain"],
        &["projects", "archive", PROJECT],
        &["projects", "archive", PROJECT, "--api-key", KEY],
        &["keys", "show", PROJECT],
        &["keys", "show", KEY],
        &["keys", "create", "--name", "CI"],
        &["keys", "create", "--scopes", "read"],
        &["keys", "create", "--name", "CI", "--scopes", "read", "--bind-to", "shop"],
        &["keys", "create", "--name", "CI", "--scopes", "read", "--project", PROJECT],
        &["keys", "create", "--name", "CI", "--scopes", "read", "--expires", "soon"],
        &["keys", "create", "--name", "CI", "--scopes", "read", "--tier", "huge"],
        &["keys", "update", KEY_ID],
        &["keys", "update", KEY_ID, "--bind-to", PROJECT, "--all-projects"],
        &["keys", "rotate", KEY_ID],
        &["keys", "rotate", KEY_ID, "--overlap", "1", "--yes"],
        &["keys", "revoke", KEY_ID],
        &["oauth-apps", "list", "--org", ORG, "--project", PROJECT],
        &["oauth-apps", "show", "slack~eu"],
        &["oauth-apps", "set", "slack"],
        &["oauth-apps", "set", "slack", "--client-id", "1"],
        &["oauth-apps", "set", "slack", "--client-id", "1", "--client-secret", "2"],
        &["oauth-apps", "set", "slack", "--client-id", "1", "--client-secret-file", "-", "--keep-secret"],
        &["oauth-apps", "set", "slack", "--client-id", "1", "--client-secret-file", "-"],
        &["oauth-apps", "set", "slack", "--client-id", "1", "--client-secret-file", "/nowhere"],
        &["oauth-apps", "remove", "slack"],
        &["oauth-apps", "check", "shopify", "--connection", "acme"],
        &["oauth-apps", "check", "shopify", "--connection", "shop=a", "--connection", "shop=b"],
    ] {
        wrong(arguments);
    }
}

#[test]
fn an_update_must_make_sense() {
    for (arguments, says) in [
        (&[][..], "no change is named"),
        (&["--if-match", "3"], "no change is named"),
        (&["--status", "error"], "[possible values: active, paused, disconnected]"),
        (&["--display-name", "a", "--clear-display-name"], "cannot be used with"),
        (&["--sidebar", "maybe"], "invalid value"),
        (&["--sidebar", "--no-sidebar"], "cannot be used with"),
        (&["--setting", "channel"], "KEY=JSON"),
        (&["--setting", "=1"], "KEY=JSON"),
        (&["--setting", "channel=orders"], "text needs its quotes, as in 'channel=\"text\"'"),
        (&["--setting", "a=1", "--setting", "a=2"], "twice"),
        (&["--settings", "[1]"], "not an object"),
        (&["--settings", "{"], "not JSON"),
        (&["--settings", "-"], "--settings - (standard input) is empty"),
        (
            &["--settings", r#"{"a": 1, "a": 2}"#],
            "--settings contains what the API refuses: a: Duplicate key",
        ),
        (
            &["--setting", r#"a={"b": 1, "b": 2}"#],
            "the value contains what the API refuses: b: Duplicate key",
        ),
        (&["--allow", "issue refund"], "such as issue_refund"),
        (&["--deny", "issue_refund=true"], "such as issue_refund"),
        (&["--settings", "@/nowhere.json"], "No such file"),
        (&["--allow", "a", "--deny", "a"], "--allow and by --deny"),
        (&["--ask", "a", "--deny", "a"], "--ask and by --deny"),
        (&["--allow", "a", "--yes"], "--status"),
        (&["--status", "disconnected"], "disconnecting slack needs --yes"),
        (&["--status", "disconnected", "--sidebar"], "disconnecting slack needs --yes"),
    ] {
        let all: Vec<&str> = ["integrations", "update", "slack"].iter().chain(arguments).copied().collect();
        let message = wrong(&all);
        assert!(message.contains(says), "{arguments:?}: {message}");
    }
}

#[test]
fn disconnect_never_asks_where_nobody_can_answer() {
    // Standard input is no terminal here, and the key comes from the environment.
    run("disconnect_needs_yes", &["integrations", "disconnect", "slack"], []);
    let message = wrong(&["integrations", "disconnect", "slack", "--api-key", KEY]);
    assert!(message.contains("--yes"), "{message}");
}

#[test]
fn a_key_with_a_typing_error_is_refused_and_not_shown() {
    let (swapped, short) = (KEY.replace("TestKey", "TestYek"), &KEY[..KEY.len() - 1]);
    for key in ["", "riq_secret\n", "riq_secrét", "riq secret", &swapped, short] {
        let message = wrong(&["integrations", "list", "--api-key", key]);
        assert!(message.contains("--api-key"), "{message}");
        assert!(key.is_empty() || !message.contains(key), "{message}");
    }
}

#[test]
fn a_key_in_place_of_its_id_is_not_shown() {
    for arguments in [&["keys", "show", KEY][..], &["keys", "revoke", KEY, "--yes"]] {
        let message = wrong(arguments);
        assert!(
            message.contains("KEY_ID is not an id: expected key_") && !message.contains(KEY),
            "{message}"
        );
    }
}

#[test]
fn an_address_or_project_that_is_none_is_refused() {
    for base in ["", "localhost:8080", "ftp://host", "http://user:hunter2@host", "http://host?x=1"] {
        let message = wrong(&["integrations", "list", "--api-base", base]);
        assert!(message.contains("--api-base"), "{message}");
        assert!(!message.contains("hunter2"), "{message}");
    }
    for project in ["", "..", "a/b", "a b", "prj_1", "shop", &PROJECT.to_uppercase()] {
        wrong(&["integrations", "list", "--project", project]);
    }
}

#[test]
fn a_usage_error_in_json_says_what_clap_says() {
    run("usage", &["integrations", "pause"], []);
    run("usage_unknown", &["integrations", "list", "--jason"], []);
}

#[test]
fn help_and_version_exit_0() {
    for arguments in [
        &["--help"][..],
        &["-h"],
        &["--version"],
        &["help"],
        &["integrations", "--help"],
        &["integrations", "help", "update"],
    ] {
        let output = riq(arguments).output().unwrap();
        assert_eq!(output.status.code(), Some(0), "{arguments:?}");
        assert!(!output.stdout.is_empty() && output.stderr.is_empty(), "{arguments:?}");
    }
}

#[test]
fn help_has_examples_for_every_command() {
    const INTEGRATIONS: [&str; 9] =
        ["list", "catalog", "show", "install", "install-url", "update", "pause", "resume", "disconnect"];
    for (group, commands) in [
        ("integrations", &INTEGRATIONS[..]),
        ("projects", &["list", "show", "create", "update", "archive", "restore"]),
        ("keys", &["list", "show", "create", "update", "rotate", "revoke"]),
        ("oauth-apps", &["list", "show", "set", "remove", "check"]),
        ("auth", &["login", "logout", "status"]),
    ] {
        for command in commands {
            let output = riq(&[group, command, "--help"]).output().unwrap();
            let help = String::from_utf8(output.stdout).unwrap();
            assert!(help.contains(&format!("  riq {group} {command}")), "{help}");
            assert!(!help.contains('\u{1b}'), "{help}");
        }
    }
}

#[test]
fn a_call_that_is_wrong_for_an_organization_says_why() {
    let archive = ["projects", "archive", PROJECT];
    for (arguments, says) in [
        (&["keys", "list", "--project", PROJECT][..], "a key is bound to projects by --bind-to"),
        (&["oauth-apps", "list", "--org", ORG, "--project", PROJECT], "cannot both be given"),
        (&["projects", "list", "--org", "acme"], "the organization from --org is not an id: expected org_"),
        (&archive, "archiving prj_01jc3q5v6w7x8y9zabcdefghjk needs --yes"),
        (&["keys", "rotate", KEY_ID], "rotating key_01jc3q5v6w7x8y9zabcdefghjk needs --yes"),
        (&["keys", "revoke", KEY_ID], "revoking key_01jc3q5v6w7x8y9zabcdefghjk needs --yes"),
        (&["oauth-apps", "remove", "slack"], "removing the app for slack needs --yes"),
        (
            &["oauth-apps", "set", "slack", "--client-id", "1"],
            "--client-secret-file - reads it from standard input",
        ),
    ] {
        let message = wrong(arguments);
        assert!(message.contains(says), "{arguments:?}: {message}");
    }
}
