//! `riq-bench plain-provider`: a provider over TLS that answers at once, or streams. A program of its own, so that its
//! time is not that of the measuring one.

use std::convert::Infallible;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context, Result};
use axum::body::Bytes;
use axum::http::{Method, Request, Response, StatusCode, header};
use futures_util::stream;
use http_body_util::combinators::UnsyncBoxBody;
use http_body_util::{BodyExt as _, Full, StreamBody};
use hyper::body::{Frame, Incoming};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use riq_testing::certificates::Authority;
use tokio::net::TcpListener;

/// Its key in the catalog.
pub(crate) const KEY: &str = "plain";
/// Its only host.
pub(crate) const HOST: &str = "plain.example.com";
/// The only API key that it accepts.
pub(crate) const API_KEY: &str = "key-of-the-plain-provider";
/// The path of an answer that never ends and comes slowly.
pub(crate) const SLOW: &str = "/slow";
/// The path of an answer that never ends and comes as fast as it is taken.
pub(crate) const ENDLESS: &str = "/endless";
/// The time between two parts of a slow answer.
pub(crate) const BETWEEN_PARTS: Duration = Duration::from_millis(500);

const FILE: &str = include_str!("plain_provider.toml");
const PROVIDERS_DIRECTORY: &str = "providers";
const AUTHORITY_FILE: &str = "authority.pem";
/// A part of a slow answer, and one of an endless answer.
const SLOW_PART: Bytes = Bytes::from_static(&[b's'; 1024]);
const ENDLESS_PART: Bytes = Bytes::from_static(&[b'e'; 16 * 1024]);

/// Options of `plain-provider`.
#[derive(clap::Args)]
pub(crate) struct Options {
    /// The port of the provider, on the loopback interface
    #[arg(long)]
    port: u16,
    /// The directory for its provider file and the certificate of its authority
    #[arg(long)]
    directory: PathBuf,
}

/// Answers requests until the process is ended.
///
/// # Errors
/// When the port is taken or a file cannot be written.
pub(crate) fn run(options: &Options) -> Result<()> {
    let authority = Authority::new()?;
    let acceptor = authority.certify(&[HOST])?.acceptor()?;
    let catalog = providers_directory(&options.directory);
    std::fs::create_dir_all(&catalog).context("cannot make the directory of provider files")?;
    std::fs::write(catalog.join(format!("{KEY}.toml")), FILE).context("cannot write the provider's file")?;
    std::fs::write(authority_file(&options.directory), authority.pem())
        .context("cannot write the provider's authority")?;
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    runtime.block_on(async {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, options.port)).await?;
        loop {
            let (stream, _) = listener.accept().await?;
            stream.set_nodelay(true)?;
            let acceptor = acceptor.clone();
            tokio::spawn(async move {
                let Ok(stream) = acceptor.accept(stream).await else { return };
                // The client sees what goes wrong.
                drop(http1::Builder::new().serve_connection(TokioIo::new(stream), service_fn(answer)).await);
            });
        }
    })
}

/// The directory, within `directory`, of the provider file.
pub(crate) fn providers_directory(directory: &Path) -> PathBuf {
    directory.join(PROVIDERS_DIRECTORY)
}

/// The file, within `directory`, of the certificate to trust.
pub(crate) fn authority_file(directory: &Path) -> PathBuf {
    directory.join(AUTHORITY_FILE)
}

/// The environment variables with which a server finds the provider that listens on `port` and wrote its files to
/// `directory`.
pub(crate) fn environment(port: u16, directory: &Path) -> Vec<(&'static str, String)> {
    let address = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
    vec![
        ("RIQ_PROVIDERS_DIR", providers_directory(directory).display().to_string()),
        ("RIQ_OUTBOUND_CA_FILE", authority_file(directory).display().to_string()),
        ("RIQ_OUTBOUND_RESOLVE", format!("{HOST}={address}")),
    ]
}

/// The body of an answer.
type Body = UnsyncBoxBody<Bytes, Infallible>;

async fn answer(request: Request<Incoming>) -> Result<Response<Body>, hyper::Error> {
    let (head, body) = request.into_parts();
    body.collect().await?;
    let authorization = head.headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok());
    if authorization.and_then(|value| value.strip_prefix("Bearer ")) != Some(API_KEY) {
        return Ok(json(StatusCode::UNAUTHORIZED, r#"{"error":"unauthorized"}"#.to_owned()));
    }
    let path = head.uri.path();
    Ok(match (&head.method, path, path.strip_prefix("/orders/")) {
        (&Method::GET, "/probe", _) => json(StatusCode::OK, r#"{"ok":true}"#.to_owned()),
        (&Method::GET, SLOW, _) => streamed(SLOW_PART, BETWEEN_PARTS),
        (&Method::GET, ENDLESS, _) => streamed(ENDLESS_PART, Duration::ZERO),
        (&Method::GET, _, Some(id)) => json(StatusCode::OK, order(id)),
        (&Method::POST, "/orders", _) => {
            json(StatusCode::CREATED, r#"{"id":"o1","status":"open"}"#.to_owned())
        }
        _ => json(StatusCode::NOT_FOUND, r#"{"error":"not found"}"#.to_owned()),
    })
}

/// An order of about half a kilobyte, as shops tell them.
fn order(id: &str) -> String {
    format!(
        r#"{{"id":"{id}","status":"paid","currency":"USD","total":4200,"created_at":"2026-03-01T10:00:00Z","customer":{{"id":"c17","email":"a@example.com","name":"A. Customer"}},"lines":[{{"id":"l1","product":"p1","title":"A lamp","quantity":1,"price":3000}},{{"id":"l2","product":"p2","title":"A bulb","quantity":4,"price":300}}],"shipping":{{"street":"Main Street 1","city":"Springfield","country":"US"}},"tags":["web","first"],"note":""}}"#
    )
}

fn json(status: StatusCode, body: String) -> Response<Body> {
    let mut response = Response::new(Full::from(body).boxed_unsync());
    *response.status_mut() = status;
    let json = header::HeaderValue::from_static("application/json");
    response.headers_mut().insert(header::CONTENT_TYPE, json);
    response
}

/// An answer that repeats `part` until its client is gone.
fn streamed(part: Bytes, pause: Duration) -> Response<Body> {
    let parts = stream::unfold(part, move |part| async move {
        if !pause.is_zero() {
            tokio::time::sleep(pause).await;
        }
        Some((Ok(Frame::data(part.clone())), part))
    });
    Response::new(StreamBody::new(parts).boxed_unsync())
}
