//! `riq-server admin revoke`: a whole provider after a breach.

use riq_testing::providers::gate::{self, Gate, Manner, access_token, refresh_token};
use serde_json::{Value, json};

use super::PATIENCE;
use crate::{
    crash::prepare,
    support::{
        TestDatabase, eventually,
        process::{Finished, run, run_with_input},
        server::ENCRYPTION_KEYS,
    },
};

on_both_databases!(a_whole_provider_is_revoked_and_each_that_is_not_is_told);

/// The settings of the programs, with the providers that a test plays.
struct Operator {
    environment: Vec<(&'static str, String)>,
}

impl Operator {
    fn new(database: &TestDatabase, gate: &Gate) -> Self {
        let (providers, authority) = (database.path("providers"), database.path("authority.pem"));
        std::fs::create_dir(&providers).unwrap();
        for (name, file) in gate::files() {
            std::fs::write(providers.join(name), file).unwrap();
        }
        std::fs::write(&authority, gate.ca_pem()).unwrap();
        let path = |path: &std::path::Path| path.to_str().unwrap().to_owned();
        let hosts = gate::HOSTS.map(|host| format!("{host}={}", gate.address()));
        let environment = vec![
            ("DATABASE_URL", database.url.clone()),
            ("RIQ_ENCRYPTION_KEYS", ENCRYPTION_KEYS.to_owned()),
            ("RIQ_PROVIDERS_DIR", path(&providers)),
            ("RIQ_OUTBOUND_CA_FILE", path(&authority)),
            ("RIQ_OUTBOUND_RESOLVE", hosts.join(",")),
            ("RIQ_OAUTH_GATE_CLIENT_ID", gate::APP.0.to_owned()),
            ("RIQ_OAUTH_GATE_CLIENT_SECRET", gate::APP.1.to_owned()),
            ("RIQ_OAUTH_STUB_CLIENT_ID", gate::APP.0.to_owned()),
            ("RIQ_OAUTH_STUB_CLIENT_SECRET", gate::APP.1.to_owned()),
        ];
        Self { environment }
    }

    fn environment(&self) -> Vec<(&str, &str)> {
        self.environment.iter().map(|(name, value)| (*name, value.as_str())).collect()
    }

    async fn admin(&self, arguments: &[&str]) -> Finished {
        run(&[&["admin"], arguments].concat(), &self.environment()).await
    }
}

/// The line that imports an account of a provider with the tokens of a connection.
fn line(provider: &str, connection: &str) -> String {
    let credential = json!({
        "access_token": access_token(connection, 0),
        "refresh_token": refresh_token(connection, 0),
        "expires_at": null,
    });
    json!({"provider": provider, "credential": credential}).to_string()
}

async fn a_whole_provider_is_revoked_and_each_that_is_not_is_told(database: &TestDatabase) {
    let project = prepare(database).await.project;
    let gate = Gate::start().await;
    let operator = Operator::new(database, &gate);
    gate.set("liar", Manner::Lies);
    let lines = [
        line("gate", "acme.1"),
        line("gate~liar", "liar.1"),
        line("gate~eu", "globex.1"),
        line("stub", "acme.9"),
    ];
    let import = ["admin", "--json", "import", "--project", project.as_str(), "-"];
    run_with_input(&import, &operator.environment(), &lines.join("\n")).await.json();
    let revoke = ["--json", "revoke", "--provider", "gate"];
    // Nobody can be asked here.
    let refused = operator.admin(&revoke).await;
    assert!(!refused.success && refused.stderr.contains("needs --yes"), "{}", refused.stderr);
    assert!(gate.is_alive("acme.1"));
    let none = operator.admin(&[&revoke[..], &["--since", "2999-01-01T00:00:00Z", "--yes"]].concat()).await;
    assert_eq!(none.json()["disconnected"], 0);
    let unknown = operator.admin(&["revoke", "--provider", "nobody", "--yes"]).await;
    assert!(unknown.stderr.contains("there is no provider nobody"), "{}", unknown.stderr);

    let with_yes = [&revoke[..], &["--project", project.as_str(), "--yes"]].concat();
    assert!(operator.admin(&["resume", "--not-yet"]).await.success);
    let quiet = operator.admin(&with_yes).await;
    quiet.failed_with("nothing was revoked: this database was restored or copied");
    let report: Value = serde_json::from_str(&quiet.stdout).unwrap();
    assert_eq!((&report["disconnected"], &report["pending"]), (&json!(3), &json!(3)), "{report}");
    assert!(gate.is_alive("acme.1"));
    assert!(operator.admin(&["resume", "--yes"]).await.success);
    let first = operator.admin(&with_yes).await;
    let report: Value = serde_json::from_str(&first.stdout).unwrap();
    assert!(!first.success && first.stderr.contains("1 are not revoked"), "{}", first.stderr);
    let counts =
        ["disconnected", "revoked", "pending", "unsupported", "failed"].map(|name| report[name].clone());
    assert_eq!(counts, [0, 2, 1, 0, 0].map(Value::from), "{report}");
    let line = &report["not_revoked"][0];
    assert_eq!((&line["provider"], &line["status"]), (&json!("gate~liar"), &json!("pending")));
    assert_eq!(line["message"], "Gate still takes the credential");
    assert!(!gate.is_alive("acme.1") && !gate.is_alive("globex.1") && gate.is_alive("acme.9"));
    // It can be run again, and goes on.
    gate.set("liar", Manner::Honest);
    eventually("all are revoked", PATIENCE, async || {
        let again = operator.admin(&with_yes).await;
        again.success && again.json()["revoked"] == 3
    })
    .await;
    assert!(!gate.is_alive("liar.1"));
}
