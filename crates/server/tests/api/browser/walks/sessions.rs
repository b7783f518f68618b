//! Signing in and out.

use std::time::Duration;

use serde_json::json;

use crate::{
    browser::stage::{PUBLIC_URL, on_stage},
    support::{eventually, server::unknown_key},
};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_key_signs_in_and_a_button_out() {
    on_stage(async |stage, browser| {
        let (wrong, narrow) = (unknown_key(), stage.server.key_for(&["read"]).await.text);
        browser.open(&stage.project("")).await;
        for key in [&wrong, &narrow] {
            browser.fill("#api_key", key).await;
            browser.follow("main button[type=submit]").await;
            assert_eq!(browser.text("h1").await, "Sign in");
            assert!(browser.has("#api_key-problem").await);
            assert!(
                !browser.driver.source().await.unwrap().contains(key.as_str()),
                "a key is never shown again"
            );
        }
        browser.fill("#api_key", &stage.server.key.text).await;
        browser.follow("main button[type=submit]").await;
        assert_eq!(browser.url().await.as_str(), stage.project(""));
        assert_eq!(browser.text("h1").await, "Integrations");

        browser.follow("form[action$='/sign-out'] button").await;
        assert!(browser.text("[role=status]").await.contains("You are signed out."));
        browser.open(&stage.project("")).await;
        assert_eq!(browser.text("h1").await, "Sign in");
        assert_eq!(stage.server.get("").await.data(), &json!([]), "the key itself still works");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_session_ends_with_its_key() {
    on_stage(async |stage, browser| {
        let key = stage.server.key_for(&["integrations:write"]).await;
        browser.open(&format!("{PUBLIC_URL}/dashboard/sign-in")).await;
        browser.fill("#api_key", &key.text).await;
        browser.follow("main button[type=submit]").await;
        assert_eq!(browser.text("h1").await, "Projects");
        stage.server.revoke(&key).await;
        browser.open(&stage.page("slack")).await;
        assert_eq!(browser.text("h1").await, "Sign in");
        let server = &stage.server;
        eventually("the API refuses the key", Duration::from_secs(20), async || {
            server.call_as(&key.text, "GET", &server.at("")).send().await.code() == "UNAUTHORIZED"
        })
        .await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_list_is_searched_and_narrowed() {
    on_stage(async |stage, browser| {
        stage.server.install("slack").await;
        stage.sign_in(browser, &stage.project("")).await;
        let catalog = stage.server.get("/catalog").await;
        let all = catalog.data().as_array().unwrap().len();
        assert_eq!(browser.driver.find_all(thirtyfour::By::Css("h3.row-title")).await.unwrap().len(), all);
        browser.fill("#q", "refund").await;
        browser.follow("form[role=search] button[type=submit]").await;
        let found = stage.server.get("/catalog?q=refund").await.data().as_array().unwrap().len();
        assert!(found < all);
        assert_eq!(browser.driver.find_all(thirtyfour::By::Css("h3.row-title")).await.unwrap().len(), found);
    })
    .await;
}
