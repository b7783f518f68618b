//! Several accounts of one provider in a project, each under an alias of its own: `slack~eu`.

use integrations_core::ids::Id;
use riq_testing::providers::simulator::{Decision, Simulator};
use serde_json::{Map, Value, json};

use crate::{
    dashboard::{
        installing::{consent_page, link, status},
        visitor::Visitor,
    },
    handshake::connect,
    providers::{on_both_played, played},
    support::{Server, catalog::of_the_contract, server::installation},
};

mod before;
mod many;

on_both!(
    an_account_under_an_alias_is_an_integration_of_its_own,
    what_is_no_alias_names_no_provider,
    an_alias_reaches_no_other_project,
    accounts_are_listed_by_provider_and_the_plain_one_is_first,
    accounts_are_imported_by_their_names,
    accounts_are_added_and_shown_on_the_pages,
);
on_both_played!(
    a_link_says_and_installs_its_account_alone,
    another_account_is_asked_about_in_its_alias_alone,
    a_credential_is_bound_to_its_alias,
);

async fn an_account_under_an_alias_is_an_integration_of_its_own(server: &Server) {
    server.install("slack").await;
    server.install("slack~eu").await;
    let (plain, eu) = (server.integration("slack").await, server.integration("slack~eu").await);
    assert_eq!((&plain["provider_key"], &plain["alias"]), (&json!("slack"), &Value::Null));
    assert_eq!((&eu["provider_key"], &eu["alias"]), (&json!("slack"), &json!("eu")));
    assert_ne!(plain["id"], eu["id"]);
    assert_eq!(server.get("/slack~eu").await.data(), &eu);
    assert_eq!(server.get("/slack%7Eeu").await.data(), &eu, "a tilde may be written in either form");

    server.clock.advance(time::Duration::seconds(1));
    let change = json!({
        "status": "paused", "display_name": "Europe",
        "settings": {"default_channel": "#eu", "signing_secret": "SECRET-signing"},
        "action_permissions": {"post_message": true}
    });
    let changed = server.patch("slack~eu", change).await;
    assert_eq!(
        (&changed.data()["provider"], &changed.data()["status"]),
        (&json!("slack~eu"), &json!("paused"))
    );
    assert_eq!(server.integration("slack").await, plain, "settings, permissions and status are its own");
    let actions = async |provider: &str| -> Vec<Value> {
        let audit = format!("/api/v1/projects/{}/audit?provider={provider}", server.project);
        let events = server.call("GET", &audit).send().await;
        events.data().as_array().unwrap().iter().map(|event| event["action"].clone()).collect()
    };
    assert_eq!(actions("slack~eu").await, ["integration.lifecycle.updated", "integration.installed"]);
    assert_eq!(actions("slack").await, ["integration.installed"]);

    let entry = server.get("/catalog/slack").await.data().clone();
    assert_eq!((&entry["provider"], &entry["status"]), (&json!("slack"), &json!("active")), "the plain one");
    assert_eq!(entry["aliases"], json!(["eu"]));
    assert_eq!(server.get("/catalog/slack~eu").await.data(), &entry);
    assert_eq!(
        server.get("/catalog/slack~us").await.data(),
        &entry,
        "the catalog is not asked for an account"
    );

    assert_eq!(server.delete("slack~eu").await.data()["status"], "disconnected");
    assert_eq!(server.integration("slack").await, plain);
    assert_eq!(server.sql.count("SELECT COUNT(*) FROM credentials", []).await, 1);
    server.call("POST", &server.at("/slack~eu/check")).send().await.refused(409, "REINSTALL_REQUIRED");
    for method in ["GET", "DELETE"] {
        let missing = server.call(method, &server.at("/slack~us")).send().await;
        missing.refused(404, "INTEGRATION_NOT_FOUND");
        assert_eq!(missing.message(), "Slack (us) is not installed in this project");
    }
}

async fn what_is_no_alias_names_no_provider(server: &Server) {
    server.install("slack").await;
    let before = server.sql.picture().await;
    let too_long = format!("slack~{}", "a".repeat(41));
    let no_alias = [
        "slack~",
        "slack~EU",
        "slack~%C3%A9",
        "slack~a~b",
        "slack~~",
        "slack~a%20b",
        "slack~a%00",
        &too_long,
    ];
    let no_key = ["~x", "~", "catalog~a", "Slack~x", "nobody~x", "slack%2Fx~y"];
    let words = [
        (
            no_alias.as_slice(),
            "There is no such provider: an alias after ~ has lower-case letters, digits and hyphens, 1 to 40 characters",
        ),
        (no_key.as_slice(), "There is no such provider in the catalog"),
    ];
    for (names, words) in words {
        for name in names {
            for (method, rest) in [
                ("GET", ""),
                ("DELETE", ""),
                ("PATCH", "/lifecycle"),
                ("POST", "/install-url"),
                ("POST", "/check"),
            ] {
                let call = server.call(method, &server.at(&format!("/{name}{rest}")));
                let call = if method == "PATCH" { call.json(&json!({"status": "paused"})) } else { call };
                let answer = call.send().await;
                assert_eq!(answer.refused(404, "PROVIDER_NOT_FOUND").message(), words, "{method} {name}");
            }
            server.get(&format!("/catalog/{name}")).await.refused(404, "PROVIDER_NOT_FOUND");
        }
    }
    assert_eq!(server.sql.picture().await, before);
    assert_eq!(server.sql.count("SELECT COUNT(*) FROM install_links", []).await, 0);
    let longest = format!("slack~{}", "a".repeat(40));
    server.install(&longest).await;
    assert_eq!(server.get(&format!("/{longest}")).await.data()["alias"], "a".repeat(40));
}

async fn an_alias_reaches_no_other_project(server: &Server) {
    server.install("slack~eu").await;
    let own = server.integration("slack~eu").await;
    let (_, foreign, stranger) = server.other_organization().await;
    server.import(foreign, &installation("slack~eu").to_string()).await;
    let sibling = server.other_project().await;
    let at = |project: &dyn std::fmt::Display, rest: &str| {
        format!("/api/v1/projects/{project}/integrations/slack~eu{rest}")
    };
    for (method, rest) in [("GET", ""), ("DELETE", ""), ("POST", "/install-url"), ("POST", "/check")] {
        let call = |key: &str, project: &dyn std::fmt::Display| {
            server.call_as(key, method, &at(project, rest)).send()
        };
        call(&stranger.text, &server.project).await.refused(403, "API_KEY_PROJECT_MISMATCH");
        call(&server.key.text, &foreign).await.refused(403, "API_KEY_PROJECT_MISMATCH");
        call(&server.key.text, &Id::<integrations_core::ids::kind::Project>::from_bits(7))
            .await
            .refused(404, "PROJECT_NOT_FOUND");
        if rest != "/install-url" {
            call(&server.key.text, &sibling).await.refused(404, "INTEGRATION_NOT_FOUND");
        }
    }
    let theirs = server.call_as(&stranger.text, "GET", &at(&foreign, "")).send().await;
    assert_ne!(theirs.data()["id"], own["id"]);
    server.call_as(&stranger.text, "DELETE", &at(&foreign, "")).send().await.data();
    assert_eq!(server.integration("slack~eu").await, own);
}

async fn accounts_are_listed_by_provider_and_the_plain_one_is_first(server: &Server) {
    for name in ["slack", "shopify~eu", "postmark", "slack~b", "shopify~ca", "slack~a", "stripe~x"] {
        server.install(name).await;
    }
    let list = server.get("").await;
    let names: Vec<&str> =
        list.data().as_array().unwrap().iter().map(|one| one["provider"].as_str().unwrap()).collect();
    let sorted = ["postmark", "shopify~ca", "shopify~eu", "slack", "slack~a", "slack~b", "stripe~x"];
    assert_eq!(names, sorted);

    let catalog = server.get("/catalog").await;
    let entries = catalog.data().as_array().unwrap();
    let entry = |key: &str| entries.iter().find(|entry| entry["provider"] == key).unwrap();
    for (key, installed, aliases) in [
        ("slack", true, json!(["a", "b"])),
        ("shopify", false, json!(["ca", "eu"])),
        ("postmark", true, json!([])),
        ("stripe", false, json!(["x"])),
        ("github", false, json!([])),
    ] {
        let entry = entry(key);
        assert_eq!((&entry["installed"], &entry["aliases"]), (&json!(installed), &aliases), "{key}");
    }
    assert_eq!(entries.len(), of_the_contract().iter().count(), "each provider once");
    let active = server.get("/catalog?status=active").await;
    let active: Vec<&str> =
        active.data().as_array().unwrap().iter().map(|one| one["provider"].as_str().unwrap()).collect();
    assert_eq!(active, ["postmark", "slack"]);
}

async fn accounts_are_imported_by_their_names(server: &Server) {
    let names = ["slack", "slack~eu", "slack~us"];
    let lines = names.map(|name| installation(name).to_string()).join("\n");
    server.import(server.project, &lines).await;
    let again = server.try_install("slack~eu").await.unwrap_err();
    let issues = |error| match error {
        riq_server::services::install::import::ImportError::BadLines(issues) => issues,
        other => panic!("{other}"),
    };
    assert_eq!(issues(again)[0].message, "slack~eu is already installed in this project");
    for (name, words) in
        [("slack~", "an alias after ~ has"), ("catalog~a", "There is no provider \"catalog~a\"")]
    {
        let line = json!({"provider": name, "credential": {"access_token": "SECRET-token"}}).to_string();
        let refused = server.try_import(&line).await.unwrap_err();
        let issues = issues(refused);
        assert!(issues[0].path == "provider" && issues[0].message.contains(words), "{issues:?}");
    }
    assert_eq!(server.get("").await.data().as_array().unwrap().len(), 3);
}

async fn accounts_are_added_and_shown_on_the_pages(server: &Server) {
    let visitor = Visitor::signed_in(server).await;
    assert!(!visitor.provider("postmark").await.has_form("/accounts"), "there is nothing to add to yet");
    server.install("postmark").await;
    server.install("slack").await;
    let page = visitor.provider("postmark").await;
    page.says(200, "There is no other account of Postmark in this project.");
    let form = page.form("/accounts");
    let added = visitor.submit(&form.clone().with("alias", " EU shop ")).await;
    added.leads_to(&server.page("postmark~eu-shop"));
    let page = visitor.follow(&added).await;
    page.says(200, "Postmark (eu-shop)").says(200, "Not connected").says(200, "Other accounts");
    assert!(page.form("/connect").action.ends_with("/postmark~eu-shop/connect"));
    assert_eq!(server.integration("postmark~eu-shop").await, Value::Null, "nothing is stored yet");

    server.install("postmark~eu-shop").await;
    for (name, words) in [
        ("eu-shop", "There is an account of this name already"),
        ("Ä", "Expected letters without accents, digits and hyphens, 40 at most"),
        ("", "Expected letters without accents, digits and hyphens, 40 at most"),
        ("a~b", "Expected letters without accents, digits and hyphens, 40 at most"),
    ] {
        let refused = visitor.submit(&form.clone().with("alias", name)).await;
        refused.says(422, "No account was added");
        assert_eq!(refused.problem("alias").as_deref(), Some(words), "{name}");
    }
    let list = visitor.get(&server.pages()).await;
    list.says(200, "Installed 2").says(200, "Postmark E-mail · 2 accounts Postmark postmark");
    list.says(200, "Postmark (eu-shop) postmark~eu-shop");
    let paused = visitor.submit(&visitor.provider("postmark~eu-shop").await.form("/pause")).await;
    paused.leads_to(&format!("{}?done=paused", server.page("postmark~eu-shop")));
    assert_eq!(status(server, "postmark").await, "active");
    visitor.get(&format!("{}?status=paused", server.pages())).await.says(200, "Postmark (eu-shop)");
    let log = visitor.get(&format!("{}/audit", server.pages())).await;
    log.says(200, "Postmark (eu-shop) changed");
    visitor.provider("postmark~").await.says(404, "There is no such provider");
}

async fn a_link_says_and_installs_its_account_alone(server: &Server, simulator: &Simulator) {
    let path = link(server, "linear~eu").await;
    let visitor = Visitor::new(server);
    let opened = visitor.get(&path).await;
    opened.leads_to(&server.page("linear~eu"));
    let page = visitor.follow(&opened).await;
    page.says(200, "Connect Linear (eu)").says(200, "This is for the account that is called eu here");
    page.says(200, "At Linear, sign in as the account that is called eu here.");

    // The link opens no other account, not even in a browser that sends its cookie everywhere.
    let (_, token) = path.split_once("?session=").unwrap();
    let stray = Visitor::new(server);
    stray.plant("riq_install", token);
    for other in ["linear", "linear~us", "linear~e"] {
        stray.provider(other).await.says(403, "This link is for something else");
        let form = page.form("/connect");
        let action = form.action.replace("linear~eu", other);
        let csrf = stray.provider("linear~eu").await.form("/connect");
        let form = crate::dashboard::visitor::Form { action, ..csrf };
        stray.submit(&form).await.says(403, "This link is for something else");
    }
    let leaving = visitor.submit(&page.form("/connect")).await;
    let back = simulator.decide(&consent_page(&leaving), Decision::Allow).await;
    let end = visitor.come_back(&back).await;
    end.leads_to(&format!("{}?done=connected", server.page("linear~eu")));
    visitor.follow(&end).await.says(200, "Linear (eu) is connected");
    assert_eq!(
        (status(server, "linear").await, status(server, "linear~eu").await),
        ("none".into(), "active".into())
    );
    let installed = server.audit("linear~eu").await.pop().unwrap();
    assert_eq!(installed["action"], "integration.installed");
    assert_eq!(simulator.complaints(), [""; 0]);
}

async fn another_account_is_asked_about_in_its_alias_alone(server: &Server, simulator: &Simulator) {
    let visitor = Visitor::signed_in(server).await;
    let install = async |name: &str, account: usize| {
        simulator.switch(|switches| switches.account = account);
        let leaving = visitor.submit(&visitor.provider(name).await.form("/connect")).await;
        let back = simulator.decide(&consent_page(&leaving), Decision::Allow).await;
        visitor.come_back(&back).await
    };
    let connected = |name: &str| format!("{}?done=connected", server.page(name));
    install("linear", 0).await.leads_to(&connected("linear"));
    install("linear~eu", 1).await.leads_to(&connected("linear~eu"));
    let names = async || {
        let name = async |provider: &str| server.integration(provider).await["account"]["name"].clone();
        [name("linear").await, name("linear~eu").await]
    };
    assert_eq!(names().await, ["Acme Engineering", "Another Organization"]);
    let asked = install("linear~eu", 0).await;
    asked.says(200, "Its name here eu").says(200, "Connected now Another Organization");
    asked.says(200, "To have both, keep this one as it is, and add the other on the page of Linear");
    // The end of the plain one is no answer for the account under the alias.
    server.delete("linear").await.data();
    let confirmed = visitor.submit(&asked.form("/installs/confirm")).await;
    confirmed.leads_to(&connected("linear~eu"));
    assert_eq!(names().await, ["Acme Engineering", "Acme Engineering"]);
    assert_eq!(status(server, "linear").await, "disconnected");
    // The end of the account itself is.
    let asked = install("linear~eu", 1).await;
    server.delete("linear~eu").await.data();
    visitor.submit(&asked.form("/installs/confirm")).await;
    assert_eq!(status(server, "linear~eu").await, "disconnected");
}

async fn a_credential_is_bound_to_its_alias(server: &Server, simulator: &Simulator) {
    connect(server, simulator, ("linear~eu", &Map::new()), Decision::Allow).await.unwrap();
    let check = async |name: &str| server.call("POST", &server.at(&format!("/{name}/check"))).send().await;
    check("linear~eu").await.data();
    let before = simulator.requests().len();
    for name in ["linear~us", "linear"] {
        let edit = "UPDATE integrations SET provider = $1";
        assert_eq!(server.sql.execute(edit, [name.into()]).await, 1);
        let checked = check(name).await;
        assert_eq!(checked.data()["checked"], false);
        assert!(checked.data()["message"].as_str().unwrap().contains("cannot be opened"), "{checked:?}");
    }
    assert_eq!(simulator.requests().len(), before, "no provider heard of it");
}
