//! `POST /projects/{projectId}/integrations/{provider}/actions/{action}/explain`

use axum::{extract::State, response::Response};
use integrations_core::{
    action::{Check, Obstacle},
    wire::{CallAction, CheckKind, Open, PolicyCheck, PolicyExplanation, PolicyExplanationResponse},
};

use crate::{
    edge::failure::Failure,
    http::{
        actions,
        answer::Answer,
        auth::{Access, ActionsWrite},
        failures::OnExplain,
        parameters::{InProject, OfAction, OfProvider},
        post::{Post, Sent},
        state::Api,
    },
    services::actions::Explanation,
};

/// Explain a decision
///
/// Says what would be decided now if you called the action with this body, and why: each thing that the decision looks
/// at, with what the call has, its limit, and what earlier calls have used of it. Limits that are kept for each key are
/// those of yours.
///
/// The provider is asked what it is asked before a call is decided on, with the integration's credential, so this needs
/// the scope of a call. Nothing else is sent, nothing is stored, and nothing is reserved. The call may still be decided
/// on otherwise, because the world goes on. A call that its permission denies, or whose integration is not active, is
/// denied before the provider is asked.
#[utoipa::path(
    post,
    path = "/api/v1/projects/{projectId}/integrations/{provider}/actions/{action}/explain",
    operation_id = "explainAction",
    tag = "Actions",
    params(InProject, OfProvider, OfAction),
    request_body(content = CallAction, example = json!(crate::http::examples::action_call())),
    security(("api_key" = ["actions:write"]), ("bearer" = ["actions:write"])),
    responses(
        (status = 200, description = "What would be decided", body = PolicyExplanationResponse,
         example = json!({"data": crate::http::examples::policy_explanation()})),
        OnExplain,
    ),
)]
pub(super) async fn explain(
    State(api): State<Api>,
    post: Post<Access<ActionsWrite>>,
) -> Result<Response, Failure> {
    let call = actions::call::read(&api, &post).await?;
    let (service, action) = (api.actions.clone(), call.action.clone());
    let explaining = async move {
        let explained = service.explain(call).await?;
        Ok(Sent::Made(Answer::ok(&PolicyExplanationResponse { data: view(action, explained) })?))
    };
    post.send(&api, explaining).await
}

fn view(action: String, explanation: Explanation) -> PolicyExplanation {
    let Explanation { decided, reasons, same_run, checks, was_asked, input, evidence } = explanation;
    PolicyExplanation {
        action,
        decision: Open::read(decided.as_str()),
        reasons,
        same_run_id: same_run,
        checks: checks.into_iter().map(view_of_check).collect(),
        provider_asked: was_asked,
        input,
        evidence,
    }
}

fn view_of_check(check: Check) -> PolicyCheck {
    let Check { of, decided, rule, why, value, limit, used, within, setting } = check;
    let kind = match of {
        Obstacle::Status => CheckKind::Status,
        Obstacle::Permission => CheckKind::Permission,
        Obstacle::Guard(_) | Obstacle::Evidence => CheckKind::Guard,
    };
    PolicyCheck {
        kind: Open::read(kind.as_str()),
        rule,
        decision: decided.map(|decided| Open::read(decided.as_str())),
        why,
        value,
        limit,
        used,
        within_seconds: within,
        setting,
    }
}
