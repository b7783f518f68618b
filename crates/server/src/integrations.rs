//! The service over integrations: loads, asks the domain, seals, stores.

use std::sync::Arc;

use integrations_core::{
    audit::Actor,
    catalog::Provider,
    ids::IntegrationId,
    integration::{Integration, LifecycleUpdate, Revision, SecretSettings, UpdateError},
    lifecycle::{Refusal, Status},
};
use secrecy::ExposeSecret as _;

use crate::{
    environment::Environment,
    install::vault::{Purpose, Vault, VaultError},
    precondition::IfMatch,
    store::{Decision, Loaded, NewAuditEvent, ReviseError, Store, Tenant},
};

/// Who changes something, and by which request.
#[derive(Clone, Debug)]
pub struct Acting {
    /// Who.
    pub actor: Actor,
    /// The request's id; none from the operator's command line.
    pub request_id: Option<String>,
}

/// Why a change is refused.
#[derive(Debug, thiserror::Error)]
pub enum ChangeRefusal {
    /// The stored version is not the one that the client asked for.
    #[error("another version is stored")]
    PreconditionFailed,
    /// The request cannot be read.
    #[error(transparent)]
    Update(#[from] UpdateError),
    /// The lifecycle does not allow it from this status.
    #[error("{0}, from {1}")]
    Lifecycle(Refusal, Status),
    /// The secret settings cannot be opened.
    #[error(transparent)]
    Vault(#[from] VaultError),
}

/// Why a change was not made.
pub type ChangeError = ReviseError<ChangeRefusal>;

/// The integrations, and what can be done to them.
#[derive(Clone, Debug)]
pub struct Integrations {
    store: Store,
    vault: Arc<Vault>,
    environment: Environment,
}

impl Integrations {
    /// The integrations in `store`.
    pub fn new(store: Store, vault: Arc<Vault>, environment: Environment) -> Self {
        Self { store, vault, environment }
    }

    /// Changes an integration as a lifecycle PATCH asks for.
    pub async fn update(
        &self,
        tenant: &Tenant,
        provider: &Provider,
        body: &[u8],
        condition: &IfMatch,
        acting: &Acting,
    ) -> Result<Loaded, ChangeError> {
        self.change(tenant, provider, condition, acting, |integration, loaded, now| {
            let update = LifecycleUpdate::read(body, integration, provider)?;
            let revision = integration.apply(update, loaded.credential, now);
            revision.map_err(|refusal| ChangeRefusal::Lifecycle(refusal, integration.status()))
        })
        .await
    }

    /// Takes an integration off and destroys its credential.
    pub async fn disconnect(
        &self,
        tenant: &Tenant,
        provider: &Provider,
        condition: &IfMatch,
        acting: &Acting,
    ) -> Result<Loaded, ChangeError> {
        self.change(tenant, provider, condition, acting, |integration, _, now| {
            let revision = integration.disconnect(now);
            revision.map_err(|refusal| ChangeRefusal::Lifecycle(refusal, integration.status()))
        })
        .await
    }

    async fn change<D>(
        &self,
        tenant: &Tenant,
        provider: &Provider,
        condition: &IfMatch,
        acting: &Acting,
        decide: D,
    ) -> Result<Loaded, ChangeError>
    where
        D: Fn(&Integration, &Loaded, time::OffsetDateTime) -> Result<Option<Revision>, ChangeRefusal>
            + Send
            + Sync,
    {
        let decide = |loaded: &Loaded| {
            if !condition.allows(loaded.integration.version) {
                return Err(ChangeRefusal::PreconditionFailed);
            }
            let integration = self.unseal_settings(loaded)?;
            let revision = decide(&integration, loaded, self.environment.now())?;
            revision.map(|revision| self.decision(tenant, loaded, revision, acting)).transpose()
        };
        self.store.revise(tenant, provider.key.as_str(), decide).await
    }

    fn decision(
        &self,
        tenant: &Tenant,
        loaded: &Loaded,
        revision: Revision,
        acting: &Acting,
    ) -> Result<Decision, ChangeRefusal> {
        let integration = revision.integration;
        let unchanged = self.unseal_settings(loaded)?.secret_settings == integration.secret_settings;
        let sealed_settings = if unchanged {
            loaded.sealed_settings.clone()
        } else {
            self.seal_settings(&integration.secret_settings, integration.id)
        };
        let event = NewAuditEvent {
            id: self.environment.id(),
            organization: tenant.organization,
            project: Some(tenant.project),
            integration: Some((integration.id, integration.provider.clone())),
            action: revision.action,
            actor: acting.actor,
            request_id: acting.request_id.clone(),
            changes: revision.changes,
            at: integration.updated_at,
        };
        Ok(Decision {
            integration,
            sealed_settings,
            destroys_credential: revision.destroys_credential,
            event,
        })
    }

    /// The integration with its secret settings opened.
    pub fn unseal_settings(&self, loaded: &Loaded) -> Result<Integration, VaultError> {
        let mut integration = loaded.integration.clone();
        if let Some(sealed) = &loaded.sealed_settings {
            let opened = self.vault.open(sealed, Purpose::Settings(integration.id))?;
            let settings = serde_json::from_slice(opened.expose_secret()).map_err(|_| VaultError::Damaged)?;
            integration.secret_settings = SecretSettings(settings);
        }
        Ok(integration)
    }

    /// Secret settings, sealed; none where there are none.
    pub fn seal_settings(&self, secret: &SecretSettings, id: IntegrationId) -> Option<Vec<u8>> {
        let json = serde_json::to_vec(&secret.0).unwrap_or_default();
        (!secret.0.is_empty()).then(|| self.vault.seal(&json, Purpose::Settings(id)))
    }
}
