//! Which other connections live by the same account at a provider.

use std::sync::Arc;

use integrations_core::catalog::{Provider, ProviderAccount, StoredWay};

use super::{Revocations, subject::Subject};
use crate::store::{LiveAccount, Loaded, RevocationClaim, StoreError, Tenant};

/// What else lives by the account of a connection, for the person who is about to revoke it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SharedWith {
    /// The names of those in the same project, as people know them.
    pub here: Vec<String>,
    /// How many there are elsewhere on this server.
    pub elsewhere: usize,
}

impl SharedWith {
    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.here.is_empty() && self.elsewhere == 0
    }
}

/// What else lives by the account of a revocation.
pub(super) struct Sharing {
    /// Whether one of them got its tokens by the same app, or may have.
    pub(super) is_by_app: bool,
    /// Whether one of them holds the very credential.
    pub(super) has_credential: bool,
}

impl Revocations {
    /// What else lives by the account of an integration that is about to be disconnected.
    pub async fn shared_with(
        &self,
        tenant: &Tenant,
        account: &ProviderAccount,
        loaded: &Loaded,
    ) -> Result<SharedWith, StoreError> {
        let known = loaded.integration.account.as_ref().map(|account| account.id.as_str());
        // Without a known account nothing can be said of others.
        let Some(known) = known else { return Ok(SharedWith::default()) };
        let mut all = self.store.live_accounts(account.provider.key.as_str(), Some(known)).await?;
        let way = account.ways.stored(loaded.way());
        let others = self.of_other_services(tenant, Some(known), way).await?;
        all.extend(others.into_iter().filter(|other| other.tenant == *tenant));
        let mut shared = SharedWith::default();
        for other in all.into_iter().filter(|other| other.id() != loaded.integration.id && other.is_known) {
            if other.tenant == *tenant {
                shared.here.push(other.display_name.unwrap_or(other.credential.provider));
            } else {
                shared.elsewhere += 1;
            }
        }
        Ok(shared)
    }

    /// What else lives by the account of a revocation at this moment.
    pub(super) async fn sharing(
        &self,
        claim: &RevocationClaim,
        subject: &Subject,
    ) -> Result<Sharing, StoreError> {
        let provider = &subject.provider;
        let all = self.store.live_accounts(provider.key.as_str(), claim.account_id.as_deref()).await?;
        let has_credential = all.iter().any(|other| {
            self.open_live(&other.credential).is_some_and(|other| subject.shares_a_secret_with(&other))
        });
        // Whatever holds the credential lives by the app.
        let is_by_app = has_credential || self.is_by_app(claim, all, provider).await?;
        Ok(Sharing { is_by_app, has_credential })
    }

    /// Whether one of these, or of what lives by the account at other services, got its tokens by the app of a
    /// revocation, or may have.
    async fn is_by_app(
        &self,
        claim: &RevocationClaim,
        mut others: Vec<LiveAccount>,
        provider: &Provider,
    ) -> Result<bool, StoreError> {
        let account = claim.account_id.as_deref();
        others.extend(self.of_other_services(&claim.tenant, account, provider).await?);
        for other in &others {
            if self.is_by_same_app(claim, other, provider).await {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// What lives by the same person at the other services that share an app with a provider: what has the same account
    /// there, and whatever is in the same project, as services call an account by ids of their own.
    async fn of_other_services(
        &self,
        tenant: &Tenant,
        account: Option<&str>,
        provider: &Provider,
    ) -> Result<Vec<LiveAccount>, StoreError> {
        let base = provider.oauth().and_then(|oauth| oauth.base.as_ref());
        let base = base.and_then(|base| self.catalog.with_app(base.key.as_str()));
        let services = base.and_then(|base| base.oauth()).map_or(&[][..], |oauth| &oauth.services);
        let mut found = Vec::new();
        for service in services.iter().filter(|service| service.key != provider.key) {
            let key = service.key.as_str();
            found.extend(self.store.live_accounts_in(tenant.project, key).await?);
            if account.is_some() {
                let elsewhere = self.store.live_accounts(key, account).await?;
                found.extend(elsewhere.into_iter().filter(|other| other.is_known && other.tenant != *tenant));
            }
        }
        found.retain(|other| self.way_of(other).is_none_or(|way| way.oauth_by_app().is_some()));
        Ok(found)
    }

    /// The way by which a connection was made.
    fn way_of(&self, of: &LiveAccount) -> Option<Arc<Provider>> {
        let account = self.catalog.account(&of.credential.provider).ok()?;
        let (setup_type, auth) = &of.way;
        Some(Arc::clone(account.ways.stored(StoredWay { setup_type, auth: auth.as_deref() })))
    }

    /// Whether a connection got its tokens by the app of a revocation, or may have.
    async fn is_by_same_app(
        &self,
        claim: &RevocationClaim,
        other: &LiveAccount,
        provider: &Provider,
    ) -> bool {
        let Some(ours) = claim.client_id.as_ref().filter(|_| provider.oauth().is_some()) else { return true };
        // Of another service it may be another app.
        let way = self.way_of(other);
        let app = self.apps.find(&other.tenant, way.as_deref().unwrap_or(provider)).await;
        app.ok().flatten().is_none_or(|app| app.client_id == *ours)
    }
}
