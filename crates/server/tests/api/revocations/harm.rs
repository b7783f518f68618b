//! Other connections of the same account, which a revocation must not end.

use riq_testing::providers::gate::{Manner, access_token, refresh_token};
use serde_json::{Value, json};
use time::Duration;

use super::{PATIENCE, Scene};
use crate::{dashboard::visitor::Visitor, support::eventually};

on_both_scenes!(
    a_grant_is_ended_only_with_the_last_connection_of_the_account,
    connections_of_other_projects_count_too,
    where_only_the_grant_can_be_ended_others_keep_it,
    a_connection_with_the_same_credential_keeps_it,
    whoever_shares_the_account_is_checked_afterwards,
    a_reconnection_meanwhile_is_not_harmed,
    no_grant_is_ended_once_the_account_is_connected_again,
    tokens_that_are_renewed_meanwhile_are_revoked_too,
    the_page_names_the_others_before_and_says_afterwards_what_came_of_it,
);

async fn a_grant_is_ended_only_with_the_last_connection_of_the_account(scene: &Scene) {
    scene.connect("gate", "acme.1").await;
    scene.connect("gate~two", "acme.2").await;
    scene.connect("gate~other", "globex.1").await;
    let data = scene.revoke("gate").await.data().clone();
    assert_eq!(
        (&data["revocation"], &data["revocation_details"]["reaches"]),
        (&json!("revoked"), &json!("token"))
    );
    let both = [("token", refresh_token("acme.1", 0)), ("token", access_token("acme.1", 0))];
    assert_eq!(scene.gate.asked("acme"), both);
    assert!(scene.gate.is_alive("acme.2") && scene.gate.is_alive("globex.1"));
    let last = scene.revoke("gate~two").await.data().clone();
    assert_eq!(
        (&last["revocation"], &last["revocation_details"]["reaches"]),
        (&json!("revoked"), &json!("grant"))
    );
    assert!(scene.gate.is_alive("globex.1"));
}

async fn connections_of_other_projects_count_too(scene: &Scene) {
    scene.connect("gate", "acme.1").await;
    let (_, elsewhere, _) = scene.server.other_organization().await;
    let line = json!({"provider": "gate", "credential": {
        "access_token": access_token("acme.2", 0), "refresh_token": refresh_token("acme.2", 0), "expires_at": null,
    }});
    // It is not known which account that is, so it may be the same.
    scene.server.import(elsewhere, &line.to_string()).await;
    assert_eq!(scene.revoke("gate").await.data()["revocation_details"]["reaches"], "token");
    assert!(scene.gate.is_alive("acme.2"));
}

async fn where_only_the_grant_can_be_ended_others_keep_it(scene: &Scene) {
    scene.connect("hall", "acme.1").await;
    scene.connect("hall~two", "acme.2").await;
    let data = scene.revoke("hall").await.data().clone();
    assert_eq!((&data["status"], &data["revocation"]), (&json!("disconnected"), &json!("unsupported")));
    let message = data["revocation_details"]["message"].as_str().unwrap();
    assert!(message.contains("another connection on this server lives by that"), "{message}");
    assert!(scene.gate.asked("acme").is_empty());
    assert_eq!(scene.revoke("hall~two").await.data()["revocation"], "revoked");
}

async fn a_connection_with_the_same_credential_keeps_it(scene: &Scene) {
    scene.connect("gate", "acme.1").await;
    scene.connect("gate~copy", "acme.1").await;
    let data = scene.revoke("gate").await.data().clone();
    assert_eq!(data["revocation"], "unsupported");
    assert!(data["message"].as_str().unwrap().contains("uses the same credential"), "{data}");
    assert!(scene.gate.asked("acme").is_empty() && scene.gate.is_alive("acme.1"));
    assert_eq!(scene.revoke("gate~copy").await.data()["revocation"], "revoked");
}

async fn whoever_shares_the_account_is_checked_afterwards(scene: &Scene) {
    scene.connect("gate", "acme.1").await;
    scene.connect("gate~two", "acme.2").await;
    // A check sets the next one for later.
    scene.server.call("POST", &scene.server.at("/gate~two/check")).send().await;
    let next = async || scene.server.integration("gate~two").await["next_check_at"].clone();
    assert_ne!(next().await, "2026-03-01T10:00:00Z");
    scene.revoke("gate").await;
    assert_eq!(next().await, "2026-03-01T10:00:00Z");
}

async fn a_reconnection_meanwhile_is_not_harmed(scene: &Scene) {
    scene.gate.set("acme", Manner::Hangs);
    scene.connect("stub", "acme.1").await;
    assert_eq!(scene.revoke("stub").await.data()["revocation"], "pending");
    scene.connect("stub", "acme.2").await;
    assert_eq!(scene.server.integration("stub").await["status"], "active");
    scene.gate.release();
    eventually("it is pending until it expires", PATIENCE, async || {
        let shown = scene.server.integration("stub").await;
        shown["revocation_details"]["until"] != Value::Null
    })
    .await;
    scene.gate.expire("acme.1");
    scene.server.clock.advance(Duration::hours(1));
    scene.becomes("stub", "revoked").await;
    let shown = scene.server.integration("stub").await;
    assert_eq!((&shown["status"], scene.gate.is_alive("acme.2")), (&json!("active"), true));
    let checked = scene.server.call("POST", &scene.server.at("/stub/check")).send().await;
    assert_eq!(checked.data()["health_status"], "healthy");
}

async fn no_grant_is_ended_once_the_account_is_connected_again(scene: &Scene) {
    scene.gate.set("acme", Manner::Lies);
    scene.connect("gate", "acme.1").await;
    assert_eq!(scene.revoke("gate").await.data()["revocation_details"]["reaches"], "grant");
    scene.connect("gate", "acme.2").await;
    scene.gate.set("acme", Manner::Honest);
    scene.server.clock.advance(Duration::minutes(1));
    scene.becomes("gate", "revoked").await;
    let asked = scene.gate.asked("acme");
    assert_eq!(asked[1..], [("token", refresh_token("acme.1", 0)), ("token", access_token("acme.1", 0))]);
    assert!(scene.gate.is_alive("acme.2") && !scene.gate.is_alive("acme.1"));
    assert_eq!(scene.server.integration("gate").await["revocation_details"]["reaches"], "token");
}

async fn tokens_that_are_renewed_meanwhile_are_revoked_too(scene: &Scene) {
    scene.connect_until("gate", "acme.1", Some(Duration::minutes(20))).await;
    scene.server.clock.advance(Duration::minutes(30));
    scene.gate.hold_renewals();
    let target = scene.server.at("/gate/check");
    let check = async { scene.server.call("POST", &target).send().await };
    let disconnect = async {
        eventually("the refresh token is sent", PATIENCE, async || scene.gate.renewals() > 0).await;
        let data = scene.revoke("gate").await.data().clone();
        assert_eq!((&data["status"], &data["revocation"]), (&json!("disconnected"), &json!("pending")));
        let message = data["revocation_details"]["message"].as_str().unwrap();
        assert!(message.contains("were being renewed"), "{message}");
        assert!(scene.gate.asked("acme").is_empty());
        scene.gate.release();
    };
    let (checked, ()) = tokio::join!(check, disconnect);
    assert!([200, 409].contains(&checked.status), "{}", checked.status);
    scene.becomes("gate", "revoked").await;
    assert_eq!(scene.gate.asked("acme"), [("grant", access_token("acme.1", 1))]);
    assert!(!scene.gate.is_alive("acme.1"));
}

async fn the_page_names_the_others_before_and_says_afterwards_what_came_of_it(scene: &Scene) {
    scene.connect("gate", "acme.1").await;
    scene.connect("gate~eu", "acme.2").await;
    scene.server.patch("gate~eu", json!({"display_name": "Acme Europe"})).await;
    let visitor = Visitor::signed_in(&scene.server).await;
    let page = format!("{}/disconnect", scene.server.page("gate"));
    let asked = visitor.get(&page).await;
    asked.says(200, "Acme Europe uses the same account.").says(200, "Ask Gate to revoke the access");
    let gone = visitor.submit(&asked.form("/disconnect").with("revoke", "on")).await;
    gone.leads_to(&format!("{}?done=disconnected_revoking", scene.server.page("gate")));
    visitor.follow(&gone).await.says(200, "The access is revoked at Gate.");
    assert_eq!(scene.gate.asked("acme").len(), 2);
    let told = visitor.get(&format!("{}/audit", scene.server.pages())).await;
    told.says(200, "Access at Gate: revoking has ended");
}
