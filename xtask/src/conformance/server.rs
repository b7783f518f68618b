//! The server that requests and clients are tried on: the program itself, on a database of its own.

use std::net::TcpStream;
use std::path::PathBuf;
use std::process::Command;
use std::time::Duration;

use anyhow::{Context, Result};
use riq_testing::postgres::free_port;
use riq_testing::process::{self, Service, bound_to_this_process};
use rustix::process::Signal;
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::workspace;

/// A key to seal with, made up for this.
const ENCRYPTION_KEYS: &str = "test:AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=";

/// A running server with one organization.
pub(super) struct UnderTest {
    origin: String,
    organization: String,
    key: String,
    program: PathBuf,
    settings: Vec<(&'static str, String)>,
    // Dropped in this order: the server first, then its files.
    _service: Service,
    directory: TempDir,
}

/// A provider that a project begins with.
#[derive(Clone, Copy)]
pub(super) enum Installed {
    Slack,
    Postmark,
    Stripe,
    /// One of `conformance/mcp/providers`.
    OfSuite(&'static str),
}

impl Installed {
    /// The line that imports it.
    fn line(self) -> Value {
        match self {
            Self::Slack => json!({
                "provider": "slack",
                "credential": {"access_token": "xoxb-of-nobody", "refresh_token": null, "expires_at": null},
            }),
            Self::Postmark => json!({"provider": "postmark", "credential": {"api_key": "of-nobody"}}),
            Self::Stripe => json!({"provider": "stripe", "credential": {"api_key": "rk_test_ofnobody"}}),
            Self::OfSuite(key) => json!({"provider": key, "credential": {"api_key": "of-nobody"}}),
        }
    }
}

impl UnderTest {
    /// Starts a server on an empty PostgreSQL database, or on a new SQLite file.
    ///
    /// # Errors
    /// When it does not start.
    pub(super) fn start(postgres: Option<&str>) -> Result<Self> {
        let mut settings = Self::nowhere();
        settings.extend(postgres.map(|url| ("DATABASE_URL", url.to_owned())));
        Self::start_with(settings)
    }

    /// Settings by which nothing listens where the providers are, so that every probe fails at once and none is asked.
    pub(super) fn nowhere() -> Vec<(&'static str, String)> {
        let hosts = ["slack.com", "api.postmarkapp.com", "api.stripe.com", "suite.example"];
        let nowhere = hosts.map(|host| format!("{host}=127.0.0.1:1")).join(",");
        vec![("RIQ_OUTBOUND_ALLOW", "127.0.0.1".to_owned()), ("RIQ_OUTBOUND_RESOLVE", nowhere)]
    }

    /// Starts a server with these settings, which say what it reaches. It has a new SQLite file unless they name a
    /// database.
    ///
    /// # Errors
    /// When it does not start.
    pub(super) fn start_with(more: Vec<(&'static str, String)>) -> Result<Self> {
        // With the examples, so that the dependencies have the same features as for the tests, and are compiled once.
        process::run(workspace::cargo().args(["build", "--quiet", "--workspace", "--bins", "--examples"]))?;
        let directory = tempfile::Builder::new().prefix("riq-conformance-").tempdir()?;
        let sqlite = format!("sqlite://{}", directory.path().join("riq.db").display());
        let address = format!("127.0.0.1:{}", free_port()?);
        let mut settings = vec![
            ("DATABASE_URL", sqlite),
            ("RIQ_ENCRYPTION_KEYS", ENCRYPTION_KEYS.to_owned()),
            ("RIQ_BIND", address.clone()),
            ("RIQ_LOG", "warn".to_owned()),
        ];
        settings.extend(more);
        let program = workspace::target_directory().join("debug/riq-server");
        let call = |arguments: &[&str]| {
            let mut command = Command::new(&program);
            command.envs(settings.clone()).args(arguments);
            process::output(&mut command)
        };
        call(&["migrate"])?;
        let made = |arguments: &[&str], field: &str| made(&call(arguments)?, field);
        let organization = made(&["admin", "org", "create", "--name", "Acme", "--json"], "id")?;
        let key = ["admin", "key", "create", "--org", &organization, "--name", "Conformance"];
        let key =
            made(&[&key[..], &["--scopes", "admin", "--tier", "enterprise", "--json"]].concat(), "api_key")?;
        let mut serve = bound_to_this_process(&program, None);
        let mut service =
            Service::start("riq-server", serve.envs(settings.clone()).arg("serve"), Signal::TERM)?;
        let answers = || TcpStream::connect(&address).is_ok();
        service.wait_until_ready(Duration::from_secs(60), Duration::from_millis(50), answers)?;
        let origin = format!("http://{address}");
        Ok(Self { origin, organization, key, program, settings, _service: service, directory })
    }

    /// `http://127.0.0.1:PORT`
    pub(super) fn origin(&self) -> &str {
        &self.origin
    }

    /// Makes a project in which these are installed. Returns its id.
    ///
    /// # Errors
    /// When it cannot be made.
    pub(super) fn project(&self, installed: &[Installed]) -> Result<String> {
        let lines: Vec<Value> = installed.iter().map(|one| one.line()).collect();
        self.project_with(&lines)
    }

    /// Makes a project into which these lines are imported. Returns its id.
    ///
    /// # Errors
    /// When it cannot be made.
    pub(super) fn project_with(&self, lines: &[Value]) -> Result<String> {
        let arguments =
            ["admin", "project", "create", "--org", &self.organization, "--name", "Inbox", "--json"];
        let project = made(&self.call(&arguments)?, "id")?;
        let lines: Vec<String> = lines.iter().map(Value::to_string).collect();
        let file = self.directory.path().join("integrations.jsonl");
        std::fs::write(&file, lines.join("\n"))?;
        self.call(&["admin", "import", "--project", &project, &file.to_string_lossy()])?;
        Ok(project)
    }

    /// The environment variables that tell a client where to go.
    pub(super) fn environment(&self, project: &str) -> [(&'static str, String); 3] {
        [
            ("RIQ_ORIGIN", self.origin.clone()),
            ("RIQ_API_KEY", self.key.clone()),
            ("RIQ_PROJECT_ID", project.to_owned()),
        ]
    }

    fn call(&self, arguments: &[&str]) -> Result<String> {
        process::output(Command::new(&self.program).envs(self.settings.clone()).args(arguments))
    }
}

/// A field of what a command made.
fn made(answer: &str, field: &str) -> Result<String> {
    let answer: Value = serde_json::from_str(answer)?;
    answer[field].as_str().map(str::to_owned).with_context(|| format!("{field} is missing in {answer}"))
}
