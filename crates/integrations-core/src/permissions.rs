//! Action permissions: which of a provider's actions the agent may perform.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::issue::Issue;

/// Whether the agent may perform an action: `true`, `"ask"` or `false` in JSON.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "Value", into = "Value")]
pub enum Permission {
    /// It may.
    Allowed,
    /// It may ask a person each time.
    Ask,
    /// It may not.
    #[default]
    Off,
}

/// A value that is no permission.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("Expected boolean or \"ask\"")]
pub struct InvalidPermission;

impl TryFrom<&Value> for Permission {
    type Error = InvalidPermission;

    fn try_from(value: &Value) -> Result<Self, InvalidPermission> {
        match value {
            Value::Bool(is_allowed) => Ok((*is_allowed).into()),
            Value::String(word) if word == "ask" => Ok(Self::Ask),
            _ => Err(InvalidPermission),
        }
    }
}

impl TryFrom<Value> for Permission {
    type Error = InvalidPermission;

    fn try_from(value: Value) -> Result<Self, InvalidPermission> {
        Self::try_from(&value)
    }
}

impl From<bool> for Permission {
    fn from(is_allowed: bool) -> Self {
        if is_allowed { Self::Allowed } else { Self::Off }
    }
}

impl From<Permission> for Value {
    fn from(permission: Permission) -> Self {
        match permission {
            Permission::Allowed => true.into(),
            Permission::Ask => "ask".into(),
            Permission::Off => false.into(),
        }
    }
}

#[cfg(feature = "openapi")]
impl utoipa::PartialSchema for Permission {
    fn schema() -> utoipa::openapi::RefOr<utoipa::openapi::Schema> {
        use utoipa::openapi::{ObjectBuilder, OneOfBuilder, Type};

        OneOfBuilder::new()
            .item(ObjectBuilder::new().schema_type(Type::Boolean))
            .item(ObjectBuilder::new().schema_type(Type::String).enum_values(Some(["ask"])))
            .description(Some(
                "Whether the agent may perform an action. `\"ask\"`: it may ask a person each time.",
            ))
            .into()
    }
}

#[cfg(feature = "openapi")]
impl utoipa::ToSchema for Permission {}

/// The permission of reading, through the proxy, what no action stands for.
pub const OTHER_READS: &str = "other_reads";
/// The permission of changing, through the proxy, what no action stands for.
pub const OTHER_WRITES: &str = "other_writes";

/// Action key → whether the agent may perform it. An action that is not listed is not allowed.
pub type ActionPermissions = BTreeMap<String, Permission>;

/// Reads the `action_permissions` of a request and checks them against the provider's actions. `others` are the
/// permissions of what no action stands for, each with the reason why it cannot be given, if there is one. They are
/// on or off: nobody could say what is asked for.
///
/// Returns the permissions to merge by key, or everything that is wrong, with paths that begin with
/// `action_permissions`.
pub fn read<'a>(
    value: &Value,
    actions: impl Iterator<Item = &'a str> + Clone,
    others: &[(&str, Option<String>)],
) -> Result<ActionPermissions, Vec<Issue>> {
    let Some(object) = value.as_object() else {
        return Err(vec![Issue::new("action_permissions", "Expected object")]);
    };
    let mut permissions = ActionPermissions::new();
    let mut issues = Vec::new();
    for (key, permission) in object {
        let path = format!("action_permissions.{key}");
        if let Some((_, why_not)) = others.iter().find(|(other, _)| other == key) {
            match (permission, why_not) {
                (Value::Bool(true), Some(why)) => {
                    issues.push(Issue::new(path, format!("Cannot be permitted: {why}")))
                }
                (Value::Bool(is_allowed), _) => drop(permissions.insert(key.clone(), (*is_allowed).into())),
                _ => issues.push(Issue::new(path, "Expected boolean")),
            }
            continue;
        }
        if !actions.clone().any(|action| action == key) {
            let known = actions.clone().collect::<Vec<_>>().join(", ");
            issues.push(Issue::new(path, format!("Unknown action; expected one of {known}")));
            continue;
        }
        match Permission::try_from(permission) {
            Ok(permission) => drop(permissions.insert(key.clone(), permission)),
            Err(invalid) => issues.push(Issue::new(path, invalid.to_string())),
        }
    }
    if issues.is_empty() { Ok(permissions) } else { Err(issues) }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn read_three(value: Value) -> Result<ActionPermissions, Vec<String>> {
        let others = [(OTHER_READS, None), (OTHER_WRITES, Some("“Refund” has limits".to_owned()))];
        read(&value, ["lookup", "refund", "cancel"].into_iter(), &others)
            .map_err(|issues| issues.iter().map(ToString::to_string).collect())
    }

    #[test]
    fn known_actions_with_permissions_are_read() {
        let permissions = read_three(json!({"refund": true, "lookup": false, "cancel": "ask"})).unwrap();
        let expected = [
            ("lookup".into(), Permission::Off),
            ("refund".into(), Permission::Allowed),
            ("cancel".into(), Permission::Ask),
        ];
        assert_eq!(permissions, ActionPermissions::from(expected));
        assert_eq!(read_three(json!({})), Ok(ActionPermissions::new()));
    }

    #[test]
    fn everything_wrong_is_reported() {
        assert_eq!(
            read_three(json!({"refund": null, "sing": true, "lookup": 1, "cancel": "Ask"})).unwrap_err(),
            [
                "action_permissions.refund: Expected boolean or \"ask\"",
                "action_permissions.sing: Unknown action; expected one of lookup, refund, cancel",
                "action_permissions.lookup: Expected boolean or \"ask\"",
                "action_permissions.cancel: Expected boolean or \"ask\"",
            ]
        );
        for not_an_object in [json!(null), json!([]), json!("refund"), json!(true)] {
            assert_eq!(read_three(not_an_object).unwrap_err(), ["action_permissions: Expected object"]);
        }
    }

    #[test]
    fn what_no_action_stands_for_is_on_or_off() {
        let permissions = read_three(json!({"other_reads": true, "other_writes": false})).unwrap();
        let expected = [(OTHER_READS.into(), Permission::Allowed), (OTHER_WRITES.into(), Permission::Off)];
        assert_eq!(permissions, ActionPermissions::from(expected));
        assert_eq!(
            read_three(json!({"other_reads": "ask", "other_writes": true})).unwrap_err(),
            [
                "action_permissions.other_reads: Expected boolean",
                "action_permissions.other_writes: Cannot be permitted: “Refund” has limits",
            ]
        );
    }

    #[test]
    fn a_permission_is_written_as_it_is_read() {
        for (permission, value) in [
            (Permission::Allowed, json!(true)),
            (Permission::Ask, json!("ask")),
            (Permission::Off, json!(false)),
        ] {
            assert_eq!(serde_json::to_value(permission).unwrap(), value);
            assert_eq!(serde_json::from_value::<Permission>(value).unwrap(), permission);
        }
        assert!(serde_json::from_value::<Permission>(json!("from_the_future")).is_err());
    }
}
