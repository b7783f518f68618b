//! `projects`: an organization's projects.

use std::slice::from_ref;

use serde_json::{Value, json};

use crate::api::{Api, Exchange, KEY, ORG, PROJECT};
use crate::fixtures::with;
use crate::golden::run;
use crate::terminal::{Extra, PLAIN, end, shows, start};

const LIST: [&str; 2] = ["projects", "list"];
const ARCHIVE: [&str; 3] = ["projects", "archive", PROJECT];

fn project() -> Value {
    json!({
        "id": PROJECT, "org_id": ORG, "name": "Acme Support", "slug": "acme-support", "domain": "support.example.com",
        "agent_mode": "off", "ai_model": null, "created_at": "2026-03-01T10:00:00.123456Z", "archived_at": null,
        "restorable_until": null, "a_field_of_tomorrow": 1,
    })
}

fn plain() -> Value {
    let changes = json!({
        "id": "prj_01jc3q5v6w7x8y9zabcdefghjm", "name": "Shop", "slug": "shop", "domain": null,
    });
    with(project(), changes)
}

fn archived() -> Value {
    with(
        project(),
        json!({"archived_at": "2026-05-17T17:55:00Z", "restorable_until": "2026-06-16T17:55:00Z"}),
    )
}

fn all(projects: &[Value]) -> Exchange {
    Exchange::in_org("GET", "/projects", &json!(projects))
}

/// A request about the project, and the project in the answer.
fn one(method: &'static str, data: &Value) -> Exchange {
    Exchange::in_org(method, &format!("/projects/{PROJECT}"), data)
}

#[test]
fn list_prints_the_projects() {
    let list = || all(&[project(), plain()]);
    run("projects_list", &LIST, [list()]);
    run("projects_list_quiet", &["projects", "list", "--quiet"], [list()]);
    run("projects_list_empty", &LIST, [all(&[])]);
    shows("projects_list", 130, &LIST, PLAIN, vec![list()]);
    shows("projects_list_narrow", 72, &LIST, PLAIN, vec![list()]);
    shows("projects_list_empty", 80, &LIST, PLAIN, vec![all(&[])]);
    let named = ["projects", "list", "--org", ORG];
    shows("projects_list_empty_named", 80, &named, PLAIN, vec![all(&[])]);
}

#[test]
fn show_prints_one_archived_or_not() {
    let show = ["projects", "show", PROJECT];
    run("projects_show", &show, [one("GET", &project())]);
    run("projects_show_quiet", &["projects", "get", PROJECT, "--quiet"], [one("GET", &project())]);
    shows("projects_show", 80, &show, PLAIN, vec![one("GET", &project())]);
    shows("projects_show_archived", 80, &show, PLAIN, vec![one("GET", &archived())]);
    let erased = with(archived(), json!({"restorable_until": null}));
    shows("projects_show_erased", 80, &show, PLAIN, vec![one("GET", &erased)]);
}

#[test]
fn create_sends_what_is_named() {
    let made = |body: Value| {
        let answer = json!({"data": project()}).to_string();
        Exchange::in_org("POST", "/projects", &Value::Null).body(body).answers(201, &answer)
    };
    let least = ["projects", "create", "--name", "Acme Support"];
    run("projects_create", &least, [made(json!({"name": "Acme Support"}))]);
    #[rustfmt::skip]
    let all = [
        "projects", "create", "--name", "Acme Support", "--slug", "acme-support", "--domain", "support.example.com",
        "--quiet",
    ];
    let body = json!({"name": "Acme Support", "slug": "acme-support", "domain": "support.example.com"});
    run("projects_create_quiet", &all, [made(body)]);
    shows("projects_create", 80, &least, PLAIN, vec![made(json!({"name": "Acme Support"}))]);
}

#[test]
fn update_sends_what_is_named() {
    let patch = |body: Value| one("PATCH", &project()).body(body);
    let rename =
        ["projects", "update", PROJECT, "--name", "Help", "--slug", "help", "--domain", "help.example"];
    let body = json!({"name": "Help", "slug": "help", "domain": "help.example"});
    run("projects_update", &rename, [patch(body)]);
    let clear = ["projects", "update", PROJECT, "--clear-domain", "--quiet"];
    run("projects_update_quiet", &clear, [patch(json!({"domain": null}))]);
    shows("projects_update", 80, &clear[..4], PLAIN, vec![patch(json!({"domain": null}))]);
}

#[test]
fn archive_and_restore() {
    let yes = ["projects", "archive", PROJECT, "--yes"];
    run("projects_archive", &yes, [one("DELETE", &archived())]);
    run(
        "projects_archive_quiet",
        &["projects", "archive", PROJECT, "-y", "--quiet"],
        [one("DELETE", &archived())],
    );
    shows("projects_archive", 80, &yes, PLAIN, vec![one("DELETE", &archived())]);
    let back = || one("PATCH", &project()).body(json!({"archived": false}));
    let restore = ["projects", "restore", PROJECT];
    run("projects_restore", &restore, [back()]);
    run("projects_restore_quiet", &["projects", "restore", PROJECT, "--quiet"], [back()]);
    shows("projects_restore", 80, &restore, PLAIN, vec![back()]);
}

#[test]
fn archiving_is_asked_about_at_a_terminal() {
    let api = Api::playing([one("GET", &project()), one("DELETE", &archived())]);
    let mut session = start(&api, 100, &ARCHIVE, PLAIN);
    let question = session.exp_string("Type yes to go on: ").unwrap();
    assert!(
        question.contains(&format!("Archive Acme Support ({PROJECT}) of organization {ORG}?")),
        "{question}"
    );
    assert!(question.contains("It can be restored for 30 days."), "{question}");
    session.send_line("yes").unwrap();
    let (text, status) = end(session);
    api.finish();
    assert_eq!(status, 0);
    assert!(text.contains("Restorable until  2026-06-16T17:55:00Z"), "{text}");
}

#[test]
fn any_other_answer_leaves_the_project_alone() {
    for answer in ["no", "", PROJECT] {
        let api = Api::playing([one("GET", &project())]);
        let mut session = start(&api, 100, &ARCHIVE, PLAIN);
        session.exp_string("Type yes to go on: ").unwrap();
        session.send_line(answer).unwrap();
        let (text, status) = end(session);
        api.finish();
        assert_eq!((text.trim(), status), ("not archived", 1), "{answer:?}");
    }
}

#[test]
fn archiving_is_never_asked_about_where_nobody_can_answer() {
    run("projects_archive_needs_yes", &ARCHIVE, []);
    let environment: Extra<'_> = &[("RIQ_API_KEY", KEY), ("NO_COLOR", "1")];
    shows("projects_archive_needs_yes", 80, &ARCHIVE, environment, vec![]);
}

#[test]
fn what_the_api_refuses_is_passed_on() {
    let missing = || one("GET", &Value::Null).refuses(404, "PROJECT_NOT_FOUND", "There is no such project");
    run("projects_missing", &["projects", "show", PROJECT], [missing()]);
    shows("projects_missing", 80, &["projects", "show", PROJECT], PLAIN, vec![missing()]);
    shows("projects_archive_missing", 80, &ARCHIVE, PLAIN, vec![missing()]);
    let scope = all(&[]).refuses(403, "INSUFFICIENT_SCOPE", "The API key lacks projects:read");
    run("projects_scope", &LIST, [scope]);
    let mismatch = || all(&[]).refuses(403, "API_KEY_ORG_MISMATCH", "The API key is another organization's");
    run("projects_mismatch", &LIST, [mismatch()]);
    shows("projects_mismatch", 80, &LIST, PLAIN, vec![mismatch()]);
    let taken = one("PATCH", &Value::Null).body(json!({"slug": "shop"}));
    let taken = taken.refuses(409, "CONFLICT", "Another project of the organization has this slug");
    shows("projects_taken", 80, &["projects", "update", PROJECT, "--slug", "shop"], PLAIN, vec![taken]);
    let body = json!({"error": "Invalid body", "code": "BAD_REQUEST", "request_id": "req_1", "issues": [
        {"path": "name", "message": "Must not be blank"}]});
    let blank = Exchange::in_org("POST", "/projects", &Value::Null).body(json!({"name": ""}));
    run(
        "projects_create_refused",
        &["projects", "create", "--name", ""],
        [blank.answers(400, &body.to_string())],
    );
    let older = all(&[]).refuses(404, "RESOURCE_NOT_FOUND", "There is no such route");
    shows("projects_older_server", 80, &LIST, PLAIN, vec![older]);
}

#[test]
fn what_steers_a_terminal_does_not_reach_it() {
    let evil = with(project(), json!({"name": "\u{1b}[2J\u{9b}31m\u{202e}", "slug": "a\nb"}));
    shows("projects_evil", 120, &LIST, PLAIN, vec![all(from_ref(&evil))]);
    run("projects_evil", &LIST, [all(from_ref(&evil))]);
    let api = Api::playing([one("GET", &evil)]);
    let mut session = start(&api, 100, &ARCHIVE, PLAIN);
    let question = session.exp_string("Type yes to go on: ").unwrap();
    assert!(question.contains("\\u{1b}[2J") && !question.contains('\u{1b}'), "{question:?}");
    session.send_line("no").unwrap();
    assert_eq!(end(session).1, 1);
    api.finish();
}
