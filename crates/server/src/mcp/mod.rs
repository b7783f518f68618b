//! The Model Context Protocol (MCP): the actions of a project's integrations as tools for agents.
//!
//! The crate `rmcp` speaks the protocol, in both revisions that this server has ([`VERSIONS`]). Nothing is remembered
//! between two requests, so any replica answers any of them. `endpoint` receives a message, `precheck` refuses what the
//! crate would let through, and `agent` is who asks for what in which project. `tools` finds the tools by their names,
//! `arguments` makes a call of what a model wrote, and `answer` says in a model's words what came of it.
//!
//! A tool calls an action through the same service as the API. There is no second way to decide, call or record.

mod agent;
mod answer;
mod arguments;
mod bounds;
mod endpoint;
mod listen;
mod own_tools;
mod precheck;
mod tools;

use std::sync::Arc;

use axum::{Router, routing::post};
use rmcp::model::ProtocolVersion;

use crate::{edge::settings::HttpSettings, services::Services, shutdown::Shutdown};

/// The revisions of the protocol, the oldest first.
const VERSIONS: &[ProtocolVersion] = &[ProtocolVersion::V_2025_11_25, ProtocolVersion::V_2026_07_28];

/// What all requests of agents share. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Mcp {
    services: Arc<Services>,
    settings: Arc<HttpSettings>,
    /// Ends the subscriptions.
    stop: Shutdown,
}

impl Mcp {
    /// The protocol over these services, with subscriptions until `stop`.
    pub fn new(services: Arc<Services>, settings: Arc<HttpSettings>, stop: Shutdown) -> Self {
        Self { services, settings, stop }
    }
}

/// The one route. It has no GET and no DELETE: there are no streams to resume and no sessions to end.
#[expect(clippy::disallowed_methods, reason = "messages of JSON-RPC are described by their protocol")]
pub fn router(mcp: Mcp) -> Router {
    Router::new().route("/mcp/projects/{projectId}", post(endpoint::answer)).with_state(mcp)
}
