//! Install links that do not work.

use time::Duration;

use serde_json::Value;

use crate::browser::stage::on_stage;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_stale_link_says_so() {
    on_stage(async |stage, browser| {
        let link = stage.link("slack").await;
        browser.open(&link).await;
        stage.server.clock.advance(Duration::minutes(31));
        for address in [&link, &stage.page("slack")] {
            browser.open(address).await;
            assert_eq!(browser.text("h1").await, "This link has expired");
            assert!(browser.text("main").await.contains("Ask for a new link"));
        }
        assert_eq!(stage.integration("slack").await, Value::Null);
        assert_eq!(stage.simulator.requests().len(), 0);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_link_opens_one_page_alone() {
    on_stage(async |stage, browser| {
        let link = stage.link("slack").await;
        browser.open(&link).await;
        assert_eq!(browser.text("h1").await, "Connect Slack");
        browser.open(&stage.page("hubspot")).await;
        assert_eq!(browser.text("h1").await, "Sign in");
        browser.open(&link.replace("/slack?", "/hubspot?")).await;
        assert_eq!(browser.text("h1").await, "This link is for something else");
        browser.open(&format!("{}?session=made-up", stage.page("slack"))).await;
        assert_eq!(browser.text("h1").await, "This link is not known");
        assert_eq!(stage.integration("slack").await, Value::Null);
    })
    .await;
}
