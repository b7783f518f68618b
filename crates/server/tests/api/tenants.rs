//! Projects and API keys by the API: what each key may see, make, change and grant.

use integrations_core::{
    audit::Acting,
    ids::ProjectId,
    key_request::{KeyUpdate, Rotation},
    tier::Tier,
};
use riq_server::jobs::{Erasure, Job as _};
use serde_json::{Value, json};
use time::Duration;

use crate::support::{
    Answer, Server,
    clock::START,
    eventually,
    server::{Key, unknown_key},
};

/// How long a notified change may take to arrive before a test fails.
const PATIENCE: std::time::Duration = std::time::Duration::from_secs(30);
/// The interval of polling in tests that must not depend on polling.
const NEVER: std::time::Duration = std::time::Duration::from_secs(24 * 3_600);

on_both!(
    a_project_lives_its_whole_life,
    slugs_are_unique_in_an_organization,
    an_archived_project_is_gone_until_it_is_brought_back,
    a_project_is_brought_back_on_every_replica,
    what_comes_back_is_checked_again,
    a_key_that_has_ended_is_not_revived,
    what_only_takes_away_leaves_the_end_of_a_key,
    a_key_is_narrowed_after_one_of_its_projects_is_archived,
    a_limited_key_is_unreadable_for_an_older_program,
    what_an_archived_project_holds_is_destroyed_after_its_grace,
    a_key_lives_its_whole_life,
    a_rotated_key_works_on_for_the_overlap_that_is_asked_for,
    nobody_grants_more_than_they_hold,
    a_bound_key_grants_within_its_projects_alone,
    what_a_write_key_held_before_it_holds_now,
    a_bound_key_reaches_its_projects_alone,
    a_key_whose_projects_are_gone_reaches_nothing,
    changed_rights_hold_on_every_replica,
    a_change_by_a_service_is_known_at_once,
    other_organizations_stay_out_of_reach,
    what_is_asked_for_once_is_made_once,
    what_is_wrong_with_a_body_is_said,
);

fn orgs(server: &Server, rest: &str) -> String {
    format!("/api/v1/orgs/{}/{rest}", server.organization)
}

async fn ask(server: &Server, key: &str, method: &str, rest: &str, body: Option<Value>) -> Answer {
    let call = server.call_as(key, method, &orgs(server, rest));
    match body {
        Some(body) => call.json(&body).send().await,
        None => call.send().await,
    }
}

/// Makes a key by the API, as another key.
async fn make(server: &Server, maker: &str, body: Value) -> Answer {
    ask(server, maker, "POST", "keys", Some(body)).await
}

fn text(value: &Value) -> String {
    value.as_str().unwrap().to_owned()
}

async fn made(server: &Server, maker: &str, body: Value) -> (String, String) {
    let answer = make(server, maker, body).await;
    assert_eq!(answer.status, 201, "{}", answer.body);
    (text(&answer.data()["id"]), text(&answer.data()["key"]))
}

async fn admin(server: &Server) -> Key {
    server.key_for(&["admin"]).await
}

async fn a_project_lives_its_whole_life(server: &Server) {
    let key = admin(server).await.text;
    let body = json!({"name": "Acme Support", "domain": "https://Support.Example.com/"});
    let created = ask(server, &key, "POST", "projects", Some(body)).await;
    assert_eq!(created.status, 201, "{}", created.body);
    let project = created.data().clone();
    let id = text(&project["id"]);
    assert_eq!(
        project,
        json!({
            "id": id, "org_id": server.organization.to_string(), "name": "Acme Support", "slug": "acme-support",
            "domain": "support.example.com", "return_origins": [], "branding": null, "agent_mode": "off",
            "ai_model": null,
            "created_at": "2026-03-01T10:00:00Z", "archived_at": null, "restorable_until": null,
        })
    );
    let listed = ask(server, &key, "GET", "projects", None).await;
    assert_eq!(listed.data().as_array().unwrap().len(), 2);
    assert!(listed.data().as_array().unwrap().contains(&project));
    assert_eq!(*ask(server, &key, "GET", &format!("projects/{id}"), None).await.data(), project);

    server.clock.advance(Duration::seconds(1));
    let at = format!("projects/{id}");
    let changed = ask(server, &key, "PATCH", &at, Some(json!({"name": "Acme", "domain": null}))).await;
    assert_eq!((&changed.data()["name"], &changed.data()["domain"]), (&json!("Acme"), &json!(null)));
    assert_eq!(changed.data()["slug"], "acme-support");
    let events =
        server.sql.rows("SELECT * FROM audit_events WHERE project_id = $1 ORDER BY id", [id.into()]).await;
    let actions: Vec<_> = events.iter().map(|event| text(&event["action"])).collect();
    assert_eq!(actions, ["project.created", "project.updated"]);
    // A request that changes nothing records nothing.
    ask(server, &key, "PATCH", &at, Some(json!({"name": "Acme"}))).await.data();
    let count =
        server.sql.count("SELECT COUNT(*) FROM audit_events WHERE action = 'project.updated'", []).await;
    assert_eq!(count, 1);
}

async fn slugs_are_unique_in_an_organization(server: &Server) {
    let key = admin(server).await.text;
    for expected in ["shop", "shop-2", "shop-3"] {
        let created = ask(server, &key, "POST", "projects", Some(json!({"name": "Shop"}))).await;
        assert_eq!(created.data()["slug"], expected);
    }
    let taken = ask(server, &key, "POST", "projects", Some(json!({"name": "x", "slug": "shop"}))).await;
    assert!(taken.refused(409, "CONFLICT").message().contains("slug"));
    let project = ask(server, &key, "POST", "projects", Some(json!({"name": "Other"}))).await;
    let at = format!("projects/{}", text(&project.data()["id"]));
    ask(server, &key, "PATCH", &at, Some(json!({"slug": "shop"}))).await.refused(409, "CONFLICT");
}

async fn an_archived_project_is_gone_until_it_is_brought_back(server: &Server) {
    let key = admin(server).await.text;
    server.install("slack").await;
    let at = format!("projects/{}", server.project);
    let archived = ask(server, &key, "DELETE", &at, None).await;
    assert_eq!(archived.data()["archived_at"], "2026-03-01T10:00:00Z");
    assert_eq!(archived.data()["restorable_until"], "2026-03-31T10:00:00Z");
    ask(server, &key, "DELETE", &at, None).await.data();
    server.get("").await.refused(404, "PROJECT_NOT_FOUND");
    assert_eq!(*ask(server, &key, "GET", "projects", None).await.data(), json!([]));
    ask(server, &key, "PATCH", &at, Some(json!({"name": "x"}))).await.refused(409, "CONFLICT");
    // What was remembered of the refusal is forgotten at once.
    let back = ask(server, &key, "PATCH", &at, Some(json!({"archived": false}))).await;
    assert_eq!(back.data()["archived_at"], json!(null));
    assert_eq!(server.get("").await.data()[0]["status"], "active");

    ask(server, &key, "DELETE", &at, None).await.data();
    server.clock.advance(Duration::days(30));
    ask(server, &key, "PATCH", &at, Some(json!({"archived": false}))).await.refused(409, "CONFLICT");
    ask(server, &key, "PATCH", &at, Some(json!({"archived": true}))).await.refused(400, "BAD_REQUEST");
}

async fn a_project_is_brought_back_on_every_replica(server: &Server) {
    let (key, other) = (admin(server).await.text, server.replica(|_| {}).await);
    let at = format!("projects/{}", server.project);
    ask(server, &key, "DELETE", &at, None).await.data();
    other.get("").await.refused(404, "PROJECT_NOT_FOUND");
    ask(server, &key, "PATCH", &at, Some(json!({"archived": false}))).await.data();
    eventually("the project is back on the other replica", PATIENCE, async || {
        other.get("").await.status == 200
    })
    .await;
    other.stop().await;
}

async fn what_comes_back_is_checked_again(server: &Server) {
    let key = admin(server).await.text;
    server.install("slack").await;
    let at = format!("projects/{}", server.project);
    ask(server, &key, "DELETE", &at, None).await.data();
    // What came due meanwhile is not monitored any more.
    server.sql.execute("DELETE FROM monitors", []).await;
    ask(server, &key, "PATCH", &at, Some(json!({"archived": false}))).await.data();
    assert_eq!(server.integration("slack").await["next_check_at"], "2026-03-01T10:00:00Z");
}

async fn a_key_that_has_ended_is_not_revived(server: &Server) {
    let admin = admin(server).await.text;
    let (id, old) = made(server, &admin, json!({"name": "CI", "scopes": ["read"]})).await;
    let at = format!("keys/{id}");
    let overlap = Some(json!({"overlap_seconds": 60}));
    ask(server, &admin, "POST", &format!("{at}/rotate"), overlap).await.data();
    let forever = || Some(json!({"expires_at": null}));
    ask(server, &admin, "PATCH", &at, forever()).await.refused(409, "CONFLICT");
    server.clock.advance(Duration::seconds(60));
    ask(server, &admin, "PATCH", &at, forever()).await.refused(409, "CONFLICT");
    ask(server, &admin, "PATCH", &at, Some(json!({"name": "x"}))).await.refused(409, "CONFLICT");
    server.call_as(&old, "GET", &server.at("")).send().await.refused(401, "UNAUTHORIZED");
}

async fn what_only_takes_away_leaves_the_end_of_a_key(server: &Server) {
    let admin = admin(server).await.text;
    let ending =
        json!({"name": "m", "scopes": ["keys:admin", "write"], "expires_at": "2026-03-02T10:00:00Z"});
    let (_, maker) = made(server, &admin, ending).await;
    let (id, _) = made(server, &admin, json!({"name": "CI", "scopes": ["write"]})).await;
    let patch = async |body: Value| ask(server, &maker, "PATCH", &format!("keys/{id}"), Some(body)).await;
    assert_eq!(patch(json!({"scopes": ["read"]})).await.data()["expires_at"], json!(null));
    // What it gains, it gains no longer than who gives it.
    assert_eq!(patch(json!({"scopes": ["write"]})).await.data()["expires_at"], "2026-03-02T10:00:00Z");
}

async fn a_key_is_narrowed_after_one_of_its_projects_is_archived(server: &Server) {
    let admin = admin(server).await.text;
    let other = server.other_project().await;
    let body = json!({"name": "b", "scopes": ["write"], "project_ids": [server.project, other]});
    let (id, _) = made(server, &admin, body).await;
    ask(server, &admin, "DELETE", &format!("projects/{other}"), None).await.data();
    let narrowed =
        ask(server, &admin, "PATCH", &format!("keys/{id}"), Some(json!({"scopes": ["read"]}))).await;
    assert_eq!(narrowed.data()["scopes"], json!(["read"]));
}

/// A program from before bound keys would give them the whole organization.
async fn a_limited_key_is_unreadable_for_an_older_program(server: &Server) {
    let admin = admin(server).await.text;
    let body = json!({"name": "b", "scopes": ["read"], "project_ids": [server.project]});
    let (id, _) = made(server, &admin, body).await;
    let stored = server.sql.rows("SELECT scopes FROM api_keys WHERE id = $1", [id.clone().into()]).await;
    let words = text(&stored[0]["scopes"]);
    assert!(words.split(',').any(|word| word.parse::<integrations_core::scope::Scope>().is_err()), "{words}");
    let shown = ask(server, &admin, "GET", &format!("keys/{id}"), None).await;
    assert_eq!(shown.data()["scopes"], json!(["read"]));
}

async fn what_an_archived_project_holds_is_destroyed_after_its_grace(server: &Server) {
    let key = admin(server).await.text;
    server.install("slack").await;
    let (at, secrets) = (format!("projects/{}", server.project), "SELECT COUNT(*) FROM credentials");
    let mut job =
        Erasure { store: server.store.clone(), environment: server.app.services.environment.clone() };
    ask(server, &key, "DELETE", &at, None).await.data();
    server.clock.advance(Duration::days(30) - Duration::seconds(1));
    job.round().await.unwrap();
    assert_eq!(server.sql.count(secrets, []).await, 1);
    server.clock.advance(Duration::seconds(1));
    job.round().await.unwrap();
    assert_eq!(server.sql.count(secrets, []).await, 0);
    assert_eq!(ask(server, &key, "GET", &at, None).await.data()["restorable_until"], json!(null));
    ask(server, &key, "PATCH", &at, Some(json!({"archived": false}))).await.refused(409, "CONFLICT");
    job.round().await.unwrap();
    let told = "SELECT COUNT(*) FROM audit_events WHERE action = 'project.erased' AND actor_kind = 'system'";
    assert_eq!(server.sql.count(told, []).await, 1);
}

async fn a_key_lives_its_whole_life(server: &Server) {
    let admin = admin(server).await;
    let body =
        json!({"name": "CI", "scopes": ["read", "integrations:write"], "project_ids": [server.project]});
    let created = make(server, &admin.text, body).await;
    assert_eq!(created.status, 201, "{}", created.body);
    let (id, key) = (text(&created.data()["id"]), text(&created.data()["key"]));
    let mut record = created.data().clone();
    record.as_object_mut().unwrap().remove("key");
    assert_eq!(
        record,
        json!({
            "id": id, "org_id": server.organization.to_string(), "name": "CI", "hint": &key[..8],
            "scopes": ["read", "integrations:write"], "project_ids": [server.project.to_string()],
            "tier": "enterprise", "created_by": admin.id.to_string(), "replaces": null, "user_id": null,
            "created_at": "2026-03-01T10:00:00Z", "expires_at": null, "last_used_at": null, "revoked_at": null,
        })
    );
    server.call_as(&key, "GET", &server.at("")).send().await.data();
    let at = format!("keys/{id}");
    assert_eq!(*ask(server, &admin.text, "GET", &at, None).await.data(), record);
    let listed = ask(server, &admin.text, "GET", "keys", None).await;
    assert!(listed.data().as_array().unwrap().contains(&record));
    assert!(!listed.body.to_string().contains(&key), "the key is shown once");

    server.clock.advance(Duration::seconds(1));
    let renamed = ask(server, &admin.text, "PATCH", &at, Some(json!({"name": "Nightly"}))).await;
    assert_eq!(renamed.data()["name"], "Nightly");
    server.clock.advance(Duration::seconds(1));
    for _ in 0..2 {
        let revoked = ask(server, &admin.text, "DELETE", &at, None).await;
        assert_eq!(revoked.data()["revoked_at"], "2026-03-01T10:00:02Z");
    }
    eventually("the key is refused", PATIENCE, async || {
        server.call_as(&key, "GET", &server.at("")).send().await.status == 401
    })
    .await;
    ask(server, &admin.text, "PATCH", &at, Some(json!({"name": "x"}))).await.refused(409, "CONFLICT");
    ask(server, &admin.text, "POST", &format!("{at}/rotate"), None).await.refused(409, "CONFLICT");
    let events = server
        .sql
        .rows(
            "SELECT action, actor_key_id FROM audit_events WHERE actor_key_id = $1 ORDER BY id",
            [admin.id.to_string().into()],
        )
        .await;
    let actions: Vec<_> = events.iter().map(|event| text(&event["action"])).collect();
    assert_eq!(actions, ["api_key.created", "api_key.updated", "api_key.revoked"]);
}

async fn a_rotated_key_works_on_for_the_overlap_that_is_asked_for(server: &Server) {
    let admin = admin(server).await.text;
    let (id, old) = made(server, &admin, json!({"name": "CI", "scopes": ["read"]})).await;
    let status = async |key: &str| server.call_as(key, "GET", &server.at("")).send().await.status;
    assert_eq!(status(&old).await, 200);
    let rotate = async |id: &str, body: Option<Value>| {
        ask(server, &admin, "POST", &format!("keys/{id}/rotate"), body).await
    };
    let rotated = rotate(&id, Some(json!({"overlap_seconds": 60}))).await;
    assert_eq!((rotated.status, &rotated.data()["replaces"]), (201, &json!(id)));
    assert_eq!(rotated.data()["name"], "CI");
    let (second, new) = (text(&rotated.data()["id"]), text(&rotated.data()["key"]));
    assert_eq!((status(&old).await, status(&new).await), (200, 200));
    // The end is checked at each use, however long the key stays in the cache.
    server.clock.advance(Duration::seconds(59));
    assert_eq!(status(&old).await, 200);
    server.clock.advance(Duration::seconds(1));
    eventually("the old key ends", PATIENCE, async || status(&old).await == 401).await;
    assert_eq!(status(&new).await, 200);
    let last = rotate(&second, None).await;
    eventually("the second key ends at once", PATIENCE, async || status(&new).await == 401).await;
    assert_eq!(status(&text(&last.data()["key"])).await, 200);
}

/// Every way in which a key could make a stronger one: by creating, changing, binding or rotating.
async fn nobody_grants_more_than_they_hold(server: &Server) {
    let admin = admin(server).await.text;
    let other = server.other_project().await;
    let end = START + Duration::days(1);
    let until = "2026-03-02T10:00:00Z";
    let body = json!({
        "name": "maker", "scopes": ["keys:admin", "read", "integrations:write"], "expires_at": until,
        "tier": "starter",
    });
    let (maker_id, maker) = made(server, &admin, body).await;
    for (scopes, missing) in [
        (json!(["admin"]), "admin"),
        (json!(["read", "write"]), "write"),
        (json!(["write", "read"]), "write"),
        (json!(["projects:write"]), "projects:write"),
        (json!(["integrations:admin"]), "integrations:admin"),
        (json!(["approvals:admin"]), "approvals:admin"),
    ] {
        let refused = make(server, &maker, json!({"name": "x", "scopes": scopes})).await;
        let message = refused.refused(403, "INSUFFICIENT_SCOPE").message().to_owned();
        assert!(message.contains(&format!("scope {missing} ")), "{message}");
    }
    let late = json!({"name": "x", "scopes": ["read"], "expires_at": "2026-03-02T10:00:01Z"});
    make(server, &maker, late).await.refused(403, "INSUFFICIENT_SCOPE");
    let fast = json!({"name": "x", "scopes": ["read"], "tier": "pro"});
    make(server, &maker, fast).await.refused(403, "INSUFFICIENT_SCOPE");
    // Without an end of its own, it ends with its maker.
    let (weak, _) = made(server, &maker, json!({"name": "weak", "scopes": ["read"]})).await;
    let record = ask(server, &admin, "GET", &format!("keys/{weak}"), None).await;
    assert_eq!(record.data()["expires_at"], until);

    let (strong, _) = made(server, &admin, json!({"name": "strong", "scopes": ["admin"]})).await;
    let patch =
        async |id: &str, body: Value| ask(server, &maker, "PATCH", &format!("keys/{id}"), Some(body)).await;
    for (id, body) in [
        (&weak, json!({"scopes": ["admin"]})),
        (&weak, json!({"expires_at": null, "scopes": ["write"]})),
        (&weak, json!({"tier": "enterprise"})),
        (&weak, json!({"expires_at": "2027-01-01T00:00:00Z"})),
        (&maker_id, json!({"scopes": ["keys:admin", "admin"]})),
        (&maker_id, json!({"expires_at": "2027-01-01T00:00:00Z"})),
        (&strong, json!({"project_ids": [other]})),
        (&strong, json!({"tier": "starter"})),
    ] {
        let refused = patch(id, body.clone()).await;
        assert_eq!((refused.status, refused.code()), (403, "INSUFFICIENT_SCOPE"), "{body}");
    }
    let rotated = ask(server, &maker, "POST", &format!("keys/{strong}/rotate"), None).await;
    rotated.refused(403, "INSUFFICIENT_SCOPE");
    assert_eq!(patch(&weak, json!({"expires_at": null})).await.data()["expires_at"], until);

    server.clock.advance(end - START);
    make(server, &maker, json!({"name": "x", "scopes": ["read"]})).await.refused(401, "UNAUTHORIZED");
}

async fn a_bound_key_grants_within_its_projects_alone(server: &Server) {
    let admin = admin(server).await.text;
    let other = server.other_project().await;
    let (strong, _) = made(server, &admin, json!({"name": "strong", "scopes": ["admin"]})).await;
    let bound = json!({"name": "b", "scopes": ["keys:admin", "read"], "project_ids": [server.project]});
    let (bound_id, bound) = made(server, &admin, bound).await;
    for body in [
        json!({"name": "x", "scopes": ["read"]}),
        json!({"name": "x", "scopes": ["read"], "project_ids": [other]}),
        json!({"name": "x", "scopes": ["read"], "project_ids": [server.project, other]}),
    ] {
        let refused = make(server, &bound, body.clone()).await;
        assert_eq!((refused.status, refused.code()), (403, "INSUFFICIENT_SCOPE"), "{body}");
    }
    let body = json!({"project_ids": null});
    ask(server, &bound, "PATCH", &format!("keys/{bound_id}"), Some(body))
        .await
        .refused(403, "INSUFFICIENT_SCOPE");
    ask(server, &bound, "GET", &format!("keys/{strong}"), None).await.refused(404, "RESOURCE_NOT_FOUND");
    ask(server, &bound, "DELETE", &format!("keys/{strong}"), None).await.refused(404, "RESOURCE_NOT_FOUND");
}

async fn what_a_write_key_held_before_it_holds_now(server: &Server) {
    let writer = server.key_for(&["write"]).await.text;
    make(server, &writer, json!({"name": "x", "scopes": ["read"]})).await.refused(403, "INSUFFICIENT_SCOPE");
    ask(server, &writer, "GET", "keys", None).await.data();
}

async fn a_bound_key_reaches_its_projects_alone(server: &Server) {
    let admin = admin(server).await.text;
    let other = server.other_project().await;
    let body = json!({"name": "b", "scopes": ["admin"], "project_ids": [server.project]});
    let (_, bound) = made(server, &admin, body).await;
    let get = async |project: ProjectId| {
        server.call_as(&bound, "GET", &format!("/api/v1/projects/{project}/integrations")).send().await
    };
    get(server.project).await.data();
    let refused = get(other).await;
    assert!(refused.refused(403, "API_KEY_PROJECT_MISMATCH").message().contains("bound"));
    get(ProjectId::from_bits(7)).await.refused(404, "PROJECT_NOT_FOUND");
    let listed = ask(server, &bound, "GET", "projects", None).await;
    assert_eq!(listed.data().as_array().unwrap().len(), 1);
    for method in ["GET", "DELETE", "PATCH"] {
        let body = (method == "PATCH").then(|| json!({"name": "x"}));
        let refused = ask(server, &bound, method, &format!("projects/{other}"), body).await;
        refused.refused(403, "API_KEY_PROJECT_MISMATCH");
    }
    let created = ask(server, &bound, "POST", "projects", Some(json!({"name": "x"}))).await;
    created.refused(403, "API_KEY_PROJECT_MISMATCH");
}

async fn a_key_whose_projects_are_gone_reaches_nothing(server: &Server) {
    let admin = admin(server).await.text;
    let other = server.other_project().await;
    let body = json!({"name": "b", "scopes": ["admin"], "project_ids": [server.project]});
    let (_, bound) = made(server, &admin, body).await;
    ask(server, &admin, "DELETE", &format!("projects/{}", server.project), None).await.data();
    let target = format!("/api/v1/projects/{other}/integrations");
    server.call_as(&bound, "GET", &target).send().await.refused(403, "API_KEY_PROJECT_MISMATCH");
    assert_eq!(*ask(server, &bound, "GET", "projects", None).await.data(), json!([]));
}

async fn changed_rights_hold_on_every_replica(server: &Server) {
    let (admin, replica) = (admin(server).await.text, server.replica(|_| {}).await);
    let other = server.other_project().await;
    let (id, key) = made(server, &admin, json!({"name": "a", "scopes": ["read"]})).await;
    let target = format!("/api/v1/projects/{other}/integrations");
    let status = async || replica.call_as(&key, "GET", &target).send().await.status;
    assert_eq!(status().await, 200);
    let at = format!("keys/{id}");
    ask(server, &admin, "PATCH", &at, Some(json!({"project_ids": [server.project]}))).await.data();
    eventually("the binding holds", PATIENCE, async || status().await == 403).await;
    ask(server, &admin, "PATCH", &at, Some(json!({"project_ids": null}))).await.data();
    eventually("the binding is gone", PATIENCE, async || status().await == 200).await;
    ask(server, &admin, "PATCH", &at, Some(json!({"scopes": ["audit:read"]}))).await.data();
    eventually("the scope is gone", PATIENCE, async || status().await == 403).await;
    replica.stop().await;
}

/// Whoever calls the service, a route or a page, need not tell who finds callers. The clock stands, so the cache of
/// this server stays usable, and it never asks for changes by itself.
async fn a_change_by_a_service_is_known_at_once(server: &Server) {
    let quiet = server.replica(|settings| settings.key_poll_interval = NEVER).await;
    let (admin, organization) = (admin(server).await.text, server.organization);
    let service = &quiet.app.services.keys;
    let acting = || Acting::OPERATOR;
    let status = async |key: &str| quiet.call_as(key, "GET", &quiet.at("")).send().await.status;
    for way in ["update", "rotate", "revoke"] {
        let (id, key) = made(server, &admin, json!({"name": "CI", "scopes": ["read"]})).await;
        let id = id.parse().unwrap();
        eventually("the key is in the cache", PATIENCE, async || status(&key).await == 200).await;
        match way {
            "update" => {
                let update = KeyUpdate::read(br#"{"scopes": ["audit:read"]}"#).unwrap();
                drop(service.update(organization, id, update, acting()).await.unwrap());
            }
            "rotate" => {
                let now = Rotation { overlap: std::time::Duration::ZERO };
                drop(service.rotate(organization, id, now, acting(), |_| Ok(None)).await.unwrap());
            }
            _ => drop(service.revoke(organization, id, acting()).await.unwrap()),
        }
        let refused = if way == "update" { 403 } else { 401 };
        eventually("the change is known", PATIENCE, async || status(&key).await == refused).await;
    }
    quiet.stop().await;
}

async fn other_organizations_stay_out_of_reach(server: &Server) {
    let (organization, project, _) = server.other_organization().await;
    let key = server.key_with(&["admin"], Tier::Starter, None).await.text;
    for rest in ["projects", "keys", &format!("projects/{project}")] {
        for org in [organization.to_string(), "org_x".to_owned(), "org_00000000000000000000000001".to_owned()]
        {
            let target = format!("/v1/orgs/{org}/{rest}");
            server.call_as(&key, "GET", &target).send().await.refused(403, "API_KEY_ORG_MISMATCH");
        }
    }
    let at = format!("projects/{project}");
    for method in ["GET", "PATCH", "DELETE"] {
        let body = (method == "PATCH").then(|| json!({"name": "x"}));
        ask(server, &key, method, &at, body).await.refused(403, "API_KEY_PROJECT_MISMATCH");
    }
    ask(server, &key, "GET", "projects/prj_x", None).await.refused(404, "PROJECT_NOT_FOUND");
    let foreign = json!({"name": "x", "scopes": ["read"], "project_ids": [project]});
    let refused = make(server, &key, foreign).await;
    assert_eq!(refused.refused(404, "PROJECT_NOT_FOUND").issues().len(), 1);
    ask(server, &unknown_key(), "GET", "projects", None).await.refused(401, "UNAUTHORIZED");
    server.call_without_key("GET", &orgs(server, "keys")).send().await.refused(401, "UNAUTHORIZED");
}

/// A repeat with the same `Idempotency-Key` makes nothing and shows no secret.
async fn what_is_asked_for_once_is_made_once(server: &Server) {
    let admin = admin(server).await;
    let post = async |name: &str, rest: &str, body: Value| {
        let call = server.call_as(&admin.text, "POST", &orgs(server, rest)).header("idempotency-key", name);
        call.json(&body).send().await
    };
    let counted = async |table: &str| server.sql.count(&format!("SELECT COUNT(*) FROM {table}"), []).await;
    let project = json!({"name": "Shop", "slug": "shop"});
    let key = json!({"name": "CI", "scopes": ["read"]});
    let first = post("a", "projects", project.clone()).await;
    let made = post("b", "keys", key.clone()).await;
    let rotate = format!("keys/{}/rotate", text(&made.data()["id"]));
    let rotated = post("c", &rotate, json!({})).await;
    let before = [counted("projects").await, counted("api_keys").await, counted("audit_events").await];
    for (name, rest, body, answer) in
        [("a", "projects", project, &first), ("b", "keys", key, &made), ("c", &rotate, json!({}), &rotated)]
    {
        let again = post(name, rest, body).await;
        assert_eq!((again.status, again.header("idempotent-replayed")), (201, Some("true")), "{again:?}");
        let mut expected = answer.data().clone();
        if let Some(secret) = expected.get_mut("key") {
            assert!(!again.text.contains(secret.as_str().unwrap()), "a repeat shows no secret");
            *secret = json!(null);
        }
        assert_eq!(*again.data(), expected);
        post(name, rest, json!({"name": "other", "scopes": ["read"]}))
            .await
            .refused(409, "IDEMPOTENCY_CONFLICT");
    }
    assert_eq!([counted("projects").await, counted("api_keys").await, counted("audit_events").await], before);
    // A refusal is not remembered.
    post("d", "projects", json!({"name": "x", "slug": "shop"})).await.refused(409, "CONFLICT");
    assert_eq!(post("d", "projects", json!({"name": "x", "slug": "shop-x"})).await.status, 201);
}

async fn what_is_wrong_with_a_body_is_said(server: &Server) {
    let key = admin(server).await.text;
    let refused = ask(server, &key, "POST", "projects", Some(json!({"slug": "A", "x": 1}))).await;
    assert_eq!(
        refused.refused(400, "BAD_REQUEST").issues(),
        [
            "name: Required",
            "slug: Must be 1 to 63 lower-case letters, digits and hyphens",
            "x: Unknown field"
        ]
    );
    let past = json!({"name": "x", "scopes": ["read"], "expires_at": "2026-03-01T10:00:00Z"});
    assert_eq!(make(server, &key, past).await.issues(), ["expires_at: Must be in the future"]);
    let at = format!("projects/{}", server.project);
    ask(server, &key, "PATCH", &at, Some(json!({}))).await.refused(400, "NO_UPDATES");
    server
        .call_as(&key, "POST", &orgs(server, "keys"))
        .body("application/json", "{")
        .send()
        .await
        .refused(400, "BAD_JSON");
}
