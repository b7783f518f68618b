//! The events of issues, code, incidents and customers' records: each provider's documented example, or one that is
//! computed from the documented scheme, against its file.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use serde_json::json;
use time::macros::datetime;

use super::vector_test::{NOW, answered, base64_mac, event, hex_mac, reason, send, taken, told};
use super::*;

/// The example of both: <https://developer.atlassian.com/cloud/jira/platform/webhooks/#secure-admin-webhooks> and
/// <https://support.atlassian.com/bitbucket-cloud/docs/manage-webhooks/#Secure-webhooks>.
#[test]
fn atlassian_s_example_is_verified() {
    let signature = "sha256=a4771c39fbe90f317c7824e83ddef3caae9cb3d976c214ace1f2937e133263c9";
    for key in ["jira", "bitbucket"] {
        let sent = |body: &[u8]| {
            send(key, "It's a Secret to Everybody", &[("X-Hub-Signature", signature)], body, NOW)
        };
        // It is no JSON: rightly signed, and no event.
        assert_eq!(reason(sent(b"Hello World!")), Reason::Unreadable, "{key}");
        assert_eq!(reason(sent(b"Hello World?")), Reason::WrongSignature, "{key}");
    }
}

/// The body is that of <https://developer.atlassian.com/cloud/jira/platform/webhooks/>.
#[test]
fn jira_s_repeats_have_the_same_identifier() {
    let body = br#"{"timestamp":1606480436302,"webhookEvent":"jira:issue_updated","issue_event_type_name":"issue_generic","issue":{"id":"99291","key":"JRA-20002"}}"#;
    let signature = format!("sha256={}", hex_mac("s3cret", body));
    let headers = [
        ("X-Hub-Signature", signature.as_str()),
        ("X-Atlassian-Webhook-Identifier", "w1"),
        ("X-Atlassian-Webhook-Retry", "1"),
    ];
    let first = event(send("jira", "s3cret", &headers[..2], body, NOW));
    assert_eq!(told(&first), ("w1", "jira:issue_updated.issue_generic"));
    assert_eq!((first.time, first.is_repeat), (Some(datetime!(2020-11-27 12:33:56.302 UTC)), false));
    let repeat = event(send("jira", "s3cret", &headers, body, NOW));
    assert_eq!((repeat.dedupe, repeat.is_repeat), (first.dedupe, true));
}

/// The headers are those of <https://support.atlassian.com/bitbucket-cloud/docs/event-payloads/>.
#[test]
fn bitbucket_s_attempts_are_numbered() {
    let body = br#"{"push":{"changes":[]},"repository":{"name":"shop"}}"#;
    let signature = format!("sha256={}", hex_mac("s3cret", body));
    let headers = [
        ("X-Hub-Signature", signature.as_str()),
        ("X-Event-Key", "repo:push"),
        ("X-Request-UUID", "0c1"),
        ("X-Attempt-Number", "2"),
    ];
    let event = event(send("bitbucket", "s3cret", &headers, body, NOW));
    assert_eq!((told(&event), event.is_repeat), (("0c1", "repo:push"), true));
}

/// <https://docs.gitlab.com/user/project/integrations/webhooks/>. Computed from the documented scheme.
#[test]
fn gitlab_s_signing_token_is_decoded() {
    let secret = "whsec_dGVzdHRlc3R0ZXN0dGVzdHRlc3R0ZXN0dGVzdHRlc3Q=";
    let body =
        br#"{"object_kind":"issue","event_type":"issue","object_attributes":{"id":301,"action":"open"}}"#;
    let time = NOW.unix_timestamp().to_string();
    let message = [format!("f5e5f430.{time}.").as_bytes(), body].concat();
    let sent = |key: &[u8]| {
        let signature = format!("v1,{}", base64_mac(key, &message));
        let headers = [
            ("webhook-id", "f5e5f430"),
            ("webhook-timestamp", time.as_str()),
            ("webhook-signature", &signature),
            ("X-Gitlab-Event", "Issue Hook"),
        ];
        send("gitlab", secret, &headers, body, NOW)
    };
    assert_eq!(told(&event(sent(b"testtesttesttesttesttesttesttest"))), ("f5e5f430", "issue.open"));
    assert_eq!(reason(sent(secret.as_bytes())), Reason::WrongSignature);
    let old = [("X-Gitlab-Token", secret)];
    assert_eq!(reason(send("gitlab", secret, &old, body, NOW)), Reason::NotSigned);
}

/// <https://docs.sentry.io/integrations/integration-platform/webhooks/>. Computed from the documented scheme.
#[test]
fn sentry_s_resource_and_action_are_the_type() {
    let sent = |resource: &str, action: &str| {
        let body = json!({"action": action, "data": {}, "installation": {"uuid": "7a485448"}}).to_string();
        let signature = hex_mac("s3cret", &body);
        let headers = [
            ("Sentry-Hook-Signature", signature.as_str()),
            ("Sentry-Hook-Resource", resource),
            ("Request-ID", "r1"),
        ];
        send("sentry", "s3cret", &headers, body.as_bytes(), NOW)
    };
    let created = event(sent("issue", "created"));
    assert_eq!((told(&created), created.ends_access), (("r1", "issue.created"), false));
    assert!(event(sent("installation", "deleted")).ends_access);
}

/// The body is that of the V3 overview, and the scheme that of <https://github.com/PagerDuty/developer-docs>
/// (docs/webhooks/04-Signatures.md): a signature for each secret.
#[test]
fn pagerduty_sends_a_signature_for_each_secret() {
    let sent = |kind: &str| {
        let body = json!({"event": {"id": "5ac64822-4adc-4fda-ade0-410becf0de4f", "event_type": kind,
            "resource_type": "incident", "occurred_at": "2020-10-02T18:45:22.169Z"}});
        let body = body.to_string();
        let header = format!("v1={},v1={}", hex_mac("old", &body), hex_mac("new", &body));
        move |secret: &str| {
            send("pagerduty", secret, &[("X-PagerDuty-Signature", &header)], body.as_bytes(), NOW)
        }
    };
    let updated = sent("incident.priority_updated");
    for secret in ["old", "new"] {
        let event = event(updated(secret));
        assert_eq!(told(&event), ("5ac64822-4adc-4fda-ade0-410becf0de4f", "incident.priority_updated"));
        assert_eq!(event.time, Some(datetime!(2020-10-02 18:45:22.169 UTC)));
    }
    assert_eq!(reason(updated("another")), Reason::WrongSignature);
    assert_eq!(answered(sent("pagey.ping")("new")).status, 200);
}

/// <https://docs.attio.com/rest-api/guides/webhooks>. Computed from the documented scheme.
#[test]
fn attio_s_events_are_told_by_the_request_and_what_changed() {
    let record = |id: &str| json!({"event_type": "record.updated", "id": {"workspace_id": "w1", "object_id": "o1", "record_id": id}});
    let body = json!({"webhook_id": "h1", "events": [record("r1"), record("r2")]}).to_string();
    let signature = hex_mac("s3cret", &body);
    let sent = |request: &str| {
        let headers = [("Attio-Signature", signature.as_str()), ("Idempotency-Key", request)];
        taken(send("attio", "s3cret", &headers, body.as_bytes(), NOW)).events
    };
    let (first, again, later) = (sent("k1"), sent("k1"), sent("k2"));
    assert_eq!((told(&first[0]), first[0].accounts[0].as_str()), (("-", "record.updated"), "w1"));
    assert_ne!(first[0].dedupe, first[1].dedupe);
    assert_eq!(first[0].dedupe, again[0].dedupe);
    assert_ne!(first[0].dedupe, later[0].dedupe);
}

/// The key is that of <https://developer.close.com/topics/webhooks/>. Computed from the documented scheme.
#[test]
fn close_s_key_is_decoded() {
    let secret = "058bfb6a3d8cfdc4da7c3be5901b16ae11da982b46a25fb2cd7016e97a140a1c";
    let body = br#"{"event":{"id":"ev_2sYKRjcrA79yKxi3S4Crd7","date_created":"2019-01-15T12:48:23.395000","action":"updated","object_type":"opportunity","organization_id":"orga_XbVPx5fFbKlYTz9PW5Ih1XDhViV10YihIaEgMEb6fVW"},"subscription_id":"whsub_8AmjKCZYT3zI8eZoi4HhFC"}"#;
    let message = [b"1544271440".as_slice(), body].concat();
    let now = OffsetDateTime::from_unix_timestamp(1_544_271_440).unwrap();
    let sent = |key: &[u8]| {
        let signature = hex_mac(key, &message);
        let headers = [("close-sig-hash", signature.as_str()), ("close-sig-timestamp", "1544271440")];
        send("close", secret, &headers, body, now)
    };
    let event = event(sent(&encodings::hex(secret).unwrap()));
    assert_eq!(told(&event), ("ev_2sYKRjcrA79yKxi3S4Crd7", "opportunity.updated"));
    assert_eq!(event.accounts, ["orga_XbVPx5fFbKlYTz9PW5Ih1XDhViV10YihIaEgMEb6fVW"]);
    assert_eq!(event.time, Some(datetime!(2019-01-15 12:48:23.395 UTC)));
    assert_eq!(reason(sent(secret.as_bytes())), Reason::WrongSignature);
}

/// The request is that of <https://developers.openai.com/api/docs/guides/webhooks>, which does not give the secret.
/// Computed from the documented scheme.
#[test]
fn openai_signs_as_standard_webhooks_do() {
    let body = br#"{"object":"event","id":"evt_685343a1381c819085d44c354e1b330e","type":"response.completed","created_at":1750287018,"data":{"id":"resp_abc123"}}"#;
    let id = "wh_685342e6c53c8190a1be43f081506c52";
    let sent = |now: i64| {
        let signed = [format!("{id}.1750287078.").as_bytes(), body].concat();
        let signature = format!("v1,{}", base64_mac([7_u8; 32], signed));
        let headers =
            [("webhook-id", id), ("webhook-timestamp", "1750287078"), ("webhook-signature", &signature)];
        let secret = format!("whsec_{}", STANDARD.encode([7_u8; 32]));
        send("openai", &secret, &headers, body, OffsetDateTime::from_unix_timestamp(now).unwrap())
    };
    let event = event(sent(1_750_287_080));
    assert_eq!(told(&event), ("evt_685343a1381c819085d44c354e1b330e", "response.completed"));
    assert_eq!(event.time, Some(datetime!(2025-06-18 22:50:18 UTC)));
    assert_eq!(reason(sent(1_750_288_000)), Reason::Stale);
}
