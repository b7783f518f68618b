//! The client's address: the peer's, or the one that a trusted proxy names.

use std::net::{IpAddr, SocketAddr};

use http::{HeaderMap, HeaderName, header::FORWARDED};
use ipnet::IpNet;

const X_FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");

/// The other end of the connection, in the request's extensions: the client, or the nearest proxy.
#[derive(Clone, Copy, Debug)]
pub struct Peer(pub IpAddr);

/// The address that a request came from.
///
/// `Forwarded` (RFC 7239), or without it `X-Forwarded-For`, counts only if the peer is one of `trusted`. The chain is
/// read from its end. The first address that is not a trusted proxy is the client; the client may have made up
/// everything before it.
pub fn client_address(peer: IpAddr, headers: &HeaderMap, trusted: &[IpNet]) -> IpAddr {
    let is_trusted =
        |address: IpAddr| trusted.iter().any(|network| network.contains(&address.to_canonical()));
    if trusted.is_empty() || !is_trusted(peer) {
        return peer;
    }
    let chain = if headers.contains_key(FORWARDED) {
        addresses(headers, &FORWARDED, forwarded_for)
    } else {
        addresses(headers, &X_FORWARDED_FOR, parse_node)
    };
    let mut client = peer;
    for address in chain.into_iter().rev() {
        // Entries before an obfuscated or broken one cannot be trusted.
        let Some(address) = address else { break };
        client = address;
        if !is_trusted(address) {
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

    fn client(peer: &str, headers: &[(&'static str, &str)], trusted: &[&str]) -> String {
        let mut map = HeaderMap::new();
        for (name, value) in headers {
            map.append(HeaderName::from_static(name), value.parse().unwrap());
        }
        let trusted: Vec<IpNet> = trusted.iter().map(|network| network.parse().unwrap()).collect();
        client_address(peer.parse().unwrap(), &map, &trusted).to_string()
    }

    #[test]
    fn headers_of_an_untrusted_peer_are_not_believed() {
        let headers = [("x-forwarded-for", "192.0.2.9"), ("forwarded", "for=192.0.2.9")];
        assert_eq!(client("198.51.100.1", &headers, &[]), "198.51.100.1");
        assert_eq!(client("198.51.100.1", &headers, &["10.0.0.0/8"]), "198.51.100.1");
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
            (vec![("forwarded", "for=_hidden")], "10.0.0.1"),
            (vec![("forwarded", "proto=https")], "10.0.0.1"),
            (vec![("forwarded", "for=192.0.2.9"), ("x-forwarded-for", "203.0.113.5")], "192.0.2.9"),
            (vec![], "10.0.0.1"),
        ] {
            assert_eq!(client("10.0.0.1", &headers, &trusted), expected, "{headers:?}");
        }
        assert_eq!(client("::ffff:10.0.0.1", &[("x-forwarded-for", "192.0.2.9")], &trusted), "192.0.2.9");
    }
}
