//! `GET /healthz` and `GET /readyz`: for orchestrators and load balancers.

use axum::{extract::State, response::Response};
use integrations_core::wire::{ServerStatus, ServerStatusResponse, ServerStatusWord};

use crate::{
    edge::failure::Failure,
    http::state::Api,
    http::{answer::respond, failures::OnAny},
    store::{DATABASE_MARK, Fit},
};

/// Check that the server is alive
///
/// Answers as long as the process runs. Does not check the database.
#[utoipa::path(
    get,
    path = "/healthz",
    operation_id = "getLiveness",
    tag = "Server",
    security(()),
    responses(
        (status = 200, description = "The server is alive", body = ServerStatusResponse,
         example = json!({"data": {"status": "alive"}})),
        OnAny,
    ),
)]
pub(super) async fn alive() -> Result<Response, Failure> {
    respond_status(ServerStatusWord::Alive)
}

/// Check that the server is ready
///
/// Checks that the database answers and that its schema is up to date. While it is not ready, send requests elsewhere.
#[utoipa::path(
    get,
    path = "/readyz",
    operation_id = "getReadiness",
    tag = "Server",
    security(()),
    responses(
        (status = 200, description = "The server is ready", body = ServerStatusResponse,
         example = json!({"data": {"status": "ready"}})),
        OnAny,
    ),
)]
pub(super) async fn ready(State(api): State<Api>) -> Result<Response, Failure> {
    api.database.ping().await?;
    // A server that runs goes on when others upgrade the schema under it.
    if matches!(api.database.schema().await?, Fit::Behind(_)) {
        return Err(Failure::unavailable("The database's schema is not up to date: run riq-server migrate"));
    }
    let mut response = respond_status(ServerStatusWord::Ready)?;
    if let Some(mark) = api.database.mark().await?.and_then(|mark| mark.parse().ok()) {
        response.headers_mut().insert(DATABASE_MARK, mark);
    }
    Ok(response)
}

fn respond_status(status: ServerStatusWord) -> Result<Response, Failure> {
    respond(&ServerStatusResponse { data: ServerStatus { status: status.into() } })
}
