//! The host that a request is for.
//!
//! Every request must say it, once. Pages, metrics and the reference answer only to names that the operator knows.
//! Otherwise a web site could point its own name at this server (DNS rebinding), and its scripts could read the answers
//! as if they were its own.

use std::net::{IpAddr, Ipv6Addr};

use http::{Request, Version, header};
use integrations_core::error::ErrorCode;

use super::{audience::Audience, failure::Failure};

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

/// Refuses a request that does not name its host as RFC 9112, section 3.2, asks for, or that names one which is not
/// `known` and asks for what only known hosts may show.
pub(super) fn check<B>(request: &Request<B>, audience: Audience, known: &KnownHosts) -> Result<(), Failure> {
    let bad = |message| Failure::new(ErrorCode::BadRequest, message);
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
    Err(bad(
        "This server is not known by the host name that was asked for: open it at its public URL, or add the name to \
         RIQ_HOSTS",
    ))
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

    fn is_taken(version: Version, hosts: &[&str]) -> bool {
        check(&request(version, "/", hosts), Audience::Other, &KnownHosts::default()).is_ok()
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
        let is_answered = |target: &str, host: &str| {
            let audience = Audience::of(target.trim_start_matches("http://evil.example"));
            check(&request(Version::HTTP_11, target, &[host]), audience, &known).is_ok()
        };
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
        assert!(check(&any, Audience::Collector, &KnownHosts::default()).is_ok(), "no name is configured");
    }
}
