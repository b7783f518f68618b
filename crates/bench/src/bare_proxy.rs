//! `riq-bench bare-proxy`: a reverse proxy of hyper's server and client that adds the credential, and does nothing
//! else. What the server's proxy and its calls of actions are compared with.

use std::net::Ipv4Addr;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::{Context as _, Result};
use axum::http::uri::{Authority, Scheme};
use axum::http::{HeaderValue, Request, Response, header};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_rustls::{FixedServerNameResolver, HttpsConnector, HttpsConnectorBuilder};
use hyper_util::client::legacy;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::{TokioExecutor, TokioIo};
use rustls::pki_types::{CertificateDer, ServerName, pem::PemObject as _};
use rustls::{ClientConfig, RootCertStore};
use tokio::net::TcpListener;

use crate::plain_provider::{API_KEY, HOST, authority_file};

/// Options of `bare-proxy`.
#[derive(clap::Args)]
pub(crate) struct Options {
    /// The port to listen on, on the loopback interface
    #[arg(long)]
    port: u16,
    /// The port of the plain provider, on the loopback interface
    #[arg(long)]
    provider_port: u16,
    /// The directory with the files of the plain provider
    #[arg(long)]
    directory: PathBuf,
}

type Client = legacy::Client<HttpsConnector<HttpConnector>, Incoming>;

/// Forwards requests until the process is ended.
///
/// # Errors
/// When the port is taken, or the certificate cannot be read.
pub(crate) fn run(options: &Options) -> Result<()> {
    let client = client(&options.directory)?;
    let provider: Authority = format!("{}:{}", Ipv4Addr::LOCALHOST, options.provider_port).parse()?;
    let credential = HeaderValue::try_from(format!("Bearer {API_KEY}"))?;
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    runtime.block_on(async {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, options.port)).await?;
        loop {
            let (stream, _) = listener.accept().await?;
            stream.set_nodelay(true)?;
            let (client, provider, credential) = (client.clone(), provider.clone(), credential.clone());
            tokio::spawn(async move {
                let forward = service_fn(|request| forward(&client, &provider, &credential, request));
                // The client sees what goes wrong.
                drop(http1::Builder::new().serve_connection(TokioIo::new(stream), forward).await);
            });
        }
    })
}

/// A client that keeps its connections, as the server's own does.
fn client(directory: &Path) -> Result<Client> {
    let mut roots = RootCertStore::empty();
    let authority = CertificateDer::from_pem_file(authority_file(directory));
    roots.add(authority.context("the provider's authority cannot be read")?)?;
    let tls = ClientConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
        .with_safe_default_protocol_versions()?
        .with_root_certificates(roots)
        .with_no_client_auth();
    let mut http = HttpConnector::new();
    http.set_nodelay(true);
    http.enforce_http(false);
    let https = HttpsConnectorBuilder::new()
        .with_tls_config(tls)
        .https_only()
        .with_server_name_resolver(FixedServerNameResolver::new(ServerName::try_from(HOST)?))
        .enable_http1()
        .wrap_connector(http);
    Ok(legacy::Client::builder(TokioExecutor::new()).build(https))
}

async fn forward(
    client: &Client,
    provider: &Authority,
    credential: &HeaderValue,
    request: Request<Incoming>,
) -> Result<Response<Incoming>, legacy::Error> {
    let (mut head, body) = request.into_parts();
    let mut uri = std::mem::take(&mut head.uri).into_parts();
    (uri.scheme, uri.authority) = (Some(Scheme::HTTPS), Some(provider.clone()));
    head.uri = uri.try_into().unwrap_or_default();
    for name in [header::HOST, header::CONNECTION] {
        head.headers.remove(name);
    }
    head.headers.insert(header::AUTHORIZATION, credential.clone());
    client.request(Request::from_parts(head, body)).await
}
