//! The runs of a project: the calls of its actions, and what came of them.

use std::time::Duration;

use axum::{Router, extract::State, response::Response, routing::get};
use http::{StatusCode, Uri};
use integrations_core::{
    action::RunStatus,
    error::ErrorCode,
    ids::{ApprovalId, RunId},
    issue::Issue,
    scope::RequiredScope,
};

use super::{
    names,
    state::Pages,
    view::{
        run::{self, RunPage},
        runs::{self, Filters, RunList},
    },
    visit::Allowed,
};
use crate::{
    edge::{failure::Failure, query, scoped::ActionsRead},
    store::RunFilter,
};

/// The runs on a page.
const PAGE: u16 = 50;

/// The pages.
#[expect(clippy::disallowed_methods, reason = "pages are not in the specification")]
pub(super) fn routes() -> Router<Pages> {
    let runs = "/dashboard/projects/{projectId}/runs";
    Router::new().route(runs, get(list)).route(&format!("{runs}/{{runId}}"), get(show))
}

/// `GET /dashboard/projects/{projectId}/runs`
async fn list(
    State(pages): State<Pages>,
    Allowed { on, .. }: Allowed<ActionsRead>,
    uri: Uri,
) -> Result<Response, Failure> {
    let (filters, before) = read(&uri)?;
    let filter = RunFilter {
        before,
        provider: filters.provider.clone(),
        action: filters.action.clone(),
        status: filters.status,
        since: None,
    };
    let page = pages.actions.runs(&on.tenant, &filter, PAGE).await?;
    let callers = page.entries.iter().map(|run| run.principal.as_str());
    let names = names::of(&pages, on.tenant.organization, callers).await?;
    let integrations = pages.integrations.list(&on.tenant).await?;
    let list = RunList {
        runs: &page.entries,
        names: &names,
        integrations: &integrations,
        filters: &filters,
        is_newest: before.is_none(),
        older: page.cursor(),
    };
    Ok(on.visit.page(StatusCode::OK, runs::page(&on.visit.frame(), &on.project(), &pages.catalog, &list)))
}

/// The filters of an address. Unknown values are ignored, because people choose them from lists.
fn read(uri: &Uri) -> Result<(Filters, Option<RunId>), Failure> {
    let names = ["provider", "action", "status", "before"];
    let [provider, action, status, before] = query::parameters(uri, names)?;
    let before = before.map(|text| text.parse()).transpose().map_err(|_| {
        Failure::invalid("The address names no run", vec![Issue::new("before", "Expected a run's id, run_…")])
    })?;
    let chosen = |text: Option<String>| text.filter(|text| !text.is_empty());
    let status = status.and_then(|word| word.parse::<RunStatus>().ok());
    Ok((Filters { provider: chosen(provider), action: chosen(action), status }, before))
}

/// `GET /dashboard/projects/{projectId}/runs/{runId}`
async fn show(
    State(pages): State<Pages>,
    Allowed { on, .. }: Allowed<ActionsRead>,
) -> Result<Response, Failure> {
    let no_such_run = || Failure::new(ErrorCode::ResourceNotFound, "There is no such run");
    let id: RunId = on.named.item.as_deref().and_then(|text| text.parse().ok()).ok_or_else(no_such_run)?;
    let row = pages.actions.run(&on.tenant, id, Duration::ZERO).await?.ok_or_else(no_such_run)?;
    let names = names::of(&pages, on.tenant.organization, [row.principal.as_str()]).await?;
    let may_see_approval = on.session.who.rights.cover(RequiredScope::APPROVALS_READ);
    let approval: Option<ApprovalId> = row.approval_id.as_deref().and_then(|id| id.parse().ok());
    let page = RunPage {
        project: on.project(),
        account: pages.account(Some(&row.provider)).ok(),
        caller: names.get(&row.principal).map(String::as_str),
        approval: approval.filter(|_| may_see_approval),
        run: &row,
    };
    Ok(on.visit.page(StatusCode::OK, run::page(&on.visit.frame(), &page)))
}
