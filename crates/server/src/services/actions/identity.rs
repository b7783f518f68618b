//! What tells calls and definitions of actions apart.

use integrations_core::{
    action::Caller,
    catalog::{Provider, ProviderRef, action::Action},
};
use serde_json::{Map, Value};
use sha2::{Digest as _, Sha256};

/// A hash of what the provider's file says of an action: what it is, where its requests go, and as whom they are sent.
/// What is asked for under one is not sent under another.
pub(super) fn definition(provider: &Provider, action: &Action) -> [u8; 32] {
    // Another version of this server may write it otherwise. Then a person is asked once more.
    let Provider { api_base_url, auth_request, .. } = provider;
    Sha256::digest(format!("{:?} {auth_request:?} {action:?}", api_base_url.as_str())).into()
}

/// A hash of a call: who calls which action of which integration, with which input. The order of members does not
/// matter.
pub(super) fn call(
    by: Caller,
    provider: &ProviderRef,
    action: &Action,
    input: &Map<String, Value>,
) -> [u8; 32] {
    let input = sorted(&Value::Object(input.clone())).to_string();
    let mut hash = Sha256::new();
    for part in [by.to_string().as_str(), provider.as_str(), &action.key, &input] {
        // With its length before it, so that the end of one part is not the beginning of the next.
        hash.update((part.len() as u64).to_be_bytes());
        hash.update(part);
    }
    hash.finalize().into()
}

/// A value with the members of each object in the order of their names.
fn sorted(value: &Value) -> Value {
    match value {
        Value::Array(items) => items.iter().map(sorted).collect(),
        Value::Object(members) => {
            let mut members: Vec<_> = members.iter().collect();
            members.sort_unstable_by_key(|(name, _)| *name);
            members.into_iter().map(|(name, value)| (name.clone(), sorted(value))).collect()
        }
        value => value.clone(),
    }
}

#[cfg(test)]
mod tests {
    use integrations_core::catalog::Catalog;
    use riq_testing::providers::desk_and_keys;
    use serde_json::json;

    use super::*;

    #[test]
    fn a_definition_is_the_action_and_where_and_as_whom_it_is_sent() {
        let [(name, file), ..] = desk_and_keys::files();
        let defined = |text: String| {
            let catalog = Catalog::default().with_files([(name.to_owned(), text)]).unwrap();
            let provider = catalog.get("desk").unwrap();
            definition(provider, provider.action("open_ticket").unwrap())
        };
        let first = defined(file.clone());
        for (from, to) in [
            ("api_base_url = \"https://desk.example/api\"", "api_base_url = \"https://desk.example/v2\""),
            ("Authorization = \"Bearer {access_token}\"", "Authorization = \"Token {access_token}\""),
            ("headers = { Authorization", "headers = { X-Team = \"1\", Authorization"),
            ("description = \"Opens a ticket.\"", "description = \"Opens one.\""),
        ] {
            assert_eq!(file.matches(from).count(), 1, "{from}");
            assert_ne!(defined(file.replace(from, to)), first, "{to}");
        }
        // What is said of the provider beside that changes nothing.
        assert_eq!(defined(file.replace("description = \"Tickets.\"", "description = \"More.\"")), first);
    }

    #[test]
    fn the_order_of_members_does_not_matter_and_that_of_items_does() {
        let written = |value: Value| sorted(&value).to_string();
        let first = written(json!({"b": [1, {"d": 1, "c": 2}], "a": null}));
        assert_eq!(first, written(json!({"a": null, "b": [1, {"c": 2, "d": 1}]})));
        assert_ne!(first, written(json!({"a": null, "b": [{"c": 2, "d": 1}, 1]})));
    }
}
