//! Every route of the specification refuses every caller who may not use it.

use integrations_core::tier::Tier;
use time::Duration;

use crate::support::{
    Answer, Server,
    clock::START,
    server::unknown_key,
    specification::{Operation, PROVIDER, operations},
};

on_both!(
    without_a_good_key_every_route_is_unauthorized,
    without_the_scope_every_route_is_refused_and_the_scope_named,
    every_route_is_refused_on_another_organizations_project,
    every_route_is_refused_on_an_unknown_project,
    every_route_with_a_provider_is_refused_on_an_unknown_one,
    every_route_that_needs_an_integration_is_refused_without_one,
    scopes_cover_what_the_contract_says,
    a_key_is_taken_from_either_header_and_not_from_two_that_differ,
);

/// Under both base paths.
fn both_bases(operation: &Operation, project: &str, provider: &str) -> [String; 2] {
    let target = operation.target(project, provider);
    let other = target.strip_prefix("/api").unwrap().to_owned();
    [target, other]
}

async fn send(server: &Server, operation: &Operation, target: &str, key: Option<&str>) -> Answer {
    let call = server.call_without_key(&operation.method, target);
    let call = match key {
        Some(key) => call.header("x-api-key", key),
        None => call,
    };
    match &operation.body {
        Some(body) => call.json(body).send().await,
        None => call.send().await,
    }
}

async fn without_a_good_key_every_route_is_unauthorized(server: &Server) {
    server.install(PROVIDER).await;
    let expired = server.key_with(&["admin"], Tier::Pro, Some(START + Duration::seconds(1))).await;
    let revoked = server.key_for(&["admin"]).await;
    server.clock.advance(Duration::seconds(1));
    server.revoke(&revoked).await;
    let unknown = unknown_key();
    let cut = &server.key.text[..52];
    let keys = [
        (None, "required"),
        (Some("riq_nonsense"), "malformed"),
        (Some(""), "malformed"),
        (Some(cut), "malformed"),
        (Some(unknown.as_str()), "unknown"),
        (Some(expired.text.as_str()), "expired"),
        (Some(revoked.text.as_str()), "revoked"),
    ];
    let before = server.sql.picture().await;
    for operation in operations() {
        // All of them are more than the limit of a minute.
        server.clock.advance(Duration::seconds(2));
        for target in both_bases(&operation, &server.project.to_string(), PROVIDER) {
            for (key, reason) in keys {
                let answer = send(server, &operation, &target, key).await;
                answer.refused(401, "UNAUTHORIZED");
                assert!(answer.message().contains(reason), "{}: {answer:?}", operation.name);
                assert_eq!(answer.header("x-ratelimit-tier"), None);
                assert_eq!(answer.header("x-ratelimit-limit"), Some("600"));
                let challenge = answer.header("www-authenticate").unwrap();
                let error = if key.is_some() { ", error=\"invalid_token\"" } else { "" };
                assert_eq!(challenge, format!("Bearer realm=\"integrations\"{error}"), "{}", operation.name);
            }
        }
        assert!(operation.can_answer("UNAUTHORIZED"), "{}", operation.name);
    }
    assert_eq!(server.sql.picture().await, before);
}

async fn without_the_scope_every_route_is_refused_and_the_scope_named(server: &Server) {
    server.install(PROVIDER).await;
    let elsewhere = server.key_for(&["keys:admin"]).await;
    let before = server.sql.picture().await;
    for operation in operations() {
        for target in both_bases(&operation, &server.project.to_string(), PROVIDER) {
            let answer = send(server, &operation, &target, Some(&elsewhere.text)).await;
            answer.refused(403, "INSUFFICIENT_SCOPE");
            assert!(answer.message().contains(&operation.scope), "{answer:?}");
            let challenge = format!(
                "Bearer realm=\"integrations\", error=\"insufficient_scope\", scope=\"{}\"",
                operation.scope
            );
            assert_eq!(answer.header("www-authenticate"), Some(challenge.as_str()));
            assert_eq!(answer.header("x-ratelimit-tier"), Some("enterprise"));
        }
        // A caller without the scope does not learn which projects exist.
        let target = operation.target("prj_nonsense", PROVIDER);
        send(server, &operation, &target, Some(&elsewhere.text)).await.refused(403, "INSUFFICIENT_SCOPE");
        assert!(operation.can_answer("INSUFFICIENT_SCOPE"), "{}", operation.name);
    }
    assert_eq!(server.sql.picture().await, before);
}

async fn every_route_is_refused_on_another_organizations_project(server: &Server) {
    let (_, project, key) = server.other_organization().await;
    server.install(PROVIDER).await;
    let before = server.sql.picture().await;
    for operation in operations() {
        for (project, key) in
            [(project.to_string(), &server.key.text), (server.project.to_string(), &key.text)]
        {
            for target in both_bases(&operation, &project, PROVIDER) {
                let answer = send(server, &operation, &target, Some(key)).await;
                answer.refused(403, "API_KEY_PROJECT_MISMATCH");
                assert_eq!(answer.header("x-ratelimit-tier"), Some("enterprise"));
            }
        }
        // A provider that does not exist makes no difference, because the project is checked first.
        for provider in ["nobody", "%ff"].into_iter().filter(|_| operation.names_provider()) {
            let target = operation.target(&project.to_string(), provider);
            let answer = send(server, &operation, &target, Some(&server.key.text)).await;
            answer.refused(403, "API_KEY_PROJECT_MISMATCH");
        }
        assert!(operation.can_answer("API_KEY_PROJECT_MISMATCH"), "{}", operation.name);
    }
    assert_eq!(server.sql.picture().await, before);
}

async fn every_route_is_refused_on_an_unknown_project(server: &Server) {
    server.install(PROVIDER).await;
    let own = server.project.to_string();
    let unknown = [
        "prj_00000000000000000000000000",
        "prj_1",
        "x",
        "%00",
        "%ff%fe",
        "prj_%2e%2e",
        &own.replace("prj_", "int_"),
        &own.to_uppercase(),
        &format!("{own}0"),
        &own[4..],
        &format!("{own}%20"),
    ];
    for operation in operations() {
        for project in unknown {
            for target in both_bases(&operation, project, PROVIDER) {
                let answer = send(server, &operation, &target, Some(&server.key.text)).await;
                answer.refused(404, "PROJECT_NOT_FOUND");
            }
        }
        assert!(operation.can_answer("PROJECT_NOT_FOUND"), "{}", operation.name);
    }
}

async fn every_route_with_a_provider_is_refused_on_an_unknown_one(server: &Server) {
    server.install(PROVIDER).await;
    let before = server.sql.picture().await;
    let mut tried = 0;
    for operation in operations().iter().filter(|operation| operation.names_provider()) {
        for provider in [
            "nobody",
            "Slack",
            "slack%20",
            "sl%00ack",
            "%f0%9f%98%80",
            "catalogue",
            "slack%2fx",
            "%ff",
            "slack%ff",
            "%c3%28",
            "%ed%a0%80",
            "slack%",
            "slack%zz",
        ] {
            for target in both_bases(operation, &server.project.to_string(), provider) {
                let answer = send(server, operation, &target, Some(&server.key.text)).await;
                answer.refused(404, "PROVIDER_NOT_FOUND");
            }
        }
        assert!(operation.can_answer("PROVIDER_NOT_FOUND"), "{}", operation.name);
        tried += 1;
    }
    assert!(tried >= 4);
    assert_eq!(server.sql.picture().await, before);
}

async fn every_route_that_needs_an_integration_is_refused_without_one(server: &Server) {
    // The same provider in another project of the same organization does not count here.
    let other = server.other_project().await;
    let line = crate::support::server::installation(PROVIDER).to_string();
    server.import(other, &line).await;
    // The example of `install-url` leads back to this origin.
    let project = format!("/api/v1/orgs/{}/projects/{}", server.organization, server.project);
    let origins = serde_json::json!({"return_origins": ["https://app.example.com"]});
    server.call("PATCH", &project).json(&origins).send().await.data();
    let before = server.sql.picture().await;
    let mut tried = 0;
    // A webhook is made without an integration.
    for operation in operations().into_iter().filter(|operation| operation.name != "createWebhook") {
        for target in both_bases(&operation, &server.project.to_string(), PROVIDER) {
            let answer = send(server, &operation, &target, Some(&server.key.text)).await;
            if operation.can_answer("INTEGRATION_NOT_FOUND") {
                answer.refused(404, "INTEGRATION_NOT_FOUND");
                assert!(answer.message().contains("Slack"), "{answer:?}");
                tried += 1;
            } else if ["{runId}", "{approvalId}", "{linkId}", "{webhookId}"]
                .iter()
                .any(|id| operation.path.contains(id))
            {
                answer.refused(404, "RESOURCE_NOT_FOUND");
            } else {
                assert_eq!(answer.status, 200, "{answer:?}");
            }
        }
    }
    assert!(tried >= 4);
    assert_eq!(server.sql.picture().await, before);
}

async fn scopes_cover_what_the_contract_says(server: &Server) {
    server.install(PROVIDER).await;
    // Scopes, and whether they cover integrations:read, integrations:write and audit:read.
    let table: [(&[&str], bool, bool, bool); 13] = [
        (&["admin"], true, true, true),
        (&["write"], true, true, true),
        (&["read"], true, false, true),
        (&["integrations:admin"], true, true, false),
        (&["integrations:write"], true, true, false),
        (&["integrations:read"], true, false, false),
        (&["webhooks:admin"], false, false, false),
        (&["webhooks:write", "audit:admin"], false, false, true),
        (&["audit:write"], false, false, true),
        (&["audit:read"], false, false, true),
        (&["webhooks:admin", "integrations:read"], true, false, false),
        (&["webhooks:read", "write"], true, true, true),
        (&["read", "webhooks:admin"], true, false, true),
    ];
    for (scopes, reads, writes, audits) in table {
        let key = server.key_for(scopes).await;
        for operation in operations() {
            let target = operation.target(&server.project.to_string(), PROVIDER);
            let answer = send(server, &operation, &target, Some(&key.text)).await;
            let is_covered = match operation.scope.as_str() {
                "integrations:read" => reads,
                "integrations:write" => writes,
                "audit:read" => audits,
                "actions:read" => scopes.iter().any(|held| ["admin", "write", "read"].contains(held)),
                "actions:write" => scopes.iter().any(|held| ["admin", "write"].contains(held)),
                "proxy:write" => scopes.iter().any(|held| ["admin", "write"].contains(held)),
                "approvals:read" => scopes.iter().any(|held| ["admin", "write", "read"].contains(held)),
                "approvals:admin" => scopes.contains(&"admin"),
                "webhooks:read" => {
                    let all = ["admin", "write", "read"];
                    scopes.iter().any(|held| all.contains(held) || held.starts_with("webhooks:"))
                }
                "webhooks:write" => {
                    let all = ["admin", "write", "webhooks:admin", "webhooks:write"];
                    scopes.iter().any(|held| all.contains(held))
                }
                other => panic!("the table does not know {other}"),
            };
            let is_refused = answer.code() == "INSUFFICIENT_SCOPE";
            assert_eq!(is_refused, !is_covered, "{scopes:?} on {}: {answer:?}", operation.name);
        }
        // DELETE has destroyed the credential, so the next key starts with a new installation.
        if writes {
            server.install(PROVIDER).await;
        }
    }
}

async fn a_key_is_taken_from_either_header_and_not_from_two_that_differ(server: &Server) {
    let target = server.at("");
    let other = server.key_for(&["read"]).await;
    let bearer = format!("Bearer {}", server.key.text);
    let call = || server.call_without_key("GET", &target);
    call().header("authorization", &bearer).send().await.data();
    call().header("authorization", &format!("bearer {}", server.key.text)).send().await.data();
    call().header("authorization", &bearer).header("x-api-key", &server.key.text).send().await.data();
    for (name, value) in [
        ("authorization", format!("Basic {}", server.key.text)),
        ("authorization", server.key.text.clone()),
        ("authorization", "Bearer".into()),
        ("x-api-key", bearer.clone()),
    ] {
        call().header(name, &value).send().await.refused(401, "UNAUTHORIZED");
    }
    // What a proxy adds for itself, beside our key.
    let (basic, token) = ("Basic cmlxOmE=", "Bearer eyJhbGciOiJSUzI1NiJ9.e30.c2ln");
    for proxys in [basic, token, "Negotiate YII=", "garbage"] {
        let call = call().header("x-api-key", &server.key.text).header("authorization", proxys);
        call.send().await.data();
    }
    call().header("x-api-key", "the-gateway's").header("authorization", &bearer).send().await.data();
    let differing = call().header("authorization", &bearer).header("x-api-key", &other.text);
    differing.send().await.refused(401, "UNAUTHORIZED");
    let twice = call().header("x-api-key", &server.key.text).header("x-api-key", &other.text);
    twice.send().await.refused(401, "UNAUTHORIZED");
    server
        .call_without_key("GET", &format!("{target}?api_key={}", server.key.text))
        .send()
        .await
        .refused(401, "UNAUTHORIZED");
}
