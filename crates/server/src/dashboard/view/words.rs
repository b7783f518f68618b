//! The words for people, in place of those of the API.

use integrations_core::{
    action::{ApprovalStatus, RunStatus, value_in_words},
    audit::{AuditAction, REDACTED},
    catalog::{AuthKind, Category, Provider},
    lifecycle::{Health, Status},
    webhook::{DeliveryStatus, EventType, SendFailure, WebhookStatus},
};
use serde::Deserialize;
use serde_json::Value;
use time::{OffsetDateTime, UtcOffset, format_description::well_known::Rfc3339, macros::format_description};

use super::parts::Tone;
use crate::dashboard::key_form::Overlap;

/// A category's name.
pub(crate) const fn category(category: Category) -> &'static str {
    match category {
        Category::Communication => "Communication",
        Category::Commerce => "Commerce",
        Category::Payments => "Payments",
        Category::ProjectManagement => "Project management",
        Category::Developer => "Developer tools",
        Category::Knowledge => "Knowledge",
        Category::Scheduling => "Scheduling",
        Category::Crm => "CRM",
        Category::Support => "Support",
        Category::Email => "E-mail",
        Category::Accounting => "Accounting",
        Category::Shipping => "Shipping",
        Category::Reviews => "Reviews",
        Category::Marketing => "Marketing",
        Category::Telephony => "Telephony",
        Category::Analytics => "Analytics",
        Category::Storage => "Storage",
        Category::Social => "Social",
        Category::Identity => "Identity",
        Category::Ai => "AI",
        Category::Hr => "HR",
        Category::Other => "Other",
    }
}

/// How long the old one works beside the new one. `nothing` says that it does not.
pub(crate) const fn overlap(overlap: Overlap, nothing: &'static str) -> &'static str {
    match overlap {
        Overlap::Nothing => nothing,
        Overlap::Hour => "1 hour",
        Overlap::Day => "1 day",
        Overlap::Week => "7 days",
        Overlap::Month => "30 days",
    }
}

/// A status's name.
pub(crate) const fn status(status: Status) -> &'static str {
    match status {
        Status::Active => "In use",
        Status::Paused => "Paused",
        Status::Error => "Needs attention",
        Status::Disconnected => "Disconnected",
    }
}

/// A health's name and tone.
pub(crate) const fn health(health: Health) -> (Tone, &'static str) {
    match health {
        Health::Healthy => (Tone::Good, "Healthy"),
        Health::Degraded => (Tone::Warn, "Degraded"),
        Health::Unhealthy => (Tone::Bad, "Unhealthy"),
        Health::Unknown => (Tone::Calm, "Not checked"),
    }
}

/// How far a run is, and its tone.
pub(crate) const fn run_status(status: RunStatus) -> (Tone, &'static str) {
    match status {
        RunStatus::Requested => (Tone::Calm, "Requested"),
        RunStatus::PendingApproval => (Tone::Warn, "Waits for a person"),
        RunStatus::Sending => (Tone::Warn, "Being sent"),
        RunStatus::Succeeded => (Tone::Good, "Succeeded"),
        RunStatus::Accepted => (Tone::Good, "Accepted"),
        RunStatus::Failed => (Tone::Bad, "Failed"),
        RunStatus::Unknown => (Tone::Bad, "Outcome unknown"),
        RunStatus::Denied => (Tone::Calm, "Denied"),
        RunStatus::Expired => (Tone::Calm, "Expired"),
    }
}

/// How far an approval is, and its tone.
pub(crate) const fn approval_status(status: ApprovalStatus) -> (Tone, &'static str) {
    match status {
        ApprovalStatus::Pending => (Tone::Warn, "Pending"),
        ApprovalStatus::Approved => (Tone::Good, "Approved"),
        ApprovalStatus::Denied => (Tone::Bad, "Denied"),
        ApprovalStatus::Expired => (Tone::Calm, "Expired"),
    }
}

/// Whether a webhook is sent anything, and its tone.
pub(crate) const fn webhook_status(status: WebhookStatus) -> (Tone, &'static str) {
    match status {
        WebhookStatus::Active => (Tone::Good, "Active"),
        WebhookStatus::Disabled => (Tone::Bad, "Disabled"),
    }
}

/// How far a delivery is, and its tone.
pub(crate) const fn delivery_status(status: DeliveryStatus) -> (Tone, &'static str) {
    match status {
        DeliveryStatus::Pending => (Tone::Warn, "Waits to be sent"),
        DeliveryStatus::Delivered => (Tone::Good, "Delivered"),
        DeliveryStatus::Failed => (Tone::Bad, "Given up"),
        DeliveryStatus::Dropped => (Tone::Calm, "Dropped"),
    }
}

/// Why a receiver gave no usable answer.
pub(crate) const fn send_failure(why: SendFailure) -> &'static str {
    match why {
        SendFailure::Unreachable => "Nothing answers at its address, or the server must not call it",
        SendFailure::TimedOut => "It did not answer in time",
        SendFailure::Tls => "Its certificate is not valid",
        SendFailure::Broken => "The connection broke, or the answer was not HTTP",
    }
}

/// What a webhook is told.
pub(crate) const fn event_type(kind: EventType) -> &'static str {
    match kind {
        EventType::IntegrationInstalled => "An integration was connected",
        EventType::IntegrationLifecycleUpdated => "Status, name, settings or permissions changed",
        EventType::IntegrationDisconnected => "An integration was disconnected",
        EventType::IntegrationHealthChanged => "An integration got into trouble, or recovered",
        EventType::IntegrationErrored => "A provider refuses the credential",
        EventType::IntegrationCredentialRefreshed => "An access token was renewed",
        EventType::ApprovalRequested => "A call waits for a person",
        EventType::ApprovalDecided => "A person decided, or nobody did in time",
        EventType::ActionRunFinished => "A call of an action came to its end",
        EventType::ProviderEvent => "A provider sent an event",
        EventType::WebhookDisabled => "Another webhook of the project was disabled",
        EventType::WebhookTest => "A test",
    }
}

/// One change of an audit event, as it is stored.
#[derive(Debug, Deserialize)]
struct Change {
    path: String,
    from: Value,
    to: Value,
}

/// A way to log in.
pub(crate) const fn way(kind: AuthKind) -> &'static str {
    match kind {
        AuthKind::OAuth | AuthKind::Mcp => "Sign in",
        AuthKind::ApiKey => "With a key",
        AuthKind::ClientCredentials => "With an app's id and secret",
        AuthKind::TokenExchange => "With what gets a token",
        AuthKind::Jwt => "With a signing key",
        AuthKind::AwsSigV4 => "With keys of AWS",
        AuthKind::WebhookUrl => "With a secret address",
    }
}

/// The changes of an event, one sentence for each. `provider` is the provider of its settings and actions, if it is
/// known.
pub(crate) fn changes(stored: &str, provider: Option<&Provider>) -> Vec<String> {
    // Changes that cannot be read are left out, because one row must not break the log's page.
    let changes: Vec<Change> = serde_json::from_str(stored).unwrap_or_default();
    changes.iter().map(|change| sentence(change, provider)).collect()
}

fn sentence(change: &Change, provider: Option<&Provider>) -> String {
    let (from, to) = (&change.from, &change.to);
    match change.path.as_str() {
        "error_message" if to.is_null() => "The error is over".to_owned(),
        "error_message" => format!("Error: {}", value_in_words(to)),
        "sidebar_enabled" if *to == true => "Shown in the sidebar".to_owned(),
        "sidebar_enabled" => "No longer shown in the sidebar".to_owned(),
        path => match path.split_once('.') {
            Some(("settings", key)) => moved(&setting(key, provider), from, to),
            Some(("action_permissions", key)) => permission(key, from, to, provider),
            Some(("context", key)) => moved(&format!("Context, {}", key.replace('_', " ")), from, to),
            // What is about one of several names it: a key, a person, a webhook.
            Some((one, field)) if one.contains('_') && field_name(path) == path => {
                moved(&format!("{} of {one}", field_name(field)), from, to)
            }
            _ => moved(field_name(path), from, to),
        },
    }
}

/// What people call a field. One that is not known keeps its name.
fn field_name(path: &str) -> &str {
    match path {
        "status" => "Status",
        "health_status" => "Health",
        "display_name" => "Display name",
        "account" => "Account",
        "auth" => "Way to log in",
        "secret_settings" => "Secret settings",
        "credential.expires_at" => "Access token works until",
        "provider" => "Provider",
        "url" => "Address",
        "events" => "Events",
        "client_id" => "Client id",
        "scopes" => "Scopes",
        "name" => "Name",
        "slug" => "Slug",
        "domain" => "Domain",
        "branding" => "Branding",
        "return_origins" => "Return origins",
        "tier" => "Tier",
        "role" => "Role",
        "project_ids" => "Projects",
        "expires_at" => "Ends",
        "id" => "Id",
        "user_id" => "Person",
        "key_id" => "API key",
        "link" => "Install link",
        "run" => "Run",
        "action" => "Action",
        "request" => "Request",
        "outcome" => "Outcome",
        "provider_status" => "Status of the provider's answer",
        "approval" => "Approval",
        "requested_by" => "Asked by",
        "note" => "Note",
        "overlap_seconds" => "The old secret works on for, in seconds",
        "delivery" => "Delivery",
        "since" => "Events since",
        "revocation" => "Revoking",
        "reaches" => "What it ends",
        "message" => "Why",
        "runs_before" | "events_before" => "Removed up to",
        "device_login.client_name" => "Program",
        "device_login.address" => "Asked from",
        other => other,
    }
}

/// A value in words. `what` is the field.
fn value(what: &str, value: &Value) -> String {
    match value {
        Value::String(word) => told(what, word).unwrap_or_else(|| value_in_words(value)),
        Value::Object(members) => {
            let members = members.iter().map(|(name, member)| format!("{name}: {}", value_in_words(member)));
            members.collect::<Vec<_>>().join("; ")
        }
        other => value_in_words(other),
    }
}

/// What people say for a word of the API, and how they write a time.
fn told(what: &str, word: &str) -> Option<String> {
    let known = match what {
        "Health" => word.parse().ok().map(|word| health(word).1),
        _ if what.starts_with("Status of wh") => word.parse().ok().map(|word| webhook_status(word).1),
        "Status" => {
            let of_run = || word.parse().ok().map(|word| run_status(word).1);
            word.parse().ok().map(status).or_else(of_run)
        }
        _ => None,
    };
    known.map(str::to_owned).or_else(|| {
        let at = OffsetDateTime::parse(word, &Rfc3339).ok()?.to_offset(UtcOffset::UTC);
        let minute = format_description!("[day padding:none] [month repr:long] [year], [hour]:[minute] UTC");
        at.format(minute).ok()
    })
}

fn moved(what: &str, from: &Value, to: &Value) -> String {
    let value = |one: &Value| value(what, one);
    match (from, to) {
        (Value::String(one), Value::String(other)) if one == REDACTED && other == REDACTED => {
            format!("{what}: replaced")
        }
        (_, Value::String(text)) if text == REDACTED => format!("{what}: set"),
        (Value::String(text), Value::Null) if text == REDACTED => format!("{what}: removed"),
        (Value::Null, to) => format!("{what}: {}", value(to)),
        (from, Value::Null) => format!("{what}: {} removed", value(from)),
        (from, to) => format!("{what}: {} → {}", value(from), value(to)),
    }
}

/// The title of a setting, or its name if its provider is not known.
fn setting(key: &str, provider: Option<&Provider>) -> String {
    provider.map_or(key, |provider| provider.setting_title(key)).to_owned()
}

fn permission(key: &str, from: &Value, to: &Value, provider: Option<&Provider>) -> String {
    let label = provider.and_then(|provider| provider.action(key)).map_or(key, |action| &action.label);
    match to {
        Value::Bool(true) => format!("Permitted: {label}"),
        Value::String(word) if word == "ask" => format!("Permitted if a person approves each time: {label}"),
        _ if from.is_null() => format!("Not permitted: {label}"),
        _ => format!("No longer permitted: {label}"),
    }
}

/// The title of an event, with the name of its provider.
pub(crate) fn action(action: &str, provider: Option<&str>) -> String {
    let Some(name) = provider else {
        let mut title = titled(action, "an integration");
        if let Some(first) = title.get_mut(..1) {
            first.make_ascii_uppercase();
        }
        return title;
    };
    titled(action, name)
}

fn titled(action: &str, name: &str) -> String {
    // A newer replica may have recorded an action that this one does not know.
    let Ok(known) = action.parse::<AuditAction>() else {
        return format!("{name}: {action}");
    };
    match known {
        AuditAction::IntegrationInstalled => format!("{name} connected"),
        AuditAction::IntegrationLifecycleUpdated => format!("{name} changed"),
        AuditAction::IntegrationDisconnected => format!("{name} disconnected"),
        AuditAction::IntegrationRevocationEnded => format!("Access at {name}: revoking has ended"),
        AuditAction::IntegrationHealthChanged => format!("Health of {name} changed"),
        AuditAction::IntegrationCredentialRefreshed => format!("Access token of {name} renewed"),
        AuditAction::IntegrationErrored => format!("{name} refuses the credential"),
        AuditAction::IntegrationActionExecuted => format!("{name}: action sent"),
        AuditAction::IntegrationActionDenied => format!("{name}: action denied"),
        AuditAction::IntegrationActionApproved => format!("{name}: action approved"),
        AuditAction::IntegrationActionExpired => format!("{name}: nobody approved the action in time"),
        AuditAction::ApprovalNoticeFailed => "Nobody could be told of a call that waits".to_owned(),
        AuditAction::IntegrationProxied => format!("{name}: request sent through the proxy"),
        AuditAction::InstallLinkEnded => "Install link ended".to_owned(),
        AuditAction::OauthAppSet => "OAuth app set".to_owned(),
        AuditAction::OauthAppRemoved => "OAuth app removed".to_owned(),
        AuditAction::OrganizationCreated => "Organization created".to_owned(),
        AuditAction::OrganizationRevoked => "Organization revoked".to_owned(),
        AuditAction::ProjectCreated => "Project created".to_owned(),
        AuditAction::ProjectUpdated => "Project changed".to_owned(),
        AuditAction::ProjectRevoked => "Project archived".to_owned(),
        AuditAction::ProjectRestored => "Project brought back".to_owned(),
        AuditAction::ProjectErased => "Credentials of the archived project destroyed".to_owned(),
        AuditAction::ApiKeyCreated => "API key created".to_owned(),
        AuditAction::ApiKeyRevoked => "API key revoked".to_owned(),
        AuditAction::ApiKeyUpdated => "API key changed".to_owned(),
        AuditAction::ApiKeyRotated => "API key rotated".to_owned(),
        AuditAction::UserRoleSet => "Role of a person set".to_owned(),
        AuditAction::UserRoleRemoved => "Role of a person taken away".to_owned(),
        AuditAction::UserRevoked => "Person revoked".to_owned(),
        AuditAction::DeviceLoginApproved => "Login of a program approved".to_owned(),
        AuditAction::DeviceLoginDenied => "Login of a program denied".to_owned(),
        AuditAction::ApiKeyTierChanged => "Tier of an API key changed".to_owned(),
        AuditAction::ActionRunsPruned => "Old runs of actions removed".to_owned(),
        AuditAction::WebhookCreated => "Webhook created".to_owned(),
        AuditAction::WebhookUpdated => "Webhook changed".to_owned(),
        AuditAction::WebhookDeleted => "Webhook deleted".to_owned(),
        AuditAction::WebhookSecretRotated => "Webhook's secret replaced".to_owned(),
        AuditAction::WebhookRedelivered => "Missed webhook messages sent again".to_owned(),
        AuditAction::EventSourceSecretSet => "Secret of events set".to_owned(),
        AuditAction::EventSourceWaiting => "Secret of events awaited".to_owned(),
        AuditAction::EventSourceSecretShown => "Secret of events shown".to_owned(),
        AuditAction::AuditPruned => "Old events of the audit log removed".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use integrations_core::catalog::Catalog;
    use serde_json::json;

    use super::*;

    #[test]
    fn changes_are_described_in_sentences() {
        let catalog = Catalog::embedded().unwrap();
        let stored = json!([
            {"path": "status", "from": "active", "to": "paused"},
            {"path": "display_name", "from": null, "to": "Acme"},
            {"path": "sidebar_enabled", "from": false, "to": true},
            {"path": "settings.default_channel", "from": "#here", "to": null},
            {"path": "settings.signing_secret", "from": REDACTED, "to": REDACTED},
            {"path": "settings.signing_secret", "from": null, "to": REDACTED},
            {"path": "settings.gone", "from": [1], "to": ["a", "b"]},
            {"path": "secret_settings", "from": REDACTED, "to": null},
            {"path": "action_permissions.delete_message", "from": false, "to": true},
            {"path": "action_permissions.gone", "from": true, "to": false},
            {"path": "action_permissions.gone", "from": false, "to": "ask"},
            {"path": "action_permissions.gone", "from": null, "to": false},
            {"path": "client_id", "from": null, "to": "123.456"},
            {"path": "scopes", "from": null, "to": ["a", "b"]},
            {"path": "x", "from": 1, "to": {"y": 2, "z": "a"}},
            {"path": "health_status", "from": "unknown", "to": "unhealthy"},
            {"path": "status", "from": "requested", "to": "pending_approval"},
            {"path": "credential.expires_at", "from": "2026-05-17T18:00:00Z", "to": "2026-05-18T06:00:00.5Z"},
            {"path": "key_01.tier", "from": "starter", "to": "pro"},
            {"path": "whk_01.status", "from": "active", "to": "disabled"},
            {"path": "context.on_behalf_of", "from": null, "to": "Ann"},
            {"path": "device_login.address", "from": null, "to": "192.0.2.1"},
        ]);
        assert_eq!(
            changes(&stored.to_string(), catalog.get("slack").map(AsRef::as_ref)),
            [
                "Status: In use → Paused",
                "Display name: “Acme”",
                "Shown in the sidebar",
                "Default channel: “#here” removed",
                "Signing secret: replaced",
                "Signing secret: set",
                "gone: [1] → “a”, “b”",
                "Secret settings: removed",
                "Permitted: Delete a message",
                "No longer permitted: gone",
                "Permitted if a person approves each time: gone",
                "Not permitted: gone",
                "Client id: “123.456”",
                "Scopes: “a”, “b”",
                "x: 1 → y: 2; z: “a”",
                "Health: Not checked → Unhealthy",
                "Status: Requested → Waits for a person",
                "Access token works until: 17 May 2026, 18:00 UTC → 18 May 2026, 06:00 UTC",
                "Tier of key_01: “starter” → “pro”",
                "Status of whk_01: Active → Disabled",
                "Context, on behalf of: “Ann”",
                "Asked from: “192.0.2.1”",
            ]
        );
        assert_eq!(changes("not JSON", None), [""; 0]);
    }
}
