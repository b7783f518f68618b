//! An integration as a card.

use serde_json::{Map, Value};

use crate::text::{aligned, cell, json_block, time, yes_no};
use crate::wire::{CatalogEntry, Integration};

/// The lines of an integration's card.
pub(crate) fn integration_facts(
    integration: &Integration,
    entry: Option<&CatalogEntry>,
) -> Vec<(&'static str, String)> {
    let name = integration.display_name.as_deref().or_else(|| entry.and_then(|entry| entry.name.as_deref()));
    let mut facts = vec![
        ("Integration", cell(integration.id.as_deref())),
        ("Provider", cell(integration.provider.as_deref())),
        ("Name", cell(name)),
        ("Status", cell(integration.status.as_deref())),
        ("Health", cell(integration.health_status.as_deref())),
    ];
    if integration.error_message.is_some() {
        facts.push(("Error", cell(integration.error_message.as_deref())));
    }
    facts.extend([
        ("Setup", cell(integration.setup_type.as_deref())),
        ("Sidebar", yes_no(integration.sidebar_enabled)),
        ("Last synced", time(integration.last_synced_at.as_deref())),
        ("Created", time(integration.created_at.as_deref())),
        ("Updated", time(integration.updated_at.as_deref())),
    ]);
    if integration.etag.is_some() {
        facts.push(("ETag", cell(integration.etag.as_deref())));
    }
    if let Some(settings) = &integration.settings {
        facts.push(("Settings", json_block(settings)));
    }
    if let Some(permissions) = &integration.action_permissions {
        facts.push(("Actions", permission_lines(permissions, entry)));
    }
    facts
}

/// Every action of the catalog and of the permissions, allowed or denied: one that is not named is not allowed.
fn permission_lines(permissions: &Map<String, Value>, entry: Option<&CatalogEntry>) -> String {
    let offered = entry.iter().flat_map(|entry| &entry.actions).filter_map(|action| action.key.as_deref());
    let mut keys: Vec<&str> = offered.collect();
    keys.extend(permissions.keys().map(String::as_str).filter(|key| !keys.contains(key)).collect::<Vec<_>>());
    let rows = keys.into_iter().map(|key| {
        let allowed = permissions.get(key) == Some(&Value::Bool(true));
        (cell(Some(key)), if allowed { "allowed" } else { "denied" }.to_owned())
    });
    aligned(rows.collect(), usize::MAX)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::client::read;

    #[test]
    fn permissions_are_listed_and_what_is_not_true_is_denied() {
        let integration: Integration =
            read(&json!({"action_permissions": {"refund": true, "cancel\u{1b}": false}})).unwrap();
        let entry: CatalogEntry = read(&json!({"actions": [{"key": "lookup"}, {"key": "refund"}]})).unwrap();
        let facts = integration_facts(&integration, Some(&entry));
        let actions = facts.iter().find(|(name, _)| *name == "Actions").map(|(_, value)| value.as_str());
        assert_eq!(actions, Some("lookup        denied\nrefund        allowed\ncancel\\u{1b}  denied\n"));
    }
}
