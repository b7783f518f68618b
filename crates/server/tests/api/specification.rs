//! The specification: its examples are what its schemas say, and each payload is described once.

use serde_json::{Value, json};

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
