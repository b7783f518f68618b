//! The ways by which an account can be connected here, and the one that is offered first.

use std::sync::Arc;

use integrations_core::catalog::{AuthKind, Provider, ProviderAccount};

use super::{Availability, Installer};
use crate::store::{StoreError, Tenant};

/// A way to connect an account.
#[derive(Clone, Debug)]
pub struct OfferedWay {
    /// The provider by this way.
    pub provider: Arc<Provider>,
    /// Whether it can be installed by it.
    pub availability: Availability,
}

/// The ways by which an account can be connected.
#[derive(Clone, Debug)]
pub struct Offer {
    /// The account by the way that is shown.
    pub shown: ProviderAccount,
    /// All of them that may be chosen, those first that work on this server. There is at least one.
    pub ways: Vec<OfferedWay>,
}

impl Offer {
    /// Whether the way that is shown works on this server.
    pub fn is_ready(&self) -> bool {
        self.availability() == Availability::Ready
    }

    /// Whether it does, or why not.
    pub fn availability(&self) -> Availability {
        let shown = self.ways.iter().find(|way| way.provider.auth == self.shown.provider.auth);
        shown.map_or(Availability::NotConfigured, |way| way.availability)
    }
}

/// Which of the ways is wanted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wish {
    /// This one alone, if the provider has it.
    Only(AuthKind),
    /// This one, if the provider has it, and others may be chosen.
    Rather(AuthKind),
    /// This one, if it works on this server: the account is connected by it.
    AsBefore(AuthKind),
    /// The first that works on this server.
    Any,
}

impl Wish {
    /// A wish for what was chosen, if anything was.
    pub fn chosen(kind: Option<AuthKind>) -> Self {
        kind.map_or(Self::Any, Self::Rather)
    }
}

impl Installer {
    /// The ways by which a tenant can connect an account, and the one to show.
    pub async fn offer(
        &self,
        tenant: &Tenant,
        account: &ProviderAccount,
        wish: Wish,
    ) -> Result<Offer, StoreError> {
        let mut ways = Vec::new();
        for provider in account.ways.iter().cloned() {
            let availability = self.availability(tenant, &provider).await?;
            ways.push(OfferedWay { provider, availability });
        }
        if let Wish::Only(kind) = wish
            && account.ways.of(kind).is_some()
        {
            ways.retain(|way| way.provider.auth == kind);
        }
        ways.sort_by_key(|way| way.availability != Availability::Ready);
        let wished = ways.iter().find(|way| match wish {
            Wish::Only(kind) | Wish::Rather(kind) => way.provider.auth == kind,
            Wish::AsBefore(kind) => way.provider.auth == kind && way.availability == Availability::Ready,
            Wish::Any => false,
        });
        let shown = wished.or(ways.first()).map_or(&account.provider, |way| &way.provider);
        Ok(Offer { shown: ProviderAccount { provider: Arc::clone(shown), ..account.clone() }, ways })
    }
}
