//! `GET /projects/{projectId}/approvals`

use axum::{extract::State, response::Response};
use http::Uri;
use integrations_core::{action::ApprovalStatus, issue::Issue, wire::ApprovalList};
use utoipa::IntoParams;

use super::view;
use crate::{
    edge::{failure::Failure, query},
    http::{
        answer::respond,
        auth::{Access, ApprovalsRead},
        failures::OnProject,
        filters::{all_read, one, page_limit, word},
        parameters::InProject,
        state::Api,
    },
    store::ApprovalFilter,
};

/// Filters of the approvals.
#[derive(Debug, IntoParams)]
#[into_params(parameter_in = Query)]
#[expect(dead_code, reason = "describes the parameters, which are read one by one")]
pub(super) struct Filters {
    /// The `cursor` of the previous page.
    #[param(pattern = "^apr_[0-7][0-9a-hjkmnp-tv-z]{25}$", example = "apr_01jc3q5v6w7x8y9zabcdefghjk")]
    cursor: Option<String>,
    /// The most approvals on the page, 1 to 200.
    #[param(minimum = 1, maximum = 200, default = 50)]
    limit: Option<u16>,
    /// Only approvals with this status.
    #[param(value_type = Option<ApprovalStatus>, example = "pending")]
    status: Option<String>,
    /// Only approvals of the integration with this provider; for a further account, with its alias: `shopify~eu`.
    #[param(pattern = r"^[^\x00]*$", example = "stripe")]
    provider: Option<String>,
}

/// List a project's approvals
///
/// Returns the calls that wait for a person, or waited, newest first, in pages. An approval must match all given
/// filters.
#[utoipa::path(
    get,
    path = "/api/v1/projects/{projectId}/approvals",
    operation_id = "listApprovals",
    tag = "Approvals",
    params(InProject, Filters),
    security(("api_key" = ["approvals:read"]), ("bearer" = ["approvals:read"])),
    responses(
        (status = 200, description = "A page of approvals", body = ApprovalList,
         example = json!({"data": [crate::http::examples::approval()], "cursor": "apr_01jc3q5v6w7x8y9zabcdefghjk", "has_more": true})),
        OnProject,
    ),
)]
pub(super) async fn list(
    State(api): State<Api>,
    access: Access<ApprovalsRead>,
    uri: Uri,
) -> Result<Response, Failure> {
    // If the caller may not see the project, that error comes before errors in the filters.
    api.organizations.admit(&access.tenant).await?;
    let (filter, limit) = read(&uri)?;
    let page = api.actions.approvals(&access.tenant, &filter, limit).await?;
    let (cursor, has_more) = (page.cursor().map(str::to_owned), page.has_more);
    let data = page.entries.into_iter().map(|row| view::approval(&api.catalog, row));
    let data = data.collect::<Result<_, _>>().map_err(|error| Failure::internal(&error))?;
    respond(&ApprovalList { data, cursor, has_more })
}

/// Reads the filters. The error lists everything that is wrong with them.
fn read(uri: &Uri) -> Result<(ApprovalFilter, u16), Failure> {
    let names = ["cursor", "limit", "status", "provider"];
    let [cursor, limit, status, provider] = query::parameters(uri, names)?;
    let mut issues: Vec<Issue> = Vec::new();
    let limit = page_limit(&mut issues, limit);
    let filter = ApprovalFilter {
        before: one(&mut issues, "cursor", cursor, |text| {
            text.parse().map_err(|_| "Expected the cursor of a page, apr_…".to_owned())
        }),
        status: one(&mut issues, "status", status, word::<ApprovalStatus>),
        provider,
    };
    all_read((filter, limit), issues)
}
