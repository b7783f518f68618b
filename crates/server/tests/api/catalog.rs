//! The list, the catalog and its filters, one entry, and the install URL.

use serde_json::{Value, json};

use crate::support::{Answer, Server};

on_both!(
    the_list_holds_every_integration_with_the_contracts_fields,
    the_catalog_holds_every_provider_with_how_it_stands,
    the_catalogs_filters_narrow_together,
    a_filter_that_does_not_exist_names_the_choices,
    a_query_that_cannot_be_read_is_refused,
    the_catalog_comes_in_brief_and_in_pages,
    a_page_of_another_query_is_refused,
    an_entry_shows_one_provider,
    an_install_url_leads_to_the_projects_page,
    an_install_url_begins_with_the_public_url,
);

/// The contract's providers that must be there.
const PROVIDERS: [&str; 14] = [
    "slack",
    "discord",
    "shopify",
    "stripe",
    "linear",
    "github",
    "notion",
    "cal-com",
    "hubspot",
    "pipedrive",
    "salesforce",
    "zendesk",
    "mailgun",
    "postmark",
];

/// The contract's fields of an integration: the eleven, and those beside them.
const FIELDS: [&str; 15] = [
    "id",
    "provider",
    "status",
    "display_name",
    "setup_type",
    "health_status",
    "sidebar_enabled",
    "last_synced_at",
    "error_message",
    "created_at",
    "updated_at",
    "account",
    "granted_scopes",
    "credential",
    "next_check_at",
];

/// The contract's fields of a catalog entry.
const ENTRY_FIELDS: [&str; 15] = [
    "provider",
    "name",
    "description",
    "category",
    "setup_type",
    "status",
    "installed",
    "display_name",
    "health_status",
    "sidebar_enabled",
    "last_synced_at",
    "error_message",
    "actions",
    "settings_schema",
    "documentation_url",
];

fn providers(answer: &Answer) -> Vec<&str> {
    answer.data().as_array().unwrap().iter().map(|entry| entry["provider"].as_str().unwrap()).collect()
}

async fn the_list_holds_every_integration_with_the_contracts_fields(server: &Server) {
    assert_eq!(server.get("").await.data(), &json!([]));
    for provider in ["slack", "shopify", "postmark"] {
        server.install(provider).await;
    }
    server.delete("slack").await.data();
    let list = server.get("").await;
    assert_eq!(providers(&list), ["postmark", "shopify", "slack"]);
    for integration in list.data().as_array().unwrap() {
        for field in FIELDS {
            assert!(integration.get(field).is_some(), "{field}: {integration}");
        }
        assert!(integration["id"].as_str().unwrap().starts_with("int_"));
        assert!(integration["health_status"].is_string());
        assert!(integration["settings"].is_object() && integration["action_permissions"].is_object());
        assert_eq!(integration["created_at"], "2026-03-01T10:00:00Z");
    }
    let credentials: Vec<&Value> =
        list.data().as_array().unwrap().iter().map(|one| &one["credential"]).collect();
    let not_renewed = |kind: &str| json!({"kind": kind, "expires_at": null, "renewable": false});
    assert_eq!(credentials, [&not_renewed("api_key"), &not_renewed("oauth"), &json!(null)]);
    let setup: Vec<&Value> = list.data().as_array().unwrap().iter().map(|one| &one["setup_type"]).collect();
    assert_eq!(setup, ["api_key", "oauth", "oauth"]);
    // Another project's integrations do not count here.
    let other = server.other_project().await;
    let target = format!("/api/v1/projects/{other}/integrations");
    assert_eq!(server.call("GET", &target).send().await.data(), &json!([]));
}

async fn the_catalog_holds_every_provider_with_how_it_stands(server: &Server) {
    server.install("slack").await;
    server.patch("slack", json!({"display_name": "Acme", "status": "paused", "sidebar_enabled": true})).await;
    let catalog = server.get("/catalog").await;
    for provider in PROVIDERS {
        assert!(providers(&catalog).contains(&provider), "{provider}");
    }
    assert!(providers(&catalog).is_sorted());
    for entry in catalog.data().as_array().unwrap() {
        for field in ENTRY_FIELDS {
            assert!(entry.get(field).is_some(), "{field}: {entry}");
        }
        let is_slack = entry["provider"] == "slack";
        assert_eq!(entry["installed"], is_slack);
        assert_eq!(entry["status"], if is_slack { "paused" } else { "available" });
        assert_eq!(entry["display_name"], if is_slack { json!("Acme") } else { Value::Null });
        assert_eq!(entry["sidebar_enabled"], is_slack);
        assert_eq!(entry["health_status"], "unknown");
        assert_eq!(entry["settings_schema"]["type"], "object");
        for action in entry["actions"].as_array().unwrap() {
            assert!(
                action["key"].is_string() && action["label"].is_string() && action["description"].is_string()
            );
        }
        assert!(!entry["actions"].as_array().unwrap().is_empty());
        assert!(entry["documentation_url"].as_str().unwrap().starts_with("https://"));
    }
    server.delete("slack").await;
    let entry = server.get("/catalog/slack").await;
    assert_eq!((&entry.data()["status"], &entry.data()["installed"]), (&json!("disconnected"), &json!(true)));
}

/// The entries that the filters should leave of the whole catalog.
fn expected<'a>(all: &'a Answer, q: &str, category: &str, status: &str) -> Vec<&'a str> {
    let holds = |entry: &Value, word: &str| {
        let fields = ["provider", "name", "description", "category"];
        fields.iter().any(|field| entry[*field].as_str().unwrap().to_lowercase().contains(word))
    };
    let is_left = |entry: &&Value| {
        (category.is_empty() || entry["category"] == category)
            && (status.is_empty() || entry["status"] == status)
            && q.to_lowercase().split_whitespace().all(|word| holds(entry, word))
    };
    let left = all.data().as_array().unwrap().iter().filter(is_left);
    left.map(|entry| entry["provider"].as_str().unwrap()).collect()
}

async fn the_catalogs_filters_narrow_together(server: &Server) {
    server.install("shopify").await;
    server.install("postmark").await;
    server.patch("postmark", json!({"status": "paused"})).await;
    let all = server.get("/catalog").await;
    for (q, category, status, must_be_there) in [
        ("", "commerce", "", Some("shopify")),
        ("", "commerce", "available", None),
        ("", "commerce", "active", Some("shopify")),
        ("", "email", "available", Some("mailgun")),
        ("", "email", "paused", Some("postmark")),
        ("", "", "active", Some("shopify")),
        ("", "", "error", None),
        ("", "", "disconnected", None),
        ("SHOPIFY", "", "", Some("shopify")),
        ("send mail", "", "", Some("postmark")),
        (" mail   SEND ", "email", "available", Some("mailgun")),
        ("commerce", "", "", Some("shopify")),
        ("no provider is called so", "", "", None),
        ("shop", "crm", "", None),
        ("%", "", "", None),
        ("' OR 1=1", "", "", None),
    ] {
        let mut url = reqwest::Url::parse("http://x/catalog").unwrap();
        for (name, value) in [("q", q), ("category", category), ("status", status)] {
            if !value.is_empty() {
                url.query_pairs_mut().append_pair(name, value);
            }
        }
        let query = url.query().unwrap();
        let answer = server.get(&format!("/catalog?{query}")).await;
        let found = providers(&answer);
        let mut sorted = found.clone();
        if !q.is_empty() {
            // The best is first.
            sorted.sort_unstable();
        }
        assert_eq!(sorted, expected(&all, q, category, status), "{query}");
        assert!(must_be_there.is_none_or(|provider| found.contains(&provider)), "{query}: {found:?}");
    }
    for (q, first) in [("gihtub", "github"), ("SLACK", "slack"), ("cal.com", "cal-com"), ("stri", "stripe")] {
        let answer = server.get(&format!("/catalog?q={q}")).await;
        assert_eq!(providers(&answer).first(), Some(&first), "{q}");
    }
    let [plain, accented] = [server.get("/catalog?q=e").await, server.get("/catalog?q=%C3%A9").await];
    assert_eq!((plain.data(), providers(&plain).is_empty()), (accented.data(), false));
    assert_eq!(server.get("/catalog?q=").await.data(), all.data());
    assert_eq!(server.get("/catalog?q=%20&").await.data(), all.data());
}

async fn a_filter_that_does_not_exist_names_the_choices(server: &Server) {
    let answer = server.get("/catalog?category=food&status=broken").await;
    answer.refused(400, "BAD_REQUEST");
    let issues = answer.issues();
    assert_eq!(issues.len(), 2, "{issues:?}");
    assert!(issues[0].starts_with("query.category: Expected one of "), "{issues:?}");
    assert!(issues[0].contains("commerce") && issues[0].contains("crm"), "{issues:?}");
    assert_eq!(issues[1], "query.status: Expected one of available, active, paused, error, disconnected");
    for query in ["category=", "category=Commerce", "status=", "status=ACTIVE"] {
        let answer = server.get(&format!("/catalog?{query}")).await;
        assert_eq!(answer.refused(400, "BAD_REQUEST").issues().len(), 1, "{query}");
    }
}

async fn the_catalog_comes_in_brief_and_in_pages(server: &Server) {
    server.install("slack").await;
    let whole = server.get("/catalog").await;
    assert_eq!(whole.body.as_object().unwrap().len(), 1, "a whole catalog has data alone");
    assert_eq!(server.get("/catalog?fields=all").await.data(), whole.data());
    let brief = server.get("/catalog?fields=brief").await;
    let (brief, whole) = (brief.data().as_array().unwrap(), whole.data().as_array().unwrap());
    assert_eq!(brief.len(), whole.len());
    for (entry, all) in brief.iter().zip(whole) {
        let mut expected = all.clone();
        for left_out in ["actions", "settings_schema"] {
            assert!(expected.as_object_mut().unwrap().remove(left_out).is_some());
        }
        assert_eq!(entry, &expected);
    }
    for filters in ["", "&status=available", "&category=crm", "&q=refunds", "&q=mail&fields=brief"] {
        let all = server.get(&format!("/catalog?{}", filters.trim_start_matches('&'))).await;
        let (mut read, mut cursor) = (Vec::new(), String::new());
        loop {
            let page = server.get(&format!("/catalog?limit=2{filters}{cursor}")).await;
            let shown = page.data().as_array().unwrap().clone();
            let has_more = page.body["has_more"].as_bool().unwrap();
            assert_eq!(page.body["cursor"].is_null(), !has_more);
            assert!(!has_more || shown.len() == 2, "{} in a page of 2", shown.len());
            read.extend(shown);
            if !has_more {
                break;
            }
            cursor = format!("&cursor={}", page.body["cursor"].as_str().unwrap());
        }
        assert_eq!(all.data(), &Value::from(read), "{filters}");
    }
}

async fn a_page_of_another_query_is_refused(server: &Server) {
    let first = server.get("/catalog?limit=1&category=crm").await;
    let cursor = first.body["cursor"].as_str().unwrap();
    assert_eq!(
        providers(&server.get(&format!("/catalog?category=crm&cursor={cursor}")).await)[0],
        "pipedrive"
    );
    let gone = cursor.replace("hubspot", "nobody");
    for (query, issue) in [
        (
            format!("cursor={cursor}"),
            "query.cursor: Is the cursor of another query: give the same q, category and \
          status, or begin without a cursor",
        ),
        (
            format!("category=crm&cursor={gone}"),
            "query.cursor: The provider before this page is in the catalog no \
          more: begin without a cursor",
        ),
        ("cursor=slack".to_owned(), "query.cursor: Expected the cursor of a page, cat_…"),
        ("cursor=".to_owned(), "query.cursor: Expected the cursor of a page, cat_…"),
        ("limit=0".to_owned(), "query.limit: Expected a number from 1 to 200"),
        ("limit=201".to_owned(), "query.limit: Expected a number from 1 to 200"),
        ("fields=name".to_owned(), "query.fields: Expected one of all, brief"),
    ] {
        let answer = server.get(&format!("/catalog?{query}")).await;
        assert_eq!(answer.refused(400, "BAD_REQUEST").issues(), [issue], "{query}");
    }
}

async fn a_query_that_cannot_be_read_is_refused(server: &Server) {
    for query in ["q=a&q=b", "category=crm&category=crm", "q=%FF", "q=a%00b"] {
        let answer = server.get(&format!("/catalog?{query}")).await;
        answer.refused(400, "BAD_REQUEST");
        let issues = answer.issues();
        assert!(issues[0].starts_with("query"), "{query}: {issues:?}");
    }
    // Parameters are checked after the key and the project, so a bad query reveals nothing about them.
    let target = format!("{}?q=%FF", server.at("/catalog"));
    server.call_without_key("GET", &target).send().await.refused(401, "UNAUTHORIZED");
}

async fn an_entry_shows_one_provider(server: &Server) {
    let entry = server.get("/catalog/shopify").await;
    assert_eq!(entry.data()["name"], "Shopify");
    assert_eq!(entry.data()["category"], "commerce");
    assert_eq!(entry.data()["installed"], false);
    let catalog = server.get("/catalog?q=shopify").await;
    assert_eq!(&catalog.data()[0], entry.data());
    server.get("/catalog/nobody").await.refused(404, "PROVIDER_NOT_FOUND");
    // `catalog` is reserved and cannot be a provider.
    server.get("/catalog/catalog").await.refused(404, "PROVIDER_NOT_FOUND");
    server.patch("catalog", json!({"sidebar_enabled": true})).await.refused(405, "METHOD_NOT_ALLOWED");
    server.delete("catalog").await.refused(405, "METHOD_NOT_ALLOWED");
}

async fn an_install_url_leads_to_the_projects_page(server: &Server) {
    for (provider, setup_type) in [("slack", "oauth"), ("postmark", "api_key"), ("discord", "webhook_url")] {
        let entry = server.get(&format!("/catalog/{provider}")).await;
        let target = server.at(&format!("/{provider}/install-url"));
        for call in [
            server.call("POST", &target),
            server.call("POST", &target).json(&json!({})),
            server.call("POST", &target).body("application/x-www-form-urlencoded", ""),
        ] {
            let answer = call.send().await;
            let url = answer.data()["install_url"].as_str().unwrap();
            let path = format!("/dashboard/projects/{}/integrations/{provider}", server.project);
            assert_eq!(reqwest::Url::parse(url).unwrap().path(), path);
            assert_eq!(answer.data()["provider"], provider);
            assert_eq!(answer.data()["setup_type"], entry.data()["setup_type"]);
            if provider != "discord" {
                assert_eq!(answer.data()["setup_type"], setup_type);
            }
            let message = "Open the URL above in a browser to complete installation.";
            assert_eq!(answer.data()["message"], message);
        }
    }
    assert_eq!(server.sql.count("SELECT COUNT(*) FROM integrations", []).await, 0);
}

async fn an_install_url_begins_with_the_public_url(server: &Server) {
    for (public_url, start) in [
        ("https://riq.example.com", "https://riq.example.com/dashboard/"),
        ("https://riq.example.com/", "https://riq.example.com/dashboard/"),
        ("https://example.com/riq/", "https://example.com/riq/dashboard/"),
    ] {
        let replica = server.replica(|settings| settings.public_url = public_url.parse().unwrap()).await;
        let target = replica.at("/slack/install-url");
        // The URL is the configured one, whatever host the client names.
        let answer = replica.call("POST", &target).header("x-forwarded-host", "evil.example").send().await;
        let url = answer.data()["install_url"].as_str().unwrap().to_owned();
        assert!(url.starts_with(start), "{url}");
        replica.stop().await;
    }
}
