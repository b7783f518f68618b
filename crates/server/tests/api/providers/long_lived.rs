//! Tokens that live long: got in exchange for the token of a code, and renewed by themselves.

use integrations_core::catalog::Catalog;
use riq_testing::{
    provider_files,
    providers::simulator::{Decision, Simulator, TokenSwitch},
};
use serde_json::{Map, Value, json};
use time::Duration;

use super::{connect, is_connected, on_both_played, play, shown, well};
use crate::support::{Backend, Server};

on_both_played!(
    the_token_of_a_code_is_exchanged_and_renewed_in_time,
    a_token_that_has_ended_cannot_be_renewed,
    what_is_not_exchanged_is_not_connected,
);

const KEY: &str = "instagram";

async fn played(backend: Backend, test: impl AsyncFnOnce(&Server, &Simulator)) {
    let catalog = Catalog::default().with_files([provider_files::named(KEY)]).unwrap();
    play(backend, catalog, Simulator::start_with(vec![KEY.to_owned()]).await, test).await;
}

/// The requests for tokens: their paths, and the queries of those that have one.
fn asked(simulator: &Simulator) -> Vec<(String, String)> {
    let is_asked = |path: &str| path.ends_with("access_token");
    let requests = simulator.requests().into_iter().filter(|one| is_asked(&one.path));
    requests.map(|one| (one.path, one.query)).collect()
}

async fn checked(server: &Server) -> Value {
    server.check(KEY).await.data().clone()
}

async fn the_token_of_a_code_is_exchanged_and_renewed_in_time(server: &Server, simulator: &Simulator) {
    let page = connect(server, simulator, (KEY, &Map::new()), Decision::Allow).await;
    is_connected(server, KEY, &page);
    let integration = server.integration(KEY).await;
    assert_eq!(shown(&integration), well(Some("acme")));
    let granted = integration["granted_scopes"].as_array().unwrap();
    assert_eq!(granted.len(), 3, "what the answer to the code says: {integration}");
    let first = asked(simulator);
    let paths: Vec<&str> = first.iter().map(|(path, _)| path.as_str()).collect();
    assert_eq!(paths, ["/oauth/access_token", "/access_token"]);
    assert!(first[1].1.starts_with("grant_type=ig_exchange_token&client_secret="), "{first:?}");
    assert!(first[1].1.ends_with("&access_token=IGQVJSECRETshort1"), "{first:?}");
    // It has 60 days. It is left alone for the first half of them, and renewed a good while before their end.
    server.clock.advance(Duration::days(20));
    assert_eq!(checked(server).await["health_status"], "healthy");
    assert_eq!(asked(simulator).len(), 2);
    server.clock.advance(Duration::days(11));
    assert_eq!(checked(server).await["health_status"], "healthy");
    let renewed = asked(simulator).split_off(2);
    let query = "grant_type=ig_refresh_token&access_token=IGSECRETlong2";
    assert_eq!(renewed, [("/refresh_access_token".to_owned(), query.to_owned())]);
    // The next one has 60 days of its own, and is the one that is used.
    server.clock.advance(Duration::days(31));
    assert_eq!(checked(server).await["health_status"], "healthy");
    assert_eq!(asked(simulator).last().unwrap().1, query.replace("long2", "long3"));
    assert_eq!(simulator.complaints(), [""; 0]);
}

async fn a_token_that_has_ended_cannot_be_renewed(server: &Server, simulator: &Simulator) {
    let page = connect(server, simulator, (KEY, &Map::new()), Decision::Allow).await;
    is_connected(server, KEY, &page);
    simulator.end_access(KEY);
    let found = checked(server).await;
    assert_eq!(
        (&found["status"], &found["health_status"]),
        (&json!("error"), &json!("unhealthy")),
        "{found}"
    );
    let message = "Instagram does not accept the access token (190): connect it again";
    assert_eq!(found["error_message"], message);
    assert_eq!(asked(simulator).last().unwrap().0, "/refresh_access_token", "it was tried once");
    let tries = asked(simulator).len();
    server.clock.advance(Duration::days(1));
    assert_eq!(server.check(KEY).await.status, 409, "it has to be installed again");
    assert_eq!(asked(simulator).len(), tries, "and nobody is asked again");
    simulator.forgive(0);
}

async fn what_is_not_exchanged_is_not_connected(server: &Server, simulator: &Simulator) {
    simulator.switch(|switches| switches.long_lived = TokenSwitch::ServerError);
    let page = connect(server, simulator, (KEY, &Map::new()), Decision::Allow).await;
    page.says(502, "Instagram did not finish the connection");
    assert_eq!(server.integration(KEY).await, Value::Null);
    simulator.switch(|switches| switches.long_lived = TokenSwitch::Usual);
    let page = connect(server, simulator, (KEY, &Map::new()), Decision::Allow).await;
    is_connected(server, KEY, &page);
}
