//! Successful answers: every body is `{"data": …}`.

use axum::response::{IntoResponse, Response};
use http::{HeaderValue, header};
use serde::Serialize;
use utoipa::ToSchema;

use super::error::ApiError;

/// The envelope of success.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Data<T> {
    /// What was asked for.
    pub(super) data: T,
}

impl<T: Serialize> Data<T> {
    /// Writes the answer out, while what it borrows from still lives.
    pub(super) fn respond(data: T) -> Result<Response, ApiError> {
        let body = serde_json::to_vec(&Data { data }).map_err(|error| ApiError::internal(&error))?;
        let json = HeaderValue::from_static("application/json");
        Ok(([(header::CONTENT_TYPE, json)], body).into_response())
    }

    /// The same, with the entity tag of what is answered.
    pub(super) fn respond_tagged(data: T, tag: &str) -> Result<Response, ApiError> {
        let mut response = Self::respond(data)?;
        let tag = HeaderValue::from_str(tag).map_err(|error| ApiError::internal(&error))?;
        response.headers_mut().insert(header::ETAG, tag);
        Ok(response)
    }
}
