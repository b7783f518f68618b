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
    store::{Decision, IntegrationRow, Loaded, NewAuditEvent, ReadError, ReviseError, Store, Tenant},
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

/// Why an integration was not read, changed or checked.
#[derive(Debug, thiserror::Error)]
pub enum ChangeError {
    /// It could not be read, or the change not be stored.
    #[error(transparent)]
    Read(#[from] ReadError),
    /// The provider of this name is not installed in the project.
    #[error("{provider} is not installed in this project")]
    NotInstalled {
        /// The provider's name.
        provider: String,
    },
    /// The stored version is none of those that the change is for.
    #[error("another version is stored")]
    OtherVersion,
    /// What is asked for is not valid.
    #[error(transparent)]
    Update(#[from] UpdateError),
    /// There is no usable credential any more: only a new installation leads back.
    #[error("no usable credential: install again")]
    ReinstallRequired,
    /// The lifecycle does not allow it from this status.
    #[error("not allowed while the integration is {0}")]
    NotAllowed(Status),
    /// The lifecycle allows it from this status only after a probe that succeeds.
    #[error("a probe must succeed first")]
    ProbeRequired(Status),
    /// It needs a probe that succeeds, and none can be made: why.
    #[error("the credential cannot be checked: {0}")]
    Unproven(String),
    /// It is being checked already.
    #[error("the integration is being looked after")]
    Busy,
    /// The secret settings cannot be opened.
    #[error(transparent)]
    Vault(#[from] VaultError),
}

impl ChangeError {
    fn not_installed(provider: &Provider) -> Self {
        Self::NotInstalled { provider: provider.name.clone() }
    }

    /// The lifecycle's refusal of something asked of an integration with this status.
    fn refused(refusal: Refusal, from: Status) -> Self {
        match refusal {
            Refusal::ReinstallRequired => Self::ReinstallRequired,
            Refusal::ProbeRequired => Self::ProbeRequired(from),
            Refusal::NotAllowed | Refusal::NotInstalled | Refusal::NotApplicable => Self::NotAllowed(from),
        }
    }

    fn unchecked(error: CheckError, provider: &Provider) -> Self {
        match error {
            CheckError::Read(error) => Self::Read(error),
            CheckError::NotInstalled => Self::not_installed(provider),
            CheckError::ReinstallRequired => Self::ReinstallRequired,
            CheckError::Busy => Self::Busy,
        }
    }

    fn unrevised(error: ReviseError<Self>, provider: &Provider) -> Self {
        match error {
            ReviseError::Read(error) => Self::Read(error),
            ReviseError::NotInstalled => Self::not_installed(provider),
            ReviseError::Refused(error) => error,
            ReviseError::Store(error) => Self::Read(error.into()),
        }
    }
}

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

    /// A tenant's integrations as they are shown, in the order of their providers' keys.
    pub async fn list(&self, tenant: &Tenant) -> Result<Vec<IntegrationRow>, ReadError> {
        self.store.integrations(tenant).await
    }

    /// A tenant's integration with a provider as it is shown, if it is installed.
    pub async fn find(
        &self,
        tenant: &Tenant,
        provider: &Provider,
    ) -> Result<Option<IntegrationRow>, ReadError> {
        self.store.integration(tenant, provider.key.as_str()).await
    }

    /// A tenant's integration with its secret settings opened, if it is installed.
    pub async fn open(&self, tenant: &Tenant, provider: &Provider) -> Result<Option<Loaded>, ChangeError> {
        let Some(loaded) = self.store.load(tenant, provider.key.as_str()).await? else { return Ok(None) };
        let integration = self.vault.open_integration(&loaded)?;
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
            Err(ChangeError::ProbeRequired(_)) => {
                let probed = ExpectedVersion::OneOf(vec![self.probe(tenant, provider).await?]);
                self.update_as_it_is(tenant, provider, &probed, acting, &ask).await
            }
            changed => changed,
        }
    }

    /// Probes an integration now, and refreshes its tokens where that is due or needed. Returns it as it is after that.
    pub async fn check(&self, tenant: &Tenant, provider: &Provider) -> Result<Loaded, ChangeError> {
        let checked = self.monitor.check(tenant, provider.key.as_str()).await;
        checked.map(|checked| checked.loaded).map_err(|error| ChangeError::unchecked(error, provider))
    }

    /// Probes an integration that the provider refused. Returns its version where it is well again.
    async fn probe(&self, tenant: &Tenant, provider: &Provider) -> Result<i64, ChangeError> {
        let checked = match self.monitor.check(tenant, provider.key.as_str()).await {
            Err(CheckError::Busy) => return Err(ChangeError::Unproven("it is being checked already".into())),
            checked => checked.map_err(|error| ChangeError::unchecked(error, provider))?,
        };
        match checked.verdict {
            Some(Verdict::Well) => Ok(checked.loaded.integration.version),
            Some(Verdict::Dead { .. }) => Err(ChangeError::ReinstallRequired),
            Some(Verdict::Degraded { message, .. }) => Err(ChangeError::Unproven(message)),
            None => Err(ChangeError::Unproven(format!("{} asks not to be asked again yet", provider.name))),
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
            revision.map_err(|refusal| ChangeError::refused(refusal, integration.status()))
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
            revision.map_err(|refusal| ChangeError::refused(refusal, integration.status()))
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
        D: Fn(&Integration, &Loaded, time::OffsetDateTime) -> Result<Option<Revision>, ChangeError>
            + Send
            + Sync,
    {
        let decide = |loaded: &Loaded| {
            if !expected.allows(loaded.integration.version) {
                return Err(ChangeError::OtherVersion);
            }
            let opened = self.vault.open_integration(loaded)?;
            let revision = decide(&opened, loaded, self.environment.now())?;
            Ok(revision.map(|revision| self.decision(tenant, &opened, revision, acting)))
        };
        let revised = self.store.revise(tenant, provider.key.as_str(), decide).await;
        revised.map_err(|error| ChangeError::unrevised(error, provider))
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
