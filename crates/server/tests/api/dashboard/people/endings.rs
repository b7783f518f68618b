//! What ends the sessions of people: the provider, the operator, another sign-in.

use std::time::Duration as Wait;

use integrations_core::{
    api_key::{ApiKey, KeyHash},
    audit::AuditAction,
    ids::ApiKeyId,
    rights::Rights,
    tier::Tier,
};
use riq_server::{
    environment::{Clock as _, Environment},
    store::{NewApiKey, NewAuditEvent},
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
    let (key, id): (ApiKey, ApiKeyId) =
        (ApiKey::from_entropy(Environment::system().bytes()), Environment::system().id());
    let new = NewApiKey {
        id,
        name: "Ann's".into(),
        hint: key.hint().to_owned(),
        hash: KeyHash::of(&key),
        rights: Rights::everything(),
        tier: Tier::Starter,
        expires_at: None,
        user: Some(user),
    };
    stage.server.store.create_api_key(new, event(&stage.server, AuditAction::ApiKeyCreated)).await.unwrap();
    let call = async || {
        let target = stage.server.at("");
        stage.server.call_as(key.expose(), "GET", &target).send().await.status
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
    assert!(text(&recorded[0]["changes"]).contains(&id.to_string()));
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
    let openid = stage.provider.settings(&[]);
    let strict =
        server.replica(|settings| (settings.openid, settings.key_sign_in) = (Some(openid), false)).await;
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
