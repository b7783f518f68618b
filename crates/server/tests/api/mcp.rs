//! The Model Context Protocol: what agents see, what they may do, and what they are told of it.

mod attacks;
mod client;
mod tasks;

use std::{
    collections::BTreeSet,
    sync::{Arc, atomic::AtomicUsize},
    time::Duration as Std,
};

use riq_server::edge::host::KnownHosts;
use riq_testing::providers::desk_and_keys::{Says, access_token, refresh_token};
use serde_json::{Value, json};
use time::Duration;

use self::client::{Client, LEGACY, MODERN, client, meta};
use crate::{
    monitor::on_both_stages,
    support::played::{Stage, on_stage},
};

on_both_stages!(
    an_agent_discovers_and_lists,
    tools_are_called_as_over_the_api,
    the_servers_own_tools_tell_of_the_project,
    the_revision_before_is_spoken_too,
    a_message_is_what_its_headers_say,
    web_sites_and_strangers_are_refused,
    the_key_decides_what_is_listed_and_called,
    what_is_withdrawn_is_told_as_a_result,
    each_failure_says_whether_to_repeat,
    a_write_is_not_repeated_unless_it_says_so,
    two_repeats_at_once_are_one_call,
    a_repeat_of_all_that_is_left_pays_back_nothing_more,
    what_a_person_must_approve_is_no_error,
    a_long_call_is_no_error,
    a_run_of_another_project_is_none,
    long_results_are_cut_at_whole_items,
    each_account_has_its_own_tools,
    a_subscriber_hears_of_changes_on_another_replica,
);

/// Connects Desk with these permissions.
async fn connect(stage: &Stage, permissions: Value) {
    let credential = json!({"access_token": access_token(0), "refresh_token": refresh_token(0)});
    let line = json!({"provider": "desk", "credential": credential}).to_string();
    stage.server.import(stage.server.project, &line).await;
    permit(stage, permissions).await;
}

async fn permit(stage: &Stage, permissions: Value) {
    let settings = json!({"refunds_enabled": true, "refund_limit": 5_000});
    let update = json!({"action_permissions": permissions, "settings": settings});
    stage.server.patch("desk", update).await.data();
}

fn count(stage: &Stage, name: &str) -> usize {
    stage.provider.calls(name).len()
}

fn times(count: usize) -> Arc<AtomicUsize> {
    Arc::new(AtomicUsize::new(count))
}

async fn an_agent_discovers_and_lists(stage: &Stage) {
    connect(stage, json!({"issue_refund": "ask", "close_ticket": true})).await;
    let agent = client(&stage.server);
    let discovered = agent.ask(1, "server/discover", json!({})).await;
    let discovered = discovered.result();
    assert_eq!(discovered["supportedVersions"], json!([LEGACY, MODERN]));
    assert_eq!(
        (&discovered["cacheScope"], &discovered["resultType"]),
        (&json!("private"), &json!("complete"))
    );
    assert!(discovered["capabilities"]["tools"].is_object(), "{discovered}");
    let extensions = &discovered["capabilities"]["extensions"];
    assert_eq!(*extensions, json!({"io.modelcontextprotocol/tasks": {}}));
    let listed = agent.ask(2, "tools/list", json!({})).await;
    let listed = listed.result();
    assert_eq!((&listed["cacheScope"], &listed["ttlMs"]), (&json!("private"), &json!(15_000)));
    let hints = ["readOnlyHint", "destructiveHint", "idempotentHint", "openWorldHint"];
    let told: Vec<Value> = listed["tools"]
        .as_array()
        .unwrap()
        .iter()
        .map(|tool| {
            assert!(tool["title"].is_string() && tool["inputSchema"]["properties"].is_object(), "{tool}");
            let hints = hints.map(|hint| tool["annotations"][hint].as_bool().unwrap());
            json!([tool["name"], hints])
        })
        .collect();
    let expected = json!([
        ["list_integrations", [true, false, true, false]],
        ["list_providers", [true, false, true, false]],
        ["get_install_url", [false, false, false, false]],
        ["get_run", [true, false, true, false]],
        ["desk_close_ticket", [false, false, false, true]],
        ["desk_find_tickets", [true, false, true, true]],
        ["desk_issue_refund", [false, true, false, true]],
    ]);
    assert_eq!(json!(told), expected);
    let refund = &listed["tools"][6];
    assert_eq!(
        (&refund["title"], &refund["inputSchema"]["required"]),
        (&json!("Desk: Issue a refund"), &json!(["charge"]))
    );
    assert!(refund["description"].as_str().unwrap().ends_with("A person approves each call."), "{refund}");
    assert_eq!(refund["inputSchema"]["properties"]["again"]["type"], "boolean");
}

async fn tools_are_called_as_over_the_api(stage: &Stage) {
    connect(stage, json!({"close_ticket": true})).await;
    let agent = client(&stage.server);
    let found = agent.call(3, "desk_find_tickets", json!({"word": "a"})).await;
    let found = found.content();
    // Readers of JSON round a number that large.
    assert_eq!(
        found["result"],
        json!({"tickets": [{"id": "t1", "number": "7300000000000000123"}], "echo": null})
    );
    let run = agent.call(4, "get_run", json!({"run_id": found["id"]})).await;
    assert_eq!(
        (&run.content()["status"], &run.content()["action"]),
        (&json!("succeeded"), &json!("find_tickets"))
    );
    // It is a run as any other: with the key, the request and the reason.
    agent.call(5, "desk_close_ticket", json!({"ticket": "t1", "reason": "She asked"})).await.content();
    let runs = format!("/api/v1/projects/{}/action-runs", stage.server.project);
    let runs = stage.server.call("GET", &runs).send().await;
    let closed = runs.data().as_array().unwrap().iter().find(|run| run["action"] == "close_ticket").unwrap();
    assert_eq!(closed["context"], json!({"reason": "She asked"}));
    assert_eq!(closed["input"], json!({"ticket": "t1"}));
}

async fn the_servers_own_tools_tell_of_the_project(stage: &Stage) {
    connect(stage, json!({})).await;
    let agent = client(&stage.server);
    let integrations = agent.call(6, "list_integrations", json!({})).await;
    assert_eq!(integrations.content()["integrations"][0]["provider"], "desk");
    let providers = agent.call(7, "list_providers", json!({"query": "tickets desk"})).await;
    assert_eq!(
        (&providers.content()["providers"][0]["provider"], &providers.content()["providers"][0]["installed"]),
        (&json!("desk"), &json!(true))
    );
    let install = agent.call(8, "get_install_url", json!({"provider": "desk~eu"})).await;
    let url = install.content()["install_url"].as_str().unwrap().to_owned();
    assert!(url.contains("/integrations/desk~eu?session="), "{url}");
    assert!(
        agent
            .call(9, "get_install_url", json!({"provider": "x"}))
            .await
            .failure()
            .starts_with("PROVIDER_NOT_FOUND")
    );
    assert!(agent.call(9, "get_install_url", json!({})).await.failure().contains("provider: Required"));
    assert_eq!(agent.ask(10, "tools/sing", json!({})).await.error(), (404, -32601));
    assert_eq!(agent.call(11, "desk_sing", json!({})).await.error(), (200, -32602));
}

async fn the_revision_before_is_spoken_too(stage: &Stage) {
    connect(stage, json!({})).await;
    let agent = client(&stage.server);
    for version in [LEGACY, MODERN, "2024-11-05"] {
        let info = json!({"name": "test", "version": "1"});
        let params = json!({"protocolVersion": version, "capabilities": {}, "clientInfo": info});
        let body = json!({"jsonrpc": "2.0", "id": 1, "method": "initialize", "params": params});
        let told = agent.post(&[], body.to_string()).await;
        assert_eq!(told.result()["protocolVersion"], LEGACY, "{version}");
        assert_eq!(told.headers.get("mcp-session-id"), None);
    }
    let version = [("mcp-protocol-version", LEGACY)];
    let ready = json!({"jsonrpc": "2.0", "method": "notifications/initialized"});
    assert_eq!(agent.post(&version, ready.to_string()).await.status, 202);
    let ping = json!({"jsonrpc": "2.0", "id": 2, "method": "ping"});
    assert_eq!(*agent.post(&version, ping.to_string()).await.result(), json!({}));
    let list = json!({"jsonrpc": "2.0", "id": 3, "method": "tools/list"});
    let listed = agent.post(&version, list.to_string()).await;
    let members: BTreeSet<&str> = listed.result().as_object().unwrap().keys().map(String::as_str).collect();
    assert_eq!(members, BTreeSet::from(["tools"]));
    let params = json!({"name": "desk_find_tickets", "arguments": {"word": "a"}});
    let call = json!({"jsonrpc": "2.0", "id": "4", "method": "tools/call", "params": params});
    let called = agent.post(&version, call.to_string()).await;
    assert_eq!((&called.content()["status"], called.result().get("resultType")), (&json!("succeeded"), None));
}

async fn a_message_is_what_its_headers_say(stage: &Stage) {
    connect(stage, json!({"close_ticket": true})).await;
    let agent = client(&stage.server);
    let call = |version: &str| {
        let mut params = json!({"name": "desk_close_ticket", "arguments": {"ticket": "t1"}});
        if version == MODERN {
            params["_meta"] = meta(&json!({}));
        }
        json!({"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": params}).to_string()
    };
    let unknown = agent.post(&[("mcp-protocol-version", "1999-01-01")], call(LEGACY)).await;
    assert_eq!(unknown.error(), (400, -32022));
    assert_eq!(
        unknown.body["error"]["data"],
        json!({"requested": "1999-01-01", "supported": [LEGACY, MODERN]})
    );
    let right = [("mcp-method", "tools/call"), ("mcp-name", "desk_close_ticket")];
    for (version, method, name) in [
        (LEGACY, "tools/call", "desk_find_tickets"),
        (LEGACY, "tools/list", "desk_close_ticket"),
        (MODERN, "tools/call", "desk_find_tickets"),
        (MODERN, "tools/list", "desk_close_ticket"),
    ] {
        let headers = [("mcp-protocol-version", version), ("mcp-method", method), ("mcp-name", name)];
        assert_eq!(agent.post(&headers, call(version)).await.error(), (400, -32020), "{headers:?}");
    }
    // The revision without sessions asks for both headers, and for the version in the message.
    assert_eq!(agent.post(&[("mcp-protocol-version", MODERN)], call(MODERN)).await.error(), (400, -32020));
    assert_eq!(agent.post(&right, call(MODERN)).await.error(), (400, -32020));
    let modern = [right[0], right[1], ("mcp-protocol-version", MODERN)];
    assert_eq!(agent.post(&modern, call(LEGACY)).await.error(), (400, -32602));
    let legacy = [right[0], right[1], ("mcp-protocol-version", LEGACY)];
    assert_eq!(agent.post(&legacy, call(MODERN)).await.error(), (400, -32020));
    // What is ambiguous is nothing.
    let twice = call(LEGACY).replace(r#""ticket":"t1""#, r#""ticket":"t1","ticket":"t2""#);
    assert_eq!(agent.post(&legacy, twice).await.error(), (400, -32600));
    assert_eq!(agent.post(&legacy, format!("[{}]", call(LEGACY))).await.error(), (400, -32600));
    assert_eq!(agent.post(&legacy, "{".to_owned()).await.error(), (400, -32700));
    assert_eq!(count(stage, "desk close"), 0);
    agent.post(&legacy, call(LEGACY)).await.content();
}

async fn web_sites_and_strangers_are_refused(stage: &Stage) {
    let server = stage
        .server
        .replica(|settings| {
            settings.known_hosts = KnownHosts::new(["riq.example"]);
            settings.cors_origins = vec!["https://agents.example".to_owned()];
        })
        .await;
    let agent = client(&server);
    let list = || json!({"jsonrpc": "2.0", "id": 1, "method": "tools/list"}).to_string();
    let own = format!("http://{}", server.address);
    for headers in [
        &[("host", "rebind.test:8080")][..],
        &[("origin", "null")],
        &[("origin", "https://evil.example")],
        &[("origin", &own), ("origin", "https://evil.example")],
        &[("origin", &own), ("origin", &own)],
    ] {
        // The body is not looked at.
        assert_eq!(agent.post(headers, "{".to_owned()).await.error(), (403, -32600), "{headers:?}");
    }
    for headers in
        [&[][..], &[("host", "riq.example")], &[("origin", &own)], &[("origin", "https://agents.example")]]
    {
        agent.post(headers, list()).await.result();
    }
    for method in ["GET", "DELETE"] {
        let refused = agent.request(method, &[], String::new()).await;
        assert_eq!((refused.status, &refused.headers["allow"]), (405, &"POST".parse().unwrap()), "{method}");
    }
    let stranger = Client { key: String::new(), ..client(&server) };
    let refused = stranger.post(&[], list()).await;
    assert_eq!((refused.status, &refused.body["code"]), (401, &json!("UNAUTHORIZED")));
    let challenge = refused.headers["www-authenticate"].to_str().unwrap();
    assert!(challenge.starts_with("Bearer") && !challenge.contains("resource_metadata"), "{challenge}");
    let wrong = Client { key: "riq_wrong".to_owned(), ..client(&server) };
    assert_eq!(wrong.post(&[], list()).await.status, 401);
    let (_, foreign, _) = server.other_organization().await;
    let elsewhere = Client { project: foreign, ..client(&server) };
    let refused = elsewhere.post(&[], list()).await;
    assert_eq!((refused.status, &refused.body["code"]), (403, &json!("API_KEY_PROJECT_MISMATCH")));
    server.stop().await;
}

async fn the_key_decides_what_is_listed_and_called(stage: &Stage) {
    connect(stage, json!({"close_ticket": true})).await;
    let server = &stage.server;
    for (scopes, expected) in [
        (&["actions:read"][..], &["get_run"][..]),
        (&["actions:read", "actions:write"], &["get_run", "desk_close_ticket", "desk_find_tickets"]),
        (&["integrations:read"], &["list_integrations", "list_providers"]),
        (&["audit:read"], &[]),
    ] {
        let key = server.key_for(scopes).await.text;
        let agent = Client { key, ..client(server) };
        assert_eq!(agent.names().await, expected, "{scopes:?}");
    }
    let key = server.key_for(&["actions:read"]).await.text;
    let reader = Client { key, ..client(server) };
    for (tool, arguments) in [
        ("desk_find_tickets", json!({"word": "a"})),
        ("desk_close_ticket", json!({"ticket": "t1"})),
        ("list_integrations", json!({})),
        ("get_install_url", json!({"provider": "desk"})),
    ] {
        let told = reader.call(1, tool, arguments).await;
        assert!(told.failure().starts_with("INSUFFICIENT_SCOPE"), "{told:?}");
    }
    assert_eq!((count(stage, "desk find"), count(stage, "desk close")), (0, 0));
}

async fn what_is_withdrawn_is_told_as_a_result(stage: &Stage) {
    connect(stage, json!({"close_ticket": true})).await;
    let agent = client(&stage.server);
    assert!(agent.names().await.contains(&"desk_close_ticket".to_owned()));
    permit(stage, json!({"close_ticket": false})).await;
    let told = agent.call(1, "desk_close_ticket", json!({"ticket": "t1"})).await;
    assert!(told.failure().starts_with("ACTION_NOT_PERMITTED: "), "{told:?}");
    assert!(told.failure().contains("List the tools anew."), "{told:?}");
    assert!(!agent.names().await.contains(&"desk_close_ticket".to_owned()));
    // It is on record, as any call that is denied.
    let events = stage.server.audit("desk").await;
    assert!(events.iter().any(|event| event["action"] == "integration.action.denied"), "{events:?}");
    stage.server.patch("desk", json!({"status": "paused"})).await.data();
    assert!(!agent.names().await.iter().any(|name| name.starts_with("desk_")));
    let told = agent.call(2, "desk_find_tickets", json!({"word": "a"})).await;
    assert!(told.failure().starts_with("INTEGRATION_NOT_ACTIVE: "), "{told:?}");
    assert_eq!((count(stage, "desk close"), count(stage, "desk find")), (0, 0));
}

async fn each_failure_says_whether_to_repeat(stage: &Stage) {
    connect(stage, json!({"close_ticket": true, "issue_refund": true})).await;
    let agent = client(&stage.server);
    stage.provider.set("desk close", Says::LostAtFirst(times(1)));
    let lost = agent.call(1, "desk_close_ticket", json!({"ticket": "t1"})).await;
    let text = lost.failure();
    assert!(text.starts_with("OUTCOME_UNKNOWN: ") && text.contains("Do NOT repeat the call."), "{text}");
    assert!(text.contains("get_run") && text.contains("The run is run_"), "{text}");
    stage.provider.set("desk find", Says::This(502, vec![], "<html>"));
    let away = agent.call(2, "desk_find_tickets", json!({"word": "a"})).await;
    let text = away.failure();
    assert!(text.starts_with("PROVIDER_UNAVAILABLE: ") && text.contains("may be repeated"), "{text}");
    stage.provider.set("desk close", Says::This(422, vec![], r#"{"error": "It is locked."}"#));
    let refused = agent.call(3, "desk_close_ticket", json!({"ticket": "t2"})).await;
    let text = refused.failure();
    assert!(text.starts_with("PROVIDER_REFUSED: It is locked. The provider's status was 422."), "{text}");
    let wrong =
        agent.call(4, "desk_issue_refund", json!({"charge": "x", "amount": "1e3", "again": null})).await;
    assert!(wrong.failure().contains("again: Expected true or false"), "{wrong:?}");
    let wrong = agent.call(4, "desk_issue_refund", json!({"charge": "x", "amount": "500", "odd": 1})).await;
    let text = wrong.failure();
    for expected in
        ["BAD_REQUEST: ", "\n- charge: ", "\n- amount: Expected an integer", "\n- odd: Unknown input"]
    {
        assert!(text.contains(expected), "{text}");
    }
    let limited = agent.call(5, "desk_issue_refund", json!({"charge": "ch_1", "amount": 5_001})).await;
    assert!(limited.failure().starts_with("ACTION_LIMIT_EXCEEDED: "), "{limited:?}");
    stage.provider.set("desk close", Says::This(429, vec![("retry-after", "30")], "{}"));
    let pause = agent.call(6, "desk_close_ticket", json!({"ticket": "t3"})).await;
    assert!(pause.failure().contains("may be repeated in 30 seconds"), "{pause:?}");
    let pause = agent.call(7, "desk_close_ticket", json!({"ticket": "t3"})).await;
    assert!(pause.failure().starts_with("PROVIDER_RATE_LIMITED: "), "{pause:?}");
}

async fn a_write_is_not_repeated_unless_it_says_so(stage: &Stage) {
    connect(stage, json!({"close_ticket": true})).await;
    let agent = client(&stage.server);
    let close = |id, ticket: &str| agent.call(id, "desk_close_ticket", json!({"ticket": ticket}));
    let first = close(7, "t1").await;
    let repeat = close(9, "t1").await;
    assert_eq!((&repeat.content()["id"], first.content().get("note")), (&first.content()["id"], None));
    let note = repeat.content()["note"].as_str().unwrap();
    assert!(note.starts_with("This is a repeat"), "{note}");
    assert_eq!(count(stage, "desk close"), 1);
    // Another ticket, another key, and the same with `again` are other calls.
    close(10, "t2").await.content();
    let key = stage.server.key_for(&["actions:write"]).await.text;
    let other = Client { key, ..client(&stage.server) };
    other.call(11, "desk_close_ticket", json!({"ticket": "t1"})).await.content();
    let again = agent.call(12, "desk_close_ticket", json!({"ticket": "t1", "again": true})).await;
    assert_ne!(again.content()["id"], first.content()["id"]);
    assert_eq!(count(stage, "desk close"), 4);
    // What may have been done is not done again, and says so again. What failed may be tried again.
    stage.provider.set("desk close", Says::LostAtFirst(times(1)));
    close(13, "t3").await.failure();
    let lost = close(14, "t3").await;
    assert!(lost.failure().starts_with("This is a repeat"), "{lost:?}");
    assert!(lost.failure().contains("OUTCOME_UNKNOWN"), "{lost:?}");
    stage.provider.set("desk close", Says::This(422, vec![], r#"{"error": "No."}"#));
    close(15, "t4").await.failure();
    stage.provider.set("desk close", Says::Truth);
    assert_eq!(close(16, "t4").await.content().get("note"), None);
    assert_eq!(count(stage, "desk close"), 7);
    // What was done at another account was not done at this one.
    let connect_to = "UPDATE integrations SET account_id = $1";
    stage.server.sql.execute(connect_to, ["another".into()]).await;
    assert_eq!(close(21, "t2").await.content().get("note"), None);
    assert_eq!(count(stage, "desk close"), 8);
    // What reads is read again. After ten minutes, a write is another one.
    for id in [17, 18] {
        agent.call(id, "desk_find_tickets", json!({"word": "a"})).await.content();
    }
    stage.server.clock.advance(Duration::minutes(11));
    assert_ne!(close(19, "t1").await.content()["id"], first.content()["id"]);
    assert_eq!((count(stage, "desk find"), count(stage, "desk close")), (2, 9));
    // A call that is not permitted any more is denied, and not shown the run of a time when it was.
    permit(stage, json!({"close_ticket": false})).await;
    assert!(close(20, "t1").await.failure().starts_with("ACTION_NOT_PERMITTED"));
    // Over the API each call counts.
    permit(stage, json!({"close_ticket": true})).await;
    let target = stage.server.at("/desk/actions/close_ticket");
    stage.server.call("POST", &target).json(&json!({"input": {"ticket": "t1"}})).send().await.data();
    assert_eq!(count(stage, "desk close"), 10);
}

async fn two_repeats_at_once_are_one_call(stage: &Stage) {
    connect(stage, json!({"issue_refund": true})).await;
    let replica = stage.server.replica(|_| {}).await;
    let (here, there) = (client(&stage.server), client(&replica));
    let calls = (0..8).map(|id| {
        let agent = if id % 2 == 0 { &here } else { &there };
        agent.call(id, "desk_issue_refund", json!({"charge": "ch_1", "amount": 300}))
    });
    let told = futures_util::future::join_all(calls).await;
    let runs: BTreeSet<String> = told.iter().map(|one| one.content()["id"].to_string()).collect();
    assert_eq!((runs.len(), count(stage, "desk refund")), (1, 1), "{told:?}");
    replica.stop().await;
}

async fn a_repeat_of_all_that_is_left_pays_back_nothing_more(stage: &Stage) {
    connect(stage, json!({"issue_refund": true})).await;
    let agent = client(&stage.server);
    let first = agent.call(1, "desk_issue_refund", json!({"charge": "ch_1"})).await;
    let repeat = agent.call(2, "desk_issue_refund", json!({"charge": "ch_1"})).await;
    assert_eq!(first.content()["id"], repeat.content()["id"]);
    assert_eq!(count(stage, "desk refund"), 1);
}

async fn what_a_person_must_approve_is_no_error(stage: &Stage) {
    connect(stage, json!({"issue_refund": "ask"})).await;
    let agent = client(&stage.server);
    let asked = agent.call(1, "desk_issue_refund", json!({"charge": "ch_1", "amount": 600})).await;
    let content = asked.content();
    assert_eq!(content["status"], "pending_approval");
    assert!(content["approval_id"].as_str().unwrap().starts_with("apr_"), "{content}");
    assert!(content["note"].as_str().unwrap().contains("A person was asked"), "{content}");
    // Clients check the answer against what the tool promises.
    let tools = agent.tools().await;
    let refund = tools.iter().find(|tool| tool["name"] == "desk_issue_refund").unwrap();
    let promised = jsonschema::validator_for(&refund["outputSchema"]).unwrap();
    assert!(promised.is_valid(content), "{content}");
    let repeat = agent.call(2, "desk_issue_refund", json!({"charge": "ch_1", "amount": 600})).await;
    assert_eq!((&repeat.content()["id"], count(stage, "desk refund")), (&content["id"], 0));
    let run = agent.call(3, "get_run", json!({"run_id": content["id"]})).await;
    assert_eq!(run.content()["status"], "pending_approval");
}

async fn a_long_call_is_no_error(stage: &Stage) {
    connect(stage, json!({"close_ticket": true})).await;
    stage.provider.set("desk close", Says::Nothing);
    let hasty = stage.server.replica(|settings| settings.request_timeout = Std::from_secs(2)).await;
    let sending = client(&hasty).call(1, "desk_close_ticket", json!({"ticket": "t1"})).await;
    let content = sending.content();
    assert_eq!(content["status"], "sending");
    assert!(content["note"].as_str().unwrap().contains("Do not repeat the call."), "{content}");
    stage.provider.set("desk close", Says::Truth);
    let ended = client(&stage.server).call(2, "get_run", json!({"run_id": content["id"]})).await;
    assert_eq!((&ended.content()["status"], ended.content().get("note")), (&json!("succeeded"), None));
    hasty.stop().await;
}

async fn a_run_of_another_project_is_none(stage: &Stage) {
    connect(stage, json!({})).await;
    let agent = client(&stage.server);
    let run = agent.call(1, "desk_find_tickets", json!({"word": "a"})).await.content()["id"].clone();
    let elsewhere = Client { project: stage.server.other_project().await, ..client(&stage.server) };
    let foreign = elsewhere.call(2, "get_run", json!({"run_id": run})).await;
    let unknown = elsewhere.call(3, "get_run", json!({"run_id": "run_00000000000000000000000001"})).await;
    let odd = elsewhere.call(4, "get_run", json!({"run_id": "x"})).await;
    assert!(foreign.failure().starts_with("RESOURCE_NOT_FOUND"), "{foreign:?}");
    assert_eq!((foreign.failure(), odd.failure()), (unknown.failure(), unknown.failure()));
    assert_eq!(elsewhere.call(5, "desk_find_tickets", json!({"word": "a"})).await.error(), (200, -32602));
}

async fn long_results_are_cut_at_whole_items(stage: &Stage) {
    connect(stage, json!({})).await;
    let tickets: Vec<Value> = (0..100).map(|id| json!({"id": id, "text": "é\"".repeat(1_000)})).collect();
    let body = json!({"tickets": tickets, "echo": "e"}).to_string().into_bytes();
    stage.provider.set("desk find", Says::InItsPlace(200, vec![], body.leak()));
    let told = client(&stage.server).call(1, "desk_find_tickets", json!({"word": "a"})).await;
    let content = told.content();
    let kept = content["result"]["tickets"].as_array().unwrap();
    let note = content["note"].as_str().unwrap();
    assert!(note.contains(&format!("{} items were left out", 100 - kept.len())), "{note}");
    assert!(kept.len() >= 4 && kept[0]["text"].as_str().unwrap().len() == 3_000, "{}", kept.len());
}

async fn each_account_has_its_own_tools(stage: &Stage) {
    connect(stage, json!({})).await;
    let credential = json!({"access_token": access_token(0), "refresh_token": refresh_token(0)});
    let line = json!({"provider": "desk~eu-1", "credential": credential}).to_string();
    stage.server.import(stage.server.project, &line).await;
    let agent = client(&stage.server);
    let names = agent.names().await;
    let of_desk: Vec<&str> =
        names.iter().map(String::as_str).filter(|name| name.starts_with("desk_")).collect();
    assert!(
        of_desk.contains(&"desk_eu_1_find_tickets") && of_desk.contains(&"desk_find_tickets"),
        "{of_desk:?}"
    );
    assert!(of_desk.iter().all(|name| name.len() <= 64), "{of_desk:?}");
    let told = agent.call(1, "desk_eu_1_find_tickets", json!({"word": "a"})).await;
    let run = agent.call(2, "get_run", json!({"run_id": told.content()["id"]})).await;
    assert_eq!(run.content()["provider"], "desk~eu-1");
}

/// Reads a stream of events until one has this text.
async fn read_until(stream: &mut reqwest::Response, text: &str) -> String {
    let mut read = String::new();
    while !read.contains(text) {
        let chunk = stream.chunk().await.unwrap().unwrap_or_else(|| panic!("no {text} in {read}"));
        read.push_str(std::str::from_utf8(&chunk).unwrap());
    }
    read
}

/// Asks to be told of changes.
async fn listen(agent: &Client<'_>) -> reqwest::Response {
    let server = agent.server;
    let notifications = json!({"toolsListChanged": true, "promptsListChanged": true});
    let params = json!({"notifications": notifications, "_meta": meta(&json!({}))});
    let body = json!({"jsonrpc": "2.0", "id": 1, "method": "subscriptions/listen", "params": params});
    let target = format!("http://{}/mcp/projects/{}", server.address, agent.project);
    let request = server.client().post(target).header("authorization", format!("Bearer {}", agent.key));
    let request =
        request.header("accept", "application/json, text/event-stream").header("accept-encoding", "gzip");
    let request = request.header("content-type", "application/json").header("mcp-protocol-version", MODERN);
    let request = request.header("mcp-method", "subscriptions/listen").body(body.to_string());
    request.send().await.unwrap()
}

async fn a_subscriber_hears_of_changes_on_another_replica(stage: &Stage) {
    connect(stage, json!({})).await;
    let replica = stage.server.replica(|_| {}).await;
    let mut stream = listen(&client(&replica)).await;
    let begun = read_until(&mut stream, "list_changed").await;
    assert!(begun.contains("notifications/subscriptions/acknowledged"), "{begun}");
    assert!(begun.contains("toolsListChanged") && !begun.contains("promptsListChanged"), "{begun}");
    permit(stage, json!({"close_ticket": true})).await;
    read_until(&mut stream, "notifications/tools/list_changed").await;
    // A server that stops does not wait for subscribers, and tells them.
    tokio::join!(replica.stop(), async {
        read_until(&mut stream, r#""resultType":"complete""#).await;
        drop(stream);
    });
}
