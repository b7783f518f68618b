//! What tells calls and definitions of actions apart.

use integrations_core::{
    catalog::{ProviderRef, action::Action},
    principal::Principal,
};
use serde_json::{Map, Value};
use sha2::{Digest as _, Sha256};

/// A hash of what the provider's file says of an action. What is asked for under one is not sent under another.
pub(super) fn definition(action: &Action) -> [u8; 32] {
    // Another version of this server may write it otherwise. Then a person is asked once more.
    Sha256::digest(format!("{action:?}")).into()
}

/// A hash of a call: who calls which action of which integration, with which input. The order of members does not
/// matter.
pub(super) fn call(
    by: Principal,
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
    use serde_json::json;

    use super::*;

    #[test]
    fn the_order_of_members_does_not_matter_and_that_of_items_does() {
        let written = |value: Value| sorted(&value).to_string();
        let first = written(json!({"b": [1, {"d": 1, "c": 2}], "a": null}));
        assert_eq!(first, written(json!({"a": null, "b": [1, {"c": 2, "d": 1}]})));
        assert_ne!(first, written(json!({"a": null, "b": [{"c": 2, "d": 1}, 1]})));
    }
}
