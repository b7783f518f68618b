//! What an integration's provider sends, and what its health was.

use serde_json::{Value, json};

use crate::api::Exchange;
use crate::fixtures::with;
use crate::golden::{run, run_with};
use crate::terminal::{PLAIN, shows};

const SECRET: &str = "whsec_SECRETofstripe";

fn source() -> Value {
    json!({
        "provider": "stripe", "address_of": "integration",
        "url": "https://riq.example/hooks/evs_01jc3q5v6w7x8y9zabcdefghjk/AAAA",
        "enter": "Add an event destination with the address.", "page": "https://dashboard.stripe.com/webhooks",
        "documentation_url": "https://docs.stripe.com/webhooks", "secret_source": "person",
        "secret_status": "replaced", "old_secret_until": "2026-05-17T18:55:00Z",
        "refusals": [{
            "reason": "wrong_signature", "claimed_type": "charge.\u{1b}[2Jrefunded", "count": 3,
            "message": "Signed, but not by your secret. Copy the secret of this address again",
            "last_at": "2026-05-17T17:55:00Z",
        }],
        "a_field_of_tomorrow": {},
    })
}

fn of_app() -> Value {
    let changes = json!({"address_of": "app", "url": null, "secret_status": "set", "old_secret_until": null,
                         "refusals": []});
    with(source(), changes)
}

fn event() -> Value {
    json!({
        "id": "pev_01jc3q5v6w7x8y9zabcdefghjk", "provider_event_id": "evt_1NG8Du2eZvKYlo2CUI79vXWy",
        "type": "charge.refunded", "account": null, "occurred_at": "2026-05-17T17:54:58Z",
        "received_at": "2026-05-17T17:55:00Z", "attempt": null, "is_repeat": false, "headers": {},
        "is_body_signed": true, "body_sha256": "44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a",
        "body_size": 1730,
    })
}

fn page(query: &str, cursor: Option<&str>) -> Exchange {
    let body = json!({"data": [event()], "cursor": cursor, "has_more": cursor.is_some()});
    let target = format!("/stripe/events?{query}");
    Exchange::new("GET", &target, &Value::Null).answers(200, &body.to_string())
}

#[test]
fn event_source_prints_where_events_go() {
    let show = ["integrations", "event-source", "stripe"];
    let shown = || Exchange::new("GET", "/stripe/event-source", &source());
    run("event_source", &show, [shown()]);
    run("event_source_quiet", &["integrations", "event-source", "stripe", "--quiet"], [shown()]);
    shows("event_source", 100, &show, PLAIN, vec![shown()]);
    let app = Exchange::new("GET", "/stripe/event-source", &of_app());
    shows("event_source_of_app", 100, &show, PLAIN, vec![app]);
    let missing = Exchange::new("GET", "/stripe/event-source", &Value::Null).refuses(
        404,
        "INTEGRATION_NOT_FOUND",
        "No",
    );
    run("event_source_missing", &show, [missing]);
}

#[test]
fn the_secret_of_events_is_no_argument() {
    let set = ["integrations", "set-event-secret", "stripe"];
    let with_overlap = [&set[..], &["--secret-file", "-", "--overlap", "1h"]].concat();
    let sent = Exchange::new("PUT", "/stripe/event-source/secret", &source())
        .body(json!({"secret": SECRET, "overlap_seconds": 3600}));
    run_with("set_event_secret", &with_overlap, [sent], |command| command.write_stdin(format!("{SECRET}\n")));
    run("set_event_secret_none", &set, []);
}

#[test]
fn events_are_listed_newest_first() {
    let list = ["integrations", "events", "stripe"];
    run("events", &list, [page("limit=50", None)]);
    run("events_quiet", &["integrations", "events", "stripe", "--quiet"], [page("limit=50", None)]);
    let some = ["integrations", "events", "stripe", "--type", "charge.refunded", "--limit", "1"];
    shows("events", 120, &some, PLAIN, vec![page("limit=1&type=charge.refunded", Some("next"))]);
}

#[test]
fn health_history_lists_the_days() {
    let day = |date: &str, health: Option<&str>, seconds: [i64; 3]| {
        json!({"date": date, "health": health, "healthy_seconds": seconds[0], "degraded_seconds": seconds[1],
               "unhealthy_seconds": seconds[2]})
    };
    let days = json!([
        day("2026-05-15", None, [0, 0, 0]),
        day("2026-05-16", Some("unhealthy"), [68_400, 7200, 10_800]),
        day("2026-05-17", Some("healthy"), [64_500, 0, 0]),
    ]);
    let history = ["integrations", "health-history", "shopify"];
    let asked = || Exchange::new("GET", "/shopify/health-history", &days);
    run("health_history", &history, [asked()]);
    run("health_history_quiet", &["integrations", "health-history", "shopify", "--quiet"], [asked()]);
    shows("health_history", 80, &history, PLAIN, vec![asked()]);
}
