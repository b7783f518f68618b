//! OAuth apps that have something beside their client id and secret: eBay's RuName.

use integrations_core::catalog::Catalog;
use riq_testing::{
    provider_files,
    providers::simulator::{Decision, Simulator},
};
use serde_json::{Map, Value, json};

use super::{connect, is_connected, on_both_played, play};
use crate::{
    app_settings::{authorize_url, of_project, parameter},
    dashboard::visitor::Visitor,
    support::{Backend, Server},
};

on_both_played!(
    what_is_set_by_the_api_stands_in_the_requests,
    what_is_wrong_is_told_by_its_place,
    a_page_asks_for_it_and_shows_it,
);

const KEY: &str = "ebay";

async fn played(backend: Backend, test: impl AsyncFnOnce(&Server, &Simulator)) {
    let catalog = Catalog::default().with_files([provider_files::named(KEY)]).unwrap();
    play(backend, catalog, Simulator::start_with(vec![KEY.to_owned()]).await, test).await;
}

fn body(simulator: &Simulator, fields: Value) -> Value {
    let (id, secret) = simulator.app(KEY);
    json!({"client_id": id, "client_secret": secret, "fields": fields})
}

async fn what_is_set_by_the_api_stands_in_the_requests(server: &Server, simulator: &Simulator) {
    let key = server.key_for(&["admin"]).await.text;
    let at = of_project(server, "");
    let listed = server.call_as(&key, "GET", &at).send().await;
    let field = &listed.data()[0]["fields"][0];
    // The server's own app has a name, which tenants are not shown.
    assert_eq!(
        (&field["key"], &field["required"], &field["value"]),
        (&json!("ru_name"), &json!(true), &json!(null))
    );
    let name = simulator.app_fields(KEY)["ru_name"].clone();
    let set = server.call_as(&key, "PUT", &of_project(server, "/ebay"));
    let set =
        set.json(&body(simulator, json!({"ru_name": format!(" {}\n", name.as_str().unwrap())}))).send().await;
    assert_eq!(set.data()["fields"][0]["value"], name);
    let changes =
        server.sql.rows("SELECT changes FROM audit_events WHERE action = 'oauth_app.set'", []).await;
    assert!(changes[0]["changes"].as_str().unwrap().contains(name.as_str().unwrap()), "{changes:?}");
    assert_eq!(parameter(&authorize_url(server, KEY).await, "redirect_uri"), name);
    // The simulator takes no other name, neither at the consent page nor in the exchange.
    let page = connect(server, simulator, (KEY, &Map::new()), Decision::Allow).await;
    is_connected(server, KEY, &page);
    assert_eq!(simulator.complaints(), [""; 0]);
}

async fn what_is_wrong_is_told_by_its_place(server: &Server, simulator: &Simulator) {
    let key = server.key_for(&["admin"]).await.text;
    for (fields, path) in [
        (json!({}), "fields.ru_name"),
        (json!({"ru_name": "two words"}), "fields.ru_name"),
        (json!({"ru_name": 1}), "fields.ru_name"),
        (json!({"ru_name": "Acme-1", "more": "x"}), "fields.more"),
        (json!("Acme-1"), "fields"),
    ] {
        let set = server
            .call_as(&key, "PUT", &of_project(server, "/ebay"))
            .json(&body(simulator, fields))
            .send()
            .await;
        set.refused(400, "BAD_REQUEST");
        assert!(set.text.contains(&format!("\"{path}\"")), "{}", set.text);
    }
    assert_eq!(server.sql.count("SELECT COUNT(*) FROM oauth_apps", []).await, 0);
}

async fn a_page_asks_for_it_and_shows_it(server: &Server, simulator: &Simulator) {
    let key = server.key_for(&["admin"]).await.text;
    let visitor = Visitor::signed_in_with(server, &key).await;
    let page = format!("{}/oauth-apps/ebay", server.pages());
    let (id, secret) = simulator.app(KEY);
    let form = visitor
        .get(&page)
        .await
        .form("/oauth-apps/ebay")
        .with("client_id", &id)
        .with("client_secret", &secret);
    let refused = visitor.submit(&form).await;
    assert_eq!(refused.status, 422, "{}", refused.words());
    assert!(refused.words().contains("Required"), "{}", refused.words());
    let set = visitor.submit(&form.with("fields.ru_name", "Acme-1")).await;
    let shown = visitor.follow(&set).await;
    assert!(shown.text.contains("<code>Acme-1</code>"), "{}", shown.words());
    // What is set stays in the form, so that it need not be typed again.
    assert_eq!(shown.form("/oauth-apps/ebay").value("fields.ru_name"), Some("Acme-1"));
}
