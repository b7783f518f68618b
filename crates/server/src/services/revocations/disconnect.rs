//! Disconnects an integration so that its access is revoked.

use std::{sync::Arc, time::Duration};

use integrations_core::{
    audit::{Acting, AuditAction},
    catalog::{Provider, ProviderAccount, Revoke},
    ids::RevocationId,
    revocation::RevocationStatus,
};
use secrecy::ExposeSecret as _;

use super::Revocations;
use crate::{
    services::integrations::{ChangeError, ExpectedVersion},
    store::{
        Loaded, Moved, NewAuditEvent, RevocationFacts, RevocationOrder, SealedConnection, StoreError, Tenant,
    },
    vault::Purpose,
};

/// How long a request waits for the first attempt.
const PATIENCE: Duration = Duration::from_secs(5);
/// What is said where there is nothing to revoke with.
const NOTHING_LEFT: &str = "No credential is stored any more with which its provider could be asked";

impl Revocations {
    /// Disconnects an integration, and has its provider asked to revoke the access. The integration is disconnected at
    /// once. The first attempt is waited for some seconds, but not longer than half of what a request may take.
    pub async fn disconnect(
        &self,
        tenant: &Tenant,
        account: &ProviderAccount,
        expected: &ExpectedVersion,
        acting: &Acting,
        request_timeout: Duration,
    ) -> Result<Loaded, ChangeError> {
        let changed = self.begin(tenant, account, expected, acting).await?;
        let Some(facts) = changed.revocation.clone() else {
            return Ok(Loaded { revocation: Some(self.nothing_left()), ..changed });
        };
        let is_pending = facts.status == RevocationStatus::Pending.as_str();
        let (true, Ok(id)) = (changed.disconnected_now && is_pending, facts.id.parse()) else {
            return Ok(changed);
        };
        let revocations = self.clone();
        // It goes on if the client goes away.
        let attempt = tokio::spawn(async move { revocations.first_attempt(id).await });
        if let Ok(Ok(Err(error))) = tokio::time::timeout(PATIENCE.min(request_timeout / 2), attempt).await {
            tracing::warn!(revocation = %id, %error, "a first attempt to revoke could not be stored");
        }
        // Whoever cannot read it any more is told how it was.
        let now = self.store.load(tenant, account.as_str()).await.ok().flatten();
        let is_the_same = |now: &Loaded| now.revocation.as_ref().is_some_and(|now| now.id == facts.id);
        match now.filter(|now| is_the_same(now) && now.integration.state == changed.integration.state) {
            Some(now) => Ok(Loaded { disconnected_now: true, ..now }),
            None => Ok(changed),
        }
    }

    /// Disconnects an integration, and stores what is to be revoked.
    pub(super) async fn begin(
        &self,
        tenant: &Tenant,
        account: &ProviderAccount,
        expected: &ExpectedVersion,
        acting: &Acting,
    ) -> Result<Loaded, ChangeError> {
        let client_id = self.client_id(tenant, account).await;
        let order = |loaded: &Loaded| {
            let provider = account.ways.stored(loaded.way());
            let client_id = provider.oauth_by_app().and(client_id.clone());
            self.order(tenant, provider, client_id, acting, loaded)
        };
        let disconnected =
            self.0.integrations.disconnect_in_order(tenant, account, expected, acting, order).await?;
        let ended = disconnected.revocation.as_ref().filter(|facts| facts.ended_at.is_some());
        if let Some(status) = ended.and_then(|facts| facts.status.parse().ok())
            && disconnected.disconnected_now
        {
            self.metrics.revocation(account.provider.key.as_str(), status);
        }
        Ok(disconnected)
    }

    /// Attempts what nobody has attempted yet. On what may be a copy of a database it waits: the original may use it.
    pub(super) async fn first_attempt(&self, id: RevocationId) -> Result<(), StoreError> {
        if self.store.quiet_since().await?.is_some() {
            return Ok(());
        }
        match self.store.claim_revocation(id, self.environment.now(), self.lease_end()).await? {
            Some(claim) => self.attempt(claim).await,
            None => Ok(()),
        }
    }

    async fn client_id(&self, tenant: &Tenant, account: &ProviderAccount) -> Option<String> {
        let provider = account.ways.by_app()?;
        self.apps.find(tenant, provider).await.ok().flatten().map(|app| app.client_id)
    }

    fn order(
        &self,
        tenant: &Tenant,
        provider: &Provider,
        client_id: Option<String>,
        acting: &Acting,
        loaded: &Loaded,
    ) -> RevocationOrder {
        let id = self.environment.id();
        let unsupported = match &provider.revoke {
            Some(Revoke::Calls(_)) => None,
            Some(Revoke::Unsupported(why)) => Some(why.clone()),
            None => {
                Some(format!("The provider file of {} does not say how access is revoked", provider.name))
            }
        };
        let of = SealedConnection {
            integration: loaded.integration.id,
            project: tenant.project,
            provider: loaded.integration.provider.to_string(),
            connection: loaded.connection.clone(),
            sealed: Vec::new(),
        };
        let action = AuditAction::IntegrationRevocationEnded;
        let event = NewAuditEvent {
            project: Some(tenant.project),
            integration: Some((of.integration, of.provider.clone())),
            ..NewAuditEvent::new(&self.environment, tenant.organization, action, acting.clone())
        };
        let vault = Arc::clone(&self.vault);
        let reseal = move |sealed: &[u8]| match &unsupported {
            Some(why) => Moved::Ended(RevocationStatus::Unsupported, why.clone()),
            None => match vault.open(sealed, Purpose::Credential((&of).into())) {
                Ok(opened) => {
                    let purpose = Purpose::Revocation(id, (&of).into());
                    Moved::ToRevoke(vault.seal(opened.expose_secret(), purpose))
                }
                Err(error) => {
                    tracing::error!(integration = %of.integration, %error, "a credential to revoke cannot be opened");
                    let message =
                        "The stored credential could not be opened, so nothing could be sent with it";
                    Moved::Ended(RevocationStatus::Failed, message.to_owned())
                }
            },
        };
        RevocationOrder { id, client_id, auth: provider.auth, reseal: Arc::new(reseal), event }
    }

    fn nothing_left(&self) -> RevocationFacts {
        let now = self.environment.now();
        RevocationFacts {
            id: String::new(),
            status: RevocationStatus::Unsupported.as_str().to_owned(),
            reaches: None,
            message: Some(NOTHING_LEFT.to_owned()),
            until: None,
            created_at: now,
            ended_at: Some(now),
        }
    }
}
