//! Calls of actions: what is sent, what is not, and what becomes of it.

mod attacks;
mod runs;

use std::{
    sync::{Arc, atomic::AtomicUsize},
    time::Duration as Std,
};

use riq_testing::providers::desk_and_keys::{Says, access_token, refresh_token};
use serde_json::{Value, json};
use time::Duration;

use crate::{
    monitor::on_both_stages,
    support::{
        Answer, Server, eventually,
        played::{Stage, on_stage},
    },
};

on_both_stages!(
    what_is_installed_says_what_can_be_called,
    a_reading_gives_its_result_and_is_on_record,
    what_a_provider_refuses_is_told_in_its_words,
    a_refused_token_is_renewed_once_and_the_call_made_again,
    a_credential_that_does_not_work_ends_the_call,
    a_write_whose_answer_is_lost_is_unknown_and_not_repeated,
    a_write_that_the_provider_recognizes_is_sent_again_as_it_was,
    what_is_not_permitted_is_not_sent,
    what_is_not_active_is_not_called,
    a_guard_denies_before_anything_is_sent,
    two_refunds_at_once_do_not_pass_the_limit_together,
    what_a_person_must_approve_waits,
    what_is_left_is_worked_out_and_shown,
    a_call_goes_on_though_its_client_is_gone,
    a_long_call_is_told_of_and_can_be_waited_for,
    everything_wrong_with_a_call_is_told_and_nothing_sent,
    a_repeat_shows_the_run_and_sends_nothing,
    a_refusal_is_not_remembered,
    a_provider_that_asks_for_a_pause_gets_it,
    a_reading_is_sent_again_where_that_helps,
    a_credential_that_comes_back_is_not_shown,
    a_redirect_is_not_followed,
);

/// Long enough for anything on any machine.
const PATIENCE: Std = Std::from_secs(60);

impl Stage {
    /// Connects Desk, with this access token and these actions permitted.
    async fn open_desk_as(&self, access: &str, permissions: Value) {
        let credential = json!({"access_token": access, "refresh_token": refresh_token(0)});
        let line = json!({"provider": "desk", "credential": credential}).to_string();
        self.server.import(self.server.project, &line).await;
        self.permit(permissions).await;
    }

    async fn open_desk(&self, permissions: Value) {
        self.open_desk_as(&access_token(0), permissions).await;
    }

    async fn permit(&self, permissions: Value) {
        let settings = json!({"refunds_enabled": true, "refund_limit": 1_000});
        let update = json!({"action_permissions": permissions, "settings": settings});
        self.server.patch("desk", update).await.data();
    }

    async fn call(&self, action: &str, input: Value) -> Answer {
        self.send(action, &json!({"input": input})).await
    }

    async fn send(&self, action: &str, body: &Value) -> Answer {
        call(&self.server, action, body).await
    }

    async fn run(&self, id: &str) -> Value {
        run_of(&self.server, id).await.data().clone()
    }

    /// How many requests of this name arrived.
    fn count(&self, name: &str) -> usize {
        self.provider.calls(name).len()
    }

    /// The changes of the events with this action about Desk.
    async fn recorded_calls(&self, action: &str) -> Vec<Value> {
        let events = self.server.audit("desk").await.into_iter();
        events.filter(|event| event["action"] == action).map(|event| event["changes"].clone()).collect()
    }
}

async fn call(server: &Server, action: &str, body: &Value) -> Answer {
    server.call("POST", &server.at(&format!("/desk/actions/{action}"))).json(body).send().await
}

async fn run_of(server: &Server, id: &str) -> Answer {
    server.call("GET", &runs(server, &format!("/{id}"))).send().await
}

fn runs(server: &Server, rest: &str) -> String {
    format!("/api/v1/projects/{}/action-runs{rest}", server.project)
}

fn times(count: usize) -> Arc<AtomicUsize> {
    Arc::new(AtomicUsize::new(count))
}

/// The id of the run that a failure names.
fn run_id(answer: &Answer) -> String {
    answer.body["run_id"].as_str().unwrap_or_else(|| panic!("no run: {answer:?}")).to_owned()
}

fn id(answer: &Answer) -> String {
    answer.data()["id"].as_str().unwrap().to_owned()
}

async fn what_is_installed_says_what_can_be_called(stage: &Stage) {
    let list = async || stage.server.get("/desk/actions").await;
    list().await.refused(404, "INTEGRATION_NOT_FOUND");
    stage.open_desk(json!({"issue_refund": "ask"})).await;
    let answer = list().await;
    let told: Vec<Value> = answer.data().as_array().unwrap().iter().map(summary).collect();
    let off = |label: &str| format!("“{label}” is not permitted");
    assert_eq!(
        told,
        [
            json!(["find_tickets", "read_only", true, true, null]),
            json!(["open_ticket", "write", false, false, off("Open a ticket")]),
            json!(["close_ticket", "write", false, false, off("Close a ticket")]),
            json!(["issue_refund", "destructive", "ask", true, null]),
        ]
    );
    let schema = &answer.data()[0]["input_schema"];
    assert_eq!((&schema["type"], &schema["required"]), (&json!("object"), &json!(["word"])));
    stage.server.patch("desk", json!({"settings": {"refunds_enabled": false}})).await.data();
    assert_eq!(list().await.data()[3]["not_callable_reason"], "Refunds are switched off");
    stage.server.patch("desk", json!({"status": "paused"})).await.data();
    assert_eq!(list().await.data()[0]["not_callable_reason"], "The integration is paused");
}

fn summary(action: &Value) -> Value {
    json!([
        action["key"],
        action["kind"],
        action["permission"],
        action["callable"],
        action.get("not_callable_reason").unwrap_or(&Value::Null)
    ])
}

async fn a_reading_gives_its_result_and_is_on_record(stage: &Stage) {
    stage.open_desk(json!({})).await;
    let context = json!({"on_behalf_of": "ada@shop.example", "reason": "She asked"});
    let body = json!({"input": {"word": "a b&c", "password": "SECRET-of-a-ticket"}, "context": context});
    // The request line of a test's own provider is no leak: nothing that the server keeps or tells has the password.
    let answer = stage.send("find_tickets", &body).await;
    let run = answer.data();
    // Readers of JSON round a number that large.
    assert_eq!(
        run["result"],
        json!({"tickets": [{"id": "t1", "number": "7300000000000000123"}], "echo": null})
    );
    assert_eq!((&run["status"], &run["provider_status"]), (&json!("succeeded"), &json!(200)));
    assert_eq!(run["input"], json!({"word": "a b&c", "password": "[redacted]"}));
    assert_eq!((&run["context"], &run["error"]), (&context, &Value::Null));
    assert_eq!(run["finished_at"], run["created_at"]);
    let sent = &stage.provider.calls("desk find")[0];
    assert_eq!(sent.target, "/api/tickets?password=SECRET-of-a-ticket&word=a+b%26c");
    assert_eq!(stage.run(&id(&answer)).await, *run);
    let metrics = stage.server.app.metrics.render(&[]).unwrap();
    let counted = "riq_action_calls_total{provider=\"desk\",action=\"find_tickets\",outcome=\"succeeded\"} 1";
    assert!(metrics.contains(counted), "{metrics}");
    // What reads is not in the audit log.
    assert!(stage.recorded_calls("integration.action.executed").await.is_empty());
}

async fn what_a_provider_refuses_is_told_in_its_words(stage: &Stage) {
    stage.open_desk(json!({"close_ticket": true})).await;
    stage.provider.set("desk close", Says::This(422, vec![], r#"{"error": "The ticket is locked."}"#));
    let answer = stage.call("close_ticket", json!({"ticket": "t1"})).await;
    answer.refused(422, "PROVIDER_REFUSED");
    assert_eq!((answer.message(), &answer.body["provider_status"]), ("The ticket is locked.", &json!(422)));
    let run = stage.run(&run_id(&answer)).await;
    assert_eq!((&run["status"], &run["provider_status"]), (&json!("failed"), &json!(422)));
    assert_eq!(run["error"], json!({"code": "PROVIDER_REFUSED", "message": "The ticket is locked."}));
    let changes = stage.recorded_calls("integration.action.executed").await;
    let failed = json!({"path": "status", "from": "sending", "to": "failed"});
    assert!(changes.len() == 1 && changes[0].as_array().unwrap().contains(&failed), "{changes:?}");
    // It may repeat what was sent.
    let words = r#"{"error": "\"open sesame\" (open%20sesame) is no password."}"#;
    stage.provider.set("desk find", Says::This(422, vec![], words));
    let answer = stage.call("find_tickets", json!({"word": "a", "password": "open sesame"})).await;
    answer.refused(422, "PROVIDER_REFUSED");
    assert_eq!(answer.message(), "\"[redacted]\" ([redacted]) is no password.");
}

async fn a_refused_token_is_renewed_once_and_the_call_made_again(stage: &Stage) {
    stage.open_desk_as("SECRET-access-old", json!({"close_ticket": true})).await;
    let answer = stage.call("close_ticket", json!({"ticket": "t1"})).await;
    assert_eq!(answer.data()["result"], json!({"id": "t1"}));
    assert_eq!((stage.count("desk close"), stage.provider.refreshes()), (2, vec![1, 0]));
    stage.call("close_ticket", json!({"ticket": "t2"})).await.data();
    assert_eq!((stage.count("desk close"), stage.provider.refreshes()), (3, vec![1, 0]));
}

async fn a_credential_that_does_not_work_ends_the_call(stage: &Stage) {
    stage.open_desk(json!({"close_ticket": true})).await;
    // The probe accepts the credential, and this address does not.
    stage.provider.set("desk close", Says::This(401, vec![], "{}"));
    let answer = stage.call("close_ticket", json!({"ticket": "t1"})).await;
    answer.refused(422, "PROVIDER_REFUSED");
    assert_eq!((&answer.body["provider_status"], stage.count("desk close")), (&json!(401), 2));
    // A dead credential makes the integration one in error, and nothing is called any more.
    stage.provider.end_access_token();
    stage.provider.set("desk token", Says::This(400, vec![], r#"{"error": "invalid_grant"}"#));
    stage.call("close_ticket", json!({"ticket": "t1"})).await.refused(422, "PROVIDER_REFUSED");
    assert_eq!(stage.count("desk close"), 3);
    stage.call("close_ticket", json!({"ticket": "t1"})).await.refused(409, "INTEGRATION_NOT_ACTIVE");
    assert_eq!(stage.count("desk close"), 3);
}

async fn a_write_whose_answer_is_lost_is_unknown_and_not_repeated(stage: &Stage) {
    stage.open_desk(json!({"close_ticket": true})).await;
    stage.provider.set("desk close", Says::LostAtFirst(times(1)));
    let lost = stage.call("close_ticket", json!({"ticket": "t1"})).await;
    stage.provider.set("desk close", Says::This(503, vec![("retry-after", "1")], "<html>"));
    let failed = stage.call("close_ticket", json!({"ticket": "t2"})).await;
    stage.provider.set("desk close", Says::This(200, vec![], "<html>Sign in"));
    stage.server.clock.advance(Duration::seconds(2));
    let odd = stage.call("close_ticket", json!({"ticket": "t3"})).await;
    for answer in [lost, failed, odd] {
        answer.refused(504, "OUTCOME_UNKNOWN");
        assert!(answer.message().contains("it may have been done"), "{answer:?}");
        assert_eq!(stage.run(&run_id(&answer)).await["status"], "unknown");
    }
    assert_eq!(stage.count("desk close"), 3);
    assert_eq!(stage.recorded_calls("integration.action.executed").await.len(), 3);
}

async fn a_write_that_the_provider_recognizes_is_sent_again_as_it_was(stage: &Stage) {
    stage.open_desk(json!({"open_ticket": true})).await;
    stage.provider.set("desk open", Says::LostAtFirst(times(1)));
    let answer = stage.call("open_ticket", json!({"subject": "Help"})).await;
    assert_eq!(answer.data()["result"], json!({"id": "t1"}));
    let calls = stage.provider.calls("desk open");
    assert!(calls.len() == 2 && calls[0] == calls[1], "{calls:?}");
    assert_eq!(calls[0].key, id(&answer));
    // A refusal of the second says nothing about the first.
    stage.provider.set("desk open", Says::LostAtFirst(times(9)));
    let lost = stage.call("open_ticket", json!({"subject": "Help"})).await;
    lost.refused(504, "OUTCOME_UNKNOWN");
    assert_eq!(stage.count("desk open"), 4);
    // Another run has another key.
    assert_ne!(stage.provider.calls("desk open")[2].key, calls[0].key);
}

async fn what_is_not_permitted_is_not_sent(stage: &Stage) {
    stage.open_desk(json!({})).await;
    let body = json!({"input": {"charge": "ch_1"}, "context": {"reason": "She asked"}});
    let answer = stage.send("issue_refund", &body).await;
    answer.refused(403, "ACTION_NOT_PERMITTED");
    let run = stage.run(&run_id(&answer)).await;
    assert_eq!((&run["status"], &run["denied_by"]), (&json!("denied"), &json!("permission")));
    assert_eq!((stage.count("desk charge"), stage.count("desk refund")), (0, 0));
    let changes = stage.recorded_calls("integration.action.denied").await;
    let told = changes[0].as_array().unwrap();
    assert!(told.contains(&json!({"path": "context.reason", "from": null, "to": "She asked"})), "{told:?}");
    stage.call("sing", json!({})).await.refused(404, "ACTION_NOT_FOUND");
}

async fn what_is_not_active_is_not_called(stage: &Stage) {
    stage.open_desk(json!({})).await;
    stage.server.patch("desk", json!({"status": "paused"})).await.data();
    let answer = stage.call("find_tickets", json!({"word": "a"})).await;
    answer.refused(409, "INTEGRATION_NOT_ACTIVE");
    assert_eq!((answer.body.get("run_id"), stage.count("desk find")), (None, 0));
}

async fn a_guard_denies_before_anything_is_sent(stage: &Stage) {
    stage.open_desk(json!({"issue_refund": true})).await;
    stage.call("issue_refund", json!({"charge": "ch_1", "amount": 600})).await.data();
    let over = stage.call("issue_refund", json!({"charge": "ch_1", "amount": 401})).await;
    over.refused(403, "ACTION_LIMIT_EXCEEDED");
    assert!(over.message().contains("10.00 USD"), "{over:?}");
    let run = stage.run(&run_id(&over)).await;
    assert_eq!((&run["status"], &run["denied_by"]), (&json!("denied"), &json!("guard")));
    stage.call("issue_refund", json!({"charge": "ch_1", "amount": 400})).await.data();
    // Another charge, and the same one after a day, have their own limit.
    stage.call("issue_refund", json!({"charge": "ch_2", "amount": 1_000})).await.data();
    stage.server.clock.advance(Duration::hours(25));
    stage.call("issue_refund", json!({"charge": "ch_1", "amount": 1_000})).await.data();
    assert_eq!(stage.count("desk refund"), 4);
    stage.server.patch("desk", json!({"settings": {"refunds_enabled": false}})).await.data();
    let off = stage.call("issue_refund", json!({"charge": "ch_3", "amount": 1})).await;
    assert_eq!(off.refused(403, "ACTION_LIMIT_EXCEEDED").message(), "Refunds are switched off");
    // What is not permitted any more while it is asked about is not sent either.
    assert_eq!(stage.count("desk refund"), 4);
}

async fn two_refunds_at_once_do_not_pass_the_limit_together(stage: &Stage) {
    stage.open_desk(json!({"issue_refund": true})).await;
    let replica = stage.server.replica(|_| {}).await;
    let body = json!({"input": {"charge": "ch_1", "amount": 300}});
    let calls = (0..10).map(|place| {
        let server = if place % 2 == 0 { &stage.server } else { &replica };
        call(server, "issue_refund", &body)
    });
    let answers = futures_util::future::join_all(calls).await;
    let done = answers.iter().filter(|answer| answer.status == 200).count();
    let denied = answers.iter().filter(|answer| answer.code() == "ACTION_LIMIT_EXCEEDED").count();
    assert_eq!((done, denied, stage.count("desk refund")), (3, 7, 3), "{answers:?}");
    replica.stop().await;
}

async fn what_a_person_must_approve_waits(stage: &Stage) {
    stage.open_desk(json!({"issue_refund": "ask"})).await;
    let answer = stage.call("issue_refund", json!({"charge": "ch_1", "amount": 600})).await;
    assert_eq!((answer.status, &answer.data()["status"]), (202, &json!("pending_approval")));
    assert!(answer.data()["approval_id"].as_str().unwrap().starts_with("apr_"), "{answer:?}");
    assert_eq!(answer.data()["finished_at"], Value::Null);
    // It counts against the limit as long as it may be approved.
    stage.permit(json!({"issue_refund": true})).await;
    let over = stage.call("issue_refund", json!({"charge": "ch_1", "amount": 500})).await;
    over.refused(403, "ACTION_LIMIT_EXCEEDED");
    assert_eq!(stage.count("desk refund"), 0);
    // Without a limit, a person decides.
    stage.server.patch("desk", json!({"settings": {"refund_limit": null}})).await.data();
    let asked = stage.call("issue_refund", json!({"charge": "ch_2", "amount": 1})).await;
    assert_eq!((asked.status, stage.count("desk refund")), (202, 0));
}

async fn what_is_left_is_worked_out_and_shown(stage: &Stage) {
    stage.open_desk(json!({"issue_refund": true})).await;
    stage.server.patch("desk", json!({"settings": {"refund_limit": 5_000}})).await.data();
    stage.call("issue_refund", json!({"charge": "ch_1", "amount": 1_500})).await.data();
    let rest = stage.call("issue_refund", json!({"charge": "ch_1"})).await;
    assert_eq!(rest.data()["input"], json!({"charge": "ch_1", "amount": 500}));
    let sent = stage.provider.calls("desk refund");
    assert_eq!(sent[1].body, json!({"charge": "ch_1", "amount": 500, "reference": id(&rest)}));
    let nothing = stage.call("issue_refund", json!({"charge": "ch_1"})).await;
    assert_eq!(
        nothing.refused(400, "BAD_REQUEST").issues(),
        ["input.amount: Nothing is left, so there is no amount"]
    );
    let missing = stage.call("issue_refund", json!({"charge": "ch_404"})).await;
    assert_eq!(missing.refused(422, "PROVIDER_REFUSED").message(), "There is no such charge");
    assert_eq!(stage.count("desk refund"), 2);
}

async fn a_call_goes_on_though_its_client_is_gone(stage: &Stage) {
    stage.open_desk(json!({"close_ticket": true})).await;
    stage.provider.set("desk close", Says::Nothing);
    let target = format!("http://{}{}", stage.server.address, stage.server.at("/desk/actions/close_ticket"));
    let request = stage.server.client().post(target).header("x-api-key", &stage.server.key.text);
    let request = request.header("content-type", "application/json");
    let calling = tokio::spawn(request.body(json!({"input": {"ticket": "t1"}}).to_string()).send());
    eventually("the call arrives", PATIENCE, async || stage.count("desk close") == 1).await;
    calling.abort();
    let run = async || {
        let list = stage.server.call("GET", &runs(&stage.server, "")).send().await;
        list.data()[0].clone()
    };
    assert_eq!(run().await["status"], "sending");
    stage.provider.set("desk close", Says::Truth);
    eventually("the run ends", PATIENCE, async || run().await["status"] == "succeeded").await;
    assert_eq!(stage.count("desk close"), 1);
    eventually("it is recorded", PATIENCE, async || {
        stage.recorded_calls("integration.action.executed").await.len() == 1
    })
    .await;
}

async fn a_long_call_is_told_of_and_can_be_waited_for(stage: &Stage) {
    stage.open_desk(json!({"close_ticket": true})).await;
    stage.provider.set("desk close", Says::Nothing);
    let hasty = stage.server.replica(|settings| settings.request_timeout = Std::from_secs(2)).await;
    let answer = call(&hasty, "close_ticket", &json!({"input": {"ticket": "t1"}})).await;
    assert_eq!((answer.status, &answer.data()["status"]), (202, &json!("sending")));
    let target = runs(&stage.server, &format!("/{}", id(&answer)));
    let still = hasty.call("GET", &format!("{target}?wait=1")).send().await;
    assert_eq!(still.data()["status"], "sending");
    let waiting = stage.server.call("GET", &format!("{target}?wait=25")).send();
    let (ended, ()) = tokio::join!(waiting, async { stage.provider.set("desk close", Says::Truth) });
    assert_eq!(ended.data()["status"], "succeeded");
    hasty.stop().await;
}

async fn everything_wrong_with_a_call_is_told_and_nothing_sent(stage: &Stage) {
    stage.open_desk(json!({"issue_refund": true, "find_tickets": true})).await;
    let before = stage.server.sql.picture().await;
    let money = "Expected an integer of the currency's smallest unit, at least 1, such as 500 for 5.00 USD";
    for amount in [json!(null), json!(""), json!("null"), json!(0), json!(-5), json!(1.5), json!("500")] {
        let answer = stage.call("issue_refund", json!({"charge": "x", "amount": amount, "colour": 1})).await;
        let mut issues = answer.refused(400, "BAD_REQUEST").issues();
        issues.sort();
        let expected = [
            format!("input.amount: {money}"),
            "input.charge: Expected the id of a charge, such as ch_1".to_owned(),
            "input.colour: Unknown input".to_owned(),
        ];
        assert_eq!(issues, expected, "{amount}");
    }
    let target = stage.server.at("/desk/actions/issue_refund");
    let raw = async |body: &'static str| {
        stage.server.call("POST", &target).body("application/json", body).send().await
    };
    for (body, issue) in [
        (r#"{"input": {"charge": "ch_1", "amount": 5, "amount": 500}}"#, "input.amount: Duplicate key"),
        (r#"{"input": {"charge": "ch_1"}, "input": {"charge": "ch_2"}}"#, "input: Duplicate key"),
        (
            r#"{"input": {"charge": "ch_1"}, "context": {"reason": "a", "reason": "b"}}"#,
            "context.reason: Duplicate key",
        ),
    ] {
        assert_eq!(raw(body).await.refused(400, "BAD_REQUEST").issues(), [issue], "{body}");
    }
    raw(r#"{"input": {"charge": "ch_1", "amount": 1e400}}"#).await.refused(400, "BAD_JSON");
    raw("").await.refused(400, "BAD_JSON");
    let odd = json!({"input": {"word": "a\nb"}, "context": {"reason": null, "who": "me"}, "dry_run": true});
    let mut issues = stage.send("find_tickets", &odd).await.refused(400, "BAD_REQUEST").issues();
    issues.sort();
    let expected = [
        "context.reason: Expected string",
        "context.who: Unknown field",
        "dry_run: Unknown field",
        "input.word: Must not contain line breaks or control characters",
    ];
    assert_eq!(issues, expected);
    // What is sensitive is not repeated.
    let secret = json!({"word": "a", "password": "SECRET\n"});
    stage.call("find_tickets", secret).await.refused(400, "BAD_REQUEST");
    assert_eq!((stage.count("desk charge"), stage.count("desk find")), (0, 0));
    assert_eq!(stage.server.sql.picture().await, before);
}

/// A call with an `Idempotency-Key`.
async fn keyed(server: &Server, action: &str, key: &str, body: &Value) -> Answer {
    let target = server.at(&format!("/desk/actions/{action}"));
    server.call("POST", &target).header("idempotency-key", key).json(body).send().await
}

async fn a_repeat_shows_the_run_and_sends_nothing(stage: &Stage) {
    stage.open_desk(json!({"close_ticket": true})).await;
    let server = &stage.server;
    let replayed = |answer: &Answer| answer.header("idempotent-replayed").map(str::to_owned);
    let body = json!({"input": {"ticket": "t1"}});
    let first = keyed(server, "close_ticket", "a", &body).await;
    let again = keyed(server, "close_ticket", "a", &body).await;
    assert_eq!((again.text.as_str(), replayed(&again)), (first.text.as_str(), Some("true".to_owned())));
    assert_eq!((replayed(&first), stage.count("desk close")), (None, 1));
    let other = keyed(server, "close_ticket", "a", &json!({"input": {"ticket": "t2"}})).await;
    other.refused(409, "IDEMPOTENCY_CONFLICT");
    // What failed is shown again, and is not done again.
    stage.provider.set("desk close", Says::LostAtFirst(times(1)));
    let lost = keyed(server, "close_ticket", "b", &body).await;
    let again = keyed(server, "close_ticket", "b", &body).await;
    assert_eq!(run_id(again.refused(504, "OUTCOME_UNKNOWN")), run_id(&lost));
    assert_eq!((replayed(&again), stage.count("desk close")), (Some("true".to_owned()), 2));
    // While it is sent, a repeat says so; afterwards, it has the end.
    stage.provider.set("desk close", Says::Nothing);
    let hasty = server.replica(|settings| settings.request_timeout = Std::from_secs(1)).await;
    let sending = keyed(&hasty, "close_ticket", "c", &body).await;
    let again = keyed(server, "close_ticket", "c", &body).await;
    assert_eq!((again.status, &again.data()["status"]), (202, &json!("sending")));
    assert_eq!(id(&again), id(&sending));
    stage.provider.set("desk close", Says::Truth);
    let target = runs(server, &format!("/{}?wait=25", id(&sending)));
    assert_eq!(server.call("GET", &target).send().await.data()["status"], "succeeded");
    let again = keyed(server, "close_ticket", "c", &body).await;
    assert_eq!((again.status, &again.data()["status"]), (200, &json!("succeeded")));
    assert_eq!(stage.count("desk close"), 3);
    hasty.stop().await;
}

async fn a_refusal_is_not_remembered(stage: &Stage) {
    stage.open_desk(json!({})).await;
    let (server, body) = (&stage.server, json!({"input": {"ticket": "t1"}}));
    keyed(server, "close_ticket", "a", &body).await.refused(403, "ACTION_NOT_PERMITTED");
    stage.permit(json!({"close_ticket": true})).await;
    let answer = keyed(server, "close_ticket", "a", &body).await;
    assert_eq!((answer.data()["status"].as_str(), stage.count("desk close")), (Some("succeeded"), 1));
}

async fn a_provider_that_asks_for_a_pause_gets_it(stage: &Stage) {
    stage.open_desk(json!({"close_ticket": true})).await;
    stage.provider.set("desk close", Says::This(429, vec![("retry-after", "30")], "{}"));
    let limited = stage.call("close_ticket", json!({"ticket": "t1"})).await;
    limited.refused(429, "PROVIDER_RATE_LIMITED");
    assert_eq!(limited.body["retry_after"], 30);
    assert_eq!(stage.run(&run_id(&limited)).await["status"], "failed");
    // Every call of the integration waits, and nothing is sent.
    stage.server.clock.advance(Duration::seconds(10));
    let also = stage.call("find_tickets", json!({"word": "a"})).await;
    also.refused(429, "PROVIDER_RATE_LIMITED");
    assert_eq!((&also.body["retry_after"], also.body.get("run_id")), (&json!(20), None));
    assert_eq!((stage.count("desk close"), stage.count("desk find")), (1, 0));
    stage.server.clock.advance(Duration::seconds(20));
    stage.call("find_tickets", json!({"word": "a"})).await.data();
}

async fn a_reading_is_sent_again_where_that_helps(stage: &Stage) {
    stage.open_desk(json!({})).await;
    stage.provider.set("desk find", Says::LostAtFirst(times(1)));
    stage.call("find_tickets", json!({"word": "a"})).await.data();
    assert_eq!(stage.count("desk find"), 2);
    stage.provider.set("desk find", Says::This(502, vec![], "<html>"));
    let trouble = stage.call("find_tickets", json!({"word": "a"})).await;
    trouble.refused(503, "PROVIDER_UNAVAILABLE");
    assert_eq!(
        (stage.run(&run_id(&trouble)).await["status"].as_str(), stage.count("desk find")),
        (Some("failed"), 5)
    );
    // A long pause is not waited for, and a refusal is not asked for again.
    stage.provider.set("desk find", Says::This(422, vec![], r#"{"error": "No."}"#));
    stage.call("find_tickets", json!({"word": "a"})).await.refused(422, "PROVIDER_REFUSED");
    stage.provider.set("desk find", Says::This(429, vec![("retry-after", "60")], "{}"));
    stage.call("find_tickets", json!({"word": "a"})).await.refused(429, "PROVIDER_RATE_LIMITED");
    assert_eq!(stage.count("desk find"), 7);
}

/// Every answer is searched for secrets, and the database and the log at the end.
async fn a_credential_that_comes_back_is_not_shown(stage: &Stage) {
    stage.open_desk(json!({"close_ticket": true})).await;
    let echo = br#"{"tickets": [{"Bearer {access}": "x"}], "echo": "token={access}&old={refresh}"}"#;
    stage.provider.set("desk find", Says::InItsPlace(200, vec![], echo));
    let answer = stage.call("find_tickets", json!({"word": "a"})).await;
    assert_eq!(
        answer.data()["result"],
        json!({"tickets": [{"Bearer [redacted]": "x"}], "echo": "token=[redacted]&old=[redacted]"})
    );
    let echo = br#"{"error": "The token {access} may not do that."}"#;
    stage.provider.set("desk close", Says::InItsPlace(422, vec![], echo));
    let refused = stage.call("close_ticket", json!({"ticket": "t1"})).await;
    assert_eq!(refused.message(), "The token [redacted] may not do that.");
}

async fn a_redirect_is_not_followed(stage: &Stage) {
    stage.open_desk(json!({"close_ticket": true})).await;
    let to = vec![("location", "https://desk.example/api/tickets/t2/close")];
    stage.provider.set("desk close", Says::This(307, to, ""));
    let answer = stage.call("close_ticket", json!({"ticket": "t1"})).await;
    answer.refused(422, "PROVIDER_REFUSED");
    assert_eq!((&answer.body["provider_status"], stage.count("desk close")), (&json!(307), 1));
}
