//! `riq approvals list`

use clap::Args;
use integrations_core::action::ApprovalStatus;
use integrations_core::wire::Approval;
use serde_json::Value;

use super::card::party;
use crate::arguments::one_of;
use crate::context::Context;
use crate::error::Failure;
use crate::output::Mode;
use crate::pages::{self, Extent};
use crate::present;
use crate::text::{Column, cell, time, word};

const EXAMPLES: &str = "\
Examples:
  riq approvals list --status pending
  riq approvals list --all --json | jq '.[] | select(.decided_by != null) | {id, status, note}'";

/// The command's arguments.
#[derive(Args)]
#[command(after_long_help = EXAMPLES)]
pub(crate) struct Arguments {
    /// Only approvals with this status
    #[arg(long, value_parser = one_of::<ApprovalStatus>(ApprovalStatus::ALL.map(ApprovalStatus::as_str)))]
    status: Option<ApprovalStatus>,
    #[command(flatten)]
    extent: Extent,
}

/// Lists the approvals.
pub(crate) async fn run(arguments: &Arguments, context: &Context) -> Result<(), Failure> {
    let filters = [("status", arguments.status.map(ApprovalStatus::as_str))];
    let listed = pages::read(&["approvals"], &filters, arguments.extent.most(), |_| true, context).await?;
    let columns = [
        Column::fixed("APPROVAL"),
        Column::fixed("PROVIDER").expendable(2),
        Column::fixed("ACTION"),
        Column::fixed("STATUS"),
        Column::flexible("ASKED BY", 8).expendable(0),
        Column::fixed("UNTIL").expendable(1),
    ];
    let data = Value::Array(listed.values);
    present::many(&data, "id", &columns, row, "no approval matches", &context.output)?;
    if listed.has_more && context.output.mode == Mode::Table {
        context.output.notice("there are older approvals: --limit shows more, --all shows all");
    }
    Ok(())
}

fn row(approval: &Approval) -> Vec<String> {
    vec![
        cell(Some(&approval.id)),
        cell(Some(&approval.provider)),
        cell(Some(&approval.action)),
        word(&approval.status),
        party(&approval.requested_by),
        time(Some(approval.expires_at)),
    ]
}
