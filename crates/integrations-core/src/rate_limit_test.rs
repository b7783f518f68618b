//! What answers say of rate limits.

use std::sync::LazyLock;
use std::time::Duration as Std;

use time::OffsetDateTime;
use time::macros::datetime;

use crate::catalog::Catalog;
use crate::health::{Verdict, judge};
use crate::probe_answer::ProbeAnswer;
use crate::rate_limit::asked_to_wait;

const NOW: OffsetDateTime = datetime!(2026-05-17 17:55:00 UTC);

static CATALOG: LazyLock<Catalog> = LazyLock::new(|| Catalog::embedded().unwrap());

/// How long to wait after too many requests.
fn wait(key: &str, status: u16, headers: &[(&str, &str)]) -> Option<Std> {
    let provider = CATALOG.get(key).unwrap();
    let answer = ProbeAnswer { status, headers, body: b"" };
    let verdict = judge(provider, Ok(&answer));
    assert!(
        matches!(&verdict, Verdict::Degraded { message } if message.contains("too many requests")),
        "{verdict:?}"
    );
    asked_to_wait(provider, &answer, NOW)
}

#[test]
fn too_many_requests_are_no_verdict() {
    assert_eq!(wait("slack", 429, &[("retry-after", "30")]), Some(Std::from_secs(30)));
    assert_eq!(wait("slack", 429, &[("retry-after", "0.7")]), Some(Std::from_secs(1)));
    assert_eq!(
        wait("slack", 429, &[("retry-after", "Sun, 17 May 2026 17:56:00 GMT")]),
        Some(Std::from_secs(60))
    );
    assert_eq!(wait("slack", 429, &[("retry-after", "Sun, 17 May 2026 17:54:00 GMT")]), None);
    assert_eq!(wait("slack", 429, &[("retry-after", "soon")]), None);
    assert_eq!(wait("slack", 429, &[]), None);
    assert_eq!(wait("slack", 429, &[("retry-after", "999999999")]), Some(Std::from_secs(86_400)));
}

#[test]
fn the_end_of_the_window_counts_where_no_wait_is_stated() {
    let spent = ("x-ratelimit-remaining", "0");
    let at = (NOW.unix_timestamp() + 90).to_string();
    assert_eq!(wait("github", 403, &[spent, ("x-ratelimit-reset", &at)]), Some(Std::from_secs(90)));
    assert_eq!(wait("pipedrive", 429, &[spent, ("x-ratelimit-reset", "2")]), Some(Std::from_secs(2)));
    let milliseconds = ((NOW.unix_timestamp() + 7) * 1000).to_string();
    let linear =
        [("x-ratelimit-requests-remaining", "0"), ("x-ratelimit-requests-reset", milliseconds.as_str())];
    assert_eq!(wait("linear", 429, &linear), Some(Std::from_secs(7)));
}

#[test]
fn a_status_that_may_mean_too_many_is_judged_by_its_headers() {
    assert_eq!(wait("github", 403, &[("retry-after", "5")]), Some(Std::from_secs(5)));
    let headers = [("x-ratelimit-remaining", "4000")];
    let forbidden = ProbeAnswer { status: 403, headers: &headers, body: b"" };
    let forbidden = judge(CATALOG.get("github").unwrap(), Ok(&forbidden));
    assert!(forbidden.message().unwrap().contains("status 403"), "{forbidden:?}");
    assert_eq!(wait("salesforce", 403, &[]), None);
}
