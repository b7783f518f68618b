//! `riq-server admin oauth-app`

use std::{path::PathBuf, sync::Arc};

use anyhow::{Context as _, bail};
use clap::{Args, Subcommand};
use integrations_core::{
    audit::{AuditAction, Change, change},
    catalog::{Catalog, Provider},
    ids::{OAuthAppId, OrganizationId, ProjectId},
    pairs::{named_once, pair},
};
use serde::Serialize;
use serde_json::{Map, Value};

use super::{
    app_events,
    context::{Confirmation, Context, columns, moment},
};
use crate::{
    app::{config::one_line, text_file::read},
    services::oauth_apps::fields_change,
    store::{AppOwner, NewAuditEvent, NewOAuthApp, OAuthAppRecord, OwnedError},
    vault::{Purpose, Vault},
};

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    #[command(flatten)]
    App(AppCommand),
    /// Show where the events of the app for everybody are sent to, and set what verifies them
    Events(app_events::Command),
}

#[derive(Debug, Subcommand)]
pub(super) enum AppCommand {
    /// Set the OAuth app of a provider; it replaces an earlier one
    ///
    /// Register the app at the provider with the redirect URI PUBLIC_URL/oauth/callback.
    Set {
        /// The provider's key, such as slack
        provider: String,
        /// The app's client id
        #[arg(long, value_name = "ID")]
        client_id: String,
        /// A file that contains only the app's client secret; - reads standard input
        #[arg(long, value_name = "FILE")]
        client_secret_file: PathBuf,
        /// What an app of this provider has beside, such as ru_name=NAME of eBay; may be given several times
        #[arg(long = "field", value_name = "KEY=VALUE", value_parser = pair)]
        fields: Vec<(String, String)>,
        #[command(flatten)]
        owner: Owner,
    },
    /// List the apps, without their secrets
    List,
    /// Remove an app: the provider can no longer be installed with it
    Remove {
        /// The provider's key, such as slack
        provider: String,
        #[command(flatten)]
        owner: Owner,
        #[command(flatten)]
        confirmation: Confirmation,
    },
}

/// Whose integrations an app is for [default: everybody's]
#[derive(Args, Clone, Copy, Debug)]
#[group(multiple = false)]
pub(super) struct Owner {
    /// Only for this organization, org_…
    #[arg(long)]
    org: Option<OrganizationId>,
    /// Only for this project, prj_…
    #[arg(long)]
    project: Option<ProjectId>,
}

/// The result of setting or removing an app.
#[derive(Serialize)]
struct Changed<'a> {
    provider: &'a str,
    /// `*`: everybody's.
    owner: AppOwner,
    /// `false`: there was none to remove.
    changed: bool,
}

pub(super) async fn run(
    command: AppCommand,
    context: &Context,
    catalog: &Catalog,
    vault: impl AsyncFnOnce() -> anyhow::Result<Vault>,
) -> anyhow::Result<()> {
    match command {
        AppCommand::Set { provider, client_id, client_secret_file, fields, owner } => {
            let provider = oauth_provider(catalog, &provider)?;
            let client_id = one_line(&client_id).context("--client-id is not valid")?;
            let secret = one_line(&read(&client_secret_file)?).context("the client secret is not valid")?;
            let app = New { client_id, secret, fields: read_fields(provider, fields)? };
            set(context, provider, owner, app, &vault().await?).await
        }
        AppCommand::List => list(context).await,
        AppCommand::Remove { provider, owner, confirmation } => {
            remove(context, &provider, owner, confirmation).await
        }
    }
}

/// An app to be set. It holds a secret, so it has no `Debug`.
struct New {
    client_id: String,
    secret: String,
    fields: Map<String, Value>,
}

/// Reads what an app of a provider has beside its client id and secret.
fn read_fields(provider: &Provider, typed: Vec<(String, String)>) -> anyhow::Result<Map<String, Value>> {
    let oauth = provider.oauth_by_app().context("the provider needs no app")?;
    let given: Vec<(String, String)> = named_once("--field", &typed).map_err(anyhow::Error::msg)?;
    let fields = given.into_iter().map(|(key, value)| (key, value.into())).collect();
    oauth.read_app_fields(&fields, "--field").map_err(|issues| {
        let issues: Vec<String> = issues.iter().map(ToString::to_string).collect();
        anyhow::anyhow!("{}", issues.join("; "))
    })
}

async fn set(
    context: &Context,
    provider: &Provider,
    owner: Owner,
    New { client_id, secret, fields }: New,
    vault: &Vault,
) -> anyhow::Result<()> {
    let (id, key): (OAuthAppId, &str) = (context.environment.id(), provider.key.as_str());
    let changes = [change("client_id", Value::Null, client_id.clone()), fields_change(None, &fields)];
    let changes = changes.into_iter().flatten().collect();
    let (owner, event) = context.app_owner(owner, key, AuditAction::OauthAppSet, changes).await?;
    let purpose = Purpose::OAuthApp { id, provider: key, owner, client_id: &client_id };
    let sealed_secret = vault.seal(secret.as_bytes(), purpose);
    let at = context.environment.now();
    let app = NewOAuthApp { id, client_id, sealed_secret, scopes: None, fields, at };
    let make = |_: Option<&OAuthAppRecord>| Ok::<_, OwnedError>((app.clone(), Vec::new()));
    context.store.set_oauth_app(key, owner, event, make).await?;
    let changed = Changed { provider: key, owner, changed: true };
    context.answer(&changed, || vec![format!("Set the app for {} ({})", provider.name, whose(owner))])
}

async fn list(context: &Context) -> anyhow::Result<()> {
    let found = context.store.oauth_apps().await?;
    context.answer(&found, || {
        let mut rows = vec![["PROVIDER", "FOR", "CLIENT ID", "SET"].map(str::to_owned).to_vec()];
        rows.extend(found.iter().map(|one| {
            vec![one.provider.clone(), whose(one.owner), one.client_id.clone(), moment(Some(one.updated_at))]
        }));
        columns(&rows)
    })
}

async fn remove(
    context: &Context,
    provider: &str,
    owner: Owner,
    confirmation: Confirmation,
) -> anyhow::Result<()> {
    let (owner, event) = context.app_owner(owner, provider, AuditAction::OauthAppRemoved, Vec::new()).await?;
    if context.store.oauth_apps().await?.iter().any(|app| app.provider == provider && app.owner == owner) {
        confirmation.ask(&format!(
            "Remove the OAuth app for {provider} ({})? Its client secret is destroyed, and tokens that came from it are \
             no longer renewed.",
            whose(owner)
        ))?;
    }
    let changed = context.store.remove_oauth_app(provider, owner, event).await?;
    context.answer(&Changed { provider, owner, changed }, || {
        let what = if changed { "Removed the app" } else { "There was no app" };
        vec![format!("{what} for {provider} ({})", whose(owner))]
    })
}

impl Context {
    /// The owner with the event for its log. Fails if the owner does not exist. An app for everybody has no event,
    /// because no log would contain it.
    async fn app_owner(
        &self,
        owner: Owner,
        provider: &str,
        action: AuditAction,
        mut changes: Vec<Change>,
    ) -> anyhow::Result<(AppOwner, Option<NewAuditEvent>)> {
        changes.extend(change("provider", Value::Null, provider));
        match owner {
            Owner { project: Some(id), .. } => {
                let project = self.store.project(id).await?;
                let project = project.filter(|project| project.revoked_at.is_none());
                let project = project.with_context(|| format!("there is no project {id}"))?;
                let event = self.event(project.organization_id.parse()?, Some(id), action, changes);
                Ok((AppOwner::Project(id), Some(event)))
            }
            Owner { org: Some(id), .. } => {
                self.check_organization(id).await?;
                Ok((AppOwner::Organization(id), Some(self.event(id, None, action, changes))))
            }
            Owner { org: None, project: None } => Ok((AppOwner::All, None)),
        }
    }
}

fn oauth_provider<'a>(catalog: &'a Catalog, key: &str) -> anyhow::Result<&'a Provider> {
    let takers = || {
        let oauth = catalog.by_app();
        oauth.map(|provider| provider.key.as_str()).collect::<Vec<_>>().join(", ")
    };
    match catalog.with_app(key).map(Arc::as_ref) {
        None => bail!("there is no provider \"{key}\"; these are connected by OAuth: {}", takers()),
        Some(provider) if provider.oauth_by_app().is_none() => {
            bail!("{} is not connected by OAuth and needs no app; these are: {}", provider.name, takers())
        }
        Some(provider) => Ok(provider),
    }
}

fn whose(owner: AppOwner) -> String {
    match owner {
        AppOwner::All => "all".into(),
        AppOwner::Organization(_) | AppOwner::Project(_) => owner.to_string(),
    }
}
