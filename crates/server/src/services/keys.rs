//! The service for an organization's API keys: makes them, changes them, rotates them and revokes them.

use std::{sync::Arc, time::Duration};

use integrations_core::{
    api_key::{ApiKey, KeyHash},
    audit::{Acting, AuditAction, Change, change},
    ids::{ApiKeyId, OrganizationId},
    key_request::{KeyUpdate, NewKey, Rotation},
    rights::{Reach, Rights},
    tier::Tier,
};
use serde_json::{Value, json};

use super::api_keys::ApiKeys;
use crate::{
    environment::Environment,
    store::{
        ApiKeyRecord, KeyReplacement, NewApiKey, NewAuditEvent, OwnedError, RememberedAnswer, Store,
        StoreError,
    },
};

/// The API keys of organizations.
#[derive(Clone, Debug)]
pub struct Keys {
    store: Store,
    environment: Environment,
    callers: Option<Arc<ApiKeys>>,
}

/// A new key. The key itself cannot be shown again.
#[derive(Debug)]
pub struct IssuedKey {
    /// The key.
    pub key: ApiKey,
    /// What is stored of it.
    pub record: ApiKeyRecord,
}

impl Keys {
    /// The keys in `store`. `callers` finds callers by them in this process, and is told of each change. `None`:
    /// nothing does.
    pub fn new(store: Store, environment: Environment, callers: Option<Arc<ApiKeys>>) -> Self {
        Self { store, environment, callers }
    }

    /// An organization's keys within a reach, revoked ones included, oldest first.
    pub async fn list(
        &self,
        organization: OrganizationId,
        reach: &Reach,
    ) -> Result<Vec<ApiKeyRecord>, StoreError> {
        let mut keys = self.store.api_keys(Some(organization)).await?;
        keys.retain(|key| is_within(key, reach));
        Ok(keys)
    }

    /// One of an organization's keys within a reach.
    pub async fn get(
        &self,
        organization: OrganizationId,
        reach: &Reach,
        id: ApiKeyId,
    ) -> Result<ApiKeyRecord, OwnedError> {
        let key = self.store.api_key(id).await?;
        let key = key.filter(|key| key.organization_id == organization.to_string() && is_within(key, reach));
        key.ok_or(OwnedError::NotFound)
    }

    /// Makes a key, and remembers the `answer` to the request for it. It grants at most what who makes it holds.
    pub async fn create(
        &self,
        organization: OrganizationId,
        new: NewKey,
        tier: Tier,
        acting: Acting,
        answer: impl FnOnce(&ApiKeyRecord) -> Result<Option<RememberedAnswer>, StoreError>,
    ) -> Result<IssuedKey, OwnedError> {
        let (key, id): (_, ApiKeyId) =
            (ApiKey::from_entropy(self.environment.bytes()), self.environment.id());
        let changes = created(id, &new.name, &new.rights, tier);
        let row = NewApiKey {
            id,
            name: new.name,
            hint: key.hint().to_owned(),
            hash: KeyHash::of(&key),
            rights: new.rights,
            tier,
            expires_at: new.expires_at,
            user: None,
        };
        let event = NewAuditEvent::new(&self.environment, organization, AuditAction::ApiKeyCreated, acting);
        let event = NewAuditEvent { changes, ..event };
        let record = self.store.create_api_key(row, event, answer).await?;
        Ok(IssuedKey { key, record })
    }

    /// Changes a key. It grants at most what who changes it holds.
    pub async fn update(
        &self,
        organization: OrganizationId,
        id: ApiKeyId,
        update: KeyUpdate,
        acting: Acting,
    ) -> Result<ApiKeyRecord, OwnedError> {
        let event = NewAuditEvent::new(&self.environment, organization, AuditAction::ApiKeyUpdated, acting);
        let updated = self.store.update_api_key(id, update, event).await;
        self.report_changes();
        updated
    }

    /// Replaces a key by a new one with the same rights, and remembers the `answer` to the request for it.
    pub async fn rotate(
        &self,
        organization: OrganizationId,
        id: ApiKeyId,
        rotation: Rotation,
        acting: Acting,
        answer: impl FnOnce(&ApiKeyRecord) -> Result<Option<RememberedAnswer>, StoreError>,
    ) -> Result<IssuedKey, OwnedError> {
        let (key, new): (_, ApiKeyId) =
            (ApiKey::from_entropy(self.environment.bytes()), self.environment.id());
        let changes = change("id", id.to_string(), new.to_string()).into_iter().collect();
        let event = NewAuditEvent::new(&self.environment, organization, AuditAction::ApiKeyRotated, acting);
        let event = NewAuditEvent { changes, ..event };
        let replacement = KeyReplacement {
            id: new,
            hint: key.hint().to_owned(),
            hash: KeyHash::of(&key),
            old_ends: (rotation.overlap > Duration::ZERO).then(|| event.at + rotation.overlap),
        };
        let rotated = self.store.rotate_api_key(id, replacement, event, answer).await;
        self.report_changes();
        Ok(IssuedKey { key, record: rotated? })
    }

    /// Revokes a key. Returns its record after that.
    pub async fn revoke(
        &self,
        organization: OrganizationId,
        id: ApiKeyId,
        acting: Acting,
    ) -> Result<ApiKeyRecord, OwnedError> {
        let changes = change("id", id.to_string(), Value::Null).into_iter().collect();
        let event = NewAuditEvent::new(&self.environment, organization, AuditAction::ApiKeyRevoked, acting);
        let event = NewAuditEvent { changes, ..event };
        let revoked = self.store.revoke_api_key(id, event).await;
        self.report_changes();
        revoked?;
        self.store.api_key(id).await?.ok_or(OwnedError::NotFound)
    }

    /// Has changes read at once. A change that failed is reported too: it may be stored although its answer was lost.
    fn report_changes(&self) {
        if let Some(callers) = &self.callers {
            callers.report_changes();
        }
    }
}

/// What the event of a new key says.
pub(super) fn created(id: ApiKeyId, name: &str, rights: &Rights, tier: Tier) -> Vec<Change> {
    let changes = [
        change("id", Value::Null, id.to_string()),
        change("name", Value::Null, name),
        change("scopes", Value::Null, json!(rights.scopes)),
        change("tier", Value::Null, tier.as_str()),
    ];
    changes.into_iter().flatten().chain(bound(&rights.reach)).collect()
}

/// The projects to which something new is bound, if it is.
pub(super) fn bound(reach: &Reach) -> Option<Change> {
    match reach {
        Reach::Organization => None,
        Reach::Projects(ids) => change("project_ids", Value::Null, json!(ids)),
    }
}

fn is_within(key: &ApiKeyRecord, reach: &Reach) -> bool {
    let bound = key.project_ids.as_ref();
    let of_key = bound.map_or(Reach::Organization, |ids| {
        Reach::Projects(ids.iter().filter_map(|id| id.parse().ok()).collect())
    });
    reach.includes_all(&of_key)
}
