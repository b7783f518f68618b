//! Where the audit log is streamed, as a setting says it.

use std::{fmt, path::PathBuf, str::FromStr};

use secrecy::SecretString;
use url::Url;

/// The port of syslog over UDP and TCP, and over TLS (RFC 5425).
const SYSLOG_PORT: u16 = 514;
const SYSLOG_TLS_PORT: u16 = 6514;

/// Where the audit log is streamed. `Debug` shows only the host of a URL, because the rest may hold a token.
#[derive(Clone, PartialEq, Eq)]
pub enum StreamTarget {
    /// The end of a file.
    File(PathBuf),
    /// A server of syslog.
    Syslog {
        /// How it is reached.
        transport: Transport,
        /// Its name or address.
        host: String,
        /// Its port.
        port: u16,
    },
    /// A URL that takes batches of JSON lines.
    Https(Url),
}

impl fmt::Debug for StreamTarget {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File(path) => f.debug_tuple("File").field(path).finish(),
            Self::Syslog { transport, host, port } => {
                f.debug_tuple("Syslog").field(transport).field(host).field(port).finish()
            }
            Self::Https(url) => f.debug_tuple("Https").field(&url.host_str()).finish_non_exhaustive(),
        }
    }
}

/// The settings of the stream.
#[derive(Clone, Debug)]
pub struct StreamSettings {
    /// Where the log is sent.
    pub target: StreamTarget,
    /// Sent to an HTTPS target as a bearer token.
    pub token: Option<SecretString>,
    /// The name of this server in syslog.
    pub host: String,
    /// Certificates (PEM) of authorities that are trusted in addition to the system's.
    pub ca_certificates: Option<Vec<u8>>,
}

/// How a server of syslog is reached.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Transport {
    /// One datagram a message (RFC 5426).
    Udp,
    /// A connection for each batch, with octet counting (RFC 6587).
    Tcp,
    /// The same over TLS (RFC 5425).
    Tls,
}

/// A text names no target.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "expected file:PATH, syslog+udp://HOST:PORT, syslog+tcp://HOST:PORT, syslog+tls://HOST:PORT or https://…, without a \
     user name or password"
)]
pub struct InvalidTarget;

impl FromStr for StreamTarget {
    type Err = InvalidTarget;

    fn from_str(text: &str) -> Result<Self, InvalidTarget> {
        let text = text.trim();
        if let Some(path) = text.strip_prefix("file:") {
            // `file:///var/log/x` is written too.
            let path = path.strip_prefix("//").unwrap_or(path);
            return if path.is_empty() || path.ends_with('/') {
                Err(InvalidTarget)
            } else {
                Ok(Self::File(PathBuf::from(path)))
            };
        }
        let url = Url::parse(text).map_err(|_| InvalidTarget)?;
        if !url.username().is_empty()
            || url.password().is_some()
            || !url.has_host()
            || url.fragment().is_some()
        {
            return Err(InvalidTarget);
        }
        let (transport, usual) = match url.scheme() {
            "https" => return Ok(Self::Https(url)),
            "syslog+udp" => (Transport::Udp, SYSLOG_PORT),
            "syslog+tcp" => (Transport::Tcp, SYSLOG_PORT),
            "syslog+tls" => (Transport::Tls, SYSLOG_TLS_PORT),
            _ => return Err(InvalidTarget),
        };
        if !matches!(url.path(), "" | "/") || url.query().is_some() {
            return Err(InvalidTarget);
        }
        let host = url.host_str().unwrap_or_default().trim_matches(['[', ']']).to_owned();
        Ok(Self::Syslog { transport, host, port: url.port().unwrap_or(usual) })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn targets_are_read() {
        let syslog =
            |transport, host: &str, port| Ok(StreamTarget::Syslog { transport, host: host.to_owned(), port });
        for (text, target) in [
            ("file:/var/log/riq.jsonl", Ok(StreamTarget::File("/var/log/riq.jsonl".into()))),
            ("file:///var/log/riq.jsonl", Ok(StreamTarget::File("/var/log/riq.jsonl".into()))),
            ("file:audit.jsonl", Ok(StreamTarget::File("audit.jsonl".into()))),
            (" syslog+udp://logs.internal\n", syslog(Transport::Udp, "logs.internal", 514)),
            ("syslog+tcp://10.0.0.1:1514/", syslog(Transport::Tcp, "10.0.0.1", 1514)),
            ("syslog+tls://[::1]", syslog(Transport::Tls, "::1", 6514)),
            (
                "https://siem.internal/in?x=1",
                Ok(StreamTarget::Https("https://siem.internal/in?x=1".parse().unwrap())),
            ),
        ] {
            assert_eq!(text.parse(), target, "{text}");
        }
        for wrong in [
            "",
            "file:",
            "file:/var/log/",
            "/var/log/x",
            "http://siem.internal",
            "https://user:SECRET@siem.internal",
            "syslog://h:514",
            "syslog+tcp://h/path",
            "syslog+tcp://",
            "https://siem.internal/#x",
        ] {
            assert_eq!(wrong.parse::<StreamTarget>(), Err(InvalidTarget), "{wrong}");
        }
    }
}
