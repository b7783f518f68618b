//! `riq-server init`: makes a server's settings, keys and database, and the first organization, project and API key.
//!
//! It asks at a terminal for what is not given, and never elsewhere. What exists is left as it is, so that it can be
//! started again after it failed.

use std::{
    fs::{self, DirBuilder, OpenOptions, Permissions},
    io::{self, IsTerminal as _, Write as _},
    os::unix::fs::{DirBuilderExt as _, MetadataExt as _, OpenOptionsExt as _, PermissionsExt as _, fchown},
    path::{self, Path, PathBuf},
};

use anyhow::{Context as _, bail, ensure};
use clap::Args;
use integrations_core::{
    audit::{Acting, AuditAction, change},
    key_request::NewKey,
    name::read_name,
    project::NewProject,
    rights::{Reach, Rights},
    tier::Tier,
};
use serde::Serialize;
use serde_json::Value;

use super::{CONNECTIONS, context::Context};
use crate::{
    app::{
        config::{Given, Options, public_url},
        migrate,
    },
    environment::Environment,
    program,
    services::{keys::Keys, organizations::Organizations},
    store::{DatabaseUrl, Store},
    vault::Vault,
};

/// The settings beside a file that is there already.
const BESIDE: &str = "10-init.toml";

/// `riq-server init`
#[derive(Args, Debug)]
pub struct InitCommand {
    /// Directory for settings, keys and a SQLite database, if no --config names a file with settings
    #[arg(long, value_name = "DIR", default_value = "riq-server")]
    dir: PathBuf,
    /// Name of the first organization
    #[arg(long, value_name = "NAME", default_value = "Main", value_parser = read_name)]
    organization: String,
    /// Name of its first project
    #[arg(long, value_name = "NAME", default_value = "Main", value_parser = read_name)]
    project: String,
    /// Print the result as JSON
    #[arg(long)]
    json: bool,
}

/// What there is now.
#[derive(Serialize)]
struct Outcome {
    /// The file with settings.
    config: String,
    org_id: String,
    project_id: String,
    /// It is shown only now.
    api_key: String,
}

/// Where settings and keys are.
struct Place {
    /// What `--config` names.
    config: PathBuf,
    /// Where the settings are written.
    settings: PathBuf,
    /// Where the directory's own keys and database are.
    directory: PathBuf,
}

/// Sets a server up with `options`, of which those in `given` are written down.
pub async fn run(
    command: InitCommand,
    mut options: Options,
    mut given: Given,
    environment: Environment,
) -> anyhow::Result<()> {
    let place = place(&command, &options)?;
    complete(&mut options, &mut given, &place)?;
    let is_new_key = keys(&mut options, &mut given, &place, &environment)?;
    let store = Store::connect(&options.database_url()?, CONNECTIONS).await?;
    let vault = || Ok(Vault::new(options.encryption_keys()?, environment.clone()));
    migrate::to_the_end(&store, &environment, vault, false).await?;
    vault()?.check_keys(&store).await?;
    write_settings(&place, &given)?;
    let context = Context { store, environment, json: command.json };
    if !context.store.organizations().await?.is_empty() {
        bail!(
            "the database is up to date, and has organizations already: none was made. `{} --config {} admin` manages \
             them",
            program::name(),
            program::word(&place.config)
        );
    }
    let made = first(&command, &context, &place).await?;
    context.answer(&made, || in_words(&made, &options, is_new_key))?;
    context.store.close().await;
    Ok(())
}

fn place(command: &InitCommand, options: &Options) -> anyhow::Result<Place> {
    if let Some(config) = &options.config {
        let config = path::absolute(config)?;
        let directory = config.parent().map(Path::to_owned).unwrap_or_default();
        return Ok(Place { settings: config.with_extension("d").join(BESIDE), config, directory });
    }
    let directory = path::absolute(&command.dir)?;
    let config = directory.join("server.toml");
    ensure!(
        !config.exists(),
        "{0} exists, and is left as it is. To go on with it: {1} --config {2} init",
        config.display(),
        program::name(),
        program::word(&config)
    );
    let made = DirBuilder::new().recursive(true).mode(0o700).create(&directory);
    made.with_context(|| format!("cannot make the directory {}", directory.display()))?;
    Ok(Place { settings: config.clone(), config, directory })
}

/// Asks for what is not set, if somebody can be asked.
fn complete(options: &mut Options, given: &mut Given, place: &Place) -> anyhow::Result<()> {
    let asks = io::stdin().is_terminal() && io::stderr().is_terminal();
    if options.database_url.is_none() {
        let file = place.directory.join("riq.db").to_string_lossy().replace('%', "%25").replace('?', "%3F");
        let own = format!("sqlite://{}", file.replace('#', "%23"));
        let question = "Database, postgres://USER:PASSWORD@HOST:PORT/DATABASE or sqlite://PATH";
        let read = |text: &str| Ok(text.parse::<DatabaseUrl>()?);
        let (text, url) = if asks { ask(question, &own, read)? } else { (own.clone(), read(&own)?) };
        options.database_url = Some(url);
        given.add("database_url", text);
    }
    if options.public_url.is_none() && asks {
        let question = "Address at which people reach the server, https://… (empty: only this machine does)";
        let read = |text: &str| match text {
            "" => Ok(None),
            text => public_url(text).map(Some).map_err(anyhow::Error::msg),
        };
        let (text, url) = ask(question, "", read)?;
        if url.is_some() {
            given.add("public_url", text);
        }
        options.public_url = url;
    }
    Ok(())
}

/// Asks at the terminal until the answer can be used. An empty one is `default`.
fn ask<T>(
    question: &str,
    default: &str,
    read: impl Fn(&str) -> anyhow::Result<T>,
) -> anyhow::Result<(String, T)> {
    loop {
        let shown = if default.is_empty() { String::new() } else { format!(" [{default}]") };
        write!(io::stderr(), "{question}{shown}: ")?;
        let mut answer = String::new();
        let length = io::stdin().read_line(&mut answer).context("cannot read standard input")?;
        ensure!(length > 0, "nothing was set up: the questions were not answered");
        let answer = if answer.trim().is_empty() { default } else { answer.trim() };
        match read(answer) {
            Ok(value) => return Ok((answer.to_owned(), value)),
            Err(error) => writeln!(io::stderr(), "That cannot be used: {error:#}")?,
        }
    }
}

/// Finds the encryption keys, or makes one. Returns whether it was made, and where it is.
fn keys(
    options: &mut Options,
    given: &mut Given,
    place: &Place,
    environment: &Environment,
) -> anyhow::Result<Option<PathBuf>> {
    if options.encryption_keys.is_some() || options.encryption_keys_file.is_some() {
        options.encryption_keys()?;
        return Ok(None);
    }
    let file = place.directory.join("encryption-keys");
    let made = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&file);
    let is_new = match made {
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => false,
        made => {
            let mut made = made.with_context(|| format!("cannot make {}", file.display()))?;
            writeln!(made, "{}", Vault::generate_key(environment))?;
            made.sync_all()?;
            true
        }
    };
    given.add("encryption_keys_file", file.to_string_lossy().into_owned());
    options.encryption_keys_file = Some(file.clone());
    options.encryption_keys()?;
    Ok(is_new.then_some(file))
}

/// Writes the settings, unless there are none or the file is there. Who may read its directory may read it.
fn write_settings(place: &Place, given: &Given) -> anyhow::Result<()> {
    if given.is_empty() {
        return Ok(());
    }
    let file = &place.settings;
    let write = || {
        let directory = file.parent().unwrap_or(file);
        DirBuilder::new().recursive(true).mode(0o700).create(directory)?;
        let mut written = match OpenOptions::new().write(true).create_new(true).mode(0o600).open(file) {
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => return Ok(()),
            written => written?,
        };
        let group = fs::metadata(directory)?.gid();
        if group != written.metadata()?.gid() && fchown(&written, None, Some(group)).is_ok() {
            written.set_permissions(Permissions::from_mode(0o640))?;
        }
        written.write_all(given.toml().as_bytes())?;
        written.sync_all()
    };
    write().with_context(|| format!("cannot write {}", file.display()))
}

async fn first(command: &InitCommand, context: &Context, place: &Place) -> anyhow::Result<Outcome> {
    let (store, environment) = (context.store.clone(), context.environment.clone());
    let organization = environment.id();
    let changes = change("name", Value::Null, command.organization.as_str()).into_iter().collect();
    let event = context.event(organization, None, AuditAction::OrganizationCreated, changes);
    store.create_organization(organization, &command.organization, event).await?;
    let new = NewProject { name: command.project.clone(), slug: None, domain: None };
    let project = Organizations::new(store.clone(), environment.clone())
        .create_project(organization, new, Acting::OPERATOR, |_| Ok(None))
        .await?;
    let rights = Rights { scopes: vec!["write".parse()?], reach: Reach::Organization };
    let new = NewKey { name: "First key".to_owned(), rights, tier: Some(Tier::Pro), expires_at: None };
    let issued = Keys::new(store, environment, None)
        .create(organization, new, Tier::Pro, Acting::OPERATOR, |_| Ok(None))
        .await?;
    Ok(Outcome {
        config: place.config.display().to_string(),
        org_id: organization.to_string(),
        project_id: project.id,
        api_key: issued.key.expose().to_owned(),
    })
}

fn in_words(made: &Outcome, options: &Options, new_key: Option<PathBuf>) -> Vec<String> {
    let url = options.public_url.as_ref().map_or(format!("http://{}", options.bind()), ToString::to_string);
    let base = url.trim_end_matches('/');
    let Outcome { config, org_id, project_id, api_key } = made;
    let mut lines = vec![
        format!("Settings      {config}"),
        format!("Organization  {org_id}"),
        format!("Project       {project_id}"),
        format!("API key       {api_key}"),
        "The key is shown only now. It may write, and signs in to the dashboard.".to_owned(),
    ];
    if let Some(file) = new_key {
        let file = file.display();
        lines.push(format!(
            "Keep a copy of {file}, apart from the database: nothing else opens what is stored."
        ));
    }
    lines.extend([
        "\nNext, start the server (or restart the service), and sign in:\n".to_owned(),
        format!("  {} --config {} serve", program::name(), program::word(Path::new(config))),
        format!("  {base}/dashboard/projects/{project_id}/integrations\n"),
        format!("  export RIQ_API_BASE={base}/api/v1 RIQ_PROJECT_ID={project_id} RIQ_API_KEY={api_key}"),
    ]);
    lines
}
