//! The pages of OAuth apps: which one counts, and how one is set, checked and removed.

use reqwest::RequestBuilder;
use riq_testing::providers::simulator::Simulator;
use serde_json::{Value, json};

use super::{
    people::Stage,
    visitor::{Form, Page, Visitor},
};
use crate::{
    app_settings::{authorize_url, of_organization, of_project, parameter},
    providers::{on_both_played, played},
    support::{Server, server::Key},
};

on_both!(
    an_app_is_set_and_removed_for_a_project_and_for_all_of_an_organization,
    a_secret_is_kept_with_its_client_id_and_shown_nowhere,
    scopes_are_taken_out_and_added_and_become_the_usual_ones_again,
    what_is_wrong_is_told_beside_its_field_and_nothing_is_changed,
    a_removal_is_asked_about_and_says_what_it_does,
    only_who_may_sees_and_sets_apps,
    a_role_decides_and_the_audit_log_names_the_person,
    the_apps_of_others_are_nobodys_business,
    no_form_is_taken_without_its_token_or_from_another_site,
    who_is_not_signed_in_comes_back_to_the_page,
    who_may_is_led_from_a_provider_without_an_app_to_its_app,
);
on_both_played!(an_app_is_checked_and_the_answer_is_told_in_words);

/// Every page, the log and the database are searched for its mark.
const SECRET: &str = "SECRET-client-secret-of-the-page";

/// The address of a page of the organization's apps.
fn of_org_page(server: &Server, rest: &str) -> String {
    format!("/dashboard/orgs/{}/oauth-apps{rest}", server.organization)
}

/// The address of a page of the project's apps.
fn of_project_page(server: &Server, rest: &str) -> String {
    format!("{}/oauth-apps{rest}", server.pages())
}

/// Sets GitHub's app on this page.
async fn set(visitor: &Visitor<'_>, page: &str, client_id: &str) -> Page {
    let form = visitor.get(page).await.form("/oauth-apps/github");
    visitor.submit(&form.with("client_id", client_id).with("client_secret", SECRET)).await
}

/// The recorded changes of apps: project, actor and changes, oldest first.
async fn recorded(server: &Server) -> Vec<(Value, String, Value, Value)> {
    let sql = "SELECT * FROM audit_events WHERE action LIKE 'oauth_app.%' ORDER BY created_at, id";
    let rows = server.sql.rows(sql, []).await;
    let told = |row: &Value| {
        assert!(row["request_id"].as_str().is_some_and(|id| id.starts_with("req_")), "{row}");
        let changes = serde_json::from_str(row["changes"].as_str().unwrap()).unwrap();
        let action = row["action"].as_str().unwrap().to_owned();
        (row["project_id"].clone(), action, row["actor_key_id"].clone(), changes)
    };
    rows.iter().map(told).collect()
}

async fn with_scopes<'s>(server: &'s Server, scopes: &[&str]) -> Visitor<'s> {
    Visitor::signed_in_with(server, &server.key_for(scopes).await.text).await
}

async fn an_app_is_set_and_removed_for_a_project_and_for_all_of_an_organization(server: &Server) {
    let visitor = Visitor::signed_in(server).await;
    let (org, project) = (of_org_page(server, "/github"), of_project_page(server, "/github"));
    let list = visitor.get(&of_project_page(server, "")).await;
    list.says(200, "GitHub Nobody can connect it here None");
    list.says(200, "Slack For everybody on this server The operator's");
    assert!(!list.words().contains("Postmark"), "it needs no app");
    let page = visitor.get(&project).await;
    page.says(200, "nobody can connect GitHub here");
    page.says(200, &format!("http://{}/oauth/callback", server.address));
    assert!(
        page.text.contains("data-copies=\"redirect\"") && page.text.contains("id=\"scopes-to-register\"")
    );
    assert!(!page.has_form("/github/check") && !page.text.contains("/github/remove"));

    set(&visitor, &org, "of-org").await.leads_to(&format!("{org}?done=set"));
    visitor.get(&format!("{org}?done=set")).await.says(200, "The app is saved").says(200, "Client id of-org");
    visitor.get(&of_project_page(server, "")).await.says(200, "GitHub Client id of-org The organization's");
    visitor.get(&project).await.says(200, "The app of Acme counts here");
    assert_eq!(parameter(&authorize_url(server, "github").await, "client_id"), "of-org");

    set(&visitor, &project, "of-project").await.leads_to(&format!("{project}?done=set"));
    visitor.get(&project).await.says(200, "The project has an app of its own");
    visitor.get(&org).await.says(200, "Client id of-org");
    assert_eq!(parameter(&authorize_url(server, "github").await, "client_id"), "of-project");
    let by_api = server.call("GET", &of_project(server, "")).send().await;
    let github = by_api.data().as_array().unwrap().iter().find(|app| app["provider"] == "github").unwrap();
    assert_eq!((&github["owner"], &github["client_id"]), (&json!("project"), &json!("of-project")));
    visitor.provider("github").await.says(200, "Connect with GitHub");

    for _ in 0..2 {
        let asked = Form { action: format!("{project}/remove"), ..visitor.get(&org).await.form("/github") };
        visitor.submit(&asked).await.leads_to(&format!("{project}?done=removed"));
    }
    visitor.get(&format!("{project}?done=removed")).await.says(200, "The app of Acme counts here");
    let events = recorded(server).await;
    let by = json!(server.key.id.to_string());
    let of_project = json!(server.project.to_string());
    let expected = [
        (Value::Null, "oauth_app.set"),
        (of_project.clone(), "oauth_app.set"),
        (of_project.clone(), "oauth_app.removed"),
    ];
    assert_eq!(events.len(), expected.len(), "{events:?}");
    for ((project, action, actor, _), expected) in events.iter().zip(expected) {
        assert_eq!((project.clone(), action.as_str()), expected);
        assert_eq!(actor, &by);
    }
    assert_eq!(events[0].3[1], json!({"path": "client_id", "from": null, "to": "of-org"}));
    let log = visitor.get(&format!("{}/audit", server.pages())).await;
    log.says(200, "OAuth app set").says(200, "Client id: “of-project”").says(200, "OAuth app removed");
}

async fn a_secret_is_kept_with_its_client_id_and_shown_nowhere(server: &Server) {
    let visitor = Visitor::signed_in(server).await;
    let page = of_project_page(server, "/github");
    set(&visitor, &page, "c").await.leads_to(&format!("{page}?done=set"));
    let form = async || visitor.get(&page).await.form("/oauth-apps/github");
    assert_eq!(form().await.value("client_secret"), Some(""));
    let sealed = async || server.sql.bytes("SELECT sealed_secret FROM oauth_apps", []).await.unwrap();
    let before = sealed().await;
    visitor.submit(&form().await).await.leads_to(&format!("{page}?done=set"));
    assert_ne!(sealed().await, before, "it is sealed anew, for the new app");
    let other = visitor.submit(&form().await.with("client_id", "d")).await;
    assert_eq!(
        other.says(422, "The app was not saved").problem("client_secret").unwrap(),
        "Required, as no secret is stored for this client id"
    );
    assert_eq!(other.form("/oauth-apps/github").value("client_id"), Some("d"));
    // Who still sees another app puts nothing of it back.
    let stale = form().await.with("client_secret", SECRET);
    set(&visitor, &page, "newer").await.leads_to(&format!("{page}?done=set"));
    let refused = visitor.submit(&stale).await;
    refused.says(412, "Somebody else changed this in the meantime");
    assert_eq!(refused.form("/oauth-apps/github").value("client_id"), Some("newer"));
    set(&visitor, &page, "c").await.leads_to(&format!("{page}?done=set"));
    // A secret that was typed is not kept in its field.
    let wrong = form().await.with("client_id", "a b").with("client_secret", SECRET);
    let refused = visitor.submit(&wrong).await;
    assert_eq!(refused.says(422, "not saved").form("/oauth-apps/github").value("client_secret"), Some(""));
    // Somebody who can change the database gets no secret sealed for another client id.
    server.sql.execute("UPDATE oauth_apps SET client_id = 'd'", []).await;
    let lost = visitor.submit(&form().await).await;
    assert_eq!(lost.problem("client_secret").unwrap(), "Required, as the stored secret cannot be opened");
    let by_api = server.call("PUT", &of_project(server, "/github")).json(&json!({"client_id": "d"}));
    by_api.send().await.refused(400, "BAD_REQUEST");
}

async fn scopes_are_taken_out_and_added_and_become_the_usual_ones_again(server: &Server) {
    let visitor = Visitor::signed_in(server).await;
    let page = of_project_page(server, "/slack");
    let usual = parameter(&authorize_url(server, "slack").await, "scope");
    let form = async || visitor.get(&page).await.form("/oauth-apps/slack");
    let shown = async || form().await.value("scopes").unwrap().replace('\n', ",");
    assert_eq!(shown().await, usual);
    let app = form().await.with("client_id", "c").with("client_secret", SECRET);
    let save = async |app: Form| {
        let now = form().await.value("shown").unwrap().to_owned();
        visitor.submit(&app.with("shown", &now)).await.leads_to(&format!("{page}?done=set")).status
    };
    let asked = async || parameter(&authorize_url(server, "slack").await, "scope");
    let stored = async || server.sql.rows("SELECT scopes FROM oauth_apps", []).await[0]["scopes"].clone();
    save(app.clone()).await;
    assert_eq!((stored().await, asked().await), (Value::Null, usual.clone()));
    save(form().await.with("scopes", "chat:write\r\nfiles:read\r\n")).await;
    assert_eq!(asked().await, "chat:write,files:read");
    assert_eq!(shown().await, "chat:write,files:read");
    visitor.get(&page).await.says(200, "The usual scopes of Slack are others");
    save(form().await.with("scopes", "")).await;
    assert_eq!((stored().await, asked().await), (json!("[]"), String::new()));
    save(form().await.with("usual_scopes", "on")).await;
    assert_eq!((stored().await, asked().await), (Value::Null, usual));
    assert_eq!(form().await.value("usual_scopes"), None);
}

async fn what_is_wrong_is_told_beside_its_field_and_nothing_is_changed(server: &Server) {
    let visitor = Visitor::signed_in(server).await;
    let before = server.sql.picture().await;
    for page in [of_project_page(server, "/github"), of_org_page(server, "/github")] {
        let form = visitor.get(&page).await.form("/oauth-apps/github");
        let nothing = visitor.submit(&form.clone()).await;
        assert_eq!(nothing.says(422, "The app was not saved").problem("client_id").unwrap(), "Required");
        let wrong = form
            .clone()
            .with("client_id", "<script>alert(1)</script> \"x\"")
            .with("client_secret", "SECRET of two words")
            .with("scopes", "repo <b>\"é");
        let refused = visitor.submit(&wrong).await;
        let credential = "Must be 1 to 4096 visible ASCII characters without blanks";
        assert_eq!(refused.problem("client_id").as_deref(), Some(credential));
        assert_eq!(refused.problem("client_secret").as_deref(), Some(credential));
        assert!(refused.problem("scopes").unwrap().starts_with("“<b>\"é”: Must be one scope"));
        let again = refused.form("/oauth-apps/github");
        assert_eq!(again.value("client_id"), Some("<script>alert(1)</script> \"x\""));
        assert_eq!(again.value("scopes"), Some("repo <b>\"é"));
        assert_eq!(refused.text.matches("<script").count(), 1, "{refused:?}");
        let many = (0..201).map(|n| format!("s{n}")).collect::<Vec<_>>().join(" ");
        let many = form.with("client_id", "c").with("client_secret", SECRET).with("scopes", &many);
        let refused = visitor.submit(&many).await;
        assert_eq!(refused.problem("scopes").unwrap(), "Must have 200 entries or fewer");
    }
    for (provider, words) in [("nobody", "There is no such provider"), ("postmark", "There is nothing here")]
    {
        for page in [of_project_page(server, ""), of_org_page(server, "")] {
            let page = format!("{page}/{provider}");
            visitor.get(&page).await.says(404, words);
            let form = visitor.get(&of_org_page(server, "/github")).await.form("/oauth-apps/github");
            visitor.submit(&Form { action: page, ..form }).await.says(404, words);
        }
    }
    assert_eq!(server.sql.picture().await, before);
    assert_eq!(server.sql.count("SELECT COUNT(*) FROM oauth_apps", []).await, 0);
    // A client id is shown as the text that it is.
    let page = of_project_page(server, "/github");
    set(&visitor, &page, "a\"'><script>alert(1)</script>").await.leads_to(&format!("{page}?done=set"));
    for path in [page.clone(), of_project_page(server, ""), format!("{page}/remove")] {
        let page = visitor.get(&path).await;
        page.says(200, "a\"'><script>alert(1)</script>");
        assert_eq!(page.text.matches("<script").count(), 1, "{page:?}");
    }
}

async fn a_removal_is_asked_about_and_says_what_it_does(server: &Server) {
    let visitor = Visitor::signed_in(server).await;
    let (org, project) = (of_org_page(server, "/slack"), of_project_page(server, "/slack"));
    let set = async |page: &str, client_id: &str| {
        let form = visitor.get(page).await.form("/oauth-apps/slack");
        visitor.submit(&form.with("client_id", client_id).with("client_secret", SECRET)).await
    };
    visitor.get(&format!("{org}/remove")).await.says(404, "There is no app to remove here");
    set(&org, "of-org").await;
    let asked = visitor.get(&format!("{org}/remove")).await;
    asked.says(200, "Remove the OAuth app of Slack?").says(200, "No integration uses it now");
    asked.says(200, "After that the operator's app counts").says(200, "Nothing is changed at Slack");
    server.install("slack").await;
    visitor.get(&format!("{org}/remove")).await.says(200, "One integration uses it");
    server.install("slack~eu").await;
    server.install("linear").await;
    visitor.get(&format!("{org}/remove")).await.says(200, "2 integrations use it");
    // Its page inherits that app, and does not remove it.
    assert!(!visitor.get(&project).await.text.contains("/slack/remove"));
    visitor.get(&format!("{project}/remove")).await.says(404, "There is no app to remove here");
    set(&project, "of-project").await;
    visitor.get(&format!("{org}/remove")).await.says(200, "No integration uses it now");
    let asked = visitor.get(&format!("{project}/remove")).await;
    asked.says(200, "2 integrations use it").says(200, "Client id of-project");
    asked.says(200, "After that the app of Acme counts");
    server.delete("slack~eu").await.data();
    visitor.get(&format!("{project}/remove")).await.says(200, "One integration uses it");
    assert_eq!(server.sql.count("SELECT COUNT(*) FROM oauth_apps", []).await, 2, "asking removes nothing");
    visitor.submit(&asked.form("/slack/remove")).await.leads_to(&format!("{project}?done=removed"));
    assert_eq!(server.sql.count("SELECT COUNT(*) FROM oauth_apps", []).await, 1);
    assert_eq!(server.integration("slack").await["status"], "active");
}

/// A key that is bound to the server's project.
async fn bound(server: &Server, scopes: &[&str]) -> String {
    let body = json!({"name": "bound", "scopes": scopes, "project_ids": [server.project]});
    let target = format!("/api/v1/orgs/{}/keys", server.organization);
    let made = server.call("POST", &target).json(&body).send().await;
    made.data()["key"].as_str().unwrap().to_owned()
}

async fn only_who_may_sees_and_sets_apps(server: &Server) {
    let admin = Visitor::signed_in(server).await;
    set(&admin, &of_org_page(server, "/github"), "of-org").await;
    let before = server.sql.rows("SELECT * FROM oauth_apps", []).await;
    let pages = ["", "/github", "/github/remove"];
    // Without oauth_apps:read nothing is shown, not even a link.
    let none = with_scopes(server, &["integrations:write"]).await;
    for rest in pages {
        for page in [of_org_page(server, rest), of_project_page(server, rest)] {
            none.get(&page).await.says(403, "You are not allowed to do that").says(403, "oauth_apps:");
        }
    }
    assert!(!none.get(&server.pages()).await.text.contains("oauth-apps"));
    // With it apps are shown without any form.
    let reads = with_scopes(server, &["write"]).await;
    reads.get(&server.pages()).await.says(200, "OAuth apps");
    for page in [of_org_page(server, ""), of_project_page(server, "")] {
        reads.get(&page).await.says(200, "Your role does not allow you to set one");
        let app = reads.get(&format!("{page}/github")).await;
        app.says(200, "Client id of-org").says(200, "Your role does not allow you to change this");
        for action in ["/github", "/github/check"] {
            assert!(!app.has_form(action), "{app:?}");
        }
        assert!(!app.text.contains("/remove"), "{app:?}");
        let form = app.form("/sign-out");
        for action in ["", "/check", "/remove"] {
            let forged = Form { action: format!("{page}/github{action}"), ..form.clone() };
            let forged = forged.with("client_id", "evil").with("client_secret", SECRET);
            reads.submit(&forged).await.says(403, "lacks the scope oauth_apps:admin");
        }
    }
    // A key that is bound to the project sets its apps, and sees none of the organization's pages.
    let key = bound(server, &["integrations:write", "oauth_apps:admin"]).await;
    let one = Visitor::signed_in_with(server, &key).await;
    let page = of_project_page(server, "/slack");
    let form = one.get(&page).await.form("/oauth-apps/slack");
    let filled = form.with("client_id", "c").with("client_secret", SECRET);
    one.submit(&filled).await.leads_to(&format!("{page}?done=set"));
    for rest in pages {
        one.get(&of_org_page(server, rest)).await.says(403, "This concerns the whole organization");
    }
    let forged = Form { action: of_org_page(server, "/slack"), ..filled };
    one.submit(&forged).await.says(403, "This concerns the whole organization");
    assert!(!one.get(&of_project_page(server, "")).await.text.contains("/dashboard/orgs/"));
    let github = "SELECT * FROM oauth_apps WHERE provider = 'github'";
    assert_eq!(server.sql.rows(github, []).await, before);
}

async fn a_role_decides_and_the_audit_log_names_the_person(server: &Server) {
    let stage = Stage::of(server).await;
    let page = of_org_page(server, "/github");
    for group in ["viewers", "operators"] {
        let visitor = stage.signed_in(&[group]).await;
        let shown = visitor.get(&page).await;
        shown.says(200, "Your role does not allow you to change this");
        let forged = Form { action: page.clone(), ..shown.form("/sign-out") };
        let forged = forged.with("client_id", "evil").with("client_secret", SECRET);
        visitor.submit(&forged).await.says(403, "You are not allowed to do that");
    }
    assert_eq!(recorded(&stage.server).await, []);
    let visitor = stage.signed_in(&["admins"]).await;
    set(&visitor, &page, "of-ann").await.leads_to(&format!("{page}?done=set"));
    let (_, action, actor, _) = recorded(&stage.server).await.pop().unwrap();
    let person = stage.server.sql.rows("SELECT id FROM users", []).await[0]["id"].clone();
    assert_eq!((action.as_str(), actor), ("oauth_app.set", person));
    stage.end().await;
}

async fn the_apps_of_others_are_nobodys_business(server: &Server) {
    let (organization, project, key): (_, _, Key) = server.other_organization().await;
    let theirs = Visitor::signed_in_with(server, &key.text).await;
    let page = format!("/dashboard/projects/{project}/oauth-apps/github");
    set(&theirs, &page, "of-theirs").await.leads_to(&format!("{page}?done=set"));
    let visitor = Visitor::signed_in(server).await;
    let before = server.sql.picture().await;
    let form = visitor.get(&of_org_page(server, "/github")).await.form("/oauth-apps/github");
    let form = form.with("client_id", "mine").with("client_secret", SECRET);
    let nobody = "org_00000000000000000000000000";
    let mut answers = Vec::new();
    for id in [organization.to_string(), nobody.to_owned(), "x".to_owned(), "%FF".to_owned()] {
        for rest in ["", "/github", "/github/remove"] {
            let page = visitor.get(&format!("/dashboard/orgs/{id}/oauth-apps{rest}")).await;
            answers.push(
                page.says(403, "not the organization that you work on")
                    .words()
                    .replace(page.header("x-request-id").unwrap(), ""),
            );
        }
        for action in ["", "/check", "/remove"] {
            let action = format!("/dashboard/orgs/{id}/oauth-apps/github{action}");
            visitor.submit(&Form { action, ..form.clone() }).await.says(403, "not the organization");
        }
    }
    assert!(answers.windows(2).all(|pair| pair[0] == pair[1]), "one answer for all: {answers:?}");
    for (id, status) in [(project.to_string(), 403), ("prj_00000000000000000000000000".to_owned(), 404)] {
        let apps = format!("/dashboard/projects/{id}/oauth-apps");
        for rest in ["", "/github", "/github/remove"] {
            assert_eq!(visitor.get(&format!("{apps}{rest}")).await.status, status);
        }
        for action in ["", "/check", "/remove"] {
            let action = format!("{apps}/github{action}");
            assert_eq!(visitor.submit(&Form { action, ..form.clone() }).await.status, status);
        }
    }
    assert_eq!(server.sql.picture().await, before);
}

async fn no_form_is_taken_without_its_token_or_from_another_site(server: &Server) {
    let visitor = Visitor::signed_in(server).await;
    let page = of_project_page(server, "/github");
    set(&visitor, &page, "c").await;
    let shown = visitor.get(&page).await;
    let asked = visitor.get(&format!("{page}/remove")).await;
    let set = shown.form("/oauth-apps/github").with("client_id", "d").with("client_secret", SECRET);
    let before = server.sql.picture().await;
    for form in [set, shown.form("/github/check"), asked.form("/github/remove")] {
        let foreign = |request: RequestBuilder| request.header("sec-fetch-site", "cross-site");
        let other = Visitor::signed_in(server).await;
        for answer in [
            visitor.submit(&form.clone().without("csrf")).await,
            visitor.submit(&form.clone().with("csrf", "x")).await,
            visitor.submit_with(&form, foreign).await,
            other.submit(&form).await,
        ] {
            answer.says(403, "This form cannot be used any more");
        }
    }
    assert_eq!(server.sql.rows("SELECT client_id FROM oauth_apps", []).await, [json!({"client_id": "c"})]);
    assert_eq!(server.sql.picture().await, before);
    // Neither a script nor a frame gets a page.
    for path in [page.clone(), of_org_page(server, ""), format!("{page}/remove")] {
        let framed = visitor.get_with(&path, |request| request.header("sec-fetch-dest", "iframe")).await;
        framed.says(403, "Open this page in a browser's window");
    }
}

async fn who_is_not_signed_in_comes_back_to_the_page(server: &Server) {
    for page in [
        of_org_page(server, ""),
        of_org_page(server, "/github"),
        of_project_page(server, ""),
        of_project_page(server, "/github"),
    ] {
        let visitor = Visitor::new(server);
        let sent = visitor.get(&page).await;
        let sign_in = visitor.follow(&sent).await;
        visitor.submit(&sign_in.form("/sign-in").with("api_key", &server.key.text)).await.leads_to(&page);
        visitor.get(&page).await.says(200, "OAuth app");
    }
}

async fn who_may_is_led_from_a_provider_without_an_app_to_its_app(server: &Server) {
    let visitor = Visitor::signed_in(server).await;
    let app = of_project_page(server, "/github");
    let page = visitor.provider("github").await;
    page.says(200, "You can set one for this project");
    assert!(page.text.contains(&format!("href=\"{app}\"")), "{page:?}");
    let other = with_scopes(server, &["write"]).await.provider("github").await;
    other.says(200, "An admin of Acme sets one on the page OAuth apps");
    assert!(!other.text.contains(&app), "{other:?}");
}

async fn an_app_is_checked_and_the_answer_is_told_in_words(server: &Server, simulator: &Simulator) {
    let visitor = Visitor::signed_in(server).await;
    let before = server.sql.picture().await;
    // The operator's app.
    let page = of_project_page(server, "/slack");
    let check = async |page: &str| visitor.submit(&visitor.get(page).await.form("/check")).await;
    check(&page).await.says(200, "The check succeeded").says(200, "Slack takes the request");
    // A shop is asked for, and what was typed stays.
    let shop = of_org_page(server, "/shopify");
    let refused = check(&shop).await;
    assert_eq!(
        refused.says(422, "The app was not checked").problem("connection.subdomain").unwrap(),
        "Required"
    );
    let subdomain = simulator.connections("shopify")[0]["subdomain"].as_str().unwrap().to_owned();
    let checked = visitor.submit(&refused.form("/check").with("connection.subdomain", &subdomain)).await;
    checked.says(200, "The check succeeded");
    assert_eq!(checked.form("/check").value("connection.subdomain"), Some(subdomain.as_str()));
    assert_eq!(server.sql.picture().await, before, "a check stores nothing");
    let by_api = server.call("POST", &of_organization(server, "/shopify/check")).send().await;
    assert_eq!(by_api.issues(), ["connection.subdomain: Required"]);
    // One that the provider does not know.
    let form = visitor.get(&page).await.form("/oauth-apps/slack");
    visitor.submit(&form.with("client_id", "unknown").with("client_secret", SECRET)).await;
    let failed = check(&page).await;
    failed.says(200, "The check failed").says(200, "Slack refuses the request").says(200, "the status 400");
    assert_eq!(visitor.get(&of_org_page(server, "/slack")).await.status, 200);
    check(&of_org_page(server, "/slack")).await.says(200, "The check succeeded");
}
