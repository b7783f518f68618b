//! `GET /projects/{projectId}/action-runs`

use axum::{extract::State, response::Response};
use http::Uri;
use integrations_core::{action::RunStatus, issue::Issue, wire::ActionRunList};
use utoipa::IntoParams;

use super::view;
use crate::{
    edge::{failure::Failure, query},
    http::{
        answer::respond,
        auth::{Access, ActionsRead},
        failures::OnProject,
        filters::{all_read, moment, one, page_limit, word},
        parameters::InProject,
        state::Api,
    },
    store::RunFilter,
};

/// Filters of the runs.
#[derive(Debug, IntoParams)]
#[into_params(parameter_in = Query)]
#[expect(dead_code, reason = "describes the parameters, which are read one by one")]
pub(super) struct Filters {
    /// The `cursor` of the previous page.
    #[param(pattern = "^run_[0-7][0-9a-hjkmnp-tv-z]{25}$", example = "run_01jc3q5v6w7x8y9zabcdefghjk")]
    cursor: Option<String>,
    /// The most runs on the page, 1 to 200.
    #[param(minimum = 1, maximum = 200, default = 50)]
    limit: Option<u16>,
    /// Only runs of the integration with this provider; for a further account, with its alias: `shopify~eu`.
    #[param(pattern = r"^[^\x00]*$", example = "stripe")]
    provider: Option<String>,
    /// Only runs of this action.
    #[param(pattern = r"^[^\x00]*$", example = "issue_refund")]
    action: Option<String>,
    /// Only runs with this status.
    #[param(value_type = Option<RunStatus>, example = "unknown")]
    status: Option<String>,
    /// Only runs that were called for at or after this time (RFC 3339).
    #[param(format = DateTime, example = "2026-05-01T00:00:00Z")]
    since: Option<String>,
}

/// List a project's runs
///
/// Returns the calls of actions, newest first, in pages. New runs come before the first page, so they do not shift the
/// pages that you read. A run must match all given filters. A result of more than 16 KiB is left out: ask for the run.
#[utoipa::path(
    get,
    path = "/api/v1/projects/{projectId}/action-runs",
    operation_id = "listActionRuns",
    tag = "Actions",
    params(InProject, Filters),
    security(("api_key" = ["actions:read"]), ("bearer" = ["actions:read"])),
    responses(
        (status = 200, description = "A page of runs", body = ActionRunList,
         example = json!({"data": [crate::http::examples::action_run()], "cursor": "run_01jc3q5v6w7x8y9zabcdefghjk", "has_more": true})),
        OnProject,
    ),
)]
pub(super) async fn list(
    State(api): State<Api>,
    access: Access<ActionsRead>,
    uri: Uri,
) -> Result<Response, Failure> {
    // If the caller may not see the project, that error comes before errors in the filters.
    api.organizations.admit(&access.tenant).await?;
    let (filter, limit) = read(&uri)?;
    let page = api.actions.runs(&access.tenant, &filter, limit).await?;
    let (cursor, has_more) = (page.cursor().map(str::to_owned), page.has_more);
    let data = page.entries.into_iter().map(view::run).collect::<Result<_, _>>();
    let data = data.map_err(|error| Failure::internal(&error))?;
    respond(&ActionRunList { data, cursor, has_more })
}

/// Reads the filters. The error lists everything that is wrong with them.
fn read(uri: &Uri) -> Result<(RunFilter, u16), Failure> {
    let names = ["cursor", "limit", "provider", "action", "status", "since"];
    let [cursor, limit, provider, action, status, since] = query::parameters(uri, names)?;
    let mut issues: Vec<Issue> = Vec::new();
    let limit = page_limit(&mut issues, limit);
    let filter = RunFilter {
        before: one(&mut issues, "cursor", cursor, |text| {
            text.parse().map_err(|_| "Expected the cursor of a page, run_…".to_owned())
        }),
        status: one(&mut issues, "status", status, word::<RunStatus>),
        since: one(&mut issues, "since", since, moment),
        provider,
        action,
    };
    all_read((filter, limit), issues)
}
