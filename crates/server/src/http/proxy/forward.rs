//! `/projects/{projectId}/integrations/{provider}/proxy/{path}`, by any method

use axum::{
    body::Body,
    extract::{Request, State},
    response::Response,
};
use http::{HeaderValue, request::Parts};
use integrations_core::{error::ErrorCode, proxy::Refusal};
use tokio::time::Instant;

use super::{answer, body};
use crate::{
    edge::{body::discard, failure::Failure},
    http::{
        auth::{Access, ProxyWrite},
        failures::OnProxy,
        parameters::{InProject, OfProvider, OfProxied},
        patience::patience,
        state::Api,
    },
    services::proxy::{Admitted, Asking, ProxyError, check_headers},
};

/// The header by which Stripe's clients are told not to send a request again.
const STRIPE_SHOULD_RETRY: http::HeaderName = http::HeaderName::from_static("stripe-should-retry");
/// How many segments of the route's path stand before the path at the provider, with the empty one at the beginning.
const BEFORE: usize = 8;

/// Send a request to the provider
///
/// Sends the request to the provider's API with the integration's credential, and answers with the provider's own
/// answer: its status, its headers, its body as it comes. The header `X-Answered-By: provider` tells it from an answer
/// of this server, which has the error envelope.
///
/// The path and the query are those of the provider's documentation, below the address of its API. Every action that
/// the request could stand for must be permitted and have no guard. For what no action stands for there are the
/// permissions `other_reads` and `other_writes`. The answer to what is not permitted says which permission is missing.
///
/// A body has 10 MiB at most. No redirect is followed. `Idempotency-Key` goes to the provider, bound to the API key.
/// If the answer to a write is lost, the answer is a 504 with `OUTCOME_UNKNOWN`: it may have been done.
#[utoipa::path(
    get,
    path = "/api/v1/projects/{projectId}/integrations/{provider}/proxy/{path}",
    operation_id = "proxy",
    tag = "Proxy",
    params(InProject, OfProvider, OfProxied),
    request_body(content = String, content_type = "application/octet-stream",
                 description = "The body for the provider, of any media type"),
    security(("api_key" = ["proxy:write"]), ("bearer" = ["proxy:write"])),
    responses(
        (status = "default", description = "The provider's own answer, with `X-Answered-By: provider`",
         headers(("X-Answered-By" = String, description = "`provider`: the answer is the provider's"))),
        OnProxy,
    ),
)]
pub(super) async fn forward(
    State(api): State<Api>,
    access: Access<ProxyWrite>,
    request: Request,
) -> Result<Response, Failure> {
    let deadline = Instant::now() + patience(&api.settings);
    let (parts, body) = request.into_parts();
    let admitted = match admit(&api, &access, &parts).await {
        Ok(admitted) => admitted,
        Err(refusal) => {
            discard(&parts.headers, body).await;
            return Err(refusal);
        }
    };
    send(&api, &access, admitted, &parts, body, deadline).await
}

async fn admit(api: &Api, access: &Access<ProxyWrite>, parts: &Parts) -> Result<Admitted, Failure> {
    let account = access.account(api).await?;
    let unknown = || ProxyError::from(Refusal::Unclear("The proxy does not send this method".to_owned()));
    let path = parts.uri.path().splitn(BEFORE + 1, '/').nth(BEFORE).unwrap_or_default();
    let asking = Asking {
        tenant: access.tenant,
        account,
        by: access.caller.key,
        request_id: access.request_id.to_string(),
        method: parts.method.as_str().parse().map_err(|_| unknown())?,
        path: format!("/{path}"),
        query: parts.uri.query().map(str::to_owned),
    };
    let admitted = api.proxy.admit(asking).await?;
    check_headers(&parts.headers).map_err(ProxyError::from)?;
    Ok(admitted)
}

async fn send(
    api: &Api,
    access: &Access<ProxyWrite>,
    mut admitted: Admitted,
    parts: &Parts,
    body: Body,
    deadline: Instant,
) -> Result<Response, Failure> {
    let payload = body::payload(api, &mut admitted, parts, body).await?;
    match api.proxy.send(admitted, &parts.headers, payload, deadline).await {
        Ok(answered) => answer::respond(api, parts.uri.path(), answered),
        Err(ProxyError::Lost { message, repeats_failures: true }) => {
            answer::lost(&message, &access.request_id)
        }
        Err(error) => Err(error.into()),
    }
}

impl From<ProxyError> for Failure {
    fn from(error: ProxyError) -> Self {
        match error {
            ProxyError::Integration(error) => error.into(),
            ProxyError::Refused(Refusal::Unclear(message)) => Self::new(ErrorCode::BadRequest, message),
            ProxyError::Refused(Refusal::NotPermitted(message)) => {
                Self::new(ErrorCode::ActionNotPermitted, message)
            }
            ProxyError::TooLarge => body::too_large(),
            ProxyError::Unavailable(message) => {
                Self { retry_after: Some(1), ..Self::new(ErrorCode::ProviderUnavailable, message) }
            }
            ProxyError::Lost { message, .. } => Self::new(ErrorCode::OutcomeUnknown, message)
                .with_header(STRIPE_SHOULD_RETRY, HeaderValue::from_static("false")),
        }
    }
}
