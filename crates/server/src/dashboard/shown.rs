//! What a page showed of a project, an API key, an OAuth app or a webhook, as a short text. A form sends it back, so
//! that it does not undo what somebody else changed in the meantime.

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use integrations_core::action::Policy;
use serde::Serialize;
use sha2::{Digest as _, Sha256};

use crate::{
    services::oauth_apps::CurrentApp,
    store::{ApiKeyRecord, ProjectRecord, WebhookRecord},
};

/// What a page shows of a project.
pub(crate) fn of_project(project: &ProjectRecord) -> String {
    let ProjectRecord { name, slug, domain, return_origins, branding, revoked_at, .. } = project;
    mark(&(name, slug, domain, return_origins, branding, revoked_at))
}

/// What a page shows of how a project has approvals decided.
pub(crate) fn of_policy(policy: &Policy) -> String {
    mark(&(policy.deciders, policy.expires_after, &policy.notify))
}

/// What a page shows of a key.
pub(crate) fn of_key(key: &ApiKeyRecord) -> String {
    mark(&(&key.name, &key.scopes, &key.project_ids, &key.tier, key.expires_at, key.revoked_at))
}

/// What a page shows of the OAuth app that counts.
pub(crate) fn of_app(app: &CurrentApp) -> String {
    mark(&(app.client_id(), app.own_scopes(), app.updated_at()))
}

/// What a form shows of a webhook.
pub(crate) fn of_webhook(webhook: &WebhookRecord) -> String {
    mark(&(&webhook.url, &webhook.events))
}

fn mark(shown: &impl Serialize) -> String {
    // Texts and times can always be written.
    let written = serde_json::to_vec(shown).unwrap_or_default();
    URL_SAFE_NO_PAD.encode(&Sha256::digest(written)[..15])
}
