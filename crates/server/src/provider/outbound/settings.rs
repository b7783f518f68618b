//! What every client for providers keeps to.

use std::{collections::HashMap, net::SocketAddr, time::Duration};

use ipnet::IpNet;

use super::tls::TlsError;

/// The longest time until a connection for an action stands. It is shorter than the whole request may take, so that a
/// request that takes too long has certainly been sent.
pub(super) const CONNECT_TIMEOUT: Duration = Duration::from_secs(8);
/// The longest silence of a provider in the answer to a request that a caller wrote.
pub(super) const SILENCE: Duration = Duration::from_mins(1);
/// What requests say of this program, unless they say something else.
pub(super) const USER_AGENT: &str = concat!("riq-server/", env!("CARGO_PKG_VERSION"));

/// What requests may reach, and how long they may take.
#[derive(Clone, Debug)]
pub struct OutboundSettings {
    /// Networks that are allowed although they are not public.
    pub allowed_networks: Vec<IpNet>,
    /// Certificates (PEM) of authorities that are trusted in addition to the system's.
    pub ca_certificates: Option<Vec<u8>>,
    /// Addresses of hosts that are not looked up. These addresses are allowed.
    pub resolve: HashMap<String, SocketAddr>,
    /// An address on this machine that requests may reach, and that alone over plain HTTP: the sandbox's of `dev`.
    pub local: Option<SocketAddr>,
    /// The longest time for a request, from the look-up of the host name to the end of the answer.
    pub timeout: Duration,
}

impl Default for OutboundSettings {
    fn default() -> Self {
        Self {
            allowed_networks: Vec::new(),
            ca_certificates: None,
            resolve: HashMap::new(),
            local: None,
            timeout: Duration::from_secs(10),
        }
    }
}

/// The client cannot be made.
#[derive(Debug, thiserror::Error)]
pub enum OutboundError {
    /// The certificates cannot be read.
    #[error("the certificates of RIQ_OUTBOUND_CA_FILE hold no PEM certificate")]
    Certificates,
    /// TLS cannot be set up.
    #[error("the client for requests to providers cannot be made: {0}")]
    Client(String),
}

impl From<TlsError> for OutboundError {
    fn from(error: TlsError) -> Self {
        match error {
            TlsError::Certificates(_) => Self::Certificates,
            TlsError::Tls(error) => Self::Client(error.to_string()),
        }
    }
}
