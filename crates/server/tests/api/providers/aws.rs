//! Connects a provider whose requests are signed, and attacks the signatures.

use integrations_core::catalog::Catalog;
use riq_testing::providers::simulator::{Request, Simulator};
use serde_json::{Value, json};
use time::Duration;

use super::{on_both_played, play};
use crate::{
    dashboard::visitor::{Page, Visitor},
    support::{Backend, Server, clock::START},
};

on_both_played!(
    each_request_is_signed_for_its_time,
    a_wrong_clock_is_no_wrong_key,
    a_large_body_is_signed_as_a_whole,
    what_was_signed_is_all_that_is_taken,
);

const FILE: &str = r#"
format = 2
key = "acme"
name = "Acme"
description = "Acme keeps things."
category = "support"
documentation_url = "https://acme.example/docs"
api_base_url = "https://things.{region}.acme.example/v1"

[[connection]]
key = "region"
label = "Region"
help = "The region."
pattern = '^[a-z]{2}-[a-z]+-[0-9]$'
mismatch = "Expected a region, such as eu-west-1"
example = "eu-west-1"

[[auth]]
kind = "aws_sigv4"
[[auth.fields]]
key = "access_key_id"
label = "Access key ID"
help = "The id."
pattern = '^[A-Z0-9]+$'
mismatch = "Expected the id of a key"
secret = false
[[auth.fields]]
key = "secret_access_key"
label = "Secret access key"
help = "The key."
[[auth.fields]]
key = "session_token"
label = "Session token"
help = "The token."
optional = true
[auth.request]
headers = { X-Acme-Version = "7" }
aws_sigv4 = { service = "things", region = "{region}" }

[account]
source = "probe"
id = ["/id"]
name = ["/name"]

[probe]
method = "GET"
url = "https://things.{region}.acme.example/v1/me"
good_statuses = [200]
refused_statuses = [403]

[[actions]]
key = "store_thing"
label = "Store a thing"
description = "Stores a thing."
kind = "write"
input = [{ key = "name", type = "string", required = true, description = "The name." }]
request = { method = "POST", path = "/things/{name}", query = { q = "a b+c*~" }, json = { name = "{name}" } }
result = { answer = "none", statuses = [200], error = ["/message"] }
proof = ["https://acme.example/docs", "https://acme.example/things"]
[[actions.examples]]
name = "a thing"
input = { name = "x" }
request = { method = "POST", path = "/things/x", query = { q = "a b+c*~" }, json = { name = "x" } }
answers = [
  { status = 200, outcome = "succeeded" },
  { status = 400, body = '{"message": "No."}', outcome = "failed", error = "No." },
]
"#;

const EXPECTED: &str = r#"
provider = "acme"
[[accounts]]
region = "eu-west-1"
access_key_id = "AKIDEXAMPLE"
[accounts.credential]
access_key_id = "AKIDEXAMPLE"
secret_access_key = "SECRET/right+key="
[aws_sigv4]
service = "things"
region = "{region}"
[[calls]]
method = "GET"
host = "things.{region}.acme.example"
path = "/v1/me"
headers = { x-acme-version = "7" }
answer = { id = "7", name = "Ada" }
refusal = { status = 403, body = { message = "InvalidSignatureException" } }
[[calls]]
method = "POST"
host = "things.{region}.acme.example"
path = "~/v1/things/[^/]+"
query = { q = "a b+c*~" }
headers = { x-acme-version = "7" }
json = { name = "~(?s).*" }
answer = {}
refusal = { status = 403, body = { message = "InvalidSignatureException" } }
"#;

async fn played(backend: Backend, test: impl AsyncFnOnce(&Server, &Simulator)) {
    let catalog = Catalog::default().with_files([("acme.toml".to_owned(), FILE.to_owned())]).unwrap();
    play(backend, catalog, Simulator::start_as_told(&[EXPECTED]).await, test).await;
}

async fn send(visitor: &Visitor<'_>, server: &Server, region: &str, key: &str) -> Page {
    let form = visitor.get(&server.page("acme")).await.form("/connect");
    let form = form.with("connection.region", region).with("connection.access_key_id", "AKIDEXAMPLE");
    visitor.submit(&form.with("credential.secret_access_key", key)).await
}

async fn connect(server: &Server) {
    let visitor = Visitor::signed_in(server).await;
    let page = send(&visitor, server, "eu-west-1", "SECRET/right+key=").await;
    assert_eq!(page.status, 303, "{}", page.words());
    let permissions = json!({"store_thing": true});
    server.patch("acme", json!({"action_permissions": permissions})).await.data();
}

fn last(simulator: &Simulator) -> Request {
    simulator.requests().pop().unwrap()
}

fn header(request: &Request, name: &str) -> String {
    request.headers.iter().find(|(other, _)| other == name).unwrap().1.clone()
}

/// Stores a thing with a name that a signature has to encode.
async fn store(server: &Server) {
    let call = server.call("POST", &server.at("/acme/actions/store_thing"));
    let answer = call.json(&json!({"input": {"name": "ü b/c+%2F@"}})).send().await;
    assert_eq!(answer.data()["status"], "succeeded");
}

async fn each_request_is_signed_for_its_time(server: &Server, simulator: &Simulator) {
    let visitor = Visitor::signed_in(server).await;
    let other_host = send(&visitor, server, "evil.example/", "SECRET/right+key=").await;
    assert!(other_host.problem("connection.region").unwrap().contains("Expected a region"));
    assert_eq!(simulator.requests().len(), 0);
    send(&visitor, server, "eu-west-1", "SECRET/wrong").await.says(422, "Acme does not accept the API key");
    assert_eq!(server.integration("acme").await, Value::Null);
    simulator.forgive(0);
    simulator.switch(|switches| switches.now = Some(START));
    connect(server).await;
    let first = header(&last(simulator), "authorization");
    store(server).await;
    // Two hours later everything is signed anew.
    server.clock.advance(Duration::hours(2));
    simulator.switch(|switches| switches.now = Some(START + Duration::hours(2)));
    assert_eq!(server.check("acme").await.data()["health_status"], "healthy");
    let checked = last(simulator);
    let date = header(&checked, "x-amz-date");
    assert!(date.starts_with("20260301T1200"), "{date}");
    assert_ne!(header(&checked, "authorization"), first);
    assert_eq!(simulator.complaints(), [""; 0]);
    let shown = server.integration("acme").await.to_string();
    assert!(!shown.contains("SECRET"), "{shown}");
}

async fn a_wrong_clock_is_no_wrong_key(server: &Server, simulator: &Simulator) {
    connect(server).await;
    simulator.switch(|switches| switches.now = Some(START));
    server.clock.set_by(Duration::minutes(6));
    let checked = server.check("acme").await.data().clone();
    assert_eq!((&checked["status"], &checked["health_status"]), (&json!("active"), &json!("degraded")));
    let message = checked["error_message"].as_str().unwrap();
    assert!(message.contains("clocks are more than 5 minutes apart"), "{message}");
    assert_eq!(simulator.complaints(), ["acme: /v1/me: the signature: its time is more than 5 minutes away"]);
    server.clock.set_by(Duration::minutes(-2));
    assert_eq!(server.check("acme").await.data()["health_status"], "healthy");
}

async fn a_large_body_is_signed_as_a_whole(server: &Server, simulator: &Simulator) {
    connect(server).await;
    let proxied = server.at("/acme/proxy/things/x?q=a+b%2Bc*~");
    // Such a body is sent as it arrives where nothing is signed.
    let large = json!({"name": "x".repeat(300 * 1024)});
    let request = server.client().post(format!("http://{}{proxied}", server.address));
    let answer = request.header("x-api-key", &server.key.text).json(&large).send().await.unwrap();
    assert_eq!((answer.status().as_u16(), simulator.complaints()), (200, vec![]));
    assert_eq!(last(simulator).body, serde_json::to_vec(&large).unwrap());
}

/// Sends a request as it stands, and returns the status and what the provider complained of.
async fn replay(simulator: &Simulator, request: &Request) -> (u16, Vec<String>) {
    let before = simulator.complaints().len();
    let query = if request.query.is_empty() { String::new() } else { format!("?{}", request.query) };
    let url = format!("https://{}{}{query}", request.host, request.path);
    let mut sent = simulator.client().request(request.method.parse().unwrap(), url);
    for (name, value) in
        request.headers.iter().filter(|(name, _)| !matches!(&**name, "host" | "content-length"))
    {
        sent = sent.header(name, value);
    }
    let status = sent.body(request.body.clone()).send().await.unwrap().status().as_u16();
    (status, simulator.complaints().split_off(before))
}

async fn what_was_signed_is_all_that_is_taken(server: &Server, simulator: &Simulator) {
    connect(server).await;
    store(server).await;
    let signed = last(simulator);
    simulator.switch(|switches| switches.now = Some(START));
    assert_eq!(replay(simulator, &signed).await, (200, vec![]));
    let changed = |change: &dyn Fn(&mut Request)| {
        let mut request = signed.clone();
        change(&mut request);
        request
    };
    let in_header = |name: &'static str, from: &'static str, to: &'static str| {
        changed(&move |request: &mut Request| {
            let (_, value) = request.headers.iter_mut().find(|(other, _)| other == name).unwrap();
            assert!(value.contains(from), "{value}");
            *value = value.replacen(from, to, 1);
        })
    };
    let add = |name: &str, value: &str| {
        changed(&|request: &mut Request| request.headers.push((name.to_owned(), value.to_owned())))
    };
    for (request, what) in [
        (in_header("authorization", "Signature=", "Signature=0"), "does not match"),
        (in_header("authorization", "/eu-west-1/", "/us-east-1/"), "another key, day, region or service"),
        (in_header("authorization", "/things/", "/ses/"), "another key, day, region or service"),
        (in_header("authorization", "AKIDEXAMPLE", "AKIDOTHER"), "another key, day, region or service"),
        (in_header("authorization", "content-type;", ""), "the header content-type is not signed"),
        (in_header("x-amz-date", "T1000", "T1001"), "does not match"),
        (in_header("x-amz-date", "20260301", "20260302"), "more than 5 minutes away"),
        (in_header("accept", "application/json", "text/plain"), "does not match"),
        (add("x-amz-target", "Other"), "the header x-amz-target is not signed"),
        (add("x-amz-security-token", "token"), "the session token is wrong"),
        (changed(&|request| request.body = b"{\"name\": \"y\"}".to_vec()), "does not match"),
        (changed(&|request| request.path = "/v1/things/y".into()), "does not match"),
    ] {
        let (status, complaints) = replay(simulator, &request).await;
        assert_eq!(status, 403, "{what}");
        assert!(complaints[0].contains(what), "{complaints:?}, not {what}");
    }
    // Later it is worth nothing.
    simulator.switch(|switches| switches.now = Some(START + Duration::minutes(6)));
    let (status, complaints) = replay(simulator, &signed).await;
    assert_eq!((status, complaints[0].contains("more than 5 minutes away")), (403, true), "{complaints:?}");
}
