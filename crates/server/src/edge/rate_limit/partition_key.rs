//! What requests are counted by.

use std::{
    fmt,
    net::{IpAddr, Ipv6Addr},
};

use integrations_core::ids::ApiKeyId;

/// What requests are counted by: the caller that a limit applies to (draft-ietf-httpapi-ratelimit-headers, "partition
/// key").
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum PartitionKey {
    /// A caller with a key.
    ApiKey(ApiKeyId),
    /// A caller without a key.
    Address(IpAddr),
    /// A caller whose address has used up its limit, and whose key may be one that was just made.
    Lookups(IpAddr),
    /// A caller that sends wrong tokens for the metrics.
    MetricsTokens(IpAddr),
}

impl PartitionKey {
    /// A caller without a key.
    pub fn address(address: IpAddr) -> Self {
        Self::Address(network_of(address))
    }

    /// The look-ups beyond the limit of a caller's address.
    pub fn lookups(address: IpAddr) -> Self {
        Self::Lookups(network_of(address))
    }

    /// The wrong tokens of a caller.
    pub fn metrics_tokens(address: IpAddr) -> Self {
        Self::MetricsTokens(network_of(address))
    }
}

/// What counts as one address: for IPv6, the network of 64 bits, because one person may have a whole one.
pub(in crate::edge) fn network_of(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(v6) => Ipv6Addr::from_bits(v6.to_bits() >> 64 << 64).into(),
        v4 => v4,
    }
}

impl fmt::Display for PartitionKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::ApiKey(id) => id.fmt(f),
            Self::Address(address) => address.fmt(f),
            Self::Lookups(address) => write!(f, "lookups:{address}"),
            Self::MetricsTokens(address) => write!(f, "metrics-tokens:{address}"),
        }
    }
}
