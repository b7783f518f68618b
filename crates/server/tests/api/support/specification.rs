//! The operations of the specification, so that tests over all routes include new ones.

use std::collections::BTreeSet;

use serde_json::Value;

/// The provider that operations are tried on. The specification's examples use its settings and actions.
pub(crate) const PROVIDER: &str = "slack";

/// The id of a run that there is not.
pub(crate) const UNKNOWN_RUN: &str = "run_00000000000000000000000001";

/// The id of an approval that there is not.
pub(crate) const UNKNOWN_APPROVAL: &str = "apr_00000000000000000000000001";

/// The id of an install link that there is not.
pub(crate) const UNKNOWN_LINK: &str = "lnk_00000000000000000000000001";
/// A webhook that there is not.
pub(crate) const UNKNOWN_WEBHOOK: &str = "whk_00000000000000000000000001";
/// A delivery that there is not.
pub(crate) const UNKNOWN_DELIVERY: &str = "dlv_00000000000000000000000001";

/// An event of a provider that there is not.
pub(crate) const UNKNOWN_EVENT: &str = "pev_00000000000000000000000001";

/// An operation that requires a scope.
#[derive(Clone, Debug)]
pub(crate) struct Operation {
    pub(crate) name: String,
    pub(crate) method: String,
    /// The path, with its parameters in braces.
    pub(crate) path: String,
    pub(crate) scope: String,
    /// The error codes that it can answer.
    pub(crate) codes: BTreeSet<String>,
    /// The specification's example of the body, if there is a body.
    pub(crate) body: Option<Value>,
}

impl Operation {
    /// The target of a request to it, for a project and a provider.
    pub(crate) fn target(&self, project: &str, provider: &str) -> String {
        let target = self.path.replace("{projectId}", project).replace("{provider}", provider);
        let target = target.replace("{action}", "post_message").replace("{runId}", UNKNOWN_RUN);
        let target = target.replace("{approvalId}", UNKNOWN_APPROVAL).replace("{linkId}", UNKNOWN_LINK);
        let target = target.replace("{webhookId}", UNKNOWN_WEBHOOK).replace("{deliveryId}", UNKNOWN_DELIVERY);
        let target = target.replace("{path}", "api.test").replace("{eventId}", UNKNOWN_EVENT);
        assert!(!target.contains('{'), "no test knows how to fill in {}", self.path);
        target
    }

    /// Whether it sends what the caller wrote to a provider.
    pub(crate) fn is_proxy(&self) -> bool {
        self.path.contains("/proxy/")
    }

    pub(crate) fn names_provider(&self) -> bool {
        self.path.contains("{provider}")
    }

    pub(crate) fn can_answer(&self, code: &str) -> bool {
        self.codes.contains(code)
    }
}

/// Every operation on a project's integrations and its audit log. `matrix` tries those on organizations too.
pub(crate) fn operations() -> Vec<Operation> {
    let specification = serde_json::to_value(riq_server::openapi()).unwrap();
    let mut operations = Vec::new();
    for (path, methods) in specification["paths"].as_object().unwrap() {
        for (method, operation) in methods.as_object().unwrap() {
            let scope = operation["security"][0]["api_key"][0].as_str();
            if path.contains("/oauth-apps") || path.contains("/orgs/") {
                continue;
            }
            if let Some(scope) = scope {
                operations.push(read(path, method, scope, operation));
            } else {
                assert!(!path.starts_with("/api/v1/projects"), "{method} {path} asks for no scope");
            }
        }
    }
    assert!(operations.len() >= 6, "{operations:?}");
    operations
}

fn read(path: &str, method: &str, scope: &str, operation: &Value) -> Operation {
    let responses = operation["responses"].as_object().unwrap().values();
    let examples = responses.filter_map(|r| r["content"]["application/json"]["examples"].as_object());
    // What goes to a provider may be of any type.
    let body = if path.contains("/proxy/") { &Value::Null } else { &operation["requestBody"] };
    Operation {
        name: operation["operationId"].as_str().unwrap().to_owned(),
        method: method.to_uppercase(),
        path: path.to_owned(),
        scope: scope.to_owned(),
        codes: examples.flat_map(|examples| examples.keys().cloned()).collect(),
        body: body.is_object().then(|| {
            let example = &body["content"]["application/json"]["example"];
            assert!(example.is_object(), "the body of {method} {path} has no example");
            example.clone()
        }),
    }
}
