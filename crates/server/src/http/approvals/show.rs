//! `GET /projects/{projectId}/approvals/{approvalId}`

use axum::{extract::State, response::Response};
use integrations_core::wire::ApprovalResponse;

use super::view;
use crate::{
    edge::failure::Failure,
    http::{
        answer::respond,
        auth::{Access, ApprovalsRead},
        failures::OnApproval,
        parameters::{InProject, OfApproval},
        state::Api,
    },
};

/// Show an approval
///
/// Returns what waits for a person, or waited: what is to be done, what the provider says about it, and why a person is
/// asked.
#[utoipa::path(
    get,
    path = "/api/v1/projects/{projectId}/approvals/{approvalId}",
    operation_id = "getApproval",
    tag = "Approvals",
    params(InProject, OfApproval),
    security(("api_key" = ["approvals:read"]), ("bearer" = ["approvals:read"])),
    responses(
        (status = 200, description = "The approval", body = ApprovalResponse,
         example = json!({"data": crate::http::examples::approval()})),
        OnApproval,
    ),
)]
pub(super) async fn show(State(api): State<Api>, access: Access<ApprovalsRead>) -> Result<Response, Failure> {
    let Some(id) = access.named().and_then(|text| text.parse().ok()) else {
        api.organizations.admit(&access.tenant).await?;
        return Err(view::no_such_approval());
    };
    let row = api.actions.approval(&access.tenant, id).await?.ok_or_else(view::no_such_approval)?;
    let data = view::approval(&api.catalog, row).map_err(|error| Failure::internal(&error))?;
    respond(&ApprovalResponse { data })
}
