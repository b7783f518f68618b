//! Connects providers at hosts of the customer's own, and those that cannot be asked whether a credential works.

use integrations_core::{approved_hosts::ApprovedHost, catalog::Catalog};
use riq_testing::providers::simulator::Simulator;
use serde_json::{Value, json};

use super::{on_both_played, play};
use crate::{
    dashboard::visitor::{Page, Visitor},
    support::{Backend, Server},
};

on_both_played!(
    nothing_is_sent_to_a_host_that_is_not_approved,
    an_approval_may_be_withdrawn,
    an_approved_name_that_leads_inside_is_not_called,
    who_cannot_be_asked_stays_unknown,
);

const OWN: &str = r#"
format = 2
key = "own"
name = "Acme"
description = "Acme keeps things."
category = "support"
documentation_url = "https://acme.example/docs"
api_base_url = "https://{host}/api"

[[connection]]
key = "host"
label = "Host"
help = "The host of your Acme."
host = "operator_approved"
mismatch = "Expected the host of your Acme, such as acme.example.com"
example = "acme.example.com"

[[auth]]
kind = "api_key"

[[auth.fields]]
key = "api_key"
label = "Key"
help = "Under Settings."

[auth.request]
json = { key = "{api_key}" }

[account]
source = "probe"
id = ["{host}"]
name = ["/name"]

[probe]
method = "POST"
url = "https://{host}/ping"
good_statuses = [200]
refused_statuses = [401]

[[actions]]
key = "look"
label = "Look"
description = "Looks."
kind = "read_only"
default = true
request = { method = "POST", path = "/look", reads = true }
result = { keep = { seen = "/seen" } }
proof = ["https://acme.example/docs/a", "https://acme.example/docs/b"]

[[actions.examples]]
name = "at it"
request = { method = "POST", path = "/look" }
answers = [{ status = 200, body = '{"seen": "x"}', outcome = "succeeded", result = { seen = "x" } }]
"#;

const OWN_EXPECTED: &str = r#"
provider = "own"
connections = [{ host = "acme.customer.example" }]
[[accounts]]
credential = { api_key = "SECRET-own" }
[[calls]]
method = "POST"
host = "acme.customer.example"
path = "/ping"
answer = { name = "Acme Desk" }
json = { key = "{api_key}" }
refusal = { status = 401, body = {} }
[[calls]]
method = "POST"
host = "acme.customer.example"
path = "/api/look"
answer = { seen = "the key is SECRET-own" }
json = { key = "{api_key}" }
refusal = { status = 401, body = {} }
"#;

const HOOK: &str = r#"
format = 2
key = "hook"
name = "Hook"
description = "Takes events."
category = "other"
documentation_url = "https://acme.example/docs"
api_base_url = "{webhook_url}"

[[auth]]
kind = "webhook_url"

[[auth.fields]]
key = "webhook_url"
label = "URL"
help = "The address of your own."
host = "operator_approved"
mismatch = "Expected an address that begins with https://"
example = "https://hooks.example.com/in"

[probe]
none = "It only takes events."
"#;

/// The providers, where the operator approves these hosts.
fn catalog(approved: &[&str]) -> Catalog {
    let files =
        [("own.toml", OWN), ("hook.toml", HOOK)].map(|(name, text)| (name.to_owned(), text.to_owned()));
    let approved = approved.iter().map(|host| ApprovedHost::read(host).unwrap()).collect();
    Catalog::default().with_files(files).unwrap().approving(&approved)
}

async fn played(backend: Backend, test: impl AsyncFnOnce(&Server, &Simulator)) {
    play(backend, catalog(&[]), Simulator::start_as_told(&[OWN_EXPECTED]).await, test).await;
}

async fn connect(server: &Server, host: &str) -> Page {
    let visitor = Visitor::signed_in(server).await;
    let form = visitor.get(&server.page("own")).await.form("/connect");
    visitor.submit(&form.with("connection.host", host).with("credential.api_key", "SECRET-own")).await
}

async fn nothing_is_sent_to_a_host_that_is_not_approved(server: &Server, simulator: &Simulator) {
    let entry = server.call("GET", &server.at("/catalog/own")).send().await.data().clone();
    assert_eq!(entry["installable"], false);
    let reason = entry["not_installable_reason"].as_str().unwrap();
    assert!(
        reason.contains("none is approved on this server") && reason.contains("RIQ_APPROVED_HOSTS"),
        "{reason}"
    );
    let refused = server.call("POST", &server.at("/own/install-url")).send().await;
    assert_eq!((refused.status, refused.body["code"].as_str()), (409, Some("PROVIDER_NOT_CONFIGURED")));
    let page = Visitor::signed_in(server).await.get(&server.page("own")).await;
    assert!(page.words().contains("RIQ_APPROVED_HOSTS"), "{}", page.words());

    let approving = server.with_catalog(catalog(&["acme.customer.example"])).await;
    for host in ["evil.example", "acme.customer.example.evil.example", "acme.customer.example@evil.example"] {
        let refused = connect(&approving, host).await;
        assert_eq!(refused.status, 422);
        let problem = refused.problem("connection.host").unwrap();
        assert!(problem.contains("Expected the host of your Acme"), "{problem}");
    }
    assert!(simulator.requests().is_empty());
    let connected = connect(&approving, "https://ACME.customer.example/login").await;
    assert_eq!(connected.status, 303, "{}", connected.words());
    assert_eq!(approving.integration("own").await["health_status"], "healthy");
    approving.stop().await;
}

async fn an_approval_may_be_withdrawn(server: &Server, simulator: &Simulator) {
    let approving = server.with_catalog(catalog(&["*.customer.example"])).await;
    connect(&approving, "acme.customer.example").await;
    // The credential is in the body of each request, and not in what comes back.
    let called =
        approving.call("POST", &approving.at("/own/actions/look")).json(&json!({"input": {}})).send().await;
    assert_eq!(called.data()["result"]["seen"], "the key is [redacted]", "{}", called.text);
    let sent = simulator.requests().len();

    let refused =
        server.call("POST", &server.at("/own/actions/look")).json(&json!({"input": {}})).send().await;
    assert_eq!(refused.body["code"], "PROVIDER_UNAVAILABLE", "{}", refused.text);
    assert!(refused.text.contains("this server may not call"), "{}", refused.text);
    let checked = server.check("own").await.data().clone();
    assert_eq!((&checked["checked"], &checked["status"]), (&json!(false), &json!("error")));
    let message = checked["message"].as_str().unwrap();
    assert!(
        message.contains("RIQ_APPROVED_HOSTS") && checked["error_message"].as_str().is_some(),
        "{message}"
    );
    assert_eq!(simulator.requests().len(), sent);

    let checked = approving.check("own").await.data().clone();
    assert_eq!((&checked["status"], &checked["health_status"]), (&json!("active"), &json!("healthy")));
    approving.stop().await;
}

async fn an_approved_name_that_leads_inside_is_not_called(server: &Server, simulator: &Simulator) {
    let approving = server.with_catalog(catalog(&["localhost"])).await;
    let refused = connect(&approving, "localhost").await;
    assert!(refused.words().contains("has an address that this server must not call"), "{}", refused.words());
    assert_eq!(approving.integration("own").await, Value::Null);
    assert!(simulator.requests().is_empty());
    approving.stop().await;
}

async fn who_cannot_be_asked_stays_unknown(server: &Server, _: &Simulator) {
    let approving = server.with_catalog(catalog(&["hooks.example.com"])).await;
    let visitor = Visitor::signed_in(&approving).await;
    let form = visitor.get(&approving.page("hook")).await.form("/connect");
    let page =
        visitor.submit(&form.with("credential.webhook_url", "https://hooks.example.com/in/SECRET")).await;
    assert_eq!(page.status, 303, "{}", page.words());
    let integration = approving.integration("hook").await;
    assert_eq!(
        (&integration["status"], &integration["health_status"]),
        (&json!("active"), &json!("unknown"))
    );
    assert_eq!(integration["last_synced_at"], Value::Null);
    let checked = approving.check("hook").await.data().clone();
    assert_eq!((&checked["checked"], &checked["health_status"]), (&json!(false), &json!("unknown")));
    assert_eq!(checked["message"], "Hook was not asked, so its health stays unknown. It only takes events.");
    let page = visitor.get(&approving.page("hook")).await;
    assert!(page.words().contains("It only takes events."), "{}", page.words());
    assert!(page.words().contains("None: nobody is asked"), "{}", page.words());
    approving.stop().await;
}
