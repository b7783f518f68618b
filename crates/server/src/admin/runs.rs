//! `riq-server admin runs`

use clap::Subcommand;
use integrations_core::audit::AuditAction;

use super::{
    context::Context,
    prune::{self, Old, Prune},
};
use crate::{app::config::SHORTEST_RUN_RETENTION, store::Store};

const OLD_RUNS: Old = Old {
    name: "runs",
    place: "every project",
    // What a run counts towards a limit goes with it.
    least: (SHORTEST_RUN_RETENTION, "limits of actions look back on the runs of a month"),
    pruning: Store::prune_runs,
    recorded: (AuditAction::ActionRunsPruned, "runs_before"),
};

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Remove old runs of actions from every project, while the server runs
    ///
    /// You can stop it at any time and start it again: it continues with the rest. Runs of the last 31 days are kept,
    /// and so are those that are not finished.
    Prune(Prune),
}

pub(super) async fn run(command: Command, context: &Context) -> anyhow::Result<()> {
    match command {
        Command::Prune(options) => prune::run(options, &OLD_RUNS, context).await,
    }
}
