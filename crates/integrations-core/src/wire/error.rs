//! The form of every error.

use serde::{Deserialize, Deserializer, Serialize};

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
    #[serde(default)]
    #[cfg_attr(feature = "openapi", schema(required, example = "req_01jc3q5v6w7x8y9zabcdefghjk"))]
    pub request_id: String,
    /// What is wrong with the request, and where. Only present if the request is not valid.
    #[serde(default, skip_serializing_if = "Vec::is_empty", deserialize_with = "null_as_none")]
    pub issues: Vec<Issue>,
    /// Seconds to wait before the next try. Only present with status 429.
    #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "whole_seconds")]
    #[cfg_attr(feature = "openapi", schema(nullable = false, value_type = Option<u32>))]
    pub retry_after: Option<u32>,
    /// The run that was stored of a call of an action. Only present if there is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(nullable = false, example = "run_01jc3q5v6w7x8y9zabcdefghjk"))]
    pub run_id: Option<String>,
    /// The HTTP status of the provider's answer. Only present if the provider refused a call of an action.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(nullable = false, example = 402))]
    pub provider_status: Option<u16>,
}

// A proxy or another server may write an error a little differently. Its code must not be lost by that.

fn null_as_none<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<Issue>, D::Error> {
    Option::deserialize(deserializer).map(Option::unwrap_or_default)
}

/// Reads any number, rounded up. A number that is too large or negative becomes the nearest `u32`.
fn whole_seconds<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<u32>, D::Error> {
    let seconds = Option::<f64>::deserialize(deserializer)?;
    Ok(seconds.map(|seconds| seconds.ceil() as u32))
}
