//! `GET` and `PATCH /projects/{projectId}/approval-policy`

use axum::{extract::State, response::Response};
use integrations_core::{
    action::PolicyUpdate,
    wire::{ApprovalPolicyResponse, UpdateApprovalPolicy},
};

use super::view;
use crate::{
    edge::{body::JsonBody, failure::Failure},
    http::{
        answer::respond,
        auth::{Access, ApprovalsAdmin, ApprovalsRead},
        failures::{OnPolicyUpdate, OnProject},
        parameters::InProject,
        state::Api,
    },
};

/// Show who approves
///
/// Returns who decides on the project's approvals, how long that may take, and where people are told of what waits.
#[utoipa::path(
    get,
    path = "/api/v1/projects/{projectId}/approval-policy",
    operation_id = "getApprovalPolicy",
    tag = "Approvals",
    params(InProject),
    security(("api_key" = ["approvals:read"]), ("bearer" = ["approvals:read"])),
    responses(
        (status = 200, description = "The policy", body = ApprovalPolicyResponse,
         example = json!({"data": crate::http::examples::approval_policy()})),
        OnProject,
    ),
)]
pub(super) async fn show(State(api): State<Api>, access: Access<ApprovalsRead>) -> Result<Response, Failure> {
    let policy = api.actions.shown_policy(&access.tenant).await?;
    respond(&ApprovalPolicyResponse { data: view::policy(policy) })
}

/// Change who approves
///
/// Whoever was asked before the change keeps the time that they had. API keys decide on a call only if they were let to
/// when it was asked for, and still are.
///
/// `notify` has people told of each call that waits, by an action that sends a message, of an integration of the
/// project. Only a signed-in person sets it, on the page behind the list of approvals; an API key can end it, with
/// null. Setting it permits that one call of the action, by the server, even if its permission is `ask`; with `false`
/// nothing is sent. A message says what would be done, for whom and until when, without sensitive inputs, and
/// links to the page where somebody decides after signing in.
#[utoipa::path(
    patch,
    path = "/api/v1/projects/{projectId}/approval-policy",
    operation_id = "updateApprovalPolicy",
    tag = "Approvals",
    params(InProject),
    request_body(content = UpdateApprovalPolicy, example = json!({"expires_after_seconds": 86_400})),
    security(("api_key" = ["approvals:admin"]), ("bearer" = ["approvals:admin"])),
    responses(
        (status = 200, description = "The policy after the change", body = ApprovalPolicyResponse,
         example = json!({"data": crate::http::examples::approval_policy()})),
        OnPolicyUpdate,
    ),
)]
pub(super) async fn update(
    State(api): State<Api>,
    access: Access<ApprovalsAdmin>,
    JsonBody(body): JsonBody,
) -> Result<Response, Failure> {
    // If the caller may not see the project, that error comes first.
    api.organizations.admit(&access.tenant).await?;
    let update = PolicyUpdate::read(&body)?;
    let updated = api.actions.update_approval_policy(&access.tenant, update, access.acting()).await;
    respond(&ApprovalPolicyResponse { data: view::policy(updated?) })
}
