//! Sends to a server of syslog.
//!
//! Syslog has no answers. Over TCP and TLS a batch has a connection of its own: when all is written, this side is
//! closed, and the batch counts as sent when the server closes the other, or after a while without an error. A server
//! that went away before it read everything makes the connection fail instead, and the batch is sent again.

use std::{io, sync::Arc, time::Duration};

use integrations_core::audit_export::{counted, syslog_message};
use rustls::pki_types::ServerName;
use tokio::{
    io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _},
    net::{TcpStream, UdpSocket},
    time::timeout,
};
use tokio_rustls::TlsConnector;

use super::{
    failures::{StreamError, Unsent},
    target::Transport,
};
use crate::provider::outbound::tls;

/// The longest time to connect and write a batch.
const PATIENCE: Duration = Duration::from_secs(30);
/// How long the server may take to close its side.
const FAREWELL: Duration = Duration::from_secs(5);
/// The longest datagram that IPv4 carries.
const LONGEST_DATAGRAM: usize = 65_507;

/// A server of syslog.
pub(super) struct Syslog {
    transport: Transport,
    server: String,
    port: u16,
    /// The name of this host in the messages.
    host: String,
    tls: Option<TlsConnector>,
}

impl std::fmt::Debug for Syslog {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Syslog").field("transport", &self.transport).finish_non_exhaustive()
    }
}

impl Syslog {
    pub(super) fn new(
        transport: Transport,
        server: String,
        port: u16,
        host: String,
        ca_certificates: Option<&[u8]>,
    ) -> Result<Self, StreamError> {
        let tls = match transport {
            Transport::Tls => Some(connector(ca_certificates)?),
            Transport::Udp | Transport::Tcp => None,
        };
        Ok(Self { transport, server, port, host, tls })
    }

    pub(super) async fn send(&self, lines: &[String]) -> Result<(), Unsent> {
        let messages = lines.iter().map(|line| syslog_message(line, &self.host));
        let sending = async {
            match self.transport {
                Transport::Udp => self.send_datagrams(messages).await,
                Transport::Tcp | Transport::Tls => {
                    let frames: String = messages.map(|message| counted(&message)).collect();
                    self.send_frames(frames.as_bytes()).await
                }
            }
        };
        timeout(PATIENCE + FAREWELL, sending).await.map_err(|_| Unsent::TimedOut)?
    }

    /// One datagram a message. What is too long for one is cut: its beginning has number and id, and the whole is in
    /// the log.
    async fn send_datagrams(&self, messages: impl Iterator<Item = String>) -> Result<(), Unsent> {
        let address = tokio::net::lookup_host((self.server.as_str(), self.port)).await?.next();
        let address = address.ok_or_else(|| io::Error::from(io::ErrorKind::NotFound))?;
        let any: (&str, u16) = if address.is_ipv4() { ("0.0.0.0", 0) } else { ("::", 0) };
        let socket = UdpSocket::bind(any).await?;
        socket.connect(address).await?;
        for message in messages {
            let cut = message.floor_char_boundary(LONGEST_DATAGRAM);
            socket.send(&message.as_bytes()[..cut]).await?;
        }
        Ok(())
    }

    async fn send_frames(&self, frames: &[u8]) -> Result<(), Unsent> {
        let stream = TcpStream::connect((self.server.as_str(), self.port)).await?;
        match &self.tls {
            None => write_whole(stream, frames).await,
            Some(tls) => {
                let name = ServerName::try_from(self.server.clone())
                    .map_err(|error| Unsent::Request(error.to_string()))?;
                write_whole(tls.connect(name, stream).await?, frames).await
            }
        }
    }
}

/// Writes everything, closes this side, and waits a while for the other.
async fn write_whole(mut stream: impl AsyncRead + AsyncWrite + Unpin, frames: &[u8]) -> Result<(), Unsent> {
    stream.write_all(frames).await?;
    stream.flush().await?;
    stream.shutdown().await?;
    let mut nothing = Vec::new();
    match timeout(FAREWELL, stream.take(1_024).read_to_end(&mut nothing)).await {
        // Many servers of TLS end without saying so, after they have read everything.
        Ok(Err(error)) if error.kind() != io::ErrorKind::UnexpectedEof => Err(error.into()),
        Ok(_) | Err(_) => Ok(()),
    }
}

fn connector(ca_certificates: Option<&[u8]>) -> Result<TlsConnector, StreamError> {
    let settings = tls(ca_certificates).map_err(|error| StreamError::Tls(error.to_string()))?;
    Ok(TlsConnector::from(Arc::new(settings)))
}
