//! `POST /projects/{projectId}/integrations/{provider}/policy/replay`

use axum::{extract::State, response::Response};
use integrations_core::wire::{Open, PolicyReplay, PolicyReplayResponse, ReplayPolicy, ReplayedRun};

use crate::{
    edge::failure::Failure,
    http::{
        answer::Answer,
        auth::{Access, ActionsRead},
        failures::OnPolicy,
        parameters::{InProject, OfProvider},
        post::{Post, Sent},
        state::Api,
    },
    services::actions::{DecidedOtherwise, Replay},
};

/// Try other settings or permissions on past calls
///
/// Decides on the integration's runs again, as if other settings or permissions had held, and returns those that would
/// have been decided otherwise. Each counts towards the limits of those after it if it may be sent now. Nothing is
/// called or stored. Of very many runs, only the newest are looked at.
#[utoipa::path(
    post,
    path = "/api/v1/projects/{projectId}/integrations/{provider}/policy/replay",
    operation_id = "replayPolicy",
    tag = "Actions",
    params(InProject, OfProvider),
    request_body(content = ReplayPolicy, example = json!({"action_permissions": {"post_message": "ask"}})),
    security(("api_key" = ["actions:read"]), ("bearer" = ["actions:read"])),
    responses(
        (status = 200, description = "What would have been decided otherwise", body = PolicyReplayResponse,
         example = json!({"data": crate::http::examples::policy_replay()})),
        OnPolicy,
    ),
)]
pub(super) async fn replay(
    State(api): State<Api>,
    post: Post<Access<ActionsRead>>,
) -> Result<Response, Failure> {
    let account = post.access.account(&api).await?;
    let (actions, tenant, body) = (api.actions.clone(), post.access.tenant, post.json()?.to_vec());
    let replaying = async move {
        let replayed = actions.replay(&tenant, &account, &body).await?;
        Ok(Sent::Made(Answer::ok(&PolicyReplayResponse { data: view(replayed) })?))
    };
    post.send(&api, replaying).await
}

fn view(replay: Replay) -> PolicyReplay {
    let count = |number: usize| u32::try_from(number).unwrap_or(u32::MAX);
    PolicyReplay {
        decided: count(replay.decided),
        left_out: count(replay.left_out),
        has_more: replay.has_more,
        otherwise: replay.otherwise.into_iter().map(view_of_run).collect(),
    }
}

fn view_of_run(decided: DecidedOtherwise) -> ReplayedRun {
    let DecidedOtherwise { run, action, at, was, would_be, reasons } = decided;
    ReplayedRun {
        run_id: run,
        action,
        created_at: at,
        was: Open::read(was.as_str()),
        would_be: Open::read(would_be.as_str()),
        reasons: reasons.into_iter().map(|reason| reason.words).collect(),
    }
}
