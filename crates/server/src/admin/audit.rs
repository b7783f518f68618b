//! `riq-server admin audit`

use std::time::Duration;

use clap::Subcommand;
use integrations_core::audit::AuditAction;

use super::{
    context::Context,
    prune::{self, Old, Prune},
};
use crate::store::Store;

const OLD_EVENTS: Old = Old {
    name: "events",
    place: "every organization's audit log",
    least: (Duration::from_secs(24 * 3_600), "events of the last day are not removed"),
    pruning: Store::prune_audit,
    recorded: (AuditAction::AuditPruned, "events_before"),
};

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Remove old events from the audit log of every organization, while the server runs
    ///
    /// You can stop it at any time and start it again: it continues with the rest. Events of the last day are kept.
    Prune(Prune),
}

pub(super) async fn run(command: Command, context: &Context) -> anyhow::Result<()> {
    match command {
        Command::Prune(options) => prune::run(options, &OLD_EVENTS, context).await,
    }
}
