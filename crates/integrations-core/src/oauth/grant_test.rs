//! How answers of the token endpoint are read.

use std::sync::LazyLock;

use proptest::prelude::*;
use serde_json::{Map, Value, json};
use time::OffsetDateTime;
use time::macros::datetime;

use super::{Grant, TokenProblem};
use crate::answer_body::AnswerBody;
use crate::catalog::{Catalog, Provider, contract_test::of_the_contract};

const NOW: OffsetDateTime = datetime!(2026-05-17 17:55:00 UTC);

static CATALOG: LazyLock<Catalog> = LazyLock::new(of_the_contract);

fn provider(key: &str) -> &'static Provider {
    CATALOG.get(key).unwrap()
}

fn read(key: &str, status: u16, answer: &Value) -> Result<Grant, TokenProblem> {
    let provider = provider(key);
    let text = answer.to_string();
    let body = AnswerBody::new(Some("application/json"), text.as_bytes());
    let grant = Grant::read(provider.oauth().unwrap(), status, &body, NOW);
    if let Ok(grant) = &grant {
        // The credential that was read is valid, so it can be stored. Pasted by a person, it would lose a quote at its
        // end.
        let quoted = |value: &Value| value.as_str().is_some_and(|text| text.ends_with(['"', ' ']));
        let valid = provider.read_credential(&grant.credential).unwrap();
        assert!(valid == grant.credential || grant.credential.values().any(quoted), "{valid:?}");
    }
    grant
}

fn granted(key: &str, answer: Value) -> Grant {
    read(key, 200, &answer).unwrap()
}

fn problem(key: &str, status: u16, answer: Value) -> TokenProblem {
    read(key, status, &answer).unwrap_err()
}

#[test]
fn an_answer_as_rfc_6749_has_it_becomes_a_credential() {
    let grant = granted(
        "hubspot",
        json!({"access_token": "at", "refresh_token": "rt", "expires_in": 1800, "token_type": "bearer",
               "hub_id": 62515, "scopes": ["oauth", "crm.objects.companies.read"]}),
    );
    assert_eq!(
        Value::Object(grant.credential.clone()),
        json!({"access_token": "at", "refresh_token": "rt", "expires_at": "2026-05-17T18:25:00Z"})
    );
    assert_eq!(grant.expires_at, Some(datetime!(2026-05-17 18:25:00 UTC)));
    assert_eq!(
        grant.missing_scopes(provider("hubspot").oauth().unwrap()),
        ["crm.objects.contacts.read", "crm.objects.contacts.write"]
    );
}

#[test]
fn what_is_absent_is_null() {
    for answer in [
        json!({"access_token": "at"}),
        json!({"access_token": "at", "refresh_token": null, "expires_in": null, "error": null, "scope": ""}),
        json!({"access_token": "at", "refresh_token": "", "error": false, "error_description": ""}),
    ] {
        let grant = granted("github", answer);
        assert_eq!(
            Value::Object(grant.credential.clone()),
            json!({"access_token": "at", "refresh_token": null, "expires_at": null})
        );
        assert_eq!(grant.missing_scopes(provider("github").oauth().unwrap()), [""; 0]);
    }
}

#[test]
fn a_lifetime_that_cannot_be_read_is_a_blemish() {
    let grant = granted("github", json!({"access_token": "at", "expires_in": "60"}));
    assert_eq!(grant.expires_at, Some(datetime!(2026-05-17 17:56:00 UTC)));
    assert_eq!(grant.blemishes, []);
    for bad in [json!(0), json!(-1), json!("soon"), json!(""), json!(true), json!(1e300), json!([])] {
        let grant = granted("github", json!({"access_token": "at", "expires_in": bad}));
        assert_eq!(grant.expires_at, None, "{bad}");
        assert_eq!(grant.credential["expires_at"], Value::Null);
        assert_eq!(
            grant.blemishes[0].to_string(),
            "expires_in: expected a number of seconds, and more than 0"
        );
        // The file's lifetime counts instead.
        let answer = json!({"access_token": "at", "expires_in": bad, "instance_url": "https://acme.my.salesforce.com"});
        assert_eq!(granted("salesforce", answer).expires_at, Some(datetime!(2026-05-17 19:55:00 UTC)));
    }
}

#[test]
fn the_files_lifetime_counts_where_the_answer_has_none() {
    let grant = granted(
        "salesforce",
        json!({"access_token": "at", "instance_url": "https://acme.my.salesforce.com", "scope": "refresh_token api"}),
    );
    assert_eq!(grant.expires_at, Some(datetime!(2026-05-17 19:55:00 UTC)));
    assert_eq!(grant.missing_scopes(provider("salesforce").oauth().unwrap()), [""; 0]);
}

#[test]
fn kept_fields_are_checked() {
    let answer = |url: Value| json!({"access_token": "at", "instance_url": url});
    assert_eq!(
        granted("salesforce", answer(json!("https://acme.my.salesforce.com"))).credential["instance_url"],
        "https://acme.my.salesforce.com"
    );
    let missing = TokenProblem::Missing { what: "instance_url".into() };
    assert_eq!(problem("salesforce", 200, answer(json!(null))), missing);
    assert_eq!(problem("salesforce", 200, answer(json!(""))), missing);
    for bad in ["https://evil.example", "https://acme.my.salesforce.com@evil.example"] {
        let found = problem("salesforce", 200, answer(json!(bad)));
        assert_eq!(
            found.to_string(),
            "the instance_url in its answer is not valid: expected something like https://acme.my.salesforce.com"
        );
    }
    assert!(matches!(problem("salesforce", 200, answer(json!(["x"]))), TokenProblem::Invalid { .. }));
    // An optional field may be missing: its default is used.
    assert!(!granted("pipedrive", json!({"access_token": "at"})).credential.contains_key("api_domain"));
    for bad in [json!("https://evil.example"), json!(["x"]), json!({}), json!("x".repeat(5000))] {
        let grant = granted("pipedrive", json!({"access_token": "at", "api_domain": bad}));
        assert!(!grant.credential.contains_key("api_domain"));
        assert_eq!(
            grant.blemishes.iter().map(|blemish| blemish.what.as_str()).collect::<Vec<_>>(),
            ["api_domain"]
        );
    }
}

#[test]
fn the_account_can_be_read_of_the_answer() {
    let slack = provider("slack");
    let grant = granted(
        "slack",
        json!({"ok": true, "access_token": "xoxb-1", "token_type": "bot", "bot_user_id": "U1",
               "scope": "chat:write", "team": {"id": "T1", "name": "Acme"}, "enterprise": null}),
    );
    let account = slack.account.as_ref().unwrap().read(&grant.answer, &Map::new(), &Map::new()).unwrap();
    assert_eq!((account.id.as_str(), account.label()), ("T1", "Acme"));
    assert_eq!(grant.credential["team_id"], "T1");
    assert_eq!(grant.missing_scopes(slack.oauth().unwrap())[..2], ["channels:history", "channels:read"]);
}

#[test]
fn a_write_scope_of_shopify_includes_its_read_scope() {
    let shopify = provider("shopify");
    let grant = granted("shopify", json!({"access_token": "at", "scope": "read_products,write_orders"}));
    assert_eq!(grant.missing_scopes(shopify.oauth().unwrap()), ["read_customers"]);
}

#[test]
fn an_error_counts_whatever_its_status() {
    let slack = provider("slack");
    let found = problem("slack", 200, json!({"ok": false, "error": "invalid_refresh_token"}));
    assert_eq!(found, TokenProblem::Refused { code: "invalid_refresh_token".into(), description: None });
    assert!(found.is_dead(&slack.oauth().unwrap().tokens));
    let found = problem(
        "github",
        200,
        json!({"error": "bad_verification_code", "error_description": "The code passed is incorrect or expired.",
               "error_uri": "https://docs.github.com/"}),
    );
    assert_eq!(
        found.to_string(),
        "it refused with the error bad_verification_code: The code passed is incorrect or expired."
    );
    assert!(!found.is_dead(&provider("github").oauth().unwrap().tokens));
    assert!(
        problem("linear", 400, json!({"error": "invalid_grant"})).is_dead(&slack.oauth().unwrap().tokens)
    );
}

#[test]
fn errors_of_other_shapes_are_errors_too() {
    let refused = |code: &str, words: &str| TokenProblem::Refused {
        code: code.into(),
        description: Some(words.into()),
    };
    assert_eq!(
        problem("zendesk", 401, json!({"error": {"title": "Forbidden", "message": "Not allowed"}})),
        refused("Forbidden", "Not allowed")
    );
    assert_eq!(
        problem("zendesk", 400, json!({"error": {"message": "Not\u{7} allowed\n"}})),
        refused("unknown", "Not allowed")
    );
    let failed = |status: u16| TokenProblem::Failed { status, description: None };
    assert_eq!(problem("zendesk", 404, json!({"status": "BAD"})), failed(404));
    let hubspot = json!({"status": "BAD_AUTH_CODE", "message": "missing or unknown auth code"});
    assert_eq!(problem("hubspot", 400, hubspot), refused("BAD_AUTH_CODE", "missing or unknown auth code"));
    let notion =
        json!({"object": "error", "status": 400, "code": "invalid_grant", "message": "Used already."});
    assert_eq!(problem("notion", 400, notion), refused("invalid_grant", "Used already."));
    let standard = json!({"error": "invalid_grant", "error_description": "Used already."});
    assert_eq!(problem("notion", 400, standard), refused("invalid_grant", "Used already."));
    assert_eq!(problem("zendesk", 302, json!({"access_token": "at"})), failed(302));
}

#[test]
fn a_dead_refresh_token_is_told_by_any_of_the_places() {
    let hubspot = provider("hubspot").oauth().unwrap();
    let words = "refresh token is invalid, expired or revoked";
    for answer in [
        json!({"status": "BAD_REFRESH_TOKEN", "message": words}),
        json!({"error": "invalid_grant", "error_description": words, "status": "error", "message": words}),
        json!({"error": "invalid_request", "status": "BAD_REFRESH_TOKEN", "message": words}),
    ] {
        for status in [200, 400] {
            let found = problem("hubspot", status, answer.clone());
            assert!(found.is_dead(&hubspot.tokens), "{found}");
        }
    }
    assert!(!problem("hubspot", 400, json!({"status": "BAD_CLIENT_ID"})).is_dead(&hubspot.tokens));
}

#[test]
fn numbers_are_codes_too() {
    let mut oauth = provider("hubspot").oauth().unwrap().clone();
    oauth.tokens.answer.dead_errors = vec!["40029".into(), "refresh_token_expired_0x80041004".into()];
    let read = |answer: Value| {
        Grant::read(&oauth, 400, &AnswerBody::new(None, answer.to_string().as_bytes()), NOW).unwrap_err()
    };
    for (answer, is_dead) in [
        (json!({"error": 40029}), true),
        (json!({"error": "40029"}), true),
        (json!({"error": {"code": 40029, "type": "OAuthException"}}), true),
        (json!({"error": 0, "status": 40029}), true),
        // A code of the file is no secret, though it looks like a token.
        (json!({"error": "refresh_token_expired_0x80041004"}), true),
        (json!({"error": 40030}), false),
        (json!({"error": 0}), false),
    ] {
        assert_eq!(read(answer.clone()).is_dead(&oauth.tokens), is_dead, "{answer}");
    }
}

#[test]
fn a_refusal_needs_no_body() {
    let slack = provider("slack").oauth().unwrap();
    for (status, body) in [(401, ""), (403, "no"), (302, "moved")] {
        let found = Grant::read(slack, status, &AnswerBody::new(None, body.as_bytes()), NOW).unwrap_err();
        assert_eq!(found, TokenProblem::Failed { status, description: None });
        assert!(!found.is_success_without_tokens());
    }
}

#[test]
fn trouble_of_the_provider_is_no_refusal() {
    for status in [408, 425, 429, 500, 503] {
        let found = problem("slack", status, json!({"error": "invalid_grant"}));
        assert_eq!(found, TokenProblem::Unavailable { status });
        assert!(!found.is_dead(&provider("slack").oauth().unwrap().tokens));
    }
}

#[test]
fn what_is_not_json_is_told_from_a_web_page() {
    let provider = provider("slack");
    let read = |content_type: Option<&str>, body: &str| {
        let body = AnswerBody::new(content_type, body.as_bytes());
        Grant::read(provider.oauth().unwrap(), 200, &body, NOW).unwrap_err()
    };
    let page = TokenProblem::NotJson { status: 200, looks_like_html: true };
    assert_eq!(read(Some("text/html; charset=utf-8"), "Sorry"), page);
    assert_eq!(read(None, "\n <!doctype html>"), page);
    assert!(!page.is_success_without_tokens(), "something else than the provider has answered");
    let other = TokenProblem::NotJson { status: 200, looks_like_html: false };
    assert_eq!(read(None, ""), other);
    assert!(other.is_success_without_tokens());
    assert!(problem("slack", 200, json!({"ok": true})).is_success_without_tokens());
    assert!(!problem("slack", 200, json!({"error": "bad"})).is_success_without_tokens());
}

#[test]
fn a_token_that_cannot_stand_in_a_header_is_refused() {
    let missing = TokenProblem::Missing { what: "access_token".into() };
    for absent in
        [json!({}), json!({"access_token": null}), json!({"access_token": ""}), json!([]), json!(null)]
    {
        assert_eq!(problem("slack", 200, absent), missing);
    }
    for bad in [json!("a b"), json!("a\r\nX: y"), json!("é"), json!(7), json!({}), json!("x".repeat(65_537))]
    {
        let found = problem("slack", 200, json!({"access_token": bad}));
        assert!(matches!(found, TokenProblem::Invalid { .. }), "{found:?}");
    }
    let longest = "x".repeat(65_536);
    let grant = granted("slack", json!({"access_token": longest, "refresh_token": longest}));
    assert_eq!(
        (&grant.credential["access_token"], &grant.credential["refresh_token"]),
        (&json!(longest), &json!(longest))
    );
}

#[test]
fn tokens_that_ask_for_a_proof_are_refused() {
    for kind in ["bearer", "Bearer", "bot", "user", "offline"] {
        granted("slack", json!({"access_token": "at", "token_type": kind}));
    }
    for kind in ["DPoP", "mac", "N_A"] {
        let found = problem("slack", 200, json!({"access_token": "at", "token_type": kind}));
        assert!(matches!(&found, TokenProblem::Invalid { what, .. } if what == "token_type"), "{found:?}");
    }
}

#[test]
fn a_providers_own_words_are_cut_and_hold_no_token() {
    let words = format!("The code xoxe-1-{} is wrong. {}", "a1".repeat(20), "é".repeat(300));
    let TokenProblem::Refused { description, .. } =
        problem("slack", 400, json!({"error": "invalid_code", "error_description": words}))
    else {
        panic!("not refused")
    };
    let description = description.unwrap();
    assert!(description.starts_with("The code [redacted] is wrong. é"), "{description}");
    assert_eq!(description.chars().count(), 200);
}

/// Salesforce's credential before a refresh. Its refresh tokens rotate.
fn before() -> Map<String, Value> {
    let before = json!({"access_token": "old", "refresh_token": "spent", "expires_at": "2026-05-17T18:00:00Z",
                        "instance_url": "https://acme.my.salesforce.com"});
    before.as_object().unwrap().clone()
}

fn renewed(key: &str, before: &Map<String, Value>, body: &AnswerBody<'_>) -> Result<Grant, TokenProblem> {
    Grant::renew(provider(key).oauth().unwrap(), before, 200, body, NOW)
}

#[test]
fn new_tokens_are_kept_whatever_is_wrong_beside_them() {
    let latin_1 = b"{\"access_token\":\"new\",\"refresh_token\":\"next\",\"name\":\"Caf\xe9\"}";
    for (content_type, body, blemishes) in [
        ("application/json", &br#"{"access_token":"new","refresh_token":"next"}"#[..], &[][..]),
        ("text/html", br#"{"access_token":"new","refresh_token":"next"}"#, &[]),
        ("application/json", b"\xef\xbb\xbf{\"access_token\":\"new\",\"refresh_token\":\"next\"}", &[]),
        ("application/json; charset=iso-8859-1", latin_1, &[]),
        ("application/json", latin_1, &[]),
        ("text/plain", b"access_token=new&refresh_token=next&scope=api", &[]),
        ("", br#"{"access_token":"new","refresh_token":"next","x":"\ud800","y":1e999,"z":NaN}"#, &[]),
        ("", br#"{"access_token":"a","refresh_token":"b","access_token":"new","refresh_token":"next"}"#, &[]),
        ("", br#"{"access_token":"new","refresh_token":"next","refresh_token":null}"#, &[]),
        ("", br#"{"access_token":" new\n","refresh_token":"next\r\n"}"#, &[]),
        ("", br#"{"access_token":"new","refresh_token":"next","expires_in":"","scope":{}}"#, &["expires_in"]),
        ("", br#"{"access_token":"new","refresh_token":"next","expires_in":[3600]}"#, &["expires_in"]),
        ("", br#"{"access_token":"new","refresh_token":"next","instance_url":7}"#, &["instance_url"]),
        ("", br#"{"access_token":"new","refresh_token":"next","instance_url":["x"]}"#, &["instance_url"]),
        (
            "",
            br#"{"access_token":"new","refresh_token":"next","instance_url":"https://evil.example"}"#,
            &["instance_url"],
        ),
        ("", br#"{"access_token":"new","refresh_token":"next","token_type":"DPoP"}"#, &["token_type"]),
        ("", br#"{"access_token":"new","refresh_token":"next","error":"none"}"#, &[]),
        ("", br#"{"access_token":"new","refresh_token":"next","id_token":"ey"#, &["the answer"]),
        ("", br#"{"access_token":"new","refresh_token":"next"} garbage"#, &[]),
    ] {
        let text = String::from_utf8_lossy(body);
        let grant = renewed("salesforce", &before(), &AnswerBody::new(Some(content_type), body));
        let grant = grant.unwrap_or_else(|problem| panic!("{text}: {problem}"));
        assert_eq!(grant.credential["access_token"], "new", "{text}");
        assert_eq!(grant.credential["refresh_token"], "next", "{text}");
        assert_eq!(grant.credential["instance_url"], "https://acme.my.salesforce.com", "{text}");
        let found: Vec<&str> = grant.blemishes.iter().map(|blemish| blemish.what.as_str()).collect();
        assert_eq!(found, blemishes, "{text}");
        assert_eq!(
            provider("salesforce").read_credential(&grant.credential).as_ref(),
            Ok(&grant.credential),
            "{text}"
        );
    }
}

#[test]
fn a_refresh_token_stays_unless_the_answer_had_another() {
    let refresh_token = |key: &str, text: &str| {
        let grant = renewed(key, &before(), &AnswerBody::new(None, text.as_bytes())).unwrap();
        grant.credential["refresh_token"].clone()
    };
    for rotates in ["salesforce", "hubspot"] {
        assert_eq!(refresh_token(rotates, r#"{"access_token":"new"}"#), "spent");
        assert_eq!(refresh_token(rotates, r#"{"access_token":"new","refresh_token":""}"#), "spent");
        assert_eq!(refresh_token(rotates, r#"{"access_token":"new","refresh_token":12}"#), "12");
    }
    // The old one would be taken for stolen, and the new one cannot be read.
    for text in [r#"{"access_token":"new","refresh_token":{"a":1}}"#, r#"{"access_token":"new","refre"#] {
        assert_eq!(refresh_token("salesforce", text), Value::Null);
        assert_eq!(refresh_token("hubspot", text), "spent");
    }
}

#[test]
fn the_answer_to_a_refresh_may_have_its_tokens_in_the_usual_places() {
    let mut oauth = provider("slack").oauth().unwrap().clone();
    let pointer = |text: &str| crate::catalog::JsonPointer::parse(text).unwrap();
    oauth.tokens.answer.access_token = vec![pointer("/authed_user/access_token")];
    oauth.tokens.answer.refresh_token = pointer("/authed_user/refresh_token");
    oauth.tokens.answer.expires_in = pointer("/authed_user/expires_in");
    let user = json!({"access_token": "user", "refresh_token": "next", "expires_in": 60});
    let nested =
        json!({"ok": true, "access_token": "bot", "refresh_token": "other", "authed_user": user}).to_string();
    let (nested, flat) = (AnswerBody::new(None, nested.as_bytes()), user.to_string());
    let flat = AnswerBody::new(None, flat.as_bytes());
    for grant in [
        Grant::read(&oauth, 200, &nested, NOW).unwrap(),
        Grant::renew(&oauth, &before(), 200, &nested, NOW).unwrap(),
        Grant::renew(&oauth, &before(), 200, &flat, NOW).unwrap(),
    ] {
        assert_eq!(
            (&grant.credential["access_token"], &grant.credential["refresh_token"]),
            (&json!("user"), &json!("next"))
        );
        assert_eq!(grant.expires_at, Some(datetime!(2026-05-17 17:56:00 UTC)));
    }
    // An answer to a code has the bot's token there.
    assert!(Grant::read(&oauth, 200, &flat, NOW).is_err());
}

/// JSON with tokens in the places where providers put them, and in other places.
fn answers() -> impl Strategy<Value = Value> {
    let token = "SECRET-[a-z]{8}[0-9]{4}";
    let value = prop_oneof![
        token.prop_map(Value::from),
        (token, "[ .:\"]").prop_map(|(token, mark)| format!("no {token}{mark}").into()),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        Just(Value::Null),
        Just(json!(true)),
        token.prop_map(|token| json!({"code": token, "message": token, "id": token, "title": "no"})),
        token.prop_map(|token| json!([token])),
    ];
    let name = prop::sample::select(vec![
        "access_token",
        "refresh_token",
        "expires_in",
        "scope",
        "error",
        "error_description",
        "message",
        "token_type",
        "instance_url",
        "api_domain",
        "team",
        "workspace_id",
    ]);
    prop::collection::btree_map(name, value, 0..8)
        .prop_map(|fields| fields.into_iter().map(|(name, value)| (name.to_owned(), value)).collect())
}

proptest! {
    #[test]
    fn no_token_is_ever_in_what_can_be_logged(
        answer in answers(),
        status in prop::sample::select(vec![200_u16, 400, 401, 503]),
        key in prop::sample::select(vec!["slack", "salesforce", "pipedrive", "notion", "zendesk"]),
    ) {
        // Scopes and error codes are not secret, but a hostile provider can write there what it likes.
        let text = match read(key, status, &answer) {
            Ok(grant) => {
                let scopes = format!("{:?}", grant.granted_scopes);
                format!("{grant:?}").replace(&scopes, "")
            }
            Err(problem) => format!("{problem} {problem:?}"),
        };
        prop_assert!(!text.contains("SECRET-"), "{}", text);
    }

    #[test]
    fn any_bytes_can_be_read(
        body in prop::collection::vec(any::<u8>(), 0..200),
        status in any::<u16>(),
        content_type in prop::option::of(".{0,20}"),
    ) {
        let provider = provider("slack");
        let body = AnswerBody::new(content_type.as_deref(), &body);
        let read = Grant::read(provider.oauth().unwrap(), status, &body, NOW);
        prop_assert!(read.is_err());
    }
}
