//! `riq integrations`

mod card;
mod catalog;
mod change;
mod check;
mod disconnect;
mod event_source;
mod events;
mod find;
mod health_history;
mod install;
mod install_url;
mod list;
mod pause;
mod resume;
mod set_event_secret;
mod show;
mod update;

use clap::Subcommand;
use integrations_core::catalog::ProviderRef;

use crate::context::Context;
use crate::error::Failure;

/// The commands of `riq integrations`.
#[derive(Subcommand)]
pub(crate) enum Command {
    /// List the project's integrations
    List(list::Arguments),
    /// List the providers, or describe one
    Catalog(catalog::Arguments),
    /// Show one integration: settings, action permissions, health
    #[command(visible_alias = "get")]
    Show(show::Arguments),
    /// Ask the provider now whether an integration's credential works
    Check(check::Arguments),
    /// Install an integration in a browser
    Install(install::Arguments),
    /// Print the page where an integration is installed in a browser
    InstallUrl(install_url::Arguments),
    /// Change an integration's status, name, sidebar, settings or action permissions
    Update(Box<update::Arguments>),
    /// Pause an integration
    Pause(pause::Arguments),
    /// Make a paused integration active again
    Resume(resume::Arguments),
    /// Disconnect an integration and destroy its stored credential
    Disconnect(disconnect::Arguments),
    /// Show the worst health of each of the last 30 days
    HealthHistory(health_history::Arguments),
    /// Show where the provider sends events to, and what was refused there
    EventSource(event_source::Arguments),
    /// Set the secret that the provider's events are verified with
    SetEventSecret(set_event_secret::Arguments),
    /// List the events that the provider sent, newest first
    Events(events::Arguments),
}

impl Command {
    /// The provider that the command is about, if it is about one.
    pub(crate) fn provider(&self) -> Option<&ProviderRef> {
        match self {
            Self::List(_) => None,
            Self::Catalog(arguments) => arguments.provider.as_ref(),
            Self::Show(arguments) => Some(&arguments.provider),
            Self::Check(arguments) => Some(&arguments.provider),
            Self::Install(arguments) => Some(&arguments.provider),
            Self::InstallUrl(arguments) => Some(&arguments.provider),
            Self::Update(arguments) => Some(&arguments.target.provider),
            Self::Pause(arguments) => Some(&arguments.target.provider),
            Self::Resume(arguments) => Some(&arguments.target.provider),
            Self::Disconnect(arguments) => Some(&arguments.target.provider),
            Self::HealthHistory(arguments) => Some(&arguments.provider),
            Self::EventSource(arguments) => Some(&arguments.provider),
            Self::SetEventSecret(arguments) => Some(&arguments.provider),
            Self::Events(arguments) => Some(&arguments.provider),
        }
    }

    /// Runs the command.
    pub(crate) async fn run(&self, context: &Context) -> Result<(), Failure> {
        match self {
            Self::List(_) => list::run(context).await,
            Self::Catalog(arguments) => catalog::run(arguments, context).await,
            Self::Show(arguments) => show::run(arguments, context).await,
            Self::Check(arguments) => check::run(arguments, context).await,
            Self::Install(arguments) => install::run(arguments, context).await,
            Self::InstallUrl(arguments) => install_url::run(arguments, context).await,
            Self::Update(arguments) => update::run(arguments, context).await,
            Self::Pause(arguments) => pause::run(arguments, context).await,
            Self::Resume(arguments) => resume::run(arguments, context).await,
            Self::Disconnect(arguments) => disconnect::run(arguments, context).await,
            Self::HealthHistory(arguments) => health_history::run(arguments, context).await,
            Self::EventSource(arguments) => event_source::run(arguments, context).await,
            Self::SetEventSecret(arguments) => set_event_secret::run(arguments, context).await,
            Self::Events(arguments) => events::run(arguments, context).await,
        }
    }
}
