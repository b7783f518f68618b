//! Parses the values of settings. No message repeats a value: any of them may be a secret that was put in a wrong
//! place.

use std::{convert::Infallible, net::SocketAddr, time::Duration};

use anyhow::Context as _;
use http::HeaderName;
use integrations_core::{
    catalog::action::LONGEST_WINDOW_DAYS,
    oauth_app::{MAX_LENGTH, read_credential},
    pasted,
};
use ipnet::IpNet;
use secrecy::SecretString;
use url::Url;

/// The default address to listen on.
pub(super) const DEFAULT_BIND: &str = "127.0.0.1:8080";

/// A network in CIDR notation, or one address.
pub(super) fn network(text: &str) -> Result<IpNet, String> {
    let text = text.trim();
    text.parse()
        .or_else(|_| text.parse::<std::net::IpAddr>().map(IpNet::from))
        .map_err(|_| "expected networks such as 10.0.0.0/8, or addresses, separated by commas".to_owned())
}

/// A length of time, such as `30s`.
pub(crate) fn time_span(text: &str) -> Result<Duration, String> {
    humantime::parse_duration(text.trim()).map_err(|_| "expected a time such as 30s, 5m or 90d".to_owned())
}

/// How long runs of actions are kept at least: limits of actions count those of their window.
pub(crate) const SHORTEST_RUN_RETENTION: Duration = Duration::from_secs(LONGEST_WINDOW_DAYS * 24 * 60 * 60);

/// How long runs of actions are kept.
pub(super) fn run_retention(text: &str) -> Result<Duration, String> {
    let keep = time_span(text).ok().filter(|keep| *keep >= SHORTEST_RUN_RETENTION);
    keep.ok_or_else(|| {
        format!("expected a time such as 400d, at least {LONGEST_WINDOW_DAYS}d: limits of actions look back so far")
    })
}

/// How long events of webhooks and of providers are kept at least: a delivery may be tried for most of a day.
const SHORTEST_EVENT_RETENTION: Duration = Duration::from_hours(24);

/// How long events of webhooks or of providers are kept.
pub(super) fn event_retention(text: &str) -> Result<Duration, String> {
    let keep = time_span(text).ok().filter(|keep| *keep >= SHORTEST_EVENT_RETENTION);
    keep.ok_or_else(|| {
        "expected a time such as 30d, at least 1d: a delivery is tried for most of a day".to_owned()
    })
}

/// A whole number from `LEAST` to `MOST`.
pub(super) fn whole_number<const LEAST: u32, const MOST: u32>(text: &str) -> Result<u32, String> {
    let number = text.trim().parse().ok().filter(|number| (LEAST..=MOST).contains(number));
    number.ok_or_else(|| format!("expected a whole number from {LEAST} to {MOST}"))
}

pub(super) fn socket_address(text: &str) -> Result<SocketAddr, String> {
    text.trim().parse().map_err(|_| format!("expected IP:PORT such as {DEFAULT_BIND}"))
}

/// A secret, without what came along when it was pasted: editors and `echo` put a newline at the end of a file, which
/// Kubernetes passes on, and a file of variables may keep its quotes.
pub(super) fn secret(text: &str) -> Result<SecretString, Infallible> {
    Ok(pasted::secret(text).into())
}

/// A client id or secret of an OAuth app, without what came along when it was pasted.
pub(crate) fn one_line(text: &str) -> anyhow::Result<String> {
    read_credential(text)
        .with_context(|| format!("expected 1 to {MAX_LENGTH} visible ASCII characters and no blanks"))
}

pub(crate) fn public_url(text: &str) -> Result<Url, String> {
    let expected = || "expected http:// or https://, a host and perhaps a path, and nothing else".to_owned();
    let url = Url::parse(text.trim()).map_err(|_| expected())?;
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
    if is_name { Ok(host.to_owned()) } else { Err("expected a host name such as riq.internal".to_owned()) }
}

/// The name of a header in which proxies name the client.
pub(super) fn header_name(text: &str) -> Result<HeaderName, String> {
    let name = text.trim().parse::<HeaderName>().ok().filter(|_| !text.contains(','));
    name.ok_or_else(|| "expected the name of one header, such as x-forwarded-for".to_owned())
}

/// An origin, as browsers write it (RFC 6454, section 6.2): without a path, in lower case, without the usual port.
pub(super) fn origin(text: &str) -> Result<String, String> {
    let expected = || "expected http:// or https://, a host and perhaps a port, and nothing else".to_owned();
    let url = Url::parse(text.trim()).map_err(|_| expected())?;
    let is_web =
        matches!(url.scheme(), "http" | "https") && url.host_str().is_some_and(|host| !host.contains('*'));
    let origin = url.origin().ascii_serialization();
    // Anything else in the address would be after the origin or within it.
    if is_web && url.as_str().strip_suffix('/') == Some(&origin) { Ok(origin) } else { Err(expected()) }
}

/// `HOST=IP:PORT`: the address of a host, which replaces the DNS look-up.
pub(super) fn host_address(text: &str) -> Result<HostAddress, String> {
    let expected = || "expected HOST=IP:PORT such as api.example.com=10.0.0.1:443".to_owned();
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

#[cfg(test)]
mod tests {
    use secrecy::ExposeSecret as _;

    use super::*;

    #[test]
    fn what_came_along_with_a_secret_is_dropped() {
        for text in [
            "k1:AA+/=\n",
            "\u{feff}k1:AA+/=\r\n",
            "\"k1:AA+/=\"",
            " k1:A\u{200b}A+/=",
            "RIQ_ENCRYPTION_KEYS=k1:AA+/=",
        ] {
            let Ok(read) = secret(text);
            assert_eq!(read.expose_secret(), "k1:AA+/=", "{text:?}");
            assert_eq!(one_line(text).unwrap(), "k1:AA+/=", "{text:?}");
        }
        let Ok(two) = secret("k1:AA==,\nk2:BB==\n");
        assert_eq!(two.expose_secret(), "k1:AA==,k2:BB==");
        for text in ["", " \n", "\"\"", "hunter2 and more", "hünter2", &"x".repeat(MAX_LENGTH + 1)] {
            let error = one_line(text).unwrap_err().to_string();
            assert!(error.contains("visible ASCII") && !error.contains("hunter2"), "{error}");
        }
    }

    #[test]
    fn an_origin_is_kept_as_browsers_write_it() {
        for (text, written) in [
            ("https://app.example.com", "https://app.example.com"),
            (" HTTPS://App.Example.com:443/ ", "https://app.example.com"),
            ("http://localhost:3000", "http://localhost:3000"),
            ("https://bücher.example", "https://xn--bcher-kva.example"),
        ] {
            assert_eq!(origin(text).as_deref(), Ok(written), "{text}");
        }
        for text in [
            "*",
            "null",
            "",
            "app.example.com",
            "https://*.example.com",
            "https://app.example.com/path",
            "https://app.example.com/?q",
            "https://app.example.com/#a",
            "https://me@app.example.com",
            "file:///tmp",
            "chrome-extension://abc",
        ] {
            assert!(origin(text).is_err(), "{text}: {:?}", origin(text));
        }
    }
}
