//! `POST /projects/{projectId}/approvals/{approvalId}/approve`

use axum::{extract::State, response::Response};
use integrations_core::wire::{ActionRunResponse, DecideApproval};

use super::view;
use crate::{
    edge::failure::Failure,
    http::{
        action_runs,
        auth::{Access, ApprovalsAdmin},
        failures::OnApprove,
        parameters::{InProject, OfApproval},
        patience::patience,
        post::Post,
        state::Api,
    },
    services::actions::Decision,
};

/// Approve a call
///
/// Has the call sent, exactly as it was asked for, and once. Before that, everything is looked at again: what the
/// provider says, the permission, the limits and the integration. If the provider says something else than at the
/// asking, nothing is sent, and the answer is a 202 with a new `approval_id`: look at that one. If the integration was
/// connected anew, or the action is defined otherwise now, the approval expires.
///
/// Nobody approves what they asked for: not the key that asked, nor its rotations, nor a key that it made, nor the
/// person behind it. API keys approve only if the project's approval policy lets them.
#[utoipa::path(
    post,
    path = "/api/v1/projects/{projectId}/approvals/{approvalId}/approve",
    operation_id = "approveAction",
    tag = "Approvals",
    params(InProject, OfApproval),
    request_body(content = DecideApproval, example = json!({"note": "Checked with the shop"})),
    security(("api_key" = ["approvals:admin"]), ("bearer" = ["approvals:admin"])),
    responses(
        (status = 200, description = "The run, which succeeded or was accepted", body = ActionRunResponse,
         example = json!({"data": crate::http::examples::action_run()})),
        (status = 202, description = "The run, which is still being sent, or about which a person is asked again", body = ActionRunResponse,
         example = json!({"data": crate::http::examples::pending_run()})),
        OnApprove,
    ),
)]
pub(super) async fn approve(
    State(api): State<Api>,
    post: Post<Access<ApprovalsAdmin>>,
) -> Result<Response, Failure> {
    let decision = view::decision(&api, &post).await?;
    let remembered = post.remember_run(&api, decision.tenant);
    let approved = api.actions.approve(Decision { remembered, ..decision }, patience(&api.settings)).await;
    let answered = approved.map_err(Failure::from).and_then(|row| action_runs::view::answer(&api, row));
    post.settle(&api, answered).await
}
