//! The error codes that clients branch on.

use crate::words::words;

words! {
    /// What went wrong, for programs. Each code has one HTTP status and one meaning.
    pub open enum ErrorCode {
        /// The API key is missing, malformed, unknown, expired or revoked.
        Unauthorized = "UNAUTHORIZED",
        /// The key lacks the scope; the message names it.
        InsufficientScope = "INSUFFICIENT_SCOPE",
        /// Whoever asks for this may not do it here, although their scopes would allow it.
        Forbidden = "FORBIDDEN",
        /// The key's organization does not own the project.
        ApiKeyProjectMismatch = "API_KEY_PROJECT_MISMATCH",
        /// The key belongs to another organization than the one named in the path.
        ApiKeyOrgMismatch = "API_KEY_ORG_MISMATCH",
        /// No such project.
        ProjectNotFound = "PROJECT_NOT_FOUND",
        /// Not in the catalog.
        ProviderNotFound = "PROVIDER_NOT_FOUND",
        /// In the catalog, not installed in this project.
        IntegrationNotFound = "INTEGRATION_NOT_FOUND",
        /// Any other unknown thing, unknown routes included.
        ResourceNotFound = "RESOURCE_NOT_FOUND",
        /// The route exists, but not with this method; `Allow` names those that it has.
        MethodNotAllowed = "METHOD_NOT_ALLOWED",
        /// The client accepts no JSON.
        NotAcceptable = "NOT_ACCEPTABLE",
        /// The client was too slow in sending its request.
        RequestTimeout = "REQUEST_TIMEOUT",
        /// The body is not JSON.
        BadJson = "BAD_JSON",
        /// The request is not valid: `issues` gives each path and why.
        BadRequest = "BAD_REQUEST",
        /// A PATCH that names nothing to change.
        NoUpdates = "NO_UPDATES",
        /// The change is not allowed from the present status.
        InvalidTransition = "INVALID_TRANSITION",
        /// There is no usable credential any more: install again.
        ReinstallRequired = "REINSTALL_REQUIRED",
        /// The server has no OAuth app for the provider: the operator must set one.
        ProviderNotConfigured = "PROVIDER_NOT_CONFIGURED",
        /// A concurrent change, or a taken name.
        Conflict = "CONFLICT",
        /// The `Idempotency-Key` was sent with another request, or the first request with it is still under way.
        IdempotencyConflict = "IDEMPOTENCY_CONFLICT",
        /// The provider has no action of this name.
        ActionNotFound = "ACTION_NOT_FOUND",
        /// The integration's permissions do not allow the action.
        ActionNotPermitted = "ACTION_NOT_PERMITTED",
        /// A setting of the integration forbids the call; the message says which.
        ActionLimitExceeded = "ACTION_LIMIT_EXCEEDED",
        /// The integration is paused, in error or disconnected, so its actions cannot be called.
        IntegrationNotActive = "INTEGRATION_NOT_ACTIVE",
        /// The approval was decided or has expired.
        ApprovalNotPending = "APPROVAL_NOT_PENDING",
        /// `If-Match` names another version than the stored one.
        PreconditionFailed = "PRECONDITION_FAILED",
        /// The body is larger than the server reads.
        PayloadTooLarge = "PAYLOAD_TOO_LARGE",
        /// The address is longer than the server reads.
        UriTooLong = "URI_TOO_LONG",
        /// The request's headers are larger than the server reads.
        HeadersTooLarge = "HEADERS_TOO_LARGE",
        /// The body's `Content-Type` is not JSON.
        UnsupportedMediaType = "UNSUPPORTED_MEDIA_TYPE",
        /// Too many requests; wait `retry_after` seconds.
        RateLimited = "RATE_LIMITED",
        /// Nobody has decided about the device login yet: poll again.
        AuthorizationPending = "AUTHORIZATION_PENDING",
        /// The person denied the device login, or may not grant any of it any more.
        AccessDenied = "ACCESS_DENIED",
        /// The device code has expired, was used, or was never given out: begin the login again.
        ExpiredToken = "EXPIRED_TOKEN",
        /// The program polls too often: wait `retry_after` seconds, and five seconds longer between polls from then on.
        SlowDown = "SLOW_DOWN",
        /// The provider allows no more requests for now; wait `retry_after` seconds.
        ProviderRateLimited = "PROVIDER_RATE_LIMITED",
        /// The provider refused the call: `provider_status` is its status, and the message its own.
        ProviderRefused = "PROVIDER_REFUSED",
        /// The provider cannot be reached or does not work. Nothing was done there.
        ProviderUnavailable = "PROVIDER_UNAVAILABLE",
        /// The provider's answer was lost or says nothing: the call may have been carried out.
        OutcomeUnknown = "OUTCOME_UNKNOWN",
        /// The server's fault. The body does not say what went wrong inside.
        InternalError = "INTERNAL_ERROR",
        /// The server cannot answer at the moment: its database is not available, or the request took too long.
        ServiceUnavailable = "SERVICE_UNAVAILABLE",
    }
}

impl ErrorCode {
    /// The HTTP status that goes with the code (RFC 9110, section 15; 429 and 431 by RFC 6585; the words of RFC 8628,
    /// section 3.5).
    pub const fn status(self) -> u16 {
        match self {
            Self::AuthorizationPending => 202,
            Self::BadJson | Self::BadRequest | Self::NoUpdates | Self::ExpiredToken => 400,
            Self::Unauthorized => 401,
            Self::InsufficientScope
            | Self::Forbidden
            | Self::ApiKeyProjectMismatch
            | Self::ApiKeyOrgMismatch
            | Self::AccessDenied
            | Self::ActionNotPermitted
            | Self::ActionLimitExceeded => 403,
            Self::ProjectNotFound
            | Self::ProviderNotFound
            | Self::IntegrationNotFound
            | Self::ResourceNotFound
            | Self::ActionNotFound => 404,
            Self::MethodNotAllowed => 405,
            Self::NotAcceptable => 406,
            Self::RequestTimeout => 408,
            Self::InvalidTransition
            | Self::ReinstallRequired
            | Self::ProviderNotConfigured
            | Self::Conflict
            | Self::IdempotencyConflict
            | Self::IntegrationNotActive
            | Self::ApprovalNotPending => 409,
            Self::PreconditionFailed => 412,
            Self::PayloadTooLarge => 413,
            Self::UriTooLong => 414,
            Self::UnsupportedMediaType => 415,
            Self::ProviderRefused => 422,
            Self::RateLimited | Self::SlowDown | Self::ProviderRateLimited => 429,
            Self::HeadersTooLarge => 431,
            Self::InternalError => 500,
            Self::ServiceUnavailable | Self::ProviderUnavailable => 503,
            Self::OutcomeUnknown => 504,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    /// The contract's tables of codes.
    const CONTRACT: [(&str, u16); 26] = [
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
        ("IDEMPOTENCY_CONFLICT", 409),
        ("RATE_LIMITED", 429),
        ("INTERNAL_ERROR", 500),
        ("ACTION_NOT_FOUND", 404),
        ("ACTION_NOT_PERMITTED", 403),
        ("ACTION_LIMIT_EXCEEDED", 403),
        ("INTEGRATION_NOT_ACTIVE", 409),
        ("APPROVAL_NOT_PENDING", 409),
        ("PROVIDER_RATE_LIMITED", 429),
        ("PROVIDER_REFUSED", 422),
        ("PROVIDER_UNAVAILABLE", 503),
        ("OUTCOME_UNKNOWN", 504),
    ];

    #[test]
    fn the_contracts_codes_are_there_with_their_statuses() {
        for (code, status) in CONTRACT {
            let found = ErrorCode::ALL.into_iter().find(|one| one.as_str() == code).expect(code);
            assert_eq!(found.status(), status, "{code}");
        }
    }

    #[test]
    fn codes_differ_and_serialize_as_they_read() {
        let codes: HashSet<_> = ErrorCode::ALL.into_iter().map(ErrorCode::as_str).collect();
        assert_eq!(codes.len(), ErrorCode::ALL.len());
        for code in ErrorCode::ALL {
            assert_eq!(serde_json::to_value(code).unwrap(), code.as_str());
        }
    }
}
