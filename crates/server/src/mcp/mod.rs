//! The Model Context Protocol (MCP): the actions of a project's integrations as tools for agents.
//!
//! The crate `rmcp` speaks the protocol, in the two revisions of `state`. Nothing is remembered between two
//! requests, so any replica answers any of them; only who listens at this one is counted, in `seats`. `endpoint`
//! receives a message, `precheck` refuses what the crate would let through, `agent` is who asks for what in which
//! project, and `server` answers. `tools` finds the tools by their names, `arguments` makes a call of what a model
//! wrote, and `answer` says in a model's words what came of it. `tasks` shows runs that go on after the answer.
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
mod seats;
mod server;
mod state;
mod tasks;
mod tools;

use axum::{Router, routing::post};

pub use self::state::Mcp;

/// The one route. It has no GET and no DELETE: there are no streams to resume and no sessions to end.
#[expect(clippy::disallowed_methods, reason = "messages of JSON-RPC are described by their protocol")]
pub fn router(mcp: Mcp) -> Router {
    Router::new().route("/mcp/projects/{projectId}", post(endpoint::answer)).with_state(mcp)
}
