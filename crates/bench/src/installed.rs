//! Installs integrations with tokens of the strict provider, as `admin import` does.

use std::path::Path;
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

/// Imports `accounts` integrations with the provider into each project, one for each family, in their order.
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
    let environment = Environment::system();
    let store = Store::connect(&url.parse()?, WORKERS as u32).await?;
    let providers_dir = Some(catalog_directory(directory));
    let catalog = Options { providers_dir, ..Options::default() }.catalog()?;
    let vault = Arc::new(Vault::new(ENCRYPTION_KEYS.parse()?, environment.clone()));
    let importer = Arc::new(Importer::new(store.clone(), catalog, vault, environment.clone()));
    let mut workers = JoinSet::new();
    for worker in 0..WORKERS {
        let (importer, families, environment) =
            (Arc::clone(&importer), Arc::clone(families), environment.clone());
        workers.spawn(async move {
            for family in (worker..families.size()).step_by(WORKERS) {
                let line = line(&families, family, family % accounts, &environment)?;
                let project: ProjectId = project_id(family / accounts).parse()?;
                importer.import(project, &line).await.with_context(|| format!("family {family}"))?;
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
