//! `proxy`: the provider's answer as it is, and the server's refusals.

use serde_json::{Value, json};

use crate::api::{Api, Exchange, KEY, PROJECT};
use crate::golden::{riq, run, run_with};
use crate::terminal::{PLAIN, shows};

const CHARGES: [&str; 4] = ["proxy", "stripe", "GET", "/v1/charges?limit=3&q=a%20b"];

fn charges(status: u16, answer: &str) -> Exchange {
    Exchange::proxied("GET", "/stripe/proxy/v1/charges?limit=3&q=a%20b", status, answer)
}

#[test]
fn the_providers_answer_is_passed_on_as_it_is() {
    run("proxy", &CHARGES, [charges(200, "{\"data\":  [ ]}")]);
    run(
        "proxy_quiet",
        &["proxy", "stripe", "get", "v1/charges?limit=3&q=a%20b", "--quiet"],
        [charges(200, "[]")],
    );
    shows("proxy_evil", 80, &CHARGES, PLAIN, vec![charges(200, "a\tb\n\u{1b}[2J\u{202e}é\n")]);
    let binary = charges(204, "");
    run("proxy_empty", &CHARGES, [binary]);
}

#[test]
fn the_head_of_the_answer_goes_to_standard_error() {
    let include: Vec<&str> = CHARGES.iter().copied().chain(["--include"]).collect();
    let paid = charges(302, "moved").header("Location", "https://elsewhere.example/\t.");
    run("proxy_include", &include, [paid]);
}

#[test]
fn an_error_of_the_provider_is_a_failure_after_its_body() {
    run("proxy_e404", &CHARGES, [charges(404, "{\"error\": \"no\"}\n")]);
    shows("proxy_e404", 80, &CHARGES, PLAIN, vec![charges(404, "{\"error\": \"no\"}\n")]);
    run("proxy_e429", &CHARGES, [charges(429, "slow down\n").header("Retry-After", "0")]);
    run("proxy_e500", &CHARGES, [charges(500, "sorry\n")]);
}

/// An answer of the server itself.
fn own(status: u16, error: &Value) -> Exchange {
    let answer = Exchange::new("GET", "/stripe/proxy/v1/charges?limit=3&q=a%20b", &Value::Null);
    answer.accepts("*/*").answers(status, &error.to_string())
}

#[test]
fn the_servers_own_answer_is_an_error() {
    let refused = json!({"error": "lookup_charge would have to be permitted", "code": "ACTION_NOT_PERMITTED",
        "request_id": "req_1"});
    run("proxy_denied", &CHARGES, [own(403, &refused)]);
    shows("proxy_denied", 80, &CHARGES, PLAIN, vec![own(403, &refused)]);
    let other = json!({"data": []});
    run("proxy_not_the_provider", &CHARGES, [own(200, &other)]);
    let limited = json!({"error": "Wait", "code": "RATE_LIMITED", "request_id": "req_1", "retry_after": 0});
    run("proxy_limited", &CHARGES, [own(429, &limited), charges(200, "[]")]);
    let unknown = json!({"error": "No route", "code": "RESOURCE_NOT_FOUND", "request_id": "req_1"});
    shows("proxy_unknown_route", 80, &CHARGES, PLAIN, vec![own(404, &unknown)]);
}

#[test]
fn bodies_and_headers_are_sent() {
    let sent = || Exchange::proxied("POST", "/stripe/proxy/v1/refunds", 200, "{}");
    let post = ["proxy", "stripe", "POST", "/v1/refunds"];
    let with = |options: &[&'static str]| post.iter().chain(options).copied().collect::<Vec<&str>>();
    run("proxy_json", &with(&["--data", r#"{"a": 1}"#]), [sent().text("application/json", r#"{"a": 1}"#)]);
    let form = sent().text("application/x-www-form-urlencoded", "charge=ch_1&note=a+b%26c");
    run("proxy_form", &with(&["--form", "charge=ch_1", "--form", "note=a b&c"]), [form]);
    let other = sent()
        .text("text/plain", "hello")
        .accepts("application/pdf")
        .has("stripe-version", Some("2026-01-01"))
        .named("order-1001");
    #[rustfmt::skip]
    let options = with(&[
        "--data", "-", "--header", "Content-Type: text/plain", "--header", "accept: application/pdf", "--header",
        "Stripe-Version: 2026-01-01", "--header", "Idempotency-Key: order-1001",
    ]);
    run_with("proxy_stdin", &options, [other], |command| command.write_stdin("hello"));
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("body.json");
    std::fs::write(&file, "[1]").unwrap();
    let api = Api::playing([sent().text("application/json", "[1]")]);
    let mut command = riq(&with(&["--data"]));
    command.arg(format!("@{}", file.display()));
    command.env("RIQ_API_KEY", KEY).env("RIQ_PROJECT_ID", PROJECT).env("RIQ_API_BASE", api.origin());
    command.assert().code(0).stdout("{}").stderr("");
    api.finish();
}

#[test]
fn a_lost_answer_is_an_error() {
    run(
        "proxy_hang_up",
        &["proxy", "stripe", "POST", "/v1/refunds", "--quiet"],
        [Exchange::proxied("POST", "/stripe/proxy/v1/refunds", 200, "").hang_up()],
    );
}
