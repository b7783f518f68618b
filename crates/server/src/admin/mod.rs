//! The operator's commands: organizations, projects, API keys, people, OAuth apps, import, moves to another server,
//! revocation of everything of a provider, rotation of encryption keys, backups and what follows a restore, and
//! deletion of old audit events and runs.
//!
//! They use the database of `serve` or `dev` directly. The server may be running.

mod app_events;
mod audit;
mod backup;
mod context;
mod export;
mod export_file;
mod identity;
mod import;
mod init;
mod key;
mod oauth_app;
mod organization;
mod project;
mod prune;
mod resume;
mod revoke;
mod rotate_keys;
mod runs;
mod user;
mod whole_file;

use std::{
    path::{Path, PathBuf},
    sync::Arc,
};

use clap::{Args, Subcommand};

use self::context::Context;
pub use self::{
    audit::NotWhole,
    init::{InitCommand, run as init},
};
use crate::{
    app::{config::Options, dev::DataDirectory, schema},
    environment::Environment,
    program,
    store::{DatabaseUrl, Store},
    vault::Vault,
};

/// The connections of a command: one to read, one to write, and some for what goes on at the same time.
const CONNECTIONS: u32 = 4;

/// `riq-server admin`
#[derive(Args, Debug)]
pub struct AdminCommand {
    #[command(subcommand)]
    resource: Resource,
    /// Use the database of `riq-server dev` in this directory instead of DATABASE_URL
    #[arg(long, value_name = "DIR", global = true)]
    data_dir: Option<PathBuf>,
    /// Print the result as JSON
    #[arg(long, global = true)]
    json: bool,
}

#[derive(Debug, Subcommand)]
enum Resource {
    /// Organizations, which own projects and API keys
    #[command(subcommand)]
    Org(organization::Command),
    /// Projects, which hold integrations
    #[command(subcommand)]
    Project(project::Command),
    /// API keys
    #[command(subcommand)]
    Key(key::Command),
    /// People and their roles
    #[command(subcommand)]
    User(user::Command),
    /// OAuth apps: the client ids and secrets that providers issued
    #[command(subcommand)]
    OauthApp(oauth_app::Command),
    /// Print the public key to which other servers seal what is moved to this one; make the key if there is none
    Identity(identity::Command),
    /// Move the integrations of a project to another server: into a file that only the receiver can open
    ///
    /// They are not used here from then on, until the move ends by --receipt or --cancel.
    Export(export::Command),
    /// Import integrations with their credentials: all of them or none
    Import(import::Command),
    /// Disconnect every integration with a provider and have the provider revoke the access, as after a breach
    ///
    /// You can stop it at any time and start it again: it continues with the rest. What the provider does not revoke at
    /// the first attempt, the server goes on with.
    Revoke(revoke::Command),
    /// The audit log
    #[command(subcommand)]
    Audit(audit::Command),
    /// The record of calls of actions
    #[command(subcommand)]
    Runs(runs::Command),
    /// Copy a SQLite database into a file while the server runs; for PostgreSQL, say how
    ///
    /// The encryption keys are not in the copy.
    Backup(backup::Command),
    /// Go on with a database that was restored or copied: renew tokens, revoke and send again
    Resume(resume::Command),
    /// Seal all secrets again under the first encryption key, while the server runs
    ///
    /// You can stop it at any time and start it again: it continues with the rest.
    RotateKeys,
}

/// Runs an operator's command.
pub async fn run(command: AdminCommand, options: &Options, environment: Environment) -> anyhow::Result<()> {
    let directory = command.data_dir.map(DataDirectory::existing).transpose()?;
    let url = match &directory {
        Some(directory) => directory.database_url()?,
        None => options.database_url()?,
    };
    let store = connect(&url, directory.as_ref(), options).await?;
    let context = Context { store, environment, json: command.json };
    match command.resource {
        Resource::Org(command) => organization::run(command, &context).await,
        Resource::Project(command) => project::run(command, &context).await,
        Resource::Key(command) => key::run(command, &context).await,
        Resource::User(command) => user::run(command, &context).await,
        Resource::Backup(command) => backup::run(command, &context, &url).await,
        Resource::Resume(command) => resume::run(command, &context).await,
        Resource::Audit(command) => audit::run(command, &context).await,
        Resource::Runs(command) => runs::run(command, &context).await,
        Resource::OauthApp(oauth_app::Command::Events(command)) => {
            let vault = Arc::new(vault(&directory, options, &context).await?);
            app_events::run(command, &context, options, vault).await
        }
        Resource::OauthApp(oauth_app::Command::App(command)) => {
            let catalog = options.catalog()?;
            let vault = async || vault(&directory, options, &context).await;
            oauth_app::run(command, &context, &catalog, vault).await
        }
        Resource::Identity(command) => identity::run(&command, &context, &keys_place(&directory, options)),
        Resource::Export(command) => {
            let vault = Arc::new(vault(&directory, options, &context).await?);
            export::run(command, &context, options, vault).await
        }
        Resource::Import(command) => {
            let vault = Arc::new(vault(&directory, options, &context).await?);
            import::run(command, &context, options, vault, &keys_place(&directory, options)).await
        }
        Resource::Revoke(command) => {
            let vault = Arc::new(vault(&directory, options, &context).await?);
            revoke::run(command, &context, options, vault).await
        }
        Resource::RotateKeys => {
            rotate_keys::run(&context, &vault(&directory, options, &context).await?).await
        }
    }
}

/// A vault with the keys of `dev`'s directory, if one is given, else with those of the settings. Fails if the database
/// knows other keys by their ids.
async fn vault(
    directory: &Option<DataDirectory>,
    options: &Options,
    context: &Context,
) -> anyhow::Result<Vault> {
    let keys = match directory {
        Some(directory) => directory.encryption_keys()?,
        None => options.encryption_keys()?,
    };
    let vault = Vault::new(keys, context.environment.clone());
    vault.check_keys(&context.store).await?;
    Ok(vault)
}

/// The directory of the encryption keys, if they are in a file.
fn keys_place(directory: &Option<DataDirectory>, options: &Options) -> Option<PathBuf> {
    match directory {
        Some(directory) => Some(directory.path().to_owned()),
        None => options.encryption_keys_file.as_ref()?.parent().map(Path::to_owned),
    }
}

async fn connect(
    url: &DatabaseUrl,
    directory: Option<&DataDirectory>,
    options: &Options,
) -> anyhow::Result<Store> {
    let store = Store::connect(url, CONNECTIONS).await?;
    let behind = || match directory {
        // `dev` brings its own database up to date.
        Some(directory) => {
            format!(
                "start `{} dev --data-dir {}` once first",
                program::name(),
                program::word(directory.path())
            )
        }
        None => format!("run `{}` first", options.migrate_command()),
    };
    schema::check(&store, behind).await?;
    Ok(store)
}
