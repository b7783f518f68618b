//! What ends the sessions of people: the provider, the operator, another sign-in.

use std::time::Duration as Wait;

use integrations_core::{audit::AuditAction, principal::Principal};
use riq_server::{
    environment::{Clock as _, Environment},
    store::{NewAuditEvent, PersonRef},
};
use serde_json::{Value, json};
use time::Duration;

use super::{Stage, address_of, event, text};
use crate::{
    dashboard::visitor::{Form, Visitor},
    support::{Server, eventually, openid::in_groups},
};

on_both!(
    the_provider_signs_people_out,
    what_is_no_logout_token_signs_nobody_out,
    a_revoked_person_is_out_with_their_keys,
    a_sign_in_leaves_no_session_of_before,
    keys_need_not_be_a_way_to_sign_in,
    a_changed_role_reaches_the_keys_of_its_person_on_every_replica,
    a_revoked_organization_is_closed_to_its_people,
);

async fn the_provider_signs_people_out(server: &Server) {
    let stage = Stage::of(server).await;
    let is_in = async |visitor: &Visitor<'_>| visitor.get("/dashboard").await.status == 200;
    let sign_in = async |subject: &str, session: Option<&str>| {
        let mut claims = in_groups(&["viewers"]);
        (claims["sub"], claims["sid"]) = (json!(subject), json!(session));
        stage.provider.says(|says| says.id_token = claims);
        let visitor = Visitor::new(&stage.server);
        stage.sign_in(&visitor, "/dashboard").await.leads_to("/dashboard");
        visitor
    };
    let (one, two, other) =
        (sign_in("s1", Some("a")).await, sign_in("s1", Some("b")).await, sign_in("s2", None).await);
    let token = |claims: Value| stage.provider.logout_token(&claims);
    // The session that is named.
    let first = token(json!({"jti": "1", "sub": "s1", "sid": "a"}));
    assert_eq!(stage.log_out(&first).await.0, 200);
    assert_eq!((is_in(&one).await, is_in(&two).await, is_in(&other).await), (false, true, true));
    // A session that no ID token named: all of the person.
    assert_eq!(stage.log_out(&token(json!({"jti": "2", "sub": "s1", "sid": "unknown"}))).await.0, 200);
    assert_eq!((is_in(&two).await, is_in(&other).await), (false, true));
    // A person or a session that is not known is no error.
    for claims in [json!({"jti": "3", "sub": "nobody"}), json!({"jti": "4", "sid": "nothing"})] {
        assert_eq!(stage.log_out(&token(claims)).await.0, 200);
    }
    // A token counts once: it does not end a later session.
    let again = sign_in("s1", Some("a")).await;
    let (status, body) = stage.log_out(&first).await;
    assert_eq!(status, 400);
    assert!(body.contains("used before"), "{body}");
    assert!(is_in(&again).await);
    assert_eq!(stage.log_out(&token(json!({"jti": "5", "sub": "s2"}))).await.0, 200);
    assert!(!is_in(&other).await);
    stage.end().await;
}

async fn what_is_no_logout_token_signs_nobody_out(server: &Server) {
    let stage = Stage::of(server).await;
    let visitor = stage.signed_in(&["admins"]).await;
    let now = server.clock.now().unix_timestamp();
    let forged = |claims: Value| stage.provider.logout_token(&claims);
    for token in [
        stage.provider.id_token("n"),
        String::new(),
        "a.b.c".to_owned(),
        forged(json!({"jti": "1", "sub": "s1", "nonce": "n"})),
        forged(json!({"jti": "1", "sub": "s1", "events": null})),
        forged(json!({"jti": "1", "sub": "s1", "aud": "another"})),
        forged(json!({"jti": "1", "sub": "s1", "iss": "https://evil.example"})),
        forged(json!({"jti": "1", "sub": "s1", "iat": now - 7200})),
        forged(json!({"sub": "s1"})),
        forged(json!({"jti": "1"})),
        format!("{}x", forged(json!({"jti": "1", "sub": "s1"}))),
    ] {
        assert_eq!(stage.log_out(&token).await.0, 400, "{token}");
    }
    visitor.get("/dashboard").await.says(200, "Projects");
    stage.end().await;
}

async fn a_revoked_person_is_out_with_their_keys(server: &Server) {
    let stage = Stage::of(server).await;
    let visitor = stage.signed_in(&["admins"]).await;
    let user = text(&stage.people().await[0]["id"]).parse().unwrap();
    let key = stage.server.key_of(user, &["admin"]).await;
    let call = async || {
        let target = stage.server.at("");
        stage.server.call_as(&key.text, "GET", &target).send().await.status
    };
    assert_eq!(call().await, 200);
    let of = |organization, action, changes| NewAuditEvent {
        organization,
        changes,
        ..event(&stage.server, action)
    };
    let at = server.clock.now();
    assert!(stage.server.store.revoke_person(user, at, &of).await.unwrap());
    assert!(!stage.server.store.revoke_person(user, at, &of).await.unwrap());
    assert_eq!(visitor.get("/dashboard").await.status, 303);
    assert_eq!(stage.sessions().await, 0);
    eventually("their key stops", Wait::from_secs(20), async || call().await == 401).await;
    stage.in_groups(&["admins"]);
    stage.sign_in(&visitor, "/dashboard").await.says(403, "Your access was taken away");
    let recorded =
        stage.server.sql.rows("SELECT * FROM audit_events WHERE action = 'user.revoked'", []).await;
    assert_eq!(recorded.len(), 1);
    assert!(text(&recorded[0]["changes"]).contains(&key.id.to_string()));
    stage.end().await;
}

async fn a_sign_in_leaves_no_session_of_before(server: &Server) {
    let stage = Stage::of(server).await;
    stage.in_groups(&["admins"]);
    // An attacker who knows the browser's cookies of before does not know the session.
    let visitor = Visitor::new(&stage.server);
    visitor.plant("riq_session", "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8");
    stage.sign_in(&visitor, "/dashboard").await.leads_to("/dashboard");
    let first = visitor.cookie("riq_session").unwrap();
    assert_ne!(first, "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8");
    server.clock.advance(Duration::minutes(6));
    let asks = visitor.get("/dashboard/sign-in?fresh=1").await;
    let address = address_of(&visitor.submit(&asks.form("/sign-in/person")).await);
    let query = stage.provider.authorize(&address);
    stage.come_back(&visitor, &query).await.leads_to("/dashboard");
    assert_ne!(visitor.cookie("riq_session").unwrap(), first);
    let thief = Visitor::new(&stage.server);
    thief.plant("riq_session", &first);
    assert_eq!(thief.get("/dashboard").await.status, 303);
    assert_eq!(stage.sessions().await, 1);
    stage.end().await;
}

async fn keys_need_not_be_a_way_to_sign_in(server: &Server) {
    let stage = Stage::of(server).await;
    let visitor = Visitor::new(&stage.server);
    let page = visitor.get("/dashboard/sign-in").await;
    page.says(200, "Sign in with 127.0.0.1");
    let by_key = page.form("/sign-in").with("api_key", &server.key.text);
    visitor.submit(&by_key).await.leads_to("/dashboard");
    let by_key = visitor;
    let openid = stage.provider.settings(&[]);
    let public_url = format!("http://{}", stage.server.address).parse().unwrap();
    let strict = server
        .replica(|settings| {
            (settings.openid, settings.key_sign_in) = (Some(openid), false);
            settings.public_url = public_url;
        })
        .await;
    // Those that were signed in with a key before are not any more.
    by_key.get("/dashboard").await.says(200, "Projects");
    let before = by_key.at(&strict);
    before.get("/dashboard").await.leads_to("/dashboard/sign-in?return_to=%2Fdashboard");
    drop(before);
    let visitor = Visitor::new(&strict);
    let page = visitor.get("/dashboard/sign-in").await;
    page.says(200, "Sign in with 127.0.0.1");
    assert!(!page.words().contains("API key"), "{page:?}");
    let csrf = page.form("/sign-in/person").value("csrf").unwrap().to_owned();
    let forged = Form { action: "/dashboard/sign-in".into(), fields: Vec::new() };
    let answer = visitor.submit(&forged.with("csrf", &csrf).with("api_key", &server.key.text)).await;
    answer.says(403, "API keys cannot sign in here");
    drop(visitor);
    strict.stop().await;
    stage.end().await;
}

async fn a_changed_role_reaches_the_keys_of_its_person_on_every_replica(server: &Server) {
    server.install("slack").await;
    let stage = Stage::of(server).await;
    stage.signed_in(&["admins"]).await;
    let user = text(&stage.people().await[0]["id"]).parse().unwrap();
    let key = stage.server.key_of(user, &["admin"]).await;
    let change = async |at: &Server| {
        let target = at.at("/slack/lifecycle");
        let body = json!({"sidebar_enabled": true});
        at.call_as(&key.text, "PATCH", &target).json(&body).send().await.status
    };
    // Both replicas remember what the key may do.
    assert_eq!((change(server).await, change(&stage.server).await), (200, 200));
    let everywhere = async |status: u16| {
        for at in [server, &stage.server] {
            eventually("the role counts", Wait::from_secs(20), async || change(at).await == status).await;
        }
    };
    // The next sign-in gives another role, and so does the operator.
    stage.signed_in(&["viewers"]).await;
    everywhere(403).await;
    let who = PersonRef::Id(user);
    let set = async |role: Option<&str>| {
        let (role, id) = (role.map(|role| role.parse().unwrap()), Environment::system().id());
        stage.server.store.set_role(&who, id, role, event(&stage.server, AuditAction::UserRoleSet)).await
    };
    set(Some("operator")).await.unwrap();
    everywhere(200).await;
    set(None).await.unwrap();
    everywhere(403).await;
    stage.end().await;
}

async fn a_revoked_organization_is_closed_to_its_people(server: &Server) {
    let (other, project, _) = server.other_organization().await;
    let stage = Stage::with(server, |_| vec![format!("{other}:admin=admins")]).await;
    stage.in_groups(&["admins"]);
    let visitor = Visitor::new(&stage.server);
    let there = format!("/dashboard/projects/{project}");
    stage.sign_in(&visitor, &there).await.leads_to(&there);
    visitor.get(&there).await.says(200, "Integrations");
    let user = text(&stage.people().await[0]["id"]).parse().unwrap();
    let made =
        NewAuditEvent { organization: other, ..event(&stage.server, AuditAction::OrganizationRevoked) };
    assert!(stage.server.store.revoke_organization(made).await.unwrap());
    for page in [&there, "/dashboard", "/dashboard/organizations", "/device"] {
        assert_eq!(visitor.get(page).await.status, 303, "{page}");
    }
    let known = stage.server.store.known(Principal::User(user), other, server.clock.now()).await.unwrap();
    assert_eq!(known, None);
    // Elsewhere they go on.
    stage.sign_in(&visitor, "/dashboard").await.leads_to("/dashboard");
    visitor.get(&stage.server.pages()).await.says(200, "Integrations");
    stage.end().await;
}
