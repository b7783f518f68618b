//! Runs the server, for `dev` and `serve`.

use std::{
    io::{self, Write as _},
    net::SocketAddr,
    sync::Arc,
};

use anyhow::{Context as _, bail};
use serde::Serialize;
use tokio::signal::unix::{SignalKind, signal};

use super::{
    config::Options,
    dev::{Access, DataDirectory, DevCommand},
    migrate, open_files,
    wiring::{App, Foundation},
};
use crate::{
    edge::{self, settings::HttpSettings},
    environment::Environment,
    program::OperatorCommands,
    provider::outbound::Outbound,
    shutdown,
    store::Store,
    vault::Vault,
};

/// `riq-server serve`: uses the database and the encryption keys of the settings.
pub async fn serve(options: &Options, environment: Environment) -> anyhow::Result<()> {
    let keys = options.encryption_keys()?;
    let url = options.database_url()?;
    let store = Store::connect(&url, options.database_connections()).await?;
    let pending = store.pending_migrations().await?;
    if !pending.is_empty() {
        bail!(
            "the database's schema is not up to date ({}): run `{}` first",
            pending.join(", "),
            options.migrate_command()
        );
    }
    let vault = Vault::new(keys, environment.clone());
    vault.check_keys(&store).await?;
    let operator = options.operator(None);
    run(options, operator, store, vault, environment, |address| {
        tracing::info!(%address, database = url.product(), "serving");
        Ok(())
    })
    .await
}

/// `riq-server dev`: uses its own database and keys.
pub async fn dev(command: DevCommand, options: &Options, environment: Environment) -> anyhow::Result<()> {
    if options.database_url.is_some() {
        tracing::warn!(
            "DATABASE_URL is ignored: dev uses its own database, and only serve uses DATABASE_URL"
        );
    }
    let directory = DataDirectory::prepare(command.data_dir.clone(), &environment)?;
    let url = directory.database_url()?;
    let store = Store::connect(&url, options.database_connections()).await?;
    let vault = || Ok(Vault::new(directory.encryption_keys()?, environment.clone()));
    migrate::to_the_end(&store, &environment, vault, false).await?;
    let vault = vault()?;
    vault.check_keys(&store).await?;
    let access = directory.access(&store, &environment).await?;
    let public_url = options.public_url.clone();
    let operator = options.operator(Some(&command.data_dir));
    let import = operator.admin(&format!("import --project {} FILE", access.project_id));
    run(options, operator, store, vault, environment, move |address| {
        let base = public_url
            .map_or(format!("http://{address}"), |url| url.as_str().trim_end_matches('/').to_owned());
        let greeting = Greeting::new(&base, &access);
        let mut out = io::stdout().lock();
        if command.json {
            serde_json::to_writer(&mut out, &greeting)?;
            writeln!(out)?;
        } else {
            write!(out, "{}", greeting.in_words(&command, &import))?;
        }
        out.flush()
    })
    .await
}

/// What `dev --json` prints.
#[derive(Serialize)]
struct Greeting<'a> {
    api_base: String,
    org_id: String,
    project_id: String,
    api_key: &'a str,
    dashboard_url: String,
}

impl<'a> Greeting<'a> {
    fn new(base: &str, access: &'a Access) -> Self {
        Self {
            api_base: format!("{base}/api/v1"),
            org_id: access.org_id.to_string(),
            project_id: access.project_id.to_string(),
            api_key: &access.api_key,
            dashboard_url: format!("{base}/dashboard/projects/{}/integrations", access.project_id),
        }
    }

    fn in_words(&self, command: &DevCommand, import: &str) -> String {
        let Self { api_base, org_id, project_id, api_key, dashboard_url } = self;
        let (docs, directory) = (api_base.replace("/api/v1", "/docs"), command.data_dir.display());
        format!(
            "Serving the Integrations API. Everything is kept in {directory}.\n\n  \
             API           {api_base}\n  Reference     {docs}\n  Dashboard     {dashboard_url}\n  Organization  {org_id}\n  Project       {project_id}\n  \
             API key       {api_key}\n\nTry it:\n\n  \
             export RIQ_API_BASE={api_base} RIQ_ORG_ID={org_id} RIQ_PROJECT_ID={project_id} RIQ_API_KEY={api_key}\n  \
             curl -H \"X-API-Key: $RIQ_API_KEY\" \"$RIQ_API_BASE/projects/$RIQ_PROJECT_ID/integrations/catalog\"\n  \
             {import}\n\n"
        )
    }
}

async fn run(
    options: &Options,
    operator: OperatorCommands,
    store: Store,
    vault: Vault,
    environment: Environment,
    announce: impl FnOnce(SocketAddr) -> io::Result<()>,
) -> anyhow::Result<()> {
    let catalog = options.catalog()?;
    let bind = options.bind();
    let listener = edge::serve::listen(bind).with_context(|| {
        format!("cannot listen on {bind}; choose another address with --bind or RIQ_BIND")
    })?;
    let address = listener.local_addr()?;
    let oauth_apps = options.oauth_apps(&catalog)?;
    let outbound = Outbound::new(options.outbound()?)?;
    let foundation = Foundation {
        store: store.clone(),
        vault: Arc::new(vault),
        catalog,
        environment,
        outbound,
        oauth_apps,
        monitor: options.monitor(),
        run_retention: options.run_retention,
    };
    let mut http = HttpSettings { operator, ..options.http(address)? };
    let (database, probes) = (options.database_connections(), options.monitor().in_flight);
    http.connections.total = open_files::keep_for(http.connections.total, database, probes);
    let app = App::new(foundation, http)?;
    app.services.oauth_apps.refresh().await?;

    let (stopper, stop) = shutdown::channel();
    let jobs = tokio::spawn({
        let (app, stop) = (app.clone(), stop.clone());
        async move { app.run_jobs(stop).await }
    });
    let answering = app.edge(app.routes());
    let server = tokio::spawn(edge::serve::serve(listener, answering, stop, options.drain_timeout()));
    announce(address)?;
    stop_signal().await?;
    tracing::info!("stopping: waiting for running requests to finish");
    stopper.stop();
    server.await?;
    app.finish_what_began(options.drain_timeout()).await;
    jobs.await?;
    store.close().await;
    Ok(())
}

/// Waits for SIGTERM or SIGINT.
async fn stop_signal() -> io::Result<()> {
    let (mut terminate, mut interrupt) = (signal(SignalKind::terminate())?, signal(SignalKind::interrupt())?);
    tokio::select! {
        _ = terminate.recv() => {}
        _ = interrupt.recv() => {}
    }
    Ok(())
}
