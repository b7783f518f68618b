//! How answers to probes are judged.

use std::sync::LazyLock;

use proptest::prelude::*;
use serde_json::{Value, json};

use crate::catalog::{Catalog, contract_test::of_the_contract};
use crate::health::{NoAnswer, Verdict, judge};
use crate::lifecycle::Health;
use crate::probe_answer::ProbeAnswer;

static CATALOG: LazyLock<Catalog> = LazyLock::new(of_the_contract);

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
    assert_eq!(json_verdict("github", 200, json!({"id": 1})), Verdict::Well);
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
    assert!(is_degraded(&json_verdict("zendesk", 200, json!({"message": "Down for maintenance"}))));
    // A proxy's error page says nothing about the credential.
    assert!(is_degraded(&verdict("zendesk", 200, &[], "<html>")));
}

/// What each provider documents as the answer to a working credential, cut to the part that proves it.
fn proofs() -> Vec<(&'static str, Value)> {
    let proofs = vec![
        ("cal-com", json!({"status": "success", "data": {"id": 1234}})),
        ("discord", json!({"id": "223704706495545344", "type": 1})),
        ("github", json!({"login": "octocat", "id": 1})),
        ("hubspot", json!({"portalId": 1_234_567, "accountType": "STANDARD"})),
        ("linear", json!({"data": {"organization": {"id": "o", "name": "Acme"}}})),
        // An account without a domain.
        ("mailgun", json!({"total_count": 0, "items": []})),
        ("notion", json!({"object": "user", "id": "b3414d65", "type": "bot"})),
        ("pipedrive", json!({"success": true, "data": {"id": 1}})),
        ("postmark", json!({"ID": 1, "Name": "Staging Testing"})),
        ("salesforce", json!({"sobjects": "/services/data/v62.0/sobjects"})),
        ("shopify", json!({"data": {"shop": {"name": "Acme"}}})),
        ("slack", json!({"ok": true, "team": "Acme"})),
        ("stripe", json!({"object": "balance", "available": []})),
        ("zendesk", json!({"user": {"id": 35436}})),
    ];
    let keys: Vec<String> = CATALOG.iter().map(|provider| provider.key.to_string()).collect();
    assert_eq!(keys, proofs.iter().map(|(key, _)| *key).collect::<Vec<_>>());
    proofs
}

#[test]
fn only_what_a_provider_documents_is_proof() {
    for (key, proof) in proofs() {
        assert_eq!(json_verdict(key, 200, proof.clone()), Verdict::Well, "{key}");
        let name = &CATALOG.get(key).unwrap().name;
        for (body, instead) in [
            ("", "an empty body instead of JSON"),
            (" \r\n", "an empty body instead of JSON"),
            ("<html><body>Sign in</body></html>", "a web page instead of JSON"),
            ("\u{feff}\n<!DOCTYPE html><title>Free Wi-Fi</title>", "a web page instead of JSON"),
            ("OK", "something that is not JSON"),
            ("{\"status\": \"suc", "something that is not JSON"),
            ("[]", "JSON of another shape than expected"),
            ("null", "JSON of another shape than expected"),
            ("true", "JSON of another shape than expected"),
            ("200", "JSON of another shape than expected"),
            ("\"ok\"", "JSON of another shape than expected"),
            ("{}", "JSON that does not say whether it accepts the credential"),
            ("{\"message\": \"Welcome\"}", "JSON that does not say whether it accepts the credential"),
        ] {
            let verdict = verdict(key, 200, &[], body);
            assert!(is_degraded(&verdict), "{key} {body}: {verdict:?}");
            assert_eq!(verdict.message(), Some(&*format!("{name} answered with {instead}")), "{key} {body}");
        }
        let in_a_list = Value::from(vec![proof.clone()]);
        assert!(is_degraded(&json_verdict(key, 200, in_a_list)), "{key}");
        // The proof with another status is none, and neither is a status alone.
        for status in [201, 202, 203, 204, 206, 301, 302, 304, 307, 407, 451, 500, 511] {
            assert!(is_degraded(&json_verdict(key, status, proof.clone())), "{key} {status}");
            assert!(is_degraded(&verdict(key, status, &[], "")), "{key} {status}");
        }
    }
}

#[test]
fn a_web_page_refuses_no_credential_unless_the_status_is_about_it_alone() {
    let page = [("content-type", "text/html; charset=utf-8")];
    for (key, _) in proofs() {
        for status in [200, 400, 402, 403, 404, 406, 410, 429, 500, 503] {
            for body in ["<html>Access denied</html>", "Access denied"] {
                let verdict = verdict(key, status, &page, body);
                assert!(is_degraded(&verdict), "{key} {status}: {verdict:?}");
            }
        }
        assert!(matches!(verdict(key, 401, &page, "<html>"), Verdict::Dead { .. }), "{key}");
    }
    assert_eq!(
        verdict("shopify", 403, &page, "<html>").message(),
        Some("Shopify answered with a web page instead of JSON (status 403)")
    );
    let refusal = json!({"errors": "[API] This action requires merchant approval"});
    assert!(matches!(json_verdict("shopify", 403, refusal), Verdict::Dead { .. }));
    let unknown = json!({"message": "Unknown Webhook", "code": 10015});
    assert!(matches!(json_verdict("discord", 404, unknown), Verdict::Dead { .. }));
}

#[test]
fn a_proof_is_read_leniently() {
    let latin_1 = b"{\"login\": \"M\xfcller\", \"id\": 1}";
    let marked = b"\xef\xbb\xbf{\"login\": \"M\xc3\xbcller\", \"id\": 1}\0";
    let half = br#"{"login": "\ud83d", "id": 1}"#;
    for body in [latin_1.as_slice(), marked, half] {
        for content_type in ["application/json", "text/html", "application/json; charset=iso-8859-1"] {
            let headers = [("content-type", content_type)];
            let answer = ProbeAnswer { status: 200, headers: &headers, body };
            let verdict = judge(CATALOG.get("github").unwrap(), Ok(&answer));
            assert_eq!(verdict, Verdict::Well, "{content_type} {}", String::from_utf8_lossy(body));
        }
    }
}

#[test]
fn a_providers_file_says_what_its_proof_is() {
    let file = |answer: &str| {
        let text = format!(
            "format = 2\nkey = \"acme\"\nname = \"Acme\"\ndescription = \"Keeps things.\"\ncategory = \"crm\"\n\
             documentation_url = \"https://acme.example/docs\"\napi_base_url = \"https://acme.example\"\n\
             [[auth]]\nkind = \"api_key\"\n[[auth.fields]]\nkey = \"api_key\"\nlabel = \"API key\"\nhelp = \"\"\n\
             [probe]\nmethod = \"GET\"\nurl = \"https://acme.example/me\"\n\
             good_statuses = [200]\nrefused_statuses = [401, 403]\n{answer}"
        );
        let catalog = Catalog::default().with_files([("acme.toml".to_owned(), text)]).unwrap();
        let provider = catalog.get("acme").unwrap().clone();
        move |status: u16, body: &str| {
            judge(&provider, Ok(&ProbeAnswer { status, headers: &[], body: body.as_bytes() }))
        }
    };
    let silent = file("");
    assert_eq!(silent(200, "{}"), Verdict::Well);
    assert!(is_degraded(&silent(200, "[]")) && is_degraded(&silent(200, "")));
    let list = file("[probe.answer]\nshape = \"array\"\npointer = \"/0/id\"");
    assert_eq!(list(200, "[{\"id\": 1}]"), Verdict::Well);
    assert!(is_degraded(&list(200, "{\"0\": {\"id\": 1}}")) && is_degraded(&list(200, "[]")));
    let nothing = file("[probe.answer]\nshape = \"none\"");
    assert_eq!(nothing(200, "<html>"), Verdict::Well);
    assert!(matches!(nothing(403, "<html>"), Verdict::Dead { .. }));
    let codes = file("[probe.answer]\npointer = \"/id\"\nerror = \"/0/code\"\nrefused_errors = [\"14\"]");
    assert!(matches!(codes(400, "[{\"code\": 14}]"), Verdict::Dead { .. }), "a number, in a list");
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
