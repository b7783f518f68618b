//! The OAuth facts of the contract's providers, a second time and from a source other than the files: a table of public
//! facts about the providers' endpoints. If a file differs from the table, the provider's documentation decided, and
//! the difference is listed here with a link to the page.

use std::collections::BTreeSet;

use super::*;

/// One provider in the table. If the table does not say otherwise: PKCE is on, scopes are joined by spaces, the client
/// secret is in the body, and the body is a form.
struct Fact {
    key: &'static str,
    authorize_url: &'static str,
    token_url: &'static str,
    separator: &'static str,
    pkce: Pkce,
    client_auth: ClientAuth,
    body_format: BodyFormat,
    authorize_params: &'static [(&'static str, &'static str)],
    token_params: &'static [(&'static str, &'static str)],
}

const BLANK: Fact = Fact {
    key: "",
    authorize_url: "",
    token_url: "",
    separator: " ",
    pkce: Pkce::S256,
    client_auth: ClientAuth::Body,
    body_format: BodyFormat::Form,
    authorize_params: &[],
    token_params: &[],
};

const FACTS: &[Fact] = &[
    Fact {
        key: "slack",
        authorize_url: "https://slack.com/oauth/v2/authorize",
        token_url: "https://slack.com/api/oauth.v2.access",
        separator: ",",
        pkce: Pkce::None,
        ..BLANK
    },
    Fact {
        key: "shopify",
        authorize_url: "https://{subdomain}.myshopify.com/admin/oauth/authorize",
        token_url: "https://{subdomain}.myshopify.com/admin/oauth/access_token",
        token_params: &[("expiring", "1")],
        ..BLANK
    },
    Fact {
        key: "linear",
        authorize_url: "https://linear.app/oauth/authorize",
        token_url: "https://api.linear.app/oauth/token",
        separator: ",",
        pkce: Pkce::None,
        authorize_params: &[("prompt", "consent")],
        ..BLANK
    },
    Fact {
        key: "github",
        authorize_url: "https://github.com/login/oauth/authorize",
        token_url: "https://github.com/login/oauth/access_token",
        ..BLANK
    },
    Fact {
        key: "notion",
        authorize_url: "https://api.notion.com/v1/oauth/authorize",
        token_url: "https://api.notion.com/v1/oauth/token",
        client_auth: ClientAuth::Basic,
        body_format: BodyFormat::Json,
        authorize_params: &[("owner", "user")],
        ..BLANK
    },
    Fact {
        key: "hubspot",
        authorize_url: "https://app.hubspot.com/oauth/authorize",
        token_url: "https://api.hubapi.com/oauth/v1/token",
        ..BLANK
    },
    Fact {
        key: "pipedrive",
        authorize_url: "https://oauth.pipedrive.com/oauth/authorize",
        token_url: "https://oauth.pipedrive.com/oauth/token",
        pkce: Pkce::None,
        client_auth: ClientAuth::Basic,
        ..BLANK
    },
    Fact {
        key: "salesforce",
        authorize_url: "https://{hostname}/services/oauth2/authorize",
        token_url: "https://{hostname}/services/oauth2/token",
        authorize_params: &[("prompt", "consent")],
        ..BLANK
    },
    Fact {
        key: "zendesk",
        authorize_url: "https://{subdomain}.zendesk.com/oauth/authorizations/new",
        token_url: "https://{subdomain}.zendesk.com/oauth/tokens",
        token_params: &[("expires_in", "1800")],
        ..BLANK
    },
];

/// Provider, what differs from the table, and the page that says so.
const DEVIATIONS: &[(&str, &str, &str)] = &[
    ("slack", "client_auth", "oauth.v2.access: use the HTTP Basic scheme where possible"),
    ("shopify", "separator", "authorization-code-grant: a comma-separated list of scopes"),
    ("shopify", "pkce", "authorization-code-grant: no such parameter; the redirect is signed instead"),
    ("linear", "pkce", "oauth-2-0-authentication, PKCE: supported"),
    ("notion", "pkce", "guides/get-started/authorization: no such parameter"),
    ("hubspot", "token_url", "migration-guide: v1 ends on 2027-02-16, use 2026-03"),
    ("zendesk", "body_format", "grant_type_tokens: parameters must be formatted as JSON"),
];

fn pairs<'a, V: ToString + 'a>(
    params: impl IntoIterator<Item = (&'a String, &'a V)>,
) -> Vec<(String, String)> {
    params.into_iter().map(|(name, value)| (name.clone(), value.to_string())).collect()
}

fn known(params: &[(&str, &str)]) -> Vec<(String, String)> {
    params.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
}

/// The names of the facts that differ between the table and the file.
fn differences(fact: &Fact, oauth: &OAuth) -> Vec<&'static str> {
    let equal = [
        ("authorize_url", oauth.authorize_url.as_str() == fact.authorize_url),
        ("token_url", oauth.token_url.as_str() == fact.token_url),
        ("separator", oauth.scope_separator == fact.separator),
        ("pkce", oauth.pkce == fact.pkce),
        ("client_auth", oauth.client_auth == fact.client_auth),
        ("body_format", oauth.body_format == fact.body_format),
        ("authorize_params", pairs(&oauth.authorize_params) == known(fact.authorize_params)),
        ("token_params", pairs(&oauth.token_params) == known(fact.token_params)),
    ];
    equal.into_iter().filter(|(_, equal)| !equal).map(|(name, _)| name).collect()
}

#[test]
fn the_files_agree_with_the_table_but_for_the_listed_deviations() {
    let catalog = Catalog::built_in();
    let found: BTreeSet<(&str, &str)> = FACTS
        .iter()
        .flat_map(|fact| {
            let oauth = catalog.get(fact.key).unwrap().oauth().unwrap();
            differences(fact, oauth).into_iter().map(|what| (fact.key, what))
        })
        .collect();
    let listed: BTreeSet<(&str, &str)> = DEVIATIONS.iter().map(|(key, what, _)| (*key, *what)).collect();
    assert_eq!(found, listed);
}

#[test]
fn every_deviation_is_explained_in_its_file() {
    for (key, _, source) in DEVIATIONS {
        let page = source.split([':', ',']).next().unwrap();
        let (_, text) = embedded::FILES.iter().find(|(name, _)| *name == format!("{key}.toml")).unwrap();
        assert!(
            text.lines().any(|line| line.starts_with('#') && line.contains(page)),
            "{key}.toml names no {page}"
        );
    }
}

/// The base URL of the API, with and without the values from the connection or the token answer.
#[test]
fn requests_go_to_the_hosts_of_the_table() {
    let catalog = Catalog::built_in();
    for (key, base) in [
        ("cal-com", "https://api.cal.com/v2"),
        ("discord", "{webhook_url}"),
        ("github", "https://api.github.com"),
        ("hubspot", "https://api.hubapi.com"),
        ("linear", "https://api.linear.app"),
        ("mailgun", "https://{region}.mailgun.net"),
        ("notion", "https://api.notion.com"),
        ("pipedrive", "{api_domain}/api"),
        ("postmark", "https://api.postmarkapp.com"),
        ("salesforce", "{instance_url}"),
        ("shopify", "https://{subdomain}.myshopify.com"),
        ("slack", "https://slack.com/api"),
        ("stripe", "https://api.stripe.com"),
        ("zendesk", "https://{subdomain}.zendesk.com"),
    ] {
        assert_eq!(catalog.get(key).unwrap().api_base_url.as_str(), base);
    }
}

#[test]
fn the_probes_of_key_providers_are_those_of_the_table() {
    let catalog = Catalog::built_in();
    let probe = |key: &str| catalog.get(key).unwrap().probe.request().unwrap().call.clone();
    let header = |call: &Call, name: &str| {
        call.headers
            .iter()
            .find(|(other, _)| other.eq_ignore_ascii_case(name))
            .map(|(_, v)| v.as_str().to_owned())
    };
    assert_eq!(probe("cal-com").url.as_str(), "https://api.cal.com/v2/me");
    assert_eq!(header(&probe("cal-com"), "authorization").unwrap(), "Bearer {api_key}");
    assert!(probe("mailgun").url.as_str().starts_with("https://{region}.mailgun.net/v4/domains"));
    assert_eq!(probe("mailgun").basic_auth.unwrap().username.as_str(), "api");
    assert_eq!(probe("postmark").url.as_str(), "https://api.postmarkapp.com/server");
    assert_eq!(header(&probe("postmark"), "x-postmark-server-token").unwrap(), "{api_key}");
    assert_eq!(header(&probe("stripe"), "stripe-context").unwrap(), "{context}");
    assert_eq!(probe("stripe").basic_auth.unwrap().username.as_str(), "{api_key}");
    assert_eq!(header(&probe("shopify"), "x-shopify-access-token").unwrap(), "{access_token}");
}
