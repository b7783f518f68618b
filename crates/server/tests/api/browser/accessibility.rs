//! Checks the accessibility of pages with axe-core.

use serde_json::{Value, json};

use crate::browser::chromium::{Browser, Programs, in_browser};

/// The views of a page: colour scheme and width in CSS pixels.
const VIEWS: [(&str, u32); 4] = [("light", 375), ("light", 1280), ("dark", 375), ("dark", 1280)];

/// Runs every rule that axe-core enables by default, and returns the violations in short.
const RUN: &str = "
    const done = arguments[arguments.length - 1];
    axe.run(document, { resultTypes: ['violations'] }).then(
        (results) => done(results.violations.flatMap((violation) => violation.nodes.map(
            (node) => `${violation.id}: ${node.target.join(' ')}: ${node.failureSummary}\\n    ${node.html}`))),
        (error) => done([`axe-core failed: ${error}`]));";

/// The colour scheme and width that the page reports.
const LOOK: &str = "
    return {
        dark: matchMedia('(prefers-color-scheme: dark)').matches,
        width: innerWidth,
        overflow: document.documentElement.scrollWidth - document.documentElement.clientWidth,
    };";

/// Asserts, for light and dark, narrow and wide views of the current page, that axe-core finds nothing and that the
/// page does not scroll sideways (WCAG 2.2, 1.4.10).
pub(crate) async fn assert_accessible(browser: &Browser, what: &str) {
    let violations = violations(browser).await;
    assert!(violations.is_empty(), "{what} keeps people out:\n{}", violations.join("\n"));
}

async fn violations(browser: &Browser) -> Vec<String> {
    let driver = &browser.driver;
    driver.execute(browser.axe.as_str(), Vec::new()).await.unwrap();
    let mut violations = Vec::new();
    for (scheme, width) in VIEWS {
        look(browser, json!([{"name": "prefers-color-scheme", "value": scheme}]), width).await;
        let seen = driver.execute(LOOK, Vec::new()).await.unwrap().json().clone();
        assert_eq!((&seen["dark"], &seen["width"]), (&json!(scheme == "dark"), &json!(width)));
        if seen["overflow"] != json!(0) {
            violations.push(format!("{scheme}, {width}: it is {} pixels too wide", seen["overflow"]));
        }
        let found = driver.execute_async(RUN, Vec::new()).await.unwrap().json().clone();
        let found = found.as_array().unwrap().iter().map(|line| line.as_str().unwrap().to_owned());
        violations.extend(found.map(|line| format!("{scheme}, {width}: {line}")));
    }
    look(browser, json!([]), 1280).await;
    violations
}

async fn look(browser: &Browser, features: Value, width: u32) {
    let cdp = browser.driver.cdp();
    cdp.send_raw("Emulation.setEmulatedMedia", json!({"features": features})).await.unwrap();
    let size = json!({"width": width, "height": 900, "deviceScaleFactor": 1, "mobile": false});
    cdp.send_raw("Emulation.setDeviceMetricsOverride", size).await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_keeps_people_out_is_found() {
    let Some(programs) = Programs::find() else { return };
    let style = "<style>p{color:%23777;background:%23fff;width:500px}@media(prefers-color-scheme:dark){p{color:%23000}}</style>";
    let page = format!(
        "data:text/html,<!DOCTYPE html><html lang=en><title>A page</title>{style}<main><h1>A page</h1><p>Text"
    );
    in_browser(&programs, "what_keeps_people_out_is_found", &[], async |browser| {
        browser.open(&page).await;
        let violations = violations(browser).await;
        let begins = |with: &str| violations.iter().any(|violation| violation.starts_with(with));
        assert!(begins("light, 375: color-contrast: p") && begins("light, 1280: color-contrast"));
        assert!(begins("light, 375: it is ") && begins("dark, 375: it is "), "{violations:?}");
        assert_eq!(violations.len(), 4, "{violations:?}");
    })
    .await;
}
