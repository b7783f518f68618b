//! Runs of actions as they are stored: limits over time, ends, what is abandoned, and what is removed.

mod retention;

use std::collections::HashSet;

use integrations_core::{
    action::{DeniedBy, RunStatus},
    audit::AuditAction,
    catalog::ActionKind,
    error::ErrorCode,
    ids::{ApprovalId, IntegrationId, LeaseId, ProjectId, RunId},
};
use migrations::{Migrator, MigratorTrait as _};
use riq_server::{
    jobs::{ActionRuns, Job as _},
    store::{
        BeginRunError, Begun, Denied, EarlierCalls, Loaded, LookEnd, NewAuditEvent, NewRun, PROJECT_GRACE,
        ReadError, Reservation, RunEnd, RunFailure, RunFilter, RunRow, Sealed, Start, Store, Tenant,
        TotalQuery,
    },
    vault::{Purpose, Vault},
};
use secrecy::ExposeSecret as _;
use serde_json::json;
use time::{Duration, OffsetDateTime};
use tokio::task::JoinSet;

use crate::support::{
    Server, TestDatabase,
    process::run as run_program,
    server::{ENCRYPTION_KEYS, installation},
};

on_both!(
    a_run_is_stored_as_it_begins,
    what_is_refused_or_not_installed_leaves_nothing,
    two_calls_at_once_never_pass_a_limit_together,
    a_total_counts_its_own_subject_currency_and_window,
    an_end_is_stored_once,
    what_was_not_done_gives_its_reservations_back,
    what_is_abandoned_becomes_unknown_once,
    one_looks_and_a_late_answer_is_worth_more,
    a_run_is_shown_to_its_own_tenant,
    runs_come_in_pages,
    an_erased_project_has_no_runs,
    a_request_is_sealed_for_its_run_and_sealed_anew,
);
on_both_databases!(the_tables_go_and_come_back);

const LIMIT: i64 = 100;

fn tenant(server: &Server) -> Tenant {
    Tenant { organization: server.organization, project: server.project }
}

/// A call of Stripe's refund, now.
fn call(server: &Server) -> NewRun {
    let environment = &server.app.services.environment;
    NewRun {
        id: environment.id(),
        provider: "stripe".parse().unwrap(),
        action: "issue_refund".into(),
        kind: ActionKind::Destructive,
        definition: [1; 32],
        actor: server.key.id.into(),
        request_id: Some("req_1".into()),
        context: Some(r#"{"reason":"It came broken"}"#.into()),
        input: r#"{"charge":"ch_1"}"#.into(),
        input_hash: [2; 32],
        evidence: "{}".into(),
        sealed_request: None,
        look_after: None,
        created_at: environment.now(),
        repeats_since: None,
    }
}

fn sending(server: &Server) -> (LeaseId, Start) {
    let attempt = server.app.services.environment.id();
    (attempt, Start::Sending { attempt, until: server.app.services.environment.now() + Duration::minutes(1) })
}

fn begun(start: Start, reservations: Vec<Reservation>) -> Begun {
    Begun { start, reasons: None, reservations, remembered: None, event: None }
}

fn amount_of(subject: &str, amount: i64) -> Reservation {
    Reservation { total: "sum".into(), subject: subject.into(), currency: Some("USD".into()), amount }
}

fn total_of(subject: &str, since: OffsetDateTime) -> TotalQuery {
    TotalQuery { total: "sum".into(), subject: subject.into(), currency: Some("USD".into()), since }
}

/// Stores a run that is being sent, and returns its attempt.
async fn send(server: &Server, run: NewRun, reservations: Vec<Reservation>) -> LeaseId {
    let (attempt, start) = sending(server);
    let begun = |_: &_, _: EarlierCalls| Ok::<_, ()>(begun(start, reservations));
    let row = server.store.begin_run(&tenant(server), run, &[], begun).await.unwrap();
    assert_eq!(row.status, "sending");
    attempt
}

/// What is reserved for a subject, in USD, since ever.
async fn reserved(server: &Server, subject: &str) -> i64 {
    let mut reserved = None;
    let total = total_of(subject, OffsetDateTime::UNIX_EPOCH);
    let look = |_: &_, earlier: EarlierCalls| {
        reserved = Some(earlier.totals[0].reserved);
        Err(())
    };
    let looked = server.store.begin_run(&tenant(server), call(server), &[total], look).await;
    assert!(matches!(looked, Err(BeginRunError::Refused(()))), "{looked:?}");
    reserved.unwrap()
}

fn end(server: &Server, status: RunStatus) -> RunEnd {
    let at = server.app.services.environment.now();
    RunEnd { status, provider_status: Some(200), result: None, error: None, at }
}

async fn stored(server: &Server, id: RunId) -> RunRow {
    server.store.run(&tenant(server), id).await.unwrap().unwrap()
}

async fn count(server: &Server, table: &str) -> i64 {
    server.sql.count(&format!("SELECT COUNT(*) FROM {table}"), []).await
}

async fn a_run_is_stored_as_it_begins(server: &Server) {
    server.install("stripe").await;
    let now = server.app.services.environment.now();
    let approval = ApprovalId::from_bits(7);
    let error = RunFailure { code: ErrorCode::ActionLimitExceeded, message: "Too much".into() };
    for start in
        [sending(server).1, Start::PendingApproval { approval }, Start::Denied { by: DeniedBy::Guard, error }]
    {
        let run = call(server);
        let (id, is_denied) = (run.id, matches!(start, Start::Denied { .. }));
        let begun = Begun { reasons: Some("[]".into()), ..begun(start.clone(), vec![amount_of("ch_1", 5)]) };
        let decide = |loaded: &Loaded, earlier: EarlierCalls| {
            assert_eq!((loaded.integration.provider.as_str(), earlier.totals.len()), ("stripe", 0));
            Ok::<_, ()>(begun)
        };
        let row = server.store.begin_run(&tenant(server), run, &[], decide).await.unwrap();
        assert_eq!(row, stored(server, id).await);
        assert_eq!((row.provider.as_str(), row.action.as_str()), ("stripe", "issue_refund"));
        assert_eq!((row.kind.as_str(), row.principal), ("destructive", server.key.id.to_string()));
        assert_eq!((row.input.as_str(), row.created_at), (r#"{"charge":"ch_1"}"#, now));
        let reserved = "SELECT COUNT(*) FROM action_reservations WHERE run_id = $1";
        assert_eq!(server.sql.count(reserved, [id.to_string().into()]).await, i64::from(!is_denied));
        match start {
            Start::Sending { .. } => assert_eq!((row.status.as_str(), row.sent_at), ("sending", Some(now))),
            Start::PendingApproval { .. } => {
                assert_eq!((row.status.as_str(), row.sent_at), ("pending_approval", None));
                assert_eq!(
                    (row.approval_id, row.approval_expires_at),
                    (Some(approval.to_string()), Some(now + Duration::hours(24)))
                );
            }
            Start::Waiting(_) => unreachable!("nothing waits before"),
            Start::Denied { .. } => {
                assert_eq!((row.status.as_str(), row.finished_at), ("denied", Some(now)));
                assert_eq!(row.denied_by.as_deref(), Some("guard"));
                assert_eq!(row.error_code.as_deref(), Some("ACTION_LIMIT_EXCEEDED"));
            }
        }
    }
}

async fn what_is_refused_or_not_installed_leaves_nothing(server: &Server) {
    let sent = |_: &_, _: EarlierCalls| Ok::<_, ()>(begun(sending(server).1, Vec::new()));
    let missing = server.store.begin_run(&tenant(server), call(server), &[], sent).await;
    assert!(matches!(missing, Err(BeginRunError::NotInstalled)), "{missing:?}");
    server.install("stripe").await;
    let refused = server.store.begin_run(&tenant(server), call(server), &[], |_, _| Err("no")).await;
    assert!(matches!(refused, Err(BeginRunError::Refused("no"))), "{refused:?}");
    let (organization, project, _) = server.other_organization().await;
    for (tenant, denied) in [
        (Tenant { organization, project: server.project }, Denied::ForeignProject),
        (Tenant { organization, project: ProjectId::from_bits(1) }, Denied::NoSuchProject),
    ] {
        let foreign = server.store.begin_run(&tenant, call(server), &[], sent).await;
        assert!(matches!(foreign, Err(BeginRunError::Read(ReadError::Denied(as_is))) if as_is == denied));
    }
    let elsewhere = server.store.begin_run(&Tenant { organization, project }, call(server), &[], sent).await;
    assert!(matches!(elsewhere, Err(BeginRunError::NotInstalled)));
    // A run and its event are stored together.
    let id = server.store.load(&tenant(server), "stripe").await.unwrap().unwrap().integration.id;
    let twice = server.event(id, "stripe");
    let with_event =
        || Ok::<_, ()>(Begun { event: Some(twice.clone()), ..begun(sending(server).1, Vec::new()) });
    server.store.begin_run(&tenant(server), call(server), &[], |_, _| with_event()).await.unwrap();
    let taken = server.store.begin_run(&tenant(server), call(server), &[], |_, _| with_event()).await;
    assert!(matches!(taken, Err(BeginRunError::Store(_))), "{taken:?}");
    assert_eq!(count(server, "action_runs").await, 1);
}

/// Calls that are decided on at the same time, by two servers.
async fn two_calls_at_once_never_pass_a_limit_together(server: &Server) {
    server.install("stripe").await;
    let other = Store::connect(&server.database.url.parse().unwrap(), 8).await.unwrap();
    for round in 0..5 {
        let subject = format!("ch_{round}");
        let mut calls = JoinSet::new();
        for number in 0..16 {
            let store = if number % 2 == 0 { server.store.clone() } else { other.clone() };
            let (tenant, run, start) = (tenant(server), call(server), sending(server).1);
            let (total, more) = (total_of(&subject, OffsetDateTime::UNIX_EPOCH), amount_of(&subject, 30));
            calls.spawn(async move {
                let decide = |_: &_, earlier: EarlierCalls| {
                    if earlier.totals[0].reserved + more.amount > LIMIT {
                        Err(())
                    } else {
                        Ok(begun(start, vec![more]))
                    }
                };
                match store.begin_run(&tenant, run, &[total], decide).await {
                    Ok(_) => true,
                    Err(BeginRunError::Refused(())) => false,
                    Err(error) => panic!("{error:?}"),
                }
            });
        }
        let begun = calls.join_all().await.into_iter().filter(|begun| *begun).count();
        assert_eq!((begun, reserved(server, &subject).await), (3, 90), "round {round}");
    }
    other.close().await;
}

async fn a_total_counts_its_own_subject_currency_and_window(server: &Server) {
    server.install("stripe").await;
    let early = server.app.services.environment.now();
    send(server, call(server), vec![amount_of("ch_1", 5)]).await;
    server.clock.advance(Duration::hours(1));
    let late = server.app.services.environment.now();
    let euros = Reservation { currency: Some("EUR".into()), ..amount_of("ch_1", 1_000) };
    let counted = Reservation { total: "count".into(), currency: None, ..amount_of("ch_1", 1) };
    send(server, call(server), vec![euros, counted]).await;
    send(server, call(server), vec![amount_of("ch_2", 2_000)]).await;
    send(server, call(server), vec![amount_of("ch_1", 70)]).await;
    let another = NewRun { action: "cancel_subscription".into(), ..call(server) };
    send(server, another, vec![amount_of("ch_1", 4_000)]).await;
    let number = |currency| TotalQuery { total: "count".into(), currency, ..total_of("ch_1", early) };
    let totals = [
        total_of("ch_1", early - Duration::microseconds(1)),
        total_of("ch_1", early),
        total_of("ch_1", late),
        total_of("ch_3", early),
        number(None),
        number(Some("USD".into())),
    ];
    let look = |_: &_, earlier: EarlierCalls| Err(earlier.totals);
    let looked = server.store.begin_run(&tenant(server), call(server), &totals, look).await;
    let Err(BeginRunError::Refused(totals)) = looked else { panic!("{looked:?}") };
    assert_eq!(totals.iter().map(|total| total.reserved).collect::<Vec<_>>(), [75, 70, 0, 0, 1, 0]);
    for amount in [i64::MAX, i64::MAX, 1] {
        send(server, call(server), vec![amount_of("ch_big", amount)]).await;
        assert_eq!(reserved(server, "ch_big").await, i64::MAX);
    }
    send(server, call(server), vec![amount_of("ch_9", (1 << 53) + 1)]).await;
    assert_eq!(reserved(server, "ch_9").await, (1 << 53) + 1, "amounts are exact");
}

async fn an_end_is_stored_once(server: &Server) {
    server.install("stripe").await;
    let integration = server.store.load(&tenant(server), "stripe").await.unwrap().unwrap().integration.id;
    let run = call(server);
    let id = run.id;
    let attempt = send(server, run, Vec::new()).await;
    server.clock.advance(Duration::seconds(2));
    let event = || {
        let event = server.event(integration, "stripe");
        Some(NewAuditEvent { action: AuditAction::IntegrationActionExecuted, ..event })
    };
    let done = RunEnd { result: Some(r#"{"id":"re_1"}"#.into()), ..end(server, RunStatus::Succeeded) };
    let error = RunFailure { code: ErrorCode::ProviderRefused, message: "No such charge".into() };
    let failed = RunEnd { error: Some(error), ..end(server, RunStatus::Failed) };
    let other = LeaseId::from_bits(1);
    assert!(!server.store.finish_run(id, other, done.clone(), event()).await.unwrap());
    let (one, two) = tokio::join!(
        server.store.finish_run(id, attempt, done.clone(), event()),
        server.store.finish_run(id, attempt, failed, event()),
    );
    assert_eq!(usize::from(one.unwrap()) + usize::from(two.unwrap()), 1);
    assert!(!server.store.finish_run(id, attempt, done, event()).await.unwrap());
    let row = stored(server, id).await;
    assert!(["succeeded", "failed"].contains(&row.status.as_str()), "{row:?}");
    assert_eq!(row.result.is_some(), row.status == "succeeded");
    assert_eq!(row.error_code.is_some(), row.status == "failed");
    assert_eq!(
        (row.provider_status, row.finished_at),
        (Some(200), Some(row.created_at + Duration::seconds(2)))
    );
    let told = "SELECT COUNT(*) FROM audit_events WHERE action = 'integration.action.executed'";
    assert_eq!(server.sql.count(told, []).await, 1);
}

async fn what_was_not_done_gives_its_reservations_back(server: &Server) {
    server.install("stripe").await;
    for (subject, ends, left) in [
        ("a", &[RunStatus::Failed][..], 0),
        ("b", &[RunStatus::Unknown], 5),
        ("c", &[RunStatus::Unknown, RunStatus::Failed], 0),
        ("d", &[RunStatus::Unknown, RunStatus::Succeeded], 5),
        ("e", &[RunStatus::Accepted], 5),
    ] {
        let run = call(server);
        let id = run.id;
        let attempt = send(server, run, vec![amount_of(subject, 5)]).await;
        for status in ends {
            assert!(server.store.finish_run(id, attempt, end(server, *status), None).await.unwrap());
            assert_eq!(stored(server, id).await.status, status.as_str());
        }
        let again = server.store.finish_run(id, attempt, end(server, RunStatus::Unknown), None).await;
        assert!(!again.unwrap(), "{subject}: what has ended stays");
        assert_eq!(reserved(server, subject).await, left, "{subject}");
    }
}

async fn what_is_abandoned_becomes_unknown_once(server: &Server) {
    server.install("stripe").await;
    let environment = server.app.services.environment.clone();
    let other = Store::connect(&server.database.url.parse().unwrap(), 8).await.unwrap();
    let run = call(server);
    let first = run.id;
    let attempt = send(server, run, vec![amount_of("ch_1", 5)]).await;
    for _ in 0..20 {
        send(server, call(server), Vec::new()).await;
    }
    let reads = NewRun { kind: ActionKind::ReadOnly, ..call(server) };
    send(server, reads, Vec::new()).await;
    let unknown =
        "SELECT COUNT(*) FROM action_runs WHERE status = 'unknown' AND error_code = 'OUTCOME_UNKNOWN'";
    let mut jobs = [&server.store, &other]
        .map(|store| ActionRuns { store: store.clone(), environment: environment.clone() });
    server.clock.advance(Duration::seconds(59));
    jobs[0].round().await.unwrap();
    assert_eq!(server.sql.count(unknown, []).await, 0);
    server.clock.advance(Duration::seconds(1));
    let [one, two] = &mut jobs;
    let (one, two) = tokio::join!(one.round(), two.round());
    one.unwrap();
    two.unwrap();
    assert_eq!(server.sql.count(unknown, []).await, 22);
    let events =
        server.sql.rows("SELECT * FROM audit_events WHERE action = 'integration.action.executed'", []).await;
    let told: HashSet<&str> = events.iter().map(|event| event["changes"].as_str().unwrap()).collect();
    assert_eq!((events.len(), told.len()), (21, 21), "one for each that changes something");
    assert_eq!(events[0]["actor_key_id"], server.key.id.to_string());
    let first_one =
        events.iter().find(|event| event["changes"].as_str().unwrap().contains(&first.to_string()));
    let changes: serde_json::Value =
        serde_json::from_str(first_one.unwrap()["changes"].as_str().unwrap()).unwrap();
    assert_eq!(changes[2], json!({"path": "status", "from": "sending", "to": "unknown"}));
    assert_eq!(changes[3], json!({"path": "context.reason", "from": null, "to": "It came broken"}));
    // It may have been done, so it counts until the late answer says that it was not.
    assert_eq!(reserved(server, "ch_1").await, 5);
    assert!(server.store.finish_run(first, attempt, end(server, RunStatus::Failed), None).await.unwrap());
    assert_eq!((stored(server, first).await.error_code, reserved(server, "ch_1").await), (None, 0));
    other.close().await;
}

async fn one_looks_and_a_late_answer_is_worth_more(server: &Server) {
    server.install("stripe").await;
    let other = Store::connect(&server.database.url.parse().unwrap(), 8).await.unwrap();
    let sealed_request = Some(vec![2]);
    let run = NewRun { look_after: Some(20), sealed_request, ..call(server) };
    let id = run.id;
    let attempt = send(server, run, vec![amount_of("ch_1", 5)]).await;
    let now = server.app.services.environment.now();
    let (due, until) = (now + Duration::seconds(20), now + Duration::minutes(2));
    let claim = |store: &Store| {
        let store = store.clone();
        async move { store.claim_look(id, due, until).await.unwrap() }
    };
    assert!(claim(&other).await.is_none(), "it is still being sent");
    assert!(server.store.finish_run(id, attempt, end(server, RunStatus::Unknown), None).await.unwrap());
    assert!(server.store.claim_due_looks(due - Duration::seconds(1), until, 9).await.unwrap().is_empty());
    let (one, two) = tokio::join!(claim(&server.store), claim(&other));
    let claims: Vec<_> = one.into_iter().chain(two).collect();
    assert_eq!(claims.len(), 1);
    assert!(claim(&other).await.is_none(), "somebody looks");
    // Whoever looks dies or is late, and another takes over.
    let later = until + Duration::minutes(2);
    let taken_over = other.claim_due_looks(until, later, 9).await.unwrap();
    assert_eq!(taken_over.len(), 1);
    let failed = || LookEnd::Found(end(server, RunStatus::Failed).into(), None);
    assert!(!server.store.end_look(&claims[0], failed()).await.unwrap());
    let again = LookEnd::Again { at: due, absences: 1 };
    assert!(server.store.end_look(&taken_over[0], again).await.unwrap());
    let last = claim(&other).await.unwrap();
    assert_eq!(last.absences, 1);
    // The answer of the attempt comes late, and is proof.
    assert!(server.store.finish_run(id, attempt, end(server, RunStatus::Succeeded), None).await.unwrap());
    for end in [failed(), LookEnd::Again { at: due, absences: 2 }, LookEnd::GivenUp] {
        assert!(!server.store.end_look(&last, end).await.unwrap());
    }
    assert_eq!((stored(server, id).await.status.as_str(), reserved(server, "ch_1").await), ("succeeded", 5));
    assert!(server.store.claim_due_looks(later, later, 9).await.unwrap().is_empty());
    other.close().await;
}

async fn a_run_is_shown_to_its_own_tenant(server: &Server) {
    server.install("stripe").await;
    let run = call(server);
    let id = run.id;
    send(server, run, Vec::new()).await;
    let (organization, project, _) = server.other_organization().await;
    let neighbour = Tenant { project: server.other_project().await, ..tenant(server) };
    for other in [Tenant { organization, project }, neighbour] {
        assert_eq!(server.store.run(&other, id).await.unwrap(), None);
        assert_eq!(server.store.run(&other, RunId::from_bits(1)).await.unwrap(), None);
        assert!(server.store.runs(&other, &RunFilter::default(), 10).await.unwrap().is_empty());
    }
    let foreign = Tenant { organization, project: server.project };
    let denied = server.store.run(&foreign, id).await.unwrap_err();
    assert!(matches!(denied, ReadError::Denied(Denied::ForeignProject)), "{denied:?}");
    let denied = server.store.runs(&foreign, &RunFilter::default(), 10).await.unwrap_err();
    assert!(matches!(denied, ReadError::Denied(Denied::ForeignProject)), "{denied:?}");
}

async fn runs_come_in_pages(server: &Server) {
    server.install("stripe").await;
    server.install("slack").await;
    let mut ids = Vec::new();
    for (provider, action) in
        [("stripe", "a"), ("slack", "a"), ("stripe", "b"), ("stripe", "a"), ("slack", "b")]
    {
        server.clock.advance(Duration::seconds(1));
        let run = NewRun { provider: provider.parse().unwrap(), action: action.into(), ..call(server) };
        ids.push(run.id);
        let attempt = send(server, run, Vec::new()).await;
        if action == "b" {
            let done = end(server, RunStatus::Succeeded);
            assert!(server.store.finish_run(ids[ids.len() - 1], attempt, done, None).await.unwrap());
        }
    }
    let page = async |filter: RunFilter, limit| {
        let rows = server.store.runs(&tenant(server), &filter, limit).await.unwrap();
        rows.iter().map(|row| ids.iter().position(|id| id.to_string() == row.id).unwrap()).collect::<Vec<_>>()
    };
    let none = RunFilter::default;
    assert_eq!(page(none(), 10).await, [4, 3, 2, 1, 0]);
    assert_eq!(page(none(), 2).await, [4, 3]);
    assert_eq!(page(RunFilter { before: Some(ids[3]), ..none() }, 2).await, [2, 1]);
    assert_eq!(page(RunFilter { before: Some(ids[0]), ..none() }, 2).await, [0_usize; 0]);
    let stripe = RunFilter { provider: Some("stripe".into()), ..none() };
    assert_eq!(page(stripe.clone(), 10).await, [3, 2, 0]);
    assert_eq!(page(RunFilter { action: Some("a".into()), ..stripe }, 10).await, [3, 0]);
    assert_eq!(page(RunFilter { status: Some(RunStatus::Sending), ..none() }, 10).await, [3, 1, 0]);
    let since = Some(server.app.services.environment.now() - Duration::seconds(1));
    assert_eq!(page(RunFilter { since, ..none() }, 10).await, [4, 3]);
    assert_eq!(page(RunFilter { provider: Some("linear".into()), ..none() }, 10).await, [0_usize; 0]);
}

/// Five runs, of which the second is still being sent and the last is new.
/// All but the last are of 1970. The second is still being sent.
async fn five_runs(server: &Server) -> Vec<RunId> {
    server.install("stripe").await;
    let mut ids = Vec::new();
    for number in 1..=5_u8 {
        let id = if number == 5 { call(server).id } else { RunId::from_bits(number.into()) };
        let run = NewRun { id, ..call(server) };
        let attempt = send(server, run, vec![amount_of("ch_1", 5)]).await;
        if number != 2 {
            let end = end(server, RunStatus::Succeeded);
            let at = if number == 5 { end.at } else { OffsetDateTime::UNIX_EPOCH };
            let done = RunEnd { at, ..end };
            assert!(server.store.finish_run(id, attempt, done, None).await.unwrap());
        }
        ids.push(id);
    }
    ids
}

async fn an_erased_project_has_no_runs(server: &Server) {
    five_runs(server).await;
    let neighbour = server.other_project().await;
    let line = installation("stripe").to_string();
    server.import(neighbour, &line).await;
    let start = sending(server).1;
    let theirs = Tenant { project: neighbour, ..tenant(server) };
    let decide = |_: &_, _: EarlierCalls| Ok::<_, ()>(begun(start, vec![amount_of("ch_1", 5)]));
    server.store.begin_run(&theirs, call(server), &[], decide).await.unwrap();
    server.revoke_project().await;
    server.clock.advance(PROJECT_GRACE);
    let event = server.event(IntegrationId::from_bits(1), "stripe");
    let event = NewAuditEvent { action: AuditAction::ProjectErased, integration: None, ..event };
    assert!(server.store.erase_project(server.project, event).await.unwrap());
    let of = "SELECT COUNT(*) FROM action_runs WHERE project_id = $1";
    assert_eq!(server.sql.count(of, [server.project.to_string().into()]).await, 0);
    assert_eq!((count(server, "action_runs").await, count(server, "action_reservations").await), (1, 1));
}

async fn a_request_is_sealed_for_its_run_and_sealed_anew(server: &Server) {
    const NEW: &str = "new:Hx4dHBsaGRgXFhUUExIREA8ODQwLCgkIBwYFBAMCAQA=";

    server.install("stripe").await;
    let environment = server.app.services.environment.clone();
    let vault = |keys: &str| Vault::new(keys.parse().unwrap(), environment.clone());
    let integration = server.store.load(&tenant(server), "stripe").await.unwrap().unwrap().integration.id;
    let run = call(server);
    let (id, project) = (run.id, server.project);
    let purpose =
        Purpose::ActionRequest { run: id, project, integration, provider: "stripe", action: "issue_refund" };
    let sealed_request = Some(vault(ENCRYPTION_KEYS).seal(b"POST /v1/refunds", purpose));
    send(server, NewRun { sealed_request, ..run }, Vec::new()).await;
    let keys = format!("{NEW},{ENCRYPTION_KEYS}");
    let with_keys = [("DATABASE_URL", server.database.url.as_str()), ("RIQ_ENCRYPTION_KEYS", keys.as_str())];
    let rotated = run_program(&["admin", "rotate-keys", "--json"], &with_keys).await;
    assert_eq!(rotated.json(), json!({"rotated": 2, "failed": []}));
    let rows = server.sealed(Sealed::Requests).await;
    assert_eq!((rows.len(), rows[0].id()), (1, id.to_string()));
    let opened = vault(NEW).open(rows[0].sealed(), purpose).unwrap();
    assert_eq!(opened.expose_secret(), b"POST /v1/refunds");
    let other = Purpose::ActionRequest {
        run: RunId::from_bits(1),
        project,
        integration,
        provider: "stripe",
        action: "issue_refund",
    };
    assert!(vault(NEW).open(rows[0].sealed(), other).is_err());
}

async fn the_tables_go_and_come_back(database: &TestDatabase) {
    let store = Store::connect(&database.url.parse().unwrap(), 2).await.unwrap();
    store.migrate(&riq_server::environment::Environment::system()).await.unwrap();
    store.close().await;
    let connection = sea_orm::Database::connect(&database.url).await.unwrap();
    let migrations = Migrator::migrations();
    let place = migrations.iter().position(|migration| migration.name() == "m0019_action_runs").unwrap();
    let sql = database.open().await;
    let before = sql.tables().await;
    Migrator::down(&connection, u32::try_from(migrations.len() - place).ok()).await.unwrap();
    let between = sql.tables().await;
    assert!(!between.iter().any(|table| table.starts_with("action_")), "{between:?}");
    Migrator::up(&connection, None).await.unwrap();
    let [before, between, after] =
        [before, between, sql.tables().await].map(|tables| tables.into_iter().collect::<HashSet<String>>());
    assert_eq!(before, after);
    assert!(between.is_subset(&after), "{between:?}");
    connection.close().await.unwrap();
}
