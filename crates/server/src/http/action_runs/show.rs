//! `GET /projects/{projectId}/action-runs/{runId}`

use std::time::Duration;

use axum::{extract::State, response::Response};
use http::Uri;
use integrations_core::wire::ActionRunResponse;
use utoipa::IntoParams;

use super::view;
use crate::{
    edge::{failure::Failure, query},
    http::{
        answer::respond,
        auth::{Access, ActionsRead},
        failures::OnRun,
        filters::{all_read, number, one},
        parameters::{InProject, OfRun},
        patience::patience,
        state::Api,
    },
};

/// The longest wait that may be asked for, in seconds.
const MAX_WAIT: u16 = 60;

/// Whether to wait.
#[derive(Debug, IntoParams)]
#[into_params(parameter_in = Query)]
#[expect(dead_code, reason = "describes the parameter, which is read by its name")]
pub(super) struct Waiting {
    /// How many seconds to wait for the end of the run, 0 to 60. The answer may come earlier, with the run as it is
    /// then: ask again.
    #[param(minimum = 0, maximum = 60, default = 0, example = 30)]
    wait: Option<u16>,
}

/// Show a run
///
/// Returns one call of an action, whatever came of it. With `wait`, the answer waits for its end: until the provider
/// has answered, or a person has decided.
#[utoipa::path(
    get,
    path = "/api/v1/projects/{projectId}/action-runs/{runId}",
    operation_id = "getActionRun",
    tag = "Actions",
    params(InProject, OfRun, Waiting),
    security(("api_key" = ["actions:read"]), ("bearer" = ["actions:read"])),
    responses(
        (status = 200, description = "The run", body = ActionRunResponse,
         example = json!({"data": crate::http::examples::action_run()})),
        OnRun,
    ),
)]
pub(super) async fn show(
    State(api): State<Api>,
    access: Access<ActionsRead>,
    uri: Uri,
) -> Result<Response, Failure> {
    let wait = match read(&uri) {
        Ok(wait) => wait.min(patience(&api.settings)),
        Err(failure) => {
            // If the caller may not see the project, that error comes first.
            api.organizations.admit(&access.tenant).await?;
            return Err(failure);
        }
    };
    let Some(id) = access.named().and_then(|text| text.parse().ok()) else {
        api.organizations.admit(&access.tenant).await?;
        return Err(view::no_such_run());
    };
    let row = api.actions.run(&access.tenant, id, wait).await?.ok_or_else(view::no_such_run)?;
    respond(&ActionRunResponse { data: view::run(row).map_err(|error| Failure::internal(&error))? })
}

fn read(uri: &Uri) -> Result<Duration, Failure> {
    let [wait] = query::parameters(uri, ["wait"])?;
    let mut issues = Vec::new();
    let wait = one(&mut issues, "wait", wait, |text| number(text, 0..=MAX_WAIT));
    all_read(Duration::from_secs(wait.unwrap_or(0).into()), issues)
}
