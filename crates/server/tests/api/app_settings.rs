//! OAuth apps by the API: what an organization sets for itself or for one of its projects.

use serde_json::{Map, Value, json};

use crate::{
    handshake::{BROWSER, who},
    support::{Answer, Server, hidden},
};

on_both!(
    an_app_of_an_organization_counts_until_a_project_has_its_own,
    the_scopes_of_an_app_are_asked_for,
    a_secret_is_kept_with_its_client_id_alone,
    only_who_administers_apps_sets_them,
    what_is_no_app_is_refused,
);

const SECRET: &str = "SECRET-client-secret-of-the-organization";

pub(crate) fn of_organization(server: &Server, rest: &str) -> String {
    format!("/api/v1/orgs/{}/oauth-apps{rest}", server.organization)
}

pub(crate) fn of_project(server: &Server, rest: &str) -> String {
    format!("/api/v1/projects/{}/oauth-apps{rest}", server.project)
}

async fn ask(server: &Server, key: &str, method: &str, target: &str, body: Option<Value>) -> Answer {
    let call = server.call_as(key, method, target);
    match body {
        Some(body) => call.json(&body).send().await,
        None => call.send().await,
    }
}

fn app(client_id: &str) -> Option<Value> {
    Some(json!({"client_id": client_id, "client_secret": SECRET}))
}

/// The address that a person would be sent to.
pub(crate) async fn authorize_url(server: &Server, provider: &str) -> url::Url {
    let found = &server.app.services.catalog.account(provider).unwrap();
    server.app.services.installer.begin(&who(server), found, Map::new(), BROWSER).await.unwrap()
}

pub(crate) fn parameter(url: &url::Url, name: &str) -> String {
    url.query_pairs().find(|(key, _)| key == name).map(|(_, value)| value.into_owned()).unwrap_or_default()
}

async fn an_app_of_an_organization_counts_until_a_project_has_its_own(server: &Server) {
    let key = server.key_for(&["admin"]).await.text;
    let listed = ask(server, &key, "GET", &of_project(server, ""), None).await;
    let github =
        listed.data().as_array().unwrap().iter().find(|app| app["provider"] == "github").unwrap().clone();
    assert_eq!((&github["owner"], &github["client_id"]), (&json!(null), &json!(null)));
    assert!(github["redirect_uri"].as_str().unwrap().ends_with("/oauth/callback"));
    assert_eq!(github["scopes"], github["default_scopes"]);
    // Providers that need no app are not listed.
    assert!(!listed.data().as_array().unwrap().iter().any(|app| app["provider"] == "postmark"));

    let set = ask(server, &key, "PUT", &of_organization(server, "/github"), app("of-org")).await;
    assert_eq!((&set.data()["owner"], &set.data()["client_id"]), (&json!("organization"), &json!("of-org")));
    assert_eq!(parameter(&authorize_url(server, "github").await, "client_id"), "of-org");
    let set = ask(server, &key, "PUT", &of_project(server, "/github"), app("of-project")).await;
    assert_eq!((&set.data()["owner"], &set.data()["client_id"]), (&json!("project"), &json!("of-project")));
    assert_eq!(parameter(&authorize_url(server, "github").await, "client_id"), "of-project");
    let of_org = ask(server, &key, "GET", &of_organization(server, ""), None).await;
    let github =
        of_org.data().as_array().unwrap().iter().find(|app| app["provider"] == "github").unwrap().clone();
    assert_eq!(github["client_id"], "of-org");
    for _ in 0..2 {
        let removed = ask(server, &key, "DELETE", &of_project(server, "/github"), None).await;
        assert_eq!(removed.data()["client_id"], "of-org");
    }
    assert_eq!(parameter(&authorize_url(server, "github").await, "client_id"), "of-org");
    let stored = server.sql.rows("SELECT * FROM audit_events WHERE action LIKE 'oauth_app.%'", []).await;
    assert_eq!(stored.len(), 3);
    hidden::assert_not_in(&format!("{stored:?} {of_org:?}"), "the audit log and the answers");
    assert!(!format!("{stored:?} {of_org:?}").contains(SECRET));
}

async fn the_scopes_of_an_app_are_asked_for(server: &Server) {
    let key = server.key_for(&["admin"]).await.text;
    let usual = parameter(&authorize_url(server, "slack").await, "scope");
    assert!(usual.contains("chat:write"), "{usual}");
    let body = json!({"client_id": "c", "client_secret": SECRET, "scopes": ["chat:write", "files:read"]});
    let set = ask(server, &key, "PUT", &of_project(server, "/slack"), Some(body)).await;
    assert_eq!(set.data()["scopes"], json!(["chat:write", "files:read"]));
    assert_ne!(set.data()["default_scopes"], set.data()["scopes"]);
    let asked = parameter(&authorize_url(server, "slack").await, "scope");
    assert_eq!(asked.split([',', ' ']).collect::<Vec<_>>(), ["chat:write", "files:read"]);
    // Other scopes with the same client id, and the secret that is stored.
    let body = json!({"client_id": "c", "scopes": null});
    ask(server, &key, "PUT", &of_project(server, "/slack"), Some(body)).await.data();
    assert_eq!(parameter(&authorize_url(server, "slack").await, "scope"), usual);
}

async fn a_secret_is_kept_with_its_client_id_alone(server: &Server) {
    let key = server.key_for(&["admin"]).await.text;
    let target = of_project(server, "/slack");
    let refused = ask(server, &key, "PUT", &target, Some(json!({"client_id": "c"}))).await;
    assert_eq!(refused.issues(), ["client_secret: Required, as no secret is stored for this client id"]);
    ask(server, &key, "PUT", &target, app("c")).await.data();
    let other = ask(server, &key, "PUT", &target, Some(json!({"client_id": "d"}))).await;
    other.refused(400, "BAD_REQUEST");
}

async fn only_who_administers_apps_sets_them(server: &Server) {
    let other = server.other_project().await;
    for scopes in [&["write"][..], &["oauth_apps:read", "oauth_apps:write"]] {
        let key = server.key_for(scopes).await.text;
        ask(server, &key, "GET", &of_project(server, ""), None).await.data();
        for target in [of_project(server, "/slack"), of_organization(server, "/slack")] {
            for method in ["PUT", "DELETE"] {
                let body = (method == "PUT").then(|| app("c")).flatten();
                ask(server, &key, method, &target, body).await.refused(403, "INSUFFICIENT_SCOPE");
            }
            ask(server, &key, "POST", &format!("{target}/check"), None)
                .await
                .refused(403, "INSUFFICIENT_SCOPE");
        }
    }
    let admin = server.key_for(&["admin"]).await.text;
    let body = json!({"name": "b", "scopes": ["oauth_apps:admin"], "project_ids": [server.project]});
    let made =
        ask(server, &admin, "POST", &format!("/api/v1/orgs/{}/keys", server.organization), Some(body)).await;
    let bound = made.data()["key"].as_str().unwrap().to_owned();
    ask(server, &bound, "PUT", &of_project(server, "/slack"), app("c")).await.data();
    let mismatch = ask(server, &bound, "PUT", &of_organization(server, "/slack"), app("c")).await;
    mismatch.refused(403, "API_KEY_PROJECT_MISMATCH");
    let target = format!("/api/v1/projects/{other}/oauth-apps/slack");
    ask(server, &bound, "PUT", &target, app("c")).await.refused(403, "API_KEY_PROJECT_MISMATCH");
    let (organization, foreign, _) = server.other_organization().await;
    let target = format!("/api/v1/orgs/{organization}/oauth-apps/slack");
    ask(server, &admin, "PUT", &target, app("c")).await.refused(403, "API_KEY_ORG_MISMATCH");
    let target = format!("/api/v1/projects/{foreign}/oauth-apps/slack");
    ask(server, &admin, "PUT", &target, app("c")).await.refused(403, "API_KEY_PROJECT_MISMATCH");
}

async fn what_is_no_app_is_refused(server: &Server) {
    let key = server.key_for(&["admin"]).await.text;
    let put = async |provider: &str, body: Value| {
        ask(server, &key, "PUT", &of_project(server, &format!("/{provider}")), Some(body)).await
    };
    put("postmark", json!({"client_id": "c"})).await.refused(404, "RESOURCE_NOT_FOUND");
    put("nobody", json!({"client_id": "c"})).await.refused(404, "PROVIDER_NOT_FOUND");
    let refused = put("slack", json!({"client_secret": "a b"})).await;
    assert_eq!(
        refused.issues(),
        ["client_id: Required", "client_secret: Must be 1 to 4096 visible ASCII characters without blanks",]
    );
    let unset = ask(server, &key, "POST", &of_project(server, "/github/check"), None).await;
    unset.refused(409, "PROVIDER_NOT_CONFIGURED");
}
