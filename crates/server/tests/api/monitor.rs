//! What the server does by itself for integrations: probes, refreshes, leases.

use std::time::Duration as Std;

use futures_util::future::join_all;
use riq_server::store::Queue;
use riq_testing::providers::desk_and_keys::{Says, access_token, refresh_token};
use serde_json::{Value, json};
use time::Duration;

use crate::support::{
    Answer, eventually,
    played::{Stage, on_stage},
};

/// Makes two tests of each named `async fn(&Stage)`, one for each database.
macro_rules! on_both_stages {
    ($($name:ident),+ $(,)?) => {$(
        mod $name {
            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn sqlite() {
                super::on_stage(crate::support::Backend::Sqlite, super::$name).await;
            }

            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn postgres() {
                super::on_stage(crate::support::Backend::Postgres, super::$name).await;
            }
        }
    )+};
}

pub(crate) use on_both_stages;

mod aliases;
mod copies;
mod history;
mod leases;
mod limits;
mod renewals;

on_both_stages!(
    a_check_tells_how_it_is,
    it_is_told_when_the_next_check_is,
    a_refused_key_is_an_error_until_it_is_accepted_again,
    activating_what_is_in_error_asks_the_provider_first,
    a_change_during_the_probe_of_a_conditional_one_is_not_overwritten,
    a_newer_answer_is_kept_whatever_the_fraction_of_its_second,
    a_refused_access_token_is_renewed_and_nobody_notices,
    a_dead_refresh_token_is_an_error_and_only_a_new_installation_leads_back,
    whoever_checks_at_once_makes_one_refresh,
    a_provider_that_asks_to_be_left_alone_is,
    there_is_nothing_to_check_where_nothing_is_connected,
    what_is_due_is_probed_and_what_is_not_is_left_alone,
    tokens_are_refreshed_before_they_expire,
    what_is_resumed_is_probed_at_once,
    a_refresh_that_was_cut_off_is_not_repeated,
    new_tokens_are_stored_though_the_lease_has_ended,
    what_a_late_refresh_stored_outlives_a_lease_that_began_before,
    a_reconnection_ends_what_is_under_way,
    a_hanging_provider_does_not_keep_others_waiting,
    a_revoked_project_is_forgotten,
);

/// Long enough for anything on any machine.
const PATIENCE: Std = Std::from_secs(60);

impl Stage {
    /// Connects Desk with its first grant, whose access token lives this long.
    async fn connect_desk(&self, life: Duration) {
        let expires_at = crate::support::clock::START + life;
        let expires_at = expires_at.format(&time::format_description::well_known::Rfc3339).unwrap();
        let (access, refresh) = (access_token(0), refresh_token(0));
        let credential = json!({"access_token": access, "refresh_token": refresh, "expires_at": expires_at});
        self.connect(json!({"provider": "desk", "credential": credential})).await;
    }

    async fn connect_keys(&self) {
        self.connect(json!({"provider": "keys", "credential": {"api_key": "SECRET-key"}})).await;
    }

    async fn connect(&self, line: Value) {
        self.server.import(self.server.project, &line.to_string()).await;
    }

    async fn check(&self, provider: &str) -> Answer {
        self.server.call("POST", &self.server.at(&format!("/{provider}/check"))).send().await
    }

    /// The status, health and error message of an integration.
    async fn state(&self, provider: &str) -> (String, String, Option<String>) {
        state(&self.server.integration(provider).await)
    }

    /// The events that the system recorded about a provider's integration.
    async fn recorded(&self, provider: &str) -> Vec<String> {
        let events = self.server.audit(provider).await;
        let of_system = events.iter().filter(|event| event["actor_kind"] == "system");
        of_system.map(|event| event["action"].as_str().unwrap().to_owned()).collect()
    }

    /// How many integrations are monitored.
    async fn monitors(&self) -> usize {
        self.server.sql.rows("SELECT integration_id FROM monitors", []).await.len()
    }

    async fn row(&self, sql: &str) -> Value {
        self.server.sql.rows(sql, []).await.pop().unwrap_or_default()
    }
}

fn state(integration: &Value) -> (String, String, Option<String>) {
    let text = |name: &str| integration[name].as_str().map(str::to_owned);
    (text("status").unwrap(), text("health_status").unwrap(), text("error_message"))
}

fn is(status: &str, health: &str, message: Option<&str>) -> (String, String, Option<String>) {
    (status.to_owned(), health.to_owned(), message.map(str::to_owned))
}

async fn a_check_tells_how_it_is(stage: &Stage) {
    stage.connect_keys().await;
    assert_eq!(stage.state("keys").await, is("active", "unknown", None));
    let answer = stage.check("keys").await;
    assert_eq!(state(answer.data()), is("active", "healthy", None));
    assert_eq!(answer.data()["last_synced_at"], "2026-03-01T10:00:00Z");
    assert_eq!(stage.server.integration("keys").await, *answer.data());
    assert!(answer.data()["next_check_at"].as_str().unwrap() > "2026-03-01T10:00:00Z");
    // A healthy answer again changes only the time of the last one.
    stage.server.clock.advance(Duration::minutes(1));
    let again = stage.check("keys").await;
    assert_eq!(again.data()["last_synced_at"], "2026-03-01T10:01:00Z");
    assert_eq!(again.data()["updated_at"], answer.data()["updated_at"]);
    let endless: &'static str = "x".repeat(10 * 1024 * 1024).leak();
    for (says, message) in [
        (Says::This(200, vec![], endless), "Keys sent an answer that is too large"),
        (Says::This(500, vec![], "<html>"), "Keys has trouble at the moment (status 500)"),
        (Says::This(200, vec![], "<html>Sign in</html>"), "Keys answered with a web page instead of JSON"),
        (Says::This(200, vec![], ""), "Keys answered with an empty body instead of JSON"),
        (Says::This(200, vec![], "[]"), "Keys answered with JSON of another shape than expected"),
        (Says::This(204, vec![], ""), "Keys answered with the unexpected status 204"),
        (Says::This(429, vec![], ""), "Keys is getting too many requests at the moment"),
        (
            Says::This(302, vec![("location", "https://169.254.169.254/")], ""),
            "Keys redirected the request to another host",
        ),
    ] {
        stage.provider.set("keys probe", says);
        assert_eq!(state(stage.check("keys").await.data()), is("active", "degraded", Some(message)));
    }
    assert_eq!(stage.recorded("keys").await, vec!["integration.health.changed"; 9]);
    // A change at the same time does not overwrite the result of a probe.
    stage.server.patch("keys", json!({"display_name": "Ours"})).await.data();
    let last = stage.server.integration("keys").await;
    assert_eq!(last["last_synced_at"], "2026-03-01T10:01:00Z");
}

async fn it_is_told_when_the_next_check_is(stage: &Stage) {
    stage.connect_keys().await;
    stage.check("keys").await.data();
    let planned = stage.server.integration("keys").await["next_check_at"].clone();
    assert!(planned.as_str().unwrap() > "2026-03-01T10:00:00Z", "{planned}");
    let paused = stage.server.patch("keys", json!({"status": "paused"})).await;
    assert_eq!(paused.data()["next_check_at"], planned);
    // What is put to use again is checked at once.
    let resumed = stage.server.patch("keys", json!({"status": "active"})).await;
    assert_eq!(resumed.data()["next_check_at"], "2026-03-01T10:00:00Z");
    assert_eq!(stage.server.integration("keys").await, *resumed.data());
    let disconnected = stage.server.delete("keys").await;
    assert_eq!(disconnected.data()["next_check_at"], Value::Null);
    assert_eq!(stage.server.integration("keys").await["next_check_at"], Value::Null);
}

async fn a_refused_key_is_an_error_until_it_is_accepted_again(stage: &Stage) {
    stage.connect_keys().await;
    stage.server.patch("keys", json!({"status": "paused"})).await.data();
    stage.provider.set("keys probe", Says::This(401, vec![], ""));
    let message = "Keys does not accept the API key: connect it again";
    assert_eq!(state(stage.check("keys").await.data()), is("error", "unhealthy", Some(message)));
    // The test tells events apart by their time, and the clock moves only when it is told to.
    stage.server.clock.advance(Duration::seconds(1));
    // While the provider does not answer, the refusal stays.
    stage.provider.set("keys probe", Says::This(503, vec![], ""));
    assert_eq!(state(stage.check("keys").await.data()), is("error", "unhealthy", Some(message)));
    stage.provider.set("keys probe", Says::Truth);
    assert_eq!(state(stage.check("keys").await.data()), is("paused", "healthy", None));
    assert_eq!(stage.recorded("keys").await, ["integration.errored", "integration.health.changed"]);
    let events = stage.server.audit("keys").await;
    let errored = events.iter().find(|event| event["action"] == "integration.errored").unwrap();
    assert_eq!(errored["changes"][0], json!({"path": "status", "from": "paused", "to": "error"}));
}

async fn activating_what_is_in_error_asks_the_provider_first(stage: &Stage) {
    stage.connect_keys().await;
    stage.provider.set("keys probe", Says::This(401, vec![], ""));
    stage.check("keys").await.data();
    let activate = json!({"status": "active", "display_name": "Ours"});
    let refused = stage.server.patch("keys", activate.clone()).await;
    refused.refused(409, "REINSTALL_REQUIRED");
    stage.provider.set("keys probe", Says::This(500, vec![], ""));
    let refused = stage.server.patch("keys", activate.clone()).await;
    refused.refused(409, "INVALID_TRANSITION");
    assert!(refused.message().contains("Keys has trouble at the moment"), "{refused:?}");
    assert_eq!(stage.server.integration("keys").await["display_name"], Value::Null);
    stage.provider.set("keys probe", Says::Truth);
    let changed = stage.server.patch("keys", activate).await;
    assert_eq!(state(changed.data()), is("active", "healthy", None));
    assert_eq!(changed.data()["display_name"], "Ours");
    assert_eq!(stage.provider.probes("keys"), 4);
}

async fn a_change_during_the_probe_of_a_conditional_one_is_not_overwritten(stage: &Stage) {
    stage.connect_keys().await;
    let target = stage.server.at("/keys/lifecycle");
    for (is_conditional, expected) in [(true, 412), (false, 200)] {
        stage.provider.set("keys probe", Says::This(401, vec![], ""));
        assert_eq!(stage.check("keys").await.data()["status"], "error");
        let tag = stage.server.integration("keys").await["etag"].as_str().unwrap().to_owned();
        stage.provider.set("keys probe", Says::Nothing);
        let before = stage.provider.probes("keys");
        let call = stage.server.call("PATCH", &target);
        let call = if is_conditional { call.header("if-match", &tag) } else { call };
        let changing = call.json(&json!({"status": "active", "display_name": "Mine"}));
        let changing = tokio::spawn(changing.send());
        eventually("it is probed", PATIENCE, async || stage.provider.probes("keys") > before).await;
        stage.server.patch("keys", json!({"display_name": "Theirs", "sidebar_enabled": true})).await.data();
        stage.provider.set("keys probe", Says::Truth);
        let answer = changing.await.unwrap();
        assert_eq!(answer.status, expected, "{answer:?}");
        let now = stage.server.integration("keys").await;
        let name = if is_conditional { "Theirs" } else { "Mine" };
        assert_eq!((&now["display_name"], &now["sidebar_enabled"]), (&json!(name), &json!(true)));
    }
    // The probe's own new version is no change of somebody else.
    stage.provider.set("keys probe", Says::This(401, vec![], ""));
    stage.check("keys").await.data();
    stage.provider.set("keys probe", Says::Truth);
    let tag = stage.server.integration("keys").await["etag"].as_str().unwrap().to_owned();
    let call = stage.server.call("PATCH", &target).header("if-match", &tag);
    let answer = call.json(&json!({"status": "active", "display_name": "Again"})).send().await;
    assert_eq!(
        (&answer.data()["status"], &answer.data()["display_name"]),
        (&json!("active"), &json!("Again"))
    );
}

/// SQLite stores times as text: that of an installation must sort like that of a probe.
async fn a_newer_answer_is_kept_whatever_the_fraction_of_its_second(stage: &Stage) {
    let keys = &stage.server.app.services.catalog.account("keys").unwrap();
    let credential = json!({"api_key": "SECRET-key"}).as_object().unwrap().clone();
    let installer = &stage.server.app.services.installer;
    let who = crate::handshake::who(&stage.server);
    installer.submit(&who, keys, serde_json::Map::new(), credential, "a browser").await.unwrap();
    assert_eq!(stage.server.integration("keys").await["last_synced_at"], "2026-03-01T10:00:00Z");
    stage.provider.set("keys probe", Says::This(503, vec![], ""));
    stage.check("keys").await.data();
    stage.server.clock.advance(Duration::milliseconds(500));
    stage.provider.set("keys probe", Says::Truth);
    // The provider answers well again, which makes a new version.
    let checked = stage.check("keys").await;
    assert_eq!(checked.data()["last_synced_at"], "2026-03-01T10:00:00.5Z");
    assert_eq!(stage.server.integration("keys").await["last_synced_at"], "2026-03-01T10:00:00.5Z");
}

async fn a_refused_access_token_is_renewed_and_nobody_notices(stage: &Stage) {
    stage.connect_desk(Duration::days(1)).await;
    stage.check("desk").await.data();
    // The provider no longer accepts the first access token.
    stage.provider.set("desk probe", Says::This(401, vec![], ""));
    let refused = stage.check("desk").await;
    // Even the new one is refused.
    assert_eq!(state(refused.data()).0, "error");
    stage.provider.set("desk probe", Says::Truth);
    assert_eq!(state(stage.check("desk").await.data()), is("active", "healthy", None));
    assert_eq!(stage.provider.refreshes(), [1, 0]);
    let row = stage.row("SELECT version, expires_at FROM credentials").await;
    assert_eq!(row["version"], 2);
    let recorded = stage.recorded("desk").await;
    assert_eq!(recorded.iter().filter(|action| *action == "integration.credential.refreshed").count(), 1);
    let events = stage.server.audit("desk").await;
    let renewed = events.iter().find(|event| event["action"] == "integration.credential.refreshed").unwrap();
    let change = json!([{"path": "credential.expires_at", "from": "2026-03-02T10:00:00Z", "to": "2026-03-01T11:00:00Z"}]);
    assert_eq!(renewed["changes"], change);
}

async fn a_dead_refresh_token_is_an_error_and_only_a_new_installation_leads_back(stage: &Stage) {
    stage.connect_desk(Duration::hours(1)).await;
    stage.provider.set("desk token", Says::This(400, vec![], r#"{"error": "invalid_grant"}"#));
    stage.provider.end_access_token();
    let message = "Desk does not accept the refresh token (invalid_grant): connect it again";
    assert_eq!(state(stage.check("desk").await.data()), is("error", "unhealthy", Some(message)));
    stage.provider.set("desk probe", Says::Truth);
    stage.check("desk").await.refused(409, "REINSTALL_REQUIRED");
    stage.server.patch("desk", json!({"status": "active"})).await.refused(409, "REINSTALL_REQUIRED");
    // Pausing the integration does not avoid this either.
    stage.server.patch("desk", json!({"status": "paused"})).await.data();
    stage.server.patch("desk", json!({"status": "active"})).await.refused(409, "REINSTALL_REQUIRED");
    assert_eq!(stage.monitors().await, 0);
    assert_eq!(stage.provider.refreshes(), [1]);
    assert_eq!(stage.recorded("desk").await, ["integration.errored"]);
}

async fn whoever_checks_at_once_makes_one_refresh(stage: &Stage) {
    stage.connect_desk(Duration::hours(1)).await;
    stage.server.clock.advance(Duration::hours(1));
    let replica = stage.server.replica(|_| {}).await;
    let target = stage.server.at("/desk/check");
    let both = [&stage.server, &replica];
    let checks = (0..12).map(|number| both[number % 2].call("POST", &target).send());
    for answer in join_all(checks).await {
        assert_eq!(state(answer.data()), is("active", "healthy", None));
    }
    assert_eq!(stage.provider.refreshes(), [1, 0]);
    replica.stop().await;
}

async fn a_provider_that_asks_to_be_left_alone_is(stage: &Stage) {
    stage.connect_keys().await;
    stage.provider.set("keys probe", Says::This(429, vec![("retry-after", "120")], ""));
    let message = "Keys is getting too many requests at the moment";
    assert_eq!(state(stage.check("keys").await.data()), is("active", "degraded", Some(message)));
    stage.provider.set("keys probe", Says::Truth);
    stage.server.clock.advance(Duration::seconds(119));
    let worker = stage.worker().await;
    assert_eq!(state(stage.check("keys").await.data()), is("active", "degraded", Some(message)));
    assert_eq!(stage.provider.probes("keys"), 1);
    stage.server.clock.advance(Duration::seconds(1));
    eventually("it is asked again", PATIENCE, async || stage.state("keys").await.1 == "healthy").await;
    worker.stop().await;
}

async fn there_is_nothing_to_check_where_nothing_is_connected(stage: &Stage) {
    stage.check("desk").await.refused(404, "INTEGRATION_NOT_FOUND");
    stage.check("nobody").await.refused(404, "PROVIDER_NOT_FOUND");
    stage.connect_keys().await;
    stage.server.delete("keys").await.data();
    stage.check("keys").await.refused(409, "REINSTALL_REQUIRED");
    assert_eq!(stage.provider.probes("keys"), 0);
    assert_eq!(stage.monitors().await, 0);
}

async fn what_is_due_is_probed_and_what_is_not_is_left_alone(stage: &Stage) {
    stage.connect_keys().await;
    stage.connect_desk(Duration::days(30)).await;
    let worker = stage.worker().await;
    let probed = async |keys: usize, desk: usize| {
        eventually("they are probed", PATIENCE, async || {
            (stage.provider.probes("keys"), stage.provider.probes("desk")) == (keys, desk)
                && stage.is_at_rest().await
        })
        .await;
    };
    probed(1, 1).await;
    assert_eq!(stage.state("keys").await, is("active", "healthy", None));
    stage.server.patch("desk", json!({"status": "paused"})).await.data();
    for round in 2..5 {
        // A tenth more than the interval.
        stage.server.clock.advance(Duration::seconds(991));
        // The first probe of the paused integration was planned before it was paused.
        probed(round, 2).await;
    }
    stage.server.clock.advance(Duration::seconds(9_901));
    probed(5, 3).await;
    stage.server.delete("keys").await.data();
    stage.server.clock.advance(Duration::seconds(9_901));
    probed(5, 4).await;
    worker.stop().await;
}

impl Stage {
    /// Whether no integration is due or leased.
    async fn is_at_rest(&self) -> bool {
        let queues: Vec<_> = ["desk", "keys"].into_iter().flat_map(Queue::both).collect();
        let due = self.server.store.due(&queues).await.unwrap();
        let leased = "SELECT COUNT(*) FROM monitors WHERE lease_owner IS NOT NULL";
        due.iter().all(|(_, due_at)| *due_at > self.now()) && self.server.sql.count(leased, []).await == 0
    }
}

async fn tokens_are_refreshed_before_they_expire(stage: &Stage) {
    stage.connect_desk(Duration::hours(1)).await;
    let workers = [stage.worker().await, stage.worker().await];
    eventually("it is probed", PATIENCE, async || {
        stage.provider.probes("desk") == 1 && stage.is_at_rest().await
    })
    .await;
    stage.server.clock.advance(Duration::minutes(35));
    eventually("rest", PATIENCE, async || stage.is_at_rest().await).await;
    assert_eq!(stage.provider.refreshes(), [0], "an hour's token is refreshed in its last two fifths");
    for generation in 1..4 {
        stage.server.clock.advance(Duration::minutes(14));
        let renewed = async || stage.provider.refreshes().len() == generation + 1 && stage.is_at_rest().await;
        eventually("it is refreshed", PATIENCE, renewed).await;
        assert!(stage.provider.refreshes()[..generation].iter().all(|sent| *sent == 1));
        stage.server.clock.advance(Duration::minutes(35));
        eventually("rest", PATIENCE, async || stage.is_at_rest().await).await;
    }
    assert_eq!(stage.state("desk").await, is("active", "healthy", None));
    for worker in workers {
        worker.stop().await;
    }
}

async fn what_is_resumed_is_probed_at_once(stage: &Stage) {
    stage.connect_keys().await;
    stage.check("keys").await.data();
    let worker = stage.worker().await;
    stage.server.patch("keys", json!({"status": "paused"})).await.data();
    stage.provider.set("keys probe", Says::This(401, vec![], ""));
    stage.server.patch("keys", json!({"status": "active"})).await.data();
    eventually("it is found out", PATIENCE, async || stage.state("keys").await.0 == "error").await;
    worker.stop().await;
}

/// The queue of a provider's plain accounts.
fn queue(provider: &str) -> Queue {
    let [plain, _] = Queue::both(provider);
    plain
}

fn lease(number: u128) -> integrations_core::ids::LeaseId {
    integrations_core::ids::LeaseId::from_bits(number)
}

impl Stage {
    fn now(&self) -> time::OffsetDateTime {
        riq_server::environment::Clock::now(&*self.server.clock)
    }

    /// Claims the connected integrations for a minute, as a replica would.
    async fn claim(&self, provider: &str) -> riq_server::store::Claim {
        let end = self.now() + Duration::minutes(1);
        let claims = self.server.store.claim(lease(1), &queue(provider), self.now(), end, 10).await.unwrap();
        assert_eq!(claims.len(), 1);
        claims.into_iter().next().unwrap()
    }
}

async fn a_refresh_that_was_cut_off_is_not_repeated(stage: &Stage) {
    stage.connect_desk(Duration::hours(1)).await;
    // A replica records that it sends the refresh token, and stops before it records the result.
    let claim = stage.claim("desk").await;
    stage.server.store.begin_refresh(&claim, crate::support::clock::START).await.unwrap();
    let worker = stage.worker().await;
    stage.server.clock.advance(Duration::minutes(2));
    eventually("it is taken over", PATIENCE, async || {
        stage.provider.probes("desk") == 1 && stage.is_at_rest().await
    })
    .await;
    assert_eq!(stage.state("desk").await, is("active", "healthy", None), "the access token is still good");
    stage.server.clock.advance(Duration::minutes(58));
    let message = "The renewal of Desk's access token was interrupted: connect it again";
    let found = is("error", "unhealthy", Some(message));
    eventually("the end is recorded", PATIENCE, async || stage.state("desk").await == found).await;
    assert_eq!(stage.provider.refreshes(), [0]);
    stage.check("desk").await.refused(409, "REINSTALL_REQUIRED");
    worker.stop().await;
}

async fn new_tokens_are_stored_though_the_lease_has_ended(stage: &Stage) {
    stage.connect_desk(Duration::minutes(40)).await;
    stage.server.clock.advance(Duration::minutes(33));
    stage.provider.set("desk token", Says::Nothing);
    let worker = stage.worker().await;
    eventually("it is sent", PATIENCE, async || stage.provider.refreshes() == [1]).await;
    // The answer comes late: the lease has ended, and another replica has probed.
    let other = stage.worker().await;
    stage.server.clock.advance(Duration::minutes(5));
    eventually("another replica probes", PATIENCE, async || stage.provider.probes("desk") > 0).await;
    stage.provider.set("desk token", Says::Truth);
    eventually("they are stored", PATIENCE, async || {
        stage.row("SELECT version FROM credentials").await["version"] == 2
    })
    .await;
    worker.stop().await;
    stage.server.clock.advance(Duration::minutes(20));
    eventually("it is well", PATIENCE, async || {
        stage.state("desk").await == is("active", "healthy", None) && stage.is_at_rest().await
    })
    .await;
    assert_eq!(stage.provider.refreshes(), [1, 0]);
    other.stop().await;
}

async fn what_a_late_refresh_stored_outlives_a_lease_that_began_before(stage: &Stage) {
    stage.connect_desk(Duration::hours(1)).await;
    let store = &stage.server.store;
    let first = stage.claim("desk").await;
    store.begin_refresh(&first, crate::support::clock::START).await.unwrap();
    stage.server.clock.advance(Duration::minutes(1));
    let end = stage.now() + Duration::minutes(1);
    let second = store.claim(lease(2), &queue("desk"), stage.now(), end, 1).await.unwrap().pop().unwrap();
    assert_eq!(second.schedule.refresh_begun_by, Some(first.lease));
    let refresh_at = stage.now() + Duration::minutes(30);
    let renewed = riq_server::store::Renewed {
        sealed: vec![0],
        expires_at: None,
        granted_scopes: None,
        refresh_at: Some(refresh_at),
        event: stage.server.event(first.integration, "desk"),
    };
    assert_eq!(store.renew(&first, renewed).await.unwrap(), riq_server::store::LeaseWrite::Stored);
    // The second owner does not know of it.
    let schedule = riq_server::store::Schedule { refresh_at: None, ..second.schedule };
    store.release(&[riq_server::store::Release { claim: second, synced_at: None, schedule }]).await.unwrap();
    let third = store.claim(lease(3), &queue("desk"), end, end, 1).await.unwrap().pop().unwrap();
    assert_eq!((third.schedule.refresh_begun_by, third.schedule.refresh_at), (None, Some(refresh_at)));
}

async fn a_reconnection_ends_what_is_under_way(stage: &Stage) {
    stage.connect_desk(Duration::hours(1)).await;
    let claim = stage.claim("desk").await;
    stage.server.store.begin_refresh(&claim, crate::support::clock::START).await.unwrap();
    stage.server.delete("desk").await.data();
    stage.connect_desk(Duration::hours(1)).await;
    let renewed = riq_server::store::Renewed {
        sealed: vec![0],
        expires_at: None,
        granted_scopes: None,
        refresh_at: None,
        event: stage.server.event(claim.integration, "desk"),
    };
    let settled = stage.server.store.renew(&claim, renewed).await.unwrap();
    assert_eq!(settled, riq_server::store::LeaseWrite::Superseded);
    assert_eq!(state(stage.check("desk").await.data()), is("active", "healthy", None));
}

async fn a_hanging_provider_does_not_keep_others_waiting(stage: &Stage) {
    stage.connect_keys().await;
    for _ in 0..10 {
        let project = stage.server.other_project().await;
        let credential = json!({"access_token": access_token(0)});
        let line = json!({"provider": "desk", "credential": credential}).to_string();
        stage.server.import(project, &line).await;
    }
    stage.provider.set("desk probe", Says::Nothing);
    let worker = stage.worker().await;
    let settled = async || stage.provider.probes("desk") == 6 && stage.state("keys").await.1 == "healthy";
    eventually("the places are taken", PATIENCE, settled).await;
    for _ in 0..3 {
        let before = stage.provider.probes("keys");
        stage.server.clock.advance(Duration::seconds(991));
        let is_probed = async || {
            let held =
                "SELECT integration_id FROM monitors WHERE provider = 'keys' AND lease_owner IS NOT NULL";
            stage.provider.probes("keys") > before && stage.server.sql.rows(held, []).await.is_empty()
        };
        eventually("the other is probed", PATIENCE, is_probed).await;
    }
    assert_eq!(stage.provider.probes("desk"), 6);
    stage.provider.set("desk probe", Says::Truth);
    eventually("rest", PATIENCE, async || stage.is_at_rest().await).await;
    assert!(stage.provider.probes("desk") >= 10);
    worker.stop().await;
}

async fn a_revoked_project_is_forgotten(stage: &Stage) {
    stage.connect_keys().await;
    stage.server.revoke_project().await;
    let worker = stage.worker().await;
    eventually("it is forgotten", PATIENCE, async || stage.monitors().await == 0).await;
    assert_eq!(stage.provider.probes("keys"), 0);
    worker.stop().await;
}
