//! How answers of the token endpoint are read.

use std::sync::LazyLock;

use proptest::prelude::*;
use serde_json::{Map, Value, json};
use time::OffsetDateTime;
use time::macros::datetime;

use super::{Grant, TokenProblem};
use crate::catalog::{Catalog, Provider};

const NOW: OffsetDateTime = datetime!(2026-05-17 17:55:00 UTC);

static CATALOG: LazyLock<Catalog> = LazyLock::new(|| Catalog::embedded().unwrap());

fn provider(key: &str) -> &'static Provider {
    CATALOG.get(key).unwrap()
}

fn read(key: &str, status: u16, answer: &Value) -> Result<Grant, TokenProblem> {
    let provider = provider(key);
    let body = answer.to_string();
    let grant =
        Grant::read(provider.oauth().unwrap(), status, Some("application/json"), body.as_bytes(), NOW);
    if let Ok(grant) = &grant {
        // The credential that was read is valid, so it can be stored.
        assert_eq!(provider.check_credential(&grant.credential), []);
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
fn a_lifetime_is_a_number_or_the_text_of_one() {
    for seconds in [json!(60), json!("60"), json!(" 60 "), json!(60.9)] {
        let grant = granted("github", json!({"access_token": "at", "expires_in": seconds}));
        assert_eq!(grant.expires_at, Some(datetime!(2026-05-17 17:56:00 UTC)), "{seconds}");
    }
    for bad in [json!(-1), json!("soon"), json!(""), json!(true), json!(1e300), json!("NaN"), json!([])] {
        let found = problem("github", 200, json!({"access_token": "at", "expires_in": bad}));
        assert!(
            matches!(&found, TokenProblem::Invalid { what, .. } if what == "expires_in"),
            "{bad}: {found:?}"
        );
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
        assert!(matches!(&found, TokenProblem::Invalid { what, .. } if what == "instance_url"));
        assert!(!found.to_string().contains("evil"), "{found}");
    }
    assert!(matches!(problem("salesforce", 200, answer(json!(["x"]))), TokenProblem::Invalid { .. }));
    // An optional field may be missing: its default is used.
    assert!(!granted("pipedrive", json!({"access_token": "at"})).credential.contains_key("api_domain"));
}

#[test]
fn the_account_can_be_read_of_the_answer() {
    let slack = provider("slack");
    let grant = granted(
        "slack",
        json!({"ok": true, "access_token": "xoxb-1", "token_type": "bot", "bot_user_id": "U1",
               "scope": "chat:write", "team": {"id": "T1", "name": "Acme"}, "enterprise": null}),
    );
    let account = slack.account.as_ref().unwrap().read(&grant.answer, &Map::new()).unwrap();
    assert_eq!((account.id.as_str(), account.label()), ("T1", "Acme"));
    assert_eq!(grant.credential["team_id"], "T1");
    assert_eq!(grant.missing_scopes(slack.oauth().unwrap())[..2], ["channels:history", "channels:read"]);
}

#[test]
fn a_write_scope_of_shopify_includes_its_read_scope() {
    let shopify = provider("shopify");
    let grant = granted(
        "shopify",
        json!({"access_token": "at", "scope": "read_products,write_orders,write_customers"}),
    );
    assert_eq!(grant.missing_scopes(shopify.oauth().unwrap()), ["read_fulfillments"]);
}

#[test]
fn an_error_counts_whatever_its_status() {
    let slack = provider("slack");
    let found = problem("slack", 200, json!({"ok": false, "error": "invalid_refresh_token"}));
    assert_eq!(found, TokenProblem::Refused { code: "invalid_refresh_token".into(), description: None });
    assert!(found.is_dead(slack.oauth().unwrap()));
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
    assert!(!found.is_dead(provider("github").oauth().unwrap()));
    assert!(problem("linear", 400, json!({"error": "invalid_grant"})).is_dead(slack.oauth().unwrap()));
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
    assert_eq!(
        problem(
            "hubspot",
            400,
            json!({"status": "BAD_AUTH_CODE", "message": "missing or unknown auth code"})
        )
        .to_string(),
        "it answered with status 400: missing or unknown auth code"
    );
    let notion =
        json!({"object": "error", "status": 400, "code": "invalid_grant", "message": "Used already."});
    assert_eq!(problem("notion", 400, notion), refused("invalid_grant", "Used already."));
    let standard = json!({"error": "invalid_grant", "error_description": "Used already."});
    assert_eq!(problem("notion", 400, standard), refused("invalid_grant", "Used already."));
    assert_eq!(problem("zendesk", 302, json!({"access_token": "at"})), failed(302));
}

#[test]
fn trouble_of_the_provider_is_no_refusal() {
    for status in [429, 500, 503] {
        let found = problem("slack", status, json!({"error": "invalid_grant"}));
        assert_eq!(found, TokenProblem::Unavailable { status });
        assert!(!found.is_dead(provider("slack").oauth().unwrap()));
    }
}

#[test]
fn what_is_not_json_is_told_from_a_web_page() {
    let provider = provider("slack");
    let read = |content_type: Option<&str>, body: &str| {
        Grant::read(provider.oauth().unwrap(), 200, content_type, body.as_bytes(), NOW).unwrap_err()
    };
    let page = TokenProblem::NotJson { status: 200, looks_like_html: true };
    assert_eq!(read(Some("text/html; charset=utf-8"), "Sorry"), page);
    assert_eq!(read(None, "\n <!doctype html>"), page);
    let other = TokenProblem::NotJson { status: 200, looks_like_html: false };
    assert_eq!(read(Some("application/x-www-form-urlencoded"), "access_token=SECRET"), other);
    assert_eq!(read(None, ""), other);
}

#[test]
fn a_token_that_cannot_stand_in_a_header_is_refused() {
    let missing = TokenProblem::Missing { what: "access_token".into() };
    for absent in
        [json!({}), json!({"access_token": null}), json!({"access_token": ""}), json!([]), json!(null)]
    {
        assert_eq!(problem("slack", 200, absent), missing);
    }
    for bad in [json!("a b"), json!("a\r\nX: y"), json!(7), json!({}), json!("x".repeat(5000))] {
        let found = problem("slack", 200, json!({"access_token": bad}));
        assert!(matches!(found, TokenProblem::Invalid { .. }), "{found:?}");
    }
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
        let read = Grant::read(provider.oauth().unwrap(), status, content_type.as_deref(), &body, NOW);
        prop_assert!(read.is_err());
    }
}
