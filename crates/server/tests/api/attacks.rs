//! Attacks on an installation: replayed, swapped, forged and guessed values. docs/topics/security.md names each.

use integrations_core::{issue::Issue, oauth::CallbackProblem};
use riq_server::{
    services::install::{InstallOutcome, InstallProblem, Installing, LinkProblem, ProblemKind, StateProblem},
    store::Tenant,
};
use riq_testing::providers::simulator::{Decision, Simulator, TokenSwitch};
use serde_json::{Map, Value, json};
use time::Duration;
use url::Url;

use crate::{
    handshake::{BROWSER, REQUEST, come_back, connect, make_link, refusal, who},
    providers::{on_both_played, played},
    support::Server,
};

on_both_played!(
    a_state_counts_once,
    a_state_that_comes_in_another_browser_is_used_up,
    a_state_cannot_be_exchanged_for_that_of_another_install,
    a_state_that_was_never_given_out_is_worthless,
    an_answer_without_one_code_is_used_up,
    a_reported_error_uses_its_state_up,
    a_code_is_not_exchanged_for_a_link_that_was_used,
    a_state_counts_for_ten_minutes,
    an_answer_of_another_issuer_is_refused,
    a_code_goes_to_its_own_provider_alone,
    a_forged_or_foreign_answer_of_shopify_is_refused,
    a_subdomain_leads_nowhere_else,
    a_token_endpoint_that_hangs_is_given_up,
    a_link_is_used_up_by_one_install_alone,
    a_key_or_project_that_is_gone_installs_nothing,
    a_confirmation_counts_once_in_its_own_browser_and_in_time,
    a_link_for_one_page_opens_no_other,
    a_code_is_not_sent_twice,
);

const OTHER_BROWSER: &str = "another browser's cookie";

/// Begins an installation, goes to the provider's consent page, and returns the address that the browser is sent back
/// to.
async fn go_and_allow(server: &Server, simulator: &Simulator, provider: &str, browser: &str) -> Url {
    let connection = simulator.connections(provider)[0].clone();
    let found = &server.app.services.catalog.account(provider).unwrap();
    let url = server.app.services.installer.begin(&who(server), found, connection, browser).await.unwrap();
    simulator.decide(url.as_str(), Decision::Allow).await
}

/// The query with one parameter changed or removed.
fn with(back: &Url, name: &str, value: Option<&str>) -> String {
    let others =
        back.query_pairs().filter(|(other, _)| other != name).map(|(n, v)| (n.into_owned(), v.into_owned()));
    let changed = value.map(|value| (name.to_owned(), value.to_owned()));
    url::form_urlencoded::Serializer::new(String::new()).extend_pairs(others.chain(changed)).finish()
}

fn parameter(back: &Url, name: &str) -> String {
    back.query_pairs().find(|(other, _)| other == name).unwrap().1.into_owned()
}

/// What is wrong with the form.
#[track_caller]
fn issues(problem: &InstallProblem) -> &[Issue] {
    match &problem.kind {
        ProblemKind::Invalid(issues) => issues,
        other => panic!("{other:?}"),
    }
}

#[track_caller]
fn assert_state(outcome: Result<InstallOutcome, InstallProblem>, expected: StateProblem) {
    match refusal(outcome) {
        ProblemKind::State(problem) => assert_eq!(problem, expected),
        other => panic!("{other:?}"),
    }
}

/// How often Slack was asked for a token.
fn exchanges(simulator: &Simulator) -> usize {
    let requests = simulator.requests();
    requests.iter().filter(|request| request.path == "/api/oauth.v2.access").count()
}

async fn assert_nothing_is_installed(server: &Server) {
    for table in ["integrations", "credentials"] {
        assert_eq!(server.sql.count(&format!("SELECT COUNT(*) FROM {table}"), []).await, 0);
    }
}

async fn a_state_counts_once(server: &Server, simulator: &Simulator) {
    let back = go_and_allow(server, simulator, "slack", BROWSER).await;
    let query = back.query().unwrap();
    come_back(server, query, Some(BROWSER)).await.unwrap();
    let before = server.sql.picture().await;
    assert_state(come_back(server, query, Some(BROWSER)).await, StateProblem::Used);
    let forged = with(&back, "code", Some("another-code"));
    assert_state(come_back(server, &forged, Some(BROWSER)).await, StateProblem::Used);
    assert_eq!(server.sql.picture().await, before);
    // Of two requests at the same time, one succeeds.
    let back = go_and_allow(server, simulator, "linear", BROWSER).await;
    let query = back.query().unwrap();
    let both = tokio::join!(come_back(server, query, Some(BROWSER)), come_back(server, query, Some(BROWSER)));
    assert!(both.0.is_ok() != both.1.is_ok(), "{both:?}");
    assert_eq!(simulator.complaints(), [""; 0]);
}

async fn a_state_that_comes_in_another_browser_is_used_up(server: &Server, simulator: &Simulator) {
    for browser in [Some(OTHER_BROWSER), Some(""), None] {
        let back = go_and_allow(server, simulator, "slack", BROWSER).await;
        let query = back.query().unwrap();
        assert_state(come_back(server, query, browser).await, StateProblem::OtherBrowser);
        assert_state(come_back(server, query, Some(BROWSER)).await, StateProblem::Used);
    }
    assert_nothing_is_installed(server).await;
    assert_eq!(exchanges(simulator), 0);
}

/// The attacker makes the victim's browser return with the attacker's code, and the other way round.
async fn a_state_cannot_be_exchanged_for_that_of_another_install(server: &Server, simulator: &Simulator) {
    let victims = go_and_allow(server, simulator, "slack", BROWSER).await;
    let attackers = go_and_allow(server, simulator, "slack", OTHER_BROWSER).await;
    let swapped = with(&victims, "state", Some(&parameter(&attackers, "state")));
    assert_state(come_back(server, &swapped, Some(BROWSER)).await, StateProblem::OtherBrowser);
    let swapped = with(&attackers, "state", Some(&parameter(&victims, "state")));
    assert_state(come_back(server, &swapped, Some(OTHER_BROWSER)).await, StateProblem::OtherBrowser);
    assert_nothing_is_installed(server).await;
    // With two installations in one browser, each code goes to the provider that its state belongs to, which does not
    // know it.
    let github = go_and_allow(server, simulator, "github", BROWSER).await;
    let linear = go_and_allow(server, simulator, "linear", BROWSER).await;
    let swapped = with(&github, "code", Some(&parameter(&linear, "code")));
    assert!(matches!(refusal(come_back(server, &swapped, Some(BROWSER)).await), ProblemKind::Token(_)));
    assert_nothing_is_installed(server).await;
}

async fn a_state_that_was_never_given_out_is_worthless(server: &Server, simulator: &Simulator) {
    let back = go_and_allow(server, simulator, "slack", BROWSER).await;
    let state = parameter(&back, "state");
    for query in [
        String::new(),
        with(&back, "state", None),
        with(&back, "state", Some("")),
        with(&back, "state", Some(&state[1..])),
        with(&back, "state", Some(&format!("{state}x"))),
        "state=%00&code=1".into(),
        "%".into(),
    ] {
        assert_state(come_back(server, &query, Some(BROWSER)).await, StateProblem::Unknown);
    }
    assert_nothing_is_installed(server).await;
}

async fn an_answer_without_one_code_is_used_up(server: &Server, simulator: &Simulator) {
    for change in [
        |back: &Url| with(back, "code", None),
        |back: &Url| with(back, "code", Some("")),
        |back: &Url| with(back, "code", Some("a\r\nb")),
        |back: &Url| with(back, "code", Some(&"x".repeat(20_000))),
        |back: &Url| format!("{}&code=another", back.query().unwrap()),
        |back: &Url| format!("{}&state=another", back.query().unwrap()),
        |back: &Url| {
            format!("{}&iss=https%3A%2F%2Fslack.com&iss=https%3A%2F%2Fslack.com", back.query().unwrap())
        },
    ] {
        let back = go_and_allow(server, simulator, "slack", BROWSER).await;
        let query = change(&back);
        let refused = refusal(come_back(server, &query, Some(BROWSER)).await);
        assert!(matches!(refused, ProblemKind::Malformed(_)), "{refused:?}");
        assert_state(come_back(server, back.query().unwrap(), Some(BROWSER)).await, StateProblem::Used);
    }
    // Of two states, both are used up.
    let (one, other) = (
        go_and_allow(server, simulator, "slack", BROWSER).await,
        go_and_allow(server, simulator, "linear", BROWSER).await,
    );
    let both = format!("{}&state={}", one.query().unwrap(), parameter(&other, "state"));
    assert!(matches!(refusal(come_back(server, &both, Some(BROWSER)).await), ProblemKind::Malformed(_)));
    for back in [one, other] {
        assert_state(come_back(server, back.query().unwrap(), Some(BROWSER)).await, StateProblem::Used);
    }
    assert_nothing_is_installed(server).await;
    assert_eq!(exchanges(simulator), 0);
}

/// An error counts, whatever is beside it. One that is empty is none.
async fn a_reported_error_uses_its_state_up(server: &Server, simulator: &Simulator) {
    let back = go_and_allow(server, simulator, "slack", BROWSER).await;
    let query = with(&back, "error", Some("temporarily_unavailable"));
    match refusal(come_back(server, &query, Some(BROWSER)).await) {
        ProblemKind::Reported(error) => assert_eq!(error.code, "temporarily_unavailable"),
        other => panic!("{other:?}"),
    }
    assert_state(come_back(server, back.query().unwrap(), Some(BROWSER)).await, StateProblem::Used);
    assert_eq!(exchanges(simulator), 0);
    let back = go_and_allow(server, simulator, "slack", BROWSER).await;
    come_back(server, &with(&back, "error", Some("")), Some(BROWSER)).await.unwrap();
}

/// A person has two windows of one install link, and finishes in the first.
async fn a_code_is_not_exchanged_for_a_link_that_was_used(server: &Server, simulator: &Simulator) {
    let installer = &server.app.services.installer;
    let slack = &server.app.services.catalog.account("slack").unwrap();
    let (_, who) = by_link(server, "slack").await;
    let mut answers = Vec::new();
    for _ in 0..2 {
        let url = installer.begin(&who, slack, Map::new(), BROWSER).await.unwrap();
        answers.push(simulator.decide(url.as_str(), Decision::Allow).await);
    }
    come_back(server, answers[0].query().unwrap(), Some(BROWSER)).await.unwrap();
    let problem = refusal(come_back(server, answers[1].query().unwrap(), Some(BROWSER)).await);
    assert!(matches!(problem, ProblemKind::Link(LinkProblem::Used)), "{problem:?}");
    assert_eq!(exchanges(simulator), 1);
}

async fn a_state_counts_for_ten_minutes(server: &Server, simulator: &Simulator) {
    let (late, in_time) = (
        go_and_allow(server, simulator, "slack", BROWSER).await,
        go_and_allow(server, simulator, "github", BROWSER).await,
    );
    server.clock.advance(Duration::minutes(10) - Duration::seconds(1));
    come_back(server, in_time.query().unwrap(), Some(BROWSER)).await.unwrap();
    server.clock.advance(Duration::seconds(1));
    assert_state(come_back(server, late.query().unwrap(), Some(BROWSER)).await, StateProblem::Expired);
    assert_eq!(server.integration("slack").await, Value::Null);
}

async fn an_answer_of_another_issuer_is_refused(server: &Server, simulator: &Simulator) {
    for issuer in ["https://evil.example", "https://slack.com.evil.example", "http://slack.com", "slack.com"]
    {
        let back = go_and_allow(server, simulator, "slack", BROWSER).await;
        let query = with(&back, "iss", Some(issuer));
        match refusal(come_back(server, &query, Some(BROWSER)).await) {
            ProblemKind::Callback(problem) => assert_eq!(problem, CallbackProblem::OtherIssuer, "{issuer}"),
            other => panic!("{issuer}: {other:?}"),
        }
        assert_state(come_back(server, back.query().unwrap(), Some(BROWSER)).await, StateProblem::Used);
    }
    assert_nothing_is_installed(server).await;
    assert_eq!(exchanges(simulator), 0);
}

async fn a_code_goes_to_its_own_provider_alone(server: &Server, simulator: &Simulator) {
    let back = go_and_allow(server, simulator, "notion", BROWSER).await;
    // The query names other addresses, and the server calls none of them.
    let query = format!(
        "{}&token_url=https%3A%2F%2Fgithub.com%2Flogin%2Foauth%2Faccess_token&redirect_uri=https%3A%2F%2Fslack.com",
        back.query().unwrap()
    );
    come_back(server, &query, Some(BROWSER)).await.unwrap();
    let hosts: Vec<String> = simulator.requests().into_iter().map(|request| request.host).collect();
    assert!(hosts.iter().all(|host| host == "api.notion.com"), "{hosts:?}");
}

async fn a_forged_or_foreign_answer_of_shopify_is_refused(server: &Server, simulator: &Simulator) {
    for (name, value, expected) in [
        ("hmac", None, CallbackProblem::BadSignature),
        ("hmac", Some("00"), CallbackProblem::BadSignature),
        ("code", Some("another-code"), CallbackProblem::BadSignature),
        ("shop", Some("evil.myshopify.com"), CallbackProblem::BadSignature),
        ("timestamp", Some("1"), CallbackProblem::BadSignature),
        ("more", Some("1"), CallbackProblem::BadSignature),
    ] {
        let back = go_and_allow(server, simulator, "shopify", BROWSER).await;
        let query = with(&back, name, value);
        match refusal(come_back(server, &query, Some(BROWSER)).await) {
            ProblemKind::Callback(problem) => assert_eq!(problem, expected, "{name}"),
            other => panic!("{name}: {other:?}"),
        }
    }
    assert_nothing_is_installed(server).await;
}

/// Values that would lead to another host if they were part of a URL's host.
const EVIL: [&str; 16] = [
    "evil.com/",
    "evil.com#",
    "evil.com?",
    "evil.com\\",
    "a@b",
    "a:b@evil.com",
    "acme.evil.com",
    "acme\r\nHost: evil.com",
    "acme%2f",
    "acme\u{3002}evil\u{3002}com",
    "acme\u{ff0e}evil",
    "\u{430}cme",
    "..",
    "-acme",
    "127.0.0.1",
    "",
];

async fn a_subdomain_leads_nowhere_else(server: &Server, simulator: &Simulator) {
    for provider in ["shopify", "zendesk"] {
        let found = &server.app.services.catalog.account(provider).unwrap();
        let long = "a".repeat(5_000);
        for evil in EVIL.into_iter().chain([long.as_str()]) {
            let connection: Map<String, Value> =
                [("subdomain".to_owned(), json!(evil))].into_iter().collect();
            let problem = server
                .app
                .services
                .installer
                .begin(&who(server), found, connection, BROWSER)
                .await
                .unwrap_err();
            let paths: Vec<&str> = issues(&problem).iter().map(|issue| issue.path.as_str()).collect();
            assert_eq!(paths, ["connection.subdomain"], "{provider} {evil:?}: {problem:?}");
        }
        for connection in
            [json!({}), json!({"subdomain": 1}), json!({"subdomain": "acme", "host": "evil.com"})]
        {
            let connection = connection.as_object().unwrap().clone();
            let begun = server.app.services.installer.begin(&who(server), found, connection, BROWSER).await;
            assert!(!issues(&begun.unwrap_err()).is_empty());
        }
    }
    assert_eq!(server.sql.count("SELECT COUNT(*) FROM pending_installs", []).await, 0);
    assert!(simulator.requests().is_empty());
}

async fn a_token_endpoint_that_hangs_is_given_up(server: &Server, simulator: &Simulator) {
    simulator.switch(|switches| switches.token = TokenSwitch::Hang);
    let back = go_and_allow(server, simulator, "slack", BROWSER).await;
    let problem = refusal(come_back(server, back.query().unwrap(), Some(BROWSER)).await);
    assert!(matches!(problem, ProblemKind::NoAnswer(_)), "{problem:?}");
    simulator.release();
    assert_nothing_is_installed(server).await;
    // The provider works again, and the person tries again.
    simulator.switch(|switches| switches.token = TokenSwitch::Usual);
    let at = ("slack", &Map::new());
    connect(server, simulator, at, Decision::Allow).await.unwrap();
}

/// A person who opened an install link of this provider.
async fn by_link(server: &Server, provider: &str) -> (String, Installing) {
    let installer = &server.app.services.installer;
    let found = &server.app.services.catalog.account(provider).unwrap();
    let who = who(server);
    let token = make_link(server, &who, found).await;
    let opened = installer.open_link(&token, server.project, provider).await.unwrap();
    (token, Installing { link: Some(opened.id), ..who })
}

async fn a_link_is_used_up_by_one_install_alone(server: &Server, simulator: &Simulator) {
    let installer = &server.app.services.installer;
    let slack = &server.app.services.catalog.account("slack").unwrap();
    let (token, who) = by_link(server, "slack").await;
    let mut answers = Vec::new();
    for _ in 0..2 {
        let url = installer.begin(&who, slack, Map::new(), BROWSER).await.unwrap();
        answers.push(simulator.decide(url.as_str(), Decision::Allow).await);
    }
    // Opening the link and refusing consent do not use it up.
    let denied = installer.begin(&who, slack, Map::new(), BROWSER).await.unwrap();
    let denied = simulator.decide(denied.as_str(), Decision::Deny).await;
    assert!(matches!(
        refusal(come_back(server, denied.query().unwrap(), Some(BROWSER)).await),
        ProblemKind::Reported(error) if error.is_denial()
    ));
    installer.open_link(&token, server.project, "slack").await.unwrap();
    come_back(server, answers[0].query().unwrap(), Some(BROWSER)).await.unwrap();
    let before = server.sql.picture().await;
    match refusal(come_back(server, answers[1].query().unwrap(), Some(BROWSER)).await) {
        ProblemKind::Link(problem) => assert_eq!(problem, LinkProblem::Used),
        other => panic!("{other:?}"),
    }
    assert_eq!(server.sql.picture().await, before);
    match installer.open_link(&token, server.project, "slack").await.unwrap_err() {
        ProblemKind::Link(problem) => assert_eq!(problem, LinkProblem::Used),
        other => panic!("{other:?}"),
    }
}

async fn a_key_or_project_that_is_gone_installs_nothing(server: &Server, simulator: &Simulator) {
    let back = go_and_allow(server, simulator, "slack", BROWSER).await;
    server.revoke(&server.key).await;
    let problem = refusal(come_back(server, back.query().unwrap(), Some(BROWSER)).await);
    assert!(matches!(problem, ProblemKind::RightsGone), "{problem:?}");
    let slack = &server.app.services.catalog.account("slack").unwrap();
    let begun = server.app.services.installer.begin(&who(server), slack, Map::new(), BROWSER).await;
    assert!(matches!(begun.unwrap_err().kind, ProblemKind::RightsGone));
    // A key that may only read, and a key of another organization.
    let reader = server.key_for(&["read"]).await;
    let (_, _, stranger) = server.other_organization().await;
    for key in [reader, stranger] {
        let who = Installing { by: key.id.into(), ..who(server) };
        let begun = server.app.services.installer.begin(&who, slack, Map::new(), BROWSER).await;
        assert!(matches!(begun.unwrap_err().kind, ProblemKind::RightsGone));
    }
    let writer = server.key_for(&["integrations:write"]).await;
    let (organization, foreign, _) = server.other_organization().await;
    assert_ne!(organization, server.organization);
    let tenant = Tenant { organization: server.organization, project: foreign };
    let who = Installing { by: writer.id.into(), tenant, ..who(server) };
    let begun = server.app.services.installer.begin(&who, slack, Map::new(), BROWSER).await;
    assert!(matches!(begun.unwrap_err().kind, ProblemKind::ProjectGone));
    assert_nothing_is_installed(server).await;
}

/// Installs again with another account; returns the token of the confirmation.
async fn another_account(server: &Server, simulator: &Simulator) -> String {
    simulator.switch(|switches| switches.account = 1);
    match connect(server, simulator, ("slack", &Map::new()), Decision::Allow).await.unwrap() {
        InstallOutcome::Unconfirmed { pending, .. } => pending.expose().to_owned(),
        other => panic!("{other:?}"),
    }
}

async fn a_confirmation_counts_once_in_its_own_browser_and_in_time(server: &Server, simulator: &Simulator) {
    let installer = &server.app.services.installer;
    connect(server, simulator, ("slack", &Map::new()), Decision::Allow).await.unwrap();
    let before = server.sql.picture().await;
    let pending = another_account(server, simulator).await;
    for browser in [Some(OTHER_BROWSER), None] {
        assert_state(installer.confirm(&pending, browser, REQUEST).await, StateProblem::OtherBrowser);
    }
    assert_state(installer.confirm("made-up", Some(BROWSER), REQUEST).await, StateProblem::Unknown);
    // The token that begins an installation does not confirm one.
    let state = parameter(&go_and_allow(server, simulator, "github", BROWSER).await, "state");
    assert_state(installer.confirm(&state, Some(BROWSER), REQUEST).await, StateProblem::Used);
    assert_state(
        come_back(server, &format!("state={pending}&code=1"), Some(BROWSER)).await,
        StateProblem::Used,
    );
    assert_eq!(server.sql.picture().await, before);
    installer.abandon(&pending, Some(BROWSER), REQUEST).await.unwrap();
    assert_state(installer.confirm(&pending, Some(BROWSER), REQUEST).await, StateProblem::Used);
    let late = another_account(server, simulator).await;
    server.clock.advance(Duration::minutes(10));
    assert_state(installer.confirm(&late, Some(BROWSER), REQUEST).await, StateProblem::Expired);
    assert_eq!(server.sql.picture().await, before);
    let pending = another_account(server, simulator).await;
    installer.confirm(&pending, Some(BROWSER), REQUEST).await.unwrap();
    assert_state(installer.confirm(&pending, Some(BROWSER), REQUEST).await, StateProblem::Used);
    let events = server.audit("slack").await;
    let change = |event: &Value| event["changes"].to_string().contains("\"path\":\"account\"");
    assert!(events.last().is_some_and(change), "{events:?}");
}

async fn a_link_for_one_page_opens_no_other(server: &Server, _: &Simulator) {
    let installer = &server.app.services.installer;
    let (token, _) = by_link(server, "slack").await;
    let other = server.other_project().await;
    for (token, project, provider, expected) in [
        (token.as_str(), other, "slack", LinkProblem::Foreign),
        (&token, server.project, "github", LinkProblem::Foreign),
        (&token[1..], server.project, "slack", LinkProblem::Unknown),
        ("", server.project, "slack", LinkProblem::Unknown),
    ] {
        match installer.open_link(token, project, provider).await.unwrap_err() {
            ProblemKind::Link(problem) => assert_eq!(problem, expected),
            other => panic!("{other:?}"),
        }
    }
    server.clock.advance(Duration::minutes(30));
    match installer.open_link(&token, server.project, "slack").await.unwrap_err() {
        ProblemKind::Link(problem) => assert_eq!(problem, LinkProblem::Expired),
        other => panic!("{other:?}"),
    }
    let stored = server.sql.rows("SELECT * FROM install_links", []).await;
    assert!(!json!(stored).to_string().contains(&token), "only the hash is stored");
}

async fn a_code_is_not_sent_twice(server: &Server, simulator: &Simulator) {
    simulator.switch(|switches| switches.token = TokenSwitch::ServerError);
    let back = go_and_allow(server, simulator, "slack", BROWSER).await;
    assert!(come_back(server, back.query().unwrap(), Some(BROWSER)).await.is_err());
    assert_eq!(exchanges(simulator), 1);
}
