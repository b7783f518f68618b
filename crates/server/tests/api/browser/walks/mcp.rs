//! Connecting a server of the Model Context Protocol, whose authorization server nobody here wrote: it is found out,
//! and this server registers itself there.

use std::{collections::HashMap, sync::Arc};

use integrations_core::{approved_hosts::ApprovedHost, catalog::Catalog};
use riq_server::provider::outbound::OutboundSettings;
use riq_testing::provider_files;
use serde_json::json;
use time::Duration;

use crate::{
    browser::{
        chromium::{Browser, Programs, in_browser, name_of},
        oauth_server::{self, OAuthServer, RESOURCE, RESOURCE_HOST, approve},
        stage::{PUBLIC_HOST, PUBLIC_URL},
    },
    support::{Backend, Server, TestDatabase, server::Plan},
};

const KEY: &str = "mcp-server";

/// Runs a walk on a server that may connect the MCP server.
async fn guarded<T>(walk: T)
where
    T: AsyncFnOnce(&Server, &Browser),
{
    let Some(programs) = Programs::find() else { return };
    let oauth = OAuthServer::start_guarding(&programs);
    let names = [oauth_server::HOST, RESOURCE_HOST];
    let approved = names.iter().map(|host| ApprovedHost::read(host).unwrap()).collect();
    let catalog = Catalog::default().with_files([provider_files::named(KEY)]).unwrap().approving(&approved);
    let plan = Plan {
        catalog: Arc::new(catalog),
        outbound: OutboundSettings {
            ca_certificates: Some(oauth.authority.pem().into_bytes()),
            resolve: HashMap::from(names.map(|host| (host.to_owned(), oauth.address))),
            ..OutboundSettings::default()
        },
        ..Plan::default()
    };
    let database = TestDatabase::create(Backend::Sqlite).await.unwrap();
    let public_url = PUBLIC_URL.parse().unwrap();
    let server = Server::start_with(database, plan, |settings| settings.public_url = public_url).await;
    let hosts = [(PUBLIC_HOST, server.address), (oauth_server::HOST, oauth.address)];
    let hosts = hosts.map(|(host, address)| (host.to_owned(), address));
    let name = name_of(&walk);
    in_browser(&programs, &name, &hosts, async |browser| walk(&server, browser).await).await;
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn its_authorization_server_is_found_out_and_registers_us() {
    guarded(async |server, browser| {
        let answer = server.call("POST", &server.at(&format!("/{KEY}/install-url"))).send().await;
        browser.open(answer.data()["install_url"].as_str().unwrap()).await;
        browser.fill("[name='connection.server_url']", RESOURCE).await;
        browser.follow("form[action$='/connect'] button[type=submit]").await;
        approve(browser, "ann").await;
        assert_eq!(browser.text("h1").await, "MCP server is connected");

        let integration = server.integration(KEY).await;
        assert_eq!(
            (&integration["health_status"], &integration["display_name"], &integration["setup_type"]),
            (&json!("healthy"), &json!("Weather of ann"), &json!("oauth"))
        );
        let call = server.at(&format!("/{KEY}/actions/list_tools"));
        let run = server.call("POST", &call).json(&json!({"input": {}})).send().await;
        assert_eq!(run.data()["result"]["tools"][0]["name"], "get_weather", "{}", run.text);

        // Its refresh token is asked for with consent, and works with the client that was registered.
        let expires = "SELECT expires_at FROM credentials";
        let before = server.sql.rows(expires, []).await[0]["expires_at"].clone();
        server.clock.advance(Duration::minutes(11));
        assert_eq!(server.check(KEY).await.data()["health_status"], "healthy");
        assert_ne!(server.sql.rows(expires, []).await[0]["expires_at"], before);
    })
    .await;
}
