//! Accounts under aliases are probed and renewed like the plain ones.

use riq_testing::providers::desk_and_keys::{Says, access_token, refresh_token};
use serde_json::json;
use time::{Duration, format_description::well_known::Rfc3339};

use super::{PATIENCE, Queue, lease, on_stage, queue};
use crate::support::{eventually, played::Stage};

on_both_stages!(
    each_account_is_probed_and_renewed_for_itself,
    twelve_accounts_are_claimed_by_one_statement,
    the_queue_that_waits_longest_comes_first,
);

impl Stage {
    async fn connect_key(&self, name: &str) {
        self.connect(json!({"provider": name, "credential": {"api_key": "SECRET-key"}})).await;
    }
}

async fn each_account_is_probed_and_renewed_for_itself(stage: &Stage) {
    for name in ["keys", "keys~a", "keys~b"] {
        stage.connect_key(name).await;
    }
    let expires_at = (stage.now() + Duration::hours(1)).format(&Rfc3339).unwrap();
    let (access, refresh) = (access_token(0), refresh_token(0));
    let credential = json!({"access_token": access, "refresh_token": refresh, "expires_at": expires_at});
    stage.connect(json!({"provider": "desk~eu", "credential": credential})).await;
    let worker = stage.worker().await;
    eventually("all are probed", PATIENCE, async || {
        (stage.provider.probes("keys"), stage.provider.probes("desk")) == (3, 1) && stage.is_at_rest().await
    })
    .await;
    stage.server.clock.advance(Duration::minutes(58));
    eventually("the tokens are renewed", PATIENCE, async || {
        stage.provider.refreshes().len() == 2 && stage.is_at_rest().await
    })
    .await;
    assert_eq!(stage.recorded("desk~eu").await.last().unwrap(), "integration.credential.refreshed");
    stage.provider.set("keys probe", Says::This(401, vec![], ""));
    stage.check("keys~a").await.data();
    worker.stop().await;
    for (name, status) in [("keys", "active"), ("keys~a", "error"), ("keys~b", "active")] {
        assert_eq!(stage.state(name).await.0, status, "{name}");
    }
    let exposed = stage.server.app.metrics.render(&[]).unwrap();
    assert!(!exposed.contains('~'), "an alias is no label: {exposed}");
}

async fn twelve_accounts_are_claimed_by_one_statement(stage: &Stage) {
    for number in 0..12 {
        stage.connect_key(&format!("keys~{number}")).await;
    }
    stage.connect_key("keys").await;
    let [plain, under_aliases] = Queue::both("keys");
    let (store, now) = (&stage.server.store, stage.now());
    let end = now + Duration::minutes(1);
    let due = store.due(&[plain.clone(), under_aliases.clone()]).await.unwrap();
    assert_eq!(due.len(), 2, "one row for all twelve: {due:?}");
    assert_eq!(store.claim(lease(1), &under_aliases, now, end, 100).await.unwrap().len(), 12);
    assert_eq!(store.claim(lease(2), &plain, now, end, 100).await.unwrap().len(), 1);
}

async fn the_queue_that_waits_longest_comes_first(stage: &Stage) {
    let [plain, under_aliases] = Queue::both("keys");
    stage.connect_key("keys~a").await;
    stage.server.clock.advance(Duration::seconds(1));
    stage.connect_key("keys").await;
    let first = async || {
        let due =
            stage.server.store.due(&[queue("desk"), plain.clone(), under_aliases.clone()]).await.unwrap();
        due.into_iter().map(|(queue, _)| queue).next().unwrap()
    };
    assert_eq!(first().await, under_aliases);
    let end = stage.now() + Duration::minutes(1);
    stage.server.store.claim(lease(1), &under_aliases, stage.now(), end, 1).await.unwrap();
    assert_eq!(first().await, plain);
}
