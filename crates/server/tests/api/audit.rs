//! Reading the audit log.

use integrations_core::audit::AuditAction;
use serde_json::{Value, json};
use time::{Duration, format_description::well_known::Rfc3339};

use crate::support::{Answer, Server, clock::START};

on_both!(
    events_come_newest_first_with_who_did_them,
    pages_join_without_gap_or_repetition_while_more_happens,
    filters_narrow_together,
    what_is_wrong_with_a_filter_is_said,
    the_log_of_another_project_is_another,
    an_export_has_every_event_once_oldest_first,
);

async fn log(server: &Server, query: &str) -> Answer {
    let target = format!("/api/v1/projects/{}/audit{query}", server.project);
    server.call("GET", &target).send().await
}

fn field<'a>(answer: &'a Answer, name: &str) -> Vec<&'a Value> {
    answer.data().as_array().unwrap().iter().map(|event| &event[name]).collect()
}

/// Three events on each of two integrations, a second apart, after those of the project itself.
async fn furnish(server: &Server) {
    for provider in ["slack", "postmark"] {
        server.clock.advance(Duration::seconds(1));
        server.install(provider).await;
        for status in ["paused", "active"] {
            server.clock.advance(Duration::seconds(1));
            server.patch(provider, json!({"status": status})).await.data();
        }
    }
}

async fn events_come_newest_first_with_who_did_them(server: &Server) {
    furnish(server).await;
    let answer = log(server, "").await;
    assert_eq!(answer.body["has_more"], false);
    let actions = field(&answer, "action");
    assert_eq!(
        actions[..4],
        [
            "integration.lifecycle.updated",
            "integration.lifecycle.updated",
            "integration.installed",
            "integration.lifecycle.updated"
        ]
    );
    assert_eq!(actions.last().unwrap(), &&json!("project.created"));
    let newest = &answer.data()[0];
    assert_eq!(newest["provider"], "postmark");
    assert_eq!(newest["integration_id"], server.integration("postmark").await["id"]);
    assert_eq!(
        newest["actor"],
        json!({"kind": "api_key", "api_key_id": server.key.id.to_string(), "user_id": null, "name": "A test's"})
    );
    assert_eq!(newest["changes"], json!([{"path": "status", "from": "paused", "to": "active"}]));
    assert!(newest["request_id"].as_str().unwrap().starts_with("req_"));
    assert_eq!(newest["created_at"], (START + Duration::seconds(6)).format(&Rfc3339).unwrap());
    let installed = &answer.data()[2];
    assert_eq!(
        installed["actor"],
        json!({"kind": "operator", "api_key_id": null, "user_id": null, "name": null})
    );
    assert_eq!(installed["request_id"], Value::Null);
}

async fn pages_join_without_gap_or_repetition_while_more_happens(server: &Server) {
    furnish(server).await;
    let whole = log(server, "?limit=200").await;
    let whole: Vec<Value> = field(&whole, "id").into_iter().cloned().collect();
    assert_eq!(whole.len(), 7);
    let (mut read, mut query) = (Vec::new(), "?limit=2".to_owned());
    loop {
        let page = log(server, &query).await;
        read.extend(field(&page, "id").into_iter().cloned());
        server.clock.advance(Duration::seconds(1));
        let turned = read.len() % 4 == 0;
        server.patch("slack", json!({"sidebar_enabled": turned})).await;
        match page.body["cursor"].as_str() {
            Some(cursor) => query = format!("?limit=2&cursor={cursor}"),
            None => break,
        }
    }
    assert_eq!(read, whole);
    // The last page is exactly full and says that it is the last.
    let last = log(server, &format!("?limit=3&cursor={}", whole[3].as_str().unwrap())).await;
    assert_eq!((field(&last, "id").len(), &last.body["has_more"]), (3, &json!(false)));
}

async fn filters_narrow_together(server: &Server) {
    furnish(server).await;
    let other = server.key_for(&["write"]).await;
    server.clock.advance(Duration::seconds(1));
    let target = server.at("/slack/lifecycle");
    server.call_as(&other.text, "PATCH", &target).json(&json!({"display_name": "Acme"})).send().await.data();
    let at = |seconds| (START + Duration::seconds(seconds)).format(&Rfc3339).unwrap();
    for (query, count) in [
        ("?provider=slack".to_owned(), 4),
        ("?provider=nobody".into(), 0),
        ("?action=integration.installed".into(), 2),
        ("?action=integration.disconnected".into(), 0),
        ("?actor=operator".into(), 3),
        ("?actor=system".into(), 0),
        (format!("?actor={}", server.key.id), 4),
        (format!("?actor={}", other.id), 1),
        (format!("?actor={}&provider=slack&action=integration.lifecycle.updated", server.key.id), 2),
        (format!("?actor={}&provider=postmark", other.id), 0),
        (format!("?actor={}&provider=slack", other.id), 1),
        ("?actor=operator&action=integration.installed".into(), 2),
        ("?provider=slack&action=integration.installed".into(), 1),
        (format!("?provider=slack&since={}&until={}", at(2), at(4)), 2),
        (format!("?provider=slack&since={}&limit=1", at(7)), 1),
        (format!("?since={}", at(4)), 4),
        (format!("?until={}", at(4)), 4),
        (format!("?since={}&until={}", at(2), at(4)), 2),
        (format!("?since={}&until={}", at(4), at(2)), 0),
        ("?since=2026-03-01T11:00:04%2B01:00".into(), 4),
        ("?action=integration.installed&limit=1".into(), 1),
    ] {
        let answer = log(server, &query).await;
        assert_eq!(field(&answer, "id").len(), count, "{query}: {answer:?}");
    }
    let first = log(server, "?action=integration.installed&limit=1").await;
    let query =
        format!("?action=integration.installed&limit=1&cursor={}", first.body["cursor"].as_str().unwrap());
    assert_eq!(field(&log(server, &query).await, "provider"), ["slack"]);
}

const PLUS: &str =
    "The + of the offset arrived as a space: write it as %2B in an address, or give the time in UTC with a Z";

async fn what_is_wrong_with_a_filter_is_said(server: &Server) {
    let choices = AuditAction::ALL.map(AuditAction::as_str).join(", ");
    for (query, issue) in [
        ("?limit=0", "query.limit: Expected a number from 1 to 200".to_owned()),
        ("?limit=201", "query.limit: Expected a number from 1 to 200".into()),
        ("?limit=ten", "query.limit: Expected a number from 1 to 200".into()),
        ("?cursor=x", "query.cursor: Expected the cursor of a page, aud_…".into()),
        ("?action=nothing", format!("query.action: Expected one of {choices}")),
        ("?actor=me", "query.actor: Expected the id of an API key or a person, operator or system".into()),
        (
            "?since=yesterday",
            "query.since: Must be a date and time as RFC 3339 writes it, for example 2026-05-17T17:55:00Z"
                .into(),
        ),
        ("?since=2026-05-01T00:00:00+02:00", format!("query.since: {PLUS}")),
        ("?until=2026-05-01T00:00:00.5+02:00", format!("query.until: {PLUS}")),
        (
            "?cursor=2026-05-01T00:00:00Z",
            "query.cursor: Expected the cursor of a page, aud_…; for times there are since and until".into(),
        ),
        ("?limit=1&limit=2", "query.limit: Given twice".into()),
    ] {
        let answer = log(server, query).await;
        assert_eq!(answer.refused(400, "BAD_REQUEST").issues(), [issue], "{query}");
    }
    log(server, "?since=2026-05-01T00:00:00%2B02:00&until=2026-05-02T00:00:00%2b02:00").await.data();
    let all = log(server, "?limit=0&cursor=x&action=y&actor=z&since=a&until=b").await;
    assert_eq!(all.refused(400, "BAD_REQUEST").issues().len(), 6);
}

async fn the_log_of_another_project_is_another(server: &Server) {
    furnish(server).await;
    let other = server.other_project().await;
    let target = format!("/api/v1/projects/{other}/audit");
    let answer = server.call("GET", &target).send().await;
    assert_eq!(field(&answer, "action"), ["project.created"]);
    let reader = server.key_for(&["read"]).await;
    server.call_as(&reader.text, "GET", &target).send().await.data();
    let narrow = server.key_for(&["audit:read"]).await;
    server.call_as(&narrow.text, "GET", &target).send().await.data();
    server.call_as(&narrow.text, "GET", &server.at("")).send().await.refused(403, "INSUFFICIENT_SCOPE");
}

async fn export(server: &Server, query: &str) -> Answer {
    let target = format!("/api/v1/projects/{}/audit/export{query}", server.project);
    server.call("GET", &target).send().await
}

async fn an_export_has_every_event_once_oldest_first(server: &Server) {
    furnish(server).await;
    server.store.chain_waiting().await.unwrap();
    let answer = export(server, "").await;
    assert_eq!((answer.status, answer.header("content-type")), (200, Some("application/x-ndjson")));
    let name = format!("attachment; filename=\"audit-{}.jsonl\"", server.project);
    assert_eq!(answer.header("content-disposition"), Some(name.as_str()));
    let read =
        |text: &str| -> Vec<Value> { text.lines().map(|line| serde_json::from_str(line).unwrap()).collect() };
    let events = read(&answer.text);
    let listed = log(server, "?limit=200").await;
    let mut ids = field(&listed, "id");
    ids.reverse();
    assert_eq!(events.iter().map(|event| &event["id"]).collect::<Vec<_>>(), ids);
    assert!(events.is_sorted_by_key(|event| event["number"].as_u64().unwrap()));
    assert!(events.iter().all(|event| event["hash"].as_str().unwrap().len() == 64));

    let paused = read(&export(server, "?provider=slack&action=integration.lifecycle.updated").await.text);
    assert_eq!(paused.len(), 2);
    let table = export(server, "?format=csv&action=integration.installed").await;
    assert_eq!(table.header("content-type"), Some("text/csv; charset=utf-8; header=present"));
    assert_eq!(table.text.lines().count(), 3, "{table:?}");
    let wrong = export(server, "?format=xml&since=yesterday").await;
    assert_eq!(wrong.refused(400, "BAD_REQUEST").issues()[0], "query.format: Expected one of jsonl, csv");
    assert_eq!(wrong.issues().len(), 2);

    // More than what is in memory at once; these are in no chain.
    let many = "WITH RECURSIVE numbers (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM numbers WHERE n < 1100) \
                INSERT INTO audit_events (id, organization_id, project_id, action, actor_kind, changes, created_at) \
                SELECT substr(id, 1, 25) || CAST(10000 + n AS TEXT), organization_id, project_id, action, actor_kind, \
                changes, created_at FROM audit_events, numbers WHERE project_id = $1 AND action = 'project.created'";
    assert_eq!(server.sql.execute(many, [server.project.to_string().into()]).await, 1_100);
    let all = read(&export(server, "").await.text);
    assert_eq!(all.len(), 1_107);
    let mut ids: Vec<&str> = all.iter().map(|event| event["id"].as_str().unwrap()).collect();
    assert!(ids.is_sorted());
    ids.dedup();
    assert_eq!(ids.len(), 1_107);
    assert_eq!(all.iter().filter(|event| event["hash"].is_null()).count(), 1_100);
    let nobodys = server.call("GET", "/api/v1/projects/prj_00000000000000000000000001/audit/export");
    nobodys.send().await.refused(404, "PROJECT_NOT_FOUND");
}
