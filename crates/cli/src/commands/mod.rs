//! The commands: one file each, with its arguments and what it does.

pub(crate) mod audit;
pub(crate) mod auth;
pub(crate) mod completions;
pub(crate) mod integrations;
pub(crate) mod keys;
pub(crate) mod oauth_apps;
pub(crate) mod projects;

use clap::Subcommand;
use integrations_core::catalog::{ProviderKey, ProviderRef};

use crate::context::Context;
use crate::error::Failure;
use crate::place::Subject;

/// All commands.
#[derive(Subcommand)]
pub(crate) enum Command {
    /// A command that calls the API.
    #[command(flatten)]
    Api(ApiCommand),
    /// Log in and out
    #[command(subcommand)]
    Auth(auth::Command),
    /// Print a shell's completion script
    Completions(completions::Arguments),
}

/// The commands that call the API.
#[derive(Subcommand)]
pub(crate) enum ApiCommand {
    /// The integrations of a project
    #[command(subcommand)]
    Integrations(integrations::Command),
    /// The audit log of a project
    #[command(subcommand)]
    Audit(audit::Command),
    /// The projects of an organization
    #[command(subcommand)]
    Projects(projects::Command),
    /// The API keys of an organization
    #[command(subcommand)]
    Keys(keys::Command),
    /// The OAuth apps of an organization, or with --project those of a project
    #[command(subcommand)]
    OauthApps(oauth_apps::Command),
}

impl ApiCommand {
    /// What the command is about.
    pub(crate) fn subject(&self) -> Subject {
        match self {
            Self::Integrations(_) | Self::Audit(_) => Subject::Project,
            Self::Projects(_) | Self::Keys(_) => Subject::Organization,
            Self::OauthApps(_) => Subject::ProjectIfNamed,
        }
    }

    /// The key of the provider that the command names, if it names one; an alias is behind it.
    pub(crate) fn provider(&self) -> Option<&str> {
        match self {
            Self::Integrations(command) => command.provider().map(ProviderRef::as_str),
            Self::OauthApps(command) => command.provider().map(ProviderKey::as_str),
            Self::Audit(_) | Self::Projects(_) | Self::Keys(_) => None,
        }
    }

    /// Runs the command.
    pub(crate) async fn run(&self, context: &Context) -> Result<(), Failure> {
        match self {
            Self::Integrations(command) => command.run(context).await,
            Self::Audit(command) => command.run(context).await,
            Self::Projects(command) => command.run(context).await,
            Self::Keys(command) => command.run(context).await,
            Self::OauthApps(command) => command.run(context).await,
        }
    }
}
