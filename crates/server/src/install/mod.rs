//! Installing: links, the OAuth handshake, forms, and the vault that keeps what comes of it.
//!
//! However an install begins, it ends in one place (`finish`): the credential is tried at the provider, the account is
//! compared with the one before, and all of it is stored together with its audit event or not at all.

mod finish;
mod form;
mod handshake;
pub mod import;
mod installation;
mod links;
mod problem;
mod sweep;

use std::{sync::Arc, time::Duration};

use integrations_core::{
    audit::{Acting, Actor},
    catalog::{Catalog, Provider},
    ids::{ApiKeyId, InstallLinkId},
    scope::{RequiredScope, any_covers},
};
use url::Url;

use self::installation::InstallationBuilder;
pub use self::{
    finish::InstallOutcome,
    links::{CreateLinkError, OpenLink},
    problem::{InstallProblem, InstallTarget, LinkProblem, ProblemKind, StateProblem},
    sweep::InstallSweep,
};
use crate::{
    api_keys::ApiKeys,
    environment::Environment,
    provider::{oauth_apps::OAuthApps, outbound::Outbound, prober::Prober},
    store::{Store, StoreError, Tenant},
    vault::Vault,
};

/// Who installs, and where.
#[derive(Clone, Debug)]
pub struct Installing {
    /// The project, as the key's organization names it.
    pub tenant: Tenant,
    /// The key in whose name it is done.
    pub key: ApiKeyId,
    /// The request.
    pub request_id: String,
    /// The link that is used up by it, where the person came by one.
    pub link: Option<InstallLinkId>,
}

impl Installing {
    fn acting(&self) -> Acting {
        Acting { actor: Actor::ApiKey(self.key), request_id: Some(self.request_id.clone()) }
    }
}

/// Whether a provider can be installed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Availability {
    /// It can.
    Ready,
    /// It is connected by OAuth, and no app is set for it.
    NotConfigured,
}

/// What the installer works with.
#[derive(Debug)]
pub struct InstallerParts {
    /// The database.
    pub store: Store,
    /// The providers.
    pub catalog: Arc<Catalog>,
    /// Seals what is stored.
    pub vault: Arc<Vault>,
    /// Client ids and secrets.
    pub apps: Arc<OAuthApps>,
    /// Finds the keys in whose name installs are made.
    pub api_keys: Arc<ApiKeys>,
    /// Sends requests to providers.
    pub outbound: Outbound,
    /// Clock and randomness.
    pub environment: Environment,
    /// Where people reach the server.
    pub public_url: Url,
    /// How long an install link works.
    pub link_life: Duration,
}

/// Installs integrations.
#[derive(Debug)]
pub struct Installer {
    parts: InstallerParts,
    prober: Prober,
    builder: InstallationBuilder,
}

impl std::ops::Deref for Installer {
    type Target = InstallerParts;

    fn deref(&self) -> &InstallerParts {
        &self.parts
    }
}

impl Installer {
    /// An installer of these parts.
    pub fn new(parts: InstallerParts) -> Self {
        let prober = Prober::new(parts.outbound.clone(), parts.environment.clone());
        let builder = InstallationBuilder::new(Arc::clone(&parts.vault), parts.environment.clone());
        Self { parts, prober, builder }
    }

    /// Whether a tenant can install a provider.
    pub async fn availability(
        &self,
        tenant: &Tenant,
        provider: &Provider,
    ) -> Result<Availability, StoreError> {
        if provider.oauth().is_none() || self.apps.exists(tenant, provider).await? {
            return Ok(Availability::Ready);
        }
        Ok(Availability::NotConfigured)
    }

    /// Whether the project is still there, and the key still may install in it. Asked before each step that stores
    /// something: a key that was revoked while the person was at the provider installs nothing.
    async fn check_standing(&self, tenant: &Tenant, key: ApiKeyId) -> Result<(), ProblemKind> {
        let caller = self.api_keys.by_id(key, self.environment.now()).await?;
        let caller = caller.map_err(|_| ProblemKind::KeyGone)?;
        let may = any_covers(&caller.scopes, RequiredScope::INTEGRATIONS_WRITE);
        if !may || caller.organization != tenant.organization {
            return Err(ProblemKind::KeyGone);
        }
        Ok(self.store.admit(tenant).await?)
    }
}
