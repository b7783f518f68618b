//! Makes the stored form of an installation, with its secrets sealed.

use std::{collections::BTreeSet, sync::Arc};

use integrations_core::{
    audit::{self, Acting},
    catalog::Provider,
    integration::{Integration, Revision},
    lifecycle::Health,
    schedule::{next_refresh, until_probe},
};
use serde_json::{Map, Value};
use time::{Duration, OffsetDateTime};

use crate::{
    environment::Environment,
    store::{CredentialFacts, Installation, Loaded, NewAuditEvent, Schedule, StoredCredential, Tenant},
    vault::{Destination, Purpose, Vault},
};

/// An installation that is ready to be stored.
#[derive(Clone, Debug)]
pub(in crate::services) struct Decided<'a> {
    /// The integration and its audit event.
    pub(in crate::services) revision: Revision,
    /// The stored integration that it replaces, unless it is new.
    pub(in crate::services) replaces: Option<&'a Loaded>,
}

/// Whether an integration is stored with this connection. The order of its fields does not matter.
pub(super) fn has_connection(loaded: &Loaded, connection: &Map<String, Value>) -> bool {
    serde_json::from_str::<Map<String, Value>>(&loaded.connection).is_ok_and(|stored| stored == *connection)
}

/// The parts of an installation that are not shown.
#[derive(Clone, Copy)]
pub(in crate::services) struct Secrets<'a> {
    /// What the user supplied in addition to the credential.
    pub(in crate::services) connection: &'a Map<String, Value>,
    /// The credential.
    pub(in crate::services) credential: &'a Map<String, Value>,
    /// When it expires by itself.
    pub(in crate::services) expires_at: Option<OffsetDateTime>,
    /// The scopes that the provider granted, if it says.
    pub(in crate::services) granted_scopes: Option<&'a BTreeSet<String>>,
    /// The provider asked for no calls before this time.
    pub(in crate::services) not_before: Option<OffsetDateTime>,
}

/// Makes the stored form of an installation.
#[derive(Clone, Debug)]
pub(in crate::services) struct InstallationBuilder {
    vault: Arc<Vault>,
    environment: Environment,
}

impl InstallationBuilder {
    /// A builder that seals with `vault`.
    pub(in crate::services) fn new(vault: Arc<Vault>, environment: Environment) -> Self {
        Self { vault, environment }
    }

    /// The installation with its secrets sealed and its audit event.
    pub(in crate::services) fn build(
        &self,
        tenant: Tenant,
        acting: &Acting,
        provider: &Provider,
        decided: Decided<'_>,
        secrets: Secrets<'_>,
    ) -> Installation {
        let Revision { integration, action, mut changes, .. } = decided.revision;
        if let Some(before) = decided.replaces {
            let by = before.auth.as_ref().unwrap_or(&before.setup_type);
            changes.extend(audit::change("auth", by.as_str(), provider.auth.as_str()));
        }
        let credential = serde_json::to_vec(secrets.credential).unwrap_or_default();
        let connection = match decided.replaces {
            // Sealed settings that are kept are bound to the connection as it is written.
            Some(before) if has_connection(before, secrets.connection) => before.connection.clone(),
            _ => serde_json::to_string(secrets.connection).unwrap_or_default(),
        };
        let to = Destination {
            integration: integration.id,
            project: integration.project,
            provider: integration.provider.as_str(),
            connection: &connection,
        };
        let settings = &integration.secret_settings;
        Installation {
            replaces: decided.replaces.map(|before| before.integration.version),
            auth: provider.auth,
            sealed_settings: settings.opened().map(|_| self.vault.seal_settings(settings, to)),
            credential: StoredCredential {
                sealed: self.vault.seal(&credential, Purpose::Credential(to)),
                facts: CredentialFacts {
                    renewable: provider.is_renewable(secrets.credential),
                    expires_at: secrets.expires_at,
                    granted_scopes: secrets
                        .granted_scopes
                        .and_then(|scopes| serde_json::to_string(scopes).ok()),
                },
                schedule: self.schedule(provider, &integration, secrets),
            },
            link: None,
            event: NewAuditEvent {
                id: self.environment.id(),
                organization: tenant.organization,
                project: Some(tenant.project),
                integration: Some((integration.id, integration.provider.to_string())),
                action,
                actor: acting.actor,
                request_id: acting.request_id.clone(),
                changes,
                at: integration.updated_at,
            },
            connection,
            integration,
        }
    }

    /// When it is first probed and refreshed. It is probed at once if it has not been probed yet.
    fn schedule(&self, provider: &Provider, integration: &Integration, secrets: Secrets<'_>) -> Schedule {
        let (now, spread) = (integration.updated_at, self.environment.spread());
        let wait = match integration.health {
            Health::Unknown => Duration::ZERO,
            Health::Healthy => until_probe(provider, integration.status(), 0, spread),
            Health::Degraded | Health::Unhealthy => until_probe(provider, integration.status(), 1, spread),
        };
        Schedule {
            not_before: secrets.not_before,
            ..Schedule::new(
                now + wait,
                next_refresh(provider, secrets.credential, now, secrets.expires_at, spread),
            )
        }
    }
}
