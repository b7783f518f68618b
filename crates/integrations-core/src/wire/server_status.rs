//! How the server is, for whoever watches over it.

use serde::{Deserialize, Serialize};

use super::Open;
use crate::words::words;

words! {
    /// How the server is.
    pub enum ServerStatusWord {
        /// Its process lives.
        Alive = "alive",
        /// It can answer requests.
        Ready = "ready",
    }
}

/// How the server is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ServerStatus {
    /// `alive` or `ready`.
    #[cfg_attr(feature = "openapi", schema(value_type = ServerStatusWord, example = "ready"))]
    pub status: Open<ServerStatusWord>,
}

/// The answer that tells how the server is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ServerStatusResponse {
    /// How the server is.
    pub data: ServerStatus,
}
