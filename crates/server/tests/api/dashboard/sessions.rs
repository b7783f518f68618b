//! Signing in, what a session allows, and how it ends.

use integrations_core::{
    audit::AuditAction,
    ids::{DashboardSessionId, IntegrationId, UserId},
    principal::Principal,
    tier::Tier,
};
use riq_server::{
    edge::settings::cookie_suffix,
    store::{NewAuditEvent, NewDashboardSession},
    token::Token,
};
use serde_json::Value;
use time::Duration;

use super::visitor::Visitor;
use crate::support::{Server, clock::START, server::unknown_key};

on_both!(
    signing_in_leads_to_the_page_that_was_asked_for,
    a_refused_key_is_told_beside_its_field_and_never_echoed,
    a_session_stands_for_its_key_alone,
    a_session_ends_when_it_is_not_used,
    a_session_ends_after_twelve_hours_however_it_is_used,
    signing_out_ends_the_session_on_the_server,
    a_session_ends_with_its_key,
    a_session_ends_with_its_project,
    a_session_ends_with_its_organization,
    every_sign_in_has_a_token_of_its_own,
    what_is_stored_of_a_session_opens_nothing,
    that_a_session_is_used_is_noted_once_a_minute,
    sessions_that_are_over_are_swept_away,
    cookies_cannot_be_read_by_scripts_nor_sent_along_by_others,
    servers_on_one_host_do_not_end_each_others_sessions,
);

const PROJECTS: &str = "/dashboard";

async fn signing_in_leads_to_the_page_that_was_asked_for(server: &Server) {
    let visitor = Visitor::new(server);
    let asked = format!("{}/audit", server.pages());
    let sent = visitor.get(&asked).await;
    assert!(sent.header("location").unwrap().starts_with("/dashboard/sign-in?return_to="), "{sent:?}");
    let page = visitor.follow(&sent).await;
    let signed_in = visitor.submit(&page.form("/sign-in").with("api_key", &server.key.text)).await;
    signed_in.leads_to(&asked);
    visitor.follow(&signed_in).await.says(200, "Audit log");
    visitor.get("/dashboard/sign-in").await.leads_to(PROJECTS);
    visitor.get(PROJECTS).await.says(200, "Acme Projects Support");
}

async fn a_refused_key_is_told_beside_its_field_and_never_echoed(server: &Server) {
    let expired = server.key_with(&["admin"], Tier::Starter, Some(START)).await;
    let revoked = server.key_for(&["admin"]).await;
    server.revoke(&revoked).await;
    let reader = server.key_for(&["read", "webhooks:admin"]).await;
    for (key, words) in [
        ("", "This is not an API key"),
        ("riq_nonsense", "This is not an API key"),
        ("<b>x</b>", "This is not an API key"),
        (unknown_key().as_str(), "This API key is not known here"),
        (&expired.text, "This API key has expired"),
        (&revoked.text, "This API key was revoked"),
        (&reader.text, "This API key lacks the scope integrations:write"),
    ] {
        let visitor = Visitor::new(server);
        let page = visitor.sign_in(key).await;
        page.says(403, words);
        assert!(page.text.contains("aria-invalid=\"true\""), "{page:?}");
        assert!(key.is_empty() || !page.text.contains(key), "{page:?}");
        assert_eq!(visitor.cookie("riq_session"), None);
    }
    let kept = Visitor::new(server);
    let asked = server.pages();
    let page = kept.get(&format!("/dashboard/sign-in?return_to={asked}")).await;
    let refused = kept.submit(&page.form("/sign-in").with("api_key", "wrong")).await;
    assert_eq!(refused.form("/sign-in").value("return_to"), Some(asked.as_str()));
}

async fn a_session_stands_for_its_key_alone(server: &Server) {
    let (_, foreign, key) = server.other_organization().await;
    let visitor = Visitor::signed_in(server).await;
    visitor.get(&format!("/dashboard/projects/{foreign}")).await.says(403, "belongs to another organization");
    visitor.get("/dashboard/projects/prj_00000000000000000000000000").await.says(404, "no such project");
    visitor.get("/dashboard/projects/nonsense").await.says(404, "no such project");
    let other = Visitor::signed_in_with(server, &key.text).await;
    other.get(&server.page("slack")).await.says(403, "belongs to another organization");
    let projects = other.get(PROJECTS).await;
    assert!(!projects.text.contains(&server.project.to_string()), "{projects:?}");
}

async fn a_session_ends_when_it_is_not_used(server: &Server) {
    let visitor = Visitor::signed_in(server).await;
    server.clock.advance(Duration::minutes(119));
    visitor.get(PROJECTS).await.says(200, "Projects");
    server.clock.advance(Duration::minutes(119));
    visitor.get(PROJECTS).await.says(200, "Projects");
    server.clock.advance(Duration::hours(2));
    let sent = visitor.get(PROJECTS).await;
    sent.leads_to("/dashboard/sign-in?return_to=%2Fdashboard");
    visitor.follow(&sent).await.says(200, "Your session has ended");
}

async fn a_session_ends_after_twelve_hours_however_it_is_used(server: &Server) {
    let visitor = Visitor::signed_in(server).await;
    for _ in 0..11 {
        server.clock.advance(Duration::hours(1));
        visitor.get(PROJECTS).await.says(200, "Projects");
    }
    server.clock.advance(Duration::hours(1));
    visitor.get(PROJECTS).await.leads_to("/dashboard/sign-in?return_to=%2Fdashboard");
}

async fn signing_out_ends_the_session_on_the_server(server: &Server) {
    let visitor = Visitor::signed_in(server).await;
    let token = visitor.cookie("riq_session").unwrap();
    let page = visitor.get(PROJECTS).await;
    let out = visitor.submit(&page.form("/sign-out")).await;
    out.leads_to("/dashboard/sign-in?news=signed-out");
    assert_eq!(visitor.cookie("riq_session"), None);
    visitor.follow(&out).await.says(200, "You are signed out");
    visitor.plant("riq_session", &token);
    visitor.get(PROJECTS).await.leads_to("/dashboard/sign-in?return_to=%2Fdashboard");
}

async fn a_session_ends_with_its_key(server: &Server) {
    let in_an_hour = Some(START + Duration::hours(1));
    let (revoked, expiring) =
        (server.key_for(&["write"]).await, server.key_with(&["write"], Tier::Starter, in_an_hour).await);
    let one = Visitor::signed_in_with(server, &revoked.text).await;
    let other = Visitor::signed_in_with(server, &expiring.text).await;
    one.get(PROJECTS).await.says(200, "Projects");
    server.revoke(&revoked).await;
    one.get(PROJECTS).await.leads_to("/dashboard/sign-in?return_to=%2Fdashboard");
    other.get(PROJECTS).await.says(200, "Projects");
    server.clock.advance(Duration::hours(1));
    other.get(PROJECTS).await.leads_to("/dashboard/sign-in?return_to=%2Fdashboard");
}

async fn a_session_ends_with_its_project(server: &Server) {
    let visitor = Visitor::signed_in(server).await;
    visitor.get(&server.pages()).await.says(200, "Integrations");
    server.revoke_project().await;
    visitor.get(&server.pages()).await.says(404, "no such project");
    visitor.get(PROJECTS).await.says(200, "No project yet");
}

/// A key's, even if the key were left; and a person's, whose role stays as it was.
async fn a_session_ends_with_its_organization(server: &Server) {
    let of_key = Visitor::signed_in(server).await;
    let (person, of_person) = (UserId::from_bits(1), Visitor::new(server));
    // Both databases read a time so.
    let at = "'2026-03-01T10:00:00.000000Z'";
    let user =
        format!("INSERT INTO users (id, issuer, subject, created_at) VALUES ($1, 'an issuer', 's', {at})");
    server.sql.execute(&user, [person.to_string().into()]).await;
    let role = format!(
        "INSERT INTO user_roles (user_id, organization_id, source, role, set_at) \
         VALUES ($1, $2, 'operator', 'admin', {at})"
    );
    let organization = server.organization.to_string();
    server.sql.execute(&role, [person.to_string().into(), organization.into()]).await;
    let token = Token::generate(&server.app.services.environment);
    let session = NewDashboardSession {
        id: DashboardSessionId::from_bits(1),
        token: token.hash(),
        organization: server.organization,
        principal: Principal::User(person),
        provider_session: None,
        authenticated_at: Some(START),
        at: START,
        expires_at: START + Duration::hours(12),
    };
    server.store.create_dashboard_session(session).await.unwrap();
    of_person.plant("riq_session", token.expose());
    for visitor in [&of_key, &of_person] {
        visitor.get(PROJECTS).await.says(200, "Projects");
    }
    let event = server.event(IntegrationId::from_bits(1), "slack");
    let action = AuditAction::OrganizationRevoked;
    let event = NewAuditEvent { action, project: None, integration: None, ..event };
    assert!(server.store.revoke_organization(event).await.unwrap());
    server.sql.execute("UPDATE api_keys SET revoked_at = NULL", []).await;
    for visitor in [of_key, of_person] {
        visitor.get(PROJECTS).await.leads_to("/dashboard/sign-in?return_to=%2Fdashboard");
    }
}

async fn every_sign_in_has_a_token_of_its_own(server: &Server) {
    // A person who knows the browser's old cookies does not know the session.
    let visitor = Visitor::new(server);
    let planted = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8";
    visitor.plant("riq_session", planted);
    visitor.sign_in(&server.key.text).await.leads_to(PROJECTS);
    let first = visitor.cookie("riq_session").unwrap();
    assert_ne!(first, planted);
    // Signing in again, for example from a second window, ends the old session.
    let page = visitor.get(PROJECTS).await;
    let again = page.form("/sign-out");
    let form = super::visitor::Form { action: "/dashboard/sign-in".into(), ..again };
    visitor.submit(&form.with("api_key", &server.key.text)).await.leads_to(PROJECTS);
    let second = visitor.cookie("riq_session").unwrap();
    assert_ne!(first, second);
    visitor.get(PROJECTS).await.says(200, "Projects");
    let thief = Visitor::new(server);
    thief.plant("riq_session", &first);
    thief.get(PROJECTS).await.leads_to("/dashboard/sign-in?return_to=%2Fdashboard");
}

async fn what_is_stored_of_a_session_opens_nothing(server: &Server) {
    let visitor = Visitor::signed_in(server).await;
    let token = visitor.cookie("riq_session").unwrap();
    let rows = server.sql.rows("SELECT * FROM dashboard_sessions", []).await;
    assert_eq!(rows.len(), 1);
    assert!(!rows[0].to_string().contains(&token), "{rows:?}");
    assert_eq!(rows[0]["api_key_id"], Value::from(server.key.id.to_string()));
    assert!(!String::from_utf8_lossy(&server.database.files()).contains(&token));
}

async fn that_a_session_is_used_is_noted_once_a_minute(server: &Server) {
    let visitor = Visitor::signed_in(server).await;
    let seen = async || {
        let rows = server.sql.rows("SELECT last_seen_at FROM dashboard_sessions", []).await;
        rows[0]["last_seen_at"].to_string()
    };
    let at_first = seen().await;
    server.clock.advance(Duration::seconds(59));
    visitor.get(PROJECTS).await;
    assert_eq!(seen().await, at_first);
    server.clock.advance(Duration::seconds(1));
    visitor.get(PROJECTS).await;
    assert_ne!(seen().await, at_first);
}

async fn sessions_that_are_over_are_swept_away(server: &Server) {
    Visitor::signed_in(server).await;
    server.clock.advance(Duration::hours(2));
    Visitor::signed_in(server).await;
    assert_eq!(server.sql.count("SELECT COUNT(*) FROM dashboard_sessions", []).await, 1);
}

async fn cookies_cannot_be_read_by_scripts_nor_sent_along_by_others(server: &Server) {
    let visitor = Visitor::new(server);
    let page = visitor.get("/dashboard/sign-in").await;
    let browser = visitor.cookie("riq_browser").unwrap();
    let name = visitor.full_name("riq_browser");
    assert_eq!(page.cookies(), [format!("{name}={browser}; HttpOnly; SameSite=Lax; Path=/")]);
    let signed_in = visitor.submit(&page.form("/sign-in").with("api_key", &server.key.text)).await;
    let session = visitor.cookie("riq_session").unwrap();
    let name = visitor.full_name("riq_session");
    assert_eq!(
        signed_in.cookies(),
        [format!("{name}={session}; HttpOnly; SameSite=Lax; Path=/; Max-Age=43200")]
    );
    let page = visitor.get(PROJECTS).await;
    assert!(page.cookies().is_empty(), "{page:?}");

    // Over TLS, the cookies' name prefix prevents other hosts of the domain from setting them.
    let public = server.replica(|settings| settings.public_url = "https://a.example".parse().unwrap()).await;
    let visitor = Visitor::new(&public).under("a.example");
    let page = visitor.get("/dashboard/sign-in").await;
    let browser = visitor.cookie("__Host-riq_browser").unwrap();
    let suffix = cookie_suffix(&"https://a.example".parse().unwrap());
    assert_eq!(
        page.cookies(),
        [format!("__Host-riq_browser_{suffix}={browser}; HttpOnly; SameSite=Lax; Secure; Path=/")]
    );
    let signed_in = visitor.submit(&page.form("/sign-in").with("api_key", &server.key.text)).await;
    let session = visitor.cookie("__Host-riq_session").unwrap();
    assert_eq!(
        signed_in.cookies(),
        [format!(
            "__Host-riq_session_{suffix}={session}; HttpOnly; SameSite=Lax; Secure; Path=/; Max-Age=43200"
        )]
    );
    visitor.plant("riq_session", &session);
    visitor.get(PROJECTS).await.says(200, "Projects");
    public.stop().await;
}

/// Browsers keep cookies by host, whatever the port.
async fn servers_on_one_host_do_not_end_each_others_sessions(server: &Server) {
    let beside = server.replica(|_| {}).await;
    let one = Visitor::signed_in(server).await;
    let other = one.at(&beside);
    other.sign_in(&beside.key.text).await.leads_to(PROJECTS);
    other.get(PROJECTS).await.says(200, "Projects");
    let one = other.at(server);
    one.get(PROJECTS).await.says(200, "Projects");
    let page = one.get(PROJECTS).await;
    one.submit(&page.form("/sign-out")).await.leads_to("/dashboard/sign-in?news=signed-out");
    let other = one.at(&beside);
    other.get(PROJECTS).await.says(200, "Projects");
    drop((one, other));
    beside.stop().await;
}
