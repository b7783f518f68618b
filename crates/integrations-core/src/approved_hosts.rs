//! Hosts of customers' own, such as that of a self-hosted Chatwoot, and which of them the operator approves.
//!
//! A credential is sent to such a host, and no pattern of a provider file can tell a right one from a wrong one. So the
//! operator names those that the server may call.

use std::{fmt, str::FromStr, sync::Arc};

use url::{Host, Url};

/// The port of `https`, which is not written.
const HTTPS: u16 = 443;
/// The longest host name and the longest label of one, in bytes (RFC 1035, section 2.3.4).
const LONGEST_NAME: usize = 253;
const LONGEST_LABEL: usize = 63;

/// What an entry of the list looks like.
const EXPECTED: &str = "expected a host name such as chat.example.com, *.example.com for all that is below it, or \
                        chat.example.com:8443 with a port";

/// Why a wildcard is refused.
const EVERYBODY: &str =
    "a domain behind *. has a dot, as in *.example.com: a top level would approve hosts of everybody";

/// A host of the customer's own, perhaps with a port: `chat.example.com`, `chat.example.com:8443`.
///
/// Its name is in lower case and in the form of the DNS (`xn--…`), has no dot at its end, and is no IP address.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OwnHost {
    name: String,
    /// `None`: that of `https`.
    port: Option<u16>,
}

impl OwnHost {
    /// The host of a name as a person may write it, in upper case, with a dot at its end, or with letters beyond ASCII.
    /// `None`: that is no host name.
    pub fn named(name: &str, port: Option<u16>) -> Option<Self> {
        if name.contains(|c: char| c.is_control() || c.is_whitespace() || "%@:/?#[]\\".contains(c)) {
            return None;
        }
        let url = Url::parse(&format!("https://{name}/")).ok()?;
        let Some(Host::Domain(read)) = url.host() else { return None };
        let name = read.strip_suffix('.').unwrap_or(read);
        let is_name = name.len() <= LONGEST_NAME && name.split('.').all(is_label);
        let port = port.filter(|port| *port != HTTPS);
        (is_name && port != Some(0)).then(|| Self { name: name.to_owned(), port })
    }

    /// The same, of a text that may have a port behind the name.
    fn written(text: &str) -> Option<Self> {
        match text.split_once(':') {
            None => Self::named(text, None),
            Some((name, port)) => Self::named(name, Some(port.parse().ok()?)),
        }
    }

    /// Whether it has a port of its own.
    pub const fn has_port(&self) -> bool {
        self.port.is_some()
    }
}

fn is_label(label: &str) -> bool {
    let is_inner = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-';
    (1..=LONGEST_LABEL).contains(&label.len())
        && label.bytes().all(is_inner)
        && !label.starts_with('-')
        && !label.ends_with('-')
}

impl fmt::Display for OwnHost {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.port {
            None => f.write_str(&self.name),
            Some(port) => write!(f, "{}:{port}", self.name),
        }
    }
}

/// A text is not written as a host is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a host name")]
pub struct NoHost;

impl FromStr for OwnHost {
    type Err = NoHost;

    /// Reads a host that is written exactly as it is stored.
    fn from_str(text: &str) -> Result<Self, NoHost> {
        Self::written(text).filter(|host| host.to_string() == text).ok_or(NoHost)
    }
}

/// A host that the operator approves, or all hosts below one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ApprovedHost {
    host: OwnHost,
    /// Whether it stands for one or more labels below its host, and not for that itself.
    is_wildcard: bool,
}

impl ApprovedHost {
    /// Reads an entry of the operator's list. The error says what is expected.
    pub fn read(text: &str) -> Result<Self, String> {
        let text = text.trim();
        let (is_wildcard, rest) = text.strip_prefix("*.").map_or((false, text), |rest| (true, rest));
        let host = OwnHost::written(rest).ok_or(EXPECTED)?;
        if is_wildcard && !host.name.contains('.') {
            return Err(EVERYBODY.to_owned());
        }
        Ok(Self { host, is_wildcard })
    }

    fn approves(&self, host: &OwnHost) -> bool {
        if self.host.port != host.port {
            return false;
        }
        if !self.is_wildcard {
            return self.host.name == host.name;
        }
        let below = host.name.strip_suffix(self.host.name.as_str());
        below.is_some_and(|below| below.len() > 1 && below.ends_with('.'))
    }
}

/// The hosts of customers' own that a server may call. Cheap to clone.
#[derive(Clone, Debug, Default)]
pub struct ApprovedHosts(Arc<[ApprovedHost]>);

impl ApprovedHosts {
    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether the server may call `host`.
    pub fn approve(&self, host: &OwnHost) -> bool {
        self.0.iter().any(|approved| approved.approves(host))
    }
}

impl FromIterator<ApprovedHost> for ApprovedHosts {
    fn from_iter<I: IntoIterator<Item = ApprovedHost>>(hosts: I) -> Self {
        Self(hosts.into_iter().collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn approves(list: &[&str], host: &str) -> bool {
        let list: ApprovedHosts = list.iter().map(|entry| ApprovedHost::read(entry).unwrap()).collect();
        host.parse().is_ok_and(|host| list.approve(&host))
    }

    #[test]
    fn an_exact_name_approves_that_host_alone() {
        let list = ["example.com"];
        assert!(approves(&list, "example.com"));
        for other in [
            "example.com.evil.com",
            "evilexample.com",
            "a.example.com",
            "example.com:8443",
            "example.co",
            "example.com.",
            "EXAMPLE.com",
            "example.com@evil",
            "example.com:443",
            "example.com:443@evil",
            "example.com%2f.evil",
            "example.com/",
            "xn--exmple-cua.com",
        ] {
            assert!(!approves(&list, other), "{other}");
        }
    }

    #[test]
    fn a_wildcard_approves_what_is_below_and_not_the_domain_itself() {
        let list = ["*.example.com"];
        assert!(approves(&list, "a.example.com") && approves(&list, "b.a.example.com"));
        for other in [
            "example.com",
            ".example.com",
            "..example.com",
            "evilexample.com",
            "a.example.com.evil.com",
            "a.example.com:8443",
            "*.example.com",
            "-.example.com",
        ] {
            assert!(!approves(&list, other), "{other}");
        }
        assert!(approves(&["*.example.com:8443"], "a.example.com:8443"));
    }

    #[test]
    fn a_port_is_approved_by_its_number() {
        assert!(approves(&["a.example.com:8443"], "a.example.com:8443"));
        assert!(!approves(&["a.example.com:8443"], "a.example.com"));
        assert!(approves(&["a.example.com:443"], "a.example.com"));
    }

    #[test]
    fn an_entry_is_read_as_people_write_names() {
        let list = ["Bücher.Example.", " *.Example.COM "];
        assert!(approves(&list, "xn--bcher-kva.example") && approves(&list, "a.example.com"));
        for wrong in [
            "",
            "*",
            "*.",
            "*.com",
            "a.*.example.com",
            "*example.com",
            "https://example.com",
            "example.com/shop",
            "user@example.com",
            "example.com:0",
            "example.com:65536",
            "example.com:x",
            "127.0.0.1",
            "0x7f.1",
            "[::1]",
            "a..example.com",
            "a_b.example.com",
        ] {
            assert!(ApprovedHost::read(wrong).is_err(), "{wrong}");
        }
    }
}
