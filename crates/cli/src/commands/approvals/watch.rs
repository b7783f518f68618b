//! `riq approvals watch`

use std::collections::BTreeSet;

use clap::Args;
use integrations_core::wire::Approval;
use serde_json::Value;
use tokio::time::sleep;

use super::card::party;
use crate::client::{raw_value, read, text_field};
use crate::commands::runs::for_people;
use crate::context::Context;
use crate::error::Failure;
use crate::output::Mode;
use crate::pages;
use crate::polling::Polling;
use crate::text::{cell, time, written_out};

const EXAMPLES: &str = "\
Prints one line for each approval, with every input whole, until interrupted.

Examples:
  riq approvals watch
  riq approvals watch --json | jq -r '\"\\(.id) \\(.label): \\(.input)\"'
  riq approvals watch --quiet | while read -r id; do notify-send \"Approval $id\"; done";

/// The command's arguments: only the global ones.
#[derive(Args)]
#[command(after_long_help = EXAMPLES)]
pub(crate) struct Arguments;

/// Prints what is pending, oldest first, and then each new approval.
pub(crate) async fn run(context: &Context) -> Result<(), Failure> {
    let mut printed = print_new(&pending(context).await?, &BTreeSet::new(), context)?;
    let mut polling = Polling::new();
    loop {
        sleep(polling.pause()).await;
        if let Some(pending) = polling.tolerate(pending(context).await, &context.output)? {
            printed = print_new(&pending, &printed, context)?;
        }
    }
}

/// The pending approvals, newest first.
async fn pending(context: &Context) -> Result<Vec<Value>, Failure> {
    let filters = [("status", Some("pending"))];
    Ok(pages::read(&["approvals"], &filters, usize::MAX, |_| true, context).await?.values)
}

/// Prints those that were not printed before. Returns the ids of all, which is what there is to remember: one that was
/// decided does not come again.
fn print_new(
    pending: &[Value],
    printed: &BTreeSet<String>,
    context: &Context,
) -> Result<BTreeSet<String>, Failure> {
    let mut ids = BTreeSet::new();
    for value in pending.iter().rev() {
        let id = text_field(value, "id");
        let id = id.ok_or_else(|| Failure::invalid_response("the server's answer lacks an id"))?;
        if !printed.contains(id) {
            match context.output.mode {
                Mode::Json => context.output.json_line(value)?,
                Mode::Quiet => context.output.ids([Some(id)])?,
                Mode::Table => context.output.raw(&format!("{}\n", line(&read(value)?)))?,
            }
        }
        ids.insert(id.to_owned());
    }
    Ok(ids)
}

/// One line, never cut: what is wanted, by whom and why.
fn line(approval: &Approval) -> String {
    let mut line = format!(
        "{}  {}  {} {} {}  by {}",
        time(Some(approval.created_at)),
        cell(Some(&approval.id)),
        cell(Some(&approval.provider)),
        cell(Some(&approval.action)),
        written_out(&raw_value(&approval.input).to_string()),
        party(&approval.requested_by),
    );
    for (name, text) in for_people(&raw_value(&approval.context)) {
        line.push_str(&format!("  {}: {text}", name.to_lowercase()));
    }
    line
}
