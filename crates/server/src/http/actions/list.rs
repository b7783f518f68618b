//! `GET /projects/{projectId}/integrations/{provider}/actions`

use axum::{extract::State, response::Response};
use integrations_core::{
    action::input_schema,
    catalog::action::Action,
    wire::{InstalledAction, InstalledActionList, RawJson},
};
use serde_json::{Map, Value};

use crate::{
    edge::failure::Failure,
    http::{
        answer::respond,
        auth::{Access, ActionsRead},
        failures::OnIntegration,
        parameters::{InProject, OfProvider},
        state::Api,
    },
    services::actions::Listed,
};

/// List an integration's actions
///
/// Returns each action of the provider with its permission, the JSON Schema of its `input`, and whether it can be
/// called as things are now. A call may still be denied by what its input says: a guard may look at amounts, at what
/// the provider knows, or at what was done before.
#[utoipa::path(
    get,
    path = "/api/v1/projects/{projectId}/integrations/{provider}/actions",
    operation_id = "listActions",
    tag = "Actions",
    params(InProject, OfProvider),
    security(("api_key" = ["actions:read"]), ("bearer" = ["actions:read"])),
    responses(
        (status = 200, description = "The integration's actions", body = InstalledActionList,
         example = json!({"data": [crate::http::examples::installed_action()]})),
        OnIntegration,
    ),
)]
pub(super) async fn list(State(api): State<Api>, access: Access<ActionsRead>) -> Result<Response, Failure> {
    let account = access.account(&api).await?;
    let listed = api.actions.list(&access.tenant, &account).await?;
    let actions = account.provider.actions.iter().zip(listed);
    let data = actions.map(|(action, listed)| view(action, listed)).collect::<Result<_, _>>();
    respond(&InstalledActionList { data: data.map_err(|error| Failure::internal(&error))? })
}

fn view(action: &Action, listed: Listed) -> Result<InstalledAction, serde_json::Error> {
    let schema: Map<String, Value> = match input_schema(action) {
        Value::Object(schema) => schema,
        _ => Map::new(),
    };
    Ok(InstalledAction {
        key: action.key.clone(),
        label: action.label.clone(),
        description: action.description.clone(),
        kind: action.kind.into(),
        permission: listed.permission,
        input_schema: RawJson::write(&schema)?,
        callable: listed.not_callable_reason.is_none(),
        not_callable_reason: listed.not_callable_reason,
    })
}
