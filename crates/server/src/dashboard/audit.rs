//! `GET /dashboard/projects/{projectId}/audit`: the audit log, in pages.

use axum::{extract::State, response::Response};
use http::{StatusCode, Uri};
use integrations_core::{ids::AuditEventId, issue::Issue};

use super::{
    view::audit::{Log, page},
    visit::Allowed,
};
use crate::{
    dashboard::state::Pages,
    edge::{failure::Failure, query, scoped::AuditRead},
    store::AuditFilter,
};

/// The events on a page.
const PAGE: u16 = 50;

pub(super) async fn log(
    State(pages): State<Pages>,
    Allowed { on, .. }: Allowed<AuditRead>,
    uri: Uri,
) -> Result<Response, Failure> {
    let [before] = query::parameters(&uri, ["before"])?;
    let before: Option<AuditEventId> = before.map(|text| text.parse()).transpose().map_err(|_| {
        Failure::invalid(
            "The address names no event",
            vec![Issue::new("before", "Expected an event's id, aud_…")],
        )
    })?;
    let filter = AuditFilter { before, ..AuditFilter::default() };
    let events = pages.audit_log.page(&on.tenant, &filter, PAGE).await?;
    let address = on.visit.addresses.audit(on.tenant.project);
    let older = events.cursor().map(|last| format!("{address}?before={last}"));
    let log = Log { events: &events.entries, is_newest: before.is_none(), older };
    Ok(on.visit.page(StatusCode::OK, page(&on.visit.frame(), &on.project(), &pages.catalog, &log)))
}
