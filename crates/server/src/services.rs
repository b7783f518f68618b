//! The services, put side by side for whoever answers people and programs.

use std::sync::Arc;

use integrations_core::catalog::Catalog;

use crate::{
    api_keys::ApiKeys, environment::Environment, install::Installer, integrations::Integrations,
    monitor::Monitor, provider::oauth_apps::OAuthApps, store::Store,
};

/// What the routes of the API and the pages have in common.
#[derive(Debug)]
pub struct Services {
    /// The database.
    pub store: Store,
    /// The providers.
    pub catalog: Arc<Catalog>,
    /// Clock and randomness.
    pub environment: Environment,
    /// Finds callers by their keys.
    pub api_keys: Arc<ApiKeys>,
    /// The apps under which providers know this server.
    pub oauth_apps: Arc<OAuthApps>,
    /// The integrations and what can be done to them.
    pub integrations: Integrations,
    /// Installs integrations.
    pub installer: Installer,
    /// Looks after what is installed.
    pub monitor: Monitor,
}
