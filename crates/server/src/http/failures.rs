//! The failures of each operation, for the specification.

use std::collections::BTreeMap;

use integrations_core::error::ErrorCode;
use serde_json::{Value, json};
use utoipa::{
    IntoResponses,
    openapi::{
        ContentBuilder, HeaderBuilder, Ref, RefOr, ResponseBuilder,
        example::ExampleBuilder,
        response::Response,
        schema::{ObjectBuilder, Type},
    },
};

use super::examples::REQUEST_ID;

type Responses = BTreeMap<String, RefOr<Response>>;

/// The failures of every operation. The edge gives these answers, before any route is reached or in its place.
const ANY: &[ErrorCode] = &[
    ErrorCode::BadRequest,
    ErrorCode::UriTooLong,
    ErrorCode::HeadersTooLarge,
    ErrorCode::InternalError,
    ErrorCode::ServiceUnavailable,
];
/// The failures of every operation on a project, beside those of any.
const PROJECT: &[ErrorCode] = &[
    ErrorCode::Unauthorized,
    ErrorCode::InsufficientScope,
    ErrorCode::ApiKeyProjectMismatch,
    ErrorCode::ProjectNotFound,
    ErrorCode::NotAcceptable,
    ErrorCode::RateLimited,
];
/// The failures of every operation on an organization, beside those of any.
const ORGANIZATION: &[ErrorCode] = &[
    ErrorCode::Unauthorized,
    ErrorCode::InsufficientScope,
    ErrorCode::ApiKeyOrgMismatch,
    ErrorCode::NotAcceptable,
    ErrorCode::RateLimited,
];
/// The failures of naming one of an organization's projects.
const OWNED_PROJECT: &[ErrorCode] = &[ErrorCode::ApiKeyProjectMismatch, ErrorCode::ProjectNotFound];
const BODY: &[ErrorCode] = &[
    ErrorCode::BadJson,
    ErrorCode::RequestTimeout,
    ErrorCode::PayloadTooLarge,
    ErrorCode::UnsupportedMediaType,
];
const INSTALLED: &[ErrorCode] =
    &[ErrorCode::ProviderNotFound, ErrorCode::IntegrationNotFound, ErrorCode::PreconditionFailed];
const CHANGE: &[ErrorCode] =
    &[ErrorCode::NoUpdates, ErrorCode::InvalidTransition, ErrorCode::ReinstallRequired, ErrorCode::Conflict];

const CALL: &[ErrorCode] = &[
    ErrorCode::ProviderNotFound,
    ErrorCode::IntegrationNotFound,
    ErrorCode::ActionNotFound,
    ErrorCode::ActionNotPermitted,
    ErrorCode::ActionLimitExceeded,
    ErrorCode::IntegrationNotActive,
    ErrorCode::ReinstallRequired,
    ErrorCode::Conflict,
    ErrorCode::ProviderRefused,
    ErrorCode::ProviderRateLimited,
    ErrorCode::ProviderUnavailable,
    ErrorCode::OutcomeUnknown,
];

/// The failures of asking what would be decided of a call, beside those of any.
const EXPLAIN: &[ErrorCode] = &[
    ErrorCode::ProviderNotFound,
    ErrorCode::IntegrationNotFound,
    ErrorCode::ActionNotFound,
    ErrorCode::ReinstallRequired,
    ErrorCode::ProviderRefused,
    ErrorCode::ProviderRateLimited,
    ErrorCode::ProviderUnavailable,
];

/// The failures of deciding on an approval, beside those of any.
const DECISION: &[ErrorCode] =
    &[ErrorCode::Forbidden, ErrorCode::ResourceNotFound, ErrorCode::ApprovalNotPending];
const PROXY: &[ErrorCode] = &[
    ErrorCode::ProviderNotFound,
    ErrorCode::IntegrationNotFound,
    ErrorCode::ActionNotPermitted,
    ErrorCode::IntegrationNotActive,
    ErrorCode::ReinstallRequired,
    ErrorCode::RequestTimeout,
    ErrorCode::PayloadTooLarge,
    ErrorCode::UnsupportedMediaType,
    ErrorCode::ProviderRateLimited,
    ErrorCode::ProviderUnavailable,
    ErrorCode::OutcomeUnknown,
];

/// The failures of every operation without a key, beside those of any.
const ANYBODY: &[ErrorCode] = &[ErrorCode::NotAcceptable, ErrorCode::RateLimited];
const APP: &[ErrorCode] = &[
    ErrorCode::ProviderNotFound,
    ErrorCode::ResourceNotFound,
    ErrorCode::ProviderNotConfigured,
    ErrorCode::Conflict,
];

/// The failures of asking for the events of an integration, beside those of any.
const EVENTS: &[ErrorCode] =
    &[ErrorCode::ProviderNotFound, ErrorCode::IntegrationNotFound, ErrorCode::ResourceNotFound];
/// The failures of asking for those of an OAuth app.
const APP_EVENTS: &[ErrorCode] = &[ErrorCode::ProviderNotFound, ErrorCode::ResourceNotFound];

/// Failures of an operation on a project.
pub(super) struct OnProject;
/// Failures of an operation on a provider of the catalog.
pub(super) struct OnProvider;
/// Failures of an operation on an integration.
pub(super) struct OnIntegration;
/// Failures of reading the events of an integration, or where they are sent to.
pub(super) struct OnEvents;
/// Failures of setting the secret of an integration's events.
pub(super) struct OnEventSecret;
/// Failures of reading where the events of a project's OAuth app are sent to.
pub(super) struct OnAppEvents;
/// Failures of setting the secret of the events of a project's OAuth app.
pub(super) struct OnAppEventSecret;
/// The same for an organization's OAuth app.
pub(super) struct OnOrganizationAppEvents;
/// The same for an organization's OAuth app.
pub(super) struct OnOrganizationAppEventSecret;
/// Failures of asking for an install URL.
pub(super) struct OnInstall;
/// Failures of ending an install link.
pub(super) struct OnLink;
/// Failures of a lifecycle change.
pub(super) struct OnChange;
/// Failures of a disconnection.
pub(super) struct OnDisconnect;
/// Failures of a check.
pub(super) struct OnCheck;
/// Failures of a call of an action.
pub(super) struct OnCall;
/// Failures of asking what would be decided of a call.
pub(super) struct OnExplain;
/// Failures of asking what would have been decided of the calls of the past.
pub(super) struct OnPolicy;
/// Failures of a request to a provider that are this server's own.
pub(super) struct OnProxy;
/// Failures of showing a run.
pub(super) struct OnRun;
/// Failures of showing an approval.
pub(super) struct OnApproval;
/// Failures of approving a call.
pub(super) struct OnApprove;
/// Failures of denying a call.
pub(super) struct OnDeny;
/// Failures of changing how approvals are decided.
pub(super) struct OnPolicyUpdate;
/// Failures of showing a webhook.
pub(super) struct OnWebhook;
/// Failures of making a webhook.
pub(super) struct OnNewWebhook;
/// Failures of changing a webhook.
pub(super) struct OnWebhookUpdate;
/// Failures of deleting a webhook, and of sending one of its messages again.
pub(super) struct OnWebhookEnd;
/// Failures of testing a webhook.
pub(super) struct OnWebhookTest;
/// Failures of having something done with a webhook.
pub(super) struct OnWebhookCommand;
/// Failures of an operation on an organization.
pub(super) struct OnOrganization;
/// Failures of making something in an organization.
pub(super) struct OnCreation;
/// Failures of reading one of an organization's projects.
pub(super) struct OnOwnedProject;
/// Failures of changing one of an organization's projects.
pub(super) struct OnProjectUpdate;
/// Failures of reading or revoking an API key.
pub(super) struct OnKey;
/// Failures of changing an API key.
pub(super) struct OnKeyUpdate;
/// Failures of rotating an API key.
pub(super) struct OnKeyRotation;
/// Failures of reading an organization's OAuth apps.
pub(super) struct OnOrganizationApps;
/// Failures of changing or checking an organization's OAuth app.
pub(super) struct OnOrganizationApp;
/// Failures of changing or checking a project's OAuth app.
pub(super) struct OnProjectApp;
/// Failures of beginning a device login.
pub(super) struct OnDeviceLogin;
/// Failures of polling for a device login.
pub(super) struct OnDevicePoll;
/// Failures of any request.
pub(super) struct OnAny;
/// Failures of reading the metrics.
pub(super) struct OnMetrics;
/// Failures of reading the specification.
pub(super) struct OnSpecification;
/// Failures of opening the reference.
pub(super) struct OnReference;

impl IntoResponses for OnProject {
    fn responses() -> Responses {
        describe(&[PROJECT])
    }
}
impl IntoResponses for OnProvider {
    fn responses() -> Responses {
        describe(&[PROJECT, &[ErrorCode::ProviderNotFound]])
    }
}
impl IntoResponses for OnIntegration {
    fn responses() -> Responses {
        describe(&[PROJECT, &[ErrorCode::ProviderNotFound, ErrorCode::IntegrationNotFound]])
    }
}
impl IntoResponses for OnEvents {
    fn responses() -> Responses {
        describe(&[PROJECT, EVENTS])
    }
}
impl IntoResponses for OnEventSecret {
    fn responses() -> Responses {
        describe(&[PROJECT, BODY, EVENTS, &[ErrorCode::Conflict]])
    }
}
impl IntoResponses for OnAppEvents {
    fn responses() -> Responses {
        describe(&[PROJECT, APP_EVENTS])
    }
}
impl IntoResponses for OnAppEventSecret {
    fn responses() -> Responses {
        describe(&[PROJECT, BODY, APP_EVENTS, &[ErrorCode::Conflict]])
    }
}
impl IntoResponses for OnOrganizationAppEvents {
    fn responses() -> Responses {
        describe(&[ORGANIZATION, APP_EVENTS, &[ErrorCode::ApiKeyProjectMismatch]])
    }
}
impl IntoResponses for OnOrganizationAppEventSecret {
    fn responses() -> Responses {
        let more = [ErrorCode::ApiKeyProjectMismatch, ErrorCode::Conflict];
        describe(&[ORGANIZATION, BODY, APP_EVENTS, &more])
    }
}
impl IntoResponses for OnInstall {
    fn responses() -> Responses {
        describe(&[PROJECT, BODY, &[ErrorCode::ProviderNotFound, ErrorCode::ProviderNotConfigured]])
    }
}
impl IntoResponses for OnLink {
    fn responses() -> Responses {
        describe(&[PROJECT, &[ErrorCode::ResourceNotFound]])
    }
}
impl IntoResponses for OnChange {
    fn responses() -> Responses {
        describe(&[PROJECT, BODY, INSTALLED, CHANGE])
    }
}
impl IntoResponses for OnDisconnect {
    fn responses() -> Responses {
        describe(&[PROJECT, INSTALLED, &[ErrorCode::Conflict]])
    }
}
impl IntoResponses for OnCheck {
    fn responses() -> Responses {
        let installed = [ErrorCode::ProviderNotFound, ErrorCode::IntegrationNotFound];
        describe(&[PROJECT, &installed, &[ErrorCode::ReinstallRequired]])
    }
}
impl IntoResponses for OnCall {
    fn responses() -> Responses {
        describe(&[PROJECT, BODY, CALL])
    }
}
impl IntoResponses for OnExplain {
    fn responses() -> Responses {
        describe(&[PROJECT, BODY, EXPLAIN])
    }
}
impl IntoResponses for OnPolicy {
    fn responses() -> Responses {
        describe(&[PROJECT, BODY, &[ErrorCode::ProviderNotFound, ErrorCode::IntegrationNotFound]])
    }
}
impl IntoResponses for OnProxy {
    fn responses() -> Responses {
        describe(&[PROJECT, PROXY])
    }
}
impl IntoResponses for OnRun {
    fn responses() -> Responses {
        describe(&[PROJECT, &[ErrorCode::ResourceNotFound]])
    }
}
impl IntoResponses for OnApproval {
    fn responses() -> Responses {
        describe(&[PROJECT, &[ErrorCode::ResourceNotFound]])
    }
}
impl IntoResponses for OnApprove {
    fn responses() -> Responses {
        // The integration and its action are there, or else the approval has expired.
        let call = CALL.iter().copied().filter(|code| code.status() != 404).collect::<Vec<_>>();
        describe(&[PROJECT, BODY, DECISION, &call])
    }
}
impl IntoResponses for OnDeny {
    fn responses() -> Responses {
        describe(&[PROJECT, BODY, DECISION])
    }
}
impl IntoResponses for OnPolicyUpdate {
    fn responses() -> Responses {
        describe(&[PROJECT, BODY, &[ErrorCode::NoUpdates, ErrorCode::Forbidden]])
    }
}
impl IntoResponses for OnWebhook {
    fn responses() -> Responses {
        describe(&[PROJECT, &[ErrorCode::ResourceNotFound]])
    }
}
impl IntoResponses for OnNewWebhook {
    fn responses() -> Responses {
        describe(&[PROJECT, BODY, &[ErrorCode::Conflict]])
    }
}
impl IntoResponses for OnWebhookUpdate {
    fn responses() -> Responses {
        describe(&[PROJECT, BODY, &[ErrorCode::NoUpdates, ErrorCode::ResourceNotFound, ErrorCode::Conflict]])
    }
}
impl IntoResponses for OnWebhookEnd {
    fn responses() -> Responses {
        describe(&[PROJECT, &[ErrorCode::ResourceNotFound, ErrorCode::Conflict]])
    }
}
impl IntoResponses for OnWebhookTest {
    fn responses() -> Responses {
        describe(&[PROJECT, &[ErrorCode::ResourceNotFound]])
    }
}
impl IntoResponses for OnWebhookCommand {
    fn responses() -> Responses {
        describe(&[PROJECT, BODY, &[ErrorCode::ResourceNotFound, ErrorCode::Conflict]])
    }
}
impl IntoResponses for OnOrganization {
    fn responses() -> Responses {
        describe(&[ORGANIZATION])
    }
}
impl IntoResponses for OnCreation {
    fn responses() -> Responses {
        describe(&[ORGANIZATION, BODY, OWNED_PROJECT, &[ErrorCode::Conflict]])
    }
}
impl IntoResponses for OnOwnedProject {
    fn responses() -> Responses {
        describe(&[ORGANIZATION, OWNED_PROJECT])
    }
}
impl IntoResponses for OnProjectUpdate {
    fn responses() -> Responses {
        describe(&[ORGANIZATION, BODY, OWNED_PROJECT, &[ErrorCode::NoUpdates, ErrorCode::Conflict]])
    }
}
impl IntoResponses for OnKey {
    fn responses() -> Responses {
        describe(&[ORGANIZATION, &[ErrorCode::ResourceNotFound]])
    }
}
impl IntoResponses for OnKeyUpdate {
    fn responses() -> Responses {
        let key = [ErrorCode::ResourceNotFound, ErrorCode::NoUpdates, ErrorCode::Conflict];
        describe(&[ORGANIZATION, BODY, OWNED_PROJECT, &key])
    }
}
impl IntoResponses for OnKeyRotation {
    fn responses() -> Responses {
        let key = [ErrorCode::ApiKeyProjectMismatch, ErrorCode::ResourceNotFound, ErrorCode::Conflict];
        describe(&[ORGANIZATION, BODY, &key])
    }
}
impl IntoResponses for OnOrganizationApps {
    fn responses() -> Responses {
        describe(&[ORGANIZATION, &[ErrorCode::ApiKeyProjectMismatch]])
    }
}
impl IntoResponses for OnOrganizationApp {
    fn responses() -> Responses {
        describe(&[ORGANIZATION, BODY, APP, &[ErrorCode::ApiKeyProjectMismatch]])
    }
}
impl IntoResponses for OnProjectApp {
    fn responses() -> Responses {
        describe(&[PROJECT, BODY, APP])
    }
}
impl IntoResponses for OnDeviceLogin {
    fn responses() -> Responses {
        describe(&[ANYBODY, BODY])
    }
}
impl IntoResponses for OnDevicePoll {
    fn responses() -> Responses {
        let poll = [
            ErrorCode::AuthorizationPending,
            ErrorCode::AccessDenied,
            ErrorCode::ExpiredToken,
            ErrorCode::SlowDown,
        ];
        describe(&[ANYBODY, BODY, &poll])
    }
}
impl IntoResponses for OnAny {
    fn responses() -> Responses {
        describe(&[])
    }
}
impl IntoResponses for OnMetrics {
    fn responses() -> Responses {
        describe(&[&[ErrorCode::RateLimited]])
    }
}
impl IntoResponses for OnSpecification {
    fn responses() -> Responses {
        describe(&[&[ErrorCode::NotAcceptable, ErrorCode::RateLimited]])
    }
}
impl IntoResponses for OnReference {
    fn responses() -> Responses {
        describe(&[&[ErrorCode::RateLimited]])
    }
}

/// Adds codes to the failures of an operation.
pub(super) fn add(responses: &mut Responses, codes: &[ErrorCode]) {
    for code in codes.iter().copied() {
        let added = response(&[code]);
        let known = responses.entry(code.status().to_string()).or_insert_with(|| RefOr::T(added.clone()));
        let RefOr::T(known) = known else { continue };
        for (media, content) in added.content {
            let (Some(RefOr::T(described)), RefOr::T(content)) = (known.content.get_mut(&media), content)
            else {
                continue;
            };
            if !described.examples.contains_key(code.as_str()) {
                known.description = format!("{}\n\n{}", known.description, added.description);
                described.examples.extend(content.examples);
            }
        }
    }
}

/// One response for each status, with an example of each code that it can have: these codes, and those of any
/// operation.
fn describe(groups: &[&[ErrorCode]]) -> Responses {
    let mut by_status: BTreeMap<u16, Vec<ErrorCode>> = BTreeMap::new();
    for code in groups.iter().copied().flatten().chain(ANY) {
        by_status.entry(code.status()).or_default().push(*code);
    }
    by_status.into_iter().map(|(status, codes)| (status.to_string(), RefOr::T(response(&codes)))).collect()
}

fn response(codes: &[ErrorCode]) -> Response {
    let names = codes.iter().map(|code| format!("`{}`: {}", code.as_str(), meaning(*code)));
    let examples = codes.iter().map(|code| {
        let example = example(*code, codes.contains(&ErrorCode::BadJson));
        (code.as_str(), ExampleBuilder::new().summary(meaning(*code)).value(Some(example)).build())
    });
    let content = ContentBuilder::new()
        .schema(Some(RefOr::<utoipa::openapi::Schema>::Ref(Ref::from_schema_name("ApiError"))))
        .examples_from_iter(examples)
        .build();
    let mut response = ResponseBuilder::new()
        .description(names.collect::<Vec<_>>().join("\n\n"))
        .content("application/json", content);
    if codes.contains(&ErrorCode::RateLimited) || codes.contains(&ErrorCode::ServiceUnavailable) {
        let seconds = ObjectBuilder::new().schema_type(Type::Integer).build();
        let header = HeaderBuilder::new()
            .schema(Some(seconds))
            .description(Some("Seconds after which to try again"))
            .build();
        response = response.header("Retry-After", header);
    }
    if codes.contains(&ErrorCode::Unauthorized) || codes.contains(&ErrorCode::InsufficientScope) {
        let text = ObjectBuilder::new().schema_type(Type::String).build();
        let header = HeaderBuilder::new()
            .schema(Some(text))
            .description(Some("How to authenticate, and what was wrong with the key (RFC 6750, section 3)"))
            .build();
        response = response.header("WWW-Authenticate", header);
    }
    response.build()
}

fn meaning(code: ErrorCode) -> &'static str {
    match code {
        ErrorCode::Unauthorized => "The API key is missing, malformed, unknown, expired or revoked",
        ErrorCode::InsufficientScope => "The API key lacks the scope; the message names it",
        ErrorCode::Forbidden => "Whoever asks may not do this here; the message says why and who may",
        ErrorCode::ApiKeyProjectMismatch => "The API key's organization does not own this project",
        ErrorCode::ApiKeyOrgMismatch => "The API key belongs to another organization",
        ErrorCode::ProjectNotFound => "There is no such project",
        ErrorCode::ProviderNotFound => "There is no such provider in the catalog",
        ErrorCode::IntegrationNotFound => "The provider is not installed in this project",
        ErrorCode::ResourceNotFound => "There is nothing at this address",
        ErrorCode::MethodNotAllowed => "The route does not have this method",
        ErrorCode::NotAcceptable => "Accept rules out application/json",
        ErrorCode::RequestTimeout => "The body took too long to arrive",
        ErrorCode::BadJson => "The body is not JSON",
        ErrorCode::BadRequest => {
            "The request is not valid: its body, a filter or its Host header; the issues, if any, say what and where"
        }
        ErrorCode::NoUpdates => "The body names nothing to change",
        ErrorCode::InvalidTransition => "Not allowed in the present status",
        ErrorCode::ReinstallRequired => "There is no usable credential any more: install again",
        ErrorCode::ProviderNotConfigured => {
            "The server has no OAuth app for the provider, or approves no host for it; its operator has to set it"
        }
        ErrorCode::Conflict => "Another change came first",
        ErrorCode::IdempotencyConflict => {
            "The Idempotency-Key was sent with another request, or the first one with it is still under way"
        }
        ErrorCode::ActionNotFound => "The provider has no action of this name",
        ErrorCode::ActionNotPermitted => "The integration's permissions do not allow the action",
        ErrorCode::ActionLimitExceeded => {
            "A setting of the integration forbids the call; the message says which"
        }
        ErrorCode::IntegrationNotActive => "The integration is paused, in error or disconnected",
        ErrorCode::ApprovalNotPending => "The approval was decided or has expired",
        ErrorCode::PreconditionFailed => "If-Match names another version than the stored one",
        ErrorCode::PayloadTooLarge => "The body is larger than the server reads",
        ErrorCode::UriTooLong => "The address is longer than the server reads",
        ErrorCode::HeadersTooLarge => "The request's head is larger than the server reads",
        ErrorCode::UnsupportedMediaType => "The body's Content-Type is not JSON",
        ErrorCode::RateLimited => "Too many requests; wait retry_after seconds",
        ErrorCode::AuthorizationPending => "Nobody has decided yet; poll again",
        ErrorCode::AccessDenied => "The person denied the login, or may not grant any of it any more",
        ErrorCode::ExpiredToken => "The device code has expired, was used or is unknown; begin again",
        ErrorCode::SlowDown => {
            "Too many polls; wait retry_after seconds, and five seconds longer between polls from then on"
        }
        ErrorCode::ProviderRateLimited => {
            "The provider allows no more requests for now; wait retry_after seconds"
        }
        ErrorCode::ProviderRefused => "The provider refused; provider_status is its status",
        ErrorCode::ProviderUnavailable => {
            "The provider cannot be reached or does not work, and nothing was done there"
        }
        ErrorCode::OutcomeUnknown => {
            "The provider's answer was lost or says nothing: the call may have been carried out"
        }
        ErrorCode::InternalError => "Something went wrong on the server",
        ErrorCode::ServiceUnavailable => "The server cannot answer for the moment; try again",
    }
}

fn example(code: ErrorCode, reads_body: bool) -> Value {
    let mut example = json!({"error": meaning(code), "code": code.as_str(), "request_id": REQUEST_ID});
    if code == ErrorCode::BadRequest && reads_body {
        example["issues"] = json!([{"path": "settings.refunds_enabled", "message": "Expected boolean"}]);
    }
    if code.status() == 429 {
        example["retry_after"] = json!(12);
    }
    if code == ErrorCode::ProviderRefused {
        example["provider_status"] = json!(402);
    }
    example
}
