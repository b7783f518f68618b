//! The second yardstick: a bare axum route that answers every request with an answer of the server.

use std::net::Ipv4Addr;
use std::path::PathBuf;

use anyhow::{Context, Result};
use axum::Router;
use axum::body::{Body, Bytes};
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode};

use crate::http;

/// Options of `bare-route`.
#[derive(clap::Args)]
pub(crate) struct Options {
    /// The port to listen on, on the loopback interface
    #[arg(long)]
    port: u16,
    /// A file with the HTTP answer to send, head and body
    #[arg(long)]
    answer: PathBuf,
}

/// Answers requests until the process is ended.
///
/// # Errors
/// When the answer cannot be read or the port is taken.
pub(crate) fn run(options: &Options) -> Result<()> {
    let bytes = std::fs::read(&options.answer)
        .with_context(|| format!("cannot read {}", options.answer.display()))?;
    let answer = http::parse(&bytes)?;
    let (status, headers, body) =
        (StatusCode::from_u16(answer.status)?, kept(&answer)?, Bytes::from(answer.body));
    let router = Router::new().fallback(move || {
        let answer = (status, headers.clone(), Body::from(body.clone()));
        async move { answer }
    });
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    runtime.block_on(async {
        let listener = tokio::net::TcpListener::bind((Ipv4Addr::LOCALHOST, options.port)).await?;
        axum::serve(listener, router).await
    })?;
    Ok(())
}

/// The headers of the answer, without those that the HTTP library writes by itself.
fn kept(answer: &http::Answer) -> Result<HeaderMap> {
    const WRITTEN_BY_HYPER: [&str; 3] = ["connection", "content-length", "date"];
    let mut headers = HeaderMap::new();
    for (name, value) in &answer.headers {
        if !WRITTEN_BY_HYPER.contains(&name.as_str()) {
            headers.append(HeaderName::from_bytes(name.as_bytes())?, HeaderValue::from_str(value)?);
        }
    }
    Ok(headers)
}
