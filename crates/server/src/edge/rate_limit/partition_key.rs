//! What requests are counted by.

use std::{
    fmt,
    net::{IpAddr, Ipv6Addr},
};

use integrations_core::ids::{ApiKeyId, DashboardSessionId, DeviceLoginId};

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
    /// A program that begins device logins.
    DeviceLogins(IpAddr),
    /// A program that polls for a device login.
    DevicePolls(DeviceLoginId),
    /// People at one address who enter user codes.
    UserCodes(IpAddr),
    /// A session in which user codes are entered.
    UserCodesOf(DashboardSessionId),
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

    /// The device logins that programs at an address begin.
    pub fn device_logins(address: IpAddr) -> Self {
        Self::DeviceLogins(network_of(address))
    }

    /// The user codes that people at an address enter.
    pub fn user_codes(address: IpAddr) -> Self {
        Self::UserCodes(network_of(address))
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
            Self::DeviceLogins(address) => write!(f, "device-logins:{address}"),
            Self::DevicePolls(id) => write!(f, "device-polls:{id}"),
            Self::UserCodes(address) => write!(f, "user-codes:{address}"),
            Self::UserCodesOf(session) => write!(f, "user-codes:{session}"),
        }
    }
}
