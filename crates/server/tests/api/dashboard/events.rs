//! The pages of providers' events: an address, what verifies the events, and what came.

use integrations_core::role::Role;
use serde_json::json;

use super::visitor::{Page, Visitor};
use crate::{
    provider_events::{by_stripe, path_of, post},
    support::Server,
};

on_both!(
    the_secret_of_events_is_entered_on_a_page,
    a_secret_that_a_provider_brings_is_waited_for_and_shown_once,
    who_may_not_change_integrations_sees_no_address,
);

const FIRST: &str = "whsec_SECRETthatcamefirst";
const SECOND: &str = "whsec_SECRETthatcamesecond";

/// The path of the address that a page shows.
fn address(page: &Page) -> String {
    let url = page.text.split("id=\"event-address\">").nth(1).unwrap_or_else(|| panic!("{page:?}"));
    path_of(&json!({"url": url.split('<').next().unwrap()}))
}

async fn sign(server: &Server, path: &str, secret: &str, id: &str) -> u16 {
    let body = json!({"id": id, "type": "charge.refunded"}).to_string();
    let signature = by_stripe(secret, server.now(), body.as_bytes());
    post(server, path, &[("stripe-signature", &signature)], body.as_bytes()).await
}

async fn the_secret_of_events_is_entered_on_a_page(server: &Server) {
    server.install("stripe").await;
    let visitor = Visitor::signed_in(server).await;
    let at = format!("{}/events", server.page("stripe"));
    let page = visitor.get(&at).await;
    page.says(200, "Events from Stripe").says(200, "There is none.");
    let path = address(&page);
    assert_eq!(sign(server, &path, FIRST, "evt_0").await, 503, "nothing is taken without a secret");
    let form = page.form("/events/secret");
    assert_eq!(form.value("overlap"), None, "there is none before");
    let refused = visitor.submit(&form.clone().with("secret", "sk_live_SECRETkey")).await;
    refused.says(422, "The secret was not saved");
    assert!(refused.problem("secret").unwrap().starts_with("This is an API key"), "{refused:?}");
    assert_eq!(refused.form("/events/secret").value("secret"), Some(""));
    let saved = visitor.submit(&form.with("secret", &format!(" {FIRST}\n"))).await;
    saved.leads_to(&format!("{at}?done=saved"));
    let page = visitor.follow(&saved).await;
    page.says(200, "The secret is saved").says(200, "There is one.");
    assert_eq!(address(&page), path);
    assert_eq!(sign(server, &path, FIRST, "evt_1").await, 200);
    // Another one, while the first counts for an hour.
    let form = page.form("/events/secret").with("secret", SECOND).with("overlap", "1h");
    visitor.submit(&form).await.leads_to(&format!("{at}?done=saved"));
    for (secret, id) in [(FIRST, "evt_2"), (SECOND, "evt_3")] {
        assert_eq!(sign(server, &path, secret, id).await, 200, "{id}");
    }
    let page = visitor.get(&at).await;
    page.says(200, "There is a new one. The one before stops").says(200, "charge.refunded");
    server.clock.advance(time::Duration::minutes(61));
    let statuses = (sign(server, &path, FIRST, "evt_4").await, sign(server, &path, SECOND, "evt_5").await);
    assert_eq!(statuses, (401, 200));
}

async fn a_secret_that_a_provider_brings_is_waited_for_and_shown_once(server: &Server) {
    let app = json!({"client_id": "client", "client_secret": "SECRET"});
    let target = format!("/api/v1/orgs/{}/oauth-apps/notion", server.organization);
    server.call("PUT", &target).json(&app).send().await.data();
    let visitor = Visitor::signed_in(server).await;
    let at = format!("/dashboard/orgs/{}/oauth-apps/notion/events", server.organization);
    let page = visitor.get(&at).await;
    page.says(200, "Events from Notion");
    assert!(!page.has_form("/events/shown") && !page.has_form("/events/secret"), "{page:?}");
    let waiting = visitor.submit(&page.form("/events/wait")).await;
    waiting.leads_to(&format!("{at}?done=waiting"));
    visitor.follow(&waiting).await.says(200, "The first request is waited for");
    let brought = "secret_BroughtByNotion123456";
    let body = json!({"verification_token": brought}).to_string();
    assert_eq!(post(server, &address(&page), &[], body.as_bytes()).await, 200);
    let page = visitor.get(&at).await;
    assert!(!page.text.contains(brought), "{page:?}");
    let form = page.form("/events/shown");
    visitor.submit(&form).await.says(200, brought).says(200, "It is shown this once");
    let again = visitor.submit(&form).await;
    assert!(!again.text.contains(brought) && !again.has_form("/events/shown"), "{again:?}");
}

async fn who_may_not_change_integrations_sees_no_address(server: &Server) {
    server.install("stripe").await;
    let editor = Visitor::signed_in(server).await;
    let at = format!("{}/events", server.page("stripe"));
    let form = editor.get(&at).await.form("/events/secret");
    let viewer = server.person(Role::Viewer).await;
    let visitor = Visitor::signed_in_as(server, viewer).await;
    let page = visitor.get(&at).await;
    page.says(200, "There is no address to show");
    assert!(!page.text.contains("/hooks/") && !page.has_form("/events/secret"), "{page:?}");
    let csrf = page.form("/sign-out").value("csrf").unwrap().to_owned();
    visitor.submit(&form.with("csrf", &csrf).with("secret", FIRST)).await.says(403, "");
    assert_eq!(server.event_source("stripe").await["secret_status"], "missing");
}
