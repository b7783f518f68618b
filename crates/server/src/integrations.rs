//! The service over integrations: loads, asks the domain, seals, stores.

use std::sync::Arc;

use integrations_core::{
    audit::Acting,
    catalog::Provider,
    health::Verdict,
    integration::{Integration, Revision, Update, UpdateError},
    lifecycle::{Refusal, Status},
};

use crate::{
    environment::Environment,
    monitor::{CheckError, Monitor},
    store::{Decision, Loaded, NewAuditEvent, ReviseError, Store, Tenant},
    vault::{Vault, VaultError},
};

/// The stored version that a change is asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ExpectedVersion {
    /// Whichever it is.
    Any,
    /// One of these; where there are none, no change is made.
    OneOf(Vec<i64>),
}

impl ExpectedVersion {
    fn allows(&self, version: i64) -> bool {
        match self {
            Self::Any => true,
            Self::OneOf(versions) => versions.contains(&version),
        }
    }
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
    /// It needs a probe that succeeds, and none can be made: why.
    #[error("the credential cannot be checked: {0}")]
    Unproven(String),
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
    monitor: Monitor,
}

impl Integrations {
    /// The integrations in `store`.
    pub fn new(store: Store, vault: Arc<Vault>, environment: Environment, monitor: Monitor) -> Self {
        Self { store, vault, environment, monitor }
    }

    /// A tenant's integration with its secret settings opened, if it is installed.
    pub async fn open(&self, tenant: &Tenant, provider: &Provider) -> Result<Option<Loaded>, ChangeError> {
        let Some(loaded) = self.store.load(tenant, provider.key.as_str()).await? else { return Ok(None) };
        let integration =
            self.vault.open_integration(&loaded).map_err(|error| ReviseError::Refused(error.into()))?;
        Ok(Some(Loaded { integration, ..loaded }))
    }

    /// Changes an integration. `ask` says what is asked for, given the integration as it is stored with its secret
    /// settings opened; it is asked again where somebody else was first. Where that is to put to use again what the
    /// provider refused, the credential is probed first, and the change is made only if that succeeds.
    pub async fn update<A>(
        &self,
        tenant: &Tenant,
        provider: &Provider,
        expected: &ExpectedVersion,
        acting: &Acting,
        ask: A,
    ) -> Result<Loaded, ChangeError>
    where
        A: Fn(&Integration) -> Result<Update, UpdateError> + Send + Sync,
    {
        match self.update_as_it_is(tenant, provider, expected, acting, &ask).await {
            Err(ReviseError::Refused(ChangeRefusal::Lifecycle(Refusal::ProbeRequired, from))) => {
                let probed = ExpectedVersion::OneOf(vec![self.probe(tenant, provider, from).await?]);
                self.update_as_it_is(tenant, provider, &probed, acting, &ask).await
            }
            changed => changed,
        }
    }

    /// Probes an integration that the provider refused. Returns its version where it is well again.
    async fn probe(&self, tenant: &Tenant, provider: &Provider, from: Status) -> Result<i64, ChangeError> {
        let refused = |refusal| ReviseError::Refused(refusal);
        let fresh = self.monitor.check(tenant, provider.key.as_str()).await.map_err(|error| match error {
            CheckError::Read(error) => ReviseError::Read(error),
            CheckError::NotInstalled => ReviseError::NotInstalled,
            CheckError::ReinstallRequired => {
                refused(ChangeRefusal::Lifecycle(Refusal::ReinstallRequired, from))
            }
            CheckError::Busy => refused(ChangeRefusal::Unproven("it is being checked already".into())),
        })?;
        match fresh.verdict {
            Some(Verdict::Well) => Ok(fresh.loaded.integration.version),
            Some(Verdict::Dead { .. }) => {
                Err(refused(ChangeRefusal::Lifecycle(Refusal::ReinstallRequired, from)))
            }
            Some(Verdict::Degraded { message, .. }) => Err(refused(ChangeRefusal::Unproven(message))),
            None => {
                let message = format!("{} asks not to be asked again yet", provider.name);
                Err(refused(ChangeRefusal::Unproven(message)))
            }
        }
    }

    async fn update_as_it_is<A>(
        &self,
        tenant: &Tenant,
        provider: &Provider,
        expected: &ExpectedVersion,
        acting: &Acting,
        ask: &A,
    ) -> Result<Loaded, ChangeError>
    where
        A: Fn(&Integration) -> Result<Update, UpdateError> + Send + Sync,
    {
        self.change(tenant, provider, expected, acting, |integration, loaded, now| {
            let update = ask(integration)?;
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
        expected: &ExpectedVersion,
        acting: &Acting,
    ) -> Result<Loaded, ChangeError> {
        self.change(tenant, provider, expected, acting, |integration, _, now| {
            let revision = integration.disconnect(now);
            revision.map_err(|refusal| ChangeRefusal::Lifecycle(refusal, integration.status()))
        })
        .await
    }

    async fn change<D>(
        &self,
        tenant: &Tenant,
        provider: &Provider,
        expected: &ExpectedVersion,
        acting: &Acting,
        decide: D,
    ) -> Result<Loaded, ChangeError>
    where
        D: Fn(&Integration, &Loaded, time::OffsetDateTime) -> Result<Option<Revision>, ChangeRefusal>
            + Send
            + Sync,
    {
        let decide = |loaded: &Loaded| {
            if !expected.allows(loaded.integration.version) {
                return Err(ChangeRefusal::PreconditionFailed);
            }
            let opened = self.vault.open_integration(loaded)?;
            let revision = decide(&opened, loaded, self.environment.now())?;
            Ok(revision.map(|revision| self.decision(tenant, &opened, revision, acting)))
        };
        self.store.revise(tenant, provider.key.as_str(), decide).await
    }

    /// What is to be stored of a revision. Secret settings that stay as they were stay sealed as they were.
    fn decision(
        &self,
        tenant: &Tenant,
        opened: &Integration,
        revision: Revision,
        acting: &Acting,
    ) -> Decision {
        let integration = revision.integration;
        let sealed_settings = (opened.secret_settings != integration.secret_settings)
            .then(|| self.vault.seal_settings(&integration.secret_settings, integration.id));
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
        Decision { integration, sealed_settings, destroys_credential: revision.destroys_credential, event }
    }
}
