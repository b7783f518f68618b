//! Connects the parts of the program.

use std::{collections::HashMap, sync::Arc, time::Duration};

use axum::Router;
use integrations_core::catalog::Catalog;

use crate::{
    dashboard::{
        self,
        sign_in_link::{self, SignInLink},
        sign_in_redirect,
        state::Pages,
    },
    edge::{
        answer::{Edge, EdgeParts},
        attempts::Attempts,
        rate_limit::RateLimiter,
        settings::HttpSettings,
    },
    environment::Environment,
    http::{self, state::Api},
    jobs::{
        ActionRuns, Approvals, AuditChain, AuditStream, DatabaseWatch, Erasure, HealthSweep,
        IdempotencySweep, OAuthAppsRefresh, RunRetention, Runner, StreamSettings,
    },
    mcp::{self, Mcp},
    metrics::Metrics,
    monitor::{Monitor, MonitorParts, MonitorSettings},
    provider::{
        oauth_apps::{OAuthApp, OAuthApps},
        openid::OpenIdProvider,
        outbound::Outbound,
    },
    services::{
        Services,
        actions::Actions,
        api_keys::{ApiKeys, KeyCacheRefresh},
        audit_log::AuditLog,
        census::Census,
        device_logins::{DeviceLoginSweep, DeviceLogins},
        idempotency::Idempotency,
        install::{InstallSweep, Installer, InstallerParts},
        integrations::Integrations,
        key_uses::KeyUsesFlush,
        keys::Keys,
        oauth_apps::AppSettings,
        organizations::Organizations,
        people::{People, SignInSweep},
        provider_events::{ProviderEventRetention, ProviderEvents},
        proxy::Proxy,
        revocations::Revocations,
        webhooks::{WebhookRetention, Webhooks},
    },
    shutdown::{self, Shutdown, Stopper},
    store::Store,
    vault::Vault,
};

/// What a server is made from.
#[derive(Debug)]
pub struct Foundation {
    /// The database.
    pub store: Store,
    /// Seals secrets.
    pub vault: Arc<Vault>,
    /// The providers.
    pub catalog: Arc<Catalog>,
    /// Clock and randomness.
    pub environment: Environment,
    /// Sends requests to providers.
    pub outbound: Outbound,
    /// OAuth apps from the environment, by provider.
    pub oauth_apps: HashMap<String, OAuthApp>,
    /// Limits of the monitoring.
    pub monitor: MonitorSettings,
    /// How long finished runs of actions are kept. `None`: until the operator removes them.
    pub run_retention: Option<Duration>,
    /// Where the audit log is streamed, if it is.
    pub audit_stream: Option<StreamSettings>,
    /// How long events of webhooks are kept, with what came of them.
    pub webhook_retention: Duration,
    /// How long events of providers are kept.
    pub provider_event_retention: Duration,
}

/// The whole program. Cheap to clone.
#[derive(Clone, Debug)]
pub struct App {
    /// The services that the API and the pages call.
    pub services: Arc<Services>,
    /// Counts requests.
    limiter: Arc<RateLimiter>,
    /// Counts and measures requests, probes and more.
    pub metrics: Metrics,
    store: Store,
    monitor: Monitor,
    run_retention: Option<Duration>,
    audit_stream: Option<StreamSettings>,
    outbound: Outbound,
    webhook_retention: Duration,
    provider_event_retention: Duration,
    settings: Arc<HttpSettings>,
    api: Api,
    agents: Mcp,
    /// Ends what agents are subscribed to.
    subscriptions: Arc<Stopper>,
}

impl App {
    /// Connects the parts.
    pub fn new(on: Foundation, settings: HttpSettings) -> anyhow::Result<Self> {
        let Foundation { store, vault, catalog, environment, outbound, oauth_apps, monitor, .. } = on;
        let (run_retention, audit_stream) = (on.run_retention, on.audit_stream);
        let (webhook_retention, provider_event_retention) =
            (on.webhook_retention, on.provider_event_retention);
        store.set_links(settings.public_url.as_str());
        let apps = Arc::new(OAuthApps::new(store.clone(), Arc::clone(&vault), oauth_apps));
        let metrics = Metrics::default();
        let monitored = MonitorParts {
            store: store.clone(),
            catalog,
            vault,
            apps,
            outbound: outbound.clone(),
            environment,
            metrics: metrics.clone(),
        };
        let monitor = Monitor::new(monitored, monitor);
        let limiter = limiter(&settings, &metrics)?;
        let services = Arc::new(services(&monitor, &settings)?);
        let (limiter, settings) = (Arc::new(limiter), Arc::new(settings));
        let attempts = Attempts::new(Arc::clone(&limiter), services.environment.clone());
        let api =
            Api::new(Arc::clone(&services), store.clone(), metrics.clone(), Arc::clone(&settings), attempts)?;
        let (subscriptions, end) = shutdown::channel();
        let agents = Mcp::new(Arc::clone(&services), Arc::clone(&settings), end);
        Ok(Self {
            services,
            limiter,
            metrics,
            store,
            monitor,
            run_retention,
            audit_stream,
            outbound,
            webhook_retention,
            provider_event_retention,
            settings,
            api,
            agents,
            subscriptions: Arc::new(subscriptions),
        })
    }

    /// Every route, of the API, of the pages and for agents, without the edge.
    pub fn routes(&self) -> Router {
        let agents = mcp::router(self.agents.clone());
        http::router(self.api.clone()).merge(dashboard::router(self.pages())).merge(agents)
    }

    /// The route of a link that signs somebody in, for `dev` alone.
    pub(super) fn sign_in_by(&self, link: SignInLink) -> Router {
        sign_in_link::routes(self.pages(), link)
    }

    fn pages(&self) -> Pages {
        let attempts = Attempts::new(Arc::clone(&self.limiter), self.services.environment.clone());
        let (services, settings) = (Arc::clone(&self.services), Arc::clone(&self.settings));
        Pages::new(services, self.store.clone(), settings, attempts)
    }

    /// The edge in front of `routes`.
    pub fn edge(&self, routes: Router) -> Edge {
        let parts = EdgeParts {
            api_keys: Arc::clone(&self.services.api_keys),
            limiter: Arc::clone(&self.limiter),
            metrics: self.metrics.clone(),
            environment: self.services.environment.clone(),
            settings: Arc::clone(&self.settings),
            failure_page: dashboard::failure_page,
        };
        Edge::new(parts, routes)
    }

    /// Waits for installations and calls of actions that have begun, whether or not their clients are still there, for
    /// up to `patience`.
    pub async fn finish_what_began(&self, patience: Duration) {
        let Services { installer, actions, .. } = &*self.services;
        let ended = async {
            installer.steps_ended().await;
            actions.calls_ended().await;
        };
        if tokio::time::timeout(patience, ended).await.is_err() {
            tracing::warn!(
                "some installations or calls of actions were still under way when the time to drain ended; they are \
                 cut off"
            );
        }
    }

    /// Runs the background jobs until `stop`, and returns when all have ended.
    pub async fn run_jobs(&self, stop: Shutdown) {
        let Services { actions, api_keys, oauth_apps, environment, revocations, .. } = &*self.services;
        let (mut stopping, subscriptions) = (stop.clone(), Arc::clone(&self.subscriptions));
        // A connection with a subscription would otherwise be waited for.
        tokio::spawn(async move {
            stopping.requested().await;
            subscriptions.stop();
        });
        let mut runner = Runner::new(stop);
        let keys = Arc::clone(api_keys);
        runner
            .start(DatabaseWatch { store: self.store.clone(), keys_changed: move || keys.report_changes() });
        runner.start(KeyCacheRefresh(Arc::clone(api_keys)));
        runner.start(KeyUsesFlush::new(self.store.clone(), api_keys.uses()));
        runner.start(OAuthAppsRefresh(Arc::clone(oauth_apps)));
        runner.start(SignInSweep { store: self.store.clone(), environment: environment.clone() });
        runner.start(InstallSweep { store: self.store.clone(), environment: environment.clone() });
        runner.start(DeviceLoginSweep { store: self.store.clone(), environment: environment.clone() });
        runner.start(ActionRuns { store: self.store.clone(), environment: environment.clone() });
        runner.start(Approvals { store: self.store.clone(), environment: environment.clone() });
        runner.start(actions.resolving());
        runner.start(actions.noticing());
        runner.start(AuditChain { store: self.store.clone() });
        self.start_audit_stream(&mut runner);
        runner.start(revocations.due_work());
        runner.start(Erasure { store: self.store.clone(), environment: environment.clone() });
        runner.start(HealthSweep { store: self.store.clone(), environment: environment.clone() });
        runner.start(IdempotencySweep { store: self.store.clone(), environment: environment.clone() });
        if let Some(keep) = self.run_retention {
            let environment = environment.clone();
            runner.start(RunRetention { store: self.store.clone(), environment, keep });
        }
        if let Some(redis) = self.limiter.redis_connection() {
            runner.start(redis);
        }
        runner.start(ProviderEventRetention {
            store: self.store.clone(),
            environment: environment.clone(),
            keep: self.provider_event_retention,
        });
        runner.start(self.services.provider_events.refusals_flush());
        let (keep, environment) = (self.webhook_retention, environment.clone());
        runner.start(WebhookRetention { store: self.store.clone(), environment, keep });
        runner.start(self.services.webhooks.delivery_work());
        runner.start(self.monitor.due_work());
        runner.wait().await;
    }

    /// Starts to stream the audit log, if there is a target.
    fn start_audit_stream(&self, runner: &mut Runner) {
        let Some(settings) = self.audit_stream.clone() else { return };
        let (store, environment) = (self.store.clone(), self.services.environment.clone());
        match AuditStream::new(settings, store, environment, self.metrics.clone(), &self.outbound) {
            Ok(stream) => runner.start(stream),
            // `serve` has tried it before.
            Err(error) => tracing::error!(%error, "the audit log is not streamed"),
        }
    }
}

/// The services, over the parts that the monitor uses.
fn services(monitor: &Monitor, settings: &HttpSettings) -> anyhow::Result<Services> {
    let MonitorParts { store, catalog, vault, apps, outbound, environment, metrics } = &**monitor;
    let api_keys = ApiKeys::new(store.clone(), environment.clone(), settings.key_poll_interval);
    let api_keys = Arc::new(api_keys);
    let actions = Actions::new(monitor.clone());
    let integrations =
        Integrations::new(store.clone(), Arc::clone(vault), environment.clone(), monitor.clone());
    Ok(Services {
        proxy: Proxy::new(actions.clone()),
        actions,
        app_settings: AppSettings::new(
            store.clone(),
            Arc::clone(vault),
            Arc::clone(apps),
            environment.clone(),
        ),
        organizations: Organizations::new(store.clone(), environment.clone()),
        keys: Keys::new(store.clone(), environment.clone(), Some(Arc::clone(&api_keys))),
        people: people(store, outbound, environment, settings)?,
        device_logins: DeviceLogins::new(store.clone(), environment.clone()),
        audit_log: AuditLog::new(store.clone()),
        census: Census::new(store.clone(), environment.clone()),
        idempotency: Idempotency::new(store.clone(), Arc::clone(vault), environment.clone()),
        revocations: Revocations::new(monitor.clone(), integrations.clone()),
        integrations,
        api_keys,
        webhooks: Webhooks::new(
            store.clone(),
            Arc::clone(vault),
            environment.clone(),
            outbound,
            metrics.clone(),
        )?,
        provider_events: ProviderEvents::new(monitor, &settings.public_url),
        installer: installer(monitor, settings),
        oauth_apps: Arc::clone(apps),
        catalog: Arc::clone(catalog),
        environment: environment.clone(),
    })
}

/// The service for people, with the provider that they sign in with, if there is one.
fn people(
    store: &Store,
    outbound: &Outbound,
    environment: &Environment,
    settings: &HttpSettings,
) -> anyhow::Result<People> {
    let back = sign_in_redirect(&settings.public_url)?;
    let openid = settings
        .openid
        .clone()
        .map(|openid| OpenIdProvider::new(openid, back, outbound.clone(), environment.clone()).map(Arc::new));
    Ok(People::new(store.clone(), environment.clone(), openid.transpose()?))
}

/// What installs, over the parts that the monitor uses.
fn installer(parts: &MonitorParts, settings: &HttpSettings) -> Arc<Installer> {
    Arc::new(Installer::new(InstallerParts {
        store: parts.store.clone(),
        catalog: Arc::clone(&parts.catalog),
        vault: Arc::clone(&parts.vault),
        apps: Arc::clone(&parts.apps),
        outbound: parts.outbound.clone(),
        environment: parts.environment.clone(),
        public_url: settings.public_url.clone(),
        link_life: settings.install_link_life,
    }))
}

/// What counts requests: shared by all replicas if there is a Redis server.
fn limiter(settings: &HttpSettings, metrics: &Metrics) -> anyhow::Result<RateLimiter> {
    Ok(match &settings.redis {
        Some(url) => RateLimiter::shared(url, settings.redis_patience, metrics.clone())?,
        None => RateLimiter::alone(),
    })
}
