//! `POST /projects/{projectId}/approvals/{approvalId}/deny`

use axum::{extract::State, response::Response};
use integrations_core::wire::{ActionRunResponse, DecideApproval};

use super::view;
use crate::{
    edge::failure::Failure,
    http::{
        action_runs,
        answer::Answer,
        auth::{Access, ApprovalsAdmin},
        failures::OnDeny,
        parameters::{InProject, OfApproval},
        post::{Post, Sent},
        state::Api,
    },
};

/// Deny a call
///
/// The call is not sent, and its caller is told so, with the note. The same call is denied for an hour. The same people
/// may deny that may approve.
#[utoipa::path(
    post,
    path = "/api/v1/projects/{projectId}/approvals/{approvalId}/deny",
    operation_id = "denyAction",
    tag = "Approvals",
    params(InProject, OfApproval),
    request_body(content = DecideApproval, example = json!({"note": "Not this customer"})),
    security(("api_key" = ["approvals:admin"]), ("bearer" = ["approvals:admin"])),
    responses(
        (status = 200, description = "The run, which is denied", body = ActionRunResponse,
         example = json!({"data": crate::http::examples::denied_run()})),
        OnDeny,
    ),
)]
pub(super) async fn deny(
    State(api): State<Api>,
    post: Post<Access<ApprovalsAdmin>>,
) -> Result<Response, Failure> {
    let decision = view::decision(&api, &post).await?;
    let actions = api.actions.clone();
    let denying = async move {
        let row = actions.deny(decision).await?;
        let data = action_runs::view::run(row).map_err(|error| Failure::internal(&error))?;
        Ok(Sent::Made(Answer::ok(&ActionRunResponse { data })?))
    };
    post.send(&api, denying).await
}
