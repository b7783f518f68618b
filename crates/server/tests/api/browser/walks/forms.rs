//! Installing with an API key and with a webhook's address.

use serde_json::{Value, json};

use crate::browser::stage::{Stage, on_stage};

fn credential(stage: &Stage, provider: &str, field: &str) -> String {
    stage.simulator.credential(provider, 0)[field].as_str().unwrap().to_owned()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_wrong_key_is_refused_beside_its_field_and_a_right_one_installs() {
    on_stage(async |stage, browser| {
        let wrong = "WRONG-key-of-nobody";
        stage.forgive("x-postmark-server-token is wrong");
        browser.open(&stage.link("postmark").await).await;
        browser.fill("[name='credential.api_key']", wrong).await;
        browser.follow("main form button[type=submit]").await;
        assert!(browser.text("main").await.contains("Postmark does not accept this"));
        let field = browser.element("[name='credential.api_key']").await;
        assert_eq!(field.attr("aria-invalid").await.unwrap().as_deref(), Some("true"));
        assert!(!browser.driver.source().await.unwrap().contains(wrong), "it is never shown again");
        assert_eq!(stage.integration("postmark").await, Value::Null);

        let right = credential(stage, "postmark", "api_key");
        browser.fill("[name='credential.api_key']", &right).await;
        browser.follow("main form button[type=submit]").await;
        assert_eq!(browser.text("h1").await, "Postmark is connected");
        let integration = stage.integration("postmark").await;
        assert_eq!(
            (&integration["status"], &integration["setup_type"]),
            (&json!("active"), &json!("api_key"))
        );
        assert_eq!(integration["health_status"], "healthy");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_a_form_expects_is_said_in_words_and_what_is_pasted_is_read() {
    on_stage(async |stage, browser| {
        browser.open(&stage.link("discord").await).await;
        browser.fill("[name='credential.webhook_url']", "https://discord.com/channels/1/2").await;
        browser.follow("main form button[type=submit]").await;
        let text = browser.text("main").await;
        assert!(text.contains("Expected the whole URL of a webhook as Discord shows it"), "{text}");
        assert!(!browser.driver.source().await.unwrap().contains("[0-9]"), "no pattern is shown");

        let url = credential(stage, "discord", "webhook_url");
        browser.fill("[name='credential.webhook_url']", &format!(" {url}?thread_id=1234 ")).await;
        browser.follow("main form button[type=submit]").await;
        assert_eq!(browser.text("h1").await, "Discord is connected");

        // The browser lets an address through that the server reads as a shop's name.
        browser.open(&stage.link("shopify").await).await;
        browser.fill("[name='connection.subdomain']", "https://www.acme.com/").await;
        browser.follow("main form button[type=submit]").await;
        let text = browser.text("main").await;
        assert!(text.contains("Expected the shop's name in its myshopify.com address"), "{text}");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_webhook_is_installed_by_its_address() {
    on_stage(async |stage, browser| {
        browser.open(&stage.link("discord").await).await;
        browser.fill("[name='credential.webhook_url']", &credential(stage, "discord", "webhook_url")).await;
        browser.follow("main form button[type=submit]").await;
        assert_eq!(browser.text("h1").await, "Discord is connected");
        let integration = stage.integration("discord").await;
        assert_eq!(
            (&integration["status"], &integration["setup_type"]),
            (&json!("active"), &json!("webhook_url"))
        );
        assert_eq!(integration["health_status"], "healthy");
    })
    .await;
}
