//! `riq-server doctor`: finds out why something does not work.
//!
//! It looks at what a server depends on, one line for each check, and goes on after what fails. It uses the same code
//! as `serve`, changes nothing, and shows no secret.

mod database;
mod openid;
mod outside;
mod report;
mod settings;

use std::path::PathBuf;

use anyhow::ensure;
use clap::Args;

use self::report::Report;
use super::{config::Options, dev::DataDirectory};
use crate::environment::Environment;

/// `riq-server doctor`
#[derive(Args, Clone, Debug)]
pub struct DoctorCommand {
    /// Look at the database and the keys of `riq-server dev` in this directory instead of those of the settings
    #[arg(long, value_name = "DIR")]
    data_dir: Option<PathBuf>,
    /// Leave out what leaves this machine, but for the database and Redis
    #[arg(long)]
    offline: bool,
    /// Ask this provider whether it can be reached, and no others; without it, three that are connected are asked
    #[arg(long, value_name = "KEY")]
    provider: Vec<String>,
    /// Print the result as JSON
    #[arg(long)]
    json: bool,
}

/// Checks everything, and says what was found. Fails if a check failed.
pub async fn run(command: DoctorCommand, options: &Options, environment: Environment) -> anyhow::Result<()> {
    let directory = command.data_dir.map(DataDirectory::existing).transpose()?;
    let mut report = Report::default();
    settings::check(options, &mut report);
    let store = database::check(directory.as_ref(), options, &mut report).await;
    if let Some(store) = &store {
        let data_dir = directory.as_ref().map(DataDirectory::path);
        database::check_copy(store, &options.operator(data_dir), &mut report).await;
        database::check_clock(store, &environment, &mut report).await;
    }
    database::check_keys(directory.as_ref(), options, &environment, store.as_ref(), &mut report).await;
    let catalog = settings::check_providers(options, &mut report);
    if let Some(catalog) = &catalog {
        database::check_oauth_apps(catalog, options, store.as_ref(), &mut report).await;
    }
    settings::check_public_url(options, &mut report);
    openid::check(options, environment.clone(), command.offline, &mut report).await;
    outside::check_public_url(options, store.as_ref(), command.offline, &mut report).await;
    if let Some(catalog) = catalog.filter(|_| !command.offline) {
        let place = outside::Place { catalog: &catalog, store: store.as_ref() };
        outside::check_providers(options, place, &command.provider, &environment, &mut report).await;
    }
    outside::check_proxy(&mut report);
    settings::check_redis(options, &mut report).await;
    settings::check_metrics(options, &mut report);
    if let Some(store) = store {
        database::check_listening(options, &store, &mut report).await;
        store.close().await;
    }
    report.write(command.json)?;
    let (failed, all) = report.failures();
    ensure!(failed == 0, "{failed} of {all} checks failed");
    Ok(())
}
