//! `riq-server dev`: a server for development, without set-up.

use std::{fs, io::Write as _, os::unix::fs::PermissionsExt as _, path::Path, process::Stdio};

use serde_json::Value;

use crate::support::{
    Answer,
    process::{Process, command, run},
    server::{client, installation},
};

async fn list(greeting: &Value) -> Answer {
    let (base, project) = (greeting["api_base"].as_str().unwrap(), greeting["project_id"].as_str().unwrap());
    let request = client().get(format!("{base}/projects/{project}/integrations"));
    let key = greeting["api_key"].as_str().unwrap();
    Answer::read(request.header("x-api-key", key).send().await.unwrap()).await
}

fn mode(path: &Path) -> u32 {
    fs::metadata(path).unwrap().permissions().mode() & 0o777
}

#[tokio::test]
async fn it_prints_one_line_with_all_that_is_needed() {
    let directory = tempfile::tempdir().unwrap();
    let data = directory.path().join("data");
    let (mut process, greeting) = Process::dev(data.to_str().unwrap(), &[]);
    let keys: Vec<&String> = greeting.as_object().unwrap().keys().collect();
    assert_eq!(keys, ["api_base", "org_id", "project_id", "api_key", "dashboard_url", "sign_in_url"]);
    assert_eq!(process.stdout().lines().count(), 1);
    assert_eq!(greeting["api_base"], format!("http://{}/api/v1", process.address));
    let project = greeting["project_id"].as_str().unwrap();
    let dashboard = format!("http://{}/dashboard/projects/{project}/integrations", process.address);
    assert_eq!(greeting["dashboard_url"], dashboard);
    assert!(greeting["org_id"].as_str().unwrap().starts_with("org_"));
    assert!(greeting["api_key"].as_str().unwrap().starts_with("riq_"));
    let answer = list(&greeting).await;
    assert_eq!(answer.data(), &serde_json::json!([]));
    process.terminate();
    assert_eq!(process.wait().code(), Some(0));
    assert_eq!(process.stdout().lines().count(), 1, "nothing else on stdout");
    assert!(!process.stderr().contains(greeting["api_key"].as_str().unwrap()));
}

#[tokio::test]
async fn a_second_start_finds_everything_as_it_was() {
    let directory = tempfile::tempdir().unwrap();
    let data = directory.path().to_str().unwrap();
    let (mut process, first) = Process::dev(data, &[]);
    let line = installation("slack").to_string();
    let import =
        ["admin", "import", "--data-dir", data, "--project", first["project_id"].as_str().unwrap(), "-"];
    assert!(crate::support::process::run_with_input(&import, &[], &line).await.success);
    process.kill();
    let (process, second) = Process::dev(data, &[]);
    for key in ["org_id", "project_id", "api_key"] {
        assert_eq!(first[key], second[key], "{key}");
    }
    assert_eq!(list(&second).await.data()[0]["provider"], "slack");
    drop(process);

    // A revoked key no longer works, so the next start makes a new one.
    let keys = run(&["admin", "key", "list", "--data-dir", data, "--json"], &[]).await.json();
    let id = keys[0]["id"].as_str().unwrap();
    assert!(run(&["admin", "key", "revoke", id, "--yes", "--data-dir", data], &[]).await.success);
    let (_process, third) = Process::dev(data, &[]);
    assert_ne!(third["api_key"], first["api_key"]);
    list(&third).await.data();
}

#[tokio::test]
async fn what_is_secret_is_readable_by_its_owner_alone() {
    let directory = tempfile::tempdir().unwrap();
    let data = directory.path().join("deep/data");
    let (process, greeting) = Process::dev(data.to_str().unwrap(), &[]);
    list(&greeting).await.data();
    let mut files: Vec<String> =
        fs::read_dir(&data).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    files.sort();
    assert!(
        files.contains(&"encryption-keys".to_owned()) && files.contains(&"riq.db".to_owned()),
        "{files:?}"
    );
    for file in ["encryption-keys", "access.json"] {
        assert_eq!(mode(&data.join(file)), 0o600, "{file}");
    }
    // The database holds sealed credentials and permissions, so only its owner may read it.
    let is_closed = mode(&data) & 0o077 == 0;
    for file in &files {
        let mode = mode(&data.join(file));
        assert!(
            is_closed || mode & 0o077 == 0,
            "{file} has mode {mode:o} in a directory that others may enter"
        );
    }
    drop(process);
}

#[tokio::test]
async fn for_people_it_tells_how_to_call_it() {
    let directory = tempfile::tempdir().unwrap();
    let data = directory.path().to_str().unwrap();
    let process = Process::spawn(command(&["dev", "--bind", "127.0.0.1:0", "--data-dir", data], &[]));
    let bound = std::time::Duration::from_secs(30);
    crate::support::eventually("it greets", bound, async || process.stdout().contains("admin import")).await;
    let said = process.stdout();
    for part in
        ["curl -H", "RIQ_API_KEY=riq_", "RIQ_ORG_ID=org_", "RIQ_PROJECT_ID=prj_", "/api/v1", "/docs", data]
    {
        assert!(said.contains(part), "{part}: {said}");
    }
}

#[tokio::test]
async fn an_address_that_is_taken_is_a_clear_error() {
    let directory = tempfile::tempdir().unwrap();
    let data = directory.path().to_str().unwrap();
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let failed = run(&["dev", "--json", "--data-dir", data, "--bind", &address], &[]).await;
    failed.failed_with(&format!("cannot listen on {address}"));
    assert_eq!(failed.stdout, "");
}

#[tokio::test]
async fn a_data_directory_that_cannot_be_made_is_a_clear_error() {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("file");
    fs::write(&file, "").unwrap();
    let data = file.join("data");
    run(&["dev", "--data-dir", data.to_str().unwrap()], &[]).await.failed_with("cannot make the directory");
    let damaged = directory.path().join("damaged");
    fs::create_dir(&damaged).unwrap();
    fs::write(damaged.join("encryption-keys"), "nonsense").unwrap();
    for (path, mode) in [(damaged.clone(), 0o700), (damaged.join("encryption-keys"), 0o600)] {
        fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
    }
    let failed = run(&["dev", "--data-dir", damaged.to_str().unwrap(), "--bind", "127.0.0.1:0"], &[]).await;
    failed.failed_with("encryption-keys is not valid");
    assert!(!failed.stderr.contains("nonsense"));
}

/// A provider of an operator's own that needs an OAuth app.
const OWN_PROVIDER: &str = r#"
format = 2
key = "desk"
name = "Desk"
description = "A desk."
category = "support"
documentation_url = "https://desk.example/docs"
api_base_url = "https://api.desk.example"
[[auth]]
kind = "oauth"
[auth.oauth]
authorize_url = "https://desk.example/authorize"
token_url = "https://desk.example/token"
scopes = ["read"]
pkce = "none"
client_auth = "body"
refresh_rotates = false
[auth.request]
headers = { Authorization = "Bearer {access_token}" }
[probe]
method = "GET"
url = "https://api.desk.example/me"
good_statuses = [200]
refused_statuses = [401]
"#;

/// Types a command into a shell, in another directory than the server's and without its environment.
fn typed(line: &str, input: &str) -> (bool, String) {
    let mut shell = std::process::Command::new("sh");
    shell
        .args(["-c", line])
        .current_dir("/")
        .env_clear()
        .envs(std::env::var_os("PATH").map(|path| ("PATH", path)));
    shell.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = shell.spawn().unwrap();
    drop(child.stdin.take().unwrap().write_all(input.as_bytes()));
    let output = child.wait_with_output().unwrap();
    (output.status.success(), format!("{output:?}"))
}

/// Between `before` and `after`, with the entities of HTML read.
fn between(text: &str, before: &str, after: &str) -> String {
    let rest = text.split_once(before).unwrap_or_else(|| panic!("no {before} in {text}")).1;
    let inner = rest.split_once(after).unwrap().0;
    inner
        .replace("&lt;", "<")
        .replace("&gt;", ">")
        .replace("&quot;", "\"")
        .replace("&#39;", "'")
        .replace("&amp;", "&")
}

/// The page of a provider, for a person who signs in with this key.
async fn provider_page(greeting: &Value, provider: &str) -> String {
    rustls::crypto::ring::default_provider().install_default().unwrap_or_default();
    // The cookie comes with the redirect after signing in.
    let visitor =
        reqwest::Client::builder().no_proxy().redirect(reqwest::redirect::Policy::none()).build().unwrap();
    let key = greeting["api_key"].as_str().unwrap();
    let page = format!("{}/{provider}", greeting["dashboard_url"].as_str().unwrap());
    let sign_in = format!("{}/sign-in", page.split_once("/projects/").unwrap().0);
    let cookies = |response: &reqwest::Response| -> Vec<String> {
        let set = response.headers().get_all("set-cookie").iter();
        set.map(|cookie| cookie.to_str().unwrap().split(';').next().unwrap().to_owned()).collect()
    };
    let form = visitor.get(&sign_in).send().await.unwrap();
    let browser = cookies(&form).join("; ");
    let csrf = between(&form.text().await.unwrap(), "name=\"csrf\" value=\"", "\"");
    let sent = visitor
        .post(&sign_in)
        .header("cookie", &browser)
        .header("origin", sign_in.split("/dashboard").next().unwrap());
    let sent = sent
        .header("content-type", "application/x-www-form-urlencoded")
        .body(format!("csrf={csrf}&api_key={key}"));
    let session = cookies(&sent.send().await.unwrap()).join("; ");
    let page = visitor.get(&page).header("cookie", format!("{browser}; {session}")).send().await.unwrap();
    page.text().await.unwrap()
}

#[tokio::test]
async fn what_a_page_says_to_type_works_as_it_stands() {
    let directory = tempfile::tempdir().unwrap();
    let (data, own) = (directory.path().join("it's my data"), directory.path().join("own providers"));
    fs::create_dir(&own).unwrap();
    fs::write(own.join("desk.toml"), OWN_PROVIDER).unwrap();
    let (_process, greeting) =
        Process::dev(data.to_str().unwrap(), &["--providers-dir", own.to_str().unwrap()]);
    for provider in ["github", "desk"] {
        let page = provider_page(&greeting, provider).await;
        let command = between(&page, "<code id=\"command\">", "</code>");
        let (success, said) = typed(&command.replace("CLIENT_ID", "client-1"), " “SECRET-of-the-app”\n");
        assert!(success, "{command}: {said}");
        let listed =
            run(&["admin", "oauth-app", "list", "--json", "--data-dir", data.to_str().unwrap()], &[])
                .await
                .json();
        assert!(listed.as_array().unwrap().iter().any(|app| app["provider"] == provider), "{listed}");
    }
}

#[tokio::test]
async fn what_the_banner_says_to_type_works_as_it_stands() {
    let directory = tempfile::tempdir().unwrap();
    let data = directory.path().join("my data");
    let lines = directory.path().join("lines.jsonl");
    fs::write(&lines, installation("slack").to_string()).unwrap();
    let mut process =
        Process::spawn(command(&["dev", "--bind", "127.0.0.1:0", "--data-dir", data.to_str().unwrap()], &[]));
    process.wait_for_address(|process| {
        let banner = process.stdout();
        let base =
            banner.lines().find_map(|line| line.trim().strip_prefix("API           http://"))?.to_owned();
        banner.contains("admin import").then(|| base.trim_end_matches("/api/v1").parse().ok())?
    });
    let banner = process.stdout();
    let block = banner.split_once("Try it:").unwrap().1;
    let typed_lines: Vec<&str> = block.lines().map(str::trim).filter(|line| !line.is_empty()).collect();
    assert_eq!(typed_lines.len(), 3, "{banner}");
    let script = typed_lines
        .join("\n")
        .replace(" FILE", &format!(" {}", lines.display()))
        .replace("curl ", "curl -fsS ");
    let (success, said) = typed(&format!("set -e\n{script}"), "");
    assert!(success && said.contains("Imported slack into prj_"), "{script}: {said}");
}

#[tokio::test]
async fn what_a_message_says_to_type_works_as_it_stands() {
    let directory = tempfile::tempdir().unwrap();
    let data = directory.path().join("none yet");
    let failed = run(&["admin", "org", "list", "--data-dir", data.to_str().unwrap()], &[]).await;
    let start = between(&failed.stderr, "start `", "` first");
    assert!(start.starts_with(env!("CARGO_BIN_EXE_riq-server")), "{start}");
    let mut started = command(&[], &[]);
    started = {
        let mut shell = std::process::Command::new("sh");
        shell.args(["-c", &format!("exec {start} --json --bind 127.0.0.1:0")]).current_dir("/");
        shell
            .env_clear()
            .envs(started.get_envs().filter_map(|(name, value)| Some((name.to_owned(), value?.to_owned()))));
        shell.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        shell
    };
    let mut process = Process::spawn(started);
    process.wait_for_address(|process| {
        let greeting: Value = serde_json::from_str(&process.stdout()).ok()?;
        greeting["api_base"].as_str()?.strip_prefix("http://")?.strip_suffix("/api/v1")?.parse().ok()
    });
    assert!(data.is_dir());

    let database = format!("sqlite://{}", directory.path().join("new.db").display());
    let settings = [("DATABASE_URL", database.as_str())];
    let failed = run(&["admin", "org", "list"], &settings).await;
    let migrate = between(&failed.stderr, "run `", "` first");
    let (success, said) = typed(&format!("DATABASE_URL='{database}' {migrate}"), "");
    assert!(success, "{migrate}: {said}");
    run(&["admin", "org", "list"], &settings).await.stdout_of_success();
}

/// Opens an address as a browser's window does. Returns the status, where it leads, and the text.
async fn open(url: &str) -> (u16, Option<String>, String) {
    drop(client());
    let browser = reqwest::Client::builder().no_proxy().redirect(reqwest::redirect::Policy::none());
    let answer = browser.build().unwrap().get(url).send().await.unwrap();
    let to = answer.headers().get("location").map(|to| to.to_str().unwrap().to_owned());
    (answer.status().as_u16(), to, answer.text().await.unwrap())
}

#[tokio::test]
async fn its_link_signs_a_person_in_once() {
    let directory = tempfile::tempdir().unwrap();
    let data = directory.path().to_str().unwrap();
    let (process, greeting) = Process::dev(data, &[]);
    let link = greeting["sign_in_url"].as_str().unwrap();
    // What looks at the link before the person does, and what guesses another one, does no harm.
    let looked = client().head(link).send().await.unwrap();
    assert!(looked.headers().get("location").is_none() && looked.headers().get("set-cookie").is_none());
    let framed = client().get(link).header("sec-fetch-dest", "iframe").send().await.unwrap();
    assert_eq!(framed.status(), 403);
    let other = format!("{}{}", &link[..link.len() - 1], if link.ends_with('A') { "B" } else { "A" });
    assert_eq!(open(&other).await.0, 403);
    let (status, to, _) = open(link).await;
    assert_eq!((status, to.as_deref()), (303, Some("/dashboard")));
    let (status, _, said) = open(link).await;
    assert!(status == 403 && said.contains("This link does not work any more"), "{said}");
    let people = run(&["admin", "user", "list", "--data-dir", data, "--json"], &[]).await.json();
    assert_eq!(
        (&people[0]["issuer"], &people[0]["roles"][0]["role"]),
        (&"urn:riq:dev".into(), &"admin".into())
    );
    assert!(!process.stderr().contains(link.rsplit('=').next().unwrap()), "the log does not have it");
    drop(process);
    let (_process, again) = Process::dev(data, &[]);
    assert_ne!(again["sign_in_url"], greeting["sign_in_url"]);
    let same = run(&["admin", "user", "list", "--data-dir", data, "--json"], &[]).await.json();
    assert_eq!((same.as_array().unwrap().len(), &same[0]["id"]), (1, &people[0]["id"]));
}

#[tokio::test]
async fn who_could_come_from_elsewhere_gets_no_link() {
    for environment in [&[("RIQ_PUBLIC_URL", "https://riq.example")][..], &[("RIQ_BIND", "0.0.0.0:0")]] {
        let directory = tempfile::tempdir().unwrap();
        let data = directory.path().to_str().unwrap();
        let mut arguments = vec!["dev", "--json", "--data-dir", data];
        if environment[0].0 != "RIQ_BIND" {
            arguments.extend(["--bind", "127.0.0.1:0"]);
        }
        let process = Process::spawn(command(&arguments, environment));
        let bound = std::time::Duration::from_secs(30);
        crate::support::eventually("it greets", bound, async || process.stdout().contains("api_base")).await;
        assert!(!process.stdout().contains("sign_in_url"), "{environment:?}: {}", process.stdout());
    }
}

#[tokio::test]
async fn the_sandbox_is_there_when_it_is_asked_for() {
    let directory = tempfile::tempdir().unwrap();
    let data = directory.path().to_str().unwrap();
    let catalog = async |greeting: &Value| {
        let (base, project) =
            (greeting["api_base"].as_str().unwrap(), greeting["project_id"].as_str().unwrap());
        let request = client().get(format!("{base}/projects/{project}/integrations/catalog?q=sandbox"));
        let request = request.header("x-api-key", greeting["api_key"].as_str().unwrap());
        Answer::read(request.send().await.unwrap()).await
    };
    let (process, greeting) = Process::dev(data, &["--sandbox"]);
    let shop = greeting["sandbox_url"].as_str().unwrap();
    assert!(shop.starts_with("http://127.0.0.2:"), "{shop}");
    assert!(open(shop).await.2.contains("Back office"));
    let found = catalog(&greeting).await;
    let found = &found.data()[0];
    assert_eq!(
        (&found["provider"], &found["installable"]),
        (&"sandbox-shop".into(), &true.into()),
        "{found}"
    );
    drop(process);
    let (_process, greeting) = Process::dev(data, &[]);
    assert_eq!(greeting.get("sandbox_url"), None);
    assert_eq!(catalog(&greeting).await.data(), &serde_json::json!([]));
}
