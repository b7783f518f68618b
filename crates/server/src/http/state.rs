//! What every handler shares.

use std::{net::SocketAddr, sync::Arc, time::Duration};

use integrations_core::catalog::Catalog;
use ipnet::IpNet;
use url::Url;

use super::{integrations::view::CatalogViews, rate_limit::RateLimiter};
use crate::{
    api_keys::ApiKeys, environment::Environment, install::vault::Vault, integrations::Integrations,
    store::Store,
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
}

/// The contract's limit for an address without a key, in requests a minute.
pub const ANONYMOUS_LIMIT: u32 = 600;

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
        }
    }
}

/// What every handler shares. Cheap to clone.
#[derive(Clone, Debug)]
pub struct App(Arc<Parts>);

/// The parts of [`App`].
#[derive(Debug)]
pub struct Parts {
    /// The database.
    pub store: Store,
    /// Finds callers by their keys.
    pub api_keys: Arc<ApiKeys>,
    /// The integrations and what can be done to them.
    pub integrations: Integrations,
    /// The providers.
    pub catalog: Arc<Catalog>,
    /// What of the catalog's answers never changes.
    pub catalog_views: CatalogViews,
    /// Counts requests.
    pub limiter: RateLimiter,
    /// Clock and randomness.
    pub environment: Environment,
    /// How the server answers.
    pub settings: HttpSettings,
}

impl App {
    /// Puts the parts together.
    pub fn new(
        store: Store,
        vault: Arc<Vault>,
        catalog: Arc<Catalog>,
        environment: Environment,
        settings: HttpSettings,
    ) -> Result<Self, serde_json::Error> {
        Ok(Self(Arc::new(Parts {
            api_keys: Arc::new(ApiKeys::new(store.clone(), environment.clone())),
            integrations: Integrations::new(store.clone(), vault, environment.clone()),
            catalog_views: CatalogViews::new(&catalog)?,
            limiter: RateLimiter::default(),
            store,
            catalog,
            environment,
            settings,
        })))
    }
}

impl std::ops::Deref for App {
    type Target = Parts;

    fn deref(&self) -> &Parts {
        &self.0
    }
}
