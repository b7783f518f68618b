//! What answers say of rate limits.

use std::sync::LazyLock;
use std::time::Duration as Std;

use proptest::prelude::*;
use time::OffsetDateTime;
use time::macros::datetime;

use crate::catalog::{Catalog, contract_test::of_the_contract};
use crate::health::{Verdict, judge};
use crate::probe_answer::ProbeAnswer;
use crate::rate_limit::{asked_to_wait, is_exceeded};

/// 1779040500 as a Unix time.
const NOW: OffsetDateTime = datetime!(2026-05-17 17:55:00 UTC);

static CATALOG: LazyLock<Catalog> = LazyLock::new(of_the_contract);

/// How many milliseconds to wait after too many requests.
fn wait(key: &str, status: u16, headers: &[(&str, &str)]) -> Option<u128> {
    let provider = CATALOG.get(key).unwrap();
    let answer = ProbeAnswer { status, headers, body: b"" };
    let verdict = judge(provider, Ok(&answer));
    assert!(
        matches!(&verdict, Verdict::Degraded { message } if message.contains("too many requests")),
        "{verdict:?}"
    );
    asked_to_wait(provider, &answer, NOW).as_ref().map(Std::as_millis)
}

/// GraphQL APIs say it in the body.
#[test]
fn a_limit_that_stands_in_the_body_is_read() {
    let judged = |key: &str, status: u16, body: &str| {
        let answer = ProbeAnswer { status, headers: &[], body: body.as_bytes() };
        judge(CATALOG.get(key).unwrap(), Ok(&answer)).message().unwrap_or_default().to_owned()
    };
    let throttled = r#"{"errors": [{"message": "Throttled", "extensions": {"code": "THROTTLED"}}]}"#;
    assert_eq!(judged("shopify", 200, throttled), "Shopify is getting too many requests at the moment");
    let limited = r#"{"errors": [{"message": "Too fast", "extensions": {"code": "RATELIMITED"}}]}"#;
    assert_eq!(judged("linear", 400, limited), "Linear is getting too many requests at the moment");
    for (key, other) in [("shopify", limited), ("linear", throttled), ("shopify", "{}"), ("slack", throttled)]
    {
        assert!(!judged(key, 200, other).contains("too many"), "{key}: {other}");
    }
    // The headers beside it say how long to wait.
    let reset = [("x-ratelimit-requests-reset", "1779040620000")];
    let answer = ProbeAnswer { status: 400, headers: &reset, body: limited.as_bytes() };
    let wait = asked_to_wait(CATALOG.get("linear").unwrap(), &answer, NOW);
    assert_eq!(wait, Some(Std::from_secs(120)));
}

#[test]
fn a_wait_is_read_in_every_form() {
    for (text, milliseconds) in [
        ("120", 120_000),
        (" 120 ", 120_000),
        ("\"120\"", 120_000),
        ("1.5", 1_500),
        ("120.0", 120_000),
        ("1.2e2", 120_000),
        // The three HTTP dates of RFC 9110, section 5.6.7, and two relatives.
        ("Sun, 17 May 2026 17:57:00 GMT", 120_000),
        ("Sunday, 17-May-26 17:57:00 GMT", 120_000),
        ("Sun May 17 17:57:00 2026", 120_000),
        ("Sun, 17 May 2026 19:57:00 +0200", 120_000),
        ("2026-05-17T17:57:00Z", 120_000),
        ("2026-05-17T19:57:00.500+02:00", 120_500),
        // Unix times, in seconds and in smaller units.
        ("1779040620", 120_000),
        ("1779040620.5", 120_500),
        ("1779040620000", 120_000),
        ("1779040620000000", 120_000),
        ("1779040620000000000", 120_000),
        ("30s", 30_000),
        ("6m0s", 360_000),
        ("2 minutes", 120_000),
    ] {
        assert_eq!(wait("slack", 429, &[("retry-after", text)]), Some(milliseconds), "{text}");
    }
    for text in ["", "soon", "-5", "NaN", "inf", "1e999", "12 Mai", "0x10", "2026-05-17"] {
        assert_eq!(wait("slack", 429, &[("retry-after", text)]), None, "{text}");
    }
    assert_eq!(wait("slack", 429, &[]), None);
}

#[test]
fn a_wait_is_at_least_a_second_and_at_most_a_day_and_nothing_unbelievable() {
    let (second, hour, day) = (1_000, 3_600_000, 86_400_000);
    for (text, milliseconds) in [
        ("0", second),
        ("0.7", second),
        ("Sun, 17 May 2026 17:54:00 GMT", second),
        ("1779040440", second),
        ("1000000000", second),
        ("86400", day),
        ("86401", hour),
        ("999999999", hour),
        ("Mon, 18 May 2026 17:55:00 GMT", day),
        ("Sun, 17 May 2126 17:55:00 GMT", hour),
        ("9999-12-31T23:59:59Z", hour),
        ("100 years", hour),
    ] {
        assert_eq!(wait("slack", 429, &[("retry-after", text)]), Some(milliseconds), "{text}");
    }
}

#[test]
fn a_moment_is_compared_with_the_providers_own_clock() {
    // Its clock is ten minutes ahead of ours.
    let ahead = ("date", "Sun, 17 May 2026 18:05:00 GMT");
    for text in ["Sun, 17 May 2026 18:07:00 GMT", "1779041220"] {
        assert_eq!(wait("slack", 429, &[("retry-after", text), ahead]), Some(120_000), "{text}");
    }
    assert_eq!(wait("slack", 429, &[("retry-after", "120"), ahead]), Some(120_000));
    let at = ("retry-after", "Sun, 17 May 2026 17:57:00 GMT");
    for no_clock in ["today", "Thu, 01 Jan 1970 00:00:00 GMT", "Thu, 26 Nov 2026 03:00:00 GMT"] {
        assert_eq!(wait("slack", 429, &[at, ("date", no_clock)]), Some(120_000), "{no_clock}");
    }
}

#[test]
fn the_end_of_the_window_counts_where_no_wait_is_stated() {
    let spent = ("x-ratelimit-remaining", "0");
    for (reset, milliseconds) in [
        ("1779040590", 90_000),
        // Not what GitHub documents.
        ("90", 90_000),
        ("1779040590000", 90_000),
        ("2026-05-17T17:56:30Z", 90_000),
    ] {
        let headers = [spent, ("x-ratelimit-reset", reset)];
        assert_eq!(wait("github", 403, &headers), Some(milliseconds), "{reset}");
    }
    assert_eq!(wait("pipedrive", 429, &[spent, ("x-ratelimit-reset", "2")]), Some(2_000));
    for remaining in ["0", "0.0", "-1"] {
        let headers = [("x-ratelimit-remaining", remaining), ("x-ratelimit-reset", "1779040502")];
        assert_eq!(wait("pipedrive", 429, &headers), Some(2_000), "{remaining}");
    }
    // Too many requests, but nothing is said of how many are left.
    assert_eq!(wait("pipedrive", 429, &[("x-ratelimit-reset", "2")]), Some(2_000));
    // Another limit than that of this window.
    assert_eq!(wait("pipedrive", 429, &[("x-ratelimit-remaining", "9"), ("x-ratelimit-reset", "2")]), None);
    let reset = ("x-ratelimit-requests-reset", "1779040507000");
    assert_eq!(wait("linear", 429, &[("x-ratelimit-requests-remaining", "0"), reset]), Some(7_000));
    let short = ("x-ratelimit-requests-reset", "7000");
    assert_eq!(wait("linear", 429, &[("x-ratelimit-requests-remaining", "0"), short]), Some(7_000));
}

#[test]
fn a_good_answer_may_use_up_the_window() {
    let provider = CATALOG.get("github").unwrap();
    let asked = |remaining: &str| {
        let headers = [("x-ratelimit-remaining", remaining), ("x-ratelimit-reset", "1779040590")];
        asked_to_wait(provider, &ProbeAnswer { status: 200, headers: &headers, body: b"{}" }, NOW)
    };
    assert_eq!(asked("0"), Some(Std::from_secs(90)));
    assert_eq!(asked("1"), None);
}

#[test]
fn a_status_that_may_mean_too_many_is_judged_by_its_headers() {
    assert_eq!(wait("github", 403, &[("retry-after", "5")]), Some(5_000));
    let headers = [("x-ratelimit-remaining", "4000")];
    let forbidden = ProbeAnswer { status: 403, headers: &headers, body: b"" };
    let forbidden = judge(CATALOG.get("github").unwrap(), Ok(&forbidden));
    assert!(forbidden.message().unwrap().contains("status 403"), "{forbidden:?}");
}

#[test]
fn a_refusal_of_salesforce_is_judged_by_its_code() {
    let provider = CATALOG.get("salesforce").unwrap();
    let is_limit = |code: &str| {
        let body = format!(r#"[{{"errorCode": "{code}", "message": "No"}}]"#);
        is_exceeded(&provider.rate_limit, &ProbeAnswer { status: 403, headers: &[], body: body.as_bytes() })
    };
    assert!(is_limit("REQUEST_LIMIT_EXCEEDED"));
    for other in ["API_DISABLED_FOR_ORG", "INSUFFICIENT_ACCESS", "request_limit_exceeded", ""] {
        assert!(!is_limit(other), "{other}");
    }
    assert!(!is_exceeded(&provider.rate_limit, &ProbeAnswer { status: 403, headers: &[], body: b"<html>" }));
}

proptest! {
    #[test]
    fn whatever_a_provider_writes_the_wait_is_within_its_bounds(
        text in prop_oneof!["[ -~]{0,40}", any::<f64>().prop_map(|number| number.to_string())],
        date in "[ -~]{0,40}",
    ) {
        let headers = [("retry-after", text.as_str()), ("date", date.as_str())];
        let answer = ProbeAnswer { status: 429, headers: &headers, body: b"" };
        let asked = asked_to_wait(CATALOG.get("slack").unwrap(), &answer, NOW);
        let bounds = Std::from_secs(1)..=Std::from_secs(86_400);
        prop_assert!(asked.is_none_or(|wait| bounds.contains(&wait)), "{asked:?}");
    }
}
