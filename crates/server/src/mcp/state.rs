//! What all requests of agents share.

use std::sync::Arc;

use rmcp::model::ProtocolVersion;

use super::seats::Seats;
use crate::{edge::settings::HttpSettings, services::Services, shutdown::Shutdown};

/// The revisions of the protocol, the oldest first.
pub(super) const VERSIONS: &[ProtocolVersion] =
    &[ProtocolVersion::V_2025_11_25, ProtocolVersion::V_2026_07_28];

/// What all requests of agents share. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Mcp {
    pub(super) services: Arc<Services>,
    pub(super) settings: Arc<HttpSettings>,
    /// Ends the subscriptions.
    pub(super) stop: Shutdown,
    pub(super) seats: Seats,
}

impl Mcp {
    /// The protocol over these services, with subscriptions until `stop`.
    pub fn new(services: Arc<Services>, settings: Arc<HttpSettings>, stop: Shutdown) -> Self {
        Self { services, settings, stop, seats: Seats::default() }
    }
}
