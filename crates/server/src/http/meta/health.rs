//! `GET /healthz` and `GET /readyz`: for whoever watches over the server.

use axum::{extract::State, response::Response};
use integrations_core::wire::{ServerStatus, ServerStatusResponse, ServerStatusWord};

use crate::{
    edge::failure::Failure,
    http::state::Api,
    http::{answer::respond, failures::OnPublic},
};

/// Is the server alive
///
/// Answers as long as the process does; says nothing of the database.
#[utoipa::path(
    get,
    path = "/healthz",
    operation_id = "getLiveness",
    tag = "Server",
    security(()),
    responses((status = 200, description = "It is", body = ServerStatusResponse,
               example = json!({"data": {"status": "alive"}}))),
)]
pub(super) async fn alive() -> Result<Response, Failure> {
    respond_status(ServerStatusWord::Alive)
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
        (status = 200, description = "It can", body = ServerStatusResponse,
         example = json!({"data": {"status": "ready"}})),
        OnPublic,
    ),
)]
pub(super) async fn ready(State(api): State<Api>) -> Result<Response, Failure> {
    api.database.ping().await?;
    if !api.database.pending_migrations().await?.is_empty() {
        return Err(Failure::unavailable("The database's schema is not up to date: run riq-server migrate"));
    }
    respond_status(ServerStatusWord::Ready)
}

fn respond_status(status: ServerStatusWord) -> Result<Response, Failure> {
    respond(&ServerStatusResponse { data: ServerStatus { status: status.into() } })
}
