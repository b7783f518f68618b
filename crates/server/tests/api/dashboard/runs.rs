//! The pages of runs, and trying an action that reads.

use riq_testing::providers::desk_and_keys::{Says, access_token, refresh_token};
use serde_json::{Value, json};
use time::Duration;

use super::visitor::{Form, Page, Visitor};
use crate::{
    monitor::on_both_stages,
    support::played::{Stage, on_stage},
};

on_both_stages!(
    a_reading_action_is_tried_and_leads_to_its_run,
    what_would_be_decided_is_shown_and_nothing_sent,
    what_is_wrong_with_an_input_stands_beside_its_field,
    what_cannot_be_tried_says_why,
    what_others_wrote_stays_text_and_hides_nothing,
    runs_are_listed_by_what_is_chosen_and_page_by_page,
    runs_are_for_their_own_project_and_for_who_may_read_them,
    the_page_of_an_integration_says_what_guards_its_actions,
);

/// Connects Desk. `find_tickets` is permitted from the start.
pub(crate) async fn connect(stage: &Stage) {
    let credential = json!({"access_token": access_token(0), "refresh_token": refresh_token(0)});
    let line = json!({"provider": "desk", "credential": credential}).to_string();
    stage.server.import(stage.server.project, &line).await;
}

fn trial(stage: &Stage, action: &str) -> String {
    format!("{}/actions/{action}", stage.server.page("desk"))
}

fn runs(stage: &Stage, rest: &str) -> String {
    format!("{}/runs{rest}", stage.server.pages())
}

/// The form with which tickets are looked for.
async fn form(stage: &Stage, visitor: &Visitor<'_>) -> Form {
    visitor.get(&trial(stage, "find_tickets")).await.form("/actions/find_tickets")
}

/// Calls an action by the API.
async fn call(stage: &Stage, action: &str, input: Value) {
    stage.server.clock.advance(Duration::seconds(1));
    let target = stage.server.at(&format!("/desk/actions/{action}"));
    stage.server.call("POST", &target).json(&json!({"input": input})).send().await;
}

/// Asserts that a page has no character that hides or reorders others, and no tag that was not ours.
#[track_caller]
pub(crate) fn assert_nothing_hides(page: &Page) {
    let odd =
        |c: char| (c.is_control() && c != '\n') || "\u{202e}\u{200b}\u{2066}\u{feff}\u{e0041}".contains(c);
    assert!(!page.text.contains(odd), "{page:?}");
    assert_eq!(page.text.matches("<script").count(), 1, "{page:?}");
    assert!(!page.text.contains("<img") && !page.text.contains("<b>"), "{page:?}");
}

async fn a_reading_action_is_tried_and_leads_to_its_run(stage: &Stage) {
    connect(stage).await;
    let visitor = Visitor::signed_in(&stage.server).await;
    let page = visitor.provider("desk").await;
    assert!(page.text.contains(&format!("href=\"{}\"", trial(stage, "find_tickets"))), "{page:?}");
    assert!(!page.text.contains(&format!("href=\"{}\"", trial(stage, "issue_refund"))), "{page:?}");
    let form = form(stage, &visitor).await;
    assert_eq!((form.value("input.word"), form.value("input.password")), (Some(""), Some("")));
    let sent =
        visitor.submit(&form.with("input.word", "a b").with("input.password", "SECRET-of-a-ticket")).await;
    assert!(sent.header("location").unwrap().starts_with(&runs(stage, "/run_")), "{sent:?}");
    let calls = stage.provider.calls("desk find");
    assert_eq!(calls.len(), 1);
    assert_eq!(calls[0].target, "/api/tickets?password=SECRET-of-a-ticket&word=a+b");
    let run = visitor.follow(&sent).await;
    run.says(200, "Desk: Find tickets").says(200, "Succeeded").says(200, "Done, by the word of Desk.");
    run.says(200, "Called by A test's").says(200, "7300000000000000123").says(200, "[redacted]");
    let id = sent.header("location").unwrap().rsplit('/').next().unwrap();
    let target = format!("/api/v1/projects/{}/action-runs/{id}", stage.server.project);
    let told = stage.server.call("GET", &target).send().await;
    assert_eq!(told.data()["input"], json!({"word": "a b", "password": "[redacted]"}));
}

async fn what_would_be_decided_is_shown_and_nothing_sent(stage: &Stage) {
    connect(stage).await;
    let settings = json!({"refunds_enabled": true, "refund_limit": 1_000});
    let update = json!({"settings": settings, "action_permissions": {"issue_refund": "ask"}});
    stage.server.patch("desk", update).await.data();
    let visitor = Visitor::signed_in(&stage.server).await;
    let path = format!("{}/explain", trial(stage, "issue_refund"));
    let page = visitor.provider("desk").await;
    assert!(page.text.contains(&format!("href=\"{path}\"")), "{page:?}");
    let form = visitor.get(&path).await.form("/issue_refund/explain").with("input.charge", "ch_1");
    let asked = visitor.submit(&form.clone().with("input.amount", "600")).await;
    for words in [
        "A person would be asked, and nothing sent before.",
        "A person approves each “Issue a refund”",
        "It is 6.00 USD; the limit is 10.00 USD; earlier calls have used or reserved 0.00 USD.",
        "What Desk said",
    ] {
        asked.says(200, words);
    }
    assert_eq!(asked.form("/issue_refund/explain").value("input.amount"), Some("600"));
    let over = visitor.submit(&form.clone().with("input.amount", "1001")).await;
    over.says(200, "It would be denied, and nothing sent.").says(200, "the sum would be over 10.00 USD");
    let wrong = visitor.submit(&form.with("input.charge", "x")).await;
    wrong.says(422, "Nothing can be said of this call");
    assert!(wrong.problem("input.charge").unwrap().contains("such as ch_1"), "{wrong:?}");
    stage.server.patch("desk", json!({"status": "paused"})).await.data();
    let paused =
        visitor.submit(&visitor.get(&path).await.form("/explain").with("input.charge", "ch_1")).await;
    paused.says(200, "The integration is not active").says(200, "Desk was not asked");
    assert!(stage.provider.calls("desk refund").is_empty());
    visitor.get(&runs(stage, "")).await.says(200, "Nothing has been called yet");
    visitor.get(&format!("{}/explain", trial(stage, "sing"))).await.says(404, "There is nothing here");
}

async fn what_is_wrong_with_an_input_stands_beside_its_field(stage: &Stage) {
    connect(stage).await;
    let visitor = Visitor::signed_in(&stage.server).await;
    let page = visitor.submit(&form(stage, &visitor).await).await;
    page.says(422, "The action was not called");
    assert_eq!(page.problem("input.word").as_deref(), Some("Required"));
    let long = "x\u{7f}".repeat(3);
    let page = visitor.submit(&form(stage, &visitor).await.with("input.word", &long)).await;
    assert!(page.problem("input.word").unwrap().contains("control characters"), "{page:?}");
    assert_eq!(page.form("/actions/find_tickets").value("input.word"), Some(long.as_str()));
    assert!(stage.provider.calls("desk find").is_empty());
    let list = visitor.get(&runs(stage, "")).await;
    list.says(200, "Nothing has been called yet");
}

async fn what_cannot_be_tried_says_why(stage: &Stage) {
    let visitor = Visitor::signed_in(&stage.server).await;
    visitor.get(&trial(stage, "find_tickets")).await.says(404, "That is not connected");
    connect(stage).await;
    visitor.get(&trial(stage, "sing")).await.says(404, "There is nothing here");
    let reads = form(stage, &visitor).await;
    stage.server.patch("desk", json!({"action_permissions": {"close_ticket": true}})).await.data();
    visitor.get(&trial(stage, "close_ticket")).await.says(403, "This action does more than read");
    let writes = Form { action: trial(stage, "close_ticket"), ..reads.clone() }.with("input.ticket", "t1");
    visitor.submit(&writes).await.says(403, "Nothing was sent");
    assert!(stage.provider.calls("desk close").is_empty());
    stage.server.patch("desk", json!({"status": "paused"})).await.data();
    let page = visitor.get(&trial(stage, "find_tickets")).await;
    page.says(200, "It cannot be called now. The integration is paused.");
    assert!(!page.has_form("/actions/find_tickets"));
    let late = visitor.submit(&reads.clone().with("input.word", "a")).await;
    late.says(409, "The action was not called").says(409, "The integration is paused");
    stage.server.patch("desk", json!({"status": "active"})).await.data();
    stage.server.patch("desk", json!({"action_permissions": {"find_tickets": false}})).await.data();
    let denied = visitor.submit(&reads.with("input.word", "a")).await;
    visitor.follow(&denied).await.says(200, "Denied by the permission of the action. Nothing was sent.");
    assert!(stage.provider.calls("desk find").is_empty());
}

async fn what_others_wrote_stays_text_and_hides_nothing(stage: &Stage) {
    const EVIL: &str = "<script>alert(1)</script>\u{202e}\u{200b}<b>";
    connect(stage).await;
    let visitor = Visitor::signed_in(&stage.server).await;
    stage.provider.set(
        "desk find",
        Says::InItsPlace(
            200,
            vec![("content-type", "application/json")],
            "{\"tickets\": \"\\u001b[2J<script>\u{2066}</script><img src=x>\", \"echo\": {\"<b>\u{feff}\": 1}}".as_bytes(),
        ),
    );
    let sent = visitor.submit(&form(stage, &visitor).await.with("input.word", EVIL)).await;
    let run = visitor.follow(&sent).await;
    run.says(200, "Succeeded").says(200, "<script>alert(1)</script>").says(200, "\\u{202e}");
    run.says(200, "\\u{200b}").says(200, "\\u{2066}").says(200, "\\u{feff}").says(200, "\\u001b[2J");
    assert_nothing_hides(&run);
    let refusal = r#"{"error": "No \u001b[31m<script>\u202e<img src=x> 1"}"#;
    stage.provider.set("desk find", Says::This(422, vec![], refusal));
    let body = json!({
        "input": {"word": format!("ok{}; refund all", " ".repeat(400))},
        "context": {"reason": EVIL, "on_behalf_of": "ada\u{e0041}@shop.example"}
    });
    let target = stage.server.at("/desk/actions/find_tickets");
    let failed = stage.server.call("POST", &target).json(&body).send().await;
    let id = failed.refused(422, "PROVIDER_REFUSED").body["run_id"].as_str().unwrap().to_owned();
    let run = visitor.get(&runs(stage, &format!("/{id}"))).await;
    run.says(200, "Failed").says(200, "The provider refused it, in the words above.");
    run.says(200, "No [31m<script><img src=x> 1");
    run.says(200, "400 blanks").says(200, "; refund all").says(200, "\\u{e0041}").says(200, "On behalf of");
    assert_nothing_hides(&run);
    // The message of an older run may have what is left out today.
    let older = "UPDATE action_runs SET error_message = $1 WHERE id = $2";
    stage.server.sql.execute(older, ["No\u{1b}\u{202e}<script>".into(), id.as_str().into()]).await;
    let run = visitor.get(&runs(stage, &format!("/{id}"))).await;
    let list = visitor.get(&runs(stage, "")).await;
    for page in [run, list] {
        page.says(200, "\\u{1b}").says(200, "\\u{202e}").says(200, "<script>");
        assert_nothing_hides(&page);
    }
}

async fn runs_are_listed_by_what_is_chosen_and_page_by_page(stage: &Stage) {
    connect(stage).await;
    for number in 0..51 {
        call(stage, "find_tickets", json!({"word": format!("w{number}")})).await;
    }
    call(stage, "issue_refund", json!({"charge": "ch_1"})).await;
    let visitor = Visitor::signed_in(&stage.server).await;
    let count = async |rest: &str| {
        let page = visitor.get(&runs(stage, rest)).await;
        (page.status, page.text.matches("class=\"event\"").count())
    };
    assert_eq!(count("?status=denied").await, (200, 1));
    assert_eq!(count("?action=issue_refund&provider=desk").await, (200, 1));
    assert_eq!(count("?provider=slack").await, (200, 0));
    assert_eq!(count("?status=nonsense&provider=").await, (200, 50));
    let first = visitor.get(&runs(stage, "?provider=desk")).await;
    let newest = first.text.split("class=\"event\"").nth(1).unwrap();
    assert!(newest.contains("Desk: Issue a refund") && newest.contains("Denied"), "{newest}");
    let begin = format!("{}?provider=desk&amp;before=run_", runs(stage, ""));
    let older = first.text.split("href=\"").find(|rest| rest.starts_with(&begin)).unwrap();
    let older = older.split('"').next().unwrap().replace("&amp;", "&");
    let last = visitor.get(&older).await;
    assert_eq!(last.says(200, "Newest").text.matches("class=\"event\"").count(), 2);
    visitor.get(&runs(stage, "?before=x")).await.says(400, "names no run");
    visitor.get(&runs(stage, "?provider=%FF")).await.says(400, "That cannot be read");
    let none = "/run_00000000000000000000000000";
    for path in [none, "/nonsense", "/%FF"] {
        visitor.get(&runs(stage, path)).await.says(404, "There is nothing here");
    }
}

async fn runs_are_for_their_own_project_and_for_who_may_read_them(stage: &Stage) {
    connect(stage).await;
    call(stage, "find_tickets", json!({"word": "a"})).await;
    let visitor = Visitor::signed_in(&stage.server).await;
    let list = visitor.get(&runs(stage, "")).await;
    let run = list.text.split('"').find(|text| text.starts_with(&runs(stage, "/run_"))).unwrap().to_owned();
    visitor.get(&run).await.says(200, "Find tickets");

    let other = stage.server.other_project().await;
    let elsewhere = run.replace(&stage.server.project.to_string(), &other.to_string());
    visitor.get(&elsewhere).await.says(404, "There is nothing here");
    let (_, _, foreign) = stage.server.other_organization().await;
    let stranger = Visitor::signed_in_with(&stage.server, &foreign.text).await;
    stranger.get(&run).await.says(403, "belongs to another organization");

    let without = stage.server.key_for(&["integrations:write"]).await;
    let visitor = Visitor::signed_in_with(&stage.server, &without.text).await;
    for path in [runs(stage, ""), run.clone()] {
        visitor.get(&path).await.says(403, "lacks the scope actions:read");
    }
    let page = visitor.provider("desk").await;
    assert!(!page.text.contains("/runs") && !page.text.contains("Try it"), "{page:?}");
    let reader = stage.server.key_for(&["integrations:write", "actions:read"]).await;
    let visitor = Visitor::signed_in_with(&stage.server, &reader.text).await;
    visitor.get(&run).await.says(200, "Find tickets");
    let path = trial(stage, "find_tickets");
    for path in [path.clone(), format!("{path}/explain")] {
        visitor.get(&path).await.says(403, "lacks the scope actions:write");
    }
    let page = visitor.provider("desk").await;
    assert!(page.text.contains("/runs") && !page.text.contains("Try it"), "{page:?}");
    assert!(!page.text.contains("What would be decided"), "{page:?}");
    let forged = Form { action: path, ..page.form("/sign-out") }.with("input.word", "b");
    visitor.submit(&forged).await.says(403, "lacks the scope actions:write");
    assert_eq!(stage.provider.calls("desk find").len(), 1);
    let nobody = Visitor::new(&stage.server);
    nobody.get(&run).await.leads_to(&format!("/dashboard/sign-in?return_to={}", run.replace('/', "%2F")));
}

async fn the_page_of_an_integration_says_what_guards_its_actions(stage: &Stage) {
    connect(stage).await;
    let settings = json!({"refunds_enabled": true, "refund_limit": 1_000});
    stage.server.patch("desk", json!({"settings": settings})).await.data();
    let visitor = Visitor::signed_in(&stage.server).await;
    let page = visitor.provider("desk").await;
    page.says(200, "The setting “Refunds” must be on; otherwise the call is denied. It is on now.");
    page.says(
        200,
        "The sum of “amount” in one day, for each “charge”, may be at most the setting “Refunds of a day”; otherwise \
         the call is denied. That is 1000 of the currency's smallest unit now.",
    );
    let settings = json!({"refunds_enabled": null, "refund_limit": null});
    stage.server.patch("desk", json!({"settings": settings})).await.data();
    let page = visitor.provider("desk").await;
    page.says(200, "It is off now.").says(200, "That is not set, so a person is asked each time.");
}
