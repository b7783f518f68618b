//! Who may do what: every operation of the specification, for every scope, on one's own, another's and an unknown
//! organization and project.
//!
//! The operations are read from the specification. What each of them asks for is written here by hand, from the
//! contract: an operation that is missing in the table fails the test.

use std::collections::BTreeMap;

use integrations_core::{
    ids::{OrganizationId, ProjectId},
    scope::{Level, Resource},
};
use serde_json::json;

use crate::support::{Answer, Server};

on_both!(
    every_operation_asks_for_the_scope_of_the_contract,
    every_operation_stays_within_the_organization,
    nothing_is_done_without_a_good_key,
);

/// The contract: method, path below the base, and the scope that it asks for.
const CONTRACT: [(&str, &str, &str); 29] = [
    ("get", "/projects/{projectId}/integrations", "integrations:read"),
    ("get", "/projects/{projectId}/integrations/catalog", "integrations:read"),
    ("get", "/projects/{projectId}/integrations/catalog/{provider}", "integrations:read"),
    ("get", "/projects/{projectId}/integrations/{provider}", "integrations:read"),
    ("delete", "/projects/{projectId}/integrations/{provider}", "integrations:write"),
    ("post", "/projects/{projectId}/integrations/{provider}/install-url", "integrations:write"),
    ("patch", "/projects/{projectId}/integrations/{provider}/lifecycle", "integrations:write"),
    ("post", "/projects/{projectId}/integrations/{provider}/check", "integrations:write"),
    ("get", "/projects/{projectId}/audit", "audit:read"),
    ("get", "/orgs/{orgId}/projects", "projects:read"),
    ("post", "/orgs/{orgId}/projects", "projects:write"),
    ("get", "/orgs/{orgId}/projects/{projectId}", "projects:read"),
    ("patch", "/orgs/{orgId}/projects/{projectId}", "projects:write"),
    ("delete", "/orgs/{orgId}/projects/{projectId}", "projects:write"),
    ("get", "/orgs/{orgId}/keys", "keys:read"),
    ("post", "/orgs/{orgId}/keys", "keys:admin"),
    ("get", "/orgs/{orgId}/keys/{keyId}", "keys:read"),
    ("patch", "/orgs/{orgId}/keys/{keyId}", "keys:admin"),
    ("delete", "/orgs/{orgId}/keys/{keyId}", "keys:admin"),
    ("post", "/orgs/{orgId}/keys/{keyId}/rotate", "keys:admin"),
    ("get", "/orgs/{orgId}/oauth-apps", "oauth_apps:read"),
    ("put", "/orgs/{orgId}/oauth-apps/{provider}", "oauth_apps:admin"),
    ("delete", "/orgs/{orgId}/oauth-apps/{provider}", "oauth_apps:admin"),
    ("post", "/orgs/{orgId}/oauth-apps/{provider}/check", "oauth_apps:admin"),
    ("get", "/projects/{projectId}/oauth-apps", "oauth_apps:read"),
    ("put", "/projects/{projectId}/oauth-apps/{provider}", "oauth_apps:admin"),
    ("delete", "/projects/{projectId}/oauth-apps/{provider}", "oauth_apps:admin"),
    ("post", "/projects/{projectId}/oauth-apps/{provider}/check", "oauth_apps:admin"),
    ("get", "/openapi.json", ""),
];

/// Whether a scope that is held covers one that is asked for, as the contract's table of scopes says.
fn covers(held: &str, asked: &str) -> bool {
    let (resource, level) = asked.split_once(':').unwrap();
    match held.split_once(':') {
        None => match held {
            "admin" => true,
            "write" => level != "admin",
            "read" => level == "read",
            _ => false,
        },
        Some((name, "admin")) => name == resource,
        Some((name, "write")) => name == resource && level != "admin",
        Some((name, "read")) => name == resource && level == "read",
        Some(_) => false,
    }
}

fn every_scope() -> Vec<String> {
    let alone = Level::ALL.map(|level| level.to_string());
    let pairs =
        Resource::ALL.into_iter().flat_map(|resource| Level::ALL.map(|level| format!("{resource}:{level}")));
    alone.into_iter().chain(pairs).collect()
}

/// The operations of the specification that need a key, with the scope that each asks for.
async fn operations(server: &Server) -> Vec<(String, String, &'static str)> {
    let specification = server.call_without_key("GET", "/api/v1/openapi.json").send().await;
    let contract: BTreeMap<_, _> =
        CONTRACT.iter().map(|(method, path, scope)| ((*method, *path), *scope)).collect();
    let mut found = Vec::new();
    for (path, item) in specification.body["paths"].as_object().unwrap() {
        let Some(below) = path.strip_prefix("/api/v1") else { continue };
        for method in
            ["get", "post", "put", "patch", "delete"].into_iter().filter(|name| item.get(name).is_some())
        {
            let scope = contract.get(&(method, below));
            let scope = scope.unwrap_or_else(|| panic!("the contract's table lacks {method} {below}"));
            if !scope.is_empty() {
                found.push((method.to_uppercase(), path.clone(), *scope));
            }
        }
    }
    assert_eq!(found.len(), CONTRACT.iter().filter(|(.., scope)| !scope.is_empty()).count());
    found
}

async fn ask(
    server: &Server,
    key: &str,
    operation: &(String, String, &'static str),
    organization: &str,
    project: &str,
) -> Answer {
    let (method, path, _) = operation;
    let target = path
        .replace("{orgId}", organization)
        .replace("{projectId}", project)
        .replace("{keyId}", "key_00000000000000000000000001")
        .replace("{provider}", "slack");
    let call = server.call_as(key, method, &target);
    if method == "GET" || method == "DELETE" { call.send().await } else { call.json(&json!({})).send().await }
}

async fn every_operation_asks_for_the_scope_of_the_contract(server: &Server) {
    let operations = operations(server).await;
    let (organization, project, _) = server.other_organization().await;
    for held in every_scope() {
        let key = server.key_for(&[&held]).await.text;
        for operation in &operations {
            // On what is another's nothing is done, whatever the scope.
            let answer = ask(server, &key, operation, &organization.to_string(), &project.to_string()).await;
            let code = match (covers(&held, operation.2), operation.1.contains("{orgId}")) {
                (false, _) => "INSUFFICIENT_SCOPE",
                (true, true) => "API_KEY_ORG_MISMATCH",
                (true, false) => "API_KEY_PROJECT_MISMATCH",
            };
            assert_eq!((answer.status, answer.code()), (403, code), "{held}: {operation:?}");
            if code == "INSUFFICIENT_SCOPE" {
                assert!(answer.message().contains(operation.2), "{held}: {operation:?}");
            }
        }
    }
}

async fn every_operation_stays_within_the_organization(server: &Server) {
    let (other_organization, other_project, _) = server.other_organization().await;
    let admin = server.key_for(&["admin"]).await.text;
    let unknown_organization = OrganizationId::from_bits(7).to_string();
    let unknown_project = ProjectId::from_bits(7).to_string();
    let (own, own_project) = (server.organization.to_string(), server.project.to_string());
    for operation in &operations(server).await {
        let path = &operation.1;
        if path.contains("{orgId}") {
            for organization in [&other_organization.to_string(), &unknown_organization, &"org_x".to_owned()]
            {
                let answer = ask(server, &admin, operation, organization, &own_project).await;
                answer.refused(403, "API_KEY_ORG_MISMATCH");
            }
        }
        if path.contains("{projectId}") {
            let foreign = ask(server, &admin, operation, &own, &other_project.to_string()).await;
            foreign.refused(403, "API_KEY_PROJECT_MISMATCH");
            for project in [&unknown_project, &"prj_x".to_owned(), &"%ff".to_owned()] {
                ask(server, &admin, operation, &own, project).await.refused(404, "PROJECT_NOT_FOUND");
            }
        }
        if operation.0 == "GET" {
            let answer = ask(server, &admin, operation, &own, &own_project).await;
            assert!(matches!(answer.status, 200 | 404), "{operation:?}: {answer:?}");
            assert_ne!(answer.code(), "PROJECT_NOT_FOUND");
        }
    }
}

async fn nothing_is_done_without_a_good_key(server: &Server) {
    let revoked = server.key_for(&["admin"]).await;
    server.revoke(&revoked).await;
    let (own, project) = (server.organization.to_string(), server.project.to_string());
    let unknown = crate::support::server::unknown_key();
    for operation in &operations(server).await {
        for key in ["riq_nonsense", &unknown] {
            ask(server, key, operation, &own, &project).await.refused(401, "UNAUTHORIZED");
        }
        let target = operation.1.replace("{orgId}", &own).replace("{projectId}", &project);
        let target = target.replace("{provider}", "slack").replace("{keyId}", "key_x");
        server.call_without_key(&operation.0, &target).send().await.refused(401, "UNAUTHORIZED");
    }
}
