//! The bodies that the specification shows.

use serde_json::{Value, json};

/// The request id of every example.
pub(super) const REQUEST_ID: &str = "req_01jc3q5v6w7x8y9zabcdefghjk";

/// An integration.
pub(super) fn integration() -> Value {
    json!({
        "id": "int_01jc3q5v6w7x8y9zabcdefghjk", "provider": "slack", "status": "active",
        "display_name": "Acme Workspace", "setup_type": "oauth", "health_status": "healthy",
        "sidebar_enabled": true, "last_synced_at": "2026-05-17T17:55:00Z", "error_message": null,
        "created_at": "2026-03-01T10:00:00Z", "updated_at": "2026-05-17T17:55:00Z",
        "provider_key": "slack", "alias": null, "settings": {"default_channel": "#support"}, "action_permissions": {"post_message": true},
        "next_check_at": "2026-05-17T18:10:00Z",
        "account": {"id": "T0123456789", "name": "Acme Workspace"}, "granted_scopes": ["chat:write"],
        "credential": {"kind": "oauth", "expires_at": "2026-05-18T05:55:00Z", "renewable": true}, "etag": "\"v3\""
    })
}

/// An action of an integration.
pub(super) fn installed_action() -> Value {
    json!({
        "key": "post_message", "label": "Post a message", "description": "Posts a message to a channel.",
        "kind": "write", "permission": "ask",
        "input_schema": {
            "type": "object",
            "properties": {
                "channel": {"type": "string", "description": "The channel's id."},
                "text": {"type": "string", "description": "The text."}
            },
            "required": ["text"]
        },
        "callable": true
    })
}

/// A call of an action.
pub(super) fn action_call() -> Value {
    json!({"input": message(), "context": context()})
}

fn message() -> Value {
    json!({"channel": "C0123456789", "text": "Your parcel is on its way."})
}

fn context() -> Value {
    json!({"on_behalf_of": "ada@shop.example", "conversation": "ticket 4711", "reason": "She asked for news"})
}

/// A run that succeeded.
pub(super) fn action_run() -> Value {
    json!({
        "id": "run_01jc3q5v6w7x8y9zabcdefghjk", "provider": "slack", "action": "post_message",
        "status": "succeeded", "provider_status": 200,
        "result": {"channel": "C0123456789", "ts": "1503435956.000247"}, "error": null, "approval_id": null,
        "denied_by": null, "context": context(), "input": message(), "created_at": "2026-05-17T17:55:00Z",
        "finished_at": "2026-05-17T17:55:01Z"
    })
}

/// A run that waits for a person.
pub(super) fn pending_run() -> Value {
    let mut run = action_run();
    run["status"] = json!("pending_approval");
    run["approval_id"] = json!("apr_01jc3q5v6w7x8y9zabcdefghjk");
    for absent in ["provider_status", "result", "finished_at"] {
        run[absent] = json!(null);
    }
    run
}

/// A run that a person denied.
pub(super) fn denied_run() -> Value {
    let mut run = pending_run();
    run["status"] = json!("denied");
    run["denied_by"] = json!("person");
    run["error"] = json!({
        "code": "ACTION_NOT_PERMITTED",
        "message": "A person denied it: Not this customer. Do not ask again by yourself, but tell those whom it concerns"
    });
    run["finished_at"] = json!("2026-05-17T18:05:00Z");
    run
}

/// An approval that waits for a decision.
pub(super) fn approval() -> Value {
    json!({
        "id": "apr_01jc3q5v6w7x8y9zabcdefghjk", "run_id": "run_01jc3q5v6w7x8y9zabcdefghjk", "provider": "slack",
        "action": "post_message", "label": "Post messages", "kind": "write", "status": "pending", "input": message(),
        "evidence": {}, "reasons": ["A person approves each “Post messages”"], "context": context(),
        "requested_by": {"id": "key_01jc3q5v6w7x8y9zabcdefghjk", "name": "Help desk"},
        "created_at": "2026-05-17T17:55:00Z", "expires_at": "2026-05-18T17:55:00Z", "decided_by": null,
        "decided_at": null, "note": null
    })
}

/// How the approvals of a project are decided.
pub(super) fn approval_policy() -> Value {
    json!({
        "decided_by": "people", "expires_after_seconds": 86_400,
        "notify": {
            "provider": "slack", "action": "post_message", "input": {"channel": "#approvals"},
            "problem": null, "last_failure": null
        }
    })
}

/// What other settings would have made of the calls of the past.
pub(super) fn policy_replay() -> Value {
    json!({
        "decided": 120, "left_out": 0, "has_more": false,
        "otherwise": [{
            "run_id": "run_01jc3q5v6w7x8y9zabcdefghjk", "action": "post_message",
            "created_at": "2026-05-17T17:55:00Z", "was": "allow", "would_be": "ask",
            "reasons": ["A person approves each “Post a message”"]
        }]
    })
}

/// What would be decided of a call.
pub(super) fn policy_explanation() -> Value {
    let check = |kind: &str, rule: &str, decision: &str, value: &str| {
        json!({
            "kind": kind, "rule": rule, "decision": decision, "why": null, "value": value, "limit": null,
            "used": null, "within_seconds": null, "setting": null
        })
    };
    let mut permission = check("permission", "“Post a message” must be permitted", "ask", "ask");
    permission["why"] = json!("A person approves each “Post a message”");
    json!({
        "action": "post_message", "decision": "ask", "reasons": [permission["why"]], "same_run_id": null,
        "checks": [check("status", "The integration must be active", "allow", "active"), permission],
        "provider_asked": true, "input": message(), "evidence": {}
    })
}

/// An event of the audit log.
pub(super) fn audit_event() -> Value {
    json!({
        "id": "aud_01jc3q5v6w7x8y9zabcdefghjk", "action": "integration.lifecycle.updated",
        "actor": {
            "kind": "api_key", "api_key_id": "key_01jc3q5v6w7x8y9zabcdefghjk", "user_id": null, "name": "Help desk"
        },
        "provider": "slack", "integration_id": "int_01jc3q5v6w7x8y9zabcdefghjk", "request_id": REQUEST_ID,
        "changes": [{"path": "status", "from": "active", "to": "paused"}],
        "created_at": "2026-05-17T17:55:00Z"
    })
}

/// An integration that was disconnected, and whose access is revoked.
pub(super) fn revoked() -> Value {
    let mut integration = integration();
    integration["status"] = json!("disconnected");
    integration["health_status"] = json!("unknown");
    integration["sidebar_enabled"] = json!(false);
    for gone in ["next_check_at", "granted_scopes", "credential"] {
        integration[gone] = json!(null);
    }
    integration["etag"] = json!("\"v4\"");
    integration["revocation"] = json!("revoked");
    integration["revocation_details"] = json!({
        "reaches": "grant", "message": null, "until": null,
        "requested_at": "2026-05-17T17:55:00Z", "ended_at": "2026-05-17T17:55:02Z",
    });
    integration["message"] = json!(
        "Disconnected. Slack has revoked everything that the app may do for this account: it refuses the credential."
    );
    integration
}

/// A lifecycle PATCH.
pub(super) fn lifecycle_update() -> Value {
    json!({
        "status": "active", "display_name": "Acme Workspace", "sidebar_enabled": true,
        "settings": {"default_channel": "#support"}, "action_permissions": {"post_message": true}
    })
}

/// A catalog entry.
pub(super) fn catalog_entry() -> Value {
    json!({
        "provider": "shopify", "name": "Shopify",
        "description": "Look up orders and customers, refund and cancel orders.", "category": "commerce",
        "setup_type": "oauth",
        "auth": [{"kind": "oauth", "setup_type": "oauth", "recommended": true, "why": null, "ready": true}],
        "aliases": ["eu"], "status": "available", "installed": false, "installable": true, "display_name": null,
        "health_status": "unknown", "sidebar_enabled": false, "last_synced_at": null, "error_message": null,
        "actions": [{
            "key": "issue_refund", "label": "Issue refunds", "description": "Refunds an order in whole or in part.",
            "kind": "destructive", "default": false,
            "requests": [{"method": "POST", "path": "/orders/{order_id}/refunds.json"}]
        }],
        "settings_schema": {
            "type": "object", "additionalProperties": false,
            "properties": {"refunds_enabled": {"type": "boolean", "title": "Refunds"}}
        },
        "logo": {
            "light": "https://integrations.example.com/dashboard/assets/logo-8zP1mVq3Wb2x.svg",
            "dark": "https://integrations.example.com/dashboard/assets/logo-8zP1mVq3Wb2x.svg"
        },
        "documentation_url": "https://shopify.dev/docs/api"
    })
}

/// An install URL.
pub(super) fn install_url() -> Value {
    json!({
        "provider": "slack",
        "install_url": "https://integrations.example.com/dashboard/projects/prj_01jc3q5v6w7x8y9zabcdefghjk/integrations/slack",
        "setup_type": "oauth", "auth": null,
        "message": "Open the URL above in a browser to complete installation.",
        "link_id": "lnk_01jc3q5v6w7x8y9zabcdefghjk", "expires_at": "2026-05-17T18:25:00Z"
    })
}

/// A webhook.
pub(super) fn webhook() -> Value {
    json!({
        "id": "whk_01jc3q5v6w7x8y9zabcdefghjk", "url": "https://app.example/hooks/riq", "events": ["integration.*"],
        "status": "active", "failure_count": 0, "last_triggered_at": "2026-05-17T17:55:00Z",
        "created_at": "2026-03-01T10:00:00Z"
    })
}

/// A new webhook.
pub(super) fn new_webhook() -> Value {
    let mut webhook = webhook();
    webhook["last_triggered_at"] = json!(null);
    webhook["secret"] = json!("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSwUhgd0kM2Qk0=");
    webhook
}

/// A webhook's new secret.
pub(super) fn webhook_secret() -> Value {
    json!({
        "secret": "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSwUhgd0kM2Qk0=", "old_secret_until": "2026-05-17T18:55:00Z"
    })
}

/// What came of a test.
pub(super) fn webhook_test() -> Value {
    json!({"delivered": true, "status_code": 200, "duration_ms": 143, "error": null})
}

/// A delivery.
pub(super) fn webhook_delivery() -> Value {
    json!({
        "id": "dlv_01jc3q5v6w7x8y9zabcdefghjk", "event_id": "evt_01jc3q5v6w7x8y9zabcdefghjk",
        "event": "integration.lifecycle.updated", "status": "delivered", "attempt": 1, "status_code": 200,
        "error": null, "duration_ms": 143, "next_attempt_at": null, "created_at": "2026-05-17T17:55:00Z"
    })
}

/// A delivery with its message and attempts.
pub(super) fn webhook_delivery_details() -> Value {
    let mut delivery = webhook_delivery();
    delivery["body"] =
        json!("{\"id\":\"evt_01jc3q5v6w7x8y9zabcdefghjk\",\"type\":\"integration.lifecycle.updated\"}");
    delivery["attempts"] = json!([{
        "number": 1, "at": "2026-05-17T17:55:00Z", "status_code": 200, "error": null, "duration_ms": 143,
        "answer": "ok"
    }]);
    delivery
}

/// An event of a provider.
pub(super) fn provider_event() -> Value {
    json!({
        "id": "pev_01jc3q5v6w7x8y9zabcdefghjk", "provider_event_id": "evt_1NG8Du2eZvKYlo2CUI79vXWy",
        "type": "charge.refunded", "account": null, "occurred_at": "2026-05-17T17:54:58Z",
        "received_at": "2026-05-17T17:55:00Z", "attempt": null, "is_repeat": false, "headers": {},
        "is_body_signed": true, "body_size": 2,
        "body_sha256": "44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a"
    })
}

/// An event of a provider with its body.
pub(super) fn provider_event_details() -> Value {
    let mut event = provider_event();
    event["body"] = json!("{}");
    event["body_base64"] = json!(null);
    event
}

/// An address that a provider sends events to.
pub(super) fn event_source() -> Value {
    json!({
        "provider": "stripe", "address_of": "integration",
        "url": "https://riq.example/hooks/evs_01jc3q5v6w7x8y9zabcdefghjk/Mh3PzQk7GZc1Jb0w5Vt8yRr2nXl9sKdFuEoTiAa4B6C",
        "enter": "Add an event destination of the type webhook endpoint with the address, and choose the events.",
        "page": "https://dashboard.stripe.com/webhooks", "documentation_url": "https://docs.stripe.com/webhooks",
        "secret_source": "person", "secret_status": "set", "old_secret_until": null,
        "refusals": [{
            "reason": "wrong_signature",
            "message": "Signed, but not by your secret. Copy the secret of this address again",
            "claimed_type": null, "count": 3, "last_at": "2026-05-17T17:55:00Z"
        }]
    })
}

/// An install link.
pub(super) fn install_link() -> Value {
    json!({
        "id": "lnk_01jc3q5v6w7x8y9zabcdefghjk", "provider": "slack", "status": "open",
        "created_by": "key_01jc3q5v6w7x8y9zabcdefghjk", "return_url": "https://app.example.com/settings",
        "expected_account_id": null, "auth": null,
        "created_at": "2026-05-17T17:55:00Z", "expires_at": "2026-05-17T18:25:00Z",
        "used_at": null, "ended_at": null
    })
}

/// An install link that was ended.
pub(super) fn ended_install_link() -> Value {
    let mut link = install_link();
    link["status"] = json!("ended");
    link["ended_at"] = json!("2026-05-17T18:00:00Z");
    link
}

/// A project.
pub(super) fn project() -> Value {
    json!({
        "id": "prj_01jc3q5v6w7x8y9zabcdefghjk", "org_id": "org_01jc3q5v6w7x8y9zabcdefghjk", "name": "Acme Support",
        "slug": "acme-support", "domain": "support.example.com",
        "return_origins": ["https://app.example.com"],
        "branding": {"name": "Acme", "logo": "acme.svg", "accent": "#0a7755", "accent_dark": "#2fbf8f", "support": "help@example.com"},
        "agent_mode": "off", "ai_model": null,
        "created_at": "2026-03-01T10:00:00Z", "archived_at": null, "restorable_until": null
    })
}

/// A project that was archived.
pub(super) fn archived_project() -> Value {
    let mut project = project();
    project["archived_at"] = json!("2026-05-17T17:55:00Z");
    project["restorable_until"] = json!("2026-06-16T17:55:00Z");
    project
}

/// An API key's record.
pub(super) fn api_key() -> Value {
    json!({
        "id": "key_01jc3q5v6w7x8y9zabcdefghjk", "org_id": "org_01jc3q5v6w7x8y9zabcdefghjk", "name": "Help desk",
        "hint": "riq_7Hq2", "scopes": ["read", "integrations:write"],
        "project_ids": ["prj_01jc3q5v6w7x8y9zabcdefghjk"], "tier": "starter",
        "created_by": "usr_01jc3q5v6w7x8y9zabcdefghjk", "replaces": null, "user_id": null,
        "created_at": "2026-03-01T10:00:00Z", "expires_at": null, "last_used_at": "2026-05-17T17:55:00Z",
        "revoked_at": null
    })
}

/// A new API key.
pub(super) fn new_api_key() -> Value {
    let mut key = api_key();
    key["last_used_at"] = json!(null);
    key["key"] = json!("riq_7Hq2vJ8sK1mN4pR6tW9yB3dF5gH7jL0qS2uX4zC6vE8aG1iM3");
    key
}

/// An API key's record after it was revoked.
pub(super) fn revoked_api_key() -> Value {
    let mut key = api_key();
    key["revoked_at"] = json!("2026-05-17T17:55:00Z");
    key
}

/// An OAuth app.
pub(super) fn oauth_app() -> Value {
    json!({
        "provider": "slack", "name": "Slack", "owner": "organization", "client_id": "1234567890.1234567890",
        "scopes": ["chat:write", "channels:read"], "default_scopes": ["chat:write", "channels:read"],
        "base": null, "shared": false, "services": [], "fields": [],
        "redirect_uri": "https://integrations.example.com/oauth/callback",
        "registration_url": "https://api.slack.com/apps", "updated_at": "2026-05-17T17:55:00Z"
    })
}

/// The result of checking an OAuth app.
pub(super) fn oauth_app_check() -> Value {
    json!({
        "accepted": true, "status_code": 302,
        "message": "Slack takes the request and asks the person to sign in or to consent."
    })
}

/// A device login that has begun.
pub(super) fn device_login() -> Value {
    json!({
        "device_code": "GmRhmhcxhwAzkoEqiMEg_DnyEysNkuNhszIySk9eS1o", "user_code": "WDJB-MJHT",
        "verification_uri": "https://integrations.example.com/device",
        "verification_uri_complete": "https://integrations.example.com/device?code=WDJB-MJHT",
        "expires_in": 900, "interval": 5
    })
}

/// The API key of a device login.
pub(super) fn device_token() -> Value {
    json!({
        "access_token": "riq_7Hq2vJ8sK1mN4pR6tW9yB3dF5gH7jL0qS2uX4zC6vE8aG1iM3", "token_type": "bearer",
        "expires_in": 604_800, "scope": "read integrations:write", "key_id": "key_01jc3q5v6w7x8y9zabcdefghjk",
        "org_id": "org_01jc3q5v6w7x8y9zabcdefghjk", "project_id": "prj_01jc3q5v6w7x8y9zabcdefghjk"
    })
}
