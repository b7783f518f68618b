//! The issuer: the name by which an OpenID Connect provider calls itself, which is also where it is found.

use std::{fmt, str::FromStr};

use url::{Host, Url};

/// The name of a provider (OpenID Connect Core 1.0, section 2). It is compared byte for byte, so it is kept as it was
/// written: a parsed URL may have gained a slash at its end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Issuer {
    text: String,
    url: Url,
}

/// A text is no issuer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "expected the issuer as the provider's discovery document writes it: https://, a host and perhaps a path; http:// \
     only on this machine, and no query"
)]
pub struct InvalidIssuer;

impl FromStr for Issuer {
    type Err = InvalidIssuer;

    fn from_str(text: &str) -> Result<Self, InvalidIssuer> {
        let text = text.trim();
        let url = Url::parse(text).map_err(|_| InvalidIssuer)?;
        let is_plain = url.query().is_none() && url.fragment().is_none();
        let is_anonymous = url.username().is_empty() && url.password().is_none();
        let is_safe = url.scheme() == "https" || is_on_this_machine(&url);
        if is_plain && is_anonymous && is_safe && url.has_host() {
            Ok(Self { text: text.to_owned(), url })
        } else {
            Err(InvalidIssuer)
        }
    }
}

impl Issuer {
    /// It, as it was written.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// Its host, by which people know it.
    pub fn host(&self) -> &str {
        self.url.host_str().unwrap_or_default()
    }

    /// Whether it is reached without TLS, which is possible on this machine alone.
    pub(super) fn is_plain(&self) -> bool {
        self.url.scheme() == "http"
    }

    /// The address of its discovery document (OpenID Connect Discovery 1.0, section 4).
    pub fn discovery(&self) -> String {
        format!("{}/.well-known/openid-configuration", self.text.trim_end_matches('/'))
    }

    /// Whether a browser may be sent to an address of its discovery document, and a secret too.
    pub(super) fn allows(&self, address: &Url) -> bool {
        address.scheme() == "https" || (self.is_plain() && is_on_this_machine(address))
    }
}

impl fmt::Display for Issuer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

/// Whether it is an `http` address of the machine itself. Nobody between can read it.
pub fn is_on_this_machine(url: &Url) -> bool {
    let is_loopback = match url.host() {
        Some(Host::Domain(name)) => name == "localhost" || name.ends_with(".localhost"),
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        None => false,
    };
    url.scheme() == "http" && is_loopback
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_issuer_stays_as_it_was_written() {
        for text in [
            "https://accounts.example",
            "https://accounts.example/",
            "https://accounts.example:443/realms/riq",
            "https://Login.Example/tenant/v2.0",
            "http://localhost:4000",
            "http://127.0.0.1:4000/a",
            "http://[::1]:4000",
        ] {
            assert_eq!(text.parse::<Issuer>().unwrap().as_str(), text);
        }
        let of = |text: &str| text.parse::<Issuer>().unwrap().discovery();
        assert_eq!(of("https://a.example"), "https://a.example/.well-known/openid-configuration");
        assert_eq!(of("https://a.example/b/"), "https://a.example/b/.well-known/openid-configuration");
    }

    #[test]
    fn what_is_read_by_others_on_the_way_is_no_issuer() {
        for text in [
            "",
            "accounts.example",
            "http://accounts.example",
            "http://10.0.0.1",
            "http://localhost.example",
            "https://accounts.example?a=1",
            "https://accounts.example#a",
            "https://me:secret@accounts.example",
            "ftp://accounts.example",
        ] {
            assert_eq!(text.parse::<Issuer>(), Err(InvalidIssuer), "{text}");
        }
    }
}
