//! A server, the providers that it calls, and a browser that reaches all of them by name.

use std::{
    collections::HashMap,
    net::SocketAddr,
    sync::{Arc, Mutex},
};

use riq_server::provider::{oauth_apps::OAuthApp, outbound::OutboundSettings};
use riq_testing::providers::simulator::Simulator;
use serde_json::Value;
use thirtyfour::By;

use crate::{
    browser::{
        chromium::{Browser, Programs, in_browser, name_of},
        oauth_server::{self, CLIENT_ID, CLIENT_SECRET, OAuthServer},
        product::{self, Product},
    },
    support::{Backend, Server, TestDatabase, catalog::few, server::Plan},
};

/// The public address of the server, which is known before the server runs. Browsers trust this name without TLS.
pub(crate) const PUBLIC_URL: &str = "http://riq.localhost";
pub(crate) const PUBLIC_HOST: &str = "riq.localhost";

/// The key of the provider that oidc-provider plays.
pub(crate) const EXAMPLE_DESK: &str = "example-desk";
pub(crate) const EXAMPLE_DESK_FILE: &str = include_str!("providers/example-desk.toml");

/// The only OAuth provider without an app.
pub(crate) const NOT_SET_UP: &str = "github";

/// The environment of a walk.
pub(crate) struct Stage {
    pub(crate) server: Server,
    /// Every provider of the catalog.
    pub(crate) simulator: Simulator,
    /// Example Desk.
    pub(crate) oauth: OAuthServer,
    product: Product,
    forgiven: Mutex<Vec<&'static str>>,
}

/// Runs a walk on a new stage with a new browser.
pub(crate) async fn on_stage<T>(walk: T)
where
    T: AsyncFnOnce(&Stage, &Browser),
{
    on_stage_with(Vec::new(), walk).await;
}

/// Runs a walk on a new stage with these providers in its catalog, besides the usual ones.
pub(crate) async fn on_stage_with<T>(files: Vec<(String, String)>, walk: T)
where
    T: AsyncFnOnce(&Stage, &Browser),
{
    let Some(programs) = Programs::find() else { return };
    let stage = Stage::set_up(&programs, files).await;
    let name = name_of(&walk);
    in_browser(&programs, &name, &stage.hosts(), async |browser| walk(&stage, browser).await).await;
    stage.check_complaints();
    stage.server.stop().await;
}

impl Stage {
    async fn set_up(programs: &Programs, mut files: Vec<(String, String)>) -> Self {
        let callback = format!("{PUBLIC_URL}/oauth/callback");
        let simulator = Simulator::start().await;
        simulator.register(&callback);
        let oauth = OAuthServer::start(programs, &callback);
        files.push(("example-desk.toml".to_owned(), EXAMPLE_DESK_FILE.to_owned()));
        let catalog = few(files);
        let mut resolve: HashMap<String, SocketAddr> =
            simulator.hosts().into_iter().map(|host| (host, simulator.address())).collect();
        resolve.insert(oauth_server::HOST.to_owned(), oauth.address);
        let plan = Plan {
            catalog: Arc::new(catalog),
            outbound: OutboundSettings {
                ca_certificates: Some([simulator.ca_pem(), oauth.authority.pem()].concat().into_bytes()),
                resolve,
                ..OutboundSettings::default()
            },
            oauth_apps: oauth_apps(&simulator),
            ..Plan::default()
        };
        let database = TestDatabase::create(Backend::Sqlite).await.unwrap();
        let public_url = PUBLIC_URL.parse().unwrap();
        let server = Server::start_with(database, plan, |settings| settings.public_url = public_url).await;
        let product = Product::start().await;
        Self { server, simulator, oauth, product, forgiven: Mutex::default() }
    }

    /// The addresses of all of them, for the browser.
    fn hosts(&self) -> Vec<(String, SocketAddr)> {
        let simulated = self.simulator.hosts().into_iter().map(|host| (host, self.simulator.address()));
        let others = [
            (PUBLIC_HOST, self.server.address),
            (oauth_server::HOST, self.oauth.address),
            (product::HOST, self.product.address),
        ];
        simulated.chain(others.map(|(host, address)| (host.to_owned(), address))).collect()
    }

    /// The page of a provider.
    pub(crate) fn page(&self, provider: &str) -> String {
        format!("{PUBLIC_URL}/dashboard/projects/{}/integrations/{provider}", self.server.project)
    }

    /// A page of the project.
    pub(crate) fn project(&self, rest: &str) -> String {
        format!("{PUBLIC_URL}/dashboard/projects/{}{rest}", self.server.project)
    }

    /// Asks the API for an install link.
    pub(crate) async fn link(&self, provider: &str) -> String {
        let target = self.server.at(&format!("/{provider}/install-url"));
        let answer = self.server.call("POST", &target).send().await;
        answer.data()["install_url"].as_str().unwrap().to_owned()
    }

    /// Signs in with the server's key, on the way to a page.
    pub(crate) async fn sign_in(&self, browser: &Browser, page: &str) {
        browser.open(page).await;
        browser.fill("#api_key", &self.server.key.text).await;
        browser.follow("main button[type=submit]").await;
        assert_eq!(browser.url().await.as_str(), page);
    }

    /// Presses the button that leads to the provider, on the provider's page or on the page of an install link.
    pub(crate) async fn set_out(&self, browser: &Browser) {
        // If the provider is connected already, the form is collapsed.
        let folded =
            browser.driver.find(By::Css("details:not([open]):has(form[action$='/connect']) > summary")).await;
        if let Ok(summary) = folded {
            summary.click().await.unwrap();
        }
        browser.follow("form[action$='/connect'] button[type=submit]").await;
    }

    /// Allows complaints of the providers with these words, because the test causes them on purpose.
    pub(crate) fn forgive(&self, words: &'static str) {
        self.forgiven.lock().unwrap().push(words);
    }

    /// Asserts that the providers made the allowed complaints and no others.
    fn check_complaints(&self) {
        // Browsers ask every site for its icon.
        let mut complaints = self.simulator.complaints();
        complaints.retain(|complaint| !complaint.contains("/favicon.ico"));
        for words in self.forgiven.lock().unwrap().iter() {
            let before = complaints.len();
            complaints.retain(|complaint| !complaint.contains(words));
            assert!(complaints.len() < before, "no provider complains of {words}");
        }
        assert_eq!(complaints, [""; 0]);
    }

    /// The provider's integration in the API. Null if there is none.
    pub(crate) async fn integration(&self, provider: &str) -> Value {
        self.server.integration(provider).await
    }

    /// The recorded actions on a provider's integration, each with the acting key, oldest first.
    pub(crate) async fn recorded(&self, provider: &str) -> Vec<(String, Value)> {
        let events = self.server.audit(provider).await;
        events
            .into_iter()
            .map(|event| (event["action"].as_str().unwrap().to_owned(), event["actor_key_id"].clone()))
            .collect()
    }
}

fn oauth_apps(simulator: &Simulator) -> HashMap<String, OAuthApp> {
    let app = |(client_id, client_secret): (String, String)| OAuthApp::new(client_id, client_secret);
    let simulated = simulator.oauth_providers().into_iter().filter(|provider| *provider != NOT_SET_UP);
    let mut apps: HashMap<String, OAuthApp> =
        simulated.map(|provider| (provider.to_owned(), app(simulator.app(provider)))).collect();
    apps.insert(EXAMPLE_DESK.to_owned(), app((CLIENT_ID.to_owned(), CLIENT_SECRET.to_owned())));
    apps
}
