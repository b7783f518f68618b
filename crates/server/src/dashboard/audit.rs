//! `GET /dashboard/projects/{projectId}/audit`: the audit log, page by page.

use axum::{extract::State, response::Response};
use http::{StatusCode, Uri};
use integrations_core::{ids::AuditEventId, issue::Issue};

use super::{
    view::audit::{Log, page},
    visit::OnProject,
};
use crate::{
    dashboard::state::Pages,
    edge::{failure::Failure, query},
    store::AuditFilter,
};

/// The events on a page.
const PAGE: u16 = 50;

pub(super) async fn log(State(pages): State<Pages>, on: OnProject, uri: Uri) -> Result<Response, Failure> {
    let [before] = query::parameters(&uri, ["before"])?;
    let before: Option<AuditEventId> = before.map(|text| text.parse()).transpose().map_err(|_| {
        Failure::invalid("The address names no event", vec![Issue::new("before", "Expected an id")])
    })?;
    // One more than is shown tells whether there are more.
    let mut events = pages
        .store
        .audit_page(&on.tenant, &AuditFilter { before, ..AuditFilter::default() }, PAGE + 1)
        .await?;
    let has_more = events.len() > usize::from(PAGE);
    events.truncate(usize::from(PAGE));
    let last = events.last().filter(|_| has_more);
    let older =
        last.map(|last| format!("{}?before={}", on.visit.addresses.audit(on.tenant.project), last.id));
    let log = Log { events: &events, is_newest: before.is_none(), older };
    Ok(on.visit.page(StatusCode::OK, page(&on.visit.frame(), &on.project(), &pages.catalog, &log)))
}
