//! Changes at the same time: none is lost, and each has its event.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use crate::support::{Answer, Server};

on_both!(
    two_changes_at_once_both_stay,
    forty_changes_at_once_all_stay,
    changes_through_two_replicas_all_stay,
    of_two_conditional_changes_one_is_made,
    a_deletion_and_changes_at_once_end_in_the_table,
    many_deletions_at_once_are_one,
    installing_twice_at_once_makes_one_integration,
    coming_back_twice_at_once_is_one_installation,
    coming_back_while_it_is_changed_loses_nothing,
);

const PERMISSIONS: [&str; 7] = [
    "lookup_order",
    "lookup_customer",
    "lookup_product",
    "add_order_note",
    "update_shipping_address",
    "issue_refund",
    "cancel_order",
];

/// Sends lifecycle PATCHes for Shopify at the same time, to several servers in turn.
async fn patch_at_once(servers: &[&Server], updates: Vec<Value>) -> Vec<Answer> {
    let target = servers[0].at("/shopify/lifecycle");
    let mut sending = Vec::new();
    for (at, update) in updates.into_iter().enumerate() {
        let call = servers[at % servers.len()].call("PATCH", &target).json(&update);
        sending.push(tokio::spawn(call.send()));
    }
    let mut answers = Vec::new();
    for one in sending {
        answers.push(one.await.unwrap());
    }
    answers
}

/// Asserts that versions and events agree: version 1 is the installation, and each change has one event.
async fn assert_each_change_has_its_event(server: &Server, provider: &str) -> i64 {
    let version = "SELECT version FROM integrations WHERE provider = $1";
    let version = server.sql.count(version, [provider.into()]).await;
    let events = "SELECT COUNT(*) FROM audit_events WHERE provider = $1";
    assert_eq!(server.sql.count(events, [provider.into()]).await, version, "{provider}");
    version
}

async fn two_changes_at_once_both_stay(server: &Server) {
    server.install("shopify").await;
    for round in 0..10_i64 {
        let updates = vec![
            json!({"settings": {"refund_limit_cents": round}}),
            json!({"settings": {"refunds_enabled": round % 2 == 0}}),
        ];
        for answer in patch_at_once(&[server], updates).await {
            answer.data();
        }
        let settings = &server.integration("shopify").await["settings"];
        assert_eq!(settings, &json!({"refund_limit_cents": round, "refunds_enabled": round % 2 == 0}));
    }
    assert_eq!(assert_each_change_has_its_event(server, "shopify").await, 21);
}

/// Forty updates of different values, with the expected result.
fn forty() -> (Vec<Value>, Value) {
    let mut updates: Vec<Value> =
        PERMISSIONS.map(|key| json!({"action_permissions": {key: key != "lookup_order"}})).to_vec();
    updates.push(json!({"display_name": "Acme Store"}));
    updates.push(json!({"sidebar_enabled": true}));
    updates.push(json!({"settings": {"refunds_enabled": true}}));
    updates.push(json!({"settings": {"order_lookup_enabled": false}}));
    updates.push(json!({"settings": {"default_location_id": "655441491"}}));
    updates.push(json!({"settings": {"notify_customer_on_refund": false}}));
    let limits = (0..27).map(|at| json!({"settings": {"refund_limit_cents": 1_000 + at}}));
    updates.extend(limits);
    let settings = json!({
        "refunds_enabled": true, "order_lookup_enabled": false, "default_location_id": "655441491",
        "notify_customer_on_refund": false
    });
    (updates, settings)
}

async fn assert_forty_stay(server: &Server, answers: &[Answer], expected: &Value) {
    let tags: BTreeSet<&str> = answers.iter().map(|a| a.data()["etag"].as_str().unwrap()).collect();
    let now = server.integration("shopify").await;
    for (key, value) in expected.as_object().unwrap() {
        assert_eq!(&now["settings"][key], value, "{key}");
    }
    let limit = now["settings"]["refund_limit_cents"].as_i64().unwrap();
    assert!((1_000..1_027).contains(&limit), "{limit}");
    for key in PERMISSIONS {
        assert_eq!(now["action_permissions"][key], key != "lookup_order", "{key}");
    }
    assert_eq!((&now["display_name"], &now["sidebar_enabled"]), (&json!("Acme Store"), &json!(true)));
    let version = assert_each_change_has_its_event(server, "shopify").await;
    // Some may have changed nothing, such as a permission that was set already. Each of the others has its own version.
    assert!(version >= 30 && tags.len() as i64 >= version - 1, "{version} {tags:?}");
}

async fn forty_changes_at_once_all_stay(server: &Server) {
    server.install("shopify").await;
    let (updates, expected) = forty();
    assert_eq!(updates.len(), 40);
    let answers = patch_at_once(&[server], updates).await;
    assert_forty_stay(server, &answers, &expected).await;
}

async fn changes_through_two_replicas_all_stay(server: &Server) {
    server.install("shopify").await;
    let replica = server.replica(|_| {}).await;
    let (updates, expected) = forty();
    let answers = patch_at_once(&[server, &replica], updates).await;
    assert_forty_stay(server, &answers, &expected).await;
    replica.stop().await;
}

async fn of_two_conditional_changes_one_is_made(server: &Server) {
    server.install("shopify").await;
    let target = server.at("/shopify/lifecycle");
    for round in 1..=10_i64 {
        let tag = server.integration("shopify").await["etag"].as_str().unwrap().to_owned();
        let send = |name: String| {
            let call = server.call("PATCH", &target).header("if-match", &tag);
            tokio::spawn(call.json(&json!({"display_name": name})).send())
        };
        let both = [send(format!("one {round}")), send(format!("two {round}"))];
        let mut answers = Vec::new();
        for one in both {
            answers.push(one.await.unwrap());
        }
        let mut statuses: Vec<u16> = answers.iter().map(|answer| answer.status).collect();
        statuses.sort_unstable();
        assert_eq!(statuses, [200, 412]);
        let made = answers.iter().find(|answer| answer.status == 200).unwrap();
        assert_eq!(made.data()["display_name"], server.integration("shopify").await["display_name"]);
        assert_eq!(assert_each_change_has_its_event(server, "shopify").await, round + 1);
    }
}

async fn a_deletion_and_changes_at_once_end_in_the_table(server: &Server) {
    for round in 0..10 {
        server.install("shopify").await;
        let target = server.at("/shopify");
        let deleting = tokio::spawn(server.call("DELETE", &target).send());
        let updates = vec![
            json!({"status": "paused"}),
            json!({"sidebar_enabled": true}),
            json!({"display_name": format!("Round {round}")}),
            json!({"status": "active"}),
        ];
        let answers = patch_at_once(&[server], updates).await;
        deleting.await.unwrap().data();
        for answer in answers {
            let is_allowed = answer.status == 200
                || (answer.status == 409
                    && ["INVALID_TRANSITION", "REINSTALL_REQUIRED"].contains(&answer.code()));
            assert!(is_allowed, "{answer:?}");
        }
        let now = server.integration("shopify").await;
        assert_eq!((&now["status"], &now["sidebar_enabled"]), (&json!("disconnected"), &json!(false)));
        assert_eq!(now["health_status"], "unknown");
        assert_eq!(server.sql.count("SELECT COUNT(*) FROM credentials", []).await, 0);
        assert_each_change_has_its_event(server, "shopify").await;
    }
}

async fn many_deletions_at_once_are_one(server: &Server) {
    server.install("shopify").await;
    let target = server.at("/shopify");
    let deleting: Vec<_> = (0..10).map(|_| tokio::spawn(server.call("DELETE", &target).send())).collect();
    for one in deleting {
        assert_eq!(one.await.unwrap().data()["status"], "disconnected");
    }
    assert_eq!(assert_each_change_has_its_event(server, "shopify").await, 2);
}

async fn installing_twice_at_once_makes_one_integration(server: &Server) {
    let mut importing = Vec::new();
    for _ in 0..4 {
        importing.push(server.try_install("slack"));
    }
    let outcomes = futures_util::future::join_all(importing).await;
    assert_eq!(outcomes.iter().filter(|outcome| outcome.is_ok()).count(), 1, "{outcomes:?}");
    assert_eq!(assert_each_change_has_its_event(server, "slack").await, 1);
    assert_eq!(server.sql.count("SELECT COUNT(*) FROM credentials", []).await, 1);
}

async fn coming_back_twice_at_once_is_one_installation(server: &Server) {
    server.install("slack").await;
    for round in 1..=5_i64 {
        server.delete("slack").await.data();
        let importing: Vec<_> = (0..4).map(|_| server.try_install("slack")).collect();
        let outcomes = futures_util::future::join_all(importing).await;
        assert_eq!(outcomes.iter().filter(|outcome| outcome.is_ok()).count(), 1, "{outcomes:?}");
        assert_eq!(assert_each_change_has_its_event(server, "slack").await, 1 + 2 * round);
        assert_eq!(server.sql.count("SELECT COUNT(*) FROM credentials", []).await, 1);
    }
}

async fn coming_back_while_it_is_changed_loses_nothing(server: &Server) {
    server.install("shopify").await;
    let servers = &[server];
    for round in 0..10 {
        server.delete("shopify").await.data();
        let updates = ["one", "two", "three"].map(|name| json!({"display_name": format!("{name} {round}")}));
        let (outcome, answers) =
            tokio::join!(server.try_install("shopify"), patch_at_once(servers, updates.to_vec()));
        for answer in &answers {
            answer.data();
        }
        // An installation may have to be tried again, but it overwrites no change that it has not seen.
        if outcome.is_err() {
            server.install("shopify").await;
        }
        let now = server.integration("shopify").await;
        assert_eq!(now["status"], "active");
        assert!(now["display_name"].as_str().unwrap().ends_with(&format!(" {round}")), "{now}");
        assert_each_change_has_its_event(server, "shopify").await;
    }
}
