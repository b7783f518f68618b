//! `GET /healthz` and `GET /readyz`: for whoever watches over the server.

use axum::{extract::State, response::Response};
use serde::Serialize;
use utoipa::ToSchema;

use crate::http::{answer::Data, error::ApiError, failures::OnPublic, state::App};

/// How the server is.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Condition)]
pub(super) struct ConditionView {
    /// `alive` or `ready`.
    #[schema(example = "ready")]
    status: &'static str,
}

/// Is the server alive
///
/// Answers as long as the process does; says nothing of the database.
#[utoipa::path(
    get,
    path = "/healthz",
    operation_id = "getLiveness",
    tag = "Server",
    security(()),
    responses((status = 200, description = "It is", body = Data<ConditionView>,
               example = json!({"data": {"status": "alive"}}))),
)]
pub(super) async fn alive() -> Result<Response, ApiError> {
    Data::respond(ConditionView { status: "alive" })
}

/// Can the server answer requests
///
/// Whether the database answers and its schema is up to date. Not ready: send requests elsewhere.
#[utoipa::path(
    get,
    path = "/readyz",
    operation_id = "getReadiness",
    tag = "Server",
    security(()),
    responses(
        (status = 200, description = "It can", body = Data<ConditionView>,
         example = json!({"data": {"status": "ready"}})),
        OnPublic,
    ),
)]
pub(super) async fn ready(State(app): State<App>) -> Result<Response, ApiError> {
    app.store.ping().await?;
    if !app.store.pending_migrations().await?.is_empty() {
        return Err(ApiError::unavailable("The database's schema is not up to date: run riq-server migrate"));
    }
    Data::respond(ConditionView { status: "ready" })
}
