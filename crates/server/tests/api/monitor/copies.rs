//! What rests on a database that may be a copy of another one.

use riq_testing::providers::desk_and_keys::Says;
use time::Duration;

use super::{PATIENCE, state};
use crate::support::{
    eventually,
    played::{Stage, on_stage},
};

on_both_stages!(a_token_that_works_once_is_not_renewed_on_a_copy_until_the_operator_says_so);

async fn a_token_that_works_once_is_not_renewed_on_a_copy_until_the_operator_says_so(stage: &Stage) {
    stage.connect_desk(Duration::hours(1)).await;
    let now = crate::support::clock::START;
    assert_eq!(stage.server.store.look_around(now).await.unwrap(), None);
    stage.server.sql.execute("UPDATE whereabouts SET place = 'where the original is'", []).await;
    assert_eq!(stage.server.store.look_around(now).await.unwrap(), Some(now));
    assert_eq!(stage.server.store.look_around(now).await.unwrap(), Some(now), "it stays so");
    let worker = stage.worker().await;
    stage.server.clock.advance(Duration::minutes(50));
    // The access token is still good.
    eventually("it is probed", PATIENCE, async || {
        stage.provider.probes("desk") > 0 && stage.is_at_rest().await
    })
    .await;
    assert_eq!(state(stage.check("desk").await.data()).1, "healthy");
    stage.server.clock.advance(Duration::minutes(11));
    stage.provider.set("desk probe", Says::This(401, vec![], ""));
    let (status, health, message) = state(stage.check("desk").await.data());
    assert_eq!((status.as_str(), health.as_str()), ("active", "degraded"));
    assert!(message.unwrap().contains("its database was restored or copied"));
    assert_eq!(stage.provider.refreshes(), [0]);

    stage.provider.set("desk probe", Says::Truth);
    assert!(stage.server.store.set_quiet(None).await.unwrap());
    stage.server.clock.advance(Duration::minutes(2));
    eventually("it is renewed", PATIENCE, async || {
        stage.provider.refreshes() == [1, 0] && stage.state("desk").await.1 == "healthy"
    })
    .await;
    worker.stop().await;
}
