//! Made-up providers, and requests to their addresses.

use std::sync::Arc;

use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::Sha256;
use time::OffsetDateTime;

use super::*;
use crate::catalog::{Catalog, Provider};

pub(super) const NOW: i64 = 1_790_000_000;

pub(super) const HEAD: &str = r#"format = 2
key = "acme"
name = "Acme"
description = "Keeps things."
category = "crm"
documentation_url = "https://acme.example/docs"
api_base_url = "https://acme.example"
[[auth]]
kind = "api_key"
[[auth.fields]]
key = "api_key"
label = "API key"
help = "Under Settings."
[auth.request]
headers = { Authorization = "Bearer {api_key}" }
[probe]
method = "GET"
url = "https://acme.example/me"
good_statuses = [200]
refused_statuses = [401]
[events]
address = "integration"
documentation_url = "https://acme.example/events"
enter = "Enter it."
repeats_within = "24h"
answer_within = "3s"
max_bytes = 8192
"#;

pub(super) const PERSON: &str =
    "[events.secret]\nsource = \"person\"\nlabel = \"Secret\"\nhelp = \"There.\"\n";
pub(super) const FIELDS: &str = "[events.fields]\nid = \"/id\"\ntype = \"/type\"\ntime = \"/at\"\n";

pub(super) const PLAIN: &str =
    "[events.signature]\nscheme = \"hmac_sha256\"\nheader = \"x-sign\"\nprefix = \"sha256=\"\n";
pub(super) const SLACK: &str = "window = \"5m\"\nhandshakes = [\"slack_challenge\"]\n";
pub(super) const SLACK_SIGNATURE: &str = "[events.signature]\nscheme = \"hmac_sha256\"\nheader = \"x-sign\"\nprefix = \"v0=\"\n\
    signs = \"v0:{timestamp}:{body}\"\ntime = \"x-time\"\n";
pub(super) const ZOOM: &str = "window = \"5m\"\nhandshakes = [\"zoom_plain_token\"]\n";
pub(super) const STRIPE_SIGNATURE: &str = "[events.signature]\nscheme = \"hmac_sha256\"\nheader = \"x-sign\"\nform = \"pairs\"\n\
    version = \"v1\"\nsigns = \"{timestamp}.{body}\"\ntime = \"t\"\n";
pub(super) const STANDARD_SECRET: &str = "[events.secret]\nsource = \"person\"\nlabel = \"Secret\"\nhelp = \"There.\"\n\
    encoding = \"base64\"\nprefix = \"whsec_\"\nmismatch = \"Expected whsec_ and base64\"\n";
pub(super) const STANDARD_SIGNATURE: &str = "[events.signature]\nscheme = \"hmac_sha256\"\nheader = \"webhook-signature\"\n\
    form = \"versions\"\nversion = \"v1\"\nencoding = \"base64\"\nsigns = \"{id}.{timestamp}.{body}\"\n\
    id = \"webhook-id\"\ntime = \"webhook-timestamp\"\n";

/// A provider with these lines in `[events]`, and these tables below it.
pub(super) fn provider(lines: &str, tables: &[&str]) -> Arc<Provider> {
    let text = format!("{HEAD}{lines}{}", tables.concat());
    let catalog = Catalog::default().with_files([("acme.toml".to_owned(), text)]);
    Arc::clone(catalog.unwrap_or_else(|errors| panic!("{errors}")).get("acme").unwrap())
}

pub(super) fn keys(events: &Events, secrets: &[&str]) -> Vec<EventKey> {
    secrets.iter().map(|secret| events.secret.key(&events.read_secret(secret).unwrap()).unwrap()).collect()
}

pub(super) struct Sent<'a> {
    headers: Vec<(&'a str, &'a str)>,
    body: &'a [u8],
    now: i64,
}

impl<'a> Sent<'a> {
    pub(super) fn new(headers: &[(&'a str, &'a str)], body: &'a [u8]) -> Self {
        Self { headers: headers.to_vec(), body, now: NOW }
    }

    pub(super) fn at(self, now: i64) -> Self {
        Self { now, ..self }
    }

    pub(super) fn to(&self, provider: &Provider, secrets: &[&str]) -> Verdict {
        self.waiting(provider, secrets, false)
    }

    pub(super) fn waiting(&self, provider: &Provider, secrets: &[&str], is_secret_awaited: bool) -> Verdict {
        let events = provider.events().unwrap();
        let now = OffsetDateTime::from_unix_timestamp(self.now).unwrap();
        let delivery = Delivery {
            method: "POST",
            url: "https://riq.example/hooks/s3cret",
            headers: &self.headers,
            body: self.body,
        };
        receive(events, &delivery, Known { keys: &keys(events, secrets), is_secret_awaited, now })
    }
}

pub(super) fn mac(key: &[u8], parts: &[&[u8]]) -> Vec<u8> {
    let mut mac = Hmac::<Sha256>::new_from_slice(key).unwrap();
    parts.iter().for_each(|part| mac.update(part));
    mac.finalize().into_bytes().to_vec()
}

pub(super) fn hex_mac(key: &str, parts: &[&[u8]]) -> String {
    encodings::to_hex(&mac(key.as_bytes(), parts))
}

#[track_caller]
pub(super) fn refused(verdict: Verdict) -> (u16, Reason) {
    match verdict {
        Verdict::Refuse(refusal) => (refusal.status, refusal.reason),
        other => panic!("{other:?}"),
    }
}

#[track_caller]
pub(super) fn taken(verdict: Verdict) -> Taken {
    match verdict {
        Verdict::Take(taken) => *taken,
        other => panic!("{other:?}"),
    }
}

#[track_caller]
pub(super) fn answered(verdict: Verdict) -> Answer {
    match verdict {
        Verdict::Answer(answer) => answer,
        other => panic!("{other:?}"),
    }
}

pub(super) const BODY: &[u8] = br#"{"id":"e1","type":"a.b","at":"2026-09-21T14:13:20Z"}"#;

pub(super) const MAILGUN: &str = "window = \"5m\"\nnever_again_status = 406\nbody_signed = false\n";
pub(super) const MAILGUN_SIGNATURE: &str = "[events.signature]\nscheme = \"hmac_fields\"\ntoken = \"/s/token\"\n\
    time = \"/s/timestamp\"\nsignatures = [\"/s/signature\", \"/s/parent\"]\n";
pub(super) const MAILGUN_FIELDS: &str = "[events.fields]\nid = \"/e/id\"\ntype = \"/e/event\"\n";
pub(super) const BASIC: &str = "[events.signature]\nscheme = \"basic\"\n";
pub(super) const UNTIMED: &str = "[events.fields]\nid = \"/id\"\ntype = \"/type\"\n";

pub(super) fn slack(time: &str, body: &[u8]) -> String {
    format!("v0={}", hex_mac("s3cret", &[b"v0:", time.as_bytes(), b":", body]))
}
