//! `GET /metrics`: for Prometheus.

use axum::{
    Extension,
    extract::State,
    response::{IntoResponse as _, Response},
};
use http::{HeaderMap, HeaderName, HeaderValue, header};
use integrations_core::{error::ErrorCode, wire::ApiError};
use secrecy::ExposeSecret as _;

use crate::{
    edge::{client_address::Peer, failure::Failure, settings::HttpSettings},
    http::examples::REQUEST_ID,
    http::failures::OnMetrics,
    http::state::Api,
    metrics,
    token::TokenHash,
};

/// The headers that proxies add. A request with one of them may come from another machine, even if the proxy is on this
/// one.
const ADDED_BY_PROXIES: [HeaderName; 6] = [
    header::FORWARDED,
    header::VIA,
    HeaderName::from_static("x-forwarded-for"),
    HeaderName::from_static("x-forwarded-host"),
    HeaderName::from_static("x-forwarded-proto"),
    HeaderName::from_static("x-real-ip"),
];

const REFUSAL: &str =
    "Read the metrics on the server's own machine, or send RIQ_METRICS_TOKEN as a bearer token";

/// Read the server's metrics
///
/// Returns the metrics in Prometheus' text format (version 0.0.4). Only clients on the server's own machine that use no
/// proxy, and clients that send the server's `RIQ_METRICS_TOKEN` as a bearer token, may read them. They contain nothing
/// about single projects.
#[utoipa::path(
    get,
    path = "/metrics",
    operation_id = "getMetrics",
    tag = "Server",
    security((), ("metrics_token" = [])),
    responses(
        (status = 200, description = "Metrics of requests, integrations, probes, token refreshes, leases and database connections", body = String,
         content_type = "text/plain",
         example = "# HELP riq_leases_taken_over_total Leases that this server took over because their owner let \
                    them expire.\n# TYPE riq_leases_taken_over_total counter\nriq_leases_taken_over_total 0\n"),
        (status = 401, description = "`UNAUTHORIZED`: the client sends a wrong token, or is on another machine and sends none",
         body = ApiError, content_type = "application/json",
         example = json!({"error": REFUSAL, "code": "UNAUTHORIZED", "request_id": REQUEST_ID})),
        OnMetrics,
    ),
)]
pub(super) async fn metrics(
    State(api): State<Api>,
    Extension(peer): Extension<Peer>,
    headers: HeaderMap,
) -> Result<Response, Failure> {
    if !may_read(peer, &headers, &api.settings) {
        return Err(if headers.contains_key(header::AUTHORIZATION) {
            Failure::invalid_token(REFUSAL)
        } else {
            Failure::new(ErrorCode::Unauthorized, REFUSAL)
        });
    }
    api.metrics.integrations(api.census.integrations().await.as_deref());
    let text = api.metrics.render(&api.database.pools()).map_err(|error| Failure::internal(&error))?;
    let media = HeaderValue::from_static(metrics::CONTENT_TYPE);
    Ok(([(header::CONTENT_TYPE, media)], text).into_response())
}

fn may_read(Peer(peer): Peer, headers: &HeaderMap, settings: &HttpSettings) -> bool {
    let peer = peer.to_canonical();
    let is_proxy = settings.trusted_proxies.as_ref().is_some_and(|proxies| proxies.contain(peer));
    let own = settings.trusted_proxies.iter().map(|proxies| &proxies.header);
    let is_passed_on = ADDED_BY_PROXIES.iter().chain(own).any(|name| headers.contains_key(name));
    match headers.get(header::AUTHORIZATION) {
        // A wrong token is refused even on this machine, so that the mistake is noticed.
        Some(presented) => settings.metrics_token.as_ref().is_some_and(|token| {
            // Compares hashes in constant time, so that the duration says nothing about the token.
            bearer(presented).map(TokenHash::of) == Some(TokenHash::of(token.expose_secret()))
        }),
        None => peer.is_loopback() && !is_proxy && !is_passed_on,
    }
}

/// The token of `Authorization: Bearer TOKEN` (RFC 6750, section 2.1).
fn bearer(presented: &HeaderValue) -> Option<&str> {
    let (scheme, token) = presented.to_str().ok()?.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| token.trim())
}

#[cfg(test)]
mod tests {
    use std::net::IpAddr;

    use super::*;
    use crate::edge::client_address::TrustedProxies;

    const TOKEN: &str = "SECRET-metrics-token";

    fn reads(peer: &str, headers: &[(&'static str, &str)], set: impl FnOnce(&mut HttpSettings)) -> bool {
        let peer: IpAddr = peer.parse().unwrap();
        let mut settings = HttpSettings::at((peer, 80).into());
        settings.metrics_token = Some(TOKEN.into());
        set(&mut settings);
        let headers =
            headers.iter().map(|(name, value)| (HeaderName::from_static(name), value.parse().unwrap()));
        may_read(Peer(peer), &headers.collect(), &settings)
    }

    #[test]
    fn a_client_on_the_machine_reads_unless_it_may_be_a_proxy() {
        for peer in ["127.0.0.1", "127.8.8.8", "::1", "::ffff:127.0.0.1"] {
            assert!(reads(peer, &[], |_| {}), "{peer}");
            for name in &ADDED_BY_PROXIES {
                let name = Box::leak(name.to_string().into_boxed_str());
                assert!(!reads(peer, &[(name, "x")], |_| {}), "{peer} with {name}");
            }
        }
        for peer in ["192.0.2.1", "10.0.0.1", "::2", "0.0.0.0", "::ffff:10.0.0.1"] {
            assert!(!reads(peer, &[], |_| {}), "{peer}");
        }
        let behind = |settings: &mut HttpSettings| {
            let (networks, header) = (vec!["127.0.0.1/32".parse().unwrap()], header::FORWARDED);
            settings.trusted_proxies = Some(TrustedProxies { networks, header });
        };
        assert!(!reads("127.0.0.1", &[], behind));
        assert!(!reads("::ffff:127.0.0.1", &[], behind));
    }

    #[test]
    fn only_the_token_works_from_other_machines() {
        let with = |peer, sent: &str| reads(peer, &[("authorization", sent), ("via", "1.1 proxy")], |_| {});
        for peer in ["192.0.2.1", "127.0.0.1"] {
            assert!(with(peer, "Bearer SECRET-metrics-token"));
            assert!(with(peer, "bearer SECRET-metrics-token"));
            for wrong in
                ["Bearer SECRET-metrics-toke", "Bearer ", "Bearer", "Basic SECRET-metrics-token", TOKEN]
            {
                assert!(!with(peer, wrong), "{peer} with {wrong}");
            }
        }
        let sent = [("authorization", "Bearer SECRET-metrics-token")];
        assert!(!reads("127.0.0.1", &sent, |settings| settings.metrics_token = None), "no token is set");
    }
}
