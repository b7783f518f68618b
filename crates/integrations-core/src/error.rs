//! The closed list of error codes that clients branch on.

use serde::Serialize;

/// What went wrong, for programs. Each code has one HTTP status and one meaning.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum ErrorCode {
    /// The API key is missing, malformed, unknown, expired or revoked.
    Unauthorized,
    /// The key lacks the scope; the message names it.
    InsufficientScope,
    /// The key's organization does not own the project.
    ApiKeyProjectMismatch,
    /// The key belongs to another organization than the one named in the path.
    ApiKeyOrgMismatch,
    /// No such project.
    ProjectNotFound,
    /// Not in the catalog.
    ProviderNotFound,
    /// In the catalog, not installed in this project.
    IntegrationNotFound,
    /// Any other unknown thing, unknown routes included.
    ResourceNotFound,
    /// The route exists, but not with this method; `Allow` names those that it has.
    MethodNotAllowed,
    /// The client accepts no JSON.
    NotAcceptable,
    /// The client was too slow in sending its request.
    RequestTimeout,
    /// The body is not JSON.
    BadJson,
    /// The request is not valid: `issues` gives each path and why.
    BadRequest,
    /// A PATCH that names nothing to change.
    NoUpdates,
    /// Not allowed from the present status.
    InvalidTransition,
    /// No usable credential any more: install again.
    ReinstallRequired,
    /// The server has no OAuth app for the provider: its operator has to set one.
    ProviderNotConfigured,
    /// A concurrent change, or a taken name.
    Conflict,
    /// `If-Match` names another version than the stored one.
    PreconditionFailed,
    /// The body is larger than the server reads.
    PayloadTooLarge,
    /// The request's head is larger than the server reads.
    HeadersTooLarge,
    /// The body's `Content-Type` is not JSON.
    UnsupportedMediaType,
    /// Too many requests; wait `retry_after` seconds.
    RateLimited,
    /// Our fault; the body tells nothing of the inside.
    InternalError,
    /// For the moment the server cannot answer: its database is away, or it took too long.
    ServiceUnavailable,
}

impl ErrorCode {
    /// Every code.
    pub const ALL: [Self; 25] = [
        Self::Unauthorized,
        Self::InsufficientScope,
        Self::ApiKeyProjectMismatch,
        Self::ApiKeyOrgMismatch,
        Self::ProjectNotFound,
        Self::ProviderNotFound,
        Self::IntegrationNotFound,
        Self::ResourceNotFound,
        Self::MethodNotAllowed,
        Self::NotAcceptable,
        Self::RequestTimeout,
        Self::BadJson,
        Self::BadRequest,
        Self::NoUpdates,
        Self::InvalidTransition,
        Self::ReinstallRequired,
        Self::ProviderNotConfigured,
        Self::Conflict,
        Self::PreconditionFailed,
        Self::PayloadTooLarge,
        Self::HeadersTooLarge,
        Self::UnsupportedMediaType,
        Self::RateLimited,
        Self::InternalError,
        Self::ServiceUnavailable,
    ];

    /// The code on the wire.
    pub const fn code(self) -> &'static str {
        match self {
            Self::Unauthorized => "UNAUTHORIZED",
            Self::InsufficientScope => "INSUFFICIENT_SCOPE",
            Self::ApiKeyProjectMismatch => "API_KEY_PROJECT_MISMATCH",
            Self::ApiKeyOrgMismatch => "API_KEY_ORG_MISMATCH",
            Self::ProjectNotFound => "PROJECT_NOT_FOUND",
            Self::ProviderNotFound => "PROVIDER_NOT_FOUND",
            Self::IntegrationNotFound => "INTEGRATION_NOT_FOUND",
            Self::ResourceNotFound => "RESOURCE_NOT_FOUND",
            Self::MethodNotAllowed => "METHOD_NOT_ALLOWED",
            Self::NotAcceptable => "NOT_ACCEPTABLE",
            Self::RequestTimeout => "REQUEST_TIMEOUT",
            Self::BadJson => "BAD_JSON",
            Self::BadRequest => "BAD_REQUEST",
            Self::NoUpdates => "NO_UPDATES",
            Self::InvalidTransition => "INVALID_TRANSITION",
            Self::ReinstallRequired => "REINSTALL_REQUIRED",
            Self::ProviderNotConfigured => "PROVIDER_NOT_CONFIGURED",
            Self::Conflict => "CONFLICT",
            Self::PreconditionFailed => "PRECONDITION_FAILED",
            Self::PayloadTooLarge => "PAYLOAD_TOO_LARGE",
            Self::HeadersTooLarge => "HEADERS_TOO_LARGE",
            Self::UnsupportedMediaType => "UNSUPPORTED_MEDIA_TYPE",
            Self::RateLimited => "RATE_LIMITED",
            Self::InternalError => "INTERNAL_ERROR",
            Self::ServiceUnavailable => "SERVICE_UNAVAILABLE",
        }
    }

    /// The HTTP status that goes with the code (RFC 9110, section 15; 429 and 431 by RFC 6585).
    pub const fn status(self) -> u16 {
        match self {
            Self::BadJson | Self::BadRequest | Self::NoUpdates => 400,
            Self::Unauthorized => 401,
            Self::InsufficientScope | Self::ApiKeyProjectMismatch | Self::ApiKeyOrgMismatch => 403,
            Self::ProjectNotFound
            | Self::ProviderNotFound
            | Self::IntegrationNotFound
            | Self::ResourceNotFound => 404,
            Self::MethodNotAllowed => 405,
            Self::NotAcceptable => 406,
            Self::RequestTimeout => 408,
            Self::InvalidTransition
            | Self::ReinstallRequired
            | Self::ProviderNotConfigured
            | Self::Conflict => 409,
            Self::PreconditionFailed => 412,
            Self::PayloadTooLarge => 413,
            Self::UnsupportedMediaType => 415,
            Self::RateLimited => 429,
            Self::HeadersTooLarge => 431,
            Self::InternalError => 500,
            Self::ServiceUnavailable => 503,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    /// The contract's table of codes.
    const CONTRACT: [(&str, u16); 16] = [
        ("UNAUTHORIZED", 401),
        ("INSUFFICIENT_SCOPE", 403),
        ("API_KEY_PROJECT_MISMATCH", 403),
        ("API_KEY_ORG_MISMATCH", 403),
        ("PROJECT_NOT_FOUND", 404),
        ("PROVIDER_NOT_FOUND", 404),
        ("INTEGRATION_NOT_FOUND", 404),
        ("RESOURCE_NOT_FOUND", 404),
        ("BAD_JSON", 400),
        ("BAD_REQUEST", 400),
        ("NO_UPDATES", 400),
        ("INVALID_TRANSITION", 409),
        ("REINSTALL_REQUIRED", 409),
        ("CONFLICT", 409),
        ("RATE_LIMITED", 429),
        ("INTERNAL_ERROR", 500),
    ];

    #[test]
    fn the_contracts_codes_are_there_with_their_statuses() {
        for (code, status) in CONTRACT {
            let found = ErrorCode::ALL.into_iter().find(|one| one.code() == code).expect(code);
            assert_eq!(found.status(), status, "{code}");
        }
    }

    #[test]
    fn codes_differ_and_serialize_as_they_read() {
        let codes: HashSet<_> = ErrorCode::ALL.into_iter().map(ErrorCode::code).collect();
        assert_eq!(codes.len(), ErrorCode::ALL.len());
        for code in ErrorCode::ALL {
            assert_eq!(serde_json::to_value(code).unwrap(), code.code());
        }
    }
}
