//! Connects providers that have several ways to log in.

use std::collections::{BTreeSet, HashMap};

use integrations_core::catalog::Catalog;
use riq_testing::providers::simulator::{Decision, Simulator, TokenSwitch};
use serde_json::{Map, Value, json};
use time::Duration;

use super::{is_connected, leads_away, on_both_played, played};
use crate::{
    dashboard::visitor::{Page, Visitor},
    support::{
        Backend, Server, TestDatabase,
        catalog::few,
        server::{Plan, oauth_apps},
    },
};

/// The providers with a key beside OAuth, and the name that it gives the integration.
const WITH_KEY: [(&str, &str); 3] =
    [("linear", "Acme Engineering"), ("notion", "Ada's Notion Workspace"), ("slack", "Slack Softball Team")];

/// The providers that issue tokens to an app itself, and whether these expire by themselves.
const WITH_CLIENT: [(&str, bool); 2] = [("shopify", true), ("zendesk", false)];

on_both_played!(
    a_key_connects_what_oauth_connects_too,
    a_client_gets_its_tokens_itself,
    another_way_is_a_reconnection,
    a_link_may_offer_one_way_alone,
);

/// The page of a provider with the form of one of its ways.
async fn form_of<'s>(visitor: &Visitor<'s>, server: &Server, provider: &str, way: &str) -> Page {
    let page = visitor.get(&format!("{}?auth={way}", server.page(provider))).await;
    assert_eq!(page.form("/connect").value("auth"), Some(way), "{provider}");
    page
}

/// Connects a provider by a key, as far as the key is good for.
async fn by_key(visitor: &Visitor<'_>, server: &Server, provider: &str, key: &Map<String, Value>) -> Page {
    let form = form_of(visitor, server, provider, "api_key").await.form("/connect");
    visitor.submit(&form.with("credential.api_key", key["api_key"].as_str().unwrap())).await
}

/// Connects a provider by OAuth.
async fn by_oauth(visitor: &Visitor<'_>, server: &Server, simulator: &Simulator, provider: &str) -> Page {
    let leaving = visitor.submit(&form_of(visitor, server, provider, "oauth").await.form("/connect")).await;
    let back = simulator.decide(&leads_away(&leaving), Decision::Allow).await;
    let page = visitor.come_back(&back).await;
    if page.status == 303 { visitor.follow(&page).await } else { page }
}

async fn a_key_connects_what_oauth_connects_too(server: &Server, simulator: &Simulator) {
    let several: Vec<String> = {
        let catalog = few([]);
        let has_several = |key: &str| catalog.ways(key).unwrap().are_several();
        catalog.iter().map(|one| one.key.to_string()).filter(|key| has_several(key)).collect()
    };
    let known =
        WITH_KEY.map(|(provider, _)| provider).into_iter().chain(WITH_CLIENT.map(|(provider, ..)| provider));
    assert_eq!(several.into_iter().collect::<BTreeSet<_>>(), known.map(str::to_owned).collect());
    let visitor = Visitor::signed_in(server).await;
    for (provider, name) in WITH_KEY {
        let right = simulator.key(provider).unwrap();
        let wrong = Map::from_iter([(
            "api_key".to_owned(),
            format!("{}0", right["api_key"].as_str().unwrap()).into(),
        )]);
        by_key(&visitor, server, provider, &wrong).await.says(422, "does not accept");
        assert_eq!(server.integration(provider).await, Value::Null);
        let complaints = simulator.complaints().len();
        is_connected(server, provider, &by_key(&visitor, server, provider, &right).await);
        let checked = server.check(provider).await;
        assert_eq!(simulator.complaints()[complaints..], [""; 0]);
        let integration = checked.data();
        let shown = ["setup_type", "display_name", "health_status"].map(|field| integration[field].clone());
        assert_eq!(shown, [json!("api_key"), json!(name), json!("healthy")]);
        assert_eq!(integration["credential"]["kind"], "api_key");
        let entry = server.call("GET", &server.at(&format!("/catalog/{provider}"))).send().await;
        assert_eq!(entry.data()["setup_type"], "api_key");
    }
}

async fn a_client_gets_its_tokens_itself(server: &Server, simulator: &Simulator) {
    for (provider, expires) in WITH_CLIENT {
        // The time that passes ends who was signed in before.
        let visitor = Visitor::signed_in(server).await;
        let (id, secret) = simulator.app(provider);
        let form = form_of(&visitor, server, provider, "client_credentials").await.form("/connect");
        let subdomain = simulator.connections(provider)[0]["subdomain"].as_str().unwrap().to_owned();
        let form = form.with("connection.subdomain", &subdomain).with("connection.client_id", &id);
        visitor
            .submit(&form.clone().with("credential.client_secret", "SECRET-other"))
            .await
            .says(422, "does not accept");
        assert_eq!(server.integration(provider).await, Value::Null);
        let complaints = simulator.complaints().len();
        let page = visitor.submit(&form.with("credential.client_secret", &secret)).await;
        is_connected(server, provider, &page);
        let integration = server.integration(provider).await;
        assert_eq!(
            (&integration["setup_type"], &integration["credential"]["renewable"]),
            (&json!("api_key"), &json!(true))
        );
        assert_eq!(integration["credential"]["expires_at"].is_string(), expires, "{provider}");
        renewed_when_it_is_time(server, simulator, provider, expires).await;
        // A token that is refused is got again, and only then is anything concluded.
        simulator.switch(|switches| switches.refuse_next_calls = 1);
        let check = || server.check(provider);
        assert_eq!(check().await.data()["health_status"], "healthy", "{provider}");
        let audit = format!("/api/v1/projects/{}/audit?provider={provider}", server.project);
        let events = server.call("GET", &audit).send().await;
        assert_eq!(events.data()[0]["action"], "integration.credential.refreshed");
        assert_eq!(simulator.complaints()[complaints..], [""; 0]);
        reconnected_and_imported(server, simulator, provider, (&subdomain, &id, &secret)).await;
        // The provider refuses the client itself.
        simulator.switch(|switches| {
            switches.token = TokenSwitch::Error("invalid_client".into());
            switches.refuse_calls = true;
        });
        let dead = check().await;
        assert_eq!(dead.data()["status"], "error");
        let message = dead.data()["error_message"].as_str().unwrap().to_owned();
        assert!(message.contains("does not accept the client id and secret (invalid_client)"), "{message}");
        simulator.switch(|switches| (switches.token, switches.refuse_calls) = (TokenSwitch::Usual, false));
    }
}

/// A token that expires is got again before it does, and only then.
async fn renewed_when_it_is_time(server: &Server, simulator: &Simulator, provider: &str, expires: bool) {
    let check = || server.check(provider);
    let grants = || {
        let is_grant = |body: &[u8]| String::from_utf8_lossy(body).contains("client_credentials");
        simulator.requests().iter().filter(|request| is_grant(&request.body)).count()
    };
    let before = grants();
    check().await;
    assert_eq!(grants(), before, "{provider}");
    server.clock.advance(Duration::hours(23));
    let checked = check().await;
    assert_eq!(checked.data()["health_status"], "healthy", "{provider}");
    assert_eq!(grants(), before + usize::from(expires), "{provider}");
}

/// The same form connects again. An import needs no token: it is got when the integration is attended to.
async fn reconnected_and_imported(
    server: &Server,
    simulator: &Simulator,
    provider: &str,
    (subdomain, id, secret): (&str, &str, &str),
) {
    let visitor = Visitor::signed_in(server).await;
    let before = server.integration(provider).await;
    let form = form_of(&visitor, server, provider, "client_credentials").await.form("/connect");
    let form = form.with("connection.subdomain", subdomain).with("connection.client_id", id);
    is_connected(server, provider, &visitor.submit(&form.with("credential.client_secret", secret)).await);
    let after = server.integration(provider).await;
    assert_eq!((&after["id"], &after["account"]), (&before["id"], &before["account"]));

    let ended = server.call("DELETE", &server.at(&format!("/{provider}?revoke=true"))).send().await;
    let revoked = if provider == "zendesk" { "revoked" } else { "unsupported" };
    assert_eq!(ended.data()["revocation"], revoked, "{provider}: {}", ended.data());
    let line = json!({
        "provider": provider,
        "auth": "client_credentials",
        "connection": {"subdomain": subdomain, "client_id": id},
        "credential": {"client_secret": secret},
    });
    server.import(server.project, &line.to_string()).await;
    let complaints = simulator.complaints().len();
    let checked = server.check(provider).await;
    let checked = checked.data();
    assert_eq!((&checked["status"], &checked["health_status"]), (&json!("active"), &json!("healthy")));
    assert_eq!(simulator.complaints()[complaints..], [""; 0]);
}

async fn another_way_is_a_reconnection(server: &Server, simulator: &Simulator) {
    let visitor = Visitor::signed_in(server).await;
    for (provider, _) in WITH_KEY {
        let key = simulator.key(provider).unwrap();
        is_connected(server, provider, &by_key(&visitor, server, provider, &key).await);
        let before = server.integration(provider).await;
        let action = before["action_permissions"].as_object().unwrap().keys().next().unwrap().clone();
        server.patch(provider, json!({"action_permissions": {&action: true}})).await.data();
        by_oauth(&visitor, server, simulator, provider).await.says(200, "is connected");
        let after = server.integration(provider).await;
        assert_eq!((&after["id"], &after["setup_type"]), (&before["id"], &json!("oauth")));
        // It is the same account, so what was permitted stays.
        assert_eq!(
            (&after["account"], &after["action_permissions"][&action]),
            (&before["account"], &json!(true))
        );
        let audit = format!("/api/v1/projects/{}/audit?provider={provider}", server.project);
        let events = server.call("GET", &audit).send().await;
        let changes = events.data()[0]["changes"].as_array().unwrap().clone();
        let way = changes.iter().find(|change| change["path"] == "auth");
        assert_eq!(way, Some(&json!({"path": "auth", "from": "api_key", "to": "oauth"})), "{changes:?}");
        // What was stored by a server that knew no ways is the first with its setup type.
        server
            .sql
            .execute(
                "UPDATE integrations SET auth = NULL WHERE id = $1",
                [after["id"].as_str().unwrap().into()],
            )
            .await;
        let checked = server.check(provider).await;
        assert_eq!(checked.data()["health_status"], "healthy");
    }
    // Another account than the one of the key is asked about, and the way is kept until the answer.
    simulator.switch(|switches| switches.account = 1);
    by_oauth(&visitor, server, simulator, "slack").await.says(200, "Connect another account?");
    let key = simulator.key("slack").unwrap();
    is_connected(server, "slack", &by_key(&visitor, server, "slack", &key).await);
    let asking = by_oauth(&visitor, server, simulator, "slack").await;
    visitor.submit(&asking.form("/installs/confirm")).await;
    let after = server.integration("slack").await;
    assert_eq!(after["setup_type"], "oauth");
    let writes = after["action_permissions"].as_object().unwrap();
    assert_eq!(writes["post_message"], false);
    assert_eq!(simulator.complaints(), [""; 0]);
}

async fn a_link_may_offer_one_way_alone(server: &Server, simulator: &Simulator) {
    let target = server.at("/notion/install-url");
    let made = server.call("POST", &target).json(&json!({"auth": "api_key"})).send().await;
    let link = made.data();
    assert_eq!((&link["auth"], &link["setup_type"]), (&json!("api_key"), &json!("api_key")));
    let url: reqwest::Url = link["install_url"].as_str().unwrap().parse().unwrap();
    let visitor = Visitor::new(server);
    let opened = visitor.get(&format!("{}?{}", url.path(), url.query().unwrap())).await;
    let page = visitor.follow(&opened).await;
    assert!(!page.text.contains("Ways to log in"));
    // Whoever asks for another way gets this one.
    let page = visitor.get(&format!("{}?auth=oauth", server.page("notion"))).await;
    let form = page.form("/connect");
    assert_eq!(form.value("auth"), Some("api_key"));
    let key = simulator.key("notion").unwrap();
    let form = form.with("auth", "oauth").with("credential.api_key", key["api_key"].as_str().unwrap());
    is_connected(server, "notion", &visitor.submit(&form).await);
    assert_eq!(server.integration("notion").await["setup_type"], "api_key");

    let refused = server.call("POST", &target).json(&json!({"auth": "webhook_url"})).send().await;
    assert_eq!(refused.status, 400);
    assert!(refused.text.contains("This provider has no such way to log in: it has oauth, api_key"));
}

/// Without an OAuth app, a person begins with a key.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_works_here_is_offered_first() {
    let Some(database) = TestDatabase::create(Backend::Sqlite).await else { return };
    let catalog = Catalog::embedded().unwrap();
    let mut apps = oauth_apps(&catalog);
    apps.remove("notion");
    let plan = Plan { oauth_apps: apps, ..Plan::default() };
    let server = Server::start_with(database, plan, |_| {}).await;
    let entry = server.call("GET", &server.at("/catalog/notion")).send().await;
    let entry = entry.data();
    assert_eq!((&entry["setup_type"], &entry["installable"]), (&json!("api_key"), &json!(true)));
    let ways: HashMap<&str, (bool, bool)> = entry["auth"]
        .as_array()
        .unwrap()
        .iter()
        .map(|way| (way["kind"].as_str().unwrap(), (way["recommended"] == true, way["ready"] == true)))
        .collect();
    assert_eq!(ways, HashMap::from([("oauth", (true, false)), ("api_key", (false, true))]));
    let slack = server.call("GET", &server.at("/catalog/slack")).send().await;
    assert_eq!(slack.data()["setup_type"], "oauth");

    let visitor = Visitor::signed_in(&server).await;
    let page = visitor.provider("notion").await;
    assert_eq!(page.form("/connect").value("auth"), Some("api_key"));
    // A person who may set an app sees what is missing for the recommended way; a customer does not see the way.
    let other = visitor.get(&format!("{}?auth=oauth", server.page("notion"))).await;
    other.says(200, "is not set up on this server yet").says(200, "Recommended");
    let link = server.call("POST", &server.at("/notion/install-url")).send().await;
    assert_eq!(link.data()["setup_type"], "api_key");
    let url: reqwest::Url = link.data()["install_url"].as_str().unwrap().parse().unwrap();
    let customer = Visitor::new(&server);
    let opened = customer.get(&format!("{}?{}", url.path(), url.query().unwrap())).await;
    assert!(!customer.follow(&opened).await.text.contains("Ways to log in"));
    let refused =
        server.call("POST", &server.at("/notion/install-url")).json(&json!({"auth": "oauth"})).send().await;
    assert_ne!(refused.status, 200);
    server.stop().await;
}
