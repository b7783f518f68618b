//! What providers ask of the schedule, and checks on request that ask nobody.

use riq_testing::providers::desk_and_keys::Says;
use serde_json::json;
use time::Duration;

use super::{PATIENCE, is, state};
use crate::{
    dashboard::visitor::Visitor,
    support::{
        Backend, eventually,
        played::{Stage, on_stage, on_stage_with_timeout},
    },
};

on_both_stages!(
    a_check_that_asks_nobody_says_so,
    a_limit_at_the_installation_is_kept,
    a_credential_that_cannot_be_opened_is_an_error_until_it_can_be,
    a_limit_of_the_api_does_not_hold_back_the_renewal,
    a_limit_of_the_token_endpoint_does_not_hold_back_the_probe,
);

async fn a_check_that_asks_nobody_says_so(stage: &Stage) {
    stage.connect_keys().await;
    // The time in place of the seconds.
    stage.provider.set("keys probe", Says::This(429, vec![("retry-after", "1772360000")], ""));
    let asked = stage.check("keys").await;
    assert_eq!((asked.data().get("checked"), asked.data().get("message")), (None, None));
    stage.provider.set("keys probe", Says::Truth);
    let refused = stage.check("keys").await;
    let words = "Keys was not asked: it asked for no calls before 2026-03-01 10:13:20 UTC. The state is that of an \
                 earlier check. The next check is made by itself after that.";
    assert_eq!((&refused.data()["checked"], &refused.data()["message"]), (&json!(false), &json!(words)));
    assert_eq!(refused.data()["next_check_at"], "2026-03-01T10:13:20Z");
    let visitor = Visitor::signed_in(&stage.server).await;
    let page = visitor.submit(&visitor.provider("keys").await.form("/check")).await;
    page.says(409, "The check was not made").says(409, words);
    assert_eq!(stage.provider.probes("keys"), 1);
    stage.server.clock.advance(Duration::seconds(800));
    let asked = stage.check("keys").await;
    assert_eq!((asked.data().get("checked"), state(asked.data())), (None, is("active", "healthy", None)));
}

async fn a_limit_at_the_installation_is_kept(stage: &Stage) {
    stage.provider.set("keys probe", Says::InItsPlace(200, vec![("retry-after", "7200")], b"{}"));
    let keys = &stage.server.app.services.catalog.account("keys").unwrap();
    let credential = json!({"api_key": "SECRET-key"}).as_object().unwrap().clone();
    let (installer, who) = (&stage.server.app.services.installer, crate::handshake::who(&stage.server));
    installer.submit(&who, keys, serde_json::Map::new(), credential, "a browser").await.unwrap();
    let installed = stage.server.integration("keys").await;
    assert_eq!(state(&installed), is("active", "healthy", None));
    assert_eq!(installed["next_check_at"], "2026-03-01T12:00:00Z");
    let refused = stage.check("keys").await;
    assert_eq!(refused.data()["checked"], false);
    assert_eq!(stage.provider.probes("keys"), 1);
    stage.server.clock.advance(Duration::hours(2));
    stage.provider.set("keys probe", Says::Truth);
    let worker = stage.worker().await;
    eventually("it is asked", PATIENCE, async || stage.provider.probes("keys") == 2).await;
    worker.stop().await;
}

/// A credential whose key is gone works for nobody, so everybody sees it, until the key is back.
async fn a_credential_that_cannot_be_opened_is_an_error_until_it_can_be(stage: &Stage) {
    stage.connect_keys().await;
    stage.check("keys").await.data();
    stage.server.patch("keys", json!({"status": "paused"})).await.data();
    let sql = &stage.server.sql;
    let good = sql.bytes("SELECT sealed FROM credentials", []).await.unwrap();
    let seal = async |sealed: Vec<u8>| {
        sql.execute("UPDATE credentials SET sealed = $1", [sealed.into()]).await;
    };
    seal(vec![2, 1, b'x', 0]).await;
    let message = "The stored credential cannot be opened with this server's encryption keys: its operator finds \
                   the cause in the log; to go on without the old credential, connect it again";
    // Nobody needs to ask: the schedule finds it.
    let worker = stage.worker().await;
    stage.server.clock.advance(Duration::hours(3));
    let found = is("error", "unhealthy", Some(message));
    eventually("it is found", PATIENCE, async || stage.state("keys").await == found).await;
    stage.server.clock.advance(Duration::seconds(1));
    let checked = stage.check("keys").await;
    let words = format!("Keys was not asked. {message}.");
    assert_eq!((&checked.data()["checked"], &checked.data()["message"]), (&json!(false), &json!(words)));
    assert_eq!(state(checked.data()), found);
    let resumed = stage.server.patch("keys", json!({"status": "active"})).await;
    resumed.refused(409, "INVALID_TRANSITION");
    assert_eq!((stage.provider.probes("keys"), stage.recorded("keys").await.len()), (1, 2), "said once");
    seal(good).await;
    // It is tried again in a few minutes, and returns to the status that it had.
    stage.server.clock.advance(Duration::minutes(10));
    let is_back = async || stage.state("keys").await == is("paused", "healthy", None);
    eventually("it is back", PATIENCE, is_back).await;
    worker.stop().await;
}

/// A check waits for another no longer than that one's lease lasts. With this timeout that is nine seconds.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_check_that_waits_in_vain_for_another_says_so() {
    on_stage_with_timeout(Backend::Sqlite, std::time::Duration::from_millis(1), async |stage| {
        stage.connect_keys().await;
        let _claim = stage.claim("keys").await;
        let checked = stage.check("keys").await;
        let words = "Keys was not asked: another check is under way. The state is that of an earlier check. Look \
                     again in a moment.";
        assert_eq!((&checked.data()["checked"], &checked.data()["message"]), (&json!(false), &json!(words)));
        assert_eq!(stage.provider.probes("keys"), 0);
    })
    .await;
}

async fn a_limit_of_the_api_does_not_hold_back_the_renewal(stage: &Stage) {
    stage.connect_desk(Duration::hours(1)).await;
    stage.provider.set("desk probe", Says::This(429, vec![("retry-after", "7200")], ""));
    stage.check("desk").await.data();
    let next_check = stage.server.integration("desk").await["next_check_at"].clone();
    assert_eq!(next_check, "2026-03-01T12:00:00Z");
    stage.provider.set("desk probe", Says::Truth);
    let worker = stage.worker().await;
    stage.server.clock.advance(Duration::minutes(50));
    let is_renewed = async || stage.provider.refreshes() == [1, 0] && stage.is_at_rest().await;
    eventually("it is renewed", PATIENCE, is_renewed).await;
    assert_eq!(stage.provider.probes("desk"), 1);
    assert_eq!(stage.server.integration("desk").await["next_check_at"], next_check);
    // What is resumed is probed as soon as the limit allows, and renewed when that is due.
    stage.server.patch("desk", json!({"status": "paused"})).await.data();
    let resumed = stage.server.patch("desk", json!({"status": "active"})).await;
    assert_eq!(resumed.data()["next_check_at"], next_check);
    stage.server.clock.advance(Duration::minutes(50));
    let is_renewed = async || stage.provider.refreshes() == [1, 1, 0] && stage.is_at_rest().await;
    eventually("it is renewed again", PATIENCE, is_renewed).await;
    assert_eq!(stage.provider.probes("desk"), 1);
    stage.server.clock.advance(Duration::minutes(20));
    eventually("it is probed", PATIENCE, async || stage.state("desk").await.1 == "healthy").await;
    worker.stop().await;
}

async fn a_limit_of_the_token_endpoint_does_not_hold_back_the_probe(stage: &Stage) {
    stage.connect_desk(Duration::hours(1)).await;
    stage.server.clock.advance(Duration::minutes(50));
    stage.provider.set("desk token", Says::This(429, vec![("retry-after", "7200")], ""));
    let limited =
        "Desk did not issue a new access token: it is getting too many requests at the moment (status 429)";
    assert_eq!(state(stage.check("desk").await.data()), is("active", "degraded", Some(limited)));
    assert_eq!(stage.provider.probes("desk"), 0);
    stage.provider.set("desk token", Says::Truth);
    let replica = stage.server.replica(|_| {}).await;
    let checked = replica.call("POST", &stage.server.at("/desk/check")).send().await;
    assert_eq!(state(checked.data()), is("active", "healthy", None));
    // The access token ends before the wait does. That says nothing about the refresh token.
    stage.provider.end_access_token();
    let message = "Desk does not accept the access token, and asks to wait before it issues a new one";
    assert_eq!(state(stage.check("desk").await.data()), is("active", "degraded", Some(message)));
    assert_eq!(stage.server.integration("desk").await["next_check_at"], "2026-03-01T12:50:00Z");
    assert_eq!(stage.provider.refreshes(), [1]);
    stage.provider.set("desk probe", Says::Truth);
    stage.server.clock.advance(Duration::hours(2));
    let worker = stage.worker().await;
    eventually("it is renewed", PATIENCE, async || stage.state("desk").await.1 == "healthy").await;
    assert_eq!(stage.provider.refreshes(), [2, 0]);
    worker.stop().await;
    replica.stop().await;
}
