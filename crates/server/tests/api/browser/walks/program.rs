//! The program as operators run it, with their own provider file and OAuth app.

use std::net::SocketAddr;

use serde_json::{Value, json};

use crate::{
    browser::{
        chromium::{Programs, in_browser},
        oauth_server::{self, CLIENT_ID, CLIENT_SECRET, OAuthServer, approve},
        stage::{EXAMPLE_DESK, EXAMPLE_DESK_FILE, PUBLIC_HOST, PUBLIC_URL},
    },
    support::{
        Backend, TestDatabase,
        process::{Process, run, run_with_input},
        server::{ENCRYPTION_KEYS, client},
    },
};

/// Runs an operator's command with `--json`.
async fn admin(environment: &[(&str, &str)], arguments: &[&str]) -> Value {
    run(&[&["admin"], arguments, &["--json"]].concat(), environment).await.json()
}

/// Sends a request to the program's API.
async fn ask(method: &str, address: SocketAddr, target: &str, key: &str) -> Value {
    let url = format!("http://{address}/api/v1/{target}");
    let request = client().request(method.parse().unwrap(), url).header("x-api-key", key);
    let answer = request.send().await.unwrap();
    assert_eq!(answer.status(), 200);
    serde_json::from_str::<Value>(&answer.text().await.unwrap()).unwrap()["data"].take()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_program_installs_a_provider_of_the_operator_s_own() {
    let Some(programs) = Programs::find() else { return };
    let database = TestDatabase::create(Backend::Sqlite).await.unwrap();
    let oauth = OAuthServer::start(&programs, &format!("{PUBLIC_URL}/oauth/callback"));
    let (providers, authority) = (database.path("providers"), database.path("authority.pem"));
    std::fs::create_dir(&providers).unwrap();
    std::fs::write(providers.join("example-desk.toml"), EXAMPLE_DESK_FILE).unwrap();
    std::fs::write(&authority, oauth.authority.pem()).unwrap();
    let resolve = format!("{}={}", oauth_server::HOST, oauth.address);
    let environment = [
        ("DATABASE_URL", database.url.as_str()),
        ("RIQ_ENCRYPTION_KEYS", ENCRYPTION_KEYS),
        ("RIQ_PUBLIC_URL", PUBLIC_URL),
        ("RIQ_PROVIDERS_DIR", providers.to_str().unwrap()),
        ("RIQ_OUTBOUND_CA_FILE", authority.to_str().unwrap()),
        ("RIQ_OUTBOUND_RESOLVE", &resolve),
    ];
    let process = Process::serve(&database, &environment).await;

    let organization = admin(&environment, &["org", "create", "--name", "Acme"]).await["id"].take();
    let organization = organization.as_str().unwrap();
    let project = ["project", "create", "--org", organization, "--name", "Support"];
    let project = admin(&environment, &project).await["id"].take();
    let key = ["key", "create", "--org", organization, "--name", "CI", "--scopes", "integrations:write"];
    let key = admin(&environment, &key).await["api_key"].take();
    let key = key.as_str().unwrap();
    let set =
        ["admin", "oauth-app", "set", EXAMPLE_DESK, "--client-id", CLIENT_ID, "--client-secret-file", "-"];
    run_with_input(&set, &environment, CLIENT_SECRET).await.stdout_of_success();

    let integrations = format!("projects/{}/integrations", project.as_str().unwrap());
    let link = format!("{integrations}/{EXAMPLE_DESK}/install-url");
    let link = ask("POST", process.address, &link, key).await["install_url"].take();
    let hosts = [(PUBLIC_HOST, process.address), (oauth_server::HOST, oauth.address)];
    let hosts = hosts.map(|(host, address)| (host.to_owned(), address));
    in_browser(&programs, "program", &hosts, async |browser| {
        browser.open(link.as_str().unwrap()).await;
        browser.follow("form[action$='/connect'] button[type=submit]").await;
        approve(browser, "ann").await;
        assert_eq!(browser.text("h1").await, "Example Desk is connected");
    })
    .await;
    let list = ask("GET", process.address, &integrations, key).await;
    assert_eq!(list.as_array().unwrap().len(), 1);
    let (status, health) = (&list[0]["status"], &list[0]["health_status"]);
    assert_eq!((status, health), (&json!("active"), &json!("healthy")));
    let log = process.stderr();
    assert!(!log.contains(CLIENT_SECRET) && !log.contains(key), "{log}");
}
