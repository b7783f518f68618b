//! The proxy: what passes, what does not, and how both are told.

use std::sync::{Arc, atomic::AtomicUsize};

use reqwest::{Response, header::HeaderMap};
use riq_testing::providers::desk_and_keys::{Says, access_token, refresh_token};
use serde_json::{Value, json};

use crate::{
    monitor::on_both_stages,
    support::{
        Answer,
        played::{Stage, on_stage},
        raw,
        server::client_builder,
    },
};

mod graphql;

on_both_stages!(
    a_permitted_reading_is_answered_by_the_provider,
    what_is_not_permitted_is_not_sent,
    what_no_action_stands_for_has_permissions_of_its_own,
    a_path_that_can_be_read_in_two_ways_is_refused,
    a_head_that_makes_another_request_is_refused,
    a_form_that_changes_the_method_is_refused,
    a_write_is_on_record_and_a_reading_is_not,
    a_lost_write_may_have_been_done_and_is_not_repeated,
    a_refused_credential_is_renewed_once,
    a_provider_that_asks_for_a_pause_is_left_alone,
    a_key_of_idempotency_is_bound_to_its_caller,
    a_credential_that_comes_back_is_hidden,
    addresses_lead_to_the_proxy_or_nowhere,
    a_body_that_is_too_large_is_refused_before_it_is_sent,
    what_is_not_active_is_not_called,
    a_large_body_and_a_large_answer_pass_in_parts,
    requests_are_counted,
);

impl Stage {
    async fn permit_desk(&self, permissions: Value) {
        let credential = json!({"access_token": access_token(0), "refresh_token": refresh_token(0)});
        let line = json!({"provider": "desk", "credential": credential}).to_string();
        self.server.import(self.server.project, &line).await;
        if permissions != json!({}) {
            self.server.patch("desk", json!({"action_permissions": permissions})).await.data();
        }
    }

    fn proxy(&self, path: &str) -> String {
        self.server.at(&format!("/desk/proxy{path}"))
    }

    /// A request whose answer may be the provider's.
    fn request(&self, method: &str, path: &str) -> reqwest::RequestBuilder {
        let url = format!("http://{}{}", self.server.address, self.proxy(path));
        let request = self.server.client().request(method.parse().unwrap(), url);
        request.header("x-api-key", &self.server.key.text)
    }

    async fn pass(&self, method: &str, path: &str) -> Response {
        let response = self.request(method, path).send().await.unwrap();
        assert_eq!(response.headers()["x-answered-by"], "provider", "{response:?}");
        response
    }

    /// A request that this server refuses.
    async fn refuse(&self, method: &str, path: &str) -> Answer {
        let answer = self.server.call(method, &self.proxy(path)).send().await;
        assert_eq!(answer.header("x-answered-by"), None);
        answer
    }

    /// What is on record, in the order of its words.
    async fn proxied(&self) -> Vec<Value> {
        let events = self.server.audit("desk").await.into_iter();
        let events = events.filter(|event| event["action"] == "integration.proxied");
        let mut told: Vec<Value> = events.map(|event| changes(&event)).collect();
        told.sort_by_key(ToString::to_string);
        told
    }

    fn arrived(&self, name: &str) -> usize {
        self.provider.calls(name).len()
    }
}

/// The new values of an event, by path.
fn changes(event: &Value) -> Value {
    let changes = event["changes"].as_array().unwrap().iter();
    changes
        .map(|change| (change["path"].as_str().unwrap().to_owned(), change["to"].clone()))
        .collect::<serde_json::Map<_, _>>()
        .into()
}

async fn a_permitted_reading_is_answered_by_the_provider(stage: &Stage) {
    stage.permit_desk(json!({})).await;
    let request =
        stage.request("GET", "/tickets?word=help&x=%2F").header("cookie", "a=b").header("accept", "text/x");
    let request = request.header("origin", "http://localhost").header("x-forwarded-host", "evil.test");
    let request = request.header("connection", "close, authorization").header("user-agent", "octokit/1");
    let response = request.send().await.unwrap();
    assert_eq!(
        (response.status().as_u16(), &response.headers()["x-answered-by"]),
        (200, &"provider".parse().unwrap())
    );
    assert_eq!(response.headers()["content-type"], "application/json");
    assert!(response.text().await.unwrap().contains("7300000000000000123"));
    assert_eq!(stage.provider.calls("desk find")[0].target, "/api/tickets?word=help&x=%2F");
    let head: HeaderMap = stage.provider.heads("desk find").remove(0);
    let told = |name: &str| head.get(name).map(|value| value.to_str().unwrap().to_owned());
    assert_eq!(told("authorization"), Some(format!("Bearer {}", access_token(0))));
    assert_eq!(told("host").unwrap().split(':').next(), Some("desk.example"));
    assert_eq!(
        (told("accept").as_deref(), told("user-agent").as_deref()),
        (Some("text/x"), Some("octokit/1"))
    );
    for name in ["x-api-key", "cookie", "origin", "x-forwarded-host", "connection"] {
        assert_eq!(told(name), None, "{name}");
    }
    let head = stage.pass("HEAD", "/tickets?word=help").await;
    assert_eq!(head.status(), 404);
}

async fn what_is_not_permitted_is_not_sent(stage: &Stage) {
    stage.permit_desk(json!({"close_ticket": "ask", "issue_refund": true, "find_tickets": false})).await;
    for (method, path, told) in [
        ("POST", "/tickets", "open_ticket would have to be permitted"),
        ("POST", "/tickets/t1/close", "a person approves each time: call it as an action"),
        ("POST", "/refunds", "whose limits only a call of the action checks"),
        ("GET", "/tickets", "find_tickets would have to be permitted"),
        ("GET", "/Tickets", "nearly that of “Find tickets”"),
        ("GET", "/tickets.json", "nearly that of “Find tickets”"),
        ("GET", "/charges/ch_1", "other_reads would have to be permitted"),
        ("DELETE", "/tickets/t1", "other_writes cannot be permitted"),
    ] {
        let answer = stage.refuse(method, path).await;
        assert!(answer.refused(403, "ACTION_NOT_PERMITTED").message().contains(told), "{answer:?}");
    }
    for name in ["desk open", "desk close", "desk refund", "desk find", "desk charge"] {
        assert_eq!(stage.arrived(name), 0, "{name}");
    }
    assert!(stage.proxied().await.is_empty());
}

async fn what_no_action_stands_for_has_permissions_of_its_own(stage: &Stage) {
    stage.permit_desk(json!({})).await;
    let permit = async |permissions: Value| {
        stage.server.patch("desk", json!({"action_permissions": permissions})).await
    };
    let asked = permit(json!({"other_reads": "ask", "other_writes": true})).await;
    let issues = asked.refused(400, "BAD_REQUEST").issues();
    assert_eq!(issues[0], "action_permissions.other_reads: Expected boolean");
    assert!(issues[1].contains("Cannot be permitted: “Issue a refund” has limits"), "{issues:?}");
    let permitted = permit(json!({"other_reads": true, "other_writes": false})).await;
    assert_eq!(permitted.data()["action_permissions"]["other_reads"], true);
    stage.pass("GET", "/charges/ch_1").await;
    assert_eq!(stage.arrived("desk charge"), 1);
    stage.refuse("POST", "/charges/ch_1").await.refused(403, "ACTION_NOT_PERMITTED");
    // They are permissions, and no actions.
    let listed = stage.server.get("/desk/actions").await;
    assert_eq!(listed.data().as_array().unwrap().len(), 4);
}

async fn a_path_that_can_be_read_in_two_ways_is_refused(stage: &Stage) {
    stage.permit_desk(json!({"other_reads": true})).await;
    for path in [
        "/tickets/../charges/ch_1",
        "/tickets/%2e%2e/charges/ch_1",
        "/./tickets",
        "//tickets",
        "/tickets/",
        "/tickets//x",
        "/tickets%2fx",
        "/tickets%5cx",
        "/tickets;a=1",
        "/tickets.",
        "/tickets%00",
        "/tickets%252e",
        "/tickets%zz",
        "/https://evil.test/x",
        "/@evil.test/x",
        "/tickets%20",
        "/tickets?_method=DELETE",
        "/tickets?a=%zz",
    ] {
        let target = stage.proxy(path);
        let head = format!(
            "GET {target} HTTP/1.1\r\nHost: {}\r\nX-API-Key: {}\r\n\r\n",
            stage.server.address, stage.server.key.text
        );
        let answer = raw::send(stage.server.address, head.as_bytes()).await;
        assert_eq!((answer.status, answer.code()), (400, "BAD_REQUEST"), "{path}: {answer:?}");
    }
    assert_eq!((stage.arrived("desk find"), stage.arrived("desk charge")), (0, 0));
}

async fn a_head_that_makes_another_request_is_refused(stage: &Stage) {
    stage.permit_desk(json!({"other_reads": true})).await;
    for (name, value) in [
        ("x-http-method-override", "DELETE"),
        ("x-method-override", "DELETE"),
        ("x-http-method", "DELETE"),
        ("upgrade", "websocket"),
        ("x_forwarded_user", "admin"),
        ("x_api_key", "riq_x"),
    ] {
        let answer = stage.server.call("GET", &stage.proxy("/tickets")).header(name, value).send().await;
        answer.refused(400, "BAD_REQUEST");
    }
    let twice = stage.server.call("GET", &stage.proxy("/tickets"));
    let twice = twice.header("authorization", "Basic YQ==").header("authorization", "Basic Yg==");
    twice.send().await.refused(400, "BAD_REQUEST");
    let body = stage.server.call("GET", &stage.proxy("/tickets")).json(&json!({}));
    body.send().await.refused(400, "BAD_REQUEST");
    stage.refuse("OPTIONS", "/tickets").await.refused(405, "METHOD_NOT_ALLOWED");
    stage.refuse("TRACE", "/tickets").await.refused(405, "METHOD_NOT_ALLOWED");
    assert_eq!(stage.arrived("desk find"), 0);
}

async fn a_form_that_changes_the_method_is_refused(stage: &Stage) {
    stage.permit_desk(json!({"open_ticket": true})).await;
    let send = async |media: &str, body: &str| {
        stage.server.call("POST", &stage.proxy("/tickets")).body(media, body.to_owned()).send().await
    };
    let urlencoded = "application/x-www-form-urlencoded";
    send(urlencoded, "subject=x&_method=delete").await.refused(400, "BAD_REQUEST");
    let part = "--b\r\nContent-Disposition: form-data; name=\"_method\"\r\n\r\ndelete\r\n--b--";
    send("multipart/form-data; boundary=b", part).await.refused(400, "BAD_REQUEST");
    send("application/json, application/x-www-form-urlencoded", "{}")
        .await
        .refused(415, "UNSUPPORTED_MEDIA_TYPE");
    assert_eq!(stage.arrived("desk open"), 0);
}

async fn a_write_is_on_record_and_a_reading_is_not(stage: &Stage) {
    stage.permit_desk(json!({"open_ticket": true})).await;
    stage.pass("GET", "/tickets?word=secret-word").await;
    let body = json!({"subject": "Help"});
    let response = stage.request("POST", "/tickets?note=secret-word").json(&body).send().await.unwrap();
    assert_eq!(response.status(), 201);
    assert_eq!(stage.provider.calls("desk open")[0].body, body);
    assert_eq!(
        stage.proxied().await,
        [
            json!({"request": "POST /tickets", "outcome": "answered", "provider_status": 201}),
            json!({"request": "POST /tickets", "outcome": "sending"}),
        ]
    );
    let events = stage.server.audit("desk").await;
    let event = events.iter().find(|event| event["action"] == "integration.proxied").unwrap();
    assert_eq!(event["actor_key_id"], stage.server.key.id.to_string());
    assert!(event["request_id"].as_str().is_some_and(|id| id.starts_with("req_")));
}

async fn a_lost_write_may_have_been_done_and_is_not_repeated(stage: &Stage) {
    stage.permit_desk(json!({"open_ticket": true})).await;
    stage.provider.set("desk open", Says::LostAtFirst(Arc::new(AtomicUsize::new(9))));
    let answer = stage.refuse("POST", "/tickets").await;
    answer.refused(504, "OUTCOME_UNKNOWN");
    assert_eq!(answer.header("stripe-should-retry"), Some("false"));
    assert_eq!(answer.header("retry-after"), None);
    assert_eq!(stage.arrived("desk open"), 1);
    let last = stage.proxied().await.pop().unwrap();
    assert_eq!(last, json!({"request": "POST /tickets", "outcome": "unknown"}));
    // What only reads did nothing.
    stage.provider.set("desk find", Says::LostAtFirst(Arc::new(AtomicUsize::new(9))));
    stage.refuse("GET", "/tickets").await.refused(503, "PROVIDER_UNAVAILABLE");
}

async fn a_refused_credential_is_renewed_once(stage: &Stage) {
    stage.permit_desk(json!({"open_ticket": true})).await;
    stage.provider.set("desk open", Says::RefusedAtFirst(Arc::new(AtomicUsize::new(1))));
    let response = stage.request("POST", "/tickets").json(&json!({"subject": "x"})).send().await.unwrap();
    assert_eq!((response.status().as_u16(), stage.arrived("desk open")), (201, 2));
    stage.provider.set("desk open", Says::RefusedAtFirst(Arc::new(AtomicUsize::new(9))));
    let response = stage.pass("POST", "/tickets").await;
    assert_eq!((response.status().as_u16(), stage.arrived("desk open")), (401, 4));
    assert_eq!(response.headers().get("www-authenticate"), None);
}

async fn a_provider_that_asks_for_a_pause_is_left_alone(stage: &Stage) {
    stage.permit_desk(json!({})).await;
    stage.provider.set("desk find", Says::This(429, vec![("retry-after", "30")], "slow down"));
    let response = stage.pass("GET", "/tickets").await;
    assert_eq!(
        (response.status().as_u16(), &response.headers()["retry-after"]),
        (429, &"30".parse().unwrap())
    );
    let answer = stage.refuse("GET", "/tickets").await;
    assert_eq!(answer.refused(429, "PROVIDER_RATE_LIMITED").body["retry_after"], 30);
    assert_eq!(stage.arrived("desk find"), 1);
}

async fn a_key_of_idempotency_is_bound_to_its_caller(stage: &Stage) {
    stage.permit_desk(json!({"open_ticket": true})).await;
    let other = stage.server.key_for(&["proxy:write"]).await.text;
    let open = async |key: &str| {
        let url = format!("http://{}{}", stage.server.address, stage.proxy("/tickets"));
        let call = stage.server.client().post(url).header("x-api-key", key).header("idempotency-key", "1");
        let answer = call.json(&json!({"subject": "x"})).send().await.unwrap();
        assert_eq!(answer.headers().get("idempotent-replayed"), None);
        answer.text().await.unwrap()
    };
    let first = open(&stage.server.key.text).await;
    assert_eq!(open(&stage.server.key.text).await, first);
    assert_ne!(open(&other).await, first);
    let keys: Vec<String> = stage.provider.calls("desk open").into_iter().map(|call| call.key).collect();
    assert!(keys[0] == keys[1] && keys[0] != keys[2] && keys.iter().all(|key| key.len() == 64), "{keys:?}");
}

async fn a_credential_that_comes_back_is_hidden(stage: &Stage) {
    stage.permit_desk(json!({})).await;
    let headers = vec![
        ("content-type", "text/plain"),
        ("set-cookie", "session=1"),
        ("www-authenticate", "Bearer"),
        ("x-echo", "token SECRET-access-0!"),
        ("x-answered-by", "riq"),
    ];
    stage.provider.set("desk find", Says::InItsPlace(200, headers, b"a {access} b"));
    let response = stage.pass("GET", "/tickets").await;
    let told = response.headers().clone();
    assert_eq!(told["x-echo"], "token [redacted]!");
    assert!(told.get("set-cookie").is_none() && told.get("www-authenticate").is_none());
    assert_eq!(told["content-security-policy"], "sandbox; default-src 'none'");
    assert_eq!(response.text().await.unwrap(), "a [redacted] b");
}

async fn addresses_lead_to_the_proxy_or_nowhere(stage: &Stage) {
    stage.permit_desk(json!({})).await;
    let public = stage.proxy("");
    for (location, expected) in [
        ("https://desk.example/api/tickets?page=2", Some("/tickets?page=2")),
        ("/api/x", Some("/x")),
        ("https://evil.test/x", None),
        ("/elsewhere", None),
    ] {
        let headers = vec![("location", location), ("link", "</api/tickets?page=2>; rel=\"next\"")];
        stage.provider.set("desk find", Says::This(302, headers, ""));
        let client = client_builder().redirect(reqwest::redirect::Policy::none()).build().unwrap();
        let url = format!("http://{}{}", stage.server.address, stage.proxy("/tickets"));
        let response = client.get(url).header("x-api-key", &stage.server.key.text).send().await.unwrap();
        assert_eq!(response.status(), 302);
        let told = response.headers().get("location").map(|value| value.to_str().unwrap());
        let is_expected = match (told, expected) {
            (Some(told), Some(rest)) => told.ends_with(&format!("{public}{rest}")),
            (told, expected) => told.is_none() && expected.is_none(),
        };
        assert!(is_expected, "{location}: {told:?}");
        let link = response.headers()["link"].to_str().unwrap();
        assert!(link.contains(&format!("{public}/tickets?page=2>; rel=\"next\"")), "{link}");
    }
    assert_eq!(stage.arrived("desk find"), 4);
}

async fn a_body_that_is_too_large_is_refused_before_it_is_sent(stage: &Stage) {
    stage.permit_desk(json!({"open_ticket": true})).await;
    let head = |path: &str, length: usize| {
        format!(
            "POST {} HTTP/1.1\r\nHost: {}\r\nX-API-Key: {}\r\nContent-Type: application/json\r\n\
             Expect: 100-continue\r\nContent-Length: {length}\r\n\r\n",
            stage.proxy(path),
            stage.server.address,
            stage.server.key.text
        )
    };
    // Nothing of the body was sent, and yet there is an answer, without a 100 before it.
    let answer = raw::send(stage.server.address, head("/tickets", 11 << 20).as_bytes()).await;
    answer.refused(413, "PAYLOAD_TOO_LARGE");
    let answer = raw::send(stage.server.address, head("/refunds", 8 << 20).as_bytes()).await;
    answer.refused(403, "ACTION_NOT_PERMITTED");
    let mut chunked =
        head("/tickets", 0).replace("Content-Length: 0", "Transfer-Encoding: chunked").into_bytes();
    for _ in 0..10 {
        chunked.extend_from_slice(b"100000\r\n");
        chunked.resize(chunked.len() + (1 << 20), b' ');
        chunked.extend_from_slice(b"\r\n");
    }
    chunked.extend_from_slice(b"1\r\n \r\n0\r\n\r\n");
    let chunked = String::from_utf8(chunked).unwrap().replace("Expect: 100-continue\r\n", "");
    let answer = raw::send(stage.server.address, chunked.as_bytes()).await;
    answer.refused(413, "PAYLOAD_TOO_LARGE");
    assert_eq!(stage.arrived("desk open"), 0);
}

async fn what_is_not_active_is_not_called(stage: &Stage) {
    stage.refuse("GET", "/tickets").await.refused(404, "INTEGRATION_NOT_FOUND");
    stage.permit_desk(json!({})).await;
    stage.server.patch("desk", json!({"status": "paused"})).await.data();
    stage.refuse("GET", "/tickets").await.refused(409, "INTEGRATION_NOT_ACTIVE");
    let key = stage.server.key_for(&["actions:write", "integrations:admin"]).await.text;
    let refused = stage.server.call_as(&key, "GET", &stage.proxy("/tickets")).send().await;
    assert!(refused.refused(403, "INSUFFICIENT_SCOPE").message().contains("proxy:write"));
    assert_eq!(stage.arrived("desk find"), 0);
}

async fn a_large_body_and_a_large_answer_pass_in_parts(stage: &Stage) {
    stage.permit_desk(json!({"open_ticket": true})).await;
    let subject = "x".repeat(2 << 20);
    let body = json!({"subject": subject});
    let response = stage.request("POST", "/tickets").json(&body).send().await.unwrap();
    assert_eq!(response.status(), 201);
    assert_eq!(stage.provider.calls("desk open")[0].body, body);
    let large: &'static str = Box::leak(format!("{}SECRET-access-0", "y".repeat(3 << 20)).into_boxed_str());
    stage
        .provider
        .set("desk find", Says::InItsPlace(200, vec![("content-type", "text/plain")], large.as_bytes()));
    let text = stage.pass("GET", "/tickets").await.text().await.unwrap();
    assert_eq!(text.len(), (3 << 20) + "[redacted]".len());
    assert!(text.ends_with("y[redacted]"));
}

async fn requests_are_counted(stage: &Stage) {
    stage.permit_desk(json!({})).await;
    stage.pass("GET", "/tickets").await;
    stage.refuse("POST", "/tickets").await.refused(403, "ACTION_NOT_PERMITTED");
    let url = format!("http://{}/metrics", stage.server.address);
    let metrics = stage.server.client().get(url).send().await.unwrap().text().await.unwrap();
    for line in [
        r#"riq_proxy_requests_total{provider="desk",outcome="answered"} 1"#,
        r#"riq_proxy_requests_total{provider="desk",outcome="refused"} 1"#,
    ] {
        assert!(metrics.lines().any(|one| one == line), "{line}");
    }
}
