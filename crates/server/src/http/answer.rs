//! Successful answers.

use std::fmt;

use axum::response::{IntoResponse, Response};
use http::{HeaderName, HeaderValue, StatusCode, header};
use integrations_core::{
    ids::{OrganizationId, ProjectId, RunId},
    wire::{Integration, IntegrationResponse},
};
use serde::{Deserialize, Serialize, de::DeserializeOwned};

use crate::{
    edge::failure::Failure,
    services::install::Installer,
    store::{StoreError, Tenant},
    token::Token,
};

/// Lists of a few integrations fit into this many bytes, without a copy at each doubling.
const USUAL_SIZE: usize = 4 * 1024;

/// Says that an answer is that of an earlier request with the same `Idempotency-Key`.
pub(super) const REPLAYED: HeaderName = HeaderName::from_static("idempotent-replayed");

/// A successful answer: as it is sent, and as it is remembered for a request that is repeated.
#[derive(Serialize, Deserialize)]
pub(super) struct Answer {
    status: u16,
    etag: Option<String>,
    /// JSON
    body: String,
    #[serde(default)]
    link: Option<ShownLink>,
    #[serde(default)]
    run: Option<ShownRun>,
}

/// A run whose state at the moment is the answer.
#[derive(Clone, Copy, Serialize, Deserialize)]
struct ShownRun {
    organization: OrganizationId,
    project: ProjectId,
    run: RunId,
}

/// An install link in the body of an answer.
#[derive(Serialize, Deserialize)]
struct ShownLink {
    token: String,
    /// JSON: the body without it.
    without: String,
}

impl Answer {
    /// 200, with this body.
    pub(super) fn ok(body: &impl Serialize) -> Result<Self, Failure> {
        let body = serde_json::to_string(body).map_err(|error| Failure::internal(&error))?;
        Ok(Self { status: StatusCode::OK.as_u16(), etag: None, body, link: None, run: None })
    }

    /// 201, with this body.
    pub(super) fn created(body: &impl Serialize) -> Result<Self, Failure> {
        Ok(Self { status: StatusCode::CREATED.as_u16(), ..Self::ok(body)? })
    }

    /// 202, with this body.
    pub(super) fn accepted(body: &impl Serialize) -> Result<Self, Failure> {
        Ok(Self { status: StatusCode::ACCEPTED.as_u16(), ..Self::ok(body)? })
    }

    /// A run, as it is when the answer is given.
    pub(super) fn of_run(tenant: Tenant, run: RunId) -> Self {
        let Tenant { organization, project } = tenant;
        let run = Some(ShownRun { organization, project, run });
        Self { status: StatusCode::ACCEPTED.as_u16(), etag: None, body: String::new(), link: None, run }
    }

    /// The run that is to be shown as it is now, if the answer is one.
    pub(super) fn run(&self) -> Option<(Tenant, RunId)> {
        let ShownRun { organization, project, run } = self.run?;
        Some((Tenant { organization, project }, run))
    }

    /// 200, with an integration and the entity tag of its version.
    pub(super) fn integration(integration: Integration) -> Result<Self, Failure> {
        let etag = Some(integration.etag.clone());
        Ok(Self { etag, ..Self::ok(&IntegrationResponse { data: integration })? })
    }

    /// The same, which shows an install link. A repeat gets the body `without` it when the link has ended.
    pub(super) fn showing(self, link: &Token, without: &impl Serialize) -> Result<Self, Failure> {
        let without = serde_json::to_string(without).map_err(|error| Failure::internal(&error))?;
        Ok(Self { link: Some(ShownLink { token: link.expose().to_owned(), without }), ..self })
    }

    /// The same as a repeat gets it at this moment: without an install link that has ended.
    pub(super) async fn for_a_repeat(mut self, installer: &Installer) -> Result<Self, StoreError> {
        if let Some(link) = self.link.take()
            && !installer.is_link_open(&link.token).await?
        {
            self.body = link.without;
        }
        Ok(self)
    }

    /// Its body, read back.
    pub(super) fn read<T: DeserializeOwned>(&self) -> Result<T, Failure> {
        serde_json::from_str(&self.body).map_err(|error| Failure::internal(&error))
    }

    /// The same, given once more.
    pub(super) fn replayed(self) -> Response {
        let mut response = self.into_response();
        response.headers_mut().insert(REPLAYED, HeaderValue::from_static("true"));
        response
    }
}

impl IntoResponse for Answer {
    fn into_response(self) -> Response {
        let media = [(header::CONTENT_TYPE, HeaderValue::from_static("application/json"))];
        let mut response = (media, self.body).into_response();
        *response.status_mut() = StatusCode::from_u16(self.status).unwrap_or_default();
        if let Some(tag) = self.etag.and_then(|tag| HeaderValue::from_str(&tag).ok()) {
            response.headers_mut().insert(header::ETAG, tag);
        }
        response
    }
}

/// What an answer says may be for its caller alone.
impl fmt::Debug for Answer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Answer").field("status", &self.status).finish_non_exhaustive()
    }
}

/// Writes an answer as JSON.
pub(super) fn respond(answer: &impl Serialize) -> Result<Response, Failure> {
    let mut body = Vec::with_capacity(USUAL_SIZE);
    serde_json::to_writer(&mut body, answer).map_err(|error| Failure::internal(&error))?;
    Ok(([(header::CONTENT_TYPE, HeaderValue::from_static("application/json"))], body).into_response())
}

/// Answers with an integration and the entity tag of its version.
pub(super) fn respond_integration(integration: Integration) -> Result<Response, Failure> {
    Ok(Answer::integration(integration)?.into_response())
}
