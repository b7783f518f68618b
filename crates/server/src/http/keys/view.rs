//! Makes the API's keys from stored ones.

use axum::response::Response;
use integrations_core::{
    issue::Issue,
    wire::{ApiKey, ApiKeyResponse, NewApiKey, NewApiKeyResponse, Open},
};
use time::OffsetDateTime;

use crate::{
    edge::failure::Failure,
    http::{
        answer::{Answer, respond},
        state::Api,
    },
    services::keys::IssuedKey,
    store::ApiKeyRecord,
};

/// The API's record of a stored key.
pub(super) fn key(stored: ApiKeyRecord) -> ApiKey {
    ApiKey {
        id: stored.id,
        org_id: stored.organization_id,
        name: stored.name,
        hint: stored.hint,
        scopes: stored.scopes,
        project_ids: stored.project_ids,
        tier: Open::read(&stored.tier),
        created_by: stored.made_by,
        replaces: stored.replaces,
        user_id: stored.user_id,
        created_at: stored.created_at,
        expires_at: stored.expires_at,
        last_used_at: stored.last_used_at,
        revoked_at: stored.revoked_at,
    }
}

/// Answers with a key's record.
pub(super) fn respond_key(stored: ApiKeyRecord) -> Result<Response, Failure> {
    respond(&ApiKeyResponse { data: key(stored) })
}

/// The answer with a new key. It is the only one that has the key itself.
pub(super) fn issued(issued: IssuedKey) -> Result<Answer, Failure> {
    let data = NewApiKey { record: key(issued.record), key: Some(issued.key.expose().to_owned()) };
    Answer::created(&NewApiKeyResponse { data })
}

/// The answer to a repeat of the request for a new key: without the key itself.
pub(super) fn repeated(stored: &ApiKeyRecord) -> Result<Answer, Failure> {
    Answer::created(&NewApiKeyResponse { data: NewApiKey { record: key(stored.clone()), key: None } })
}

/// Checks that a key does not end before it begins.
pub(super) fn check_end(api: &Api, end: Option<OffsetDateTime>) -> Result<(), Failure> {
    if end.is_some_and(|end| end <= api.environment.now()) {
        return Err(Failure::invalid(
            "Invalid body",
            vec![Issue::new("expires_at", "Must be in the future")],
        ));
    }
    Ok(())
}
