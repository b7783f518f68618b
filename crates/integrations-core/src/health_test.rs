//! How answers to probes are judged.

use std::sync::LazyLock;

use proptest::prelude::*;
use serde_json::{Value, json};

use crate::catalog::Catalog;
use crate::health::{NoAnswer, Verdict, judge};
use crate::lifecycle::Health;
use crate::probe_answer::ProbeAnswer;

static CATALOG: LazyLock<Catalog> = LazyLock::new(|| Catalog::embedded().unwrap());

fn verdict(key: &str, status: u16, headers: &[(&str, &str)], body: &str) -> Verdict {
    let answer = ProbeAnswer { status, headers, body: body.as_bytes() };
    judge(CATALOG.get(key).unwrap(), Ok(&answer))
}

fn json_verdict(key: &str, status: u16, body: Value) -> Verdict {
    verdict(key, status, &[], &body.to_string())
}

fn is_degraded(verdict: &Verdict) -> bool {
    matches!(verdict, Verdict::Degraded { .. })
}

#[test]
fn statuses_decide_where_the_body_says_nothing() {
    assert_eq!(verdict("github", 200, &[], "{}"), Verdict::Well);
    let dead = verdict("github", 401, &[], "");
    assert_eq!(dead.message(), Some("GitHub does not accept the access token: connect it again"));
    assert_eq!(dead.health(), Health::Unhealthy);
    for status in [302, 404, 500, 503] {
        let verdict = verdict("github", status, &[], "");
        assert!(is_degraded(&verdict), "{status}");
        assert!(verdict.message().unwrap().contains(&status.to_string()));
        assert_eq!(verdict.health(), Health::Degraded);
    }
}

#[test]
fn what_is_refused_has_its_own_name() {
    assert!(verdict("postmark", 401, &[], "").message().unwrap().contains("the API key"));
    assert!(verdict("discord", 404, &[], "").message().unwrap().contains("the webhook URL"));
}

#[test]
fn slack_says_in_the_body_whether_it_accepts_the_token() {
    assert_eq!(json_verdict("slack", 200, json!({"ok": true})), Verdict::Well);
    assert_eq!(
        json_verdict("slack", 200, json!({"ok": false, "error": "token_revoked"})),
        Verdict::Dead {
            message: "Slack does not accept the access token (token_revoked): connect it again".into()
        }
    );
    assert!(is_degraded(&json_verdict("slack", 200, json!({"ok": false, "error": "fatal_error"}))));
    assert!(is_degraded(&verdict("slack", 200, &[], "<html>")));
    assert!(is_degraded(&verdict("slack", 200, &[], "")));
}

#[test]
fn an_error_code_counts_whatever_the_status() {
    let refused = json!({"errors": [{"extensions": {"code": "AUTHENTICATION_ERROR"}}]});
    assert!(matches!(json_verdict("linear", 400, refused), Verdict::Dead { .. }));
    let limited = json!({"errors": [{"extensions": {"code": "RATELIMITED"}}]});
    assert!(is_degraded(&json_verdict("linear", 400, limited)));
}

#[test]
fn an_anonymous_user_of_zendesk_means_a_dead_credential() {
    assert_eq!(json_verdict("zendesk", 200, json!({"user": {"id": 1}})), Verdict::Well);
    assert!(matches!(json_verdict("zendesk", 200, json!({"user": {"id": null}})), Verdict::Dead { .. }));
    // A proxy's error page says nothing about the credential.
    assert!(is_degraded(&verdict("zendesk", 200, &[], "<html>")));
}

#[test]
fn a_query_that_fails_at_shopify_says_nothing_of_the_token() {
    let failed = json!({"data": null, "errors": [{"message": "Internal error"}]});
    assert!(is_degraded(&json_verdict("shopify", 200, failed)));
    assert!(matches!(verdict("shopify", 401, &[], ""), Verdict::Dead { .. }));
    assert!(is_degraded(&verdict("shopify", 423, &[], "")));
}

#[test]
fn a_provider_that_does_not_answer_is_not_the_credentials_fault() {
    let verdict = judge(CATALOG.get("slack").unwrap(), Err(NoAnswer::TimedOut));
    assert_eq!(verdict, Verdict::Degraded { message: "Slack did not answer in time".into() });
}

proptest! {
    #[test]
    fn any_answer_can_be_judged_and_its_body_is_never_repeated(
        key in prop::sample::select(vec!["slack", "github", "linear", "zendesk", "pipedrive", "shopify"]),
        status in any::<u16>(),
        code in "SECRET-[a-z]{6}",
        value in "[ -~]{0,20}",
    ) {
        let body = json!({"ok": false, "error": &code, "errors": [{"extensions": {"code": &code}}], "user": &code});
        let headers = [("retry-after", value.as_str()), ("x-ratelimit-reset", value.as_str()), ("x-secret", &code)];
        let body = body.to_string();
        let answer = ProbeAnswer { status, headers: &headers, body: body.as_bytes() };
        let verdict = judge(CATALOG.get(key).unwrap(), Ok(&answer));
        let logged = format!("{verdict:?} {answer:?}");
        prop_assert!(!logged.contains("SECRET-"), "{}", logged);
    }
}
