//! Errors in the actions of provider files, and their lines.

use super::refusals_test::{load, refused, refused_at};

/// A file whose actions use everything that there is.
const SHOP: &str = r##"format = 2
key = "shop"
name = "Shop"
description = "Sells things."
category = "commerce"
documentation_url = "https://shop.example/docs"
api_base_url = "https://{region}.shop.example"

[[connection]]
key = "region"
label = "Region"
help = "Where it is."
options = [{ value = "eu", label = "Europe" }]

[[connection]]
key = "team"
label = "Team"
help = "Who it is."
optional = true

[[auth]]
kind = "api_key"

[[auth.fields]]
key = "api_key"
label = "API key"
help = "Under Settings."

[auth.request]
headers = { X-Key = "{api_key}" }

[probe]
method = "GET"
url = "https://{region}.shop.example/me"
good_statuses = [200]
refused_statuses = [401]

[[settings]]
key = "refunds_enabled"
title = "Refunds"
description = "Whether there are any."
schema = { type = "boolean" }

[[settings]]
key = "refund_limit"
title = "Limit"
description = "The most."
schema = { type = "integer" }

[[settings]]
key = "reason"
title = "Reason"
description = "Why."
schema = { type = "string" }

[[settings]]
key = "channels"
title = "Channels"
description = "Where."
schema = { type = "array", items = { type = "string" } }

[[settings]]
key = "signing_secret"
title = "Secret"
description = "Signs."
secret = true
schema = { type = "string" }

[[settings]]
key = "old"
title = "Old"
description = "Nothing any more."
retired = true
schema = { type = "integer" }

[[actions]]
key = "find_orders"
label = "Find orders"
description = "Finds orders."
kind = "read_only"
default = true
input = [
  { key = "email", type = "string", required = true, description = "Whose." },
  { key = "cursor", type = "string", description = "The page." },
]
proof = ["https://shop.example/docs/orders"]

[actions.request]
method = "GET"
path = "/orders"
query = { q = 'email:"{email:search}"', after = "{cursor}" }

[actions.result]
keep = { orders = "" }
cursor = "/0/next"

[[actions.examples]]
name = "of one person"
input = { email = 'a"b' }
request = { method = "GET", path = "/orders", query = { q = 'email:"a\"b"' } }
answers = [{ status = 200, body = '[{"id": 1, "next": "n"}]', outcome = "succeeded", result = '{"orders": [{"id": 1, "next": "n"}], "cursor": "n"}' }]

[[actions]]
key = "refund"
label = "Refund"
description = "Pays back."
kind = "destructive"
input = [
  { key = "order", type = "string", required = true, pattern = "^[0-9]+$", mismatch = "Expected a number", description = "Which." },
  { key = "amount", type = "money", currency = "{evidence.currency}", unit = "minor", default_evidence = { of = "paid", less = "refunded" }, description = "How much." },
  { key = "reason", type = "string", default_setting = "reason", description = "Why." },
  { key = "channel", type = "string", default = "web", description = "Where." },
  { key = "lines", type = "list", items = { type = "object", fields = [{ key = "id", type = "string", required = true, description = "Which." }, { key = "count", type = "integer", minimum = 1, maximum = 9, default = 1, description = "How many." }] }, description = "What." },
]
evidence = [{ method = "GET", path = "/orders/{order}", keep = { currency = "/currency", paid = "/paid", refunded = "/refunded" }, missing = "There is no such order" }]
steps = [{ method = "POST", path = "/payments/search", json = { order = "{order}" }, reads = true, keep = { payment = "/0/id" } }]
guards = [
  { requires = "refunds_enabled" },
  { input = "amount", at_most = "refund_limit", otherwise = "ask" },
  { sum = "amount", per = "order", within = "24h", at_most = "refund_limit", otherwise = "deny" },
  { count = true, per = "project", within = "1h", at_most = 20, otherwise = "ask" },
  { input = "channel", one_of = "channels", unset = "ask", otherwise = "ask" },
  { evidence = "currency", is = ["EUR", "USD"], otherwise = "ask", because = "Other currencies are rare" },
  { context = "on_behalf_of", otherwise = "deny" },
]
also = [{ method = "POST", path = "/batch" }]
proof = ["https://shop.example/docs/refunds"]

[actions.request]
method = "POST"
path = "/orders/{order}/refunds"
headers = { X-Region = "{region}" }
idempotency_header = "Idempotency-Key"
idempotency_hours = 24

[actions.request.json]
payment = "{steps.payment}"
amount = "{amount}"
note = "Run {run} by {channel}"
reason = "{reason}"
lines = { each = "lines", item = { line = "gid/{item.id}", count = "{item.count}" } }

[actions.result]
keep = { id = "/id" }
succeeded_when = { "/status" = ["done"] }
accepted_when = { "/status" = ["pending"] }
failed_when = { "/status" = { not = ["done", "pending"] } }
error = ["/error"]

[actions.resolve]
method = "GET"
path = "/orders/{order}/refunds"
find = { "/data/*/note" = "{run}" }
contains = true
keep = { id = "/id" }
lag_seconds = 5
absent = "failed"

[[actions.examples]]
name = "the rest of an order"
input = { order = "7", lines = [{ id = "a" }] }
connection = { region = "eu" }
settings = { reason = "broken" }
evidence = [{ request = { method = "GET", path = "/orders/7" }, answer = '{"currency": "EUR", "paid": 900, "refunded": 200}' }]
steps = [{ request = { method = "POST", path = "/payments/search", json = { order = "7" } }, answer = '[{"id": "p1"}]' }]
answers = [
  { status = 200, body = '{"status": "done", "id": "r1"}', outcome = "succeeded", result = { id = "r1" } },
  { status = 200, body = '{"status": "pending"}', outcome = "accepted", result = {} },
  { status = 200, body = '{"status": "lost"}', outcome = "failed" },
  { status = 422, body = '{"error": "Too much"}', outcome = "failed", error = "Too much" },
]

[actions.examples.request]
method = "POST"
path = "/orders/7/refunds"
headers = { X-Region = "eu" }
json = { payment = "p1", amount = 700, note = "Run run_1 by web", reason = "broken", lines = [{ line = "gid/a", count = 1 }] }

[[actions]]
key = "tag"
label = "Tag"
description = "Tags an order."
kind = "write"
input = [
  { key = "order", type = "string", required = true, description = "Which." },
  { key = "tags", type = "object", values = "string", keys = "^[a-z]+$", description = "Tags." },
]
proof = ["https://shop.example/docs/graphql"]

[actions.request]
method = "POST"
path = "/graphql"

[actions.request.graphql]
document = "mutation Tag($id: ID!, $tags: Tags) { tag(id: $id, tags: $tags) { id } }"
variables = { id = "gid/{order}", tags = "{tags}" }

[actions.result]
succeeded_when = { "/data/tag/id" = "present" }

[actions.resolve]
method = "POST"
path = "/graphql"
graphql = { document = "query Order($id: ID!) { order(id: $id) { tagged } }", variables = { id = "gid/{order}" } }
when = { "/data/order/tagged" = [true] }

[[actions.examples]]
name = "two tags"
input = { order = "7", tags = { a = "x", b = "y" } }
request = { method = "POST", path = "/graphql", variables = '{"id": "gid/7", "tags": {"a": "x", "b": "y"}}' }
answers = [
  { status = 200, body = '{"data": {"tag": {"id": "7"}}}', outcome = "succeeded" },
  { status = 400, outcome = "failed" },
]
"##;

/// Replaces `from` by `to` in the shop's file, and expects exactly one error, in the line of the replacement.
#[track_caller]
fn wrong(from: &str, to: &str, message: &str) {
    refused(&SHOP.replace("\"shop\"", "\"acme\""), from, to, message);
}

/// The same, but the error is in the first line that has `near`.
#[track_caller]
fn wrong_near(near: &str, from: &str, to: &str, message: &str) {
    let acme = SHOP.replace("\"shop\"", "\"acme\"");
    let text = acme.replace(from, to);
    let line = text.lines().position(|line| line.contains(near)).unwrap() + 1;
    refused_at(&acme, from, to, line, message);
}

/// Replaces the name of an input, and expects an error in its line. Others follow, as the input is used.
#[track_caller]
fn misnamed(from: &str, to: &str, message: &str) {
    let (from, to) = (format!("{{ key = \"{from}\""), format!("{{ key = \"{to}\""));
    let line = SHOP[..SHOP.find(&from).unwrap()].matches('\n').count() + 1;
    let errors = load(&SHOP.replace("\"shop\"", "\"acme\"").replace(&from, &to)).unwrap_err();
    let is_told = errors.iter().any(|error| error.line == line && error.message.contains(message));
    assert!(is_told, "{errors:#?}");
}

#[test]
fn the_file_to_change_is_right() {
    let shop = SHOP.replace("\"shop\"", "\"acme\"");
    let catalog = load(&shop).unwrap_or_else(|errors| panic!("{errors:#?}"));
    let acme = catalog.get("acme").unwrap();
    assert_eq!(acme.settings.as_value()["properties"].get("old"), None);
    let stands_for = |key: &str| {
        let requests = acme.action(key).unwrap().requests();
        let told = requests.into_iter().map(|one| (one.method.as_str(), one.path, one.operation));
        told.collect::<Vec<_>>()
    };
    assert_eq!(
        stands_for("refund"),
        [("POST", "/orders/{order}/refunds".to_owned(), None), ("POST", "/batch".to_owned(), None)]
    );
    assert_eq!(stands_for("tag"), [("POST", "/graphql".to_owned(), Some("tag".to_owned()))]);
}

#[test]
fn names() {
    wrong("key = \"tag\"", "key = \"refund\" #!", "`refund` is listed twice");
    let long = format!("key = \"{}\" #!", "a".repeat(44));
    wrong("key = \"tag\"", &long, "more than 48 characters");
    wrong("label = \"Tag\"", "label = \"\" #!", "must not be empty");
    misnamed("tags", "page[size]", "a name must begin with a lower-case letter");
    misnamed("cursor", &"a".repeat(65), "at most 64 characters");
    misnamed("channel", "region", "also a name of the connection");
    misnamed("channel", "run", "is something else");
    wrong("proof = [\"https://shop.example/docs/graphql\"]", "proof = [] #!", "needs `proof`");
}

#[test]
fn two_providers_have_no_action_of_one_name() {
    let file = |key: &str, action: &str| {
        let text = SHOP.replace("key = \"shop\"", &format!("key = \"{key}\""));
        (format!("{key}.toml"), text.replace("key = \"tag\"", &format!("key = \"{action}\"")))
    };
    let files = [file("shop", "eu_tag"), file("shop-eu", "tag")];
    let errors = super::Catalog::default().with_files(files).unwrap_err().to_string();
    assert!(errors.contains("are both called `shop_eu_tag`"), "{errors}");
    assert!(errors.starts_with("shop-eu.toml:"), "{errors}");
}

#[test]
fn kinds() {
    let default = "only a read_only action can be permitted by default";
    wrong("kind = \"write\"", "kind = \"write\"\ndefault = true #!", default);
    let refund = "method = \"POST\"\npath = \"/orders/{order}/refunds\"\nheaders";
    wrong(refund, &refund.replace("POST", "GET"), "GET has no body");
    let (from, to) =
        ("X-Region = \"{region}\" }", "X-Region = \"{region}\", Content-Type = \"text/plain\" }");
    wrong(from, to, "ends in `+json`");
    wrong(
        "method = \"GET\"\npath = \"/orders\"",
        "method = \"DELETE\" #!\npath = \"/orders\"",
        "must change nothing",
    );
    wrong(
        "\"/payments/search\", json = { order = \"{order}\" }, reads = true",
        "\"/payments/search\", json = { order = \"{order}\" }",
        "must change nothing",
    );
    wrong("query Order($id: ID!)", "mutation Order($id: ID!)", "use a query");
    wrong(
        "mutation Tag($id: ID!, $tags: Tags)",
        "query Tag($id: ID!, $tags: Tags)",
        "a query changes nothing",
    );
    wrong(
        "{ tag(id: $id, tags: $tags) { id } }",
        "{ tag(id: $id, tags: $tags) { id }",
        "not a GraphQL document",
    );
    wrong("tags: $tags) { id } }\"", "tags: $tags) { id } } query { a }\"", "exactly one operation");
    wrong(
        "variables = { id = \"gid/{order}\", tags = \"{tags}\" }",
        "variables = { id = \"gid/{order}\", tags = \"{tags}{order}\" }",
        "be a part of a text",
    );
}

#[test]
fn paths() {
    let path = "path = \"/orders\"\nquery";
    wrong(path, "path = \"orders\" #!\nquery", "must begin with one `/`");
    wrong(path, "path = \"//evil.example\" #!\nquery", "must begin with one `/`");
    wrong(path, "path = \"/orders/../x\" #!\nquery", "no empty segments");
    wrong(path, "path = \"/orders?x=1\" #!\nquery", "write its parameters as `query`");
    wrong(path, "path = \"/orders/{cursor}\" #!\nquery", "must be required, or have a default");
    wrong(path, "path = \"/orders/{team}\" #!\nquery", "must be required, or have a default");
    wrong(path, "path = \"/orders/{email\" #!\nquery", "a `{` without `}`");
    wrong("path = \"/batch\"", "path = \"batch\"", "must begin with one `/`");
}

#[test]
fn placeholders() {
    let after = "after = \"{cursor}\"";
    wrong(after, "after = \"{cursor}\", x = \"{shop}\"", "`{shop}` is no input of this action");
    wrong(after, "after = \"{cursor}\", x = \"{api_key}\"", "`{api_key}` is secret");
    wrong(after, "after = \"{cursor}\", x = \"{evidence.id}\"", "the evidence keeps no `id`");
    wrong(after, "after = \"{cursor}\", x = \"{item}\"", "only inside of `each`");
    wrong(after, "after = \"{cursor}\", x = \"{Cursor}\"", "is not a placeholder");
    wrong(after, "after = \"{cursor}\", \"{email}\" = \"x\"", "a name has no placeholders");
    wrong("payment = \"{steps.payment}\"", "payment = \"{steps.paid}\" #!", "the steps keep no `paid`");
    wrong("path = \"/orders/{order}\", keep", "path = \"/orders/{evidence.paid}\", keep", "or not yet");
    wrong("\"{item.count}\"", "\"{item.size}\"", "the items have no `size`");
    wrong(
        "note = \"Run {run} by {channel}\"",
        "note = \"Run {lines} by {channel}\" #!",
        "cannot be a part of a text",
    );
    for free in ["reason", "lines", "amount", "evidence.paid", "steps.payment"] {
        let to = format!("X-Region = \"{{{free}}}\"");
        wrong(
            "X-Region = \"{region}\"",
            &to,
            "a header can have no value of an answer, and one of an input only",
        );
    }
    wrong("X-Region = \"{region}\"", "x-key = \"{region}\"", "is sent by [auth.request] already");
    wrong("each = \"lines\"", "each = \"order\"", "`order` is no input that is a list");
}

#[test]
fn query_languages() {
    let q = "'email:\"{email:search}\"'";
    wrong(q, "'email:\"{email}\"'", "needs a quoting");
    wrong(q, "'email:{email:search}'", "must stand between \" and \"");
    wrong(q, "'email:\"{email:soql}\"'", "must stand between ' and '");
    wrong(q, "'email:\"{email:slack}\"'", "no quoting of a query language");
    wrong(q, "'email:\"{email:jql}\"'", "not a quoting");
}

#[test]
fn inputs() {
    let lost = "{ key = \"lost\", type = \"boolean\", description = \"Why.\" },\n  { key = \"cursor\"";
    wrong("{ key = \"cursor\"", lost, "the input `lost` is used nowhere");
    wrong_near(
        "key = \"lines\"",
        "count = \"{item.count}\"",
        "count = 1",
        "`count` of the items is used nowhere",
    );
    wrong("pattern = \"^[0-9]+$\"", "pattern = \"[0-9]+\"", "must be anchored");
    wrong("pattern = \"^[0-9]+$\"", "pattern = \"^.+$\"", "could match what is not ASCII");
    wrong("mismatch = \"Expected a number\", ", "", "a pattern needs `mismatch`");
    wrong("minimum = 1, maximum = 9, ", "minimum = 1, ", "needs `minimum` and `maximum`");
    wrong("type = \"list\", items", "type = \"list\", minimum = 1, items", "belongs to the type `integer`");
    wrong("default = \"web\"", "default = 5", "not a value of this input");
    wrong("required = true, pattern", "required = true, default = \"1\", pattern", "has no default");
    wrong("default_setting = \"reason\"", "default_setting = \"reasons\"", "there is no setting `reasons`");
    wrong("keys = \"^[a-z]+$\"", "keys = \"^[a-z]+$\", fields = []", "an object needs `fields`");
    let amount = "currency = \"{evidence.currency}\", unit = \"minor\"";
    wrong(amount, "unit = \"minor\"", "needs `currency` and `unit`");
    wrong(amount, "currency = \"{evidence.money}\", unit = \"minor\"", "names no currency");
    wrong(amount, "currency = \"XYZ\", unit = \"minor\"", "names no currency");
    wrong("less = \"refunded\"", "less = \"back\"", "no reading keeps `back`");
}

#[test]
fn results() {
    wrong(
        "[actions.result]\nsucceeded_when = { \"/data/tag/id\" = \"present\" }",
        "[actions.result]",
        "needs `succeeded_when`",
    );
    wrong("\"/data/tag/id\" = \"present\"", "\"/data/tag/id\" = \"there\"", "must be a list of values");
    wrong("\"/data/order/tagged\" = [true]", "\"/data/order/tagged\" = [\"{order}\"]", "is not filled in");
    wrong_near("key = \"cursor\"", "cursor = \"/0/next\"", "", "the input `cursor` needs `cursor`");
    wrong("error = [\"/error\"]", "cursor = \"/next\" #!\nerror = [\"/error\"]", "needs an input `cursor`");
    wrong(
        "error = [\"/error\"]",
        "unknown_statuses = [500] #!\nerror = [\"/error\"]",
        "500 is not between 400 and 499",
    );
    wrong(
        "keep = { orders = \"\" }",
        "answer = \"text\" #!\nkeep = { orders = \"\" }",
        "nothing can be kept",
    );
    wrong(
        "find = { \"/data/*/note\" = \"{run}\" }",
        "find = { \"/data/note\" = \"{run}\" }",
        "needs one `*`",
    );
    wrong_near(
        "[actions.resolve]",
        "contains = true",
        "contains = true\ngone_statuses = [404]",
        "exactly one of `find`",
    );
    wrong_near("idempotency_header", "idempotency_hours = 24", "", "needs `idempotency_hours`");
    wrong("keep = { payment = \"/0/id\" }", "keep = { payment = \"0/id\" }", "JSON pointer");
}

#[test]
fn guards() {
    wrong("requires = \"refunds_enabled\"", "requires = \"reason\"", "must be true or false");
    wrong(
        "{ input = \"amount\", at_most = \"refund_limit\"",
        "{ input = \"amount\", at_most = \"reason\"",
        "must be a whole number",
    );
    wrong("{ input = \"amount\", at_most", "{ input = \"sum\", at_most", "there is no input `sum`");
    wrong("one_of = \"channels\"", "one_of = \"reason\"", "must be a list of texts");
    wrong("unset = \"ask\"", "unset = \"deny\"", "the same as `otherwise`");
    wrong("per = \"order\"", "per = \"lines\"", "an input that has one value");
    wrong_near(
        "per = \"order\"",
        "key = \"order\", type = \"string\", required = true, pattern",
        "key = \"order\", type = \"string\", sensitive = true, required = true, pattern",
        "must not be a sensitive input",
    );
    wrong("within = \"24h\"", "within = \"a day\"", "not a span of time");
    wrong("within = \"24h\"", "within = \"31days 1s\"", "must be between a second and 31 days");
    wrong("within = \"24h\", ", "", "needs `within`");
    wrong("sum = \"amount\"", "sum = \"order\"", "only amounts of money have a sum");
    wrong("evidence = \"currency\"", "evidence = \"price\"", "the evidence keeps no `price`");
    wrong(
        "{ context = \"on_behalf_of\", otherwise = \"deny\" }",
        "{ context = \"on_behalf_of\" }",
        "needs `otherwise`",
    );
    wrong(
        "{ context = \"on_behalf_of\"",
        "{ context = \"on_behalf_of\", is = [1]",
        "does not belong to this guard",
    );
    wrong("{ count = true", "{ count = true, input = \"order\"", "a guard has one subject");
    wrong("at_most = 20, ", "", "a guard has one test");
}

#[test]
fn settings_mean_something() {
    wrong_near(
        "key = \"channels\"",
        "one_of = \"channels\", unset = \"ask\"",
        "one_of = [\"web\"]",
        "`channels` is used by no guard",
    );
    wrong_near(
        "key = \"old\"",
        "Nothing any more.\"\nretired = true",
        "Nothing any more.\"",
        "mark it `retired = true`",
    );
    let used = "key = \"reason\"\ntitle = \"Reason\"";
    wrong(used, "key = \"reason\"\nretired = true #!\ntitle = \"Reason\"", "is used by an action");
}

#[test]
fn examples() {
    let order = "path = \"/orders/7/refunds\"\nheaders";
    wrong(
        order,
        "path = \"/orders/8/refunds\" #!\nheaders",
        "expected \"/orders/8/refunds\", got \"/orders/7/refunds\"",
    );
    wrong("amount = 700, note", "amount = 800, note", "\"amount\":700");
    wrong("query = { q = 'email:\"a\\\"b\"' }", "query = { q = 'email:\"a\"b\"' }", "q=email:");
    wrong("\"tags\": {\"a\": \"x\", \"b\": \"y\"}}'", "\"tags\": {\"a\": \"x\"}}'", "expected {");
    wrong("headers = { X-Region = \"eu\" }", "headers = { X-Region = \"us\" }", "X-Region=us");
    wrong(
        "result = { id = \"r1\" }",
        "result = { id = \"r2\" }",
        "expected {\"id\":\"r2\"}, got {\"id\":\"r1\"}",
    );
    wrong(", result = { id = \"r1\" }", "", "needs `result`");
    wrong(
        "'{\"status\": \"pending\"}', outcome = \"accepted\", result = {}",
        "'{\"status\": \"pending\"}', outcome = \"unknown\"",
        "expected unknown, got accepted",
    );
    wrong("error = \"Too much\"", "error = \"Too little\"", "got Too much");
    wrong("input = { order = \"7\", lines", "input = { order = \"x\", lines", "Expected a number");
    wrong("settings = { reason = \"broken\" }", "settings = { reason = 5 } #!", "Expected string");
    wrong(
        "'{\"currency\": \"EUR\", \"paid\": 900, \"refunded\": 200}'",
        "'{\"paid\": 900, \"refunded\": 200}'",
        "currency",
    );
    wrong_near("input = { order = \"7\", lines", "\"paid\": 900,", "\"paid\": 200,", "Nothing is left");
    let tags = &SHOP[SHOP.find("[[actions.examples]]\nname = \"two tags\"").unwrap()..];
    let without_refusal = tags.replace("{ status = 400, outcome = \"failed\" },", "");
    wrong(tags, &without_refusal, "an answer of the provider that refuses");
}

#[test]
fn examples_of_what_is_kept() {
    let with = |kept: &str| format!("\"refunded\": 200}}', kept = {kept} }}]");
    let acme = SHOP.replace("\"shop\"", "\"acme\"");
    let right =
        acme.replace("\"refunded\": 200}' }]", &with("{ currency = \"EUR\", paid = 900, refunded = 200 }"));
    assert!(right != acme && load(&right).is_ok());
    wrong("\"refunded\": 200}' }]", &with("{ paid = 900 }"), "expected {\"paid\":900}, got {\"currency\":");
}

#[test]
fn examples_of_a_look() {
    let settings = "settings = { reason = \"broken\" }";
    let with = |path: &str, note: &str, outcome: &str| {
        let body = format!(r#"{{"data": [{{"id": "r1", "note": "{note}"}}]}}"#);
        format!(
            "resolve = {{ request = {{ method = \"GET\", path = \"{path}\" }}, answers = [{{ status = 200, body = \
             '{body}', {outcome} }}] }} #!\n{settings}"
        )
    };
    let (path, found) = ("/orders/7/refunds", "outcome = \"succeeded\", result = { id = \"r1\" }");
    let acme = SHOP.replace("\"shop\"", "\"acme\"");
    for (note, outcome) in [("Run run_1 by web", found), ("Run run_2 by web", "outcome = \"failed\"")] {
        load(&acme.replace(settings, &with(path, note, outcome))).unwrap();
    }
    wrong(settings, &with("/orders/8/refunds", "Run run_1 by web", found), "got \"/orders/7/refunds\"");
    wrong(settings, &with(path, "Run run_2 by web", found), "expected succeeded, got failed");
    let other = "outcome = \"succeeded\", result = { id = \"r2\" }";
    wrong(settings, &with(path, "Run run_1 by web", other), "got {\"id\":\"r1\"}");
}

#[test]
fn what_cannot_carry_a_message_is_told() {
    let acme = SHOP.replace("\"shop\"", "\"acme\"");
    let proof = "proof = [\"https://shop.example/docs/graphql\"]";
    for (text, message) in [
        ("none", "there is no input `none`"),
        ("order", "`order` takes no line breaks: it needs `lines = true`"),
        ("tags", "`tags` does not take any text"),
    ] {
        let with = format!("message = {{ text = \"{text}\", markup = \"plain\" }}\n{proof}");
        refused(&acme, proof, &with, message);
    }
    for (destination, message) in [
        ("none", "there is no input `none`"),
        ("order", "`order` can carry words: it needs a `pattern`, `options` or the format `email`"),
        ("tags", "`tags` can carry words"),
        ("text", "`text` is written by the server"),
        ("text", "lacks `order`, which is required"),
    ] {
        let with = format!(
            "message = {{ text = \"text\", markup = \"plain\", destination = [\"{destination}\"] }}\n{proof}"
        );
        let which = "{ key = \"order\", type = \"string\", required = true, description = \"Which.\" },";
        let text = "{ key = \"text\", type = \"string\", lines = true, max_length = 2000, description = \"The text.\" },";
        let file = acme.replace(proof, &with).replace(which, &format!("{which}\n{text}"));
        let errors = load(&file).unwrap_err();
        assert!(errors.iter().any(|error| error.message.contains(message)), "{destination}: {errors:?}");
    }
    let refunds = "proof = [\"https://shop.example/docs/refunds\"]";
    let with = format!("message = {{ text = \"order\", markup = \"plain\" }}\n{refunds}");
    let errors = load(&acme.replace(refunds, &with)).unwrap_err();
    assert!(errors.iter().any(|error| error.message.contains("of the kind `write`")), "{errors:?}");
}
