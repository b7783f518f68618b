//! What the API answers with.

use serde_json::{Value, json};

pub(crate) fn slack() -> Value {
    json!({
        "id": "int_slack", "provider": "slack", "status": "active", "display_name": "Acme Workspace",
        "setup_type": "oauth", "health_status": "healthy", "sidebar_enabled": true,
        "last_synced_at": "2026-05-17T17:55:00.123456Z", "error_message": null,
        "created_at": "2026-03-01T10:00:00Z", "updated_at": "2026-05-17T17:55:00Z",
        "settings": {"channel": "#orders", "digest": {"hour": 9}},
        "action_permissions": {"post_message": true, "archive_channel": false},
        "next_check_at": "2026-05-17T18:10:00Z", "account": {"id": "T1", "name": "Acme"},
        "granted_scopes": ["chat:write"],
        "credential": {"kind": "oauth", "expires_at": "2026-05-18T05:55:00Z", "renewable": true},
        "etag": "\"3\"", "a_field_of_tomorrow": [1, 2.5, 12345678901234567u64],
    })
}

pub(crate) fn shopify() -> Value {
    json!({
        "id": "int_shopify", "provider": "shopify", "status": "error", "display_name": null,
        "setup_type": "oauth", "health_status": "unhealthy", "sidebar_enabled": false,
        "last_synced_at": null, "error_message": "The shop refused the credential",
        "created_at": "2026-03-01T10:00:00Z", "updated_at": "2026-05-17T17:55:00Z",
        "settings": {}, "action_permissions": {}, "etag": "\"1\"",
    })
}

pub(crate) fn slack_entry() -> Value {
    json!({
        "provider": "slack", "name": "Slack", "description": "Messages to channels and people",
        "category": "communication", "setup_type": "oauth", "status": "active", "installed": true, "installable": true,
        "display_name": "Acme Workspace", "health_status": "healthy", "sidebar_enabled": true,
        "last_synced_at": "2026-05-17T17:55:00Z", "error_message": null,
        "actions": [
            {"key": "post_message", "label": "Post a message", "description": "Posts a message to a channel.",
             "kind": "write", "default": true, "requests": [{"method": "POST", "path": "/chat.postMessage"}]},
            {"key": "archive_channel", "label": "Archive a channel", "description": "Archives a channel.",
             "kind": "destructive", "default": false,
             "requests": [{"method": "POST", "path": "/conversations.archive"}]},
        ],
        "settings_schema": {"type": "object", "properties": {
            "channel": {"type": "string", "description": "Where to post"}, "digest": {"type": "object"}}},
        "documentation_url": "https://api.slack.com",
    })
}

pub(crate) fn shopify_entry() -> Value {
    json!({
        "provider": "shopify", "name": "Shopify", "description": "Orders, refunds and customers of a shop",
        "category": "commerce", "setup_type": "oauth", "status": "available", "installed": false, "installable": true,
        "display_name": null, "health_status": "unknown", "sidebar_enabled": false,
        "last_synced_at": null, "error_message": null, "actions": [], "settings_schema": null,
        "documentation_url": "https://shopify.dev/docs",
    })
}

/// An integration as it is after a change.
pub(crate) fn with(mut integration: Value, changes: Value) -> Value {
    let (Value::Object(fields), Value::Object(changes)) = (&mut integration, changes) else {
        panic!("not objects");
    };
    fields.extend(changes);
    integration
}

pub(crate) const RUN: &str = "run_01jc3q5v6w7x8y9zabcdefghjk";
pub(crate) const APPROVAL: &str = "apr_01jc3q5v6w7x8y9zabcdefghjk";

/// An action that takes something of every type.
pub(crate) fn issue_refund() -> Value {
    json!({
        "key": "issue_refund", "label": "Issue refunds", "description": "Pays a charge back.", "kind": "destructive",
        "permission": "ask", "callable": true, "a_field_of_tomorrow": 1,
        "input_schema": {"type": "object", "required": ["charge", "amount"], "properties": {
            "amount": {"type": "integer", "description": "How much, in the smallest unit."},
            "charge": {"type": "string", "description": "The charge to pay back."},
            "notify": {"type": "boolean", "description": "Whether to tell the customer."},
            "tags": {"type": "array", "items": {"type": "string"}, "description": "Labels."},
            "why": {"type": "string", "enum": ["duplicate", "fraudulent"], "description": "For the record."},
        }},
    })
}

pub(crate) fn lookup_charge() -> Value {
    json!({
        "key": "lookup_charge", "label": "Look up charges", "description": "Finds a charge.", "kind": "read_only",
        "permission": true, "callable": false, "not_callable_reason": "The integration is paused",
        "input_schema": {"type": "object", "properties": {}},
    })
}

/// A run that succeeded.
pub(crate) fn refund_run() -> Value {
    json!({
        "id": RUN, "provider": "stripe", "action": "issue_refund", "status": "succeeded", "provider_status": 200,
        "result": {"id": "re_1", "status": "succeeded"}, "error": null, "approval_id": null, "denied_by": null,
        "context": {"on_behalf_of": "ada@shop.example", "reason": "It came broken"},
        "input": {"charge": "ch_1", "amount": 500},
        "created_at": "2026-05-17T17:55:00Z", "finished_at": "2026-05-17T17:55:01Z", "a_field_of_tomorrow": [1],
    })
}

/// A run that waits for a person.
pub(crate) fn pending_run() -> Value {
    let changes = json!({
        "status": "pending_approval", "provider_status": null, "result": null, "approval_id": APPROVAL,
        "finished_at": null,
    });
    with(refund_run(), changes)
}

/// A run that was denied by a person.
pub(crate) fn denied_run() -> Value {
    let changes = json!({
        "status": "denied", "denied_by": "person", "finished_at": "2026-05-17T18:00:00Z",
        "error": {"code": "ACTION_NOT_PERMITTED", "message": "A person denied it: Paid back already"},
    });
    with(pending_run(), changes)
}

/// An approval that waits for a person.
pub(crate) fn approval() -> Value {
    json!({
        "id": APPROVAL, "run_id": RUN, "provider": "stripe", "action": "issue_refund", "label": "Issue refunds",
        "kind": "destructive", "status": "pending", "input": {"charge": "ch_1", "amount": 500},
        "evidence": {"refundable": 5000}, "reasons": ["A person approves each “Issue refunds”"],
        "context": {"on_behalf_of": "ada@shop.example", "conversation": null, "reason": "It came broken"},
        "requested_by": {"id": "key_01jc3q5v6w7x8y9zabcdefghjk", "name": "Help desk"},
        "created_at": "2026-05-17T17:55:00Z", "expires_at": "2026-05-18T17:55:00Z", "decided_by": null,
        "decided_at": null, "note": null, "a_field_of_tomorrow": true,
    })
}
