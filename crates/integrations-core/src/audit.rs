//! The audit log's events: who did what to which object, and what changed. An event never holds a secret.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::{
    action::RunStatus,
    ids::{ApiKeyId, RunId, UserId},
    principal::Principal,
    words::words,
};

/// Stands in a change in place of a secret value.
pub const REDACTED: &str = "[redacted]";

words! {
    /// What an event of the audit log records.
    pub enum AuditAction {
        /// An installation finished or a credential was imported.
        IntegrationInstalled = "integration.installed",
        /// A PATCH changed status, name, sidebar, settings or permissions.
        IntegrationLifecycleUpdated = "integration.lifecycle.updated",
        /// An integration was disconnected, by DELETE or by PATCH.
        IntegrationDisconnected = "integration.disconnected",
        /// It is known what came of revoking an integration's access at the provider.
        IntegrationRevocationEnded = "integration.revocation.ended",
        /// An integration's health changed: it became healthy, got into trouble, or recovered after a refusal.
        IntegrationHealthChanged = "integration.health.changed",
        /// An integration's tokens were replaced by new ones.
        IntegrationCredentialRefreshed = "integration.credential.refreshed",
        /// The provider refuses an integration's credential.
        IntegrationErrored = "integration.errored",
        /// An action that changes something was sent to the provider: the event says what came of it.
        IntegrationActionExecuted = "integration.action.executed",
        /// A call of an action that changes something was denied: by its permission, a guard or a person.
        IntegrationActionDenied = "integration.action.denied",
        /// A person approved a call of an action.
        IntegrationActionApproved = "integration.action.approved",
        /// A call of an action waited for a person until its time was over.
        IntegrationActionExpired = "integration.action.expired",
        /// People could not be told of a call that waits for one of them, although the project has them told.
        ApprovalNoticeFailed = "approval.notice.failed",
        /// A request that a caller wrote itself and that may change something is sent to the provider, or has come to
        /// its end.
        IntegrationProxied = "integration.proxied",
        /// An install link was ended before its time.
        InstallLinkEnded = "install_link.ended",
        /// An organization was created.
        OrganizationCreated = "organization.created",
        /// An organization was revoked, and with it its projects and keys.
        OrganizationRevoked = "organization.revoked",
        /// A project was created.
        ProjectCreated = "project.created",
        /// A project's name, slug or domain was changed.
        ProjectUpdated = "project.updated",
        /// A project was archived.
        ProjectRevoked = "project.revoked",
        /// An archived project was brought back.
        ProjectRestored = "project.restored",
        /// An archived project's credentials and runs were destroyed. It cannot be brought back any more.
        ProjectErased = "project.erased",
        /// An API key was created.
        ApiKeyCreated = "api_key.created",
        /// An API key was revoked.
        ApiKeyRevoked = "api_key.revoked",
        /// An API key's name, scopes, projects or expiry was changed.
        ApiKeyUpdated = "api_key.updated",
        /// An API key was replaced by a new one.
        ApiKeyRotated = "api_key.rotated",
        /// An API key was given another rate-limit tier.
        ApiKeyTierChanged = "api_key.tier_changed",
        /// A person was given a role, or another one.
        UserRoleSet = "user.role_set",
        /// A person's role was taken away.
        UserRoleRemoved = "user.role_removed",
        /// A person was revoked, with the keys that act for them.
        UserRevoked = "user.revoked",
        /// A person approved the login of a program, which then fetches a key.
        DeviceLoginApproved = "device_login.approved",
        /// A person denied the login of a program.
        DeviceLoginDenied = "device_login.denied",
        /// A webhook was created.
        WebhookCreated = "webhook.created",
        /// A webhook's address, events or status was changed, or it was disabled because nothing reached it.
        WebhookUpdated = "webhook.updated",
        /// A webhook was deleted.
        WebhookDeleted = "webhook.deleted",
        /// A webhook's secret was replaced by a new one.
        WebhookSecretRotated = "webhook.secret_rotated",
        /// What a webhook had missed was sent again.
        WebhookRedelivered = "webhook.redelivered",
        /// The secret that a provider's events are verified with was entered or replaced.
        EventSourceSecretSet = "event_source.secret_set",
        /// A person opened the wait for the request with which a provider brings that secret.
        EventSourceWaiting = "event_source.waiting",
        /// The secret that a provider brought was shown to a person, once.
        EventSourceSecretShown = "event_source.secret_shown",
        /// Old events were removed from the audit log.
        AuditPruned = "audit.pruned",
        /// Old runs of actions were removed.
        ActionRunsPruned = "action_runs.pruned",
        /// The OAuth app of a provider was set: its client id and secret.
        OauthAppSet = "oauth_app.set",
        /// The OAuth app of a provider was removed.
        OauthAppRemoved = "oauth_app.removed",
    }
}

words! {
    /// What kind of actor did something.
    pub enum ActorKind {
        /// A client, by its API key.
        ApiKey = "api_key",
        /// A person who is signed in.
        User = "user",
        /// A person at the server's own command line.
        Operator = "operator",
        /// The server itself: probes and refreshes.
        System = "system",
    }
}

/// Who acted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Actor {
    /// A client, by the id of its API key.
    ApiKey(ApiKeyId),
    /// A person who is signed in.
    User(UserId),
    /// A person at the server's own command line.
    Operator,
    /// The server itself: probes and refreshes.
    System,
}

impl Actor {
    /// What kind of actor.
    pub const fn kind(self) -> ActorKind {
        match self {
            Self::ApiKey(_) => ActorKind::ApiKey,
            Self::User(_) => ActorKind::User,
            Self::Operator => ActorKind::Operator,
            Self::System => ActorKind::System,
        }
    }

    /// The id of who acts with rights of their own.
    pub const fn principal(self) -> Option<Principal> {
        match self {
            Self::ApiKey(id) => Some(Principal::ApiKey(id)),
            Self::User(id) => Some(Principal::User(id)),
            Self::Operator | Self::System => None,
        }
    }
}

impl From<Principal> for Actor {
    fn from(principal: Principal) -> Self {
        match principal {
            Principal::ApiKey(id) => Self::ApiKey(id),
            Principal::User(id) => Self::User(id),
        }
    }
}

/// Who makes a change, and by which request.
#[derive(Clone, Debug)]
pub struct Acting {
    /// Who.
    pub actor: Actor,
    /// The request's id; `None` from the operator's command line.
    pub request_id: Option<String>,
}

impl Acting {
    /// The server itself, by none of its requests.
    pub const SYSTEM: Self = Self { actor: Actor::System, request_id: None };
    /// Whoever gives commands on the server's machine.
    pub const OPERATOR: Self = Self { actor: Actor::Operator, request_id: None };
}

/// One field that changed.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Change {
    /// The path of the field, for example `settings.refunds_enabled`.
    #[cfg_attr(feature = "openapi", schema(example = "status"))]
    pub path: String,
    /// The value before; null if there was none. `[redacted]` stands for a secret.
    #[serde(default)]
    #[cfg_attr(feature = "openapi", schema(required, value_type = Option<Value>, example = "active"))]
    pub from: Value,
    /// The value after; null if there is none. `[redacted]` stands for a secret.
    #[serde(default)]
    #[cfg_attr(feature = "openapi", schema(required, value_type = Option<Value>, example = "paused"))]
    pub to: Value,
}

/// A change at `path`, or `None` if both values are the same.
pub fn change(path: impl Into<String>, from: impl Into<Value>, to: impl Into<Value>) -> Option<Change> {
    let (from, to) = (from.into(), to.into());
    (from != to).then(|| Change { path: path.into(), from, to })
}

/// What an event about a run of an action has as its changes: which run it is, of which action, what became of it, and
/// the context of the call, which says for whom and why.
pub fn changes_of_run(
    id: RunId,
    action: &str,
    from: Option<RunStatus>,
    to: RunStatus,
    context: &Map<String, Value>,
) -> Vec<Change> {
    let context =
        context.iter().map(|(key, value)| change(format!("context.{key}"), Value::Null, value.clone()));
    [
        change("run", Value::Null, id.to_string()),
        change("action", Value::Null, action),
        change("status", from.map(RunStatus::as_str), to.as_str()),
    ]
    .into_iter()
    .chain(context)
    .flatten()
    .collect()
}

/// What an event about a request of a caller has as its changes: method and path, how far it is, and the status of the
/// provider's answer.
pub fn changes_of_proxied(request: &str, outcome: &str, provider_status: Option<u16>) -> Vec<Change> {
    [
        change("request", Value::Null, request),
        change("outcome", Value::Null, outcome),
        change("provider_status", Value::Null, provider_status),
    ]
    .into_iter()
    .flatten()
    .collect()
}

/// The changes between two complete sets of settings, one for each key, sorted by key.
pub fn diff_settings<'a>(
    from: &'a Map<String, Value>,
    to: &'a Map<String, Value>,
) -> impl Iterator<Item = Change> + use<'a> {
    keys_of_both(from, to)
        .filter_map(|key| change(format!("settings.{key}"), from.get(key).cloned(), to.get(key).cloned()))
}

/// The changes between two complete sets of secret settings: which were set, replaced or removed, without the values.
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

    #[test]
    fn the_event_of_a_run_says_what_became_of_it_and_for_whom() {
        let context = map(json!({"on_behalf_of": "ada@shop.test", "reason": null}));
        let changes = changes_of_run(
            RunId::from_bits(1),
            "issue_refund",
            Some(RunStatus::Sending),
            RunStatus::Unknown,
            &context,
        );
        assert_eq!(
            serde_json::to_value(changes).unwrap(),
            json!([
                {"path": "run", "from": null, "to": "run_00000000000000000000000001"},
                {"path": "action", "from": null, "to": "issue_refund"},
                {"path": "status", "from": "sending", "to": "unknown"},
                {"path": "context.on_behalf_of", "from": null, "to": "ada@shop.test"},
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
