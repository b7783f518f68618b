//! The install links of a project: list them, end one.

use axum::{
    Router,
    extract::State,
    response::Response,
    routing::{get, post},
};
use http::{StatusCode, Uri};
use integrations_core::{error::ErrorCode, ids::InstallLinkId, issue::Issue};

use super::{
    state::Pages,
    view::install_links::{LinkList, Row, page},
    visit::{Allowed, Posted},
};
use crate::{
    edge::{
        failure::Failure,
        query,
        scoped::{IntegrationsRead, IntegrationsWrite},
    },
    store::OwnedError,
};

/// The links on a page.
const PAGE: u16 = 50;

/// The pages.
#[expect(clippy::disallowed_methods, reason = "pages are not in the specification")]
pub(super) fn routes() -> Router<Pages> {
    let links = "/dashboard/projects/{projectId}/install-links";
    Router::new().route(links, get(list)).route(&format!("{links}/{{linkId}}/end"), post(end))
}

/// `GET /dashboard/projects/{projectId}/install-links`
async fn list(
    State(pages): State<Pages>,
    Allowed { on, .. }: Allowed<IntegrationsRead>,
    uri: Uri,
) -> Result<Response, Failure> {
    let [before, done] = query::parameters(&uri, ["before", "done"])?;
    let before: Option<InstallLinkId> = before.map(|text| text.parse()).transpose().map_err(|_| {
        Failure::invalid(
            "The address names no link",
            vec![Issue::new("before", "Expected a link's id, lnk_…")],
        )
    })?;
    let found = pages.installer.links(&on.tenant, before, PAGE).await?;
    let address = on.visit.addresses.install_links(on.tenant.project);
    let older = found.links.last().filter(|_| found.has_more);
    let list = LinkList {
        rows: &found
            .links
            .iter()
            .map(|link| Row { status: pages.installer.status_of(link), link })
            .collect::<Vec<_>>(),
        is_newest: before.is_none(),
        older: older.map(|last| format!("{address}?before={}", last.id)),
        has_just_ended: done.as_deref() == Some("ended"),
    };
    Ok(on.visit.page(StatusCode::OK, page(&on.visit.frame(), &on.project(), &pages.catalog, &list)))
}

/// `POST …/{linkId}/end`. Repeating it is not an error.
async fn end(
    State(pages): State<Pages>,
    Posted { by: allowed, .. }: Posted<Allowed<IntegrationsWrite>>,
) -> Result<Response, Failure> {
    let on = &allowed.on;
    let no_such_link =
        || Failure::new(ErrorCode::ResourceNotFound, "There is no such install link in this project");
    let id = on.named.item.as_deref().and_then(|text| text.parse().ok()).ok_or_else(no_such_link)?;
    let ended = pages.installer.end_link(&on.tenant, id, &on.acting()).await;
    ended.map_err(|error| match error {
        OwnedError::NotFound => no_such_link(),
        error => Failure::of_project(error),
    })?;
    Ok(on.visit.go_to(&format!("{}?done=ended", on.visit.addresses.install_links(on.tenant.project))))
}
