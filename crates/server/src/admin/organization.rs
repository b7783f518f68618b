//! `riq-server admin org`

use anyhow::bail;
use clap::Subcommand;
use integrations_core::{
    audit::{AuditAction, change},
    ids::OrganizationId,
};
use serde_json::Value;

use super::desk::{Desk, Revoked, columns, moment, name};

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Create an organization
    Create {
        /// Its name
        #[arg(long, value_parser = name)]
        name: String,
    },
    /// List the organizations
    List,
    /// Revoke an organization: its projects and API keys stop with it
    Revoke {
        /// The organization, org_…
        #[arg(value_name = "ORG")]
        id: OrganizationId,
    },
}

pub(super) async fn run(command: Command, desk: &Desk) -> anyhow::Result<()> {
    match command {
        Command::Create { name } => create(desk, &name).await,
        Command::List => list(desk).await,
        Command::Revoke { id } => revoke(desk, id).await,
    }
}

async fn create(desk: &Desk, name: &str) -> anyhow::Result<()> {
    let id = desk.environment.id();
    let changes = change("name", Value::Null, name).into_iter().collect();
    let event = desk.event(id, None, AuditAction::OrganizationCreated, changes);
    let created = desk.store.create_organization(id, name, event).await?;
    desk.answer(&created, || vec![format!("Created {} ({})", created.id, created.name)])
}

async fn list(desk: &Desk) -> anyhow::Result<()> {
    let found = desk.store.organizations().await?;
    desk.answer(&found, || {
        let mut rows = vec![["ID", "NAME", "CREATED", "REVOKED"].map(str::to_owned).to_vec()];
        rows.extend(found.iter().map(|one| {
            vec![one.id.clone(), one.name.clone(), moment(Some(one.created_at)), moment(one.revoked_at)]
        }));
        columns(&rows)
    })
}

async fn revoke(desk: &Desk, id: OrganizationId) -> anyhow::Result<()> {
    if desk.store.organization(id).await?.is_none() {
        bail!("there is no organization {id}");
    }
    let event = desk.event(id, None, AuditAction::OrganizationRevoked, Vec::new());
    let revoked = Revoked { id: id.to_string(), revoked: desk.store.revoke_organization(event).await? };
    desk.answer(&revoked, || revoked.in_words())
}
