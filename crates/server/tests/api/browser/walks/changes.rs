//! Changing an integration.

use serde_json::json;
use time::Duration;

use crate::browser::{
    chromium::Browser,
    stage::{Stage, on_stage},
};

/// Installs Slack, and signs in on its page.
async fn at_slack(stage: &Stage, browser: &Browser) {
    stage.server.install("slack").await;
    // The log is sorted by time, and the clock moves only when it is told to.
    stage.server.clock.advance(Duration::seconds(1));
    stage.sign_in(browser, &stage.page("slack")).await;
}

/// Presses the button of a form.
async fn press(browser: &Browser, action: &str) {
    browser.follow(&format!("form[action$='/{action}'] button[type=submit]")).await;
}

/// Turns a switch, or ticks a box.
async fn turn(browser: &Browser, name: &str) {
    browser.element(&format!("[name='{name}']")).await.click().await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn it_is_paused_and_resumed() {
    on_stage(async |stage, browser| {
        at_slack(stage, browser).await;
        press(browser, "pause").await;
        assert!(browser.text("[role=status]").await.starts_with("Paused."));
        assert_eq!(stage.integration("slack").await["status"], "paused");
        press(browser, "resume").await;
        assert_eq!(browser.text("[role=status]").await, "Resumed.");
        assert_eq!(stage.integration("slack").await["status"], "active");
        let recorded = stage.recorded("slack").await;
        let by_key = json!(stage.server.key.id.to_string());
        let changed = ("integration.lifecycle.updated".to_owned(), by_key);
        assert_eq!(recorded[recorded.len() - 2..], [changed.clone(), changed]);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn it_is_checked_and_what_was_found_is_shown_with_the_way_back() {
    on_stage(async |stage, browser| {
        at_slack(stage, browser).await;
        stage.simulator.switch(|switches| switches.refuse_calls = true);
        press(browser, "check").await;
        assert!(browser.text("[role=status]").await.starts_with("Checked."));
        let page = browser.text("main").await;
        assert!(page.contains("Last error: Slack does not accept the access token"), "{page}");
        assert!(
            browser.element("details[open] form[action$='/connect']").await.is_displayed().await.unwrap()
        );
        assert_eq!(stage.integration("slack").await["status"], "error");
        let recorded = stage.recorded("slack").await;
        assert_eq!(recorded.last().unwrap(), &("integration.errored".to_owned(), json!(null)));
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn it_is_named_and_shown_in_the_sidebar() {
    on_stage(async |stage, browser| {
        at_slack(stage, browser).await;
        let before = stage.integration("slack").await["sidebar_enabled"].as_bool().unwrap();
        browser.fill("#display_name", "<b>Acme</b> & \"Söhne\"").await;
        turn(browser, "sidebar_enabled").await;
        press(browser, "details").await;
        assert_eq!(browser.text("h1").await, "<b>Acme</b> & \"Söhne\"");
        let integration = stage.integration("slack").await;
        assert_eq!(integration["display_name"], "<b>Acme</b> & \"Söhne\"");
        assert_eq!(integration["sidebar_enabled"], !before);
        browser.fill("#display_name", "").await;
        press(browser, "details").await;
        assert_eq!(stage.integration("slack").await["display_name"], json!(null));
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn its_settings_are_checked_and_saved() {
    on_stage(async |stage, browser| {
        at_slack(stage, browser).await;
        browser.fill("[name='settings.default_channel']", "not a channel").await;
        press(browser, "settings").await;
        assert!(browser.text("[role=alert]").await.contains("Default channel"));
        let channel = browser.element("[name='settings.default_channel']").await;
        assert_eq!(channel.attr("aria-invalid").await.unwrap().as_deref(), Some("true"));
        assert_eq!(
            channel.value().await.unwrap().as_deref(),
            Some("not a channel"),
            "it is there to be mended"
        );
        assert_eq!(stage.integration("slack").await["settings"], json!({}));

        browser.fill("[name='settings.default_channel']", "#support").await;
        browser.fill("[name='settings.signing_secret']", "SECRET-of-signing").await;
        press(browser, "settings").await;
        assert_eq!(browser.text("[role=status]").await, "The settings are saved.");
        assert!(!browser.driver.source().await.unwrap().contains("SECRET-of-signing"));
        let settings = stage.integration("slack").await["settings"].clone();
        assert_eq!(settings, json!({"default_channel": "#support"}), "and the secret is not told");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn its_actions_are_permitted_and_forbidden() {
    on_stage(async |stage, browser| {
        at_slack(stage, browser).await;
        let before = stage.integration("slack").await["action_permissions"].clone();
        assert_eq!((&before["find_user"], &before["delete_message"]), (&json!(true), &json!(false)));
        for (action, permission) in [("find_user", "off"), ("delete_message", "ask")] {
            let option = format!("[name='permissions.{action}'] option[value={permission}]");
            browser.element(&option).await.click().await.unwrap();
        }
        press(browser, "permissions").await;
        assert_eq!(browser.text("[role=status]").await, "The permissions are saved.");
        let mut expected = before;
        expected["find_user"] = json!(false);
        expected["delete_message"] = json!("ask");
        assert_eq!(stage.integration("slack").await["action_permissions"], expected);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn it_is_disconnected_after_a_question() {
    on_stage(async |stage, browser| {
        at_slack(stage, browser).await;
        browser.follow("a[href$='/disconnect']").await;
        let question = browser.text("main").await;
        assert!(question.contains("By itself this does not revoke the tokens at Slack."), "{question}");
        assert!(browser.has("a[href='https://slack.com/apps/manage']").await);
        assert_eq!(stage.integration("slack").await["status"], "active");
        press(browser, "disconnect").await;
        assert!(browser.text("[role=status]").await.starts_with("Disconnected."));
        let integration = stage.integration("slack").await;
        assert_eq!(integration["status"], "disconnected");
        assert_eq!(
            (&integration["health_status"], &integration["sidebar_enabled"]),
            (&json!("unknown"), &json!(false))
        );
        assert_eq!(stage.recorded("slack").await.last().unwrap().0, "integration.disconnected");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_somebody_else_changed_meanwhile_is_not_overwritten() {
    on_stage(async |stage, browser| {
        at_slack(stage, browser).await;
        stage.server.patch("slack", json!({"display_name": "Theirs"})).await.data();
        browser.fill("#display_name", "Mine").await;
        press(browser, "details").await;
        assert!(browser.text("[role=alert]").await.contains("Somebody else changed this in the meantime"));
        assert_eq!(stage.integration("slack").await["display_name"], "Theirs");
        assert_eq!(browser.text("h1").await, "Theirs");
    })
    .await;
}
