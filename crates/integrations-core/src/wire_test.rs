//! What the server writes can be read, and so can what a newer server may add.

use serde::{Serialize, de::DeserializeOwned};
use serde_json::{Value, json};

use crate::{
    action::{ApprovalStatus, Deciders, RunStatus},
    audit::{AuditAction, Change},
    catalog::ActionKind,
    error::ErrorCode,
    integration::RequestedStatus,
    lifecycle::{Health, Status},
    permissions::Permission,
    standing::Standing,
    wire::{
        ActionRunList, ApiError, ApprovalList, ApprovalPolicyResponse, AuditEventList, CatalogEntry,
        CatalogList, InstallUrlResponse, InstalledActionList, Integration, IntegrationList,
        IntegrationResponse, LifecycleUpdate, Open, ServerStatusResponse,
    },
};

fn integration() -> Value {
    json!({
        "id": "int_01jc3q5v6w7x8y9zabcdefghjk", "provider": "slack", "status": "active",
        "display_name": "Acme Workspace", "setup_type": "oauth", "health_status": "healthy",
        "sidebar_enabled": true, "last_synced_at": "2026-05-17T17:55:00Z", "error_message": null,
        "created_at": "2026-03-01T10:00:00Z", "updated_at": "2026-05-17T17:55:00Z",
        "provider_key": "slack", "alias": null, "settings": {"default_channel": "#support"}, "action_permissions": {"post_message": true},
        "next_check_at": "2026-05-17T18:10:00Z", "account": {"id": "T1", "name": null},
        "granted_scopes": ["chat:write"],
        "credential": {"kind": "oauth", "expires_at": "2026-05-18T05:55:00Z", "renewable": true}, "etag": "\"v3\""
    })
}

fn catalog_entry() -> Value {
    json!({
        "provider": "shopify", "name": "Shopify", "description": "Look up orders.", "category": "commerce",
        "setup_type": "oauth",
        "auth": [{"kind": "oauth", "setup_type": "oauth", "recommended": true, "why": null, "ready": false}],
        "aliases": ["eu"], "status": "available", "installed": false, "installable": false,
        "not_installable_reason": "No OAuth app is set for Shopify on this server", "display_name": null,
        "health_status": "unknown", "sidebar_enabled": false, "last_synced_at": null, "error_message": null,
        "actions": [{
            "key": "issue_refund", "label": "Issue refunds", "description": "Refunds an order.",
            "kind": "destructive", "default": false,
            "requests": [{"method": "POST", "path": "/graphql.json", "operation": "refundCreate"}]
        }],
        "settings_schema": {"type": "object", "additionalProperties": false, "properties": {}},
        "logo": {"light": "https://riq.example/l.svg", "dark": "https://riq.example/d.svg"},
        "documentation_url": "https://shopify.dev/docs/api"
    })
}

fn audit_event() -> Value {
    json!({
        "id": "aud_01jc3q5v6w7x8y9zabcdefghjk", "action": "integration.lifecycle.updated",
        "actor": {"kind": "api_key", "api_key_id": "key_01jc3q5v6w7x8y9zabcdefghjk", "user_id": null, "name": "Help desk"},
        "provider": "slack", "integration_id": "int_01jc3q5v6w7x8y9zabcdefghjk", "request_id": null,
        "changes": [{"path": "display_name", "from": null, "to": "Acme"}], "created_at": "2026-05-17T17:55:00Z"
    })
}

fn action_run() -> Value {
    json!({
        "id": "run_01jc3q5v6w7x8y9zabcdefghjk", "provider": "stripe", "action": "issue_refund", "status": "failed",
        "provider_status": 402, "result": null, "error": {"code": "PROVIDER_REFUSED", "message": "No such charge"},
        "approval_id": null, "denied_by": null, "context": {"reason": "It came broken"},
        "input": {"charge": "ch_1", "amount": 500}, "created_at": "2026-05-17T17:55:00Z",
        "finished_at": "2026-05-17T17:55:01Z"
    })
}

fn approval() -> Value {
    json!({
        "id": "apr_01jc3q5v6w7x8y9zabcdefghjk", "run_id": "run_01jc3q5v6w7x8y9zabcdefghjk", "provider": "stripe",
        "action": "issue_refund", "label": "Issue refunds", "kind": "destructive", "status": "pending",
        "input": {"charge": "ch_1", "amount": 500}, "evidence": {"refundable": 5000}, "reasons": ["A person approves it"],
        "context": null, "requested_by": {"id": "key_01jc3q5v6w7x8y9zabcdefghjk", "name": "Help desk"},
        "created_at": "2026-05-17T17:55:00Z", "expires_at": "2026-05-18T17:55:00Z", "decided_by": null,
        "decided_at": null, "note": null
    })
}

/// Reads a body and writes it again, and expects the same fields.
fn round_trip<T: Serialize + DeserializeOwned>(body: &Value) -> T {
    let text = body.to_string();
    let read: T = serde_json::from_str(&text).unwrap();
    assert_eq!(serde_json::to_string(&read).unwrap(), text);
    // A client may parse the body to a `Value` first.
    assert_eq!(serde_json::to_string(&serde_json::from_value::<T>(body.clone()).unwrap()).unwrap(), text);
    read
}

#[test]
fn every_body_is_written_as_it_was_read() {
    let list = round_trip::<IntegrationList>(&json!({"data": [integration(), integration()]}));
    assert_eq!(list.data[0].health_status, Open::Known(Health::Healthy));
    assert_eq!(list.data[0].action_permissions.read().unwrap()["post_message"], Permission::Allowed);
    let mut disconnected = integration();
    disconnected["message"] = json!("Disconnected");
    round_trip::<IntegrationResponse>(&json!({"data": disconnected}));
    let entry = round_trip::<CatalogEntry>(&catalog_entry());
    assert_eq!(entry.status, Open::Known(Standing::Available));
    assert_eq!(entry.actions.unwrap().read().unwrap()[0].kind, Open::Known(ActionKind::Destructive));
    let mut brief = catalog_entry();
    for left_out in ["actions", "settings_schema"] {
        brief.as_object_mut().unwrap().shift_remove(left_out);
    }
    for end in
        [json!({}), json!({"cursor": null, "has_more": false}), json!({"cursor": "cat_1", "has_more": true})]
    {
        let mut page = json!({"data": [&brief]});
        page.as_object_mut().unwrap().extend(end.as_object().unwrap().clone());
        round_trip::<CatalogList>(&page);
    }
    let page = json!({"data": [audit_event()], "cursor": "aud_01jc3q5v6w7x8y9zabcdefghjk", "has_more": true});
    let page = round_trip::<AuditEventList>(&page);
    let changes = vec![Change { path: "display_name".into(), from: Value::Null, to: "Acme".into() }];
    assert_eq!(page.data[0].changes.read().unwrap(), changes);
    assert_eq!(page.data[0].action.known(), Some(AuditAction::IntegrationLifecycleUpdated));
    let runs = json!({"data": [action_run()], "cursor": null, "has_more": false});
    assert_eq!(round_trip::<ActionRunList>(&runs).data[0].status.known(), Some(RunStatus::Failed));
    let approvals = json!({"data": [approval()], "cursor": null, "has_more": false});
    assert_eq!(round_trip::<ApprovalList>(&approvals).data[0].status.known(), Some(ApprovalStatus::Pending));
    let policy = json!({"data": {
        "decided_by": "people_and_keys", "expires_after_seconds": 300, "notify": null
    }});
    assert_eq!(
        round_trip::<ApprovalPolicyResponse>(&policy).data.decided_by.known(),
        Some(Deciders::PeopleAndKeys)
    );
    let actions = json!({"data": [{
        "key": "issue_refund", "label": "Issue refunds", "description": "Refunds an order.", "kind": "destructive",
        "permission": "ask", "input_schema": {"type": "object", "properties": {}}, "callable": false,
        "not_callable_reason": "The integration is paused"
    }]});
    round_trip::<InstalledActionList>(&actions);
    round_trip::<ServerStatusResponse>(&json!({"data": {"status": "ready"}}));
    let install = json!({
        "provider": "slack", "install_url": "https://e.com", "setup_type": "oauth", "auth": null,
        "message": "Go",
        "link_id": "lnk_01jc3q5v6w7x8y9zabcdefghjk", "expires_at": "2026-05-17T18:25:00Z"
    });
    round_trip::<InstallUrlResponse>(&json!({"data": install}));
}

#[test]
fn an_error_says_what_it_has_to_say_and_nothing_else() {
    let bare = json!({"error": "Busy", "code": "CONFLICT", "request_id": "req_1"});
    assert_eq!(round_trip::<ApiError>(&bare).code, Open::Known(ErrorCode::Conflict));
    let issues = json!([{"path": "settings.limit", "message": "Expected integer"}]);
    let full = json!({"error": "Wait", "code": "RATE_LIMITED", "request_id": "req_1", "issues": issues, "retry_after": 12});
    assert_eq!(round_trip::<ApiError>(&full).retry_after, Some(12));
    let refused = json!({"error": "No", "code": "PROVIDER_REFUSED", "request_id": "req_1", "run_id": "run_1", "provider_status": 402});
    assert_eq!(round_trip::<ApiError>(&refused).provider_status, Some(402));
}

#[test]
fn what_a_newer_server_says_is_borne_and_shown() {
    let mut newer = integration();
    newer["status"] = json!("hibernating");
    newer["health_status"] = json!("splendid");
    newer["later"] = json!({"deep": [1]});
    newer.as_object_mut().unwrap().remove("last_synced_at");
    newer.as_object_mut().unwrap().remove("display_name");
    let read: Integration = serde_json::from_value(newer).unwrap();
    assert_eq!((read.status.known(), read.status.to_string()), (None, "hibernating".to_owned()));
    assert_eq!(serde_json::to_value(&read.health_status).unwrap(), json!("splendid"));
    assert_eq!((read.last_synced_at, read.display_name), (None, None));
    assert_eq!(Open::from(Status::Active), Open::read("active"));
}

#[test]
fn a_change_tells_a_name_that_is_taken_away_from_one_that_is_left_alone() {
    let away = round_trip::<LifecycleUpdate>(&json!({"status": "paused", "display_name": null}));
    assert_eq!((away.status, away.display_name), (Some(RequestedStatus::Paused), Some(None)));
    assert_eq!(round_trip::<LifecycleUpdate>(&json!({"sidebar_enabled": false})).display_name, None);
    round_trip::<LifecycleUpdate>(
        &json!({"settings": {"limit": null}, "action_permissions": {"cancel": "ask", "refund": true}}),
    );
}

#[test]
fn a_server_that_answers_with_the_contract_s_fields_alone_is_borne() {
    let mut body = integration();
    for beside in ["settings", "action_permissions", "next_check_at", "etag"] {
        body.as_object_mut().unwrap().remove(beside).unwrap();
    }
    let read: Integration = serde_json::from_value(body).unwrap();
    assert_eq!((read.settings.as_str(), read.etag.as_str()), ("null", ""));
    let mut body = catalog_entry();
    for beside in ["auth", "installable", "not_installable_reason", "documentation_url"] {
        body.as_object_mut().unwrap().remove(beside).unwrap();
    }
    assert!(serde_json::from_value::<CatalogEntry>(body).unwrap().installable);
}

#[test]
fn an_error_keeps_its_code_however_its_other_fields_are_written() {
    let limited = |beside: Value| {
        let mut body = json!({"error": "Too many requests", "code": "RATE_LIMITED"});
        body.as_object_mut().unwrap().extend(beside.as_object().unwrap().clone());
        serde_json::from_value::<ApiError>(body).unwrap()
    };
    for (beside, retry_after) in [
        (json!({}), None),
        (json!({"request_id": "req_1", "issues": null, "retry_after": null}), None),
        (json!({"retry_after": 0.5}), Some(1)),
        (json!({"retry_after": 30}), Some(30)),
        (json!({"retry_after": 1e12}), Some(u32::MAX)),
    ] {
        let error = limited(beside);
        assert_eq!((error.code, error.retry_after), (Open::Known(ErrorCode::RateLimited), retry_after));
    }
}
