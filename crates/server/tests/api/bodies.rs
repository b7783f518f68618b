//! Bodies of every kind that no client should send. The refusal names the problem and its place, and nothing is
//! changed.

use serde_json::json;

use crate::support::{
    Answer, Server, raw,
    specification::{Operation, PROVIDER, operations},
};

on_both!(
    a_body_that_is_not_an_object_is_refused_on_every_route,
    a_body_that_is_not_json_is_refused_on_every_route,
    ambiguous_or_unstorable_json_is_named_by_path,
    a_body_that_is_too_large_is_refused_on_every_route,
    another_content_type_is_refused_on_every_route,
    each_field_of_a_wrong_type_is_named,
    settings_have_a_largest_size,
    a_body_that_breaks_off_changes_nothing,
);

/// Sends a body to every route that takes one, and checks that nothing stored changes.
async fn refused_everywhere(
    server: &Server,
    content_type: &str,
    body: &[u8],
    check: impl Fn(&Operation, &Answer),
) {
    let before = server.sql.picture().await;
    for operation in routes_with_body() {
        let target = operation.target(&server.project.to_string(), PROVIDER);
        let call = server.call(&operation.method, &target).body(content_type, body.to_vec());
        let answer = call.send().await;
        assert!((400..500).contains(&answer.status), "{answer:?}");
        assert!(operation.can_answer(answer.code()), "{}: {answer:?}", operation.name);
        check(&operation, &answer);
    }
    assert_eq!(server.sql.picture().await, before);
}

fn routes_with_body() -> Vec<Operation> {
    let mut routes: Vec<_> =
        operations().into_iter().filter(|operation| operation.can_answer("BAD_JSON")).collect();
    // An operation with a body must declare how it refuses one.
    for operation in operations().iter().filter(|operation| operation.body.is_some()) {
        assert!(routes.iter().any(|route| route.name == operation.name), "{}", operation.name);
    }
    routes.sort_by(|one, other| one.name.cmp(&other.name));
    assert!(routes.len() >= 2, "PATCH and install-url");
    routes
}

const JSON: &str = "application/json";

async fn a_body_that_is_not_an_object_is_refused_on_every_route(server: &Server) {
    server.install(PROVIDER).await;
    for body in ["null", "[]", "\"x\"", "1", "true", "[{\"sidebar_enabled\":true}]", "-0.5e3"] {
        refused_everywhere(server, JSON, body.as_bytes(), |_, answer| {
            answer.refused(400, "BAD_REQUEST");
            let issues = answer.issues();
            assert!(issues.len() == 1 && issues[0].starts_with(": Expected object"), "{body}: {issues:?}");
        })
        .await;
    }
    refused_everywhere(server, JSON, br#"{"unknown":1,"other":2}"#, |_, answer| {
        let mut issues = answer.refused(400, "BAD_REQUEST").issues();
        issues.retain(|issue| !issue.ends_with(": Required"));
        assert_eq!(issues, ["unknown: Unknown field", "other: Unknown field"]);
    })
    .await;
}

async fn a_body_that_is_not_json_is_refused_on_every_route(server: &Server) {
    server.install(PROVIDER).await;
    let deep_arrays = ["[".repeat(10_000), "]".repeat(10_000)].concat();
    let deep_objects = ["{\"settings\":".repeat(10_000), "1".into(), "}".repeat(10_000)].concat();
    let bodies: [(&[u8], &str); 18] = [
        (b" \n ", ""),
        (b"{", "line 1"),
        (br#"{"sidebar_enabled":tru"#, "line 1"),
        (br#"{"sidebar_enabled":true"#, "line 1"),
        (br#"{"sidebar_enabled":true}}"#, "line 1 column 25"),
        (b"{\"sidebar_enabled\":true}\n{\"sidebar_enabled\":true}", "line 2"),
        (br#"{"sidebar_enabled":true} x"#, "line 1"),
        (br#"{'sidebar_enabled':true}"#, "line 1"),
        (br#"{"sidebar_enabled":true,}"#, "line 1"),
        (b"{\"display_name\":\"a\nb\"}", "line"),
        (br#"{"display_name":"\ud800"}"#, "line 1"),
        (br#"{"display_name":"\udc00x"}"#, "line 1"),
        (br#"{"\ud800":1}"#, "line 1"),
        (b"{\"display_name\":\"\xff\"}", "line 1"),
        (b"\xef\xbb\xbf{\"sidebar_enabled\":true}", "line 1"),
        (br#"{"settings":{"refund_limit_cents":1e400}}"#, "line 1"),
        (deep_arrays.as_bytes(), "line 1"),
        (deep_objects.as_bytes(), "line 1"),
    ];
    for (body, place) in bodies {
        refused_everywhere(server, JSON, body, |_, answer| {
            answer.refused(400, "BAD_JSON");
            assert!(answer.message().contains(place), "{answer:?}");
        })
        .await;
    }
    let before = server.sql.picture().await;
    for call in [
        server.call("PATCH", &server.at("/slack/lifecycle")),
        server.call("PATCH", &server.at("/slack/lifecycle")).body(JSON, ""),
    ] {
        call.send().await.refused(400, "BAD_JSON");
    }
    assert_eq!(server.sql.picture().await, before);
}

async fn ambiguous_or_unstorable_json_is_named_by_path(server: &Server) {
    server.install(PROVIDER).await;
    for (body, issue) in [
        (r#"{"status":"paused","status":"active"}"#, "status: Duplicate key"),
        (
            r#"{"settings":{"notify_on_escalation":true,"notify_on_escalation":false}}"#,
            "settings.notify_on_escalation: Duplicate key",
        ),
        (
            r#"{"settings":{"notify_on_escalation":9223372036854775808}}"#,
            "settings.notify_on_escalation: Number does not fit in 64 bits",
        ),
        (r#"{"x":-9223372036854775809}"#, "x: Number does not fit in 64 bits"),
        (r#"{"x":123456789012345678901234567890}"#, "x: Number does not fit in 64 bits"),
        (r#"{"display_name":"a\u0000b"}"#, "display_name: Must not contain the NUL character (U+0000)"),
        (
            r#"{"settings":{"default_channel":["\u0000"]}}"#,
            "settings.default_channel.0: Must not contain the NUL character (U+0000)",
        ),
        (r#"{"settings":{"a\u0000":1}}"#, "settings: A key must not contain the NUL character (U+0000)"),
    ] {
        refused_everywhere(server, JSON, body.as_bytes(), |_, answer| {
            answer.refused(400, "BAD_REQUEST");
            assert!(answer.issues().contains(&issue.to_owned()), "{body}: {:?}", answer.issues());
        })
        .await;
    }
}

async fn a_body_that_is_too_large_is_refused_on_every_route(server: &Server) {
    const LARGE: usize = 10 * 1024 * 1024;
    server.install(PROVIDER).await;
    let large = json!({"display_name": "x".repeat(LARGE)}).to_string();
    refused_everywhere(server, JSON, large.as_bytes(), |_, answer| {
        answer.refused(413, "PAYLOAD_TOO_LARGE");
        assert!(answer.message().contains("262144"), "{answer:?}");
    })
    .await;
    let before = server.sql.picture().await;
    for operation in routes_with_body() {
        let target = operation.target(&server.project.to_string(), PROVIDER);
        let head = format!(
            "{} {target} HTTP/1.1\r\nhost: x\r\nx-api-key: {}\r\ncontent-type: application/json\r\n",
            operation.method, server.key.text
        );
        let chunk = format!("10000\r\n{}\r\n", "x".repeat(0x10000));
        let chunked = format!("{head}transfer-encoding: chunked\r\n\r\n{}0\r\n\r\n", chunk.repeat(160));
        raw::send(server.address, chunked.as_bytes()).await.refused(413, "PAYLOAD_TOO_LARGE");
        // A client that asks first gets the answer before it sends anything.
        let asking = format!("{head}content-length: {LARGE}\r\nexpect: 100-continue\r\n\r\n");
        raw::send(server.address, asking.as_bytes()).await.refused(413, "PAYLOAD_TOO_LARGE");
        let absurd = format!("{head}content-length: 99999999999999999999999\r\n\r\n");
        let answer = raw::send(server.address, absurd.as_bytes()).await;
        assert!([400, 413].contains(&answer.status), "{answer:?}");
    }
    assert_eq!(server.sql.picture().await, before);
}

async fn another_content_type_is_refused_on_every_route(server: &Server) {
    server.install(PROVIDER).await;
    let body = br#"{"sidebar_enabled":true}"#;
    for content_type in ["text/plain", "application/x-www-form-urlencoded", "application/xml", "json", ""] {
        refused_everywhere(server, content_type, body, |_, answer| {
            answer.refused(415, "UNSUPPORTED_MEDIA_TYPE");
            assert!(answer.message().contains("application/json"), "{answer:?}");
        })
        .await;
    }
    refused_everywhere(server, "application/x-www-form-urlencoded", b"sidebar_enabled=true", |_, answer| {
        answer.refused(415, "UNSUPPORTED_MEDIA_TYPE");
    })
    .await;
    let before = server.sql.picture().await;
    for operation in routes_with_body() {
        let target = operation.target(&server.project.to_string(), PROVIDER);
        let gzip =
            [0x1f_u8, 0x8b, 8, 0, 0, 0, 0, 0, 0, 3, 0xab, 0xae, 5, 0, 0x43, 0xbf, 0xa6, 0xa3, 2, 0, 0, 0];
        let call = server.call(&operation.method, &target).header("content-encoding", "gzip");
        let answer = call.body(JSON, gzip.to_vec()).send().await;
        answer.refused(415, "UNSUPPORTED_MEDIA_TYPE");
        assert_eq!(answer.header("accept-encoding"), Some("identity"));
    }
    assert_eq!(server.sql.picture().await, before);
    // JSON with another media type of JSON, or without one, is accepted.
    for content_type in
        ["application/merge-patch+json", "application/json; charset=utf-8", "APPLICATION/JSON"]
    {
        let call = server.call("PATCH", &server.at("/slack/lifecycle"));
        call.body(content_type, body.to_vec()).send().await.data();
    }
    let call = server.call("PATCH", &server.at("/slack/lifecycle"));
    call.untyped_body(br#"{"sidebar_enabled":false}"#.to_vec()).send().await.data();
}

async fn each_field_of_a_wrong_type_is_named(server: &Server) {
    server.install(PROVIDER).await;
    let before = server.sql.picture().await;
    let wrong = [json!(null), json!(1), json!(1.5), json!("x"), json!([]), json!({"x": 1}), json!(true)];
    for (field, right) in [
        ("status", &[][..]),
        ("display_name", &[0, 3]),
        ("sidebar_enabled", &[6]),
        ("settings", &[]),
        ("action_permissions", &[]),
    ] {
        for value in wrong.iter().enumerate().filter(|(at, _)| !right.contains(at)).map(|(_, value)| value) {
            let answer = server.patch(PROVIDER, json!({field: value})).await;
            answer.refused(400, "BAD_REQUEST");
            let issues = answer.issues();
            assert!(issues.len() == 1 && issues[0].starts_with(field), "{field}: {value}: {issues:?}");
        }
    }
    for name in ["", "  ", "\t", "a\u{7}b", "a\nb", &"x".repeat(101), &"é".repeat(101)] {
        let answer = server.patch(PROVIDER, json!({"display_name": name})).await;
        let issues = answer.refused(400, "BAD_REQUEST").issues();
        assert!(issues.len() == 1 && issues[0].starts_with("display_name: Must"), "{issues:?}");
    }
    assert_eq!(server.sql.picture().await, before);
    for name in ["é".repeat(100), "名前 😀".into(), "'; DROP TABLE integrations; --".into()] {
        let answer = server.patch(PROVIDER, json!({"display_name": name})).await;
        assert_eq!(answer.data()["display_name"], name);
    }
}

async fn settings_have_a_largest_size(server: &Server) {
    server.install("github").await;
    let before = server.sql.picture().await;
    let large = json!({"settings": {"default_repo": "x".repeat(100_000)}});
    let issues = server.patch("github", large).await.refused(400, "BAD_REQUEST").issues();
    assert!(
        issues.iter().any(|issue| issue == "settings: Must not be larger than 65536 bytes"),
        "{issues:?}"
    );
    // A patch with many keys that the schema does not know.
    let keys: serde_json::Map<_, _> = (0..5_000).map(|at| (format!("key{at}"), json!(1))).collect();
    let issues = server.patch("github", json!({"settings": keys})).await.refused(400, "BAD_REQUEST").issues();
    assert!(issues.contains(&"settings.key7: Unknown setting".to_owned()));
    assert_eq!(server.sql.picture().await, before);
}

async fn a_body_that_breaks_off_changes_nothing(server: &Server) {
    server.install(PROVIDER).await;
    let before = server.sql.picture().await;
    let target = server.at("/slack/lifecycle");
    let head = format!(
        "PATCH {target} HTTP/1.1\r\nhost: x\r\nx-api-key: {}\r\ncontent-type: application/json\r\n",
        server.key.text
    );
    for rest in [
        "content-length: 100\r\n\r\n{\"sidebar_enabled\":true}".to_owned(),
        "transfer-encoding: chunked\r\n\r\n18\r\n{\"sidebar_enabled\":true}\r\n".to_owned(),
    ] {
        let mut stream = tokio::net::TcpStream::connect(server.address).await.unwrap();
        tokio::io::AsyncWriteExt::write_all(&mut stream, format!("{head}{rest}").as_bytes()).await.unwrap();
        tokio::io::AsyncWriteExt::shutdown(&mut stream).await.unwrap();
        let mut received = Vec::new();
        tokio::io::AsyncReadExt::read_to_end(&mut stream, &mut received).await.unwrap();
        let received = String::from_utf8_lossy(&received);
        assert!(received.is_empty() || received.starts_with("HTTP/1.1 400 "), "{received}");
    }
    // The next request finds everything as it was.
    assert_eq!(server.sql.picture().await, before);
    assert_eq!(server.integration(PROVIDER).await["sidebar_enabled"], false);
}
