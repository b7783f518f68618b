//! `doctor`: it says what does not work and what to do, changes nothing, and shows no secret.

use std::{collections::BTreeMap, fs, os::unix::fs::PermissionsExt as _};

use riq_server::environment::Environment;
use serde_json::{Value, json};
use time::Duration;
use url::Url;

use crate::{
    crash,
    support::{
        Backend, TestDatabase,
        openid::IdentityProvider,
        pgbouncer,
        process::{Finished, Process, run},
        redis::Redis,
        server::ENCRYPTION_KEYS,
    },
};

on_both_databases!(
    a_server_that_works_is_well_and_stays_as_it_is,
    keys_that_do_not_fit_are_told_from_new_ones,
    a_schema_that_is_not_up_to_date_names_the_command,
    no_secret_is_shown,
    the_public_address_is_asked_whose_server_is_there,
);

/// Other bytes under the id of [`ENCRYPTION_KEYS`], and the same under another id.
const WRONG: &str = "test:Hx4dHBsaGRgXFhUUExIREA8ODQwLCgkIBwYFBAMCAQA=";
const OTHER: &str = "new:Hx4dHBsaGRgXFhUUExIREA8ODQwLCgkIBwYFBAMCAQA=";
/// Nothing listens there.
const AWAY: &str = "postgres://riq:SECRET-of-the-database@127.0.0.1:1/riq";

/// What `doctor --json` found.
struct Found {
    finished: Finished,
    /// Check → state and message.
    checks: BTreeMap<String, (String, String)>,
}

impl Found {
    #[track_caller]
    fn says(&self, check: &str, state: &str, words: &[&str]) -> &Self {
        let missing = || panic!("{check} is missing: {:?}", self.finished);
        let (found, message) = self.checks.get(check).unwrap_or_else(missing);
        assert_eq!(found, state, "{check}: {message}");
        for words in words {
            assert!(message.contains(words), "{check}, expected {words}: {message}");
        }
        self
    }

    /// The checks that are not well.
    fn others(&self) -> Vec<&str> {
        let others = self.checks.iter().filter(|(_, (state, _))| state != "ok");
        others.map(|(check, _)| check.as_str()).collect()
    }
}

async fn doctor(environment: &[(&str, &str)]) -> Found {
    doctor_with(&[], environment).await
}

async fn doctor_with(arguments: &[&str], environment: &[(&str, &str)]) -> Found {
    let finished = run(&[&["doctor", "--json", "--offline"], arguments].concat(), environment).await;
    let list: Vec<Value> =
        serde_json::from_str(&finished.stdout).unwrap_or_else(|error| panic!("{error}: {finished:?}"));
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let checks: BTreeMap<_, _> =
        list.iter().map(|one| (text(&one["check"]), (text(&one["state"]), text(&one["message"])))).collect();
    assert_eq!(checks.len(), list.len(), "a check has one line: {finished:?}");
    let failed = checks.values().filter(|(state, _)| state == "failed").count();
    let error = match failed {
        0 => String::new(),
        failed => format!("error: {failed} of {} checks failed\n", checks.len()),
    };
    assert_eq!((finished.success, finished.stderr.as_str()), (failed == 0, error.as_str()));
    Found { finished, checks }
}

async fn provider() -> IdentityProvider {
    let provider = IdentityProvider::start(Environment::system().now()).await;
    let document = json!({
        "id_token_signing_alg_values_supported": ["EdDSA"], "backchannel_logout_supported": true,
        "end_session_endpoint": format!("{}/out", provider.issuer()),
    });
    provider.says(|says| says.document = document);
    provider
}

/// The settings of a server that people sign in to.
fn settings<'a>(database: &'a str, issuer: &'a str) -> Vec<(&'a str, &'a str)> {
    vec![
        ("DATABASE_URL", database),
        ("RIQ_ENCRYPTION_KEYS", ENCRYPTION_KEYS),
        ("RIQ_PUBLIC_URL", "https://riq.example/base"),
        ("RIQ_OIDC_ISSUER", issuer),
        ("RIQ_OIDC_CLIENT_ID", "riq"),
        ("RIQ_OIDC_CLIENT_SECRET", "SECRET-of-the-client"),
        ("RIQ_METRICS_TOKEN", "SECRET-of-prometheus"),
        ("RIQ_OAUTH_SLACK_CLIENT_ID", "1.2"),
        ("RIQ_OAUTH_SLACK_CLIENT_SECRET", "SECRET-of-slack"),
    ]
}

async fn a_server_that_works_is_well_and_stays_as_it_is(database: &TestDatabase) {
    crash::prepare(database).await;
    let sql = database.open().await;
    sql.execute("DELETE FROM encryption_keys", []).await;
    let file = database.path("riq.db");
    if file.exists() {
        fs::set_permissions(&file, fs::Permissions::from_mode(0o640)).unwrap();
    }
    let provider = provider().await;
    let issuer = provider.issuer();
    let found = doctor(&settings(&database.url, &issuer)).await;
    assert_eq!(found.others(), [""; 0], "{:?}", found.finished);
    let product = if file.exists() { "SQLite 3." } else { "PostgreSQL " };
    found.says("database", "ok", &[product]).says("schema", "ok", &[]);
    found.says("encryption_keys", "ok", &["does not know \"test\" yet"]);
    found.says("oauth_apps", "ok", &["1 of the "]).says("providers", "ok", &["all built in"]);
    found.says("public_url", "ok", &["\"https://riq.example/base\"", "host riq.example"]);
    let back = "\"https://riq.example/base/dashboard/sign-in/callback\"";
    found.says("openid_discovery", "ok", &["/.well-known/openid-configuration\" answers", back]);
    found.says("openid_keys", "ok", &["its 1 keys"]).says("openid_algorithms", "ok", &["EdDSA"]);
    let logout = "\"https://riq.example/base/oauth/back-channel-logout\"";
    let offers = "offers userinfo, back-channel logout, end_session, and does not offer nothing";
    found.says("openid_endpoints", "ok", &[offers, logout]).says("clock", "ok", &[]);
    assert_eq!(sql.count("SELECT COUNT(*) FROM encryption_keys", []).await, 0, "nothing was changed");
    if file.exists() {
        assert_eq!(fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o640, "nothing was changed");
    }
    let in_words = run(&["doctor", "--offline"], &settings(&database.url, &issuer)).await;
    let lines: Vec<&str> = in_words.stdout_of_success().lines().collect();
    assert_eq!(lines.len(), found.checks.len(), "{in_words:?}");
    assert!(lines[0].starts_with("ok       settings           they can"), "{in_words:?}");
}

async fn keys_that_do_not_fit_are_told_from_new_ones(database: &TestDatabase) {
    crash::prepare(database).await;
    let with =
        async |keys: &str| doctor(&[("DATABASE_URL", &database.url), ("RIQ_ENCRYPTION_KEYS", keys)]).await;
    with(ENCRYPTION_KEYS).await.says("encryption_keys", "ok", &["those of the database"]);
    let both = format!("{OTHER},{ENCRYPTION_KEYS}");
    with(&both).await.says("encryption_keys", "ok", &["does not know \"new\" yet"]);
    with(WRONG).await.says("encryption_keys", "failed", &["\"test\" is not the one", "put back the bytes"]);
    with(OTHER).await.says(
        "encryption_keys",
        "failed",
        &["sealed with the encryption key \"test\"", "add that key"],
    );
    with("k1:c2VjcmV0").await.says("encryption_keys", "failed", &["not 32 bytes long"]);
    let none = doctor(&[("DATABASE_URL", &database.url)]).await;
    none.says("encryption_keys", "failed", &["set RIQ_ENCRYPTION_KEYS"]).says("database", "ok", &[]);
}

async fn a_schema_that_is_not_up_to_date_names_the_command(database: &TestDatabase) {
    let own = [("DATABASE_URL", database.url.as_str()), ("RIQ_ENCRYPTION_KEYS", ENCRYPTION_KEYS)];
    if database.url.starts_with("sqlite:") {
        let found = doctor(&own).await;
        found.says("database", "failed", &["No such file", "migrate`"]);
        assert!(!database.path("riq.db").exists(), "nothing was made");
        fs::write(database.path("riq.db"), "").unwrap();
    }
    let found = doctor(&own).await;
    found.says("database", "ok", &[]).says("schema", "failed", &["not up to date (m", "migrate`"]);
    found.says("encryption_keys", "warning", &["they can be read", "is not known"]);
    assert!(database.open().await.tables().await.is_empty(), "nothing was changed");
}

async fn no_secret_is_shown(database: &TestDatabase) {
    crash::prepare(database).await;
    let provider = provider().await;
    let issuer = provider.issuer();
    let redis = "redis://riq:SECRET-of-redis@127.0.0.1:1/0";
    let wrong_keys = format!("{ENCRYPTION_KEYS},{WRONG}");
    let database_url = Url::parse(&database.url).unwrap();
    let password = database_url.password().filter(|password| password.len() > 8);
    let secrets = [&ENCRYPTION_KEYS[5..], &WRONG[5..], "SECRET-of", "hunter2"].into_iter().chain(password);
    let secrets: Vec<&str> = secrets.collect();
    let more = [
        vec![("RIQ_REDIS_URL", redis)],
        vec![("DATABASE_URL", AWAY), ("RIQ_DATABASE_LISTEN_URL", AWAY)],
        vec![("RIQ_DATABASE_LISTEN_URL", AWAY)],
        vec![("RIQ_ENCRYPTION_KEYS", WRONG)],
        vec![("RIQ_ENCRYPTION_KEYS", &wrong_keys)],
        vec![("RIQ_METRICS_TOKEN", "hunter2")],
        vec![("RIQ_OIDC_CLIENT_ID", "hunter2 of somebody")],
        vec![("RIQ_OAUTH_SLACK_CLIENT_SECRET", "hunter2 and more")],
        vec![("RIQ_OIDC_ISSUER", "http://127.0.0.1:1")],
    ];
    for more in more {
        let environment = [settings(&database.url, &issuer), more].concat();
        for arguments in [&["doctor", "--offline"][..], &["doctor", "--offline", "--json"]] {
            let finished = run(arguments, &environment).await;
            let said = format!("{} {}", finished.stdout, finished.stderr);
            let shown = secrets.iter().find(|secret| said.contains(**secret));
            assert!(shown.is_none() && said.contains("encryption_keys"), "{shown:?}: {said}");
        }
    }
}

/// Row 2 of what goes wrong in the field: two names that look the same.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn both_issuers_are_quoted_and_the_advice_fits() {
    let database = TestDatabase::create(Backend::Sqlite).await.unwrap();
    crash::prepare(&database).await;
    let provider = provider().await;
    let issuer = provider.issuer();
    let with_slash = format!("{issuer}/");
    for (setting, found, advice) in [
        (&issuer, with_slash.clone(), "only the slash at the end differs"),
        (&with_slash, issuer.clone(), "only the slash at the end differs"),
        (&issuer, format!("{issuer} "), "remove them at the provider"),
        (&issuer, format!("{issuer}/{{tenantid}}"), "name your own tenant"),
    ] {
        provider.says(|says| says.document["issuer"] = json!(found));
        let told = doctor(&settings(&database.url, setting)).await;
        let (setting, found) = (format!("is \"{setting}\""), format!("calls itself \"{found}\""));
        told.says("openid_issuer", "failed", &[&setting, &found, advice]);
        assert_eq!(told.others(), ["openid_issuer"], "what else there is was checked: {:?}", told.finished);
    }
    provider.says(|says| says.document["issuer"] = json!(with_slash));
    let in_words = run(&["doctor", "--offline"], &settings(&database.url, &issuer)).await;
    let quoted = format!(
        "failed   openid_issuer      RIQ_OIDC_ISSUER is \"{issuer}\", and the provider calls itself \"{issuer}/\""
    );
    assert!(in_words.stdout.contains(&quoted), "{in_words:?}");
    // What a provider writes cannot write to the terminal, and what is not seen is written out.
    provider.says(|says| says.document["issuer"] = json!(format!("{issuer}\u{200b}\u{1b}[2J")));
    let told = doctor(&settings(&database.url, &issuer)).await;
    told.says("openid_issuer", "failed", &[r"\u{200b}\u{1b}[2J"]);
    provider.says(|says| says.document["issuer"] = Value::Null);
    let told = doctor(&settings(&database.url, &issuer)).await;
    told.says("openid_issuer", "failed", &["it does not name the issuer"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_wrong_at_the_provider_is_said() {
    let database = TestDatabase::create(Backend::Sqlite).await.unwrap();
    crash::prepare(&database).await;
    let provider = provider().await;
    let issuer = provider.issuer();
    let now = Environment::system().now();
    let told = async || doctor(&settings(&database.url, &issuer)).await;
    for (ahead, side) in [(Duration::hours(1), "behind the provider's"), (-Duration::hours(1), "ahead of")] {
        provider.says(|says| says.now = now + ahead);
        told().await.says("clock", "warning", &[side, " 3", "time service"]);
    }
    provider.says(|says| says.now = now);
    provider.says(|says| says.published = Vec::new());
    told().await.says("openid_keys", "failed", &["no key"]).says("openid_issuer", "ok", &[]);
    provider.says(|says| says.document["jwks_uri"] = json!("http://keys.example/"));
    told().await.says("openid_keys", "failed", &["not https://"]).says("openid_issuer", "ok", &[]);
    let list = "id_token_signing_alg_values_supported";
    for (offered, state, words) in [
        (json!(["HS256", "none"]), "failed", "HS256, none alone"),
        (json!(["HS256", "RS256", "ES384"]), "ok", "one of these for this client: RS256, ES384"),
        (Value::Null, "warning", "does not say how it signs"),
    ] {
        provider.says(|says| says.document[list] = offered);
        told().await.says("openid_algorithms", state, &[words]);
    }
    provider.says(|says| says.is_up = false);
    let told_down = told().await;
    told_down.says(
        "openid_discovery",
        "failed",
        &["answered 503", "openid-configuration\"", "check the path"],
    );
    assert!(!told_down.checks.contains_key("openid_issuer"));
    let away = doctor(&settings(&database.url, "http://127.0.0.1:1")).await;
    away.says("openid_discovery", "failed", &["could not be reached", "DNS"]);
    let without_id = [("RIQ_OIDC_ISSUER", issuer.as_str()), ("RIQ_OIDC_CLIENT_SECRET", "SECRET")];
    let told = doctor(&without_id).await;
    told.says("settings", "failed", &["set RIQ_OIDC_CLIENT_ID too"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_a_database_the_rest_is_checked() {
    let provider = provider().await;
    let issuer = provider.issuer();
    let told = doctor(&settings(AWAY, &issuer)).await;
    told.says(
        "database",
        "failed",
        &["cannot connect to the PostgreSQL database at 127.0.0.1:1", "DATABASE_URL"],
    );
    told.says("encryption_keys", "warning", &["is not known"]).says("oauth_apps", "warning", &["1 of "]);
    assert_eq!(told.others(), ["database", "encryption_keys", "oauth_apps"]);
    told.says("openid_issuer", "ok", &["they are equal"]);
    let nothing = doctor(&[]).await;
    nothing.says("database", "failed", &["set DATABASE_URL"]).says("openid", "ok", &["with API keys"]);
    nothing.says("public_url", "warning", &["RIQ_PUBLIC_URL is not set", "\"http://127.0.0.1:8080/\""]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn files_addresses_and_redis_are_looked_at() {
    let database = TestDatabase::create(Backend::Sqlite).await.unwrap();
    let directory = database.path("providers");
    let with = async |name: &str, value: &str| doctor(&[(name, value)]).await;
    with("RIQ_PROVIDERS_DIR", directory.to_str().unwrap()).await.says(
        "providers",
        "failed",
        &["No such file"],
    );
    fs::create_dir(&directory).unwrap();
    with("RIQ_PROVIDERS_DIR", directory.to_str().unwrap()).await.says("providers", "warning", &["no file"]);
    let postmark = include_str!("../../../integrations-core/providers/postmark.toml");
    fs::write(directory.join("postmark.toml"), postmark).unwrap();
    with("RIQ_PROVIDERS_DIR", directory.to_str().unwrap()).await.says(
        "providers",
        "ok",
        &["1 of their files"],
    );
    fs::write(directory.join("broken.toml"), "format = 1").unwrap();
    let all = [("RIQ_PROVIDERS_DIR", directory.to_str().unwrap()), ("RIQ_SKIP_BROKEN_PROVIDERS", "on")];
    doctor(&all[..1]).await.says("providers", "failed", &["broken.toml:1:10: this server reads files"]);
    doctor(&all).await.says(
        "providers",
        "warning",
        &["left out", "broken.toml:1:10: this server reads files"],
    );
    with("RIQ_PUBLIC_URL", "http://riq.example").await.says("public_url", "warning", &["is not https"]);
    with("RIQ_PUBLIC_URL", "http://localhost:8080").await.says("public_url", "ok", &[]);
    with("RIQ_OUTBOUND_CA_FILE", "/does/not/exist").await.says(
        "settings",
        "failed",
        &["RIQ_OUTBOUND_CA_FILE"],
    );
    with("RIQ_LOG", "a=b=c").await.says("settings", "failed", &["RIQ_LOG or --log is not a filter"]);
    with("RIQ_OAUTH_SLACK_CLIENT_ID", "1").await.says("oauth_apps", "failed", &["_CLIENT_SECRET is not"]);
    let Some(mut redis) = Redis::start().await else { return };
    with("RIQ_REDIS_URL", &redis.url()).await.says("redis", "ok", &[&redis.place()]);
    redis.kill();
    with("RIQ_REDIS_URL", &redis.url()).await.says("redis", "warning", &["by itself meanwhile"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_data_directory_of_dev_can_be_looked_at() {
    let directory = tempfile::tempdir().unwrap();
    let data = directory.path().join("data");
    let data = data.to_str().unwrap();
    drop(Process::dev(data, &[]));
    let told = doctor_with(&["--data-dir", data], &[]).await;
    assert_eq!(told.others(), ["public_url"], "{:?}", told.finished);
    told.says("encryption_keys", "ok", &["those of the database"]).says("database", "ok", &["riq.db"]);
    let none = run(&["doctor", "--data-dir", "/does/not/exist"], &[]).await;
    none.failed_with("is not a data directory");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_pooler_is_told_apart() {
    let Some(database) = TestDatabase::create(Backend::Postgres).await else { return };
    crash::prepare(&database).await;
    let direct = database.url.clone();
    let Some(pooled) = pgbouncer::before(database, "transaction") else { return };
    let own = [("DATABASE_URL", pooled.url.as_str()), ("RIQ_ENCRYPTION_KEYS", ENCRYPTION_KEYS)];
    doctor(&own).await.says("database", "failed", &["set RIQ_DATABASE_POOL_MODE=transaction"]);
    let by_transaction = [&own[..], &[("RIQ_DATABASE_POOL_MODE", "transaction")]].concat();
    let listening = |url| [&by_transaction[..], &[("RIQ_DATABASE_LISTEN_URL", url)]].concat();
    let told = doctor(&listening(&direct)).await;
    told.says("database", "ok", &["pooler in transaction mode"]).says("database_listen", "ok", &[]);
    let told = doctor(&listening(AWAY)).await;
    told.says("database_listen", "failed", &["cannot be listened to"]).says("encryption_keys", "ok", &[]);
}

async fn the_public_address_is_asked_whose_server_is_there(database: &TestDatabase) {
    let process = Process::serve(database, &[]).await;
    let address = format!("http://{}", process.address);
    let with = async |url: &str, public: &str| {
        let keys = ("RIQ_ENCRYPTION_KEYS", ENCRYPTION_KEYS);
        doctor(&[("DATABASE_URL", url), keys, ("RIQ_PUBLIC_URL", public)]).await
    };
    with(&database.url, &address).await.says("public_url_asked", "ok", &["a server on this database"]);
    let other = TestDatabase::create(Backend::Sqlite).await.unwrap();
    drop(Process::serve(&other, &[]).await);
    let found = with(&other.url, &address).await;
    found.says("public_url_asked", "failed", &["a server on another database", "RIQ_PUBLIC_URL"]);
    let nowhere = with(&database.url, "http://127.0.0.1:1").await;
    nowhere.says("public_url_asked", "warning", &["could not be reached", "Start the server"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_provider_that_cannot_be_reached_is_named_with_what_to_do() {
    let database = TestDatabase::create(Backend::Sqlite).await.unwrap();
    let own = [
        ("DATABASE_URL", database.url.as_str()),
        ("RIQ_ENCRYPTION_KEYS", ENCRYPTION_KEYS),
        ("RIQ_OUTBOUND_RESOLVE", "slack.com=127.0.0.1:1"),
        ("HTTPS_PROXY", "http://hunter2:hunter2@127.0.0.1:1"),
    ];
    assert!(run(&["migrate"], &own).await.success);
    let finished = run(&["doctor", "--provider", "slack"], &own).await;
    finished.failed_with("1 of ");
    let said = &finished.stdout;
    assert!(said.contains("Slack at slack.com could not be reached: check the DNS"), "{said}");
    assert!(said.contains("HTTPS_PROXY is set, and this server does not use it"), "{said}");
    assert!(!said.contains("hunter2"), "{said}");
    let finished = run(&["doctor"], &own).await;
    assert!(finished.stdout.contains("no provider is connected, so none was asked"), "{finished:?}");
}
