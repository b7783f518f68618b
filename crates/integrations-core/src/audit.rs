//! The audit log's events: who did what to which, and what it changed, without ever holding a secret.

use std::{fmt, str::FromStr};

use serde::Serialize;
use serde_json::{Map, Value};

use crate::ids::ApiKeyId;

/// What stands in a change where a secret was or is.
pub const REDACTED: &str = "[redacted]";

/// What happened. The names are the contract's.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Action {
    /// An installation finished or a credential was imported.
    IntegrationInstalled,
    /// A PATCH changed status, name, sidebar, settings or permissions.
    IntegrationLifecycleUpdated,
    /// Taken off, by DELETE or by PATCH.
    IntegrationDisconnected,
    /// What is known of its health changed: well, in trouble, or well again after the provider refused it.
    IntegrationHealthChanged,
    /// Its tokens were replaced by new ones.
    IntegrationCredentialRefreshed,
    /// The provider refuses its credential.
    IntegrationErrored,
    /// An organization was created.
    OrganizationCreated,
    /// An organization was revoked, and with it its projects and keys.
    OrganizationRevoked,
    /// A project was created.
    ProjectCreated,
    /// A project was revoked.
    ProjectRevoked,
    /// An API key was created.
    ApiKeyCreated,
    /// An API key was revoked.
    ApiKeyRevoked,
    /// An API key was given another rate-limit tier.
    ApiKeyTierChanged,
    /// Old events were removed from the audit log.
    AuditPruned,
    /// The OAuth app of a provider was set: its client id and secret.
    OauthAppSet,
    /// The OAuth app of a provider was removed.
    OauthAppRemoved,
}

/// A text is not the name of an action.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("Expected one of {}", Action::ALL.map(Action::as_str).join(", "))]
pub struct UnknownAction;

impl FromStr for Action {
    type Err = UnknownAction;

    fn from_str(text: &str) -> Result<Self, UnknownAction> {
        Self::ALL.into_iter().find(|action| action.as_str() == text).ok_or(UnknownAction)
    }
}

impl Action {
    /// Every action.
    pub const ALL: [Self; 16] = [
        Self::IntegrationInstalled,
        Self::IntegrationLifecycleUpdated,
        Self::IntegrationDisconnected,
        Self::IntegrationHealthChanged,
        Self::IntegrationCredentialRefreshed,
        Self::IntegrationErrored,
        Self::OrganizationCreated,
        Self::OrganizationRevoked,
        Self::ProjectCreated,
        Self::ProjectRevoked,
        Self::ApiKeyCreated,
        Self::ApiKeyRevoked,
        Self::ApiKeyTierChanged,
        Self::AuditPruned,
        Self::OauthAppSet,
        Self::OauthAppRemoved,
    ];

    /// The action's name on the wire and in storage.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::IntegrationInstalled => "integration.installed",
            Self::IntegrationLifecycleUpdated => "integration.lifecycle.updated",
            Self::IntegrationDisconnected => "integration.disconnected",
            Self::IntegrationHealthChanged => "integration.health.changed",
            Self::IntegrationCredentialRefreshed => "integration.credential.refreshed",
            Self::IntegrationErrored => "integration.errored",
            Self::OrganizationCreated => "organization.created",
            Self::OrganizationRevoked => "organization.revoked",
            Self::ProjectCreated => "project.created",
            Self::ProjectRevoked => "project.revoked",
            Self::ApiKeyCreated => "api_key.created",
            Self::ApiKeyRevoked => "api_key.revoked",
            Self::ApiKeyTierChanged => "api_key.tier_changed",
            Self::AuditPruned => "audit.pruned",
            Self::OauthAppSet => "oauth_app.set",
            Self::OauthAppRemoved => "oauth_app.removed",
        }
    }
}

impl fmt::Display for Action {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Who acted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Actor {
    /// A client, by the id of its API key.
    ApiKey(ApiKeyId),
    /// A person at the server's own command line.
    Operator,
    /// The server itself: probes and refreshes.
    System,
}

impl Actor {
    /// What kind of actor, in storage.
    pub const fn kind(self) -> &'static str {
        match self {
            Self::ApiKey(_) => "api_key",
            Self::Operator => "operator",
            Self::System => "system",
        }
    }

    /// The acting key's id.
    pub const fn api_key(self) -> Option<ApiKeyId> {
        match self {
            Self::ApiKey(id) => Some(id),
            Self::Operator | Self::System => None,
        }
    }
}

/// Who changes something, and by which request.
#[derive(Clone, Debug)]
pub struct Acting {
    /// Who.
    pub actor: Actor,
    /// The request's id; none from the operator's command line.
    pub request_id: Option<String>,
}

/// One field that changed: dotted path, value before, value after (`null`: absent).
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Change {
    /// Where, for example `settings.refunds_enabled`.
    pub path: String,
    /// The value before, or [`REDACTED`].
    pub from: Value,
    /// The value after, or [`REDACTED`].
    pub to: Value,
}

/// A change at `path`, or none where both values are the same.
pub fn change(path: impl Into<String>, from: impl Into<Value>, to: impl Into<Value>) -> Option<Change> {
    let (from, to) = (from.into(), to.into());
    (from != to).then(|| Change { path: path.into(), from, to })
}

/// The changes between two whole settings, one a key, in the order of the keys.
pub fn diff_settings<'a>(
    from: &'a Map<String, Value>,
    to: &'a Map<String, Value>,
) -> impl Iterator<Item = Change> + use<'a> {
    keys_of_both(from, to)
        .filter_map(|key| change(format!("settings.{key}"), from.get(key).cloned(), to.get(key).cloned()))
}

/// The changes between two whole secret settings: which were set, replaced or removed, never to what.
pub fn diff_secret_settings<'a>(
    from: &'a Map<String, Value>,
    to: &'a Map<String, Value>,
) -> impl Iterator<Item = Change> + use<'a> {
    let redacted = |value: Option<&Value>| value.map_or(Value::Null, |_| Value::from(REDACTED));
    keys_of_both(from, to).filter(|key| from.get(*key) != to.get(*key)).map(move |key| Change {
        path: format!("settings.{key}"),
        from: redacted(from.get(key)),
        to: redacted(to.get(key)),
    })
}

fn keys_of_both<'a>(
    from: &'a Map<String, Value>,
    to: &'a Map<String, Value>,
) -> impl Iterator<Item = &'a str> {
    let mut keys: Vec<&str> = from.keys().chain(to.keys()).map(String::as_str).collect();
    keys.sort_unstable();
    keys.dedup();
    keys.into_iter()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    fn map(value: Value) -> Map<String, Value> {
        value.as_object().unwrap().clone()
    }

    #[test]
    fn a_diff_names_what_changed_and_nothing_else() {
        let from = map(json!({"a": 1, "b": [1], "gone": true}));
        let to = map(json!({"a": 2, "b": [1], "new": {"x": 1}}));
        let changes = serde_json::to_value(diff_settings(&from, &to).collect::<Vec<_>>()).unwrap();
        assert_eq!(
            changes,
            json!([
                {"path": "settings.a", "from": 1, "to": 2},
                {"path": "settings.gone", "from": true, "to": null},
                {"path": "settings.new", "from": null, "to": {"x": 1}},
            ])
        );
    }

    #[test]
    fn a_diff_of_secrets_tells_that_but_not_what() {
        let from = map(json!({"kept": "s1", "replaced": "s2", "removed": "s3"}));
        let to = map(json!({"kept": "s1", "replaced": "s4", "added": "s5"}));
        let changes = serde_json::to_value(diff_secret_settings(&from, &to).collect::<Vec<_>>()).unwrap();
        assert_eq!(
            changes,
            json!([
                {"path": "settings.added", "from": null, "to": REDACTED},
                {"path": "settings.removed", "from": REDACTED, "to": null},
                {"path": "settings.replaced", "from": REDACTED, "to": REDACTED},
            ])
        );
    }

    proptest! {
        #[test]
        fn no_secret_value_is_ever_in_a_diff(
            from in prop::collection::btree_map("[a-e]", "secret-[0-9]{6}", 0..5),
            to in prop::collection::btree_map("[a-e]", "secret-[0-9]{6}", 0..5),
        ) {
            let settings = |map: std::collections::BTreeMap<String, String>| {
                map.into_iter().map(|(key, value)| (key, Value::from(value))).collect::<Map<_, _>>()
            };
            let (from, to) = (settings(from), settings(to));
            let text = serde_json::to_string(&diff_secret_settings(&from, &to).collect::<Vec<_>>()).unwrap();
            prop_assert!(!text.contains("secret-"));
            prop_assert_eq!(text == "[]", from == to);
        }
    }
}
