//! Each provider's documented example, or one made by its own published library: a vector against its file.

use serde_json::json;
use time::OffsetDateTime;
use time::macros::datetime;

use super::vector_test::{NOW, base64_mac, basic, hex_mac, reason, send, send_to, taken};
use super::*;
use crate::catalog::{AddressOf, Catalog, EventSource, contract_test::of_the_contract};

#[test]
fn every_provider_of_the_contract_says_whether_it_sends_events() {
    let catalog = of_the_contract();
    for provider in catalog.iter() {
        match &provider.event_source {
            EventSource::Sent(events) => {
                let is_app = events.address == AddressOf::App;
                let expected =
                    ["slack", "shopify", "linear", "notion", "hubspot"].contains(&provider.key.as_str());
                assert_eq!(is_app, expected, "{}", provider.key);
                assert!(events.enter.ends_with('.'), "{}", provider.key);
            }
            EventSource::None(reason) => {
                assert!(provider.key.as_str() == "salesforce" && reason.ends_with('.'))
            }
            EventSource::Untold => panic!("{}", provider.key),
        }
    }
}

#[test]
fn every_other_provider_that_sends_events_is_played() {
    let contract = of_the_contract();
    let tests =
        [include_str!("commerce_test.rs"), include_str!("support_test.rs"), include_str!("work_test.rs")];
    let others = Catalog::built_in();
    for provider in others.iter().filter(|provider| contract.get(provider.key.as_str()).is_none()) {
        let Some(events) = provider.events() else { continue };
        let key = provider.key.as_str();
        let name = format!("\"{key}\"");
        assert!(tests.iter().any(|test| test.contains(&name)), "{key} has no vector");
        assert!(events.enter.ends_with('.'), "{key}");
        assert_eq!(events.address == AddressOf::App, ["square", "zoom"].contains(&key), "{key}");
    }
}

/// <https://docs.slack.dev/authentication/verifying-requests-from-slack>
#[test]
fn slack_s_example_is_verified() {
    let body = b"token=xyzz0WbapA4vBCDEFasx0q6G&team_id=T1DC2JH3J&team_domain=testteamnow&channel_id=G8PSS9T3V\
        &channel_name=foobar&user_id=U2CERLKJA&user_name=roadrunner&command=%2Fwebhook-collect&text=\
        &response_url=https%3A%2F%2Fhooks.slack.com%2Fcommands%2FT1DC2JH3J%2F397700885554%2F96rGlfmibIGlgcZRskXaIFfN\
        &trigger_id=398738663015.47445629121.803a0bc887a14d10d2c447fce8b6703c";
    let signature = "v0=a2114d57b48eac39b9ad189dd8316235a7b4a8d21a10bd27519666489c69b503";
    let headers = [("X-Slack-Request-Timestamp", "1531420618"), ("X-Slack-Signature", signature)];
    let now = OffsetDateTime::from_unix_timestamp(1_531_420_618).unwrap();
    // It is a slash command: rightly signed, and no event.
    let verdict = send("slack", "8f742231b10e8888abcd99yyyzzz85a5", &headers, body, now);
    assert_eq!(reason(verdict), Reason::Unreadable);
    let verdict = send("slack", "8f742231b10e8888abcd99yyyzzz85a6", &headers, body, now);
    assert_eq!(reason(verdict), Reason::WrongSignature);
}

fn slack(body: &Value, further: &[(&str, &str)]) -> Taken {
    let (secret, body) = ("8f742231b10e8888abcd99yyyzzz85a5", body.to_string());
    let time = NOW.unix_timestamp().to_string();
    let signature = format!("v0={}", hex_mac(secret, format!("v0:{time}:{body}").as_bytes()));
    let headers =
        [&[("x-slack-request-timestamp", time.as_str()), ("x-slack-signature", &signature)], further]
            .concat();
    taken(send("slack", secret, &headers, body.as_bytes(), NOW))
}

/// The bodies are those of <https://docs.slack.dev/reference/events/tokens_revoked> and `app_uninstalled`.
#[test]
fn slack_s_events_say_what_they_are_and_whether_access_ended() {
    let event = |event: Value| {
        json!({"token": "XXYYZZ", "team_id": "TXXXXXXXX", "api_app_id": "AXXXXXXXXX", "event": event,
            "type": "event_callback", "event_id": "EvXXXXXXXX", "event_time": 1_234_567_890})
    };
    let ends = |body: Value| slack(&event(body), &[]).events.remove(0).ends_access;
    assert!(ends(
        json!({"type": "tokens_revoked", "tokens": {"oauth": ["UXXXXXXXX"], "bot": ["UXXXXXXXX"]}})
    ));
    assert!(!ends(json!({"type": "tokens_revoked", "tokens": {"oauth": ["U1"], "bot": []}})));
    assert!(!ends(json!({"type": "tokens_revoked", "tokens": {"oauth": ["U1"]}})));
    assert!(ends(json!({"type": "app_uninstalled"})));
    assert!(!ends(json!({"type": "message", "text": "app_uninstalled"})));
    let repeat = [("x-slack-retry-num", "2"), ("x-slack-retry-reason", "http_timeout")];
    let taken = slack(&event(json!({"type": "message"})), &repeat);
    assert_eq!(taken.headers, repeat.map(|(name, value)| (name.to_owned(), value.to_owned())));
    let event = &taken.events[0];
    assert_eq!((event.id.as_deref(), event.kind.as_deref()), (Some("EvXXXXXXXX"), Some("message")));
    assert_eq!((event.attempt, event.is_repeat), (Some(2), true));
    assert_eq!(event.accounts, ["TXXXXXXXX"]);
    assert_eq!(event.time.unwrap().unix_timestamp(), 1_234_567_890);
}

#[test]
fn an_end_of_the_installation_before_asks_for_nothing() {
    let removed = |at: OffsetDateTime| {
        let body = json!({"team_id": "T1", "event": {"type": "app_uninstalled"}, "type": "event_callback",
            "event_id": "Ev1", "event_time": at.unix_timestamp()});
        slack(&body, &[]).events.remove(0)
    };
    let connected = datetime!(2026-11-27 12:00:00 UTC);
    assert!(!removed(datetime!(2026-11-27 11:58:00 UTC)).asks_for_check(connected));
    assert!(removed(datetime!(2026-11-27 11:59:30 UTC)).asks_for_check(connected));
    let untimed = Event { time: None, ..removed(connected) };
    assert!(untimed.asks_for_check(connected));
    assert!(!Event { ends_access: false, ..untimed }.asks_for_check(connected));
}

#[test]
fn slack_s_event_belongs_to_the_installation_that_may_see_it() {
    let body = json!({"team_id": "T_OTHER", "event": {"type": "message"}, "type": "event_callback", "event_id": "Ev1",
        "authorizations": [{"enterprise_id": "E1", "team_id": "T1", "is_enterprise_install": false}]});
    assert_eq!(slack(&body, &[]).events[0].accounts, ["T1", "E1"]);
}

/// <https://docs.github.com/en/webhooks/using-webhooks/validating-webhook-deliveries#testing-the-webhook-payload-validation>
#[test]
fn github_s_example_is_verified() {
    let signature = "sha256=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17";
    let headers = [("X-Hub-Signature-256", signature)];
    let verdict = send("github", "It's a Secret to Everybody\n", &headers, b"Hello, World!", NOW);
    assert_eq!(reason(verdict), Reason::Unreadable);
    let verdict = send("github", "It's a Secret to Everybody", &headers, b"Hello, World?", NOW);
    assert_eq!(reason(verdict), Reason::WrongSignature);
    let old = [("X-Hub-Signature", "sha1=01dc10d0c83e72ed246219cdd91669667fe2ca59")];
    assert_eq!(reason(send("github", "s3cret", &old, b"Hello, World!", NOW)), Reason::NotSigned);
}

fn github(content_type: &str, kind: &str, body: &[u8]) -> Verdict {
    let signature = format!("sha256={}", hex_mac("s3cret", body));
    let headers = [
        ("content-type", content_type),
        ("X-GitHub-Event", kind),
        ("X-GitHub-Delivery", "72d3162e-cc78-11e3-81ab-4c9367dc0958"),
        ("X-Hub-Signature-256", &signature),
    ];
    send("github", "s3cret\n", &headers, body, NOW)
}

#[test]
fn github_sends_json_and_forms() {
    let event =
        taken(github("application/json", "issues", br#"{"action":"opened","n":"\u{1F389}"}"#.as_slice()))
            .events;
    assert_eq!(event[0].kind.as_deref(), Some("issues.opened"));
    let form = taken(github("application/x-www-form-urlencoded", "push", b"payload=%7B%22a%22%3A1%7D"));
    assert_eq!(
        (form.events[0].kind.as_deref(), form.events[0].body.as_bytes()),
        (Some("push"), &br#"{"a":1}"#[..])
    );
    assert_eq!(form.events[0].id.as_deref(), Some("72d3162e-cc78-11e3-81ab-4c9367dc0958"));
    let other = github("application/x-www-form-urlencoded", "push", b"other=%7B%7D");
    assert_eq!(reason(other), Reason::Unreadable);
    match github("application/json", "ping", br#"{"zen":"Design for failure.","hook_id":1}"#) {
        Verdict::Answer(answer) => assert_eq!(answer.status, 200),
        other => panic!("{other:?}"),
    }
}

/// <https://shopify.dev/docs/apps/build/webhooks/delivery-structure>. The key is the app's client secret.
#[test]
fn shopify_s_deliveries_are_told_by_webhook_and_topic() {
    let body = br#"{"id":9554194432293,"title":"T-Shirt"}"#;
    let digest = base64_mac("hush", body);
    let sent = |digest: &str, webhook: &str, topic: &str| {
        let headers = [
            ("X-Shopify-Hmac-SHA256", digest),
            ("X-Shopify-Topic", topic),
            ("X-Shopify-Shop-Domain", "acme.myshopify.com"),
            ("X-Shopify-Webhook-Id", webhook),
            ("X-Shopify-Event-Id", "98880550-7158-44d4-b7cd-2c97c8a091b5"),
        ];
        send("shopify", "hush", &headers, body, NOW)
    };
    let first = taken(sent(&digest, "w1", "products/update")).events.remove(0);
    assert_eq!((first.id.as_deref(), first.kind.as_deref()), (Some("w1"), Some("products/update")));
    assert_eq!(
        (first.accounts.as_slice(), first.time, first.ends_access),
        (&["acme".to_owned()][..], None, false)
    );
    let key = |webhook: &str, topic: &str| taken(sent(&digest, webhook, topic)).events.remove(0).dedupe;
    assert_eq!(key("w1", "products/update"), first.dedupe);
    assert_ne!(key("w2", "products/update"), first.dedupe);
    assert_ne!(key("w1", "products/create"), first.dedupe);
    assert!(taken(sent(&digest, "w3", "app/uninstalled")).events[0].ends_access);
    for wrong in [hex_mac("hush", body), base64_mac("other", body), String::new()] {
        let Verdict::Refuse(refusal) = sent(&wrong, "w1", "customers/redact") else { panic!() };
        assert_eq!(refusal.status, 401, "{wrong}");
    }
}

/// As `stripe.webhooks.generateTestHeaderString` of npm:stripe makes it.
#[test]
fn stripe_s_test_header_is_verified() {
    let secret = "whsec_test_secret";
    let body = br#"{"id":"evt_test_webhook","object":"event","type":"charge.refunded","created":1790000000}"#;
    let time = NOW.unix_timestamp();
    let signed = hex_mac(secret, [format!("{time}.").as_bytes(), body].concat());
    let header = format!("t={time},v1={signed},v0={}", hex_mac("decoy", body));
    let event = taken(send("stripe", secret, &[("Stripe-Signature", &header)], body, NOW)).events.remove(0);
    assert_eq!(
        (event.id.as_deref(), event.kind.as_deref()),
        (Some("evt_test_webhook"), Some("charge.refunded"))
    );
    assert_eq!(event.time.unwrap().unix_timestamp(), 1_790_000_000);
    // A secret of another endpoint; and the same one decoded, as Standard Webhooks would.
    let verdict = send("stripe", "whsec_of_connect", &[("Stripe-Signature", &header)], body, NOW);
    assert_eq!(reason(verdict), Reason::WrongSignature);
}

/// As `LinearWebhookClient.verify` of npm:@linear/sdk checks it.
#[test]
fn linear_s_time_is_that_of_the_signed_body() {
    let sent = |milliseconds: i128| {
        let body = json!({"action": "create", "type": "Issue", "createdAt": "2026-11-27T11:59:59.000Z",
            "organizationId": "org", "webhookTimestamp": i64::try_from(milliseconds).unwrap()});
        let body = body.to_string();
        let signature = hex_mac("lin_wh_1", body.as_bytes());
        let fresh = NOW.unix_timestamp().to_string();
        let headers = [
            ("Linear-Signature", signature.as_str()),
            ("Linear-Delivery", "d1"),
            ("Linear-Timestamp", &fresh),
        ];
        send("linear", "lin_wh_1", &headers, body.as_bytes(), NOW)
    };
    let now = NOW.unix_timestamp_nanos() / 1_000_000;
    let taken = taken(sent(now - 59_000));
    assert_eq!(
        (taken.events[0].kind.as_deref(), taken.events[0].id.as_deref()),
        (Some("Issue.create"), Some("d1"))
    );
    assert_eq!(taken.signed_at, Some(NOW - time::Duration::seconds(59)));
    assert_eq!(reason(sent(now - 61_000)), Reason::Stale);
    assert_eq!(reason(sent(now / 1000)), Reason::Stale);
    let untimed = br#"{"action":"create","type":"Issue"}"#;
    let signature = hex_mac("lin_wh_1", untimed);
    let verdict = send("linear", "lin_wh_1", &[("Linear-Signature", &signature)], untimed, NOW);
    assert_eq!(reason(verdict), Reason::NoTime);
    let revoked =
        json!({"action": "revoked", "type": "OAuthApp", "webhookTimestamp": i64::try_from(now).unwrap()});
    let revoked = revoked.to_string();
    let signature = hex_mac("lin_wh_1", revoked.as_bytes());
    let verdict = send("linear", "lin_wh_1", &[("Linear-Signature", &signature)], revoked.as_bytes(), NOW);
    assert!(self::taken(verdict).events[0].ends_access);
}

/// <https://developers.notion.com/reference/webhooks>: the token is the one of that page.
#[test]
fn notion_signs_with_the_token_that_it_sent() {
    let token = "secret_tMrlL1qK5vuQAh1b6cZGhFChZTSYJlce98V0pYn7yBl";
    let body = json!({"id": "367cba44-b6f3-4c92-81e7-6a2e9659efd4", "timestamp": "2024-12-05T23:55:34.285Z",
        "workspace_id": "13950b26-c203-4f3b-b97d-93ec06319565", "type": "page.created", "attempt_number": 2});
    let body = body.to_string();
    let signature = format!("sha256={}", hex_mac(token, body.as_bytes()));
    let event = taken(send("notion", token, &[("X-Notion-Signature", &signature)], body.as_bytes(), NOW))
        .events
        .remove(0);
    assert_eq!((event.kind.as_deref(), event.is_repeat), (Some("page.created"), true));
    assert_eq!(event.accounts, ["13950b26-c203-4f3b-b97d-93ec06319565"]);
    assert_eq!(event.time, Some(datetime!(2024-12-05 23:55:34.285 UTC)));
    let other = br#"{"verification_token":"secret_AnotherTokenOfSomebodyElse"}"#;
    assert_eq!(reason(send("notion", token, &[], other, NOW)), Reason::UnexpectedSecret);
}

/// As `sendPayload` of Cal.com makes it: the hexadecimal HMAC of the body.
#[test]
fn cal_com_s_events_have_no_id() {
    let body = br#"{"triggerEvent":"BOOKING_CREATED","createdAt":"2026-11-27T11:59:59.000Z","payload":{"title":"30min"}}"#;
    let signature = hex_mac("s3cret", body);
    let event =
        taken(send("cal-com", "s3cret", &[("X-Cal-Signature-256", &signature)], body, NOW)).events.remove(0);
    assert_eq!((event.kind.as_deref(), event.id), (Some("BOOKING_CREATED"), None));
    let without = send("cal-com", "s3cret", &[("X-Cal-Signature-256", "no-secret-provided")], body, NOW);
    let Verdict::Refuse(refusal) = without else { panic!() };
    assert_eq!((refusal.status, refusal.claimed_kind.as_deref()), (401, Some("BOOKING_CREATED")));
    let ended = br#"{"triggerEvent":"MEETING_ENDED"}"#;
    let Verdict::Refuse(refusal) = send("cal-com", "s3cret", &[], ended, NOW) else { panic!() };
    assert_eq!((refusal.reason, refusal.claimed_kind.as_deref()), (Reason::NotSigned, Some("MEETING_ENDED")));
}

/// The vectors of HubSpot's libraries: hubspot-api-python (tests/spec/utils/test_signature.py) and hubspot-api-ruby
/// (spec/helpers/signature_spec.rb).
#[test]
fn hubspot_s_vectors_are_verified() {
    let (secret, body) = ("yyyyyyyy-yyyy-yyyy-yyyy-yyyyyyyyyyyy", b"{'example_field':'example_value'}");
    for (time, signature) in [
        ("1693657560000", "K36dawei4A+QBNolUOqo7s91KQDWQ5MXZ/QufNYuk/Y="),
        ("1700000300000", "RnbPH7+UMKVkbV32P8bz450N4M56aPmcru1+D3kSDtw="),
    ] {
        let headers = [("X-HubSpot-Signature-v3", signature), ("X-HubSpot-Request-Timestamp", time)];
        let now = OffsetDateTime::from_unix_timestamp(time.parse::<i64>().unwrap() / 1000).unwrap();
        let sent = |url: &str| send_to(url, "hubspot", secret, &headers, body, now);
        // The body of the vector is no JSON.
        assert_eq!(reason(sent("https://www.example.com/webhook_uri")), Reason::Unreadable);
        for url in
            ["http://www.example.com/webhook_uri", "https://www.example.com/webhook_uri/", "https://inner/x"]
        {
            assert_eq!(reason(sent(url)), Reason::WrongSignature, "{url}");
        }
    }
}

/// The event is that of <https://developers.hubspot.com/docs/faq/v1-request-validation>.
#[test]
fn hubspot_s_list_is_taken_apart() {
    let event = r#"{"eventId":1,"subscriptionId":12345,"portalId":62515,"occurredAt":1564113600000,"subscriptionType":"contact.creation","attemptNumber":0,"objectId":123,"changeSource":"CRM","changeFlag":"NEW","appId":54321}"#;
    let body = format!("[{event},{event},{}]", event.replace("62515", "62516"));
    let time = (NOW.unix_timestamp() * 1000).to_string();
    let message = format!("POSThttps://riq.example/hooks/x{body}{time}");
    let signature = base64_mac("yyyy", message.as_bytes());
    let headers = [("X-HubSpot-Signature-v3", signature.as_str()), ("X-HubSpot-Request-Timestamp", &time)];
    let events = taken(send("hubspot", "yyyy", &headers, body.as_bytes(), NOW)).events;
    assert_eq!(events[0].body.as_bytes(), event.as_bytes());
    assert_eq!(
        (events[0].kind.as_deref(), events[2].accounts[0].as_str()),
        (Some("contact.creation"), "62516")
    );
    assert_eq!(events[0].dedupe, events[1].dedupe);
    assert_ne!(events[0].dedupe, events[2].dedupe);
    assert_eq!(events[0].time, Some(datetime!(2019-07-26 04:00:00 UTC)));
    // Version 1, which has no time, is not looked at.
    let old = [("X-HubSpot-Signature", "232db2615f3d666fe21a8ec971ac7b5402d33b9a925784df3ca654d05f4817de")];
    assert_eq!(reason(send("hubspot", "yyyy", &old, body.as_bytes(), NOW)), Reason::NotSigned);
}

/// <https://pipedrive.readme.io/docs/guide-for-webhooks-v2>
#[test]
fn pipedrive_s_credentials_come_with_each_event() {
    let body = br#"{"meta":{"action":"create","entity":"deal","company_id":"77","entity_id":"5","id":"e1","timestamp":"2023-01-01T00:00:00.000Z","version":"2.0","attempt":2},"data":{}}"#;
    let header = basic("riq:long password:with colon");
    let sent = |header: &str| {
        send("pipedrive", "riq:long password:with colon", &[("authorization", header)], body, NOW)
    };
    let taken = taken(sent(&header));
    let event = &taken.events[0];
    assert_eq!((event.kind.as_deref(), event.accounts[0].as_str()), (Some("create.deal"), "77"));
    assert_eq!((event.is_repeat, event.time, taken.is_body_signed), (true, None, false));
    assert_eq!(reason(sent(&basic("riq:long"))), Reason::WrongSignature);
}

/// The secret and the algorithm are those of <https://developer.zendesk.com/documentation/webhooks/verifying/>.
#[test]
fn zendesk_s_time_is_signed_with_the_body() {
    let (secret, time) = ("dGhlX3NlY3JldF9vZl9vbmVfd2ViaG9vaw==", "2026-11-27T11:58:00Z");
    let body = br#"{"type":"zen:event-type:user.active_changed","account_id":12514403,"id":"2b24ef10-19d4-4740-93cf-8f98ec4776c0","time":"2026-11-27T11:57:59Z"}"#;
    let signature = base64_mac(secret, [time.as_bytes(), body].concat());
    let headers = [
        ("X-Zendesk-Webhook-Signature", signature.as_str()),
        ("X-Zendesk-Webhook-Signature-Timestamp", time),
        ("X-Zendesk-Webhook-Invocation-Id", "01GX"),
    ];
    let event = taken(send("zendesk", secret, &headers, body, NOW)).events.remove(0);
    assert_eq!(
        (event.id.as_deref(), event.kind.as_deref()),
        (Some("01GX"), Some("zen:event-type:user.active_changed"))
    );
    assert_eq!(event.time, Some(datetime!(2026-11-27 11:57:59 UTC)));
    let late = NOW + time::Duration::minutes(4);
    assert_eq!(reason(send("zendesk", secret, &headers, body, late)), Reason::Stale);
    let catalog = of_the_contract();
    let public = "dGhpc19zZWNyZXRfaXNfZm9yX3Rlc3Rpbmdfb25seQ==";
    let refusal = catalog.get("zendesk").unwrap().events().unwrap().read_secret(public).unwrap_err();
    assert!(refusal.contains("everybody knows"), "{refusal}");
}

/// <https://documentation.mailgun.com/docs/mailgun/user-manual/webhooks/securing-webhooks>: the token and the time are
/// those of the page, and the signature is made as it says.
#[test]
fn mailgun_s_token_is_verified_and_not_the_event() {
    let (token, time) = ("e0b5477167110d68991efc6b9f89f0a11066af27834600e123", "1770920772");
    let signature = hex_mac("key-1", format!("{time}{token}").as_bytes());
    let body = json!({"signature": {"token": token, "timestamp": time, "signature": signature},
        "event-data": {"id": "G9Bn5sl1TC6nu79C8C0bwg", "event": "opened", "timestamp": 1_521_233_195.375_624}});
    let body = body.to_string();
    let now = OffsetDateTime::from_unix_timestamp(1_770_920_772).unwrap();
    let taken = taken(send("mailgun", "key-1", &[], body.as_bytes(), now));
    assert_eq!(
        (taken.events[0].kind.as_deref(), taken.is_body_signed, taken.events[0].time),
        (Some("opened"), false, None)
    );
    let changed = body.replace("opened", "failed");
    let changed = self::taken(send("mailgun", "key-1", &[], changed.as_bytes(), now));
    let (first, second) = (taken.once.unwrap(), changed.once.unwrap());
    assert!(first.key == second.key && first.bound_to != second.bound_to);
    let Verdict::Refuse(refusal) = send("mailgun", "key-2", &[], body.as_bytes(), now) else { panic!() };
    assert_eq!((refusal.status, refusal.reason), (406, Reason::WrongSignature));
    let Verdict::Refuse(refusal) = send("mailgun", "key-1", &[], body.as_bytes(), NOW) else { panic!() };
    assert_eq!((refusal.status, refusal.reason), (406, Reason::Stale));
}

/// The body is that of <https://postmarkapp.com/developer/webhooks/delivery-webhook>.
#[test]
fn postmark_tries_the_address_before_it_sends() {
    let header = basic("riq:p4ssw0rd");
    let sent = |body: &[u8]| send("postmark", "riq:p4ssw0rd", &[("Authorization", &header)], body, NOW);
    match sent(b"") {
        Verdict::Answer(answer) => assert_eq!(answer.status, 200),
        other => panic!("{other:?}"),
    }
    let body = |address: &str| {
        json!({"MessageID": "883953f4-6105-42a2-a16a-77a8eac79483", "Recipient": address, "ServerID": 23,
            "DeliveredAt": "2019-11-05T16:33:54.9070259Z", "RecordType": "Delivery"})
        .to_string()
    };
    let event = |address: &str| taken(sent(body(address).as_bytes())).events.remove(0);
    let (first, second) = (event("john@example.com"), event("jo@example.com"));
    assert_eq!((first.kind.as_deref(), first.accounts[0].as_str()), (Some("Delivery"), "23"));
    assert_ne!(first.dedupe, second.dedupe);
    assert_eq!(reason(send("postmark", "riq:p4ssw0rd", &[], b"", NOW)), Reason::NotSigned);
}

/// The key pair is that of RFC 8032, section 7.1, test 1. The body is that of
/// <https://docs.discord.com/developers/events/webhook-events#application-deauthorized>.
#[test]
fn discord_s_events_and_pings_are_verified() {
    use ed25519_dalek::{Signer as _, SigningKey};
    let private = encodings::hex("9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60").unwrap();
    let key = SigningKey::from_bytes(&private.try_into().unwrap());
    let public = "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a";
    let time = NOW.unix_timestamp().to_string();
    let sent = |body: &str| {
        let signature = encodings::to_hex(&key.sign(format!("{time}{body}").as_bytes()).to_bytes());
        let headers = [("X-Signature-Ed25519", signature.as_str()), ("X-Signature-Timestamp", &time)];
        send("discord", public, &headers, body.as_bytes(), NOW)
    };
    let body = r#"{"version":1,"application_id":"1234560123453231555","type":1,"event":{"type":"APPLICATION_DEAUTHORIZED","timestamp":"2024-10-18T14:42:53.064834","data":{"user":{}}}}"#;
    let event = taken(sent(body)).events.remove(0);
    assert_eq!(event.kind.as_deref(), Some("APPLICATION_DEAUTHORIZED"));
    assert_eq!(event.time, Some(datetime!(2024-10-18 14:42:53.064834 UTC)));
    match sent(r#"{"version":1,"application_id":"1234560123453231555","type":0}"#) {
        Verdict::Answer(answer) => assert_eq!((answer.status, answer.body.as_str()), (204, "")),
        other => panic!("{other:?}"),
    }
    for headers in [
        vec![],
        vec![("X-Signature-Timestamp", time.as_str())],
        vec![("X-Signature-Ed25519", "ab"), ("X-Signature-Timestamp", &time)],
    ] {
        let Verdict::Refuse(refusal) = send("discord", public, &headers, body.as_bytes(), NOW) else {
            panic!()
        };
        assert_eq!(refusal.status, 401);
    }
}
