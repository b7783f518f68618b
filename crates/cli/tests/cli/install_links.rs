//! `install-links`: lists the links with which people install, and ends one.

use serde_json::{Value, json};

use crate::api::Exchange;
use crate::fixtures::with;
use crate::golden::run;
use crate::terminal::{PLAIN, shows};

const LINK: &str = "lnk_01jc3q5v6w7x8y9zabcdefghjk";

fn link() -> Value {
    json!({
        "id": LINK, "provider": "slack", "status": "open", "created_by": "key_01jc3q5v6w7x8y9zabcdefghjk",
        "return_url": "https://app.example/settings", "expected_account_id": null,
        "created_at": "2026-05-17T17:55:00Z", "expires_at": "2026-05-17T18:25:00Z", "used_at": null, "ended_at": null,
        "a_field_of_tomorrow": 1,
    })
}

fn page(links: &[Value]) -> Exchange {
    let body = json!({"data": links, "cursor": null, "has_more": false});
    Exchange::in_project("GET", "/install-links?limit=50", &Value::Null).answers(200, &body.to_string())
}

#[test]
fn list_prints_the_newest_links() {
    let list = ["install-links", "list"];
    let used = with(link(), json!({"status": "used", "return_url": null, "used_at": "2026-05-17T18:00:00Z"}));
    let all = || page(&[link(), used.clone()]);
    run("install_links_list", &list, [all()]);
    run("install_links_list_quiet", &["install-links", "list", "--quiet"], [all()]);
    shows("install_links_list", 120, &list, PLAIN, vec![all()]);
    shows("install_links_list_empty", 80, &list, PLAIN, vec![page(&[])]);
}

#[test]
fn end_ends_one() {
    let ended = with(link(), json!({"status": "ended", "ended_at": "2026-05-17T18:00:00Z"}));
    let end = || Exchange::in_project("DELETE", &format!("/install-links/{LINK}"), &ended);
    run("install_links_end", &["install-links", "end", LINK], [end()]);
    run("install_links_end_quiet", &["install-links", "end", LINK, "--quiet"], [end()]);
    shows("install_links_end", 80, &["install-links", "end", LINK], PLAIN, vec![end()]);
}
