//! The projects of an organization on its pages.

use serde_json::{Value, json};
use time::Duration;

use super::{
    people::Stage,
    visitor::{Form, Page, Visitor},
};
use crate::support::{Server, server::Key};

on_both!(
    a_project_is_made_changed_archived_and_brought_back,
    what_is_wrong_with_a_project_is_told_beside_its_field,
    a_project_is_branded_on_its_page,
    who_may_not_change_projects_has_neither_button_nor_effect,
    a_key_that_is_bound_to_projects_sees_these_and_makes_none,
    pages_of_another_organization_are_refused,
    forms_of_organizations_are_taken_from_our_own_pages_alone,
    a_form_does_not_undo_what_somebody_else_changed,
    a_page_of_an_organization_is_led_to_after_signing_in,
);

/// The address of an organization's page.
pub(super) fn at(server: &Server, rest: &str) -> String {
    format!("/dashboard/orgs/{}{rest}", server.organization)
}

/// The last id in the address to which a page leads.
pub(super) fn id_of(page: &Page) -> String {
    let address = page.header("location").unwrap_or_else(|| panic!("{page:?}"));
    address.split('?').next().unwrap().rsplit('/').next().unwrap().to_owned()
}

/// A form that its sender made up.
pub(super) fn forged(page: &Page, action: String) -> Form {
    let csrf = page.form("/sign-out").value("csrf").unwrap().to_owned();
    Form { action, fields: Vec::new() }.with("csrf", &csrf)
}

/// A key with these scopes that is bound to the server's project.
pub(super) async fn bound_key(server: &Server, scopes: &[&str]) -> Key {
    let body = json!({"name": "Bound", "scopes": scopes, "project_ids": [server.project]});
    let target = format!("/api/v1/orgs/{}/keys", server.organization);
    let made = server.call("POST", &target).json(&body).send().await;
    let data = made.data();
    let text = |field: &str| data[field].as_str().unwrap().to_owned();
    Key { id: text("id").parse().unwrap(), text: text("key") }
}

async fn stored(server: &Server, id: &str) -> Value {
    let target = format!("/api/v1/orgs/{}/projects/{id}", server.organization);
    server.call("GET", &target).send().await.data().clone()
}

async fn create(visitor: &Visitor<'_>, name: &str) -> String {
    let list = visitor.get("/dashboard").await;
    id_of(&visitor.submit(&list.form("/projects").with("name", name)).await)
}

async fn a_project_is_made_changed_archived_and_brought_back(server: &Server) {
    let visitor = Visitor::signed_in(server).await;
    let list = visitor.get(&at(server, "/projects")).await;
    list.says(200, "Projects").says(200, "API keys").says(200, "OAuth apps");
    let created = visitor.submit(&list.form("/projects").with("name", "Help <desk>")).await;
    let id = id_of(&created);
    let page_of = at(server, &format!("/projects/{id}"));
    created.leads_to(&format!("{page_of}?done=created"));
    visitor.follow(&created).await.says(200, "The project is created").says(200, "Help <desk>");
    visitor.get(&at(server, "/projects")).await.says(200, "Help <desk>");

    let page = visitor.get(&page_of).await;
    let form = page.form(&id).with("name", "Help desk").with("domain", "https://Help.Example.com/x");
    visitor.submit(&form).await.leads_to(&format!("{page_of}?done=changed"));
    let project = stored(server, &id).await;
    assert_eq!(
        (&project["name"], &project["slug"], &project["domain"]),
        (&json!("Help desk"), &json!("help-desk"), &json!("help.example.com"))
    );
    // An emptied field is taken away.
    let form = visitor.get(&page_of).await.form(&id).with("domain", "").with("slug", "help");
    visitor.submit(&form).await.leads_to(&format!("{page_of}?done=changed"));
    let project = stored(server, &id).await;
    assert_eq!((&project["slug"], &project["domain"]), (&json!("help"), &json!(null)));

    let question = visitor.get(&format!("{page_of}/archive")).await;
    question.says(200, "Archive Help desk?").says(200, "it can be brought back");
    assert_eq!(stored(server, &id).await["archived_at"], json!(null), "a question changes nothing");
    visitor.submit(&question.form("/archive")).await.leads_to(&format!("{page_of}?done=archived"));
    visitor.submit(&question.form("/archive")).await.leads_to(&format!("{page_of}?done=archived"));
    let project_page = format!("/dashboard/projects/{id}");
    visitor.get(&project_page).await.says(404, "There is no such project");
    visitor.get(&at(server, "/projects")).await.says(200, "Destroyed in");
    let archived = visitor.get(&page_of).await;
    archived.says(200, "Before that, it can be brought back");
    assert!(!archived.has_form(&id), "nothing can be changed in it: {archived:?}");

    visitor.submit(&archived.form("/restore")).await.leads_to(&format!("{page_of}?done=restored"));
    visitor.get(&project_page).await.says(200, "Integrations");
    let sql = "SELECT * FROM audit_events WHERE project_id = $1 ORDER BY id";
    let events = server.sql.rows(sql, [id.as_str().into()]).await;
    let actions: Vec<_> = events.iter().map(|event| event["action"].as_str().unwrap()).collect();
    let expected = ["created", "updated", "updated", "revoked", "restored"];
    assert_eq!(actions, expected.map(|action| format!("project.{action}")));
    let key = json!(server.key.id.to_string());
    assert!(events.iter().all(|event| event["actor_key_id"] == key), "{events:?}");

    // After the grace nothing brings it back.
    visitor.submit(&question.form("/archive")).await.leads_to(&format!("{page_of}?done=archived"));
    server.clock.advance(Duration::days(31));
    let visitor = Visitor::signed_in(server).await;
    let late = visitor.get(&page_of).await;
    late.says(200, "is over");
    assert!(!late.has_form("/restore"));
    let restore = forged(&late, format!("{page_of}/restore"));
    visitor.submit(&restore).await.says(409, "cannot be brought back any more");
    assert!(!visitor.get(&at(server, "/projects")).await.words().contains("Help desk"));
}

async fn what_is_wrong_with_a_project_is_told_beside_its_field(server: &Server) {
    let visitor = Visitor::signed_in(server).await;
    create(&visitor, "Taken").await;
    let list = visitor.get(&at(server, "/projects")).await;
    let form = list.form("/projects");
    for (name, slug, domain, field, problem) in [
        (" ", "", "", "name", "Must not be blank"),
        ("A\u{202e}", "", "", "name", "Must not contain U+202E"),
        ("A", "Not A Slug", "", "slug", "Must be 1 to 63 lower-case letters"),
        ("A", "taken", "", "slug", "Another project of the organization has this slug"),
        ("A", "", "localhost", "domain", "Must be a domain"),
    ] {
        let form = form.clone().with("name", name).with("slug", slug).with("domain", domain);
        let again = visitor.submit(&form).await;
        again.says(422, "The project was not created");
        let told = again.problem(field).unwrap_or_else(|| panic!("{field}: {again:?}"));
        assert!(told.starts_with(problem), "{told}");
        let kept = again.form("/projects");
        for (typed, value) in [("name", name), ("slug", slug), ("domain", domain)] {
            assert_eq!(kept.value(typed), Some(value), "{typed}");
        }
    }
    let count = "SELECT COUNT(*) FROM projects WHERE name LIKE 'A%'";
    assert_eq!(server.sql.count(count, []).await, 0);
    let other = create(&visitor, "Other").await;
    let page = visitor.get(&at(server, &format!("/projects/{other}"))).await;
    let refused = visitor.submit(&page.form(&other).with("slug", "taken").with("name", "New")).await;
    refused.says(422, "The project was not changed");
    assert!(refused.problem("slug").is_some() && refused.form(&other).value("name") == Some("New"));
    assert_eq!(stored(server, &other).await["name"], "Other");
}

async fn a_project_is_branded_on_its_page(server: &Server) {
    let visitor = Visitor::signed_in(server).await;
    let id = server.project.to_string();
    let page_of = at(server, &format!("/projects/{id}"));
    let page = visitor.get(&page_of).await;
    let form = page
        .form("/branding")
        .with("branding.name", "Parcel Pro")
        .with("branding.accent", "0A7755")
        .with("branding.support", "help@parcel.example");
    visitor.submit(&form).await.leads_to(&format!("{page_of}?done=changed"));
    let branding = stored(server, &id).await["branding"].clone();
    assert_eq!((&branding["name"], &branding["accent"]), (&json!("Parcel Pro"), &json!("#0a7755")));
    let again = visitor.get(&page_of).await.form("/branding");
    assert_eq!(again.value("branding.support"), Some("help@parcel.example"));
    visitor.submit(&form).await.says(412, "Somebody else changed this in the meantime");

    for (field, value, problem) in [
        ("branding.accent", "#ffee00", "Is too faint on light pages"),
        ("branding.accent_dark", "#16171b", "Is too faint on dark pages"),
        ("branding.accent", "green", "Must be a colour"),
        ("branding.accent", "", "Required beside accent_dark"),
        ("branding.support", "http://parcel.example", "Must be a mail address"),
        ("branding.logo", "gone.svg", "The operator has no logo gone.svg"),
    ] {
        let refused = visitor.submit(&again.clone().with(field, value)).await;
        refused.says(422, "The project was not changed");
        let told = refused.problem(field).unwrap_or_else(|| panic!("{field}: {refused:?}"));
        assert!(told.starts_with(problem), "{told}");
        assert_eq!(refused.form("/branding").value("branding.name"), Some("Parcel Pro"));
        assert_eq!(
            refused.form(&id).value("slug"),
            Some(stored(server, &id).await["slug"].as_str().unwrap())
        );
    }
    assert_eq!(stored(server, &id).await["branding"], branding);
    let emptied = ["name", "accent", "accent_dark", "support"]
        .into_iter()
        .fold(again, |form, field| form.with(&format!("branding.{field}"), ""));
    visitor.submit(&emptied).await.leads_to(&format!("{page_of}?done=changed"));
    assert_eq!(stored(server, &id).await["branding"], Value::Null);
}

async fn who_may_not_change_projects_has_neither_button_nor_effect(server: &Server) {
    let stage = Stage::of(server).await;
    let project = server.project.to_string();
    let page_of = at(server, &format!("/projects/{project}"));
    let operator = stage.signed_in(&["operators"]).await;
    let list = operator.get(&at(server, "/projects")).await;
    let page = operator.get(&page_of).await;
    let forms = [
        list.form("/projects").with("name", "Forged"),
        page.form(&project).with("name", "Forged"),
        operator.get(&format!("{page_of}/archive")).await.form("/archive"),
    ];
    let before = stored(server, &project).await;

    let viewer = stage.signed_in(&["viewers"]).await;
    let seen = viewer.get(&at(server, "/projects")).await;
    seen.says(200, "Support");
    for page in [&seen, &viewer.get(&page_of).await] {
        assert_eq!(page.text.matches("method=\"post\"").count(), 1, "only the one to sign out: {page:?}");
        assert!(!page.text.contains("/archive"), "{page:?}");
    }
    viewer.get(&format!("{page_of}/archive")).await.says(403, "lacks the scope projects:write");
    let csrf = seen.form("/sign-out").value("csrf").unwrap().to_owned();
    let restore = forged(&seen, format!("{page_of}/restore"));
    for form in forms.into_iter().chain([restore]) {
        let answer = viewer.submit(&form.with("csrf", &csrf)).await;
        answer.says(403, "You are not allowed to do that").says(403, "lacks the scope projects:write");
    }
    assert_eq!(stored(server, &project).await, before);
    assert_eq!(server.sql.count("SELECT COUNT(*) FROM projects", []).await, 1);

    // A key without any scope on projects has the list of its projects at home, and nothing else of them.
    let key = server.key_for(&["integrations:write"]).await;
    let visitor = Visitor::signed_in_with(server, &key.text).await;
    let home = visitor.get("/dashboard").await;
    home.says(200, "Support");
    for absent in ["/projects\"", "/keys", "/oauth-apps", "New project"] {
        assert!(!home.text.contains(absent), "{absent}: {home:?}");
    }
    for path in [at(server, "/projects"), page_of] {
        visitor.get(&path).await.says(403, "lacks the scope projects:read");
    }
    let tabs = visitor.get(&server.pages()).await;
    assert!(!tabs.text.contains(">Settings<") && !tabs.text.contains("OAuth apps"), "{tabs:?}");
    stage.end().await;
}

async fn a_key_that_is_bound_to_projects_sees_these_and_makes_none(server: &Server) {
    let other = server.other_project().await;
    let key = bound_key(server, &["write"]).await;
    let visitor = Visitor::signed_in_with(server, &key.text).await;
    let list = visitor.get(&at(server, "/projects")).await;
    assert!(list.text.contains(&server.project.to_string()) && !list.text.contains(&other.to_string()));
    assert!(!list.has_form("/projects") && !list.words().contains("OAuth apps"), "{list:?}");
    let create = forged(&list, at(server, "/projects")).with("name", "Forged");
    visitor.submit(&create).await.says(403, "This API key makes no projects");
    let foreign = at(server, &format!("/projects/{other}"));
    assert!(matches!(visitor.get(&foreign).await.status, 403 | 404));
    let form = forged(&list, format!("{foreign}/archive"));
    assert!(matches!(visitor.submit(&form).await.status, 403 | 404));
    assert_eq!(stored(server, &other.to_string()).await["archived_at"], json!(null));
    assert_eq!(server.sql.count("SELECT COUNT(*) FROM projects WHERE name = 'Forged'", []).await, 0);
    let own = at(server, &format!("/projects/{}", server.project));
    let page = visitor.get(&own).await;
    visitor.submit(&page.form(&server.project.to_string()).with("name", "Own")).await;
    assert_eq!(stored(server, &server.project.to_string()).await["name"], "Own");
}

async fn pages_of_another_organization_are_refused(server: &Server) {
    let (foreign, project, key) = server.other_organization().await;
    let visitor = Visitor::signed_in(server).await;
    let home = visitor.get("/dashboard").await;
    let title = "This is not the organization that you work on";
    let unknown = "org_00000000000000000000000001".to_owned();
    for organization in [foreign.to_string(), unknown, "nonsense".to_owned(), "%ff".to_owned()] {
        let base = format!("/dashboard/orgs/{organization}");
        for (path, has_page) in [
            (format!("{base}/projects"), true),
            (format!("{base}/projects/{project}"), true),
            (format!("{base}/projects/{project}/archive"), true),
            (format!("{base}/projects/{project}/restore"), false),
            (format!("{base}/projects/{project}/branding"), false),
            (format!("{base}/keys"), true),
            (format!("{base}/keys/{}", key.id), true),
            (format!("{base}/keys/{}/revoke", key.id), true),
            (format!("{base}/keys/{}/rotate", key.id), false),
        ] {
            if has_page {
                visitor.get(&path).await.says(403, title);
            }
            visitor.submit(&forged(&home, path)).await.says(403, title);
        }
    }
    // What is another organization's is not found below one's own.
    let own = at(server, &format!("/projects/{project}"));
    visitor.get(&own).await.says(403, "belongs to another organization");
    visitor.submit(&forged(&home, format!("{own}/archive"))).await.says(403, "another organization");
    let own = at(server, &format!("/keys/{}", key.id));
    visitor.get(&own).await.says(404, "There is no such API key");
    for action in ["/revoke", "/rotate", ""] {
        let form = forged(&home, format!("{own}{action}")).with("overlap", "0");
        visitor.submit(&form).await.says(404, "There is no such API key");
    }
    for nothing in ["/projects/prj_1", "/projects/prj_00000000000000000000000001"] {
        visitor.get(&at(server, nothing)).await.says(404, "There is no such project");
    }
    visitor.get(&at(server, "/keys/nonsense")).await.says(404, "There is no such API key");
    let untouched = "SELECT COUNT(*) FROM api_keys WHERE revoked_at IS NULL";
    assert_eq!(server.sql.count(untouched, []).await, 2);
    assert_eq!(server.sql.count("SELECT COUNT(*) FROM projects WHERE revoked_at IS NULL", []).await, 2);
}

async fn forms_of_organizations_are_taken_from_our_own_pages_alone(server: &Server) {
    let visitor = Visitor::signed_in(server).await;
    let project = at(server, &format!("/projects/{}", server.project));
    let key = at(server, &format!("/keys/{}", server.key.id));
    let home = visitor.get("/dashboard").await;
    for action in [
        at(server, "/projects"),
        project.clone(),
        format!("{project}/archive"),
        format!("{project}/restore"),
        format!("{project}/branding"),
        at(server, "/keys"),
        key.clone(),
        format!("{key}/rotate"),
        format!("{key}/revoke"),
    ] {
        let form = forged(&home, action.clone()).with("name", "Forged").with("overlap", "0");
        let refused = "This form cannot be used any more";
        visitor.submit(&form.clone().without("csrf")).await.says(403, refused);
        visitor.submit(&form.clone().with("csrf", "made-up")).await.says(403, refused);
        let from_elsewhere = visitor.submit_with(&form, |request| {
            request.header("sec-fetch-site", "cross-site").header("origin", "https://evil.example")
        });
        from_elsewhere.await.says(403, refused);
    }
    let sql = "SELECT COUNT(*) FROM audit_events WHERE actor_kind <> 'operator'";
    assert_eq!(server.sql.count(sql, []).await, 0);
}

async fn a_form_does_not_undo_what_somebody_else_changed(server: &Server) {
    let visitor = Visitor::signed_in(server).await;
    let id = server.project.to_string();
    let path = at(server, &format!("/projects/{id}"));
    let stale = visitor.get(&path).await.form(&id).with("domain", "mine.example.com");
    let first = visitor.get(&path).await.form(&id).with("name", "Theirs");
    visitor.submit(&first).await.leads_to(&format!("{path}?done=changed"));
    let refused = visitor.submit(&stale).await;
    refused.says(412, "Somebody else changed this in the meantime");
    assert_eq!(refused.form(&id).value("name"), Some("Theirs"), "it shows the current state");
    let project = stored(server, &id).await;
    assert_eq!((&project["name"], &project["domain"]), (&json!("Theirs"), &json!(null)));
    visitor.submit(&refused.form(&id).with("domain", "mine.example.com")).await;
    assert_eq!(stored(server, &id).await["domain"], "mine.example.com");
}

async fn a_page_of_an_organization_is_led_to_after_signing_in(server: &Server) {
    let key = at(server, &format!("/keys/{}", server.key.id));
    for (asked, page) in [
        (at(server, "/projects"), at(server, "/projects")),
        (at(server, "/keys/new"), at(server, "/keys/new")),
        (format!("{key}/revoke"), key.clone()),
    ] {
        let visitor = Visitor::new(server);
        let sign_in = visitor.follow(&visitor.get(&asked).await).await;
        let form = sign_in.form("/sign-in").with("api_key", &server.key.text);
        visitor.submit(&form).await.leads_to(&page);
    }
}
