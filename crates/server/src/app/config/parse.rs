//! Reading single settings: from the words of a flag or variable, and from the file.

use std::{fmt, net::SocketAddr, str::FromStr, time::Duration};

use ipnet::IpNet;
use serde::{Deserialize as _, Deserializer, de};
use url::Url;

/// Where the server listens by default.
pub(super) const DEFAULT_BIND: &str = "127.0.0.1:8080";

pub(super) fn parsed<'de, T: FromStr<Err: fmt::Display>, D: Deserializer<'de>>(
    from: D,
) -> Result<Option<T>, D::Error> {
    String::deserialize(from)?.parse().map(Some).map_err(de::Error::custom)
}

pub(super) fn parsed_public_url<'de, D: Deserializer<'de>>(from: D) -> Result<Option<Url>, D::Error> {
    public_url(&String::deserialize(from)?).map(Some).map_err(de::Error::custom)
}

pub(super) fn address<'de, D: Deserializer<'de>>(from: D) -> Result<Option<SocketAddr>, D::Error> {
    socket_address(&String::deserialize(from)?).map(Some).map_err(de::Error::custom)
}

pub(super) fn duration<'de, D: Deserializer<'de>>(from: D) -> Result<Option<Duration>, D::Error> {
    time_span(&String::deserialize(from)?).map(Some).map_err(de::Error::custom)
}

pub(super) fn networks<'de, D: Deserializer<'de>>(from: D) -> Result<Option<Vec<IpNet>>, D::Error> {
    let texts = Vec::<String>::deserialize(from)?;
    texts.iter().map(|text| network(text)).collect::<Result<_, _>>().map(Some).map_err(de::Error::custom)
}

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

/// `HOST=IP:PORT`: where a host is, instead of what its name leads to.
pub(super) fn host_address(text: &str) -> Result<HostAddress, String> {
    let expected = || format!("\"{text}\" is not HOST=IP:PORT such as api.example.com=10.0.0.1:443");
    let (host, address) = text.trim().split_once('=').ok_or_else(expected)?;
    let address = address.parse().map_err(|_| expected())?;
    let is_name = !host.is_empty() && host.bytes().all(|b| b.is_ascii_alphanumeric() || b"-._".contains(&b));
    if is_name { Ok(HostAddress { host: host.to_ascii_lowercase(), address }) } else { Err(expected()) }
}

/// Where a host is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HostAddress {
    /// The host's name.
    pub host: String,
    /// Its address.
    pub address: SocketAddr,
}

pub(super) fn host_addresses<'de, D: Deserializer<'de>>(
    from: D,
) -> Result<Option<Vec<HostAddress>>, D::Error> {
    let texts = Vec::<String>::deserialize(from)?;
    texts.iter().map(|text| host_address(text)).collect::<Result<_, _>>().map(Some).map_err(de::Error::custom)
}
