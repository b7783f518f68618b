//! `riq-server admin project`

use anyhow::Context as _;
use clap::{Args, Subcommand};
use integrations_core::{
    audit::{Acting, AuditAction},
    branding::Branding,
    ids::{OrganizationId, ProjectId},
    name::read_name,
    project::{NewProject, ProjectUpdate},
    return_address::ReturnOrigin,
    wire,
};

use super::context::{Confirmation, Context, Revoked, columns, moment};
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
    /// Change where people are sent back to after an installation, and how pages for customers look
    Update {
        /// The project, prj_…
        #[arg(value_name = "PROJECT")]
        id: ProjectId,
        #[command(flatten)]
        changes: Changes,
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

/// What to change.
#[derive(Args, Debug)]
#[group(required = true, multiple = true)]
pub(super) struct Changes {
    /// The origins of the product's pages, separated by commas, in place of those before
    #[arg(
        long,
        value_name = "ORIGIN,…",
        value_delimiter = ',',
        value_parser = ReturnOrigin::read,
        conflicts_with = "clear_return_origins"
    )]
    return_origins: Option<Vec<ReturnOrigin>>,
    /// Take these origins away: nobody is sent back any more
    #[arg(long)]
    clear_return_origins: bool,
    /// The name on the pages that customers see; the options of the branding replace all of it
    #[arg(long, value_name = "NAME", value_parser = read_name)]
    brand_name: Option<String>,
    /// The name of a logo's file in the directory of RIQ_BRAND_LOGOS_DIR
    #[arg(long, value_name = "FILE")]
    brand_logo: Option<String>,
    /// The colour of buttons and links there, #rrggbb
    #[arg(long, value_name = "COLOUR")]
    brand_accent: Option<String>,
    /// The same on dark pages
    #[arg(long, value_name = "COLOUR", requires = "brand_accent")]
    brand_accent_dark: Option<String>,
    /// Whom a customer asks: a mail address, or the https address of a page
    #[arg(long, value_name = "ADDRESS")]
    brand_support: Option<String>,
    /// Take the project's own branding away
    #[arg(
        long,
        conflicts_with_all = ["brand_name", "brand_logo", "brand_accent", "brand_accent_dark", "brand_support"]
    )]
    clear_branding: bool,
}

impl Changes {
    fn update(self) -> anyhow::Result<ProjectUpdate> {
        let none = self.clear_return_origins.then(Vec::new);
        let asked = wire::Branding {
            name: self.brand_name,
            logo: self.brand_logo,
            accent: self.brand_accent,
            accent_dark: self.brand_accent_dark,
            support: self.brand_support,
        };
        let branding = match self.clear_branding {
            true => Some(None),
            false if asked == wire::Branding::default() => None,
            false => Some(Some(Branding::read(&serde_json::to_value(asked)?).map_err(anyhow::Error::msg)?)),
        };
        Ok(ProjectUpdate {
            return_origins: self.return_origins.or(none),
            branding,
            ..ProjectUpdate::default()
        })
    }
}

pub(super) async fn run(command: Command, context: &Context) -> anyhow::Result<()> {
    match command {
        Command::Create { org, name } => create(context, org, name).await,
        Command::List { org } => list(context, org).await,
        Command::Update { id, changes } => update(context, id, changes.update()?).await,
        Command::Revoke { id, confirmation } => revoke(context, id, confirmation).await,
    }
}

async fn create(context: &Context, org: OrganizationId, name: String) -> anyhow::Result<()> {
    context.check_organization(org).await?;
    let organizations = Organizations::new(context.store.clone(), context.environment.clone());
    let new = NewProject { name, slug: None, domain: None };
    let created = organizations.create_project(org, new, Acting::OPERATOR, |_| Ok(None)).await?;
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

async fn update(context: &Context, id: ProjectId, update: ProjectUpdate) -> anyhow::Result<()> {
    let project = context.store.project(id).await?.with_context(|| format!("there is no project {id}"))?;
    let organizations = Organizations::new(context.store.clone(), context.environment.clone());
    let owner = project.organization_id.parse()?;
    let updated = organizations.update_project(owner, id, update, &Acting::OPERATOR).await?;
    context.answer(&updated, || {
        let origins = updated.return_origins.join(", ");
        vec![
            format!("{} ({})", updated.id, updated.name),
            format!("Return origins: {}", if origins.is_empty() { "none" } else { &origins }),
            format!("Branding: {}", if updated.branding.is_some() { "its own" } else { "as the server's" }),
        ]
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
