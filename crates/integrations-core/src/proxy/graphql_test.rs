use std::collections::BTreeSet;

use proptest::prelude::*;
use serde_json::{Value, json};

use super::{Operation, Refusal, read_body, read_parameters};

fn body(body: &Value) -> Result<Operation, Refusal> {
    read_body(body.to_string().as_bytes()).map(|(operation, _)| operation)
}

fn document(text: &str) -> Result<Operation, Refusal> {
    body(&json!({"query": text}))
}

/// What an operation asks for at its top.
type Asked = (bool, BTreeSet<String>);

fn asks(mutates: bool, fields: &[&str]) -> Asked {
    (mutates, fields.iter().map(|field| (*field).to_owned()).collect())
}

fn top(operation: Operation) -> Asked {
    (operation.mutates, operation.fields)
}

#[test]
fn every_field_at_the_top_is_found() {
    for (text, expected) in [
        ("{ shop { name } }", asks(false, &["shop"])),
        ("query { shop { name } __typename }", asks(false, &["shop"])),
        ("{ harmless: refundCreate { id } }", asks(false, &["refundCreate"])),
        ("mutation { tagsAdd { a } x: orderCancel { b } }", asks(true, &["tagsAdd", "orderCancel"])),
        (",mutation{orderCancel{a}}", asks(true, &["orderCancel"])),
        ("\u{feff}mutation{orderCancel{a}}", asks(true, &["orderCancel"])),
        ("# query\nmutation{orderCancel{a}}", asks(true, &["orderCancel"])),
        ("# query\rmutation{orderCancel{a}}", asks(true, &["orderCancel"])),
        ("mutation { ... on Mutation { orderCancel { a } } }", asks(true, &["orderCancel"])),
        ("mutation { ... { ... @include(if: false) { orderCancel { a } } } }", asks(true, &["orderCancel"])),
        (
            "mutation { ...a } fragment a on Mutation { ...b } fragment b on Mutation { orderCancel { a } }",
            asks(true, &["orderCancel"]),
        ),
        ("query { shop { ...unused } } fragment unused on Mutation { refundCreate }", asks(false, &["shop"])),
        ("{ __typename }", asks(false, &[])),
        ("{ a: __typename @skip(if: true) shop { name } }", asks(false, &["shop"])),
        ("{ ...a } fragment a on Query { shop { a } ...a }", asks(false, &["shop"])),
        ("{ shop(text: \"} mutation { refundCreate\") { a } }", asks(false, &["shop"])),
    ] {
        assert_eq!(document(text).map(top), Ok(expected), "{text}");
    }
}

#[test]
fn every_field_beneath_is_found_too() {
    for text in [
        "{ a { b { secret } } }",
        "{ a { x: secret } }",
        "{ a { b @skip(if: true) { ... on C { ... { secret } } } } }",
        "{ a { ...f } } fragment f on A { ...g } fragment g on A { b { secret } }",
        "{ ...f a { ...f } } fragment f on Query { a { secret } }",
        "{ a { ...f } ...f } fragment f on Query { ...f b { secret } }",
    ] {
        let operation = document(text).unwrap();
        assert!(operation.all_fields.contains("secret"), "{text}");
        assert!(!operation.fields.contains("secret") && operation.fields.contains("a"), "{text}");
    }
    let unused = "query A { a } query B { secret } fragment f on Query { secret }";
    let asked = body(&json!({"query": unused, "operationName": "A"})).unwrap();
    assert_eq!(asked.all_fields, BTreeSet::from(["a".to_owned()]));
    // Fragments that lead to each other, a thousand of them.
    let chain: String = (0..1_000).map(|n| format!("fragment f{n} on A {{ ...f{} }} ", n + 1)).collect();
    let chain = format!("{{ a {{ ...f0 }} }} {chain} fragment f1000 on A {{ secret }}");
    assert!(document(&chain).unwrap().all_fields.contains("secret"));
}

#[test]
fn of_several_operations_the_named_one_decides() {
    let both = "query Look { shop { a } } mutation Pay { refundCreate { a } }";
    let named = |name: Value| body(&json!({"query": both, "operationName": name})).map(top);
    assert_eq!(named(json!("Look")), Ok(asks(false, &["shop"])));
    assert_eq!(named(json!("Pay")), Ok(asks(true, &["refundCreate"])));
    for name in [json!(null), json!(""), json!("look"), json!("Other"), json!(1)] {
        assert!(named(name.clone()).is_err(), "{name}");
    }
    for twice in [
        "query A { shop { a } } mutation A { refundCreate { a } }",
        "{ shop { a } } mutation A { refundCreate { a } }",
        "{ shop { a } } { shop { a } }",
        "{ ...a } fragment a on Query { shop } fragment a on Mutation { refundCreate }",
    ] {
        assert!(body(&json!({"query": twice, "operationName": "A"})).is_err(), "{twice}");
        assert!(document(twice).is_err(), "{twice}");
    }
    assert!(body(&json!({"query": "{ shop { a } }", "operationName": "A"})).is_err());
}

#[test]
fn what_is_not_understood_is_refused() {
    for text in [
        "",
        "{",
        ";mutation{orderCancel{a}}",
        "query { }",
        "subscription { orders { id } }",
        "{ a } type Query { a: ID }",
        "fragment a on Query { shop }",
        "{ ...missing }",
        "extend type Query { a: ID }",
        &format!("{}{}", "{a".repeat(3_000), "}".repeat(3_000)),
        &format!("{{f(a:{}1{})}}", "[".repeat(3_000), "]".repeat(3_000)),
        &format!("{{{}}}", "a:__typename ".repeat(30_000)),
        &format!("{{{}}}", "a:__typename ".repeat(600)),
        &format!("{{ shop }}{}", " ".repeat(300_000)),
    ] {
        assert!(document(text).is_err(), "{text:.60}");
    }
    for wrong in [
        r#"[{"query":"{shop{a}}"}]"#,
        r#"{"query":"{shop{a}}","query":"mutation{refundCreate{a}}"}"#,
        r#"{"query":"{shop{a}}","variables":{"a":1,"a":2}}"#,
        r#"{"query":"{shop{a}}","extensions":{"persistedQuery":{"version":1,"sha256Hash":"x"}}}"#,
        r#"{"id":"kept"}"#,
        r#"{"query":["{shop{a}}"]}"#,
        r#"{"query":"{shop{a}}","variables":"{}"}"#,
        r#"{"query":"{shop{a}}","doc_id":1}"#,
        r#"{"query":"{shop{a}}"} {"query":"mutation{refundCreate{a}}"}"#,
        r#"{"query":"{shop{a}}","variables":{"a":1e400}}"#,
        "query=%7Bshop%7D",
        "\"{shop{a}}\"",
        "",
    ] {
        assert!(read_body(wrong.as_bytes()).is_err(), "{wrong}");
    }
    let deep =
        format!(r#"{{"query":"{{shop{{a}}}}","variables":{{"a":{}1{}}}}}"#, "[".repeat(500), "]".repeat(500));
    assert!(read_body(deep.as_bytes()).is_err());
}

#[test]
fn what_is_sent_is_what_was_read() {
    let text = br#" {"variables": {"id": "1"}, "query": "{ shop { a } }", "extensions": null} "#;
    let (_, sent) = read_body(text).unwrap();
    assert_eq!(sent, br#"{"variables":{"id":"1"},"query":"{ shop { a } }","extensions":null}"#);
}

#[test]
fn a_query_in_the_address_is_read_too() {
    let (operation, sent) = read_parameters("query=%7Bshop+%7Bname%7D%7D&variables=%7B%7D").unwrap();
    assert_eq!(top(operation), asks(false, &["shop"]));
    assert_eq!(sent, "query=%7Bshop+%7Bname%7D%7D&variables=%7B%7D");
    for wrong in [
        "",
        "query=%7Bshop%7D&query=mutation%7BrefundCreate%7D",
        "query=mutation%7BrefundCreate%7D",
        "query=%7Bshop%7D&extensions=%7B%7D",
        "query=%7Bshop%7D&variables=1",
        "query=%ff",
    ] {
        assert!(read_parameters(wrong).is_err(), "{wrong}");
    }
}

proptest! {
    #[test]
    fn no_spelling_hides_a_field(
        alias in "([a-z]{1,8}: ?)?",
        before in "[ ,\n\t]{0,4}(#[a-z {}\"]{0,10}\n)?",
        wrap in 0..4_u8,
        others in prop::collection::vec("[a-z]{3,8}", 0..4),
    ) {
        let field = format!("{before}{alias}refundCreate{{id}}");
        let inner = match wrap {
            0 => field,
            1 => format!("... on Mutation {{{field}}}"),
            2 => format!("... {{ ...on Mutation {{{field}}} }}"),
            _ => "...hidden".to_owned(),
        };
        let fragment = format!("fragment hidden on Mutation {{ {before}{alias}refundCreate{{id}} }}");
        let rest = if wrap == 3 { fragment } else { String::new() };
        let text = format!("{before}mutation{before}{{{} {inner}}} {rest}", others.join(" "));
        let operation = document(&text).unwrap();
        prop_assert!(operation.mutates && operation.fields.contains("refundCreate"), "{}", text);
    }

    #[test]
    fn nothing_makes_it_panic(text in "[a-z{}()\\[\\]:.,@$!#\" \n0-9\\\\]{0,80}") {
        let _ = document(&text);
        let _ = read_body(text.as_bytes());
        let _ = read_parameters(&text);
    }
}
