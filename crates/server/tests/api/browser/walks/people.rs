//! People who sign in with an OpenID Connect provider that nobody here wrote.

use std::{collections::HashMap, net::SocketAddr, time::Duration};

use riq_server::{
    environment::{Clock as _, Environment},
    provider::{openid::OpenIdSettings, outbound::OutboundSettings},
};
use serde_json::{Value, json};
use thirtyfour::By;
use tokio::{
    io::copy_bidirectional,
    net::{TcpListener, TcpStream},
};

use crate::{
    browser::{
        accessibility::assert_accessible,
        chromium::{Browser, Programs, in_browser, name_of},
        oauth_server::{self, CLIENT_ID, CLIENT_SECRET, OAuthServer, approve, issuer},
        stage::{PUBLIC_HOST, PUBLIC_URL},
    },
    support::{Backend, Server, TestDatabase, eventually, server::Plan},
};

const SIGN_IN: &str = "form[action$='/sign-in/person'] button";

/// Passes connections on to a server that starts later than its address must be known.
async fn pass_on(listener: TcpListener, to: SocketAddr) {
    while let Ok((mut from, _)) = listener.accept().await {
        if let Ok(mut onward) = TcpStream::connect(to).await {
            copy_bidirectional(&mut from, &mut onward).await.unwrap_or_default();
        }
    }
}

/// Runs a walk on a server whose people sign in with npm's oidc-provider, which tells the groups by its userinfo alone.
async fn with_people<T>(walk: T)
where
    T: AsyncFnOnce(&Server, &Browser),
{
    let Some(programs) = Programs::find() else { return };
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let logout = format!("http://{}/oauth/back-channel-logout", listener.local_addr().unwrap());
    let client = json!({"backchannel_logout_uri": logout, "backchannel_logout_session_required": true});
    let oauth =
        OAuthServer::start_for(&programs, &format!("{PUBLIC_URL}/dashboard/sign-in/callback"), &client);
    let plan = Plan {
        outbound: OutboundSettings {
            ca_certificates: Some(oauth.authority.pem().into_bytes()),
            resolve: HashMap::from([(oauth_server::HOST.to_owned(), oauth.address)]),
            ..OutboundSettings::default()
        },
        ..Plan::default()
    };
    let database = TestDatabase::create(Backend::Sqlite).await.unwrap();
    let base = Server::start_with(database, plan, |_| {}).await;
    // The provider's clock is the machine's.
    base.clock.set_by(Environment::system().now() - base.clock.now());
    let organization = base.organization;
    let grants = ["admin=admins", "viewer=viewers"].map(|grant| format!("{organization}:{grant}"));
    let openid = OpenIdSettings {
        issuer: issuer().parse().unwrap(),
        client_id: CLIENT_ID.into(),
        client_secret: CLIENT_SECRET.into(),
        scopes: ["openid", "profile", "email"].map(str::to_owned).to_vec(),
        roles_claim: "/groups".parse().unwrap(),
        roles: grants.iter().map(|grant| grant.parse().unwrap()).collect(),
    };
    let public_url = PUBLIC_URL.parse().unwrap();
    let server =
        base.replica(|settings| (settings.public_url, settings.openid) = (public_url, Some(openid))).await;
    let passing = tokio::spawn(pass_on(listener, server.address));
    let hosts = [(PUBLIC_HOST, server.address), (oauth_server::HOST, oauth.address)]
        .map(|(host, address)| (host.to_owned(), address));
    let name = name_of(&walk);
    in_browser(&programs, &name, &hosts, async |browser| walk(&server, browser).await).await;
    passing.abort();
    server.stop().await;
    base.stop().await;
}

fn page(server: &Server, rest: &str) -> String {
    format!("{PUBLIC_URL}/dashboard/projects/{}{rest}", server.project)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn people_sign_in_with_their_roles_and_are_signed_out_by_the_provider() {
    with_people(async |server, browser| {
        server.install("slack").await;
        let slack = page(server, "/integrations/slack");
        browser.open(&slack).await;
        assert!(browser.text(SIGN_IN).await.contains(oauth_server::HOST));
        browser.follow(SIGN_IN).await;
        approve(browser, "ann+admins").await;
        assert_eq!(browser.url().await.as_str(), slack);
        assert!(browser.text("header").await.contains("ann+admins & Co"));
        browser.follow("form[action$='/pause'] button").await;
        assert_eq!(server.integration("slack").await["status"], "paused");
        // The clock stands, so the events have no order in time.
        let events = server.audit("slack").await;
        assert!(events.iter().any(|event| event["actor_kind"] == "user"), "{events:?}");

        // Signed out here, but not there: the way back needs no password.
        browser.follow("form[action$='/sign-out'] button").await;
        browser.follow(SIGN_IN).await;
        browser.element("form[action$='/sign-out']").await;
        assert!(browser.text("header").await.contains("ann+admins & Co"));

        // Signed out there.
        browser.open(&format!("{}/session/end", issuer())).await;
        browser.follow("button[name=logout]").await;
        eventually("the session here is gone", Duration::from_secs(20), async || {
            server.sql.count("SELECT COUNT(*) FROM dashboard_sessions", []).await == 0
        })
        .await;
        browser.open(&slack).await;
        assert_eq!(browser.text("h1").await, "Sign in");

        // Another person sees what their role allows.
        browser.follow(SIGN_IN).await;
        approve(browser, "bea+viewers").await;
        assert_eq!(browser.url().await.as_str(), slack);
        assert!(!browser.has("main form[method=post]").await);
        browser.follow("form[action$='/sign-out'] button").await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_person_without_a_role_reads_whom_to_ask() {
    with_people(async |server, browser| {
        browser.open(&page(server, "")).await;
        browser.follow(SIGN_IN).await;
        approve(browser, "cat+strangers").await;
        assert_eq!(browser.text("h1").await, "You have no role here yet");
        let said = browser.text("main").await;
        assert!(said.contains(&issuer()) && said.contains("cat+strangers"), "{said}");
        // Back and a reload sign nobody in.
        browser.driver.refresh().await.unwrap();
        assert_eq!(browser.text("h1").await, "This sign-in is over");
        browser.open(&page(server, "")).await;
        assert_eq!(browser.text("h1").await, "Sign in");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_declines_is_not_signed_in() {
    with_people(async |server, browser| {
        browser.open(&page(server, "")).await;
        browser.follow(SIGN_IN).await;
        oauth_server::deny(browser, "ann+admins").await;
        assert_eq!(browser.text("h1").await, "You did not sign in");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_person_approves_the_login_of_a_program_and_denies_another() {
    with_people(async |server, browser| {
        let post = async |path: &str, body: Value| {
            server.call_without_key("POST", &format!("/api/auth/device/{path}")).json(&body).send().await
        };
        let begin = async || post("code", json!({"client_name": "riq on a laptop"})).await.body;
        let poll = async |begun: &Value| post("token", json!({"device_code": begun["device_code"]})).await;
        let text = |begun: &Value, name: &str| begun[name].as_str().unwrap().to_owned();

        // The link leads through a sign-in to the question whether the code is the right one.
        let begun = begin().await;
        browser.open(&text(&begun, "verification_uri_complete")).await;
        assert_eq!(browser.text("h1").await, "Sign in");
        browser.follow(SIGN_IN).await;
        approve(browser, "ann+admins").await;
        assert_eq!(browser.text("h1").await, "Log a program in");
        assert!(browser.text("main").await.contains("Did somebody send you here?"));
        assert_accessible(browser, "Log a program in").await;
        browser.follow("form[action$='/device'] button").await;

        // The question says whose, from where and when, and nothing is chosen but to read.
        assert_eq!(browser.text("h1").await, "Give a program access?");
        assert_accessible(browser, "Give a program access?").await;
        let asked = browser.text("main").await;
        for word in [&text(&begun, "user_code"), "riq on a laptop", "unverified", "127.0.0.1", "Acme"] {
            assert!(asked.contains(word), "{word} is not in {asked}");
        }
        let ticked = browser.driver.find_all(By::Css("main input[type=checkbox]:checked")).await.unwrap();
        let mut names = Vec::new();
        for one in &ticked {
            names.push(one.attr("name").await.unwrap().unwrap());
        }
        assert_eq!(names, ["scope.read"]);
        poll(&begun).await.refused(202, "AUTHORIZATION_PENDING");
        let project = format!("select[name=project] option[value={}]", server.project);
        browser.element(&project).await.click().await.unwrap();
        browser.follow("form[action$='/device/approve'] button").await;
        assert_eq!(browser.text("h1").await, "Access given");
        assert_accessible(browser, "Access given").await;
        let answer = poll(&begun).await;
        assert_eq!((answer.status, &answer.body["scope"]), (200, &json!("read")));
        let key = text(&answer.body, "access_token");
        server.call_as(&key, "GET", &server.at("")).send().await.data();

        // The code is typed, and the login denied.
        let begun = begin().await;
        browser.open(&text(&begun, "verification_uri")).await;
        browser.fill("#code", &text(&begun, "user_code").to_lowercase().replace('-', " ")).await;
        browser.follow("form[action$='/device'] button").await;
        browser.follow("form[action$='/device/deny'] button").await;
        assert_eq!(browser.text("h1").await, "Access denied");
        poll(&begun).await.refused(403, "ACCESS_DENIED");
    })
    .await;
}
