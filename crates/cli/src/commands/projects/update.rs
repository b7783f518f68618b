//! `riq projects update`

use clap::Args;
use integrations_core::wire::{Branding, UpdateProject};

use super::card::{self, Target};
use crate::client::Request;
use crate::context::Context;
use crate::error::Failure;

const EXAMPLES: &str = "\
Examples:
  riq projects update prj_… --name 'Acme Help'
  riq projects update prj_… --slug acme-help --clear-domain
  riq projects update prj_… --return-origins https://app.example.com,https://admin.example.com
  riq projects update prj_… --brand-name Acme --brand-logo acme.svg --brand-accent '#0a7755'";

/// The command's arguments.
#[derive(Args)]
#[command(after_long_help = EXAMPLES)]
pub(crate) struct Arguments {
    #[command(flatten)]
    target: Target,
    /// Another name
    #[arg(long)]
    name: Option<String>,
    /// Another name in addresses
    #[arg(long)]
    slug: Option<String>,
    /// Another domain of the product that it is for
    #[arg(long, conflicts_with = "clear_domain")]
    domain: Option<String>,
    /// Take the domain away
    #[arg(long)]
    clear_domain: bool,
    /// The origins to which people are sent back after an installation, in place of those before
    #[arg(long, value_name = "ORIGIN,…", value_delimiter = ',', conflicts_with = "clear_return_origins")]
    return_origins: Option<Vec<String>>,
    /// Take these origins away
    #[arg(long)]
    clear_return_origins: bool,
    #[command(flatten)]
    branding: BrandingArguments,
}

/// How the pages that customers see present themselves.
#[derive(Args)]
struct BrandingArguments {
    /// The name on the pages that customers see
    #[arg(long, value_name = "NAME")]
    brand_name: Option<String>,
    /// The name of a logo's file in the operator's directory
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

impl BrandingArguments {
    /// The branding to send, whole. `None`: it does not change.
    fn asked(&self) -> Option<Option<Branding>> {
        let branding = Branding {
            name: self.brand_name.clone(),
            logo: self.brand_logo.clone(),
            accent: self.brand_accent.clone(),
            accent_dark: self.brand_accent_dark.clone(),
            support: self.brand_support.clone(),
        };
        match self.clear_branding {
            true => Some(None),
            false => (branding != Branding::default()).then_some(Some(branding)),
        }
    }
}

/// Changes a project.
pub(crate) async fn run(arguments: &Arguments, context: &Context) -> Result<(), Failure> {
    let update = UpdateProject {
        name: arguments.name.clone(),
        slug: arguments.slug.clone(),
        domain: if arguments.clear_domain { Some(None) } else { arguments.domain.clone().map(Some) },
        return_origins: if arguments.clear_return_origins {
            Some(Vec::new())
        } else {
            arguments.return_origins.clone()
        },
        branding: arguments.branding.asked(),
        archived: None,
    };
    if update == UpdateProject::default() {
        return Err(Failure::usage("no change is named; see `riq projects update --help`"));
    }
    send(&arguments.target, &update, context).await
}

/// Sends a change and prints the changed project.
pub(super) async fn send(target: &Target, update: &UpdateProject, context: &Context) -> Result<(), Failure> {
    let id = target.id.to_string();
    let reply = context.client.send(&Request::patch(["projects", &id]).json(update)).await?;
    card::print(&reply.data, context)
}
