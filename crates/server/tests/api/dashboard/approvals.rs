//! The pages of approvals: what a person sees before they decide, and what a decision does.

use integrations_core::role::Role;
use riq_testing::providers::desk_and_keys::Says;
use serde_json::{Value, json};
use time::Duration;

use super::{
    runs::{assert_nothing_hides, connect},
    visitor::{Form, Visitor},
};
use crate::{
    monitor::on_both_stages,
    support::played::{Stage, on_stage},
};

on_both_stages!(
    a_person_sees_what_they_approve_and_it_is_sent_once,
    a_person_denies_with_a_note,
    nothing_hides_in_what_is_asked,
    who_may_not_decide_sees_no_form_and_forges_none,
    what_is_late_cannot_be_decided_on,
    what_has_changed_is_asked_again,
    a_note_that_is_too_long_is_told_beside_its_field,
    who_approves_is_shown_and_changed_by_who_may,
    where_people_are_told_is_set_and_what_stands_in_the_way_is_shown,
);

/// Connects Desk, where each refund asks a person.
pub(crate) async fn connect_and_ask(stage: &Stage) {
    connect(stage).await;
    let settings = json!({"refunds_enabled": true, "refund_limit": 1_000});
    let update = json!({"settings": settings, "action_permissions": {"issue_refund": "ask"}});
    stage.server.patch("desk", update).await.data();
}

/// Calls an action that asks a person. Returns the approval's id.
pub(crate) async fn ask(stage: &Stage, action: &str, input: Value) -> String {
    let context = json!({"on_behalf_of": "ada@shop.example", "reason": "It came broken"});
    let target = stage.server.at(&format!("/{action}"));
    let body = json!({"input": input, "context": context});
    let answer = stage.server.call("POST", &target).json(&body).send().await;
    answer.data()["approval_id"].as_str().unwrap_or_else(|| panic!("{answer:?}")).to_owned()
}

async fn ask_for_refund(stage: &Stage, amount: u32) -> String {
    ask(stage, "desk/actions/issue_refund", json!({"charge": "ch_1", "amount": amount})).await
}

fn approvals(stage: &Stage, rest: &str) -> String {
    format!("{}/approvals{rest}", stage.server.pages())
}

/// A browser in which a person is signed in who may approve.
async fn approver(stage: &Stage) -> Visitor<'_> {
    Visitor::signed_in_as(&stage.server, stage.server.person(Role::Approver).await).await
}

/// The form of an approval's page, for this decision.
async fn form(stage: &Stage, visitor: &Visitor<'_>, id: &str, decision: &str) -> Form {
    let page = visitor.get(&approvals(stage, &format!("/{id}"))).await;
    Form { action: approvals(stage, &format!("/{id}/{decision}")), ..page.form("/approve") }
}

fn refunds(stage: &Stage) -> usize {
    stage.provider.calls("desk refund").len()
}

async fn status(stage: &Stage, id: &str) -> Value {
    let target = format!("/api/v1/projects/{}/approvals/{id}", stage.server.project);
    stage.server.call("GET", &target).send().await.data()["status"].clone()
}

async fn a_person_sees_what_they_approve_and_it_is_sent_once(stage: &Stage) {
    connect_and_ask(stage).await;
    let visitor = approver(stage).await;
    let empty = visitor.get(&approvals(stage, "")).await;
    assert!(!empty.says(200, "Nothing waits").text.contains("waiting"), "{empty:?}");
    let id = ask_for_refund(stage, 600).await;
    let queue = visitor.get(&approvals(stage, "")).await;
    queue.says(200, "Approvals 1 waiting").says(200, "Desk: Issue a refund").says(200, "Destructive");
    queue.says(200, "Asked by A test's").says(200, "on behalf of ada@shop.example: It came broken");
    queue.says(200, "A person approves each “Issue a refund”");
    // The count stands on every page of the project.
    visitor.provider("desk").await.says(200, "Approvals 1 waiting");
    let page = visitor.get(&approvals(stage, &format!("/{id}"))).await;
    for words in ["charge The charge. ch_1", "amount How much. 6.00 USD", "Expires", "POST /refunds"] {
        page.says(200, words);
    }
    for words in
        ["\"charge\": \"ch_1\"", "\"amount\": 600", "It came broken", "refunded", "Asked by A test's"]
    {
        page.says(200, words);
    }
    let place = |words: &str| page.text.find(words).unwrap();
    assert!(place("6.00 USD") < place("Approve, and send it"), "{page:?}");
    assert_eq!(refunds(stage), 0);
    let form = form(stage, &visitor, &id, "approve").await.with("note", "Talked to <b>Ada</b>\r\nby phone");
    let sent = visitor.submit(&form).await;
    let run = visitor.follow(&sent).await;
    run.says(200, "Desk: Issue a refund").says(200, "Succeeded").says(200, "The question to a person");
    assert_eq!(refunds(stage), 1);
    let late = visitor.submit(&form).await;
    late.says(409, "It was not decided").says(409, "The approval is approved");
    assert_eq!(refunds(stage), 1);
    let page = visitor.get(&approvals(stage, &format!("/{id}"))).await;
    page.says(200, "Approved. The run says what came of it.").says(200, "Talked to <b>Ada</b> by phone");
    page.says(200, "Decided by usr_");
    assert!(!page.has_form("/approve"), "{page:?}");
    assert_nothing_hides(&page);
    visitor.get(&approvals(stage, "")).await.says(200, "Nothing waits");
    visitor.get(&approvals(stage, "?status=approved")).await.says(200, "Desk: Issue a refund");
    visitor.get(&approvals(stage, "?status=all")).await.says(200, "Desk: Issue a refund");
}

async fn a_person_denies_with_a_note(stage: &Stage) {
    connect_and_ask(stage).await;
    let visitor = approver(stage).await;
    let id = ask_for_refund(stage, 600).await;
    let form = form(stage, &visitor, &id, "deny").await.with("note", "Not this customer");
    let run = visitor.follow(&visitor.submit(&form).await).await;
    run.says(200, "Denied by a person. Nothing was sent.").says(200, "Not this customer");
    visitor.get(&approvals(stage, &format!("/{id}"))).await.says(200, "Denied. Nothing was sent.");
    assert_eq!((refunds(stage), status(stage, &id).await), (0, json!("denied")));
}

async fn nothing_hides_in_what_is_asked(stage: &Stage) {
    connect_and_ask(stage).await;
    let line = json!({"provider": "keys", "credential": {"api_key": "SECRET-key"}}).to_string();
    stage.server.import(stage.server.project, &line).await;
    stage.server.patch("keys", json!({"action_permissions": {"post_message": "ask"}})).await.data();
    let blanks = " ".repeat(9_000);
    let text = format!("ok\u{202e}<script>alert(1)</script>\u{200b}\u{e0041}<img src=x>{blanks}; refund all");
    let visitor = approver(stage).await;
    let id = ask(stage, "keys/actions/post_message", json!({"channel": "C1", "text": text})).await;
    let page = visitor.get(&approvals(stage, &format!("/{id}"))).await;
    for words in
        ["\\u{202e}", "<script>alert(1)</script>", "\\u{200b}", "\\u{e0041}", "9000 blanks", "; refund all"]
    {
        page.says(200, words);
        // In the input, and in the request as it would be sent.
        let escaped = words.replace('<', "&lt;").replace('>', "&gt;");
        assert_eq!(page.text.matches(escaped.as_str()).count(), 2, "{words}: {page:?}");
    }
    assert_nothing_hides(&page);
    let answer = r#"{"currency": "usd", "paid": "<script>\u202e<b>", "refunded": 0}"#;
    stage.provider.set("desk charge", Says::This(200, vec![("content-type", "application/json")], answer));
    let id = ask_for_refund(stage, 600).await;
    let page = visitor.get(&approvals(stage, &format!("/{id}"))).await;
    page.says(200, "<script>").says(200, "\\u{202e}");
    assert_nothing_hides(&page);
    let form = form(stage, &visitor, &id, "deny").await.with("note", "No\u{202e}<script><b>");
    visitor.submit(&form).await;
    for path in [format!("/{id}"), "?status=all".to_owned()] {
        let page = visitor.get(&approvals(stage, &path)).await;
        assert_eq!(page.status, 200);
        assert_nothing_hides(&page);
    }
    let log = visitor.get(&format!("{}/audit", stage.server.pages())).await;
    log.says(200, "No").says(200, "\\u{202e}");
    assert_nothing_hides(&log);
}

async fn who_may_not_decide_sees_no_form_and_forges_none(stage: &Stage) {
    connect_and_ask(stage).await;
    let id = ask_for_refund(stage, 600).await;
    let (one, yes) = (approvals(stage, &format!("/{id}")), approvals(stage, &format!("/{id}/approve")));
    let key = async |scopes: &[&str]| stage.server.key_for(scopes).await.text;
    let reader = key(&["integrations:write", "approvals:read"]).await;
    let reader = Visitor::signed_in_with(&stage.server, &reader).await;
    let page = reader.get(&one).await;
    page.says(200, "To decide takes the role approver or admin");
    assert!(!page.has_form("/approve") && !page.text.contains("/runs/run_"), "{page:?}");
    let forged = Form { action: yes.clone(), ..page.form("/sign-out") };
    reader.submit(&forged).await.says(403, "lacks the scope approvals:admin");

    let without = key(&["integrations:write"]).await;
    let without = Visitor::signed_in_with(&stage.server, &without).await;
    for path in [approvals(stage, ""), one.clone()] {
        without.get(&path).await.says(403, "lacks the scope approvals:read");
    }
    let page = without.provider("desk").await;
    assert!(!page.text.contains("/approvals"), "{page:?}");

    // Keys do not decide in this project.
    let admin = key(&["admin"]).await;
    let admin = Visitor::signed_in_with(&stage.server, &admin).await;
    let refused = admin.submit(&form(stage, &admin, &id, "approve").await).await;
    refused.says(403, "It was not decided").says(403, "only signed-in people decide");
    assert!(refused.has_form("/approve"), "{refused:?}");

    // Nothing but the form of the page decides.
    let visitor = approver(stage).await;
    for path in [yes.clone(), approvals(stage, &format!("/{id}/deny"))] {
        visitor.get(&path).await.says(405, "That cannot be done here");
    }
    let good = form(stage, &visitor, &id, "approve").await;
    visitor.submit(&good.clone().without("csrf")).await.says(403, "This form cannot be used any more");
    let foreign = visitor.submit_with(&good, |request| request.header("sec-fetch-site", "cross-site"));
    foreign.await.says(403, "This form cannot be used any more");
    let other = stage.server.other_project().await;
    let elsewhere = one.replace(&stage.server.project.to_string(), &other.to_string());
    visitor.get(&elsewhere).await.says(404, "There is nothing here");
    let moved = Form { action: format!("{elsewhere}/approve"), ..good };
    visitor.submit(&moved).await.says(404, "There is nothing here");
    let nobody = Visitor::new(&stage.server);
    nobody.get(&one).await.leads_to(&format!("/dashboard/sign-in?return_to={}", one.replace('/', "%2F")));
    assert_eq!((refunds(stage), status(stage, &id).await), (0, json!("pending")));
}

async fn what_is_late_cannot_be_decided_on(stage: &Stage) {
    connect_and_ask(stage).await;
    let id = ask_for_refund(stage, 600).await;
    stage.server.clock.advance(Duration::hours(25));
    let visitor = approver(stage).await;
    let page = visitor.get(&approvals(stage, &format!("/{id}"))).await;
    page.says(200, "Expired").says(200, "Nobody decided in time");
    assert!(!page.has_form("/approve"), "{page:?}");
    let late = Form { action: approvals(stage, &format!("/{id}/approve")), ..page.form("/sign-out") };
    visitor.submit(&late).await.says(409, "It was not decided");
    visitor.get(&approvals(stage, "")).await.says(200, "Nothing waits");
    assert_eq!(refunds(stage), 0);
}

async fn what_has_changed_is_asked_again(stage: &Stage) {
    connect_and_ask(stage).await;
    let visitor = approver(stage).await;
    let id = ask_for_refund(stage, 600).await;
    let form = form(stage, &visitor, &id, "approve").await;
    let answer = r#"{"currency": "usd", "paid": 2000, "refunded": 1900}"#;
    stage.provider.set("desk charge", Says::This(200, vec![("content-type", "application/json")], answer));
    let sent = visitor.submit(&form).await;
    let again = sent.header("location").unwrap();
    assert!(again.starts_with(&approvals(stage, "/apr_")) && !again.ends_with(&id), "{sent:?}");
    let page = visitor.follow(&sent).await;
    page.says(200, "What the provider says has changed since it was asked, so nothing was sent.")
        .says(200, "1900");
    assert_eq!(refunds(stage), 0);
    let run = visitor.follow(&visitor.submit(&page.form("/approve")).await).await;
    run.says(200, "Desk: Issue a refund");
    assert_eq!(refunds(stage), 1);
}

async fn a_note_that_is_too_long_is_told_beside_its_field(stage: &Stage) {
    connect_and_ask(stage).await;
    let visitor = approver(stage).await;
    let id = ask_for_refund(stage, 600).await;
    let form = form(stage, &visitor, &id, "deny").await.with("note", &"x".repeat(501));
    let page = visitor.submit(&form).await;
    page.says(422, "It was not decided");
    assert_eq!(page.problem("note").as_deref(), Some("Must have at most 500 characters"));
    assert_eq!(status(stage, &id).await, json!("pending"));
}

async fn who_approves_is_shown_and_changed_by_who_may(stage: &Stage) {
    let visitor = approver(stage).await;
    let policy = approvals(stage, "/policy");
    let list = visitor.get(&approvals(stage, "")).await;
    assert!(list.text.contains(&format!("href=\"{policy}\"")), "{list:?}");
    let form = visitor.get(&policy).await.form("/approvals/policy");
    let shown = |name| form.value(name).map(str::to_owned);
    assert_eq!(shown("expires_after").as_deref(), Some("1"));
    assert_eq!((shown("unit").as_deref(), shown("decided_by").as_deref()), (Some("days"), Some("people")));
    let short = visitor.submit(&form.clone().with("expires_after", "4").with("unit", "minutes")).await;
    short.says(422, "The policy was not changed");
    assert!(short.problem("expires_after").unwrap().contains("from 5 minutes to 30 days"), "{short:?}");
    assert_eq!(short.form("/approvals/policy").value("expires_after"), Some("4"));
    let change =
        form.clone().with("expires_after", "12").with("unit", "hours").with("decided_by", "people_and_keys");
    let saved = visitor.submit(&change).await;
    visitor.follow(&saved).await.says(200, "The changes are saved.");
    let target = format!("/api/v1/projects/{}/approval-policy", stage.server.project);
    let stored = async || stage.server.call("GET", &target).send().await.data().clone();
    let twelve = json!({"decided_by": "people_and_keys", "expires_after_seconds": 43_200, "notify": null});
    assert_eq!(stored().await, twelve);
    // The page that was open before does not undo it.
    let late = visitor.submit(&form.clone().with("expires_after", "2")).await;
    late.says(412, "Somebody else changed this in the meantime");
    assert_eq!(late.form("/approvals/policy").value("expires_after"), Some("12"));
    let viewer = Visitor::signed_in_as(&stage.server, stage.server.person(Role::Viewer).await).await;
    let seen = viewer.get(&policy).await;
    seen.says(200, "12 hours").says(200, "To change it takes the role approver or admin.");
    assert!(!seen.has_form("/approvals/policy"), "{seen:?}");
    let forged = Form { action: policy, ..seen.form("/sign-out") }.with("expires_after", "1");
    viewer.submit(&forged).await.says(403, "approvals:admin");
    assert_eq!(stored().await, twelve);
}

async fn where_people_are_told_is_set_and_what_stands_in_the_way_is_shown(stage: &Stage) {
    let line = json!({"provider": "keys", "credential": {"api_key": "SECRET-key"}}).to_string();
    stage.server.import(stage.server.project, &line).await;
    let visitor = approver(stage).await;
    let policy = approvals(stage, "/policy");
    let form = visitor.get(&policy).await.form("/approvals/policy").with("notify", "keys post_message");
    let without = visitor.submit(&form.clone().with("notify_input", "")).await;
    without.says(422, "The policy was not changed");
    assert_eq!(without.problem("notify_input").as_deref(), Some("channel: Required"));
    let saved = visitor.submit(&form.with("notify_input", "channel = #approvals")).await;
    let page = visitor.follow(&saved).await;
    page.says(200, "The changes are saved.").says(200, "“Post a message” of Keys is not permitted");
    assert_eq!(page.form("/approvals/policy").value("notify"), Some("keys post_message"));
    stage.server.patch("keys", json!({"action_permissions": {"post_message": true}})).await.data();
    let well = visitor.get(&policy).await;
    assert!(!well.text.contains("People are not told"), "{well:?}");
}
