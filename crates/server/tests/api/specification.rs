//! The specification: its examples are what its schemas say, each payload is described once, and what the server
//! refuses it describes. The support for tests holds every other answer against it too.

use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::{Value, json};

use crate::support::{
    Server, raw,
    specification::{
        PROVIDER, UNKNOWN_APPROVAL, UNKNOWN_DELIVERY, UNKNOWN_EVENT, UNKNOWN_LINK, UNKNOWN_RUN,
        UNKNOWN_WEBHOOK,
    },
};

on_both!(what_any_operation_may_be_refused_for_is_described, a_filter_is_refused_where_its_schema_says_so,);

fn specification() -> Value {
    serde_json::to_value(riq_server::openapi()).unwrap()
}

/// Every body of the specification with the name of its operation: what is sent as JSON, and what is answered.
fn bodies(specification: &Value) -> Vec<(String, &Value)> {
    let methods =
        specification["paths"].as_object().unwrap().values().flat_map(|path| path.as_object().unwrap());
    let bodies = methods.flat_map(|(_, operation)| {
        let name = operation["operationId"].as_str().unwrap();
        let answers = operation["responses"].as_object().unwrap().iter();
        let answers = answers.map(move |(status, answer)| (format!("{name} {status}"), answer));
        answers.chain(operation.get("requestBody").map(|body| (format!("{name} request"), body)))
    });
    bodies.filter_map(|(name, body)| Some((name, body.get("content")?.get("application/json")?))).collect()
}

#[test]
fn examples_are_valid_by_their_schemas() {
    let specification = specification();
    let mut count = 0;
    for (name, body) in bodies(&specification) {
        let mut schema = body["schema"].clone();
        schema["components"] = specification["components"].clone();
        let validator = jsonschema::draft202012::new(&schema).unwrap();
        let named = body["examples"].as_object().into_iter().flat_map(|examples| examples.values());
        let examples = named.map(|example| &example["value"]).chain(body.get("example"));
        for example in examples {
            let errors: Vec<String> = validator
                .iter_errors(example)
                .map(|error| format!("{}: {error}", error.instance_path()))
                .collect();
            assert!(errors.is_empty(), "{name}: {errors:#?}\n{example:#}");
            count += 1;
        }
    }
    assert!(count > 20, "{count} examples");
    // A schema that allows everything would make every example valid.
    let integration =
        json!({"$ref": "#/components/schemas/Integration", "components": specification["components"]});
    assert!(!jsonschema::draft202012::is_valid(&integration, &json!({"id": 7})));
}

#[test]
fn a_payload_is_described_once_and_referred_to() {
    let specification = specification();
    // The specification itself is an object that no schema here describes.
    let described = bodies(&specification).into_iter().filter(|(name, _)| name != "getSpecification 200");
    for (name, body) in described {
        let envelope =
            body["schema"]["$ref"].as_str().unwrap_or_else(|| panic!("{name} has a schema of its own"));
        let envelope = &specification["components"]["schemas"][envelope.rsplit('/').next().unwrap()];
        if let Some(data) = envelope["properties"].get("data") {
            let payload = data.get("items").unwrap_or(data);
            assert!(payload["$ref"].is_string(), "{name}: {payload:#}");
        }
    }
}

/// Every operation with its id.
fn operations(specification: &Value) -> Vec<(String, &Value)> {
    let paths = specification["paths"].as_object().unwrap().values();
    let operations = paths.flat_map(|path| path.as_object().unwrap().values());
    operations.map(|one| (one["operationId"].as_str().unwrap().to_owned(), one)).collect()
}

#[test]
fn every_answer_has_its_headers_and_what_is_limited_says_so() {
    let specification = specification();
    let never_limited = ["getLiveness", "getReadiness"];
    for (name, operation) in operations(&specification) {
        let answers = operation["responses"].as_object().unwrap();
        assert_eq!(answers.contains_key("429"), !never_limited.contains(&name.as_str()), "{name}");
        for (status, answer) in answers {
            for header in ["X-Request-Id", "X-RateLimit-Limit", "X-RateLimit-Remaining", "X-RateLimit-Reset"]
            {
                let named = answer["headers"][header]["$ref"].as_str();
                let described =
                    named.and_then(|named| specification.pointer(named.strip_prefix('#').unwrap()));
                assert!(described.is_some(), "{name} {status}: {header}");
            }
        }
    }
}

#[test]
fn links_lead_to_operations_and_parameters_that_are_there() {
    let specification = specification();
    let operations = operations(&specification);
    let mut count = 0;
    for (name, operation) in &operations {
        let answers = operation["responses"].as_object().unwrap().values();
        for link in answers.filter_map(|answer| answer["links"].as_object()).flat_map(|links| links.values())
        {
            let id = link["operationId"].as_str().unwrap();
            let (_, target) =
                operations.iter().find(|(other, _)| other == id).unwrap_or_else(|| panic!("{name}: {id}"));
            let known: Vec<&Value> =
                target["parameters"].as_array().unwrap().iter().map(|parameter| &parameter["name"]).collect();
            for parameter in link["parameters"].as_object().unwrap().keys() {
                assert!(known.iter().any(|known| *known == parameter), "{name} to {id}: {parameter}");
            }
            count += 1;
        }
    }
    assert!(count >= 12, "{count} links");
}

#[test]
fn schemas_admit_what_the_server_takes_and_may_answer() {
    let specification = specification();
    let schemas = &specification["components"]["schemas"];
    assert!(schemas["ErrorCode"].get("enum").is_none() && schemas["ErrorCode"]["type"] == "string");
    for (schema, property) in
        [("Integration", "settings"), ("LifecycleUpdate", "settings"), ("CatalogEntry", "settings_schema")]
    {
        assert_eq!(schemas[schema]["properties"][property]["additionalProperties"], json!({}), "{schema}");
    }
    let update = &schemas["LifecycleUpdate"];
    assert_eq!((&update["minProperties"], &update["additionalProperties"]), (&json!(1), &json!(false)));
    // A parameter is left out or has a value: it is never null.
    for (name, operation) in operations(&specification) {
        for parameter in operation["parameters"].as_array().into_iter().flatten() {
            assert!(!parameter["schema"]["type"].is_array(), "{name}: {parameter}");
        }
    }
    let filter = |operation: &str, name: &str| {
        let operations = operations(&specification);
        let (_, operation) = operations.iter().find(|(id, _)| id == operation).unwrap();
        let parameters = operation["parameters"].as_array().unwrap();
        parameters.iter().find(|one| one["name"] == name).unwrap()["schema"].clone()
    };
    for (operation, name, schema) in [
        ("listCatalog", "category", "Category"),
        ("listCatalog", "status", "Standing"),
        ("listAuditEvents", "action", "AuditAction"),
    ] {
        let expected = format!("#/components/schemas/{schema}");
        assert_eq!(filter(operation, name)["$ref"].as_str(), Some(expected.as_str()), "{name}");
        assert!(schemas[schema]["enum"].is_array(), "{schema}");
    }
    assert_eq!(filter("listAuditEvents", "since")["format"], "date-time");
}

/// The method and target of every operation.
fn requests(server: &Server) -> Vec<(String, String)> {
    let specification = specification();
    let mut requests = Vec::new();
    for (path, methods) in specification["paths"].as_object().unwrap() {
        let target = path.replace("{projectId}", &server.project.to_string()).replace("{provider}", PROVIDER);
        let target = target.replace("{orgId}", &server.organization.to_string());
        let target = target.replace("{keyId}", &server.key.id.to_string());
        let target = target.replace("{action}", "post_message").replace("{runId}", UNKNOWN_RUN);
        let target = target.replace("{approvalId}", UNKNOWN_APPROVAL).replace("{linkId}", UNKNOWN_LINK);
        let target = target.replace("{webhookId}", UNKNOWN_WEBHOOK).replace("{deliveryId}", UNKNOWN_DELIVERY);
        let target = target.replace("{path}", "api.test").replace("{eventId}", UNKNOWN_EVENT);
        assert!(!target.contains('{'), "no test knows how to fill in {path}");
        requests.extend(methods.as_object().unwrap().keys().map(|one| (one.to_uppercase(), target.clone())));
    }
    requests
}

/// `raw::send` fails if an answer is not described.
async fn what_any_operation_may_be_refused_for_is_described(server: &Server) {
    let key = &server.key.text;
    let strict = server.replica(|settings| settings.anonymous_limit = 0).await;
    let mut limited = 0;
    for (method, target) in requests(server) {
        let [long, big] = [9_000, 200_000].map(|size| "x".repeat(size));
        for (target, headers, status) in [
            (target.clone(), String::new(), 400),
            (target.clone(), "host: x\r\nhost: x\r\n".to_owned(), 400),
            (format!("{target}?{long}"), "host: x\r\n".to_owned(), 414),
            (target.clone(), format!("host: x\r\nx-big: {big}\r\n"), 431),
        ] {
            let request = format!("{method} {target} HTTP/1.1\r\n{headers}x-api-key: {key}\r\n\r\n");
            let answer = raw::send(server.address, request.as_bytes()).await;
            assert_eq!(answer.status, status, "{method} {target}: {answer:?}");
        }
        let request = format!("{method} {target} HTTP/1.1\r\nhost: x\r\n\r\n");
        limited += usize::from(raw::send(strict.address, request.as_bytes()).await.status == 429);
    }
    assert_eq!(limited, requests(server).len() - 3, "all but health and metrics");
    strict.stop().await;
}

/// Values that are right for some filters, and wrong for others.
const VALUES: [&str; 33] = [
    "",
    "\0",
    "a\0b",
    "\u{1}",
    " ",
    "é",
    "🙂",
    "null",
    "0",
    "1",
    "200",
    "201",
    "-1",
    "+5",
    "007",
    "1.5",
    "99999999999999999999",
    "slack",
    "SLACK",
    "nobody",
    "commerce",
    "Commerce",
    "available",
    "integration.disconnected",
    "operator",
    "system",
    "key_01jc3q5v6w7x8y9zabcdefghjk",
    "aud_01jc3q5v6w7x8y9zabcdefghjk",
    "aud_81jc3q5v6w7x8y9zabcdefghjk",
    "aud_01JC3Q5V6W7X8Y9ZABCDEFGHJK",
    "2026-05-01T00:00:00Z",
    "2026-05-01T00:00:00.123+02:00",
    "2026-05-01",
];

async fn a_filter_is_refused_where_its_schema_says_so(server: &Server) {
    let specification = specification();
    let webhook = json!({"url": "https://app.example/hooks", "events": ["*"]});
    let webhook = server.call("POST", &server.webhooks("")).json(&webhook).send().await;
    let webhook = webhook.data()["id"].as_str().unwrap().to_owned();
    let mut count = 0;
    for (path, methods) in specification["paths"].as_object().unwrap() {
        let parameters = methods["get"]["parameters"].as_array().into_iter().flatten();
        for filter in parameters.filter(|parameter| parameter["in"] == "query") {
            let mut schema = filter["schema"].clone();
            schema["components"] = specification["components"].clone();
            let schema = jsonschema::options().should_validate_formats(true).build(&schema).unwrap();
            let (name, is_number) = (filter["name"].as_str().unwrap(), filter["schema"]["type"] == "integer");
            for text in VALUES {
                let number = text.parse::<Value>().ok().filter(|_| is_number);
                let is_described = schema.is_valid(&number.unwrap_or_else(|| text.into()));
                let value = utf8_percent_encode(text, NON_ALPHANUMERIC);
                let target = path.replace("{projectId}", &server.project.to_string());
                let target = target.replace("{runId}", UNKNOWN_RUN).replace("{webhookId}", &webhook);
                let target = target.replace("{provider}", PROVIDER);
                let answer = server.call("GET", &format!("{target}?{name}={value}")).send().await;
                // Nothing is installed.
                let is_missing = path.ends_with("{runId}") || path.contains("/{provider}/");
                let found = if is_missing { 404 } else { 200 };
                assert_eq!(
                    answer.status,
                    if is_described { found } else { 400 },
                    "{name}={text:?}: {answer:?}"
                );
                let place = format!("query.{name}: ");
                assert!(is_described || answer.issues()[0].starts_with(&place), "{answer:?}");
                count += 1;
            }
        }
    }
    assert_eq!(count % VALUES.len(), 0);
    assert!(count >= 10 * VALUES.len(), "{count} requests");
}
