//! Who decides on what waits for a person, and who never does.

use integrations_core::{action::NotApprover, audit::Actor, role::Role};
use riq_server::{services::actions::ApprovalError, store::RunRow};
use serde_json::{Value, json};

use super::{Desk, waiting};
use crate::{
    monitor::on_both_stages,
    support::{
        Answer,
        played::{Stage, on_stage},
        server::Key,
    },
};

on_both_stages!(
    nobody_approves_what_they_asked_for,
    api_keys_approve_only_where_the_project_lets_them,
    rights_that_came_from_who_asked_do_not_count,
    other_projects_and_ended_keys_do_not_approve,
    who_decides_is_known_from_the_key_alone,
    a_project_says_who_approves_and_how_long,
);

/// The key of the answer that makes one.
fn key(answer: &Answer) -> Key {
    let text = |name: &str| answer.data()[name].as_str().unwrap().to_owned();
    Key { id: text("id").parse().unwrap(), text: text("key") }
}

fn forbidden(found: Result<RunRow, ApprovalError>) -> NotApprover {
    match found {
        Err(ApprovalError::NotApprover(why)) => why,
        found => panic!("{found:?}"),
    }
}

async fn nobody_approves_what_they_asked_for(stage: &Stage) {
    let desk = Desk::open(stage).await;
    let server = desk.server;
    // The key, its rotation, a key that it made, the person behind it, and another key of that person.
    let admin = server.person(Role::Admin).await;
    let asker = server.key_of(admin, &["admin"]).await;
    let keys = format!("/api/v1/orgs/{}/keys", server.organization);
    let made = json!({"name": "made", "scopes": ["admin"]});
    let made = server.call_as(&asker.text, "POST", &keys).json(&made).send().await;
    let made = key(&made);
    let deeper = json!({"name": "deeper", "scopes": ["approvals:admin", "write"]});
    let deeper = key(&server.call_as(&made.text, "POST", &keys).json(&deeper).send().await);
    let other = server.key_of(admin, &["admin"]).await;
    let (approval, _) = waiting(&desk.refund_by(&asker, "ch_1", 100).await);
    let (of_made, _) = waiting(&desk.refund_by(&made, "ch_2", 100).await);
    let (of_deeper, _) = waiting(&desk.refund_by(&deeper, "ch_3", 100).await);
    let rotated = server.call_as(&made.text, "POST", &format!("{keys}/{}/rotate", made.id));
    let rotated = key(&rotated.json(&json!({"overlap_seconds": 3_600})).send().await);
    for approval in [&approval, &of_made, &of_deeper] {
        for own in [&asker, &made, &rotated, &deeper, &other] {
            for verb in ["approve", "deny"] {
                let answer = desk.decide(own, approval, verb, &json!({})).await;
                answer.refused(403, "FORBIDDEN");
                assert!(answer.message().contains("Another person"), "{answer:?}");
            }
        }
        assert_eq!(forbidden(desk.approve_as(admin, approval).await), NotApprover::Related);
        assert_eq!(desk.approval(approval).await["status"], "pending");
    }
    // Where nobody knows the person, only a person who is signed in decides.
    let (of_operator, _) = waiting(&desk.refund_by(&server.key, "ch_4", 100).await);
    let same_maker = server.key_for(&["admin"]).await;
    for key in [&same_maker, &desk.approver] {
        let answer = desk.decide(key, &of_operator, "approve", &json!({})).await;
        answer.refused(403, "FORBIDDEN");
        assert!(answer.message().contains("signed-in person"), "{answer:?}");
    }
    desk.decide(&same_maker, &approval, "approve", &json!({})).await.refused(403, "FORBIDDEN");
    assert_eq!(desk.sent(), 0);
    let done = desk.approve_as(admin, &of_operator).await.unwrap();
    assert_eq!((done.status.as_str(), desk.sent()), ("succeeded", 1));
}

async fn api_keys_approve_only_where_the_project_lets_them(stage: &Stage) {
    let desk = Desk::open(stage).await;
    desk.policy(json!({"decided_by": "people"})).await.data();
    let (approval, _) = desk.ask("ch_1", 100).await;
    let refused = desk.approve(&approval).await;
    refused.refused(403, "FORBIDDEN");
    assert!(refused.message().contains("approval policy"), "{refused:?}");
    // That keys may decide holds for what is asked for from then on.
    desk.policy(json!({"decided_by": "people_and_keys"})).await.data();
    desk.approve(&approval).await.refused(403, "FORBIDDEN");
    let (later, _) = desk.ask("ch_2", 100).await;
    desk.policy(json!({"decided_by": "people"})).await.data();
    desk.approve(&later).await.refused(403, "FORBIDDEN");
    assert_eq!(desk.sent(), 0);
    let person = desk.server.person(Role::Approver).await;
    for approval in [approval, later] {
        desk.approve_as(person, &approval).await.unwrap();
    }
    assert_eq!(desk.sent(), 2);
    // A person whose role does not allow it does not decide.
    let (approval, _) = desk.ask("ch_3", 100).await;
    let viewer = desk.person("viewer", Role::Viewer, Actor::Operator).await;
    assert!(matches!(desk.approve_as(viewer, &approval).await, Err(ApprovalError::Lapsed)));
}

async fn rights_that_came_from_who_asked_do_not_count(stage: &Stage) {
    let desk = Desk::open(stage).await;
    let server = desk.server;
    let first = server.person(Role::Admin).await;
    let second = desk.person("second", Role::Admin, Actor::Operator).await;
    let asker = server.key_of(first, &["admin"]).await;
    let keys = format!("/api/v1/orgs/{}/keys", server.organization);
    let of_second = server.key_of(second, &["admin"]).await;
    let friend = json!({"name": "friend", "scopes": ["read"]});
    let friend = key(&server.call_as(&of_second.text, "POST", &keys).json(&friend).send().await);
    desk.pass(1);
    let (approval, _) = waiting(&desk.refund_by(&asker, "ch_1", 100).await);
    desk.pass(1);
    // The asker widens a friend's key, and gives somebody a role, who gives it to somebody else.
    let wider = json!({"scopes": ["read", "approvals:admin"]});
    server.call_as(&asker.text, "PATCH", &format!("{keys}/{}", friend.id)).json(&wider).send().await.data();
    let given = desk.person("given", Role::Admin, Actor::User(first)).await;
    desk.pass(1);
    let handed_on = desk.person("handed on", Role::Approver, Actor::User(given)).await;
    desk.decide(&friend, &approval, "approve", &json!({})).await.refused(403, "FORBIDDEN");
    for person in [given, handed_on] {
        assert_eq!(forbidden(desk.approve_as(person, &approval).await), NotApprover::Favoured);
    }
    let key_of_given = server.key_of(given, &["admin"]).await;
    desk.decide(&key_of_given, &approval, "approve", &json!({})).await.refused(403, "FORBIDDEN");
    assert_eq!((desk.sent(), desk.approval(&approval).await["status"].as_str()), (0, Some("pending")));
    // For what is asked for later they may, and so may whoever had or got the rights from others.
    let operators = desk.person("by the operator", Role::Approver, Actor::Operator).await;
    desk.approve_as(operators, &approval).await.unwrap();
    desk.pass(1);
    let (later, _) = waiting(&desk.refund_by(&asker, "ch_2", 100).await);
    desk.decide(&friend, &later, "approve", &json!({})).await.data();
    assert_eq!(desk.sent(), 2);
}

async fn other_projects_and_ended_keys_do_not_approve(stage: &Stage) {
    let desk = Desk::open(stage).await;
    let server = desk.server;
    let (approval, _) = desk.ask("ch_1", 100).await;
    let (_, foreign, foreign_key) = server.other_organization().await;
    desk.decide(&foreign_key, &approval, "approve", &json!({}))
        .await
        .refused(403, "API_KEY_PROJECT_MISMATCH");
    let elsewhere = format!("/api/v1/projects/{foreign}/approvals/{approval}");
    let post = server.call_as(&foreign_key.text, "POST", &format!("{elsewhere}/approve"));
    post.json(&json!({})).send().await.refused(404, "RESOURCE_NOT_FOUND");
    server.call_as(&foreign_key.text, "GET", &elsewhere).send().await.refused(404, "RESOURCE_NOT_FOUND");
    let other = server.other_project().await;
    let moved = format!("/api/v1/projects/{other}/approvals/{approval}/approve");
    let moved = server.call_as(&desk.approver.text, "POST", &moved).json(&json!({})).send().await;
    moved.refused(404, "RESOURCE_NOT_FOUND");
    let reader = server.key_for(&["approvals:read", "write"]).await;
    desk.decide(&reader, &approval, "approve", &json!({})).await.refused(403, "INSUFFICIENT_SCOPE");
    server.revoke(&desk.approver).await;
    let answer = desk.approve(&approval).await;
    assert_eq!(answer.status, 401, "{answer:?}");
    server.revoke_project().await;
    let person = server.person(Role::Approver).await;
    assert!(matches!(desk.approve_as(person, &approval).await, Err(ApprovalError::Call(_))));
    assert_eq!(desk.sent(), 0);
}

async fn who_decides_is_known_from_the_key_alone(stage: &Stage) {
    let desk = Desk::open(stage).await;
    let (approval, _) = desk.ask("ch_1", 600).await;
    let person = desk.server.person(Role::Admin).await.to_string();
    for field in ["decided_by", "by", "approver", "user_id"] {
        let answer = desk.decide(&desk.approver, &approval, "approve", &json!({field: person})).await;
        assert_eq!(answer.refused(400, "BAD_REQUEST").issues(), [format!("{field}: Unknown field")]);
    }
    for (note, issue) in [
        (json!("a\nb"), "note: Must not contain line breaks or control characters"),
        (json!("x".repeat(501)), "note: Must have at most 500 characters"),
    ] {
        let answer = desk.decide(&desk.approver, &approval, "deny", &json!({"note": note})).await;
        assert_eq!(answer.refused(400, "BAD_REQUEST").issues(), [issue]);
    }
    assert_eq!((desk.sent(), desk.approval(&approval).await["status"].as_str()), (0, Some("pending")));
    // The body may be left out.
    let target = desk.path(&format!("approvals/{approval}/approve"));
    desk.server.call_as(&desk.approver.text, "POST", &target).send().await.data();
    assert_eq!(desk.sent(), 1);
}

async fn a_project_says_who_approves_and_how_long(stage: &Stage) {
    let server = &stage.server;
    let path = format!("/api/v1/projects/{}/approval-policy", server.project);
    let show = async || server.call("GET", &path).send().await.data().clone();
    let usual = json!({"decided_by": "people", "expires_after_seconds": 86_400, "notify": null});
    assert_eq!(show().await, usual);
    let change = async |body: Value| server.call("PATCH", &path).json(&body).send().await;
    change(json!({})).await.refused(400, "NO_UPDATES");
    let wrong = change(json!({"decided_by": "everybody", "expires_after_seconds": 10, "who": 1})).await;
    assert_eq!(wrong.refused(400, "BAD_REQUEST").issues().len(), 3);
    assert_eq!(show().await, usual);
    let events = "SELECT COUNT(*) FROM audit_events WHERE action = 'project.updated'";
    let longer = change(json!({"expires_after_seconds": 2_592_000})).await;
    assert_eq!(longer.data()["expires_after_seconds"], 2_592_000);
    assert_eq!(server.sql.count(events, []).await, 1);
    change(json!({"expires_after_seconds": 2_592_000})).await.data();
    assert_eq!(server.sql.count(events, []).await, 1);
    let longer = json!({"decided_by": "people", "expires_after_seconds": 2_592_000, "notify": null});
    assert_eq!(show().await, longer);
    // An agent's key does not change it.
    let agent = server.key_for(&["write"]).await;
    let refused = server.call_as(&agent.text, "PATCH", &path).json(&json!({"decided_by": "people_and_keys"}));
    refused.send().await.refused(403, "INSUFFICIENT_SCOPE");
}
