//! `riq-server admin audit`

mod export;
mod verify;

use std::time::Duration;

use clap::Subcommand;
use integrations_core::{audit::AuditAction, ids::OrganizationId};

pub use self::verify::NotWhole;
use super::{
    context::{Context, columns},
    prune::{self, Old, Prune},
};
use crate::{services::audit_log::AuditLog, store::Store};

const OLD_EVENTS: Old = Old {
    name: "events",
    place: "every organization's audit log",
    least: (Duration::from_secs(24 * 3_600), "events of the last day are not removed"),
    pruning: Store::prune_audit,
    recorded: (AuditAction::AuditPruned, "events_before"),
};

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Write events as JSON lines or CSV, oldest first, to a file or to stdout
    Export(export::Export),
    /// Check that no event was changed, removed or put in
    ///
    /// It follows the chain over each organization's log from its first line to its last, and compares each line with
    /// the log. Exit status 3: something is wrong, and stdout says what and where.
    Verify(verify::Verify),
    /// Print the end of each organization's chain, NUMBER:HASH
    ///
    /// Keep it where whoever can write to the database cannot: `verify --expect-head` compares it later.
    Head {
        /// Only this organization, org_…
        #[arg(long, value_name = "ORG")]
        organization: Option<OrganizationId>,
    },
    /// Remove old events from the audit log of every organization, while the server runs
    ///
    /// You can stop it at any time and start it again: it continues with the rest. Events of the last day are kept.
    Prune(Prune),
}

pub(super) async fn run(command: Command, context: &Context) -> anyhow::Result<()> {
    match command {
        Command::Export(export) => export::run(export, context).await,
        Command::Verify(verify) => verify::run(verify, context).await,
        Command::Head { organization } => heads(context, organization).await,
        Command::Prune(options) => prune::run(options, &OLD_EVENTS, context).await,
    }
}

async fn heads(context: &Context, organization: Option<OrganizationId>) -> anyhow::Result<()> {
    let heads = AuditLog::new(context.store.clone()).heads(organization).await?;
    context.answer(&heads, || {
        columns(&heads.iter().map(|one| vec![one.organization.clone(), one.head.clone()]).collect::<Vec<_>>())
    })
}
