//! The parameters that several operations have, for the specification. Handlers read them by extractors.
#![expect(dead_code, reason = "describes parameters, which extractors read")]

use utoipa::IntoParams;

/// The project of a path.
#[derive(IntoParams)]
#[into_params(parameter_in = Path)]
pub(super) struct InProject {
    /// The project's id, `prj_…`
    #[param(
        rename = "projectId",
        pattern = "^prj_[0-7][0-9a-hjkmnp-tv-z]{25}$",
        example = "prj_01jc3q5v6w7x8y9zabcdefghjk"
    )]
    project_id: String,
}

/// The provider of a path, or one of its accounts.
#[derive(IntoParams)]
#[into_params(parameter_in = Path)]
pub(super) struct OfProvider {
    /// The provider's key; for a further account, `~` and its alias behind it, as in `shopify~eu`. An alias has 1 to 40
    /// lower-case letters, digits and hyphens
    #[param(min_length = 1, example = "slack")]
    provider: String,
}

/// The action of a path.
#[derive(IntoParams)]
#[into_params(parameter_in = Path)]
pub(super) struct OfAction {
    /// The action's key, as the integration's list of actions has it
    #[param(min_length = 1, example = "issue_refund")]
    action: String,
}

/// The path of a request at a provider.
#[derive(IntoParams)]
#[into_params(parameter_in = Path)]
pub(super) struct OfProxied {
    /// The path at the provider, below the address of its API. It may have many segments; the query is the
    /// request's own
    #[param(min_length = 1, example = "chat.postMessage")]
    path: String,
}

/// The run of a path.
#[derive(IntoParams)]
#[into_params(parameter_in = Path)]
pub(super) struct OfRun {
    /// The run's id, `run_…`
    #[param(
        rename = "runId",
        pattern = "^run_[0-7][0-9a-hjkmnp-tv-z]{25}$",
        example = "run_01jc3q5v6w7x8y9zabcdefghjk"
    )]
    run_id: String,
}

/// The approval of a path.
#[derive(IntoParams)]
#[into_params(parameter_in = Path)]
pub(super) struct OfApproval {
    /// The approval's id, `apr_…`
    #[param(
        rename = "approvalId",
        pattern = "^apr_[0-7][0-9a-hjkmnp-tv-z]{25}$",
        example = "apr_01jc3q5v6w7x8y9zabcdefghjk"
    )]
    approval_id: String,
}

/// The webhook of a path.
#[derive(IntoParams)]
#[into_params(parameter_in = Path)]
pub(super) struct OfWebhook {
    /// The webhook's id, `whk_…`
    #[param(
        rename = "webhookId",
        pattern = "^whk_[0-7][0-9a-hjkmnp-tv-z]{25}$",
        example = "whk_01jc3q5v6w7x8y9zabcdefghjk"
    )]
    webhook_id: String,
}

/// The delivery of a path.
#[derive(IntoParams)]
#[into_params(parameter_in = Path)]
pub(super) struct OfDelivery {
    /// The delivery's id, `dlv_…`
    #[param(
        rename = "deliveryId",
        pattern = "^dlv_[0-7][0-9a-hjkmnp-tv-z]{25}$",
        example = "dlv_01jc3q5v6w7x8y9zabcdefghjk"
    )]
    delivery_id: String,
}

/// The event of a path.
#[derive(IntoParams)]
#[into_params(parameter_in = Path)]
pub(super) struct OfProviderEvent {
    /// The event's id, `pev_…`
    #[param(
        rename = "eventId",
        pattern = "^pev_[0-7][0-9a-hjkmnp-tv-z]{25}$",
        example = "pev_01jc3q5v6w7x8y9zabcdefghjk"
    )]
    event_id: String,
}

/// The install link of a path.
#[derive(IntoParams)]
#[into_params(parameter_in = Path)]
pub(super) struct OfLink {
    /// The link's id, `lnk_…`
    #[param(
        rename = "linkId",
        pattern = "^lnk_[0-7][0-9a-hjkmnp-tv-z]{25}$",
        example = "lnk_01jc3q5v6w7x8y9zabcdefghjk"
    )]
    link_id: String,
}

/// The organization of a path.
#[derive(IntoParams)]
#[into_params(parameter_in = Path)]
pub(super) struct InOrganization {
    /// The organization's id, `org_…`
    #[param(
        rename = "orgId",
        pattern = "^org_[0-7][0-9a-hjkmnp-tv-z]{25}$",
        example = "org_01jc3q5v6w7x8y9zabcdefghjk"
    )]
    organization_id: String,
}

/// The API key of a path.
#[derive(IntoParams)]
#[into_params(parameter_in = Path)]
pub(super) struct OfKey {
    /// The key's id, `key_…`
    #[param(
        rename = "keyId",
        pattern = "^key_[0-7][0-9a-hjkmnp-tv-z]{25}$",
        example = "key_01jc3q5v6w7x8y9zabcdefghjk"
    )]
    key_id: String,
}

/// The condition of a change.
#[derive(IntoParams)]
#[into_params(parameter_in = Header)]
pub(super) struct IfMatch {
    /// The entity tag that the stored version must have
    #[param(rename = "If-Match", nullable = false, example = "\"v3\"")]
    tag: Option<String>,
}

/// What names a POST, so that it can be repeated.
#[derive(IntoParams)]
#[into_params(parameter_in = Header)]
pub(super) struct IdempotencyKey {
    /// A value of your own for this request. If the same request is sent again with the same value within 24 hours, it
    /// is not done again: the answer is that of the first, without its secrets, with `Idempotent-Replayed: true`.
    /// Refusals are not remembered. Another body with the same value is a 409, and so is a repeat while the first
    /// request is under way
    #[param(
        rename = "Idempotency-Key",
        nullable = false,
        min_length = 1,
        max_length = 255,
        pattern = "^[ -~]+$",
        example = "8e03978e-40d5-43e8-bc93-6894a57f9324"
    )]
    key: Option<String>,
}

/// The condition of an answer with a body.
#[derive(IntoParams)]
#[into_params(parameter_in = Header)]
pub(super) struct IfNoneMatch {
    /// Entity tags of the versions that the client has
    #[param(rename = "If-None-Match", nullable = false, example = "\"v3\"")]
    tags: Option<String>,
}
