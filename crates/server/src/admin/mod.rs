//! The operator's commands: organizations, projects, API keys, OAuth apps, import, new encryption keys, and the audit
//! log's retention.
//!
//! They go to the database itself, the one that `serve` uses or that of `dev`, while the server runs.

mod audit;
mod import;
mod key;
mod oauth_app;
mod organization;
mod project;
mod rotate_keys;

use std::{
    fs,
    io::{self, Read as _, Write as _},
    path::{Path, PathBuf},
    sync::Arc,
};

use anyhow::{Context as _, bail};
use clap::{Args, Subcommand};
use integrations_core::{
    audit::{Actor, AuditAction, Change},
    ids::{OrganizationId, ProjectId},
};
use serde::Serialize;

use crate::{
    app::{config::Options, dev::DataDirectory},
    environment::Environment,
    store::{DatabaseUrl, NewAuditEvent, Store},
    vault::Vault,
};

/// Connections of a command: one to read with, one to write with.
const CONNECTIONS: u32 = 2;

/// `riq-server admin`
#[derive(Args, Debug)]
pub struct AdminCommand {
    #[command(subcommand)]
    resource: Resource,
    /// Use the database of `riq-server dev` in this directory instead of DATABASE_URL
    #[arg(long, value_name = "DIR", global = true)]
    data_dir: Option<PathBuf>,
    /// Answer in JSON
    #[arg(long, global = true)]
    json: bool,
}

#[derive(Debug, Subcommand)]
enum Resource {
    /// Organizations: own projects and API keys
    #[command(subcommand)]
    Org(organization::Command),
    /// Projects: hold integrations
    #[command(subcommand)]
    Project(project::Command),
    /// API keys
    #[command(subcommand)]
    Key(key::Command),
    /// OAuth apps: the client ids and secrets that providers gave
    #[command(subcommand)]
    OauthApp(oauth_app::Command),
    /// Import integrations with their credentials, from JSON lines: all or nothing
    Import(import::Command),
    /// The audit log
    #[command(subcommand)]
    Audit(audit::Command),
    /// Seal everything anew that is not sealed under the first encryption key, while the server runs
    ///
    /// May be stopped at any time and started again: it goes on with what is left.
    RotateKeys,
}

/// What a command works with.
struct Desk {
    store: Store,
    environment: Environment,
    json: bool,
}

/// Runs an operator's command.
pub async fn run(command: AdminCommand, options: &Options, environment: Environment) -> anyhow::Result<()> {
    let directory = command.data_dir.map(DataDirectory::existing).transpose()?;
    let url = match &directory {
        Some(directory) => directory.database_url(),
        None => options.database_url.clone().context(
            "no database is named: set DATABASE_URL to postgres://… or sqlite://PATH, or give --data-dir for the \
             database of `riq-server dev`",
        )?,
    };
    let desk = Desk { store: connect(&url).await?, environment, json: command.json };
    match command.resource {
        Resource::Org(command) => organization::run(command, &desk).await,
        Resource::Project(command) => project::run(command, &desk).await,
        Resource::Key(command) => key::run(command, &desk).await,
        Resource::Audit(command) => audit::run(command, &desk).await,
        Resource::OauthApp(command) => {
            let catalog = options.catalog()?;
            oauth_app::run(command, &desk, &catalog, || vault(&directory, options, &desk)).await
        }
        Resource::Import(command) => {
            let vault = Arc::new(vault(&directory, options, &desk)?);
            import::run(command, &desk, options.catalog()?, vault).await
        }
        Resource::RotateKeys => rotate_keys::run(&desk, &vault(&directory, options, &desk)?).await,
    }
}

/// A vault with the keys of `dev`'s directory, or else those of the settings.
fn vault(directory: &Option<DataDirectory>, options: &Options, desk: &Desk) -> anyhow::Result<Vault> {
    let keys = match directory {
        Some(directory) => directory.encryption_keys()?,
        None => options.encryption_keys()?,
    };
    Ok(Vault::new(keys, desk.environment.clone()))
}

async fn connect(url: &DatabaseUrl) -> anyhow::Result<Store> {
    let store = Store::connect(url, CONNECTIONS).await?;
    let pending = store.pending_migrations().await?;
    if !pending.is_empty() {
        bail!(
            "the database's schema is not up to date ({}): run `riq-server migrate` first",
            pending.join(", ")
        );
    }
    Ok(store)
}

impl Desk {
    /// An event of the operator's own.
    fn event(
        &self,
        organization: OrganizationId,
        project: Option<ProjectId>,
        action: AuditAction,
        changes: Vec<Change>,
    ) -> NewAuditEvent {
        NewAuditEvent {
            id: self.environment.id(),
            organization,
            project,
            integration: None,
            action,
            actor: Actor::Operator,
            request_id: None,
            changes,
            at: self.environment.now(),
        }
    }

    /// The organization, which must exist and not be revoked.
    async fn living_organization(&self, id: OrganizationId) -> anyhow::Result<()> {
        match self.store.organization(id).await? {
            None => bail!("there is no organization {id}"),
            Some(found) if found.revoked_at.is_some() => bail!("the organization {id} is revoked"),
            Some(_) => Ok(()),
        }
    }

    /// Writes an answer to stdout: as JSON, or as lines for people.
    fn answer<T: Serialize>(&self, answer: &T, in_words: impl FnOnce() -> Vec<String>) -> anyhow::Result<()> {
        let mut out = io::stdout().lock();
        if self.json {
            serde_json::to_writer(&mut out, answer)?;
            writeln!(out)?;
        } else {
            in_words().iter().try_for_each(|line| writeln!(out, "{line}"))?;
        }
        Ok(out.flush()?)
    }
}

/// What a file holds, or standard input where it is called `-`.
fn read(file: &Path) -> anyhow::Result<String> {
    if file == Path::new("-") {
        let mut text = String::new();
        io::stdin().read_to_string(&mut text).context("cannot read standard input")?;
        return Ok(text);
    }
    fs::read_to_string(file).with_context(|| format!("cannot read {}", file.display()))
}

/// A name for people: not blank, one line, at most 100 characters.
fn name(text: &str) -> Result<String, String> {
    let name = text.trim();
    if name.is_empty() || name.chars().count() > 100 || name.chars().any(char::is_control) {
        return Err("a name has 1 to 100 characters and is one line".into());
    }
    Ok(name.to_owned())
}

/// Columns of text, padded to their widest cell.
fn columns(rows: &[Vec<String>]) -> Vec<String> {
    let widest =
        |column: usize| rows.iter().filter_map(|row| row.get(column)).map(|cell| cell.chars().count()).max();
    let line = |row: &Vec<String>| {
        let cells =
            row.iter().enumerate().map(|(column, cell)| format!("{cell:<0$}", widest(column).unwrap_or(0)));
        cells.collect::<Vec<_>>().join("  ").trim_end().to_owned()
    };
    rows.iter().map(line).collect()
}

/// A moment for people; a dash where there is none.
fn moment(time: Option<time::OffsetDateTime>) -> String {
    use time::format_description::well_known::Rfc3339;

    time.and_then(|time| time.replace_nanosecond(0).ok()?.format(&Rfc3339).ok()).unwrap_or_else(|| "-".into())
}

/// What a revocation answers.
#[derive(Serialize)]
struct Revoked {
    id: String,
    /// `false`: it was revoked before.
    revoked: bool,
}

impl Revoked {
    fn in_words(&self) -> Vec<String> {
        let what = if self.revoked { "Revoked" } else { "Was revoked before:" };
        vec![format!("{what} {}", self.id)]
    }
}
