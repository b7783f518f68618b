//! Attempts that are cut off between any two steps.

use riq_testing::providers::gate::{Manner, access_token};
use time::Duration;

use super::Scene;

on_both_scenes!(
    what_was_cut_off_is_taken_over_and_the_late_one_stores_nothing,
    what_was_sent_before_the_end_is_not_sent_again,
    what_nobody_attempted_is_attempted,
);

/// Longer than any lease.
const LEASE: Duration = Duration::minutes(5);

async fn what_was_cut_off_is_taken_over_and_the_late_one_stores_nothing(scene: &Scene) {
    scene.gate.set("acme", Manner::Hangs);
    scene.connect("gate", "acme.1").await;
    assert_eq!(scene.revoke("gate").await.data()["revocation"], "pending");
    // The first attempt hangs for some seconds more. For the others its time is over.
    scene.gate.set("acme", Manner::Honest);
    scene.server.clock.advance(LEASE);
    scene.becomes("gate", "revoked").await;
    scene.gate.release();
    scene.assert_nothing_kept().await;
    let ends = "SELECT COUNT(*) FROM audit_events WHERE action = 'integration.revocation.ended'";
    assert_eq!(scene.server.sql.count(ends, []).await, 1);
}

async fn what_was_sent_before_the_end_is_not_sent_again(scene: &Scene) {
    scene.gate.set("acme", Manner::Lies);
    scene.connect("gate", "acme.1").await;
    scene.revoke("gate").await;
    // As it is where a replica dies after the request was carried out, and before it stores what came of it.
    scene.gate.end("acme.1");
    scene.server.clock.advance(LEASE);
    scene.becomes("gate", "revoked").await;
    assert_eq!(scene.gate.asked("acme"), [("grant", access_token("acme.1", 0))]);
    assert_eq!(scene.server.integration("gate").await["revocation_details"]["reaches"], "grant");
}

async fn what_nobody_attempted_is_attempted(scene: &Scene) {
    scene.gate.set("acme", Manner::Lies);
    scene.connect("gate", "acme.1").await;
    scene.revoke("gate").await;
    // As it is where a replica dies after the disconnection and before its first attempt.
    let cut = "UPDATE revocations SET sent_at = NULL, reaches = NULL, due_at = created_at";
    scene.gate.set("acme", Manner::Honest);
    assert_eq!(scene.server.sql.execute(cut, []).await, 1);
    scene.becomes("gate", "revoked").await;
    assert_eq!(scene.gate.asked("acme").len(), 2);
}
