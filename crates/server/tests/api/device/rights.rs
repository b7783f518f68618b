//! What an approval of a device login grants, and who may approve.

use integrations_core::{
    ids::{ApiKeyId, UserId},
    tier::Tier,
};
use riq_server::environment::Clock as _;
use serde_json::{Value, json};
use time::Duration;

use super::{approval, approved, begin, enter, poll, text};
use crate::{
    dashboard::visitor::Visitor,
    support::{Server, server::Key},
};

on_both!(
    nothing_beyond_what_was_chosen_is_granted,
    rights_are_computed_again_when_the_key_is_made,
    who_lost_their_rights_grants_nothing,
    a_key_that_makes_no_keys_approves_nothing,
    decisions_are_recorded_with_who_made_them,
    a_login_follows_its_person_into_another_organization,
);

fn words(value: &Value, name: &str) -> Vec<String> {
    text(value, name).split(' ').map(str::to_owned).collect()
}

async fn nothing_beyond_what_was_chosen_is_granted(server: &Server) {
    let visitor = Visitor::signed_in(server).await;
    let program = begin(server).await;
    let form = approval(server, &visitor, &program).await;
    // A forged form asks for what the page does not offer.
    let mut forged = form.clone();
    for scope in
        ["admin", "keys:admin", "keys:read", "approvals:admin", "approvals:write", "oauth_apps:admin"]
    {
        assert!(!form.fields.iter().any(|(name, _)| *name == format!("scope.{scope}")));
        forged = forged.with(&format!("scope.{scope}"), "on");
    }
    visitor.submit(&forged.without("scope.read")).await.says(400, "Choose what it may do");
    for (field, value, problem) in [
        ("project", "prj_00000000000000000000000000", "Choose a project"),
        ("project", "nonsense", "Choose a project"),
        ("life", "999d", "Choose how long"),
    ] {
        visitor.submit(&form.clone().with(field, value)).await.says(400, problem);
    }
    let (_, foreign, _) = server.other_organization().await;
    visitor.submit(&form.clone().with("project", &foreign.to_string())).await.says(400, "Choose a project");
    visitor.submit(&form.with("scope.keys:admin", "on").with("life", "1d")).await.says(200, "Access given");
    let answer = poll(server, &program).await;
    assert_eq!((text(&answer.body, "scope"), &answer.body["expires_in"]), ("read", &json!(86_400)));

    // All projects, later ones too.
    let program = begin(server).await;
    let form = approval(server, &visitor, &program).await.with("project", "all");
    visitor.submit(&form.with("scope.write", "on")).await.says(200, "Access given");
    let answer = poll(server, &program).await;
    assert_eq!(words(&answer.body, "scope"), ["read", "write"]);
    assert_eq!(answer.body["project_id"], Value::Null);
    let keys = format!("/api/v1/orgs/{}/keys", server.organization);
    let key = text(&answer.body, "access_token");
    let made = json!({"name": "x", "scopes": ["read"]});
    server.call_as(key, "POST", &keys).json(&made).send().await.refused(403, "INSUFFICIENT_SCOPE");
}

/// Gives somebody who never signed in a role, as a claim would.
async fn person(server: &Server, number: u128, role: &str) -> UserId {
    let id = UserId::from_bits(number);
    let (id_text, organization) = (id.to_string(), server.organization.to_string());
    let at = "2026-03-01T10:00:00.000000Z";
    let sql = format!(
        "INSERT INTO users (id, issuer, subject, name, created_at) \
         VALUES ('{id_text}', 'https://id.example', 's{number}', 'Ada', '{at}')"
    );
    server.sql.execute(&sql, []).await;
    let sql = format!(
        "INSERT INTO user_roles (user_id, organization_id, source, role, set_at) \
         VALUES ('{id_text}', '{organization}', 'claim', '{role}', '{at}')"
    );
    server.sql.execute(&sql, []).await;
    id
}

async fn set_role(server: &Server, user: UserId, role: &str) {
    let sql = format!("UPDATE user_roles SET role = '{role}' WHERE user_id = '{user}'");
    server.sql.execute(&sql, []).await;
}

/// A browser in which a person is signed in: the session of a key, made theirs.
async fn signed_in_as(server: &Server, user: UserId) -> Visitor<'_> {
    let key = server.key_for(&["admin"]).await;
    let visitor = Visitor::signed_in_with(server, &key.text).await;
    let sql = format!("UPDATE dashboard_sessions SET api_key_id = '{user}' WHERE api_key_id = '{}'", key.id);
    server.sql.execute(&sql, []).await;
    visitor
}

async fn rights_are_computed_again_when_the_key_is_made(server: &Server) {
    // Approve as admin, become viewer, poll.
    let user = person(server, 1, "admin").await;
    let visitor = signed_in_as(server, user).await;
    let program = approved(server, &visitor, &["write", "projects:write", "audit:read"]).await;
    set_role(server, user, "viewer").await;
    let answer = poll(server, &program).await;
    let mut scopes = words(&answer.body, "scope");
    scopes.sort();
    assert!(scopes.iter().all(|scope| scope.ends_with("read")), "{scopes:?}");
    let id: ApiKeyId = text(&answer.body, "key_id").parse().unwrap();
    let record = server.store.api_key(id).await.unwrap().unwrap();
    assert_eq!((record.user_id, record.made_by), (Some(user.to_string()), Some(user.to_string())));
    // Later too it does at most what the person may do.
    let key = text(&answer.body, "access_token").to_owned();
    server.call_as(&key, "GET", &server.at("")).send().await.data();

    // A key that approved is held to its own rights in the same way.
    let maker = server.key_for(&["write", "keys:admin"]).await;
    let visitor = Visitor::signed_in_with(server, &maker.text).await;
    let program = approved(server, &visitor, &["write"]).await;
    narrow(server, &maker, json!({"scopes": ["integrations:read", "keys:admin"]})).await;
    let answer = poll(server, &program).await;
    assert_eq!(text(&answer.body, "scope"), "integrations:read");
}

async fn narrow(server: &Server, key: &Key, change: Value) {
    let target = format!("/api/v1/orgs/{}/keys/{}", server.organization, key.id);
    server.call("PATCH", &target).json(&change).send().await.data();
}

async fn who_lost_their_rights_grants_nothing(server: &Server) {
    let users = [person(server, 1, "admin").await, person(server, 2, "admin").await];
    let mut programs = Vec::new();
    for user in users {
        let visitor = signed_in_as(server, user).await;
        programs.push(approved(server, &visitor, &["read", "write"]).await);
    }
    let revoked = format!("UPDATE users SET revoked_at = created_at WHERE id = '{}'", users[0]);
    server.sql.execute(&revoked, []).await;
    server.sql.execute(&format!("DELETE FROM user_roles WHERE user_id = '{}'", users[1]), []).await;
    let maker = server.key_for(&["admin"]).await;
    let visitor = Visitor::signed_in_with(server, &maker.text).await;
    programs.push(approved(server, &visitor, &["read"]).await);
    server.revoke(&maker).await;
    let before = server.sql.count("SELECT COUNT(*) FROM api_keys", []).await;
    for program in &programs {
        for _ in 0..2 {
            poll(server, program).await.refused(403, "ACCESS_DENIED");
        }
    }
    // Nothing in common is left.
    let maker = server.key_for(&["admin"]).await;
    let visitor = Visitor::signed_in_with(server, &maker.text).await;
    let program = approved(server, &visitor, &["projects:write"]).await;
    narrow(server, &maker, json!({"scopes": ["integrations:write", "keys:admin"]})).await;
    poll(server, &program).await.refused(403, "ACCESS_DENIED");
    // The project is archived meanwhile.
    let visitor = Visitor::signed_in(server).await;
    let program = approved(server, &visitor, &["read"]).await;
    server.revoke_project().await;
    poll(server, &program).await.refused(403, "ACCESS_DENIED");
    assert_eq!(server.sql.count("SELECT COUNT(*) FROM api_keys", []).await, before + 1);
}

/// Else whoever holds any key could make one that outlives it.
async fn a_key_that_makes_no_keys_approves_nothing(server: &Server) {
    let writer = server.key_for(&["write"]).await;
    let visitor = Visitor::signed_in_with(server, &writer.text).await;
    visitor.get("/device").await.says(403, "It needs the scope keys:admin");
    // The rights of a key that expires end with it.
    let end = server.clock.now() + Duration::hours(1);
    let maker = server.key_with(&["admin"], Tier::Starter, Some(end)).await;
    let visitor = Visitor::signed_in_with(server, &maker.text).await;
    let program = approved(server, &visitor, &["read"]).await;
    let answer = poll(server, &program).await;
    let life = answer.body["expires_in"].as_i64().unwrap();
    assert!(life <= 60 * 60, "{life}");
}

async fn decisions_are_recorded_with_who_made_them(server: &Server) {
    let user = person(server, 1, "admin").await;
    let visitor = signed_in_as(server, user).await;
    let program = begin(server).await;
    let form = approval(server, &visitor, &program).await.with("scope.integrations:write", "on");
    visitor.submit(&form).await.says(200, "Access given");
    // What comes too late is no decision.
    visitor.submit(&form).await.says(409, "cannot be decided any more");
    let denied = begin(server).await;
    visitor.submit(&enter(&visitor, &denied.user_code).await.form("/deny")).await.says(200, "Access denied");
    let events = "SELECT * FROM audit_events WHERE action LIKE 'device_login.%' ORDER BY id";
    let events = server.sql.rows(events, []).await;
    let actions: Vec<&str> = events.iter().map(|event| text(event, "action")).collect();
    assert_eq!(actions, ["device_login.approved", "device_login.denied"]);
    for event in &events {
        assert_eq!(
            (text(event, "actor_kind"), text(event, "actor_key_id")),
            ("user", user.to_string().as_str())
        );
        assert_eq!(text(event, "organization_id"), server.organization.to_string());
        assert!(text(event, "request_id").starts_with("req_"), "{event}");
    }
    let changes = text(&events[0], "changes");
    for word in ["riq on a laptop", "127.0.0.1", "integrations:write", &server.project.to_string()] {
        assert!(changes.contains(word), "{word} is not in {changes}");
    }
}

/// Who changes the organization while the page is open looks the code up again there.
async fn a_login_follows_its_person_into_another_organization(server: &Server) {
    let (other, foreign, _) = server.other_organization().await;
    let user = person(server, 1, "admin").await;
    let role = format!(
        "INSERT INTO user_roles (user_id, organization_id, source, role, set_at) \
         VALUES ('{user}', '{other}', 'claim', 'viewer', '2026-03-01T10:00:00.000000Z')"
    );
    server.sql.execute(&role, []).await;
    let visitor = signed_in_as(server, user).await;
    let program = begin(server).await;
    let before = approval(server, &visitor, &program).await;
    let choice = visitor.get("/dashboard/organizations").await.form("/organizations");
    visitor.submit(&choice.with("organization", &other.to_string())).await.leads_to("/dashboard");
    // What was decided for the other organization does not count here.
    visitor.submit(&before).await.says(409, "cannot be decided any more");
    let page = visitor.get(&format!("/device?code={}", program.user_code)).await;
    page.says(200, "Did somebody send you here?");
    let form =
        enter(&visitor, &program.user_code).await.form("/approve").with("project", &foreign.to_string());
    visitor.submit(&form).await.says(200, "Access given");
    let answer = poll(server, &program).await;
    assert_eq!(text(&answer.body, "org_id"), other.to_string());
}
