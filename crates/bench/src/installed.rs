//! Installs integrations as `admin import` does.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::{Context, Result};
use integrations_core::ids::ProjectId;
use riq_server::app::config::Options;
use riq_server::environment::Environment;
use riq_server::services::install::import::Importer;
use riq_server::store::Store;
use riq_server::vault::Vault;
use serde_json::json;
use time::format_description::well_known::Rfc3339;
use tokio::task::JoinSet;

use crate::bench::fill::project_id;
use crate::server::ENCRYPTION_KEYS;
use riq_testing::providers::strict::{Families, KEY, catalog_directory};

/// How many imports run at a time.
const WORKERS: usize = 8;

/// Imports `accounts` integrations with the strict provider into each project, one for each family, in their order.
///
/// `directory` contains the provider's files. The projects must be in the database.
///
/// # Errors
/// When an integration cannot be imported.
pub(crate) async fn install(
    url: &str,
    directory: &Path,
    families: &Arc<Families>,
    accounts: usize,
) -> Result<()> {
    let (size, families, environment) = (families.size(), Arc::clone(families), Environment::system());
    import(url, catalog_directory(directory), size, move |family| {
        let line = line(&families, family, family % accounts, &environment)?;
        Ok((family / accounts, line))
    })
    .await
}

/// Imports `count` integrations. `line` says of each the number of its project, and the line for `admin import`.
///
/// # Errors
/// When an integration cannot be imported.
pub(crate) async fn import(
    url: &str,
    providers_dir: PathBuf,
    count: usize,
    line: impl Fn(usize) -> Result<(usize, String)> + Clone + Send + 'static,
) -> Result<()> {
    let environment = Environment::system();
    let store = Store::connect(&url.parse()?, WORKERS as u32).await?;
    let catalog = Options { providers_dir: Some(providers_dir), ..Options::default() }.catalog()?;
    let vault = Arc::new(Vault::new(ENCRYPTION_KEYS.parse()?, environment.clone()));
    let importer = Arc::new(Importer::new(store.clone(), catalog, vault, environment));
    let mut workers = JoinSet::new();
    for worker in 0..WORKERS {
        let (importer, line) = (Arc::clone(&importer), line.clone());
        workers.spawn(async move {
            for number in (worker..count).step_by(WORKERS) {
                let (project, line) = line(number)?;
                let project: ProjectId = project_id(project).parse()?;
                let imported = importer.import(project, &line).await;
                imported.with_context(|| format!("integration {number}"))?;
            }
            anyhow::Ok(())
        });
    }
    while let Some(outcome) = workers.join_next().await {
        outcome.context("an import panicked")??;
    }
    store.close().await;
    Ok(())
}

/// The line for `admin import`.
fn line(families: &Families, family: usize, account: usize, environment: &Environment) -> Result<String> {
    let tokens = families.first_tokens(family);
    let expires_at = (environment.now() + families.token_life()).format(&Rfc3339)?;
    let credential = json!({
        "access_token": tokens.access_token,
        "refresh_token": tokens.refresh_token,
        "expires_at": expires_at,
    });
    let provider = if account == 0 { KEY.to_owned() } else { format!("{KEY}~account-{account}") };
    Ok(json!({"provider": provider, "credential": credential}).to_string())
}
