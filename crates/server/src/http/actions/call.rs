//! `POST /projects/{projectId}/integrations/{provider}/actions/{action}`

use axum::{extract::State, response::Response};
use integrations_core::wire::{ActionRunResponse, CallAction};

use crate::{
    edge::failure::Failure,
    http::{
        action_runs::view,
        auth::{Access, ActionsWrite},
        failures::OnCall,
        parameters::{InProject, OfAction, OfProvider},
        patience::patience,
        post::Post,
        state::Api,
    },
    services::actions::Call,
};

/// Call an action
///
/// Has the provider do something, or tell something, with the integration's credential. Each call that is decided on
/// becomes a run. The run succeeds, or it is `accepted` if the provider has taken it and not finished it.
///
/// If a person has to approve it, the answer is a 202 with the status `pending_approval` and the approval's id, and
/// nothing was sent. The same call again, while it waits, gets the same run; after a person's no it is denied for an
/// hour. If the provider takes long, the answer is a 202 with the status `sending`: it may have been done,
/// so do not call again, but ask for the run.
///
/// What changes something is sent once, or again only if the provider recognizes it by a key. If its answer is lost,
/// the call fails with `OUTCOME_UNKNOWN`: it may have been done. A repeat with the same `Idempotency-Key` calls
/// nothing, but shows the run as it is then.
#[utoipa::path(
    post,
    path = "/api/v1/projects/{projectId}/integrations/{provider}/actions/{action}",
    operation_id = "callAction",
    tag = "Actions",
    params(InProject, OfProvider, OfAction),
    request_body(content = CallAction, example = json!(crate::http::examples::action_call())),
    security(("api_key" = ["actions:write"]), ("bearer" = ["actions:write"])),
    responses(
        (status = 200, description = "The run, which succeeded or was accepted", body = ActionRunResponse,
         example = json!({"data": crate::http::examples::action_run()})),
        (status = 202, description = "The run, which waits for a person or is still being sent", body = ActionRunResponse,
         example = json!({"data": crate::http::examples::pending_run()})),
        OnCall,
    ),
)]
pub(super) async fn call(
    State(api): State<Api>,
    post: Post<Access<ActionsWrite>>,
) -> Result<Response, Failure> {
    // A repeat finds the run, and shows it as it is then.
    let remembered = post.remember_run(&api, post.access.tenant);
    let call = Call { remembered, ..read(&api, &post).await? };
    let called = api.actions.call(call, patience(&api.settings)).await;
    let answered = called.map_err(Failure::from).and_then(|row| view::answer(&api, row));
    post.settle(&api, answered).await
}

/// The call that a request is, or asks about.
pub(in crate::http) async fn read(api: &Api, post: &Post<Access<ActionsWrite>>) -> Result<Call, Failure> {
    let access = &post.access;
    Ok(Call {
        body: post.json()?.to_vec(),
        run: api.environment.id(),
        tenant: access.tenant,
        account: access.account(api).await?,
        action: access.named().unwrap_or_default().to_owned(),
        by: access.caller.key.into(),
        request_id: Some(access.request_id.to_string()),
        remembered: None,
        repeats_within: None,
    })
}
