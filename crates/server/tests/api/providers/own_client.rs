//! Connects an authorization server of the customer's own, with a client that the customer registered there.

use integrations_core::{approved_hosts::ApprovedHost, catalog::Catalog};
use riq_testing::{
    provider_files,
    providers::simulator::{Decision, Request, Simulator},
};
use serde_json::{Map, Value, json};
use time::Duration;

use super::{Person, leads_away, on_both_played, play};
use crate::{
    dashboard::visitor::{Page, Visitor},
    support::{Backend, Server},
};

on_both_played!(
    the_client_that_was_typed_gets_and_renews_the_tokens,
    a_client_that_is_refused_is_not_stored,
    no_app_of_the_server_is_needed_or_taken,
);

const KEY: &str = "generic-oauth2";

async fn played(backend: Backend, test: impl AsyncFnOnce(&Server, &Simulator)) {
    let simulator = Simulator::start_with(vec![KEY.to_owned()]).await;
    let approved = simulator.hosts().iter().map(|host| ApprovedHost::read(host).unwrap()).collect();
    let catalog = Catalog::default().with_files([provider_files::named(KEY)]).unwrap();
    play(backend, catalog.approving(&approved), simulator, test).await;
}

/// What is typed, with a client.
fn typed(simulator: &Simulator, id: &str, secret: &str) -> [(&'static str, Map<String, Value>); 2] {
    let mut connection = simulator.connections(KEY)[0].clone();
    connection.insert("client_id".into(), id.into());
    let credential = json!({ "client_secret": secret }).as_object().unwrap().clone();
    [("connection", connection), ("credential", credential)]
}

/// Sends the form, agrees at the server, and comes back.
async fn agree(person: &Person<'_>, simulator: &Simulator, id: &str, secret: &str) -> Page {
    let [(connection, given), (credential, secret)] = typed(simulator, id, secret);
    let leaving = person.connect([(connection, &given), (credential, &secret)]).await;
    let back = simulator.decide(&leads_away(&leaving), Decision::Allow).await;
    person.visitor.come_back(&back).await
}

async fn the_client_that_was_typed_gets_and_renews_the_tokens(server: &Server, simulator: &Simulator) {
    let (id, secret) = simulator.app(KEY);
    let person = Person::arrive(server, KEY).await;
    // It is registered with the client, so the page shows it.
    assert!(
        person.page.text.contains(&format!("{}/oauth/callback/own", server.address)),
        "{}",
        person.page.text
    );
    agree(&person, simulator, &id, &secret).await;
    assert_eq!(simulator.complaints(), [""; 0]);
    let integration = server.integration(KEY).await;
    assert_eq!(
        (&integration["status"], &integration["health_status"], &integration["setup_type"]),
        (&json!("active"), &json!("healthy"), &json!("oauth"))
    );
    assert!(!integration.to_string().contains(&secret));
    let stored = server.sql.rows("SELECT connection FROM integrations", []).await;
    assert!(stored[0]["connection"].to_string().contains(&id));
    assert!(!stored[0]["connection"].to_string().contains(&secret));
    for _ in 0..2 {
        server.clock.advance(Duration::minutes(2));
        assert!(simulator.end_access(KEY), "there is a refresh token");
        assert_eq!(server.check(KEY).await.data()["health_status"], "healthy");
    }
    assert_eq!(simulator.complaints(), [""; 0]);
    let basic = simulator.requests().into_iter().filter(|request| request.path == "/oauth2/token");
    let is_basic = |request: &Request| {
        let mut headers = request.headers.iter();
        headers.any(|(name, value)| name == "authorization" && value.starts_with("Basic "))
    };
    assert_eq!(basic.map(|request| is_basic(&request)).collect::<Vec<_>>(), [true; 3]);
}

async fn a_client_that_is_refused_is_not_stored(server: &Server, simulator: &Simulator) {
    let (id, secret) = simulator.app(KEY);
    let person = Person::sign_in(server, KEY).await;
    let page = agree(&person, simulator, &id, "SECRET-of-another").await;
    page.says(502, "invalid_client");
    assert!(!page.text.contains("SECRET-of-another"));
    assert_eq!(server.integration(KEY).await, Value::Null);
    // A client that nobody registered does not get as far as consent.
    let complaints = simulator.complaints().len();
    let [(connection, given), (credential, typed)] = typed(simulator, "nobody", &secret);
    let leaving = person.connect([(connection, &given), (credential, &typed)]).await;
    let answer = simulator.client().get(leads_away(&leaving)).send().await.unwrap();
    assert!(!answer.text().await.unwrap().contains("id=\"allow\""));
    assert_eq!(simulator.complaints().len(), complaints + 1);
    // A field that is missing is named, and nobody is sent anywhere.
    let given = Map::from_iter(given.into_iter().filter(|(name, _)| name != "client_id"));
    let page = person.connect([("connection", &given), ("credential", &Map::new())]).await;
    page.says(422, "Required");
}

async fn no_app_of_the_server_is_needed_or_taken(server: &Server, _: &Simulator) {
    let entry = server.get(&format!("/catalog/{KEY}")).await;
    let ways = entry.data()["auth"].as_array().unwrap().iter();
    let ready: Vec<_> = ways.map(|way| (way["kind"].as_str().unwrap(), &way["ready"])).collect();
    assert_eq!(ready, [("oauth", &json!(true)), ("client_credentials", &json!(true))]);
    let at = format!("/api/v1/projects/{}/oauth-apps/{KEY}", server.project);
    let app = json!({"client_id": "a", "client_secret": "b"});
    server.call("PUT", &at).json(&app).send().await.refused(404, "RESOURCE_NOT_FOUND");
    let visitor = Visitor::signed_in(server).await;
    let apps = visitor.get(&format!("/dashboard/projects/{}/oauth-apps", server.project)).await;
    assert!(!apps.text.contains(KEY));
}
