//! What removing old events and removing old runs have in common.

use std::{
    io::{self, Write as _},
    time::{Duration, Instant},
};

use anyhow::{Context as _, ensure};
use clap::Args;
use integrations_core::{
    audit::{AuditAction, change},
    ids::OrganizationId,
};
use serde_json::{Value, json};
use time::{OffsetDateTime, format_description::well_known::Rfc3339};

use super::context::{Confirmation, Context, moment};
use crate::{
    app::config::time_span,
    store::{Pruning, Store},
};

/// The number of rows that one transaction removes. It is small, so that the server's own writes do not wait long.
const BATCH: u32 = 10_000;

/// The options of `prune`.
#[derive(Args, Debug)]
pub(super) struct Prune {
    /// How old something must be to be removed, such as 400d
    #[arg(long, value_name = "TIME", value_parser = time_span)]
    older_than: Duration,
    /// Only say how many would be removed
    #[arg(long)]
    dry_run: bool,
    #[command(flatten)]
    confirmation: Confirmation,
}

/// What is removed.
pub(super) struct Old {
    /// What it is called, in the answer too.
    pub(super) name: &'static str,
    /// Where it is, for the question.
    pub(super) place: &'static str,
    /// Newer ones are kept, for the reason that stands beside it.
    pub(super) least: (Duration, &'static str),
    /// Prepares the removal, in batches of this size.
    pub(super) pruning: fn(&Store, OffsetDateTime, u32) -> Pruning,
    /// What is recorded, and the name of the change that has the moment.
    pub(super) recorded: (AuditAction, &'static str),
}

/// Removes what is old, or only counts it.
pub(super) async fn run(prune: Prune, old: &Old, context: &Context) -> anyhow::Result<()> {
    let Prune { older_than, dry_run, confirmation } = prune;
    let (name, (least, why)) = (old.name, old.least);
    ensure!(older_than >= least, "--older-than must be at least {}d: {why}", least.as_secs() / (24 * 3_600));
    let before = context.environment.now().checked_sub(older_than.try_into()?);
    let before = before.context("--older-than is too long")?;
    let shown = moment(Some(before));
    let pruning = (old.pruning)(&context.store, before, BATCH);
    let count = if dry_run {
        pruning.count().await?
    } else {
        confirmation.ask(&format!(
            "Remove all {name} from before {shown} from {}? Nothing brings them back.",
            old.place
        ))?;
        remove(context, pruning, &shown, old.recorded).await?
    };
    context.answer(&json!({"before": before.format(&Rfc3339)?, name: count, "dry_run": dry_run}), || {
        let what = if dry_run { "Would remove" } else { "Removed" };
        vec![format!("{what} {count} {name} from before {shown}")]
    })
}

async fn remove(
    context: &Context,
    mut pruning: Pruning,
    before: &str,
    (action, path): (AuditAction, &str),
) -> anyhow::Result<u64> {
    let event = |organization: OrganizationId| {
        let changes = change(path, Value::Null, before).into_iter().collect();
        context.event(organization, None, action, changes)
    };
    let (mut count, mut started) = (0, Instant::now());
    while let Some(removed) = pruning.step(event).await? {
        // The pause gives other writers as much time as this batch took.
        tokio::time::sleep(started.elapsed()).await;
        if count > 0 {
            writeln!(io::stderr(), "removed {}", count + removed)?;
        }
        (count, started) = (count + removed, Instant::now());
    }
    Ok(count)
}
