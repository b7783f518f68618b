//! Successful answers: every body is `{"data": …}`, with `cursor` and `has_more` where it is a page.

use crate::edge::failure::Failure;
use axum::response::{IntoResponse, Response};
use http::{HeaderValue, header};
use serde::Serialize;
use utoipa::ToSchema;

/// The envelope of success.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Data<T> {
    /// What was asked for.
    pub(super) data: T,
}

impl<T: Serialize> Data<T> {
    /// Writes the answer out, while what it borrows from still lives.
    pub(super) fn respond(data: T) -> Result<Response, Failure> {
        let body = serde_json::to_vec(&Data { data }).map_err(|error| Failure::internal(&error))?;
        let json = HeaderValue::from_static("application/json");
        Ok(([(header::CONTENT_TYPE, json)], body).into_response())
    }

    /// The same, with the entity tag of what is answered.
    pub(super) fn respond_tagged(data: T, tag: &str) -> Result<Response, Failure> {
        let mut response = Self::respond(data)?;
        let tag = HeaderValue::from_str(tag).map_err(|error| Failure::internal(&error))?;
        response.headers_mut().insert(header::ETAG, tag);
        Ok(response)
    }
}

/// The envelope of a list that is read page by page.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Page<T> {
    /// What was asked for.
    pub(super) data: Vec<T>,
    /// Asks for the next page; null on the last.
    #[schema(required)]
    pub(super) cursor: Option<String>,
    /// Whether there is a next page.
    pub(super) has_more: bool,
}

impl<T: Serialize> Page<T> {
    /// Writes the page out, while what it borrows from still lives.
    pub(super) fn respond(&self) -> Result<Response, Failure> {
        let body = serde_json::to_vec(self).map_err(|error| Failure::internal(&error))?;
        Ok(([(header::CONTENT_TYPE, HeaderValue::from_static("application/json"))], body).into_response())
    }
}
