//! Error pages for the dashboard's addresses, in place of the API's envelope.

use axum::response::Response;
use http::header;
use integrations_core::error::ErrorCode;
use url::Url;

use super::{
    addresses::Addresses,
    headers,
    view::{failure, frame::Frame},
};
use crate::{edge::failure::Failure, program::OperatorCommands};

/// The page of an error. The edge calls it, because it knows the request's id, for every error: a handler's refusal, an
/// unknown address, a panic, a timeout.
pub(crate) fn page(public_url: &Url, error: &Failure, request_id: &str) -> Response {
    let addresses = Addresses::new(public_url);
    let (title, advice) = words(error.code);
    let home = addresses.home();
    let words = failure::Words {
        title,
        explanation: &sentence(&error.message),
        advice,
        way_on: Some((&home, "To the dashboard")),
        request_id,
    };
    let operator = OperatorCommands::default();
    let frame = Frame::of_nobody(&addresses, &operator);
    let mut response = headers::page(error.status(), failure::page(&frame, &words));
    if let Some(seconds) = error.retry_after {
        response.headers_mut().insert(header::RETRY_AFTER, seconds.into());
    }
    response
}

/// Adds the full stop that the API's messages do not have.
fn sentence(message: &str) -> String {
    if message.ends_with(['.', '?', '!']) { message.to_owned() } else { format!("{message}.") }
}

/// The page's title, and what the person can do.
#[expect(clippy::too_many_lines, reason = "a table, one error after the other")]
const fn words(code: ErrorCode) -> (&'static str, &'static str) {
    match code {
        ErrorCode::ApiKeyOrgMismatch => (
            "This is not the organization that you work on",
            "Choose that organization, if you have a role there, or sign in with an API key of it.",
        ),
        ErrorCode::ApiKeyProjectMismatch => (
            "This project belongs to another organization",
            "Choose the organization that owns it, if you have a role there, or sign in with an API key of it.",
        ),
        ErrorCode::ProjectNotFound => {
            ("There is no such project", "Check the address. The project may have been removed.")
        }
        ErrorCode::ProviderNotFound => {
            ("There is no such provider", "Look for it among the project's integrations.")
        }
        ErrorCode::IntegrationNotFound => ("That is not connected", "Connect it first on its page."),
        ErrorCode::ResourceNotFound | ErrorCode::ActionNotFound => {
            ("There is nothing here", "Check the address, or start from the dashboard.")
        }
        ErrorCode::MethodNotAllowed => {
            ("That cannot be done here", "Go back to the page where you came from, and use its buttons.")
        }
        ErrorCode::Unauthorized => ("That is not allowed", "Sign in again."),
        ErrorCode::InsufficientScope => (
            "You are not allowed to do that",
            "Ask for a role or an API key that has this scope, and sign in again.",
        ),
        ErrorCode::Forbidden => ("You are not allowed to do that", "The message above says who is."),
        ErrorCode::BadJson
        | ErrorCode::BadRequest
        | ErrorCode::NoUpdates
        | ErrorCode::NotAcceptable
        | ErrorCode::PayloadTooLarge
        | ErrorCode::UriTooLong
        | ErrorCode::HeadersTooLarge
        | ErrorCode::UnsupportedMediaType => {
            ("That cannot be read", "Go back, and try again from the page where you came from.")
        }
        ErrorCode::InvalidTransition
        | ErrorCode::ReinstallRequired
        | ErrorCode::ProviderNotConfigured
        | ErrorCode::Conflict
        | ErrorCode::IdempotencyConflict
        | ErrorCode::PreconditionFailed
        | ErrorCode::IntegrationNotActive
        | ErrorCode::ApprovalNotPending => {
            ("That is not possible now", "Load the page again to see the current state.")
        }
        ErrorCode::AuthorizationPending | ErrorCode::AccessDenied | ErrorCode::ExpiredToken => {
            ("That is not possible now", "Begin again where you started.")
        }
        ErrorCode::ActionNotPermitted | ErrorCode::ActionLimitExceeded => (
            "The integration does not allow that",
            "Its page shows what is permitted, and the limits that are set.",
        ),
        ErrorCode::ProviderRefused | ErrorCode::ProviderUnavailable | ErrorCode::ProviderRateLimited => {
            ("The provider did not do that", "Nothing was changed there. Try again later.")
        }
        ErrorCode::OutcomeUnknown => (
            "Nobody knows whether that was done",
            "Look at the provider first. Doing it again could do it twice.",
        ),
        ErrorCode::RateLimited | ErrorCode::SlowDown => {
            ("Too many requests", "Wait a moment, then load the page again.")
        }
        ErrorCode::RequestTimeout | ErrorCode::ServiceUnavailable => (
            "The server cannot answer for the moment",
            "Try again in a few seconds. If you were changing something, check first whether it was done.",
        ),
        ErrorCode::InternalError => (
            "Something went wrong on the server",
            "Try again. If it happens again, give the request id below to the operator of this server.",
        ),
    }
}
