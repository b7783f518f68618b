//! `riq-server admin project`

use anyhow::Context as _;
use clap::Subcommand;
use integrations_core::{
    audit::AuditAction,
    ids::{OrganizationId, ProjectId},
    name::read_name,
    project::NewProject,
};

use super::context::{ACTING, Confirmation, Context, Revoked, columns, moment};
use crate::services::organizations::Organizations;

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Create a project
    Create {
        /// The organization that owns it, org_…
        #[arg(long)]
        org: OrganizationId,
        /// Its name
        #[arg(long, value_parser = read_name)]
        name: String,
    },
    /// List the projects
    List {
        /// Only projects of this organization, org_…
        #[arg(long)]
        org: Option<OrganizationId>,
    },
    /// Revoke a project: no API key can use it any more; the API can bring it back for 30 days
    Revoke {
        /// The project, prj_…
        #[arg(value_name = "PROJECT")]
        id: ProjectId,
        #[command(flatten)]
        confirmation: Confirmation,
    },
}

pub(super) async fn run(command: Command, context: &Context) -> anyhow::Result<()> {
    match command {
        Command::Create { org, name } => create(context, org, name).await,
        Command::List { org } => list(context, org).await,
        Command::Revoke { id, confirmation } => revoke(context, id, confirmation).await,
    }
}

async fn create(context: &Context, org: OrganizationId, name: String) -> anyhow::Result<()> {
    context.check_organization(org).await?;
    let organizations = Organizations::new(context.store.clone(), context.environment.clone());
    let new = NewProject { name, slug: None, domain: None };
    let created = organizations.create_project(org, new, ACTING, |_| Ok(None)).await?;
    context.answer(&created, || vec![format!("Created {} ({})", created.id, created.name)])
}

async fn list(context: &Context, org: Option<OrganizationId>) -> anyhow::Result<()> {
    let found = context.store.projects(org).await?;
    context.answer(&found, || {
        let mut rows = vec![["ID", "ORGANIZATION", "NAME", "CREATED", "REVOKED"].map(str::to_owned).to_vec()];
        rows.extend(found.iter().map(|one| {
            let (created, revoked) = (moment(Some(one.created_at)), moment(one.revoked_at));
            vec![one.id.clone(), one.organization_id.clone(), one.name.clone(), created, revoked]
        }));
        columns(&rows)
    })
}

async fn revoke(context: &Context, id: ProjectId, confirmation: Confirmation) -> anyhow::Result<()> {
    let project = context.store.project(id).await?.with_context(|| format!("there is no project {id}"))?;
    if project.revoked_at.is_none() {
        confirmation.ask(&format!(
            "Revoke the project {} ({id})? No API key can use it or its integrations any more. For 30 days the API can \
             bring it back; then its credentials are destroyed.",
            project.name
        ))?;
    }
    let event =
        context.event(project.organization_id.parse()?, Some(id), AuditAction::ProjectRevoked, Vec::new());
    let revoked = Revoked { id: id.to_string(), revoked: context.store.revoke_project(id, event).await? };
    context.answer(&revoked, || revoked.in_words())
}
