//! The webhooks of a project on its pages, and what was sent to them.

use integrations_core::{
    ids::EventId,
    webhook::{Secret, signed},
};
use serde_json::{Value, json};
use time::OffsetDateTime;

use super::visitor::{Form, Page, Visitor};
use crate::support::Server;

on_both!(
    a_webhook_is_made_and_its_secret_shown_once,
    what_is_wrong_with_a_webhook_is_told_beside_its_field,
    a_webhook_is_changed_and_nothing_of_others_is_undone,
    a_secret_is_rotated_and_shown_once,
    a_disabled_webhook_says_what_waits_and_it_is_sent_or_dropped,
    a_test_that_does_not_arrive_is_kept_and_can_be_sent_again,
    a_webhook_is_deleted_after_a_question,
    webhooks_are_for_their_own_project_and_for_who_may_read_them,
    who_may_only_read_webhooks_has_neither_button_nor_effect,
);

/// An address at which nothing answers. Its query stands for a secret.
const URL: &str = "https://127.0.0.1:9/hooks?token=hush";

fn webhooks(server: &Server, rest: &str) -> String {
    format!("{}/webhooks{rest}", server.pages())
}

/// The form for a new webhook, filled in.
async fn filled(visitor: &Visitor<'_>, server: &Server, events: &str) -> Form {
    let page = visitor.get(&webhooks(server, "/new")).await;
    page.form("/webhooks").with("url", URL).with(&format!("event.{events}"), "on")
}

/// Makes a webhook by the API. Returns the address of its page.
async fn made(server: &Server) -> String {
    let target = format!("/api/v1/projects/{}/webhooks", server.project);
    let new = json!({"url": URL, "events": ["integration.*"]});
    let made = server.call("POST", &target).json(&new).send().await;
    webhooks(server, &format!("/{}", made.data()["id"].as_str().unwrap()))
}

/// The secret that a page shows.
fn shown(page: &Page) -> String {
    let rest = page.text.split("id=\"secret\">").nth(1).unwrap_or_else(|| panic!("{page:?}"));
    rest.split('<').next().unwrap().to_owned()
}

async fn listed(server: &Server) -> Vec<Value> {
    let target = format!("/api/v1/projects/{}/webhooks", server.project);
    server.call("GET", &target).send().await.data().as_array().unwrap().clone()
}

/// The address of the newest delivery on a list.
fn newest(list: &Page, webhook: &str) -> String {
    let begin = format!("{webhook}/deliveries/dlv_");
    list.text
        .split('"')
        .find(|text| text.starts_with(&begin))
        .unwrap_or_else(|| panic!("{list:?}"))
        .to_owned()
}

async fn a_webhook_is_made_and_its_secret_shown_once(server: &Server) {
    let visitor = Visitor::signed_in(server).await;
    visitor.get(&webhooks(server, "")).await.says(200, "Nothing is told to anybody yet");
    let made = visitor.submit(&filled(&visitor, server, "integration.*").await).await;
    made.says(200, "Store it now. It is not shown again.");
    assert_eq!(made.header("location"), None);
    let secret = shown(&made);
    assert!(Secret::stored(secret.clone()).is_some(), "{secret}");
    let webhook = &listed(server).await[0];
    assert_eq!((&webhook["url"], &webhook["events"]), (&json!(URL), &json!(["integration.*"])));
    let own = webhooks(server, &format!("/{}", webhook["id"].as_str().unwrap()));
    for path in [webhooks(server, ""), own.clone(), format!("{own}/deliveries"), format!("{own}/delete")] {
        let page = visitor.get(&path).await;
        assert!(page.status == 200 && !page.text.contains(&secret), "{path}");
        // The whole address is on its own page alone.
        assert_eq!(page.text.contains("token=hush"), path == own, "{path}");
    }
    let page = visitor.get(&own).await;
    page.says(200, "https://127.0.0.1:9/…")
        .says(200, "Nothing sent yet")
        .says(200, "None since the last success");
    assert!(!page.text.split("</title>").next().unwrap().contains("hush"), "{page:?}");
    let log = visitor.get(&format!("{}/audit", server.pages())).await;
    log.says(200, "Webhook created").says(200, "Address: “https://127.0.0.1:9/…”");
    assert!(!log.text.contains("hush"), "{log:?}");
}

async fn what_is_wrong_with_a_webhook_is_told_beside_its_field(server: &Server) {
    let visitor = Visitor::signed_in(server).await;
    let form = visitor.get(&webhooks(server, "/new")).await.form("/webhooks");
    let refused = visitor.submit(&form.with("url", "http://app.example/hooks")).await;
    refused.says(422, "The webhook was not created");
    assert!(refused.problem("url").unwrap().contains("Must begin with https://"), "{refused:?}");
    assert_eq!(refused.problem("events").as_deref(), Some("Must name at least one event; * is all"));
    assert_eq!(refused.form("/webhooks").value("url"), Some("http://app.example/hooks"));
    assert!(listed(server).await.is_empty());
    let own = made(server).await;
    let form = visitor.get(&own).await.form(&own);
    let refused = visitor.submit(&form.without("event.integration.*")).await;
    refused.says(422, "The webhook was not changed");
    assert!(refused.problem("events").is_some(), "{refused:?}");
    assert_eq!(listed(server).await[0]["events"], json!(["integration.*"]));
}

async fn a_webhook_is_changed_and_nothing_of_others_is_undone(server: &Server) {
    let visitor = Visitor::signed_in(server).await;
    let own = made(server).await;
    let form = visitor.get(&own).await.form(&own);
    assert_eq!((form.value("url"), form.value("event.integration.*")), (Some(URL), Some("on")));
    let more = form.clone().with("event.approval.requested", "on");
    let changed = visitor.submit(&more).await;
    changed.leads_to(&format!("{own}?done=changed"));
    visitor.follow(&changed).await.says(200, "The changes are saved.");
    assert_eq!(listed(server).await[0]["events"], json!(["integration.*", "approval.requested"]));
    let late = visitor.submit(&form.with("event.*", "on")).await;
    late.says(412, "Somebody else changed this in the meantime");
    assert_eq!(listed(server).await[0]["events"], json!(["integration.*", "approval.requested"]));
    // A pattern that the form does not offer stays where it is ticked.
    let target = own.replace("/dashboard", "/api/v1");
    server.call("PATCH", &target).json(&json!({"events": ["integration.health.*"]})).send().await.data();
    let form = visitor.get(&own).await.form(&own);
    assert_eq!(form.value("event.integration.health.*"), Some("on"));
}

async fn a_secret_is_rotated_and_shown_once(server: &Server) {
    let visitor = Visitor::signed_in(server).await;
    let own = made(server).await;
    let form = visitor.get(&own).await.form("/rotate");
    assert_eq!(form.value("overlap"), Some("0"));
    let at_once = visitor.submit(&form).await;
    at_once.says(200, "The old secret has stopped.").says(200, "Store it now.");
    let later = visitor.submit(&form.clone().with("overlap", "1h")).await;
    later.says(200, "is still made with the old secret");
    assert_ne!(shown(&at_once), shown(&later));
    visitor.submit(&form.with("overlap", "ever")).await.says(400, "That cannot be read");
    let log = visitor.get(&format!("{}/audit", server.pages())).await;
    log.says(200, "Webhook's secret replaced");
    assert!(!log.text.contains("whsec_"), "{log:?}");
}

async fn a_disabled_webhook_says_what_waits_and_it_is_sent_or_dropped(server: &Server) {
    let visitor = Visitor::signed_in(server).await;
    let own = made(server).await;
    let off = visitor.submit(&visitor.get(&own).await.form("/disable")).await;
    off.leads_to(&format!("{own}?done=disabled"));
    let page = visitor.follow(&off).await;
    page.says(200, "The webhook is off.").says(200, "Nothing waits.");
    visitor.get(&webhooks(server, "")).await.says(200, "One webhook is disabled.");
    server.install("slack").await;
    let page = visitor.get(&own).await;
    page.says(200, "One message waits.");
    assert!(!page.has_form("/disable"), "{page:?}");
    visitor.get(&format!("{own}/deliveries")).await.says(200, "Waits to be sent").says(200, "Not sent yet");
    // Nothing was given up, so there is nothing to send again.
    let form = page.form("/enable");
    assert_eq!((form.value("waiting"), form.value("since")), (Some("send"), None));
    let wrong = visitor.submit(&form.clone().with("waiting", "again").with("since", "noon")).await;
    wrong.says(422, "The webhook is still disabled");
    let on = visitor.submit(&form.clone().with("waiting", "drop")).await;
    visitor.follow(&on).await.says(200, "The webhook is on.");
    assert_eq!(listed(server).await[0]["status"], json!("active"));
    let list = visitor.get(&format!("{own}/deliveries?status=dropped")).await;
    let delivery = visitor.get(&newest(&list, &own)).await;
    delivery.says(200, "Dropped").says(200, "integration.installed").says(200, "None yet.");
    visitor.submit(&form).await.leads_to(&format!("{own}?done=enabled"));
    // An address alone makes no page say what is not so.
    let page = visitor.get(&format!("{own}?done=disabled")).await;
    assert!(!page.text.contains("The webhook is off."), "{page:?}");
}

async fn a_test_that_does_not_arrive_is_kept_and_can_be_sent_again(server: &Server) {
    let visitor = Visitor::signed_in(server).await;
    let own = made(server).await;
    visitor.submit(&visitor.get(&own).await.form("/disable")).await;
    let tested = visitor.submit(&visitor.get(&own).await.form("/test")).await;
    tested.says(200, "The test did not arrive.");
    let address = format!("{own}/deliveries");
    let list = visitor.get(&format!("{address}?status=failed")).await;
    list.says(200, "webhook.test").says(200, "1 attempt").says(200, "Given up");
    let page = visitor.get(&newest(&list, &own)).await;
    page.says(200, "Attempt 1").says(200, "This event was sent on request.");
    let sent = visitor.submit(&page.form("/redeliver")).await;
    let again = visitor.follow(&sent).await;
    again.says(200, "It is sent again.").says(200, "Waits to be sent");
    assert!(!again.has_form("/redeliver"), "{again:?}");
    let late = visitor.submit(&page.form("/redeliver")).await;
    visitor.follow(&late).await.says(200, "There is nothing to send again");
    let form = list.form("/redeliver").with("since", "2020-01-01T00:00");
    visitor.submit(&form).await.leads_to(&format!("{address}?done=nothing"));
    let wrong = visitor.submit(&form.with("since", "noon")).await;
    wrong.says(422, "Nothing is sent again");
    assert_eq!(wrong.problem("since").as_deref(), Some("Expected a date and a time, in UTC"));
    visitor.get(&format!("{address}?before=noon")).await.says(400, "The address names no delivery");
}

async fn a_webhook_is_deleted_after_a_question(server: &Server) {
    let visitor = Visitor::signed_in(server).await;
    let own = made(server).await;
    let question = visitor.get(&format!("{own}/delete")).await;
    question.says(200, "Delete the webhook to https://127.0.0.1:9/…?");
    let deleted = visitor.submit(&question.form("/delete")).await;
    deleted.leads_to(&webhooks(server, "?done=deleted"));
    visitor.follow(&deleted).await.says(200, "The webhook is deleted.");
    assert!(listed(server).await.is_empty());
    visitor.submit(&question.form("/delete")).await.leads_to(&webhooks(server, "?done=deleted"));
    visitor.get(&own).await.says(404, "There is nothing here");
}

async fn webhooks_are_for_their_own_project_and_for_who_may_read_them(server: &Server) {
    let own = made(server).await;
    let visitor = Visitor::signed_in(server).await;
    let other = server.other_project().await;
    let elsewhere = own.replace(&server.project.to_string(), &other.to_string());
    for path in [elsewhere.clone(), format!("{elsewhere}/deliveries"), format!("{elsewhere}/delete")] {
        visitor.get(&path).await.says(404, "There is nothing here");
    }
    let form = visitor.get(&own).await.form("/rotate");
    let forged = Form { action: format!("{elsewhere}/rotate"), ..form };
    visitor.submit(&forged).await.says(404, "There is nothing here");
    let (_, _, foreign) = server.other_organization().await;
    let stranger = Visitor::signed_in_with(server, &foreign.text).await;
    stranger.get(&own).await.says(403, "belongs to another organization");
    let without = server.key_for(&["integrations:write"]).await;
    let visitor = Visitor::signed_in_with(server, &without.text).await;
    for path in [webhooks(server, ""), own.clone(), format!("{own}/deliveries")] {
        visitor.get(&path).await.says(403, "lacks the scope webhooks:read");
    }
    assert!(!visitor.get(&server.pages()).await.text.contains("/webhooks"));
}

async fn who_may_only_read_webhooks_has_neither_button_nor_effect(server: &Server) {
    let own = made(server).await;
    let writer = Visitor::signed_in(server).await;
    let reader = server.key_for(&["integrations:write", "webhooks:read"]).await;
    let visitor = Visitor::signed_in_with(server, &reader.text).await;
    let page = visitor.get(&own).await;
    page.says(200, "https://127.0.0.1:9/…");
    for form in ["/rotate", "/test", "/disable", "/enable"] {
        assert!(!page.has_form(form), "{form}: {page:?}");
    }
    visitor.get(&webhooks(server, "/new")).await.says(403, "lacks the scope webhooks:write");
    visitor.get(&format!("{own}/delete")).await.says(403, "lacks the scope webhooks:write");
    let theirs = writer.get(&own).await;
    let token = page.form("/sign-out");
    let token = token.value("csrf").unwrap();
    for form in ["/rotate", "/test", "/disable"] {
        let forged = theirs.form(form).with("csrf", token);
        visitor.submit(&forged).await.says(403, "lacks the scope webhooks:write");
    }
    assert_eq!(listed(server).await[0]["status"], json!("active"));
}

/// The example of the documents is signed as messages are.
#[test]
fn the_documents_example_is_signed_as_messages_are() {
    let page = include_str!("../../../../../docs/topics/webhooks.md");
    let cell = |name: &str| {
        let row = page.split(&format!("\n| {name} | `")).nth(1).unwrap_or_else(|| panic!("{name}"));
        row.split("` |").next().unwrap()
    };
    let secret = Secret::stored(cell("secret").to_owned()).unwrap();
    let event: EventId = cell("`webhook-id`").parse().unwrap();
    let at = OffsetDateTime::from_unix_timestamp(cell("`webhook-timestamp`").parse().unwrap()).unwrap();
    let headers = signed(event, cell("body").as_bytes(), at, &secret, None);
    assert_eq!(headers.standard, cell("`webhook-signature`"));
    assert_eq!(headers.contract, cell("`X-RogerIQ-Signature`"));
}
