//! `/docs`.

use serde_json::{Value, json};
use thirtyfour::prelude::*;

use crate::{
    browser::{
        accessibility::assert_accessible,
        chromium::{Browser, Programs, in_browser, name_of},
    },
    support::{Backend, Server, TestDatabase},
};

/// The requests that the page has made since it was opened.
const REQUESTS: &str = "return performance.getEntriesByType('resource').map((entry) => entry.name);";

/// What the page has stored in the browser.
const KEPT: &str = "
    const done = arguments[arguments.length - 1];
    indexedDB.databases().then((databases) =>
        done([{...localStorage, ...sessionStorage}, databases, document.cookie]));";

/// Runs a test on the reference page once it is rendered.
async fn on_the_reference(test: impl AsyncFnOnce(&Browser, &Server)) {
    let Some(programs) = Programs::find() else { return };
    in_browser(&programs, &name_of(&test), &[], async |browser| {
        let server = Server::start(TestDatabase::create(Backend::Sqlite).await.unwrap()).await;
        browser.open(&format!("http://{}/docs", server.address)).await;
        browser.element("button.show-api-client-button").await;
        test(browser, &server).await;
        server.stop().await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_reference_keeps_nobody_out() {
    on_the_reference(async |browser, _| assert_accessible(browser, "the reference").await).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_reference_is_searched_and_tried_and_keeps_to_its_server() {
    on_the_reference(async |browser, server| {
        let body = browser.element("body").await;
        body.send_keys(Key::Control + "k").await.unwrap();
        browser.fill("[role=dialog] input[role=combobox]", "catalog").await;
        browser.element("[role=dialog] [role=option]").await;
        browser
            .element("[role=dialog] input[role=combobox]")
            .await
            .send_keys(Key::Escape + "")
            .await
            .unwrap();
        let log = browser.driver.browser_log().await.unwrap();
        let errors: Vec<&str> =
            log.iter().filter(|entry| entry.level == "SEVERE").map(|entry| entry.message.as_str()).collect();
        assert!(errors.is_empty(), "{errors:#?}");

        let sample = browser.text("pre code.language-curl").await;
        assert!(sample.contains(&format!("curl http://{}/api/v1/projects/", server.address)), "{sample}");
        let try_it = browser.element("button.show-api-client-button").await;
        try_it.scroll_into_view().await.unwrap();
        try_it.click().await.unwrap();
        browser.fill("[role=dialog] input[placeholder^='QUx']", &server.key.text).await;
        // The page has one for narrow windows and one for wide ones.
        let send = By::Css("[role=dialog] [data-addressbar-action=send]");
        browser.driver.query(send).and_displayed().first().await.unwrap().click().await.unwrap();
        // The example's project does not exist here, but the key was accepted.
        let answer = By::XPath("//*[@role='dialog']//*[contains(text(), 'PROJECT_NOT_FOUND')]");
        browser.driver.query(answer).first().await.unwrap();

        let origin = format!("http://{}/", server.address);
        let requests = browser.driver.execute(REQUESTS, Vec::new()).await.unwrap().json().clone();
        let requests: Vec<&str> = requests.as_array().unwrap().iter().filter_map(Value::as_str).collect();
        assert!(requests.iter().any(|url| url.ends_with("/integrations")), "{requests:?}");
        assert!(
            requests.iter().all(|url| url.starts_with(&origin) || url.starts_with("data:")),
            "{requests:?}"
        );
        let kept = browser.driver.execute_async(KEPT, Vec::new()).await.unwrap().json().clone();
        assert!(!kept.to_string().contains(&server.key.text), "{kept}");
        assert_eq!((&kept[1], &kept[2]), (&json!([]), &json!("")));
    })
    .await;
}
