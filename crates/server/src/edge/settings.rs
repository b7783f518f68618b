//! Settings of the server's answers.

use std::{net::SocketAddr, sync::Arc, time::Duration};

use secrecy::SecretString;
use sha2::{Digest as _, Sha256};
use url::Url;

use super::{
    brand::Brands, client_address::TrustedProxies, connections::ConnectionLimits, host::KnownHosts,
    rate_limit::RedisUrl,
};
use crate::{program::OperatorCommands, provider::openid::OpenIdSettings, services::api_keys::POLL_INTERVAL};

/// Settings of the server's answers.
#[derive(Clone, Debug)]
pub struct HttpSettings {
    /// The address at which people reach the server. Install URLs begin with it.
    pub public_url: Url,
    /// The host names at which pages, metrics and the reference answer.
    pub known_hosts: KnownHosts,
    /// The proxies that say for whom they ask. Without them, the peer of a connection is the client.
    pub trusted_proxies: Option<TrustedProxies>,
    /// How many connections clients may have.
    pub connections: ConnectionLimits,
    /// How long a client may take for the next part of its answer.
    pub write_patience: Duration,
    /// The origins whose pages may call the API from a browser, as browsers write them.
    pub cors_origins: Vec<String>,
    /// Requests a minute for an address without a key.
    pub anonymous_limit: u32,
    /// The longest time for a request.
    pub request_timeout: Duration,
    /// The largest body that is read, in bytes.
    pub body_limit: usize,
    /// How long the whole body may take to arrive.
    pub body_timeout: Duration,
    /// How long an install link works.
    pub install_link_life: Duration,
    /// How often the database is asked which API keys were changed, in addition to its notifications.
    pub key_poll_interval: Duration,
    /// The token for reading the metrics from other machines.
    pub metrics_token: Option<SecretString>,
    /// The Redis that counts requests for all replicas. Without it, each process counts its own.
    pub redis: Option<RedisUrl>,
    /// How long a request waits for Redis.
    pub redis_patience: Duration,
    /// The OpenID Connect provider that people sign in with.
    pub openid: Option<OpenIdSettings>,
    /// Whether a person may sign in with an API key.
    pub key_sign_in: bool,
    /// How pages for customers present themselves.
    pub brands: Arc<Brands>,
    /// The operator's commands, as pages show them.
    pub operator: OperatorCommands,
}

/// The contract's limit for an address without a key, in requests a minute.
pub const ANONYMOUS_LIMIT: u32 = 600;

/// How many connections clients may have by default. One takes some 30 KiB at most while it waits.
const CONNECTIONS: ConnectionLimits = ConnectionLimits { total: 4096, per_address: 512 };

/// How long an install link works by default.
pub const INSTALL_LINK_LIFE: Duration = Duration::from_secs(30 * 60);

impl HttpSettings {
    /// Whether people reach the server over TLS.
    pub fn is_https(&self) -> bool {
        self.public_url.scheme() == "https"
    }

    /// The defaults of a server that is reached at `address`.
    #[expect(clippy::expect_used, reason = "an address with a port is always a valid URL")]
    pub fn at(address: SocketAddr) -> Self {
        Self {
            public_url: Url::parse(&format!("http://{address}")).expect("an http URL"),
            known_hosts: KnownHosts::default(),
            trusted_proxies: None,
            connections: CONNECTIONS,
            write_patience: Duration::from_secs(15),
            cors_origins: Vec::new(),
            anonymous_limit: ANONYMOUS_LIMIT,
            request_timeout: Duration::from_secs(30),
            body_limit: 256 * 1024,
            body_timeout: Duration::from_secs(15),
            install_link_life: INSTALL_LINK_LIFE,
            key_poll_interval: POLL_INTERVAL,
            metrics_token: None,
            redis: None,
            redis_patience: Duration::from_millis(100),
            openid: None,
            key_sign_in: true,
            brands: Arc::default(),
            operator: OperatorCommands::default(),
        }
    }
}

/// Tells the cookies of two servers on one host apart, because browsers keep cookies by host and ignore the port. All
/// replicas behind one public URL share it.
pub fn cookie_suffix(public_url: &Url) -> String {
    let hash = Sha256::digest(public_url.as_str().trim_end_matches('/'));
    hash[..4].iter().map(|byte| format!("{byte:02x}")).collect()
}
