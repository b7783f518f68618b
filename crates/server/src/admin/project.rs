//! `riq-server admin project`

use anyhow::Context as _;
use clap::Subcommand;
use integrations_core::{
    audit::{AuditAction, change},
    ids::{OrganizationId, ProjectId},
};
use serde_json::Value;

use super::desk::{Desk, Revoked, columns, moment, name};

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Create a project
    Create {
        /// The organization that owns it, org_…
        #[arg(long)]
        org: OrganizationId,
        /// Its name
        #[arg(long, value_parser = name)]
        name: String,
    },
    /// List the projects
    List {
        /// Only those of this organization, org_…
        #[arg(long)]
        org: Option<OrganizationId>,
    },
    /// Revoke a project: no key reaches it any more
    Revoke {
        /// The project, prj_…
        #[arg(value_name = "PROJECT")]
        id: ProjectId,
    },
}

pub(super) async fn run(command: Command, desk: &Desk) -> anyhow::Result<()> {
    match command {
        Command::Create { org, name } => create(desk, org, &name).await,
        Command::List { org } => list(desk, org).await,
        Command::Revoke { id } => revoke(desk, id).await,
    }
}

async fn create(desk: &Desk, org: OrganizationId, name: &str) -> anyhow::Result<()> {
    desk.living_organization(org).await?;
    let id = desk.environment.id();
    let changes = change("name", Value::Null, name).into_iter().collect();
    let event = desk.event(org, Some(id), AuditAction::ProjectCreated, changes);
    let created = desk.store.create_project(id, name, event).await?;
    desk.answer(&created, || vec![format!("Created {} ({})", created.id, created.name)])
}

async fn list(desk: &Desk, org: Option<OrganizationId>) -> anyhow::Result<()> {
    let found = desk.store.projects(org).await?;
    desk.answer(&found, || {
        let mut rows = vec![["ID", "ORGANIZATION", "NAME", "CREATED", "REVOKED"].map(str::to_owned).to_vec()];
        rows.extend(found.iter().map(|one| {
            let (created, revoked) = (moment(Some(one.created_at)), moment(one.revoked_at));
            vec![one.id.clone(), one.organization_id.clone(), one.name.clone(), created, revoked]
        }));
        columns(&rows)
    })
}

async fn revoke(desk: &Desk, id: ProjectId) -> anyhow::Result<()> {
    let project = desk.store.project(id).await?.with_context(|| format!("there is no project {id}"))?;
    let event =
        desk.event(project.organization_id.parse()?, Some(id), AuditAction::ProjectRevoked, Vec::new());
    let revoked = Revoked { id: id.to_string(), revoked: desk.store.revoke_project(id, event).await? };
    desk.answer(&revoked, || revoked.in_words())
}
