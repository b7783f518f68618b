//! The form of every error.

use serde::{Deserialize, Serialize};

use super::Open;
use crate::{error::ErrorCode, issue::Issue};

/// An error: the request was refused, or the server failed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ApiError {
    /// What went wrong, for people.
    #[cfg_attr(feature = "openapi", schema(example = "Invalid body"))]
    pub error: String,
    /// What went wrong, for programs. Clients branch on this.
    #[cfg_attr(feature = "openapi", schema(value_type = ErrorCode, example = "BAD_REQUEST"))]
    pub code: Open<ErrorCode>,
    /// The request's id, as in `X-Request-Id`.
    #[cfg_attr(feature = "openapi", schema(example = "req_01jc3q5v6w7x8y9zabcdefghjk"))]
    pub request_id: String,
    /// What is wrong with the request, and where. Only present if the request is not valid.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub issues: Vec<Issue>,
    /// Seconds to wait before the next try. Only present with status 429.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(nullable = false))]
    pub retry_after: Option<u32>,
}
