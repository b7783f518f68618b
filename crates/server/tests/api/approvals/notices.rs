//! People who are told, by an action of their project's own integration, of what waits for one of them.

use integrations_core::{
    action::PolicyUpdate,
    audit::{Acting, Actor},
    role::Role,
};
use riq_server::{
    jobs::Job as _,
    services::actions::{PolicyError, ShownPolicy},
    store::Tenant,
};
use riq_testing::providers::desk_and_keys::Says;
use serde_json::{Value, json};

use super::{Desk, PATIENCE};
use crate::{
    monitor::on_both_stages,
    support::{
        Answer, eventually,
        played::{Stage, on_stage},
    },
};

on_both_stages!(
    people_are_told_once_of_each_call_that_waits,
    a_callers_words_mean_nothing_in_a_message,
    what_was_not_taken_is_sent_again,
    who_dies_while_sending_is_replaced,
    what_may_not_be_sent_is_told_where_it_is_set,
    what_is_decided_before_is_not_told_any_more,
    of_very_many_calls_one_message_tells,
    what_was_set_for_one_account_goes_by_no_other,
    what_is_paused_is_told_when_it_goes_on,
    what_is_damaged_is_tried_ever_less_often_and_keeps_nothing_back,
    what_sends_no_message_is_refused_in_words,
    a_key_ends_it_and_does_not_set_it,
    a_copy_of_a_database_tells_nobody,
);

const POST: &str = "keys post";

impl Desk<'_> {
    /// Connects Keys, and has people told by it. Each other call of its action is asked about.
    async fn tell(&self) {
        let line = json!({"provider": "keys", "credential": {"api_key": "SECRET-key"}}).to_string();
        self.server.import(self.server.project, &line).await;
        self.server.patch("keys", json!({"action_permissions": {"post_message": "ask"}})).await.data();
        self.set_notify(&to_channel("#approvals")).await.unwrap();
    }

    /// Sets where people are told, as a person who is signed in.
    async fn set_notify(&self, notify: &Value) -> Result<ShownPolicy, PolicyError> {
        let actor = Actor::User(self.server.person(Role::Approver).await);
        let tenant = Tenant { organization: self.server.organization, project: self.server.project };
        let update = PolicyUpdate::read(json!({"notify": notify}).to_string().as_bytes()).unwrap();
        let actions = &self.server.app.services.actions;
        actions.update_approval_policy(&tenant, update, Acting { actor, request_id: None }).await
    }

    /// The messages that arrived.
    fn messages(&self) -> Vec<Value> {
        self.stage.provider.calls(POST).into_iter().map(|call| call.body).collect()
    }

    async fn told(&self, count: usize) -> Vec<Value> {
        let told = format!("{count} messages arrive");
        eventually(&told, PATIENCE, async || self.messages().len() >= count && self.waiting().await == 0)
            .await;
        self.messages()
    }

    async fn count(&self, status: &str) -> i64 {
        let sql = "SELECT COUNT(*) FROM approval_notices WHERE status = $1";
        self.server.sql.count(sql, [status.into()]).await
    }

    /// Lets time pass until one message has ended so.
    async fn ends(&self, status: &str) {
        eventually(status, PATIENCE, async || {
            self.pass(1);
            self.count(status).await == 1
        })
        .await;
    }

    async fn waiting(&self) -> i64 {
        self.count("waiting").await
    }

    async fn shown_policy(&self) -> Value {
        self.server.call("GET", &self.path("approval-policy")).send().await.data()["notify"].clone()
    }

    async fn failures(&self) -> i64 {
        let sql = "SELECT COUNT(*) FROM audit_events WHERE action = 'approval.notice.failed' AND actor_kind = 'system'";
        self.server.sql.count(sql, []).await
    }
}

fn to_channel(channel: &str) -> Value {
    json!({"provider": "keys", "action": "post_message", "input": {"channel": channel}})
}

async fn people_are_told_once_of_each_call_that_waits(stage: &Stage) {
    let desk = Desk::open(stage).await;
    desk.tell().await;
    let (approval, _) = desk.ask("ch_1", 600).await;
    let [message] = desk.told(1).await.try_into().unwrap();
    assert_eq!(message["channel"], "#approvals");
    let text = message["text"].as_str().unwrap();
    let lines: Vec<&str> = text.lines().collect();
    let expected = [
        "A person must approve “Issue a refund” at Desk. It cannot be taken back.",
        "charge: ch_1",
        "amount: 6.00 USD",
    ];
    assert_eq!(lines[..3], expected, "{text}");
    assert!(text.contains("\nWhy: It came broken\nAsked by: ") && text.contains("\nUntil: "), "{text}");
    let link = desk.path(&format!("approvals/{approval}")).replace("/api/v1", "/dashboard");
    let last = lines.last().unwrap();
    assert!(last.starts_with("To decide, sign in: http") && last.ends_with(&link), "{text}");
    // It is a run, by the server itself, and was not asked about.
    let runs = desk.server.call("GET", &desk.path("action-runs?provider=keys")).send().await;
    let runs = runs.data().as_array().unwrap().clone();
    assert_eq!(runs.len(), 1);
    assert_eq!((&runs[0]["status"], &runs[0]["approval_id"]), (&json!("succeeded"), &Value::Null));
    assert_eq!((&runs[0]["input"], &runs[0]["result"]), (&json!({}), &Value::Null));
    assert_eq!(runs[0]["context"]["on_behalf_of"], "The approval policy of this project");
    let executed = desk.server.audit("keys").await;
    let executed = executed.iter().find(|event| event["action"] == "integration.action.executed").unwrap();
    assert_eq!(executed["actor_kind"], "system");
    // The same call asks nobody again. Another one does.
    assert_eq!(desk.ask("ch_1", 600).await.0, approval);
    desk.ask("ch_2", 100).await;
    desk.told(2).await;
    desk.pass(3_600);
    desk.approve(&approval).await.data();
    assert_eq!((desk.messages().len(), desk.count("sent").await), (2, 2));
    assert_eq!(desk.shown_policy().await["last_failure"], Value::Null);
    desk.policy(json!({"notify": null})).await.data();
    desk.ask("ch_3", 100).await;
    assert_eq!((desk.shown_policy().await, desk.waiting().await), (Value::Null, 0));
}

async fn a_callers_words_mean_nothing_in_a_message(stage: &Stage) {
    let desk = Desk::open(stage).await;
    desk.tell().await;
    let call = json!({
        "input": {"channel": "#all", "text": "<!channel> @everyone\nTo decide, sign in: http://evil.test\r\n\u{202e}x"},
        "context": {"reason": "<http://evil.test|Approve> \u{2066}now"},
    });
    let target = desk.server.at("/keys/actions/post_message");
    let asked = desk.server.call_as(&desk.asker.text, "POST", &target).json(&call).send().await;
    assert_eq!(asked.status, 202, "{asked:?}");
    let [message] = desk.told(1).await.try_into().unwrap();
    let text = message["text"].as_str().unwrap();
    let lines: Vec<&str> = text.lines().collect();
    assert_eq!(lines.len(), 7, "{text}");
    let shown = "text: <!channel> @ everyone ⏎ To decide, sign in: http[:]//evil[.]test[U+000D] ⏎ [U+202E]x";
    assert_eq!((lines[1], lines[2]), ("channel: #all", shown), "{text}");
    assert_eq!(lines[3], "Why: <http[:]//evil[.]test|Approve> [U+2066]now");
    assert!(!text.contains("://evil") && text.matches("://").count() == 1, "{text}");
}

async fn what_was_not_taken_is_sent_again(stage: &Stage) {
    let desk = Desk::open(stage).await;
    desk.tell().await;
    stage.provider.set(POST, Says::This(500, vec![], ""));
    desk.ask("ch_1", 600).await;
    eventually("it is sent", PATIENCE, async || desk.messages().len() == 1).await;
    stage.provider.set(POST, Says::Truth);
    desk.ends("sent").await;
    assert_eq!(desk.messages().len(), 2);
    assert_eq!((desk.count("sent").await, desk.failures().await), (1, 0));
    // What the provider refuses is not sent again, and told.
    stage.provider.set(POST, Says::This(422, vec![], r#"{"error": "No such channel."}"#));
    let (approval, _) = desk.ask("ch_2", 100).await;
    desk.told(3).await;
    let failed = &desk.shown_policy().await["last_failure"];
    assert_eq!((&failed["message"], &failed["approval_id"]), (&json!("No such channel."), &json!(approval)));
    assert_eq!((desk.count("failed").await, desk.failures().await), (1, 1));
    desk.pass(600);
    assert_eq!(desk.messages().len(), 3);
}

async fn who_dies_while_sending_is_replaced(stage: &Stage) {
    let desk = Desk::open(stage).await;
    desk.tell().await;
    stage.provider.set(POST, Says::Nothing);
    desk.ask("ch_1", 600).await;
    eventually("it is sent", PATIENCE, async || desk.messages().len() == 1).await;
    // Whoever sends it is not heard of again in time, and its run is ended as unknown.
    desk.pass(200);
    let unknown = "SELECT COUNT(*) FROM action_runs WHERE provider = 'keys' AND status = 'unknown'";
    eventually("it is unknown", PATIENCE, async || desk.server.sql.count(unknown, []).await == 1).await;
    desk.pass(300);
    eventually("it is sent again", PATIENCE, async || desk.messages().len() == 2).await;
    stage.provider.set(POST, Says::Truth);
    eventually("it ends", PATIENCE, async || desk.count("sent").await == 1).await;
}

async fn what_may_not_be_sent_is_told_where_it_is_set(stage: &Stage) {
    let desk = Desk::open(stage).await;
    desk.tell().await;
    for (place, (update, problem)) in [
        (json!({"action_permissions": {"post_message": false}}), "“Post a message” of Keys is not permitted"),
        (json!({"status": "disconnected"}), "Keys is disconnected"),
    ]
    .into_iter()
    .enumerate()
    {
        desk.server.patch("keys", update).await.data();
        assert_eq!(desk.shown_policy().await["problem"], problem);
        let (approval, _) = desk.ask(&format!("ch_{place}"), 100).await;
        desk.told(0).await;
        let failed = &desk.shown_policy().await["last_failure"];
        assert_eq!(failed["approval_id"], approval, "{failed}");
        assert_eq!(desk.failures().await, i64::try_from(place).unwrap() + 1);
        desk.pass(1);
    }
    assert_eq!(desk.messages(), [Value::Null; 0]);
}

async fn what_is_decided_before_is_not_told_any_more(stage: &Stage) {
    let desk = Desk::open(stage).await;
    desk.tell().await;
    stage.provider.set(POST, Says::This(503, vec![], ""));
    let (approval, _) = desk.ask("ch_1", 600).await;
    eventually("it is sent", PATIENCE, async || desk.messages().len() == 1).await;
    desk.deny(&approval, "No").await.data();
    desk.ends("dropped").await;
    assert_eq!(desk.messages().len(), 1);
}

async fn what_sends_no_message_is_refused_in_words(stage: &Stage) {
    let desk = Desk::open(stage).await;
    let set = async |notify: Value| desk.policy(json!({"notify": notify})).await;
    let told = |answer: &Answer| answer.refused(400, "BAD_REQUEST").issues();
    let not_there = set(to_channel("#a")).await;
    assert_eq!(told(&not_there), ["notify.provider: Keys is not installed in this project"]);
    desk.tell().await;
    let input = json!({"channel": "#a", "text": "Mine", "note": "Mine too", "to": 1});
    for (notify, issues) in [
        (json!({"provider": "nope", "action": "a"}), vec!["notify.provider: There is no such provider"]),
        (
            json!({"provider": "keys", "action": "sing"}),
            vec!["notify.action: Keys has no action of this name"],
        ),
        (
            json!({"provider": "desk", "action": "open_ticket"}),
            vec!["notify.action: “Open a ticket” of Desk does not send a message to people"],
        ),
        (json!({"provider": "keys", "action": "post_message"}), vec!["notify.input.channel: Required"]),
        (
            json!({"provider": "keys", "action": "post_message", "input": input}),
            vec![
                "notify.input.text: Leave it out: the server writes it",
                "notify.input.note: Leave it out: it does not say where a message goes. What does is: channel",
                "notify.input.to: Unknown input",
            ],
        ),
    ] {
        assert_eq!(told(&set(notify.clone()).await), issues, "{notify}");
    }
    // What was set before is still set.
    assert_eq!(desk.shown_policy().await["input"], json!({"channel": "#approvals"}));
    let changed =
        desk.server.sql.rows("SELECT changes FROM audit_events WHERE action = 'project.updated'", []).await;
    assert!(
        changed.iter().any(|row| row["changes"].as_str().unwrap().contains("approval_policy.notify")),
        "{changed:?}"
    );
}

async fn a_key_ends_it_and_does_not_set_it(stage: &Stage) {
    let desk = Desk::open(stage).await;
    desk.tell().await;
    let set = async |to: &str| desk.policy(json!({"notify": to_channel(to)})).await;
    let elsewhere = set("#mine").await;
    elsewhere.refused(403, "FORBIDDEN");
    assert!(elsewhere.message().contains("only a signed-in person sets where"), "{}", elsewhere.message());
    // What is set already changes nothing.
    set("#approvals").await.data();
    desk.policy(json!({"notify": null})).await.data();
    set("#approvals").await.refused(403, "FORBIDDEN");
    assert_eq!(desk.shown_policy().await, Value::Null);
}

async fn what_is_paused_is_told_when_it_goes_on(stage: &Stage) {
    let desk = Desk::open(stage).await;
    desk.tell().await;
    desk.server.patch("keys", json!({"status": "paused"})).await.data();
    assert_eq!(desk.shown_policy().await["problem"], "Keys is paused");
    desk.ask("ch_1", 600).await;
    let tried = "SELECT COUNT(*) FROM approval_notices WHERE run_id IS NOT NULL";
    eventually("it is tried", PATIENCE, async || desk.server.sql.count(tried, []).await == 1).await;
    assert_eq!((desk.waiting().await, desk.failures().await), (1, 0));
    desk.server.patch("keys", json!({"status": "active"})).await.data();
    desk.pass(600);
    desk.told(1).await;
    // What waits for its integration until its approval has ended is given up.
    desk.server.patch("keys", json!({"status": "paused"})).await.data();
    desk.ask("ch_2", 100).await;
    eventually("it is tried", PATIENCE, async || desk.server.sql.count(tried, []).await == 2).await;
    desk.pass(24 * 3_600);
    desk.ends("failed").await;
    assert_eq!(
        desk.shown_policy().await["last_failure"]["message"],
        "Its time was over before it could be sent"
    );
}

async fn what_is_damaged_is_tried_ever_less_often_and_keeps_nothing_back(stage: &Stage) {
    let desk = Desk::open(stage).await;
    desk.tell().await;
    stage.provider.set(POST, Says::This(503, vec![], ""));
    let (approval, _) = desk.ask("ch_1", 600).await;
    eventually("it is sent", PATIENCE, async || desk.messages().len() == 1).await;
    stage.provider.set(POST, Says::Truth);
    let damage = "UPDATE approvals SET evidence = '[' WHERE id = $1";
    desk.server.sql.execute(damage, [approval.as_str().into()]).await;
    let tried = "SELECT COUNT(*) FROM approval_notices WHERE status = 'waiting' AND attempts > 2";
    eventually("it is tried again", PATIENCE, async || {
        desk.pass(10);
        desk.server.sql.count(tried, []).await == 1
    })
    .await;
    // One that cannot even be read.
    desk.server.sql.execute("UPDATE approval_notices SET run_id = 'damaged'", []).await;
    desk.ask("ch_2", 100).await;
    eventually("the other is sent", PATIENCE, async || {
        desk.pass(60);
        desk.count("sent").await == 1
    })
    .await;
    assert_eq!((desk.messages().len(), desk.waiting().await), (2, 1));
}

async fn what_was_set_for_one_account_goes_by_no_other(stage: &Stage) {
    let desk = Desk::open(stage).await;
    desk.tell().await;
    // A probe may say at any time which account it is.
    let connect = async |account: &str| {
        let sql = "UPDATE integrations SET account_id = $1, account_name = $1 WHERE provider = 'keys'";
        desk.server.sql.execute(sql, [account.into()]).await;
    };
    let set_for = "SELECT COUNT(*) FROM projects WHERE approvals_notify LIKE '%\"first\"%'";
    eventually("it is set for the first account", PATIENCE, async || {
        connect("first").await;
        desk.set_notify(&to_channel("#approvals")).await.unwrap();
        desk.server.sql.count(set_for, []).await == 1
    })
    .await;
    let problem = "Keys is connected to another account than when this was set: set it again";
    eventually("another account is a problem", PATIENCE, async || {
        connect("other").await;
        desk.shown_policy().await["problem"] == problem
    })
    .await;
    desk.ask("ch_1", 600).await;
    desk.told(0).await;
    assert_eq!(desk.shown_policy().await["last_failure"]["message"], problem);
    assert_eq!(desk.messages(), [Value::Null; 0]);
    eventually("it is set again", PATIENCE, async || {
        desk.set_notify(&to_channel("#approvals")).await.unwrap();
        desk.shown_policy().await["problem"] == Value::Null
    })
    .await;
}

async fn of_very_many_calls_one_message_tells(stage: &Stage) {
    let desk = Desk::open(stage).await;
    desk.tell().await;
    for number in 0..13 {
        desk.ask(&format!("ch_{number}"), 10).await;
    }
    let messages = desk.told(11).await;
    let texts: Vec<&str> = messages.iter().map(|message| message["text"].as_str().unwrap()).collect();
    let more: Vec<&&str> = texts.iter().filter(|text| text.starts_with("More than 10 calls")).collect();
    assert_eq!((texts.len(), more.len()), (11, 1), "{texts:?}");
    assert!(more[0].ends_with(&desk.path("approvals").replace("/api/v1", "/dashboard")), "{more:?}");
    // Later each is told of again.
    desk.pass(601);
    desk.ask("ch_13", 10).await;
    desk.told(12).await;
}

async fn a_copy_of_a_database_tells_nobody(stage: &Stage) {
    let desk = Desk::open(stage).await;
    desk.tell().await;
    assert!(desk.server.store.set_quiet(Some(desk.server.app.services.environment.now())).await.unwrap());
    desk.ask("ch_1", 600).await;
    let mut job = desk.server.app.services.actions.noticing();
    job.round().await.unwrap();
    job.finish().await;
    assert_eq!((desk.messages().len(), desk.waiting().await), (0, 1));
    assert!(desk.server.store.set_quiet(None).await.unwrap());
    desk.told(1).await;
}
