//! `riq-server providers try`: tries a provider file at the provider itself, from the operator's own machine.

use std::{
    fs,
    io::{self, Write as _},
    path::{Path, PathBuf},
};

use anyhow::{Context as _, anyhow, bail, ensure};
use clap::Args;
use integrations_core::{catalog::Catalog, characters::turns_direction, issue::Issue};
use serde_json::{Map, Value};

use crate::{
    app::{config::Options, text_file::read},
    environment::Environment,
    provider::outbound::Outbound,
    services::{
        install::import::read_given,
        trial::{self, Ended, Step},
    },
};

/// What to try, and with what.
#[derive(Args, Debug)]
pub(super) struct Trial {
    /// The provider file
    #[arg(value_name = "FILE")]
    file: PathBuf,
    /// A file with a line as `admin import` takes it, with a credential of yours; - reads standard input
    #[arg(long, value_name = "FILE")]
    credential_file: PathBuf,
    /// A file with the inputs of actions, such as {"find_tickets": {"email": "jo@shop.example"}}
    #[arg(long, value_name = "FILE")]
    inputs_file: Option<PathBuf>,
}

/// Asks the provider what its probe and its reading actions ask, and prints what came of it. Fails if anything that was
/// tried did not end as the file says.
pub(super) async fn run(trial: &Trial, options: &Options, environment: Environment) -> anyhow::Result<()> {
    let name = trial.file.file_name().and_then(|name| name.to_str());
    let name = name.context("the provider file has no name that is text")?;
    let text = fs::read_to_string(&trial.file);
    let text = text.with_context(|| format!("cannot read {}", trial.file.display()))?;
    let catalog = Catalog::embedded()?.with_files([(name.to_owned(), text)])?;
    let catalog = catalog.approving(&options.approved_hosts.iter().flatten().cloned().collect());
    let given = read_given(&read(&trial.credential_file)?, &catalog);
    let given = given.map_err(|issues| refused(&trial.credential_file, &issues))?;
    let provider = &given.account.provider;
    let key = provider.key.as_str();
    ensure!(
        name.strip_suffix(".toml") == Some(key),
        "{} has a credential of {key}, and not of {name}",
        trial.credential_file.display()
    );
    let inputs = inputs(trial.inputs_file.as_deref())?;
    let unknown = inputs.keys().find(|name| provider.action(name).is_none());
    ensure!(unknown.is_none(), "{key} has no action {}", unknown.map_or("", String::as_str));
    let way = format!("{key} by {}", provider.auth.as_str());
    let outbound = Outbound::new(options.outbound()?)?;
    let (mut tried, mut failed) = (0, 0);
    let trial = trial::Trial::new(given, inputs, outbound, environment);
    write(&format!("{way} at {}", trial.hosts().join(", ")))?;
    let ran = trial.run(|step| {
        tried += usize::from(!matches!(step.ended, Ended::Untried(_)));
        failed += usize::from(matches!(step.ended, Ended::Badly(_)));
        write(&line(&step))
    });
    ran.await?;
    ensure!(failed == 0, "{failed} of the {tried} that were tried did not end as the file says");
    Ok(())
}

/// What is wrong with a file. It repeats nothing of it.
fn refused(path: &Path, issues: &[Issue]) -> anyhow::Error {
    let issues: Vec<String> = issues.iter().map(ToString::to_string).collect();
    anyhow!("{} cannot be used: {}", path.display(), issues.join("; "))
}

/// The inputs by the actions' keys.
fn inputs(path: Option<&Path>) -> anyhow::Result<Map<String, Value>> {
    let Some(path) = path else { return Ok(Map::new()) };
    match serde_json::from_str(&read(path)?) {
        Ok(Value::Object(inputs)) => Ok(inputs),
        Ok(_) => bail!("{} must hold an object: the input of each action by its key", path.display()),
        Err(error) => bail!("{} is not JSON: {error}", path.display()),
    }
}

/// A step as a line of the report.
fn line(Step { name, request, ended }: &Step) -> String {
    let (word, words) = match ended {
        Ended::Well(words) => ("ok", words),
        Ended::Badly(words) => ("FAILED", words),
        Ended::Untried(words) => ("not tried", words),
    };
    let request = request.as_ref().map(|request| format!(" ({request})")).unwrap_or_default();
    format!("  {word}: {name}{request}: {words}")
}

/// Prints a line. A file may be somebody else's, so nothing of it gets to the terminal but what can be read.
fn write(line: &str) -> io::Result<()> {
    let is_read = |c: &char| !c.is_control() && !turns_direction(*c) && !matches!(c, '\u{2028}' | '\u{2029}');
    writeln!(io::stdout().lock(), "{}", line.chars().filter(is_read).collect::<String>())
}
