//! `riq-bench strict-provider`: the strict provider as a separate program, so that it takes no time from the measuring
//! one.

use std::net::Ipv4Addr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Result;
use axum::routing::get;
use axum::{Json, Router};

use riq_testing::providers::strict::{Behaviour, Families, Provider};

/// Options of `strict-provider`.
#[derive(clap::Args)]
pub(crate) struct Options {
    /// The port of the provider, on the loopback interface
    #[arg(long)]
    port: u16,
    /// The port for its counts, over plain HTTP
    #[arg(long)]
    counts_port: u16,
    /// The directory for its provider file and the certificate of its authority
    #[arg(long)]
    directory: PathBuf,
    /// How many families of tokens there are
    #[arg(long)]
    families: usize,
    /// Lifetime of an access token, in seconds
    #[arg(long)]
    token_life: u64,
    /// Time that every answer takes, in milliseconds
    #[arg(long)]
    latency: u64,
    /// Seconds between two probes
    #[arg(long)]
    interval: u64,
}

/// Answers requests until the process is ended.
///
/// # Errors
/// When a port is taken or a file cannot be written.
pub(crate) fn run(options: &Options) -> Result<()> {
    let behaviour = Behaviour {
        families: options.families,
        token_life: Duration::from_secs(options.token_life),
        latency: Duration::from_millis(options.latency),
    };
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    runtime.block_on(async {
        let interval = Duration::from_secs(options.interval);
        let provider = Provider::start(behaviour, interval, options.port, &options.directory).await?;
        let counts = |families: Arc<Families>| async move { Json(families.counts()) };
        let router = Router::new().fallback(get(move || counts(Arc::clone(&provider.families))));
        let listener = tokio::net::TcpListener::bind((Ipv4Addr::LOCALHOST, options.counts_port)).await?;
        axum::serve(listener, router).await?;
        Ok(())
    })
}
