//! Settings of the server's answers.

use std::{net::SocketAddr, time::Duration};

use ipnet::IpNet;
use secrecy::SecretString;
use url::Url;

use super::rate_limit::RedisUrl;
use crate::services::api_keys::POLL_INTERVAL;

/// Settings of the server's answers.
#[derive(Clone, Debug)]
pub struct HttpSettings {
    /// The address at which people reach the server. Install URLs begin with it.
    pub public_url: Url,
    /// The networks of trusted proxies: their `Forwarded` and `X-Forwarded-For` count.
    pub trusted_proxies: Vec<IpNet>,
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
