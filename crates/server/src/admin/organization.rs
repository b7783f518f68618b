//! `riq-server admin org`

use anyhow::Context as _;
use clap::Subcommand;
use integrations_core::{
    audit::{AuditAction, change},
    ids::OrganizationId,
    name::read_name,
};
use serde_json::Value;

use super::context::{Confirmation, Context, Revoked, columns, moment};

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Create an organization
    Create {
        /// Its name
        #[arg(long, value_parser = read_name)]
        name: String,
    },
    /// List the organizations
    List,
    /// Revoke an organization: its projects and API keys stop working
    Revoke {
        /// The organization, org_…
        #[arg(value_name = "ORG")]
        id: OrganizationId,
        #[command(flatten)]
        confirmation: Confirmation,
    },
}

pub(super) async fn run(command: Command, context: &Context) -> anyhow::Result<()> {
    match command {
        Command::Create { name } => create(context, &name).await,
        Command::List => list(context).await,
        Command::Revoke { id, confirmation } => revoke(context, id, confirmation).await,
    }
}

async fn create(context: &Context, name: &str) -> anyhow::Result<()> {
    let id = context.environment.id();
    let changes = change("name", Value::Null, name).into_iter().collect();
    let event = context.event(id, None, AuditAction::OrganizationCreated, changes);
    let created = context.store.create_organization(id, name, event).await?;
    context.answer(&created, || vec![format!("Created {} ({})", created.id, created.name)])
}

async fn list(context: &Context) -> anyhow::Result<()> {
    let found = context.store.organizations().await?;
    context.answer(&found, || {
        let mut rows = vec![["ID", "NAME", "CREATED", "REVOKED"].map(str::to_owned).to_vec()];
        rows.extend(found.iter().map(|one| {
            vec![one.id.clone(), one.name.clone(), moment(Some(one.created_at)), moment(one.revoked_at)]
        }));
        columns(&rows)
    })
}

async fn revoke(context: &Context, id: OrganizationId, confirmation: Confirmation) -> anyhow::Result<()> {
    let found = context.store.organization(id).await?;
    let organization = found.with_context(|| format!("there is no organization {id}"))?;
    if organization.revoked_at.is_none() {
        confirmation.ask(&format!(
            "Revoke the organization {} ({id})? Its projects and API keys stop working, and nothing brings them back.",
            organization.name
        ))?;
    }
    let event = context.event(id, None, AuditAction::OrganizationRevoked, Vec::new());
    let revoked = Revoked { id: id.to_string(), revoked: context.store.revoke_organization(event).await? };
    context.answer(&revoked, || revoked.in_words())
}
