//! Parses the values of settings.

use std::{net::SocketAddr, time::Duration};

use http::HeaderName;
use ipnet::IpNet;
use url::Url;

/// The default address to listen on.
pub(super) const DEFAULT_BIND: &str = "127.0.0.1:8080";

/// A network in CIDR notation, or one address.
pub(super) fn network(text: &str) -> Result<IpNet, String> {
    let text = text.trim();
    text.parse()
        .or_else(|_| text.parse::<std::net::IpAddr>().map(IpNet::from))
        .map_err(|_| format!("\"{text}\" is neither a network such as 10.0.0.0/8 nor an address"))
}

/// A length of time, such as `30s`.
pub(crate) fn time_span(text: &str) -> Result<Duration, String> {
    humantime::parse_duration(text).map_err(|_| format!("\"{text}\" is not a time such as 30s, 5m or 90d"))
}

pub(super) fn socket_address(text: &str) -> Result<SocketAddr, String> {
    text.parse().map_err(|_| format!("\"{text}\" is not an IP:PORT such as {DEFAULT_BIND}"))
}

pub(super) fn public_url(text: &str) -> Result<Url, String> {
    let expected = || "expected http:// or https://, a host and perhaps a path, and nothing else".to_owned();
    let url = Url::parse(text).map_err(|_| expected())?;
    let is_plain = url.query().is_none() && url.fragment().is_none() && url.username().is_empty();
    if matches!(url.scheme(), "http" | "https") && url.has_host() && is_plain {
        Ok(url)
    } else {
        Err(expected())
    }
}

/// A host name without scheme, port or path.
pub(super) fn host_name(text: &str) -> Result<String, String> {
    let host = text.trim();
    let is_name = !host.is_empty() && host.bytes().all(|b| b.is_ascii_alphanumeric() || b"-._".contains(&b));
    if is_name {
        Ok(host.to_owned())
    } else {
        Err(format!("\"{text}\" is not a host name such as riq.internal"))
    }
}

/// The name of a header in which proxies name the client.
pub(super) fn header_name(text: &str) -> Result<HeaderName, String> {
    let name = text.trim().parse::<HeaderName>().ok().filter(|_| !text.contains(','));
    name.ok_or_else(|| format!("\"{text}\" is not the name of one header, such as x-forwarded-for"))
}

/// `HOST=IP:PORT`: the address of a host, which replaces the DNS look-up.
pub(super) fn host_address(text: &str) -> Result<HostAddress, String> {
    let expected = || format!("\"{text}\" is not HOST=IP:PORT such as api.example.com=10.0.0.1:443");
    let (host, address) = text.trim().split_once('=').ok_or_else(expected)?;
    let address = address.parse().map_err(|_| expected())?;
    let is_name = !host.is_empty() && host.bytes().all(|b| b.is_ascii_alphanumeric() || b"-._".contains(&b));
    if is_name { Ok(HostAddress { host: host.to_ascii_lowercase(), address }) } else { Err(expected()) }
}

/// The address of a host.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HostAddress {
    /// The host's name.
    pub host: String,
    /// Its address.
    pub address: SocketAddr,
}
