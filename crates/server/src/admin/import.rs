//! `riq-server admin import`: integrations from JSON lines, or from the export of another server.

use std::{
    collections::BTreeSet,
    ffi::OsString,
    fs,
    io::Write as _,
    os::unix::fs::MetadataExt as _,
    path::{Path, PathBuf},
    sync::Arc,
};

use anyhow::{Context as _, bail, ensure};
use clap::{Args, ValueEnum};
use integrations_core::{
    catalog::Catalog,
    ids::ProjectId,
    nango::{self, Unmapped},
    receipt::Receipt,
};
use serde::Serialize;

use super::{context::Context, identity::IdentityFile, whole_file::WholeFile};
use crate::{
    app::config::Options,
    app::text_file::read,
    provider::oauth_apps::OAuthApps,
    services::{
        install::import::{ImportError, Importer, LineIssue},
        moving::{Arrived, Found, Import, MoveError, MoveIssue, Receiver, find},
    },
    vault::Vault,
};

#[derive(Args, Debug)]
pub(super) struct Command {
    /// The project to import into, prj_…
    #[arg(long)]
    project: ProjectId,
    /// The file of `admin export`, or JSON lines: {"provider":"postmark","credential":{"api_key":"…"}}; - reads
    /// standard input
    file: PathBuf,
    /// What made the file
    #[arg(long, value_enum, value_name = "SYSTEM", default_value_t = System::This)]
    from: System,
    /// Check everything, and import nothing
    #[arg(long)]
    dry_run: bool,
    /// The SHA-256 that the source showed for its export: only that proves who made the file
    #[arg(long, value_name = "SHA256")]
    expect: Option<String>,
    #[command(flatten)]
    identity: IdentityFile,
    /// File for the receipt of an export; without it, FILE.receipt
    #[arg(long, value_name = "FILE")]
    receipt: Option<PathBuf>,
}

/// What made a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum System {
    /// Lines of this server's own form, or the export of another server
    This,
    /// What Nango's API answers of connections with their credentials
    Nango,
}

/// What is wrong with a connection of another system.
#[derive(Clone, Serialize)]
struct ConnectionIssue {
    connection: String,
    message: String,
}

#[derive(Serialize)]
struct Imported {
    project_id: String,
    imported: Vec<String>,
}

#[derive(Serialize)]
struct Refused<'a, T> {
    error: String,
    issues: &'a [T],
}

pub(super) async fn run(
    command: Command,
    context: &Context,
    options: &Options,
    vault: Arc<Vault>,
    keys: &Option<PathBuf>,
) -> anyhow::Result<()> {
    let text = read(&command.file)?;
    if is_export(&command, &text)? {
        return receive(&command, context, options, vault, keys, &text).await;
    }
    let catalog = options.catalog()?;
    let (text, connections) = match command.from {
        System::This => (text, Vec::new()),
        System::Nango => lines_of_nango(&text, context, &catalog)?,
    };
    let importer = Importer::new(context.store.clone(), catalog, vault, context.environment.clone());
    let done = match command.dry_run {
        true => importer.check(command.project, &text).await,
        false => importer.import(command.project, &text).await,
    };
    match done {
        Ok(imported) => {
            let answer = Imported { project_id: command.project.to_string(), imported };
            let did = if command.dry_run { "Would import" } else { "Imported" };
            context.answer(&answer, || {
                vec![format!("{did} {} into {}", answer.imported.join(", "), answer.project_id)]
            })
        }
        Err(ImportError::BadLines(issues)) if command.from == System::Nango => {
            let of = |issue: LineIssue| ConnectionIssue {
                connection: connections.get(issue.line.saturating_sub(1)).cloned().unwrap_or_default(),
                message: format!("{}: {}", issue.path, issue.message),
            };
            refuse_connections(context, issues.into_iter().map(of).collect())
        }
        Err(ImportError::BadLines(issues)) => {
            refuse(context, ImportError::BadLines(issues.clone()).to_string(), &issues, in_words)
        }
        Err(error) => Err(error.into()),
    }
}

/// The lines of an import for the connections of Nango, and their ids there.
fn lines_of_nango(text: &str, context: &Context, catalog: &Catalog) -> anyhow::Result<(String, Vec<String>)> {
    match nango::read(text, catalog) {
        Ok(mapped) => {
            let lines: Vec<String> = mapped.iter().map(|one| one.line.to_string()).collect();
            Ok((lines.join("\n"), mapped.into_iter().map(|one| one.connection).collect()))
        }
        Err(unmapped) => {
            let issue = |one: Unmapped| ConnectionIssue { connection: one.connection, message: one.message };
            refuse_connections(context, unmapped.into_iter().map(issue).collect())
        }
    }
}

/// Names the connections that cannot be imported. It is always an error.
fn refuse_connections<T>(context: &Context, issues: Vec<ConnectionIssue>) -> anyhow::Result<T> {
    let connections: BTreeSet<&str> = issues.iter().map(|issue| issue.connection.as_str()).collect();
    let error = format!("{} of the connections cannot be imported; nothing was", connections.len());
    refuse(context, error, &issues, |issue| format!("{}: {}", issue.connection, issue.message))
}

/// Says what is wrong with each, and fails.
fn refuse<I: Serialize, T>(
    context: &Context,
    error: String,
    issues: &[I],
    line: impl Fn(&I) -> String,
) -> anyhow::Result<T> {
    context.answer(&Refused { error: error.clone(), issues }, || issues.iter().map(line).collect())?;
    Err(anyhow::Error::msg(error))
}

fn in_words(issue: &LineIssue) -> String {
    match issue.path.as_str() {
        "" => format!("line {}: {}", issue.line, issue.message),
        path => format!("line {}: {path}: {}", issue.line, issue.message),
    }
}

/// Whether a file is an export that may be imported.
fn is_export(command: &Command, text: &str) -> anyhow::Result<bool> {
    match find(text) {
        Found::Export(_) if command.from == System::This => Ok(true),
        Found::Unfinished => bail!(
            "nothing was imported: this is what an interrupted export left, and nobody can import it. Delete it, and \
             export again at the source"
        ),
        _ if command.expect.is_some() => {
            bail!("nothing was imported: --expect is for the file of an export, and this is none")
        }
        _ => Ok(false),
    }
}

/// Imports an export, and writes its receipt.
async fn receive(
    command: &Command,
    context: &Context,
    options: &Options,
    vault: Arc<Vault>,
    keys: &Option<PathBuf>,
    text: &str,
) -> anyhow::Result<()> {
    let identity = command.identity.read(keys)?;
    let catalog = options.catalog()?;
    let given = options.oauth_apps(&catalog)?;
    let apps = OAuthApps::new(context.store.clone(), Arc::clone(&vault), given);
    let receiver = Receiver::new(context.store.clone(), catalog, vault, apps, context.environment.clone());
    let file = receipt_file(command)?;
    let arriving =
        Import { project: command.project, expected: command.expect.as_deref(), is_trial: command.dry_run };
    match receiver.import(arriving, &identity, text).await {
        Ok(arrived) => {
            if let Some(receipt) = &arrived.receipt {
                keep(receipt, &file, context)?;
            }
            context.answer(&arrived, || arrived_in_words(&arrived, &file))
        }
        Err(MoveError::Issues(issues)) => {
            let error = MoveError::Issues(issues.clone()).to_string();
            refuse(context, error, &issues, |issue: &MoveIssue| {
                format!("{}: {}", issue.provider, issue.message)
            })
        }
        Err(MoveError::Before { export, project, receipt }) if !command.dry_run => {
            keep(&receipt, &file, context)?;
            let again = MoveError::Before { export, project, receipt };
            Err(anyhow::Error::from(again).context(format!("its receipt is in {} again", file.display())))
        }
        Err(error) => Err(error.into()),
    }
}

fn receipt_file(command: &Command) -> anyhow::Result<PathBuf> {
    if let Some(file) = &command.receipt {
        let both = (fs::metadata(file), fs::metadata(&command.file));
        let is_the_export = match &both {
            (Ok(receipt), Ok(export)) => (receipt.dev(), receipt.ino()) == (export.dev(), export.ino()),
            _ => false,
        };
        ensure!(
            !is_the_export,
            "nothing was imported: the receipt would be written over the export. Choose another name for --receipt"
        );
        return Ok(file.clone());
    }
    ensure!(
        command.file != Path::new("-"),
        "say with --receipt FILE where the receipt is to be written, as the export comes from standard input"
    );
    let mut name = OsString::from(command.file.as_os_str());
    name.push(".receipt");
    Ok(name.into())
}

fn keep(receipt: &Receipt, file: &Path, context: &Context) -> anyhow::Result<()> {
    let write = || {
        let mut copy = WholeFile::create(file, &context.environment)?;
        writeln!(copy.file, "{}", serde_json::to_string(receipt)?)?;
        copy.replace()
    };
    write().with_context(|| {
        let file = file.display();
        format!("everything is imported, but the receipt cannot be written to {file}: import again, with --receipt")
    })
}

fn arrived_in_words(arrived: &Arrived, file: &Path) -> Vec<String> {
    let Arrived { export_id, project_id, imported, left_out, receipt } = arrived;
    let did = if receipt.is_some() { "Imported" } else { "Would import" };
    let mut lines = vec![format!("{did} {} of {export_id} into {project_id}", imported.join(", "))];
    lines.extend(left_out.iter().map(|one| format!("Left out a permission for an unknown action: {one}")));
    if receipt.is_some() {
        lines.push(format!("Wrote {}. Next, at the source: admin export --receipt FILE", file.display()));
    }
    lines
}
