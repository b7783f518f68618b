//! `riq-server admin audit`

use std::{
    io::{self, Write as _},
    time::{Duration, Instant},
};

use anyhow::{Context as _, ensure};
use clap::Subcommand;
use integrations_core::{
    audit::{AuditAction, change},
    ids::OrganizationId,
};
use serde::Serialize;
use serde_json::Value;
use time::OffsetDateTime;

use super::context::{Confirmation, Context, moment};
use crate::app::config::time_span;

/// Newer events are kept, because somebody may still need them.
const LEAST: Duration = Duration::from_secs(24 * 3_600);
/// The number of events that one transaction removes. It is small, so that the server's own writes do not wait long.
const BATCH: u32 = 10_000;

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Remove old events from the audit log of every organization, while the server runs
    ///
    /// You can stop it at any time and start it again: it continues with the rest.
    Prune {
        /// How old an event must be to be removed, such as 400d; at least 1d
        #[arg(long, value_name = "TIME", value_parser = time_span)]
        older_than: Duration,
        /// Only say how many events would be removed
        #[arg(long)]
        dry_run: bool,
        #[command(flatten)]
        confirmation: Confirmation,
    },
}

/// The result of `prune`.
#[derive(Serialize)]
struct Pruned {
    /// Only events before this time.
    #[serde(with = "time::serde::rfc3339")]
    before: OffsetDateTime,
    /// The number of events.
    events: u64,
    /// Whether they were only counted.
    dry_run: bool,
}

pub(super) async fn run(command: Command, context: &Context) -> anyhow::Result<()> {
    match command {
        Command::Prune { older_than, dry_run, confirmation } => {
            prune(context, older_than, (!dry_run).then_some(confirmation)).await
        }
    }
}

/// Removes old events, or only counts them where nobody is to confirm it.
async fn prune(
    context: &Context,
    older_than: Duration,
    confirmation: Option<Confirmation>,
) -> anyhow::Result<()> {
    let dry_run = confirmation.is_none();
    ensure!(older_than >= LEAST, "--older-than must be at least 1d: events of the last day are not removed");
    let before = context.environment.now().checked_sub(older_than.try_into()?);
    let before = before.context("--older-than is too long")?;
    let events = match confirmation {
        None => context.store.prune_audit(before, BATCH).count().await?,
        Some(confirmation) => {
            confirmation.ask(&format!(
                "Remove all events from before {} from every organization's audit log? Nothing brings them back.",
                moment(Some(before))
            ))?;
            remove(context, before).await?
        }
    };
    let pruned = Pruned { before, events, dry_run };
    context.answer(&pruned, || {
        let what = if dry_run { "Would remove" } else { "Removed" };
        vec![format!("{what} {events} events from before {}", moment(Some(before)))]
    })
}

async fn remove(context: &Context, before: OffsetDateTime) -> anyhow::Result<u64> {
    let mut pruning = context.store.prune_audit(before, BATCH);
    let event = |organization: OrganizationId| {
        let changes = change("events_before", Value::Null, moment(Some(before))).into_iter().collect();
        context.event(organization, None, AuditAction::AuditPruned, changes)
    };
    let (mut events, mut started) = (0, Instant::now());
    while let Some(removed) = pruning.step(event).await? {
        // The pause gives other writers as much time as this batch took.
        tokio::time::sleep(started.elapsed()).await;
        if events > 0 {
            writeln!(io::stderr(), "removed {}", events + removed)?;
        }
        (events, started) = (events + removed, Instant::now());
    }
    Ok(events)
}
