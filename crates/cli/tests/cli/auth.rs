//! `auth`: getting a key that a person approves in the browser, and what becomes of the config file.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::PathBuf;

use assert_cmd::Command;
use integrations_core::api_key::ApiKey;
use serde_json::{Value, json};

use crate::api::{Api, Exchange, KEY, ORG, PROJECT};
use crate::fixtures::with;
use crate::golden::{compare, riq};
use crate::install::TerminalBrowser;
use crate::terminal::{Extra, PLAIN, end, start_without_key};

const LOGIN: [&str; 2] = ["auth", "login"];
/// The page at the server's own address.
const AT_HOME: &str = "http://API/device";

/// The key that the person approves.
fn new_key() -> String {
    ApiKey::from_entropy([7; 32]).expose().to_owned()
}

/// A config file in a directory of its own.
struct File {
    directory: tempfile::TempDir,
}

impl File {
    fn absent() -> Self {
        Self { directory: tempfile::tempdir().unwrap() }
    }

    fn saying(text: &str) -> Self {
        let file = Self::absent();
        fs::create_dir_all(file.path().parent().unwrap()).unwrap();
        fs::write(file.path(), text).unwrap();
        file.set_mode(0o600);
        file
    }

    fn path(&self) -> PathBuf {
        self.directory.path().join("riq").join("config.toml")
    }

    fn set_mode(&self, mode: u32) {
        fs::set_permissions(self.path(), fs::Permissions::from_mode(mode)).unwrap();
    }

    fn text(&self) -> String {
        fs::read_to_string(self.path()).unwrap()
    }

    /// The file's mode and text, and that nothing is beside it.
    fn state(&self) -> String {
        let Ok(metadata) = fs::metadata(self.path()) else {
            return "--- no config file\n".to_owned();
        };
        let beside = fs::read_dir(self.path().parent().unwrap()).unwrap().count();
        assert_eq!(beside, 1, "something is left beside the config file");
        format!("--- config file, mode {:04o}\n{}", metadata.permissions().mode() & 0o7777, self.text())
    }

    /// A transcript without what differs from run to run, and without keys.
    fn transcript(&self, api: &Api, arguments: &[&str], text: &str) -> String {
        format!("$ riq {}\n{text}{}", arguments.join(" "), self.state())
            .replace(&api.origin(), "http://API")
            .replace(&self.path().display().to_string(), "CONFIG")
            .replace(&new_key(), "NEW_KEY")
            .replace(KEY, "OLD_KEY")
    }
}

/// Runs a command without a terminal and without a key in the environment, and compares all that comes out of it, and
/// the config file afterwards.
fn run(golden: &str, file: &File, arguments: &[&str], script: Vec<Exchange>) {
    run_with(golden, file, arguments, script, |command| command);
}

fn run_with(
    golden: &str,
    file: &File,
    arguments: &[&str],
    script: Vec<Exchange>,
    prepare: impl FnOnce(&mut Command) -> &mut Command,
) {
    let api = Api::playing(script);
    let mut command = riq(arguments);
    command
        .env("XDG_CONFIG_HOME", file.directory.path())
        .env("RIQ_API_BASE", api.origin())
        .env("RIQ_WAIT_INTERVAL_MS", "0");
    let output = prepare(&mut command).output().unwrap();
    let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap();
    let said = format!(
        "exit {}\n--- stdout\n{}--- stderr\n{}",
        output.status.code().unwrap(),
        text(&output.stdout),
        text(&output.stderr)
    );
    let transcript = file.transcript(&api, arguments, &said);
    api.finish();
    compare(golden, &transcript);
}

/// The same at a terminal.
fn shows(golden: &str, file: &File, arguments: &[&str], extra: Extra<'_>, script: Vec<Exchange>) {
    let api = Api::playing(script);
    let directory = file.directory.path().display().to_string();
    let own: Extra<'_> = &[("XDG_CONFIG_HOME", &directory), ("RIQ_WAIT_INTERVAL_MS", "0")];
    // Wide enough that the address of the stand-in, which differs in length, breaks no line.
    let (text, status) = end(start_without_key(&api, 200, arguments, &[PLAIN, own, extra].concat()));
    let said = format!("exit {status}\n{}", text.replace("\r\n", "\n"));
    let transcript = file.transcript(&api, arguments, &said);
    api.finish();
    compare(&format!("terminal_{golden}"), &transcript);
}

fn codes() -> Value {
    json!({
        "device_code": "the-device-code", "user_code": "WDJB-MJHT", "expires_in": 900, "interval": 5,
        "verification_uri": AT_HOME,
        "verification_uri_complete": "http://API/device?code=WDJB-MJHT", "a_field_of_tomorrow": 1,
    })
}

fn begins_as(client_name: &str, codes: &Value) -> Exchange {
    Exchange::device("code", json!({"client_name": client_name}), 200, codes)
}

fn begins() -> Exchange {
    begins_as("riq", &codes())
}

fn poll(status: u16, answer: &Value) -> Exchange {
    Exchange::device("token", json!({"device_code": "the-device-code"}), status, answer)
}

fn refused(status: u16, code: &str, message: &str) -> Exchange {
    poll(status, &json!({"error": message, "code": code, "request_id": "req_1", "retry_after": 0}))
}

fn pending() -> Exchange {
    refused(202, "AUTHORIZATION_PENDING", "Nobody has decided yet; poll again")
}

fn token() -> Value {
    json!({
        "access_token": new_key(), "token_type": "bearer", "expires_in": 604_800, "scope": "read integrations:write",
        "key_id": "key_01jc3q5v6w7x8y9zabcdefghjk", "org_id": ORG, "project_id": PROJECT, "a_field_of_tomorrow": 1,
    })
}

fn approved() -> Exchange {
    poll(200, &token())
}

#[test]
fn an_approved_login_stores_the_key() {
    let script = || vec![begins(), pending(), pending(), approved()];
    run("login", &File::absent(), &LOGIN, script());
    run("login_quiet", &File::absent(), &["auth", "login", "--quiet"], script());
    shows("login", &File::absent(), &LOGIN, &[], script());
    let elsewhere = json!({
        "verification_uri": "https://riq.example/device",
        "verification_uri_complete": "https://riq.example/device?code=WDJB-MJHT",
    });
    let elsewhere = || vec![begins_as("riq", &with(codes(), elsewhere.clone())), approved()];
    run("login_elsewhere", &File::absent(), &LOGIN, elsewhere());
    shows("login_elsewhere", &File::absent(), &LOGIN, &[], elsewhere());
    let named = ["auth", "login", "--name", "riq on a laptop", "--no-browser"];
    run("login_named", &File::absent(), &named, vec![begins_as("riq on a laptop", &codes()), approved()]);
}

#[test]
fn a_login_keeps_what_the_config_file_says_otherwise() {
    let file = File::saying(&format!("# mine\napi_key = '{KEY}' # the old one\n\nproject = '{PROJECT}'\n"));
    run("login_again", &file, &LOGIN, vec![begins(), approved()]);
    let other = "prj_01jc3q5v6w7x8y9zabcdefghjm";
    let of_other = "org_01jc3q5v6w7x8y9zabcdefghjm";
    let file = File::saying(&format!("project = '{other}'\norg = '{of_other}'\n"));
    run("login_other_project", &file, &LOGIN, vec![begins(), approved()]);
    let wide = with(token(), json!({"project_id": null, "expires_in": null, "org_id": "", "key_id": ""}));
    run("login_wide", &File::absent(), &LOGIN, vec![begins(), poll(200, &wide)]);
}

/// A login that fails leaves the config file as it was: to the byte, or absent.
fn fails(golden: &str, script: Vec<Exchange>) {
    shows(golden, &File::absent(), &LOGIN, &[], script.clone());
    let text = format!("api_key = '{KEY}'   # \"odd\"\n");
    let file = File::saying(&text);
    run(golden, &file, &LOGIN, script);
    assert_eq!(file.text(), text);
}

#[test]
fn a_login_that_is_denied_or_expires_changes_nothing() {
    fails("login_denied", vec![begins(), pending(), refused(403, "ACCESS_DENIED", "The login was denied")]);
    fails("login_expired", vec![begins(), refused(400, "EXPIRED_TOKEN", "The device code has expired")]);
    let late = with(codes(), json!({"expires_in": 0}));
    fails("login_late", vec![begins_as("riq", &late), pending()]);
}

#[test]
fn a_server_that_is_slow_or_away_is_asked_again() {
    let slow = || refused(429, "SLOW_DOWN", "The program polls too often");
    let away = refused(503, "SERVICE_UNAVAILABLE", "The database does not answer");
    let proxy = pending().answers(502, "<html>Bad gateway</html>").header("Content-Type", "text/html");
    let script = vec![begins(), slow(), pending(), slow(), away, pending().hang_up(), proxy, approved()];
    shows("login_slow", &File::absent(), &LOGIN, &[], script.clone());
    run("login_slow", &File::absent(), &LOGIN, script);
}

#[test]
fn a_server_that_does_not_know_it_is_said_to_be_so() {
    let unknown = begins().answers(
        404,
        &json!({"error": "There is no such route", "code": "RESOURCE_NOT_FOUND", "request_id": "req_1"})
            .to_string(),
    );
    fails("login_unknown", vec![unknown]);
    let html = begins().answers(404, "<html>Not found</html>").header("Content-Type", "text/html");
    fails("login_no_api", vec![html]);
    let often =
        json!({"error": "Too many", "code": "RATE_LIMITED", "request_id": "req_1", "retry_after": 40});
    fails("login_limited", vec![begins().answers(429, &often.to_string())]);
}

#[test]
fn what_the_server_says_is_not_believed() {
    for (golden, changes) in [
        ("login_evil_code", json!({"user_code": "A\u{1b}[2J\u{9b}31m"})),
        ("login_long_code", json!({"user_code": "A".repeat(65)})),
        ("login_evil_page", json!({"verification_uri": "file:///etc/passwd"})),
        ("login_evil_script", json!({"verification_uri_complete": "javascript:alert(1)"})),
        (
            "login_two_pages",
            json!({"verification_uri_complete": "https://evil.example/device?code=WDJB-MJHT"}),
        ),
    ] {
        fails(golden, vec![begins_as("riq", &with(codes(), changes))]);
    }
    for (golden, changes) in [
        ("login_no_key", json!({"access_token": "riq_short"})),
        ("login_evil_key", json!({"access_token": "\u{1b}[2J\nproject = 'x'"})),
    ] {
        fails(golden, vec![begins(), poll(200, &with(token(), changes))]);
    }
    fails("login_other_shape", vec![begins(), poll(200, &json!({"data": token()}))]);
    fails("login_other_begin", vec![begins_as("riq", &json!({"data": codes()}))]);
}

#[test]
fn what_steers_a_terminal_does_not_reach_it() {
    let page = "http://API/device\u{1b}[2J\u{202e}\u{9b}31m";
    let codes = with(codes(), json!({"verification_uri": page}));
    let changes = json!({
        "scope": "read\u{1b}[2J\u{9b}31m", "key_id": "key_\u{202e}", "org_id": "org_\u{1b}c", "project_id": "prj_\n",
    });
    let script = || vec![begins_as("riq", &codes), poll(200, &with(token(), changes.clone()))];
    shows("login_evil", &File::absent(), &LOGIN, &[], script());
    run("login_evil", &File::absent(), &LOGIN, script());
    let evil = refused(403, "ACCESS_DENIED", "No\u{1b}[2J\n\u{9b}31mroot# ");
    shows("login_evil_error", &File::absent(), &LOGIN, &[], vec![begins(), evil]);
}

/// Logs in at a terminal, with a page at this address. Returns what the terminal got.
fn logs_in_at(page: &str, arguments: &[&str], extra: Extra<'_>) -> String {
    let file = File::absent();
    let changes = json!({
        "verification_uri": page, "verification_uri_complete": format!("{page}?code=WDJB-MJHT"),
    });
    let api = Api::playing([begins_as("riq", &with(codes(), changes)), approved()]);
    let directory = file.directory.path().display().to_string();
    let own: Extra<'_> = &[("XDG_CONFIG_HOME", &directory), ("RIQ_WAIT_INTERVAL_MS", "0")];
    let (text, status) = end(start_without_key(&api, 200, arguments, &[PLAIN, own, extra].concat()));
    api.finish();
    assert_eq!(status, 0, "{text}");
    text
}

#[test]
fn the_page_is_opened_only_at_the_servers_own_address() {
    let browser = TerminalBrowser::new(0);
    let named: Extra<'_> = &[("BROWSER", &browser.program)];
    for elsewhere in
        ["https://evil.example/device", "http://127.0.0.1:1/device", "http://riq.example@evil.example/"]
    {
        let text = logs_in_at(elsewhere, &LOGIN, named);
        assert!(text.contains("and not at the API base"), "{text}");
        assert_eq!(browser.shown(), "", "{elsewhere}");
    }
    let text = logs_in_at(AT_HOME, &LOGIN, named);
    assert!(text.contains("The page is open in the browser."), "{text}");
    let shown = browser.shown();
    assert!(shown.starts_with("http://127.0.0.1:") && shown.ends_with("/device?code=WDJB-MJHT\n"), "{shown}");
}

#[test]
fn no_browser_is_opened_where_that_is_unwanted() {
    let browser = TerminalBrowser::new(0);
    let named: Extra<'_> = &[("BROWSER", &browser.program)];
    logs_in_at(AT_HOME, &["auth", "login", "--no-browser"], named);
    let from_environment = [named, &[("RIQ_API_KEY", KEY)]].concat();
    let text = logs_in_at(AT_HOME, &LOGIN, &from_environment);
    assert!(text.contains("the key from RIQ_API_KEY in the environment goes before"), "{text}");
    assert_eq!(browser.shown(), "");
    // Standard input is no terminal here.
    run_with("login_no_terminal", &File::absent(), &LOGIN, vec![begins(), approved()], |command| {
        command.env("BROWSER", &browser.program)
    });
    assert_eq!(browser.shown(), "");
    let broken = TerminalBrowser::new(1);
    let path = broken.program.rsplit_once('/').unwrap().0.to_owned();
    std::os::unix::fs::symlink("/bin/stty", format!("{path}/stty")).unwrap();
    let text = logs_in_at(AT_HOME, &LOGIN, &[("BROWSER", &broken.program), ("PATH", &path)]);
    assert!(text.contains("riq could not open a browser"), "{text}");
}

#[test]
fn a_login_does_not_begin_without_a_fit_place_for_the_key() {
    let file = File::saying("api_base = 'https://other.example'\n");
    run("login_other_server", &file, &LOGIN, vec![]);
    let file = File::saying(&format!("api_key = '{KEY}'\n"));
    file.set_mode(0o644);
    run("login_open_file", &file, &LOGIN, vec![]);
    assert_eq!(fs::metadata(file.path()).unwrap().permissions().mode() & 0o7777, 0o644);
    let file = File::saying("api_key = riq_secret\n");
    run("login_broken_file", &file, &LOGIN, vec![]);
    run_with("login_no_home", &File::absent(), &LOGIN, vec![], |command| {
        command.env_remove("XDG_CONFIG_HOME")
    });
}

#[test]
fn a_key_that_could_not_be_stored_is_named() {
    let file = File::saying("");
    let link = file.directory.path().join("nowhere");
    fs::write(&link, "").unwrap();
    let config = link.join("config.toml").display().to_string();
    let api = Api::playing([begins(), approved()]);
    let output = riq(&["auth", "login", "--config", &config])
        .env("RIQ_API_BASE", api.origin())
        .env("RIQ_WAIT_INTERVAL_MS", "0")
        .output()
        .unwrap();
    api.finish();
    let stderr = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(1), "{stderr}");
    assert!(stderr.contains("the new key key_01jc3q5v6w7x8y9zabcdefghjk is lost; revoke it"), "{stderr}");
    assert!(!stderr.contains(&new_key()), "{stderr}");
}

#[test]
fn a_link_to_the_config_file_stays_one() {
    let file = File::absent();
    let real = file.directory.path().join("real.toml");
    fs::write(&real, "# real\n").unwrap();
    fs::set_permissions(&real, fs::Permissions::from_mode(0o600)).unwrap();
    fs::create_dir(file.path().parent().unwrap()).unwrap();
    std::os::unix::fs::symlink(&real, file.path()).unwrap();
    run("login_link", &file, &LOGIN, vec![begins(), approved()]);
    assert!(fs::symlink_metadata(file.path()).unwrap().is_symlink());
    assert!(fs::read_to_string(&real).unwrap().contains(&new_key()));
}

#[test]
fn an_interrupt_ends_the_waiting_and_changes_nothing() {
    let file = File::absent();
    let api = Api::playing([begins()]);
    let directory = file.directory.path().display().to_string();
    let extra =
        [PLAIN, &[("XDG_CONFIG_HOME", directory.as_str()), ("RIQ_WAIT_INTERVAL_MS", "600000")]].concat();
    let mut session = start_without_key(&api, 100, &LOGIN, &extra);
    session.exp_string("enter the code WDJB-MJHT").unwrap();
    session.send_control('c').unwrap();
    assert_eq!(end(session).1, 130);
    api.finish();
    assert_eq!(file.state(), "--- no config file\n");
}

#[test]
fn logout_removes_the_key_and_nothing_else() {
    let text = format!("# mine\napi_key = '{KEY}'\n# shop\nproject = '{PROJECT}' # the first\n");
    let logout = ["auth", "logout"];
    run("logout", &File::saying(&text), &logout, vec![]);
    run("logout_quiet", &File::saying(&text), &["auth", "logout", "--quiet"], vec![]);
    shows("logout", &File::saying(&text), &logout, &[], vec![]);
    let last = format!("project = '{PROJECT}'\n# mine\napi_key = '{KEY}' # old\n# end\n");
    run("logout_last", &File::saying(&last), &logout, vec![]);
    run("logout_no_file", &File::absent(), &logout, vec![]);
    shows("logout_no_file", &File::absent(), &logout, &[], vec![]);
    run_with("logout_environment", &File::saying(&text), &logout, vec![], |command| {
        command.env("RIQ_API_KEY", KEY)
    });
}

#[test]
fn status_says_whether_the_key_is_accepted() {
    let status = ["auth", "status"];
    let file = || File::saying(&format!("api_key = '{KEY}'\nproject = '{PROJECT}'\n"));
    let asked = || Exchange::new("GET", "", &json!([]));
    run("status", &file(), &status, vec![asked()]);
    run("status_quiet", &file(), &["auth", "status", "--quiet"], vec![asked()]);
    shows("status", &file(), &status, &[], vec![asked()]);
    let scope = asked().refuses(403, "INSUFFICIENT_SCOPE", "The API key lacks integrations:read");
    run("status_scope", &file(), &status, vec![scope]);
    let revoked = || asked().refuses(401, "UNAUTHORIZED", "The API key is revoked");
    run("status_revoked", &file(), &status, vec![revoked()]);
    shows("status_revoked", &file(), &status, &[], vec![revoked()]);
    let of_org = File::saying(&format!("api_key = '{KEY}'\norg = '{ORG}'\n"));
    run("status_org", &of_org, &status, vec![Exchange::in_org("GET", "/projects", &json!([]))]);
    shows("status_not_asked", &File::saying(&format!("api_key = '{KEY}'\n")), &status, &[], vec![]);
    run("status_no_key", &File::absent(), &status, vec![]);
    shows("status_no_key", &File::absent(), &status, &[], vec![]);
}
