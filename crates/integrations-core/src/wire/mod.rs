//! The requests and responses of the API. The server writes and the clients read the same types.
//!
//! A client ignores fields that it does not know, and reads words that it does not know as [`Open`], so that an old
//! client works with a newer server. Ids are strings here, because they are opaque to clients.

mod action;
mod action_run;
mod api_key;
mod approval;
mod audit;
mod catalog;
mod device_login;
mod error;
mod health_history;
mod installation;
mod integration;
mod oauth_app;
mod open;
mod policy;
mod project;
mod provider_event;
mod raw_json;
mod server_status;
mod webhook;

pub use action::{ActionContext, CallAction, InstalledAction, InstalledActionList};
pub use action_run::{ActionRun, ActionRunList, ActionRunResponse, RunError};
pub use api_key::{
    ApiKey, ApiKeyList, ApiKeyResponse, CreateApiKey, NewApiKey, NewApiKeyResponse, RotateApiKey,
    UpdateApiKey,
};
pub use approval::{
    Approval, ApprovalList, ApprovalNotify, ApprovalNotifyFailure, ApprovalParty, ApprovalPolicy,
    ApprovalPolicyResponse, ApprovalResponse, DecideApproval, SetApprovalNotify, UpdateApprovalPolicy,
};
pub use audit::{Actor, AuditEvent, AuditEventList};
pub use catalog::{
    Action, ActionRequest, CatalogEntry, CatalogEntryResponse, CatalogFields, CatalogList, ProviderLogo, Way,
};
pub use device_login::{BeginDeviceLogin, DeviceLogin, DeviceToken, RedeemDeviceLogin};
pub use error::ApiError;
pub use health_history::{HealthDay, HealthHistoryResponse};
pub use installation::{
    CreateInstallUrl, InstallLink, InstallLinkList, InstallLinkResponse, InstallUrl, InstallUrlResponse,
};
pub use integration::{
    Account, CredentialFacts, Integration, IntegrationList, IntegrationResponse, LifecycleUpdate,
    RevocationDetails,
};
pub use oauth_app::{
    CheckOAuthApp, OAuthApp, OAuthAppField, OAuthAppList, OAuthAppOwner, OAuthAppResponse, OAuthAppTest,
    OAuthAppTestResponse, SetOAuthApp,
};
pub use open::Open;
pub use policy::{
    CheckKind, PolicyCheck, PolicyExplanation, PolicyExplanationResponse, PolicyReplay, PolicyReplayResponse,
    ReplayPolicy, ReplayedRun,
};
pub use project::{Branding, CreateProject, Project, ProjectList, ProjectResponse, UpdateProject};
pub use provider_event::{
    EventRefusal, EventSecretStatus, EventSource, EventSourceResponse, ProviderEvent, ProviderEventDetails,
    ProviderEventList, ProviderEventResponse, SetEventSecret,
};
pub use raw_json::RawJson;
pub use server_status::{ServerStatus, ServerStatusResponse, ServerStatusWord};
pub use webhook::{
    CreateWebhook, NewWebhook, NewWebhookResponse, RedeliverWebhook, RedeliveredWebhook,
    RedeliveredWebhookResponse, RotateWebhookSecret, UpdateWebhook, Webhook, WebhookAttempt, WebhookDelivery,
    WebhookDeliveryDetails, WebhookDeliveryList, WebhookDeliveryResponse, WebhookList, WebhookResponse,
    WebhookSecret, WebhookSecretResponse, WebhookTest, WebhookTestResponse,
};

use serde::{Deserialize, Deserializer};

/// Reads a field that is present, even if it is null. A field that is absent gets its default, `None`.
fn present<'de, D: Deserializer<'de>, T: Deserialize<'de>>(
    deserializer: D,
) -> Result<Option<Option<T>>, D::Error> {
    Option::deserialize(deserializer).map(Some)
}
