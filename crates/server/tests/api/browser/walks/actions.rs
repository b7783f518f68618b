//! Trying an action, approving one that waits, and looking at what came of it.

use integrations_core::role::Role;
use serde_json::json;
use thirtyfour::Cookie;

use crate::{
    browser::{
        accessibility::assert_accessible,
        chromium::{Browser, Programs, in_browser, name_of},
    },
    dashboard::{approvals::ask, runs::connect, visitor::Visitor},
    support::{
        Backend,
        played::{Stage, on_stage},
    },
};

/// Runs a walk with a server and Desk. The browser reaches the server by its address.
async fn on_desk<T>(walk: T)
where
    T: AsyncFnOnce(&Stage, &Browser),
{
    let Some(programs) = Programs::find() else { return };
    let name = name_of(&walk);
    on_stage(Backend::Sqlite, async |stage| {
        connect(stage).await;
        in_browser(&programs, &name, &[], async |browser| walk(stage, browser).await).await;
    })
    .await;
}

/// Signs in with the server's key, on the way to a page.
async fn sign_in(stage: &Stage, browser: &Browser, page: &str) {
    let page = format!("http://{}{page}", stage.server.address);
    browser.open(&page).await;
    browser.fill("#api_key", &stage.server.key.text).await;
    browser.follow("main button[type=submit]").await;
    assert_eq!(browser.url().await.as_str(), page);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_action_is_tried_and_its_run_found_again() {
    on_desk(async |stage, browser| {
        let settings = json!({"refunds_enabled": true, "refund_limit": 1_000});
        stage.server.patch("desk", json!({"settings": settings})).await.data();
        sign_in(stage, browser, &stage.server.page("desk")).await;
        assert_accessible(browser, "Desk").await;
        browser.follow("a[href$='/actions/find_tickets']").await;
        assert_eq!(browser.text("h1").await, "Try: Find tickets");
        assert_accessible(browser, "Try").await;
        // Blanks alone are no word.
        browser.fill("[name='input.word']", " ").await;
        browser.follow("main button[type=submit]").await;
        assert!(browser.text("[role=alert]").await.contains("The action was not called"));
        let word = browser.element("[name='input.word']").await;
        assert_eq!(word.attr("aria-invalid").await.unwrap().as_deref(), Some("true"));
        assert_accessible(browser, "Try, refused").await;
        browser.fill("[name='input.word']", "<b>help</b> \u{202e}gpj").await;
        browser.follow("main button[type=submit]").await;
        assert_eq!(browser.text("h1").await, "Desk: Find tickets");
        let run = browser.text("main").await;
        assert!(run.contains("Succeeded") && run.contains("<b>help</b> \\u{202e}gpj"), "{run}");
        assert_accessible(browser, "Run").await;
        browser.follow("nav.tabs a[href$='/runs']").await;
        assert_eq!(browser.text("h1").await, "Runs");
        assert_accessible(browser, "Runs").await;
        browser.follow("ol.events a").await;
        assert_eq!(browser.text("h1").await, "Desk: Find tickets");
        assert_eq!(stage.provider.calls("desk find").len(), 1);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_waits_is_looked_at_and_approved() {
    on_desk(async |stage, browser| {
        let settings = json!({"refunds_enabled": true, "refund_limit": 1_000});
        let update = json!({"settings": settings, "action_permissions": {"issue_refund": "ask"}});
        stage.server.patch("desk", update).await.data();
        let id = ask(stage, "desk/actions/issue_refund", json!({"charge": "ch_1", "amount": 600})).await;
        let server = &stage.server;
        let at = |rest: &str| format!("http://{}{}{rest}", server.address, server.pages());
        // A person's session, as their sign-in would begin it.
        browser.open(&at("")).await;
        let session = server.session_of(server.person(Role::Approver).await).await;
        let name = Visitor::new(server).full_name("riq_session");
        browser.driver.add_cookie(Cookie::new(name, session)).await.unwrap();
        browser.open(&at("/approvals")).await;
        assert!(browser.text("nav.tabs a[aria-current]").await.starts_with("Approvals 1"));
        assert_accessible(browser, "Approvals").await;
        browser.follow(&format!("a[href$='/approvals/{id}']")).await;
        assert_eq!(browser.text("h1").await, "Desk: Issue a refund");
        let page = browser.text("main").await;
        assert!(page.contains("6.00 USD") && page.contains("It came broken"), "{page}");
        assert_accessible(browser, "Approval").await;
        // Enter makes a line, and decides nothing.
        browser.fill("#note", "Talked to Ada\nby phone").await;
        assert!(stage.provider.calls("desk refund").is_empty());
        browser.follow("form[action$='/approve'] button.primary").await;
        assert_eq!(browser.text("h1").await, "Desk: Issue a refund");
        assert!(browser.text("main").await.contains("Succeeded"));
        assert_eq!(stage.provider.calls("desk refund").len(), 1);
        browser.follow("a[href*='/approvals/apr_']").await;
        let page = browser.text("main").await;
        assert!(page.contains("Talked to Ada by phone") && page.contains("Approved"), "{page}");
        assert_accessible(browser, "Approval, approved").await;
    })
    .await;
}
