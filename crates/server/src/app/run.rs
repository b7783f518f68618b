//! Runs the server, for `dev` and `serve`.

use std::{
    io::{self, Write as _},
    net::SocketAddr,
    sync::Arc,
    time::Duration,
};

use anyhow::Context as _;
use integrations_core::ids::OrganizationId;
use serde::Serialize;
use tokio::signal::unix::{SignalKind, signal};
use url::{Host, Url};

use super::{
    config::Options,
    dev::{self, Access, DataDirectory, DevCommand},
    migrate, open_files,
    sandbox::{self, Sandbox},
    schema,
    supervisor::Supervisor,
    wiring::{App, Foundation},
};
use crate::{
    dashboard::sign_in_link::SignInLink,
    edge::{self, settings::HttpSettings},
    environment::Environment,
    program::OperatorCommands,
    provider::outbound::Outbound,
    services::people::SignedIn,
    shutdown,
    store::Store,
    vault::Vault,
};

/// How long events of webhooks are kept, unless a setting says otherwise.
const WEBHOOK_RETENTION: Duration = Duration::from_hours(24 * 30);
/// How long events of providers are kept, if nothing is set.
const PROVIDER_EVENT_RETENTION: Duration = Duration::from_hours(24 * 7);

/// How long what comes after the requests takes at most, such as closing the database.
const AFTER_DRAIN: Duration = Duration::from_secs(15);

/// `riq-server serve`: uses the database and the encryption keys of the settings.
pub async fn serve(options: &Options, environment: Environment) -> anyhow::Result<()> {
    let keys = options.encryption_keys()?;
    let url = options.database_url()?;
    let store = Store::connect(&url, options.database_connections()).await?;
    schema::check(&store, || format!("run `{}` first", options.migrate_command())).await?;
    let vault = Vault::new(keys, environment.clone());
    vault.check_keys(&store).await?;
    let operator = options.operator(None);
    look_around(&store, &environment, &operator).await?;
    run(options, operator, store, vault, environment, Development::default(), |address, _| {
        tracing::info!(%address, database = url.product(), "serving");
        Ok(())
    })
    .await
}

/// Says so if the database may be a copy of another one.
async fn look_around(
    store: &Store,
    environment: &Environment,
    operator: &OperatorCommands,
) -> anyhow::Result<()> {
    if let Some(since) = store.look_around(environment.now()).await? {
        tracing::warn!(
            %since,
            "this database was restored or copied, and another server may still use the same credentials: tokens that \
             work once are not renewed, nothing is revoked, and webhooks are not sent. If this server is the one that \
             goes on, run `{}`",
            operator.admin("resume")
        );
    }
    Ok(())
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
    look_around(&store, &environment, &options.operator(Some(&command.data_dir))).await?;
    let access = directory.access(&store, &environment).await?;
    let person = dev::person(&store, &environment, access.org_id).await?;
    let sandbox = match command.sandbox {
        true => Some(Sandbox::listen(options.bind(), &environment)?),
        false => None,
    };
    let sandbox_url = sandbox.as_ref().map(Sandbox::origin);
    let development = Development { sandbox, person: person.map(|person| (person, access.org_id)) };
    let public_url = options.public_url.clone();
    let operator = options.operator(Some(&command.data_dir));
    let import = operator.admin(&format!("import --project {} FILE", access.project_id));
    run(options, operator, store, vault, environment, development, move |address, sign_in_url| {
        let base = public_url
            .map_or(format!("http://{address}"), |url| url.as_str().trim_end_matches('/').to_owned());
        let greeting = Greeting { sign_in_url, sandbox_url, ..Greeting::new(&base, &access) };
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

/// What `dev` has beside a server.
#[derive(Default)]
struct Development {
    /// The made-up shop.
    sandbox: Option<Sandbox>,
    /// Whom a link signs in, and to which organization.
    person: Option<(SignedIn, OrganizationId)>,
}

/// What `dev --json` prints.
#[derive(Serialize)]
struct Greeting<'a> {
    api_base: String,
    org_id: String,
    project_id: String,
    api_key: &'a str,
    dashboard_url: String,
    /// Works once.
    #[serde(skip_serializing_if = "Option::is_none")]
    sign_in_url: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    sandbox_url: Option<String>,
}

impl<'a> Greeting<'a> {
    fn new(base: &str, access: &'a Access) -> Self {
        Self {
            api_base: format!("{base}/api/v1"),
            org_id: access.org_id.to_string(),
            project_id: access.project_id.to_string(),
            api_key: &access.api_key,
            dashboard_url: format!("{base}/dashboard/projects/{}/integrations", access.project_id),
            sign_in_url: None,
            sandbox_url: None,
        }
    }

    fn in_words(&self, command: &DevCommand, import: &str) -> String {
        let Self { api_base, org_id, project_id, api_key, dashboard_url, .. } = self;
        let (docs, directory) = (api_base.replace("/api/v1", "/docs"), command.data_dir.display());
        let sign_in = self.sign_in_url.as_ref().map_or_else(String::new, |url| {
            format!("\nSign in to the dashboard as yourself (this works once, within an hour):\n\n  {url}\n")
        });
        let sandbox =
            self.sandbox_url.as_ref().map_or_else(String::new, |url| with_sandbox(url, dashboard_url));
        format!(
            "Serving the Integrations API. Everything is kept in {directory}.\n\n  \
             API           {api_base}\n  Reference     {docs}\n  Dashboard     {dashboard_url}\n  Organization  {org_id}\n  Project       {project_id}\n  \
             API key       {api_key}\n{sign_in}\nTry it:\n\n  \
             export RIQ_API_BASE={api_base} RIQ_ORG_ID={org_id} RIQ_PROJECT_ID={project_id} RIQ_API_KEY={api_key}\n  \
             curl -H \"X-API-Key: $RIQ_API_KEY\" \"$RIQ_API_BASE/projects/$RIQ_PROJECT_ID/integrations/catalog\"\n  \
             {import}\n\n{sandbox}"
        )
    }
}

/// What to do with the sandbox.
fn with_sandbox(url: &str, dashboard_url: &str) -> String {
    format!(
        "The sandbox is a made-up shop at {url}. With it:\n\n  \
         1. Sign in, open {dashboard_url}/sandbox-shop and connect it.\n  \
         2. Look up an order:\n     \
         riq actions run sandbox-shop look_up_order --input order=1001\n  \
         3. On its page, switch refunds on and set \"Issue a refund\" to Ask. Then ask for one:\n     \
         riq actions run sandbox-shop issue_refund --input order=1001 --input amount=500\n  \
         4. Approve it in the dashboard, and see it at the shop and in the audit log.\n  \
         5. Withdraw the token at the shop: within a minute the integration is in error.\n\n"
    )
}

/// Whether only this machine reaches a server that listens at `address` and that people reach at `public_url`.
fn is_local(address: SocketAddr, public_url: &Url) -> bool {
    let is_loopback = match public_url.host() {
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        Some(Host::Domain(name)) => name == "localhost" || name.ends_with(".localhost"),
        None => false,
    };
    address.ip().is_loopback() && is_loopback
}

/// What the server is made from, with the sandbox if there is one.
fn foundation(
    options: &Options,
    store: &Store,
    vault: Vault,
    environment: &Environment,
    sandbox: Option<&Sandbox>,
) -> anyhow::Result<Foundation> {
    let catalog = match sandbox {
        None => options.catalog()?,
        Some(sandbox) => Arc::new(sandbox.add_to(options.read_catalog()?)?),
    };
    let mut oauth_apps = options.oauth_apps(&catalog)?;
    let mut outbound = options.outbound()?;
    if let Some(sandbox) = sandbox {
        oauth_apps.insert(sandbox::KEY.to_owned(), sandbox.oauth_app());
        outbound.local = Some(sandbox.address);
    }
    Ok(Foundation {
        store: store.clone(),
        vault: Arc::new(vault),
        catalog,
        environment: environment.clone(),
        outbound: Outbound::new(outbound)?,
        oauth_apps,
        monitor: options.monitor(),
        run_retention: options.run_retention,
        audit_stream: options.audit_stream()?,
        webhook_retention: options.webhook_retention.unwrap_or(WEBHOOK_RETENTION),
        provider_event_retention: options.provider_event_retention.unwrap_or(PROVIDER_EVENT_RETENTION),
    })
}

async fn run(
    options: &Options,
    operator: OperatorCommands,
    store: Store,
    vault: Vault,
    environment: Environment,
    development: Development,
    announce: impl FnOnce(SocketAddr, Option<String>) -> io::Result<()>,
) -> anyhow::Result<()> {
    let (Development { sandbox, person }, supervisor) = (development, Supervisor::of_environment());
    let foundation = foundation(options, &store, vault, &environment, sandbox.as_ref())?;
    let bind = options.bind();
    let listener = edge::serve::listen(bind).with_context(|| {
        format!("cannot listen on {bind}; choose another address with --bind or RIQ_BIND")
    })?;
    let address = listener.local_addr()?;
    let mut http = HttpSettings { operator, ..options.http(address)? };
    let (database, probes) = (options.database_connections(), options.monitor().in_flight);
    http.connections.total = open_files::keep_for(http.connections.total, database, probes);
    let public_url = http.public_url.clone();
    let app = App::new(foundation, http)?;
    app.services.oauth_apps.refresh().await?;

    let (stopper, stop) = shutdown::channel();
    let jobs = tokio::spawn({
        let (app, stop) = (app.clone(), stop.clone());
        async move { app.run_jobs(stop).await }
    });
    let person = person.filter(|_| is_local(address, &public_url));
    let (link, sign_in_url) =
        person.map(|(person, of)| SignInLink::new(&environment, &public_url, person, of)).unzip();
    let routes = match link {
        None => app.routes(),
        Some(link) => app.routes().merge(app.sign_in_by(link)),
    };
    let sandbox = sandbox.map(|sandbox| sandbox.serve(&public_url, stop.clone()));
    let server = tokio::spawn(edge::serve::serve(listener, app.edge(routes), stop, options.drain_timeout()));
    announce(address, sign_in_url)?;
    supervisor.ready();
    stop_signal().await?;
    // Requests have the time to drain, and so have afterwards the installations that have begun.
    supervisor.stopping(options.drain_timeout() * 2 + AFTER_DRAIN);
    tracing::info!("stopping: waiting for running requests to finish");
    stopper.stop();
    server.await?;
    app.finish_what_began(options.drain_timeout()).await;
    jobs.await?;
    if let Some(sandbox) = sandbox {
        sandbox.await?;
    }
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
