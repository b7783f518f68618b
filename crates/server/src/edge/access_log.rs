//! Writes the log of requests.

use std::time::{Duration, Instant};

use http::{Method, StatusCode};
use integrations_core::ids::ApiKeyId;

use super::allowance::Allowance;

/// How much of a path the log shows, in bytes. The longest path of the API is shorter.
const SHOWN_PATH: usize = 256;
/// How much of a method the log shows, in bytes.
const SHOWN_METHOD: usize = 16;
/// How many of the lines that anybody can cause are written in a second.
const LINES_A_SECOND: u32 = 20;

/// The log of requests.
#[derive(Debug)]
pub(super) struct AccessLog {
    anybodys: Allowance,
    started: Instant,
}

/// A request, as the log shows it.
#[derive(Debug)]
pub(super) struct Line<'a> {
    pub(super) method: &'a Method,
    /// Without the query, which may hold what people typed.
    pub(super) path: &'a str,
    pub(super) status: StatusCode,
    pub(super) key: Option<ApiKeyId>,
    pub(super) request_id: &'a str,
    pub(super) took: Duration,
    /// Whether the request is answered at any rate.
    pub(super) is_never_limited: bool,
}

impl Line<'_> {
    /// Whether a client can cause as many of these as it likes: no key and no limit holds it back.
    fn is_anybodys(&self) -> bool {
        let is_failure = self.status.is_client_error() || self.status.is_server_error();
        self.is_never_limited
            || self.status == StatusCode::TOO_MANY_REQUESTS
            || (self.key.is_none() && is_failure)
    }
}

impl AccessLog {
    pub(super) fn new() -> Self {
        Self { anybodys: Allowance::new(LINES_A_SECOND, Duration::from_secs(1)), started: Instant::now() }
    }

    /// Writes the line of a request.
    pub(super) fn request(&self, line: &Line<'_>) {
        if line.is_anybodys() && !self.takes_anybodys() {
            return;
        }
        tracing::info!(
            method = shown(line.method.as_str(), SHOWN_METHOD),
            path = shown(line.path, SHOWN_PATH),
            status = line.status.as_u16(),
            micros = u64::try_from(line.took.as_micros()).unwrap_or(u64::MAX),
            key = line.key.map(tracing::field::display),
            request_id = line.request_id,
            "request"
        );
    }

    /// Writes the line of input that was not a request.
    pub(super) fn garbage(&self, status: StatusCode, request_id: &str) {
        if self.takes_anybodys() {
            tracing::info!(status = status.as_u16(), request_id, "not a request");
        }
    }

    fn takes_anybodys(&self) -> bool {
        let taken = self.anybodys.take(self.started.elapsed());
        if taken.withheld > 0 {
            tracing::warn!(
                lines = taken.withheld,
                "lines about refused requests were left out: there were more than {LINES_A_SECOND} a second. The \
                 metric riq_http_requests_total counts them all"
            );
        }
        taken.is_granted
    }
}

/// The beginning of a text, at most this many bytes long.
fn shown(text: &str, length: usize) -> &str {
    &text[..text.floor_char_boundary(length)]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_path_is_shown_by_its_beginning() {
        assert_eq!(shown("/docs", SHOWN_PATH), "/docs");
        assert_eq!(shown(&format!("/{}", "x".repeat(60_000)), SHOWN_PATH).len(), SHOWN_PATH);
        assert_eq!(shown("/é", 2), "/", "no character is cut in two");
    }

    #[test]
    fn lines_that_anybody_can_cause_are_told_apart() {
        let is_anybodys = |status: u16, with_key: bool, is_never_limited: bool| {
            let line = Line {
                method: &Method::GET,
                path: "/",
                status: StatusCode::from_u16(status).unwrap(),
                key: with_key.then(|| ApiKeyId::from_bits(1)),
                request_id: "req_1",
                took: Duration::ZERO,
                is_never_limited,
            };
            line.is_anybodys()
        };
        for status in [400, 401, 404, 429, 499, 503] {
            assert!(is_anybodys(status, false, false), "{status}");
            assert_eq!(is_anybodys(status, true, false), status == 429, "{status}");
        }
        assert!(!is_anybodys(200, false, false) && !is_anybodys(303, false, false));
        assert!(is_anybodys(200, false, true), "/healthz has no limit");
    }
}
