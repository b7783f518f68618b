//! `install`: the address, the browser, and waiting for the end.

use serde_json::{Value, json};

use crate::api::{Api, Exchange, KEY, PROJECT};
use crate::fixtures::{slack, with};
use crate::golden::{riq, run, run_with};

const URL: &str = "https://riq.example/dashboard/projects/prj_1/integrations/slack?session=once";

const INSTALL: [&str; 3] = ["integrations", "install", "slack"];
const WAIT: [&str; 4] = ["integrations", "install", "slack", "--wait"];

fn answer() -> Value {
    json!({
        "provider": "slack", "install_url": URL, "setup_type": "oauth",
        "message": "Open the URL above in a browser to complete installation.",
    })
}

fn link() -> Exchange {
    Exchange::new("POST", "/slack/install-url", &answer())
}

fn list(integration: Option<&Value>) -> Exchange {
    Exchange::new("GET", "", &integration.into_iter().cloned().collect())
}

fn with_version(changes: Value, etag: &str) -> Value {
    with(with(slack(), changes), json!({"etag": etag}))
}

/// Runs a command that waits, without pausing between two questions.
fn waits(golden: &str, arguments: &[&str], script: impl IntoIterator<Item = Exchange>) {
    run_with(golden, arguments, script, |command| command.env("RIQ_WAIT_INTERVAL_MS", "0"));
}

#[test]
fn install_prints_data_and_its_url_alone_when_quiet() {
    run("install", &INSTALL, [link()]);
    run("install_quiet", &["integrations", "install", "slack", "--quiet", "--no-browser"], [link()]);
}

#[test]
fn a_provider_without_an_oauth_app_is_refused() {
    let refused = || link().refuses(409, "PROVIDER_NOT_CONFIGURED", "No OAuth app is set for Slack");
    run("install_not_configured", &INSTALL, [refused()]);
    waits("install_wait_not_configured", &WAIT, [list(None), refused()]);
}

#[test]
fn waiting_ends_when_it_is_active() {
    waits("install_wait", &WAIT, [list(None), link(), list(None), list(None), list(Some(&slack()))]);
}

#[test]
fn a_reconnection_is_told_by_its_version() {
    let (old, new) = (with_version(json!({}), "\"3\""), with_version(json!({}), "\"4\""));
    waits("install_wait_reconnected", &WAIT, [list(Some(&old)), link(), list(Some(&old)), list(Some(&new))]);
    let gone = with_version(json!({"status": "disconnected"}), "\"3\"");
    let back = with_version(json!({}), "\"4\"");
    waits("install_wait_again", &WAIT, [list(Some(&gone)), link(), list(Some(&gone)), list(Some(&back))]);
}

#[test]
fn waiting_says_why_it_failed() {
    let changes = json!({"status": "error", "error_message": "Slack refused the credential"});
    let (before, after) = (with_version(changes.clone(), "\"3\""), with_version(changes, "\"4\""));
    let script = [list(Some(&before)), link(), list(Some(&before)), list(Some(&after))];
    waits("install_wait_error", &WAIT, script);
}

#[test]
fn waiting_is_bounded() {
    let arguments = ["integrations", "install", "slack", "--wait=0s"];
    run("install_wait_too_long", &arguments, [list(None), link(), list(None)]);
    let broken = || list(None).refuses(503, "SERVICE_UNAVAILABLE", "The database does not answer");
    run("install_wait_broken", &arguments, [list(None), link(), broken()]);
}

#[test]
fn an_api_that_fails_for_a_while_is_asked_again() {
    let broken = || list(None).refuses(503, "SERVICE_UNAVAILABLE", "The database does not answer");
    let proxy = list(None).answers(502, "<html>Bad gateway</html>").header("Content-Type", "text/html");
    let script = [list(None), link(), broken(), list(None).hang_up(), proxy, broken(), list(Some(&slack()))];
    waits("install_wait_after_trouble", &WAIT, script);
}

#[test]
fn an_api_that_refuses_is_not_asked_again() {
    let revoked = list(None).refuses(401, "UNAUTHORIZED", "The API key was revoked");
    waits("install_wait_revoked", &WAIT, [list(None), link(), revoked]);
    // Without the list nobody could tell a reconnection: no link is made then.
    let missing = list(None).refuses(404, "PROJECT_NOT_FOUND", "No such project");
    waits("install_wait_no_project", &WAIT, [missing]);
}

/// A browser that lives in the terminal, so that the command waits for it: it notes what it was asked to show.
#[cfg(unix)]
pub(crate) struct TerminalBrowser {
    directory: tempfile::TempDir,
    pub(crate) program: String,
}

#[cfg(unix)]
impl TerminalBrowser {
    pub(crate) fn new(status: i32) -> Self {
        use std::fs::Permissions;
        use std::os::unix::fs::PermissionsExt as _;
        let directory = tempfile::tempdir().unwrap();
        let program = directory.path().join("lynx");
        std::fs::write(&program, format!("#!/bin/sh\necho \"$@\" >> \"$0.log\"\nexit {status}\n")).unwrap();
        std::fs::set_permissions(&program, Permissions::from_mode(0o755)).unwrap();
        Self { program: program.display().to_string(), directory }
    }

    pub(crate) fn shown(&self) -> String {
        std::fs::read_to_string(self.directory.path().join("lynx.log")).unwrap_or_default()
    }
}

#[cfg(unix)]
mod at_a_terminal {
    use super::*;
    use crate::terminal::{PLAIN, end, shows, start};

    #[test]
    fn the_browser_is_opened() {
        let browser = TerminalBrowser::new(0);
        let extra = [PLAIN, &[("BROWSER", &browser.program)]].concat();
        shows("install", 100, &INSTALL, &extra, vec![link()]);
        assert_eq!(browser.shown(), format!("{URL}\n"));
    }

    #[test]
    fn no_browser_is_opened_where_that_is_unwanted() {
        let browser = TerminalBrowser::new(0);
        let named = [PLAIN, &[("BROWSER", &browser.program)]].concat();
        let arguments = ["integrations", "install", "slack", "--no-browser"];
        shows("install_no_browser", 100, &arguments, &named, vec![link()]);
        let from_environment = [&named[..], &[("RIQ_API_KEY", KEY)]].concat();
        shows("install_key_from_environment", 100, &INSTALL, &from_environment, vec![link()]);
        assert_eq!(browser.shown(), "");
    }

    #[test]
    fn it_is_said_when_there_is_no_browser() {
        shows("install_no_screen", 100, &INSTALL, PLAIN, vec![link()]);
        // No other browser is on the path: only what a test's terminal is set up with.
        let broken = TerminalBrowser::new(1);
        let path = broken.directory.path();
        std::os::unix::fs::symlink("/bin/stty", path.join("stty")).unwrap();
        let extra = [PLAIN, &[("BROWSER", &broken.program), ("PATH", path.to_str().unwrap())]].concat();
        shows("install_broken_browser", 100, &INSTALL, &extra, vec![link()]);
        assert_eq!(broken.shown(), format!("{URL}\n"));
    }

    #[test]
    fn what_is_no_web_address_is_not_opened() {
        let browser = TerminalBrowser::new(0);
        let extra = [PLAIN, &[("BROWSER", &browser.program)]].concat();
        let evil = Exchange::new(
            "POST",
            "/slack/install-url",
            &with(answer(), json!({"install_url": "file:///etc/passwd"})),
        );
        shows("install_evil", 100, &INSTALL, &extra, vec![evil]);
        assert_eq!(browser.shown(), "");
    }

    #[test]
    fn progress_is_shown_while_waiting() {
        let quick = [PLAIN, &[("RIQ_WAIT_INTERVAL_MS", "0")]].concat();
        let broken = list(None).refuses(503, "SERVICE_UNAVAILABLE", "The database does not answer");
        let script = vec![list(None), link(), list(None), broken, list(Some(&slack()))];
        shows("install_wait", 100, &WAIT, &quick, script);
        let late = ["integrations", "install", "slack", "--wait=0s"];
        shows("install_wait_too_long", 100, &late, PLAIN, vec![list(None), link(), list(None)]);
    }

    #[test]
    fn an_interrupt_ends_the_waiting() {
        let api = Api::playing([list(None), link(), list(None)]);
        let extra = [PLAIN, &[("RIQ_WAIT_INTERVAL_MS", "600000")]].concat();
        let mut session = start(&api, 100, &WAIT, &extra);
        session.exp_string("Ctrl-C stops the waiting").unwrap();
        session.send_control('c').unwrap();
        assert_eq!(end(session).1, 130);
        api.finish();
    }
}

/// Standard input is no terminal here, although the key comes from a flag.
#[test]
fn no_browser_is_opened_where_nobody_is_at_a_terminal() {
    #[cfg(unix)]
    {
        let browser = TerminalBrowser::new(0);
        let api = Api::playing([link()]);
        riq(&[&INSTALL[..], &["--api-key", KEY]].concat())
            .env("BROWSER", &browser.program)
            .env("RIQ_PROJECT_ID", PROJECT)
            .env("RIQ_API_BASE", api.origin())
            .assert()
            .code(0)
            .stderr("");
        api.finish();
        assert_eq!(browser.shown(), "");
    }
}
