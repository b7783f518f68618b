//! Waiting for locks of PostgreSQL: who waits holds nobody up for long, and nobody waits in a circle.

use std::time::Duration as Std;

use integrations_core::{
    audit::AuditAction,
    ids::{Id, PendingInstallId},
    tier::Tier,
};
use riq_server::{
    environment::Clock as _,
    store::{NewAuditEvent, PendingInstall, PendingStatus, Tenant},
    token::TokenHash,
};
use serde_json::json;
use time::Duration;

use crate::support::{self, Backend, Server, eventually, server::Key};

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
