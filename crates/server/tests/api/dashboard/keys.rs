//! The API keys of an organization on its pages.

use std::time::Duration as Wait;

use riq_server::{environment::Clock as _, jobs::Job as _, services::key_uses::KeyUsesFlush};
use serde_json::{Value, json};
use time::Duration;

use integrations_core::tier::Tier;

use super::{
    people::Stage,
    projects::{at, bound_key, forged, id_of},
    visitor::{Form, Page, Visitor},
};
use crate::support::{Server, eventually, server::Key};

on_both!(
    a_new_key_is_shown_once_works_and_is_recorded,
    the_list_says_what_each_key_may_do_and_who_made_it,
    a_key_that_is_too_wide_for_an_agent_is_warned_of,
    nothing_but_reading_is_preselected,
    what_is_wrong_with_a_key_is_told_beside_its_field,
    nobody_grants_more_than_they_hold_by_any_form,
    nobody_who_may_use_all_projects_grants_more_either,
    a_key_has_no_more_life_and_no_higher_tier_than_its_maker,
    a_key_is_changed_and_nothing_of_others_is_undone,
    a_rotated_key_stops_at_once_or_after_the_overlap,
    a_key_is_revoked_after_a_question,
    who_may_not_change_keys_has_neither_button_nor_effect,
);

const PATIENCE: Wait = Wait::from_secs(30);

/// The key that a page shows.
fn shown(page: &Page) -> String {
    let rest = page.text.split("id=\"key\">").nth(1).unwrap_or_else(|| panic!("{page:?}"));
    rest.split('<').next().unwrap().to_owned()
}

/// The form for a new key, filled in: to read, in all projects, for a month.
async fn filled(visitor: &Visitor<'_>, server: &Server, name: &str) -> Form {
    let page = visitor.get(&at(server, "/keys/new")).await;
    page.form("/keys").with("name", name).with("reach", "all").with("life", "30d")
}

async fn status(server: &Server, key: &str) -> u16 {
    server.call_as(key, "GET", &server.at("")).send().await.status
}

async fn listed(server: &Server) -> Vec<Value> {
    let target = format!("/api/v1/orgs/{}/keys", server.organization);
    let mut keys = server.call("GET", &target).send().await.data().as_array().unwrap().clone();
    // It is stored at any time.
    keys.iter_mut().for_each(|key| drop(key.as_object_mut().unwrap().remove("last_used_at")));
    keys
}

/// The record of the last key that was made.
async fn last(server: &Server) -> Value {
    listed(server).await.pop().unwrap()
}

async fn events(server: &Server, action: &str) -> Vec<Value> {
    let sql = "SELECT * FROM audit_events WHERE action = $1 AND actor_kind <> 'operator' ORDER BY id";
    server.sql.rows(sql, [action.into()]).await
}

async fn a_new_key_is_shown_once_works_and_is_recorded(server: &Server) {
    let stage = Stage::of(server).await;
    let admin = stage.signed_in(&["admins"]).await;
    let form = filled(&admin, server, "Help desk").await.with("scope.integrations:write", "on");
    let made = admin.submit(&form).await;
    made.says(200, "Store it now. It is not shown again");
    assert_eq!((made.header("location"), made.header("cache-control")), (None, Some("no-store")));
    assert!(made.cookies().is_empty(), "{made:?}");
    let key = shown(&made);
    assert_eq!(status(&stage.server, &key).await, 200);
    let record = last(server).await;
    assert_eq!(
        (&record["name"], &record["scopes"], &record["project_ids"]),
        (&json!("Help desk"), &json!(["read", "integrations:write"]), &json!(null))
    );
    // No other page has it, nor has the log or the database.
    let page_of = at(server, &format!("/keys/{}", record["id"].as_str().unwrap()));
    for path in [at(server, "/keys"), page_of.clone(), format!("{page_of}/revoke"), server.pages()] {
        let page = admin.get(&path).await;
        assert!(page.status == 200 && !page.text.contains(&key), "{path}");
    }
    assert!(made.text.contains(&format!("href=\"{page_of}\"")), "{made:?}");
    for table in server.sql.tables().await {
        let rows = server.sql.rows(&format!("SELECT * FROM {table}"), []).await;
        assert!(!serde_json::to_string(&rows).unwrap().contains(&key), "{table}");
    }
    assert_eq!(crate::support::hidden::times_told(&[key.as_str()]), 0);
    // The log and the list name the person.
    let event = &events(server, "api_key.created").await[0];
    let person = &server.sql.rows("SELECT * FROM users", []).await[0]["id"];
    assert_eq!((&event["actor_kind"], &event["actor_key_id"]), (&json!("user"), person));
    assert_eq!(&record["created_by"], person);
    admin.get(&at(server, "/keys")).await.says(200, "made by Ann & Co");
    // By a session of a key, the key made it.
    let visitor = Visitor::signed_in(server).await;
    visitor.submit(&filled(&visitor, server, "Second").await).await.says(200, "Store it now");
    let by = json!(server.key.id.to_string());
    assert_eq!(
        (&last(server).await["created_by"], &events(server, "api_key.created").await[1]["actor_key_id"]),
        (&by, &by)
    );
    stage.end().await;
}

async fn a_key_that_is_too_wide_for_an_agent_is_warned_of(server: &Server) {
    let visitor = Visitor::signed_in(server).await;
    let form = filled(&visitor, server, "Agent").await.with("scope.actions:write", "on");
    let made = visitor.submit(&form).await;
    assert!(!made.text.contains("Not for an agent"), "{made:?}");
    let form = filled(&visitor, server, "Wide").await.with("scope.actions:write", "on");
    let made = visitor.submit(&form.with("scope.integrations:write", "on")).await;
    made.says(200, "can call actions and also permit them to itself (integrations:write)");
    let wide = at(server, &format!("/keys/{}", last(server).await["id"].as_str().unwrap()));
    visitor.get(&wide).await.says(200, "Not for an agent");
}

async fn the_list_says_what_each_key_may_do_and_who_made_it(server: &Server) {
    let used = server.key_with(&["read", "audit:read"], Tier::Pro, None).await;
    assert_eq!(status(server, &used.text).await, 200);
    KeyUsesFlush::new(server.store.clone(), server.app.services.api_keys.uses()).round().await.unwrap();
    bound_key(server, &["integrations:read"]).await;
    let ended = server.key_with(&["read"], Tier::Starter, None).await;
    server.revoke(&ended).await;
    let visitor = Visitor::signed_in(server).await;
    let page = visitor.get(&at(server, "/keys")).await;
    let words = page.words();
    for expected in [
        "read , audit:read All projects · tier pro · made by the operator of this server Last used",
        "integrations:read Support · tier enterprise · made by the key A test's Never used No end",
        "Revoked or expired 1",
        "tier starter · made by the operator of this server Never used Revoked",
    ] {
        assert!(words.contains(expected), "{expected}: {words}");
    }
    // A bound key sees the keys within its projects alone.
    let key = bound_key(server, &["integrations:write", "keys:read"]).await;
    let visitor = Visitor::signed_in_with(server, &key.text).await;
    let page = visitor.get(&at(server, "/keys")).await;
    assert_eq!(page.text.matches("class=\"row\"").count(), 2, "{page:?}");
}

async fn nothing_but_reading_is_preselected(server: &Server) {
    let visitor = Visitor::signed_in(server).await;
    let page = visitor.get(&at(server, "/keys/new")).await;
    let form = page.form("/keys");
    let ticked: Vec<&str> = form.fields.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(ticked, ["csrf", "name", "scope.read", "reach", "life", "tier"]);
    assert_eq!((form.value("reach"), form.value("life")), (Some(""), Some("")));
    assert_eq!(form.value("tier"), Some("starter"));
    // Each scope says what it covers, and each field has its label.
    page.says(200, "Create, change, rotate and revoke API keys that may do no more than itself");
    assert!(page.text.contains("<label for=\"scope.keys:admin\">"), "{page:?}");
}

async fn what_is_wrong_with_a_key_is_told_beside_its_field(server: &Server) {
    let visitor = Visitor::signed_in(server).await;
    let before = listed(server).await.len();
    let form = filled(&visitor, server, "Help desk").await.with("scope.audit:read", "on");
    let project = format!("project.{}", server.project);
    for (form, field, problem) in [
        (form.clone().with("name", " "), "name", "Must not be blank"),
        (form.clone().without("scope.read").without("scope.audit:read"), "scopes", "Must name at least one"),
        (form.clone().with("scope.root", "on"), "scopes", "entry 2: unknown scope"),
        (form.clone().with("reach", ""), "reach", "Choose where it works"),
        (form.clone().with("reach", "ticked"), "project_ids", "Tick at least one"),
        (form.clone().with(&project, "on"), "project_ids", "Choose either"),
        (form.clone().with("life", ""), "life", "Choose how long"),
        (form.clone().with("life", "999d"), "life", "Choose how long"),
        (form.clone().with("tier", ""), "tier", "Expected one of"),
    ] {
        let again = visitor.submit(&form).await;
        again.says(422, "The key was not created");
        let told = again.problem(field).unwrap_or_else(|| panic!("{field}: {again:?}"));
        assert!(told.starts_with(problem), "{told}");
        let kept = again.form("/keys");
        assert_eq!(kept.value("name"), form.value("name"));
        for box_of in ["scope.read", "scope.audit:read", &project] {
            assert_eq!(kept.value(box_of), form.value(box_of), "{box_of}");
        }
    }
    assert_eq!(listed(server).await.len(), before);
}

async fn nobody_grants_more_than_they_hold_by_any_form(server: &Server) {
    let other = server.other_project().await;
    let (_, foreign, _) = server.other_organization().await;
    let bound = bound_key(server, &["integrations:write", "keys:admin"]).await;
    let strong = server.key_for(&["admin"]).await;
    let visitor = Visitor::signed_in_with(server, &bound.text).await;
    let page = visitor.get(&at(server, "/keys/new")).await;
    for offered in ["scope.integrations:write", "scope.keys:admin", &format!("project.{}", server.project)] {
        assert!(page.text.contains(&format!("id=\"{offered}\"")), "{offered}: {page:?}");
    }
    for absent in
        ["scope.read", "scope.write", "scope.admin", "scope.audit:read", "value=\"all\"", &other.to_string()]
    {
        assert!(!page.text.contains(absent), "{absent}: {page:?}");
    }
    let own = format!("project.{}", server.project);
    let form = page.form("/keys").with("name", "Forged").with("scope.integrations:write", "on");
    let form = form.with("reach", "ticked").with(&own, "on").with("life", "30d");
    let attempts = async |form: &Form| {
        for scope in ["admin", "write", "read", "integrations:admin", "oauth_apps:admin", "approvals:admin"] {
            let again = visitor.submit(&form.clone().with(&format!("scope.{scope}"), "on")).await;
            again.says(403, "was not c");
            let told = again.problem("scopes").unwrap();
            assert!(told.contains(&format!("the scope {scope} goes beyond your own")), "{told}");
        }
        for project in [other, foreign] {
            let again = visitor.submit(&form.clone().with(&format!("project.{project}"), "on")).await;
            assert!(matches!(again.status, 403 | 422), "{again:?}");
            assert!(again.problem("project_ids").is_some(), "{again:?}");
        }
        let all = form.clone().without(&own).with("reach", "all");
        let again = visitor.submit(&all).await;
        assert!(again.says(403, "was not c").problem("project_ids").is_some(), "{again:?}");
    };
    let before = listed(server).await;
    attempts(&form).await;
    assert_eq!(listed(server).await, before);
    // What is within is granted; and then not widened by a change.
    visitor.submit(&form).await.says(200, "Store it now");
    let made = last(server).await;
    assert_eq!(made["project_ids"], json!([server.project.to_string()]));
    let id = made["id"].as_str().unwrap();
    let change = visitor.get(&at(server, &format!("/keys/{id}"))).await.form(id);
    let before = listed(server).await;
    attempts(&change).await;
    // Neither reached nor rotated nor revoked is what may do more, or elsewhere.
    for action in ["", "/rotate", "/revoke"] {
        let target = at(server, &format!("/keys/{}{action}", strong.id));
        let form = forged(&page, target).with("overlap", "0").with("name", "Mine");
        visitor.submit(&form).await.says(404, "There is no such API key");
    }
    assert_eq!(listed(server).await, before);
}

async fn nobody_who_may_use_all_projects_grants_more_either(server: &Server) {
    let (_, foreign, _) = server.other_organization().await;
    let strong = server.key_for(&["admin"]).await;
    let wide = server.key_for(&["integrations:write", "keys:admin"]).await;
    let before = listed(server).await;
    let visitor = Visitor::signed_in_with(server, &wide.text).await;
    let page = visitor.get(&at(server, &format!("/keys/{}", strong.id))).await;
    visitor.submit(&page.form("/rotate")).await.says(403, "goes beyond your own scopes");
    // A project of another organization is none for who may use all projects.
    let form = filled(&visitor, server, "Forged")
        .await
        .with("scope.integrations:write", "on")
        .with("reach", "ticked");
    let again = visitor.submit(&form.with(&format!("project.{foreign}"), "on")).await;
    assert!(again.says(422, "was not created").problem("project_ids").unwrap().contains("no such project"));
    assert_eq!(listed(server).await, before);
}

async fn a_key_has_no_more_life_and_no_higher_tier_than_its_maker(server: &Server) {
    let end = server.clock.now() + Duration::days(10);
    let maker = server.key_with(&["integrations:write", "keys:admin"], Tier::Pro, Some(end)).await;
    let visitor = Visitor::signed_in_with(server, &maker.text).await;
    let page = visitor.get(&at(server, "/keys/new")).await;
    page.says(200, "As long as yours");
    assert!(page.text.contains("value=\"7d\"") && !page.text.contains("value=\"30d\""), "{page:?}");
    assert!(page.text.contains("value=\"pro\"") && !page.text.contains("value=\"scale\""), "{page:?}");
    let form = page.form("/keys").with("name", "Short").with("scope.keys:admin", "on").with("reach", "all");
    let again = visitor.submit(&form.clone().with("life", "7d").with("tier", "scale")).await;
    assert!(again.says(403, "was not created").problem("tier").unwrap().contains("your own"), "{again:?}");
    let again = visitor.submit(&form.clone().with("life", "365d")).await;
    assert!(again.says(403, "was not created").problem("life").unwrap().contains("outlast"), "{again:?}");
    visitor.submit(&form.with("life", "longest").with("tier", "pro")).await.says(200, "Store it now");
    let (made, of_maker) = (last(server).await, server.store.api_key(maker.id).await.unwrap().unwrap());
    assert_eq!(made["tier"], "pro");
    let stored = server.store.api_key(made["id"].as_str().unwrap().parse().unwrap()).await.unwrap().unwrap();
    assert_eq!(stored.expires_at, of_maker.expires_at);
}

async fn a_key_is_changed_and_nothing_of_others_is_undone(server: &Server) {
    let key = server.key_for(&["read", "audit:read"]).await;
    let id = key.id.to_string();
    let path = at(server, &format!("/keys/{id}"));
    let visitor = Visitor::signed_in(server).await;
    let shown = visitor.get(&path).await.form(&id);
    assert_eq!((shown.value("scope.audit:read"), shown.value("reach")), (Some("on"), Some("all")));
    // Sent as it was shown, it changes nothing.
    visitor.submit(&shown).await.leads_to(&format!("{path}?done=changed"));
    assert_eq!(events(server, "api_key.updated").await, Vec::<Value>::new());
    let project = format!("project.{}", server.project);
    let changed = shown.clone().with("name", "Narrow").without("scope.read").with("reach", "ticked");
    let changed = changed.with(&project, "on").with("life", "7d");
    visitor.submit(&changed).await.leads_to(&format!("{path}?done=changed"));
    visitor.get(&format!("{path}?done=changed")).await.says(200, "The changes are saved");
    let record = server.store.api_key(key.id).await.unwrap().unwrap();
    assert_eq!((record.name.as_str(), record.scopes), ("Narrow", vec!["audit:read".to_owned()]));
    assert_eq!(record.project_ids, Some(vec![server.project.to_string()]));
    assert!(record.expires_at.is_some());
    eventually("it reads no integrations", PATIENCE, async || status(server, &key.text).await == 403).await;
    assert_eq!(events(server, "api_key.updated").await.len(), 1);
    // Somebody who still sees it as it was gives nothing back.
    let stale = shown.with("name", "Mine");
    let refused = visitor.submit(&stale).await;
    refused.says(412, "Somebody else changed this in the meantime");
    assert_eq!(refused.form(&id).value("name"), Some("Narrow"));
    assert_eq!(server.store.api_key(key.id).await.unwrap().unwrap().name, "Narrow");
    let shown = visitor.get(&path).await.form(&id);
    server.set_tier(&key, Tier::Pro).await;
    visitor.submit(&shown.with("name", "Mine")).await.says(412, "Somebody else changed this");
    // An address alone makes no page say what is not so.
    let page = visitor.get(&format!("{path}?done=revoked")).await;
    assert!(!page.text.contains("The key is revoked"), "{page:?}");
    // A project that is archived meanwhile stays bound.
    server.revoke_project().await;
    let form = visitor.get(&path).await.form(&id);
    assert_eq!(form.value(&project), Some("on"));
    visitor.submit(&form.with("name", "Named")).await.leads_to(&format!("{path}?done=changed"));
    let record = server.store.api_key(key.id).await.unwrap().unwrap();
    assert_eq!(record.project_ids, Some(vec![server.project.to_string()]));
    server.revoke(&key).await;
    let page = visitor.get(&path).await;
    page.says(200, "Revoked");
    assert!(!page.has_form(&id) && !page.has_form("/rotate"), "{page:?}");
}

async fn a_rotated_key_stops_at_once_or_after_the_overlap(server: &Server) {
    let visitor = Visitor::signed_in(server).await;
    let page_of = |key: &str| at(server, &format!("/keys/{key}"));
    let old = server.key_for(&["read"]).await;
    let page = visitor.get(&page_of(&old.id.to_string())).await;
    let form = page.form("/rotate");
    assert_eq!(form.value("overlap"), Some("0"), "no overlap by default");
    // What does not say how long changes nothing.
    for form in [form.clone().without("overlap"), form.clone().with("overlap", "for ever")] {
        visitor.submit(&form).await.says(400, "does not say how long");
    }
    assert_eq!(status(server, &old.text).await, 200);
    let rotated = visitor.submit(&form).await;
    rotated.says(200, "has stopped");
    assert_eq!(status(server, &shown(&rotated)).await, 200);
    eventually("the old key is refused", PATIENCE, async || status(server, &old.text).await == 401).await;
    // The form again, as a reload would send it.
    visitor.submit(&form).await.says(409, "This key cannot be changed any more");

    let second = last(server).await["id"].as_str().unwrap().to_owned();
    let form = visitor.get(&page_of(&second)).await.form("/rotate").with("overlap", "1h");
    let before = shown(&rotated);
    let rotated = visitor.submit(&form).await;
    rotated.says(200, "stops in");
    let third = last(server).await;
    assert_eq!((&third["replaces"], &third["scopes"]), (&json!(second), &json!(["read"])));
    assert_eq!((status(server, &before).await, status(server, &shown(&rotated)).await), (200, 200));
    server.clock.advance(Duration::minutes(61));
    eventually("the old key has ended", PATIENCE, async || status(server, &before).await == 401).await;
    assert_eq!(status(server, &shown(&rotated)).await, 200);
    let by = json!(server.key.id.to_string());
    let events = events(server, "api_key.rotated").await;
    assert!(events.len() == 2 && events.iter().all(|event| event["actor_key_id"] == by), "{events:?}");
}

async fn a_key_is_revoked_after_a_question(server: &Server) {
    let visitor = Visitor::signed_in(server).await;
    let made = visitor.submit(&filled(&visitor, server, "Help desk").await).await;
    let key = shown(&made);
    let id = last(server).await["id"].as_str().unwrap().to_owned();
    let path = at(server, &format!("/keys/{id}"));
    let question = visitor.get(&format!("{path}/revoke")).await;
    question.says(200, "Revoke Help desk?").says(200, "It cannot be brought back");
    assert_eq!(status(server, &key).await, 200, "a question changes nothing");
    for _ in 0..2 {
        let revoked = visitor.submit(&question.form("/revoke")).await;
        assert_eq!(id_of(&revoked), id);
        visitor.follow(&revoked).await.says(200, "The key is revoked");
    }
    eventually("the key is refused", PATIENCE, async || status(server, &key).await == 401).await;
    assert_eq!(events(server, "api_key.revoked").await.len(), 1);
    visitor.get(&format!("{path}/revoke")).await.leads_to(&path);
    // Who revokes their own key is signed out.
    let own = at(server, &format!("/keys/{}/revoke", server.key.id));
    let question = visitor.get(&own).await;
    question.says(200, "so you are signed out");
    let revoked = visitor.submit(&question.form("/revoke")).await;
    let next = visitor.follow(&revoked).await;
    assert!(
        next.status == 303 && next.header("location").unwrap().starts_with("/dashboard/sign-in"),
        "{next:?}"
    );
}

async fn who_may_not_change_keys_has_neither_button_nor_effect(server: &Server) {
    let stage = Stage::of(server).await;
    let key: Key = server.key_for(&["read"]).await;
    let path = at(server, &format!("/keys/{}", key.id));
    let before = listed(server).await;
    for group in ["viewers", "operators"] {
        let visitor = stage.signed_in(&[group]).await;
        let list = visitor.get(&at(server, "/keys")).await;
        list.says(200, "A test's");
        let page = visitor.get(&path).await;
        page.says(200, "All projects");
        for page in [&list, &page] {
            assert_eq!(page.text.matches("method=\"post\"").count(), 1, "only the one to sign out: {page:?}");
            assert!(!page.text.contains("/revoke") && !page.text.contains("/keys/new"), "{page:?}");
        }
        let refusal = "lacks the scope keys:admin";
        for question in [at(server, "/keys/new"), format!("{path}/revoke")] {
            visitor.get(&question).await.says(403, refusal);
        }
        for action in [at(server, "/keys"), path.clone(), format!("{path}/rotate"), format!("{path}/revoke")]
        {
            let form = forged(&list, action).with("name", "Forged").with("scope.read", "on");
            let form =
                form.with("reach", "all").with("life", "7d").with("tier", "starter").with("overlap", "0");
            visitor.submit(&form).await.says(403, "You are not allowed to do that").says(403, refusal);
        }
    }
    assert_eq!(listed(server).await, before);
    assert_eq!(status(server, &key.text).await, 200);
    let none = server.key_for(&["integrations:write"]).await;
    let visitor = Visitor::signed_in_with(server, &none.text).await;
    visitor.get(&at(server, "/keys")).await.says(403, "lacks the scope keys:read");
    stage.end().await;
}
