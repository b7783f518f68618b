//! `dev --sandbox`, as a newcomer uses it: with a link from the terminal, a browser, and a key for programs.

use std::net::SocketAddr;

use serde_json::{Value, json};
use thirtyfour::By;

use crate::{
    browser::chromium::{Programs, in_browser},
    support::{Answer, eventually, process::Process, server::client},
};

/// A request to the API of `dev`.
async fn call(greeting: &Value, method: &str, path: &str, body: Option<Value>) -> Answer {
    let text = |name: &str| greeting[name].as_str().unwrap();
    let url = format!("{}/projects/{}/integrations{path}", text("api_base"), text("project_id"));
    let request = client().request(method.parse().unwrap(), url).header("x-api-key", text("api_key"));
    let request = match body {
        Some(body) => request.header("content-type", "application/json").body(body.to_string()),
        None => request,
    };
    Answer::read(request.send().await.unwrap()).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_newcomer_connects_the_shop_uses_it_and_loses_it() {
    let Some(programs) = Programs::find() else { return };
    let directory = tempfile::tempdir().unwrap();
    let (_process, greeting) = Process::dev(directory.path().to_str().unwrap(), &["--sandbox"]);
    let text = |name: &str| greeting[name].as_str().unwrap();
    let shop = text("sandbox_url");
    let address: SocketAddr = shop.strip_prefix("http://").unwrap().parse().unwrap();
    let hosts = [("127.0.0.2".to_owned(), address)];
    let name = "walks-sandbox-a_newcomer_connects_the_shop_uses_it_and_loses_it";
    in_browser(&programs, name, &hosts, async |browser| {
        browser.open(text("sign_in_url")).await;
        assert!(browser.text("header").await.contains("You"), "a person is signed in");
        browser.open(&format!("{}/sandbox-shop", text("dashboard_url"))).await;
        browser.follow("form[action$='/connect'] button[type=submit]").await;
        browser.element("button[value=allow]").await;
        assert!(browser.url().await.as_str().starts_with(shop), "{}", browser.url().await);
        assert!(browser.text("main").await.contains("Let riq-server use this shop?"));
        browser.follow("button[value=allow]").await;
        eventually("it is connected", std::time::Duration::from_secs(20), async || {
            let found = call(&greeting, "GET", "/sandbox-shop", None).await;
            found.status == 200 && found.data()["status"] == "active"
        })
        .await;

        // It is used by a program.
        let input = json!({"input": {"order": "1001"}});
        let looked = call(&greeting, "POST", "/sandbox-shop/actions/look_up_order", Some(input)).await;
        let run = looked.data();
        assert_eq!((&run["status"], &run["result"]["paid"]), (&json!("succeeded"), &json!(4800)), "{run}");
        let refund = || json!({"input": {"order": "1001", "amount": 500, "reason": "The lid was broken"}});
        let refused = call(&greeting, "POST", "/sandbox-shop/actions/issue_refund", Some(refund())).await;
        assert_eq!(refused.status, 403, "nobody has permitted it");
        let permitted = json!({
            "action_permissions": {"issue_refund": true}, "settings": {"refunds_enabled": true, "refund_limit": 1000},
        });
        call(&greeting, "PATCH", "/sandbox-shop/lifecycle", Some(permitted)).await.data();
        let refunded = call(&greeting, "POST", "/sandbox-shop/actions/issue_refund", Some(refund())).await;
        assert_eq!(refunded.data()["status"], "succeeded", "{refunded:?}");

        // The shop shows what arrived, and takes the access away.
        browser.open(shop).await;
        let page = browser.text("main").await;
        for shown in ["GET /api/orders/1001", "POST /api/refunds", "5.00 EUR", "The lid was broken"] {
            assert!(page.contains(shown), "{shown}: {page}");
        }
        assert_eq!(browser.driver.find_all(By::Css("form[action='/withdraw']")).await.unwrap().len(), 1);
        browser.follow("form[action='/withdraw'] button").await;
        assert!(browser.text("main").await.contains("No app is connected"));
        let checked = call(&greeting, "POST", "/sandbox-shop/check", None).await;
        assert_eq!(checked.data()["status"], "error", "{checked:?}");
        let looked = json!({"input": {"order": "1001"}});
        let looked = call(&greeting, "POST", "/sandbox-shop/actions/look_up_order", Some(looked)).await;
        assert_eq!(looked.status, 409, "{looked:?}");
    })
    .await;
}
