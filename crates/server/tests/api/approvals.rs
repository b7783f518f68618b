//! What waits for a person: what is sent when it is approved, and what is not sent any more.

mod copies;
mod deciders;
mod killed;
mod notices;

use std::time::Duration as Std;

use integrations_core::{audit::Actor, ids::UserId, principal::Principal, role::Role};
use riq_server::{
    jobs::{Approvals, Job as _},
    services::actions::{ApprovalError, Decision},
    store::{PersonRef, RunRow, Sealed, Tenant},
};
use riq_testing::providers::desk_and_keys::{Says, access_token, refresh_token};
use serde_json::{Value, json};
use time::Duration;

use crate::{
    monitor::on_both_stages,
    support::{
        Answer, Server,
        played::{Stage, on_stage},
        server::Key,
    },
};

on_both_stages!(
    a_person_is_asked_and_sees_what_will_be_done,
    what_is_approved_is_sent_as_it_was_asked_for_and_once,
    of_many_who_decide_at_once_one_does,
    what_is_not_allowed_any_more_is_not_sent,
    what_is_not_active_waits_and_what_was_connected_anew_expires,
    what_the_provider_says_now_is_asked_about_again,
    the_same_call_waits_once,
    after_a_no_the_same_call_is_denied_for_an_hour,
    what_is_late_is_not_sent_and_ends,
    what_was_tampered_with_is_not_sent,
    what_only_waits_is_told_with_the_limit,
    only_so_many_calls_wait,
    approvals_are_listed_to_their_own_project,
    a_repeat_of_a_decision_sends_nothing,
);

/// Long enough for anything on any machine.
const PATIENCE: Std = Std::from_secs(60);

/// A stage on which Desk's refunds are asked for by one person's key and approved by another's.
struct Desk<'a> {
    stage: &'a Stage,
    server: &'a Server,
    asker: Key,
    approver: Key,
}

impl<'a> Desk<'a> {
    /// Connects Desk. API keys may decide.
    async fn open(stage: &'a Stage) -> Self {
        let server = &stage.server;
        let asker = server.key_of(server.person(Role::Operator).await, &["write"]).await;
        let approver = server.key_of(server.person(Role::Approver).await, &["approvals:admin", "read"]).await;
        let desk = Self { stage, server, asker, approver };
        desk.connect().await;
        desk.set(json!({"refunds_enabled": true, "refund_limit": 1_000}), json!("ask")).await;
        desk.policy(json!({"decided_by": "people_and_keys"})).await;
        desk.pass(1);
        desk
    }

    async fn connect(&self) {
        let credential = json!({"access_token": access_token(0), "refresh_token": refresh_token(0)});
        let line = json!({"provider": "desk", "credential": credential}).to_string();
        self.server.import(self.server.project, &line).await;
    }

    async fn set(&self, settings: Value, refund: Value) {
        let update = json!({"action_permissions": {"issue_refund": refund}, "settings": settings});
        self.server.patch("desk", update).await.data();
    }

    async fn policy(&self, update: Value) -> Answer {
        self.server.call("PATCH", &self.path("approval-policy")).json(&update).send().await
    }

    fn pass(&self, seconds: i64) {
        self.server.clock.advance(Duration::seconds(seconds));
    }

    fn path(&self, rest: &str) -> String {
        format!("/api/v1/projects/{}/{rest}", self.server.project)
    }

    async fn refund_by(&self, key: &Key, charge: &str, amount: u32) -> Answer {
        let body =
            json!({"input": {"charge": charge, "amount": amount}, "context": {"reason": "It came broken"}});
        let target = self.server.at("/desk/actions/issue_refund");
        self.server.call_as(&key.text, "POST", &target).json(&body).send().await
    }

    async fn refund(&self, charge: &str, amount: u32) -> Answer {
        self.refund_by(&self.asker, charge, amount).await
    }

    /// Asks for a refund, and returns the approval's id and the run's.
    async fn ask(&self, charge: &str, amount: u32) -> (String, String) {
        waiting(&self.refund(charge, amount).await)
    }

    async fn decide(&self, key: &Key, approval: &str, verb: &str, body: &Value) -> Answer {
        let target = self.path(&format!("approvals/{approval}/{verb}"));
        self.server.call_as(&key.text, "POST", &target).json(body).send().await
    }

    async fn approve(&self, approval: &str) -> Answer {
        self.decide(&self.approver, approval, "approve", &json!({})).await
    }

    async fn deny(&self, approval: &str, note: &str) -> Answer {
        self.decide(&self.approver, approval, "deny", &json!({"note": note})).await
    }

    /// Approves as a person who is signed in.
    async fn approve_as(&self, user: UserId, approval: &str) -> Result<RunRow, ApprovalError> {
        let decision = Decision {
            tenant: Tenant { organization: self.server.organization, project: self.server.project },
            approval: approval.parse().unwrap(),
            by: Principal::User(user),
            note: None,
            request_id: None,
            remembered: None,
        };
        self.server.app.services.actions.approve(decision, PATIENCE).await
    }

    async fn approval(&self, id: &str) -> Value {
        let target = self.path(&format!("approvals/{id}"));
        self.server.call("GET", &target).send().await.data().clone()
    }

    async fn run(&self, id: &str) -> Value {
        let target = self.path(&format!("action-runs/{id}"));
        self.server.call("GET", &target).send().await.data().clone()
    }

    /// How many refunds arrived at the provider.
    fn sent(&self) -> usize {
        self.stage.provider.calls("desk refund").len()
    }

    async fn reserved(&self) -> i64 {
        self.server.sql.count("SELECT COUNT(*) FROM action_reservations", []).await
    }

    /// The actors and changes of the events with this action about Desk.
    async fn events(&self, action: &str) -> Vec<Value> {
        let events = self.server.audit("desk").await.into_iter();
        events.filter(|event| event["action"] == action).collect()
    }

    async fn person(&self, subject: &str, role: Role, by: Actor) -> UserId {
        let who = PersonRef::Subject { issuer: "https://id.example".into(), subject: subject.into() };
        let (id, event) = (self.server.app.services.environment.id(), self.server.role_event(by));
        self.server.store.set_role(&who, id, Some(role), event).await.unwrap().user
    }
}

/// The approval and the run of a call that waits.
fn waiting(answer: &Answer) -> (String, String) {
    assert_eq!((answer.status, &answer.data()["status"]), (202, &json!("pending_approval")), "{answer:?}");
    let text = |name: &str| answer.data()[name].as_str().unwrap().to_owned();
    (text("approval_id"), text("id"))
}

async fn a_person_is_asked_and_sees_what_will_be_done(stage: &Stage) {
    let desk = Desk::open(stage).await;
    let (approval, run) = desk.ask("ch_1", 600).await;
    let shown = desk.approval(&approval).await;
    for (field, value) in [
        ("id", json!(approval)),
        ("run_id", json!(run)),
        ("provider", json!("desk")),
        ("action", json!("issue_refund")),
        ("label", json!("Issue a refund")),
        ("kind", json!("destructive")),
        ("status", json!("pending")),
        ("input", json!({"charge": "ch_1", "amount": 600})),
        ("evidence", json!({"currency": "usd", "paid": 2_000, "refunded": 0})),
        ("reasons", json!(["A person approves each “Issue a refund”"])),
        ("context", json!({"reason": "It came broken"})),
        ("decided_by", Value::Null),
        ("decided_at", Value::Null),
        ("note", Value::Null),
    ] {
        assert_eq!(shown[field], value, "{field}");
    }
    assert_eq!(shown["requested_by"]["id"], desk.asker.id.to_string());
    assert_eq!(desk.sent(), 0);
    // An amount that was left out is there in full, and the request is shown as it will be sent.
    desk.set(json!({"refund_limit": 5_000}), json!("ask")).await;
    let body = json!({"input": {"charge": "ch_2"}});
    let target = desk.server.at("/desk/actions/issue_refund");
    let answer = desk.server.call_as(&desk.asker.text, "POST", &target).json(&body).send().await;
    let (approval, run) = waiting(&answer);
    assert_eq!(desk.approval(&approval).await["input"], json!({"charge": "ch_2", "amount": 2_000}));
    let actions = &desk.server.app.services.actions;
    let tenant = Tenant { organization: desk.server.organization, project: desk.server.project };
    let row = actions.approval(&tenant, approval.parse().unwrap()).await.unwrap().unwrap();
    let request = serde_json::to_value(actions.frozen_request(&row).await.unwrap()).unwrap();
    assert_eq!(request["body"], json!({"json": {"charge": "ch_2", "amount": 2_000, "reference": run}}));
    assert_eq!(actions.count_pending_approvals(&tenant).await.unwrap(), 2);
}

async fn what_is_approved_is_sent_as_it_was_asked_for_and_once(stage: &Stage) {
    let desk = Desk::open(stage).await;
    let (approval, run) = desk.ask("ch_1", 600).await;
    desk.pass(60);
    let note = json!({"note": "Checked with the shop"});
    let answer = desk.decide(&desk.approver, &approval, "approve", &note).await;
    assert_eq!((answer.status, &answer.data()["status"]), (200, &json!("succeeded")), "{answer:?}");
    assert_eq!((&answer.data()["id"], &answer.data()["result"]), (&json!(run), &json!({"id": "re_1"})));
    let sent = stage.provider.calls("desk refund");
    assert_eq!(sent.len(), 1);
    assert_eq!(sent[0].body, json!({"charge": "ch_1", "amount": 600, "reference": run}));
    let shown = desk.approval(&approval).await;
    assert_eq!((&shown["status"], &shown["note"]), (&json!("approved"), &note["note"]));
    assert_eq!(shown["decided_by"]["id"], desk.approver.id.to_string());
    // Who approved stands in the log beside who asked.
    let approved = desk.events("integration.action.approved").await;
    assert_eq!(approved.len(), 1);
    assert_eq!(approved[0]["actor_key_id"], desk.approver.id.to_string());
    let changes = approved[0]["changes"].as_array().unwrap();
    for change in [
        json!({"path": "run", "from": null, "to": run}),
        json!({"path": "approval", "from": null, "to": approval}),
        json!({"path": "requested_by", "from": null, "to": desk.asker.id.to_string()}),
        json!({"path": "note", "from": null, "to": "Checked with the shop"}),
        json!({"path": "context.reason", "from": null, "to": "It came broken"}),
        json!({"path": "status", "from": "pending_approval", "to": "sending"}),
    ] {
        assert!(changes.contains(&change), "{change}: {changes:?}");
    }
    let executed = desk.events("integration.action.executed").await;
    assert_eq!(executed[0]["actor_key_id"], desk.asker.id.to_string());
    // It counts as long as it was sent, not as it was asked for, and is not decided on again.
    for verb in ["approve", "deny"] {
        let again = desk.decide(&desk.approver, &approval, verb, &json!({})).await;
        again.refused(409, "APPROVAL_NOT_PENDING");
    }
    let decision = desk.path(&format!("approvals/{approval}/approve"));
    desk.server.call("GET", &decision).send().await.refused(405, "METHOD_NOT_ALLOWED");
    assert_eq!((desk.sent(), desk.reserved().await), (1, 1));
    // What fails there is told to who approves, with the run.
    stage.provider.set("desk refund", Says::This(422, vec![], r#"{"error": "Too much."}"#));
    let (approval, run) = desk.ask("ch_2", 100).await;
    let failed = desk.approve(&approval).await;
    failed.refused(422, "PROVIDER_REFUSED");
    assert_eq!((failed.message(), &failed.body["run_id"]), ("Too much.", &json!(run)));
    assert_eq!(desk.approval(&approval).await["status"], "approved");
}

async fn of_many_who_decide_at_once_one_does(stage: &Stage) {
    let desk = Desk::open(stage).await;
    let replica = stage.server.replica(|_| {}).await;
    let (approval, run) = desk.ask("ch_1", 600).await;
    let decisions = (0..8).map(|place| {
        let server = if place % 2 == 0 { &stage.server } else { &replica };
        let verb = if place == 7 { "deny" } else { "approve" };
        let target = desk.path(&format!("approvals/{approval}/{verb}"));
        server.call_as(&desk.approver.text, "POST", &target).json(&json!({})).send()
    });
    let answers = futures_util::future::join_all(decisions).await;
    let decided = answers.iter().filter(|answer| answer.status == 200).count();
    let late = answers.iter().filter(|answer| answer.code() == "APPROVAL_NOT_PENDING").count();
    assert_eq!((decided, late), (1, 7), "{answers:?}");
    let expected = if desk.run(&run).await["status"] == "denied" { 0 } else { 1 };
    assert_eq!(desk.sent(), expected);
    replica.stop().await;
}

async fn what_is_not_allowed_any_more_is_not_sent(stage: &Stage) {
    let desk = Desk::open(stage).await;
    let settings = || json!({"refunds_enabled": true, "refund_limit": 1_000});
    // The permission is withdrawn, the setting is lowered, the switch is off.
    for (charge, after, permission, code, by) in [
        ("ch_1", settings(), json!(false), "ACTION_NOT_PERMITTED", "permission"),
        ("ch_2", json!({"refund_limit": 599}), json!("ask"), "ACTION_LIMIT_EXCEEDED", "guard"),
        ("ch_3", json!({"refunds_enabled": false}), json!(true), "ACTION_LIMIT_EXCEEDED", "guard"),
    ] {
        let (approval, run) = desk.ask(charge, 600).await;
        desk.set(after, permission).await;
        let denied = desk.approve(&approval).await;
        assert_eq!((denied.refused(403, code).body["run_id"].as_str()), Some(run.as_str()));
        let run = desk.run(&run).await;
        assert_eq!((&run["status"], &run["denied_by"]), (&json!("denied"), &json!(by)));
        assert_eq!(desk.approval(&approval).await["status"], "expired");
        desk.set(settings(), json!("ask")).await;
    }
    assert_eq!((desk.sent(), desk.reserved().await), (0, 0));
    assert_eq!(desk.events("integration.action.denied").await.len(), 3);
    // What was asked for counts towards the limit, but not twice. What is permitted by now is sent too.
    let (approval, _) = desk.ask("ch_4", 1_000).await;
    desk.set(settings(), json!(true)).await;
    desk.approve(&approval).await.data();
    desk.refund("ch_4", 1).await.refused(403, "ACTION_LIMIT_EXCEEDED");
    assert_eq!(desk.sent(), 1);
    // It counts from the sending on: a day after the asking, it is still within the day.
    desk.set(settings(), json!("ask")).await;
    let (approval, _) = desk.ask("ch_5", 1_000).await;
    desk.pass(23 * 3_600);
    desk.approve(&approval).await.data();
    desk.pass(2 * 3_600);
    desk.refund("ch_5", 1).await.refused(403, "ACTION_LIMIT_EXCEEDED");
}

async fn what_is_not_active_waits_and_what_was_connected_anew_expires(stage: &Stage) {
    let desk = Desk::open(stage).await;
    let (approval, run) = desk.ask("ch_1", 600).await;
    desk.server.patch("desk", json!({"status": "paused"})).await.data();
    desk.approve(&approval).await.refused(409, "INTEGRATION_NOT_ACTIVE");
    assert_eq!(desk.approval(&approval).await["status"], "pending");
    desk.server.delete("desk").await.data();
    desk.approve(&approval).await.refused(409, "INTEGRATION_NOT_ACTIVE");
    // With the same credential, and permitted as before.
    desk.pass(1);
    desk.connect().await;
    desk.set(json!({"refunds_enabled": true, "refund_limit": 1_000}), json!("ask")).await;
    let reads = stage.provider.calls("desk charge").len();
    let expired = desk.approve(&approval).await;
    expired.refused(409, "APPROVAL_NOT_PENDING");
    assert!(expired.message().contains("connected anew"), "{expired:?}");
    assert_eq!(expired.body["run_id"], json!(run));
    assert_eq!(stage.provider.calls("desk charge").len(), reads);
    assert_eq!((&desk.run(&run).await["status"], desk.reserved().await), (&json!("expired"), 0));
    assert_eq!(desk.approval(&approval).await["status"], "expired");
    assert_eq!(desk.events("integration.action.expired").await.len(), 1);
    // The same can be asked for again.
    let (again, _) = desk.ask("ch_1", 600).await;
    desk.approve(&again).await.data();
    assert_eq!(desk.sent(), 1);
}

async fn what_the_provider_says_now_is_asked_about_again(stage: &Stage) {
    let desk = Desk::open(stage).await;
    let (approval, run) = desk.ask("ch_1", 600).await;
    let charge = |body: &'static str| stage.provider.set("desk charge", Says::This(200, vec![], body));
    charge(r#"{"currency": "usd", "paid": 2000, "refunded": 1500}"#);
    let again = desk.approve(&approval).await;
    let (second, same_run) = waiting(&again);
    assert_eq!((same_run == run, second == approval, desk.sent()), (true, false, 0));
    assert_eq!(desk.approval(&approval).await["status"], "expired");
    let shown = desk.approval(&second).await;
    assert_eq!(shown["evidence"], json!({"currency": "usd", "paid": 2_000, "refunded": 1_500}));
    assert!(shown["reasons"][0].as_str().unwrap().contains("something else"), "{shown}");
    desk.approve(&approval).await.refused(409, "APPROVAL_NOT_PENDING");
    // Who asked is the same, and does not become another by it.
    desk.decide(&desk.asker, &second, "approve", &json!({})).await.refused(403, "INSUFFICIENT_SCOPE");
    // What the provider refuses to tell leaves it as it was.
    stage.provider.set("desk charge", Says::This(404, vec![], "{}"));
    desk.approve(&second).await.refused(422, "PROVIDER_REFUSED");
    assert_eq!(desk.approval(&second).await["status"], "pending");
    charge(r#"{"refunded": 1500, "paid": 2000, "currency": "usd"}"#);
    desk.approve(&second).await.data();
    let sent = stage.provider.calls("desk refund");
    assert_eq!((sent.len(), &sent[0].body["amount"]), (1, &json!(600)));
}

async fn the_same_call_waits_once(stage: &Stage) {
    let desk = Desk::open(stage).await;
    let first = desk.refund("ch_1", 600).await;
    for _ in 0..4 {
        let same = desk.refund("ch_1", 600).await;
        assert_eq!((same.status, &same.text), (202, &first.text));
    }
    let replica = stage.server.replica(|_| {}).await;
    let at_once = (0..6).map(|place| {
        let server = if place % 2 == 0 { &stage.server } else { &replica };
        let target = server.at("/desk/actions/issue_refund");
        let body = json!({"input": {"charge": "ch_2", "amount": 600}});
        server.call_as(&desk.asker.text, "POST", &target).json(&body).send()
    });
    let answers = futures_util::future::join_all(at_once).await;
    let ids: Vec<_> = answers.iter().map(waiting).collect();
    assert!(ids.iter().all(|one| *one == ids[0]), "{ids:?}");
    assert_eq!(desk.server.sql.count("SELECT COUNT(*) FROM approvals", []).await, 2);
    assert_eq!(desk.server.sql.count("SELECT COUNT(*) FROM action_runs", []).await, 2);
    assert_eq!(desk.reserved().await, 2);
    // Another amount, charge or caller is another call.
    let other = waiting(&desk.refund("ch_1", 100).await);
    let admin = desk.server.key_for(&["write"]).await;
    let others = waiting(&desk.refund_by(&admin, "ch_1", 100).await);
    assert_ne!(other, others);
    // A repeat of a call that was answered with the one that waits shows that one, whatever became of it.
    let keyed = async || {
        let target = desk.server.at("/desk/actions/issue_refund");
        let body = json!({"input": {"charge": "ch_2", "amount": 600}});
        let call = desk.server.call_as(&desk.asker.text, "POST", &target).header("idempotency-key", "k");
        call.json(&body).send().await
    };
    let (approval, run) = waiting(&keyed().await);
    assert_eq!((&approval, &run), (&ids[0].0, &ids[0].1));
    desk.approve(&approval).await.data();
    let repeated = keyed().await;
    assert_eq!(
        (repeated.data()["id"].as_str(), &repeated.data()["status"]),
        (Some(run.as_str()), &json!("succeeded"))
    );
    assert_eq!(desk.sent(), 1);
    replica.stop().await;
}

async fn after_a_no_the_same_call_is_denied_for_an_hour(stage: &Stage) {
    let desk = Desk::open(stage).await;
    let (approval, run) = desk.ask("ch_1", 600).await;
    let denied = desk.deny(&approval, "Not this customer.").await;
    let data = denied.data();
    assert_eq!(
        (denied.status, &data["status"], &data["denied_by"]),
        (200, &json!("denied"), &json!("person"))
    );
    assert_eq!((&data["id"], &data["error"]["code"]), (&json!(run), &json!("ACTION_NOT_PERMITTED")));
    let told = data["error"]["message"].as_str().unwrap();
    assert!(told.starts_with("A person denied it: Not this customer. Do not ask again"), "{told}");
    assert_eq!((desk.sent(), desk.reserved().await), (0, 0));
    let shown = desk.approval(&approval).await;
    assert_eq!((&shown["status"], &shown["note"]), (&json!("denied"), &json!("Not this customer.")));
    let events = desk.events("integration.action.denied").await;
    assert_eq!(events[0]["actor_key_id"], desk.approver.id.to_string());
    // The same is denied at once, even where it is permitted meanwhile. Nothing else is.
    desk.pass(59 * 60);
    for permission in [json!("ask"), json!(true)] {
        desk.set(json!({}), permission).await;
        let again = desk.refund("ch_1", 600).await;
        assert_eq!(again.refused(403, "ACTION_NOT_PERMITTED").message(), told);
        let run = desk.run(again.body["run_id"].as_str().unwrap()).await;
        assert_eq!((&run["status"], &run["denied_by"]), (&json!("denied"), &json!("person")));
    }
    assert_eq!(desk.sent(), 0);
    desk.set(json!({}), json!("ask")).await;
    desk.ask("ch_1", 500).await;
    // The denials in between do not make the hour longer.
    desk.pass(61);
    desk.set(json!({"refund_limit": 2_000}), json!("ask")).await;
    desk.ask("ch_1", 600).await;
}

async fn what_is_late_is_not_sent_and_ends(stage: &Stage) {
    let desk = Desk::open(stage).await;
    desk.policy(json!({"expires_after_seconds": 300})).await.data();
    let (approval, run) = desk.ask("ch_1", 600).await;
    // What was asked for keeps its time.
    desk.policy(json!({"expires_after_seconds": 3_600})).await.data();
    let (longer, _) = desk.ask("ch_2", 600).await;
    desk.pass(300);
    // Before any job has run.
    for verb in ["approve", "deny"] {
        let late = desk.decide(&desk.approver, &approval, verb, &json!({})).await;
        late.refused(409, "APPROVAL_NOT_PENDING");
        assert!(late.message().contains("expired"), "{late:?}");
    }
    assert_eq!(desk.approval(&approval).await["status"], "expired");
    assert_eq!(desk.run(&run).await["status"], "pending_approval");
    // The same can be asked for anew already.
    let mut job = Approvals {
        store: stage.server.store.clone(),
        environment: stage.server.app.services.environment.clone(),
    };
    for _ in 0..2 {
        job.round().await.unwrap();
    }
    let ended = desk.run(&run).await;
    assert_eq!(
        (&ended["status"], &ended["error"]["code"]),
        (&json!("expired"), &json!("APPROVAL_NOT_PENDING"))
    );
    assert_eq!(desk.approval(&approval).await["decided_by"], Value::Null);
    let events = desk.events("integration.action.expired").await;
    assert_eq!((events.len(), &events[0]["actor_kind"]), (1, &json!("system")));
    assert_eq!((desk.sent(), desk.reserved().await), (0, 1));
    desk.approve(&longer).await.data();
    desk.ask("ch_1", 600).await;
    assert_eq!(desk.sent(), 1);
}

async fn what_was_tampered_with_is_not_sent(stage: &Stage) {
    let desk = Desk::open(stage).await;
    let (approval, run) = desk.ask("ch_1", 600).await;
    let untouched = desk.run(&run).await;
    let row = desk.server.sealed(Sealed::Requests).await.pop().unwrap();
    let mut flipped = row.sealed().to_vec();
    *flipped.last_mut().unwrap() ^= 1;
    let sealed = row.sealed().to_vec();
    desk.server.store.replace_sealed(Sealed::Requests, vec![(row, flipped)]).await.unwrap();
    assert_eq!(desk.approve(&approval).await.status, 500);
    assert_eq!((desk.sent(), desk.run(&run).await), (0, untouched));
    let row = desk.server.sealed(Sealed::Requests).await.pop().unwrap();
    desk.server.store.replace_sealed(Sealed::Requests, vec![(row, sealed)]).await.unwrap();
    // What people are shown must be what is sent.
    let shown = "UPDATE action_runs SET input = '{\"charge\":\"ch_1\",\"amount\":1}'";
    desk.server.sql.execute(shown, []).await;
    assert_eq!(desk.approve(&approval).await.status, 500);
    let shown = "UPDATE action_runs SET input = '{\"amount\":600,\"charge\":\"ch_1\"}'";
    desk.server.sql.execute(shown, []).await;
    // Another definition of the action than the one that was asked for.
    desk.server.sql.execute("UPDATE action_runs SET definition = input_hash", []).await;
    let expired = desk.approve(&approval).await;
    expired.refused(409, "APPROVAL_NOT_PENDING");
    assert!(expired.message().contains("defined otherwise"), "{expired:?}");
    assert_eq!((desk.sent(), &desk.run(&run).await["status"]), (0, &json!("expired")));
}

async fn what_only_waits_is_told_with_the_limit(stage: &Stage) {
    let desk = Desk::open(stage).await;
    let (_, first) = desk.ask("ch_1", 300).await;
    desk.pass(1); // ids of the same moment have no order
    let (second_approval, second) = desk.ask("ch_1", 200).await;
    let over = desk.refund("ch_1", 600).await;
    over.refused(403, "ACTION_LIMIT_EXCEEDED");
    let waits = format!("5.00 USD of it is only reserved by what waits for a person: {first}, {second}");
    assert!(over.message().contains(&waits), "{over:?}");
    desk.deny(&second_approval, "No").await.data();
    let over = desk.refund("ch_1", 800).await;
    let waits = format!("3.00 USD of it is only reserved by what waits for a person: {first}");
    assert!(over.message().ends_with(&waits), "{over:?}");
    // What is denied gives back what it reserved.
    desk.ask("ch_1", 700).await;
}

async fn only_so_many_calls_wait(stage: &Stage) {
    let desk = Desk::open(stage).await;
    for amount in 1..=100 {
        desk.ask(&format!("ch_{amount}"), amount).await;
    }
    let more = desk.refund("ch_1000", 1).await;
    more.refused(429, "RATE_LIMITED");
    assert!(more.message().contains("approvals?status=pending"), "{more:?}");
    // The same as one that waits, another caller's, and one that need not wait.
    let (approval, _) = desk.ask("ch_7", 7).await;
    waiting(&desk.refund_by(&desk.server.key_for(&["write"]).await, "ch_1000", 1).await);
    desk.deny(&approval, "No").await.data();
    desk.ask("ch_1000", 1).await;
    desk.set(json!({}), json!(true)).await;
    desk.refund("ch_1001", 1).await.data();
    assert_eq!(desk.sent(), 1);
}

async fn approvals_are_listed_to_their_own_project(stage: &Stage) {
    let desk = Desk::open(stage).await;
    let mut asked = Vec::new();
    for charge in ["ch_1", "ch_2", "ch_3"] {
        asked.push(desk.ask(charge, 100).await.0);
        desk.pass(1);
    }
    desk.deny(&asked[1], "No").await.data();
    let list = async |query: &str| {
        let answer = desk.server.call("GET", &desk.path(&format!("approvals{query}"))).send().await;
        let ids = answer.data().as_array().unwrap().iter();
        let ids: Vec<String> = ids.map(|one| one["id"].as_str().unwrap().to_owned()).collect();
        (ids, answer.body["cursor"].as_str().map(str::to_owned))
    };
    let [first, second, third] = [&asked[0], &asked[1], &asked[2]].map(Clone::clone);
    assert_eq!(list("").await, (vec![third.clone(), second.clone(), first.clone()], None));
    assert_eq!(list("?status=pending").await.0, [third.clone(), first.clone()]);
    assert_eq!(list("?status=denied&provider=desk").await.0, std::slice::from_ref(&second));
    assert_eq!(list("?provider=keys").await.0, [""; 0]);
    let (page, cursor) = list("?limit=2").await;
    assert_eq!(page, [third, second]);
    assert_eq!(list(&format!("?limit=2&cursor={}", cursor.unwrap())).await, (vec![first], None));
    let wrong = desk.server.call("GET", &desk.path("approvals?limit=0&status=x&cursor=y")).send().await;
    assert_eq!(wrong.refused(400, "BAD_REQUEST").issues().len(), 3);
    let other = desk.server.other_project().await;
    let elsewhere = desk.server.call("GET", &format!("/api/v1/projects/{other}/approvals")).send().await;
    assert_eq!(*elsewhere.data(), json!([]));
    for odd in ["apr_x", "%ff", "apr_00000000000000000000000001"] {
        let answer = desk.server.call("GET", &desk.path(&format!("approvals/{odd}"))).send().await;
        answer.refused(404, "RESOURCE_NOT_FOUND");
    }
}

async fn a_repeat_of_a_decision_sends_nothing(stage: &Stage) {
    let desk = Desk::open(stage).await;
    let (approval, run) = desk.ask("ch_1", 600).await;
    let (denied, _) = desk.ask("ch_2", 600).await;
    let decide = async |approval: &str, verb: &str, key: &str| {
        let target = desk.path(&format!("approvals/{approval}/{verb}"));
        let call = desk.server.call_as(&desk.approver.text, "POST", &target).header("idempotency-key", key);
        call.json(&json!({"note": "Yes"})).send().await
    };
    let first = decide(&approval, "approve", "a").await;
    let again = decide(&approval, "approve", "a").await;
    assert_eq!((again.status, &again.text), (200, &first.text));
    assert_eq!((again.header("idempotent-replayed"), desk.sent()), (Some("true"), 1));
    assert_eq!(again.data()["id"], json!(run));
    decide(&approval, "approve", "b").await.refused(409, "APPROVAL_NOT_PENDING");
    let first = decide(&denied, "deny", "c").await;
    let again = decide(&denied, "deny", "c").await;
    assert_eq!((again.status, &again.text), (200, &first.text));
    assert_eq!(desk.sent(), 1);
}
