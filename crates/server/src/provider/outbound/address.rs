//! Which IP addresses requests may be sent to.

use std::{
    net::{IpAddr, Ipv4Addr},
    sync::{Arc, LazyLock},
};

use ipnet::IpNet;

/// Blocks that are not "globally reachable" in IANA's registries of special-purpose addresses, and also multicast and
/// the reserved rest of IPv4 (<https://www.iana.org/assignments/iana-ipv4-special-registry>, `…-ipv6-…`). The two
/// blocks that embed IPv4 addresses, `64:ff9b::/96` and `2002::/16`, are refused as a whole, because no provider has to
/// be reached through a translator or a tunnel.
const NOT_PUBLIC: [&str; 30] = [
    "0.0.0.0/8",
    "10.0.0.0/8",
    "100.64.0.0/10",
    "127.0.0.0/8",
    "169.254.0.0/16",
    "172.16.0.0/12",
    "192.0.0.0/24",
    "192.0.2.0/24",
    "192.88.99.0/24",
    "192.168.0.0/16",
    "198.18.0.0/15",
    "198.51.100.0/24",
    "203.0.113.0/24",
    "224.0.0.0/4",
    "240.0.0.0/4",
    "::/128",
    "::1/128",
    "::/96",
    "64:ff9b::/96",
    "64:ff9b:1::/48",
    "100::/64",
    "2001::/23",
    "2001:db8::/32",
    "2002::/16",
    "3fff::/20",
    "5f00::/16",
    "fc00::/7",
    "fe80::/10",
    "fec0::/10",
    "ff00::/8",
];

#[expect(clippy::expect_used, reason = "constants, which the tests parse")]
static BLOCKS: LazyLock<Vec<IpNet>> =
    LazyLock::new(|| NOT_PUBLIC.iter().map(|block| block.parse().expect("a network")).collect());

/// The addresses that requests may be sent to: the public ones, and those that the operator allows.
#[derive(Clone, Debug)]
pub(super) struct Allowed(Arc<Vec<IpNet>>);

impl Allowed {
    /// Public addresses and these networks.
    pub(super) fn new(networks: Vec<IpNet>) -> Self {
        Self(Arc::new(networks))
    }

    /// Whether a request may be sent to `address`.
    pub(super) fn contains(&self, address: IpAddr) -> bool {
        let address = unmapped(address);
        self.0.iter().any(|network| network.contains(&address))
            || !BLOCKS.iter().any(|block| block.contains(&address))
    }
}

/// Converts an IPv4 address that is written as IPv6 (`::ffff:10.0.0.1`), because a connection to it uses IPv4.
fn unmapped(address: IpAddr) -> IpAddr {
    match address {
        IpAddr::V4(_) => address,
        IpAddr::V6(six) => six.to_ipv4_mapped().map_or(address, |four: Ipv4Addr| four.into()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn allows(allowed: &Allowed, address: &str) -> bool {
        allowed.contains(address.parse().unwrap())
    }

    #[test]
    fn public_addresses_are_allowed_and_no_others() {
        let allowed = Allowed::new(Vec::new());
        for address in ["1.1.1.1", "172.15.255.255", "172.32.0.1", "2606:4700::1111", "::ffff:1.1.1.1"] {
            assert!(allows(&allowed, address), "{address}");
        }
        for address in [
            "0.0.0.0",
            "10.1.2.3",
            "100.64.0.1",
            "127.0.0.1",
            "127.1.2.3",
            "169.254.169.254",
            "172.16.0.1",
            "172.31.255.255",
            "192.168.1.1",
            "198.19.0.1",
            "224.0.0.1",
            "255.255.255.255",
            "::",
            "::1",
            "::ffff:127.0.0.1",
            "::ffff:169.254.169.254",
            "::7f00:1",
            "64:ff9b::a00:1",
            "2002:7f00:1::",
            "fd00:ec2::254",
            "fe80::1",
            "ff02::1",
        ] {
            assert!(!allows(&allowed, address), "{address}");
        }
    }

    #[test]
    fn what_the_operator_allows_is_allowed_and_nothing_beside_it() {
        let allowed = Allowed::new(vec!["10.20.0.0/16".parse().unwrap(), "::1/128".parse().unwrap()]);
        assert!(
            allows(&allowed, "10.20.3.4") && allows(&allowed, "::ffff:10.20.3.4") && allows(&allowed, "::1")
        );
        assert!(!allows(&allowed, "10.21.0.1") && !allows(&allowed, "127.0.0.1"));
    }

    #[test]
    fn every_block_is_a_network() {
        assert_eq!(BLOCKS.len(), NOT_PUBLIC.len());
    }
}
