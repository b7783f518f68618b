//! What the server counts and measures, for Prometheus.
//!
//! Names follow Prometheus' conventions (prometheus.io/docs/practices/naming): the prefix `riq_`, base units, and
//! `_total` for what only grows. docs/setup/monitoring.md tells what to make of them.

#[cfg(test)]
mod documents_test;
mod labels;

use std::{
    fmt,
    sync::{Arc, atomic::AtomicU64},
    time::Duration,
};

use http::{Method, StatusCode};
use prometheus_client::{
    encoding::prometheus_text,
    metrics::{counter::Counter, family::Family, gauge::Gauge, histogram::Histogram},
    registry::{Metric, Registry},
};

pub(crate) use self::labels::method;
pub use self::labels::{ProbeOutcome, RefreshOutcome};

/// The media type of what [`Metrics::render`] writes: Prometheus' text format.
pub const CONTENT_TYPE: &str = prometheus_text::CONTENT_TYPE;

/// The route of requests that reached none: an unknown path, a key that is refused, a limit that is used up.
const NO_ROUTE: &str = "none";

/// Upper bounds of the buckets for the time that a request takes, in seconds. Most take less than a millisecond; the
/// longest that one may take is 30 s by default.
const REQUEST_BUCKETS: [f64; 13] =
    [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 5.0, 30.0];
/// Upper bounds of the buckets for the time that a provider takes, in seconds. It is cut off after 10 s by default.
const PROBE_BUCKETS: [f64; 9] = [0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0];

type Histograms<L> = Family<L, Histogram, fn() -> Histogram>;

/// How far a pool of connections to the database is used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PoolUse {
    /// Which: `shared` on PostgreSQL; on SQLite `reader` and `writer`; and `lanes`, the part of the first that is kept
    /// for the reads that requests wait for, and is counted there too.
    pub pool: &'static str,
    /// Connections that somebody works with.
    pub in_use: u32,
    /// Open connections that wait for work.
    pub idle: u32,
    /// Connections that may be open.
    pub max: u32,
}

/// What the server counts and measures. Cheap to clone; clones count together.
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
    refreshes: Family<labels::Refresh, Counter>,
    leases_taken_over: Counter,
    rate_limiter_shared: Gauge,
    rate_limit_fallbacks: Counter,
    connections: Family<labels::Connections, Gauge>,
    connections_max: Family<labels::Pool, Gauge>,
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
                "Time that a provider took to answer a probe, or until it was given up",
                Family::new_with_constructor(|| Histogram::new(PROBE_BUCKETS)),
            ),
            probes_in_flight: names.register(
                "probes_in_flight",
                "Probes and token refreshes under way",
                Gauge::default(),
            ),
            queue_age: names.register(
                "probe_queue_age_seconds",
                "How long the probe that has waited longest is due already",
                Gauge::default(),
            ),
            refreshes: names.register("token_refreshes", "Token refreshes that ended", Family::default()),
            leases_taken_over: names.register(
                "leases_taken_over",
                "Leases on work that this server took over, as their owner let them expire",
                Counter::default(),
            ),
            rate_limiter_shared: names.register(
                "rate_limiter_shared",
                "1 where rate limits hold across replicas at this moment, 0 where each counts alone",
                Gauge::default(),
            ),
            rate_limit_fallbacks: names.register(
                "rate_limit_fallbacks",
                "Requests counted by this server alone, as the shared rate limiter did not answer",
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
            registry: names.0,
        }))
    }
}

/// Where metrics get their names.
struct Names(Registry);

impl Names {
    fn register<M: Metric + Clone>(&mut self, name: &str, help: &str, metric: M) -> M {
        self.0.register(name, help, metric.clone());
        metric
    }
}

impl Metrics {
    /// A request was answered: `method` where it had one, being HTTP. `route` is its pattern, such as `/api/v1/projects/{projectId}/integrations`, never its
    /// path: paths have no bound.
    pub fn request(&self, method: Option<&Method>, route: Option<&str>, status: StatusCode, took: Duration) {
        let (method, route): (_, Arc<str>) =
            (method.map_or(labels::OTHER, labels::method), route.unwrap_or(NO_ROUTE).into());
        let request = labels::Request { method, route: Arc::clone(&route), status: status.as_u16() };
        self.0.requests.get_or_create(&request).inc();
        let route = labels::Route { method, route };
        self.0.request_durations.get_or_create(&route).observe(took.as_secs_f64());
    }

    /// A probe of `provider`, one of the catalog, ended after `took`.
    pub fn probe(&self, provider: &str, outcome: ProbeOutcome, took: Duration) {
        let provider = provider.to_owned();
        let timed = labels::Provider { provider: provider.clone() };
        self.0.probe_durations.get_or_create(&timed).observe(took.as_secs_f64());
        self.0.probes.get_or_create(&labels::Probe { provider, outcome }).inc();
    }

    /// A refresh of a token of `provider`, one of the catalog, ended.
    pub fn refresh(&self, provider: &str, outcome: RefreshOutcome) {
        self.0.refreshes.get_or_create(&labels::Refresh { provider: provider.to_owned(), outcome }).inc();
    }

    /// A lease that its owner let expire was taken over.
    pub fn lease_taken_over(&self) {
        self.0.leases_taken_over.inc();
    }

    /// The probe that has waited longest is due since `age`; zero where none is due.
    pub fn queue_age(&self, age: Duration) {
        self.0.queue_age.set(age.as_secs_f64());
    }

    /// A probe or refresh is under way until the value is dropped.
    #[must_use]
    pub fn in_flight(&self) -> InFlight {
        self.0.probes_in_flight.inc();
        InFlight(self.clone())
    }

    /// Whether rate limits hold across replicas from now on.
    pub fn rate_limiter_shared(&self, shared: bool) {
        self.0.rate_limiter_shared.set(shared.into());
    }

    /// A request was counted by this server alone, as the shared rate limiter did not answer.
    pub fn rate_limit_fallback(&self) {
        self.0.rate_limit_fallbacks.inc();
    }

    /// Everything, in Prometheus' text format (version 0.0.4), with the pools as they are at this moment.
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

/// A probe or refresh under way.
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
        metrics.lease_taken_over();
        metrics.queue_age(Duration::from_millis(1500));
        metrics.rate_limiter_shared(true);
        metrics.rate_limit_fallback();
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
            "riq_leases_taken_over_total 1",
            "riq_probe_queue_age_seconds 1.5",
            "riq_rate_limiter_shared 1",
            "riq_rate_limit_fallbacks_total 1",
            r#"riq_database_connections{pool="reader",state="in_use"} 2"#,
            r#"riq_database_connections{pool="reader",state="idle"} 3"#,
            r#"riq_database_connections_max{pool="reader"} 16"#,
        ] {
            assert!(text.lines().any(|one| one == line), "{line} is not in\n{text}");
        }
    }

    #[test]
    fn what_is_under_way_ends_when_it_is_dropped() {
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
