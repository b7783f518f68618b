//! Installing by OAuth.

use serde_json::{Value, json};

use crate::browser::{
    chromium::Browser,
    oauth_server::{approve, deny},
    stage::{EXAMPLE_DESK, Stage, on_stage},
};

/// Opens an install link and goes to the provider.
async fn follow_link(stage: &Stage, browser: &Browser, provider: &str) -> String {
    let link = stage.link(provider).await;
    browser.open(&link).await;
    assert_eq!(
        browser.url().await.as_str(),
        stage.page(provider),
        "the link's secret is gone from the address"
    );
    stage.set_out(browser).await;
    link
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_link_installs_by_an_oauth_server_of_others() {
    on_stage(async |stage, browser| {
        let link = follow_link(stage, browser, EXAMPLE_DESK).await;
        approve(browser, "ann").await;
        assert_eq!(browser.text("h1").await, "Example Desk is connected");

        let integration = stage.integration(EXAMPLE_DESK).await;
        assert_eq!(integration["status"], "active");
        assert_eq!(integration["health_status"], "healthy");
        assert_eq!(integration["display_name"], "ann & Co");
        assert_eq!(integration["setup_type"], "oauth");
        assert_ne!(integration["last_synced_at"], Value::Null);
        let recorded = stage.recorded(EXAMPLE_DESK).await;
        assert_eq!(recorded, [("integration.installed".to_owned(), json!(stage.server.key.id.to_string()))]);

        // A reload, the Back button and the link itself show the end, and not an error.
        browser.driver.refresh().await.unwrap();
        assert_eq!(browser.text("h1").await, "Example Desk is connected");
        browser.open(&link).await;
        assert_eq!(browser.text("h1").await, "Example Desk is connected");
        browser.open(&stage.link("postmark").await).await;
        browser.back().await;
        assert_eq!(browser.text("h1").await, "Example Desk is connected");
    })
    .await;
}

/// The last address of a handshake holds neither its state nor its code, and can be loaded again.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_end_of_a_handshake_has_a_clean_address() {
    on_stage(async |stage, browser| {
        follow_link(stage, browser, EXAMPLE_DESK).await;
        deny(browser, "ann").await;
        let address = browser.url().await;
        assert!(address.path().starts_with("/dashboard/installs/") && address.query().is_none(), "{address}");
        let said = browser.text("main").await;
        browser.driver.refresh().await.unwrap();
        assert_eq!(browser.text("main").await, said);
        browser.open(&stage.project("")).await;
        browser.back().await;
        assert_eq!(browser.text("main").await, said);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_link_installs_slack() {
    on_stage(async |stage, browser| {
        follow_link(stage, browser, "slack").await;
        browser.follow("#allow").await;
        assert_eq!(browser.text("h1").await, "Slack is connected");
        let integration = stage.integration("slack").await;
        assert_eq!(
            (&integration["status"], &integration["health_status"]),
            (&json!("active"), &json!("healthy"))
        );
        assert!(integration["display_name"].is_string(), "the workspace's name: {integration}");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_says_no_installs_nothing_and_may_change_their_mind() {
    on_stage(async |stage, browser| {
        let link = follow_link(stage, browser, EXAMPLE_DESK).await;
        deny(browser, "ann").await;
        assert_eq!(browser.text("h1").await, "Access was not granted");
        assert_eq!(stage.integration(EXAMPLE_DESK).await, Value::Null);
        assert_eq!(stage.recorded(EXAMPLE_DESK).await, []);

        follow_link(stage, browser, "slack").await;
        browser.follow("#deny").await;
        assert_eq!(browser.text("h1").await, "Access was not granted");
        assert_eq!(stage.integration("slack").await, Value::Null);

        browser.open(&link).await;
        stage.set_out(browser).await;
        approve(browser, "ann").await;
        assert_eq!(stage.integration(EXAMPLE_DESK).await["status"], "active");
    })
    .await;
}

/// Connects on the provider's page, as `login`.
async fn connect(stage: &Stage, browser: &Browser, login: &str) {
    browser.open(&stage.page(EXAMPLE_DESK)).await;
    stage.set_out(browser).await;
    approve(browser, login).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn another_account_is_connected_only_when_that_is_confirmed() {
    on_stage(async |stage, browser| {
        stage.sign_in(browser, &stage.page(EXAMPLE_DESK)).await;
        connect(stage, browser, "ann").await;
        let before = stage.integration(EXAMPLE_DESK).await;
        assert_eq!((&before["status"], &before["display_name"]), (&json!("active"), &json!("ann & Co")));

        // The provider's names are shown as text, whatever they contain.
        let evil = "<img src=x onerror=\"document.title='owned'\">";
        connect(stage, browser, evil).await;
        assert_eq!(browser.text("h1").await, "Connect another account?");
        assert!(browser.text("main").await.contains(evil));
        assert!(!browser.driver.title().await.unwrap().contains("owned"));
        browser.follow("form[action$='/abandon'] button").await;
        assert_eq!(stage.integration(EXAMPLE_DESK).await, before, "nothing was changed");

        connect(stage, browser, "bea").await;
        browser.follow("form[action$='/confirm'] button").await;
        assert!(browser.text("main").await.contains("bea & Co"));
        let after = stage.integration(EXAMPLE_DESK).await;
        assert_eq!((&after["id"], &after["status"]), (&before["id"], &json!("active")));
        assert_ne!(after["etag"], before["etag"]);

        connect(stage, browser, "bea").await;
        assert_eq!(
            browser.text("h1").await,
            after["display_name"].as_str().unwrap(),
            "the same account is not asked about"
        );
        let actions: Vec<String> =
            stage.recorded(EXAMPLE_DESK).await.into_iter().map(|(action, _)| action).collect();
        assert_eq!(actions, ["integration.installed"; 3]);
    })
    .await;
}
