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
}

impl PartitionKey {
    /// A caller without a key. IPv6 addresses count by their network of 64 bits, because one person may have a whole
    /// one.
    pub fn address(address: IpAddr) -> Self {
        Self::Address(match address.to_canonical() {
            IpAddr::V6(v6) => Ipv6Addr::from_bits(v6.to_bits() >> 64 << 64).into(),
            v4 => v4,
        })
    }
}

impl fmt::Display for PartitionKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::ApiKey(id) => id.fmt(f),
            Self::Address(address) => address.fmt(f),
        }
    }
}
