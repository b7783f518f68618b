//! The events of help desks, messengers, telephones, calendars and mail: each provider's documented example, or one
//! that is computed from the documented scheme, against its file.

use serde_json::json;
use time::macros::datetime;

use super::vector_test::{NOW, answered, base64_mac, basic, event, hex_mac, reason, send, taken, told};
use super::*;

/// <https://core.telegram.org/bots/api#setwebhook>
#[test]
fn telegram_s_secret_comes_with_each_update() {
    let body = br#"{"update_id":10000,"message":{"message_id":1365,"text":"/start"}}"#;
    let sent = |token: &str| {
        send("telegram", "a-secret_1", &[("X-Telegram-Bot-Api-Secret-Token", token)], body, NOW)
    };
    let taken = taken(sent("a-secret_1"));
    assert_eq!((told(&taken.events[0]), taken.is_body_signed), (("10000", "-"), false));
    assert_eq!(reason(sent("a-secret_2")), Reason::WrongSignature);
    assert_eq!(reason(send("telegram", "a-secret_1", &[], body, NOW)), Reason::NotSigned);
}

fn zoom(body: &Value) -> Verdict {
    let (body, time) = (body.to_string(), NOW.unix_timestamp().to_string());
    let signature = format!("v0={}", hex_mac("s3cret", format!("v0:{time}:{body}")));
    let headers = [("x-zm-signature", signature.as_str()), ("x-zm-request-timestamp", &time)];
    send("zoom", "s3cret", &headers, body.as_bytes(), NOW)
}

/// The bodies are those of <https://developers.zoom.us/docs/api/webhooks>. Computed from the documented scheme.
#[test]
fn zoom_tries_the_address_and_says_that_access_ended() {
    let answer = answered(zoom(&json!({"payload": {"plainToken": "qgg8vlvZRS6UYooatFL8Aw"},
        "event_ts": 1_654_503_849_680_i64, "event": "endpoint.url_validation"})));
    let encrypted = hex_mac("s3cret", "qgg8vlvZRS6UYooatFL8Aw");
    let body: Value = serde_json::from_str(&answer.body).unwrap();
    assert_eq!(body, json!({"plainToken": "qgg8vlvZRS6UYooatFL8Aw", "encryptedToken": encrypted}));
    let started = event(zoom(&json!({"event": "meeting.started", "event_ts": 1_635_885_799_302_i64,
        "payload": {"account_id": "AAAAAABBBB", "object": {"uuid": "4444AAAiAAAAAiAiAiiAii=="}}})));
    assert_eq!((told(&started), started.accounts[0].as_str()), (("-", "meeting.started"), "AAAAAABBBB"));
    assert_eq!((started.time, started.ends_access), (Some(datetime!(2021-11-02 20:43:19.302 UTC)), false));
    let ended = json!({"event": "app_deauthorized", "event_ts": 1_635_885_799_302_i64,
        "payload": {"account_id": "AAAAAABBBB", "user_id": "1234"}});
    assert!(event(zoom(&ended)).ends_access);
}

/// <https://developers.line.biz/en/docs/messaging-api/verify-webhook-signature>
#[test]
fn line_s_example_is_verified() {
    let body = br#"{"destination":"U8e742f61d673b39c7fff3cecb7536ef0","events":[]}"#;
    let signature = "GhRKmvmHys4Pi8DxkF4+EayaH0OqtJtaZxgTD9fMDLs=";
    let secret = "8c570fa6dd201bb328f1c1eac23a96d8";
    let sent = |body: &[u8]| send("line", secret, &[("x-line-signature", signature)], body, NOW);
    // The list of a verification is empty.
    assert!(taken(sent(body)).events.is_empty());
    assert_eq!(reason(sent(b"{}")), Reason::WrongSignature);
}

/// The event is that of <https://developers.line.biz/en/reference/messaging-api/#webhooks>.
#[test]
fn line_s_list_is_taken_apart() {
    let item = |id: &str| {
        json!({"type": "follow", "mode": "active", "timestamp": 1_790_000_000_123_i64, "webhookEventId": id,
            "deliveryContext": {"isRedelivery": false}, "source": {"type": "user", "userId": "U1"}})
    };
    let body = json!({"destination": "U8", "events": [item("01FZ74A0TDDPYRVKNK77XKC3ZR"), item("01G0")]});
    let body = body.to_string();
    let signature = base64_mac("s3cret", &body);
    let events =
        taken(send("line", "s3cret", &[("x-line-signature", &signature)], body.as_bytes(), NOW)).events;
    assert_eq!(told(&events[0]), ("01FZ74A0TDDPYRVKNK77XKC3ZR", "follow"));
    assert_eq!((events.len(), events[1].time.unwrap().unix_timestamp()), (2, 1_790_000_000));
}

/// The body is that of <https://platform.text.com/docs/management/webhooks>.
#[test]
fn livechat_s_secret_stands_in_the_body() {
    let body = json!({"webhook_id": "pqi8oasdjahuakndw9nsad9na", "secret_key": "laudla991lamda0pnoaa0",
        "action": "incoming_chat", "organization_id": "390e44e6-f1e6-0368c-z6ddb-74g14508c2ex",
        "payload": {"chat": {"id": "PJ0MRSHTDG"}}});
    let body = body.to_string();
    let sent = |secret: &str| send("livechat", secret, &[], body.as_bytes(), NOW);
    let event = event(sent("laudla991lamda0pnoaa0"));
    assert_eq!(
        (told(&event), event.accounts[0].as_str()),
        (("-", "incoming_chat"), "390e44e6-f1e6-0368c-z6ddb-74g14508c2ex")
    );
    assert_eq!(reason(sent("another")), Reason::WrongSignature);
}

/// The body is that of <https://docs.crisp.chat/references/web-hooks/v1>. Computed from the documented scheme.
#[test]
fn crisp_signs_time_and_body_between_brackets() {
    let body = br#"{"website_id":"42286ab3-b29a-4fde-8538-da0ae501d825","event":"message:send","data":{"content":"Hello"},"timestamp":1790000000123}"#;
    let signature = hex_mac("s3cret", [b"[1790000000456;".as_slice(), body, b"]"].concat());
    let sent = |time: &str| {
        let headers = [("X-Crisp-Request-Timestamp", time), ("X-Crisp-Signature", &signature)];
        send("crisp", "s3cret", &headers, body, NOW)
    };
    let event = event(sent("1790000000456"));
    assert_eq!(
        (told(&event), event.accounts[0].as_str()),
        (("-", "message:send"), "42286ab3-b29a-4fde-8538-da0ae501d825")
    );
    assert_eq!(reason(sent("1790000000457")), Reason::WrongSignature);
}

/// The body is that of <https://developer.kustomer.com/docs/events/delivery-and-retries>. Computed from the documented
/// scheme.
#[test]
fn kustomer_s_token_is_the_key() {
    let body = br#"{"id":"6717c2b1e5b1f00012ab3511","name":"kustomer.conversation.update"}"#;
    let signature = hex_mac("token-of-the-webhook", body);
    let sent =
        |secret: &str| send("kustomer", secret, &[("X-Kustomer-Webhook-Signature", &signature)], body, NOW);
    assert_eq!(
        told(&event(sent("token-of-the-webhook"))),
        ("6717c2b1e5b1f00012ab3511", "kustomer.conversation.update")
    );
    assert_eq!(reason(sent("another")), Reason::WrongSignature);
}

/// <https://docs.dixa.io/docs/webhooks/webhooks-security>. Computed from the documented scheme.
#[test]
fn dixa_s_key_is_decoded() {
    let secret = "00112233445566778899aabbccddeeff";
    let body = br#"{"event_id":"beabb3e2-3a10-4a44-9a88-9359887a139f","event_fqn":"CONVERSATION_CREATED","event_version":"1","event_timestamp":"2026-11-27T11:59:59Z","organization":{"id":"o1","name":"Acme"},"data":{}}"#;
    let time = NOW.unix_timestamp() * 1000;
    let message = [format!("{time}.").as_bytes(), body].concat();
    let sent = |key: &[u8]| {
        let header = format!("t={time},v1={}", hex_mac(key, &message));
        send("dixa", secret, &[("X-DIXA-SIGNATURE", &header)], body, NOW)
    };
    let event = event(sent(&encodings::hex(secret).unwrap()));
    assert_eq!(told(&event), ("beabb3e2-3a10-4a44-9a88-9359887a139f", "CONVERSATION_CREATED"));
    assert_eq!(event.accounts, ["o1"]);
    assert_eq!(reason(sent(secret.as_bytes())), Reason::WrongSignature);
}

/// The body is that of <https://developer.aircall.io/api-references/#webhooks>.
#[test]
fn aircall_s_token_stands_in_the_body() {
    let body = br#"{"resource":"call","event":"call.created","timestamp":1585001020,"token":"45XXYYZZa08","data":{"id":123}}"#;
    let sent = |secret: &str| send("aircall", secret, &[], body, NOW);
    let taken = taken(sent("45XXYYZZa08"));
    assert_eq!((told(&taken.events[0]), taken.events[0].time), (("-", "call.created"), None));
    assert_eq!(reason(sent("45XXYYZZa09")), Reason::WrongSignature);
}

/// <https://developer.calendly.com/api-docs/overview/webhooks/webhook-signatures>. Computed from the documented scheme.
#[test]
fn calendly_s_time_is_signed_with_the_body() {
    let body = br#"{"event":"invitee.created","created_at":"2026-11-27T11:59:00.000000Z","created_by":"https://api.calendly.com/users/AAAAAAAAAAAAAAAA","payload":{"uri":"https://api.calendly.com/scheduled_events/AAA/invitees/AAA"}}"#;
    let time = NOW.unix_timestamp();
    let signed = hex_mac("s3cret", [format!("{time}.").as_bytes(), body].concat());
    let header = format!("t={time},v1={signed}");
    let sent = |now| send("calendly", "s3cret", &[("Calendly-Webhook-Signature", &header)], body, now);
    let event = event(sent(NOW));
    assert_eq!(
        (told(&event), event.accounts[0].as_str()),
        (("-", "invitee.created"), "https://api.calendly.com/users/AAAAAAAAAAAAAAAA")
    );
    assert_eq!(reason(sent(NOW + time::Duration::minutes(4))), Reason::Stale);
}

/// <https://www.typeform.com/developers/webhooks/secure-your-webhooks/>. Computed from the documented scheme.
#[test]
fn typeform_s_signature_is_base64_behind_a_name() {
    let body = br#"{"event_id":"LtWXD3crgy","event_type":"form_response","form_response":{"form_id":"lT4Z3j","submitted_at":"2026-11-27T11:59:00Z"}}"#;
    let sent = |signature: String| {
        let header = format!("sha256={signature}");
        send("typeform", "s3cret", &[("Typeform-Signature", &header)], body, NOW)
    };
    let event = event(sent(base64_mac("s3cret", body)));
    assert_eq!(told(&event), ("LtWXD3crgy", "form_response"));
    assert_eq!(event.time, Some(datetime!(2026-11-27 11:59:00 UTC)));
    assert_eq!(reason(sent(base64_mac("another", body))), Reason::WrongSignature);
}

/// The body is that of <https://docs.customer.io/api/webhooks>. Computed from the documented scheme.
#[test]
fn customer_io_s_events_have_an_object_and_a_metric() {
    let body = br#"{"event_id":"01E4C4CT6YDC7Y5M7FE1GWWPQJ","object_type":"customer","metric":"subscribed","timestamp":1585251199,"data":{}}"#;
    let time = NOW.unix_timestamp().to_string();
    let signature = hex_mac("s3cret", [format!("v0:{time}:").as_bytes(), body].concat());
    let headers = [("X-CIO-Timestamp", time.as_str()), ("X-CIO-Signature", &signature)];
    let sent = |now| send("customer-io", "s3cret", &headers, body, now);
    assert_eq!(told(&event(sent(NOW))), ("01E4C4CT6YDC7Y5M7FE1GWWPQJ", "customer.subscribed"));
    assert_eq!(reason(sent(NOW + time::Duration::minutes(6))), Reason::Stale);
}

/// The body is that of <https://developers.brevo.com/docs/transactional-webhooks>.
#[test]
fn brevo_s_id_is_that_of_the_webhook() {
    let body = |at: u64| {
        json!({"event": "opened", "email": "jo@example.com", "id": 26224, "message-id": "<xxx@smtp-relay.example>",
            "ts_event": 1_598_034_509, "ts_epoch": at})
        .to_string()
    };
    let credentials = basic("riq:long-password");
    let sent = |at: u64| {
        let headers = [("authorization", credentials.as_str())];
        event(send("brevo", "riq:long-password", &headers, body(at).as_bytes(), NOW))
    };
    let first = sent(1_598_034_509_223);
    assert_eq!(told(&first), ("<xxx@smtp-relay.example>", "opened"));
    assert_ne!(sent(1_598_034_509_224).dedupe, first.dedupe);
}

/// The members are those of <https://developers.smtp2go.com/docs/webhooks-overview>.
#[test]
fn smtp2go_tells_of_one_mail_many_times() {
    let body = |event: &str, time: &str| {
        json!({"event": event, "time": time, "email_id": "1u0SwL-B9zBpi9ffUq-JAB2", "id": "26224",
            "rcpt": "jo@example.com", "subject": "Your order"})
        .to_string()
    };
    let credentials = basic("riq:long-password");
    let sent = |event: &str, time: &str| {
        let headers = [("authorization", credentials.as_str())];
        send("smtp2go", "riq:long-password", &headers, body(event, time).as_bytes(), NOW)
    };
    let first = event(sent("delivered", "2026-11-12T07:44:58Z"));
    assert_eq!(told(&first), ("1u0SwL-B9zBpi9ffUq-JAB2", "delivered"));
    assert_eq!(event(sent("delivered", "2026-11-12T07:44:58Z")).dedupe, first.dedupe);
    assert_ne!(event(sent("open", "2026-11-12T07:44:58Z")).dedupe, first.dedupe);
    assert_ne!(event(sent("delivered", "2026-11-12T07:45:58Z")).dedupe, first.dedupe);
    let other = basic("riq:other-password");
    let forged = send("smtp2go", "riq:long-password", &[("authorization", &other)], b"{}", NOW);
    assert_eq!(reason(forged), Reason::WrongSignature);
}

/// The vector of <https://docs.svix.com/receiving/verifying-payloads/how-manual>: Svix sends Resend's events.
#[test]
fn resend_s_signature_is_that_of_svix() {
    let headers = [
        ("svix-id", "msg_p5jXN8AQM9LWM0D4loKWxJek"),
        ("svix-timestamp", "1614265330"),
        ("svix-signature", "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="),
    ];
    let sent = |body: &[u8]| {
        let now = OffsetDateTime::from_unix_timestamp(1_614_265_330).unwrap();
        send("resend", "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", &headers, body, now)
    };
    assert_eq!(told(&event(sent(br#"{"test": 2432232314}"#))), ("msg_p5jXN8AQM9LWM0D4loKWxJek", "-"));
    assert_eq!(reason(sent(br#"{"test": 2432232315}"#)), Reason::WrongSignature);
}

/// The body is that of <https://www.plain.com/docs/webhooks>, without its payload. Computed from
/// <https://www.plain.com/docs/request-signing>.
#[test]
fn plain_s_attempt_says_its_time_in_the_signed_body() {
    let sent = |attempt: &str| {
        let body = json!({"timestamp": "2023-10-19T14:12:25.733Z", "workspaceId": "w_01GST0W989ZNAW53X6XYHAY87P",
            "payload": {"eventType": "thread.email_received"}, "id": "pEv_01HD44FJ053ZHW13SWS9556THX",
            "webhookMetadata": {"webhookDeliveryAttemptNumber": 1, "webhookDeliveryAttemptTimestamp": attempt},
            "type": "thread.email_received"})
        .to_string();
        let signature = hex_mac("s3cret", &body);
        let now = datetime!(2023-10-19 14:18:10 UTC);
        send("plain", "s3cret", &[("Plain-Request-Signature", &signature)], body.as_bytes(), now)
    };
    let event = event(sent("2023-10-19T14:18:07.362Z"));
    assert_eq!(told(&event), ("pEv_01HD44FJ053ZHW13SWS9556THX", "thread.email_received"));
    assert_eq!(event.accounts[0].as_str(), "w_01GST0W989ZNAW53X6XYHAY87P");
    assert_eq!(event.time, Some(datetime!(2023-10-19 14:12:25.733 UTC)));
    assert_eq!(reason(sent("2023-10-19T14:13:07.362Z")), Reason::Stale);
}
