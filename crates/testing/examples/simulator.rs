//! The simulated providers as a program, for checks that are no Rust tests: `cargo xtask conformance proxy`.
//!
//! It prints one line of JSON: where the providers are, the authority to trust, and a credential of each. For each line
//! that it reads it prints one more: what has arrived. It ends with its input.
#![expect(clippy::print_stdout, reason = "this is what it is for")]

use std::io;

use anyhow::Result;
use riq_testing::providers::simulator::{Request, Simulator};
use serde_json::{Map, Value, json};

/// A call with this word in its body is read, and its answer is lost.
const LOST: &str = "lost-answer";

fn main() -> Result<()> {
    let runtime = tokio::runtime::Runtime::new()?;
    let simulator = runtime.block_on(Simulator::start());
    simulator.switch(|switches| switches.loses = Some(LOST));
    println!("{}", beginning(&simulator));
    for line in io::stdin().lines() {
        line?;
        let requests: Vec<Value> = simulator.requests().iter().map(told).collect();
        println!("{}", json!({"requests": requests, "complaints": simulator.complaints()}));
    }
    Ok(())
}

fn beginning(simulator: &Simulator) -> Value {
    let providers = [simulator.oauth_providers(), simulator.form_providers()].concat();
    let credentials: Map<String, Value> = providers
        .into_iter()
        .map(|provider| (provider.to_owned(), simulator.granted(provider).into()))
        .collect();
    json!({
        "address": simulator.address().to_string(),
        "hosts": simulator.hosts(),
        "ca": simulator.ca_pem(),
        "credentials": credentials,
    })
}

fn told(request: &Request) -> Value {
    json!({
        "method": request.method,
        "host": request.host,
        "path": request.path,
        "query": request.query,
        "headers": request.headers,
        "body": String::from_utf8_lossy(&request.body),
    })
}
