//! The caller that a limit applies to.

use std::{
    fmt,
    net::{IpAddr, Ipv6Addr},
};

use integrations_core::ids::ApiKeyId;

/// The caller that a limit applies to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Subject {
    /// A caller with a key.
    Key(ApiKeyId),
    /// A caller without a key.
    Address(IpAddr),
}

impl Subject {
    /// A caller without a key. IPv6 addresses count by their network of 64 bits, because one person may have a whole
    /// one.
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
