//! The error envelope: the form of every refusal and failure.

use axum::response::{IntoResponse, Response};
use http::{HeaderName, HeaderValue, StatusCode, header};
use integrations_core::{
    catalog::NoSuchProvider, error::ErrorCode, fields::BodyError, integration::UpdateError, issue::Issue,
    scope::RequiredScope, wire::ApiError,
};

use crate::{
    services::{
        actions::{ApprovalError, CallError, PolicyError},
        api_keys::KeyRefusal,
        install::CreateLinkError,
        integrations::ChangeError,
        oauth_apps::SetAppError,
        provider_events::EventsError,
    },
    store::{Denied, Forbidden, OwnedError, ReadError, StoreError},
    vault::VaultError,
};

/// The message for clients while the database does not answer.
const DATABASE_UNAVAILABLE: &str = "The database is unavailable for the moment; try again";
/// How to authenticate (RFC 6750, section 3).
const CHALLENGE: &str = "Bearer realm=\"integrations\"";

/// A refusal or failure. The edge adds the request's id.
#[derive(Clone, Debug, PartialEq)]
pub struct Failure {
    /// What went wrong, for programs.
    pub code: ErrorCode,
    /// What went wrong, for people.
    pub message: String,
    /// What is wrong with the request, and where.
    pub issues: Vec<Issue>,
    /// Seconds after which to try again.
    pub retry_after: Option<u32>,
    /// The run that was stored of a call of an action.
    pub run_id: Option<String>,
    /// The status with which the provider refused a call of an action.
    pub provider_status: Option<u16>,
    /// A header with which the answer tells programs more.
    pub header: Option<Box<(HeaderName, HeaderValue)>>,
}

impl Failure {
    /// An error with this code and message.
    pub fn new(code: ErrorCode, message: impl Into<String>) -> Self {
        Self {
            code,
            message: message.into(),
            issues: Vec::new(),
            retry_after: None,
            run_id: None,
            provider_status: None,
            header: None,
        }
    }

    /// A request that is not valid, issue by issue.
    pub fn invalid(message: &str, issues: Vec<Issue>) -> Self {
        Self { issues, ..Self::new(ErrorCode::BadRequest, message) }
    }

    /// A body that is not JSON.
    pub fn bad_json(message: &str) -> Self {
        Self::new(ErrorCode::BadJson, format!("The body is not JSON: {message}"))
    }

    /// The key lacks a scope.
    pub fn insufficient_scope(required: RequiredScope) -> Self {
        Self::new(ErrorCode::InsufficientScope, format!("The API key lacks the scope {required}"))
            .challenging(&format!("error=\"insufficient_scope\", scope=\"{required}\""))
    }

    /// A change of an API key was not made.
    pub fn of_key(error: OwnedError) -> Self {
        match error {
            OwnedError::Forbidden(error) => error.into(),
            OwnedError::NotFound => Self::new(ErrorCode::ResourceNotFound, "There is no such API key"),
            OwnedError::NoSuchProject => {
                let issue =
                    Issue::new("project_ids", "The organization has no such project, or it is archived");
                Self { issues: vec![issue], ..Denied::NoSuchProject.into() }
            }
            OwnedError::Taken | OwnedError::TooMany(_) => {
                Self::new(ErrorCode::Conflict, "Another change came first; try again")
            }
            OwnedError::Ended => Self::new(
                ErrorCode::Conflict,
                "The API key is revoked or has expired, so it cannot be changed",
            ),
            OwnedError::Store(error) => error.into(),
        }
    }

    /// A change of a webhook was not made.
    pub fn of_webhook(error: OwnedError) -> Self {
        match error {
            OwnedError::NotFound => Self::no_such_webhook(),
            OwnedError::TooMany(most) => Self::new(
                ErrorCode::Conflict,
                format!("The project has {most} webhooks, and may have no more: delete one first"),
            ),
            error => Self::of_project(error),
        }
    }

    /// There is no such webhook.
    pub fn no_such_webhook() -> Self {
        Self::new(ErrorCode::ResourceNotFound, "There is no such webhook")
    }

    /// A change of a project was not made.
    pub fn of_project(error: OwnedError) -> Self {
        match error {
            OwnedError::Forbidden(error) => error.into(),
            OwnedError::NotFound | OwnedError::NoSuchProject => Denied::NoSuchProject.into(),
            OwnedError::Taken | OwnedError::TooMany(_) => {
                Self::new(ErrorCode::Conflict, "Another project of the organization has this slug")
            }
            OwnedError::Ended => Self::new(
                ErrorCode::Conflict,
                "The project is archived: bring it back first with archived: false. After 30 days it cannot be \
                 brought back",
            ),
            OwnedError::Store(error) => error.into(),
        }
    }

    /// The key or token that was sent is refused.
    pub fn invalid_token(message: impl Into<String>) -> Self {
        Self::new(ErrorCode::Unauthorized, message).challenging("error=\"invalid_token\"")
    }

    /// Adds what a challenge says about the key that was sent (RFC 6750, section 3).
    fn challenging(self, error: &str) -> Self {
        match HeaderValue::from_str(&format!("{CHALLENGE}, {error}")) {
            Ok(challenge) => self.with_header(header::WWW_AUTHENTICATE, challenge),
            Err(_) => self,
        }
    }

    /// The same, with a header.
    pub(crate) fn with_header(self, name: HeaderName, value: HeaderValue) -> Self {
        Self { header: Some(Box::new((name, value))), ..self }
    }

    /// A bug or fault of this server. The cause goes to the log only; the client does not see it.
    pub fn internal(cause: &dyn std::fmt::Display) -> Self {
        tracing::error!(%cause, "a request failed");
        Self::new(
            ErrorCode::InternalError,
            "Something went wrong on the server; its log has the cause under the request id",
        )
    }

    /// The server cannot answer for the moment.
    pub fn unavailable(message: &str) -> Self {
        Self { retry_after: Some(1), ..Self::new(ErrorCode::ServiceUnavailable, message) }
    }

    /// The provider uses no OAuth, so it has no OAuth app.
    pub fn without_oauth() -> Self {
        Self::new(
            ErrorCode::ResourceNotFound,
            "The provider is not installed by OAuth, so it has no OAuth app",
        )
    }

    /// Another request with the same `Idempotency-Key` is under way.
    pub fn under_way() -> Self {
        let message = "The first request with this Idempotency-Key is still under way; try again in a moment";
        Self { retry_after: Some(1), ..Self::new(ErrorCode::IdempotencyConflict, message) }
    }

    /// Translates the status of an answer that a library made.
    pub(super) fn from_status(status: StatusCode) -> Self {
        let code = ErrorCode::ALL.into_iter().find(|code| code.status() == status.as_u16());
        match (code, status.is_client_error()) {
            (Some(ErrorCode::ProjectNotFound), _) => {
                Self::new(ErrorCode::ResourceNotFound, "There is nothing at this address")
            }
            (Some(ErrorCode::BadJson | ErrorCode::ProviderRefused), _) => {
                Self::new(ErrorCode::BadRequest, "The request is not valid")
            }
            (Some(ErrorCode::OutcomeUnknown), _) => Self::internal(&format!("a library answered {status}")),
            (Some(code), _) => Self::new(code, status.canonical_reason().unwrap_or("The request failed")),
            (None, true) => Self::new(ErrorCode::BadRequest, "The request is not valid"),
            (None, false) => Self::internal(&format!("a library answered {status}")),
        }
    }

    /// The HTTP status.
    pub fn status(&self) -> StatusCode {
        StatusCode::from_u16(self.code.status()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR)
    }

    /// The body.
    pub(super) fn body(&self, request_id: &str) -> Vec<u8> {
        let error = ApiError {
            error: self.message.clone(),
            code: self.code.into(),
            request_id: request_id.to_owned(),
            issues: self.issues.clone(),
            retry_after: self.retry_after.filter(|_| self.status() == StatusCode::TOO_MANY_REQUESTS),
            run_id: self.run_id.clone(),
            provider_status: self.provider_status,
        };
        serde_json::to_vec(&error).unwrap_or_default()
    }

    /// The response with its body.
    pub(super) fn render(&self, request_id: &str) -> Response {
        let mut response = Response::new(self.body(request_id).into());
        *response.status_mut() = self.status();
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
        if let Some(seconds) = self.retry_after {
            headers.insert(header::RETRY_AFTER, seconds.into());
        }
        if self.code == ErrorCode::Unauthorized {
            // RFC 9110, section 11.6.1: a 401 must say how to authenticate.
            headers.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static(CHALLENGE));
        }
        if let Some((name, value)) = self.header.as_deref() {
            headers.insert(name, value.clone());
        }
        response
    }
}

impl IntoResponse for Failure {
    /// Leaves the error in the response's extensions. The edge knows the request's id and writes the body.
    fn into_response(self) -> Response {
        let mut response = Response::new(axum::body::Body::empty());
        *response.status_mut() = self.status();
        response.extensions_mut().insert(Box::new(self));
        response
    }
}

impl From<KeyRefusal> for Failure {
    fn from(refusal: KeyRefusal) -> Self {
        Self::invalid_token(refusal.to_string())
    }
}

impl From<StoreError> for Failure {
    fn from(error: StoreError) -> Self {
        match error {
            // `store/watch.rs` logged it when the database went away.
            StoreError::Away => Self::unavailable(DATABASE_UNAVAILABLE),
            StoreError::Unavailable(cause) => {
                tracing::warn!(%cause, "the database is unavailable");
                Self::unavailable(DATABASE_UNAVAILABLE)
            }
            StoreError::Taken(_) => Self::new(ErrorCode::Conflict, "It exists already"),
            StoreError::Repeated => Self::under_way(),
            StoreError::Refused(_) | StoreError::Damaged(_) | StoreError::Unseen(..) => {
                Self::internal(&error)
            }
        }
    }
}

impl From<Denied> for Failure {
    fn from(denied: Denied) -> Self {
        match denied {
            Denied::NoSuchProject => Self::new(ErrorCode::ProjectNotFound, "There is no such project"),
            Denied::ForeignProject => Self::new(
                ErrorCode::ApiKeyProjectMismatch,
                "The API key's organization does not own this project",
            ),
            Denied::OutOfReach => Self::new(
                ErrorCode::ApiKeyProjectMismatch,
                "The API key is bound to other projects than this one",
            ),
        }
    }
}

impl From<BodyError> for Failure {
    fn from(error: BodyError) -> Self {
        match error {
            BodyError::Syntax(message) => Self::bad_json(&message),
            BodyError::Invalid(issues) => Self::invalid("Invalid body", issues),
            BodyError::NoUpdates => Self::new(ErrorCode::NoUpdates, "The body names nothing to change"),
        }
    }
}

impl From<PolicyError> for Failure {
    fn from(error: PolicyError) -> Self {
        match error {
            PolicyError::Body(error) => error.into(),
            PolicyError::Read(error) => error.into(),
            PolicyError::Owned(error) => Self::of_project(error),
        }
    }
}

impl From<Forbidden> for Failure {
    fn from(error: Forbidden) -> Self {
        match error {
            Forbidden::Lapsed => Self::new(ErrorCode::Unauthorized, "Your rights have ended: sign in again"),
            Forbidden::Scope(required) => Self::insufficient_scope(required),
            Forbidden::Bound => Self::new(
                ErrorCode::ApiKeyProjectMismatch,
                "The API key is bound to projects, and this concerns the whole organization",
            ),
            error @ Forbidden::SetByPeople => {
                Self::new(ErrorCode::Forbidden, format!("Not permitted: {error}"))
            }
            error => Self::new(ErrorCode::InsufficientScope, format!("Not granted: {error}")),
        }
    }
}

impl From<ReadError> for Failure {
    fn from(error: ReadError) -> Self {
        match error {
            ReadError::Denied(denied) => denied.into(),
            ReadError::Store(error) => error.into(),
        }
    }
}

impl From<UpdateError> for Failure {
    fn from(error: UpdateError) -> Self {
        match error {
            UpdateError::BadJson(message) => Self::bad_json(&message),
            UpdateError::Invalid(issues) => Self::invalid("Invalid body", issues),
            // The service opens them.
            UpdateError::SettingsSealed => Self::internal(&error),
            UpdateError::NoUpdates => Self::new(
                ErrorCode::NoUpdates,
                "Nothing to change: name at least one of status, display_name, sidebar_enabled, settings, \
                 action_permissions",
            ),
        }
    }
}

impl From<VaultError> for Failure {
    fn from(error: VaultError) -> Self {
        Self::internal(&error)
    }
}

impl From<NoSuchProvider> for Failure {
    fn from(error: NoSuchProvider) -> Self {
        Self::new(ErrorCode::ProviderNotFound, error.to_string())
    }
}

impl From<ChangeError> for Failure {
    fn from(error: ChangeError) -> Self {
        match error {
            ChangeError::Read(error) => error.into(),
            ChangeError::NotInstalled { .. } => Self::new(ErrorCode::IntegrationNotFound, error.to_string()),
            ChangeError::OtherVersion => Self::new(
                ErrorCode::PreconditionFailed,
                "The integration has changed since the version that If-Match names",
            ),
            ChangeError::Update(error) => error.into(),
            ChangeError::ReinstallRequired => Self::new(
                ErrorCode::ReinstallRequired,
                "There is no usable credential any more: install again, with an install URL",
            ),
            ChangeError::Moving(notice) => Self::new(ErrorCode::ReinstallRequired, notice),
            ChangeError::NotAllowed(from) | ChangeError::ProbeRequired(from) => Self::new(
                ErrorCode::InvalidTransition,
                format!("Not allowed while the integration is {from}"),
            ),
            ChangeError::Unproven(why) => Self::new(
                ErrorCode::InvalidTransition,
                format!("Only a successful check ends the error, and none could be made: {why}"),
            ),
            ChangeError::CutOff => Self::unavailable("The check was cut off; try again"),
            ChangeError::Vault(error) => error.into(),
        }
    }
}

impl From<SetAppError> for Failure {
    fn from(error: SetAppError) -> Self {
        match error {
            SetAppError::NoSecret => {
                let message = "Required, as no secret is stored for this client id";
                Self::invalid("Invalid body", vec![Issue::new("client_secret", message)])
            }
            SetAppError::Vault(error) => {
                tracing::error!(%error, "the client secret of an OAuth app cannot be opened");
                let message = "Required, as the stored secret cannot be opened";
                Self::invalid("Invalid body", vec![Issue::new("client_secret", message)])
            }
            SetAppError::Owned(OwnedError::Forbidden(error)) => error.into(),
            SetAppError::Owned(OwnedError::NotFound | OwnedError::NoSuchProject) => {
                Denied::NoSuchProject.into()
            }
            SetAppError::Owned(OwnedError::Taken | OwnedError::TooMany(_) | OwnedError::Ended) => {
                Self::new(ErrorCode::Conflict, "Another change came first; try again")
            }
            SetAppError::Owned(OwnedError::Store(error)) => error.into(),
        }
    }
}

impl From<EventsError> for Failure {
    fn from(error: EventsError) -> Self {
        let missing = |message: &str| Self::new(ErrorCode::ResourceNotFound, message);
        let conflict = |message: &str| Self::new(ErrorCode::Conflict, message);
        match error {
            EventsError::Read(error) => error.into(),
            EventsError::Owned(error) => Self::of_project(error),
            EventsError::NotInstalled(account) => Self::new(
                ErrorCode::IntegrationNotFound,
                format!("{account} is not installed in this project"),
            ),
            EventsError::NoApp => missing("No OAuth app is set here that has an address for events"),
            EventsError::SendsNone(None) => missing("The provider sends no events that are taken"),
            EventsError::SendsNone(Some(why)) => missing(&format!("No events are taken: {why}")),
            EventsError::NoSuchEvent => missing("There is no such event"),
            EventsError::Disconnected => conflict("The integration is disconnected: connect it first"),
            EventsError::OfApp => {
                conflict("The address is that of the OAuth app. Who has set the app sets the secret with it")
            }
            EventsError::NotAsked => conflict("Nobody is asked for this secret"),
            EventsError::Secret(message) => {
                Self::invalid("Invalid body", vec![Issue::new("secret", message)])
            }
            EventsError::Vault(error) => error.into(),
        }
    }
}

impl From<CreateLinkError> for Failure {
    fn from(error: CreateLinkError) -> Self {
        match error {
            CreateLinkError::NotConfigured { provider } => Self::new(
                ErrorCode::ProviderNotConfigured,
                format!("{provider} cannot be installed: no OAuth app is set for it on this server"),
            ),
            CreateLinkError::NoApprovedHost { provider } => Self::new(
                ErrorCode::ProviderNotConfigured,
                format!(
                    "{provider} cannot be installed: it is at a host of the customer's own, and none is approved on \
                     this server. Its operator names those that it may call in RIQ_APPROVED_HOSTS"
                ),
            ),
            CreateLinkError::Store(error) => error.into(),
        }
    }
}

impl From<ApprovalError> for Failure {
    fn from(error: ApprovalError) -> Self {
        match error {
            ApprovalError::Call(error) => error.into(),
            ApprovalError::NoSuchApproval => {
                Self::new(ErrorCode::ResourceNotFound, "There is no such approval")
            }
            ApprovalError::Lapsed => Forbidden::Lapsed.into(),
            ApprovalError::NotApprover(why) => Self::new(ErrorCode::Forbidden, why.to_string()),
            ApprovalError::MayBeSent => {
                Self { retry_after: Some(60), ..Self::unavailable(&error.to_string()) }
            }
            ApprovalError::NotPending(status) => Self::new(
                ErrorCode::ApprovalNotPending,
                format!("The approval is {status}, so it cannot be decided on any more; nothing was changed"),
            ),
        }
    }
}

impl From<CallError> for Failure {
    fn from(error: CallError) -> Self {
        match error {
            CallError::Read(error) => error.into(),
            CallError::NotInstalled { .. } => Self::new(ErrorCode::IntegrationNotFound, error.to_string()),
            CallError::NoSuchAction { .. } => Self::new(ErrorCode::ActionNotFound, error.to_string()),
            CallError::NotActive(status) => Self::new(
                ErrorCode::IntegrationNotActive,
                format!("The integration is {status}, so its actions cannot be called"),
            ),
            CallError::Moving(notice) => Self::new(ErrorCode::IntegrationNotActive, notice),
            CallError::ReinstallRequired => ChangeError::ReinstallRequired.into(),
            CallError::Body(error) => error.into(),
            CallError::Input(issues) => Self::invalid("Invalid body", issues),
            CallError::Limited { seconds, .. } => Self {
                retry_after: Some(seconds),
                ..Self::new(ErrorCode::ProviderRateLimited, format!("{error}; nothing was done"))
            },
            CallError::Refused { message, provider_status } => {
                Self { provider_status, ..Self::new(ErrorCode::ProviderRefused, message) }
            }
            CallError::Unavailable(message) => {
                Self { retry_after: Some(1), ..Self::new(ErrorCode::ProviderUnavailable, message) }
            }
            CallError::Changed => Self::new(
                ErrorCode::Conflict,
                "The integration was changed while the call was prepared, and nothing was done; call again",
            ),
            CallError::Unfinished => Self::unavailable(
                "The provider is slow to tell what must be known before; look among the runs before you call again",
            ),
            CallError::TooManyWaiting(_) => {
                Self { retry_after: Some(60), ..Self::new(ErrorCode::RateLimited, error.to_string()) }
            }
            CallError::Vault(error) => error.into(),
            CallError::Broken(_) => Self::internal(&error),
        }
    }
}
