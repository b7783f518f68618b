//! The events of shops, payments and parcels: each provider's documented example, or one that is computed from the
//! documented scheme, against its file.

use serde_json::json;
use time::macros::datetime;

use super::vector_test::{
    NOW, answered, base64_mac, basic, event, hex_mac, reason, send, send_to, taken, told,
};
use super::*;

/// <https://developers.klaviyo.com/en/docs/working_with_system_webhooks>. Computed from the documented scheme.
#[test]
fn klaviyo_s_time_is_signed_behind_the_body() {
    let (secret, time) = ("0123456789abcdef", "Fri, 27 Nov 2026 12:00:00 GMT");
    let item = |id: &str| {
        json!({"topic": "event:klaviyo.unsubscribed_from_email_marketing", "external_id": id, "payload": {
            "data": {"type": "event", "id": id, "attributes": {"datetime": "2026-11-27T11:59:00+00:00"}}}})
    };
    let body = json!({"data": [item("73WCCK7JKtE"), item("73WCCK7JKtF")], "meta": {
        "klaviyo_webhook_id": "01KP4928STE8FKCWB6WDHZ4ZB7", "klaviyo_account_id": "WBhXHN"}});
    let body = body.to_string();
    let signature = hex_mac(secret, format!("{body}{time}"));
    let sent = |time: &str| {
        let headers = [("Klaviyo-Signature", signature.as_str()), ("Klaviyo-Timestamp", time)];
        send("klaviyo", secret, &headers, body.as_bytes(), NOW)
    };
    let events = taken(sent(time)).events;
    assert_eq!(told(&events[0]), ("73WCCK7JKtE", "event:klaviyo.unsubscribed_from_email_marketing"));
    assert_eq!(events[1].time, Some(datetime!(2026-11-27 11:59:00 UTC)));
    assert_ne!(events[0].dedupe, events[1].dedupe);
    assert_eq!(reason(sent("Fri, 27 Nov 2026 12:00:01 GMT")), Reason::WrongSignature);
}

/// <https://www.aftership.com/docs/tracking/webhook/webhook-signature>. Computed from the documented scheme.
#[test]
fn aftership_s_events_say_where_the_parcel_is() {
    let body = br#"{"event":"tracking_update","event_id":"3ffe0a0d-f0a3-4d38-a9ef-ee1a1b1c8a1b","msg":{"id":"a1","tag":"Delivered"},"ts":1790000000}"#;
    let signature = base64_mac("s3cret", body);
    let sent = |body: &[u8]| send("aftership", "s3cret", &[("aftership-hmac-sha256", &signature)], body, NOW);
    assert_eq!(
        told(&event(sent(body))),
        ("3ffe0a0d-f0a3-4d38-a9ef-ee1a1b1c8a1b", "tracking_update.Delivered")
    );
    assert_eq!(reason(sent(b"{}")), Reason::WrongSignature);
}

/// <https://developer.squareup.com/docs/webhooks/step3validate>
#[test]
fn square_s_example_is_verified() {
    let signature = "2kRE5qRU2tR+tBGlDwMEw2avJ7QM4ikPYD/PJ3bd9Og=";
    let sent = |url: &str| {
        let headers = [("x-square-hmacsha256-signature", signature)];
        send_to(url, "square", "asdf1234", &headers, br#"{"hello":"world"}"#, NOW)
    };
    assert_eq!(taken(sent("https://example.com/webhook")).events.len(), 1);
    for url in ["http://example.com/webhook", "https://example.com/webhook/", "https://inner/webhook"] {
        assert_eq!(reason(sent(url)), Reason::WrongSignature, "{url}");
    }
}

/// The body is that of <https://developer.squareup.com/reference/square/webhooks/oauth.authorization.revoked>.
#[test]
fn square_says_that_access_ended() {
    let url = "https://riq.example/hooks/x";
    let body = br#"{"merchant_id":"MLF3WZS5GD4PT","type":"oauth.authorization.revoked","event_id":"f2f8b8a1","created_at":"2026-11-27T11:59:59Z","data":{"type":"revocation"}}"#;
    let signature = base64_mac("key", [url.as_bytes(), body].concat());
    let headers = [("x-square-hmacsha256-signature", signature.as_str()), ("square-retry-number", "1")];
    let event = event(send("square", "key", &headers, body, NOW));
    assert_eq!(told(&event), ("f2f8b8a1", "oauth.authorization.revoked"));
    assert_eq!(
        (event.accounts[0].as_str(), event.ends_access, event.is_repeat),
        ("MLF3WZS5GD4PT", true, true)
    );
}

/// The body is that of the overview in <https://github.com/bigcommerce/docs>. Computed from the documented scheme.
#[test]
fn bigcommerce_s_key_is_the_text_of_the_client_secret() {
    let body = br#"{"store_id":"11111","producer":"stores/abcde","scope":"store/order/statusUpdated","data":{"type":"order","id":173331},"hash":"3f9ea420af83450d7ef9f78b08c8af25b2213637"}"#;
    let time = NOW.unix_timestamp().to_string();
    let sent = |id: &str| {
        let message = [format!("msg_1.{time}.").as_bytes(), body].concat();
        let signature = format!("v1,{}", base64_mac("0b1c2d3e4f", message));
        let headers =
            [("webhook-id", id), ("webhook-timestamp", time.as_str()), ("webhook-signature", &signature)];
        send("bigcommerce", "0b1c2d3e4f", &headers, body, NOW)
    };
    assert_eq!(told(&event(sent("msg_1"))), ("msg_1", "store/order/statusUpdated"));
    assert_eq!(reason(sent("msg_2")), Reason::WrongSignature);
}

/// <https://apidocs.chargebee.com/docs/api/events>
#[test]
fn chargebee_s_credentials_come_with_each_event() {
    let body = br#"{"id":"ev_16BHbhF4s42tO2lK","occurred_at":1790000000,"object":"event","api_version":"v2","event_type":"subscription_created"}"#;
    let sent = |credentials: &str| {
        send("chargebee", "riq:long-password", &[("authorization", &basic(credentials))], body, NOW)
    };
    let taken = taken(sent("riq:long-password"));
    assert_eq!(told(&taken.events[0]), ("ev_16BHbhF4s42tO2lK", "subscription_created"));
    assert_eq!((taken.is_body_signed, taken.events[0].time), (false, None));
    assert_eq!(reason(sent("riq:long")), Reason::WrongSignature);
}

/// <https://docs.recurly.com/recurly-subscriptions/docs/webhooks>
#[test]
fn recurly_s_notifications_are_told_by_their_own_id() {
    let body = |kind: &str| {
        json!({"id": "qmxmlwbhftz7", "object_type": "subscription", "site_id": "qmxmm1", "event_type": kind,
            "event_time": "2026-11-27T11:59:00Z"})
        .to_string()
    };
    let sent = |id: &str, kind: &str| {
        let credentials = basic("riq:long-password");
        let headers = [("authorization", credentials.as_str()), ("recurly-notification-id", id)];
        event(send("recurly", "riq:long-password", &headers, body(kind).as_bytes(), NOW))
    };
    let first = sent("n1", "created");
    assert_eq!((told(&first), first.accounts[0].as_str()), (("n1", "subscription.created"), "qmxmm1"));
    assert_eq!(sent("n1", "created").dedupe, first.dedupe);
    assert_ne!(sent("n2", "created").dedupe, first.dedupe);
}

/// The vector of Razorpay's libraries: razorpay-node (test/utils) and razorpay-java.
#[test]
fn razorpay_s_vector_is_verified() {
    let signature = "2fe04e22977002e6c7cb553adab8b460cb9e2a4970d5953cb27a8472752e3bbc";
    let headers = [("X-Razorpay-Signature", signature), ("x-razorpay-event-id", "DNcxdzqh4MmaGr")];
    let sent = |secret: &str| send("razorpay", secret, &headers, br#"{"a":1,"b":2,"c":{"d":3}}"#, NOW);
    assert_eq!(told(&event(sent("123456"))), ("DNcxdzqh4MmaGr", "-"));
    assert_eq!(reason(sent("123457")), Reason::WrongSignature);
}

/// The vector of GoCardless's libraries, such as gocardless-nodejs (src/fixtures/webhook_body.json).
#[test]
fn gocardless_s_vector_is_verified() {
    let body = r#"{"events":[{"id":"EV00BD05S5VM2T","created_at":"2018-07-05T09:13:51.404Z","resource_type":"subscriptions","action":"created","links":{"subscription":"SB0003JJQ2MR06"},"details":{"origin":"api","cause":"subscription_created","description":"Subscription created via the API."},"metadata":{}},{"id":"EV00BD05TB8K63","created_at":"2018-07-05T09:13:56.893Z","resource_type":"mandates","action":"created","links":{"mandate":"MD000AMA19XGEC"},"details":{"origin":"api","cause":"mandate_created","description":"Mandate created via the API."},"metadata":{}}]}"#;
    let signature = "2693754819d3e32d7e8fcb13c729631f316c6de8dc1cf634d6527f1c07276e7e";
    let sent = |body: &str| {
        let secret = "ED7D658C-D8EB-4941-948B-3973214F2D49";
        send("gocardless", secret, &[("Webhook-Signature", signature)], body.as_bytes(), NOW)
    };
    let events = taken(sent(body)).events;
    assert_eq!(told(&events[0]), ("EV00BD05S5VM2T", "subscriptions.created"));
    assert_eq!(told(&events[1]), ("EV00BD05TB8K63", "mandates.created"));
    assert_eq!(events[1].time, Some(datetime!(2018-07-05 09:13:56.893 UTC)));
    let Verdict::Refuse(refusal) = sent(&body.replace("created", "failed")) else { panic!() };
    assert_eq!((refusal.status, refusal.reason), (498, Reason::WrongSignature));
}

/// <https://docs.mollie.com/reference/webhooks-new>. Computed from the documented scheme.
#[test]
fn mollie_s_events_and_pings_are_verified() {
    let sent = |kind: &str, prefix: &str| {
        let body = json!({"resource": "event", "id": "event_GvJ8WHrp5isUdRub9CJyH", "type": kind,
            "entityId": "pl_qng5gbbv8NAZ5gpM5ZYgx", "createdAt": "2026-11-27T11:59:59.0Z"});
        let body = body.to_string();
        let signature = format!("{prefix}{}", hex_mac("s3cret", &body));
        send("mollie", "s3cret", &[("X-Mollie-Signature", &signature)], body.as_bytes(), NOW)
    };
    let event = event(sent("payment-link.paid", "sha256="));
    assert_eq!(told(&event), ("event_GvJ8WHrp5isUdRub9CJyH", "payment-link.paid"));
    assert_eq!(event.time, Some(datetime!(2026-11-27 11:59:59 UTC)));
    assert_eq!(answered(sent("hook.ping", "sha256=")).status, 200);
    assert_eq!(reason(sent("payment-link.paid", "")), Reason::MalformedSignature);
    // The webhookUrl of a payment gets this.
    assert_eq!(reason(send("mollie", "s3cret", &[], b"id=tr_d0b0E3EA3v", NOW)), Reason::NotSigned);
}

/// The items are those of <https://docs.adyen.com/development-resources/webhooks/>.
#[test]
fn adyen_s_items_are_taken_apart() {
    let item = |success: &str| {
        json!({"NotificationRequestItem": {"eventCode": "AUTHORISATION", "success": success,
            "pspReference": "7914073381342284", "merchantAccountCode": "TestMerchant",
            "additionalData": {"hmacSignature": "coqCmt/IZ4E3CzPvMY8zTjQVL5hYJUiBRg8UU+iCWo0="}}})
    };
    let body = json!({"live": "false", "notificationItems": [item("true"), item("true"), item("false")]});
    let header = basic("riq:long-password");
    let headers = [("Authorization", header.as_str())];
    let taken = taken(send("adyen", "riq:long-password", &headers, body.to_string().as_bytes(), NOW));
    assert_eq!((taken.answer.status, taken.is_body_signed), (202, false));
    let events = taken.events;
    assert_eq!(told(&events[0]), ("7914073381342284", "AUTHORISATION"));
    assert_eq!(events[0].dedupe, events[1].dedupe);
    assert_ne!(events[0].dedupe, events[2].dedupe);
}

/// <https://docs.goshippo.com/tracking/webhook-security>. Computed from the documented scheme.
#[test]
fn shippo_s_time_is_signed_with_the_body() {
    let body = br#"{"event":"track_updated","test":false,"data":{"tracking_number":"SHIPPO_DELIVERED"}}"#;
    let time = NOW.unix_timestamp();
    let signed = hex_mac("s3cret", [format!("{time}.").as_bytes(), body].concat());
    let header = format!("t={time},v1={signed}");
    let sent = |now| send("shippo", "s3cret", &[("Shippo-Auth-Signature", &header)], body, now);
    assert_eq!(told(&event(sent(NOW))), ("-", "track_updated"));
    assert_eq!(reason(sent(NOW + time::Duration::minutes(6))), Reason::Stale);
}

/// <https://docs.easypost.com/docs/webhooks>. Computed from the documented scheme, under which the vector of EasyPost's
/// libraries (official/fixtures of <https://github.com/EasyPost/examples>) comes out.
#[test]
fn easypost_s_signature_says_how_it_was_made() {
    let body = br#"{"description":"tracker.updated","mode":"production","created_at":"2024-08-02T19:26:52.000Z","id":"evt_1","user_id":"user_1","object":"Event","result":{"id":"trk_1","status":"in_transit","weight":614.4}}"#;
    let sent = |prefix: &str| {
        let signature = format!("{prefix}{}", hex_mac("s3cret", body));
        send("easypost", "s3cret", &[("X-Hmac-Signature", &signature)], body, NOW)
    };
    let event = event(sent("hmac-sha256-hex="));
    assert_eq!((told(&event), event.accounts[0].as_str()), (("evt_1", "tracker.updated"), "user_1"));
    assert_eq!(event.time, Some(datetime!(2024-08-02 19:26:52 UTC)));
    assert_eq!(reason(sent("sha256=")), Reason::MalformedSignature);
}

/// <https://docs.loopreturns.com/webhook-reference/validation>. Computed from the documented scheme.
#[test]
fn loop_s_events_are_told_by_their_body() {
    let sent = |state: &str| {
        let body = json!({"topic": "return", "trigger": "return.updated", "id": "4567", "state": state});
        let body = body.to_string();
        let signature = base64_mac("f5d0c396ba09b4c2", &body);
        let headers = [("X-Loop-Signature", signature.as_str())];
        event(send("loop-returns", "f5d0c396ba09b4c2", &headers, body.as_bytes(), NOW))
    };
    let first = sent("open");
    assert_eq!(told(&first), ("-", "return.updated"));
    assert_eq!(sent("open").dedupe, first.dedupe);
    assert_ne!(sent("closed").dedupe, first.dedupe);
}

/// The body is that of <https://developers.squarespace.com/commerce-apis/webhooks/overview>. Computed from the
/// documented scheme.
#[test]
fn squarespace_s_secret_is_hex_and_its_uninstallation_ends_access() {
    let body = json!({"id": "5c2ba184b63ed3cb411ce2b1", "websiteId": "5f3c3d55ac435e1a051f77b3",
        "subscriptionId": "5f3c2155d947844beedda991", "topic": "extension.uninstall",
        "createdOn": "2020-04-22T22:18+00:00", "data": {}})
    .to_string();
    let secret = "00112233445566778899aabbccddeeff";
    let sent = |key: &[u8]| {
        let signature = hex_mac(key, &body);
        send("squarespace", secret, &[("Squarespace-Signature", &signature)], body.as_bytes(), NOW)
    };
    let event = event(sent(&encodings::hex(secret).unwrap()));
    assert_eq!(told(&event), ("5c2ba184b63ed3cb411ce2b1", "extension.uninstall"));
    assert_eq!((event.accounts[0].as_str(), event.ends_access), ("5f3c3d55ac435e1a051f77b3", true));
    assert_eq!(reason(sent(secret.as_bytes())), Reason::WrongSignature);
}
