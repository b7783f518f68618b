//! What is answered, taken or refused although no signature covers its body: handshakes, secrets that a provider
//! brings, signed tokens, credentials.

use base64::{Engine as _, engine::general_purpose::STANDARD};

use super::sent_test::*;
use super::*;

const FIRST: &str = "[events.secret]\nsource = \"first_request\"\npointer = \"/verification_token\"\n\
    label = \"Token\"\nhelp = \"There.\"\npattern = \"^[A-Za-z0-9_]{16,64}$\"\nmismatch = \"Expected a token\"\n";

fn mailgun(signature: &str, time: i64, data: &str) -> String {
    format!(r#"{{"s":{{"token":"t0k","timestamp":"{time}","signature":"{signature}"}},"e":{data}}}"#)
}

#[test]
fn slack_s_challenge_is_answered_over_its_raw_bytes() {
    let acme = provider(SLACK, &[PERSON, SLACK_SIGNATURE, FIELDS]);
    let body = br#"{ "token":"x",  "challenge":"3eZbrw1aBm2rZgRNFdxV2595E9CY3gmdALWMmHkvFXO7tYXAYM8P","type":"url_verification"}"#;
    let time = NOW.to_string();
    let signature = slack(&time, body);
    let expected = r#"{"challenge":"3eZbrw1aBm2rZgRNFdxV2595E9CY3gmdALWMmHkvFXO7tYXAYM8P"}"#;
    let signed = Sent::new(&[("x-time", &time), ("x-sign", &signature)], body);
    let answer = answered(signed.to(&acme, &["s3cret"]));
    assert_eq!(
        (answer.status, answer.body.as_str(), answer.content_type),
        (200, expected, Some("application/json"))
    );
    // Unsigned, it gets back what it said. With a wrong signature it gets nothing.
    assert_eq!(answered(Sent::new(&[], body).to(&acme, &["s3cret"])).body, expected);
    assert_eq!(answered(Sent::new(&[], body).to(&acme, &[])).body, expected);
    let wrong = Sent::new(&[("x-time", &time), ("x-sign", "v0=00")], body);
    assert_eq!(refused(wrong.to(&acme, &["s3cret"])), (401, Reason::WrongSignature));
    for challenge in ["", "a b", "<script>é", &"a".repeat(257)] {
        let body = serde_json::json!({"type": "url_verification", "challenge": challenge}).to_string();
        let unsigned = Sent::new(&[], body.as_bytes()).to(&acme, &["s3cret"]);
        assert_eq!(refused(unsigned), (401, Reason::NotSigned));
        let signature = slack(&time, body.as_bytes());
        let signed = Sent::new(&[("x-time", &time), ("x-sign", &signature)], body.as_bytes());
        assert_eq!(refused(signed.to(&acme, &["s3cret"])), (400, Reason::Unreadable));
    }
}

#[test]
fn zoom_s_challenge_signs_nothing_that_an_event_could_be() {
    let acme = provider(ZOOM, &[PERSON, SLACK_SIGNATURE, "[events.fields]\ntype = \"/event\"\n"]);
    let challenge = |token: &str| {
        serde_json::json!({"event": "endpoint.url_validation", "payload": {"plainToken": token}, "event_ts": 1}).to_string()
    };
    let body = challenge("qgg8vlvZRS6UYooatFL8Aw");
    let encrypted = hex_mac("s3cret", &[b"qgg8vlvZRS6UYooatFL8Aw"]);
    let expected = format!(r#"{{"plainToken":"qgg8vlvZRS6UYooatFL8Aw","encryptedToken":"{encrypted}"}}"#);
    assert_eq!(answered(Sent::new(&[], body.as_bytes()).to(&acme, &["s3cret"])).body, expected);
    let time = NOW.to_string();
    let signature = slack(&time, body.as_bytes());
    let signed = Sent::new(&[("x-time", &time), ("x-sign", &signature)], body.as_bytes());
    // Under the secret that signed it, whichever that is.
    assert_eq!(answered(signed.to(&acme, &["new", "s3cret"])).body, expected);
    let wrong = Sent::new(&[("x-time", &time), ("x-sign", "v0=00")], body.as_bytes());
    assert_eq!(refused(wrong.to(&acme, &["s3cret"])), (401, Reason::WrongSignature));
    assert_eq!(refused(signed.to(&acme, &[])), (503, Reason::NoSecret));
    assert_eq!(refused(Sent::new(&[], body.as_bytes()).to(&acme, &[])), (401, Reason::NotSigned));
    for token in ["v0:1790000000:{\"event\":\"x\"}", "v0:1:x", "", "a b", "é", &"a".repeat(65)] {
        let body = challenge(token);
        assert_eq!(
            refused(Sent::new(&[], body.as_bytes()).to(&acme, &["s3cret"])),
            (401, Reason::NotSigned),
            "{token}"
        );
        let signature = slack(&time, body.as_bytes());
        let signed = Sent::new(&[("x-time", &time), ("x-sign", &signature)], body.as_bytes());
        assert_eq!(refused(signed.to(&acme, &["s3cret"])), (400, Reason::Unreadable), "{token}");
    }
}

#[test]
fn a_signed_token_counts_once() {
    let acme = provider(MAILGUN, &[PERSON, MAILGUN_SIGNATURE, MAILGUN_FIELDS]);
    let signature = hex_mac("s3cret", &[NOW.to_string().as_bytes(), b"t0k"]);
    let sent = |data: &str, now: i64| {
        let body = mailgun(&signature, NOW, data);
        Sent::new(&[], body.as_bytes()).at(now).to(&acme, &["s3cret"])
    };
    let data = r#"{"id":"1","event":"opened"}"#;
    let (first, again) = (taken(sent(data, NOW)), taken(sent(data, NOW + 1)));
    let other = taken(sent(r#"{"id":"1","event":"failed"}"#, NOW));
    assert!(!first.is_body_signed);
    assert_eq!((first.once.clone(), first.events[0].time), (again.once, None));
    let (first, other) = (first.once.unwrap(), other.once.unwrap());
    assert_eq!((&first.key, first.claim), (&other.key, Duration::from_secs(600)));
    assert_ne!(first.bound_to, other.bound_to);
    assert_eq!(refused(sent(data, NOW + 301)), (406, Reason::Stale));
}

#[test]
fn what_signs_no_body_is_still_checked() {
    let acme = provider(MAILGUN, &[PERSON, MAILGUN_SIGNATURE, MAILGUN_FIELDS]);
    let right = hex_mac("s3cret", &[NOW.to_string().as_bytes(), b"t0k"]);
    let data = r#"{"id":"1"}"#;
    let as_parent =
        mailgun("00", NOW, data).replace("\"signature\"", &format!("\"parent\":\"{right}\",\"signature\""));
    taken(Sent::new(&[], as_parent.as_bytes()).to(&acme, &["s3cret"]));
    let as_number = mailgun(&right, NOW, data).replace(&format!("\"{NOW}\""), &NOW.to_string());
    taken(Sent::new(&[], as_number.as_bytes()).to(&acme, &["s3cret"]));
    for (body, reason) in [
        (mailgun("zz", NOW, data), Reason::WrongSignature),
        (mailgun(&right, NOW + 1, data), Reason::WrongSignature),
        (mailgun(&right, NOW, data).replace("t0k", "t0l"), Reason::WrongSignature),
        (mailgun(&right, NOW, data).replace("\"token\"", "\"tokem\""), Reason::MalformedSignature),
        (mailgun(&right, NOW, data).replace("\"timestamp\"", "\"time\""), Reason::NoTime),
        (mailgun(&right, NOW, data).replace("\"signature\"", "\"sign\""), Reason::NotSigned),
        ("{}".to_owned(), Reason::NotSigned),
        ("nonsense".to_owned(), Reason::NotSigned),
    ] {
        assert_eq!(refused(Sent::new(&[], body.as_bytes()).to(&acme, &["s3cret"])), (401, reason), "{body}");
    }
    let body = mailgun(&right, NOW, data);
    assert_eq!(refused(Sent::new(&[], body.as_bytes()).to(&acme, &[])), (503, Reason::NoSecret));
}

#[test]
fn credentials_are_compared_whole() {
    let acme = provider("body_signed = false\nhandshakes = [\"empty_test\"]\n", &[PERSON, BASIC, UNTIMED]);
    let header = |credentials: &str| format!("Basic {}", STANDARD.encode(credentials));
    let sent = |header: &str, body| Sent::new(&[("Authorization", header)], body).to(&acme, &["riq:p:w"]);
    let taken = taken(sent(&header("riq:p:w"), BODY));
    assert!(!taken.is_body_signed && taken.once.is_none() && taken.events[0].time.is_none());
    assert_eq!(answered(sent(&header("riq:p:w").replacen("Basic", "bAsic", 1), b" \r\n")).status, 200);
    for (header, reason) in [
        (header("riq:p"), Reason::WrongSignature),
        (header("riq:p:w\0"), Reason::WrongSignature),
        (header("riq"), Reason::WrongSignature),
        (header(""), Reason::MalformedSignature),
        ("Basic !!".to_owned(), Reason::MalformedSignature),
        ("Bearer riq:p:w".to_owned(), Reason::NotSigned),
        (String::new(), Reason::NotSigned),
    ] {
        assert_eq!(refused(sent(&header, b"")), (401, reason), "{header}");
    }
    let forwarded = Sent::new(&[("X-Forwarded-For", "3.134.147.250")], BODY);
    assert_eq!(refused(forwarded.to(&acme, &["riq:p:w"])), (401, Reason::NotSigned));
}

#[test]
fn a_token_is_the_secret_itself() {
    let by_header = "[events.signature]\nscheme = \"token\"\nheader = \"x-token\"\n";
    let by_body = "[events.signature]\nscheme = \"token\"\ntoken = \"/token\"\n";
    let acme = provider("body_signed = false\n", &[PERSON, by_header, UNTIMED]);
    taken(Sent::new(&[("x-token", "s3cret")], BODY).to(&acme, &["s3cret"]));
    for (token, reason) in [("s3cre", Reason::WrongSignature), ("", Reason::NotSigned)] {
        let verdict = Sent::new(&[("x-token", token)], BODY).to(&acme, &["s3cret"]);
        assert_eq!(refused(verdict), (401, reason));
    }
    let acme = provider("body_signed = false\n", &[PERSON, by_body, UNTIMED]);
    taken(Sent::new(&[], br#"{"token":"s3cret","id":"1"}"#).to(&acme, &["s3cret"]));
    let verdict = Sent::new(&[], br#"{"token":["s3cret"]}"#).to(&acme, &["s3cret"]);
    assert_eq!(refused(verdict), (401, Reason::NotSigned));
}

#[test]
fn a_secret_is_taken_once_and_only_while_somebody_waits() {
    let acme = provider("", &[FIRST, PLAIN, FIELDS]);
    let first: &[u8] = br#"{"verification_token":"secret_tMrlL1qK5vuQAh1b6cZG"}"#;
    let secret = "secret_tMrlL1qK5vuQAh1b6cZG";
    let sent = Sent::new(&[], first);
    match sent.waiting(&acme, &[], true) {
        Verdict::KeepSecret { secret: kept, answer } => {
            assert_eq!((kept.as_str(), answer.status), (secret, 200));
            assert_eq!(format!("{kept:?}"), "BroughtSecret");
        }
        other => panic!("{other:?}"),
    }
    assert_eq!(refused(sent.waiting(&acme, &[], false)), (401, Reason::UnexpectedSecret));
    // It comes again; another one comes.
    assert_eq!(answered(sent.waiting(&acme, &[secret], false)).status, 200);
    let other = Sent::new(&[], br#"{"verification_token":"secret_another0123456789"}"#);
    assert_eq!(refused(other.waiting(&acme, &[secret], false)), (401, Reason::UnexpectedSecret));
    for bad in ["\"short\"", "\"secret with spaces 0123\"", "5", "null"] {
        let body = format!("{{\"verification_token\":{bad}}}");
        let reason = refused(Sent::new(&[], body.as_bytes()).waiting(&acme, &[], true)).1;
        assert!(matches!(reason, Reason::UnexpectedSecret | Reason::NotSigned), "{bad}: {reason}");
    }
    let right = format!("sha256={}", hex_mac(secret, &[BODY]));
    taken(Sent::new(&[("x-sign", &right)], BODY).to(&acme, &[secret]));
}

#[test]
fn unsigned_types_are_told_apart() {
    let acme = provider("", &[PERSON, PLAIN, FIELDS]);
    let claimed =
        |headers: &[(&str, &str)], body: &[u8]| match Sent::new(headers, body).to(&acme, &["s3cret"]) {
            Verdict::Refuse(refusal) => refusal.claimed_kind,
            other => panic!("{other:?}"),
        };
    let body = br#"{"type":"MEETING_ENDED"}"#;
    assert_eq!(claimed(&[], body).as_deref(), Some("MEETING_ENDED"));
    assert_eq!(claimed(&[("x-sign", "no-secret-provided")], body).as_deref(), Some("MEETING_ENDED"));
    assert_eq!(claimed(&[("x-sign", "sha256=00")], body), None);
    assert_eq!(claimed(&[], br#"{"type":"<b>\u0000"}"#), None);
    assert_eq!(claimed(&[], format!(r#"{{"type":"{}"}}"#, "a".repeat(65)).as_bytes()), None);
}
