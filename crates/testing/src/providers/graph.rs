//! Graph, a provider that speaks GraphQL: its provider file, and what it answers.

use serde_json::{Value, json};

/// The provider file: an action that reads, one that changes something, and one with a guard. Their one path serves
/// everything.
pub(super) const FILE: &str = r#"
format = 2
key = "graph"
name = "Graph"
description = "Orders."
category = "support"
documentation_url = "https://graph.example/docs"
api_base_url = "https://graph.example/api"
revoke_page = "https://graph.example/apps"
[[auth]]
kind = "api_key"
page = "https://graph.example/keys"
[[auth.fields]]
key = "api_key"
label = "API key"
help = "In the settings."
example = "0000"
[auth.request]
headers = { X-Key = "{api_key}" }
[account]
source = "probe"
id = ["/id"]
name = ["/name"]
[probe]
method = "GET"
url = "https://graph.example/me"
good_statuses = [200]
refused_statuses = [401]
[rate_limit]
retry_after = "retry-after"
[proxy]
never_fields = ["secret"]

[[settings]]
key = "refunds_enabled"
title = "Refunds"
description = "Whether refunds may be issued."
schema = { type = "boolean", default = false }

[[actions]]
key = "look_up_order"
label = "Look up an order"
description = "Reads an order."
kind = "read_only"
default = true
input = [{ key = "id", type = "string", required = true, description = "The order." }]
result = { keep = { id = "/data/order/id" }, failed_when = { "/errors" = "present" }, error = ["/errors/0/message"] }
proof = ["https://graph.example/docs/order", "https://graph.example/docs/schema"]

[actions.request]
method = "POST"
path = "/graphql"
headers = { Graph-Version = "2026-11" }
graphql.document = "query Order($id: ID!) { order(id: $id) { id } }"
graphql.variables = { id = "{id}" }

[[actions.examples]]
name = "an order"
input = { id = "1" }
request = { method = "POST", path = "/graphql", headers = { Graph-Version = "2026-11" }, variables = { id = "1" } }
answers = [
  { status = 200, body = '{"data": {"order": {"id": "1"}}}', outcome = "succeeded", result = { id = "1" } },
]

[[actions]]
key = "tag_order"
label = "Tag an order"
description = "Adds a tag to an order."
kind = "write"
input = [{ key = "id", type = "string", required = true, description = "The order." }]
result = { keep = { id = "/data/tagAdd/id" }, succeeded_when = { "/data/tagAdd/id" = "present" }, failed_when = { "/errors" = "present" }, error = ["/errors/0/message"] }
proof = ["https://graph.example/docs/tag", "https://graph.example/docs/schema"]

[actions.request]
method = "POST"
path = "/graphql"
headers = { Graph-Version = "2026-11" }
graphql.document = "mutation Tag($id: ID!) { tagAdd(id: $id) { id } }"
graphql.variables = { id = "{id}" }

[[actions.examples]]
name = "an order"
input = { id = "1" }
request = { method = "POST", path = "/graphql", headers = { Graph-Version = "2026-11" }, variables = { id = "1" } }
answers = [
  { status = 200, body = '{"data": {"tagAdd": {"id": "1"}}}', outcome = "succeeded", result = { id = "1" } },
  { status = 200, body = '{"errors": [{"message": "No."}]}', outcome = "failed", error = "No." },
]

[[actions]]
key = "refund_order"
label = "Refund an order"
description = "Pays back an order."
kind = "destructive"
input = [{ key = "id", type = "string", required = true, description = "The order." }]
result = { keep = { id = "/data/refundCreate/id" }, succeeded_when = { "/data/refundCreate/id" = "present" }, failed_when = { "/errors" = "present" }, error = ["/errors/0/message"] }
guards = [{ requires = "refunds_enabled", because = "Refunds are switched off" }]
proof = ["https://graph.example/docs/refund", "https://graph.example/docs/schema"]

[actions.request]
method = "POST"
path = "/graphql"
headers = { Graph-Version = "2026-11" }
graphql.document = "mutation Refund($id: ID!) { refundCreate(id: $id) { id } }"
graphql.variables = { id = "{id}" }

[[actions.examples]]
name = "an order"
input = { id = "1" }
settings = { refunds_enabled = true }
request = { method = "POST", path = "/graphql", headers = { Graph-Version = "2026-11" }, variables = { id = "1" } }
answers = [
  { status = 200, body = '{"data": {"refundCreate": {"id": "1"}}}', outcome = "succeeded", result = { id = "1" } },
  { status = 200, body = '{"errors": [{"message": "No."}]}', outcome = "failed", error = "No." },
]
"#;

/// What it answers to every operation.
pub(super) fn answer() -> (u16, Value) {
    (200, json!({"data": {"order": {"id": "1"}}}))
}
