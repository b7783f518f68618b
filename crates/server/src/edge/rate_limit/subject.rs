//! Whom a limit is for.

use std::{
    fmt,
    net::{IpAddr, Ipv6Addr},
};

use integrations_core::ids::ApiKeyId;

/// Whom a limit is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Subject {
    /// A caller with a key.
    Key(ApiKeyId),
    /// A caller without.
    Address(IpAddr),
}

impl Subject {
    /// A caller without a key: by address, and by network of 64 bits for IPv6, where one person has so many.
    pub fn address(address: IpAddr) -> Self {
        Self::Address(match address.to_canonical() {
            IpAddr::V6(v6) => Ipv6Addr::from_bits(v6.to_bits() >> 64 << 64).into(),
            v4 => v4,
        })
    }
}

impl fmt::Display for Subject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Key(id) => id.fmt(f),
            Self::Address(address) => address.fmt(f),
        }
    }
}
