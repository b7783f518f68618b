//! An integration as a card.

use integrations_core::revocation::RevocationStatus;
use integrations_core::wire::{Account, CatalogEntry, CredentialFacts, Integration, Open, RevocationDetails};
use serde_json::Value;

use crate::client::raw_value;
use crate::text::{aligned, cell, json_block, time, word, yes_no};

/// The lines of an integration's card.
pub(crate) fn integration_facts(
    integration: &Integration,
    entry: Option<&CatalogEntry>,
) -> Vec<(&'static str, String)> {
    let name = integration.display_name.as_deref().or_else(|| entry.map(|entry| entry.name.as_str()));
    let mut facts = vec![
        ("Integration", cell(Some(&integration.id))),
        ("Provider", cell(Some(&integration.provider))),
        ("Name", cell(name)),
        ("Status", word(&integration.status)),
        ("Health", word(&integration.health_status)),
    ];
    if integration.error_message.is_some() {
        facts.push(("Error", cell(integration.error_message.as_deref())));
    }
    facts.push(("Setup", word(&integration.setup_type)));
    if let Some(account) = &integration.account {
        facts.push(("Account", account_line(account)));
    }
    if let Some(scopes) = integration.granted_scopes.read().ok().filter(|scopes| !scopes.is_empty()) {
        facts.push(("Scopes", cell(Some(&scopes.join(" ")))));
    }
    if let Some(credential) = &integration.credential {
        facts.push(("Credential", credential_line(credential)));
    }
    if let Some(revocation) = &integration.revocation {
        facts.push(("Revocation", revocation_line(revocation, integration.revocation_details.as_ref())));
    }
    facts.extend([
        ("Sidebar", yes_no(integration.sidebar_enabled)),
        ("Last synced", time(integration.last_synced_at)),
        ("Next check", time(integration.next_check_at)),
        ("Created", time(Some(integration.created_at))),
        ("Updated", time(Some(integration.updated_at))),
        ("ETag", cell(Some(&integration.etag))),
        ("Settings", json_block(&raw_value(&integration.settings))),
        ("Actions", permission_lines(&raw_value(&integration.action_permissions), entry)),
    ]);
    facts
}

/// The account's name and id, or only its id.
fn account_line(account: &Account) -> String {
    let id = cell(Some(&account.id));
    account.name.as_deref().map_or_else(|| id.clone(), |name| format!("{} ({id})", cell(Some(name))))
}

/// When the credential ends, and what happens then.
fn credential_line(credential: &CredentialFacts) -> String {
    let end = match credential.expires_at {
        Some(_) => format!("expires {}", time(credential.expires_at)),
        None => "does not expire".to_owned(),
    };
    if credential.renewable { format!("{end}, renewed by the server") } else { end }
}

/// What came of revoking the access, what it reached, and until when something lives on.
fn revocation_line(status: &Open<RevocationStatus>, details: Option<&RevocationDetails>) -> String {
    let Some(details) = details else { return word(status) };
    let reaches = details.reaches.as_ref().map(|reaches| format!(" ({})", word(reaches)));
    let until = details.until.filter(|_| details.ended_at.is_none());
    let until = until.map(|until| format!(" until {}", time(Some(until))));
    let message = details.message.as_deref().map(|message| format!(": {}", cell(Some(message))));
    [Some(word(status)), reaches, until, message].into_iter().flatten().collect()
}

/// Every action of the catalog and of the permissions, allowed or denied. An action without a permission is denied. A
/// value that only a newer server knows is shown unchanged.
fn permission_lines(permissions: &Value, entry: Option<&CatalogEntry>) -> String {
    let offered = entry.and_then(|entry| entry.actions.as_ref()?.read().ok()).unwrap_or_default();
    let mut keys: Vec<&str> = offered.iter().map(|action| action.key.as_str()).collect();
    let named = permissions.as_object().into_iter().flat_map(|permissions| permissions.keys());
    keys.extend(named.map(String::as_str).filter(|key| !keys.contains(key)).collect::<Vec<_>>());
    let rows = keys.into_iter().map(|key| {
        let permission = match permissions.get(key) {
            Some(Value::Bool(true)) => "allowed".to_owned(),
            Some(Value::Bool(false)) | None => "denied".to_owned(),
            Some(Value::String(word)) => cell(Some(word)),
            Some(other) => cell(Some(&other.to_string())),
        };
        (cell(Some(key)), permission)
    });
    aligned(rows.collect(), usize::MAX)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn permissions_are_listed_and_what_is_not_named_is_denied() {
        let permissions = json!({"refund": true, "cancel\u{1b}": false, "void": "ask"});
        let action = |key| json!({"key": key, "label": key, "description": "", "kind": "write", "default": false, "requests": []});
        let entry = json!({
            "provider": "shopify", "name": "Shopify", "description": "", "category": "commerce", "setup_type": "oauth",
            "status": "active", "installed": true, "installable": true, "health_status": "healthy",
            "sidebar_enabled": true, "actions": [action("lookup"), action("refund")], "settings_schema": {},
            "documentation_url": "https://shopify.dev",
        });
        let lines = permission_lines(&permissions, Some(&serde_json::from_value(entry).unwrap()));
        assert_eq!(
            lines,
            "lookup        denied\nrefund        allowed\ncancel\\u{1b}  denied\nvoid          ask\n"
        );
    }
}
