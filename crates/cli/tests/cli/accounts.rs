//! Several accounts of one provider: commands take `shopify~eu`, and show it.

use serde_json::{Value, json};

use crate::api::Exchange;
use crate::fixtures::{shopify, shopify_entry, slack, slack_entry, with};
use crate::golden::{run, run_with};
use crate::terminal::{PLAIN, shows};

fn eu(changes: Value) -> Value {
    let account = json!({
        "id": "int_slack_eu", "provider": "slack~eu", "provider_key": "slack", "alias": "eu", "display_name": null,
    });
    with(with(slack(), account), changes)
}

#[test]
fn commands_take_an_account_and_print_its_data() {
    let show = [
        Exchange::new("GET", "/slack~eu", &eu(json!({}))),
        Exchange::new("GET", "/catalog/slack", &slack_entry()),
    ];
    run("account_show", &["integrations", "show", "slack~eu"], show);
    let check = Exchange::new("POST", "/slack~eu/check", &eu(json!({})));
    run("account_check", &["integrations", "check", "slack~eu", "--quiet"], [check]);
    let paused = eu(json!({"status": "paused"}));
    let pause = Exchange::new("PATCH", "/slack~eu/lifecycle", &paused).body(json!({"status": "paused"}));
    run("account_pause", &["integrations", "pause", "slack~eu", "--quiet"], [pause]);
    let link = json!({
        "provider": "slack~eu", "setup_type": "oauth", "message": "Open the URL above in a browser to complete installation.",
        "install_url": "https://riq.example/dashboard/projects/prj_1/integrations/slack~eu?session=once",
    });
    let link = || Exchange::new("POST", "/slack~eu/install-url", &link);
    run("account_install_url", &["integrations", "install-url", "slack~eu"], [link()]);
    // The plain account is active already, which says nothing about this one.
    let list = |all: &Value| Exchange::new("GET", "", all);
    let (before, after) = (json!([slack()]), json!([slack(), eu(json!({}))]));
    let script = [list(&before), link(), list(&before), list(&after)];
    run_with("account_install_wait", &["integrations", "install", "slack~eu", "--wait"], script, |command| {
        command.env("RIQ_WAIT_INTERVAL_MS", "0")
    });
    let gone = eu(json!({"status": "disconnected", "message": "Disconnected."}));
    let disconnect = Exchange::new("DELETE", "/slack~eu", &gone);
    run("account_disconnect", &["integrations", "disconnect", "slack~eu", "--yes", "--quiet"], [disconnect]);
}

#[test]
fn what_is_no_account_is_a_usage_error() {
    for (golden, name) in [
        ("account_no_alias", "slack~"),
        ("account_no_key", "~eu"),
        ("account_upper_case", "slack~EU"),
        ("account_reserved", "catalog~a"),
    ] {
        run(golden, &["integrations", "show", name], []);
    }
}

#[test]
fn what_the_api_refuses_names_the_account() {
    let missing = Exchange::new("GET", "/slack~eu", &Value::Null).refuses(
        404,
        "INTEGRATION_NOT_FOUND",
        "Slack (eu) is not installed in this project",
    );
    shows("account_missing", 120, &["integrations", "show", "slack~eu"], PLAIN, vec![missing]);
}

#[test]
fn a_table_shows_each_account_and_the_catalog_names_them() {
    let all = json!([shopify(), slack(), eu(json!({})), eu(json!({"provider": "slack~us", "alias": "us"}))]);
    let catalog = Exchange::new("GET", "/catalog?fields=brief", &json!([slack_entry(), shopify_entry()]));
    let list = Exchange::new("GET", "", &all);
    shows("account_list", 120, &["integrations", "list"], PLAIN, vec![list, catalog]);
    let entry = with(slack_entry(), json!({"aliases": ["eu", "us"]}));
    let one = Exchange::new("GET", "/catalog/slack", &entry);
    shows("account_catalog", 120, &["integrations", "catalog", "slack"], PLAIN, vec![one]);
}
