//! The embedded provider files load, and keep the rules that hold for all of them.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::sync::LazyLock;

use serde_json::{Map, Value, json};

use super::*;
use crate::approved_hosts::{ApprovedHost, ApprovedHosts};
use crate::integration::{SecretSettings, check_settings};

/// The catalog of a server whose operator approves the hosts of the examples.
fn catalog() -> &'static Catalog {
    static APPROVING: LazyLock<Catalog> = LazyLock::new(|| {
        let approved = ApprovedHosts::from_iter([ApprovedHost::read("*.example.com").unwrap()]);
        Catalog::embedded().unwrap_or_else(|errors| panic!("{errors}")).approving(&approved)
    });
    &APPROVING
}

fn provider(key: &str) -> Arc<Provider> {
    Arc::clone(catalog().get(key).unwrap_or_else(|| panic!("no {key}")))
}

fn object(value: Value) -> Map<String, Value> {
    match value {
        Value::Object(map) => map,
        other => panic!("not an object: {other}"),
    }
}

fn issues(found: Vec<crate::issue::Issue>) -> Vec<(String, String)> {
    found.into_iter().map(|issue| (issue.path, issue.message)).collect()
}

/// A valid connection and credential, made of the fields' examples.
fn sample(provider: &Provider) -> (Map<String, Value>, Map<String, Value>) {
    let value = |field: &Field| {
        if field.lines {
            return "-----BEGIN PRIVATE KEY-----\nc2FtcGxl\n-----END PRIVATE KEY-----".to_owned();
        }
        let option = field.options.first().map(|choice| choice.value.clone());
        field.example.clone().or(option).unwrap_or_else(|| "sample-value".into())
    };
    let fill = |fields: &[Field]| -> Map<String, Value> {
        fields.iter().map(|field| (field.key.clone(), value(field).into())).collect()
    };
    let credential = match &provider.setup {
        Setup::ApiKey(form) | Setup::WebhookUrl(form) => fill(&form.fields),
        Setup::Fetched(fetched) => fill(&fetched.form.fields),
        Setup::OAuth(oauth) => {
            let kept = oauth
                .tokens
                .kept
                .iter()
                .map(|k| (k.name.clone(), k.example.clone().unwrap_or_default().into()));
            let tokens = json!({"access_token": "token", "refresh_token": null, "expires_at": null});
            let client = oauth.own_client.as_ref().map(|form| fill(&form.fields));
            object(tokens).into_iter().chain(kept).chain(client.unwrap_or_default()).collect()
        }
    };
    (fill(&provider.connection), credential)
}

#[test]
fn the_table_of_embedded_files_is_the_directory() {
    let directory = concat!(env!("CARGO_MANIFEST_DIR"), "/providers");
    let names =
        fs::read_dir(directory).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap());
    let names: BTreeSet<String> = names.filter(|name| name.ends_with(".toml")).collect();
    assert_eq!(names, embedded::FILES.iter().map(|(name, _)| (*name).to_owned()).collect());
    assert_eq!(catalog().iter().count(), names.len());
}

#[test]
fn the_providers_of_the_contract_are_there_each_set_up_in_its_way() {
    let setups: BTreeMap<String, SetupType> =
        catalog().iter().map(|provider| (provider.key.to_string(), provider.setup_type())).collect();
    for (key, setup) in [
        ("slack", SetupType::OAuth),
        ("discord", SetupType::WebhookUrl),
        ("shopify", SetupType::OAuth),
        ("stripe", SetupType::ApiKey),
        ("linear", SetupType::OAuth),
        ("github", SetupType::OAuth),
        ("notion", SetupType::OAuth),
        ("cal-com", SetupType::ApiKey),
        ("hubspot", SetupType::OAuth),
        ("pipedrive", SetupType::OAuth),
        ("salesforce", SetupType::OAuth),
        ("zendesk", SetupType::OAuth),
        ("mailgun", SetupType::ApiKey),
        ("postmark", SetupType::ApiKey),
    ] {
        assert_eq!(setups.get(key), Some(&setup), "{key}");
    }
}

#[test]
fn every_text_is_written() {
    let catalog = catalog();
    for provider in catalog.iter() {
        assert!(provider.description.ends_with('.'), "{}", provider.key);
        for action in provider.actions.iter() {
            assert!(
                action.description.ends_with('.') && !action.label.is_empty(),
                "{} {}",
                provider.key,
                action.key
            );
        }
        let properties = provider.settings.as_value()["properties"].as_object().unwrap();
        for (name, property) in properties {
            let written = |what: &str| property[what].as_str().is_some_and(|text| !text.is_empty());
            assert!(written("title") && written("description"), "{} {name}", provider.key);
        }
    }
}

#[test]
fn what_is_permitted_by_default_reads_and_changes_nothing() {
    for provider in catalog().iter() {
        let permitted = provider.actions.iter().filter(|action| action.allowed_by_default);
        let is_of_the_contract = contract_test::OF_THE_CONTRACT.contains(&provider.key.as_str());
        assert!(permitted.clone().count() > 0 || !is_of_the_contract, "{}", provider.key);
        assert!(permitted.clone().all(|action| action.kind == ActionKind::ReadOnly), "{}", provider.key);
    }
}

#[test]
fn every_probe_and_every_address_can_be_filled_in() {
    for provider in catalog().iter() {
        let (connection, credential) = sample(provider);
        assert_eq!(provider.read_connection(&connection).as_ref(), Ok(&connection), "{}", provider.key);
        // A key of a form of its own has no example: it would look like one that leaked.
        let is_made_up = |field: &Field| field.pattern.is_some() && field.example.is_none();
        if !provider.form().is_some_and(|form| form.fields.iter().any(is_made_up)) {
            assert_eq!(provider.read_credential(&credential).as_ref(), Ok(&credential), "{}", provider.key);
        }
        // What a form gets tokens for is stored with them.
        let mut stored = credential.clone();
        if let Some(fetched) = provider.fetched() {
            let kept = fetched.rules.kept.iter();
            let kept = kept.map(|kept| (kept.name.clone(), kept.example.clone().unwrap_or_default().into()));
            stored.extend(kept.chain([("access_token".to_owned(), "token".into())]));
        }
        let value = |name: &str| provider.placeholder(&connection, &stored, name);
        let mut urls = vec![&provider.api_base_url];
        urls.extend(provider.probe.request().map(|probe| &probe.call.url));
        urls.extend(&provider.revoke_page);
        urls.extend(
            provider.account.iter().filter_map(|account| account.profile.as_ref()).map(|call| &call.url),
        );
        urls.extend(provider.oauth().into_iter().flat_map(|oauth| [&oauth.authorize_url, &oauth.token_url]));
        for url in urls {
            let filled = url.render(value).unwrap_or_else(|error| panic!("{}: {error}", provider.key));
            assert_eq!(filled.scheme(), "https", "{filled}");
        }
        let of_headers = |name: &str| if name == UNIQUE_ID { Some("unique") } else { value(name) };
        for (name, header) in provider.probe.request().into_iter().flat_map(|probe| &probe.call.headers) {
            assert!(header.render(of_headers).is_ok(), "{} {name}", provider.key);
        }
    }
}

#[test]
fn what_is_left_out_is_filled_in_by_its_default() {
    let empty = Map::new();
    let url = |key: &str| {
        let provider = provider(key);
        let url =
            provider.oauth().map_or(&provider.probe.request().unwrap().call.url, |oauth| &oauth.token_url);
        url.render(|name| provider.placeholder(&empty, &empty, name)).map(String::from)
    };
    assert_eq!(url("mailgun").unwrap(), "https://api.mailgun.net/v4/domains?limit=1");
    assert_eq!(url("salesforce").unwrap(), "https://login.salesforce.com/services/oauth2/token");
    assert_eq!(url("shopify"), Err(RenderError::Missing("subdomain".into())));
    let pipedrive = provider("pipedrive");
    let probe = pipedrive
        .probe
        .request()
        .unwrap()
        .call
        .url
        .render(|name| pipedrive.placeholder(&empty, &empty, name))
        .unwrap();
    assert_eq!(probe.as_str(), "https://api.pipedrive.com/api/v1/users/me");
}

/// The import lines of the documentation, ellipses included.
#[test]
fn credentials_brought_from_another_system_are_taken() {
    let shopify = provider("shopify");
    let tokens = object(json!({"access_token": "…", "refresh_token": null, "expires_at": null}));
    let connection = object(json!({"subdomain": "acme"}));
    assert_eq!(shopify.read_connection(&connection).as_ref(), Ok(&connection));
    assert_eq!(shopify.read_credential(&tokens).as_ref(), Ok(&tokens));
    for (key, credential) in [
        ("postmark", json!({"api_key": "…"})),
        ("postmark", json!({"api_key": "POSTMARK_API_TEST"})),
        ("stripe", json!({"api_key": "rk_live_51H8abcDEF"})),
        ("stripe", json!({"api_key": "sk_test_4eC39HqLyjWDarjtT1zdp7dc"})),
        ("cal-com", json!({"api_key": "cal_live_0123456789abcdef"})),
        ("mailgun", json!({"api_key": "0123456789abcdef0123456789abcdef-01234567-89abcdef"})),
        ("discord", json!({"webhook_url": "https://discord.com/api/webhooks/1/a-B_c"})),
        ("slack", json!({"access_token": "xoxb-1-2-3", "team_id": "T1"})),
        (
            "github",
            json!({"access_token": "gho_1", "refresh_token": "ghr_1", "expires_at": "2026-05-17T17:55:00Z"}),
        ),
        ("pipedrive", json!({"access_token": "v1u:a", "api_domain": "https://acme.pipedrive.com"})),
        (
            "salesforce",
            json!({"access_token": "00D!a.b", "instance_url": "https://acme--dev.sandbox.my.salesforce.com"}),
        ),
    ] {
        let credential = object(credential);
        assert_eq!(provider(key).read_credential(&credential).as_ref(), Ok(&credential), "{key}");
    }
}

#[test]
fn a_wrong_connection_is_told_by_path() {
    let check = |key: &str, connection: Value| {
        issues(provider(key).read_connection(&object(connection)).err().unwrap_or_default())
    };
    let at = |path: &str, message: &str| (path.to_owned(), message.to_owned());
    assert_eq!(check("shopify", json!({})), [at("connection.subdomain", "Required")]);
    assert_eq!(check("shopify", json!({"subdomain": null})), [at("connection.subdomain", "Required")]);
    assert_eq!(check("shopify", json!({"subdomain": 1})), [at("connection.subdomain", "Expected string")]);
    assert_eq!(
        check("shopify", json!({"subdomain": "acme", "shop": "acme"})),
        [at("connection.shop", "Unknown field")]
    );
    assert_eq!(
        check("mailgun", json!({"region": "eu"})),
        [at("connection.region", "Expected one of: api (United States), api.eu (European Union)")]
    );
    assert_eq!(check("mailgun", json!({})), []);
    assert_eq!(check("slack", json!({"subdomain": "acme"})), [at("connection.subdomain", "Unknown field")]);
    for hostile in [
        "evil.com/",
        "a@b",
        "a:1",
        "a\r\nb",
        "a。b",
        ".",
        "",
        "acme.myshopify.com.evil.example",
        "-acme",
        "a_b",
    ] {
        let found = check("shopify", json!({"subdomain": hostile}));
        assert_eq!(found.len(), 1, "{hostile:?}: {found:?}");
        assert_eq!(found[0].0, "connection.subdomain");
    }
    for hostile in
        ["evil.example", "acme.my.salesforce.com.evil.example", "acme.lightning.force.com", "salesforce.com"]
    {
        assert_eq!(check("salesforce", json!({"hostname": hostile})).len(), 1, "{hostile}");
    }
}

#[test]
fn a_wrong_oauth_credential_is_told_by_path() {
    let check = |key: &str, credential: Value| {
        issues(provider(key).read_credential(&object(credential)).err().unwrap_or_default())
    };
    let at = |path: &str, message: &str| (path.to_owned(), message.to_owned());
    assert_eq!(check("github", json!({})), [at("credential.access_token", "Required")]);
    assert_eq!(
        check("github", json!({"access_token": null})),
        [at("credential.access_token", "Expected string")]
    );
    assert_eq!(
        check(
            "github",
            json!({"access_token": "t", "refresh_token": 5, "expires_at": "tomorrow", "api_key": "k"})
        ),
        [
            at("credential.refresh_token", "Expected string or null"),
            at(
                "credential.expires_at",
                "Must be an RFC 3339 date and time, for example 2026-05-17T17:55:00Z"
            ),
            at("credential.api_key", "Unknown field"),
        ]
    );
    assert_eq!(
        check("salesforce", json!({"access_token": "t"})),
        [at("credential.instance_url", "Required")]
    );
    for hostile in
        ["https://evil.example", "ftp://acme.my.salesforce.com", "https://acme.my.salesforce.com:1"]
    {
        let found = check("salesforce", json!({"access_token": "t", "instance_url": hostile}));
        assert_eq!(found.len(), 1, "{hostile}: {found:?}");
    }
}

#[test]
fn no_message_repeats_a_credential() {
    for provider in catalog().iter() {
        let (_, credential) = sample(provider);
        for secret in ["s3cret value\r\nX: y", "s3cret", "https://s3cret.example/", ""] {
            let names = credential.keys().cloned().chain(["unknown".to_owned()]);
            let wrong: Map<String, Value> = names.map(|name| (name, secret.into())).collect();
            let found = provider.read_credential(&wrong).err().unwrap_or_default();
            assert!(!found.is_empty(), "{}", provider.key);
            for issue in found {
                assert!(!issue.message.contains("s3cret"), "{}: {}", provider.key, issue.message);
            }
        }
    }
}

#[test]
fn settings_are_typed_and_retired_ones_are_dropped() {
    let shopify = provider("shopify");
    let found = shopify.settings.check(&object(json!({"refunds_enabled": "yes"})));
    assert_eq!(issues(found), [("settings.refunds_enabled".to_owned(), "Expected boolean".to_owned())]);
    let slack = provider("slack");
    let stored = object(json!({"notify_on_escalation": true, "default_channel": "#a"}));
    let patch = json!({"notify_on_escalation": false, "default_channel": "#b"});
    let (shown, secret) = check_settings(stored, &patch, &slack).unwrap();
    assert_eq!(shown, object(json!({"default_channel": "#b"})));
    assert_eq!(secret, SecretSettings::Opened(Map::new()));
    assert_eq!(slack.settings.as_value()["properties"].get("notify_on_escalation"), None);
}

#[test]
fn the_secrets_of_events_that_were_settings_are_dropped_from_them() {
    let former = |provider: &Provider| provider.events()?.secret.former_setting.clone();
    let moved: BTreeMap<String, String> =
        catalog().iter().filter_map(|provider| Some((provider.key.to_string(), former(provider)?))).collect();
    assert_eq!(moved.len(), 7, "{moved:?}");
    assert_eq!(moved["slack"], "signing_secret");
    for (key, setting) in moved {
        let patch = json!({&setting: "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"});
        let stored = object(json!({&setting: "old"}));
        let (shown, secret) = check_settings(stored, &patch, &provider(&key)).unwrap();
        assert_eq!((shown, secret), (Map::new(), SecretSettings::Opened(Map::new())), "{key}.{setting}");
    }
}

#[test]
fn settings_keep_the_order_in_which_they_were_written() {
    let shopify = provider("shopify");
    let names: Vec<&String> = shopify.settings.as_value()["properties"].as_object().unwrap().keys().collect();
    assert_eq!(&names[..3], ["refunds_enabled", "refund_limit_cents", "refund_limit_currency"]);
}

#[test]
fn search_matches_every_word_somewhere_in_any_case() {
    let catalog = contract_test::of_the_contract();
    let keys = |q: Option<&str>, category: Option<Category>| -> Vec<String> {
        catalog.search(q, category).into_iter().map(|provider| provider.key.to_string()).collect()
    };
    assert_eq!(keys(None, None).len(), catalog.iter().count());
    assert_eq!(keys(Some("  \t "), None).len(), catalog.iter().count());
    assert_eq!(keys(Some("ShOpIfY"), None), ["shopify"]);
    assert_eq!(keys(Some("shop refunds"), None), ["shopify"]);
    assert_eq!(keys(Some("refunds"), None), ["shopify", "stripe"]);
    assert_eq!(keys(Some("refunds"), Some(Category::Payments)), ["stripe"]);
    assert_eq!(keys(Some("cal.com"), None), ["cal-com"]);
    assert_eq!(keys(Some("project_management"), None), ["linear"]);
    assert_eq!(keys(None, Some(Category::Crm)), ["hubspot", "pipedrive", "salesforce"]);
    assert_eq!(keys(Some("nothing-like-this"), None), Vec::<String>::new());
    // A typo is forgiven where nothing fits as it was typed: Postmark does, and “post” of others is near.
    assert_eq!(keys(Some("postm"), None), ["postmark"]);
    assert_eq!(keys(Some("posmark"), None), ["postmark"]);
    // A word must not match across the border of two fields.
    assert_eq!(keys(Some("slackslack"), None), Vec::<String>::new());
}
