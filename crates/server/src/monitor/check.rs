//! Checks an integration at once, on request.

use std::time::Duration;

use integrations_core::{
    catalog::ProviderRef,
    health::Verdict,
    lifecycle::{Credential, State},
};
use tokio::time::Instant;

use super::{Monitor, NotAsked, conclude::Conclusion};
use crate::{
    jobs::{Backoff, retry_until},
    store::{Claim, Loaded, ReadError, StoreError, Tenant},
};

/// The pause between attempts to claim an integration that is leased.
const PAUSE: Duration = Duration::from_millis(50);

/// The longest wait for an integration that is leased: shorter than a request may take, so that the client is told.
const PATIENCE: Duration = Duration::from_secs(20);

/// What a check came to.
#[derive(Debug)]
pub struct CheckReport {
    /// The integration after the check.
    pub loaded: Loaded,
    /// The stored version when the check began.
    pub began_with: i64,
    /// Whether nobody else changed the integration from then on.
    pub is_undisturbed: bool,
    /// What was found, or why the provider was not asked.
    pub found: Result<Verdict, NotAsked>,
}

/// Why an integration was not checked.
#[derive(Debug, thiserror::Error)]
pub enum CheckError {
    /// It could not be read.
    #[error(transparent)]
    Read(#[from] ReadError),
    /// It is not installed.
    #[error("not installed")]
    NotInstalled,
    /// There is no credential to check.
    #[error("no usable credential: install again")]
    ReinstallRequired,
    /// Its credential is on its way to another server. The text says so.
    #[error("{0}")]
    Moving(String),
    /// The server is stopping, or the check failed on a bug.
    #[error("the check was cut off")]
    CutOff,
}

impl From<StoreError> for CheckError {
    fn from(error: StoreError) -> Self {
        Self::Read(error.into())
    }
}

impl Monitor {
    /// Probes a tenant's integration now, refreshes its tokens if that is due or needed, and stores the result. Waits
    /// if the integration is leased. A provider that has asked for no calls at the moment is not called.
    ///
    /// A check runs to its end even if the request is cancelled, because an interrupted refresh would lose the
    /// integration's tokens.
    pub async fn check(&self, tenant: &Tenant, account: &ProviderRef) -> Result<CheckReport, CheckError> {
        let (monitor, tenant, account) = (self.clone(), *tenant, account.clone());
        let checking = tokio::spawn(async move { monitor.check_to_the_end(&tenant, &account).await });
        checking.await.unwrap_or(Err(CheckError::CutOff))
    }

    async fn check_to_the_end(
        &self,
        tenant: &Tenant,
        account: &ProviderRef,
    ) -> Result<CheckReport, CheckError> {
        let _slot = self.0.limits.take(account.key()).await.ok_or(CheckError::CutOff)?;
        let claimed = self.claim_for_check(tenant, account).await?;
        let began_with = claimed.as_ref().map(|(_, version)| *version);
        let Conclusion { found, is_changed } = match claimed {
            Some((claim, _)) => {
                let attended = self.attend(&claim, true).await;
                self.conclude(claim, attended, None).await
            }
            None => Conclusion { found: Err(NotAsked::Leased), is_changed: false },
        };
        let loaded = self.store.load(tenant, account.as_str()).await?.ok_or(CheckError::NotInstalled)?;
        let version = loaded.integration.version;
        let began_with = began_with.unwrap_or(version);
        let is_undisturbed = version == began_with + i64::from(is_changed);
        Ok(CheckReport { loaded, began_with, is_undisturbed, found })
    }

    /// Claims a tenant's integration, as soon as it is not leased. Returns its version too. `None`: it was leased all
    /// the time.
    async fn claim_for_check(
        &self,
        tenant: &Tenant,
        account: &ProviderRef,
    ) -> Result<Option<(Claim, i64)>, CheckError> {
        let attempt = || async { self.try_claim(tenant, account).await.transpose().ok_or(()) };
        let patience = self.0.lease.min(PATIENCE);
        let claimed = retry_until(Instant::now() + patience, Backoff::constant(PAUSE), attempt).await;
        claimed.ok().transpose()
    }

    /// `None`: it is leased.
    async fn try_claim(
        &self,
        tenant: &Tenant,
        account: &ProviderRef,
    ) -> Result<Option<(Claim, i64)>, CheckError> {
        let loaded = self.store.load(tenant, account.as_str()).await?.ok_or(CheckError::NotInstalled)?;
        if let Some(notice) = loaded.notice_of_move() {
            return Err(CheckError::Moving(notice.to_owned()));
        }
        let is_checkable = loaded.credential == Credential::Usable;
        if loaded.integration.state == State::Disconnected || !is_checkable {
            return Err(CheckError::ReinstallRequired);
        }
        let (id, now) = (loaded.integration.id, self.environment.now());
        let claim = self.store.claim_one(self.environment.id(), id, now, now + self.0.lease).await?;
        Ok(claim.map(|claim| (claim, loaded.integration.version)))
    }
}
