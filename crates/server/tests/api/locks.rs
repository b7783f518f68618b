//! Waiting for locks of PostgreSQL: who waits holds nobody up for long, and nobody waits in a circle.

use std::{collections::BTreeMap, time::Duration as Std};

use integrations_core::{
    audit::{Actor, AuditAction, Change},
    ids::{Id, OrganizationId, PendingInstallId, UserId},
    role::Role,
    tier::Tier,
};
use riq_server::{
    environment::{Clock as _, Environment},
    store::{Arrival, NewAuditEvent, PROJECT_GRACE, PendingInstall, PendingStatus, PersonRef, Tenant},
    token::TokenHash,
};
use secrecy::ExposeSecret as _;
use serde_json::{Value, json};
use time::Duration;

use crate::support::{
    self, Backend, Server,
    database::Lock,
    eventually,
    server::{Key, installation},
};

/// How long something may take before a test fails.
const PATIENCE: Std = Std::from_secs(20);

macro_rules! on_postgres {
    ($($name:ident),+ $(,)?) => {$(
        mod $name {
            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn postgres() {
                super::support::on(super::Backend::Postgres, super::$name).await;
            }
        }
    )+};
}

on_postgres!(
    a_read_that_hangs_is_given_up,
    installations_in_progress_are_locked_in_one_order,
    keys_are_locked_before_installations_in_progress,
    keys_that_change_each_other_are_both_changed,
    a_key_that_rotates_itself_twice_at_once_is_rotated_once,
    keys_are_locked_in_one_order,
    an_erasure_locks_integrations_before_what_belongs_to_them,
    an_app_keeps_the_secret_that_was_set_last,
    an_import_locks_integrations_in_one_order,
    a_person_is_locked_before_the_keys_that_act_for_them,
    whoever_changes_a_person_and_their_key_do_not_wait_in_a_circle,
    a_role_and_a_first_sign_in_at_once_are_of_one_person,
    a_webhook_is_deleted_while_it_is_told_of_a_change,
);

/// A read that waits for the database holds up those behind it, so it has a limit of its own.
async fn a_read_that_hangs_is_given_up(server: &Server) {
    server.install("slack").await;
    let lock = server.database.lock("LOCK TABLE integrations IN ACCESS EXCLUSIVE MODE").await;
    let (list, one, change) = tokio::join!(
        server.get(""),
        server.get("/slack"),
        server.patch("slack", json!({"status": "paused"})),
    );
    for answer in [list, one, change] {
        answer.refused(503, "SERVICE_UNAVAILABLE");
        assert!(answer.message().contains("database"), "the request's own limit came first: {answer:?}");
    }
    lock.release().await;
    let patience = "the database is found again";
    eventually(patience, PATIENCE, async || server.get("").await.status == 200).await;
    assert_eq!(server.get("/slack").await.data()["status"], "active");
}

/// Stores two questions about another account; the one with the larger id first.
async fn two_questions(server: &Server, key: &Key) -> [String; 2] {
    let now = server.clock.now();
    let tenant = Tenant { organization: server.organization, project: server.project };
    for number in [2_u8, 1] {
        let install = PendingInstall {
            id: Id::from_bits(number.into()),
            status: PendingStatus::Unconfirmed,
            secret: TokenHash::of(&format!("secret {number}")),
            browser: TokenHash::of("a browser"),
            tenant,
            provider: "slack".into(),
            by: key.id.into(),
            link: None,
            sealed: vec![number],
            created_at: now,
            expires_at: now + Duration::minutes(10),
        };
        server.store.create_pending_install(install).await.unwrap().unwrap();
    }
    [1_u8, 2].map(|number| PendingInstallId::from_bits(number.into()).to_string())
}

async fn is_free(server: &Server, id: &str) -> bool {
    let free = "SELECT id FROM pending_installs WHERE id = $1 FOR UPDATE SKIP LOCKED";
    server.sql.rows(free, [id.into()]).await.len() == 1
}

/// What ends several installations in progress takes them in the order of their ids, so two of them that meet at the
/// same ones do not block each other.
async fn installations_in_progress_are_locked_in_one_order(server: &Server) {
    server.install("slack").await;
    for way in ["expired", "disconnected", "revoked", "old"] {
        let key = server.key_with(&["write"], Tier::Starter, None).await;
        let [first, last] = two_questions(server, &key).await;
        let lock = format!("SELECT 1 FROM pending_installs WHERE id = '{first}' FOR UPDATE");
        let lock = server.database.lock(&lock).await;
        let now = server.clock.now();
        let ending = async {
            match way {
                "expired" => server.store.erase_expired_installs(now + Duration::hours(1)).await.unwrap(),
                "disconnected" => drop(server.delete("slack").await.data()),
                "revoked" => server.revoke(&key).await,
                _ => drop(server.store.sweep_installation(now + Duration::days(2)).await.unwrap()),
            }
        };
        let meeting = async {
            eventually("it waits for the first", PATIENCE, async || server.sql.waiting().await == 1).await;
            assert!(is_free(server, &last).await, "{way}: the last is locked before the first");
            lock.release().await;
        };
        tokio::join!(ending, meeting);
        let kept = "SELECT COUNT(*) FROM pending_installs WHERE length(sealed) > 0";
        assert_eq!(server.sql.count(kept, []).await, 0, "{way}");
        server.sql.execute("DELETE FROM pending_installs", []).await;
    }
}

/// Whoever revokes an organization locks as whoever revokes one of its keys.
async fn keys_are_locked_before_installations_in_progress(server: &Server) {
    server.install("slack").await;
    let key = server.key_with(&["write"], Tier::Starter, None).await;
    let [first, last] = two_questions(server, &key).await;
    let lock = format!("SELECT 1 FROM api_keys WHERE id = '{}' FOR UPDATE", key.id);
    let lock = server.database.lock(&lock).await;
    let event = server.event(Id::from_bits(1), "slack");
    let event = NewAuditEvent { action: AuditAction::OrganizationRevoked, integration: None, ..event };
    let revoking = async { assert!(server.store.revoke_organization(event).await.unwrap()) };
    let meeting = async {
        eventually("it waits for the key", PATIENCE, async || server.sql.waiting().await == 1).await;
        assert!(is_free(server, &first).await && is_free(server, &last).await);
        lock.release().await;
    };
    tokio::join!(revoking, meeting);
}

/// Holds these keys shared, as whoever reads their own rights does.
async fn hold<const N: usize>(server: &Server, keys: [&Key; N]) -> Lock {
    let ids = keys.map(|key| format!("'{}'", key.id));
    let lock = format!("SELECT 1 FROM api_keys WHERE id IN ({}) FOR SHARE", ids.join(", "));
    server.database.lock(&lock).await
}

/// Releases a lock when two others wait.
async fn release_for_two(server: &Server, lock: Lock) {
    eventually("the others wait", PATIENCE, async || server.sql.waiting().await >= 2).await;
    lock.release().await;
}

/// Neither waits for what the other holds, whichever way they change each other.
async fn keys_that_change_each_other_are_both_changed(server: &Server) {
    let [one, other] = [server.key_for(&["admin"]).await, server.key_for(&["admin"]).await];
    let at = |key: &Key, rest: &str| format!("/api/v1/orgs/{}/keys/{}{rest}", server.organization, key.id);
    for way in ["change", "rotate"] {
        let ask = |by: &Key, of: &Key| match way {
            "change" => server.call_as(&by.text, "PATCH", &at(of, "")).json(&json!({"name": "Ours"})),
            _ => server.call_as(&by.text, "POST", &at(of, "/rotate")).json(&json!({"overlap_seconds": 60})),
        };
        let lock = hold(server, [&one, &other]).await;
        let (first, second, ()) =
            tokio::join!(ask(&one, &other).send(), ask(&other, &one).send(), release_for_two(server, lock),);
        for answer in [first, second] {
            assert!(answer.status < 300, "{way}: {answer:?}");
        }
    }
}

async fn a_key_that_rotates_itself_twice_at_once_is_rotated_once(server: &Server) {
    let key = server.key_for(&["admin"]).await;
    let at = format!("/api/v1/orgs/{}/keys/{}/rotate", server.organization, key.id);
    let rotate = || server.call_as(&key.text, "POST", &at).send();
    let lock = hold(server, [&key]).await;
    let (first, second, ()) = tokio::join!(rotate(), rotate(), release_for_two(server, lock));
    let mut answers = [first, second];
    answers.sort_by_key(|answer| answer.status);
    assert_eq!(answers[0].data()["replaces"], json!(key.id.to_string()));
    answers[1].refused(401, "UNAUTHORIZED");
}

/// Whatever changes several keys takes them in the order of their ids.
async fn keys_are_locked_in_one_order(server: &Server) {
    let mut keys = [server.key_for(&["read"]).await, server.key_for(&["read"]).await];
    keys.sort_by_key(|key| key.id);
    let [first, last] = keys;
    // A row that is changed lies behind the others from then on, and is found after them.
    server.set_tier(&first, Tier::Pro).await;
    for way in ["used", "revoked"] {
        let lock = format!("SELECT 1 FROM api_keys WHERE id = '{}' FOR UPDATE", first.id);
        let lock = server.database.lock(&lock).await;
        let changing = async {
            if way == "used" {
                let at = server.clock.now();
                server.store.record_key_uses(&[(last.id, at), (first.id, at)].into()).await.unwrap();
            } else {
                let event = server.event(Id::from_bits(1), "slack");
                let action = AuditAction::OrganizationRevoked;
                let event = NewAuditEvent { action, integration: None, ..event };
                assert!(server.store.revoke_organization(event).await.unwrap());
            }
        };
        let meeting = async {
            eventually("it waits for the first", PATIENCE, async || server.sql.waiting().await == 1).await;
            let free = "SELECT id FROM api_keys WHERE id = $1 FOR UPDATE SKIP LOCKED";
            let free = server.sql.rows(free, [last.id.to_string().into()]).await;
            assert_eq!(free.len(), 1, "{way}: the last is locked before the first");
            lock.release().await;
        };
        tokio::join!(changing, meeting);
    }
}

/// Whoever changes an integration locks it before its monitor and its credential.
async fn an_erasure_locks_integrations_before_what_belongs_to_them(server: &Server) {
    for provider in ["slack", "stripe"] {
        server.install(provider).await;
    }
    server.revoke_project().await;
    server.clock.advance(PROJECT_GRACE);
    let lock = server.database.lock("SELECT 1 FROM integrations FOR UPDATE").await;
    let event = NewAuditEvent {
        action: AuditAction::ProjectErased,
        integration: None,
        ..server.event(Id::from_bits(1), "slack")
    };
    let erasing = async { assert!(server.store.erase_project(server.project, event).await.unwrap()) };
    let meeting = async {
        eventually("it waits for an integration", PATIENCE, async || server.sql.waiting().await == 1).await;
        for table in ["monitors", "credentials"] {
            let free = format!("SELECT integration_id FROM {table} FOR UPDATE SKIP LOCKED");
            assert_eq!(server.sql.rows(&free, []).await.len(), 2, "{table}: locked before the integrations");
        }
        lock.release().await;
    };
    tokio::join!(erasing, meeting);
    for secrets in ["SELECT COUNT(*) FROM credentials", "SELECT COUNT(*) FROM monitors"] {
        assert_eq!(server.sql.count(secrets, []).await, 0);
    }
}

/// Of two that set an app at once, the second keeps the secret that the first has just set.
async fn an_app_keeps_the_secret_that_was_set_last(server: &Server) {
    let target = format!("/api/v1/projects/{}/oauth-apps/slack", server.project);
    let put = |body: Value| server.call("PUT", &target).json(&body).send();
    put(json!({"client_id": "c", "client_secret": "SECRET-old"})).await.data();
    let lock = server.database.lock("SELECT 1 FROM oauth_apps FOR UPDATE").await;
    let waits = async |count| {
        eventually("they wait", PATIENCE, async || server.sql.waiting().await == count).await;
    };
    let second = async {
        waits(1).await;
        put(json!({"client_id": "c", "scopes": ["chat:write"]})).await
    };
    let release = async {
        waits(2).await;
        lock.release().await;
    };
    let first = put(json!({"client_id": "c", "client_secret": "SECRET-new"}));
    let (first, second, ()) = tokio::join!(first, second, release);
    assert_eq!((first.status, &second.data()["scopes"]), (200, &json!(["chat:write"])));
    let services = &server.app.services;
    let tenant = Tenant { organization: server.organization, project: server.project };
    let slack = services.catalog.get("slack").unwrap();
    let app = services.oauth_apps.find(&tenant, slack).await.unwrap().unwrap();
    assert_eq!(app.client_secret.expose_secret(), "SECRET-new");
}

/// Whatever the order of its lines.
async fn an_import_locks_integrations_in_one_order(server: &Server) {
    for provider in ["slack", "stripe"] {
        server.install(provider).await;
        server.delete(provider).await.data();
    }
    let rows = server.sql.rows("SELECT id, provider FROM integrations ORDER BY id", []).await;
    let [first, last] = [0, 1].map(|place: usize| rows[place]["provider"].as_str().unwrap());
    let lock = format!("SELECT 1 FROM integrations WHERE provider = '{first}' FOR UPDATE");
    let lock = server.database.lock(&lock).await;
    let lines = [last, first].map(|provider| installation(provider).to_string()).join("\n");
    let importing = server.import(server.project, &lines);
    let meeting = async {
        eventually("it waits for the first", PATIENCE, async || server.sql.waiting().await == 1).await;
        let free = "SELECT id FROM integrations WHERE provider = $1 FOR UPDATE SKIP LOCKED";
        let free = server.sql.rows(free, [last.into()]).await;
        assert_eq!(free.len(), 1, "the last is locked before the first");
        lock.release().await;
    };
    tokio::join!(importing, meeting);
}

async fn make_project(server: &Server, key: &Key, number: u32) -> u16 {
    let target = format!("/api/v1/orgs/{}/projects", server.organization);
    let body = json!({"name": format!("Shop {number}")});
    server.call_as(&key.text, "POST", &target).json(&body).send().await.status
}

/// A change of a person locks them and then their keys. So a key that acts for them waits for the person, while nobody
/// waits for the key.
async fn a_person_is_locked_before_the_keys_that_act_for_them(server: &Server) {
    let user = server.person(Role::Operator).await;
    let key = server.key_of(user, &["admin"]).await;
    let lock = format!("SELECT 1 FROM users WHERE id = '{user}' FOR UPDATE");
    let lock = server.database.lock(&lock).await;
    let making = async { assert_eq!(make_project(server, &key, 0).await, 201) };
    let meeting = async {
        eventually("it waits for the person", PATIENCE, async || server.sql.waiting().await == 1).await;
        let free = "SELECT id FROM api_keys WHERE id = $1 FOR UPDATE SKIP LOCKED";
        let free = server.sql.rows(free, [key.id.to_string().into()]).await;
        assert_eq!(free.len(), 1, "the key is locked before its person");
        lock.release().await;
    };
    tokio::join!(making, meeting);
}

async fn whoever_changes_a_person_and_their_key_do_not_wait_in_a_circle(server: &Server) {
    let (one, other) = (server.person(Role::Admin).await, server.person(Role::Approver).await);
    server.key_of(other, &["admin"]).await;
    let keys = [server.key_of(one, &["admin"]).await, server.key_of(one, &["admin"]).await];
    let set = async |actor: Actor, user: UserId, role: Role| {
        let (who, id) = (PersonRef::Id(user), Environment::system().id());
        server.store.set_role(&who, id, Some(role), server.role_event(actor)).await.unwrap();
    };
    set(Actor::Operator, other, Role::Admin).await;
    for round in 0..20 {
        // Both roles may create projects, so whatever comes first, all of it is done.
        let role = if round % 2 == 0 { Role::Operator } else { Role::Admin };
        let made = tokio::join!(
            make_project(server, &keys[0], round),
            make_project(server, &keys[1], round),
            set(Actor::Operator, one, role),
            make_project(server, &keys[0], round),
        );
        assert_eq!((made.0, made.1, made.3), (201, 201, 201), "round {round}");
        set(Actor::Operator, one, Role::Admin).await;
        // Two admins who change each other, one of them by a key.
        tokio::join!(
            set(Actor::User(one), other, Role::Admin),
            set(Actor::User(other), one, Role::Admin),
            set(Actor::ApiKey(keys[0].id), other, Role::Admin),
        );
    }
}

async fn a_role_and_a_first_sign_in_at_once_are_of_one_person(server: &Server) {
    const ISSUER: &str = "https://id.example";

    let roles = BTreeMap::new();
    let event = |organization: OrganizationId, action: AuditAction, changes: Vec<Change>| NewAuditEvent {
        organization,
        action,
        changes,
        ..server.role_event(Actor::System)
    };
    for number in 0..20 {
        let subject = format!("s{number}");
        let who = PersonRef::Subject { issuer: ISSUER.into(), subject: subject.clone() };
        let arrival = Arrival {
            new_id: Environment::system().id(),
            issuer: ISSUER,
            subject: &subject,
            name: None,
            email: None,
            roles: &roles,
            at: server.clock.now(),
        };
        let id = Environment::system().id();
        let (arrived, set) = tokio::join!(
            server.store.arrive(arrival, &event),
            server.store.set_role(&who, id, Some(Role::Viewer), server.role_event(Actor::Operator)),
        );
        arrived.unwrap();
        set.unwrap();
    }
    assert_eq!(server.sql.count("SELECT COUNT(*) FROM users", []).await, 20);
    assert_eq!(server.sql.count("SELECT COUNT(*) FROM user_roles", []).await, 20);
}

/// A change and the deletion of a webhook meet at a stream that has something to send. The change does not wait for the
/// deletion, which waits for it.
async fn a_webhook_is_deleted_while_it_is_told_of_a_change(server: &Server) {
    server.install("slack").await;
    for round in 0..4 {
        let body = json!({"url": "https://hooks.example/", "events": ["*"], "status": "disabled"});
        let target = server.webhooks("");
        let made = server.call("POST", &target).json(&body).send().await;
        let webhook = server.webhooks(&format!("/{}", made.data()["id"].as_str().unwrap()));
        server.patch("slack", json!({"display_name": format!("Before {round}")})).await.data();
        let lock = server.database.lock("SELECT 1 FROM webhook_streams FOR UPDATE").await;
        let waits = async |count| {
            eventually("they wait", PATIENCE, async || server.sql.waiting().await == count).await;
        };
        let change = server.patch("slack", json!({"display_name": format!("After {round}")}));
        let deletion = async {
            waits(1).await;
            server.call("DELETE", &webhook).send().await
        };
        let release = async {
            waits(2).await;
            lock.release().await;
        };
        let (change, deletion, ()) = tokio::join!(change, deletion, release);
        assert_eq!((change.status, deletion.status), (200, 200), "{change:?}, {deletion:?}");
        for left in ["webhook_streams", "webhook_deliveries"] {
            assert_eq!(server.sql.count(&format!("SELECT COUNT(*) FROM {left}"), []).await, 0, "{left}");
        }
    }
}
