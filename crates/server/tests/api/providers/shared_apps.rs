//! An OAuth app that several services share: one of Google is set once, and each of its services is connected with it.

use std::collections::HashMap;

use integrations_core::catalog::Catalog;
use riq_testing::{
    provider_files,
    providers::simulator::{Decision, Simulator},
};
use serde_json::{Map, Value, json};

use super::{connect, on_both_played, play_with};
use crate::{
    app_settings::{authorize_url, of_organization, of_project, parameter},
    dashboard::visitor::Visitor,
    support::{Backend, Server},
};

on_both_played!(
    an_app_of_a_base_counts_for_each_of_its_services,
    the_page_of_a_service_leads_to_the_app_that_it_shares,
    what_is_granted_to_the_app_is_not_ended_while_another_service_lives_by_it,
    a_service_with_an_app_of_its_own_does_not_live_by_the_shared_one,
);

const SERVICES: [&str; 2] = ["gmail", "google-calendar"];
const SECRET: &str = "SECRET-of-google";

async fn played(backend: Backend, test: impl AsyncFnOnce(&Server, &Simulator)) {
    let catalog = Catalog::default().with_files(SERVICES.map(provider_files::named)).unwrap();
    let simulator = Simulator::start_with(SERVICES.map(str::to_owned).to_vec()).await;
    play_with(backend, catalog, simulator, HashMap::new(), test).await;
}

async fn set(server: &Server, at: &str, body: Value) -> Value {
    server.call("PUT", at).json(&body).send().await.data().clone()
}

fn app(client_id: &str) -> Value {
    json!({"client_id": client_id, "client_secret": SECRET})
}

async fn an_app_of_a_base_counts_for_each_of_its_services(server: &Server, _: &Simulator) {
    let refused = server.call("POST", &server.at("/gmail/install-url")).send().await;
    refused.refused(409, "PROVIDER_NOT_CONFIGURED");
    let google = set(server, &of_organization(server, "/google"), app("shared")).await;
    assert_eq!((&google["name"], &google["services"]), (&json!("Google"), &json!(SERVICES)));
    for service in SERVICES {
        let url = authorize_url(server, service).await;
        assert_eq!(parameter(&url, "client_id"), "shared");
        // Each asks for what it needs itself.
        assert!(parameter(&url, "scope").contains(service.split('-').next_back().unwrap()), "{url}");
        let entry = server.get(&format!("/catalog/{service}")).await;
        assert_eq!(entry.data()["installable"], true);
    }
    let listed = server.call("GET", &of_project(server, "")).send().await;
    let told: Vec<_> = listed
        .data()
        .as_array()
        .unwrap()
        .iter()
        .map(|one| (&one["provider"], &one["base"], &one["client_id"]))
        .collect();
    let shared = json!("shared");
    let of_google = json!("google");
    assert_eq!(
        told,
        [
            (&json!("gmail"), &of_google, &shared),
            (&json!("google"), &json!(null), &shared),
            (&json!("google-calendar"), &of_google, &shared),
        ]
    );
    // One of its own counts more for a service, and nothing else of the same owner.
    set(server, &of_organization(server, "/gmail"), app("own")).await;
    assert_eq!(parameter(&authorize_url(server, "gmail").await, "client_id"), "own");
    assert_eq!(parameter(&authorize_url(server, "google-calendar").await, "client_id"), "shared");
    // A nearer owner counts more still.
    set(server, &of_project(server, "/google"), app("nearer")).await;
    assert_eq!(parameter(&authorize_url(server, "gmail").await, "client_id"), "nearer");
    let scopes = json!({"client_id": "a", "client_secret": SECRET, "scopes": ["x"]});
    let refused = server.call("PUT", &of_project(server, "/google")).json(&scopes).send().await;
    refused.refused(400, "BAD_REQUEST");
    // To remove the app of a service leaves the one that it shares.
    for at in [of_project(server, "/google"), of_organization(server, "/gmail")] {
        server.call("DELETE", &at).send().await.data();
    }
    let after = server.call("DELETE", &of_organization(server, "/gmail")).send().await;
    assert_eq!(after.data()["client_id"], "shared");
}

async fn the_page_of_a_service_leads_to_the_app_that_it_shares(server: &Server, _: &Simulator) {
    let visitor = Visitor::signed_in(server).await;
    let page = |key: &str| format!("{}/oauth-apps/{key}", server.pages());
    let before = visitor.get(&page("gmail")).await;
    assert!(
        before.words().contains("The app of Google can be set once for all of its services."),
        "{}",
        before.words()
    );
    let google = visitor.get(&page("google")).await;
    assert!(google.words().contains("It is for: Gmail, Google Calendar."), "{}", google.words());
    let form = google.form("/oauth-apps/google");
    assert_eq!(form.value("scopes"), None, "each service asks for its own");
    let set = visitor.submit(&form.with("client_id", "shared").with("client_secret", SECRET)).await;
    visitor.follow(&set).await;
    let after = visitor.get(&page("gmail")).await;
    let told = "The app of Google counts here, which Gmail shares with other services.";
    assert!(after.words().contains(told), "{}", after.words());
    // It is not removed from the page of one of its services.
    assert!(!after.text.contains("/oauth-apps/gmail/remove"));
    let refused = visitor.get(&format!("{}/remove", page("gmail"))).await;
    assert_eq!(refused.status, 404);
}

async fn what_is_granted_to_the_app_is_not_ended_while_another_service_lives_by_it(
    server: &Server,
    simulator: &Simulator,
) {
    set(server, &of_organization(server, "/google"), app("shared")).await;
    let asked = || simulator.requests().iter().filter(|one| one.path == "/revoke").count();
    for service in SERVICES {
        simulator.play(service);
        let (id, secret) = simulator.app(service);
        set(server, &of_project(server, "/google"), json!({"client_id": id, "client_secret": secret})).await;
        connect(server, simulator, (service, &Map::new()), Decision::Allow).await;
        assert_eq!(server.integration(service).await["status"], "active", "{service}");
    }
    let revoke = async |service: &str| {
        let answer = server.call("DELETE", &server.at(&format!("/{service}?revoke=true"))).send().await;
        answer.data().clone()
    };
    let gmail = revoke("gmail").await;
    let told = gmail["revocation_details"]["message"].as_str().unwrap();
    assert_eq!(gmail["revocation"], "unsupported");
    assert!(told.contains("another connection on this server lives by that"), "{told}");
    assert_eq!(asked(), 0, "it would end what Google Calendar lives by");
    revoke("google-calendar").await;
    assert!(asked() > 0, "nothing else lives by it any more");
}

async fn a_service_with_an_app_of_its_own_does_not_live_by_the_shared_one(
    server: &Server,
    simulator: &Simulator,
) {
    for service in SERVICES {
        simulator.play(service);
        let (id, secret) = simulator.app(service);
        let body = json!({"client_id": id, "client_secret": secret});
        // Gmail has one of its own, and Google Calendar that of Google.
        let key = if service == "gmail" { "/gmail" } else { "/google" };
        set(server, &of_project(server, key), body).await;
        connect(server, simulator, (service, &Map::new()), Decision::Allow).await;
    }
    simulator.play("gmail");
    let answer = server.call("DELETE", &server.at("/gmail?revoke=true")).send().await;
    assert_ne!(answer.data()["revocation"], "unsupported", "{}", answer.text);
    assert!(simulator.requests().iter().any(|one| one.path == "/revoke"));
}
