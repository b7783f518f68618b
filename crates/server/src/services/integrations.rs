//! The service for integrations: loads them, asks the core for the change, seals secrets, and stores the result.

use std::sync::Arc;

use integrations_core::{
    audit::{self, Acting},
    catalog::{ProviderAccount, ProviderRef},
    health::Verdict,
    health_history::{self, HealthDay},
    integration::{Integration, Revision, Update, UpdateError},
    lifecycle::{Refusal, Status},
};

use crate::{
    environment::Environment,
    monitor::{CheckError, CheckReport, Monitor, NotAsked},
    store::{
        Decision, IntegrationRow, Loaded, NewAuditEvent, ReadError, ReviseError, RevocationOrder, Store,
        Tenant,
    },
    vault::{Vault, VaultError},
};

/// The stored version that a change expects.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ExpectedVersion {
    /// Any version.
    Any,
    /// One of these. If the list is empty, no change is made.
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
    /// It could not be read, or the change could not be stored.
    #[error(transparent)]
    Read(#[from] ReadError),
    /// The account of this name is not installed in the project.
    #[error("{account} is not installed in this project")]
    NotInstalled {
        /// Its name for people.
        account: String,
    },
    /// The stored version is none of the expected ones.
    #[error("another version is stored")]
    OtherVersion,
    /// The requested change is not valid.
    #[error(transparent)]
    Update(#[from] UpdateError),
    /// There is no usable credential any more. It must be installed again.
    #[error("no usable credential: install again")]
    ReinstallRequired,
    /// Its credential is on its way to another server. The text says so.
    #[error("{0}")]
    Moving(String),
    /// The lifecycle does not allow it in this status.
    #[error("not allowed while the integration is {0}")]
    NotAllowed(Status),
    /// The lifecycle allows it in this status only after a successful probe.
    #[error("a probe must succeed first")]
    ProbeRequired(Status),
    /// It needs a successful probe, and none could be made. The text says why.
    #[error("the credential cannot be checked: {0}")]
    Unproven(String),
    /// The check was cut off.
    #[error("the check was cut off")]
    CutOff,
    /// The secret settings cannot be opened.
    #[error(transparent)]
    Vault(#[from] VaultError),
}

impl ChangeError {
    /// The error for an account that is not installed.
    pub fn not_installed(account: &ProviderAccount) -> Self {
        Self::NotInstalled { account: account.label() }
    }

    /// The error for the lifecycle's refusal of a change.
    fn refused(refusal: Refusal, loaded: &Loaded) -> Self {
        let notice = loaded.notice_of_move();
        match refusal {
            Refusal::ReinstallRequired => {
                notice.map_or(Self::ReinstallRequired, |notice| Self::Moving(notice.to_owned()))
            }
            Refusal::ProbeRequired => Self::ProbeRequired(loaded.integration.status()),
            Refusal::NotAllowed | Refusal::NotInstalled | Refusal::NotApplicable => {
                Self::NotAllowed(loaded.integration.status())
            }
        }
    }

    fn unchecked(error: CheckError, account: &ProviderAccount) -> Self {
        match error {
            CheckError::Read(error) => Self::Read(error),
            CheckError::NotInstalled => Self::not_installed(account),
            CheckError::ReinstallRequired => Self::ReinstallRequired,
            CheckError::Moving(notice) => Self::Moving(notice),
            CheckError::CutOff => Self::CutOff,
        }
    }

    fn unrevised(error: ReviseError<Self>, account: &ProviderAccount) -> Self {
        match error {
            ReviseError::Read(error) => Self::Read(error),
            ReviseError::NotInstalled => Self::not_installed(account),
            ReviseError::Refused(error) => error,
            ReviseError::Store(error) => Self::Read(error.into()),
        }
    }
}

/// The accounts of the provider with this key, among a project's integrations in the order of their list. The plain
/// one, if there is one, is the first.
pub fn accounts_of<'a>(list: &'a [IntegrationRow], key: &str) -> &'a [IntegrationRow] {
    let from = list.partition_point(|row| ProviderRef::parts(&row.provider).0 < key);
    let (_, from) = list.split_at(from);
    from.split_at(from.partition_point(|row| ProviderRef::parts(&row.provider).0 == key)).0
}

/// Reads, changes and checks integrations.
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

    /// A tenant's integrations, to be shown, sorted by their providers' keys and their aliases.
    pub async fn list(&self, tenant: &Tenant) -> Result<Vec<IntegrationRow>, ReadError> {
        self.store.integrations(tenant).await
    }

    /// A tenant's integration, to be shown, if it is installed.
    pub async fn find(
        &self,
        tenant: &Tenant,
        account: &ProviderAccount,
    ) -> Result<Option<IntegrationRow>, ReadError> {
        self.store.integration(tenant, account.as_str()).await
    }

    /// A tenant's integration, to be shown with its form, if it is installed. Its secret settings are opened; if they
    /// cannot be, they stay sealed, because everything else still works.
    pub async fn open(
        &self,
        tenant: &Tenant,
        account: &ProviderAccount,
    ) -> Result<Option<Loaded>, ChangeError> {
        let Some(loaded) = self.store.load(tenant, account.as_str()).await? else { return Ok(None) };
        match self.vault.open_integration(&loaded) {
            Ok(integration) => Ok(Some(Loaded { integration, ..loaded })),
            Err(error) => {
                tracing::error!(integration = %loaded.integration.id, %error, "secret settings cannot be opened");
                Ok(Some(loaded))
            }
        }
    }

    /// The health of a tenant's integration in the last days, oldest first.
    pub async fn health_history(
        &self,
        tenant: &Tenant,
        account: &ProviderAccount,
    ) -> Result<Vec<HealthDay>, ReadError> {
        let changes = self.store.health_changes(tenant, account.as_str()).await?;
        Ok(health_history::days(&changes, self.environment.now()))
    }

    /// Changes an integration. `ask` returns the requested change, given the stored integration. It is called again if
    /// another request was first, and with the secret settings opened if the change concerns the settings. If the
    /// change is to resume an integration whose credential the provider refused, the credential is probed first, and
    /// the change is made only if the probe succeeds.
    pub async fn update<A>(
        &self,
        tenant: &Tenant,
        account: &ProviderAccount,
        expected: &ExpectedVersion,
        acting: &Acting,
        ask: A,
    ) -> Result<Loaded, ChangeError>
    where
        A: Fn(&Integration) -> Result<Update, UpdateError> + Send + Sync,
    {
        match self.update_as_it_is(tenant, account, expected, acting, &ask).await {
            Err(ChangeError::ProbeRequired(_)) => {
                let checked = self.probe(tenant, account).await?;
                // The probe itself may have made a new version. That of anybody else is not the expected one.
                let expected = match expected {
                    ExpectedVersion::Any => ExpectedVersion::Any,
                    _ if expected.allows(checked.began_with) && checked.is_undisturbed => {
                        ExpectedVersion::OneOf(vec![checked.loaded.integration.version])
                    }
                    ExpectedVersion::OneOf(_) => return Err(ChangeError::OtherVersion),
                };
                self.update_as_it_is(tenant, account, &expected, acting, &ask).await
            }
            changed => changed,
        }
    }

    /// Probes an integration now, and refreshes its tokens if that is due or needed. Returns the integration after
    /// that, and what was found.
    pub async fn check(
        &self,
        tenant: &Tenant,
        account: &ProviderAccount,
    ) -> Result<CheckReport, ChangeError> {
        let checked = self.monitor.check(tenant, &account.reference).await;
        checked.map_err(|error| ChangeError::unchecked(error, account))
    }

    /// Probes an integration whose credential the provider refused. Fails if the probe does not succeed.
    async fn probe(&self, tenant: &Tenant, account: &ProviderAccount) -> Result<CheckReport, ChangeError> {
        let checked = self.check(tenant, account).await?;
        match &checked.found {
            Ok(Verdict::Well | Verdict::Unasked) | Err(NotAsked::NoProbe) => Ok(checked),
            Ok(Verdict::Dead { .. }) => Err(ChangeError::ReinstallRequired),
            Ok(Verdict::Degraded { message }) => Err(ChangeError::Unproven(message.clone())),
            Err(why) => {
                let by_way = account.stored(checked.loaded.way());
                Err(ChangeError::Unproven(why.words(&by_way.provider)))
            }
        }
    }

    async fn update_as_it_is<A>(
        &self,
        tenant: &Tenant,
        account: &ProviderAccount,
        expected: &ExpectedVersion,
        acting: &Acting,
        ask: &A,
    ) -> Result<Loaded, ChangeError>
    where
        A: Fn(&Integration) -> Result<Update, UpdateError> + Send + Sync,
    {
        self.change(tenant, account, expected, acting, |loaded, now| {
            let opened;
            let (integration, update) = match ask(&loaded.integration) {
                Err(UpdateError::SettingsSealed) => {
                    opened = self.vault.open_integration(loaded)?;
                    (&opened, ask(&opened)?)
                }
                update => (&loaded.integration, update?),
            };
            let revision = integration.apply(update, loaded.credential, now);
            revision.map_err(|refusal| ChangeError::refused(refusal, loaded))
        })
        .await
    }

    /// Disconnects an integration and destroys its secrets, whether or not they can be opened.
    pub async fn disconnect(
        &self,
        tenant: &Tenant,
        account: &ProviderAccount,
        expected: &ExpectedVersion,
        acting: &Acting,
    ) -> Result<Loaded, ChangeError> {
        self.change(tenant, account, expected, acting, |loaded, now| {
            let revision = loaded.integration.disconnect(now);
            revision.map_err(|refusal| ChangeError::refused(refusal, loaded))
        })
        .await
    }

    /// The same, and moves the credential into a revocation before that, as `order` says.
    pub(super) async fn disconnect_in_order(
        &self,
        tenant: &Tenant,
        account: &ProviderAccount,
        expected: &ExpectedVersion,
        acting: &Acting,
        order: impl Fn(&Loaded) -> RevocationOrder + Send + Sync,
    ) -> Result<Loaded, ChangeError> {
        let decide = |loaded: &Loaded| {
            if !expected.allows(loaded.integration.version) {
                return Err(ChangeError::OtherVersion);
            }
            let revision = loaded.integration.disconnect(self.environment.now());
            let revision = revision.map_err(|refusal| ChangeError::refused(refusal, loaded))?;
            Ok(revision.map(|revision| {
                let mut decision = self.decision(tenant, loaded, revision, acting);
                decision.event.changes.extend(audit::change("revocation", None::<&str>, "requested"));
                decision.revocation = Some(order(loaded));
                decision
            }))
        };
        let revised = self.store.revise(tenant, account.as_str(), decide).await;
        revised.map_err(|error| ChangeError::unrevised(error, account))
    }

    async fn change<D>(
        &self,
        tenant: &Tenant,
        account: &ProviderAccount,
        expected: &ExpectedVersion,
        acting: &Acting,
        decide: D,
    ) -> Result<Loaded, ChangeError>
    where
        D: Fn(&Loaded, time::OffsetDateTime) -> Result<Option<Revision>, ChangeError> + Send + Sync,
    {
        let decide = |loaded: &Loaded| {
            if !expected.allows(loaded.integration.version) {
                return Err(ChangeError::OtherVersion);
            }
            let revision = decide(loaded, self.environment.now())?;
            Ok(revision.map(|revision| self.decision(tenant, loaded, revision, acting)))
        };
        let revised = self.store.revise(tenant, account.as_str(), decide).await;
        revised.map_err(|error| ChangeError::unrevised(error, account))
    }

    /// Seals a revision for storing. Secret settings that do not change are not sealed again.
    fn decision(&self, tenant: &Tenant, loaded: &Loaded, revision: Revision, acting: &Acting) -> Decision {
        let integration = revision.integration;
        let sealed_settings = revision
            .changes_secret_settings
            .then(|| self.vault.seal_settings(&integration.secret_settings, loaded.into()));
        let event = NewAuditEvent {
            id: self.environment.id(),
            organization: tenant.organization,
            project: Some(tenant.project),
            integration: Some((integration.id, integration.provider.to_string())),
            action: revision.action,
            actor: acting.actor,
            request_id: acting.request_id.clone(),
            changes: revision.changes,
            at: integration.updated_at,
        };
        Decision {
            integration,
            sealed_settings,
            destroys_credential: revision.destroys_credential,
            revocation: None,
            event,
        }
    }
}
