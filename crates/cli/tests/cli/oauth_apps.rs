//! `oauth-apps`: the OAuth apps of an organization or of a project. The client secret is never shown, nor an argument.

use assert_cmd::Command;
use rexpect::session::{PtySession, spawn_command};
use serde_json::{Value, json};

use crate::api::{Api, Exchange, KEY, ORG, PROJECT};
use crate::fixtures::with;
use crate::golden::{riq, run};
use crate::terminal::{Extra, PATIENCE, PLAIN, end, shows, start};

const SECRET: &str = "5f4dcc3b5aa765d61d8327deb882cf99";
const LIST: [&str; 2] = ["oauth-apps", "list"];
const SET: [&str; 5] = ["oauth-apps", "set", "slack", "--client-id", "123.456"];
const REMOVE: [&str; 3] = ["oauth-apps", "remove", "slack"];

fn slack() -> Value {
    json!({
        "provider": "slack", "name": "Slack", "owner": "organization", "client_id": "123.456",
        "scopes": ["chat:write", "channels:read"], "default_scopes": ["chat:write", "channels:read"],
        "redirect_uri": "https://integrations.example.com/oauth/callback",
        "registration_url": "https://api.slack.com/apps", "updated_at": "2026-05-17T17:55:00.1Z",
        "a_field_of_tomorrow": {},
    })
}

fn shopify() -> Value {
    let changes = json!({
        "provider": "shopify", "name": "Shopify", "owner": null, "client_id": null, "scopes": ["read_orders"],
        "default_scopes": ["read_orders"], "registration_url": null, "updated_at": null,
    });
    with(slack(), changes)
}

fn of_server() -> Value {
    with(slack(), json!({"owner": "server", "client_id": null}))
}

fn in_org(method: &'static str, below: &str, data: &Value) -> Exchange {
    Exchange::in_org(method, &format!("/oauth-apps{below}"), data)
}

fn in_project(method: &'static str, below: &str, data: &Value) -> Exchange {
    Exchange::new(method, "", data).at(&format!("/api/v1/projects/{PROJECT}/oauth-apps{below}"))
}

fn all() -> Value {
    json!([shopify(), slack(), with(of_server(), json!({"provider": "zendesk", "name": "Zendesk"}))])
}

fn set(body: Value) -> Exchange {
    in_org("PUT", "/slack", &slack()).body(body)
}

/// The arguments, followed by some more.
fn more<'a>(arguments: &[&'a str], others: &[&'a str]) -> Vec<&'a str> {
    [arguments, others].concat()
}

#[test]
fn list_names_every_provider_that_needs_an_app() {
    run("oauth_apps_list", &LIST, [in_org("GET", "", &all())]);
    run("oauth_apps_list_quiet", &more(&LIST, &["--quiet"]), [in_org("GET", "", &all())]);
    run("oauth_apps_list_empty", &LIST, [in_org("GET", "", &json!([]))]);
    shows("oauth_apps_list", 100, &LIST, PLAIN, vec![in_org("GET", "", &all())]);
    shows("oauth_apps_list_narrow", 50, &LIST, PLAIN, vec![in_org("GET", "", &all())]);
    let newer = json!([with(slack(), json!({"owner": "galaxy"}))]);
    shows("oauth_apps_list_newer", 100, &LIST, PLAIN, vec![in_org("GET", "", &newer)]);
}

/// The project of the environment counts for other commands only.
#[test]
fn a_project_is_meant_only_if_an_option_names_it() {
    let project = with(slack(), json!({"owner": "project"}));
    let of_project = more(&LIST, &["--project", PROJECT]);
    run("oauth_apps_list_project", &of_project, [in_project("GET", "", &json!([project]))]);
    shows("oauth_apps_list_project", 100, &of_project, PLAIN, vec![in_project("GET", "", &json!([project]))]);
    let remove = more(&REMOVE, &["--project", PROJECT, "--yes"]);
    shows("oauth_apps_remove_project", 80, &remove, PLAIN, vec![in_project("DELETE", "/slack", &slack())]);
    let keep = more(&SET, &["--project", PROJECT, "--keep-secret"]);
    let kept = in_project("PUT", "/slack", &project).body(json!({"client_id": "123.456"}));
    shows("oauth_apps_set_project", 80, &keep, PLAIN, vec![kept]);
}

#[test]
fn show_says_what_to_register() {
    let show = ["oauth-apps", "show", "slack"];
    run("oauth_apps_show", &show, [in_org("GET", "", &all())]);
    run("oauth_apps_show_quiet", &["oauth-apps", "get", "slack", "--quiet"], [in_org("GET", "", &all())]);
    shows("oauth_apps_show", 80, &show, PLAIN, vec![in_org("GET", "", &all())]);
    shows(
        "oauth_apps_show_none",
        80,
        &["oauth-apps", "show", "shopify"],
        PLAIN,
        vec![in_org("GET", "", &all())],
    );
    let wider = json!([with(slack(), json!({"scopes": ["chat:write", "files:read"]}))]);
    shows("oauth_apps_show_scopes", 80, &show, PLAIN, vec![in_org("GET", "", &wider)]);
    let missing = ["oauth-apps", "show", "stripe"];
    run("oauth_apps_show_missing", &missing, [in_org("GET", "", &all())]);
    shows("oauth_apps_show_missing", 80, &missing, PLAIN, vec![in_org("GET", "", &all())]);
}

/// Runs `set slack` where standard input is no terminal, and the secret is nowhere in the output.
fn sets(arguments: &[&str], body: Value, prepare: impl FnOnce(&mut Command)) {
    let api = Api::playing([set(body)]);
    let mut command = riq(&more(&SET, arguments));
    command.env("RIQ_API_KEY", KEY).env("RIQ_ORG_ID", ORG).env("RIQ_API_BASE", api.origin());
    prepare(&mut command);
    let output = command.output().unwrap();
    api.finish();
    let text = [output.stdout, output.stderr].map(|bytes| String::from_utf8(bytes).unwrap());
    assert_eq!(output.status.code(), Some(0), "{text:?}");
    assert!(text.iter().all(|text| !text.contains(SECRET)), "{text:?}");
}

#[test]
fn the_secret_comes_from_standard_input_or_a_file() {
    let whole = || json!({"client_id": "123.456", "client_secret": SECRET});
    sets(&["--client-secret-file", "-"], whole(), |command| {
        command.write_stdin(SECRET);
    });
    // What an editor, `echo` or a file of variables puts around it is taken off.
    sets(&["--client-secret-file", "-"], whole(), |command| {
        command.write_stdin(format!("\u{feff}\"{SECRET}\"\r\n"));
    });
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("secret");
    std::fs::write(&file, format!("{SECRET}\n")).unwrap();
    let file = file.display().to_string();
    sets(&["--client-secret-file", &file], whole(), |_| {});
    let scopes = json!({"client_id": "123.456", "scopes": ["chat:write", "files:read"]});
    sets(&["--keep-secret", "--scopes", "chat:write,files:read"], scopes, |_| {});
}

#[test]
fn set_prints_the_app() {
    let kept = || set(json!({"client_id": "123.456"}));
    let keep = more(&SET, &["--keep-secret"]);
    run("oauth_apps_set", &keep, [kept()]);
    run("oauth_apps_set_quiet", &more(&keep, &["--quiet"]), [kept()]);
    shows("oauth_apps_set", 80, &keep, PLAIN, vec![kept()]);
}

/// Runs `set slack` at a terminal that shows what is typed, and then prints how the terminal is set.
fn at_an_echoing_terminal(api: &Api) -> PtySession {
    let mut command = std::process::Command::new("/bin/sh");
    command
        .args(["-c", "trap : INT; stty echo; \"$@\"; status=$?; stty -a; exit $status", "sh"])
        .arg(env!("CARGO_BIN_EXE_riq"))
        .args(SET)
        .args(["--api-key", KEY])
        .env_clear()
        .env("PATH", "/usr/bin:/bin")
        .env("NO_COLOR", "1")
        .env("RIQ_ORG_ID", ORG)
        .env("RIQ_API_BASE", api.origin());
    spawn_command(command, Some(PATIENCE)).unwrap()
}

/// Checks that the terminal shows what is typed, as `stty -a` says at the end of the text.
fn echoes(text: &str) {
    let mut words = text.split_whitespace();
    assert!(words.any(|word| word == "echo") && words.any(|word| word == "-echonl"), "{text}");
}

#[test]
fn the_secret_is_asked_for_at_a_terminal_and_not_shown() {
    let api = Api::playing([set(json!({"client_id": "123.456", "client_secret": SECRET}))]);
    let mut session = at_an_echoing_terminal(&api);
    session.exp_string("Client secret of 123.456 (not shown): ").unwrap();
    session.send_line(SECRET).unwrap();
    let (text, status) = end(session);
    api.finish();
    assert_eq!(status, 0, "{text}");
    assert!(!text.contains(SECRET), "{text}");
    // The end of the line is shown, so the card begins on a line of its own.
    assert!(text.starts_with("\r\nProvider"), "{text:?}");
    echoes(&text);
}

#[test]
fn no_secret_is_no_app() {
    let api = Api::playing([]);
    let mut session = start(&api, 100, &SET, PLAIN);
    session.exp_string("(not shown): ").unwrap();
    session.send_line("").unwrap();
    let (text, status) = end(session);
    api.finish();
    assert_eq!(status, 1, "{text}");
    assert!(text.contains("the client secret from the terminal must be 1 to 4096 visible ASCII"), "{text}");
}

/// The terminal of a person who changes their mind shows again what they type.
#[test]
fn an_interrupt_brings_the_echo_back() {
    let api = Api::playing([]);
    let mut session = at_an_echoing_terminal(&api);
    session.exp_string("(not shown): ").unwrap();
    session.send_control('c').unwrap();
    let (text, status) = end(session);
    api.finish();
    assert_eq!(status, 130, "{text}");
    echoes(&text);
}

#[test]
fn the_secret_is_never_asked_for_where_nobody_can_answer() {
    run("oauth_apps_set_needs_secret", &SET, []);
    let environment: Extra<'_> = &[("RIQ_API_KEY", KEY), ("NO_COLOR", "1")];
    shows("oauth_apps_set_needs_secret", 80, &SET, environment, vec![]);
}

#[test]
fn remove_names_the_app_that_counts_afterwards() {
    let removed = || in_org("DELETE", "/slack", &of_server());
    let yes = more(&REMOVE, &["--yes"]);
    run("oauth_apps_remove", &yes, [removed()]);
    run("oauth_apps_remove_quiet", &more(&yes, &["--quiet"]), [removed()]);
    shows("oauth_apps_remove", 80, &yes, PLAIN, vec![removed()]);
    run("oauth_apps_remove_needs_yes", &REMOVE, []);
}

#[test]
fn removing_is_asked_about_at_a_terminal() {
    let api = Api::playing([in_org("GET", "", &all()), in_org("DELETE", "/slack", &of_server())]);
    let mut session = start(&api, 100, &REMOVE, PLAIN);
    let question = session.exp_string("Type yes to go on: ").unwrap();
    let says = format!("Remove the OAuth app 123.456 for Slack (slack) from organization {ORG}?");
    assert!(question.contains(&says), "{question}");
    session.send_line("yes").unwrap();
    let (text, status) = end(session);
    api.finish();
    assert_eq!(status, 0);
    assert!(text.contains(&format!("No app is set for organization {ORG} any more.")), "{text}");
    let api = Api::playing([in_org("GET", "", &all())]);
    let mut session = start(&api, 100, &REMOVE, PLAIN);
    session.exp_string("Type yes to go on: ").unwrap();
    session.send_line("no").unwrap();
    let (text, status) = end(session);
    api.finish();
    assert_eq!((text.trim(), status), ("not removed", 1));
}

/// The server's app counts in the organization, but is not removed there.
#[test]
fn what_is_set_elsewhere_is_not_asked_about() {
    let script = vec![in_org("GET", "", &json!([of_server()])), in_org("DELETE", "/slack", &of_server())];
    shows("oauth_apps_remove_none", 80, &REMOVE, PLAIN, script);
}

#[test]
fn check_says_what_the_provider_answered() {
    let verdict = |accepted: bool, status: Value, message: &str| json!({"accepted": accepted, "status_code": status, "message": message});
    let asked = |data: &Value| in_org("POST", "/slack/check", data).body(json!({}));
    let check = ["oauth-apps", "check", "slack"];
    let yes =
        verdict(true, json!(302), "Slack takes the request and asks the person to sign in or to consent.");
    run("oauth_apps_check", &check, [asked(&yes)]);
    run("oauth_apps_check_quiet", &more(&check, &["--quiet"]), [asked(&yes)]);
    shows("oauth_apps_check", 80, &check, PLAIN, vec![asked(&yes)]);
    let no = verdict(false, json!(400), "Slack refuses the request (invalid_client_id).");
    run("oauth_apps_check_refused", &check, [asked(&no)]);
    shows("oauth_apps_check_refused", 80, &check, PLAIN, vec![asked(&no)]);
    let mute = verdict(false, Value::Null, "Slack did not answer in time.");
    shows("oauth_apps_check_mute", 80, &check, PLAIN, vec![asked(&mute)]);
    let shop = ["oauth-apps", "check", "shopify", "--connection", "shop=acme=1", "--quiet"];
    let body = json!({"connection": {"shop": "acme=1"}});
    run("oauth_apps_check_connection", &shop, [in_org("POST", "/shopify/check", &yes).body(body)]);
}

#[test]
fn what_the_api_refuses_is_passed_on() {
    let check = ["oauth-apps", "check", "slack"];
    let unset = in_org("POST", "/slack/check", &Value::Null).body(json!({}));
    let unset = || unset.clone().refuses(409, "PROVIDER_NOT_CONFIGURED", "No OAuth app is set for Slack");
    run("oauth_apps_check_unset", &check, [unset()]);
    shows("oauth_apps_check_unset", 80, &check, PLAIN, vec![unset()]);
    let body = json!({"error": "Invalid body", "code": "BAD_REQUEST", "request_id": "req_1", "issues": [
        {"path": "client_secret", "message": "Required, as no secret is stored for this client id"}]});
    let refused = || set(json!({"client_id": "123.456"})).answers(400, &body.to_string());
    run("oauth_apps_set_refused", &more(&SET, &["--keep-secret"]), [refused()]);
    let unknown =
        in_org("DELETE", "/nope", &Value::Null).refuses(404, "PROVIDER_NOT_FOUND", "No provider nope");
    shows("oauth_apps_unknown", 80, &["oauth-apps", "remove", "nope", "--yes"], PLAIN, vec![unknown]);
    let no_oauth = in_org("DELETE", "/stripe", &Value::Null).refuses(
        404,
        "RESOURCE_NOT_FOUND",
        "The provider is not installed by OAuth, so it has no OAuth app",
    );
    shows("oauth_apps_no_oauth", 80, &["oauth-apps", "remove", "stripe", "--yes"], PLAIN, vec![no_oauth]);
    let scope =
        || in_org("GET", "", &Value::Null).refuses(403, "INSUFFICIENT_SCOPE", "Lacks oauth_apps:read");
    run("oauth_apps_scope", &LIST, [scope()]);
    let gone =
        in_project("GET", "", &Value::Null).refuses(404, "PROJECT_NOT_FOUND", "There is no such project");
    shows("oauth_apps_no_project", 80, &more(&LIST, &["--project", PROJECT]), PLAIN, vec![gone]);
}

#[test]
fn what_steers_a_terminal_does_not_reach_it() {
    let evil = json!([with(
        slack(),
        json!({"name": "\u{1b}[2J", "client_id": "\u{9b}31m", "scopes": ["\u{202e}"]})
    )]);
    shows("oauth_apps_evil", 100, &["oauth-apps", "show", "slack"], PLAIN, vec![in_org("GET", "", &evil)]);
}
