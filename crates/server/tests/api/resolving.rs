//! Calls whose answers were lost: what came of them is found out at the provider.

mod kills;

use std::{sync::Arc, time::Duration as Std};

use riq_server::{jobs::Job as _, provider::outbound::OutboundSettings};
use riq_testing::providers::ledger::{self, LAG, Ledger, Write};
use serde_json::{Value, json};
use time::Duration;

use crate::{
    monitor::on_both_stages,
    support::{Answer, Backend, Server, TestDatabase, catalog::few, eventually, server::Plan},
};

on_both_stages!(
    what_is_found_was_done_and_was_sent_once,
    what_something_in_front_refused_is_looked_for_when_the_pause_is_over,
    what_was_taken_and_has_failed_is_found_too,
    what_is_not_found_twice_was_not_done,
    what_lists_do_not_show_yet_has_not_failed,
    what_is_gone_was_removed,
    what_nobody_knows_how_to_look_for_stays_unknown,
    another_account_is_not_asked,
    another_definition_of_the_action_is_not_asked_with,
    what_is_paused_is_looked_for_when_it_is_active_again,
    it_is_looked_for_a_day_and_never_sent_again,
    two_replicas_look_once,
);

/// Long enough for anything on any machine.
const PATIENCE: Std = Std::from_secs(60);
/// Every look for a payment.
const LOOK: &str = "GET /api/payments";
const PAY: &str = "POST /api/payments";

struct Stage {
    server: Server,
    ledger: Ledger,
}

async fn on_stage(backend: Backend, test: impl AsyncFnOnce(&Stage)) {
    let Some(database) = TestDatabase::create(backend).await else { return };
    let ledger = Ledger::start().await;
    let server = Server::start_with(database, plan(&ledger), |_| {}).await;
    let stage = Stage { server, ledger };
    stage.connect().await;
    test(&stage).await;
    stage.server.stop().await;
}

fn plan(ledger: &Ledger) -> Plan {
    let file = ("ledger.toml".to_owned(), ledger::FILE.to_owned());
    Plan {
        catalog: Arc::new(few([file])),
        outbound: OutboundSettings {
            ca_certificates: Some(ledger.ca_pem().into_bytes()),
            resolve: [(ledger::HOST.to_owned(), ledger.address())].into(),
            ..OutboundSettings::default()
        },
        ..Plan::default()
    }
}

/// What connects Ledger.
fn line() -> String {
    json!({"provider": "ledger", "credential": {"api_key": ledger::API_KEY}}).to_string()
}

/// What permits every action of Ledger, and at most 10.00 USD to an account.
fn permission() -> Value {
    let actions = json!({"pay": true, "remove": true, "note": true});
    json!({"action_permissions": actions, "settings": {"pay_limit": 1_000}})
}

impl Stage {
    async fn connect(&self) {
        self.server.import(self.server.project, &line()).await;
        self.server.patch("ledger", permission()).await.data();
    }

    async fn call(&self, action: &str, input: Value) -> Answer {
        let target = self.server.at(&format!("/ledger/actions/{action}"));
        self.server.call("POST", &target).json(&json!({"input": input})).send().await
    }

    async fn pay(&self, account: &str, amount: u64) -> Answer {
        self.call("pay", json!({"account": account, "amount": amount})).await
    }

    /// A call whose end is not known yet. Returns its run.
    fn lose(answer: &Answer) -> String {
        answer.refused(504, "OUTCOME_UNKNOWN");
        answer.body["run_id"].as_str().unwrap_or_else(|| panic!("no run: {answer:?}")).to_owned()
    }

    async fn run(&self, id: &str) -> Value {
        let target = format!("/api/v1/projects/{}/action-runs/{id}", self.server.project);
        self.server.call("GET", &target).send().await.data().clone()
    }

    /// Lets time pass, and waits until a run has this status.
    async fn becomes(&self, id: &str, status: &str, after: Duration) -> Value {
        self.server.clock.advance(after);
        eventually(status, PATIENCE, async || self.run(id).await["status"] == status).await;
        self.run(id).await
    }

    /// Looks for what is due.
    async fn look(&self) {
        let mut looks = self.server.app.services.actions.resolving();
        looks.round().await.unwrap();
        looks.finish().await;
    }

    /// Waits until nothing is looked for any more.
    async fn gives_up(&self) {
        let looked_for = "SELECT COUNT(*) FROM action_runs WHERE look_at IS NOT NULL";
        eventually("it gives up", PATIENCE, async || self.server.sql.count(looked_for, []).await == 0).await;
    }

    /// The changes of status that the audit log has of a run, sorted.
    async fn changes(&self, run: &str) -> Vec<(String, String)> {
        let events = self.server.audit("ledger").await;
        let of_run = events
            .iter()
            .map(|event| event["changes"].as_array().unwrap())
            .filter(|changes| changes.contains(&json!({"path": "run", "from": null, "to": run})));
        let status = of_run.map(|changes| changes.iter().find(|change| change["path"] == "status").unwrap());
        let text = |value: &Value| value.as_str().unwrap().to_owned();
        let mut changes: Vec<_> = status.map(|change| (text(&change["from"]), text(&change["to"]))).collect();
        changes.sort();
        changes
    }
}

fn changes(all: &[(&str, &str)]) -> Vec<(String, String)> {
    all.iter().map(|(from, to)| ((*from).to_owned(), (*to).to_owned())).collect()
}

async fn what_is_found_was_done_and_was_sent_once(stage: &Stage) {
    stage.ledger.set(Write::Lost);
    stage.server.clock.pauses();
    let answer = stage.pay("a", 600).await;
    let run = answer.data();
    assert_eq!((&run["status"], &run["result"]), (&json!("succeeded"), &json!({"id": "p1"})));
    assert_eq!((&run["error"], &run["provider_status"]), (&Value::Null, &Value::Null));
    assert_eq!(stage.server.clock.pauses(), [Std::from_secs(LAG)], "it waits until lists show it");
    assert_eq!((stage.ledger.asked(PAY), stage.ledger.asked(LOOK)), (1, 1));
    let id = run["id"].as_str().unwrap();
    assert_eq!(stage.run(id).await, *run);
    let expected = changes(&[("sending", "unknown"), ("unknown", "succeeded")]);
    assert_eq!(stage.changes(id).await, expected);
    stage.pay("a", 500).await.refused(403, "ACTION_LIMIT_EXCEEDED");
}

async fn what_something_in_front_refused_is_looked_for_when_the_pause_is_over(stage: &Stage) {
    stage.ledger.set(Write::Unavailable);
    stage.server.clock.pauses();
    let run = Stage::lose(&stage.pay("a", 600).await);
    // The provider is left alone for as long as it asked for. Here the clock stands still meanwhile.
    assert_eq!(stage.server.clock.pauses(), [Std::from_secs(30)]);
    assert_eq!(stage.ledger.asked(LOOK), 0);
    let run = stage.becomes(&run, "succeeded", Duration::seconds(31)).await;
    assert_eq!((&run["result"], &run["provider_status"]), (&json!({"id": "p1"}), &json!(503)));
    assert_eq!(stage.ledger.asked(PAY), 1);
}

async fn what_was_taken_and_has_failed_is_found_too(stage: &Stage) {
    stage.ledger.set(Write::Failed);
    let answer = stage.pay("a", 600).await;
    answer.refused(422, "PROVIDER_REFUSED");
    assert!(answer.message().contains("did not carry it out"), "{answer:?}");
    assert_eq!(stage.run(answer.body["run_id"].as_str().unwrap()).await["status"], "failed");
    // It counts towards no limit any more.
    stage.ledger.set(Write::Answered);
    stage.pay("a", 1_000).await.data();
}

async fn what_is_not_found_twice_was_not_done(stage: &Stage) {
    stage.ledger.set(Write::Dropped);
    let run = Stage::lose(&stage.pay("a", 600).await);
    stage.ledger.set(Write::Answered);
    assert_eq!(stage.ledger.asked(LOOK), 1);
    // As long as it may have been done, it counts.
    stage.pay("a", 500).await.refused(403, "ACTION_LIMIT_EXCEEDED");
    // A second look that comes so soon may be too early: the provider may still be at work.
    stage.server.clock.advance(Duration::seconds(6));
    let looked_twice = "SELECT COUNT(*) FROM action_runs WHERE look_absences = 2";
    let sql = &stage.server.sql;
    eventually("it is looked twice", PATIENCE, async || sql.count(looked_twice, []).await == 1).await;
    assert_eq!(stage.run(&run).await["status"], "unknown");
    let failed = stage.becomes(&run, "failed", Duration::minutes(1)).await;
    assert_eq!(failed["error"]["code"], "PROVIDER_UNAVAILABLE");
    let expected = changes(&[("sending", "unknown"), ("unknown", "failed")]);
    assert_eq!(stage.changes(&run).await, expected);
    stage.pay("a", 1_000).await.data();
    assert_eq!((stage.ledger.asked(PAY), stage.ledger.asked(LOOK)), (2, 3));
}

async fn what_lists_do_not_show_yet_has_not_failed(stage: &Stage) {
    stage.ledger.set(Write::Lost);
    stage.ledger.set_lag(true);
    let run = Stage::lose(&stage.pay("a", 600).await);
    stage.ledger.set_lag(false);
    let run = stage.becomes(&run, "succeeded", Duration::seconds(20)).await;
    assert_eq!((&run["result"], stage.ledger.asked(LOOK)), (&json!({"id": "p1"}), 2));
}

async fn what_is_gone_was_removed(stage: &Stage) {
    stage.pay("a", 600).await.data();
    stage.pay("b", 600).await.data();
    // What is not there at once was never there.
    stage.call("remove", json!({"payment": "p9"})).await.refused(422, "PROVIDER_REFUSED");
    stage.ledger.set(Write::Lost);
    let answer = stage.call("remove", json!({"payment": "p1"})).await;
    assert_eq!(answer.data()["status"], "succeeded");
    stage.ledger.set(Write::Dropped);
    let run = Stage::lose(&stage.call("remove", json!({"payment": "p2"})).await);
    stage.becomes(&run, "failed", Duration::seconds(61)).await;
    assert_eq!((stage.ledger.asked("DELETE"), stage.ledger.payments().len()), (3, 1));
}

async fn what_nobody_knows_how_to_look_for_stays_unknown(stage: &Stage) {
    stage.ledger.set(Write::Lost);
    let run = Stage::lose(&stage.call("note", json!({"text": "Hello"})).await);
    stage.gives_up().await;
    assert_eq!(stage.run(&run).await["status"], "unknown");
    assert_eq!((stage.ledger.asked("POST"), stage.ledger.asked("GET /api")), (1, 0));
}

async fn another_account_is_not_asked(stage: &Stage) {
    stage.ledger.set(Write::Dropped);
    let run = Stage::lose(&stage.pay("a", 600).await);
    stage.server.clock.advance(Duration::seconds(1));
    assert_eq!(stage.server.delete("ledger").await.status, 200);
    // Nobody knows whose key this is.
    stage.connect().await;
    stage.server.clock.advance(Duration::minutes(2));
    stage.gives_up().await;
    assert_eq!((stage.run(&run).await["status"].as_str(), stage.ledger.asked(LOOK)), (Some("unknown"), 1));
}

async fn another_definition_of_the_action_is_not_asked_with(stage: &Stage) {
    stage.ledger.set(Write::Dropped);
    let run = Stage::lose(&stage.pay("a", 600).await);
    stage.server.sql.execute("UPDATE action_runs SET definition = input_hash", []).await;
    stage.server.clock.advance(Duration::minutes(2));
    stage.gives_up().await;
    assert_eq!((stage.run(&run).await["status"].as_str(), stage.ledger.asked(LOOK)), (Some("unknown"), 1));
}

async fn what_is_paused_is_looked_for_when_it_is_active_again(stage: &Stage) {
    stage.ledger.set(Write::Lost);
    stage.ledger.set_lag(true);
    let run = Stage::lose(&stage.pay("a", 600).await);
    stage.ledger.set_lag(false);
    stage.server.patch("ledger", json!({"status": "paused"})).await.data();
    stage.server.clock.advance(Duration::seconds(30));
    stage.look().await;
    assert_eq!((stage.run(&run).await["status"].as_str(), stage.ledger.asked(LOOK)), (Some("unknown"), 1));
    stage.server.patch("ledger", json!({"status": "active"})).await.data();
    stage.becomes(&run, "succeeded", Duration::seconds(30)).await;
    assert_eq!(stage.ledger.asked(PAY), 1);
}

async fn it_is_looked_for_a_day_and_never_sent_again(stage: &Stage) {
    stage.ledger.set(Write::Lost);
    stage.ledger.set_broken(true);
    let run = Stage::lose(&stage.pay("a", 600).await);
    stage.server.clock.advance(Duration::hours(25));
    stage.gives_up().await;
    stage.ledger.set_broken(false);
    assert_eq!((stage.run(&run).await["status"].as_str(), stage.ledger.asked(PAY)), (Some("unknown"), 1));
}

async fn two_replicas_look_once(stage: &Stage) {
    const CALLS: usize = 12;

    stage.ledger.set(Write::Lost);
    stage.ledger.set_lag(true);
    let mut runs = Vec::new();
    for number in 0..CALLS {
        runs.push(Stage::lose(&stage.pay(&format!("a{number}"), 600).await));
    }
    assert_eq!(stage.ledger.asked(LOOK), CALLS);
    stage.ledger.set_lag(false);
    let replica = stage.server.replica(|_| {}).await;
    for run in &runs {
        stage.becomes(run, "succeeded", Duration::seconds(5)).await;
    }
    replica.stop().await;
    assert_eq!((stage.ledger.asked(LOOK), stage.ledger.asked(PAY)), (2 * CALLS, CALLS));
}
