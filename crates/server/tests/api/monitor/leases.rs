//! Leases: until when they last, and who takes them over.

use time::Duration;

use super::{PATIENCE, lease, on_stage, queue};
use crate::support::{eventually, played::Stage};

on_both_stages!(a_lease_that_was_not_given_back_is_taken_over, a_lease_lasts_to_its_end_and_no_longer,);

async fn a_lease_that_was_not_given_back_is_taken_over(stage: &Stage) {
    stage.connect_keys().await;
    let claim = stage.claim("keys").await;
    let worker = stage.worker().await;
    // No other replica claims it during the lease.
    assert!(
        stage
            .server
            .store
            .claim_one(lease(2), claim.integration, stage.now(), stage.now())
            .await
            .unwrap()
            .is_none()
    );
    assert_eq!(stage.provider.probes("keys"), 0);
    stage.server.clock.advance(Duration::seconds(61));
    eventually("it is taken over", PATIENCE, async || stage.state("keys").await.1 == "healthy").await;
    // A write by the first owner no longer counts.
    let schedule = claim.schedule;
    let ended = riq_server::store::LeaseEnd::GoesOn(schedule);
    let settled =
        stage.server.store.settle(&claim, ended, |_| panic!("nothing is to be decided")).await.unwrap();
    assert_eq!(settled, riq_server::store::LeaseWrite::Superseded);
    worker.stop().await;
}

async fn a_lease_lasts_to_its_end_and_no_longer(stage: &Stage) {
    stage.connect_keys().await;
    let integration = stage.claim("keys").await.integration;
    let store = &stage.server.store;
    let mut now = stage.now() + Duration::minutes(1);
    // SQLite stores times as text, so the length of the fraction must not affect the order.
    for (number, micros) in (2..).zip([500_000, 10_000, 695_418, 1, 999_999]) {
        let end = now + Duration::microseconds(micros);
        let claimed = store.claim(lease(number), &queue("keys"), now, end, 10).await.unwrap();
        assert_eq!(claimed.len(), 1, "at its end, {now}, the lease is over");
        for early in [now, end - Duration::microseconds(1)] {
            let claimed = store.claim(lease(9), &queue("keys"), early, end, 10).await.unwrap();
            assert!(claimed.is_empty(), "at {early} it lasts until {end}");
            let claimed = store.claim_one(lease(9), integration, early, end).await.unwrap();
            assert!(claimed.is_none(), "at {early} it lasts until {end}");
        }
        now = end;
    }
}
