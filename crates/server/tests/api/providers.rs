//! Installs providers against a simulator that is strict about what the provider documents.

mod actions;
mod app_fields;
mod aws;
mod kept;
mod long_lived;
mod mcp;
mod mutations;
mod own_client;
mod own_hosts;
mod shared_apps;
mod tokens;
mod ways;
mod whole;

use std::{collections::HashMap, sync::Arc, time::Duration};

use integrations_core::catalog::Catalog;
use reqwest::Url;
use riq_server::provider::{oauth_apps::OAuthApp, outbound::OutboundSettings};
use riq_testing::{
    provider_files,
    providers::simulator::{Decision, Simulator, TokenSwitch},
};
use serde_json::{Map, Value, json};

use crate::{
    dashboard::visitor::{Page, Visitor},
    support::{
        Backend, Server, TestDatabase,
        catalog::few,
        server::{Plan, oauth_apps},
    },
};

/// How long the server waits before it tries a token again that was just issued and is refused.
const UNTIL_ACCEPTED: [Duration; 2] = [Duration::from_secs(1), Duration::from_secs(3)];

/// Each provider: the name that its first account gives the integration, and whether its token expires by itself.
const OAUTH: [(&str, &str, bool); 9] = [
    ("github", "octocat", false),
    ("hubspot", "62515", true),
    ("linear", "Acme Engineering", true),
    ("notion", "Ada's Notion Workspace", false),
    ("pipedrive", "Acme Sales", true),
    ("salesforce", "Acme Corporation", true),
    ("shopify", "Acme Goods", true),
    ("slack", "Slack Softball Team", false),
    ("zendesk", "acme", true),
];

/// The same for providers that are connected by a form. None of these expire.
const FORMS: [(&str, Option<&str>); 5] = [
    ("cal-com", Some("acme-bookings")),
    ("discord", Some("Support alerts")),
    ("mailgun", None),
    ("postmark", Some("Staging Testing")),
    ("stripe", Some("Rocket Rides")),
];

/// Makes two tests of each named `async fn(&Server, &Simulator)`, one for each database. A module that plays other
/// providers has a `played` of its own.
macro_rules! on_both_played {
    ($($name:ident),+ $(,)?) => {$(
        mod $name {
            use crate::support::Backend;

            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn sqlite() {
                super::played(Backend::Sqlite, super::$name).await;
            }

            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn postgres() {
                super::played(Backend::Postgres, super::$name).await;
            }
        }
    )+};
}

pub(crate) use on_both_played;

on_both_played!(
    every_oauth_provider_is_installed,
    every_form_provider_is_installed,
    what_goes_wrong_at_a_provider_leaves_nothing,
    a_token_that_is_valid_only_a_moment_later_is_accepted,
    a_web_page_makes_nobody_healthy,
    scopes_that_are_withheld_are_named,
    another_account_is_noticed,
);

/// Runs a test against a server that reaches the simulator in place of the providers.
pub(crate) async fn played(backend: Backend, test: impl AsyncFnOnce(&Server, &Simulator)) {
    play(backend, few([]), Simulator::start().await, test).await;
}

async fn play(
    backend: Backend,
    catalog: Catalog,
    simulator: Simulator,
    test: impl AsyncFnOnce(&Server, &Simulator),
) {
    let mut apps = oauth_apps(&catalog);
    for key in simulator.oauth_providers() {
        apps.entry(key.to_owned()).and_modify(|app| app.fields = simulator.app_fields(key));
    }
    play_with(backend, catalog, simulator, apps, test).await;
}

/// The same with these apps in the environment.
async fn play_with(
    backend: Backend,
    catalog: Catalog,
    simulator: Simulator,
    oauth_apps: HashMap<String, OAuthApp>,
    test: impl AsyncFnOnce(&Server, &Simulator),
) {
    let Some(database) = TestDatabase::create(backend).await else { return };
    let outbound = OutboundSettings {
        ca_certificates: Some(simulator.ca_pem().into_bytes()),
        resolve: simulator.hosts().into_iter().map(|host| (host, simulator.address())).collect(),
        ..OutboundSettings::default()
    };
    let catalog = Arc::new(catalog);
    let plan = Plan { oauth_apps, catalog, outbound, ..Plan::default() };
    let server = Server::start_with(database, plan, |_| {}).await;
    for end in ["", "/own"] {
        simulator.register(&format!("http://{}/oauth/callback{end}", server.address));
    }
    test(&server, &simulator).await;
    server.stop().await;
}

/// A person at the page of the provider.
struct Person<'s> {
    visitor: Visitor<'s>,
    page: Page,
}

impl<'s> Person<'s> {
    /// Somebody who opened the install URL: a customer, who is told nothing of scopes and of the protocol.
    async fn arrive(server: &'s Server, provider: &str) -> Self {
        let answer = server.call("POST", &server.at(&format!("/{provider}/install-url"))).send().await;
        let url: Url = answer.data()["install_url"].as_str().unwrap().parse().unwrap();
        let visitor = Visitor::new(server);
        let opened = visitor.get(&path(&url)).await;
        let page = visitor.follow(&opened).await;
        Self { visitor, page }
    }

    /// Somebody who is signed in, and is told what exactly went wrong.
    async fn sign_in(server: &'s Server, provider: &str) -> Self {
        let visitor = Visitor::signed_in(server).await;
        let page = visitor.provider(provider).await;
        Self { visitor, page }
    }

    /// Installs as far as possible: to the consent page, a click there, and back.
    async fn decide(
        self,
        simulator: &Simulator,
        connection: &Map<String, Value>,
        decision: Decision,
    ) -> Page {
        let leaving = self.connect([("connection", connection), ("credential", &Map::new())]).await;
        let back = simulator.decide(&leads_away(&leaving), decision).await;
        self.visitor.come_back(&back).await
    }

    /// Sends the page's form, filled in.
    async fn connect(&self, values: [(&str, &Map<String, Value>); 2]) -> Page {
        let mut form = self.page.form("/connect");
        for (part, values) in values {
            for (name, value) in values {
                form = form.with(&format!("{part}.{name}"), value.as_str().unwrap());
            }
        }
        self.visitor.submit(&form).await
    }
}

/// The path and query.
fn path(url: &Url) -> String {
    format!("{}?{}", url.path(), url.query().unwrap())
}

/// The address that our page before the provider's page leads to.
fn leads_away(page: &Page) -> String {
    page.says(200, "On to");
    let link = page.text.split("id=\"continue\" href=\"").nth(1).unwrap();
    link.split('"').next().unwrap().replace("&amp;", "&")
}

/// Installs by OAuth from the install URL, as far as possible.
async fn connect(
    server: &Server,
    simulator: &Simulator,
    (provider, connection): (&str, &Map<String, Value>),
    decision: Decision,
) -> Page {
    Person::arrive(server, provider).await.decide(simulator, connection, decision).await
}

/// The expected fields of an installed integration in the API.
fn shown(integration: &Value) -> Value {
    let fields = ["status", "health_status", "display_name", "error_message"];
    fields.iter().map(|field| ((*field).to_owned(), integration[field].clone())).collect()
}

fn well(name: Option<&str>) -> Value {
    json!({"status": "active", "health_status": "healthy", "display_name": name, "error_message": null})
}

/// Asserts that the installation succeeded.
#[track_caller]
fn is_connected(server: &Server, provider: &str, page: &Page) {
    page.leads_to(&format!("{}?done=connected", server.page(provider)));
}

async fn every_oauth_provider_is_installed(server: &Server, simulator: &Simulator) {
    assert_eq!(simulator.oauth_providers(), OAUTH.map(|(provider, ..)| provider));
    for (provider, name, expires) in OAUTH {
        let connection = &simulator.connections(provider)[0];
        let page = connect(server, simulator, (provider, connection), Decision::Allow).await;
        assert_eq!(simulator.complaints(), [""; 0]);
        is_connected(server, provider, &page);
        let integration = server.integration(provider).await;
        assert_eq!(shown(&integration), well(Some(name)), "{provider}");
        assert!(integration["last_synced_at"].is_string());
        let sql = "SELECT expires_at FROM credentials WHERE integration_id = $1";
        let stored = server.sql.rows(sql, [integration["id"].as_str().unwrap().into()]).await;
        assert_eq!(stored[0]["expires_at"].is_null(), !expires, "{provider}");
    }
    // The other way to sign in at Salesforce is the organization's own host.
    let own_host = &simulator.connections("salesforce")[1];
    let page = connect(server, simulator, ("salesforce", own_host), Decision::Allow).await;
    is_connected(server, "salesforce", &page);
    assert_eq!(simulator.complaints(), [""; 0]);
}

async fn every_form_provider_is_installed(server: &Server, simulator: &Simulator) {
    assert_eq!(simulator.form_providers(), FORMS.map(|(provider, _)| provider));
    for (provider, name) in FORMS {
        let person = Person::arrive(server, provider).await;
        let mut wrong = simulator.credential(provider, 0);
        let value = wrong.values_mut().next().unwrap();
        *value = format!("{}0", value.as_str().unwrap()).into();
        let connection = simulator.connections(provider)[0].clone();
        let page = person.connect([("connection", &connection), ("credential", &wrong)]).await;
        page.says(422, "does not accept");
        assert_eq!(server.integration(provider).await, Value::Null);
        let complaints = simulator.complaints().len();
        let right = simulator.credential(provider, 0);
        let page = person.connect([("connection", &connection), ("credential", &right)]).await;
        assert_eq!(simulator.complaints()[complaints..], [""; 0]);
        is_connected(server, provider, &page);
        assert_eq!(shown(&server.integration(provider).await), well(name), "{provider}");
    }
}

async fn what_goes_wrong_at_a_provider_leaves_nothing(server: &Server, simulator: &Simulator) {
    for provider in simulator.oauth_providers() {
        let at = (provider, &simulator.connections(provider)[0]);
        connect(server, simulator, at, Decision::Deny).await.says(403, "Access was not granted");
        let error = TokenSwitch::Error("invalid_grant".into());
        for (switch, words) in [
            (error, "it refused with the error invalid_grant"),
            (TokenSwitch::ServerError, "it is not available at the moment (status 500)"),
            (TokenSwitch::WebPage, "it answered with a web page instead of JSON (status 200)"),
        ] {
            simulator.switch(|switches| switches.token = switch);
            let customer = connect(server, simulator, at, Decision::Allow).await;
            customer.says(502, "did not finish the connection. Nothing was connected.");
            let person = Person::sign_in(server, provider).await;
            person.decide(simulator, at.1, Decision::Allow).await.says(502, words);
        }
        simulator.switch(|switches| (switches.token, switches.refuse_calls) = (TokenSwitch::Usual, true));
        let person = Person::sign_in(server, provider).await;
        let page = person.decide(simulator, at.1, Decision::Allow).await;
        page.says(502, "does not accept its own token");
        // By then the token was tried again.
        assert_eq!(server.clock.pauses(), UNTIL_ACCEPTED);
        simulator.switch(|switches| switches.refuse_calls = false);
    }
    for table in ["integrations", "credentials"] {
        assert_eq!(server.sql.rows(&format!("SELECT * FROM {table}"), []).await, [Value::Null; 0]);
    }
    assert_eq!(simulator.complaints(), [""; 0]);
}

async fn a_token_that_is_valid_only_a_moment_later_is_accepted(server: &Server, simulator: &Simulator) {
    for (refusals, provider) in [(1, "github"), (2, "slack")] {
        simulator.switch(|switches| switches.refuse_next_calls = refusals);
        let connection = &simulator.connections(provider)[0];
        let page = connect(server, simulator, (provider, connection), Decision::Allow).await;
        is_connected(server, provider, &page);
        assert_eq!(server.integration(provider).await["health_status"], "healthy");
        assert_eq!(server.clock.pauses(), UNTIL_ACCEPTED[..refusals]);
    }
    // A key that a person typed is refused at once.
    simulator.switch(|switches| switches.refuse_next_calls = 1);
    let person = Person::arrive(server, "stripe").await;
    let (connection, credential) = (&simulator.connections("stripe")[0], simulator.credential("stripe", 0));
    let page = person.connect([("connection", connection), ("credential", &credential)]).await;
    page.says(422, "does not accept");
    assert!(server.clock.pauses().is_empty());
}

async fn a_web_page_makes_nobody_healthy(server: &Server, simulator: &Simulator) {
    let (page, instead) =
        ("<!doctype html><title>Sign in to this network</title>", "a web page instead of JSON");
    simulator.switch(|switches| switches.web_page = Some((200, page)));
    for (provider, _) in FORMS {
        let mut nonsense = simulator.credential(provider, 0);
        let value = nonsense.values_mut().next().unwrap();
        *value = format!("{}0", value.as_str().unwrap()).into();
        let connection = simulator.connections(provider)[0].clone();
        let person = Person::arrive(server, provider).await;
        let page = person.connect([("connection", &connection), ("credential", &nonsense)]).await;
        page.says(502, &format!("answered with {instead}"));
        assert_eq!(server.integration(provider).await, Value::Null, "{provider}");
    }
    // A token that was just issued is kept, and proves itself later.
    for (provider, ..) in OAUTH {
        let at = (provider, &simulator.connections(provider)[0]);
        let page = connect(server, simulator, at, Decision::Allow).await;
        is_connected(server, provider, &page);
        let integration = server.integration(provider).await;
        assert_eq!(
            (&integration["status"], &integration["health_status"]),
            (&json!("active"), &json!("degraded"))
        );
        assert!(integration["error_message"].as_str().unwrap().ends_with(instead), "{integration}");
    }
    simulator.switch(|switches| switches.web_page = Some((403, page)));
    for (provider, ..) in OAUTH {
        let checked = server.check(provider).await;
        assert_eq!(
            (&checked.data()["status"], &checked.data()["health_status"]),
            (&json!("active"), &json!("degraded"))
        );
    }
    simulator.switch(|switches| switches.web_page = None);
    for (provider, ..) in OAUTH {
        let checked = server.check(provider).await;
        assert_eq!(checked.data()["health_status"], "healthy", "{provider}");
    }
    assert_eq!(simulator.complaints(), [""; 0]);
}

async fn scopes_that_are_withheld_are_named(server: &Server, simulator: &Simulator) {
    for (provider, withheld) in [
        ("hubspot", "crm.objects.contacts.write"),
        ("linear", "write"),
        ("salesforce", "refresh_token"),
        ("shopify", "write_orders"),
        ("slack", "chat:write"),
        ("zendesk", "write"),
    ] {
        simulator.switch(|switches| switches.withheld = vec![withheld.into()]);
        let connection = &simulator.connections(provider)[0];
        let page = connect(server, simulator, (provider, connection), Decision::Allow).await;
        page.says(403, "Not everything that is needed was allowed. Nothing was connected.");
        let person = Person::sign_in(server, provider).await;
        let page = person.decide(simulator, connection, Decision::Allow).await;
        page.says(403, &format!("These permissions were asked for and not granted: {withheld}."));
    }
    // Optional fields may be missing.
    simulator.switch(|switches| switches.withheld = vec!["tickets".into()]);
    let page = connect(server, simulator, ("hubspot", &Map::new()), Decision::Allow).await;
    is_connected(server, "hubspot", &page);
}

async fn another_account_is_noticed(server: &Server, simulator: &Simulator) {
    for (provider, name, _) in OAUTH {
        let connections = simulator.connections(provider);
        simulator.switch(|switches| switches.account = 0);
        let page = connect(server, simulator, (provider, &connections[0]), Decision::Allow).await;
        is_connected(server, provider, &page);
        let before = server.integration(provider).await;
        simulator.switch(|switches| switches.account = 1);
        // If the subdomain is the account, another account has another subdomain.
        let by_subdomain = |connection: &&Map<String, Value>| connection.contains_key("subdomain");
        let other = connections.last().filter(by_subdomain).unwrap_or(&connections[0]);
        let page = connect(server, simulator, (provider, other), Decision::Allow).await;
        page.says(200, "Connect another account?").says(200, name);
        assert_eq!(server.integration(provider).await, before);
    }
    assert_eq!(simulator.complaints(), [""; 0]);
}

/// A provider's file, a text in it with its replacement, and the simulator's complaint about that. There is one change
/// for each provider in a round.
const DEVIATIONS: [&[(&str, &str, &str, &str)]; 3] = [
    &[
        ("slack", "scope_separator = \",\"", "scope_separator = \" \"", "there is no scope"),
        ("github", "client_auth = \"body\"", "client_auth = \"basic\"", "by Basic"),
        ("hubspot", "/oauth/2026-03/token", "/oauth/token", "there is no POST api.hubapi.com/oauth/token"),
        ("linear", "body_format = \"form\"", "body_format = \"json\"", "content type"),
        ("notion", "token_headers = { Notion-Version = \"2026-03-11\" }", "", "notion-version"),
        ("pipedrive", "client_auth = \"basic\"", "client_auth = \"body\"", "by Body"),
        ("salesforce", "body_format = \"form\"", "body_format = \"json\"", "content type"),
        ("shopify", "token_params = { expiring = 1 }", "", "expiring is missing"),
        ("zendesk", "body_format = \"json\"", "body_format = \"form\"", "content type"),
    ],
    &[
        ("slack", "pkce = \"none\"", "pkce = \"s256\"", "code_challenge is not documented"),
        ("github", "scopes = [\"repo\"]", "scopes = [\"repos\"]", "there is no scope"),
        ("hubspot", "client_auth = \"body\"", "client_auth = \"basic\"", "by Basic"),
        ("linear", "scope_separator = \",\"", "scope_separator = \" \"", "there is no scope"),
        ("notion", "client_auth = \"basic\"", "client_auth = \"body\"", "by Body"),
        ("pipedrive", "scopes = []", "scopes = [\"deals:full\"]", "scope is not documented"),
        ("shopify", "pkce = \"none\"", "pkce = \"s256\"", "code_challenge is not documented"),
        (
            "zendesk",
            "token_params = { expires_in = 1800 }",
            "token_params = { expires_in = 60 }",
            "expires_in",
        ),
    ],
    &[
        ("hubspot", "param = \"optional_scope\"", "param = \"optional\"", "optional is not documented"),
        ("linear", "prompt = \"consent\"", "prompt = \"always\"", "the parameter prompt"),
        ("notion", "authorize_params = { owner = \"user\" }", "", "owner is missing"),
        ("pipedrive", "{api_domain}/api/v1/users/me", "{api_domain}/v1/users/me", "there is no GET"),
        ("salesforce", "SELECT+Id,Name+FROM+Organization", "SELECT+Id+FROM+Organization", "the parameter q"),
        (
            "shopify",
            "X-Shopify-Access-Token = \"{access_token}\"",
            "Authorization = \"Bearer {access_token}\"",
            "x-shopify",
        ),
        ("zendesk", "\"Bearer {access_token}\"", "\"token {access_token}\"", "authorization"),
    ],
];

/// Proves that the simulator does not just repeat our files: it notices each of these wrong files.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_file_that_deviates_is_found_out() {
    for round in DEVIATIONS {
        let files = round.iter().map(|(provider, from, to, _)| {
            let (name, text) = provider_files::named(provider);
            assert!(text.contains(from), "{provider}.toml has no {from}");
            (name, text.replace(from, to))
        });
        let simulator = Simulator::start().await;
        play(Backend::Sqlite, few(files), simulator, async |server, simulator| {
            for (provider, _, _, complaint) in round {
                let before = simulator.complaints().len();
                connect_at_odds(server, simulator, provider).await;
                let complaints = &simulator.complaints()[before..];
                assert!(complaints.iter().any(|one| one.contains(complaint)), "{provider}: {complaints:?}");
            }
        })
        .await;
    }
}

/// Installs by OAuth, as far as the provider lets it.
async fn connect_at_odds(server: &Server, simulator: &Simulator, provider: &str) {
    let connection = &simulator.connections(provider)[0];
    let person = Person::arrive(server, provider).await;
    let leaving = person.connect([("connection", connection), ("credential", &Map::new())]).await;
    let consent = simulator.client().get(leads_away(&leaving)).send().await.unwrap();
    if consent.status().is_success() {
        connect(server, simulator, (provider, connection), Decision::Allow).await;
    }
}
