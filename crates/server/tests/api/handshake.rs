//! Installations through the service, without the pages: for cases that the pages prevent.

use integrations_core::{catalog::ProviderAccount, install_link::LinkRequest};
use riq_server::{
    services::install::{Arrival, InstallOutcome, InstallProblem, Installing, NewLink, ProblemKind},
    store::Tenant,
    token::Token,
};
use riq_testing::providers::simulator::{Decision, Simulator};
use serde_json::{Map, Value};

use crate::support::Server;

pub(crate) const BROWSER: &str = "a browser's cookie";
pub(crate) const REQUEST: &str = "req_of_a_test";

pub(crate) fn who(server: &Server) -> Installing {
    let tenant = Tenant { organization: server.organization, project: server.project };
    Installing { tenant, by: server.key.id.into(), request_id: REQUEST.into(), link: None }
}

/// Makes an install link in this caller's name. Returns its token.
pub(crate) async fn make_link(server: &Server, who: &Installing, account: &ProviderAccount) -> String {
    let token = Token::generate(&server.app.services.environment);
    let installer = &server.app.services.installer;
    let (made, request) = (installer.next_link(), LinkRequest::default());
    let link = NewLink { made, tenant: &who.tenant, account, by: who.by, token: &token, request };
    installer.create_link(link, None).await.unwrap();
    token.expose().to_owned()
}

/// Installs by OAuth as far as possible: to the consent page, a click there, and back.
pub(crate) async fn connect(
    server: &Server,
    simulator: &Simulator,
    (provider, connection): (&str, &Map<String, Value>),
    decision: Decision,
) -> Result<InstallOutcome, InstallProblem> {
    let account = server.app.services.catalog.account(provider).unwrap();
    let installer = &server.app.services.installer;
    let url = installer.begin(&who(server), &account, connection.clone(), BROWSER).await?;
    let back = simulator.decide(url.as_str(), decision).await;
    come_back(server, back.query().unwrap(), Some(BROWSER)).await
}

/// Sends a browser's redirect back.
pub(crate) async fn come_back(
    server: &Server,
    query: &str,
    browser: Option<&str>,
) -> Result<InstallOutcome, InstallProblem> {
    let (query, browser) = (query.to_owned(), browser.map(str::to_owned));
    let arrival = Arrival { query, browser, is_form: false, is_own: false, request_id: REQUEST.to_owned() };
    server.app.services.installer.callback(arrival).await.map(|arrived| arrived.outcome)
}

pub(crate) fn refusal(outcome: Result<InstallOutcome, InstallProblem>) -> ProblemKind {
    outcome.unwrap_err().kind
}
