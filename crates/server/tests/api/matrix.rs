//! Who may do what: every operation of the specification, for every scope and role, on one's own, another's and an
//! unknown organization and project.
//!
//! The operations are read from the specification. What each of them asks for is written here by hand, from the
//! contract: an operation that is missing in the table fails the test.

use std::collections::BTreeMap;

use integrations_core::{
    ids::{OrganizationId, ProjectId},
    role::Role,
    scope::{Level, Resource},
};
use serde_json::json;

use crate::support::{Answer, Server};

on_both!(
    every_operation_asks_for_the_scope_of_the_contract,
    every_operation_stays_within_the_organization,
    nothing_is_done_without_a_good_key,
    every_role_does_what_the_contract_says_and_in_its_organization_alone,
);

/// The contract: method, path below the base, the scope that it asks for, and the first role that may do it; each role
/// includes those before it. Without a scope it needs no key.
const CONTRACT: [(&str, &str, &str, &str); 71] = [
    ("get", "/projects/{projectId}/integrations", "integrations:read", "viewer"),
    ("get", "/projects/{projectId}/integrations/catalog", "integrations:read", "viewer"),
    ("get", "/projects/{projectId}/integrations/catalog/{provider}", "integrations:read", "viewer"),
    ("get", "/projects/{projectId}/integrations/{provider}", "integrations:read", "viewer"),
    ("get", "/projects/{projectId}/integrations/{provider}/health-history", "integrations:read", "viewer"),
    ("delete", "/projects/{projectId}/integrations/{provider}", "integrations:write", "operator"),
    ("post", "/projects/{projectId}/integrations/{provider}/install-url", "integrations:write", "operator"),
    ("patch", "/projects/{projectId}/integrations/{provider}/lifecycle", "integrations:write", "operator"),
    ("post", "/projects/{projectId}/integrations/{provider}/check", "integrations:write", "operator"),
    ("get", "/projects/{projectId}/integrations/{provider}/events", "integrations:read", "viewer"),
    ("get", "/projects/{projectId}/integrations/{provider}/events/{eventId}", "integrations:read", "viewer"),
    ("get", "/projects/{projectId}/integrations/{provider}/event-source", "integrations:read", "viewer"),
    (
        "put",
        "/projects/{projectId}/integrations/{provider}/event-source/secret",
        "integrations:write",
        "operator",
    ),
    ("get", "/projects/{projectId}/integrations/{provider}/actions", "actions:read", "viewer"),
    ("post", "/projects/{projectId}/integrations/{provider}/actions/{action}", "actions:write", "operator"),
    (
        "post",
        "/projects/{projectId}/integrations/{provider}/actions/{action}/explain",
        "actions:write",
        "operator",
    ),
    ("post", "/projects/{projectId}/integrations/{provider}/policy/replay", "actions:read", "viewer"),
    ("get", "/projects/{projectId}/integrations/{provider}/proxy/{path}", "proxy:write", "operator"),
    ("post", "/projects/{projectId}/integrations/{provider}/proxy/{path}", "proxy:write", "operator"),
    ("put", "/projects/{projectId}/integrations/{provider}/proxy/{path}", "proxy:write", "operator"),
    ("patch", "/projects/{projectId}/integrations/{provider}/proxy/{path}", "proxy:write", "operator"),
    ("delete", "/projects/{projectId}/integrations/{provider}/proxy/{path}", "proxy:write", "operator"),
    ("get", "/projects/{projectId}/install-links", "integrations:read", "viewer"),
    ("delete", "/projects/{projectId}/install-links/{linkId}", "integrations:write", "operator"),
    ("get", "/projects/{projectId}/action-runs", "actions:read", "viewer"),
    ("get", "/projects/{projectId}/action-runs/{runId}", "actions:read", "viewer"),
    ("get", "/projects/{projectId}/approvals", "approvals:read", "viewer"),
    ("get", "/projects/{projectId}/approvals/{approvalId}", "approvals:read", "viewer"),
    ("post", "/projects/{projectId}/approvals/{approvalId}/approve", "approvals:admin", "approver"),
    ("post", "/projects/{projectId}/approvals/{approvalId}/deny", "approvals:admin", "approver"),
    ("get", "/projects/{projectId}/approval-policy", "approvals:read", "viewer"),
    ("patch", "/projects/{projectId}/approval-policy", "approvals:admin", "approver"),
    ("get", "/projects/{projectId}/webhooks", "webhooks:read", "viewer"),
    ("post", "/projects/{projectId}/webhooks", "webhooks:write", "operator"),
    ("get", "/projects/{projectId}/webhooks/{webhookId}", "webhooks:read", "viewer"),
    ("patch", "/projects/{projectId}/webhooks/{webhookId}", "webhooks:write", "operator"),
    ("delete", "/projects/{projectId}/webhooks/{webhookId}", "webhooks:write", "operator"),
    ("post", "/projects/{projectId}/webhooks/{webhookId}/test", "webhooks:write", "operator"),
    ("post", "/projects/{projectId}/webhooks/{webhookId}/rotate-secret", "webhooks:write", "operator"),
    ("post", "/projects/{projectId}/webhooks/{webhookId}/redeliver", "webhooks:write", "operator"),
    ("get", "/projects/{projectId}/webhooks/{webhookId}/deliveries", "webhooks:read", "viewer"),
    ("get", "/projects/{projectId}/webhooks/{webhookId}/deliveries/{deliveryId}", "webhooks:read", "viewer"),
    (
        "post",
        "/projects/{projectId}/webhooks/{webhookId}/deliveries/{deliveryId}/redeliver",
        "webhooks:write",
        "operator",
    ),
    ("get", "/projects/{projectId}/audit", "audit:read", "viewer"),
    ("get", "/projects/{projectId}/audit/export", "audit:read", "viewer"),
    ("get", "/orgs/{orgId}/projects", "projects:read", "viewer"),
    ("post", "/orgs/{orgId}/projects", "projects:write", "operator"),
    ("get", "/orgs/{orgId}/projects/{projectId}", "projects:read", "viewer"),
    ("patch", "/orgs/{orgId}/projects/{projectId}", "projects:write", "operator"),
    ("delete", "/orgs/{orgId}/projects/{projectId}", "projects:write", "operator"),
    ("get", "/orgs/{orgId}/keys", "keys:read", "viewer"),
    ("post", "/orgs/{orgId}/keys", "keys:admin", "admin"),
    ("get", "/orgs/{orgId}/keys/{keyId}", "keys:read", "viewer"),
    ("patch", "/orgs/{orgId}/keys/{keyId}", "keys:admin", "admin"),
    ("delete", "/orgs/{orgId}/keys/{keyId}", "keys:admin", "admin"),
    ("post", "/orgs/{orgId}/keys/{keyId}/rotate", "keys:admin", "admin"),
    ("get", "/orgs/{orgId}/oauth-apps", "oauth_apps:read", "viewer"),
    ("put", "/orgs/{orgId}/oauth-apps/{provider}", "oauth_apps:admin", "admin"),
    ("delete", "/orgs/{orgId}/oauth-apps/{provider}", "oauth_apps:admin", "admin"),
    ("post", "/orgs/{orgId}/oauth-apps/{provider}/check", "oauth_apps:admin", "admin"),
    ("get", "/orgs/{orgId}/oauth-apps/{provider}/event-source", "oauth_apps:read", "viewer"),
    ("put", "/orgs/{orgId}/oauth-apps/{provider}/event-source/secret", "oauth_apps:admin", "admin"),
    ("get", "/projects/{projectId}/oauth-apps/{provider}/event-source", "oauth_apps:read", "viewer"),
    ("put", "/projects/{projectId}/oauth-apps/{provider}/event-source/secret", "oauth_apps:admin", "admin"),
    ("get", "/projects/{projectId}/oauth-apps", "oauth_apps:read", "viewer"),
    ("put", "/projects/{projectId}/oauth-apps/{provider}", "oauth_apps:admin", "admin"),
    ("delete", "/projects/{projectId}/oauth-apps/{provider}", "oauth_apps:admin", "admin"),
    ("post", "/projects/{projectId}/oauth-apps/{provider}/check", "oauth_apps:admin", "admin"),
    ("get", "/openapi.json", "", ""),
    ("post", "/api/auth/device/code", "", ""),
    ("post", "/api/auth/device/token", "", ""),
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

/// An operation of the specification that needs a key.
#[derive(Debug)]
struct Operation {
    method: String,
    path: String,
    scope: &'static str,
    role: Role,
}

/// The operations of the specification that need a key. All of them are in the contract's table, and nothing else is.
async fn operations(server: &Server) -> Vec<Operation> {
    let specification = server.call_without_key("GET", "/api/v1/openapi.json").send().await;
    let contract: BTreeMap<_, _> =
        CONTRACT.iter().map(|(method, path, scope, role)| ((*method, *path), (*scope, *role))).collect();
    let (mut found, mut keyless) = (Vec::new(), 0);
    for (path, item) in specification.body["paths"].as_object().unwrap() {
        if !path.starts_with("/api/") {
            continue;
        }
        let below = path.strip_prefix("/api/v1").unwrap_or(path);
        for method in
            ["get", "post", "put", "patch", "delete"].into_iter().filter(|name| item.get(name).is_some())
        {
            let row = contract.get(&(method, below));
            let (scope, role) = row.unwrap_or_else(|| panic!("the contract's table lacks {method} {below}"));
            if scope.is_empty() {
                keyless += 1;
                continue;
            }
            let (method, path) = (method.to_uppercase(), path.clone());
            found.push(Operation { method, path, scope, role: role.parse().unwrap() });
        }
    }
    assert_eq!(found.len() + keyless, CONTRACT.len());
    found
}

async fn ask(server: &Server, key: &str, operation: &Operation, organization: &str, project: &str) -> Answer {
    let target = operation
        .path
        .replace("{orgId}", organization)
        .replace("{projectId}", project)
        .replace("{keyId}", "key_00000000000000000000000001")
        .replace("{provider}", "slack")
        .replace("{action}", "post_message")
        .replace("{path}", "api.test")
        .replace("{runId}", "run_00000000000000000000000001")
        .replace("{linkId}", "lnk_00000000000000000000000001")
        .replace("{webhookId}", "whk_00000000000000000000000001")
        .replace("{deliveryId}", "dlv_00000000000000000000000001")
        .replace("{eventId}", "pev_00000000000000000000000001")
        .replace("{approvalId}", "apr_00000000000000000000000001");
    let call = server.call_as(key, &operation.method, &target);
    match operation.method.as_str() {
        "GET" | "DELETE" => call.send().await,
        _ => call.json(&json!({})).send().await,
    }
}

async fn every_operation_asks_for_the_scope_of_the_contract(server: &Server) {
    let operations = operations(server).await;
    let (organization, project, _) = server.other_organization().await;
    for held in every_scope() {
        let key = server.key_for(&[&held]).await.text;
        for operation in &operations {
            // On what is another's nothing is done, whatever the scope.
            let answer = ask(server, &key, operation, &organization.to_string(), &project.to_string()).await;
            let code = match (covers(&held, operation.scope), operation.path.contains("{orgId}")) {
                (false, _) => "INSUFFICIENT_SCOPE",
                (true, true) => "API_KEY_ORG_MISMATCH",
                (true, false) => "API_KEY_PROJECT_MISMATCH",
            };
            assert_eq!((answer.status, answer.code()), (403, code), "{held}: {operation:?}");
            if code == "INSUFFICIENT_SCOPE" {
                assert!(answer.message().contains(operation.scope), "{held}: {operation:?}");
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
        let path = &operation.path;
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
        if operation.method == "GET" {
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
        let target = operation.path.replace("{orgId}", &own).replace("{projectId}", &project);
        let target = target.replace("{provider}", "slack").replace("{keyId}", "key_x");
        let target = target.replace("{action}", "post_message").replace("{runId}", "run_x");
        let target = target
            .replace("{linkId}", "lnk_x")
            .replace("{webhookId}", "whk_x")
            .replace("{deliveryId}", "dlv_x")
            .replace("{approvalId}", "apr_x")
            .replace("{eventId}", "pev_x")
            .replace("{path}", "api.test");
        server.call_without_key(&operation.method, &target).send().await.refused(401, "UNAUTHORIZED");
    }
}

/// A person acts over the API by a key that acts for them. The key holds everything, so the role alone decides.
async fn every_role_does_what_the_contract_says_and_in_its_organization_alone(server: &Server) {
    let (other, foreign, _) = server.other_organization().await;
    let (own, project) = (server.organization.to_string(), server.project.to_string());
    let (other, foreign) = (other.to_string(), foreign.to_string());
    let unknown = (OrganizationId::from_bits(7).to_string(), ProjectId::from_bits(7).to_string());
    let operations = operations(server).await;
    for role in Role::ALL {
        let user = server.person(role).await;
        let key = server.key_of(user, &["admin"]).await.text;
        for operation in &operations {
            let cell = format!("{role}: {} {}", operation.method, operation.path);
            let (may, of_organization) = (role >= operation.role, operation.path.contains("{orgId}"));
            // What is archived is not asked for again.
            let archives = may && operation.method == "DELETE" && operation.path.ends_with("/{projectId}");
            let at = if archives { server.other_project().await.to_string() } else { project.clone() };
            let answer = ask(server, &key, operation, &own, &at).await;
            if may {
                let is_let_in =
                    !matches!(answer.status, 401 | 403 | 500..) && answer.code() != "PROJECT_NOT_FOUND";
                assert!(is_let_in, "{cell}: {answer:?}");
            } else {
                assert_eq!((answer.status, answer.code()), (403, "INSUFFICIENT_SCOPE"), "{cell}");
            }
            let refusal =
                |allowed: (u16, &'static str)| if may { allowed } else { (403, "INSUFFICIENT_SCOPE") };
            for (organization, project, code) in [
                (&other, &foreign, "API_KEY_PROJECT_MISMATCH"),
                (&unknown.0, &unknown.1, "PROJECT_NOT_FOUND"),
            ] {
                let allowed = match (of_organization, code) {
                    (true, _) => (403, "API_KEY_ORG_MISMATCH"),
                    (false, "PROJECT_NOT_FOUND") => (404, code),
                    (false, _) => (403, code),
                };
                let answer = ask(server, &key, operation, organization, project).await;
                assert_eq!((answer.status, answer.code()), refusal(allowed), "{cell} in {organization}");
            }
            if of_organization && operation.path.contains("{projectId}") {
                for (project, allowed) in
                    [(&foreign, (403, "API_KEY_PROJECT_MISMATCH")), (&unknown.1, (404, "PROJECT_NOT_FOUND"))]
                {
                    let answer = ask(server, &key, operation, &own, project).await;
                    assert_eq!((answer.status, answer.code()), refusal(allowed), "{cell} of {project}");
                }
            }
        }
    }
}
