//! `riq-server healthcheck`: asks the server of these settings on this machine whether it is ready.
//!
//! A container has no other program that could ask.

use std::{
    net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr},
    time::Duration,
};

use anyhow::{Context as _, bail, ensure};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
};

use super::config::Options;

/// How long the server may take to answer.
const PATIENCE: Duration = Duration::from_secs(5);
/// The most of an answer that is read, in bytes.
const ANSWER: u64 = 16 * 1024;

/// Succeeds if the server that listens at the address of the settings is ready.
pub async fn run(options: &Options) -> anyhow::Result<()> {
    let bind = options.bind();
    ensure!(
        bind.port() != 0,
        "with port 0 the server takes a free port, which nobody else knows: set RIQ_BIND to a port"
    );
    let address = from_this_machine(bind);
    let asked = tokio::time::timeout(PATIENCE, ask(address)).await;
    let answer = asked
        .with_context(|| format!("the server at {address} did not answer within {} s", PATIENCE.as_secs()))?
        .with_context(|| format!("no server answers at {address}, the address of --bind or RIQ_BIND"))?;
    if answer.split(' ').nth(1) == Some("200") {
        return Ok(());
    }
    let reason = answer.split("\r\n\r\n").nth(1).and_then(|body| {
        let body: serde_json::Value = serde_json::from_str(body).ok()?;
        Some(body["error"].as_str()?.to_owned())
    });
    bail!(
        "the server at {address} is not ready: {}",
        reason.as_deref().unwrap_or("its answer is not one of this server")
    )
}

/// The address at which this machine reaches a server that listens at `bind`.
fn from_this_machine(bind: SocketAddr) -> SocketAddr {
    let ip = match bind.ip() {
        IpAddr::V4(ip) if ip.is_unspecified() => Ipv4Addr::LOCALHOST.into(),
        IpAddr::V6(ip) if ip.is_unspecified() => Ipv6Addr::LOCALHOST.into(),
        ip => ip,
    };
    SocketAddr::new(ip, bind.port())
}

/// The answer to a request for `/readyz`.
async fn ask(address: SocketAddr) -> std::io::Result<String> {
    let mut stream = TcpStream::connect(address).await?;
    let request = format!(
        "GET /readyz HTTP/1.1\r\nhost: {address}\r\naccept-encoding: identity\r\nconnection: close\r\n\r\n"
    );
    stream.write_all(request.as_bytes()).await?;
    let mut answer = Vec::new();
    stream.take(ANSWER).read_to_end(&mut answer).await?;
    Ok(String::from_utf8_lossy(&answer).into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_server_that_listens_everywhere_is_asked_here() {
        for (bind, asked) in
            [("0.0.0.0:80", "127.0.0.1:80"), ("[::]:80", "[::1]:80"), ("10.0.0.5:8080", "10.0.0.5:8080")]
        {
            assert_eq!(from_this_machine(bind.parse().unwrap()).to_string(), asked);
        }
    }
}
