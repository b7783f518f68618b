//! People who sign in with an OpenID Connect provider: what is believed, which roles they get, and what ends them.

mod endings;

use integrations_core::{
    audit::{Actor, AuditAction},
    ids::OrganizationId,
};
use riq_server::{
    environment::{Clock as _, Environment},
    store::{NewAuditEvent, PersonRef},
};
use serde_json::{Value, json};
use time::Duration;
use url::Url;

use super::visitor::{Form, Page, Visitor};
use crate::support::{
    Server,
    openid::{IdentityProvider, in_groups},
};

on_both!(
    a_person_signs_in_and_acts_under_their_own_name,
    the_session_is_a_small_cookie_however_many_groups_there_are,
    an_id_token_that_is_not_of_this_sign_in_signs_nobody_in,
    a_redirect_back_counts_once_in_its_browser_and_from_the_right_issuer,
    several_tabs_sign_in_at_once,
    groups_that_are_not_told_change_no_role,
    groups_come_from_the_userinfo_of_the_same_person,
    a_person_without_a_role_is_told_whom_to_ask,
    roles_follow_the_groups_and_the_operators_counts_more,
    keys_of_the_provider_rotate,
    the_provider_may_be_down,
    a_viewer_changes_nothing_by_a_forged_form,
    a_person_chooses_among_their_organizations,
    a_fresh_sign_in_is_judged_by_when_the_person_proved_themselves,
);

/// A provider, and a server whose people sign in there: the groups `admins`, `viewers` and `operators` have roles.
pub(super) struct Stage {
    provider: IdentityProvider,
    pub(super) server: Server,
}

impl Stage {
    pub(super) async fn of(server: &Server) -> Self {
        Self::with(server, |_| Vec::new()).await
    }

    async fn with(server: &Server, more: impl FnOnce(OrganizationId) -> Vec<String>) -> Self {
        let provider = IdentityProvider::start(server.clock.now()).await;
        let organization = server.organization;
        let mut roles = vec![
            format!("{organization}:admin=admins"),
            format!("{organization}:operator=operators"),
            format!("{organization}:viewer=viewers"),
        ];
        roles.extend(more(organization));
        let openid = provider.settings(&roles);
        let server = server.replica(|settings| settings.openid = Some(openid)).await;
        Self { provider, server }
    }

    pub(super) async fn end(self) {
        self.server.stop().await;
    }

    fn in_groups(&self, groups: &[&str]) {
        self.provider.says(|says| says.id_token = in_groups(groups));
    }

    /// Presses the button to sign in. Returns the address at the provider.
    async fn set_out(&self, visitor: &Visitor<'_>, page: &str) -> Url {
        let sign_in = visitor.get(page).await;
        let sign_in = if sign_in.status == 303 { visitor.follow(&sign_in).await } else { sign_in };
        address_of(&visitor.submit(&sign_in.form("/sign-in/person")).await)
    }

    /// Comes back from the provider.
    async fn come_back(&self, visitor: &Visitor<'_>, query: &str) -> Page {
        self.provider.says(|says| says.now = self.server.clock.now());
        visitor.get(&format!("/dashboard/sign-in/callback?{query}")).await
    }

    /// Signs in, on the way to a page.
    async fn sign_in(&self, visitor: &Visitor<'_>, page: &str) -> Page {
        let address = self.set_out(visitor, page).await;
        let query = self.provider.authorize(&address);
        self.come_back(visitor, &query).await
    }

    /// A browser in which a person in these groups has signed in.
    pub(super) async fn signed_in(&self, groups: &[&str]) -> Visitor<'_> {
        self.in_groups(groups);
        let visitor = Visitor::new(&self.server);
        self.sign_in(&visitor, "/dashboard").await.leads_to("/dashboard");
        visitor
    }

    async fn sessions(&self) -> i64 {
        self.server.sql.count("SELECT COUNT(*) FROM dashboard_sessions", []).await
    }

    async fn people(&self) -> Vec<Value> {
        self.server.sql.rows("SELECT * FROM users ORDER BY subject", []).await
    }

    /// The stored roles, with their sources.
    async fn roles(&self) -> Vec<(String, String)> {
        let rows = self.server.sql.rows("SELECT role, source FROM user_roles ORDER BY source", []).await;
        rows.iter().map(|row| (text(&row["role"]), text(&row["source"]))).collect()
    }

    async fn log_out(&self, token: &str) -> (u16, String) {
        let answer = self
            .server
            .client()
            .post(format!("http://{}/oauth/back-channel-logout", self.server.address))
            .header("content-type", "application/x-www-form-urlencoded")
            .body(
                url::form_urlencoded::Serializer::new(String::new())
                    .append_pair("logout_token", token)
                    .finish(),
            )
            .send()
            .await
            .unwrap();
        (answer.status().as_u16(), answer.text().await.unwrap())
    }
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}

/// The address to which a page leads by itself.
fn address_of(page: &Page) -> Url {
    page.says(200, "On to 127.0.0.1");
    let rest = page.text.split("content=\"0;url=").nth(1).unwrap();
    rest.split('"').next().unwrap().replace("&amp;", "&").parse().unwrap()
}

fn pair(role: &str, source: &str) -> (String, String) {
    (role.to_owned(), source.to_owned())
}

async fn a_person_signs_in_and_acts_under_their_own_name(server: &Server) {
    server.install("slack").await;
    let stage = Stage::of(server).await;
    stage.in_groups(&["everybody", "operators"]);
    let visitor = Visitor::new(&stage.server);
    let asked = stage.server.page("slack");
    stage.sign_in(&visitor, &asked).await.leads_to(&asked);
    let page = visitor.get(&asked).await;
    page.says(200, "Ann & Co");
    page.says(200, "ann@example.com");
    visitor.submit(&page.form("/pause")).await;
    assert_eq!(stage.server.integration("slack").await["status"], "paused");
    let events = stage.server.audit("slack").await;
    let last = events.last().unwrap();
    let person = &stage.people().await[0];
    assert_eq!((&last["actor_kind"], &last["actor_key_id"]), (&json!("user"), &person["id"]));
    assert_eq!((&person["issuer"], &person["subject"]), (&json!(stage.provider.issuer()), &json!("s1")));
    visitor.get(&format!("{}/audit", stage.server.pages())).await.says(200, "Ann & Co");
    let given = stage.server.sql.rows("SELECT * FROM audit_events WHERE action = 'user.role_set'", []).await;
    assert_eq!((given.len(), &given[0]["actor_kind"]), (1, &json!("system")));
    // Signing out ends the session on the server.
    let page = visitor.get("/dashboard").await;
    visitor.submit(&page.form("/sign-out")).await.leads_to("/dashboard/sign-in?news=signed-out");
    assert_eq!(stage.sessions().await, 0);
    stage.end().await;
}

async fn the_session_is_a_small_cookie_however_many_groups_there_are(server: &Server) {
    let stage = Stage::of(server).await;
    let mut groups: Vec<String> = (0..200).map(|n| format!("{n}{}", "g".repeat(120))).collect();
    groups.push("viewers".to_owned());
    stage.provider.says(|says| says.id_token = json!({"groups": groups}));
    let visitor = Visitor::new(&stage.server);
    let back = stage.sign_in(&visitor, "/dashboard").await;
    back.leads_to("/dashboard");
    let session = visitor.cookie("riq_session").unwrap();
    assert_eq!(session.len(), 43);
    assert!(back.cookies().iter().all(|cookie| cookie.len() < 200), "{back:?}");
    visitor.get("/dashboard").await.says(200, "Projects");
    stage.end().await;
}

async fn an_id_token_that_is_not_of_this_sign_in_signs_nobody_in(server: &Server) {
    let stage = Stage::of(server).await;
    let now = server.clock.now().unix_timestamp();
    for claims in [
        json!({"aud": "another client"}),
        json!({"aud": ["riq", "another client"]}),
        json!({"iss": "https://evil.example"}),
        json!({"iss": format!("{}/", stage.provider.issuer())}),
        json!({"nonce": "of another sign-in"}),
        json!({"nonce": null}),
        json!({"exp": now - 3600}),
        json!({"iat": now + 36_000}),
        json!({"sub": null}),
        json!({"sub": ""}),
        json!({"sub": "s1\u{0}"}),
        json!({"sub": "s".repeat(256)}),
        json!({"sid": "a\u{0}"}),
        json!({"azp": "another client"}),
        json!({"azp": ["riq"]}),
    ] {
        let mut whole = in_groups(&["admins"]);
        whole.as_object_mut().unwrap().extend(claims.as_object().unwrap().clone());
        stage.provider.says(|says| says.id_token = whole);
        let visitor = Visitor::new(&stage.server);
        let page = stage.sign_in(&visitor, "/dashboard").await;
        assert_eq!(page.status, 502, "{claims} {page:?}");
        page.says(502, "did not prove who you are");
        assert_eq!(visitor.cookie("riq_session"), None, "{claims}");
    }
    stage.in_groups(&["admins"]);
    stage.provider.says(|says| (says.key, says.kid) = (2, Some("key-1".into())));
    let visitor = Visitor::new(&stage.server);
    stage.sign_in(&visitor, "/dashboard").await.says(502, "did not prove who you are");
    assert_eq!((stage.sessions().await, stage.people().await), (0, Vec::new()));
    stage.end().await;
}

async fn a_redirect_back_counts_once_in_its_browser_and_from_the_right_issuer(server: &Server) {
    let stage = Stage::of(server).await;
    stage.in_groups(&["admins"]);
    let visitor = Visitor::new(&stage.server);
    let replaced = |query: &str, name: &str, value: Option<&str>| {
        let pairs = url::form_urlencoded::parse(query.as_bytes()).into_owned();
        let kept = pairs.filter(|(one, _)| one != name).collect::<Vec<_>>();
        let added = value.map(|value| (name.to_owned(), value.to_owned()));
        url::form_urlencoded::Serializer::new(String::new())
            .extend_pairs(kept.into_iter().chain(added))
            .finish()
    };
    let query = async || stage.provider.authorize(&stage.set_out(&visitor, "/dashboard").await);
    // Mix-up (RFC 9207): the answer of another provider.
    for issuer in [Some("https://evil.example"), Some(""), None] {
        let query = replaced(&query().await, "iss", issuer);
        stage.come_back(&visitor, &query).await.says(403, "came from another provider");
    }
    stage
        .come_back(&visitor, &replaced(&query().await, "state", Some("made-up")))
        .await
        .says(403, "This sign-in is over");
    stage.come_back(&visitor, &replaced(&query().await, "state", None)).await.says(403, "not complete");
    let denied = replaced(&replaced(&query().await, "code", None), "error", Some("access_denied"));
    stage.come_back(&visitor, &denied).await.says(403, "You did not sign in");
    // Another browser, which an attacker sends to the end of their own sign-in.
    let other = Visitor::new(&stage.server);
    stage.come_back(&other, &query().await).await.says(403, "This browser did not begin");
    let late = query().await;
    server.clock.advance(Duration::minutes(11));
    stage.come_back(&visitor, &late).await.says(403, "That took too long");
    // What no person opened uses nothing up.
    let good = query().await;
    let path = format!("/dashboard/sign-in/callback?{good}");
    assert_eq!(visitor.head(&path).await.status, 200);
    let guessed = visitor.get_with(&path, |request| request.header("sec-purpose", "prefetch")).await;
    assert_eq!(guessed.status, 425);
    assert_eq!(stage.sessions().await, 0);
    stage.come_back(&visitor, &good).await.leads_to("/dashboard");
    // A reload leads on; in another browser it is over.
    stage.come_back(&visitor, &good).await.leads_to("/dashboard");
    stage.come_back(&other, &good).await.says(403, "This sign-in is over");
    assert_eq!(stage.sessions().await, 1);
    stage.end().await;
}

async fn several_tabs_sign_in_at_once(server: &Server) {
    let stage = Stage::of(server).await;
    stage.in_groups(&["admins"]);
    let visitor = Visitor::new(&stage.server);
    let first = stage.provider.authorize(&stage.set_out(&visitor, "/dashboard").await);
    let audit = format!("{}/audit", stage.server.pages());
    let second = stage.provider.authorize(&stage.set_out(&visitor, &audit).await);
    stage.come_back(&visitor, &second).await.leads_to(&audit);
    stage.come_back(&visitor, &first).await.leads_to("/dashboard");
    visitor.get("/dashboard").await.says(200, "Ann & Co");
    stage.end().await;
}

async fn groups_that_are_not_told_change_no_role(server: &Server) {
    let stage = Stage::of(server).await;
    stage.signed_in(&["admins"]).await;
    let roles = stage.roles().await;
    assert_eq!(roles, [pair("admin", "claim")]);
    let elsewhere = json!({
        "_claim_names": {"groups": "src1"},
        "_claim_sources": {"src1": {"endpoint": format!("{}/elsewhere", stage.provider.issuer())}},
    });
    for (claims, words) in [
        (json!({}), "did not say in which groups"),
        (elsewhere, "there are too many"),
        (json!({"groups": {"a": 1}}), "cannot be read"),
    ] {
        stage.provider.says(|says| (says.id_token, says.userinfo) = (claims, json!({"sub": "s1"})));
        let visitor = Visitor::new(&stage.server);
        stage.sign_in(&visitor, "/dashboard").await.says(403, words);
        assert_eq!(stage.roles().await, roles);
    }
    assert_eq!(stage.provider.asked("/elsewhere"), 0);
    // That a person is in no group is told, and takes the role away.
    stage.in_groups(&[]);
    stage.sign_in(&Visitor::new(&stage.server), "/dashboard").await.says(403, "You have no role here yet");
    assert_eq!(stage.roles().await, []);
    stage.end().await;
}

async fn groups_come_from_the_userinfo_of_the_same_person(server: &Server) {
    let stage = Stage::of(server).await;
    stage.provider.says(|says| says.userinfo = json!({"sub": "s2", "groups": ["admins"]}));
    let visitor = Visitor::new(&stage.server);
    stage.sign_in(&visitor, "/dashboard").await.says(502, "did not prove who you are");
    assert_eq!(stage.people().await, Vec::<Value>::new());
    stage.provider.says(|says| says.userinfo = json!({"sub": "s1", "groups": "admins"}));
    stage.sign_in(&visitor, "/dashboard").await.leads_to("/dashboard");
    assert_eq!(stage.roles().await, [pair("admin", "claim")]);
    stage.end().await;
}

async fn a_person_without_a_role_is_told_whom_to_ask(server: &Server) {
    let (other, _, _) = server.other_organization().await;
    let stage = Stage::with(server, |_| Vec::new()).await;
    // Neither a group that nobody named, nor one that looks like a grant in another organization, gives anything.
    stage.in_groups(&["strangers", &format!("{other}:admin"), &format!("{other}:admin=admins"), "Admins"]);
    let visitor = Visitor::new(&stage.server);
    let page = stage.sign_in(&visitor, "/dashboard").await;
    page.says(403, "You have no role here yet");
    let person = &stage.people().await[0];
    for word in [&stage.provider.issuer(), "s1", &text(&person["id"])] {
        page.says(403, word);
    }
    assert_eq!((visitor.cookie("riq_session"), stage.roles().await), (None, Vec::new()));
    // The operator gives a role.
    let event = event(&stage.server, AuditAction::UserRoleSet);
    let who = PersonRef::Id(text(&person["id"]).parse().unwrap());
    let role = "viewer".parse().unwrap();
    stage.server.store.set_role(&who, Environment::system().id(), Some(role), event).await.unwrap();
    stage.sign_in(&visitor, "/dashboard").await.leads_to("/dashboard");
    stage.end().await;
}

fn event(server: &Server, action: AuditAction) -> NewAuditEvent {
    NewAuditEvent {
        id: Environment::system().id(),
        organization: server.organization,
        project: None,
        integration: None,
        action,
        actor: Actor::Operator,
        request_id: None,
        changes: Vec::new(),
        at: server.clock.now(),
    }
}

async fn roles_follow_the_groups_and_the_operators_counts_more(server: &Server) {
    let stage = Stage::of(server).await;
    let subject = PersonRef::Subject { issuer: stage.provider.issuer(), subject: "s1".into() };
    // Before the first sign-in.
    let set = async |role: Option<&str>| {
        let action = if role.is_some() { AuditAction::UserRoleSet } else { AuditAction::UserRoleRemoved };
        let role = role.map(|role| role.parse().unwrap());
        let id = Environment::system().id();
        stage.server.store.set_role(&subject, id, role, event(&stage.server, action)).await.unwrap()
    };
    set(Some("approver")).await;
    let visitor = stage.signed_in(&["viewers"]).await;
    assert_eq!(stage.roles().await, [pair("viewer", "claim"), pair("approver", "operator")]);
    let before = visitor.get(&stage.server.pages()).await;
    before.says(200, "Integrations");
    // Taking it away takes all of it, in the sessions too.
    set(None).await;
    assert_eq!(stage.roles().await, []);
    assert_eq!(visitor.get("/dashboard").await.status, 303);
    let visitor = stage.signed_in(&["viewers", "admins"]).await;
    assert_eq!(stage.roles().await, [pair("admin", "claim")]);
    // The next sign-in, in another browser, takes the role away here too.
    stage.signed_in(&["viewers"]).await;
    assert_eq!(stage.roles().await, [pair("viewer", "claim")]);
    let page = visitor.get(&stage.server.page("slack")).await;
    page.says(200, "Your role does not allow you to connect it");
    stage.end().await;
}

async fn keys_of_the_provider_rotate(server: &Server) {
    let stage = Stage::of(server).await;
    stage.signed_in(&["admins"]).await;
    assert_eq!(stage.provider.asked("/keys"), 1);
    stage.provider.says(|says| (says.key, says.published) = (2, vec![2]));
    stage.signed_in(&["admins"]).await;
    assert_eq!((stage.provider.asked("/keys"), stage.provider.asked("/token")), (2, 2));
    // Invented keys cause one question a minute.
    let claims = json!({"jti": "x", "sub": "s1"});
    stage.provider.says(|says| says.key = 7);
    let forged = stage.provider.logout_token(&claims);
    for _ in 0..20 {
        assert_eq!(stage.log_out(&forged).await.0, 400);
    }
    assert_eq!(stage.provider.asked("/keys"), 2);
    server.clock.advance(Duration::seconds(61));
    for _ in 0..20 {
        assert_eq!(stage.log_out(&forged).await.0, 400);
    }
    assert_eq!(stage.provider.asked("/keys"), 3);
    stage.end().await;
}

async fn the_provider_may_be_down(server: &Server) {
    let stage = Stage::of(server).await;
    stage.provider.says(|says| says.is_up = false);
    let visitor = Visitor::new(&stage.server);
    let page = visitor.get("/dashboard/sign-in").await;
    visitor.submit(&page.form("/sign-in/person")).await.says(502, "did not prove who you are");
    stage.provider.says(|says| says.is_up = true);
    let with_slash = format!("{}/", stage.provider.issuer());
    stage.provider.says(|says| says.document = json!({"issuer": with_slash}));
    server.clock.advance(Duration::seconds(6));
    visitor.submit(&page.form("/sign-in/person")).await.says(502, "did not prove who you are");
    stage.provider.says(|says| says.document = json!({}));
    server.clock.advance(Duration::seconds(6));
    stage.signed_in(&["admins"]).await;
    stage.end().await;
}

async fn a_viewer_changes_nothing_by_a_forged_form(server: &Server) {
    server.install("slack").await;
    let before = server.integration("slack").await;
    let stage = Stage::of(server).await;
    let operator = stage.signed_in(&["operators"]).await;
    let page = operator.get(&stage.server.page("slack")).await;
    let forms =
        ["/pause", "/check", "/details", "/settings", "/permissions", "/connect"].map(|to| page.form(to));
    let viewer = stage.signed_in(&["viewers"]).await;
    let shown = viewer.get(&stage.server.page("slack")).await;
    shown.says(200, "Your role does not allow you to change this");
    assert_eq!(shown.text.matches("method=\"post\"").count(), 1, "only the one to sign out: {shown:?}");
    let csrf = shown.form("/sign-out").value("csrf").unwrap().to_owned();
    let disconnect =
        Form { action: format!("{}/disconnect", stage.server.page("slack")), fields: Vec::new() };
    for form in forms.into_iter().chain([disconnect.with("version", "1")]) {
        let answer = viewer.submit(&form.with("csrf", &csrf)).await;
        answer.says(403, "You are not allowed to do that");
    }
    assert_eq!(stage.server.integration("slack").await, before);
    stage.end().await;
}

async fn a_person_chooses_among_their_organizations(server: &Server) {
    let (other, project, _) = server.other_organization().await;
    let (third, _, _) = server.other_organization().await;
    let stage = Stage::with(server, |_| vec![format!("{other}:viewer=viewers")]).await;
    stage.in_groups(&["viewers"]);
    let visitor = Visitor::new(&stage.server);
    let to_choose = "/dashboard/organizations?return_to=%2Fdashboard";
    stage.sign_in(&visitor, "/dashboard").await.leads_to(to_choose);
    let page = visitor.get(to_choose).await;
    page.says(200, "Choose the one that you want to work on");
    let choose = |id: OrganizationId| page.form("/organizations").with("organization", &id.to_string());
    visitor.submit(&choose(third)).await.says(403, "You have no role in that organization");
    visitor.submit(&choose(other)).await.leads_to("/dashboard");
    let foreign = format!("/dashboard/projects/{project}");
    visitor.get(&foreign).await.says(200, "Integrations");
    visitor.get(&stage.server.pages()).await.says(403, "belongs to another organization");
    visitor.submit(&choose(server.organization)).await.leads_to("/dashboard");
    visitor.get(&stage.server.pages()).await.says(200, "Integrations");
    // A page that was asked for decides by itself.
    let visitor = Visitor::new(&stage.server);
    stage.sign_in(&visitor, &foreign).await.leads_to(&foreign);
    visitor.get(&foreign).await.says(200, "Integrations");
    stage.end().await;
}

async fn a_fresh_sign_in_is_judged_by_when_the_person_proved_themselves(server: &Server) {
    let stage = Stage::of(server).await;
    let visitor = stage.signed_in(&["admins"]).await;
    let fresh = "/dashboard/sign-in?fresh=1";
    visitor.get(fresh).await.leads_to("/dashboard");
    server.clock.advance(Duration::minutes(6));
    let asks = visitor.get(fresh).await;
    asks.says(200, "needs a fresh sign-in");
    let now = server.clock.now().unix_timestamp();
    // What is still to come would count as fresh for as long.
    for auth_time in [json!(now - 3600), Value::Null, json!(now + 120), json!(now + 36_000)] {
        let mut claims = in_groups(&["admins"]);
        claims["auth_time"] = auth_time;
        stage.provider.says(|says| says.id_token = claims);
        let address = address_of(&visitor.submit(&asks.form("/sign-in/person")).await);
        let asked = |name: &str| {
            address.query_pairs().find(|(one, _)| one == name).map(|(_, value)| value.into_owned())
        };
        assert_eq!((asked("prompt").as_deref(), asked("max_age").as_deref()), (Some("login"), Some("300")));
        let query = stage.provider.authorize(&address);
        stage.come_back(&visitor, &query).await.says(403, "A fresh sign-in is needed");
    }
    // A mistyped key does not take away that a fresh sign-in is needed.
    let mistyped = visitor.submit(&asks.form("/sign-in").with("api_key", "riq_mistyped")).await;
    assert_eq!(mistyped.form("/sign-in/person").value("fresh"), Some("on"));
    assert_eq!(mistyped.form("/sign-in").value("fresh"), Some("on"));
    let mut claims = in_groups(&["admins"]);
    claims["azp"] = json!("riq");
    stage.provider.says(|says| says.id_token = claims);
    let address = address_of(&visitor.submit(&mistyped.form("/sign-in/person")).await);
    assert!(address.query().unwrap().contains("prompt=login"), "{address}");
    let query = stage.provider.authorize(&address);
    stage.come_back(&visitor, &query).await.leads_to("/dashboard");
    visitor.get(fresh).await.leads_to("/dashboard");
    // A sign-in that need not be fresh is one all the same, and makes no fresh session.
    let mut claims = in_groups(&["admins"]);
    claims["auth_time"] = json!(server.clock.now().unix_timestamp() + 36_000);
    stage.provider.says(|says| says.id_token = claims);
    let visitor = Visitor::new(&stage.server);
    stage.sign_in(&visitor, "/dashboard").await.leads_to("/dashboard");
    visitor.get(fresh).await.says(200, "needs a fresh sign-in");
    stage.end().await;
}
