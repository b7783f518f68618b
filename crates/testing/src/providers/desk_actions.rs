//! The actions of Desk and Keys: their parts of the provider files, and what the providers do.
//!
//! Desk pays back what is left of a charge and no more, and recognizes a new ticket by its `Idempotency-Key`.

use std::collections::HashMap;

use serde_json::{Value, json};

/// The actions of Desk: one that reads, one that is recognized when it is sent again, one that is not, and one with
/// evidence and guards.
pub(super) const OF_DESK: &str = r#"
[[settings]]
key = "refunds_enabled"
title = "Refunds"
description = "Whether refunds may be issued."
schema = { type = "boolean", default = false }

[[settings]]
key = "refund_limit"
title = "Refunds of a day"
description = "The most that is paid back of a charge in a day."
schema = { type = "integer", minimum = 0 }

[[actions]]
key = "find_tickets"
label = "Find tickets"
description = "Finds tickets by a word of their subject."
kind = "read_only"
default = true
input = [
  { key = "word", type = "string", required = true, description = "A word of the subject." },
  { key = "password", type = "string", sensitive = true, description = "Opens locked tickets." },
]
request = { method = "GET", path = "/tickets", query = { word = "{word}", password = "{password}" } }
result = { keep = { tickets = "/tickets", echo = "/echo" }, error = ["/error"] }
proof = ["https://desk.example/docs/find", "https://desk.example/docs/tickets"]

[[actions.examples]]
name = "one ticket"
input = { word = "help" }
request = { method = "GET", path = "/tickets", query = { word = "help" } }
answers = [
  { status = 200, body = '{"tickets": [{"id": "t1"}]}', outcome = "succeeded", result = { tickets = [{ id = "t1" }] } },
]

[[actions]]
key = "open_ticket"
label = "Open a ticket"
description = "Opens a ticket."
kind = "write"
input = [{ key = "subject", type = "string", required = true, description = "The subject." }]
request = { method = "POST", path = "/tickets", json = { subject = "{subject}" }, idempotency_header = "Idempotency-Key", idempotency_hours = 24 }
result = { keep = { id = "/id" }, succeeded_when = { "/id" = "present" }, error = ["/error"] }
proof = ["https://desk.example/docs/open", "https://desk.example/docs/tickets"]

[[actions.examples]]
name = "a ticket"
input = { subject = "Help" }
request = { method = "POST", path = "/tickets", json = { subject = "Help" } }
answers = [
  { status = 201, body = '{"id": "t1"}', outcome = "succeeded", result = { id = "t1" } },
  { status = 422, body = '{"error": "No."}', outcome = "failed", error = "No." },
]

[[actions]]
key = "close_ticket"
label = "Close a ticket"
description = "Closes a ticket."
kind = "write"
input = [{ key = "ticket", type = "string", required = true, pattern = "^t[0-9]+$", mismatch = "Expected the id of a ticket, such as t1", description = "The ticket." }]
request = { method = "POST", path = "/tickets/{ticket}/close" }
result = { keep = { id = "/id" }, succeeded_when = { "/status" = ["closed"] }, accepted_when = { "/status" = ["closing"] }, error = ["/error"] }
proof = ["https://desk.example/docs/close", "https://desk.example/docs/tickets"]

[[actions.examples]]
name = "a ticket"
input = { ticket = "t1" }
request = { method = "POST", path = "/tickets/t1/close" }
answers = [
  { status = 200, body = '{"id": "t1", "status": "closed"}', outcome = "succeeded", result = { id = "t1" } },
  { status = 422, body = '{"error": "No."}', outcome = "failed", error = "No." },
]

[[actions]]
key = "issue_refund"
label = "Issue a refund"
description = "Pays back a charge, in whole or in part."
kind = "destructive"
input = [
  { key = "charge", type = "string", required = true, pattern = "^ch_[0-9]+$", mismatch = "Expected the id of a charge, such as ch_1", description = "The charge." },
  { key = "amount", type = "money", currency = "{evidence.currency}", unit = "minor", default_evidence = { of = "paid", less = "refunded" }, description = "How much." },
]
evidence = [{ method = "GET", path = "/charges/{charge}", keep = { currency = "/currency", paid = "/paid", refunded = "/refunded" }, missing = "There is no such charge" }]
request = { method = "POST", path = "/refunds", json = { charge = "{charge}", amount = "{amount}", reference = "{run}" } }
result = { keep = { id = "/id" }, succeeded_when = { "/status" = ["paid"] }, error = ["/error"] }
guards = [
  { requires = "refunds_enabled", because = "Refunds are switched off" },
  { sum = "amount", per = "charge", within = "24h", at_most = "refund_limit", otherwise = "deny" },
]
proof = ["https://desk.example/docs/refunds", "https://desk.example/docs/charges"]

[[actions.examples]]
name = "a part of a charge"
input = { charge = "ch_1", amount = 500 }
evidence = [{ request = { method = "GET", path = "/charges/ch_1" }, answer = '{"currency": "usd", "paid": 2000, "refunded": 0}' }]
request = { method = "POST", path = "/refunds", json = { charge = "ch_1", amount = 500, reference = "run_1" } }
answers = [
  { status = 200, body = '{"id": "re_1", "status": "paid"}', outcome = "succeeded", result = { id = "re_1" } },
  { status = 422, body = '{"error": "Too much."}', outcome = "failed", error = "Too much." },
]
"#;

/// The one action of Keys. A caller of Slack's action of this name can call it too.
pub(super) const OF_KEYS: &str = r#"
[[actions]]
key = "post_message"
label = "Post a message"
description = "Posts a message to a channel."
kind = "write"
input = [
  { key = "channel", type = "string", required = true, pattern = "^#?[A-Za-z0-9]{1,40}$", mismatch = "Expected the name of a channel", description = "The channel." },
  { key = "note", type = "string", description = "A line below the text." },
  { key = "text", type = "string", required = true, lines = true, description = "The text." },
]
request = { method = "POST", path = "/messages", json = { channel = "{channel}", text = "{text}", note = "{note}" } }
result = { keep = { id = "/id" }, succeeded_when = { "/id" = "present" }, error = ["/error"] }
message = { text = "text", markup = "plain", destination = ["channel"] }
proof = ["https://keys.example/docs/messages", "https://keys.example/docs/channels"]

[[actions.examples]]
name = "a message"
input = { channel = "C0123456789", text = "Hello" }
request = { method = "POST", path = "/messages", json = { channel = "C0123456789", text = "Hello" } }
answers = [
  { status = 200, body = '{"id": "m1"}', outcome = "succeeded", result = { id = "m1" } },
  { status = 422, body = '{"error": "No."}', outcome = "failed", error = "No." },
]
"#;

/// The name of a request to one of the actions' paths. `None`: it is to none.
pub(super) fn request_name(host: &str, method: &str, path: &str) -> Option<&'static str> {
    match (host, method, path) {
        ("desk.example", "GET", "/api/tickets") => Some("desk find"),
        ("desk.example", "POST", "/api/tickets") => Some("desk open"),
        ("desk.example", "POST", path) if path.starts_with("/api/tickets/") => Some("desk close"),
        ("desk.example", "GET", path) if path.starts_with("/api/charges/") => Some("desk charge"),
        ("desk.example", "POST", "/api/refunds") => Some("desk refund"),
        ("keys.example", "POST", "/api/messages") => Some("keys post"),
        _ => None,
    }
}

/// A request to the path of an action.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ActionCall {
    /// Its name: `desk find`, `desk open`, `desk close`, `desk charge`, `desk refund`, `keys post`, `graph`.
    pub name: &'static str,
    /// Its path and query.
    pub target: String,
    /// Its `Idempotency-Key`. Empty: it has none.
    pub key: String,
    /// Its body. Null: it is not JSON.
    pub body: Value,
}

/// What Desk and Keys remember of what was done.
#[derive(Debug, Default)]
pub(super) struct Books {
    /// Every request to the path of an action.
    pub(super) calls: Vec<ActionCall>,
    /// How many tickets and messages were made.
    made: u32,
    /// The ticket that was made under each key.
    by_key: HashMap<String, String>,
    /// What was paid back of each charge.
    refunded: HashMap<String, u64>,
}

/// What was paid for a charge.
const PAID: u64 = 2_000;

impl Books {
    /// Does what is asked for. Each charge was 20.00 USD, but there is none called `ch_404`.
    pub(super) fn answer(&mut self, call: &ActionCall) -> (u16, Value) {
        let id = call.target.split('/').nth(3).unwrap_or_default().to_owned();
        let refused = |error: &str| (422, json!({"error": error}));
        match call.name {
            "desk find" => (200, json!({"tickets": [{"id": "t1", "number": 7_300_000_000_000_000_123_u64}]})),
            "desk open" | "keys post" => {
                if let Some(made) = self.by_key.get(&call.key).filter(|_| !call.key.is_empty()) {
                    return (201, json!({"id": made}));
                }
                self.made += 1;
                let made = format!("t{}", self.made);
                self.by_key.insert(call.key.clone(), made.clone());
                (201, json!({"id": made}))
            }
            "desk close" => (200, json!({"id": id, "status": "closed"})),
            "desk charge" if id == "ch_404" => (404, json!({"error": "not found"})),
            "desk charge" => {
                let refunded = self.refunded.get(&id).copied().unwrap_or(0);
                (200, json!({"currency": "usd", "paid": PAID, "refunded": refunded}))
            }
            "desk refund" => {
                let charge = call.body["charge"].as_str().unwrap_or_default().to_owned();
                let Some(amount) = call.body["amount"].as_u64().filter(|amount| *amount > 0) else {
                    return refused("No amount.");
                };
                let refunded = self.refunded.entry(charge).or_default();
                if *refunded + amount > PAID {
                    return refused("Too much.");
                }
                *refunded += amount;
                (200, json!({"id": "re_1", "status": "paid"}))
            }
            _ => (404, Value::Null),
        }
    }
}
