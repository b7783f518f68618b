//! Connects servers of the Model Context Protocol, whose authorization servers are found out, and those that lie about
//! them.

use integrations_core::{approved_hosts::ApprovedHost, catalog::Catalog};
use riq_testing::{
    provider_files,
    providers::simulator::{Decision, Simulator},
};
use serde_json::{Map, Value, json};

use super::{Person, leads_away, on_both_played, play};
use crate::support::{Backend, Server};

const KEY: &str = "mcp-server";
/// What the specification demands of a client.
const EXPECTED: &str =
    include_str!("../../../../testing/src/providers/simulator/expectations/mcp-server.toml");
const HOSTS: [&str; 2] = ["mcp.acme.example", "login.acme.example"];

on_both_played!(
    a_server_that_lies_about_itself_is_not_gone_to,
    only_approved_hosts_are_asked,
    the_answer_of_another_server_is_not_used,
    what_comes_to_the_address_of_apps_is_not_used,
    a_secret_without_its_client_is_refused,
    a_client_that_is_known_is_taken,
    a_public_client_has_no_secret,
);

async fn played(backend: Backend, test: impl AsyncFnOnce(Backend)) {
    test(backend).await;
}

/// The expectations, changed.
fn changed(changes: &[(&str, &str)]) -> String {
    changes.iter().fold(EXPECTED.to_owned(), |text, (from, to)| {
        assert!(text.contains(from), "{from}");
        text.replace(from, to)
    })
}

async fn with(
    backend: Backend,
    expected: &str,
    approved: &[&str],
    test: impl AsyncFnOnce(&Server, &Simulator),
) {
    let simulator = Simulator::start_as_told(&[expected]).await;
    let approved = approved.iter().map(|host| ApprovedHost::read(host).unwrap()).collect();
    let catalog = Catalog::default().with_files([provider_files::named(KEY)]).unwrap();
    play(backend, catalog.approving(&approved), simulator, test).await;
}

fn connection(further: &[(&str, &str)]) -> Map<String, Value> {
    let mut connection = Map::new();
    for (name, value) in [("server_url", "https://mcp.acme.example/tenant/mcp")].iter().chain(further) {
        connection.insert((*name).to_owned(), (*value).into());
    }
    connection
}

/// Sends the form, which leads nowhere.
async fn is_refused(server: &Server, simulator: &Simulator, status: u16, words: &str) {
    let person = Person::sign_in(server, KEY).await;
    let page = person.connect([("connection", &connection(&[])), ("credential", &Map::new())]).await;
    page.says(status, words);
    assert_eq!(server.integration(KEY).await, Value::Null);
    assert_eq!(server.sql.rows("SELECT id FROM pending_installs", []).await.len(), 0);
    assert_eq!(simulator.complaints(), [""; 0]);
}

async fn a_server_that_lies_about_itself_is_not_gone_to(backend: Backend) {
    let resource = r#"resource = "https://mcp.acme.example/tenant/mcp", authorization_servers"#;
    let issuer = r#"issuer = "https://login.acme.example/tenant""#;
    let pkce = r#"code_challenge_methods_supported = ["S256"]"#;
    let registers = r#"client_id_issued_at = 1769900000"#;
    for (from, to, words) in [
        (
            resource,
            r#"resource = "https://mcp.acme.example/other", authorization_servers"#,
            "of another resource",
        ),
        (
            resource,
            r#"resource = "https://honest.example/mcp", authorization_servers"#,
            "of another resource",
        ),
        (issuer, r#"issuer = "https://honest.example""#, "of another issuer"),
        (issuer, r#"issuer = "https://login.acme.example/tenant/""#, "of another issuer"),
        (pkce, r#"code_challenge_methods_supported = ["plain"]"#, "PKCE with S256"),
        (registers, r#"redirect_uris = ["https://evil.example/"]"#, "no usable redirect_uris"),
        (registers, r#"issuer = "https://honest.example""#, "of another issuer"),
        (
            r#"registration_endpoint = "https://login.acme.example/register""#,
            r#"response_modes_supported = ["query"]"#,
            "takes only clients that are registered there",
        ),
    ] {
        with(backend, &changed(&[(from, to)]), &HOSTS, async |server, simulator| {
            is_refused(server, simulator, 422, words).await;
        })
        .await;
    }
}

async fn only_approved_hosts_are_asked(backend: Backend) {
    let elsewhere = "https://inside.example/x";
    let metadata =
        r#"resource_metadata="https://mcp.acme.example/.well-known/oauth-protected-resource/tenant/mcp""#;
    let token = r#"token_endpoint = "https://login.acme.example/token""#;
    let register = r#"registration_endpoint = "https://login.acme.example/register""#;
    let servers = r#"authorization_servers = ["https://login.acme.example/tenant"]"#;
    for (from, to) in [
        (metadata, format!(r#"resource_metadata="{elsewhere}""#)),
        (token, format!(r#"token_endpoint = "{elsewhere}""#)),
        (register, format!(r#"registration_endpoint = "{elsewhere}""#)),
        (servers, format!(r#"authorization_servers = ["{elsewhere}"]"#)),
    ] {
        with(backend, &changed(&[(from, &to)]), &HOSTS, async |server, simulator| {
            is_refused(server, simulator, 422, "inside.example is not approved").await;
            assert!(simulator.requests().iter().all(|request| HOSTS.contains(&request.host.as_str())));
        })
        .await;
    }
    with(backend, EXPECTED, &HOSTS[..1], async |server, simulator| {
        is_refused(server, simulator, 422, "login.acme.example is not approved").await;
    })
    .await;
}

async fn the_answer_of_another_server_is_not_used(backend: Backend) {
    let iss = r#"further = { iss = "https://login.acme.example/tenant" }"#;
    for to in [r#"further = { iss = "https://honest.example" }"#, "further = {}"] {
        with(backend, &changed(&[(iss, to)]), &HOSTS, async |server, simulator| {
            let person = Person::sign_in(server, KEY).await;
            let page = person.decide(simulator, &connection(&[]), Decision::Allow).await;
            page.says(400, "This answer is not from MCP server");
            // The code stays with us.
            assert!(simulator.requests().iter().all(|request| request.path != "/token"));
            assert_eq!(server.integration(KEY).await, Value::Null);
        })
        .await;
    }
}

/// A server that was found out sends the browser on to a provider whose app this server has. The code that comes back
/// with its state is not brought to it.
async fn what_comes_to_the_address_of_apps_is_not_used(backend: Backend) {
    with(backend, EXPECTED, &HOSTS, async |server, simulator| {
        let person = Person::sign_in(server, KEY).await;
        let leaving = person.connect([("connection", &connection(&[])), ("credential", &Map::new())]).await;
        let mut back = simulator.decide(&leads_away(&leaving), Decision::Allow).await;
        assert_eq!(back.path(), "/oauth/callback/own");
        back.set_path("/oauth/callback");
        person.visitor.come_back(&back).await.says(400, "This answer is not from MCP server");
        assert!(simulator.requests().iter().all(|request| request.path != "/token"));
        assert_eq!(server.integration(KEY).await, Value::Null);
    })
    .await;
}

/// A secret is never sent with an id that it was not typed for.
async fn a_secret_without_its_client_is_refused(backend: Backend) {
    with(backend, EXPECTED, &HOSTS, async |server, simulator| {
        let person = Person::sign_in(server, KEY).await;
        let credential = json!({"client_secret": "SECRET-of-nobody"}).as_object().unwrap().clone();
        let page = person.connect([("connection", &connection(&[])), ("credential", &credential)]).await;
        page.says(422, "Required where there is a client secret");
        assert_eq!(simulator.requests().len(), 0);
    })
    .await;
}

async fn a_client_that_is_known_is_taken(backend: Backend) {
    with(backend, EXPECTED, &HOSTS, async |server, simulator| {
        let (id, secret) = simulator.app(KEY);
        let person = Person::sign_in(server, KEY).await;
        let credential = json!({ "client_secret": secret }).as_object().unwrap().clone();
        let given = connection(&[("client_id", id.as_str())]);
        let leaving = person.connect([("connection", &given), ("credential", &credential)]).await;
        let back = simulator.decide(&leads_away(&leaving), Decision::Allow).await;
        person.visitor.come_back(&back).await;
        assert_eq!(simulator.complaints(), [""; 0]);
        assert_eq!(server.integration(KEY).await["health_status"], "healthy");
        assert!(simulator.requests().iter().all(|request| request.path != "/register"));
    })
    .await;
}

async fn a_public_client_has_no_secret(backend: Backend) {
    let basic = r#"token_endpoint_auth_methods_supported = ["client_secret_basic"]"#;
    let public = changed(&[
        (basic, r#"token_endpoint_auth_methods_supported = ["none"]"#),
        (r#"token_endpoint_auth_method = "client_secret_basic""#, r#"token_endpoint_auth_method = "none""#),
        (
            r#"client_secret = "{client_secret}"
"#,
            "",
        ),
        (r#"client_auth = ["basic"]"#, r#"client_auth = ["none"]"#),
    ]);
    with(backend, &public, &HOSTS, async |server, simulator| {
        let person = Person::sign_in(server, KEY).await;
        person.decide(simulator, &connection(&[]), Decision::Allow).await;
        assert_eq!(simulator.complaints(), [""; 0]);
        assert_eq!(server.integration(KEY).await["health_status"], "healthy");
        let of_tokens = simulator.requests().into_iter().find(|request| request.path == "/token").unwrap();
        let body = String::from_utf8(of_tokens.body).unwrap();
        assert!(body.contains("client_id=mcp-server-client") && !body.contains("client_secret"), "{body}");
    })
    .await;
}
