//! The list of integrations with 150 more providers: in pages, searched and sorted.

use std::{collections::BTreeSet, sync::Arc};

use serde_json::json;
use time::Duration;

use super::visitor::{Page, Visitor};
use crate::support::{Backend, Server, TestDatabase, catalog::few, server::Plan};

/// The largest page, before it is compressed.
const MOST: usize = 60_000;

/// A provider file that is made up.
pub(crate) fn made_up(number: usize) -> (String, String) {
    let key = format!("made-{number:03}");
    let text = format!(
        r#"format = 2
key = "{key}"
name = "Made Up {number:03}"
description = "Look up what number {number:03} knows about a customer, and write it down where others find it."
category = "knowledge"
documentation_url = "https://developers.{key}.example/api"
api_base_url = "https://api.{key}.example/v1"
revoke_page = "https://{key}.example/settings/keys"

[[auth]]
kind = "api_key"
page = "https://{key}.example/settings/keys"

[[auth.fields]]
key = "api_key"
label = "API key"
help = "In the settings, under API keys."
example = "0000"

[auth.request]
headers = {{ Authorization = "Bearer {{api_key}}" }}

[probe]
method = "GET"
url = "https://api.{key}.example/v1/me"
good_statuses = [200]
refused_statuses = [401]

[probe.answer]
pointer = "/id"
"#
    );
    (format!("{key}.toml"), text)
}

async fn with_many(backend: Backend, test: impl AsyncFnOnce(&Server)) {
    let Some(database) = TestDatabase::create(backend).await else { return };
    let catalog = few((0..150).map(made_up));
    let server =
        Server::start_with(database, Plan { catalog: Arc::new(catalog), ..Plan::default() }, |_| {}).await;
    for number in [7, 70, 140] {
        let line = json!({
            "provider": format!("made-{number:03}"), "display_name": format!("Acme {}", 200 - number),
            "credential": {"api_key": "SECRET-key"},
        });
        server.import(server.project, &line.to_string()).await;
        server.clock.advance(Duration::seconds(1));
    }
    test(&server).await;
    server.stop().await;
}

macro_rules! on_both_with_many {
    ($($name:ident),+ $(,)?) => {$(
        mod $name {
            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn sqlite() {
                super::with_many(crate::support::Backend::Sqlite, super::$name).await;
            }

            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn postgres() {
                super::with_many(crate::support::Backend::Postgres, super::$name).await;
            }
        }
    )+};
}

on_both_with_many!(every_provider_is_on_one_page_and_pages_are_small, they_are_searched_and_sorted);

/// The titles on a page, in order.
fn titles(page: &Page) -> Vec<String> {
    let links = page.text.split("class=\"stretched\"").skip(1);
    links.map(|rest| rest.split('>').nth(1).unwrap().split('<').next().unwrap().to_owned()).collect()
}

async fn every_provider_is_on_one_page_and_pages_are_small(server: &Server) {
    let visitor = Visitor::signed_in(server).await;
    let (mut address, mut seen, mut pages) = (server.pages(), BTreeSet::new(), 0);
    loop {
        let page = visitor.get(&address).await;
        page.says(200, "Integrations");
        assert!(page.text.len() < MOST, "{address} has {} bytes", page.text.len());
        let titles = titles(&page);
        pages += 1;
        assert_eq!(titles.len(), if pages < 7 { 25 } else { 164 - 150 }, "{address}");
        if pages == 2 {
            page.says(200, "26–50 of 164").says(200, "Previous");
            assert!(!page.text.contains("id=\"installed\""), "{page:?}");
        }
        assert!(titles.into_iter().all(|title| seen.insert(title)), "twice: {address}");
        let next = page.text.split("rel=\"next\"").next().filter(|before| before.len() < page.text.len());
        let Some(before) = next else { break };
        address = before.rsplit("href=\"").next().unwrap().split('"').next().unwrap().replace("&amp;", "&");
    }
    assert_eq!((pages, seen.len()), (7, 164));
    for (page, range) in
        [("7", "151–164 of 164"), ("99", "151–164 of 164"), ("0", "1–25 of 164"), ("x", "1–25 of 164")]
    {
        visitor.get(&format!("{}?page={page}", server.pages())).await.says(200, range);
    }
}

async fn they_are_searched_and_sorted(server: &Server) {
    let visitor = Visitor::signed_in(server).await;
    let found = async |query: &str| titles(&visitor.get(&format!("{}?{query}", server.pages())).await);
    // By what the project calls them, and by what the catalog says.
    assert_eq!(found("q=acme").await, ["Acme 193", "Acme 130", "Acme 60"]);
    assert_eq!(found("q=acme&sort=name").await, ["Acme 130", "Acme 193", "Acme 60"]);
    assert_eq!(found("q=ACME+60").await, ["Acme 60"]);
    assert_eq!(found("q=made+up+133").await, ["Made Up 133"]);
    assert_eq!(found("q=acme+133").await, [""; 0]);
    assert_eq!(found("q=made+up&status=available&page=6").await.len(), 147 - 125);
    let sql = "UPDATE integrations SET last_synced_at = created_at WHERE provider <> 'made-070'";
    server.sql.execute(sql, []).await;
    assert_eq!(found("q=acme&sort=answered").await, ["Acme 60", "Acme 193", "Acme 130"]);
    let page =
        visitor.get(&format!("{}?q=made+up&category=knowledge&sort=name&page=2", server.pages())).await;
    page.says(200, "26–50 of 150");
    for kept in ["value=\"made up\"", "value=\"knowledge\" selected", "value=\"name\" selected"] {
        assert!(page.text.contains(kept), "{kept}: {page:?}");
    }
    assert!(page.text.contains("?q=made+up&amp;category=knowledge&amp;sort=name&amp;page=3\""), "{page:?}");
    assert!(page.text.contains("?q=made+up&amp;category=knowledge&amp;sort=name\""), "{page:?}");
}
