//! Lets the providers' official clients read and write through the proxy, at simulated providers.
#![expect(clippy::print_stderr, reason = "a command line's output")]

use std::io::{BufRead as _, BufReader, Write as _};
use std::path::Path;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use anyhow::{Context, Result, ensure};
use riq_testing::process::{self, bound_to_this_process};
use serde_json::{Value, json};

use super::equipment::{copy, folder, npm};
use super::server::UnderTest;
use crate::{npm, workspace};

/// The providers, and the host that each client's requests must arrive at.
const PROVIDERS: [(&str, &str); 6] = [
    ("slack", "slack.com"),
    ("github", "api.github.com"),
    ("notion", "api.notion.com"),
    ("stripe", "api.stripe.com"),
    ("linear", "api.linear.app"),
    ("hubspot", "api.hubapi.com"),
];
/// What is in a write whose answer is lost, and in one that is not permitted.
const LOST: &str = "lost-answer";
const REFUSED: &str = "refused-write";

/// Runs the clients.
///
/// # Errors
/// When a client does not get what it expects, or something else arrives at a provider.
pub(super) fn run() -> Result<()> {
    let mut simulated = Simulated::start()?;
    let (_directory, work) = copy("proxy")?;
    let files = work.join("providers");
    write_laxer_files(&files)?;
    let server = UnderTest::start_with(simulated.settings(&work, &files)?)?;
    let modules = npm::install(&npm()?, &folder("proxy"))?;
    std::os::unix::fs::symlink(&modules, work.join("node_modules"))?;
    let project = server.project_with(&simulated.credentials())?;
    let environment = server.environment(&project);
    let mut flow = Command::new("node");
    process::run(flow.current_dir(&work).arg("flow.mjs").envs(environment.clone()))
        .context("the providers' clients")?;
    let [_, (_, key), _] = &environment;
    check(&simulated.arrived()?, key)?;
    eprintln!(
        "Proxy: the providers' own clients read, write, page and are refused, and repeat no lost write"
    );
    Ok(())
}

/// Every writing action of GitHub has a guard, and every change of a Stripe customer could give money back, so the
/// proxy sends none of these. An operator may have files that say otherwise.
fn write_laxer_files(directory: &Path) -> Result<()> {
    std::fs::create_dir_all(directory)?;
    for (provider, key, left_out) in
        [("github", "comment_on_issue", "guards"), ("stripe", "issue_refund", "also")]
    {
        let file = format!("{provider}.toml");
        let own = workspace::root().join("crates/integrations-core/providers").join(&file);
        let mut table: toml::Table = std::fs::read_to_string(own)?.parse()?;
        let actions = table.get_mut("actions").and_then(toml::Value::as_array_mut).into_iter().flatten();
        let action = actions
            .filter_map(toml::Value::as_table_mut)
            .find(|action| action["key"].as_str() == Some(key))
            .with_context(|| format!("{provider} has no {key}"))?;
        action.remove(left_out).with_context(|| format!("{key} has no {left_out}"))?;
        std::fs::write(directory.join(file), table.to_string())?;
    }
    Ok(())
}

/// Checks what arrived at the providers.
fn check(arrived: &Value, key: &str) -> Result<()> {
    let complaints = arrived["complaints"].as_array().context("no complaints")?;
    ensure!(complaints.is_empty(), "what a provider does not document arrived there: {complaints:?}");
    let requests = arrived["requests"].as_array().context("no requests")?;
    for request in requests {
        let text = request.to_string();
        ensure!(!text.contains(key), "our API key arrived at {}", request["host"]);
        ensure!(!text.contains(REFUSED), "a write that is not permitted arrived at {}", request["host"]);
    }
    for (provider, host) in PROVIDERS {
        let lost = |request: &&Value| {
            request["host"] == host && request["body"].as_str().is_some_and(|body| body.contains(LOST))
        };
        let count = requests.iter().filter(lost).count();
        ensure!(count == 1, "the write whose answer was lost arrived {count} times at {provider}");
    }
    Ok(())
}

/// The simulated providers. They end when this is dropped, because their input ends.
struct Simulated {
    beginning: Value,
    asking: Option<ChildStdin>,
    answers: BufReader<ChildStdout>,
    child: Child,
}

impl Simulated {
    fn start() -> Result<Self> {
        // Built as part of the workspace, as in openapi.rs.
        process::run(workspace::cargo().args(["build", "--quiet", "--workspace", "--example", "simulator"]))?;
        let program = workspace::target_directory().join("debug/examples/simulator");
        let mut command = bound_to_this_process(&program, None);
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn()?;
        let asking = child.stdin.take();
        let mut answers = BufReader::new(child.stdout.take().context("the simulator has no output")?);
        let beginning = line(&mut answers)?;
        Ok(Self { beginning, asking, answers, child })
    }

    /// The server's settings that lead it to these providers.
    fn settings(&self, work: &Path, files: &Path) -> Result<Vec<(&'static str, String)>> {
        let text = |field: &str| self.beginning[field].as_str().context("the simulator says too little");
        let certificates = work.join("authority.pem");
        std::fs::write(&certificates, text("ca")?)?;
        let (address, hosts) = (text("address")?, self.beginning["hosts"].as_array().into_iter().flatten());
        let resolved: Vec<String> =
            hosts.filter_map(Value::as_str).map(|host| format!("{host}={address}")).collect();
        Ok(vec![
            ("RIQ_OUTBOUND_RESOLVE", resolved.join(",")),
            ("RIQ_OUTBOUND_CA_FILE", certificates.display().to_string()),
            ("RIQ_PROVIDERS_DIR", files.display().to_string()),
        ])
    }

    /// What is imported: a credential of each provider.
    fn credentials(&self) -> Vec<Value> {
        let line = |(provider, _): &(&str, &str)| json!({"provider": provider, "credential": self.beginning["credentials"][*provider]});
        PROVIDERS.iter().map(line).collect()
    }

    /// The requests that arrived, and what was wrong with them.
    fn arrived(&mut self) -> Result<Value> {
        let asking = self.asking.as_mut().context("the simulator has no input")?;
        writeln!(asking)?;
        line(&mut self.answers)
    }
}

impl Drop for Simulated {
    fn drop(&mut self) {
        drop(self.asking.take());
        drop(self.child.wait());
    }
}

fn line(answers: &mut BufReader<ChildStdout>) -> Result<Value> {
    let mut line = String::new();
    answers.read_line(&mut line)?;
    serde_json::from_str(&line).context("the simulator ended")
}
