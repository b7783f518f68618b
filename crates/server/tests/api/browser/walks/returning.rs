//! From a product to the provider and back, in the same tab and in a popup.

use serde_json::{Value, json};
use thirtyfour::{prelude::*, stringmatch::StringMatchable as _};

use crate::browser::{
    accessibility::assert_accessible,
    chromium::Browser,
    oauth_server::{approve, deny},
    product::HOST,
    stage::{EXAMPLE_DESK, Stage, on_stage},
};

async fn allow(stage: &Stage) {
    let project = format!("/api/v1/orgs/{}/projects/{}", stage.server.organization, stage.server.project);
    let origins = json!({"return_origins": [format!("http://{HOST}")]});
    stage.server.call("PATCH", &project).json(&origins).send().await.data();
}

/// Opens the product's page for a new link, and presses one of its buttons.
async fn set_out(stage: &Stage, browser: &Browser, provider: &str, button: &str) {
    let target = stage.server.at(&format!("/{provider}/install-url"));
    let body = json!({"return_url": format!("http://{HOST}/back?tab=1"), "state": "mine & yours"});
    let answer = stage.server.call("POST", &target).json(&body).send().await;
    let link = answer.data()["install_url"].as_str().unwrap().to_owned();
    let encoded: String = url::form_urlencoded::byte_serialize(link.as_bytes()).collect();
    browser.open(&format!("http://{HOST}/settings#{encoded}")).await;
    browser.element(&format!("#{button}")).await.click().await.unwrap();
}

/// Goes to the only other window.
async fn to_popup(browser: &Browser) -> WindowHandle {
    let own = browser.driver.window().await.unwrap();
    let windows = browser.driver.windows().await.unwrap();
    let popup = windows.into_iter().find(|window| *window != own).expect("a popup");
    browser.driver.switch_to_window(popup).await.unwrap();
    own
}

/// The text of an element as soon as it has these words.
async fn waits_for(browser: &Browser, selector: &str, words: &str) -> String {
    let query = browser.driver.query(By::Css(selector)).with_text(words.match_partial());
    let shown = query.first().await.unwrap_or_else(|_| panic!("{selector} never says {words}"));
    shown.text().await.unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_tab_goes_to_the_provider_and_back() {
    on_stage(async |stage, browser| {
        allow(stage).await;
        set_out(stage, browser, EXAMPLE_DESK, "tab").await;
        waits_for(browser, "main", "At the end you go back to product.localhost").await;
        assert_accessible(browser, "an install page that leads back").await;
        stage.set_out(browser).await;
        deny(browser, "ann").await;
        let query = waits_for(browser, "#query", "status=").await;
        assert_eq!(query, "?tab=1&provider=example-desk&status=denied&state=mine+%26+yours");
        assert_eq!(stage.integration(EXAMPLE_DESK).await, Value::Null);

        set_out(stage, browser, EXAMPLE_DESK, "tab").await;
        stage.set_out(browser).await;
        approve(browser, "ann").await;
        let query = waits_for(browser, "#query", "status=").await;
        assert_eq!(query, "?tab=1&provider=example-desk&status=connected&state=mine+%26+yours");
        assert_eq!(stage.integration(EXAMPLE_DESK).await["status"], "active");
    })
    .await;
}

/// Example Desk sends an opener policy: our last page reaches nobody, and the product's own page does.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_popup_ends_on_the_products_own_origin() {
    on_stage(async |stage, browser| {
        allow(stage).await;
        set_out(stage, browser, EXAMPLE_DESK, "popup").await;
        let own = to_popup(browser).await;
        stage.set_out(browser).await;
        approve(browser, "ann").await;
        waits_for(browser, "#query", "status=connected").await;
        browser.driver.switch_to_window(own).await.unwrap();
        let heard = waits_for(browser, "#heard", "status=").await;
        assert_eq!(heard, "?tab=1&provider=example-desk&status=connected&state=mine+%26+yours");
        assert_eq!(browser.text("#told").await, "");
    })
    .await;
}

/// Nothing on the way parted them: our last page tells the product that opened it, and no other.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_opener_that_survived_is_told() {
    on_stage(async |stage, browser| {
        allow(stage).await;
        set_out(stage, browser, "postmark", "popup").await;
        let own = to_popup(browser).await;
        let right = stage.simulator.credential("postmark", 0)["api_key"].as_str().unwrap().to_owned();
        browser.fill("[name='credential.api_key']", &right).await;
        browser.follow("main form button[type=submit]").await;
        waits_for(browser, "#query", "status=connected").await;
        browser.driver.switch_to_window(own).await.unwrap();
        let told = waits_for(browser, "#told", "integrations:install").await;
        let (origin, data) = told.split_once(' ').unwrap();
        assert_eq!(origin, "http://riq.localhost");
        let expected = json!({
            "type": "integrations:install", "provider": "postmark", "status": "connected", "state": "mine & yours"
        });
        assert_eq!(serde_json::from_str::<Value>(data).unwrap(), expected);
        assert!(browser.text("#heard").await.contains("status=connected"));
    })
    .await;
}
