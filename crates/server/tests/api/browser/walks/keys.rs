//! Making an API key.

use serde_json::json;

use crate::browser::stage::{PUBLIC_URL, on_stage};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_key_is_made_and_no_way_back_shows_it() {
    on_stage(async |stage, browser| {
        let server = &stage.server;
        let keys = format!("{PUBLIC_URL}/dashboard/orgs/{}/keys", server.organization);
        stage.sign_in(browser, &keys).await;
        browser.follow("main a[href$='/keys/new']").await;
        // What is missing is told, and the keyboard is there.
        browser.fill("#name", "Help desk").await;
        browser.follow("main form button[type=submit]").await;
        let active = browser.driver.active_element().await.unwrap();
        assert_eq!(active.attr("id").await.unwrap().as_deref(), Some("reach"));
        browser.element("#reach option[value=all]").await.click().await.unwrap();
        browser.element("#life option[value='30d']").await.click().await.unwrap();
        browser.follow("main form button[type=submit]").await;
        assert_eq!(browser.text("h1").await, "The key is made");
        let key = browser.text("#key").await;
        assert!(browser.element("button[data-copies=key]").await.is_displayed().await.unwrap());
        let read = server.call_as(&key, "GET", &server.at("")).send().await;
        assert_eq!(read.data(), &json!([]));

        browser.follow("main .actions a.button").await;
        assert_eq!(browser.text("h1").await, "Help desk");
        let is_shown = async || browser.driver.source().await.unwrap().contains(key.as_str());
        assert!(!is_shown().await && !browser.url().await.as_str().contains("riq_"));
        browser.back().await;
        assert!(!is_shown().await, "the page was not kept");
        browser.open(&keys).await;
        assert!(!is_shown().await);
    })
    .await;
}
