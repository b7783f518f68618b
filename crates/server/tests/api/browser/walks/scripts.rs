//! The pages' script: everything works without it, and some things are easier with it.

use std::time::Duration;

use serde_json::json;
use thirtyfour::By;

use crate::{
    browser::{
        chromium::Browser,
        oauth_server::approve,
        stage::{EXAMPLE_DESK, on_stage},
    },
    support::eventually,
};

const PATIENCE: Duration = Duration::from_secs(30);

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn everything_works_without_scripts() {
    on_stage(async |stage, browser| {
        let off = json!({"value": true});
        browser.driver.cdp().send_raw("Emulation.setScriptExecutionDisabled", off).await.unwrap();
        browser.open(&stage.page(EXAMPLE_DESK)).await;
        let reveals = browser.driver.find(By::Css("button[data-reveals]")).await.unwrap();
        assert!(!reveals.is_displayed().await.unwrap(), "what needs the script is not shown");
        browser.fill("#api_key", &stage.server.key.text).await;
        browser.follow("main button[type=submit]").await;
        stage.set_out(browser).await;
        approve(browser, "ann").await;
        assert_eq!(browser.text("h1").await, "ann & Co");
        assert_eq!(stage.integration(EXAMPLE_DESK).await["status"], "active");

        browser.fill("[name='settings.reply_as']", "Support").await;
        browser.follow("form[action$='/settings'] button[type=submit]").await;
        assert_eq!(stage.integration(EXAMPLE_DESK).await["settings"], json!({"reply_as": "Support"}));

        browser.open(&stage.project("")).await;
        browser.element("#status option[value=active]").await.click().await.unwrap();
        browser.follow("form[role=search] button[type=submit]").await;
        assert_eq!(browser.driver.find_all(By::Css("h3.row-title")).await.unwrap().len(), 1);

        browser.follow("form[action$='/sign-out'] button").await;
        assert_eq!(browser.text("h1").await, "Sign in");
    })
    .await;
}

/// Waits until the page with this query is there. The driver may tell the address of a page that is still to come, so
/// the page itself is asked.
async fn comes_to(browser: &Browser, query: &str) {
    const WHERE: &str = "return document.readyState === 'complete' ? location.search : null";
    let expected = json!(format!("?{query}"));
    eventually(query, PATIENCE, async || {
        // Between two pages there is none to ask.
        let asked = browser.driver.execute(WHERE, Vec::new()).await;
        asked.is_ok_and(|answer| *answer.json() == expected)
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_list_is_searched_while_one_types() {
    on_stage(async |stage, browser| {
        stage.sign_in(browser, &stage.project("")).await;
        let titles = async || browser.driver.find_all(By::Css("h3.row-title")).await.unwrap().len();
        browser.element("#q").await.send_keys("postm").await.unwrap();
        comes_to(browser, "q=postm").await;
        assert_eq!(titles().await, 1);
        // The keyboard stays in the field, and typing goes on.
        eventually("the field has the focus", PATIENCE, async || browser.has("#q:focus").await).await;
        browser.driver.active_element().await.unwrap().send_keys("ark x").await.unwrap();
        comes_to(browser, "q=postmark+x").await;
        assert_eq!(titles().await, 0);
        assert_eq!(browser.text(".card.empty h2").await, "Nothing matches");
        // Other filters are kept, and what is searched for is kept by them.
        browser.follow("#sort option[value=name]").await;
        assert_eq!(browser.url().await.query(), Some("q=postmark+x&sort=name"));
        browser.fill("#q", "mail").await;
        comes_to(browser, "q=mail&sort=name").await;
        assert!(titles().await >= 2);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_script_saves_a_few_steps() {
    on_stage(async |stage, browser| {
        browser.open(&stage.project("")).await;
        browser.fill("#api_key", &stage.server.key.text).await;
        let input = browser.element("#api_key").await;
        assert_eq!(input.attr("type").await.unwrap().as_deref(), Some("password"));
        browser.element("button[data-reveals=api_key]").await.click().await.unwrap();
        assert_eq!(input.attr("type").await.unwrap().as_deref(), Some("text"));
        browser.follow("main button[type=submit]").await;

        // A choice among the filters takes effect at once.
        browser.follow("#category option[value=payments]").await;
        let url = browser.url().await;
        assert_eq!(url.query(), Some("category=payments"), "and what is not chosen stays out of the address");
        let found = stage.server.get("/catalog?category=payments").await.data().as_array().unwrap().len();
        assert_eq!(browser.driver.find_all(By::Css("h3.row-title")).await.unwrap().len(), found);
        assert_eq!(stage.server.get("").await.data(), &json!([]));
    })
    .await;
}
