//! The pages of events that providers send.

use std::sync::Arc;

use integrations_core::{inbound::Reason, issue::Issue};
use maud::Markup;
use time::macros::datetime;

use super::{ADDRESSES, CATALOG, PROJECT, frame, project, refused_form};
use crate::{
    dashboard::{
        flash::EventsFlash,
        view::{
            events::{self, AppElsewhere, EventsPage, PART},
            layout::{self, Section},
            provider_page::RefusedForm,
        },
    },
    edge::form::Form,
    services::provider_events::{AddressView, SecretState},
    store::{ProviderEventRow, RefusalRow},
};

fn address(provider: &str, secret: SecretState) -> AddressView {
    let refusal = |reason: Reason| RefusalRow {
        reason: reason.as_str().into(),
        kind: (reason == Reason::NotSigned).then(|| "MEETING_ENDED".into()),
        count: if reason == Reason::Stale { 1 } else { 1207 },
        last_at: datetime!(2026-05-17 17:55:00 UTC),
    };
    AddressView {
        provider: Arc::clone(CATALOG.get(provider).unwrap()),
        url: Some("https://integrations.example.com/hooks/evs_01jc3q5v6w7x8y9zabcdefghjk/hush".into()),
        secret,
        secrets: 2,
        to_be_shown: false,
        awaited_until: None,
        refusals: Reason::ALL.map(refusal).to_vec(),
    }
}

fn row(kind: Option<&str>) -> ProviderEventRow {
    ProviderEventRow {
        id: "pev_01jc3q5v6w7x8y9zabcdefghjk".into(),
        provider_event_id: kind.map(|kind| format!("evt_of_{kind}_<script>")),
        kind: kind.map(str::to_owned),
        account: None,
        occurred_at: None,
        attempt: None,
        is_repeat: false,
        headers: "{}".into(),
        is_body_signed: true,
        body_sha256: String::new(),
        body_size: 2,
        received_at: datetime!(2026-05-17 17:55:00 UTC),
    }
}

fn page<'a>(address: &'a AddressView, latest: Option<&'a [ProviderEventRow]>) -> EventsPage<'a> {
    EventsPage {
        bar: layout::project_bar(&frame(), &project(), Section::Integration),
        back: (ADDRESSES.provider(PROJECT, address.provider.key.as_str()), address.provider.name.clone()),
        address,
        events: address.provider.events().unwrap(),
        to: ADDRESSES.to(PROJECT, address.provider.key.as_str(), "events"),
        may_change: true,
        app: None,
        suggestion: None,
        latest,
        flash: None,
        refused: None,
        brought: None,
    }
}

pub(super) fn pages() -> Vec<(&'static str, Markup)> {
    let draw = |page: EventsPage<'_>| events::page(&frame(), &page);
    let rows = [row(Some("charge.refunded")), row(None)];
    let until = datetime!(2026-05-18 17:55:00 UTC);
    let (replaced, missing) =
        (address("stripe", SecretState::Replaced(until)), address("github", SecretState::Missing));
    let refused: RefusedForm = refused_form(
        PART,
        vec![Issue::new("secret", "This is an API key")],
        Form::from([("secret", "rk_live_hush")]),
    );
    let notion = AddressView {
        to_be_shown: true,
        awaited_until: Some(until),
        refusals: Vec::new(),
        ..address("notion", SecretState::Set)
    };
    let client = address("hubspot", SecretState::Set);
    let elsewhere = AddressView { url: None, ..address("slack", SecretState::Set) };
    let of_app = |app| draw(EventsPage { app: Some(app), ..page(&elsewhere, Some(&[])) });
    vec![
        ("events", draw(EventsPage { flash: Some(EventsFlash::Saved), ..page(&replaced, Some(&rows)) })),
        ("events-refused", draw(EventsPage { refused: Some(&refused), ..page(&replaced, Some(&rows)) })),
        (
            "events-missing",
            draw(EventsPage { suggestion: Some("Mh3PzQk7GZc1".into()), ..page(&missing, Some(&[])) }),
        ),
        ("events-of-app-elsewhere", of_app(AppElsewhere::Project)),
        ("events-of-operators-app", of_app(AppElsewhere::Operator)),
        ("events-of-client-secret", draw(page(&client, None))),
        ("events-awaited", draw(EventsPage { flash: Some(EventsFlash::Waiting), ..page(&notion, None) })),
        ("events-brought", draw(EventsPage { brought: Some("secret_of_notion"), ..page(&notion, None) })),
    ]
}

/// A secret that was typed is never shown again.
#[test]
fn what_was_typed_is_not_shown() {
    assert!(pages().into_iter().all(|(_, page)| !page.into_string().contains("rk_live_hush")));
}
