//! `riq projects`: the projects of an organization.

mod archive;
mod card;
mod create;
mod list;
mod restore;
mod show;
mod update;

use clap::Subcommand;

use crate::context::Context;
use crate::error::Failure;

/// The commands of `riq projects`.
#[derive(Subcommand)]
pub(crate) enum Command {
    /// List the projects that are in use
    List(list::Arguments),
    /// Show one project, archived or not
    #[command(visible_alias = "get")]
    Show(show::Arguments),
    /// Create a project
    Create(create::Arguments),
    /// Change a project's name, slug, domain or return origins
    Update(Box<update::Arguments>),
    /// Archive a project: nothing works in it until it is restored
    Archive(archive::Arguments),
    /// Bring an archived project back
    Restore(restore::Arguments),
}

impl Command {
    /// Runs the command.
    pub(crate) async fn run(&self, context: &Context) -> Result<(), Failure> {
        match self {
            Self::List(_) => list::run(context).await,
            Self::Show(arguments) => show::run(arguments, context).await,
            Self::Create(arguments) => create::run(arguments, context).await,
            Self::Update(arguments) => update::run(arguments, context).await,
            Self::Archive(arguments) => archive::run(arguments, context).await,
            Self::Restore(arguments) => restore::run(arguments, context).await,
        }
    }
}
