//! Every change on the pages: what the API shows afterwards, what is recorded, and what refusals say.

use serde_json::{Value, json};

use super::visitor::{Page, Visitor};
use crate::support::Server;

on_both!(
    pausing_and_resuming,
    name_and_sidebar,
    settings_of_every_kind,
    a_secret_is_set_kept_replaced_and_removed_and_never_shown,
    permissions,
    disconnecting_asks_first_and_says_what_it_does_not_do,
    a_form_that_is_sent_as_it_was_changes_nothing,
    what_is_not_valid_is_told_beside_its_field_and_nothing_is_changed,
    somebody_else_was_first,
    what_the_lifecycle_refuses_is_told,
    what_is_not_installed_cannot_be_changed,
    a_disconnected_integration_keeps_its_settings_and_takes_no_sidebar,
);

/// The page's message after a change.
async fn told(visitor: &Visitor<'_>, server: &Server, changed: &Page, done: &str, words: &str) {
    changed.leads_to(&format!("{}?done={done}", server.page("slack")));
    visitor.follow(changed).await.says(200, words);
}

/// Slack's last event: the actor and the changes.
async fn last(server: &Server) -> (Value, Value) {
    let event = server.audit("slack").await.pop().unwrap();
    let changes = event["changes"].as_array().unwrap().iter();
    let changes = changes.map(|one| json!([one["path"], one["to"]])).collect();
    assert!(event["request_id"].as_str().is_some_and(|id| id.starts_with("req_")), "{event}");
    (event["actor_key_id"].clone(), changes)
}

async fn pausing_and_resuming(server: &Server) {
    server.install("slack").await;
    let key = server.key_for(&["integrations:write"]).await;
    let visitor = Visitor::signed_in_with(server, &key.text).await;
    let paused = visitor.submit(&visitor.provider("slack").await.form("/pause")).await;
    told(&visitor, server, &paused, "paused", "Nothing is used until you resume it").await;
    assert_eq!(server.integration("slack").await["status"], "paused");
    assert_eq!(last(server).await, (json!(key.id.to_string()), json!([["status", "paused"]])));
    let page = visitor.provider("slack").await;
    assert!(!page.has_form("/pause"));
    let resumed = visitor.submit(&page.form("/resume")).await;
    told(&visitor, server, &resumed, "resumed", "Resumed").await;
    assert_eq!(server.integration("slack").await["status"], "active");
}

async fn name_and_sidebar(server: &Server) {
    server.install("slack").await;
    let visitor = Visitor::signed_in(server).await;
    let form = visitor.provider("slack").await.form("/details");
    let named = form.with("display_name", "  Acme & Söhne ").with("sidebar_enabled", "on");
    let saved = visitor.submit(&named).await;
    told(&visitor, server, &saved, "details", "The details are saved").await;
    let integration = server.integration("slack").await;
    assert_eq!(integration["display_name"], "Acme & Söhne");
    assert_eq!(integration["sidebar_enabled"], true);
    let page = visitor.provider("slack").await;
    page.says(200, "Slack · Communication Acme & Söhne");
    let emptied = page.form("/details").with("display_name", " ").without("sidebar_enabled");
    visitor.submit(&emptied).await;
    let integration = server.integration("slack").await;
    assert_eq!(
        (&integration["display_name"], &integration["sidebar_enabled"]),
        (&Value::Null, &json!(false))
    );
}

async fn settings_of_every_kind(server: &Server) {
    server.install("slack").await;
    server.install("shopify").await;
    server.install("stripe").await;
    server.install("github").await;
    let visitor = Visitor::signed_in(server).await;
    let form = visitor.provider("shopify").await.form("/settings");
    assert_eq!(form.value("settings.order_lookup_enabled"), Some("on"), "as it is by default");
    let filled = form.with("settings.refund_limit_cents", "500").without("settings.order_lookup_enabled");
    visitor.submit(&filled).await;
    let settings = &server.integration("shopify").await["settings"];
    assert_eq!(
        (&settings["refund_limit_cents"], &settings["order_lookup_enabled"]),
        (&json!(500), &json!(false))
    );
    let form = visitor.provider("stripe").await.form("/settings");
    visitor.submit(&form.with("settings.default_refund_reason", "duplicate")).await;
    assert_eq!(server.integration("stripe").await["settings"]["default_refund_reason"], "duplicate");
    let form = visitor.provider("slack").await.form("/settings");
    let saved = visitor.submit(&form.with("settings.default_channel", "#support")).await;
    told(&visitor, server, &saved, "settings", "The settings are saved").await;
    assert_eq!(server.integration("slack").await["settings"], json!({"default_channel": "#support"}));
    let emptied = visitor.provider("slack").await.form("/settings").with("settings.default_channel", "");
    visitor.submit(&emptied).await;
    assert_eq!(server.integration("slack").await["settings"], json!({}));
    let labels = visitor
        .provider("github")
        .await
        .form("/settings")
        .with("settings.default_labels", "bug\r\n\r\n help wanted \r\n");
    visitor.submit(&labels).await;
    assert_eq!(
        server.integration("github").await["settings"]["default_labels"],
        json!(["bug", "help wanted"])
    );
    let page = visitor.provider("github").await;
    assert_eq!(page.form("/settings").value("settings.default_labels"), Some("bug\nhelp wanted"));
}

async fn a_secret_is_set_kept_replaced_and_removed_and_never_shown(server: &Server) {
    server.install("slack").await;
    let visitor = Visitor::signed_in(server).await;
    let changes = async |changed: Page| {
        changed.leads_to(&format!("{}?done=settings", server.page("slack")));
        last(server).await.1
    };
    let form = async || visitor.provider("slack").await.form("/settings");
    visitor.provider("slack").await.says(200, "Not set.");
    // Every page, the log and the database are searched for its mark.
    let set = form().await.with("settings.signing_secret", "SECRET-signing");
    let redacted = json!([["settings.signing_secret", "[redacted]"]]);
    assert_eq!(changes(visitor.submit(&set).await).await, redacted);
    let page = visitor.provider("slack").await;
    page.says(200, "A value is set");
    assert_eq!(page.form("/settings").value("settings.signing_secret"), Some(""));
    let count = server.audit("slack").await.len();
    visitor.submit(&form().await.with("settings.default_channel", "#a")).await;
    visitor.provider("slack").await.says(200, "A value is set");
    let other = form().await.with("settings.signing_secret", "SECRET-other");
    assert_eq!(changes(visitor.submit(&other).await).await, redacted);
    let removed = form().await.with("clear.signing_secret", "on");
    assert_eq!(changes(visitor.submit(&removed).await).await, json!([["settings.signing_secret", null]]));
    visitor.provider("slack").await.says(200, "Not set.");
    assert_eq!(server.audit("slack").await.len(), count + 3);
    // A refused secret is not kept in its field.
    let refused = form().await.with("settings.signing_secret", &format!("SECRET{}", "x".repeat(300)));
    let page = visitor.submit(&refused).await;
    page.says(422, "Signing secret: Must have 256 characters or fewer");
}

async fn permissions(server: &Server) {
    server.install("slack").await;
    let visitor = Visitor::signed_in(server).await;
    let page = visitor.provider("slack").await;
    page.says(200, "Delete a message Destructive Deletes a message that the app has posted");
    let form = page.form("/permissions");
    assert_eq!(form.value("permissions.find_user"), Some("on"));
    assert_eq!(form.value("permissions.delete_message"), Some("off"));
    let changed = form.with("permissions.delete_message", "ask").with("permissions.find_user", "off");
    let saved = visitor.submit(&changed.with("permissions.nonsense", "on")).await;
    told(&visitor, server, &saved, "permissions", "The permissions are saved").await;
    let permissions = &server.integration("slack").await["action_permissions"];
    assert_eq!((&permissions["delete_message"], &permissions["find_user"]), (&json!("ask"), &json!(false)));
    let (_, changes) = last(server).await;
    let expected =
        json!([["action_permissions.delete_message", "ask"], ["action_permissions.find_user", false]]);
    assert_eq!(changes, expected);
    let told = "Permitted if a person approves each time: Delete a message";
    visitor.get(&format!("{}/audit", server.pages())).await.says(200, told);
}

async fn disconnecting_asks_first_and_says_what_it_does_not_do(server: &Server) {
    server.install("shopify").await;
    let visitor = Visitor::signed_in(server).await;
    let asked = visitor.get(&format!("{}/disconnect", server.page("shopify"))).await;
    asked.says(200, "Disconnect Shopify?").says(200, "By itself this does not revoke the tokens at Shopify");
    assert!(asked.form("/disconnect").value("revoke").is_none(), "nobody wishes that by accident");
    assert!(asked.text.contains("https://acme.myshopify.com/admin/settings/apps"), "where that is done");
    assert_eq!(server.integration("shopify").await["status"], "active");
    let gone = visitor.submit(&asked.form("/disconnect")).await;
    gone.leads_to(&format!("{}?done=disconnected", server.page("shopify")));
    visitor.follow(&gone).await.says(200, "Remember to revoke the access at Shopify as well");
    assert_eq!(server.integration("shopify").await["status"], "disconnected");
    assert_eq!(server.sql.count("SELECT COUNT(*) FROM credentials", []).await, 0);
    let event = server.audit("shopify").await.pop().unwrap();
    assert_eq!(
        (&event["action"], &event["actor_key_id"]),
        (&json!("integration.disconnected"), &json!(server.key.id.to_string()))
    );
}

async fn a_form_that_is_sent_as_it_was_changes_nothing(server: &Server) {
    for provider in ["slack", "shopify", "stripe", "postmark", "github", "linear"] {
        server.install(provider).await;
    }
    let visitor = Visitor::signed_in(server).await;
    let before = server.sql.picture().await;
    for provider in ["slack", "shopify", "stripe", "postmark", "github", "linear"] {
        let page = visitor.provider(provider).await;
        for action in ["/details", "/settings", "/permissions"] {
            let sent = visitor.submit(&page.form(action)).await;
            assert_eq!(sent.status, 303, "{provider}{action}: {sent:?}");
        }
    }
    assert_eq!(server.sql.picture().await, before);
}

async fn what_is_not_valid_is_told_beside_its_field_and_nothing_is_changed(server: &Server) {
    server.install("slack").await;
    server.install("shopify").await;
    server.install("stripe").await;
    let visitor = Visitor::signed_in(server).await;
    let before = server.sql.picture().await;
    let form = visitor.provider("slack").await.form("/settings");
    let page = visitor.submit(&form.with("settings.default_channel", "no channel")).await;
    page.says(422, "That was not saved");
    assert!(page.problem("settings.default_channel").unwrap().starts_with("Expected a channel's name"));
    // The typed text is still there, to be corrected.
    assert_eq!(page.form("/settings").value("settings.default_channel"), Some("no channel"));
    let form = visitor.provider("stripe").await.form("/settings");
    let page = visitor.submit(&form.with("settings.default_refund_reason", "boredom")).await;
    page.says(422, "Reason for refunds: Expected one of");
    assert!(page.problem("settings.default_refund_reason").unwrap().contains("\"duplicate\""));
    let number = visitor.provider("shopify").await.form("/settings");
    let number = number.with("settings.refund_limit_cents", "five").without("settings.order_lookup_enabled");
    let page = visitor.submit(&number).await;
    assert_eq!(page.problem("settings.refund_limit_cents").unwrap(), "Expected integer");
    assert_eq!(page.form("/settings").value("settings.order_lookup_enabled"), None);
    let name = visitor.provider("slack").await.form("/details").with("display_name", &"x".repeat(101));
    let page = visitor.submit(&name).await;
    assert_eq!(page.problem("display_name").unwrap(), "Must have 100 characters or fewer");
    assert_eq!(server.sql.picture().await, before);
}

async fn somebody_else_was_first(server: &Server) {
    server.install("slack").await;
    let visitor = Visitor::signed_in(server).await;
    let page = visitor.provider("slack").await;
    server.patch("slack", json!({"display_name": "Theirs", "sidebar_enabled": true})).await.data();
    let before = server.sql.picture().await;
    for (action, field, value) in [
        ("/details", "display_name", "Mine"),
        ("/settings", "settings.default_channel", "#mine"),
        ("/permissions", "permissions.delete_message", "on"),
        ("/pause", "x", "x"),
    ] {
        let sent = visitor.submit(&page.form(action).with(field, value)).await;
        sent.says(412, "Somebody else changed this in the meantime");
        assert_eq!(sent.form("/details").value("display_name"), Some("Theirs"), "{action}");
        assert_eq!(sent.form("/details").value("version"), Some("2"), "{action}");
    }
    let unversioned = page.form("/pause").without("version");
    visitor.submit(&unversioned).await.says(412, "Somebody else changed this in the meantime");
    assert_eq!(server.sql.picture().await, before);
}

async fn what_the_lifecycle_refuses_is_told(server: &Server) {
    server.install("slack").await;
    let visitor = Visitor::signed_in(server).await;
    let page = visitor.provider("slack").await;
    server.delete("slack").await.data();
    let now = |form: super::visitor::Form| form.with("version", "2");
    visitor
        .submit(&now(page.form("/pause")))
        .await
        .says(409, "not possible while the status is: Disconnected");
    let resume =
        super::visitor::Form { action: format!("{}/resume", server.page("slack")), ..page.form("/pause") };
    visitor.submit(&now(resume)).await.says(409, "There is no usable credential any more");
}

async fn what_is_not_installed_cannot_be_changed(server: &Server) {
    server.install("slack").await;
    let visitor = Visitor::signed_in(server).await;
    let form = visitor.provider("slack").await.form("/pause");
    let (_, foreign, _) = server.other_organization().await;
    let to = |path: String| super::visitor::Form { action: format!("{path}/pause"), ..form.clone() };
    visitor.submit(&to(server.page("stripe"))).await.says(404, "That is not connected");
    visitor.submit(&to(server.page("nothing"))).await.says(404, "There is no such provider");
    let path = format!("/dashboard/projects/{foreign}/integrations/slack");
    visitor.submit(&to(path)).await.says(403, "belongs to another organization");
}

async fn a_disconnected_integration_keeps_its_settings_and_takes_no_sidebar(server: &Server) {
    server.install("slack").await;
    server.delete("slack").await.data();
    let visitor = Visitor::signed_in(server).await;
    let form = visitor.provider("slack").await.form("/details");
    let named =
        visitor.submit(&form.with("display_name", "Old Workspace").with("sidebar_enabled", "on")).await;
    assert_eq!(named.status, 303, "{named:?}");
    let integration = server.integration("slack").await;
    assert_eq!(
        (&integration["display_name"], &integration["sidebar_enabled"]),
        (&json!("Old Workspace"), &json!(false))
    );
    let settings =
        visitor.provider("slack").await.form("/settings").with("settings.default_channel", "#kept");
    visitor.submit(&settings).await;
    assert_eq!(server.integration("slack").await["settings"]["default_channel"], "#kept");
}
