//! Back to the product that sent the person: by OAuth and by a form, connected, denied and failed, and the links'
//! own end.

use riq_testing::providers::simulator::{Decision, Simulator};
use serde_json::{Value, json};

use super::{
    installing::{consent_page, status},
    visitor::{Page, Visitor},
};
use crate::{
    providers::{on_both_played, played},
    support::{Server, answer::Answer},
};

on_both_played!(
    a_person_who_connects_goes_back_with_the_state,
    a_person_who_declines_or_turns_round_goes_back_as_denied,
    what_fails_goes_back_with_a_code,
    a_form_goes_back_too,
    only_the_expected_account_is_connected,
    tricks_with_addresses_lead_nowhere,
    an_origin_that_was_taken_away_gets_nobody_back,
    a_link_binds_those_who_are_signed_in,
    links_are_listed_and_ended,
    a_link_that_is_ended_on_the_way_installs_nothing,
    pages_for_customers_show_the_projects_brand,
    built_in_browsers_are_shown_the_way_out,
);

const ORIGIN: &str = "https://app.example";
const RETURN: &str = "https://app.example/settings?tab=1#top";

async fn update(server: &Server, change: Value) -> Answer {
    let project = format!("/api/v1/orgs/{}/projects/{}", server.organization, server.project);
    server.call("PATCH", &project).json(&change).send().await
}

async fn allow(server: &Server) {
    let origins = json!(["HTTPS://App.Example:443/", "http://localhost:3000"]);
    let updated = update(server, json!({"return_origins": origins})).await;
    assert_eq!(updated.data()["return_origins"], json!([ORIGIN, "http://localhost:3000"]));
}

async fn ask(server: &Server, provider: &str, body: Value) -> Answer {
    server.call("POST", &server.at(&format!("/{provider}/install-url"))).json(&body).send().await
}

/// Opens a new link for this body. Returns the page.
async fn open(server: &Server, visitor: &Visitor<'_>, provider: &str, body: Value) -> Page {
    let answer = ask(server, provider, body).await;
    let url = answer.data()["install_url"].as_str().unwrap().to_owned();
    let path = url.strip_prefix(&format!("http://{}", server.address)).unwrap();
    let opened = visitor.get(path).await;
    visitor.follow(&opened).await
}

fn returning() -> Value {
    json!({"return_url": RETURN, "state": "a b&c=\u{e9}"})
}

/// The address that the browser goes on to by itself.
fn goes_to(page: &Page) -> Option<String> {
    let rest = page.text.split("http-equiv=\"refresh\" content=\"0;url=").nth(1)?;
    Some(rest.split('"').next()?.replace("&amp;", "&"))
}

fn back(told: &str) -> String {
    format!("https://app.example/settings?tab=1&{told}&state=a+b%26c%3D%C3%A9#top")
}

async fn decide(visitor: &Visitor<'_>, simulator: &Simulator, page: &Page, decision: Decision) -> Page {
    let leaving = visitor.submit(&page.form("/connect")).await;
    let arrived = simulator.decide(&consent_page(&leaving), decision).await;
    visitor.come_back(&arrived).await
}

async fn a_person_who_connects_goes_back_with_the_state(server: &Server, simulator: &Simulator) {
    allow(server).await;
    let visitor = Visitor::new(server);
    let page = open(server, &visitor, "linear", returning()).await;
    page.says(200, "At the end you go back to app.example");
    assert_eq!(page.header("cross-origin-opener-policy"), Some("unsafe-none"));
    let done = decide(&visitor, simulator, &page, Decision::Allow).await;
    done.says(200, "Linear is connected You are on your way back to app.example . Continue to app.example");
    assert_eq!(goes_to(&done), Some(back("provider=linear&status=connected")));
    assert_eq!(done.header("cross-origin-opener-policy"), Some("unsafe-none"));
    assert!(done.text.contains("data-origin=\"https://app.example\""), "{done:?}");
    assert_eq!(status(server, "linear").await, "active");
    // Whoever opens the link's page again is not sent away, and finds the way.
    let again = visitor.provider("linear").await;
    again.says(200, "Linear is connected Continue to app.example");
    assert_eq!(goes_to(&again), None);
}

async fn a_person_who_declines_or_turns_round_goes_back_as_denied(server: &Server, simulator: &Simulator) {
    allow(server).await;
    let visitor = Visitor::new(server);
    let page = open(server, &visitor, "linear", returning()).await;
    let denied = back("provider=linear&status=denied");
    assert!(page.text.contains(&format!("href=\"{}\"", denied.replace('&', "&amp;"))), "{page:?}");
    let done = decide(&visitor, simulator, &page, Decision::Deny).await;
    done.says(403, "Access was not granted");
    assert_eq!(goes_to(&done), Some(denied));
    assert_eq!(status(server, "linear").await, "none");
    // Nothing is used up: the person can begin again.
    let again = decide(&visitor, simulator, &visitor.provider("linear").await, Decision::Allow).await;
    assert_eq!(goes_to(&again), Some(back("provider=linear&status=connected")));
}

async fn what_fails_goes_back_with_a_code(server: &Server, simulator: &Simulator) {
    use riq_testing::providers::simulator::TokenSwitch;

    allow(server).await;
    let visitor = Visitor::new(server);
    simulator.switch(|switches| switches.token = TokenSwitch::Error("invalid_grant".into()));
    let page = open(server, &visitor, "linear", returning()).await;
    let done = decide(&visitor, simulator, &page, Decision::Allow).await;
    done.says(502, "Linear refused");
    assert_eq!(goes_to(&done), Some(back("provider=linear&status=failed&code=provider_refused")));
    // A state of nobody leads nobody back.
    let lost = visitor.get("/oauth/callback?code=x&state=x").await;
    assert_eq!((lost.status, goes_to(&lost)), (400, None));
    // A person who comes too late.
    let leaving = visitor.submit(&visitor.provider("linear").await.form("/connect")).await;
    let arrived = simulator.decide(&consent_page(&leaving), Decision::Allow).await;
    server.clock.advance(time::Duration::minutes(11));
    let late = visitor.come_back(&arrived).await;
    assert_eq!(goes_to(&late), Some(back("provider=linear&status=failed&code=expired")));
    // The link itself: a button leads back, and nothing happens by itself.
    server.clock.advance(time::Duration::minutes(30));
    let expired = visitor.provider("linear").await;
    expired.says(410, "This link has expired");
    assert_eq!(goes_to(&expired), None);
    assert!(expired.text.contains("code=link_unusable"), "{expired:?}");
    assert!(!expired.words().contains("API key"), "{expired:?}");
}

async fn a_form_goes_back_too(server: &Server, simulator: &Simulator) {
    allow(server).await;
    let right = simulator.credential("postmark", 0)["api_key"].as_str().unwrap().to_owned();
    let visitor = Visitor::new(server);
    let page = open(server, &visitor, "postmark", json!({"return_url": RETURN})).await;
    let refused = visitor.submit(&page.form("/connect").with("credential.api_key", "SECRET-wrong")).await;
    assert_eq!((refused.status, goes_to(&refused)), (422, None));
    let sent = visitor.submit(&refused.form("/connect").with("credential.api_key", &right)).await;
    let done = visitor.follow(&sent).await;
    let expected = "https://app.example/settings?tab=1&provider=postmark&status=connected#top";
    assert_eq!(goes_to(&done).as_deref(), Some(expected));
}

async fn only_the_expected_account_is_connected(server: &Server, simulator: &Simulator) {
    allow(server).await;
    let visitor = Visitor::new(server);
    let expected = "b8d1a1a5-6d53-4a65-9c4f-2f1d4b6a7e11";
    let mut body = returning();
    body["expected_account_id"] = json!(expected);
    simulator.switch(|switches| switches.account = 1);
    let page = open(server, &visitor, "linear", body).await;
    let done = decide(&visitor, simulator, &page, Decision::Allow).await;
    done.says(403, "This is another account").says(403, "At Linear you chose Another Organization");
    assert_eq!(goes_to(&done), Some(back("provider=linear&status=failed&code=account_mismatch")));
    assert_eq!(status(server, "linear").await, "none");
    simulator.switch(|switches| switches.account = 0);
    let done = decide(&visitor, simulator, &visitor.provider("linear").await, Decision::Allow).await;
    assert_eq!(goes_to(&done), Some(back("provider=linear&status=connected")));
    assert_eq!(server.integration("linear").await["account"]["id"], expected);
}

async fn tricks_with_addresses_lead_nowhere(server: &Server, _: &Simulator) {
    allow(server).await;
    let before = server.sql.picture().await;
    for url in [
        "https://app.example.evil.example/",
        "https://app.example@evil.example/",
        "https://evil.example\\@app.example/",
        "https://app.example\\@evil.example/",
        "https:\\\\app.example/",
        "https:app.example",
        "http:app.example",
        "http://app.example/",
        "https://app.example:8443/",
        "https://app.example./",
        "https://\u{430}pp.example/",
        "https://ap\tp.example/",
        "//app.example/",
        "/settings",
        "javascript:alert(1)",
        "https://app.example/?status=connected",
        "http://localhost:3001/",
    ] {
        let refused = ask(server, "linear", json!({"return_url": url})).await;
        assert_eq!((refused.status, refused.code()), (400, "BAD_REQUEST"), "{url}");
        assert!(refused.issues()[0].starts_with("return_url"), "{url}: {:?}", refused.issues());
    }
    for origin in
        ["https://app.example/x", "http://app.example", "https://a@app.example", "*", "https:app.example"]
    {
        update(server, json!({"return_origins": [origin]})).await.refused(400, "BAD_REQUEST");
    }
    assert_eq!(server.sql.picture().await, before);
}

async fn an_origin_that_was_taken_away_gets_nobody_back(server: &Server, simulator: &Simulator) {
    allow(server).await;
    let visitor = Visitor::new(server);
    let page = open(server, &visitor, "linear", returning()).await;
    update(server, json!({"return_origins": []})).await.data();
    let ended = decide(&visitor, simulator, &page, Decision::Allow).await;
    let done = visitor.follow(&ended).await;
    done.says(200, "Linear is connected");
    assert!(!done.text.contains("app.example"), "{done:?}");
    assert_eq!(done.header("cross-origin-opener-policy"), Some("same-origin"));
}

async fn a_link_binds_those_who_are_signed_in(server: &Server, simulator: &Simulator) {
    allow(server).await;
    let visitor = Visitor::signed_in(server).await;
    let page = open(server, &visitor, "linear", returning()).await;
    page.says(200, "You are asked to connect your account at Linear");
    let done = decide(&visitor, simulator, &page, Decision::Allow).await;
    assert_eq!(goes_to(&done), Some(back("provider=linear&status=connected")));
    // Then the page is the project's own again.
    visitor.provider("linear").await.says(200, "Acme Engineering");
}

async fn links_are_listed_and_ended(server: &Server, _: &Simulator) {
    allow(server).await;
    let made = ask(server, "linear", returning()).await.data().clone();
    let id = made["link_id"].as_str().unwrap();
    let links = format!("/api/v1/projects/{}/install-links", server.project);
    let listed = server.call("GET", &links).send().await;
    let link = listed.data()[0].clone();
    assert_eq!(
        (&link["id"], &link["status"], &link["provider"]),
        (&json!(id), &json!("open"), &json!("linear"))
    );
    assert_eq!((&link["return_url"], &link["expires_at"]), (&json!(RETURN), &made["expires_at"]));
    assert!(!listed.text.contains("a b&c"), "the caller's state is the person's alone");
    for _ in 0..2 {
        let ended = server.call("DELETE", &format!("{links}/{id}")).send().await;
        assert_eq!(ended.data()["status"], "ended");
    }
    server
        .call("DELETE", &format!("{links}/lnk_00000000000000000000000000"))
        .send()
        .await
        .refused(404, "RESOURCE_NOT_FOUND");
    let url = made["install_url"].as_str().unwrap();
    let visitor = Visitor::new(server);
    let opened = visitor.get(url.strip_prefix(&format!("http://{}", server.address)).unwrap()).await;
    visitor.follow(&opened).await.says(410, "This link does not work any more");
    let events =
        server.sql.rows("SELECT action FROM audit_events WHERE action = 'install_link.ended'", []).await;
    assert_eq!(events.len(), 1, "the second was no change");
    // The pages show it too.
    let member = Visitor::signed_in(server).await;
    ask(server, "postmark", json!({})).await.data();
    let page = member.get(&format!("/dashboard/projects/{}/install-links", server.project)).await;
    page.says(200, "Ended").says(200, "Open").says(200, "leads back to app.example");
    let after = member.submit(&page.form("/end")).await;
    let page = member.follow(&after).await;
    assert!(!page.has_form("/end"), "{page:?}");
}

async fn a_link_that_is_ended_on_the_way_installs_nothing(server: &Server, simulator: &Simulator) {
    allow(server).await;
    let answer = ask(server, "linear", returning()).await.data().clone();
    let url = answer["install_url"].as_str().unwrap();
    let visitor = Visitor::new(server);
    let opened = visitor.get(url.strip_prefix(&format!("http://{}", server.address)).unwrap()).await;
    let page = visitor.follow(&opened).await;
    let leaving = visitor.submit(&page.form("/connect")).await;
    let arrived = simulator.decide(&consent_page(&leaving), Decision::Allow).await;
    let id = answer["link_id"].as_str().unwrap();
    let links = format!("/api/v1/projects/{}/install-links/{id}", server.project);
    server.call("DELETE", &links).send().await.data();
    let done = visitor.come_back(&arrived).await;
    assert_eq!(goes_to(&done), Some(back("provider=linear&status=failed&code=link_unusable")));
    assert_eq!(status(server, "linear").await, "none");
}

async fn pages_for_customers_show_the_projects_brand(server: &Server, _: &Simulator) {
    let visitor = Visitor::new(server);
    let neutral = open(server, &visitor, "slack", json!({})).await;
    neutral
        .says(200, "Integrations S Communication Connect Slack")
        .says(200, "You are asked to connect your account at Slack");
    for word in ["RogerIQ", "Support", "Acme", "chat:write", "API key"] {
        assert!(!neutral.text.contains(word), "{word}: {neutral:?}");
    }
    let branding = json!({"name": "Parcel Pro", "accent": "#0a7755", "support": "help@parcel.example"});
    let shown = update(server, json!({"branding": branding})).await.data()["branding"].clone();
    assert_eq!((&shown["name"], &shown["logo"]), (&json!("Parcel Pro"), &Value::Null));
    let page = visitor.provider("slack").await;
    page.says(200, "Parcel Pro asks you to connect your account at Slack")
        .says(200, "Questions? help@parcel.example");
    let style =
        page.text.split("href=\"").find(|rest| rest.contains("/brand-")).unwrap().split('"').next().unwrap();
    let client = crate::support::server::client();
    let sheet = client.get(format!("http://{}{style}", server.address)).send().await.unwrap();
    assert_eq!(sheet.headers()["content-type"], "text/css; charset=utf-8");
    assert!(sheet.text().await.unwrap().starts_with(":root{--accent:#0a7755;"));
    let faint = update(server, json!({"branding": {"accent": "#ffee00"}})).await;
    assert_eq!(faint.refused(400, "BAD_REQUEST").issues().len(), 1);
    update(server, json!({"branding": {"logo": "none.svg"}})).await.refused(400, "BAD_REQUEST");
    assert_eq!(update(server, json!({"branding": null})).await.data()["branding"], Value::Null);
}

async fn built_in_browsers_are_shown_the_way_out(server: &Server, _: &Simulator) {
    let visitor = Visitor::new(server);
    let ordinary = open(server, &visitor, "linear", json!({})).await;
    assert!(!ordinary.words().contains("Open this page in your browser"), "{ordinary:?}");
    let inside =
        "Mozilla/5.0 (Linux; Android 14; wv) Chrome/120.0 Mobile Safari/537.36 [FB_IAB/FB4A;FBAV/440.0;]";
    let agent = |request: reqwest::RequestBuilder| request.header("user-agent", inside);
    let page = visitor.get_with(&server.page("linear"), agent).await;
    page.says(200, "Open this page in your browser").says(200, "Open in browser");
    let link = page.text.split("<code id=\"link\">").nth(1).unwrap().split('<').next().unwrap().to_owned();
    assert!(page.text.contains("href=\"intent://"), "{page:?}");
    // The link works in the real browser too.
    let real = Visitor::new(server);
    let opened = real.get(link.strip_prefix(&format!("http://{}", server.address)).unwrap()).await;
    real.follow(&opened).await.says(200, "Connect Linear");
    // A provider that takes any browser is not warned of.
    let plain = open(server, &visitor, "shopify", json!({})).await;
    plain.says(200, "Connect Shopify");
    let page = visitor.get_with(&server.page("shopify"), agent).await;
    assert!(!page.words().contains("Open this page in your browser"), "{page:?}");
}
