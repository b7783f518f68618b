//! The pages of webhooks and their deliveries.

use std::time::Duration;

use integrations_core::{
    ids::{DeliveryId, WebhookId},
    issue::Issue,
    rights::Rights,
    webhook::{Attempted, DeliveryStatus, Outcome, SendFailure, WebhookStatus},
};
use maud::Markup;
use serde_json::json;
use time::macros::datetime;

use super::{PROJECT, WHO, frame, project, refused_form};
use crate::{
    dashboard::{
        flash::WebhookFlash,
        key_form::Overlap,
        view::{
            deliveries::{self, DeliveriesPage},
            delivery::{self, DeliveryPage},
            frame::Frame,
            provider_page::Part,
            webhook::{self, WebhookPage},
            webhooks::{self, NewSecret, WebhooksPage},
        },
    },
    edge::form::Form,
    store::{AttemptRow, DeliveryDetails, DeliveryRow, Known, WebhookRecord},
};

const DELIVERY: DeliveryId = DeliveryId::from_bits(0x0197_c1f0_aaaa_bbbb_cccc_dddd_eeee_3333);

fn active() -> WebhookRecord {
    WebhookRecord {
        id: WebhookId::from_bits(0x0197_c1f0_aaaa_bbbb_cccc_dddd_eeee_2222),
        project: PROJECT,
        url: "https://app.example/hooks/riq?token=hush".into(),
        events: vec!["integration.*".into(), "integration.lifecycle.*".into()],
        status: WebhookStatus::Active,
        failures: 0,
        failing_since: None,
        last_triggered_at: Some(datetime!(2026-05-17 17:55:00 UTC)),
        created_at: datetime!(2026-03-01 10:00:00 UTC),
    }
}

fn disabled() -> WebhookRecord {
    WebhookRecord {
        id: WebhookId::from_bits(9),
        url: "http://127.0.0.1:3000/".into(),
        events: vec!["*".into()],
        status: WebhookStatus::Disabled,
        failures: 12,
        failing_since: Some(datetime!(2026-05-17 06:00:00 UTC)),
        ..active()
    }
}

/// Somebody who may see everything, and change nothing.
fn viewer() -> Frame<'static> {
    let rights = Rights { scopes: vec!["read".parse().unwrap()], ..Rights::everything() };
    let who = Known { rights, ..WHO.clone() };
    Frame { who: Some(Box::leak(Box::new(who))), ..frame() }
}

fn row(status: &str, kind: &str) -> DeliveryRow {
    let is_pending = status == DeliveryStatus::Pending.as_str();
    DeliveryRow {
        id: DELIVERY.to_string(),
        event_id: "evt_01jc3q5v6w7x8y9zabcdefghjk".into(),
        kind: kind.into(),
        status: status.into(),
        attempts: if status == DeliveryStatus::Dropped.as_str() { 0 } else { 2 },
        status_code: (!is_pending).then_some(503),
        error: is_pending.then(|| "timed_out".into()),
        duration_ms: Some(143),
        next_attempt_at: is_pending.then_some(datetime!(2026-05-17 17:56:00 UTC)),
        created_at: datetime!(2026-05-17 17:55:00 UTC),
    }
}

fn details(status: &str) -> DeliveryDetails {
    let attempt = |number, status_code, error: Option<&str>, answer: &str| AttemptRow {
        number,
        at: datetime!(2026-05-17 17:55:00 UTC),
        status_code,
        error: error.map(str::to_owned),
        duration_ms: 143,
        answer: answer.into(),
    };
    let body = json!({"id": "evt_1", "type": "action_run.finished", "data": {"note": "<script>\u{202e}"}});
    DeliveryDetails {
        delivery: row(status, "action_run.finished"),
        body: body.to_string().into_bytes(),
        attempts: vec![
            attempt(1, None, Some("tls"), ""),
            attempt(2, None, Some("struck_by_lightning"), ""),
            attempt(3, Some(500), None, "<script>alert(1)</script>\u{1b}[2J\u{fffd}"),
        ],
    }
}

fn of_deliveries(webhook: &WebhookRecord) -> Vec<(&'static str, Markup)> {
    let rows: Vec<DeliveryRow> = DeliveryStatus::ALL
        .into_iter()
        .map(|status| row(status.as_str(), "integration.lifecycle.updated"))
        .chain([row("from_the_future", "moon.rose")])
        .collect();
    let list = |deliveries| DeliveriesPage {
        project: project(),
        webhook,
        deliveries,
        status: None,
        is_newest: true,
        older: None,
        flash: None,
        refused: None,
    };
    let refused = refused_form(
        Part::Redelivery,
        vec![Issue::new("since", "Expected a date and a time, in UTC")],
        Form::from([("since", "yesterday")]),
    );
    let some = DeliveriesPage { older: Some("dlv_01jc3q5v6w7x8y9zabcdefghjk"), ..list(&rows) };
    let filtered = DeliveriesPage { status: Some(DeliveryStatus::Failed), ..list(&[]) };
    let (pending, given_up) = (details("pending"), details("failed"));
    let one = |details| DeliveryPage { project: project(), webhook, id: DELIVERY, details, flash: None };
    let again = DeliveryPage { flash: Some(WebhookFlash::SentAgain), ..one(&pending) };
    vec![
        ("deliveries", deliveries::page(&frame(), &some)),
        ("deliveries-of-viewer", deliveries::page(&viewer(), &list(&rows))),
        ("deliveries-none", deliveries::page(&frame(), &filtered)),
        (
            "deliveries-refused",
            deliveries::page(&frame(), &DeliveriesPage { refused: Some(&refused), ..list(&rows) }),
        ),
        ("delivery", delivery::page(&frame(), &one(&given_up))),
        ("delivery-again", delivery::page(&frame(), &again)),
        ("delivery-of-viewer", delivery::page(&viewer(), &one(&given_up))),
    ]
}

pub(super) fn pages() -> Vec<(&'static str, Markup)> {
    let (active, disabled) = (active(), disabled());
    let all = [active.clone(), disabled.clone()];
    let list = |webhooks, flash| WebhooksPage { project: project(), webhooks, flash };
    let one = |webhook| WebhookPage {
        project: project(),
        webhook,
        waiting: None,
        flash: None,
        refused: None,
        tested: None,
    };
    let refused = refused_form(
        Part::Webhook,
        vec![
            Issue::new("url", "Must begin with https://"),
            Issue::new("events", "Must name at least one event; * is all"),
        ],
        Form::from([("url", "http://app.example"), ("event.approval.requested", "on")]),
    );
    let since = refused_form(
        Part::Redelivery,
        vec![Issue::new("since", "Expected a date and a time, in UTC")],
        Form::from([("waiting", "again"), ("since", "")]),
    );
    let tested = |outcome, answer: &str| Attempted {
        outcome,
        took: Duration::from_millis(143),
        answer: answer.into(),
    };
    let (arrived, lost) = (
        tested(Outcome::Answered(200, None), ""),
        tested(Outcome::NoAnswer(SendFailure::Unreachable), "<script>\u{202e}"),
    );
    let issued = |replaces| {
        let text = "whsec_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=";
        webhooks::issued(&frame(), &NewSecret { project: project(), webhook: &active, text, replaces })
    };
    let draw = |page: &WebhookPage<'_>| webhook::page(&frame(), page);
    let waits = |count| WebhookPage { waiting: Some((count, count == 200)), ..one(&disabled) };
    let mut pages = vec![
        ("webhooks", webhooks::page(&frame(), &list(&all, Some(WebhookFlash::Deleted)))),
        ("webhooks-of-viewer", webhooks::page(&viewer(), &list(&all, None))),
        ("webhooks-none", webhooks::page(&frame(), &list(&[], None))),
        ("webhook-new", webhooks::new_webhook(&frame(), &project(), None)),
        ("webhook-new-refused", webhooks::new_webhook(&frame(), &project(), Some(&refused))),
        ("webhook-issued", issued(None)),
        ("webhook-rotated", issued(Some(Overlap::Day))),
        ("webhook-rotated-at-once", issued(Some(Overlap::Nothing))),
        ("webhook", draw(&WebhookPage { flash: Some(WebhookFlash::Changed), ..one(&active) })),
        ("webhook-refused", draw(&WebhookPage { refused: Some(&refused), ..one(&active) })),
        ("webhook-tested", draw(&WebhookPage { tested: Some(&arrived), ..one(&active) })),
        ("webhook-test-lost", draw(&WebhookPage { tested: Some(&lost), ..one(&active) })),
        ("webhook-disabled", draw(&waits(200))),
        ("webhook-disabled-refused", draw(&WebhookPage { refused: Some(&since), ..waits(1) })),
        ("webhook-disabled-of-viewer", webhook::page(&viewer(), &waits(0))),
        ("webhook-delete", webhook::ask(&frame(), &project(), &active)),
    ];
    pages.extend(of_deliveries(&WebhookRecord { url: active.url, ..disabled }));
    pages
}

/// An address can carry a secret: it is on the webhook's own page alone, and never in a title.
#[test]
fn the_path_of_an_address_is_on_its_own_page_alone() {
    for (name, page) in pages() {
        let page = page.into_string();
        let head = page.split("</head>").next().unwrap();
        assert!(!head.contains("hush"), "{name}");
        let is_own = name.starts_with("webhook") && page.contains("id=\"facts\"");
        assert!(is_own || !page.contains("hush"), "{name}");
    }
}
