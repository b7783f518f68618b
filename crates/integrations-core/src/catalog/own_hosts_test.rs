//! Hosts of the customer's own, credentials in bodies, and probes that are left out.

use serde_json::{Map, Value, json};

use super::refusals_test::{load, refused, refused_at};
use super::*;
use crate::approved_hosts::{ApprovedHost, ApprovedHosts};

/// A provider at a host of the customer's own.
const OWN: &str = r#"
format = 2
key = "acme"
name = "Acme"
description = "Acme."
category = "crm"
documentation_url = "https://acme.example/docs"
api_base_url = "https://{host}/api"

[[connection]]
key = "host"
label = "Host"
help = "The host of your Acme."
host = "operator_approved"
port = true
mismatch = "Expected the host of your Acme, such as acme.example.com"
example = "acme.example.com"

[[auth]]
kind = "api_key"

[[auth.fields]]
key = "api_key"
label = "API key"
help = "Under Settings."

[auth.request]
json = { key = "{api_key}" }

[probe]
method = "POST"
url = "https://{host}/ping"
good_statuses = [200]
refused_statuses = [401]
"#;

/// The line on which its host is approved.
const APPROVED: &str = "host = \"operator_approved\"\n";

fn approved(list: &[&str]) -> ApprovedHosts {
    list.iter().map(|host| ApprovedHost::read(host).unwrap()).collect()
}

fn acme(list: &[&str]) -> Arc<Provider> {
    Arc::clone(load(OWN).unwrap().approving(&approved(list)).get("acme").unwrap())
}

/// What a pasted host is read as, or why it is refused.
fn read(provider: &Provider, pasted: &str) -> Result<String, String> {
    let connection = Map::from_iter([("host".to_owned(), Value::from(pasted))]);
    let read = provider.read_connection(&connection);
    read.map(|read| read["host"].as_str().unwrap().to_owned()).map_err(|mut issues| issues.remove(0).message)
}

#[test]
fn an_approved_host_is_read_as_people_paste_it() {
    let provider = acme(&["acme.example.com", "*.shops.example.com:8443", "bücher.example"]);
    for (pasted, host) in [
        ("acme.example.com", "acme.example.com"),
        (" https://ACME.example.com/app/login?next=/#top ", "acme.example.com"),
        ("http://acme.example.com:80/", "acme.example.com"),
        ("acme.example.com.", "acme.example.com"),
        ("acme.example.com:443", "acme.example.com"),
        ("<https://acme.example.com>", "acme.example.com"),
        ("ａｃｍｅ.example.com", "acme.example.com"),
        ("acme。example。com", "acme.example.com"),
        ("https://eu.shops.example.com:8443/x", "eu.shops.example.com:8443"),
        ("Bücher.example", "xn--bcher-kva.example"),
        ("xn--bcher-kva.example", "xn--bcher-kva.example"),
    ] {
        assert_eq!(read(&provider, pasted), Ok(host.to_owned()), "{pasted}");
    }
}

#[test]
fn what_only_looks_approved_is_refused() {
    let provider = acme(&["example.com", "*.shops.example.com"]);
    for pasted in [
        "example.com.evil.com",
        "evilexample.com",
        "example.com@evil",
        "example.com@evil.com",
        "https://example.com:443@evil.com/",
        "example.com:443@evil",
        "user@example.com",
        "user:password@example.com",
        "example.com%2f.evil",
        "example.com%00.evil.com",
        "ex%61mple.com",
        "example.com\\.evil.com",
        "example.com:8443",
        "example.com:0",
        "example.com:99999",
        "shops.example.com",
        "evilshops.example.com",
        // A Cyrillic letter in place of a Latin one.
        "ex\u{430}mple.com",
        "[::1]",
        "https://[::ffff:127.0.0.1]/",
        "127.0.0.1",
        "2130706433",
        "0x7f.1",
        "169.254.169.254",
        "localhost",
        "ftp://example.com",
        "javascript:alert(1)",
        "example.com example.org",
        "-.shops.example.com",
        "..shops.example.com",
        "*.shops.example.com",
    ] {
        let refused = read(&provider, pasted).expect_err(pasted);
        assert!(refused.starts_with("Expected the host of your Acme"), "{pasted}: {refused}");
    }
}

#[test]
fn a_person_is_told_what_the_operator_has_to_set() {
    let expected = "Expected the host of your Acme, such as acme.example.com";
    let provider = acme(&["acme.example.com"]);
    let told = |pasted: &str| read(&provider, pasted).unwrap_err();
    assert_eq!(told("not a host"), expected);
    assert_eq!(
        told("other.example.com"),
        format!(
            "{expected}. This server may not call that host yet: its operator has to add its name to \
             RIQ_APPROVED_HOSTS"
        )
    );
    assert!(told("acme.example.com:8443").ends_with("its name with its port to RIQ_APPROVED_HOSTS"));
}

#[test]
fn without_approval_no_request_can_be_made() {
    let stored = Map::from_iter([("host".to_owned(), json!("acme.example.com:8443"))]);
    let key = Map::from_iter([("api_key".to_owned(), json!("k"))]);
    let render = |provider: &Provider| {
        let value = |name: &str| provider.placeholder(&stored, &key, name);
        provider.probe.request().unwrap().call.url.render(value).map(String::from)
    };
    let approves = acme(&["acme.example.com:8443"]);
    assert_eq!(render(&approves).unwrap(), "https://acme.example.com:8443/ping");
    assert!(approves.is_approved(&stored, &key) && !approves.lacks_approval());
    let withdrawn = acme(&["acme.example.com"]);
    assert_eq!(render(&withdrawn), Err(RenderError::Missing("host".into())));
    assert!(!withdrawn.is_approved(&stored, &key) && !withdrawn.lacks_approval());
    assert!(acme(&[]).lacks_approval());
}

/// A provider that takes events at a URL of the customer's own.
const HOOK: &str = r#"
format = 2
key = "acme"
name = "Acme"
description = "Acme."
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

#[test]
fn a_url_may_be_at_a_host_of_the_customers_own() {
    let catalog = load(HOOK).unwrap().approving(&approved(&["hooks.example.com"]));
    let provider = catalog.get("acme").unwrap();
    let empty = Map::new();
    let credential = |url: &str| Map::from_iter([("webhook_url".to_owned(), Value::from(url))]);
    let rendered = |url: &str| {
        let read = provider.read_credential(&credential(url)).ok()?;
        let value = |name: &str| provider.placeholder(&empty, &read, name);
        provider.api_base_url.render(value).ok().map(String::from)
    };
    let url = "https://hooks.example.com/in/secret?key=1&token=2";
    for pasted in [
        url,
        "http://hooks.example.com/in/secret?key=1&token=2",
        "//Hooks.example.com.:443/in/secret?key=1&token=2#top",
        "<https://hooks.example.com/in/secret?key=1&token=2>",
    ] {
        assert_eq!(rendered(pasted).as_deref(), Some(url), "{pasted}");
    }
    // What is stored is compared as it stands.
    for stored in
        ["https://hooks.example.com./in", "http://hooks.example.com/in", "https://hooks.example.com/in#x"]
    {
        assert!(!provider.is_approved(&empty, &credential(stored)), "{stored}");
    }
    for other in [
        "https://hooks.example.com.evil.com/in",
        "https://user@hooks.example.com/in",
        "https://hooks.example.com:8443/in",
        "https://hooks.example.com@evil.com/in",
        "https://hooks.example.com:443@evil.com/in",
        "https://hooks.example.com\\@evil.com/in",
        "https://hooks.example.com\t.evil.com/in",
        "https://169.254.169.254/latest",
        "https://[::1]/in",
        "https://evil.com/https://hooks.example.com/",
        "https://ex\u{430}mple.com/in",
    ] {
        assert_eq!(rendered(other), None, "{other}");
        assert!(!provider.is_approved(&empty, &credential(other)), "{other}");
    }
    let elsewhere = load(HOOK).unwrap().approving(&approved(&["other.example.com"]));
    let withdrawn = elsewhere.get("acme").unwrap();
    let stored = credential(url);
    assert!(withdrawn.api_base_url.render(|name| withdrawn.placeholder(&empty, &stored, name)).is_err());
}

#[test]
fn a_file_says_of_a_host_what_can_be() {
    refused(OWN, APPROVED, "host = \"any\" #!\n", "unknown variant `any`");
    refused(OWN, "https://{host}/api", "https://{host}.example.com/api", "the whole host of a URL");
    let options = format!("{} #!\noptions = [{{ value = \"a\", label = \"A\" }}]\n", APPROVED.trim_end());
    refused(OWN, APPROVED, &options, "neither options nor lines");
    let example = "\nexample = \"acme.example.com\"";
    refused_at(
        OWN,
        example,
        "\nexample = \"https://acme.example.com\"",
        1,
        "is not what its place in URLs takes",
    );
    let default = format!("{example}\ndefault = \"acme.example.com\" #!");
    refused(OWN, example, &default, "RIQ_APPROVED_HOSTS");
}

#[test]
fn a_credential_in_the_body_is_in_every_body() {
    refused(OWN, "method = \"POST\"", "method = \"GET\" #!", "the request needs one: use POST");
    refused(
        OWN,
        "good_statuses",
        "body = { key = \"x\" } #!\ngood_statuses",
        "is sent by [auth.request] already",
    );
    refused(OWN, "good_statuses", "body = [1] #!\ngood_statuses", "must be an object");
    refused(OWN, "{ key = \"{api_key}\" }", "{ key = \"{api_kee}\" } #!", "`{api_kee}` is unknown");
}

#[test]
fn a_probe_may_be_left_out_with_a_reason() {
    let probe = &OWN[OWN.find("method = \"POST\"").unwrap()..];
    let none = OWN.replace(probe, "none = \"It only takes events.\"\n");
    let catalog = load(&none).unwrap();
    let provider = catalog.get("acme").unwrap();
    assert_eq!(provider.probe.why_none(), Some("It only takes events."));
    refused(OWN, probe, "none = \"no\" #!\n", "must be a sentence");
    refused(
        OWN,
        "method = \"POST\"",
        "none = \"It only takes events.\" #!\nmethod = \"POST\"",
        "stands alone",
    );
}

#[test]
fn what_is_not_approved_any_more_is_not_replaced_by_a_default() {
    let file = OWN.replace(
        "[auth.request]\n",
        "[[auth.fields]]\nkey = \"base_url\"\nlabel = \"Address\"\nhelp = \"Under Settings.\"\n\
         host = \"operator_approved\"\npattern = '^https://cloud\\.acme\\.example$'\n\
         default = \"https://cloud.acme.example\"\nmismatch = \"Expected an address\"\n\
         example = \"https://cloud.acme.example\"\n\n[auth.request]\n",
    );
    let provider =
        |list: &[&str]| Arc::clone(load(&file).unwrap().approving(&approved(list)).get("acme").unwrap());
    let (none, own) =
        (Map::new(), Map::from_iter([("base_url".to_owned(), json!("https://own.example.com"))]));
    let read = |list: &[&str], credential: &Map<String, Value>| {
        provider(list).placeholder(&none, credential, "base_url").map(str::to_owned)
    };
    assert_eq!(read(&[], &none).as_deref(), Some("https://cloud.acme.example"));
    assert_eq!(read(&["own.example.com"], &own).as_deref(), Some("https://own.example.com"));
    assert_eq!(read(&[], &own), None);
}
