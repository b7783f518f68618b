//! Attacks through other sites' pages, texts and cookies.

use reqwest::RequestBuilder;
use serde_json::json;

use super::visitor::{Form, Page, Visitor};
use crate::support::Server;

on_both!(
    no_form_is_taken_without_its_token,
    no_form_is_taken_from_another_site,
    a_token_is_of_one_browser_and_one_session,
    a_page_is_for_the_window_of_a_browser_alone,
    what_people_and_providers_write_stays_text,
    nothing_leads_away_from_the_dashboard,
    a_done_word_says_nothing_of_its_own,
    the_api_takes_no_session,
    a_refused_page_tells_nothing_of_the_project,
);

/// Every form, with the page that it is on.
async fn forms(visitor: &Visitor<'_>, server: &Server) -> Vec<Form> {
    let page = visitor.provider("slack").await;
    let asked = visitor.get(&format!("{}/disconnect", server.page("slack"))).await;
    let mut forms: Vec<Form> = ["/connect", "/pause", "/details", "/settings", "/permissions", "/sign-out"]
        .map(|to| page.form(to))
        .to_vec();
    forms.push(Form { action: format!("{}/resume", server.page("slack")), ..page.form("/pause") });
    forms.push(asked.form("/disconnect"));
    forms.push(Form {
        action: format!("{}/actions/find_user", server.page("slack")),
        ..page.form("/sign-out")
    });
    for path in ["/dashboard/sign-in", "/dashboard/installs/confirm", "/dashboard/installs/abandon"] {
        forms.push(Form { action: path.into(), ..page.form("/sign-out") });
    }
    forms
}

#[track_caller]
fn refused(page: &Page) {
    page.says(403, "This form cannot be used any more").says(403, "Nothing was changed");
}

async fn no_form_is_taken_without_its_token(server: &Server) {
    server.install("slack").await;
    let visitor = Visitor::signed_in(server).await;
    let before = server.sql.picture().await;
    for form in forms(&visitor, server).await {
        let token = form.value("csrf").unwrap().to_owned();
        for wrong in ["", "x", &token[1..], &token.to_lowercase(), &token.replace(&token[..1], "~")] {
            refused(&visitor.submit(&form.clone().with("csrf", wrong)).await);
        }
        refused(&visitor.submit(&form.clone().without("csrf")).await);
    }
    assert_eq!(server.sql.picture().await, before);
    assert_eq!(server.sql.count("SELECT COUNT(*) FROM dashboard_sessions", []).await, 1);
}

async fn no_form_is_taken_from_another_site(server: &Server) {
    server.install("slack").await;
    let visitor = Visitor::signed_in(server).await;
    let before = server.sql.picture().await;
    type Headers = fn(RequestBuilder) -> RequestBuilder;
    let foreign: [Headers; 5] = [
        |request| request.header("origin", "https://evil.example"),
        |request| request.header("origin", "https://evil.example").header("sec-fetch-site", "same-origin"),
        |request| request.header("origin", "null").header("sec-fetch-site", "cross-site"),
        |request| request.header("sec-fetch-site", "cross-site"),
        |request| request.header("sec-fetch-site", "same-site"),
    ];
    for form in forms(&visitor, server).await {
        for headers in foreign {
            refused(&visitor.submit_with(&form, headers).await);
        }
    }
    assert_eq!(server.sql.picture().await, before);
    // A browser that sends no origin needs the token. Our own origin is accepted.
    let form = visitor.provider("slack").await.form("/pause");
    let origin = format!("http://{}", server.address);
    assert_eq!(visitor.submit_with(&form, |request| request.header("origin", origin)).await.status, 303);
    let form = visitor.provider("slack").await.form("/resume");
    assert_eq!(visitor.submit_with(&form, |request| request).await.status, 303);
}

async fn a_token_is_of_one_browser_and_one_session(server: &Server) {
    server.install("slack").await;
    let (one, other) = (Visitor::signed_in(server).await, Visitor::signed_in(server).await);
    let before = server.sql.picture().await;
    let form = one.provider("slack").await.form("/pause");
    refused(&other.submit(&form).await);
    // Another session in the same browser.
    let session = other.cookie("riq_session").unwrap();
    one.plant("riq_session", &session);
    refused(&one.submit(&form).await);
    // The token from before signing in, which an attacker who planted the cookie could know.
    let stranger = Visitor::new(server);
    let token = stranger.get("/dashboard/sign-in").await.form("/sign-in").value("csrf").unwrap().to_owned();
    stranger.sign_in(&server.key.text).await.leads_to("/dashboard");
    refused(&stranger.submit(&form.clone().with("csrf", &token)).await);
    assert_eq!(server.sql.picture().await, before);
    // Without a session nothing is done either, and the person is asked to sign in.
    let nobody = Visitor::new(server);
    let sent = nobody.submit(&form).await;
    assert!(sent.header("location").unwrap().starts_with("/dashboard/sign-in?return_to="), "{sent:?}");
    assert_eq!(server.sql.picture().await, before);
}

/// The reference has the same origin and runs a script that is not ours.
async fn a_page_is_for_the_window_of_a_browser_alone(server: &Server) {
    server.install("slack").await;
    let visitor = Visitor::signed_in(server).await;
    let provider = server.page("slack");
    let (project, _) = provider.split_once("/integrations/").unwrap();
    let pages = [
        "/dashboard",
        "/dashboard/sign-in",
        "/oauth/callback?code=1&state=2",
        project,
        &format!("{project}/integrations"),
        &format!("{project}/audit"),
        &format!("{project}/runs"),
        &provider,
        &format!("{provider}/actions/find_user"),
        &format!("{provider}/disconnect"),
    ];
    let form = visitor.provider("slack").await.form("/pause");
    let before = server.sql.picture().await;
    for destination in
        ["empty", "iframe", "frame", "embed", "object", "image", "script", "style", "worker", "", "x"]
    {
        let sent_to = |request: RequestBuilder| request.header("sec-fetch-dest", destination);
        for path in pages {
            let page = visitor.get_with(path, sent_to).await;
            page.says(403, "Open this page in a browser's window");
            assert!(page.cookies().is_empty() && !page.words().contains("Slack"), "{path}: {page:?}");
        }
        let sent =
            visitor.submit_with(&form, |request| sent_to(request).header("sec-fetch-site", "same-origin"));
        sent.await.says(403, "Open this page in a browser's window");
    }
    assert_eq!(server.sql.picture().await, before);
    let to_a_window = |request: RequestBuilder| request.header("sec-fetch-dest", "document");
    visitor.get_with(&provider, to_a_window).await.says(200, "Slack");
    assert_eq!(visitor.submit_with(&form, to_a_window).await.status, 303);
    // Requests for what pages load have other destinations.
    let page = visitor.provider("slack").await;
    let assets: Vec<&str> =
        page.text.split('"').filter(|text| text.starts_with("/dashboard/assets/")).collect();
    assert!(assets.len() >= 3, "{assets:?}");
    for (path, destination) in assets.into_iter().zip(["style", "script", "image"]) {
        let request = crate::support::server::client().get(format!("http://{}{path}", server.address));
        let asset = request.header("sec-fetch-dest", destination).send().await.unwrap();
        assert_eq!(asset.status().as_u16(), 200, "{path}");
    }
}

async fn what_people_and_providers_write_stays_text(server: &Server) {
    const EVIL: &str = "\"'></textarea><script>alert(1)</script><img src=x onerror=alert(2)>{{7*7}}&lt;b&gt;";
    server.install("slack").await;
    server.patch("slack", json!({"display_name": EVIL})).await.data();
    let sql = "UPDATE integrations SET account_name = $1, account_id = $1, error_message = $1, status = 'error', \
               status_before_error = 'active', health_status = 'unhealthy', settings = $2";
    let settings = json!({"default_channel": EVIL, "mention_on_escalation": EVIL}).to_string();
    assert_eq!(server.sql.execute(sql, [EVIL.into(), settings.into()]).await, 1);
    for table in ["projects", "organizations", "api_keys"] {
        let sql = format!("UPDATE {table} SET name = $1");
        server.sql.execute(&sql, [EVIL.into()]).await;
    }
    let sql = "UPDATE audit_events SET changes = $1, request_id = $2, provider = 'slack'";
    let changes = json!([{"path": EVIL, "from": EVIL, "to": {EVIL: [EVIL]}}, {"path": "settings.x", "from": null, "to": EVIL}]);
    server.sql.execute(sql, [changes.to_string().into(), EVIL.into()]).await;
    let visitor = Visitor::signed_in(server).await;
    let query: String = url::form_urlencoded::byte_serialize(EVIL.as_bytes()).collect();
    let settings = visitor.provider("slack").await.form("/settings");
    let mut pages = vec![visitor.submit(&settings.with("settings.default_channel", EVIL)).await];
    for path in [
        "/dashboard".to_owned(),
        server.pages(),
        format!("{}?q={query}", server.pages()),
        format!("{}/audit", server.pages()),
        server.page("slack"),
        format!("{}?done={query}", server.page("slack")),
        format!("{}/disconnect", server.page("slack")),
        format!("{}/integrations/{query}", server.pages()),
        format!("/dashboard/{query}"),
        format!("{}/audit?before={query}", server.pages()),
    ] {
        pages.push(visitor.get(&path).await);
    }
    let stranger = Visitor::new(server);
    pages.push(stranger.get(&format!("/dashboard/sign-in?return_to={query}&news={query}")).await);
    pages.push(stranger.get(&format!("/dashboard/sign-in?return_to=/dashboard?{query}")).await);
    pages.push(stranger.get(&format!("{}?session={query}", server.page("slack"))).await);
    pages.push(
        stranger.get(&format!("/oauth/callback?state={query}&error={query}&error_description={query}")).await,
    );
    pages.push(stranger.sign_in(EVIL).await);
    for page in pages {
        assert_eq!(page.text.matches("<script").count(), 1, "{page:?}");
        assert!(!page.text.contains("<img") && !page.text.contains("\"'>"), "{page:?}");
    }
    visitor.provider("slack").await.says(200, "<script>alert(1)</script>");
}

async fn nothing_leads_away_from_the_dashboard(server: &Server) {
    let visitor = Visitor::signed_in(server).await;
    for target in [
        "https://evil.example",
        "//evil.example/dashboard",
        "/\\evil.example",
        "/dashboard/..//evil.example",
        "/dashboard/%2e%2e/%2e%2e/evil",
        "/dashboard@evil.example",
        "/dashboard\\@evil.example",
        "javascript:alert(1)",
        "/api/v1/openapi.json",
        "/dashboard\r\nSet-Cookie: a=b",
        "",
    ] {
        let query: String = url::form_urlencoded::byte_serialize(target.as_bytes()).collect();
        visitor.get(&format!("/dashboard/sign-in?return_to={query}")).await.leads_to("/dashboard");
        let stranger = Visitor::new(server);
        let page = stranger.get(&format!("/dashboard/sign-in?return_to={query}")).await;
        let form = page.form("/sign-in");
        assert_eq!(form.value("return_to"), None, "{target}");
        let sent = form.with("return_to", target).with("api_key", &server.key.text);
        stranger.submit(&sent).await.leads_to("/dashboard");
    }
}

async fn a_done_word_says_nothing_of_its_own(server: &Server) {
    server.install("slack").await;
    let visitor = Visitor::signed_in(server).await;
    let plain = visitor.provider("slack").await.words();
    let page = visitor.get(&format!("{}?done=Your+account+was+hacked", server.page("slack"))).await;
    assert_eq!(page.words(), plain);
}

async fn the_api_takes_no_session(server: &Server) {
    let visitor = Visitor::signed_in(server).await;
    let session = visitor.cookie("riq_session").unwrap();
    let cookie = format!("{}={session}", visitor.full_name("riq_session"));
    let call = server.call_without_key("GET", &server.at("")).header("cookie", &cookie);
    call.send().await.refused(401, "UNAUTHORIZED");
    let as_key = server.call_as(&session, "GET", &server.at(""));
    as_key.send().await.refused(401, "UNAUTHORIZED");
}

async fn a_refused_page_tells_nothing_of_the_project(server: &Server) {
    let (_, _, key) = server.other_organization().await;
    server.install("slack").await;
    server.sql.execute("UPDATE projects SET name = 'Hidden project'", []).await;
    let visitor = Visitor::signed_in_with(server, &key.text).await;
    let pages = ["", "/audit", "/runs", "/integrations/slack", "/integrations/slack/actions/find_user"];
    for path in pages.map(|rest| format!("{}{rest}", server.pages())) {
        let page = visitor.get(&path).await;
        page.says(403, "belongs to another organization");
        assert!(!page.text.contains("Hidden project"), "{page:?}");
    }
}
