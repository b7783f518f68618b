//! Every page is accessible: light and dark, narrow and wide.

use crate::browser::{
    accessibility::assert_accessible,
    chromium::Browser,
    oauth_server::{approve, deny},
    stage::{EXAMPLE_DESK, NOT_SET_UP, PUBLIC_URL, Stage, on_stage, on_stage_with},
};
use crate::dashboard::many_providers::made_up;

/// Opens a page and checks it. Its heading must be the expected one, which proves that it is that page.
async fn look_at(browser: &Browser, address: &str, heading: &str) {
    browser.open(address).await;
    look(browser, heading).await;
}

/// Checks the page that is open.
async fn look(browser: &Browser, heading: &str) {
    assert_eq!(browser.text("h1").await, heading);
    assert_accessible(browser, heading).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn pages_before_signing_in() {
    on_stage(async |stage, browser| {
        look_at(browser, &stage.project(""), "Sign in").await;
        browser.fill("#api_key", "riq_wrong").await;
        browser.follow("main button[type=submit]").await;
        look(browser, "Sign in").await;
        look_at(browser, &format!("{PUBLIC_URL}/dashboard/nowhere"), "There is nothing here").await;
        let callback = format!("{PUBLIC_URL}/oauth/callback?code=x&state=x");
        look_at(browser, &callback, "No connection was started here").await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn pages_of_a_link() {
    on_stage(async |stage, browser| {
        look_at(browser, &stage.link("shopify").await, "Connect Shopify").await;
        look_at(browser, &stage.link("postmark").await, "Connect Postmark").await;
        stage.forgive("x-postmark-server-token is wrong");
        browser.fill("[name='credential.api_key']", "WRONG-key-of-nobody").await;
        browser.follow("main form button[type=submit]").await;
        look(browser, "Connect Postmark").await;
        let unknown = format!("{}?session=made-up", stage.page("slack"));
        look_at(browser, &unknown, "This link is not known").await;

        browser.open(&stage.link(EXAMPLE_DESK).await).await;
        stage.set_out(browser).await;
        deny(browser, "ann").await;
        look(browser, "Access was not granted").await;
        browser.open(&stage.link(EXAMPLE_DESK).await).await;
        stage.set_out(browser).await;
        approve(browser, "ann").await;
        look(browser, "Example Desk is connected").await;
    })
    .await;
}

/// The page redirects at once. This provider leaves the browser on it.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn page_that_leads_on_to_a_provider() {
    on_stage(async |stage, browser| {
        stage.simulator.switch(|switches| switches.stay = true);
        browser.open(&stage.link("slack").await).await;
        stage.set_out(browser).await;
        look(browser, "On to Slack…").await;
        let asked = stage.simulator.requests();
        assert!(asked.iter().any(|request| request.path == "/oauth/v2/authorize"), "it has moved on");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn pages_of_a_project() {
    on_stage(async |stage, browser| {
        furnish(stage).await;
        stage.sign_in(browser, &stage.project("")).await;
        look(browser, "Integrations").await;
        look_at(browser, &stage.project("?q=nothing+has+this+name"), "Integrations").await;
        look_at(browser, &stage.project("/audit"), "Audit log").await;
        look_at(browser, &format!("{PUBLIC_URL}/dashboard"), "Projects").await;
        let (_, foreign, _) = stage.server.other_organization().await;
        let foreign = format!("{PUBLIC_URL}/dashboard/projects/{foreign}");
        look_at(browser, &foreign, "This project belongs to another organization").await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn pages_of_a_project_with_many_providers() {
    on_stage_with((0..150).map(made_up).collect(), async |stage, browser| {
        furnish(stage).await;
        stage.sign_in(browser, &stage.project("")).await;
        look_at(browser, &stage.project("?sort=name"), "Integrations").await;
        look_at(browser, &stage.project("?q=made+up&page=6"), "Integrations").await;
        let log = "/audit?action=integration.installed&actor=operator&provider=slack&since=2026-03-01";
        look_at(browser, &stage.project(log), "Audit log").await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn pages_of_an_organization() {
    on_stage(async |stage, browser| {
        let organization = format!("{PUBLIC_URL}/dashboard/orgs/{}", stage.server.organization);
        let at = |rest: &str| format!("{organization}{rest}");
        let project = at(&format!("/projects/{}", stage.server.project));
        let key = at(&format!("/keys/{}", stage.server.key.id));
        stage.sign_in(browser, &at("/projects")).await;
        look(browser, "Projects").await;
        look_at(browser, &project, "Support").await;
        browser.fill("#slug", "Not A Slug").await;
        browser.follow("main form button[type=submit]").await;
        look(browser, "Support").await;
        look_at(browser, &format!("{project}/archive"), "Archive Support?").await;
        browser.follow("form[action$='/archive'] button").await;
        look(browser, "Support").await;
        look_at(browser, &at("/keys"), "API keys").await;
        look_at(browser, &key, "A test's").await;
        look_at(browser, &format!("{key}/revoke"), "Revoke A test's?").await;
        look_at(browser, &at("/keys/new"), "New API key").await;
        browser.fill("#name", "Help desk").await;
        browser.follow("main form button[type=submit]").await;
        look(browser, "New API key").await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn pages_of_oauth_apps() {
    on_stage(async |stage, browser| {
        stage.sign_in(browser, &stage.project("/oauth-apps")).await;
        look(browser, "OAuth apps").await;
        let organization = format!("{PUBLIC_URL}/dashboard/orgs/{}/oauth-apps", stage.server.organization);
        look_at(browser, &organization, "OAuth apps").await;
        let app = stage.project(&format!("/oauth-apps/{NOT_SET_UP}"));
        look_at(browser, &app, "OAuth app of GitHub").await;
        browser.fill("#client_id", "one two").await;
        browser.fill("#client_secret", "SECRET-of-the-app").await;
        browser.follow("form[action$='/github'] button[type=submit]").await;
        look(browser, "OAuth app of GitHub").await;
        browser.fill("#client_id", "of-the-project").await;
        browser.fill("#client_secret", "SECRET-of-the-app").await;
        browser.follow("form[action$='/github'] button[type=submit]").await;
        look(browser, "OAuth app of GitHub").await;
        look_at(browser, &format!("{app}/remove"), "Remove the OAuth app of GitHub?").await;
        // Slack's own check: a person would be asked to sign in.
        look_at(browser, &format!("{organization}/slack"), "OAuth app of Slack").await;
        browser.follow("form[action$='/check'] button[type=submit]").await;
        look(browser, "OAuth app of Slack").await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn pages_of_providers_that_are_not_installed() {
    on_stage(async |stage, browser| {
        stage.sign_in(browser, &stage.page("hubspot")).await;
        for (provider, heading) in [
            ("hubspot", "HubSpot"),
            ("shopify", "Shopify"),
            ("postmark", "Postmark"),
            ("discord", "Discord"),
            (NOT_SET_UP, "GitHub"),
        ] {
            look_at(browser, &stage.page(provider), heading).await;
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn pages_of_providers_that_are_installed() {
    on_stage(async |stage, browser| {
        furnish(stage).await;
        stage.sign_in(browser, &stage.page("slack")).await;
        look(browser, "Slack").await;
        browser.fill("[name='settings.default_channel']", "not a channel").await;
        browser.follow("form[action$='/settings'] button[type=submit]").await;
        look(browser, "Slack").await;
        look_at(browser, &format!("{}/disconnect", stage.page("slack")), "Disconnect Slack?").await;
        for (provider, heading) in
            [("linear", "Linear"), ("shopify", "Shopify"), ("stripe", "Stripe"), ("postmark", "Postmark")]
        {
            look_at(browser, &stage.page(provider), heading).await;
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn pages_of_another_account() {
    on_stage(async |stage, browser| {
        stage.sign_in(browser, &stage.page(EXAMPLE_DESK)).await;
        for login in ["ann", "bea"] {
            browser.open(&stage.page(EXAMPLE_DESK)).await;
            stage.set_out(browser).await;
            approve(browser, login).await;
        }
        look(browser, "Connect another account?").await;
    })
    .await;
}

/// Installs providers, one for each status of an integration.
async fn furnish(stage: &Stage) {
    for (provider, columns) in [
        ("slack", "health_status = 'healthy'"),
        ("linear", "status = 'paused'"),
        (
            "shopify",
            "health_status = 'degraded', error_message = 'The last three checks ran into a timeout.'",
        ),
        (
            "stripe",
            "status = 'error', status_before_error = 'active', health_status = 'unhealthy', \
             error_message = 'Stripe refused the key.'",
        ),
        ("postmark", "status = 'disconnected'"),
    ] {
        stage.server.install(provider).await;
        let sql = format!("UPDATE integrations SET {columns} WHERE provider = $1");
        assert_eq!(stage.server.sql.execute(&sql, [provider.into()]).await, 1);
    }
}
