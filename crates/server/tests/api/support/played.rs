//! A server and two providers that a test plays.

use std::{sync::Arc, time::Duration};

use riq_server::{
    monitor::MonitorSettings,
    provider::{oauth_apps::OAuthApp, outbound::OutboundSettings},
};
use riq_testing::providers::desk_and_keys::{self, DeskAndKeys};

use super::{Backend, Server, TestDatabase, catalog::few, server::Plan};

/// A server with the played providers in its catalog.
pub(crate) struct Stage {
    pub(crate) server: Server,
    pub(crate) provider: DeskAndKeys,
}

impl Stage {
    /// Another server on the same database, which monitors integrations.
    pub(crate) async fn worker(&self) -> Server {
        let poll = Duration::from_millis(5);
        self.server.worker(MonitorSettings { in_flight: 8, per_provider: 6, per_host: 6, poll }).await
    }
}

/// Runs a test on its own stage.
pub(crate) async fn on_stage(backend: Backend, test: impl AsyncFnOnce(&Stage)) {
    // A provider that does not answer stays silent until the test has checked what it wants.
    on_stage_with_timeout(backend, Duration::from_secs(60), test).await;
}

/// Runs a test on its own stage, on which a request to a provider takes no longer than this.
pub(crate) async fn on_stage_with_timeout(
    backend: Backend,
    timeout: Duration,
    test: impl AsyncFnOnce(&Stage),
) {
    let Some(database) = TestDatabase::create(backend).await else { return };
    let provider = DeskAndKeys::start().await;
    let server = Server::start_with(database, plan(&provider, timeout), |_| {}).await;
    let stage = Stage { server, provider };
    test(&stage).await;
    stage.server.stop().await;
}

/// Runs a test on its own stage, from which receivers on this machine can be reached.
pub(crate) async fn on_stage_with_receivers(backend: Backend, test: impl AsyncFnOnce(&Stage)) {
    let Some(database) = TestDatabase::create(backend).await else { return };
    let provider = DeskAndKeys::start().await;
    let mut plan = plan(&provider, Duration::from_secs(60));
    plan.outbound.allowed_networks = vec!["127.0.0.0/8".parse().unwrap()];
    let server = Server::start_with(database, plan, |_| {}).await;
    let stage = Stage { server, provider };
    test(&stage).await;
    stage.server.stop().await;
}

/// The settings that a server needs for the providers.
fn plan(provider: &DeskAndKeys, timeout: Duration) -> Plan {
    let files = desk_and_keys::files().map(|(name, file)| (name.to_owned(), file));
    let catalog = few(files);
    let hosts = desk_and_keys::HOSTS.map(|host| (host.to_owned(), provider.address()));
    let (client_id, client_secret) = desk_and_keys::APP;
    let app = OAuthApp::new(client_id, client_secret);
    Plan {
        catalog: Arc::new(catalog),
        outbound: OutboundSettings {
            ca_certificates: Some(provider.ca_pem().into_bytes()),
            resolve: hosts.into(),
            timeout,
            ..OutboundSettings::default()
        },
        oauth_apps: [("desk".to_owned(), app)].into(),
        ..Plan::default()
    }
}
