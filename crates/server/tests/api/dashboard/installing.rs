//! Installing through the pages: with a link or a session, with the provider's consent page or a form. The providers
//! are simulated.

use integrations_core::catalog::ActionKind;
use riq_testing::providers::simulator::{Decision, Simulator};
use serde_json::{Map, Value, json};
use time::Duration;

use super::visitor::{Page, Visitor};

use crate::{
    providers::{on_both_played, played},
    support::Server,
};

on_both_played!(
    a_link_leads_through_oauth_to_the_end,
    looking_at_a_link_does_not_use_it_up,
    a_link_opens_its_page_and_nothing_else,
    a_link_that_cannot_be_used_says_why,
    a_link_ends_with_its_key,
    a_wrong_key_is_told_beside_its_field_and_a_right_one_connects,
    what_is_typed_around_a_field_is_taken_off,
    what_is_pasted_around_a_secret_is_taken_off,
    a_hostile_shop_never_gets_into_an_address,
    a_person_who_declines_ends_on_a_page_and_nothing_is_changed,
    an_answer_in_another_browser_is_not_taken,
    an_answer_counts_once,
    another_account_is_asked_about,
    permissions_belong_to_the_account,
    a_key_of_an_unknown_account_turns_writes_off,
    connecting_again_fills_in_what_was_typed_before,
    a_link_works_beside_another_organizations_session,
);

/// A new install link, as a path.
pub(crate) async fn link(server: &Server, provider: &str) -> String {
    let answer = server.call("POST", &server.at(&format!("/{provider}/install-url"))).send().await;
    let url = answer.data()["install_url"].as_str().unwrap().to_owned();
    url.strip_prefix(&format!("http://{}", server.address)).unwrap().to_owned()
}

/// The address that our page before the provider's page leads to.
pub(crate) fn consent_page(page: &Page) -> String {
    page.says(200, "On to");
    let rest = page.text.split("http-equiv=\"refresh\" content=\"0;url=").nth(1).unwrap();
    let url = rest.split('"').next().unwrap().replace("&amp;", "&");
    assert!(
        page.text.contains(&format!("id=\"continue\" href=\"{}\"", url.replace('&', "&amp;"))),
        "{page:?}"
    );
    url
}

/// Decides on the consent page and returns, to the address that shows the result.
async fn decided(visitor: &Visitor<'_>, simulator: &Simulator, page: &Page, decision: Decision) -> Page {
    let back = simulator.decide(&consent_page(page), decision).await;
    visitor.come_back(&back).await
}

pub(crate) async fn status(server: &Server, provider: &str) -> String {
    server.integration(provider).await["status"].as_str().unwrap_or("none").to_owned()
}

async fn a_link_leads_through_oauth_to_the_end(server: &Server, simulator: &Simulator) {
    let path = link(server, "linear").await;
    let visitor = Visitor::new(server);
    let opened = visitor.get(&path).await;
    opened.leads_to(&server.page("linear"));
    let (_, token) = path.split_once("?session=").unwrap();
    let (name, page) = (visitor.full_name("riq_install"), server.page("linear"));
    let expected = format!("{name}={token}; HttpOnly; SameSite=Lax; Path={page}; Max-Age=1800");
    assert!(opened.cookies().contains(&expected.as_str()), "{opened:?}");
    let page = visitor.follow(&opened).await;
    page.says(200, "You are asked to connect your account at Linear");
    for hidden in ["/pause", "/settings", "/sign-out", "/audit"] {
        assert!(!page.text.contains(hidden), "{hidden}: {page:?}");
    }
    let leaving = visitor.submit(&page.form("/connect")).await;
    let back = decided(&visitor, simulator, &leaving, Decision::Allow).await;
    back.leads_to(&format!("{}?done=connected", server.page("linear")));
    visitor.follow(&back).await.says(200, "Linear is connected That was all. You can close this tab");
    let integration = server.integration("linear").await;
    assert_eq!(integration["status"], "active");
    assert_eq!(integration["health_status"], "healthy");
    assert_eq!(integration["display_name"], "Acme Engineering");
    let event = server.audit("linear").await.pop().unwrap();
    assert_eq!(event["action"], "integration.installed");
    assert_eq!(event["actor_key_id"], server.key.id.to_string());
    // The link is used. Its own browser is shown what came of it.
    visitor.provider("linear").await.says(200, "Linear is connected That was all. You can close this tab");
    let again = visitor.get(&path).await;
    visitor.follow(&again).await.says(200, "Linear is connected That was all. You can close this tab");
    let stranger = Visitor::new(server);
    let opened = stranger.get(&path).await;
    stranger.follow(&opened).await.says(410, "This link has been used");
    stranger.get(&format!("{}?done=connected", server.page("linear"))).await.says(410, "has been used");
    assert_eq!(simulator.complaints(), [""; 0]);
}

async fn looking_at_a_link_does_not_use_it_up(server: &Server, _: &Simulator) {
    let path = link(server, "postmark").await;
    let before = server.sql.rows("SELECT * FROM install_links", []).await;
    for _ in 0..3 {
        Visitor::new(server).get(&path).await.leads_to(&server.page("postmark"));
    }
    let client = crate::support::server::client();
    let scanned = client.head(format!("http://{}{path}", server.address)).send().await.unwrap();
    assert!(scanned.status().is_success(), "{scanned:?}");
    assert_eq!(server.sql.rows("SELECT * FROM install_links", []).await, before);
    let visitor = Visitor::new(server);
    let opened = visitor.get(&path).await;
    visitor.follow(&opened).await.says(200, "Connect Postmark");
}

async fn a_link_opens_its_page_and_nothing_else(server: &Server, _: &Simulator) {
    server.install("slack").await;
    let path = link(server, "slack").await;
    let (_, token) = path.split_once("?session=").unwrap();
    let visitor = Visitor::new(server);
    // This holds even if a browser sends the cookie with every request.
    visitor.plant("riq_install", token);
    let page = visitor.provider("slack").await;
    page.says(200, "Connect Slack");
    let asks_to_sign_in = |page: &Page| {
        assert!(page.header("location").unwrap().starts_with("/dashboard/sign-in?return_to="), "{page:?}");
    };
    for path in [
        "/dashboard".to_owned(),
        server.pages(),
        format!("{}/audit", server.pages()),
        format!("{}/disconnect", server.page("slack")),
    ] {
        asks_to_sign_in(&visitor.get(&path).await);
    }
    let before = server.sql.picture().await;
    for action in ["pause", "resume", "details", "settings", "permissions", "disconnect"] {
        let form = super::visitor::Form {
            action: format!("{}/{action}", server.page("slack")),
            ..page.form("/connect")
        };
        asks_to_sign_in(&visitor.submit(&form.with("version", "1")).await);
    }
    assert_eq!(server.sql.picture().await, before);
    visitor.provider("postmark").await.says(403, "This link is for something else");
}

async fn a_link_that_cannot_be_used_says_why(server: &Server, _: &Simulator) {
    let visitor = Visitor::new(server);
    let path = link(server, "slack").await;
    let (_, token) = path.split_once("?session=").unwrap();
    for unknown in ["", "nonsense"] {
        let page = visitor.get(&format!("{}?session={unknown}", server.page("slack"))).await;
        page.says(404, "This link is not known").says(404, "Ask for a new link");
    }
    // What may be a link's secret is gone from the address before anything is said about it.
    let other = server.other_project().await;
    for (page, token, status, words) in [
        (server.page("slack"), "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8", 404, "This link is not known"),
        (server.page("postmark"), token, 403, "This link is for something else"),
        (
            format!("/dashboard/projects/{other}/integrations/slack"),
            token,
            403,
            "This link is for something else",
        ),
    ] {
        let opened = visitor.get(&format!("{page}?session={token}")).await;
        opened.leads_to(&page);
        visitor.follow(&opened).await.says(status, words).says(status, "Ask for a new link");
    }
    visitor.get(&path).await.leads_to(&server.page("slack"));
    server.clock.advance(Duration::minutes(30));
    visitor.provider("slack").await.says(410, "This link has expired");
    let late = Visitor::new(server);
    let opened = late.get(&path).await;
    let page = late.follow(&opened).await;
    page.says(410, "This link has expired");
    // A customer has no page to sign in at.
    assert!(!page.text.contains("/dashboard/sign-in"), "{page:?}");
    // The address that leads back never contains the secret of a link.
    assert!(!page.text.contains(token), "{page:?}");
}

async fn a_link_ends_with_its_key(server: &Server, _: &Simulator) {
    let key = server.key_for(&["integrations:write"]).await;
    let answer = server.call_as(&key.text, "POST", &server.at("/postmark/install-url")).send().await;
    let url = answer.data()["install_url"].as_str().unwrap().to_owned();
    let path = url.strip_prefix(&format!("http://{}", server.address)).unwrap();
    let visitor = Visitor::new(server);
    let opened = visitor.get(path).await;
    let page = visitor.follow(&opened).await;
    server.revoke(&key).await;
    let form = page.form("/connect").with("credential.api_key", "SECRET-postmark-7f2c9d1e");
    visitor.submit(&form).await.says(403, "This link does not work any more");
    visitor.provider("postmark").await.says(403, "This link does not work any more");
    assert_eq!(status(server, "postmark").await, "none");
}

async fn a_wrong_key_is_told_beside_its_field_and_a_right_one_connects(
    server: &Server,
    simulator: &Simulator,
) {
    let right = simulator.credential("postmark", 0)["api_key"].as_str().unwrap().to_owned();
    let by_link = Visitor::new(server);
    by_link.get(&link(server, "postmark").await).await;
    let signed_in = Visitor::signed_in(server).await;
    for visitor in [&by_link, &signed_in] {
        let form = visitor.provider("postmark").await.form("/connect");
        let empty = visitor.submit(&form.clone().with("credential.api_key", " ")).await;
        assert_eq!(empty.problem("credential.api_key").unwrap(), "Required");
        let refused = visitor.submit(&form.with("credential.api_key", "SECRET-wrong")).await;
        refused.says(422, "Postmark does not accept this");
        assert!(refused.problem("credential.api_key").is_some(), "{refused:?}");
        assert_eq!(refused.form("/connect").value("credential.api_key"), Some(""));
        let connected = visitor
            .submit(&refused.form("/connect").with("credential.api_key", &format!(" {right}\n")))
            .await;
        connected.leads_to(&format!("{}?done=connected", server.page("postmark")));
        visitor.follow(&connected).await.says(200, "Postmark is connected");
        assert_eq!(status(server, "postmark").await, "active");
        server.delete("postmark").await.data();
    }
}

async fn what_is_typed_around_a_field_is_taken_off(server: &Server, simulator: &Simulator) {
    let visitor = Visitor::signed_in(server).await;
    let form = visitor.provider("shopify").await.form("/connect");
    let pasted = form.with("connection.subdomain", " https://acme.myshopify.com/ ");
    let leaving = visitor.submit(&pasted).await;
    assert!(consent_page(&leaving).starts_with("https://acme.myshopify.com/admin/oauth/authorize?"));
    let back = decided(&visitor, simulator, &leaving, Decision::Allow).await;
    visitor.follow(&back).await.says(200, "Shopify is connected.");
    assert_eq!(status(server, "shopify").await, "active");
    // What was read is shown afterwards, because it is no secret.
    visitor.provider("shopify").await.says(200, "Shop acme");
    for pasted in [
        "ACME.myshopify.com",
        "https://acme.myshopify.com/admin",
        "https://admin.shopify.com/store/acme",
        "\u{200b}acme\u{a0}",
    ] {
        let form = visitor.provider("shopify").await.form("/connect");
        let leaving = visitor.submit(&form.with("connection.subdomain", pasted)).await;
        assert!(
            consent_page(&leaving).starts_with("https://acme.myshopify.com/admin/oauth/authorize?"),
            "{pasted:?}"
        );
    }
}

async fn what_is_pasted_around_a_secret_is_taken_off(server: &Server, simulator: &Simulator) {
    let visitor = Visitor::signed_in(server).await;
    let key = simulator.credential("postmark", 0)["api_key"].as_str().unwrap().to_owned();
    let (head, tail) = key.split_at(8);
    for pasted in [
        format!("{head}\u{200b}{tail}"),
        format!("{head}\r\n{tail}"),
        format!("“{key}”"),
        format!("Bearer {key}"),
        format!("X-Postmark-Server-Token: {key}"),
    ] {
        let form = visitor.provider("postmark").await.form("/connect").with("credential.api_key", &pasted);
        visitor.submit(&form).await.leads_to(&format!("{}?done=connected", server.page("postmark")));
    }
    let url = simulator.credential("discord", 0)["webhook_url"].as_str().unwrap().to_owned();
    for pasted in [format!("{url}?thread_id=1234"), format!("{url}/slack"), format!("<{url}/>")] {
        let form = visitor.provider("discord").await.form("/connect").with("credential.webhook_url", &pasted);
        visitor.submit(&form).await.leads_to(&format!("{}?done=connected", server.page("discord")));
    }
    let form = visitor.provider("discord").await.form("/connect");
    let refused =
        visitor.submit(&form.with("credential.webhook_url", "https://discord.com/channels/1/2")).await;
    let words = refused.problem("credential.webhook_url").unwrap();
    assert!(words.starts_with("Expected the whole URL of a webhook as Discord shows it"), "{words}");
    assert!(!refused.text.contains("[0-9]") && !refused.text.contains(" pattern="), "{refused:?}");
    assert_eq!(simulator.complaints(), [""; 0]);
}

async fn a_hostile_shop_never_gets_into_an_address(server: &Server, simulator: &Simulator) {
    let visitor = Visitor::signed_in(server).await;
    let form = visitor.provider("shopify").await.form("/connect");
    for hostile in [
        "evil.com/",
        "evil.com",
        "a@b",
        "acme\r\nX: y",
        "acme。evil",
        "acme.evil.com#",
        "..",
        "%2f",
        "[::1]",
        "",
    ] {
        let page = visitor.submit(&form.clone().with("connection.subdomain", hostile)).await;
        assert_eq!(page.status, 422, "{hostile:?}: {page:?}");
        assert!(page.problem("connection.subdomain").is_some(), "{hostile:?}");
        assert!(!page.text.contains("http-equiv"), "{hostile:?}");
    }
    assert_eq!(simulator.requests().len(), 0);
}

async fn a_person_who_declines_ends_on_a_page_and_nothing_is_changed(server: &Server, simulator: &Simulator) {
    let visitor = Visitor::signed_in(server).await;
    let before = server.sql.picture().await;
    let leaving = visitor.submit(&visitor.provider("linear").await.form("/connect")).await;
    let back = decided(&visitor, simulator, &leaving, Decision::Deny).await;
    back.says(403, "Access was not granted").says(403, "Request req_");
    assert!(back.text.contains(&format!("href=\"{}\"", server.page("linear"))), "{back:?}");
    assert_eq!(server.sql.picture().await, before);
}

async fn an_answer_in_another_browser_is_not_taken(server: &Server, simulator: &Simulator) {
    let visitor = Visitor::signed_in(server).await;
    let before = server.sql.picture().await;
    let leaving = visitor.submit(&visitor.provider("linear").await.form("/connect")).await;
    for other in [Visitor::new(server), Visitor::signed_in(server).await] {
        let back = decided(&other, simulator, &leaving, Decision::Allow).await;
        back.says(400, "This was started in another browser");
    }
    assert_eq!(server.sql.picture().await, before);
    let nonsense = visitor.get("/oauth/callback?code=x&state=nonsense").await;
    nonsense.says(400, "No connection was started here");
    visitor.get("/oauth/callback").await.says(400, "No connection was started here");
}

async fn an_answer_counts_once(server: &Server, simulator: &Simulator) {
    let visitor = Visitor::signed_in(server).await;
    let leaving = visitor.submit(&visitor.provider("linear").await.form("/connect")).await;
    let back = simulator.decide(&consent_page(&leaving), Decision::Allow).await;
    let path = format!("{}?{}", back.path(), back.query().unwrap());
    visitor.get(&path).await.leads_to(&format!("{}?done=connected", server.page("linear")));
    assert_eq!(status(server, "linear").await, "active");
    let before = server.sql.picture().await;
    let again = visitor.get(&path).await;
    visitor.follow(&again).await.leads_to(&format!("{}?done=connected", server.page("linear")));
    assert_eq!(server.sql.picture().await, before);
    assert_eq!(simulator.complaints(), [""; 0]);
}

async fn another_account_is_asked_about(server: &Server, simulator: &Simulator) {
    let visitor = Visitor::signed_in(server).await;
    let connect = async || {
        let leaving = visitor.submit(&visitor.provider("linear").await.form("/connect")).await;
        decided(&visitor, simulator, &leaving, Decision::Allow).await
    };
    connect().await.leads_to(&format!("{}?done=connected", server.page("linear")));
    simulator.switch(|switches| switches.account = 1);
    let asked = connect().await;
    asked.says(200, "Connect another account?").says(200, "Connected now Acme Engineering");
    asked.says(200, "Would be connected Another Organization");
    let before = server.sql.picture().await;
    // Another browser cannot answer, and no answer works without the form's token.
    let answer = asked.form("/installs/confirm");
    let stranger = Visitor::signed_in(server).await;
    let token = stranger.get("/dashboard").await.form("/sign-out").value("csrf").unwrap().to_owned();
    stranger.submit(&answer.clone().with("csrf", &token)).await.says(400, "another browser");
    let kept = visitor.submit(&asked.form("/installs/abandon")).await;
    kept.leads_to(&format!("{}?done=kept", server.page("linear")));
    visitor.follow(&kept).await.says(200, "Nothing was changed.");
    // The second of two clicks is shown what came of the first.
    let again = visitor.submit(&answer).await;
    visitor.follow(&again).await.leads_to(&format!("{}?done=kept", server.page("linear")));
    assert_eq!(server.sql.picture().await, before);
    let answer = connect().await.form("/installs/confirm");
    let confirmed = visitor.submit(&answer).await;
    confirmed.leads_to(&format!("{}?done=connected", server.page("linear")));
    let again = visitor.submit(&answer).await;
    visitor.follow(&again).await.leads_to(&format!("{}?done=connected", server.page("linear")));
    visitor.follow(&confirmed).await.says(200, "Account Another Organization");
    assert_eq!(server.integration("linear").await["display_name"], "Another Organization");
}

/// The permissions of a provider's actions: which of them are on.
fn permissions(server: &Server, provider: &str, is_on: fn(ActionKind) -> bool) -> Value {
    let actions = &server.app.services.catalog.account(provider).unwrap().provider.actions;
    actions.iter().map(|action| (action.key.clone(), is_on(action.kind).into())).collect::<Map<_, _>>().into()
}

/// Permits all of a provider's actions.
async fn permit_all(server: &Server, provider: &str) -> Value {
    let all = permissions(server, provider, |_| true);
    server.patch(provider, json!({"action_permissions": &all})).await.data();
    all
}

/// Asserts that a reconnection turned off what does more than read, of all that was permitted before, and recorded it.
async fn assert_writes_are_off(server: &Server, provider: &str) {
    let reading = permissions(server, provider, |kind| kind == ActionKind::ReadOnly);
    assert_eq!(server.integration(provider).await["action_permissions"], reading);
    let event = server.audit(provider).await.pop().unwrap();
    assert_eq!(event["action"], "integration.installed");
    for (action, permission) in reading.as_object().unwrap() {
        let off = json!({"path": format!("action_permissions.{action}"), "from": true, "to": false});
        assert_eq!(event["changes"].as_array().unwrap().contains(&off), *permission == false, "{action}");
    }
}

async fn permissions_belong_to_the_account(server: &Server, simulator: &Simulator) {
    let visitor = Visitor::signed_in(server).await;
    let connected = format!("{}?done=connected", server.page("linear"));
    let connect = async || {
        server.clock.advance(Duration::seconds(1));
        let leaving = visitor.submit(&visitor.provider("linear").await.form("/connect")).await;
        decided(&visitor, simulator, &leaving, Decision::Allow).await
    };
    connect().await.leads_to(&connected);
    let all = permit_all(server, "linear").await;
    for disconnects in [false, true] {
        if disconnects {
            server.delete("linear").await.data();
        }
        connect().await.leads_to(&connected);
        assert_eq!(server.integration("linear").await["action_permissions"], all);
    }
    // Linear does not say which account it is; later it says that it is another one.
    for (breaks, account) in [(true, 0), (false, 1)] {
        simulator.switch(|switches| (switches.break_calls, switches.account) = (breaks, account));
        let asked = connect().await;
        asked.says(200, "Every action that does more than read is turned off");
        visitor.submit(&asked.form("/installs/abandon")).await;
        assert_eq!(server.integration("linear").await["action_permissions"], all);
        visitor.submit(&connect().await.form("/installs/confirm")).await.leads_to(&connected);
        assert_writes_are_off(server, "linear").await;
        permit_all(server, "linear").await;
    }
}

/// Postmark says whose key it is, Mailgun does not.
async fn a_key_of_an_unknown_account_turns_writes_off(server: &Server, simulator: &Simulator) {
    let visitor = Visitor::signed_in(server).await;
    let connect = async |provider: &str| {
        server.clock.advance(Duration::seconds(1));
        let mut form = visitor.provider(provider).await.form("/connect");
        let (connection, credential) =
            (simulator.connections(provider).remove(0), simulator.credential(provider, 0));
        for (part, values) in [("connection", connection), ("credential", credential)] {
            for (name, value) in values {
                form = form.with(&format!("{part}.{name}"), value.as_str().unwrap());
            }
        }
        visitor.submit(&form).await.leads_to(&format!("{}?done=connected", server.page(provider)));
    };
    for provider in ["postmark", "mailgun"] {
        connect(provider).await;
        let all = permit_all(server, provider).await;
        connect(provider).await;
        if provider == "postmark" {
            assert_eq!(server.integration(provider).await["action_permissions"], all);
        } else {
            assert_writes_are_off(server, provider).await;
        }
    }
}

async fn connecting_again_fills_in_what_was_typed_before(server: &Server, _: &Simulator) {
    server.install("shopify").await;
    let visitor = Visitor::signed_in(server).await;
    let form = visitor.provider("shopify").await.form("/connect");
    assert_eq!(form.value("connection.subdomain"), Some("acme"));
    // A person with an install link sees nothing of what is stored.
    let by_link = Visitor::new(server);
    let opened = by_link.get(&link(server, "shopify").await).await;
    assert_eq!(by_link.follow(&opened).await.form("/connect").value("connection.subdomain"), Some(""));
}

async fn a_link_works_beside_another_organizations_session(server: &Server, simulator: &Simulator) {
    let (_, _, key) = server.other_organization().await;
    let visitor = Visitor::signed_in_with(server, &key.text).await;
    visitor.get(&link(server, "postmark").await).await.leads_to(&server.page("postmark"));
    let page = visitor.provider("postmark").await;
    page.says(200, "You are asked to connect your account at Postmark");
    let right = simulator.credential("postmark", 0)["api_key"].as_str().unwrap().to_owned();
    let connected = visitor.submit(&page.form("/connect").with("credential.api_key", &right)).await;
    connected.leads_to(&format!("{}?done=connected", server.page("postmark")));
    visitor.follow(&connected).await.says(200, "Postmark is connected That was all. You can close this tab");
    let event = server.audit("postmark").await.pop().unwrap();
    assert_eq!(event["actor_key_id"], server.key.id.to_string());
}
