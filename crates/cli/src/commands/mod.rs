//! The commands: one file each, with its arguments and what it does.

pub(crate) mod actions;
pub(crate) mod approvals;
pub(crate) mod audit;
pub(crate) mod auth;
pub(crate) mod completions;
pub(crate) mod install_links;
pub(crate) mod integrations;
pub(crate) mod keys;
pub(crate) mod manual;
pub(crate) mod mcp;
pub(crate) mod oauth_apps;
pub(crate) mod policy;
pub(crate) mod projects;
pub(crate) mod proxy;
pub(crate) mod runs;
pub(crate) mod webhooks;

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
    /// Write a man page for each command into a directory
    Manual(manual::Arguments),
}

/// The commands that call the API.
#[derive(Subcommand)]
pub(crate) enum ApiCommand {
    /// The integrations of a project
    #[command(subcommand)]
    Integrations(integrations::Command),
    /// The links with which people install
    #[command(subcommand)]
    InstallLinks(install_links::Command),
    /// What can be done with an integration
    #[command(subcommand)]
    Actions(actions::Command),
    /// What would be decided of calls
    #[command(subcommand)]
    Policy(policy::Command),
    /// Calls of actions, and what became of them
    #[command(subcommand)]
    Runs(runs::Command),
    /// Calls of actions that wait for a person
    #[command(subcommand)]
    Approvals(approvals::Command),
    /// Send a request to a provider with the integration's credential
    Proxy(Box<proxy::Arguments>),
    /// Serve a project's tools to a desktop client, over standard input and output
    Mcp(mcp::Arguments),
    /// What a project's receivers are told
    #[command(subcommand)]
    Webhooks(webhooks::Command),
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
            Self::Integrations(_)
            | Self::InstallLinks(_)
            | Self::Actions(_)
            | Self::Policy(_)
            | Self::Runs(_)
            | Self::Approvals(_)
            | Self::Proxy(_)
            | Self::Mcp(_)
            | Self::Webhooks(_)
            | Self::Audit(_) => Subject::Project,
            Self::Projects(_) | Self::Keys(_) => Subject::Organization,
            Self::OauthApps(_) => Subject::ProjectIfNamed,
        }
    }

    /// Whether an interrupt ends it in its own way.
    pub(crate) fn ends_itself(&self) -> bool {
        matches!(self, Self::Webhooks(command) if command.ends_itself())
    }

    /// The key of the provider that the command names, if it names one; an alias is behind it.
    pub(crate) fn provider(&self) -> Option<&str> {
        match self {
            Self::Integrations(command) => command.provider().map(ProviderRef::as_str),
            Self::Actions(command) => Some(command.provider().as_str()),
            Self::Policy(command) => Some(command.provider().as_str()),
            Self::Proxy(arguments) => Some(arguments.provider.as_str()),
            Self::OauthApps(command) => command.provider().map(ProviderKey::as_str),
            Self::InstallLinks(_)
            | Self::Runs(_)
            | Self::Approvals(_)
            | Self::Mcp(_)
            | Self::Webhooks(_)
            | Self::Audit(_)
            | Self::Projects(_)
            | Self::Keys(_) => None,
        }
    }

    /// Runs the command.
    pub(crate) async fn run(&self, context: &Context) -> Result<(), Failure> {
        match self {
            Self::Integrations(command) => command.run(context).await,
            Self::InstallLinks(command) => command.run(context).await,
            Self::Actions(command) => command.run(context).await,
            Self::Policy(command) => command.run(context).await,
            Self::Runs(command) => command.run(context).await,
            Self::Approvals(command) => command.run(context).await,
            Self::Proxy(arguments) => proxy::run(arguments, context).await,
            Self::Mcp(_) => mcp::run(context).await,
            Self::Webhooks(command) => command.run(context).await,
            Self::Audit(command) => command.run(context).await,
            Self::Projects(command) => command.run(context).await,
            Self::Keys(command) => command.run(context).await,
            Self::OauthApps(command) => command.run(context).await,
        }
    }
}
