//! The services that the API's routes and the dashboard's pages call.

pub mod actions;
pub mod api_keys;
pub mod audit_log;
pub mod census;
pub mod device_logins;
pub mod idempotency;
pub mod install;
pub mod integrations;
pub mod key_uses;
pub mod keys;
mod listed_keys;
pub mod moving;
pub mod oauth_apps;
pub mod organizations;
mod page;
pub mod people;
pub mod provider_events;
pub mod proxy;
pub mod revocations;
pub mod trial;
pub mod webhooks;

use std::sync::Arc;

use integrations_core::catalog::{Catalog, NoSuchProvider, ProviderAccount};

use self::{
    actions::Actions, api_keys::ApiKeys, audit_log::AuditLog, census::Census, device_logins::DeviceLogins,
    idempotency::Idempotency, install::Installer, integrations::Integrations, keys::Keys,
    oauth_apps::AppSettings, organizations::Organizations, people::People, provider_events::ProviderEvents,
    proxy::Proxy, revocations::Revocations, webhooks::Webhooks,
};
use crate::{environment::Environment, provider::oauth_apps::OAuthApps};

/// The services that the API's routes and the dashboard's pages share.
#[derive(Debug)]
pub struct Services {
    /// The providers.
    pub catalog: Arc<Catalog>,
    /// Clock and randomness.
    pub environment: Environment,
    /// Calls the actions of integrations.
    pub actions: Actions,
    /// Sends what callers write themselves.
    pub proxy: Proxy,
    /// Finds callers by their keys.
    pub api_keys: Arc<ApiKeys>,
    /// The OAuth apps that providers issued to this server.
    pub oauth_apps: Arc<OAuthApps>,
    /// Sets the OAuth apps of organizations and projects.
    pub app_settings: AppSettings,
    /// The organizations and their projects.
    pub organizations: Organizations,
    /// The API keys of organizations.
    pub keys: Keys,
    /// The people who sign in.
    pub people: People,
    /// The logins of programs without a browser.
    pub device_logins: DeviceLogins,
    /// Reads the audit log.
    pub audit_log: AuditLog,
    /// Counts the integrations, for the metrics.
    pub census: Census,
    /// Reads and changes integrations.
    pub integrations: Integrations,
    /// Revokes the access of those that are disconnected.
    pub revocations: Revocations,
    /// Remembers what requests with an `Idempotency-Key` were answered.
    pub idempotency: Idempotency,
    /// The webhooks of projects.
    pub webhooks: Webhooks,
    /// The events that providers send.
    pub provider_events: ProviderEvents,
    /// Installs integrations.
    pub installer: Arc<Installer>,
}

impl Services {
    /// The account of a provider that `text`, the `{provider}` of a path, names. `None`: the path's text is not UTF-8.
    pub fn account(&self, text: Option<&str>) -> Result<ProviderAccount, NoSuchProvider> {
        self.catalog.account(text.unwrap_or_default())
    }
}
