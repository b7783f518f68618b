//! Addresses of integrations that are connected again, without a disconnection before.

use riq_testing::providers::simulator::{Decision, Simulator};
use serde_json::json;

use super::post;
use crate::{
    handshake::connect,
    providers::{on_both_played, played},
    support::Server,
};

on_both_played!(an_integration_that_is_connected_again_has_another_address);

async fn an_integration_that_is_connected_again_has_another_address(server: &Server, simulator: &Simulator) {
    let connection = simulator.connections("zendesk").remove(0);
    let again = async || {
        connect(server, simulator, ("zendesk", &connection), Decision::Allow).await.unwrap();
        server.hook("zendesk").await
    };
    let path = again().await;
    let set = server.set_event_secret("zendesk", json!({"secret": "SECRET-signing-secret"})).await;
    assert_eq!(set.data()["secret_status"], "set");
    assert_eq!(post(server, &path, &[], b"{}").await, 401);
    let anew = again().await;
    assert_ne!(path, anew);
    assert_eq!((post(server, &path, &[], b"{}").await, post(server, &anew, &[], b"{}").await), (404, 401));
    // The account is the same, and so is the secret that verifies its events.
    assert_eq!(server.event_source("zendesk").await["secret_status"], "set");
}
