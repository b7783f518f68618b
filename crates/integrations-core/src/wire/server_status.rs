//! The server's status, for monitoring and orchestration.

use serde::{Deserialize, Serialize};

use super::Open;
use crate::words::words;

words! {
    /// The server's status.
    pub enum ServerStatusWord {
        /// Its process is running.
        Alive = "alive",
        /// It can answer requests.
        Ready = "ready",
    }
}

/// The server's status.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ServerStatus {
    /// `alive` or `ready`.
    #[cfg_attr(feature = "openapi", schema(value_type = ServerStatusWord, example = "ready"))]
    pub status: Open<ServerStatusWord>,
}

/// The response with the server's status.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ServerStatusResponse {
    /// The server's status.
    pub data: ServerStatus,
}
