//! What people paste into the fields of every built-in provider, and what they are told if it cannot be read.

use serde_json::{Map, Value, json};

use super::*;

fn provider(key: &str) -> Arc<Provider> {
    Arc::clone(Catalog::built_in().get(key).unwrap_or_else(|| panic!("no {key}")))
}

fn one(key: &str, value: &str) -> Map<String, Value> {
    Map::from_iter([(key.to_owned(), value.into())])
}

/// Pastes `forms` into a field; `root` is `connection`, `credential` or `settings`. All must be read as `value`.
#[track_caller]
fn read_as(provider_key: &str, path: &str, value: &str, forms: &[&str]) {
    assert!(forms.len() >= 5, "{provider_key} {path}");
    let (provider, (root, key)) = (provider(provider_key), path.split_once('.').unwrap());
    for form in forms {
        let read = match root {
            "connection" => provider.read_connection(&one(key, form)),
            "credential" => {
                let extra = provider
                    .oauth()
                    .filter(|_| key != "access_token")
                    .map(|_| ("access_token".to_owned(), "t".into()));
                let given = extra.into_iter().chain(one(key, form)).collect();
                provider.read_credential(&given).map(|mut read| {
                    read.retain(|name, _| name == key);
                    read
                })
            }
            _ => {
                let mut settings = one(key, form);
                provider.settings.normalise(&mut settings);
                let issues = provider.settings.check(&settings);
                if issues.is_empty() { Ok(settings) } else { Err(issues) }
            }
        };
        assert_eq!(read, Ok(one(key, value)), "{provider_key} {path}: {form:?}");
    }
}

/// A token in forms that people paste. `kept` is left out of the credential where the provider needs it.
fn forms_of(token: &str) -> Vec<String> {
    let middle = token.len() / 2;
    let (head, tail) = token.split_at(middle);
    vec![
        format!(" {token}\n"),
        format!("\u{feff}{token}\u{200b}"),
        format!("{head}\u{200b}{tail}"),
        format!("{head}\n{tail}"),
        format!("“{token}”"),
        format!("Bearer {token}"),
        format!("Authorization: Bearer {token}"),
        format!("ACCESS_TOKEN=\"{token}\""),
        token.chars().map(|c| char::from_u32(u32::from(c) + 0xfee0).unwrap()).collect(),
    ]
}

#[test]
fn every_credential_is_read_in_every_form() {
    for (key, field, token) in [
        ("slack", "access_token", "xoxb-1234567890-AbC"),
        ("github", "access_token", "gho_16C7e42F292c6912E7710c838347Ae178B4a"),
        ("hubspot", "access_token", "CJ7v8-rXIxIHAAEAQAAAARiO"),
        ("linear", "access_token", "lin_oauth_00a21d8b0c4e2375114e49c067dfb81e"),
        ("notion", "access_token", "secret_v3Nk2LqP"),
        ("pipedrive", "access_token", "v1u:AQIBAHj-LzTNK2yuuaaLqifzhWb9crUN"),
        ("shopify", "access_token", "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"),
        ("zendesk", "access_token", "gErypPlm4dOVgGRvA1ZzMH5MQ3nLo8bo"),
        ("stripe", "api_key", "rk_live_51H8abcDEF"),
        ("cal-com", "api_key", "cal_live_0123456789abcdef"),
        ("mailgun", "api_key", "0123456789abcdef0123456789abcdef-01234567-89abcdef"),
        ("postmark", "api_key", "00000000-1111-2222-3333-444444444444"),
    ] {
        let forms = forms_of(token);
        read_as(
            key,
            &format!("credential.{field}"),
            token,
            &forms.iter().map(String::as_str).collect::<Vec<_>>(),
        );
    }
    let salesforce = provider("salesforce");
    for form in forms_of("00D1!AQ4AQ.PS9") {
        let given = json!({"access_token": form, "instance_url": " https://ACME.my.salesforce.com/ "});
        let read = salesforce.read_credential(given.as_object().unwrap()).unwrap();
        assert_eq!(
            Value::Object(read),
            json!({"access_token": "00D1!AQ4AQ.PS9", "instance_url": "https://acme.my.salesforce.com"})
        );
    }
}

#[test]
fn a_discord_webhook_is_read_out_of_its_addresses() {
    let plain = "https://discord.com/api/webhooks/123456789012345678/a-B_c";
    read_as(
        "discord",
        "credential.webhook_url",
        plain,
        &[
            plain,
            " https://discord.com/api/webhooks/123456789012345678/a-B_c/ ",
            "https://discord.com/api/webhooks/123456789012345678/a-B_c?thread_id=1234",
            "https://discord.com/api/webhooks/123456789012345678/a-B_c?wait=true&thread_id=1234#x",
            "https://discord.com/api/webhooks/123456789012345678/a-B_c/slack",
            "https://discord.com/api/webhooks/123456789012345678/a-B_c/github?wait=true",
            "https://discord.com/api/webhooks/123456789012345678/a-B_c/messages/99",
            "HTTP://Discord.com:443/api/webhooks/123456789012345678/a-B_c",
            "discord.com/api/webhooks/123456789012345678/a-B_c",
            "<https://discord.com/api/webhooks/123456789012345678/a-B_c>",
            "`https://discord.com/api/webhooks/123456789012345678/a-B_c`",
            "https://discord.com/api/webhooks/123456789012345678/a-B\u{200b}_c",
        ],
    );
    for host in ["discordapp.com", "ptb.discord.com", "canary.discord.com", "canary.discordapp.com"] {
        let url = format!("https://{host}/api/webhooks/1/t");
        read_as(
            "discord",
            "credential.webhook_url",
            &url,
            &[
                &url,
                &format!("{url}?thread_id=1"),
                &format!("{url}/slack"),
                &format!("\u{feff}{url}/"),
                &url.replace("https", "http"),
            ],
        );
    }
    let v10 = "https://discord.com/api/v10/webhooks/1/t";
    read_as(
        "discord",
        "credential.webhook_url",
        v10,
        &[v10, &format!("{v10}/"), &format!("{v10}?wait=true"), &format!("{v10}/slack"), &format!("“{v10}”")],
    );
}

#[test]
fn shops_subdomains_and_hosts_are_read_out_of_their_addresses() {
    read_as(
        "shopify",
        "connection.subdomain",
        "acme",
        &[
            "acme",
            "ACME.myshopify.com",
            "https://acme.myshopify.com/admin",
            "acme.myshopify.com/",
            "https://admin.shopify.com/store/acme",
            "admin.shopify.com/store/acme/products?x=1",
            "https://acme.myshopify.com:443/admin/apps#x",
            "“acme.myshopify.com.”",
            "\u{200b}acme\u{ad}",
            "ａｃｍｅ",
        ],
    );
    read_as(
        "zendesk",
        "connection.subdomain",
        "acme",
        &[
            "Acme",
            "acme.zendesk.com",
            "https://acme.zendesk.com/agent/dashboard",
            "acme.zendesk.com/hc/en-us",
            " https://ACME.zendesk.com./ ",
            "<https://acme.zendesk.com>",
        ],
    );
}

#[test]
fn hosts_regions_and_accounts_are_read_out_of_what_is_around_them() {
    read_as(
        "salesforce",
        "connection.hostname",
        "acme.my.salesforce.com",
        &[
            "acme.my.salesforce.com",
            "ACME.my.salesforce.com",
            "https://acme.my.salesforce.com/",
            "https://acme.my.salesforce.com/services/oauth2/authorize?x=1",
            "http://acme.my.salesforce.com.",
            "'acme.my.salesforce.com'",
        ],
    );
    read_as(
        "salesforce",
        "connection.hostname",
        "test.salesforce.com",
        &[
            "test.salesforce.com",
            "https://test.salesforce.com",
            "Test.Salesforce.com/",
            "test.salesforce.com:443",
            "\u{2066}test.salesforce.com\u{2069}",
        ],
    );
    read_as(
        "mailgun",
        "connection.region",
        "api.eu",
        &["api.eu", "API.EU", "european union", "https://api.eu.mailgun.net/v3", "api.eu.mailgun.net"],
    );
    read_as(
        "stripe",
        "connection.context",
        "acct_1A2b3C4d5E6f7G8h",
        &[
            "acct_1A2b3C4d5E6f7G8h",
            " acct_1A2b3C4d5E6f7G8h\t",
            "\"acct_1A2b3C4d5E6f7G8h\"",
            "acct_1A2b\u{200b}3C4d5E6f7G8h",
            "ａｃｃｔ_1A2b3C4d5E6f7G8h",
            "(acct_1A2b3C4d5E6f7G8h)",
        ],
    );
    read_as(
        "pipedrive",
        "credential.api_domain",
        "https://acme.pipedrive.com",
        &[].into_iter()
            .chain([
                "https://acme.pipedrive.com",
                "https://acme.pipedrive.com/",
                "ACME.pipedrive.com",
                "http://acme.pipedrive.com/pipeline/1",
                "https://acme.pipedrive.com?x=1",
            ])
            .collect::<Vec<_>>(),
    );
}

#[test]
fn settings_are_read_as_they_are_pasted() {
    let around = |value: &str| {
        vec![
            value.to_owned(),
            format!(" {value}\n"),
            format!("\u{feff}{value}\u{200e}"),
            format!("“{value}”"),
            format!("'{value}',"),
        ]
    };
    for (key, setting, value, further) in [
        ("cal-com", "time_zone", "Europe/Berlin", &["(Europe/Berlin)"][..]),
        ("discord", "mention_role_id", "123456789", &["<@&123456789>"]),
        (
            "github",
            "default_owner",
            "acme",
            &["https://github.com/acme", "https://GitHub.com/acme/", "github.com/acme"],
        ),
        ("hubspot", "default_pipeline_id", "default", &[]),
        (
            "linear",
            "default_team_id",
            "9cfb482a-81e3-4154-b5b9-2c805e70a02d",
            &["9cfb482a‑81e3‑4154‑b5b9‑2c805e70a02d"],
        ),
        (
            "mailgun",
            "domain",
            "mg.acme.com",
            &["https://mg.acme.com/", "MG.acme.com.", "http://mg.acme.com/x?y"],
        ),
        (
            "mailgun",
            "from_address",
            "Help@acme.com",
            &["Acme <Help@acme.com>", "mailto:Help@acme.com", "Help@ACME.com"],
        ),
        ("postmark", "from_address", "help@acme.com", &["\"Acme, Inc.\" <help@acme.com>"]),
        ("notion", "knowledge_data_source_id", "248104cd-477e-80af-bc30-000bd28de8f9", &[]),
        ("postmark", "message_stream", "outbound", &["Outbound"]),
        ("salesforce", "default_owner_id", "005xx000001Sv6AAAS", &[]),
        ("shopify", "default_location_id", "655441491", &["gid://shopify/Location/655441491"]),
        ("slack", "default_channel", "#support", &[]),
    ] {
        let mut forms = around(value);
        forms.extend(further.iter().map(|form| (*form).to_owned()));
        read_as(
            key,
            &format!("settings.{setting}"),
            value,
            &forms.iter().map(String::as_str).collect::<Vec<_>>(),
        );
    }
}

#[test]
fn each_text_of_a_list_is_read() {
    let mut settings = json!({"ticket_tags": [" vip ", "“refund”", "ＶＩＰ"]});
    provider("zendesk").settings.normalise(settings.as_object_mut().unwrap());
    assert_eq!(settings, json!({"ticket_tags": ["vip", "refund", "ＶＩＰ"]}));
}

/// The characters by which a pattern is known. `(`, `.` and `-` are also written for people.
fn looks_like_a_pattern(text: &str) -> bool {
    ["^", "$", "\\", "[a-z", "[A-Z", "[0-9", "(?", "+)", "]{", "]+", "]*"]
        .iter()
        .any(|mark| text.contains(mark))
}

#[test]
fn what_is_refused_is_refused_in_words() {
    let catalog = Catalog::built_in();
    let wrong = Value::from("~wrong~");
    for provider in catalog.iter() {
        let secret = provider.form().map(|form| form.fields.as_slice()).unwrap_or_default();
        for field in provider.connection.iter().chain(secret).filter(|field| field.pattern.is_some()) {
            let message = field.read(&wrong).unwrap_err();
            assert_eq!(Some(&message), field.mismatch.as_ref(), "{} {}", provider.key, field.key);
            assert!(!looks_like_a_pattern(&message), "{message}");
        }
        for (name, property) in provider.settings.as_value()["properties"].as_object().unwrap() {
            let pasted = if property["type"] == "array" { json!(["a b"]) } else { wrong.clone() };
            let settings = Map::from_iter([(name.clone(), pasted)]);
            for issue in provider.settings.check(&settings) {
                assert!(!looks_like_a_pattern(&issue.message), "{} {name}: {}", provider.key, issue.message);
            }
        }
    }
    let shopify = provider("shopify").read_connection(&one("subdomain", "www.acme.com")).unwrap_err();
    assert!(
        shopify[0].message.starts_with("Expected the shop's name in its myshopify.com address"),
        "{shopify:?}"
    );
}

#[test]
fn a_field_that_is_no_secret_may_stand_with_the_credential() {
    let text = r#"
format = 2
key = "desk"
name = "Desk"
description = "A desk."
category = "support"
documentation_url = "https://desk.example/docs"
api_base_url = "https://{subdomain}.desk.example"
[[connection]]
key = "subdomain"
label = "Subdomain"
help = "As in acme.desk.example."
pattern = "^[a-z0-9-]+$"
mismatch = "Expected the first part of your address"
example = "acme"
[[auth]]
kind = "api_key"
[[auth.fields]]
key = "email"
label = "E-mail"
help = "Yours."
secret = false
[[auth.fields]]
key = "api_token"
label = "API token"
help = "Under Admin."
[auth.request]
basic_auth = { username = "{email}/token", password = "{api_token}" }
[probe]
method = "GET"
url = "https://{subdomain}.desk.example/me"
good_statuses = [200]
refused_statuses = [401]
"#;
    let catalog = Catalog::default().with_files([("desk.toml".to_owned(), text.to_owned())]).unwrap();
    let desk = catalog.get("desk").unwrap();
    let secret =
        |fields: &[Field]| fields.iter().map(|field| (field.key.clone(), field.secret)).collect::<Vec<_>>();
    assert_eq!(secret(&desk.connection), [("subdomain".to_owned(), false), ("email".to_owned(), false)]);
    assert_eq!(secret(&desk.form().unwrap().fields), [("api_token".to_owned(), true)]);
    let given = |value: Value| value.as_object().unwrap().clone();
    let read = desk.read_input(
        given(json!({"subdomain": "https://acme.desk.example/agent"})),
        given(json!({"email": " Help@acme.com ", "api_token": "to\u{200b}ken"})),
    );
    let expected =
        (given(json!({"subdomain": "acme", "email": "Help@acme.com"})), given(json!({"api_token": "token"})));
    assert_eq!(read, Ok(expected));
}
