//! Connections from chosen addresses of the loopback interface.

use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;

use anyhow::{Context, Result};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpSocket, TcpStream};

use crate::http::{self, Answer, Request, head};

/// The loopback address with this number. Linux has all of 127.0.0.0/8.
pub(super) fn address(number: u8) -> Ipv4Addr {
    Ipv4Addr::new(127, 0, 0, number)
}

/// Connects to a port of 127.0.0.1 from an address.
///
/// # Errors
/// When there is no connection.
pub(super) async fn connect(port: u16, from: Ipv4Addr) -> Result<TcpStream> {
    let socket = TcpSocket::new_v4()?;
    socket.bind(SocketAddr::from((from, 0)))?;
    Ok(socket.connect(SocketAddr::from((Ipv4Addr::LOCALHOST, port))).await?)
}

/// Sends a request over a connection of its own and reads the answer.
///
/// # Errors
/// When there is no answer within the limit.
pub(super) async fn send(port: u16, from: Ipv4Addr, request: &Request, limit: Duration) -> Result<Answer> {
    let exchange = async {
        let mut stream = connect(port, from).await?;
        stream.write_all(&head(port, request, "close")).await?;
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer).await?;
        http::parse(&answer)
    };
    tokio::time::timeout(limit, exchange).await.context("no answer in time")?
}

/// Reads one answer from a connection that stays open. Returns its status.
///
/// # Errors
/// When the connection ends before.
pub(super) async fn read_one(stream: &mut TcpStream, buffer: &mut Vec<u8>) -> Result<u16> {
    buffer.clear();
    loop {
        if let Some(end) = buffer.windows(4).position(|four| four == b"\r\n\r\n") {
            let answer = http::parse(&buffer[..end + 4])?;
            let length = answer.headers.iter().find(|(name, _)| name == "content-length");
            let length: usize = length.context("an answer without a length")?.1.parse()?;
            if buffer.len() >= end + 4 + length {
                return Ok(answer.status);
            }
        }
        anyhow::ensure!(stream.read_buf(buffer).await? > 0, "the connection ended");
    }
}
