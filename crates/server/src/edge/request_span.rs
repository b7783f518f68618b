//! The span of a request, by OpenTelemetry's conventions for servers
//! (opentelemetry.io/docs/specs/semconv/http/http-spans). It has the route but neither path nor query, which may hold
//! what people typed.

use http::{Request, StatusCode};
use opentelemetry::{global, trace::TraceContextExt as _};
use opentelemetry_http::HeaderExtractor;
use tracing::{Span, field::Empty};
use tracing_opentelemetry::OpenTelemetrySpanExt as _;

use super::found_route::FoundRoute;
use crate::metrics;

/// The span of a request, within the trace that the client began (`traceparent`, W3C Trace Context). It is disabled if
/// tracing is off.
pub(super) fn begin<B>(request: &Request<B>, request_id: &str) -> Span {
    let span = tracing::info_span!(
        "request",
        otel.kind = "server",
        otel.status_code = Empty,
        http.request.method = Empty,
        http.route = Empty,
        http.response.status_code = Empty,
        riq.request_id = request_id,
    );
    if !span.is_disabled() {
        let caller = global::get_text_map_propagator(|propagator| {
            propagator.extract(&HeaderExtractor(request.headers()))
        });
        // This fails only for a span that has started, and this one has not.
        span.set_parent(caller).unwrap_or_default();
        span.record("http.request.method", metrics::method(request.method()));
    }
    span
}

/// Completes the span with the result of the request.
pub(super) fn end(span: &Span, method: &http::Method, route: &FoundRoute, status: StatusCode) {
    if span.is_disabled() {
        return;
    }
    // The name of a span cannot be changed through a field, so it is set here.
    let method = metrics::method(method);
    if let Some(route) = route.pattern() {
        span.record("http.route", route);
        span.context().span().update_name(format!("{method} {route}"));
    } else {
        span.context().span().update_name(method);
    }
    span.record("http.response.status_code", status.as_u16());
    if status.is_server_error() {
        span.record("otel.status_code", "ERROR");
    }
}
