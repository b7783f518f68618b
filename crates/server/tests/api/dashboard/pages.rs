//! What the pages show, and the answers for addresses without a page.

use integrations_core::role::Role;
use reqwest::Client;
use serde_json::json;
use time::Duration;

use super::visitor::Visitor;
use crate::support::{Backend, Server, TestDatabase, hidden};

on_both!(
    what_is_installed_comes_first_and_what_needs_attention_before_the_rest,
    filters_narrow_together_and_unknown_ones_are_left_out,
    a_provider_that_is_not_connected_offers_to_connect,
    a_provider_without_an_app_says_what_the_operator_has_to_do,
    a_state_is_told_in_words_with_its_error_and_what_to_do,
    what_does_not_work_is_connected_again_from_the_list,
    times_are_told_from_now_with_the_exact_one_at_hand,
    support_sees_account_scopes_expiry_and_next_check,
    the_audit_log_is_read_page_by_page,
    the_audit_log_is_narrowed_by_what_who_and_when,
    the_audit_log_is_for_keys_that_may_read_it,
    an_integration_shows_its_latest_events_alone,
    what_goes_wrong_is_told_on_a_page,
    too_many_requests_are_told_on_a_page,
    files_are_named_by_their_content_and_kept_for_ever,
    pages_lie_below_the_path_of_the_public_url,
);

/// The positions of these texts on the page, in order.
fn places(text: &str, words: &[&str]) -> Vec<usize> {
    words.iter().map(|one| text.find(one).unwrap_or_else(|| panic!("{one} is not in: {text}"))).collect()
}

async fn break_down(server: &Server, provider: &str, error: &str) {
    let sql = "UPDATE integrations SET status = 'error', status_before_error = 'active', health_status = 'unhealthy', \
               error_message = $1 WHERE provider = $2";
    assert_eq!(server.sql.execute(sql, [error.into(), provider.into()]).await, 1);
}

async fn what_is_installed_comes_first_and_what_needs_attention_before_the_rest(server: &Server) {
    for provider in ["slack", "stripe", "shopify", "linear"] {
        server.install(provider).await;
    }
    server.patch("slack", json!({"display_name": "Acme Workspace"})).await.data();
    server.patch("shopify", json!({"status": "paused"})).await.data();
    server.delete("linear").await.data();
    break_down(server, "stripe", "Stripe refuses the key").await;
    let page = Visitor::signed_in(server).await.get(&server.pages()).await;
    let words = page.says(200, "Installed 4").words();
    let words = &words[words.find("Installed 4").unwrap()..];
    let expected = [
        "Installed 4",
        "Stripe Payments",
        "Stripe refuses the key",
        "Needs attention",
        "Acme Workspace",
        "Slack · Communication",
        "Shopify",
        "Paused",
        "Linear",
        "Disconnected",
        "Available 10",
        "Cal.com",
        "Zendesk",
    ];
    assert!(places(words, &expected).is_sorted(), "{words}");
}

async fn filters_narrow_together_and_unknown_ones_are_left_out(server: &Server) {
    server.install("slack").await;
    server.install("postmark").await;
    let visitor = Visitor::signed_in(server).await;
    let names = async |query: &str| {
        let page = visitor.get(&format!("{}?{query}", server.pages())).await;
        let links = page.text.split("class=\"stretched\"").skip(1);
        let names = links.map(|rest| rest.split('>').nth(1).unwrap().split('<').next().unwrap().to_owned());
        (page.status, names.collect::<Vec<_>>())
    };
    assert_eq!(names("category=email&status=available").await, (200, vec!["Mailgun".into()]));
    assert_eq!(names("category=email&status=active").await, (200, vec!["Postmark".into()]));
    assert_eq!(names("q=REFUND+stripe").await, (200, vec!["Stripe".into()]));
    assert_eq!(names("status=paused").await, (200, vec![]));
    assert_eq!(names("category=nonsense&status=nonsense").await.1.len(), 14);
    let page = visitor.get(&format!("{}?q=%22%3Ex&category=crm&status=error", server.pages())).await;
    page.says(200, "Nothing matches");
    assert!(page.text.contains("value=\"&quot;&gt;x\""), "{page:?}");
    assert!(page.text.contains("value=\"crm\" selected") && page.text.contains("value=\"error\" selected"));
    visitor.get(&format!("{}?q=%FF", server.pages())).await.says(400, "That cannot be read");
}

async fn what_does_not_work_is_connected_again_from_the_list(server: &Server) {
    for provider in ["slack", "stripe", "shopify"] {
        server.install(provider).await;
    }
    let visitor = Visitor::signed_in(server).await;
    assert!(!visitor.get(&server.pages()).await.text.contains("Reconnect"));
    break_down(server, "slack", "Slack says token_revoked").await;
    break_down(server, "stripe", "Stripe refuses the key").await;
    let page = visitor.get(&server.pages()).await;
    let words = page.words();
    assert_eq!(words.matches("Needs attention Reconnect").count(), 2, "{words}");
    assert_eq!(words.matches("Not checked").count(), 1, "one badge for one state: {words}");
    // What needs something to be typed leads to its form, and the rest to the provider.
    assert!(page.text.contains(&format!("href=\"{}#connection\"", server.page("stripe"))), "{page:?}");
    let sent = visitor.submit(&page.form("/slack/connect")).await;
    sent.says(200, "On to Slack");
    let viewer = Visitor::signed_in_as(server, server.person(Role::Viewer).await).await;
    let page = viewer.get(&server.pages()).await;
    assert!(!page.says(200, "Needs attention").text.contains("Reconnect"));
}

async fn times_are_told_from_now_with_the_exact_one_at_hand(server: &Server) {
    server.install("slack").await;
    let visitor = Visitor::signed_in(server).await;
    visitor.provider("slack").await.says(200, "Connected just now");
    server.clock.advance(Duration::hours(1));
    let page = visitor.provider("slack").await;
    let exact =
        "<time datetime=\"2026-03-01T10:00:00Z\" title=\"1 Mar 2026, 10:00:00 UTC\">1 hour ago</time>";
    assert!(page.text.contains(exact), "{page:?}");
    server.clock.advance(Duration::days(40));
    let visitor = Visitor::signed_in(server).await;
    visitor.provider("slack").await.says(200, "Connected on 1 March 2026");
}

async fn support_sees_account_scopes_expiry_and_next_check(server: &Server) {
    let credential = json!({
        "access_token": "SECRET-token-of-slack", "refresh_token": "SECRET-refresh", "expires_at": "2026-03-01T22:00:00Z",
    });
    let line = json!({"provider": "slack", "credential": credential});
    server.import(server.project, &line.to_string()).await;
    let sql = "UPDATE credentials SET granted_scopes = '[\"chat:write\",\"a<b\"]'";
    server.sql.execute(sql, []).await;
    let sql = "UPDATE integrations SET account_id = 'T01', account_name = 'Acme Inc.'";
    server.sql.execute(sql, []).await;
    let visitor = Visitor::signed_in(server).await;
    let page = visitor.provider("slack").await;
    page.says(200, "Account Acme Inc.")
        .says(200, "Credential Expires in 12 hours , and is renewed by itself");
    page.says(200, "Granted scopes (2) chat:write a<b").says(200, "Next check");
    server.delete("slack").await.data();
    let page = visitor.provider("slack").await;
    assert!(!page.text.contains("Next check") && !page.text.contains("Granted scopes"), "{page:?}");
}

async fn a_provider_that_is_not_connected_offers_to_connect(server: &Server) {
    let visitor = Visitor::signed_in(server).await;
    let shop = visitor.provider("shopify").await;
    shop.says(200, "Not connected").says(200, "Connect with Shopify").says(200, "read_customers");
    assert_eq!(shop.form("/connect").value("connection.subdomain"), Some(""));
    let postmark = visitor.provider("postmark").await;
    postmark.says(200, "Server API token");
    assert!(postmark.text.contains("https://account.postmarkapp.com/servers"), "where it is made");
    let mailgun = visitor.provider("mailgun").await;
    assert_eq!(mailgun.form("/connect").value("connection.region"), Some("api"));
    for page in [&shop, &postmark, &mailgun] {
        for action in ["/pause", "/details", "/settings", "/permissions"] {
            assert!(!page.has_form(action), "{action}: {page:?}");
        }
    }
}

async fn the_audit_log_is_for_keys_that_may_read_it(server: &Server) {
    server.install("slack").await;
    server.patch("slack", json!({"display_name": "Acme Workspace"})).await.data();
    let (log, recorded) = (format!("{}/audit", server.pages()), "Slack changed");
    let without = server.key_for(&["integrations:write"]).await;
    let visitor = Visitor::signed_in_with(server, &without.text).await;
    let refused = visitor.get(&log).await;
    refused.says(403, "You are not allowed to do that").says(403, "lacks the scope audit:read");
    refused.says(403, "Ask for a role or an API key that has this scope");
    for path in [server.pages(), server.page("slack"), format!("{}/disconnect", server.page("slack"))] {
        let page = visitor.get(&path).await;
        page.says(200, "Slack");
        for hidden in ["/audit", "Audit log", "Activity", recorded] {
            assert!(!page.text.contains(hidden), "{path} {hidden}: {page:?}");
        }
    }
    // A refused form shows the page again, by another way.
    let form = visitor.provider("slack").await.form("/details").with("display_name", &"x".repeat(101));
    let again = visitor.submit(&form).await;
    assert!(!again.says(422, "That was not saved").text.contains("Activity"), "{again:?}");
    let answer =
        server.call_as(&without.text, "GET", &server.at("").replace("/integrations", "/audit")).send().await;
    answer.refused(403, "INSUFFICIENT_SCOPE");

    for scopes in [&["integrations:write", "audit:read"][..], &["write"], &["admin"]] {
        let key = server.key_for(scopes).await;
        let visitor = Visitor::signed_in_with(server, &key.text).await;
        visitor.get(&log).await.says(200, "Audit log");
        visitor.provider("slack").await.says(200, "Activity").says(200, "The whole audit log");
    }
}

async fn a_provider_without_an_app_says_what_the_operator_has_to_do(server: &Server) {
    let page = Visitor::signed_in(server).await.provider("github").await;
    page.says(200, "GitHub is not set up on this server yet");
    page.says(200, "riq-server admin oauth-app set github");
    page.says(200, &format!("http://{}/oauth/callback", server.address));
    assert!(!page.has_form("/connect"));
}

async fn a_state_is_told_in_words_with_its_error_and_what_to_do(server: &Server) {
    server.install("slack").await;
    let visitor = Visitor::signed_in(server).await;
    visitor.provider("slack").await.says(200, "In use. Its health has not been checked yet.");
    break_down(server, "slack", "Slack says token_revoked").await;
    let page = visitor.provider("slack").await;
    page.says(200, "Slack refuses the credential").says(200, "Last error: Slack says token_revoked");
    page.says(200, "What to do: Connect again below.");
    assert!(
        page.has_form("/check")
            && page.has_form("/pause")
            && page.text.contains("<details class=\"divided\" open")
    );
    server.delete("slack").await.data();
    let page = visitor.provider("slack").await;
    page.says(200, "Disconnected: the credential is destroyed");
    assert!(!page.has_form("/resume") && page.has_form("/connect"));
}

async fn the_audit_log_is_read_page_by_page(server: &Server) {
    server.install("slack").await;
    for index in 0..60 {
        server.clock.advance(Duration::seconds(1));
        server.patch("slack", json!({"display_name": format!("Name {index:02}.")})).await.data();
    }
    let visitor = Visitor::signed_in(server).await;
    let first = visitor.get(&format!("{}/audit", server.pages())).await;
    let words = first.says(200, "Audit log").words();
    assert!(places(&words, &["→ “Name 59.”", "→ “Name 58.”", "→ “Name 10.”"]).is_sorted(), "{words}");
    assert!(words.contains("By A test's riq_"), "{words}");
    assert!(!words.contains("→ “Name 09.”") && !words.contains("Newest"), "{words}");
    let older = first
        .text
        .split("href=\"")
        .find(|rest| rest.starts_with(&format!("{}/audit?before=", server.pages())));
    let last = visitor.get(older.unwrap().split('"').next().unwrap()).await;
    let words = last.says(200, "Slack connected").words();
    // The filters name what can happen, too.
    let (_, words) = words.split_once("Days are those of UTC.").unwrap();
    // The first two happened at the same time.
    for first in ["Slack connected", "Project created"] {
        assert!(places(words, &["→ “Name 09.”", "“Name 00.”", first]).is_sorted(), "{words}");
    }
    assert!(words.contains("By the operator of this server"), "{words}");
    assert!(!words.contains("Older"), "{words}");
    // Each event is on one page.
    let events = [&first, &last].map(|page| page.text.matches("class=\"event\"").count());
    assert_eq!(events.iter().sum::<usize>(), 62);
    visitor.get(&format!("{}/audit?before=nonsense", server.pages())).await.says(400, "names no event");
    let none = format!("{}/audit?before=aud_00000000000000000000000000", server.pages());
    visitor.get(&none).await.says(200, "There is nothing older");
}

async fn the_audit_log_is_narrowed_by_what_who_and_when(server: &Server) {
    server.install("slack").await;
    server.clock.advance(Duration::days(1));
    server.install("stripe").await;
    server.patch("slack", json!({"status": "paused"})).await.data();
    server.clock.advance(Duration::days(1));
    let other = server.key_for(&["admin"]).await;
    let target = server.at("/slack/lifecycle");
    server.call_as(&other.text, "PATCH", &target).json(&json!({"status": "active"})).send().await.data();
    let visitor = Visitor::signed_in(server).await;
    let log = format!("{}/audit", server.pages());
    let narrowed = async |query: &str| {
        let page = visitor.get(&format!("{log}?{query}")).await;
        assert_eq!(page.status, 200, "{page:?}");
        page.text.matches("class=\"event\"").count()
    };
    assert_eq!(narrowed("").await, 5);
    assert_eq!(narrowed("provider=slack").await, 3);
    assert_eq!(narrowed("action=integration.lifecycle.updated").await, 2);
    assert_eq!(narrowed(&format!("actor={}", other.id)).await, 1);
    assert_eq!(narrowed("actor=operator").await, 3);
    assert_eq!(narrowed("since=2026-03-02").await, 3);
    assert_eq!(narrowed("since=2026-03-02&until=2026-03-02").await, 2);
    assert_eq!(narrowed("until=2026-03-01").await, 2);
    assert_eq!(
        narrowed("provider=slack&actor=operator&action=integration.installed&since=2026-03-01").await,
        1
    );
    assert_eq!(narrowed("action=nonsense&actor=nonsense&since=nonsense&until=&provider=").await, 5);
    let page = visitor.get(&format!("{log}?provider=stripe&action=integration.errored")).await;
    page.says(200, "Nothing matches");
    assert!(page.text.contains("value=\"integration.errored\" selected"), "{page:?}");
    // Values are written for people.
    let page = visitor.get(&format!("{log}?actor={}", other.id)).await;
    page.says(200, "Status: Paused → In use");
    assert!(page.text.contains(&format!("value=\"{}\" selected", other.id)), "{page:?}");
}

async fn an_integration_shows_its_latest_events_alone(server: &Server) {
    server.install("slack").await;
    server.install("stripe").await;
    for index in 0..8 {
        server.clock.advance(Duration::seconds(1));
        server.patch("slack", json!({"display_name": format!("Name {index}.")})).await.data();
        server.patch("stripe", json!({"display_name": format!("Payments {index}.")})).await.data();
    }
    let page = Visitor::signed_in(server).await.provider("slack").await;
    assert_eq!(page.text.matches("class=\"event\"").count(), 5);
    let words = page.words();
    assert!(
        words.contains("“Name 7.”") && words.contains("“Name 3.”") && !words.contains("Payments"),
        "{words}"
    );
}

async fn what_goes_wrong_is_told_on_a_page(server: &Server) {
    let visitor = Visitor::signed_in(server).await;
    for path in ["/dashboard/nothing", "/dashboard/projects", "/oauth", "/dashboard/assets/dashboard-x.css"] {
        visitor.get(path).await.says(404, "There is nothing here");
    }
    visitor.get(&server.page("nothing")).await.says(404, "There is no such provider");
    visitor.get(&format!("{}/disconnect", server.page("slack"))).await.says(404, "That is not connected");
    let wrong = visitor.get("/dashboard/sign-out").await;
    wrong.says(405, "That cannot be done here");
    assert_eq!(wrong.header("allow"), Some("POST"));
    let page = visitor.get("/dashboard/nothing").await;
    let id = page.header("x-request-id").unwrap();
    page.says(404, &format!("Request {id}"));
    // A page's form must be sent as a form.
    let form = visitor.get("/dashboard").await.form("/sign-out");
    let sent = visitor.submit_with(&form, |request| request.header("content-type", "application/json")).await;
    assert!(matches!(sent.status, 303 | 415), "{sent:?}");
}

async fn too_many_requests_are_told_on_a_page(server: &Server) {
    let limited = server.replica(|settings| settings.anonymous_limit = 2).await;
    let visitor = Visitor::new(&limited);
    visitor.get("/dashboard/sign-in").await.says(200, "Sign in");
    visitor.get("/dashboard/sign-in").await.says(200, "Sign in");
    let refused = visitor.get("/dashboard/sign-in").await;
    refused.says(429, "Too many requests");
    assert!(refused.header("retry-after").is_some());
    limited.stop().await;
}

async fn files_are_named_by_their_content_and_kept_for_ever(server: &Server) {
    let page = Visitor::new(server).get("/dashboard/sign-in").await;
    let client: Client = crate::support::server::client();
    for (extension, media_type) in [
        (".css", "text/css; charset=utf-8"),
        (".js", "text/javascript; charset=utf-8"),
        (".svg", "image/svg+xml"),
    ] {
        let path = page.text.split('"').find(|one| one.ends_with(extension)).unwrap();
        let answer = client.get(format!("http://{}{path}", server.address)).send().await.unwrap();
        assert_eq!(answer.status(), 200, "{path}");
        let header = |name: &str| answer.headers()[name].to_str().unwrap().to_owned();
        assert_eq!(header("content-type"), media_type);
        assert_eq!(header("cache-control"), "public, max-age=31536000, immutable");
        assert_eq!(header("x-content-type-options"), "nosniff");
        hidden::assert_not_in(&answer.text().await.unwrap(), path);
    }
}

async fn pages_lie_below_the_path_of_the_public_url(server: &Server) {
    let proxied =
        server.replica(|settings| settings.public_url = "http://a.example/riq/".parse().unwrap()).await;
    let visitor = Visitor::new(&proxied).under("a.example");
    let sent = visitor.get(&server.pages()).await;
    let expected =
        format!("/riq/dashboard/sign-in?return_to=%2Friq%2Fdashboard%2Fprojects%2F{}", server.project);
    sent.leads_to(&expected);
    // The proxy removes its own path.
    let page = visitor.get(expected.strip_prefix("/riq").unwrap()).await;
    let form = page.form("/riq/dashboard/sign-in").with("api_key", &server.key.text);
    let form = super::visitor::Form { action: "/dashboard/sign-in".into(), ..form };
    visitor.submit(&form).await.leads_to(&format!("/riq{}", server.pages()));
    assert!(page.text.contains("href=\"/riq/dashboard/assets/"), "{page:?}");
    proxied.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_database_that_is_away_is_told_on_a_page() {
    let Some(database) = TestDatabase::create(Backend::Postgres).await else { return };
    let server = Server::start(database).await;
    let visitor = Visitor::signed_in(&server).await;
    server.database.vanish().await;
    let page = visitor.get(&server.pages()).await;
    page.says(503, "The server cannot answer for the moment");
    assert!(page.header("retry-after").is_some(), "{page:?}");
}
