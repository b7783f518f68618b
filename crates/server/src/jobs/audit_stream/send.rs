//! Sends a batch of lines.

use std::{io, path::Path};

use http::{Method, Request, header};
use integrations_core::{
    audit_chain::{Line, LineHash},
    audit_export::{ExportFormat, with_hash},
};
use secrecy::{ExposeSecret as _, SecretString};
use tokio::{fs::OpenOptions, io::AsyncReadExt as _, io::AsyncSeekExt as _, io::AsyncWriteExt as _};
use url::Url;

use super::{
    failures::{StreamError, Unsent},
    syslog::Syslog,
    target::{StreamSettings, StreamTarget},
};
use crate::provider::outbound::Outbound;

/// Sends to a target.
#[derive(Debug)]
pub(super) enum Sender {
    File(std::path::PathBuf),
    Syslog(Syslog),
    Https { client: Box<Outbound>, url: Url, token: Option<SecretString> },
}

impl Sender {
    pub(super) fn new(settings: StreamSettings, outbound: &Outbound) -> Result<Self, StreamError> {
        let StreamSettings { target, token, host, ca_certificates } = settings;
        if token.is_some() && !matches!(target, StreamTarget::Https(_)) {
            return Err(StreamError::TokenWithoutHttps);
        }
        Ok(match target {
            StreamTarget::File(path) => Self::File(path),
            StreamTarget::Syslog { transport, host: server, port } => {
                Self::Syslog(Syslog::new(transport, server, port, host, ca_certificates.as_deref())?)
            }
            // The operator named the host, so it may be anywhere.
            StreamTarget::Https(url) => {
                Self::Https { client: Box::new(outbound.to_operators_host(true)?), url, token }
            }
        })
    }

    /// Sends the lines of an organization, all of them in order. An error means that none or some arrived.
    pub(super) async fn send(&self, organization: &str, lines: &[String]) -> Result<(), Unsent> {
        match self {
            Self::File(path) => Ok(append(path, lines).await?),
            Self::Syslog(syslog) => syslog.send(lines).await,
            Self::Https { client, url, token } => {
                let request = request(url, token.as_ref(), organization, lines);
                let answer = client.send(request.map_err(|error| Unsent::Request(error.to_string()))?).await;
                let status = answer.map_err(Unsent::NoAnswer)?.status;
                if (200..300).contains(&status) { Ok(()) } else { Err(Unsent::Refused(status)) }
            }
        }
    }
}

/// Appends the lines to a file, and waits until they are on the disk. If a server died while it wrote, the file ends in
/// the middle of a line. That line is ended, and is sent whole again.
async fn append(path: &Path, lines: &[String]) -> io::Result<()> {
    let mut file = OpenOptions::new().read(true).append(true).create(true).mode(0o600).open(path).await?;
    let mut text = String::new();
    if file.metadata().await?.len() > 0 {
        file.seek(io::SeekFrom::End(-1)).await?;
        if file.read_u8().await? != b'\n' {
            text.push('\n');
        }
    }
    lines.iter().for_each(|line| text.push_str(&ExportFormat::Jsonl.event(line)));
    file.write_all(text.as_bytes()).await?;
    file.sync_all().await
}

/// A batch as JSON lines. Its headers say whose it is, and which head the chain has after it.
fn request(
    url: &Url,
    token: Option<&SecretString>,
    organization: &str,
    lines: &[String],
) -> Result<Request<Vec<u8>>, http::Error> {
    let body: String = lines.iter().map(|line| with_hash(line) + "\n").collect();
    let mut request = Request::builder()
        .method(Method::POST)
        .uri(url.as_str())
        .header(header::CONTENT_TYPE, ExportFormat::Jsonl.media_type())
        .header("RIQ-Organization", organization);
    if let Some(last) = lines.last()
        && let Ok(Line { number: Some(number), .. }) = Line::read(last)
    {
        request = request.header("RIQ-Audit-Head", format!("{number}:{}", LineHash::of(last)));
    }
    if let Some(token) = token {
        let mut value = http::HeaderValue::try_from(format!("Bearer {}", token.expose_secret()))?;
        value.set_sensitive(true);
        request = request.header(header::AUTHORIZATION, value);
    }
    request.body(body.into_bytes())
}
