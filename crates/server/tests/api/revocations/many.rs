//! Many integrations whose provider revokes in every manner: none is unaccounted for, and no lie is believed.

use std::collections::BTreeMap;

use riq_testing::providers::gate::{Manner, access_token, refresh_token};
use serde_json::json;
use time::Duration;

use super::{PATIENCE, Scene};
use crate::support::eventually;

on_both_scenes!(none_is_unaccounted_for_and_no_lie_is_believed);

/// How many there are where this variable says no other number.
const MANY: (&str, usize) = ("RIQ_TEST_REVOCATIONS", 200);
const MANNERS: [Manner; 5] =
    [Manner::Honest, Manner::Refuses(500), Manner::Lies, Manner::DoneThough400, Manner::LosesAnswer];

async fn none_is_unaccounted_for_and_no_lie_is_believed(scene: &Scene) {
    let many = std::env::var(MANY.0).ok().map_or(MANY.1, |text| text.parse().unwrap());
    let manner = |number: usize| MANNERS[number % MANNERS.len()];
    let account = |number: usize| format!("a{number}");
    let lines = (0..many).map(|number| {
        scene.gate.set(&account(number), manner(number));
        let connection = format!("{}.1", account(number));
        let tokens = (access_token(&connection, 0), refresh_token(&connection, 0));
        let credential = json!({"access_token": tokens.0, "refresh_token": tokens.1, "expires_at": null});
        json!({"provider": format!("gate~{}", account(number)), "credential": credential}).to_string()
    });
    let lines: Vec<String> = lines.collect();
    scene.server.import(scene.server.project, &lines.join("\n")).await;
    let known = "UPDATE integrations SET account_id = substr(provider, 6)";
    assert_eq!(scene.server.sql.execute(known, []).await, many as u64);
    for number in 0..many {
        let data = scene.revoke(&format!("gate~{}", account(number))).await.data().clone();
        let is_done = matches!(manner(number), Manner::Honest | Manner::DoneThough400 | Manner::LosesAnswer);
        assert_eq!(data["revocation"], if is_done { "revoked" } else { "pending" }, "{:?}", manner(number));
    }
    let pending = "SELECT COUNT(*) FROM revocations WHERE status = 'pending'";
    // Half of those that refused come to their senses.
    for number in (0..many).filter(|number| manner(*number) == Manner::Refuses(500) && number % 2 == 0) {
        scene.gate.set(&account(number), Manner::Honest);
    }
    eventually("each has its end", PATIENCE * 5, async || {
        scene.server.clock.advance(Duration::hours(1));
        scene.server.sql.count(pending, []).await == 0
    })
    .await;
    let rows = scene.server.sql.rows("SELECT provider, status FROM revocations", []).await;
    assert_eq!(rows.len(), many);
    let mut counts = BTreeMap::new();
    for row in rows {
        let (provider, status) = (row["provider"].as_str().unwrap(), row["status"].as_str().unwrap());
        let is_alive = scene.gate.is_alive(&format!("{}.1", provider.trim_start_matches("gate~")));
        assert_eq!(status == "revoked", !is_alive, "{provider} is {status}");
        *counts.entry(status.to_owned()).or_insert(0) += 1;
    }
    assert_eq!(counts.keys().collect::<Vec<_>>(), ["failed", "revoked"], "{counts:?}");
    let events = "SELECT COUNT(*) FROM audit_events WHERE action = 'integration.revocation.ended'";
    assert_eq!(scene.server.sql.count(events, []).await, many as i64);
    scene.assert_nothing_kept().await;
}
