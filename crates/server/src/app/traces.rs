//! Traces: where a request or probe spends its time. They are sent to a collector as OTLP over HTTP, in protobuf.
//!
//! Without a collector in `OTEL_EXPORTER_OTLP_ENDPOINT` there are no traces, and spans cost nothing. The other
//! variables are OpenTelemetry's (opentelemetry.io/docs/specs/otel/configuration/sdk-environment-variables).

use std::{env, fmt, future::Future, pin::Pin, time::Duration};

use anyhow::{Context as _, anyhow};
use bytes::Bytes;
use opentelemetry::{Key, KeyValue, global, trace::TracerProvider as _};
use opentelemetry_http::{HttpClient, HttpError};
use opentelemetry_otlp::{SpanExporter, WithHttpConfig as _};
use opentelemetry_sdk::{
    Resource,
    propagation::TraceContextPropagator,
    trace::{SdkTracer, SdkTracerProvider},
};
use tokio::runtime::Handle;
use tracing::{Level, Subscriber};
use tracing_subscriber::{Layer, filter::filter_fn, registry::LookupSpan};

use crate::provider::outbound;

/// The variables that name a collector: for everything, or for traces only.
const ENDPOINTS: [&str; 2] = ["OTEL_EXPORTER_OTLP_ENDPOINT", "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT"];
const SERVICE: &str = "riq-server";
/// How long the collector may take to answer.
const TIMEOUT: Duration = Duration::from_secs(10);
/// How long the process waits at its end for the last spans to be sent.
const SHUTDOWN_TIMEOUT: Duration = Duration::from_secs(5);

/// Sends spans to a collector.
#[derive(Clone, Debug)]
pub struct Traces {
    provider: SdkTracerProvider,
    tracer: SdkTracer,
}

impl Traces {
    /// Starts sending, if a collector is named. Call it once, inside the runtime.
    pub fn start() -> anyhow::Result<Option<Self>> {
        if !ENDPOINTS.iter().any(|name| env::var_os(name).is_some_and(|value| !value.is_empty())) {
            return Ok(None);
        }
        let collector = Collector::new().context("the client for the collector of traces cannot be made")?;
        let exporter = SpanExporter::builder().with_http().with_http_client(collector).build();
        // The error would show the address, which may hold a password.
        let exporter = exporter.map_err(|_| {
            anyhow!("traces cannot be sent: OTEL_EXPORTER_OTLP_ENDPOINT or another OTEL_EXPORTER_OTLP_… is not valid")
        })?;
        let provider =
            SdkTracerProvider::builder().with_batch_exporter(exporter).with_resource(resource()).build();
        global::set_text_map_propagator(TraceContextPropagator::new());
        Ok(Some(Self { tracer: provider.tracer(SERVICE), provider }))
    }

    /// The layer that passes the server's spans on. It leaves out events, because log lines may contain paths.
    pub fn layer<S: Subscriber + for<'a> LookupSpan<'a>>(&self) -> impl Layer<S> + use<S> {
        tracing_opentelemetry::layer()
            .with_tracer(self.tracer.clone())
            .with_location(false)
            .with_threads(false)
            .with_tracked_inactivity(false)
            .with_filter(filter_fn(|metadata| {
                metadata.is_span()
                    && *metadata.level() <= Level::INFO
                    && metadata.target().starts_with("riq_server")
            }))
    }

    /// Sends the remaining spans. If the collector is away, they are lost, and the log says so.
    pub async fn finish(self) {
        // The call blocks until the exporter is done, and the exporter needs the runtime's threads.
        let sent =
            tokio::task::spawn_blocking(move || self.provider.shutdown_with_timeout(SHUTDOWN_TIMEOUT)).await;
        match sent {
            Ok(Ok(())) => {}
            Ok(Err(error)) => tracing::warn!(%error, "the last traces were not sent and are lost"),
            Err(error) => tracing::warn!(%error, "the last traces were not sent and are lost"),
        }
    }
}

/// Describes the sender of the spans: name, version, and the attributes of `OTEL_SERVICE_NAME` and
/// `OTEL_RESOURCE_ATTRIBUTES`.
fn resource() -> Resource {
    let given = Resource::builder().build();
    let is_named = given
        .get(&Key::from_static_str("service.name"))
        .is_some_and(|name| !name.as_str().starts_with("unknown_service"));
    let version = KeyValue::new("service.version", env!("CARGO_PKG_VERSION"));
    let builder = Resource::builder().with_attribute(version);
    if is_named { builder.build() } else { builder.with_service_name(SERVICE).build() }
}

/// Sends to the collector with reqwest, like the rest of the server. It does not use `Outbound`, because the operator
/// names the collector: it may have a private address and no TLS.
#[derive(Clone)]
struct Collector {
    client: reqwest::Client,
    runtime: Handle,
}

impl Collector {
    fn new() -> anyhow::Result<Self> {
        outbound::use_ring();
        let client = reqwest::Client::builder()
            .user_agent(concat!("riq-server/", env!("CARGO_PKG_VERSION")))
            .redirect(reqwest::redirect::Policy::none())
            .no_proxy()
            .timeout(TIMEOUT)
            .build()?;
        Ok(Self { client, runtime: Handle::current() })
    }
}

impl fmt::Debug for Collector {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Collector")
    }
}

type Sent<'a> = Pin<Box<dyn Future<Output = Result<http::Response<Bytes>, HttpError>> + Send + 'a>>;

impl HttpClient for Collector {
    fn send_bytes<'a, 'sent>(&'a self, request: http::Request<Bytes>) -> Sent<'sent>
    where
        'a: 'sent,
        Self: 'sent,
    {
        let client = self.client.clone();
        // The exporter waits on its own thread. Sockets and timers need the runtime, so the request runs there.
        let sending = self.runtime.spawn(async move { send(&client, request).await });
        Box::pin(async move { sending.await? })
    }
}

async fn send(
    client: &reqwest::Client,
    request: http::Request<Bytes>,
) -> Result<http::Response<Bytes>, HttpError> {
    // Errors go to the log, and the address may hold a password.
    let bare = |error: reqwest::Error| error.without_url();
    let request = reqwest::Request::try_from(request).map_err(bare)?;
    let mut answer = client.execute(request).await.map_err(bare)?;
    let mut response = http::Response::builder().status(answer.status());
    if let Some(headers) = response.headers_mut() {
        *headers = std::mem::take(answer.headers_mut());
    }
    Ok(response.body(answer.bytes().await.map_err(bare)?)?)
}
