//! The host that a request is for.
//!
//! Every request must say it, once. Pages, metrics and the reference answer only to names that the operator knows.
//! Otherwise a web site could point its own name at this server (DNS rebinding), and its scripts could read the answers
//! as if they were its own. A page under an unknown name leads to the public URL, which tells nobody anything.

use std::net::{IpAddr, Ipv6Addr};

use axum::response::{IntoResponse as _, Response};
use http::{Method, Request, StatusCode, Uri, Version, header, request::Parts};
use integrations_core::error::ErrorCode;
use url::Url;

use super::{audience::Audience, failure::Failure};

/// Stands in the address after one redirect. A proxy that does not pass the host on makes every request look as if it
/// was for another host, and would be led in a circle.
const MARK: &str = "moved=1";

/// The names by which people and collectors of metrics reach the server.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct KnownHosts(Vec<String>);

impl KnownHosts {
    /// These names and no others. Without any name, every name is known.
    pub fn new<'a>(names: impl IntoIterator<Item = &'a str>) -> Self {
        Self(names.into_iter().map(plain).collect())
    }

    /// Whether a host is known. Addresses and `localhost` always are: no web site can have them as its name.
    fn contain(&self, host: &str) -> bool {
        let host = plain(host);
        self.0.is_empty()
            || self.0.contains(&host)
            || host == "localhost"
            || host.ends_with(".localhost")
            || host.trim_matches(['[', ']']).parse::<IpAddr>().is_ok()
    }
}

/// A name in the form in which names are compared.
fn plain(name: &str) -> String {
    name.strip_suffix('.').unwrap_or(name).to_ascii_lowercase()
}

/// Why a request is not answered as it asks.
#[derive(Debug, PartialEq)]
pub(super) enum Refusal {
    /// Its host cannot be read, or is unknown.
    Failure(Failure),
    /// It is for a page under an unknown host. The page is at this address.
    Elsewhere(String),
}

impl Refusal {
    pub(super) fn into_response(self) -> Response {
        match self {
            Self::Failure(failure) => failure.into_response(),
            Self::Elsewhere(address) => {
                (StatusCode::SEE_OTHER, [(header::LOCATION, address)]).into_response()
            }
        }
    }
}

/// The address under `public_url` of a page that was asked for under another host. `None`: it was led here already.
pub(crate) fn under_public_host(public_url: &Url, uri: &Uri) -> Option<String> {
    let query = uri.query().unwrap_or_default();
    if query.split('&').any(|pair| pair == MARK) {
        return None;
    }
    let (origin, prefix) =
        (public_url.origin().ascii_serialization(), public_url.path().trim_end_matches('/'));
    let and = if query.is_empty() { "" } else { "&" };
    Some(format!("{origin}{prefix}{}?{query}{and}{MARK}", uri.path()))
}

/// Refuses a request that does not name its host as RFC 9112, section 3.2, asks for, or that names one which is not
/// `known` and asks for what only known hosts may show.
pub(super) fn check<B>(
    request: &Request<B>,
    audience: Audience,
    known: &KnownHosts,
    public_url: &Url,
) -> Result<(), Refusal> {
    let bad = |message| Refusal::Failure(Failure::new(ErrorCode::BadRequest, message));
    let mut fields = request.headers().get_all(header::HOST).iter();
    let field = match (fields.next(), fields.next()) {
        (None, _) if request.version() >= Version::HTTP_11 => {
            return Err(bad("The header Host is missing; HTTP/1.1 asks for one"));
        }
        (_, Some(_)) => return Err(bad("The header Host is there more than once")),
        (None, None) => "",
        (Some(value), None) => value
            .to_str()
            .ok()
            .and_then(host_of)
            .ok_or_else(|| bad("The header Host is not a host with or without a port"))?,
    };
    // A target in absolute form goes before the header (RFC 9112, section 3.2.2).
    let host = request.uri().authority().map_or(field, |authority| authority.host());
    // Browsers always name a host. A request without one is not from a web site.
    if !audience.asks_for_known_hosts() || host.is_empty() || known.contain(host) {
        return Ok(());
    }
    let is_opened = matches!(*request.method(), Method::GET | Method::HEAD);
    if is_opened
        && Audience::is_page(request.uri().path())
        && let Some(address) = under_public_host(public_url, request.uri())
    {
        return Err(Refusal::Elsewhere(address));
    }
    Err(bad(
        "This server is not known by the host name that was asked for: open it at its public URL, or add the name to \
         RIQ_HOSTS",
    ))
}

/// Whether a request that [`check`] let through is for a known host. One without a host is not from a web site.
pub(crate) fn is_known(parts: &Parts, known: &KnownHosts) -> bool {
    let field = parts.headers.get(header::HOST).and_then(|value| value.to_str().ok()).and_then(host_of);
    let host = parts.uri.authority().map_or(field.unwrap_or_default(), |authority| authority.host());
    host.is_empty() || known.contain(host)
}

/// The host in a `Host` header, without its port. The header may be empty (RFC 9110, section 7.2).
fn host_of(field: &str) -> Option<&str> {
    if field.is_empty() {
        return Some(field);
    }
    let (host, port) = match field.rsplit_once(':') {
        // The last colon of `[::1]` is within the address.
        Some((host, port)) if !port.ends_with(']') => (host, port),
        _ => (field, ""),
    };
    let is_name = |host: &str| {
        !host.is_empty() && host.bytes().all(|b| b.is_ascii_alphanumeric() || b"-._~".contains(&b))
    };
    let is_host = match host.strip_prefix('[').and_then(|host| host.strip_suffix(']')) {
        Some(address) => address.parse::<Ipv6Addr>().is_ok(),
        None => is_name(host),
    };
    let is_port =
        port.bytes().all(|b| b.is_ascii_digit()) && (port.is_empty() || port.parse::<u16>().is_ok());
    (is_host && is_port).then_some(host)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn request(version: Version, target: &str, hosts: &[&str]) -> Request<()> {
        let mut request = Request::get(target).version(version);
        for host in hosts {
            request = request.header(header::HOST, *host);
        }
        request.body(()).unwrap()
    }

    const PUBLIC_URL: &str = "https://riq.example/below/";

    fn checked<B>(request: &Request<B>, known: &KnownHosts) -> Result<(), Refusal> {
        let audience = Audience::of(request.uri().path());
        check(request, audience, known, &PUBLIC_URL.parse().unwrap())
    }

    fn is_taken(version: Version, hosts: &[&str]) -> bool {
        checked(&request(version, "/", hosts), &KnownHosts::default()).is_ok()
    }

    #[test]
    fn a_request_names_its_host_once() {
        for host in [
            "a.example",
            "A.example.",
            "a.example:8080",
            "a.example:",
            "10.0.0.5:80",
            "[::1]",
            "[::1]:80",
            "a_b",
            "",
        ] {
            assert!(is_taken(Version::HTTP_11, &[host]), "{host}");
        }
        for host in [
            "a.example/x",
            "user@a.example",
            "a b",
            "a,b",
            "a.example:http",
            "a.example:65536",
            "a.example:+80",
            "::1",
            "[::1",
            "[a.example]",
            ":80",
            "a:b:80",
            "a\tb",
        ] {
            assert!(!is_taken(Version::HTTP_11, &[host]), "{host}");
        }
        assert!(!is_taken(Version::HTTP_11, &[]));
        assert!(is_taken(Version::HTTP_10, &[]), "HTTP/1.0 has no such rule");
        for version in [Version::HTTP_10, Version::HTTP_11] {
            assert!(!is_taken(version, &["a.example", "a.example"]));
            assert!(!is_taken(version, &["a.example", "b.example"]));
        }
    }

    #[test]
    fn pages_metrics_and_the_reference_answer_to_known_hosts_alone() {
        let known = KnownHosts::new(["Integrations.example.com", "riq.internal."]);
        let is_answered =
            |target: &str, host: &str| checked(&request(Version::HTTP_11, target, &[host]), &known).is_ok();
        let guarded = ["/dashboard", "/dashboard/sign-in", "/oauth/callback", "/metrics", "/docs", "/"];
        for path in guarded {
            for host in [
                "integrations.example.com",
                "INTEGRATIONS.example.com.:443",
                "riq.internal",
                "localhost:8080",
                "riq.localhost",
                "127.0.0.1:8080",
                "10.0.0.5",
                "[::1]:8080",
            ] {
                assert!(is_answered(path, host), "{path} at {host}");
            }
            for host in [
                "evil.example",
                "evil.example:8080",
                "x.integrations.example.com",
                "integrations.example.com.evil.example",
                "localhost.evil.example",
                "127.0.0.1.evil.example",
                "notlocalhost",
            ] {
                assert!(!is_answered(path, host), "{path} at {host}");
            }
        }
        let absolute = "http://evil.example/dashboard";
        assert!(!is_answered(absolute, "riq.internal"), "the target goes before the header");
        for path in ["/healthz", "/readyz", "/api/v1/projects/prj_1/integrations", "/v1/openapi.json"] {
            assert!(is_answered(path, "evil.example"), "{path}");
        }
        let any = request(Version::HTTP_11, "/metrics", &["evil.example"]);
        assert!(checked(&any, &KnownHosts::default()).is_ok(), "no name is configured");
    }

    #[test]
    fn a_page_under_an_unknown_host_leads_to_the_public_url() {
        let known = KnownHosts::new(["riq.example"]);
        let asked = |method: Method, target: &str| {
            let mut request = request(Version::HTTP_11, target, &["evil.example"]);
            *request.method_mut() = method;
            checked(&request, &known).unwrap_err()
        };
        for (target, address) in [
            ("/", "https://riq.example/below/?moved=1"),
            ("/dashboard", "https://riq.example/below/dashboard?moved=1"),
            ("/dashboard?", "https://riq.example/below/dashboard?moved=1"),
            ("/dashboard/x?a=%20b&c", "https://riq.example/below/dashboard/x?a=%20b&c&moved=1"),
            ("//evil.example/dashboard", ""),
            ("http://evil.example/dashboard", "https://riq.example/below/dashboard?moved=1"),
            // Nobody is led in a circle, and a redirect back from a provider is no page.
            ("/dashboard?moved=1", ""),
            ("/oauth/callback?state=x", ""),
            ("/metrics", ""),
            ("/docs", ""),
        ] {
            match asked(Method::GET, target) {
                Refusal::Elsewhere(found) => assert_eq!(found, address, "{target}"),
                Refusal::Failure(failure) => {
                    assert_eq!((failure.status().as_u16(), address), (400, ""), "{target}")
                }
            }
            assert_eq!(asked(Method::GET, target), asked(Method::HEAD, target));
            assert!(matches!(asked(Method::POST, target), Refusal::Failure(_)), "{target}");
        }
    }
}
