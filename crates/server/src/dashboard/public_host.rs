//! Leads a person who opened a page under another host to the public one.
//!
//! Cookies belong to a host. A handshake that begins under `localhost` would end under the host of the redirect URI,
//! where the browser has no cookie of it.

use std::net::IpAddr;

use axum::{
    extract::{Request, State},
    middleware::Next,
    response::Response,
};
use http::{HeaderMap, HeaderName, Method, Uri, header, uri::Authority};
use url::{Host, Url};

use super::{headers, state::Pages};
use crate::edge::host::under_public_host;

const X_FORWARDED_HOST: HeaderName = HeaderName::from_static("x-forwarded-host");

/// Answers with a redirect if a page is opened under another host. A form is on a page that was not.
pub(super) async fn lead(State(pages): State<Pages>, request: Request, next: Next) -> Response {
    let is_opened = matches!(*request.method(), Method::GET | Method::HEAD);
    let public_url = &pages.settings.public_url;
    if is_opened
        && is_elsewhere(public_url, request.headers(), request.uri())
        && let Some(address) = under_public_host(public_url, request.uri())
    {
        return headers::redirect(&address);
    }
    next.run(request).await
}

/// Whether a request is for another host than the public one.
fn is_elsewhere(public_url: &Url, headers: &HeaderMap, uri: &Uri) -> bool {
    let asked = headers.get(header::HOST).and_then(|host| Authority::try_from(host.as_bytes()).ok());
    let (Some(asked), Some(public)) = (asked.or_else(|| uri.authority().cloned()), public_url.host()) else {
        return false;
    };
    let is_public = |host: &str| host.eq_ignore_ascii_case(&public.to_string());
    // What a proxy says that it was asked for. To believe it here does no harm.
    let forwarded = headers.get_all(X_FORWARDED_HOST).iter().filter_map(|hosts| hosts.to_str().ok());
    let mut forwarded = forwarded.flat_map(|hosts| hosts.split(',')).map(str::trim);
    if is_public(asked.host()) || forwarded.any(|host| is_public(without_port(host))) {
        return false;
    }
    match &public {
        // The server listens everywhere, and nobody said what its public address is.
        Host::Ipv4(address) if address.is_unspecified() => false,
        Host::Ipv6(address) if address.is_unspecified() => false,
        // From outside, a loopback address leads to another machine.
        public if is_loopback(&public.to_string()) => {
            is_loopback(asked.host()) && asked.port_u16().or(Some(80)) == public_url.port_or_known_default()
        }
        _ => true,
    }
}

fn without_port(host: &str) -> &str {
    Authority::try_from(host).map_or(host, |authority| &host[..authority.host().len()])
}

fn is_loopback(host: &str) -> bool {
    let host = host.trim_matches(['[', ']']).to_ascii_lowercase();
    host == "localhost"
        || host.ends_with(".localhost")
        || host.parse().is_ok_and(|address: IpAddr| address.is_loopback())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn is_led(public_url: &str, asked: &str, forwarded: Option<&str>) -> bool {
        let mut headers = HeaderMap::new();
        headers.insert(header::HOST, asked.parse().unwrap());
        forwarded.map(|host| headers.insert(X_FORWARDED_HOST, host.parse().unwrap()));
        is_elsewhere(&public_url.parse().unwrap(), &headers, &"/dashboard?q=1".parse().unwrap())
    }

    #[test]
    fn another_host_is_led_to_the_public_one() {
        for (public_url, asked) in [
            ("https://riq.example", "10.0.0.5:8080"),
            ("https://riq.example", "other.example"),
            ("https://riq.example/riq", "localhost:8080"),
            ("http://127.0.0.1:8080", "localhost:8080"),
            ("http://localhost:8080", "127.0.0.1:8080"),
            ("http://localhost:8080", "[::1]:8080"),
            ("http://[::1]:8080", "localhost:8080"),
        ] {
            assert!(is_led(public_url, asked, None), "{public_url} {asked}");
            assert!(is_led(public_url, asked, Some("evil.example")), "{public_url} {asked}");
        }
    }

    #[test]
    fn the_public_host_and_what_may_be_it_are_left_alone() {
        for (public_url, asked, forwarded) in [
            ("https://riq.example", "riq.example", None),
            ("https://riq.example", "RIQ.example:443", None),
            ("http://[::1]:8080", "[::1]:8080", None),
            // A proxy that says what it was asked for.
            ("https://riq.example", "127.0.0.1:8080", Some("riq.example")),
            ("https://riq.example", "backend:8080", Some("cdn.example, riq.example:443")),
            // Nobody said what the public address is.
            ("http://0.0.0.0:8080", "riq.example:8080", None),
            ("http://[::]:8080", "10.0.0.5:8080", None),
            // A forwarded port, or another machine.
            ("http://127.0.0.1:8080", "localhost:9090", None),
            ("http://127.0.0.1:8080", "10.0.0.5:8080", None),
        ] {
            assert!(!is_led(public_url, asked, forwarded), "{public_url} {asked} {forwarded:?}");
        }
    }

    #[test]
    fn nobody_is_led_without_a_host() {
        let url = "https://riq.example".parse().unwrap();
        assert!(!is_elsewhere(&url, &HeaderMap::new(), &"/dashboard".parse().unwrap()));
    }
}
