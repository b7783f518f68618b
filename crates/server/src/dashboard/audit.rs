//! `GET /dashboard/projects/{projectId}/audit`: the audit log, in pages.

use axum::{extract::State, response::Response};
use http::{StatusCode, Uri};
use integrations_core::{audit::ActorKind, ids::AuditEventId, issue::Issue};
use time::{Date, OffsetDateTime, Time, format_description::well_known::Iso8601};

use super::{
    view::audit::{Filters, Log, page},
    visit::Allowed,
};
use crate::{
    dashboard::state::Pages,
    edge::{failure::Failure, query, scoped::AuditRead},
    store::{ActorFilter, AuditFilter},
};

/// The events on a page.
const PAGE: u16 = 50;

pub(super) async fn log(
    State(pages): State<Pages>,
    Allowed { on, .. }: Allowed<AuditRead>,
    uri: Uri,
) -> Result<Response, Failure> {
    let (filters, before) = read(&uri)?;
    let events = pages.audit_log.page(&on.tenant, &filter(&filters, before), PAGE).await?;
    let integrations = pages.integrations.list(&on.tenant).await?;
    let log = Log {
        events: &events.entries,
        filters: &filters,
        integrations: &integrations,
        is_newest: before.is_none(),
        older: events.cursor(),
    };
    Ok(on.visit.page(StatusCode::OK, page(&on.visit.frame(), &on.project(), &pages.catalog, &log)))
}

/// The filters of an address. Unknown values are ignored, because people choose them from lists.
fn read(uri: &Uri) -> Result<(Filters, Option<AuditEventId>), Failure> {
    let names = ["action", "provider", "actor", "since", "until", "before"];
    let [action, provider, actor, since, until, before] = query::parameters(uri, names)?;
    let before = before.map(|text| text.parse()).transpose().map_err(|_| {
        Failure::invalid(
            "The address names no event",
            vec![Issue::new("before", "Expected an event's id, aud_…")],
        )
    })?;
    let day = |text: Option<String>| text.and_then(|text| Date::parse(&text, &Iso8601::DATE).ok());
    let filters = Filters {
        action: action.and_then(|word| word.parse().ok()),
        provider: provider.filter(|text| !text.is_empty()),
        actor: actor.filter(|text| actor_of(text).is_some()),
        since: day(since),
        until: day(until),
    };
    Ok((filters, before))
}

/// The events that these filters let through. Days are those of UTC, and the last one is whole.
fn filter(filters: &Filters, before: Option<AuditEventId>) -> AuditFilter {
    let begin = |day: Date| day.with_time(Time::MIDNIGHT).assume_utc();
    let end = |day: Date| -> Option<OffsetDateTime> { Some(begin(day.next_day()?)) };
    AuditFilter {
        before,
        provider: filters.provider.clone(),
        action: filters.action,
        actor: filters.actor.as_deref().and_then(actor_of),
        since: filters.since.map(begin),
        until: filters.until.and_then(end),
    }
}

/// The actor that an address names: a key's or a person's id, `operator` or `system`.
fn actor_of(text: &str) -> Option<ActorFilter> {
    match text.parse() {
        Ok(kind @ (ActorKind::Operator | ActorKind::System)) => Some(ActorFilter::Kind(kind)),
        _ => text.parse().ok().map(ActorFilter::Principal),
    }
}
