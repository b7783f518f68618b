//! The services that the API's routes and the dashboard's pages call.

pub mod api_keys;
pub mod audit_log;
pub mod install;
pub mod integrations;
pub mod key_uses;
mod listed_keys;
pub mod organizations;

use std::sync::Arc;

use integrations_core::catalog::{Catalog, Provider};

use self::{
    api_keys::ApiKeys, audit_log::AuditLog, install::Installer, integrations::Integrations,
    organizations::Organizations,
};
use crate::{environment::Environment, provider::oauth_apps::OAuthApps};

/// The services that the API's routes and the dashboard's pages share.
#[derive(Debug)]
pub struct Services {
    /// The providers.
    pub catalog: Arc<Catalog>,
    /// Clock and randomness.
    pub environment: Environment,
    /// Finds callers by their keys.
    pub api_keys: Arc<ApiKeys>,
    /// The OAuth apps that providers issued to this server.
    pub oauth_apps: Arc<OAuthApps>,
    /// The organizations and their projects.
    pub organizations: Organizations,
    /// Reads the audit log.
    pub audit_log: AuditLog,
    /// Reads and changes integrations.
    pub integrations: Integrations,
    /// Installs integrations.
    pub installer: Arc<Installer>,
}

/// The catalog has no provider with this key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("no such provider in the catalog")]
pub struct NoSuchProvider;

impl Services {
    /// The provider with this key, from the catalog.
    pub fn provider(&self, key: &str) -> Result<Arc<Provider>, NoSuchProvider> {
        self.catalog.get(key).map(Arc::clone).ok_or(NoSuchProvider)
    }
}
