//! The chain over the audit log: it grows once, whoever chains, and shows what was done to the log.

use std::{sync::Arc, time::Duration};

use integrations_core::{
    audit::{Acting, AuditAction},
    audit_chain::{FindingKind, Head},
    ids::OrganizationId,
};
use riq_server::{
    environment::Environment,
    services::audit_log::{AuditLog, ChainReport, VerifyError},
    store::{NewAuditEvent, Store},
};
use serde_json::json;

use crate::support::{Server, TestDatabase, clock::SettableClock, eventually, process::run};

on_both!(
    every_change_is_chained_by_the_server_itself,
    writers_whose_clocks_disagree_share_one_chain,
    two_servers_that_chain_ten_thousand_events_at_once_make_one_chain,
    a_cut_tail_is_found_by_what_is_left_to_compare,
    an_event_that_was_changed_or_put_in_is_found,
    a_line_that_was_moved_is_found,
    what_is_gone_before_it_was_chained_is_found,
    removing_old_events_leaves_a_chain_that_can_be_checked,
);

on_both_databases!(the_operator_verifies, the_operator_exports);

/// Checks the organization's log, with everything chained.
async fn verify(server: &Server, expected: Option<Head>) -> Result<ChainReport, VerifyError> {
    server.store.chain_waiting().await.unwrap();
    let log = AuditLog::new(server.store.clone());
    Ok(log.verify(Some(server.organization), expected).await?.pop().unwrap())
}

async fn found(server: &Server, expected: Option<Head>) -> Vec<(FindingKind, Option<u64>)> {
    let report = verify(server, expected).await.unwrap();
    report.findings.iter().map(|finding| (finding.kind, finding.number)).collect()
}

async fn head(server: &Server) -> Head {
    verify(server, None).await.unwrap().head
}

fn event(environment: &Environment, organization: OrganizationId) -> NewAuditEvent {
    NewAuditEvent::new(environment, organization, AuditAction::IntegrationProxied, Acting::SYSTEM)
}

/// Records this many events.
async fn record(server: &Server, count: usize) {
    let environment = Environment::system().with_clock(Arc::clone(&server.clock) as _);
    for _ in 0..count {
        server.clock.advance(time::Duration::seconds(1));
        server.store.record_proxied(event(&environment, server.organization)).await.unwrap();
    }
}

async fn every_change_is_chained_by_the_server_itself(server: &Server) {
    server.install("slack").await;
    server.patch("slack", json!({"status": "paused"})).await.data();
    let waiting = "SELECT COUNT(*) FROM audit_pending";
    eventually("all is chained", Duration::from_secs(20), async || server.sql.count(waiting, []).await == 0)
        .await;
    let events = server.sql.count("SELECT COUNT(*) FROM audit_events", []).await;
    assert_eq!(server.sql.count("SELECT COUNT(*) FROM audit_chain", []).await, events);
    let report = verify(server, None).await.unwrap();
    assert!(report.is_whole(), "{report:?}");
    assert_eq!((report.checked, report.head.number), (events.unsigned_abs(), events.unsigned_abs()));
}

async fn writers_whose_clocks_disagree_share_one_chain(server: &Server) {
    let ahead = Arc::new(SettableClock::default());
    ahead.set_by(time::Duration::hours(1));
    let clocks: [Arc<SettableClock>; 2] = [Arc::clone(&server.clock), ahead];
    let [behind, ahead] = clocks.map(|clock| Environment::system().with_clock(clock as _));
    for _ in 0..5 {
        // Two have the same time, too.
        for environment in [&ahead, &behind, &behind] {
            server.store.record_proxied(event(environment, server.organization)).await.unwrap();
            server.store.chain_waiting().await.unwrap();
        }
    }
    let kept = head(server).await;
    record(server, 3).await;
    assert_eq!(found(server, Some(kept)).await, []);
}

/// Stores events as a server does, all at once.
async fn record_many(server: &Server, count: u32) {
    let numbers = format!(
        "WITH RECURSIVE numbers (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM numbers WHERE n < {count}) "
    );
    let id = "'aud_many' || CAST(1000000 + n AS TEXT)";
    let organization = server.organization;
    let time = "2026-03-01T10:00:00.000000Z";
    let events = format!(
        "{numbers} INSERT INTO audit_events (id, organization_id, action, actor_kind, changes, created_at) \
         SELECT {id}, '{organization}', 'integration.proxied', 'system', '[]', '{time}' FROM numbers"
    );
    assert_eq!(server.sql.execute(&events, []).await, u64::from(count));
    let waiting = "INSERT INTO audit_pending (organization_id, event_id) \
                   SELECT organization_id, id FROM audit_events WHERE id LIKE 'aud@_many%' ESCAPE '@'";
    assert_eq!(server.sql.execute(waiting, []).await, u64::from(count));
}

async fn two_servers_that_chain_ten_thousand_events_at_once_make_one_chain(server: &Server) {
    const COUNT: u32 = 10_000;

    let other = server.replica(|_| {}).await;
    let before = head(server).await.number;
    record_many(server, COUNT).await;
    let writes = async |store: &Store| {
        let environment = Environment::system().with_clock(Arc::clone(&server.clock) as _);
        for _ in 0..50 {
            store.record_proxied(event(&environment, server.organization)).await.unwrap();
            store.chain_waiting().await.unwrap();
        }
    };
    // Beside these four, the jobs of both servers chain.
    let chained = tokio::join!(
        server.store.chain_waiting(),
        other.store.chain_waiting(),
        writes(&server.store),
        writes(&other.store),
    );
    chained.0.unwrap();
    chained.1.unwrap();
    let report = verify(server, None).await.unwrap();
    assert!(report.is_whole(), "{report:?}");
    assert_eq!(report.head.number, before + u64::from(COUNT) + 100);
    assert_eq!(report.checked, report.head.number);
    other.stop().await;
}

async fn a_cut_tail_is_found_by_what_is_left_to_compare(server: &Server) {
    record(server, 10).await;
    let kept = head(server).await;
    let last = kept.number;
    assert_eq!(found(server, Some(kept)).await, []);
    let tail = format!("organization_id = '{}' AND number > {}", server.organization, last - 5);

    // The five last events are removed, of the log alone.
    let events =
        format!("DELETE FROM audit_events WHERE id IN (SELECT event_id FROM audit_chain WHERE {tail})");
    assert_eq!(server.sql.execute(&events, []).await, 5);
    let missing: Vec<_> = (last - 4..=last).map(|number| (FindingKind::Missing, Some(number))).collect();
    assert_eq!(found(server, None).await, missing);
    // Of the chain too, so that only its head tells.
    assert_eq!(server.sql.execute(&format!("DELETE FROM audit_chain WHERE {tail}"), []).await, 5);
    assert_eq!(found(server, None).await, [(FindingKind::CutTail, Some(last - 4))]);
    // The head is set back too, so that only the one that was kept tells.
    let set_back = format!(
        "UPDATE audit_chain_heads SET number = {0}, hash = (SELECT hash FROM audit_chain c WHERE c.number = {0} AND \
         c.organization_id = audit_chain_heads.organization_id) WHERE organization_id = '{1}'",
        last - 5,
        server.organization
    );
    server.sql.execute(&set_back, []).await;
    assert_eq!(found(server, None).await, []);
    assert_eq!(found(server, Some(kept)).await, [(FindingKind::CutTail, Some(last - 4))]);
    // The chain goes on from there: the head that was kept is not in it.
    record(server, 7).await;
    assert_eq!(found(server, None).await, []);
    assert_eq!(found(server, Some(kept)).await, [(FindingKind::Fork, Some(last))]);
}

async fn an_event_that_was_changed_or_put_in_is_found(server: &Server) {
    record(server, 5).await;
    let third = head(server).await.number - 2;
    let changed = format!(
        "UPDATE audit_events SET actor_kind = 'operator' WHERE id = \
         (SELECT event_id FROM audit_chain WHERE number = {third} AND organization_id = '{}')",
        server.organization
    );
    assert_eq!(server.sql.execute(&changed, []).await, 1);
    let report = verify(server, None).await.unwrap();
    let findings: Vec<String> = report.findings.iter().map(ToString::to_string).collect();
    let what = "was changed in the log (actor_kind); its line still says what was recorded";
    assert_eq!(findings.len(), 1, "{findings:?}");
    assert!(findings[0].starts_with(&format!("changed: number {third}: event aud_")), "{findings:?}");
    assert!(findings[0].ends_with(what), "{findings:?}");
    server.sql.execute(&changed.replace("'operator'", "'system'"), []).await;
    assert_eq!(found(server, None).await, []);

    let inserted = "INSERT INTO audit_events (id, organization_id, action, actor_kind, changes, created_at) \
                    SELECT 'aud_7' || substr(id, 6), organization_id, action, actor_kind, changes, created_at \
                    FROM audit_events WHERE organization_id = $1 AND action = 'integration.proxied' LIMIT 1";
    assert_eq!(server.sql.execute(inserted, [server.organization.to_string().into()]).await, 1);
    assert_eq!(found(server, None).await, [(FindingKind::Inserted, None)]);
}

async fn a_line_that_was_moved_is_found(server: &Server) {
    record(server, 6).await;
    let last = head(server).await.number;
    let of = format!("organization_id = '{}'", server.organization);
    let gap = format!("DELETE FROM audit_chain WHERE {of} AND number = {}", last - 3);
    assert_eq!(server.sql.execute(&gap, []).await, 1);
    let moved = format!("UPDATE audit_chain SET number = {} WHERE {of} AND number = {}", last - 3, last - 2);
    assert_eq!(server.sql.execute(&moved, []).await, 1);
    let found_ones = found(server, None).await;
    assert_eq!(
        found_ones,
        [
            (FindingKind::Renumbered, Some(last - 3)),
            (FindingKind::Missing, Some(last - 2)),
            // The event of the line that was removed is in no chain any more.
            (FindingKind::Inserted, None),
        ]
    );
}

async fn what_is_gone_before_it_was_chained_is_found(server: &Server) {
    record(server, 1).await;
    head(server).await;
    let waits = "INSERT INTO audit_pending (organization_id, event_id) VALUES ($1, 'aud_gone')";
    server.sql.execute(waits, [server.organization.to_string().into()]).await;
    record(server, 2).await;
    let report = verify(server, None).await.unwrap();
    assert_eq!(report.findings.len(), 1, "{report:?}");
    assert_eq!(
        report.findings[0].message,
        "event aud_gone waits to be chained, but is not in the log any more: it was removed"
    );
    server.sql.execute("DELETE FROM audit_pending", []).await;
}

async fn removing_old_events_leaves_a_chain_that_can_be_checked(server: &Server) {
    record(server, 10).await;
    let old = head(server).await;
    server.clock.advance(time::Duration::days(10));
    record(server, 3).await;
    let kept = head(server).await;
    let environment = Environment::system().with_clock(Arc::clone(&server.clock) as _);
    let before = riq_server::environment::Clock::now(&*server.clock) - time::Duration::days(1);
    for _ in 0..2 {
        let mut pruning = server.store.prune_audit(before, 4);
        let pruned = |organization| NewAuditEvent {
            action: AuditAction::AuditPruned,
            ..event(&environment, organization)
        };
        while pruning.step(pruned).await.unwrap().is_some() {}
        let report = verify(server, Some(kept)).await.unwrap();
        assert!(report.is_whole(), "{report:?}");
        assert_eq!(report.removed_to, old.number);
        // Those that stay, and the one that says that others went.
        assert_eq!(report.checked, 4);
    }
    let too_old = verify(server, Some(Head { number: 2, ..old })).await.unwrap_err();
    assert!(too_old.to_string().contains("cannot be compared: keep a later one"), "{too_old}");
    assert_eq!(found(server, Some(old)).await, []);
    // Whoever removes more says nothing of it.
    let of = format!("organization_id = '{}' AND number = {}", server.organization, old.number + 1);
    let events = format!("DELETE FROM audit_events WHERE id = (SELECT event_id FROM audit_chain WHERE {of})");
    server.sql.execute(&events, []).await;
    let begins = format!(
        "UPDATE audit_chain_heads SET begins_after_number = {}, begins_after_hash = \
         (SELECT hash FROM audit_chain WHERE {of}) WHERE organization_id = '{}'",
        old.number + 1,
        server.organization
    );
    server.sql.execute(&begins, []).await;
    server.sql.execute(&format!("DELETE FROM audit_chain WHERE {of}"), []).await;
    assert_eq!(found(server, None).await, [(FindingKind::CutBeginning, Some(old.number + 1))]);
}

/// An organization with two projects, made by the operator.
async fn organization(environment: &[(&str, &str)]) -> String {
    assert!(run(&["migrate"], environment).await.success);
    let org = run(&["admin", "org", "create", "--name", "Acme", "--json"], environment).await.json();
    let org = org["id"].as_str().unwrap().to_owned();
    for name in ["One", "Two"] {
        let project = ["admin", "project", "create", "--org", &org, "--name", name];
        run(&project, environment).await.stdout_of_success();
    }
    org
}

async fn the_operator_verifies(database: &TestDatabase) {
    let environment = [("DATABASE_URL", database.url.as_str())];
    let org = organization(&environment).await;
    let org = org.as_str();
    let admin =
        async |arguments: &[&str]| run(&[&["admin", "audit"], arguments].concat(), &environment).await;

    let head = admin(&["head", "--json"]).await.json();
    let head = head[0]["head"].as_str().unwrap();
    assert!(head.starts_with("3:"), "{head}");
    let whole = admin(&["verify", "--organization", org, "--expect-head", head]).await;
    assert_eq!(whole.stdout_of_success(), format!("{org}: whole. 3 events checked; head {head}\n"));
    let other_head = format!("9{}", &head[1..]);
    let cut = admin(&["verify", "--organization", org, "--expect-head", &other_head]).await;
    assert!(cut.stdout.contains("  cut_tail: the end of the chain was cut off: numbers 4 to 9"), "{cut:?}");
    cut.failed_with("1 audit log of an organization is not what was recorded");
    assert_eq!(cut.status, Some(3));
    admin(&["verify", "--expect-head", head]).await.failed_with("--organization");
    admin(&["verify", "--organization", org, "--expect-head", "3"]).await.failed_with("expected NUMBER:HASH");
}

async fn the_operator_exports(database: &TestDatabase) {
    let environment = [("DATABASE_URL", database.url.as_str())];
    let org = organization(&environment).await;
    let org = org.as_str();
    let admin =
        async |arguments: &[&str]| run(&[&["admin", "audit"], arguments].concat(), &environment).await;
    let head = admin(&["head", "--json"]).await.json();
    let head = head[0]["head"].as_str().unwrap();
    let lines = admin(&["export", "--organization", org]).await;
    let lines: Vec<&str> = lines.stdout_of_success().lines().collect();
    assert_eq!(lines.len(), 3);
    assert!(lines[2].ends_with(&format!(",\"hash\":\"{}\"}}", &head[2..])), "{}", lines[2]);
    let file = database.path("audit.csv");
    let file = file.to_str().unwrap();
    let written = admin(&["export", "--organization", org, "--format", "csv", "--output", file]).await;
    assert_eq!(written.stdout_of_success(), format!("Exported 3 events to {file}\n"));
    let csv = std::fs::read_to_string(file).unwrap();
    assert_eq!(csv.lines().count(), 4, "{csv}");
    assert!(csv.starts_with("\"number\",\"id\","), "{csv}");
    let mode = std::os::unix::fs::PermissionsExt::mode(&std::fs::metadata(file).unwrap().permissions());
    assert_eq!(mode & 0o777, 0o600);
    let some = admin(&[
        "export",
        "--organization",
        org,
        "--action",
        "project.created",
        "--since",
        "2026-01-01T00:00:00Z",
    ])
    .await;
    assert_eq!(some.stdout_of_success().lines().count(), 2);
    let none = admin(&["export", "--organization", org, "--until", "2026-01-01T00:00:00Z"]).await;
    assert_eq!(none.stdout_of_success(), "");
    admin(&["export"]).await.failed_with("--organization");
    admin(&["export", "--organization", org, "--since", "yesterday"])
        .await
        .failed_with("expected a time as RFC 3339");
    let elsewhere = database.path("none/audit.csv");
    admin(&["export", "--organization", org, "--output", elsewhere.to_str().unwrap()])
        .await
        .failed_with("cannot write");
    let parts = std::fs::read_dir(std::path::Path::new(file).parent().unwrap()).unwrap();
    assert!(parts.flatten().all(|entry| !entry.file_name().to_string_lossy().ends_with(".unfinished")));
}
