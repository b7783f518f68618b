//! Each scheme, with what is forged, replayed, cut short, written anew, oversized, or signed with something else.

use std::sync::{Arc, LazyLock};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use ed25519_dalek::{Signer as _, SigningKey};
use proptest::prelude::*;

use super::sent_test::*;
use super::*;
use crate::catalog::Provider;

#[test]
fn a_signature_over_the_body_is_right_or_refused() {
    let acme = provider("", &[PERSON, PLAIN, FIELDS]);
    let right = format!("sha256={}", hex_mac("s3cret", &[BODY]));
    let event = taken(Sent::new(&[("X-Sign", &right)], BODY).to(&acme, &["s3cret\n"])).events.remove(0);
    assert_eq!((event.id.as_deref(), event.kind.as_deref()), (Some("e1"), Some("a.b")));
    assert_eq!(event.body.as_bytes(), BODY);
    // In capitals, and with spaces around it: the same bytes.
    let capitals = format!(" sha256={} ", hex_mac("s3cret", &[BODY]).to_uppercase());
    taken(Sent::new(&[("x-sign", &capitals)], BODY).to(&acme, &["s3cret"]));
    let bare = &right["sha256=".len()..];
    for (signature, reason) in [
        (hex_mac("other", &[BODY]), Reason::MalformedSignature),
        (format!("sha256={}", hex_mac("other", &[BODY])), Reason::WrongSignature),
        (right.replacen("sha256=", "sha1=", 1), Reason::MalformedSignature),
        (right[..right.len() - 2].to_owned(), Reason::WrongSignature),
        (right[..right.len() - 1].to_owned(), Reason::MalformedSignature),
        (format!("{right}00"), Reason::WrongSignature),
        (bare.to_owned(), Reason::MalformedSignature),
        ("sha256=".to_owned(), Reason::WrongSignature),
        ("sha256=zz".to_owned(), Reason::MalformedSignature),
        (String::new(), Reason::NotSigned),
        (format!("sha256={}", STANDARD.encode(mac(b"s3cret", &[BODY]))), Reason::MalformedSignature),
    ] {
        let verdict = Sent::new(&[("x-sign", &signature)], BODY).to(&acme, &["s3cret"]);
        assert_eq!(refused(verdict), (401, reason), "{signature}");
    }
}

#[test]
fn a_changed_body_is_another_one() {
    let acme = provider("", &[PERSON, PLAIN, FIELDS]);
    let right = format!("sha256={}", hex_mac("s3cret", &[BODY]));
    let text = std::str::from_utf8(BODY).unwrap();
    let parsed: Value = serde_json::from_slice(BODY).unwrap();
    for body in [
        text.replace("e1", "e2"),
        text[..text.len() - 1].to_owned(),
        format!("{text}\n"),
        format!("\u{feff}{text}"),
        serde_json::to_string_pretty(&parsed).unwrap(),
        text.replace('/', "\\/").replace("a.b", "a\\u002eb"),
        String::new(),
    ] {
        let verdict = Sent::new(&[("x-sign", &right)], body.as_bytes()).to(&acme, &["s3cret"]);
        assert_eq!(refused(verdict), (401, Reason::WrongSignature), "{body}");
    }
}

#[test]
fn bytes_are_signed_before_anything_is_decoded() {
    let acme = provider("", &[PERSON, PLAIN, FIELDS]);
    for body in [
        "{\"id\":\"e1\",\"type\":\"a\",\"text\":\"🎉 é\"}".as_bytes(),
        b"{\"id\":\"e1\",\"type\":\"a\",\"text\":\"caf\xe9 \xff\"}",
        b"\xef\xbb\xbf{\"id\":\"e1\",\"type\":\"a\"}",
        br#"{"id":"e1\u0000","type":"\ud800a\udfff","text":"\u0000"}"#,
    ] {
        let right = format!("sha256={}", hex_mac("s3cret", &[body]));
        let event = taken(Sent::new(&[("x-sign", &right)], body).to(&acme, &["s3cret"])).events.remove(0);
        // What is read loses NUL and lone surrogates. What is kept is what came.
        assert_eq!((event.id.as_deref(), event.kind.as_deref()), (Some("e1"), Some("a")));
        assert_eq!(event.body.as_bytes(), body);
    }
}

#[test]
fn what_is_rightly_signed_and_unreadable_is_400() {
    let acme = provider("", &[PERSON, PLAIN, FIELDS]);
    for body in [&b"OK"[..], b"", b"[1]", b"\"a\"", b"{\"id\":"] {
        let right = format!("sha256={}", hex_mac("s3cret", &[body]));
        let verdict = Sent::new(&[("x-sign", &right)], body).to(&acme, &["s3cret"]);
        assert_eq!(refused(verdict), (400, Reason::Unreadable), "{body:?}");
    }
}

#[test]
fn without_a_secret_nothing_is_taken() {
    let acme = provider("", &[PERSON, PLAIN, FIELDS]);
    assert_eq!(refused(Sent::new(&[], BODY).to(&acme, &[])), (401, Reason::NotSigned));
    let empty = format!("sha256={}", hex_mac("", &[BODY]));
    assert_eq!(refused(Sent::new(&[("x-sign", &empty)], BODY).to(&acme, &[])), (503, Reason::NoSecret));
}

#[test]
fn a_header_that_decides_is_there_once() {
    let acme = provider("", &[PERSON, PLAIN, FIELDS]);
    let right = format!("sha256={}", hex_mac("s3cret", &[BODY]));
    let twice = Sent::new(&[("x-sign", "sha256=00"), ("X-Sign", &right)], BODY);
    assert_eq!(refused(twice.to(&acme, &["s3cret"])), (401, Reason::MalformedSignature));
}

#[test]
fn method_and_size_are_checked_first() {
    let acme = provider("", &[PERSON, PLAIN, FIELDS]);
    let events = acme.events().unwrap();
    let large = vec![b' '; 8193];
    let (delivery, now) =
        (Delivery { method: "POST", url: "", headers: &[], body: &large }, OffsetDateTime::UNIX_EPOCH);
    let known = Known { keys: &[], is_secret_awaited: false, now };
    assert_eq!(refused(receive(events, &delivery, known)), (413, Reason::TooLarge));
    let get = Delivery { method: "GET", body: b"", ..delivery };
    assert_eq!(refused(receive(events, &get, known)), (405, Reason::WrongMethod));
    assert_eq!(format!("{delivery:?}"), "Delivery { method: \"POST\", .. }");
}

#[test]
fn any_of_several_secrets_verifies() {
    let acme = provider("", &[PERSON, PLAIN, FIELDS]);
    let old = format!("sha256={}", hex_mac("old", &[BODY]));
    taken(Sent::new(&[("x-sign", &old)], BODY).to(&acme, &["new", "old"]));
    let verdict = Sent::new(&[("x-sign", &old)], BODY).to(&acme, &["new", "newer"]);
    assert_eq!(refused(verdict), (401, Reason::WrongSignature));
}

#[test]
fn a_signed_time_is_within_the_window_either_way() {
    let acme = provider(SLACK, &[PERSON, SLACK_SIGNATURE, FIELDS]);
    let time = NOW.to_string();
    let signature = slack(&time, BODY);
    let sent = |now: i64| {
        Sent::new(&[("x-time", &time), ("x-sign", &signature)], BODY).at(now).to(&acme, &["s3cret"])
    };
    for now in [NOW, NOW + 300, NOW - 300] {
        let taken = taken(sent(now));
        assert_eq!(taken.signed_at.unwrap().unix_timestamp(), NOW);
        assert_eq!(
            (taken.claim, taken.once.unwrap().claim),
            (Duration::from_secs(86400), Duration::from_secs(600))
        );
    }
    assert_eq!(refused(sent(NOW + 301)), (401, Reason::Stale));
    assert_eq!(refused(sent(NOW - 301)), (401, Reason::Early));
}

#[test]
fn a_time_that_is_missing_or_changed_verifies_nothing() {
    let acme = provider(SLACK, &[PERSON, SLACK_SIGNATURE, FIELDS]);
    let time = NOW.to_string();
    let signature = slack(&time, BODY);
    let fresh = (NOW + 10).to_string();
    for (headers, reason) in [
        (vec![("x-sign", signature.as_str())], Reason::NoTime),
        (vec![("x-sign", &signature), ("x-time", "")], Reason::NoTime),
        (vec![("x-sign", &signature), ("x-time", &fresh)], Reason::WrongSignature),
        (vec![("x-sign", &signature), ("x-time", &time), ("x-time", &fresh)], Reason::MalformedSignature),
        (vec![("x-time", time.as_str())], Reason::NotSigned),
    ] {
        assert_eq!(refused(Sent::new(&headers, BODY).to(&acme, &["s3cret"])), (401, reason), "{headers:?}");
    }
    // Signed, but no time.
    let signature = slack("soon", BODY);
    let verdict = Sent::new(&[("x-sign", &signature), ("x-time", "soon")], BODY).to(&acme, &["s3cret"]);
    assert_eq!(refused(verdict), (401, Reason::NoTime));
}

#[test]
fn one_signature_is_for_one_request() {
    let acme = provider(
        "window = \"5m\"\n",
        &[PERSON, SLACK_SIGNATURE, "[events.fields]\nid = \"x-id\"\ntype = \"/type\"\n"],
    );
    let time = NOW.to_string();
    let signature = slack(&time, BODY);
    let sent = |id: &str| {
        let verdict = Sent::new(&[("x-time", &time), ("x-sign", &signature), ("x-id", id)], BODY);
        taken(verdict.to(&acme, &["s3cret"]))
    };
    let (first, again, other) = (sent("1"), sent("1"), sent("2"));
    assert_eq!(first.once, again.once);
    let (first, other) = (first.once.unwrap(), other.once.unwrap());
    // The id is in no signature: the same signature under another one is a replay.
    assert_eq!(first.key, other.key);
    assert_ne!(first.bound_to, other.bound_to);
}

fn stripe(secret: &str, time: i64, body: &[u8]) -> String {
    hex_mac(secret, &[time.to_string().as_bytes(), b".", body])
}

#[test]
fn any_signature_of_the_version_counts_against_any_secret() {
    let acme = provider("window = \"5m\"\n", &[PERSON, STRIPE_SIGNATURE, FIELDS]);
    let (good, bad) = (stripe("s3cret", NOW, BODY), stripe("other", NOW, BODY));
    for header in [
        format!("t={NOW},v1={bad},v1={good},v0={bad}"),
        format!("t={NOW},v1={good},v1={bad},v0={bad}"),
        format!("v0={bad}, v1={good} , t={NOW}"),
        format!("t={NOW},v1=zz,v1={good}"),
    ] {
        taken(Sent::new(&[("x-sign", &header)], BODY).to(&acme, &["rolled", "s3cret"]));
    }
    for (header, reason) in [
        (format!("t={NOW},v0={good}"), Reason::MalformedSignature),
        (format!("t={NOW},v1={bad},v0={good}"), Reason::WrongSignature),
        (format!("v1={good}"), Reason::NoTime),
        (format!("t={NOW},t={},v1={good}", NOW - 900), Reason::MalformedSignature),
        (format!("t={},v1={good}", NOW + 1), Reason::WrongSignature),
        (format!("t={NOW};v1={good}"), Reason::MalformedSignature),
        (good.clone(), Reason::MalformedSignature),
        // More than are looked at.
        (format!("t={NOW},{}v1={good}", format!("v1={bad},").repeat(16)), Reason::WrongSignature),
    ] {
        let verdict = Sent::new(&[("x-sign", &header)], BODY).to(&acme, &["s3cret"]);
        assert_eq!(refused(verdict), (401, reason), "{header}");
    }
}

/// The vector of the Standard Webhooks libraries.
/// <https://github.com/standard-webhooks/standard-webhooks/blob/main/libraries/python/tests/test_webhooks.py>
const STANDARD_VECTOR: (&str, &str, &str, &[u8], &str) = (
    "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
    "msg_p5jXN8AQM9LWM0D4loKWxJek",
    "1614265330",
    br#"{"test": 2432232314}"#,
    "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=",
);

#[test]
fn standard_webhooks_are_verified() {
    let acme = provider(
        "window = \"5m\"\n",
        &[STANDARD_SECRET, STANDARD_SIGNATURE, "[events.fields]\nid = \"webhook-id\"\n"],
    );
    let (secret, id, time, body, signature) = STANDARD_VECTOR;
    let decoys = [
        signature.to_owned(),
        format!("v1,AAAA {signature} v2,x"),
        format!("{signature} v1,AAAA v1a,{}", &signature[3..]),
    ];
    for header in decoys {
        let headers =
            [("webhook-id", id), ("webhook-timestamp", time), ("webhook-signature", header.as_str())];
        let taken = taken(Sent::new(&headers, body).at(1_614_265_330).to(&acme, &[secret]));
        assert_eq!(taken.events[0].id.as_deref(), Some(id));
    }
    for (header, reason) in [
        (signature.replacen("v1", "v2", 1), Reason::MalformedSignature),
        (format!("v1a,{}", &signature[3..]), Reason::MalformedSignature),
        (signature[3..].to_owned(), Reason::MalformedSignature),
        ("v1,AAAA".to_owned(), Reason::WrongSignature),
    ] {
        let headers =
            [("webhook-id", id), ("webhook-timestamp", time), ("webhook-signature", header.as_str())];
        let verdict = Sent::new(&headers, body).at(1_614_265_330).to(&acme, &[secret]);
        assert_eq!(refused(verdict), (401, reason), "{header}");
    }
    // The id is signed too.
    let headers =
        [("webhook-id", "msg_other"), ("webhook-timestamp", time), ("webhook-signature", signature)];
    let verdict = Sent::new(&headers, body).at(1_614_265_330).to(&acme, &[secret]);
    assert_eq!(refused(verdict), (401, Reason::WrongSignature));
}

#[test]
fn the_scheme_and_not_the_beginning_says_how_a_secret_is_read() {
    let secret = STANDARD_VECTOR.0;
    let plain = provider("window = \"5m\"\n", &[PERSON, STRIPE_SIGNATURE, FIELDS]);
    let as_text = format!("t={NOW},v1={}", stripe(secret, NOW, BODY));
    taken(Sent::new(&[("x-sign", &as_text)], BODY).to(&plain, &[secret]));
    let decoded = provider("window = \"5m\"\n", &[STANDARD_SECRET, STRIPE_SIGNATURE, FIELDS]);
    let verdict = Sent::new(&[("x-sign", &as_text)], BODY).to(&decoded, &[secret]);
    assert_eq!(refused(verdict), (401, Reason::WrongSignature));
}

const ED25519: &str = "[events.secret]\nsource = \"person\"\nlabel = \"Key\"\nhelp = \"There.\"\nencoding = \"hex\"\n\
    bytes = 32\nmismatch = \"Expected 64 digits\"\n[events.signature]\nscheme = \"ed25519\"\nheader = \"x-sign\"\n\
    signs = \"{timestamp}{body}\"\ntime = \"x-time\"\n";

#[test]
fn ed25519_is_verified_with_the_public_key() {
    let acme = provider(
        "window = \"5m\"\nhandshakes = [\"discord_ping\"]\ntaken_status = 204\n",
        &[ED25519, FIELDS],
    );
    let key = SigningKey::from_bytes(&[7; 32]);
    let public = encodings::to_hex(key.verifying_key().as_bytes());
    let time = NOW.to_string();
    let sign = |body: &[u8]| encodings::to_hex(&key.sign(&[time.as_bytes(), body].concat()).to_bytes());
    let right = sign(BODY);
    let sent =
        |signature: &str| Sent::new(&[("x-time", &time), ("x-sign", signature)], BODY).to(&acme, &[&public]);
    assert_eq!(taken(sent(&right)).answer.status, 204);
    let other = encodings::to_hex(&SigningKey::from_bytes(&[8; 32]).sign(b"x").to_bytes());
    for (signature, reason) in [
        (other.as_str(), Reason::WrongSignature),
        (&"00".repeat(64), Reason::WrongSignature),
        (&right[2..], Reason::MalformedSignature),
        ("zz", Reason::MalformedSignature),
        ("", Reason::NotSigned),
    ] {
        assert_eq!(refused(sent(signature)), (401, reason), "{signature}");
    }
    let untimed = Sent::new(&[("x-sign", &right)], BODY).to(&acme, &[&public]);
    assert_eq!(refused(untimed), (401, Reason::NoTime));
    let ping = |body: &[u8]| {
        answered(Sent::new(&[("x-time", &time), ("x-sign", &sign(body))], body).to(&acme, &[&public]))
    };
    assert_eq!((ping(br#"{"version":1,"type":0}"#).status, ping(br#"{"type":0}"#).body.as_str()), (204, ""));
    assert_eq!(ping(br#"{"type":1}"#).body, r#"{"type":1}"#);
    let unsigned = Sent::new(&[], br#"{"type":1}"#).to(&acme, &[&public]);
    assert_eq!(refused(unsigned), (401, Reason::NotSigned));
}

#[test]
fn a_public_key_is_one() {
    let acme = provider("window = \"5m\"\n", &[ED25519, FIELDS]);
    let events = acme.events().unwrap();
    // No point of the curve; one of small order, under which signatures mean nothing.
    for bad in ["02".repeat(32), format!("01{}", "00".repeat(31))] {
        assert_eq!(events.read_secret(&bad), Err("Expected 64 digits".into()), "{bad}");
    }
}

#[test]
fn a_list_is_taken_apart() {
    let fields = "[events.fields]\nid = \"/id\"\ndedupe = [\"/portal\", \"/id\"]\ntype = \"/type\"\naccount = \"/portal\"\n\
        attempt = \"/attempt\"\nfirst_attempt = 0\n";
    let acme = provider("batch = \"\"\n", &[PERSON, PLAIN, fields]);
    let body = br#"[ {"id":1,"type":"a","portal":5 , "attempt":0},{"id":1,"type":"a","portal":6,"attempt":2}, {"id":12,"portal":"","x":1.50} ]"#;
    let right = format!("sha256={}", hex_mac("s3cret", &[body]));
    let events = taken(Sent::new(&[("x-sign", &right)], body).to(&acme, &["s3cret"])).events;
    let accounts: Vec<&[String]> = events.iter().map(|event| event.accounts.as_slice()).collect();
    assert_eq!(accounts, [vec!["5".to_owned()], vec!["6".to_owned()], vec![]]);
    assert_eq!(events[0].body.as_bytes(), br#"{"id":1,"type":"a","portal":5 , "attempt":0}"#);
    assert_eq!(events[2].body.as_bytes(), br#"{"id":12,"portal":"","x":1.50}"#);
    assert_eq!((events[0].is_repeat, events[1].is_repeat, events[1].attempt), (false, true, Some(2)));
    let keys: std::collections::BTreeSet<&String> = events.iter().map(|event| &event.dedupe).collect();
    assert_eq!(keys.len(), 3);
    for (body, reason) in [
        (b"[1]".to_vec(), Some(Reason::Unreadable)),
        (b"[]".to_vec(), None),
        (format!("[{}{{}}]", "{},".repeat(600)).into_bytes(), None),
        (format!("[{}{{}}]", "{},".repeat(1000)).into_bytes(), Some(Reason::TooMany)),
    ] {
        let right = format!("sha256={}", hex_mac("s3cret", &[&body]));
        let verdict = Sent::new(&[("x-sign", &right)], &body).to(&acme, &["s3cret"]);
        match reason {
            Some(reason) => assert_eq!(refused(verdict).1, reason),
            None => assert_eq!(taken(verdict).answer.status, 200),
        }
    }
}

#[test]
fn without_an_id_the_body_tells_an_event() {
    let acme = provider("", &[PERSON, PLAIN, "[events.fields]\ntype = \"/type\"\n"]);
    let key = |body: &[u8]| {
        let right = format!("sha256={}", hex_mac("s3cret", &[body]));
        taken(Sent::new(&[("x-sign", &right)], body).to(&acme, &["s3cret"])).events.remove(0).dedupe
    };
    assert_eq!(key(b"{\"a\":1}"), key(b"{\"a\":1}"));
    assert_ne!(key(b"{\"a\":1}"), key(b"{\"a\":2}"));
}

#[test]
fn only_named_headers_are_passed_on() {
    let acme = provider("headers = [\"x-try\"]\n", &[PERSON, PLAIN, FIELDS]);
    let right = format!("sha256={}", hex_mac("s3cret", &[BODY]));
    let headers = [("x-sign", right.as_str()), ("X-Try", "2"), ("cookie", "a"), ("x-other", "b")];
    let taken = taken(Sent::new(&headers, BODY).to(&acme, &["s3cret"]));
    assert_eq!(taken.headers, [("x-try".to_owned(), "2".to_owned())]);
    assert_eq!(taken.claim, Duration::from_secs(30 * 86400));
    assert!(format!("{:?}", taken.events[0]).contains("EventBody(52 bytes)"), "{taken:?}");
}

#[test]
fn secrets_of_paths_are_compared_whole() {
    assert!(is_same_secret("abc", "abc"));
    assert!(!is_same_secret("abc", "abd") && !is_same_secret("abc", "abc\0") && !is_same_secret("", "a"));
}

/// A provider of each scheme.
static SCHEMES: LazyLock<[Arc<Provider>; 5]> = LazyLock::new(|| {
    [
        provider("", &[PERSON, PLAIN, FIELDS]),
        provider(SLACK, &[PERSON, SLACK_SIGNATURE, FIELDS]),
        provider("window = \"5m\"\n", &[PERSON, STRIPE_SIGNATURE, FIELDS]),
        provider(MAILGUN, &[PERSON, MAILGUN_SIGNATURE, MAILGUN_FIELDS]),
        provider("body_signed = false\n", &[PERSON, BASIC, UNTIMED]),
    ]
});

proptest! {
    #[test]
    fn rubbish_is_refused_and_nothing_panics(
        signature in ".{0,80}",
        time in ".{0,20}",
        body in proptest::collection::vec(any::<u8>(), 0..200),
    ) {
        for acme in SCHEMES.iter() {
            let headers = [("x-sign", signature.as_str()), ("x-time", &time), ("authorization", &signature)];
            let verdict = Sent::new(&headers, &body).to(acme, &["s3cret"]);
            prop_assert!(matches!(verdict, Verdict::Refuse(_)), "{:?}", verdict);
        }
    }
}
