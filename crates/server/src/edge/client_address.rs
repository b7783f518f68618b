//! The client's address: the peer's, or the one that a trusted proxy names.

use std::net::{IpAddr, SocketAddr};

use http::{HeaderMap, HeaderName, header::FORWARDED};
use ipnet::IpNet;

/// The other end of the connection, in the request's extensions: the client, or the nearest proxy.
#[derive(Clone, Copy, Debug)]
pub struct Peer(pub IpAddr);

/// The client's address, in the request's extensions: the peer's, or the one that a trusted proxy names.
#[derive(Clone, Copy, Debug)]
pub struct ClientAddress(pub IpAddr);

/// Proxies that are believed when they say for whom they ask.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TrustedProxies {
    /// Their networks.
    pub networks: Vec<IpNet>,
    /// The one header in which they say it: `Forwarded` (RFC 7239), or one that lists addresses, such as
    /// `X-Forwarded-For`. Any other header may come from the client, because a proxy passes on what it does not know.
    pub header: HeaderName,
}

impl TrustedProxies {
    /// Whether one of them has this address.
    pub fn contain(&self, address: IpAddr) -> bool {
        let address = address.to_canonical();
        self.networks.iter().any(|network| network.contains(&address))
    }
}

/// The address that a request came from: the peer's, or the one that a trusted proxy names.
///
/// The chain in the proxies' header is read from its end. The first address that is not a trusted proxy is the client;
/// the client may have made up everything before it.
pub fn client_address(peer: IpAddr, headers: &HeaderMap, trusted: Option<&TrustedProxies>) -> IpAddr {
    let Some(trusted) = trusted.filter(|trusted| trusted.contain(peer)) else { return peer };
    let read = if trusted.header == FORWARDED { forwarded_for } else { parse_node };
    let mut client = peer;
    for address in addresses(headers, &trusted.header, read).into_iter().rev() {
        // Entries before an obfuscated or broken one cannot be trusted.
        let Some(address) = address else { break };
        client = address;
        if !trusted.contain(address) {
            break;
        }
    }
    client
}

fn addresses(
    headers: &HeaderMap,
    name: &HeaderName,
    read: fn(&str) -> Option<IpAddr>,
) -> Vec<Option<IpAddr>> {
    let values = headers.get_all(name).iter().map(|value| value.to_str().unwrap_or_default());
    values.flat_map(|value| value.split(',')).map(|entry| read(entry.trim())).collect()
}

/// The `for` parameter of one element of `Forwarded` (RFC 7239, section 5.2).
fn forwarded_for(element: &str) -> Option<IpAddr> {
    element.split(';').find_map(|pair| {
        let (name, value) = pair.trim().split_once('=')?;
        name.eq_ignore_ascii_case("for").then(|| parse_node(value.trim_matches('"')))?
    })
}

/// An address, with or without a port; IPv6 with or without brackets.
fn parse_node(node: &str) -> Option<IpAddr> {
    let bare = node.strip_prefix('[').and_then(|node| node.strip_suffix(']')).unwrap_or(node);
    bare.parse().ok().or_else(|| node.parse::<SocketAddr>().ok().map(|address| address.ip()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn client(peer: &str, headers: &[(&'static str, &str)], header: &str, networks: &[&str]) -> String {
        let mut map = HeaderMap::new();
        for (name, value) in headers {
            map.append(HeaderName::from_static(name), value.parse().unwrap());
        }
        let networks = networks.iter().map(|network| network.parse().unwrap()).collect();
        let trusted = TrustedProxies { networks, header: header.parse().unwrap() };
        client_address(peer.parse().unwrap(), &map, Some(&trusted)).to_string()
    }

    #[test]
    fn headers_of_an_untrusted_peer_are_not_believed() {
        let headers = [("x-forwarded-for", "192.0.2.9"), ("forwarded", "for=192.0.2.9")];
        for header in ["x-forwarded-for", "forwarded"] {
            assert_eq!(client("198.51.100.1", &headers, header, &[]), "198.51.100.1");
            assert_eq!(client("198.51.100.1", &headers, header, &["10.0.0.0/8"]), "198.51.100.1");
        }
        let map = HeaderMap::from_iter([(FORWARDED, "for=192.0.2.9".parse().unwrap())]);
        let peer = "198.51.100.1".parse().unwrap();
        assert_eq!(client_address(peer, &map, None), peer);
    }

    /// A proxy that writes one of the headers passes on the others as the client sent them.
    #[test]
    fn only_the_named_header_is_believed() {
        let names = ["x-forwarded-for", "x-real-ip", "cf-connecting-ip"];
        for named in names.into_iter().chain(["forwarded"]) {
            let others: Vec<(&str, &str)> = names
                .into_iter()
                .map(|name| (name, "203.0.113.5"))
                .chain([("forwarded", "for=203.0.113.5")])
                .filter(|(name, _)| *name != named)
                .collect();
            assert_eq!(client("10.0.0.1", &others, named, &["10.0.0.0/8"]), "10.0.0.1", "{named}");
            let own = if named == "forwarded" { "for=192.0.2.9" } else { "192.0.2.9" };
            let all = [&others[..], &[(named, own)]].concat();
            assert_eq!(client("10.0.0.1", &all, named, &["10.0.0.0/8"]), "192.0.2.9", "{named}");
        }
    }

    #[test]
    fn a_trusted_proxy_is_believed_up_to_the_first_stranger() {
        let trusted = ["10.0.0.0/8", "fd00::/8"];
        for (headers, expected) in [
            (vec![("x-forwarded-for", "192.0.2.9")], "192.0.2.9"),
            (vec![("x-forwarded-for", "203.0.113.5, 192.0.2.9, 10.1.1.1")], "192.0.2.9"),
            (vec![("x-forwarded-for", "203.0.113.5"), ("x-forwarded-for", "192.0.2.9:1234")], "192.0.2.9"),
            (vec![("x-forwarded-for", "203.0.113.5, garbage, 10.1.1.1")], "10.1.1.1"),
            (vec![("forwarded", "for=192.0.2.9;proto=https;by=10.0.0.1")], "192.0.2.9"),
            (vec![("forwarded", "For=\"[2001:db8::7]:4711\", for=10.0.0.3")], "2001:db8::7"),
            (vec![("forwarded", "for=\"203.0.113.5, for=192.0.2.9")], "192.0.2.9"),
            (vec![("forwarded", "for=_hidden")], "10.0.0.1"),
            (vec![("forwarded", "proto=https")], "10.0.0.1"),
            (vec![], "10.0.0.1"),
        ] {
            let header = headers.first().map_or("forwarded", |(name, _)| *name);
            assert_eq!(client("10.0.0.1", &headers, header, &trusted), expected, "{headers:?}");
        }
        let mapped =
            client("::ffff:10.0.0.1", &[("x-forwarded-for", "192.0.2.9")], "X-Forwarded-For", &trusted);
        assert_eq!(mapped, "192.0.2.9");
    }
}
