//! `POST /mcp/projects/{projectId}`: one message of the protocol.

use std::sync::Arc;

use axum::{
    body::Body,
    extract::{Request, State},
    response::Response,
};
use http_body_util::Full;
use rmcp::transport::streamable_http_server::{
    StreamableHttpServerConfig, StreamableHttpService, session::never::NeverSessionManager,
};

use super::{agent::Agent, precheck, state::Mcp};
use crate::edge::{body, failure::Failure};

/// Answers one message. The sender is checked before the body is read.
pub(super) async fn answer(State(mcp): State<Mcp>, request: Request) -> Result<Response, Failure> {
    let (parts, body) = request.into_parts();
    if let Some(refusal) = precheck::sender(&parts, &mcp.settings) {
        return Ok(refusal);
    }
    let settings = Arc::clone(&mcp.settings);
    let mut agent = Agent::admitted(mcp, &parts).await?;
    let bytes = body::whole(&parts.headers, body, &settings, settings.body_limit).await?;
    body::check_json(&parts.headers, &bytes)?;
    if let Some(refusal) = precheck::message(&parts.headers, &bytes) {
        return Ok(refusal);
    }
    if precheck::is_listening(&parts.headers) {
        let Some(seat) = agent.mcp.seats.take(agent.caller.key) else {
            return Ok(precheck::too_many());
        };
        agent.seat = Some(Arc::new(seat));
    }
    // Hosts and origins are checked above, by the server's own settings.
    let config = StreamableHttpServerConfig::default()
        .disable_allowed_hosts()
        .with_legacy_session_mode(false)
        .with_json_response(true)
        .with_max_request_body_bytes(settings.body_limit);
    let sessions = Arc::new(NeverSessionManager::default());
    let service = StreamableHttpService::new(move || Ok(agent.clone()), sessions, config);
    let response = service.handle(Request::from_parts(parts, Full::new(bytes))).await;
    Ok(response.map(Body::new))
}
