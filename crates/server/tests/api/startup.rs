//! Settings and start-up: errors are reported at once, and servers that start together do not race.

use std::{fs, process::Stdio};

use serde_json::Value;

use crate::support::{
    Answer, Backend, TestDatabase,
    process::{Process, command, run},
    server::{ENCRYPTION_KEYS, client},
};

on_both_databases!(
    migrations_that_start_together_all_succeed,
    replicas_and_migrations_may_start_together,
    serve_refuses_a_database_that_is_not_migrated,
    serve_refuses_to_start_without_keys,
);

/// Settings do not depend on the database, so one database is enough.
async fn sqlite() -> TestDatabase {
    TestDatabase::create(Backend::Sqlite).await.unwrap()
}

async fn migrations_that_start_together_all_succeed(database: &TestDatabase) {
    let spawn = || {
        let mut command = command(&["migrate"], &[("DATABASE_URL", &database.url)]);
        command.stdin(Stdio::null()).spawn().unwrap()
    };
    for _ in 0..2 {
        for child in [(); 6].map(|()| spawn()) {
            let output = child.wait_with_output().unwrap();
            let told = String::from_utf8_lossy(&output.stderr);
            assert!(output.status.success(), "{told}");
            assert!(String::from_utf8_lossy(&output.stdout).contains("up to date"));
        }
    }
    let process = Process::serve(database, &[]).await;
    let ready = client().get(format!("http://{}/readyz", process.address)).send().await.unwrap();
    assert_eq!(ready.status().as_u16(), 200);
}

/// A server that finds an old schema says so and ends. Its supervisor starts it again.
async fn replicas_and_migrations_may_start_together(database: &TestDatabase) {
    let own = [("DATABASE_URL", database.url.as_str()), ("RIQ_ENCRYPTION_KEYS", ENCRYPTION_KEYS)];
    let migrations = [(); 4].map(|()| {
        let mut command = command(&["migrate"], &own);
        command.stdin(Stdio::null()).spawn().unwrap()
    });
    let serve = || Process::spawn(command(&["serve", "--bind", "127.0.0.1:0"], &own));
    let mut replicas = [(); 3].map(|()| serve());
    for child in migrations {
        let output = child.wait_with_output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    }
    for replica in &mut replicas {
        while !replica.serves_or_ends() {
            let said = replica.stderr();
            assert!(said.contains("riq-server migrate` first"), "{said}");
            *replica = serve();
        }
        let ready = client().get(format!("http://{}/readyz", replica.address)).send().await.unwrap();
        assert_eq!(ready.status().as_u16(), 200);
    }
    let sql = database.open().await;
    let applied = sql.rows("SELECT version FROM seaql_migrations", []).await;
    let names: std::collections::HashSet<&str> =
        applied.iter().map(|row| row["version"].as_str().unwrap()).collect();
    assert_eq!(names.len(), applied.len(), "each ran once: {applied:?}");
}

async fn serve_refuses_a_database_that_is_not_migrated(database: &TestDatabase) {
    let own = [("DATABASE_URL", database.url.as_str()), ("RIQ_ENCRYPTION_KEYS", ENCRYPTION_KEYS)];
    let failed = run(&["serve", "--bind", "127.0.0.1:0"], &own).await;
    failed.failed_with("riq-server migrate` first");
}

async fn serve_refuses_to_start_without_keys(database: &TestDatabase) {
    assert!(run(&["migrate"], &[("DATABASE_URL", &database.url)]).await.success);
    let failed = run(&["serve"], &[("DATABASE_URL", database.url.as_str())]).await;
    failed.failed_with("there are no encryption keys: set RIQ_ENCRYPTION_KEYS");
    run(&["serve"], &[("RIQ_ENCRYPTION_KEYS", ENCRYPTION_KEYS)]).await.failed_with("DATABASE_URL");
    for (keys, reason) in [
        ("", "entry 1 has no key id"),
        ("c2VjcmV0c2VjcmV0", "entry 1 has no key id"),
        ("k1:c2VjcmV0", "entry 1 has a key that is not 32 bytes long"),
        ("k1:secret!!", "entry 1 has a key that is not base 64"),
    ] {
        let own = [("DATABASE_URL", database.url.as_str()), ("RIQ_ENCRYPTION_KEYS", keys)];
        let failed = run(&["serve"], &own).await;
        failed.failed_with("RIQ_ENCRYPTION_KEYS is not valid").failed_with(reason);
        assert!(!failed.stderr.contains("c2VjcmV0") && !failed.stderr.contains("secret!!"), "{failed:?}");
    }
}

/// Wrong values of settings: the variable, its value, and what the message says.
const WRONG: [(&str, &str, &str); 19] = [
    ("RIQ_BIND", "garbage", "from RIQ_BIND: expected IP:PORT such as"),
    ("RIQ_BIND", "127.0.0.1", "from RIQ_BIND: expected IP:PORT such as"),
    ("RIQ_PUBLIC_URL", "integrations.example.com", "--public-url"),
    (
        "RIQ_TRUSTED_PROXIES",
        "10.0.0.0/8,nonsense",
        "from RIQ_TRUSTED_PROXIES: expected networks such as 10.0.0.0/8",
    ),
    ("RIQ_TRUSTED_PROXIES", "10.0.0.0/8", "set RIQ_FORWARDED_HEADER to the one in which they name"),
    ("RIQ_FORWARDED_HEADER", "x-forwarded-for", "set RIQ_TRUSTED_PROXIES to the networks"),
    ("RIQ_FORWARDED_HEADER", "forwarded,x-forwarded-for", "expected the name of one header"),
    ("RIQ_HOSTS", "riq.internal", "set RIQ_PUBLIC_URL too"),
    ("RIQ_HOSTS", "https://riq.internal", "expected a host name"),
    ("RIQ_CONNECTIONS", "0", "--connections"),
    ("RIQ_REQUEST_TIMEOUT", "soon", "--request-timeout"),
    ("RIQ_DATABASE_CONNECTIONS", "0", "--database-connections"),
    ("RIQ_LOG_FORMAT", "xml", "expected json or pretty"),
    ("RIQ_LOG", "a=b=c", "RIQ_LOG or --log is not a filter of the log"),
    ("RIQ_SERVER_CONFIG", "/does/not/exist.toml", "the file of --config or RIQ_SERVER_CONFIG: No such file"),
    ("RIQ_PROVIDERS_DIR", "/does/not/exist", "in the directory of RIQ_PROVIDERS_DIR: No such file"),
    ("RIQ_OUTBOUND_CA_FILE", "/does/not/exist", "the file of RIQ_OUTBOUND_CA_FILE: No such file"),
    ("RIQ_REQUEST_TIMEOUT", "soon", "invalid value for '--request-timeout <TIME>' from RIQ_REQUEST_TIMEOUT"),
    ("RIQ_BNID", "127.0.0.1:0", "RIQ_BNID is not a setting; did you mean RIQ_BIND?"),
];

#[tokio::test]
async fn a_wrong_setting_is_named() {
    let database = &sqlite().await;
    assert!(run(&["migrate"], &[("DATABASE_URL", &database.url)]).await.success);
    let file = database.path("riq.toml");
    for (name, value, reason) in WRONG {
        let own = [
            ("DATABASE_URL", database.url.as_str()),
            ("RIQ_ENCRYPTION_KEYS", ENCRYPTION_KEYS),
            ("RIQ_BIND", "127.0.0.1:0"),
            (name, value),
        ];
        let failed = run(&["serve"], &own).await;
        failed.failed_with(reason);
    }
    for url in ["mysql://localhost/x", "riq.db", "sqlite", ""] {
        let failed = run(&["migrate"], &[("DATABASE_URL", url)]).await;
        assert!(!failed.success, "{url}");
    }
    let wrong = "mysql://riq:hunter2@127.0.0.1:1/riq";
    let failed = run(&["migrate"], &[("DATABASE_URL", wrong)]).await;
    failed.failed_with("invalid value for '--database-url <URL>' from DATABASE_URL: expected postgres://");
    assert!(!failed.stderr.contains("hunter2"), "{failed:?}");
    let password = "postgres://riq:hunter2@127.0.0.1:1/riq";
    let failed = run(&["migrate"], &[("DATABASE_URL", password)]).await;
    failed.failed_with("cannot connect to the PostgreSQL database");
    assert!(!failed.stderr.contains("hunter2"), "{failed:?}");
    for (text, reason) in [
        ("bnid = \"127.0.0.1:0\"", "unknown field `bnid`; did you mean bind?"),
        ("bind = 8080", "bind: expected IP:PORT"),
        ("bind = [", "TOML, line 1"),
    ] {
        fs::write(&file, text).unwrap();
        let failed = run(&["serve", "--config", file.to_str().unwrap()], &[]).await;
        failed.failed_with("RIQ_SERVER_CONFIG is not valid").failed_with(reason);
    }
}

/// The variables of all settings, as their reference lists them.
fn variables() -> Vec<&'static str> {
    let reference = include_str!("../../../../docs/reference/settings.md");
    let named: Vec<&str> = reference
        .lines()
        .filter(|line| line.starts_with("| `--") || line.starts_with("| – |"))
        .flat_map(|line| line.split('|').nth(2).unwrap().split(','))
        .map(|name| name.trim().trim_matches('`'))
        .collect();
    assert!(named.len() > 25 && named.contains(&"DATABASE_URL"), "{named:?}");
    named
}

/// A secret may stand in a wrong place, so no value is repeated, whatever the setting is and wherever it comes from.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_value_of_a_setting_is_ever_shown() {
    let database = &sqlite().await;
    assert!(run(&["migrate"], &[("DATABASE_URL", &database.url)]).await.success);
    let file = database.path("settings.toml");
    let assert_silent = |arguments: &[&str], environment: &[(&str, &str)]| {
        let own = [("DATABASE_URL", database.url.as_str()), ("RIQ_ENCRYPTION_KEYS", ENCRYPTION_KEYS)];
        let fixed = ["serve", "--bind", "127.0.0.1:0"];
        let fixed =
            if environment.iter().any(|(name, _)| *name == "RIQ_BIND") { &fixed[..1] } else { &fixed };
        let mut process =
            Process::spawn(command(&[fixed, arguments].concat(), &[&own, environment].concat()));
        process.serves_or_ends();
        let said = format!("{} {}", process.stdout(), process.stderr());
        assert!(!said.contains("hunter2"), "{arguments:?} {environment:?}: {said}");
    };
    for variable in variables() {
        // Nearly every text is a filter of the log, by which the log would not say that the server serves.
        let values = match variable {
            "RIQ_LOG" => ["a=hunter2=c"; 2],
            _ => ["hunter2", "postgres://riq:hunter2#x@127.0.0.1:1/riq"],
        };
        for value in values {
            assert_silent(&[], &[(variable, value)]);
            if variable.starts_with("OTEL_") || variable.starts_with("RIQ_OAUTH_") {
                continue;
            }
            let setting = match variable {
                "RIQ_SERVER_CONFIG" => "config".to_owned(),
                variable => variable.trim_start_matches("RIQ_").to_lowercase(),
            };
            assert_silent(&[&format!("--{}", setting.replace('_', "-")), value], &[]);
            fs::write(&file, format!("{setting} = {value:?}")).unwrap();
            assert_silent(&["--config", file.to_str().unwrap()], &[]);
        }
    }
    let help = run(&["serve", "--help"], &[("RIQ_PUBLIC_URL", "http://hunter2")]).await;
    assert!(help.stdout_of_success().contains("RIQ_PUBLIC_URL") && !help.stdout.contains("hunter2"));
}

/// Editors and `echo` end a file with a newline, and Kubernetes passes it on.
#[tokio::test]
async fn a_newline_after_a_secret_is_not_a_part_of_it() {
    let database = &sqlite().await;
    let with_newline = |text: &str| format!("{text}\n");
    let [url, keys, token] =
        [database.url.as_str(), ENCRYPTION_KEYS, "SECRET-of-prometheus"].map(with_newline);
    let environment = [
        ("DATABASE_URL", url.as_str()),
        ("RIQ_ENCRYPTION_KEYS", keys.as_str()),
        ("RIQ_METRICS_TOKEN", token.as_str()),
        ("RIQ_OAUTH_SLACK_CLIENT_ID", "1.2\n"),
        ("RIQ_OAUTH_SLACK_CLIENT_SECRET", "SECRET-of-slack\r\n"),
    ];
    let process = Process::serve(database, &environment).await;
    let metrics = client().get(format!("http://{}/metrics", process.address));
    let metrics = metrics.bearer_auth("SECRET-of-prometheus").send().await.unwrap();
    assert_eq!(metrics.status().as_u16(), 200);
}

#[tokio::test]
async fn a_misspelt_setting_stops_every_command() {
    let database = &sqlite().await;
    let directory = database.path("data");
    let dev = ["dev", "--data-dir", directory.to_str().unwrap()];
    let import = ["admin", "org", "create", "--name", "Acme"];
    for command in [&["serve"][..], &["migrate"], &dev, &import] {
        let own = [("DATABASE_URL", database.url.as_str()), ("RIQ_METRIC_TOKEN", "SECRET")];
        let failed = run(command, &own).await;
        failed.failed_with("error: RIQ_METRIC_TOKEN is not a setting; did you mean RIQ_METRICS_TOKEN?\n");
        assert!(!failed.stderr.contains("SECRET"), "{failed:?}");
    }
    assert!(!directory.exists(), "nothing was done");
    let others = [
        ("DATABASE_URL", database.url.as_str()),
        ("RIQ_API_KEY", "riq_x"),
        ("RIQ_TEST_POSTGRES_URL", "x"),
        ("RIQ_SERVICE_HOST", "10.0.0.11"),
        ("RIQ_PORT", "tcp://10.0.0.11:8080"),
        ("RIQ_SERVER_PORT_8080_TCP_PROTO", "tcp"),
    ];
    assert!(run(&["migrate"], &others).await.success);
}

#[tokio::test]
async fn flags_go_before_the_environment_and_that_before_the_file() {
    let database = &sqlite().await;
    let url = |process: &Process, project: &str| {
        format!("http://{}/api/v1/projects/{project}/integrations/postmark/install-url", process.address)
    };
    assert!(run(&["migrate"], &[("DATABASE_URL", &database.url)]).await.success);
    let environment = [("DATABASE_URL", database.url.as_str())];
    let make = async |arguments: &[&str]| {
        run(&[&["admin", "--json"], arguments].concat(), &environment).await.json()
    };
    let org = make(&["org", "create", "--name", "Acme"]).await["id"].as_str().unwrap().to_owned();
    let project =
        make(&["project", "create", "--org", &org, "--name", "x"]).await["id"].as_str().unwrap().to_owned();
    let key = make(&["key", "create", "--org", &org, "--name", "x", "--scopes", "write"]).await;
    let file = database.path("riq.toml");
    let text = format!(
        "public_url = \"https://file.example\"\nlog = \"info\"\nencryption_keys = \"{ENCRYPTION_KEYS}\""
    );
    fs::write(&file, text).unwrap();
    let file = file.to_str().unwrap();
    let own = [("RIQ_ENCRYPTION_KEYS", ENCRYPTION_KEYS), ("RIQ_SERVER_CONFIG", file)];
    let from_file = Process::serve(database, &own).await;
    let from_environment =
        Process::serve(database, &[&own[..], &[("RIQ_PUBLIC_URL", "https://environment.example")]].concat())
            .await;
    for (process, start) in
        [(&from_file, "https://file.example/"), (&from_environment, "https://environment.example/")]
    {
        let request =
            client().post(url(process, &project)).header("x-api-key", key["api_key"].as_str().unwrap());
        let answer = Answer::read(request.send().await.unwrap()).await;
        assert!(answer.data()["install_url"].as_str().unwrap().starts_with(start), "{answer:?}");
    }
    // The flag counts: the server could not listen on the address in the environment.
    let both = [("RIQ_BIND", "203.0.113.1:1")];
    let flagged = Process::serve(database, &both).await;
    assert!(flagged.address.ip().is_loopback());
}

/// A provider that is not in the catalog: a copy of Postmark's file under another key.
fn provider_file(key: &str) -> String {
    let postmark = include_str!("../../../integrations-core/providers/postmark.toml");
    let text = postmark.replace("key = \"postmark\"", &format!("key = \"{key}\""));
    text.replace("name = \"Postmark\"", "name = \"Acme Mail\"")
}

#[tokio::test]
async fn a_providers_directory_adds_to_the_catalog() {
    let database = &sqlite().await;
    let directory = database.path("providers");
    fs::create_dir(&directory).unwrap();
    fs::write(directory.join("acme-mail.toml"), provider_file("acme-mail")).unwrap();
    fs::write(directory.join("postmark.toml"), provider_file("postmark")).unwrap();
    fs::write(directory.join("README.md"), "not a provider").unwrap();
    let environment = [("RIQ_PROVIDERS_DIR", directory.to_str().unwrap())];
    let process = Process::serve(database, &environment).await;
    let admin = [("DATABASE_URL", database.url.as_str())];
    let make =
        async |arguments: &[&str]| run(&[&["admin", "--json"], arguments].concat(), &admin).await.json();
    let org = make(&["org", "create", "--name", "Acme"]).await["id"].as_str().unwrap().to_owned();
    let project =
        make(&["project", "create", "--org", &org, "--name", "x"]).await["id"].as_str().unwrap().to_owned();
    let key = make(&["key", "create", "--org", &org, "--name", "x", "--scopes", "read"]).await;
    let url =
        format!("http://{}/api/v1/projects/{project}/integrations/catalog?q=acme+mail", process.address);
    let request = client().get(url).header("x-api-key", key["api_key"].as_str().unwrap());
    let answer = Answer::read(request.send().await.unwrap()).await;
    let found: Vec<&Value> =
        answer.data().as_array().unwrap().iter().map(|entry| &entry["provider"]).collect();
    assert_eq!(found, ["acme-mail", "postmark"], "one more, and one overridden");
}

#[tokio::test]
async fn a_broken_provider_file_is_named_with_its_place() {
    let database = &sqlite().await;
    assert!(run(&["migrate"], &[("DATABASE_URL", &database.url)]).await.success);
    let directory = database.path("providers");
    fs::create_dir(&directory).unwrap();
    let good = provider_file("acme-mail");
    let own = [
        ("DATABASE_URL", database.url.as_str()),
        ("RIQ_ENCRYPTION_KEYS", ENCRYPTION_KEYS),
        ("RIQ_PROVIDERS_DIR", directory.to_str().unwrap()),
    ];
    let line_of = |text: &str, part: &str| text.lines().position(|line| line.contains(part)).unwrap() + 1;
    for (from, to) in [
        ("category = \"email\"", "category = \"cooking\""),
        ("kind = \"destructive\"", "kind = \"dangerous\""),
        ("method = \"GET\"\nurl", "method = \"FETCH\"\nurl"),
        ("[rate_limit]", "[rate_limit"),
        ("title = \"Sender\"", "titel = \"Sender\""),
    ] {
        let text = good.replacen(from, to, 1);
        assert_ne!(text, good);
        fs::write(directory.join("acme-mail.toml"), &text).unwrap();
        let line = line_of(&text, to.lines().next().unwrap());
        let failed = run(&["serve", "--bind", "127.0.0.1:0"], &own).await;
        let place = format!("acme-mail.toml:{line}:");
        failed.failed_with("RIQ_PROVIDERS_DIR").failed_with(&place);
    }
    let reserved = provider_file("catalog");
    fs::write(directory.join("acme-mail.toml"), reserved).unwrap();
    run(&["serve", "--bind", "127.0.0.1:0"], &own).await.failed_with("acme-mail.toml:");
}
