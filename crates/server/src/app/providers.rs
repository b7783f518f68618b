//! `riq-server providers`: checks and tries provider files, and begins new ones, without a server.

mod new;
mod trial;

use std::{
    io::{self, Write},
    path::{Path, PathBuf},
};

use anyhow::{Context as _, ensure};
use clap::{Args, Subcommand};
use integrations_core::{
    action::{RenderedBody, RenderedRequest},
    catalog::{Catalog, Provider, provider_file_schema},
};
use url::form_urlencoded::Serializer;

use self::{new::NewProvider, trial::Trial};
use super::config::{Options, toml_files, with_logos};
use crate::environment::Environment;

/// `riq-server providers`
#[derive(Args, Debug)]
pub struct ProvidersCommand {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Check the provider files of a directory as the server would, and print the requests of their examples
    Check {
        /// The directory, as of RIQ_PROVIDERS_DIR
        #[arg(value_name = "DIR")]
        directory: PathBuf,
    },
    /// Write a provider file to go on from; asks at a terminal for what is not given
    New(NewProvider),
    /// Try a provider file at the provider itself: its probe, and its actions that only read
    ///
    /// It prints a report that can be passed on: nothing of the credential, and of the provider's answers only statuses
    /// and what kind of thing an action returns.
    Try(Trial),
    /// Print the JSON Schema of provider files, for editors
    Schema,
}

/// Runs the command.
pub async fn run(
    command: &ProvidersCommand,
    options: &Options,
    environment: Environment,
) -> anyhow::Result<()> {
    match &command.command {
        Command::Check { directory } => check(directory),
        Command::New(new) => new::run(new),
        Command::Try(trial) => trial::run(trial, options, environment).await,
        Command::Schema => Ok(writeln!(io::stdout().lock(), "{:#}", provider_file_schema())?),
    }
}

/// Checks the files of a directory, together with the built-in ones. Fails with all that is wrong with them.
fn check(directory: &Path) -> anyhow::Result<()> {
    let files = toml_files(directory)
        .with_context(|| format!("cannot read the provider files in {}", directory.display()))?;
    let keys: Vec<String> =
        files.iter().filter_map(|(name, _)| name.strip_suffix(".toml").map(str::to_owned)).collect();
    let catalog = Catalog::embedded()?
        .with_files(files)
        .with_context(|| format!("{} has files that are not valid", directory.display()))?;
    let (catalog, problems) = with_logos(catalog, directory);
    ensure!(
        problems.is_empty(),
        "{} has files that are not valid: {}",
        directory.display(),
        problems.join("\n")
    );
    let mut out = io::stdout().lock();
    for provider in keys.iter().filter_map(|key| catalog.get(key)) {
        print(provider, &mut out)?;
    }
    Ok(())
}

fn print(provider: &Provider, out: &mut impl Write) -> io::Result<()> {
    writeln!(out, "{}", provider.key)?;
    for action in provider.actions.iter() {
        for example in &action.examples {
            writeln!(out, "  {}: {}", action.key, example.name)?;
            for line in lines(&example.request) {
                writeln!(out, "    {line}")?;
            }
        }
    }
    Ok(())
}

/// A request as people read it. It has nothing of a credential.
fn lines(request: &RenderedRequest) -> Vec<String> {
    let form = |fields: &[(String, String)]| Serializer::new(String::new()).extend_pairs(fields).finish();
    let query = if request.query.is_empty() { String::new() } else { format!("?{}", form(&request.query)) };
    let mut lines = vec![format!("{} {}{query}", request.method, request.path)];
    lines.extend(request.headers.iter().map(|(name, value)| format!("{name}: {value}")));
    match &request.body {
        RenderedBody::None => {}
        RenderedBody::Json(body) => lines.push(body.to_string()),
        RenderedBody::Form(fields) => lines.push(form(fields)),
    }
    lines
}
