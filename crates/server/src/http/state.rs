//! What every handler shares.

use std::{collections::HashMap, net::SocketAddr, sync::Arc, time::Duration};

use integrations_core::catalog::Catalog;
use ipnet::IpNet;
use secrecy::SecretString;
use url::Url;

use super::{
    integrations::view::CatalogViews,
    rate_limit::{RateLimiter, RedisUrl},
};
use crate::{
    api_keys::{ApiKeys, POLL_INTERVAL},
    environment::Environment,
    install::{Installer, InstallerParts},
    integrations::Integrations,
    metrics::Metrics,
    monitor::{Monitor, MonitorParts, MonitorSettings},
    provider::{
        oauth_apps::{OAuthApp, OAuthApps},
        outbound::Outbound,
    },
    shutdown::Shutdown,
    store::Store,
    vault::Vault,
};

/// How the server answers.
#[derive(Clone, Debug)]
pub struct HttpSettings {
    /// Where people reach the server: what install URLs begin with.
    pub public_url: Url,
    /// The networks of the proxies whose `Forwarded` and `X-Forwarded-For` are believed.
    pub trusted_proxies: Vec<IpNet>,
    /// Requests a minute for an address without a key.
    pub anonymous_limit: u32,
    /// The longest that a request may take.
    pub request_timeout: Duration,
    /// The largest body that is read, in bytes.
    pub body_limit: usize,
    /// How long the whole body may take to arrive.
    pub body_timeout: Duration,
    /// How long an install link works.
    pub install_link_life: Duration,
    /// How often the database is asked which API keys were changed, whether or not it tells.
    pub key_poll_interval: Duration,
    /// What reads the metrics from other machines.
    pub metrics_token: Option<SecretString>,
    /// The Redis in which requests are counted for all replicas; in this process where there is none.
    pub redis: Option<RedisUrl>,
    /// How long a request waits for Redis.
    pub redis_patience: Duration,
}

/// The contract's limit for an address without a key, in requests a minute.
pub const ANONYMOUS_LIMIT: u32 = 600;

/// How long an install link works by default.
pub const INSTALL_LINK_LIFE: Duration = Duration::from_secs(30 * 60);

impl HttpSettings {
    /// The defaults of a server that is reached at `address`.
    #[expect(clippy::expect_used, reason = "an address with a port is always a valid URL")]
    pub fn at(address: SocketAddr) -> Self {
        Self {
            public_url: Url::parse(&format!("http://{address}")).expect("an http URL"),
            trusted_proxies: Vec::new(),
            anonymous_limit: ANONYMOUS_LIMIT,
            request_timeout: Duration::from_secs(30),
            body_limit: 256 * 1024,
            body_timeout: Duration::from_secs(15),
            install_link_life: INSTALL_LINK_LIFE,
            key_poll_interval: POLL_INTERVAL,
            metrics_token: None,
            redis: None,
            redis_patience: Duration::from_millis(100),
        }
    }
}

/// What every handler shares. Cheap to clone.
#[derive(Clone, Debug)]
pub struct App(Arc<Parts>);

/// What a server stands on.
#[derive(Debug)]
pub struct Foundation {
    /// The database.
    pub store: Store,
    /// Seals secrets.
    pub vault: Arc<Vault>,
    /// The providers.
    pub catalog: Arc<Catalog>,
    /// Clock and randomness.
    pub environment: Environment,
    /// Sends requests to providers.
    pub outbound: Outbound,
    /// OAuth apps that the environment gives, by provider.
    pub oauth_apps: HashMap<String, OAuthApp>,
    /// How much is done at once for what is installed.
    pub monitor: MonitorSettings,
}

/// The parts of [`App`].
#[derive(Debug)]
pub struct Parts {
    /// The database.
    pub store: Store,
    /// Finds callers by their keys.
    pub api_keys: Arc<ApiKeys>,
    /// The integrations and what can be done to them.
    pub integrations: Integrations,
    /// Looks after what is installed.
    pub monitor: Monitor,
    /// Installs integrations.
    pub installer: Installer,
    /// The apps under which providers know this server.
    pub oauth_apps: Arc<OAuthApps>,
    /// The providers.
    pub catalog: Arc<Catalog>,
    /// What of the catalog's answers never changes.
    pub catalog_views: CatalogViews,
    /// Counts requests.
    pub limiter: RateLimiter,
    /// What is counted and measured for whoever watches over the server.
    pub metrics: Metrics,
    /// Clock and randomness.
    pub environment: Environment,
    /// How the server answers.
    pub settings: HttpSettings,
}

impl App {
    /// Puts the parts together.
    pub fn new(on: Foundation, settings: HttpSettings) -> anyhow::Result<Self> {
        let Foundation { store, vault, catalog, environment, outbound, oauth_apps, monitor } = on;
        let api_keys = Arc::new(ApiKeys::new(store.clone(), environment.clone(), settings.key_poll_interval));
        let oauth_apps = Arc::new(OAuthApps::new(store.clone(), Arc::clone(&vault), oauth_apps));
        let metrics = Metrics::default();
        let monitored = MonitorParts {
            store: store.clone(),
            catalog: Arc::clone(&catalog),
            vault: Arc::clone(&vault),
            apps: Arc::clone(&oauth_apps),
            outbound: outbound.clone(),
            environment: environment.clone(),
            metrics: metrics.clone(),
        };
        let monitor = Monitor::new(monitored, monitor);
        let installer = Installer::new(InstallerParts {
            store: store.clone(),
            catalog: Arc::clone(&catalog),
            vault: Arc::clone(&vault),
            apps: Arc::clone(&oauth_apps),
            api_keys: Arc::clone(&api_keys),
            outbound,
            environment: environment.clone(),
            public_url: settings.public_url.clone(),
            link_life: settings.install_link_life,
        });
        let limiter = match &settings.redis {
            Some(url) => RateLimiter::shared(url, settings.redis_patience, metrics.clone())?,
            None => RateLimiter::alone(),
        };
        Ok(Self(Arc::new(Parts {
            integrations: Integrations::new(store.clone(), vault, environment.clone(), monitor.clone()),
            catalog_views: CatalogViews::new(&catalog)?,
            limiter,
            metrics,
            monitor,
            api_keys,
            installer,
            oauth_apps,
            store,
            catalog,
            environment,
            settings,
        })))
    }

    /// Keeps what is in memory true and the database tidy, and looks after what is installed, until `stop` says so.
    pub async fn tend(&self, stop: Shutdown) {
        tokio::join!(
            self.store.watch(|| self.api_keys.tell_of_changes(), stop.clone()),
            self.api_keys.watch_changes(stop.clone()),
            self.limiter.tend(stop.clone()),
            self.oauth_apps.watch(stop.clone()),
            self.installer.sweep(stop.clone()),
            self.monitor.work(stop),
        );
    }
}

impl std::ops::Deref for App {
    type Target = Parts;

    fn deref(&self) -> &Parts {
        &self.0
    }
}
