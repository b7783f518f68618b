//! The server's metrics, for Prometheus.
//!
//! Names follow Prometheus' conventions (prometheus.io/docs/practices/naming): the prefix `riq_`, base units, and
//! `_total` for counters. docs/setup/monitoring.md explains them.

#[cfg(test)]
mod documents_test;
mod labels;

use std::{
    fmt,
    sync::{Arc, atomic::AtomicU64},
    time::Duration,
};

use http::{Method, StatusCode};
use integrations_core::{
    action::RunStatus,
    lifecycle::{Health, Status},
    revocation::RevocationStatus,
    webhook::{Attempted, Outcome},
};
use prometheus_client::{
    encoding::prometheus_text,
    metrics::{counter::Counter, family::Family, gauge::Gauge, histogram::Histogram},
    registry::{Metric, Registry},
};

pub(crate) use self::labels::method;
pub use self::labels::{CutReason, ProbeOutcome, ProxyOutcome, RefreshOutcome};

/// The media type of what [`Metrics::render`] writes: Prometheus' text format.
pub const CONTENT_TYPE: &str = prometheus_text::CONTENT_TYPE;

/// The route of requests that reached none: the path is unknown, the key was refused, or the limit was reached.
const NO_ROUTE: &str = "none";

/// Upper bounds of the buckets for the duration of a request, in seconds. Most requests take less than a millisecond.
/// The limit is 30 s by default.
const REQUEST_BUCKETS: [f64; 13] =
    [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 5.0, 30.0];
/// Upper bounds of the buckets for the duration of a probe or a call of an action, in seconds. The limit of a probe is
/// 10 s by default.
const PROBE_BUCKETS: [f64; 9] = [0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0];

type Histograms<L> = Family<L, Histogram, fn() -> Histogram>;

/// How many connections of a pool to the database are in use.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PoolUse {
    /// The pool's name: `shared` on PostgreSQL, `reader` and `writer` on SQLite, and `lanes`. `lanes` is the part of
    /// `shared` or `reader` that is kept for the hot reads, and it is counted there too.
    pub pool: &'static str,
    /// Connections that are in use.
    pub in_use: u32,
    /// Connections that are open and idle.
    pub idle: u32,
    /// The most connections that may be open.
    pub max: u32,
}

/// How many integrations have a status and a health.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct IntegrationCount {
    /// The status.
    pub status: Status,
    /// The health.
    pub health: Health,
    /// How many have both.
    pub count: i64,
}

/// The server's metrics. Cheap to clone; clones share their values.
#[derive(Clone, Debug)]
pub struct Metrics(Arc<Instruments>);

#[derive(Debug)]
struct Instruments {
    registry: Registry,
    requests: Family<labels::Request, Counter>,
    request_durations: Histograms<labels::Route>,
    probes: Family<labels::Probe, Counter>,
    probe_durations: Histograms<labels::Provider>,
    probes_in_flight: Gauge,
    queue_age: Gauge<f64, AtomicU64>,
    integrations: Family<labels::Integration, Gauge>,
    access: Access,
    leases_taken_over: Counter,
    rate_limiter_shared: Gauge,
    rate_limit_fallbacks: Counter,
    connections: Family<labels::Connections, Gauge>,
    connections_max: Family<labels::Pool, Gauge>,
    clients: Clients,
    actions: Actions,
    audit_stream: AuditStream,
    webhooks: Webhooks,
}

/// What is sent to webhooks.
#[derive(Debug)]
struct Webhooks {
    attempts: Family<labels::Delivery, Counter>,
    durations: Histogram,
    age: Gauge<f64, AtomicU64>,
    /// What providers send.
    received: Family<labels::ProviderEvent, Counter>,
}

impl Webhooks {
    fn register(names: &mut Names) -> Self {
        let duration = "Time that a receiver of a webhook took";
        let age = "How long the longest waiting webhook delivery has been due";
        let received = "Events that providers sent, and requests in their place that were refused";
        Self {
            received: names.register("provider_events", received, Family::default()),
            attempts: names.register("webhook_attempts", "Attempts to deliver webhooks", Family::default()),
            durations: names.register("webhook_duration_seconds", duration, Histogram::new(PROBE_BUCKETS)),
            age: names.register("webhook_queue_age_seconds", age, Gauge::default()),
        }
    }
}

/// The calls of actions.
#[derive(Debug)]
struct Actions {
    calls: Family<labels::ActionCall, Counter>,
    proxied: Family<labels::Proxied, Counter>,
    durations: Histograms<labels::Provider>,
}

impl Actions {
    fn register(names: &mut Names) -> Self {
        let duration = "Time from a call of an action to its end, or until a person was asked";
        let durations = Family::new_with_constructor((|| Histogram::new(PROBE_BUCKETS)) as fn() -> Histogram);
        Self {
            proxied: names.register("proxy_requests", "Requests of callers for providers", Family::default()),
            calls: names.register("action_calls", "Calls of actions that became runs", Family::default()),
            durations: names.register("action_call_duration_seconds", duration, durations),
        }
    }
}

/// The stream of the audit log.
#[derive(Debug)]
struct AuditStream {
    unsent: Gauge,
    age: Gauge<f64, AtomicU64>,
}

impl AuditStream {
    fn register(names: &mut Names) -> Self {
        let unsent = "Events of audit logs that were not sent to RIQ_AUDIT_STREAM yet";
        let age = "How long ago the oldest of them was recorded";
        Self {
            unsent: names.register("audit_stream_unsent", unsent, Gauge::default()),
            age: names.register("audit_stream_age_seconds", age, Gauge::default()),
        }
    }
}

/// The access to providers: how it is renewed and revoked.
#[derive(Debug)]
struct Access {
    refreshes: Family<labels::Refresh, Counter>,
    revocations: Family<labels::Revocation, Counter>,
}

impl Access {
    fn register(names: &mut Names) -> Self {
        let revocations = "Revocations of access at a provider that ended";
        Self {
            refreshes: names.register("token_refreshes", "Token refreshes that ended", Family::default()),
            revocations: names.register("revocations", revocations, Family::default()),
        }
    }
}

/// The connections of clients.
#[derive(Debug)]
struct Clients {
    open: Gauge,
    cut: Family<labels::Cut, Counter>,
}

impl Clients {
    fn register(names: &mut Names) -> Self {
        let cut = "Connections of clients that were cut or refused";
        Self {
            open: names.register("client_connections", "Open connections of clients", Gauge::default()),
            cut: names.register("client_connections_cut", cut, Family::default()),
        }
    }
}

impl Default for Metrics {
    fn default() -> Self {
        let mut names = Names(Registry::with_prefix("riq"));
        let build: Family<labels::Build, Gauge> =
            names.register("build_info", "1, with the server's version", Family::default());
        build.get_or_create(&labels::Build { version: env!("CARGO_PKG_VERSION") }).set(1);
        Self(Arc::new(Instruments {
            requests: names.register("http_requests", "Requests answered", Family::default()),
            request_durations: names.register(
                "http_request_duration_seconds",
                "Time from the end of a request's head to the beginning of its answer",
                Family::new_with_constructor(|| Histogram::new(REQUEST_BUCKETS)),
            ),
            probes: names.register("probes", "Probes that ended", Family::default()),
            probe_durations: names.register(
                "probe_duration_seconds",
                "Time until a provider answered a probe or the probe timed out",
                Family::new_with_constructor(|| Histogram::new(PROBE_BUCKETS)),
            ),
            probes_in_flight: names.register(
                "probes_in_flight",
                "Probes and token refreshes in flight",
                Gauge::default(),
            ),
            queue_age: names.register(
                "probe_queue_age_seconds",
                "How long the longest waiting probe has been due",
                Gauge::default(),
            ),
            integrations: integrations(&mut names),
            access: Access::register(&mut names),
            leases_taken_over: names.register(
                "leases_taken_over",
                "Leases that this server took over because their owner let them expire",
                Counter::default(),
            ),
            rate_limiter_shared: names.register(
                "rate_limiter_shared",
                "1 while rate limits are shared between replicas, 0 while each counts its own requests",
                Gauge::default(),
            ),
            rate_limit_fallbacks: names.register(
                "rate_limit_fallbacks",
                "Requests that this server counted itself because the shared rate limiter did not answer",
                Counter::default(),
            ),
            connections: names.register(
                "database_connections",
                "Open connections to the database",
                Family::default(),
            ),
            connections_max: names.register(
                "database_connections_max",
                "Connections to the database that a pool may open",
                Family::default(),
            ),
            clients: Clients::register(&mut names),
            actions: Actions::register(&mut names),
            audit_stream: AuditStream::register(&mut names),
            webhooks: Webhooks::register(&mut names),
            registry: names.0,
        }))
    }
}

fn integrations(names: &mut Names) -> Family<labels::Integration, Gauge> {
    names.register("integrations", "Integrations of all projects, by status and health", Family::default())
}

/// Registers metrics under their names.
struct Names(Registry);

impl Names {
    fn register<M: Metric + Clone>(&mut self, name: &str, help: &str, metric: M) -> M {
        self.0.register(name, help, metric.clone());
        metric
    }
}

impl Metrics {
    /// Counts an answered request. `method` is `None` if it was not HTTP. `route` is the route's pattern, such as
    /// `/api/v1/projects/{projectId}/integrations`, and never the path, because the number of paths has no bound.
    pub fn request(&self, method: Option<&Method>, route: Option<&str>, status: StatusCode, took: Duration) {
        let (method, route): (_, Arc<str>) =
            (method.map_or(labels::OTHER, labels::method), route.unwrap_or(NO_ROUTE).into());
        let request = labels::Request { method, route: Arc::clone(&route), status: status.as_u16() };
        self.0.requests.get_or_create(&request).inc();
        let route = labels::Route { method, route };
        self.0.request_durations.get_or_create(&route).observe(took.as_secs_f64());
    }

    /// Counts a probe of `provider` that ended after `took`. The provider is one of the catalog.
    pub fn probe(&self, provider: &str, outcome: ProbeOutcome, took: Duration) {
        let provider = provider.to_owned();
        let timed = labels::Provider { provider: provider.clone() };
        self.0.probe_durations.get_or_create(&timed).observe(took.as_secs_f64());
        self.0.probes.get_or_create(&labels::Probe { provider, outcome }).inc();
    }

    /// Counts a refresh of a token of `provider`. The provider is one of the catalog.
    pub fn refresh(&self, provider: &str, outcome: RefreshOutcome) {
        self.0
            .access
            .refreshes
            .get_or_create(&labels::Refresh { provider: provider.to_owned(), outcome })
            .inc();
    }

    /// Counts the end of revoking access at `provider`. The provider is one of the catalog.
    pub fn revocation(&self, provider: &str, outcome: RevocationStatus) {
        let ended = labels::Revocation { provider: provider.to_owned(), outcome: outcome.as_str() };
        self.0.access.revocations.get_or_create(&ended).inc();
    }

    /// Counts a call of an action that became a run, and how far the run came in the time that it `took`. Provider and
    /// action are of the catalog.
    pub fn action_call(&self, provider: &str, action: &str, outcome: RunStatus, took: Duration) {
        let timed = labels::Provider { provider: provider.to_owned() };
        self.0.actions.durations.get_or_create(&timed).observe(took.as_secs_f64());
        let (provider, action) = (provider.to_owned(), action.to_owned());
        let call = labels::ActionCall { provider, action, outcome: outcome.as_str() };
        self.0.actions.calls.get_or_create(&call).inc();
    }

    /// Counts a request that a caller wrote for a provider. The provider is one of the catalog.
    pub fn proxied(&self, provider: &str, outcome: ProxyOutcome) {
        let request = labels::Proxied { provider: provider.to_owned(), outcome: outcome.as_str() };
        self.0.actions.proxied.get_or_create(&request).inc();
    }

    /// Counts an attempt to deliver something to a webhook.
    pub fn delivery_attempted(&self, attempted: &Attempted) {
        let outcome = match attempted.outcome {
            outcome if outcome.is_success() => "delivered",
            Outcome::Answered(..) => "refused",
            Outcome::NoAnswer(why) => why.as_str(),
        };
        self.0.webhooks.attempts.get_or_create(&labels::Delivery { outcome }).inc();
        self.0.webhooks.durations.observe(attempted.took.as_secs_f64());
    }

    /// Counts events that a provider of the catalog sent: `taken`, `repeated`, `unrouted` (of no integration),
    /// `answered` (a request that is no event), or why a request was refused.
    pub fn provider_events(&self, provider: &str, outcome: &'static str, count: u64) {
        let event = labels::ProviderEvent { provider: provider.to_owned(), outcome };
        self.0.webhooks.received.get_or_create(&event).inc_by(count);
    }

    /// Sets how long the longest waiting webhook delivery has been due. Zero if none is due.
    pub fn delivery_age(&self, age: Duration) {
        self.0.webhooks.age.set(age.as_secs_f64());
    }

    /// Counts a lease that was taken over because its owner let it expire.
    pub fn lease_taken_over(&self) {
        self.0.leases_taken_over.inc();
    }

    /// Sets how long the longest waiting probe has been due. Zero if none is due.
    pub fn queue_age(&self, age: Duration) {
        self.0.queue_age.set(age.as_secs_f64());
    }

    /// Counts a probe or refresh as in flight until the value is dropped.
    #[must_use]
    pub fn in_flight(&self) -> InFlight {
        self.0.probes_in_flight.inc();
        InFlight(self.clone())
    }

    /// Sets whether rate limits are shared between replicas.
    pub fn rate_limiter_shared(&self, shared: bool) {
        self.0.rate_limiter_shared.set(shared.into());
    }

    /// Counts a request that this server counted itself because the shared rate limiter did not answer.
    pub fn rate_limit_fallback(&self) {
        self.0.rate_limit_fallbacks.inc();
    }

    /// Sets how many events of audit logs were not sent to their target, and how old the oldest is.
    pub fn audit_stream(&self, unsent: u64, age: Duration) {
        self.0.audit_stream.unsent.set(i64::try_from(unsent).unwrap_or(i64::MAX));
        self.0.audit_stream.age.set(age.as_secs_f64());
    }

    /// Sets how many integrations there are. `None`: that is not known, so nothing is said of it.
    pub fn integrations(&self, counts: Option<&[IntegrationCount]>) {
        let Some(counts) = counts else { return self.0.integrations.clear() };
        for IntegrationCount { status, health, count } in counts {
            let labels = labels::Integration { status: status.as_str(), health: health.as_str() };
            self.0.integrations.get_or_create(&labels).set(*count);
        }
    }

    /// Sets how many connections clients have.
    pub fn client_connections(&self, open: usize) {
        self.0.clients.open.set(i64::try_from(open).unwrap_or(i64::MAX));
    }

    /// Counts a connection of a client that was cut or refused.
    pub fn connection_cut(&self, reason: CutReason) {
        self.0.clients.cut.get_or_create(&labels::Cut { reason }).inc();
    }

    /// All metrics in Prometheus' text format (version 0.0.4), with the current use of `pools`.
    pub fn render(&self, pools: &[PoolUse]) -> Result<String, fmt::Error> {
        for &PoolUse { pool, in_use, idle, max } in pools {
            for (state, count) in [("in_use", in_use), ("idle", idle)] {
                self.0.connections.get_or_create(&labels::Connections { pool, state }).set(count.into());
            }
            self.0.connections_max.get_or_create(&labels::Pool { pool }).set(max.into());
        }
        let mut text = String::new();
        prometheus_text::encode(&mut text, &self.0.registry)?;
        Ok(text)
    }
}

/// A probe or refresh in flight.
#[derive(Debug)]
pub struct InFlight(Metrics);

impl Drop for InFlight {
    fn drop(&mut self) {
        self.0.0.probes_in_flight.dec();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_happened_is_counted_under_its_labels() {
        let metrics = Metrics::default();
        let took = Duration::from_millis(3);
        metrics.request(Some(&Method::GET), Some("/docs"), StatusCode::OK, took);
        metrics.request(Some(&Method::from_bytes(b"BREW").unwrap()), None, StatusCode::NOT_FOUND, took);
        metrics.probe("slack", ProbeOutcome::Dead, took);
        metrics.refresh("slack", RefreshOutcome::Lost);
        metrics.revocation("slack", RevocationStatus::Failed);
        metrics.action_call("slack", "post_message", RunStatus::Unknown, took);
        metrics.proxied("slack", ProxyOutcome::Refused);
        let outcome = Outcome::Answered(503, None);
        metrics.delivery_attempted(&Attempted { outcome, took, answer: String::new() });
        metrics.delivery_age(Duration::from_millis(2500));
        metrics.provider_events("slack", "taken", 2);
        metrics.lease_taken_over();
        metrics.queue_age(Duration::from_millis(1500));
        metrics.rate_limiter_shared(true);
        metrics.rate_limit_fallback();
        metrics.audit_stream(3, Duration::from_millis(2500));
        metrics.integrations(Some(&[
            IntegrationCount { status: Status::Active, health: Health::Degraded, count: 12 },
            IntegrationCount { status: Status::Error, health: Health::Unhealthy, count: 0 },
        ]));
        metrics.client_connections(7);
        metrics.connection_cut(CutReason::Stalled);
        let pools = [PoolUse { pool: "reader", in_use: 2, idle: 3, max: 16 }];
        let text = metrics.clone().render(&pools).unwrap();
        for line in [
            r#"riq_http_requests_total{method="GET",route="/docs",status="200"} 1"#,
            r#"riq_http_requests_total{method="other",route="none",status="404"} 1"#,
            r#"riq_http_request_duration_seconds_bucket{method="GET",route="/docs",le="0.0025"} 0"#,
            r#"riq_http_request_duration_seconds_bucket{method="GET",route="/docs",le="0.005"} 1"#,
            r#"riq_probes_total{provider="slack",outcome="dead"} 1"#,
            r#"riq_probe_duration_seconds_count{provider="slack"} 1"#,
            r#"riq_token_refreshes_total{provider="slack",outcome="lost"} 1"#,
            r#"riq_revocations_total{provider="slack",outcome="failed"} 1"#,
            r#"riq_action_calls_total{provider="slack",action="post_message",outcome="unknown"} 1"#,
            r#"riq_action_call_duration_seconds_count{provider="slack"} 1"#,
            r#"riq_proxy_requests_total{provider="slack",outcome="refused"} 1"#,
            r#"riq_webhook_attempts_total{outcome="refused"} 1"#,
            "riq_webhook_duration_seconds_count 1",
            "riq_webhook_queue_age_seconds 2.5",
            r#"riq_provider_events_total{provider="slack",outcome="taken"} 2"#,
            "riq_leases_taken_over_total 1",
            "riq_probe_queue_age_seconds 1.5",
            "riq_rate_limiter_shared 1",
            "riq_rate_limit_fallbacks_total 1",
            "riq_audit_stream_unsent 3",
            "riq_audit_stream_age_seconds 2.5",
            r#"riq_integrations{status="active",health="degraded"} 12"#,
            r#"riq_integrations{status="error",health="unhealthy"} 0"#,
            "riq_client_connections 7",
            r#"riq_client_connections_cut_total{reason="stalled"} 1"#,
            r#"riq_database_connections{pool="reader",state="in_use"} 2"#,
            r#"riq_database_connections{pool="reader",state="idle"} 3"#,
            r#"riq_database_connections_max{pool="reader"} 16"#,
        ] {
            assert!(text.lines().any(|one| one == line), "{line} is not in\n{text}");
        }
    }

    #[test]
    fn of_integrations_that_nobody_could_count_nothing_is_said() {
        let metrics = Metrics::default();
        let says = || metrics.render(&[]).unwrap().contains("riq_integrations{");
        metrics.integrations(Some(&[IntegrationCount {
            status: Status::Active,
            health: Health::Healthy,
            count: 1,
        }]));
        assert!(says());
        metrics.integrations(None);
        assert!(!says());
    }

    #[test]
    fn what_is_in_flight_ends_when_it_is_dropped() {
        let metrics = Metrics::default();
        let is = |count| metrics.render(&[]).unwrap().contains(&format!("riq_probes_in_flight {count}\n"));
        let (one, other) = (metrics.in_flight(), metrics.in_flight());
        assert!(is(2));
        drop(one);
        assert!(is(1));
        drop(other);
        assert!(is(0));
    }
}
