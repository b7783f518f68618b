//! Successful answers.

use axum::response::{IntoResponse, Response};
use http::{HeaderValue, header};
use integrations_core::wire::{Integration, IntegrationResponse};
use serde::Serialize;

use crate::edge::failure::Failure;

/// Lists of a few integrations fit into this many bytes, without a copy at each doubling.
const USUAL_SIZE: usize = 4 * 1024;

/// Writes an answer as JSON.
pub(super) fn respond(answer: &impl Serialize) -> Result<Response, Failure> {
    let mut body = Vec::with_capacity(USUAL_SIZE);
    serde_json::to_writer(&mut body, answer).map_err(|error| Failure::internal(&error))?;
    Ok(([(header::CONTENT_TYPE, HeaderValue::from_static("application/json"))], body).into_response())
}

/// Answers with an integration and the entity tag of its version.
pub(super) fn respond_integration(integration: Integration) -> Result<Response, Failure> {
    let tag = HeaderValue::from_str(&integration.etag).map_err(|error| Failure::internal(&error))?;
    let mut response = respond(&IntegrationResponse { data: integration })?;
    response.headers_mut().insert(header::ETAG, tag);
    Ok(response)
}
