//! `riq runs list`

use clap::Args;
use integrations_core::action::RunStatus;
use integrations_core::catalog::ProviderRef;
use integrations_core::wire::ActionRun;
use serde_json::Value;

use crate::arguments::{action, one_of};
use crate::context::Context;
use crate::error::Failure;
use crate::output::Mode;
use crate::pages::{self, Extent};
use crate::present;
use crate::text::{Column, cell, time, word};

const EXAMPLES: &str = "\
Examples:
  riq runs list
  riq runs list --provider stripe --status unknown --all
  riq runs list --action issue_refund --json | jq '.[] | {id, status, input}'";

/// The command's arguments.
#[derive(Args)]
#[command(after_long_help = EXAMPLES)]
pub(crate) struct Arguments {
    /// Only runs of the integration with this provider
    #[arg(long)]
    provider: Option<ProviderRef>,
    /// Only runs of this action
    #[arg(long, value_parser = action)]
    action: Option<String>,
    /// Only runs with this status
    #[arg(long, value_parser = one_of::<RunStatus>(RunStatus::ALL.map(RunStatus::as_str)))]
    status: Option<RunStatus>,
    #[command(flatten)]
    extent: Extent,
}

/// Lists the runs.
pub(crate) async fn run(arguments: &Arguments, context: &Context) -> Result<(), Failure> {
    let filters = [
        ("provider", arguments.provider.as_ref().map(ProviderRef::as_str)),
        ("action", arguments.action.as_deref()),
        ("status", arguments.status.map(RunStatus::as_str)),
    ];
    let listed = pages::read(&["action-runs"], &filters, arguments.extent.most(), |_| true, context).await?;
    let columns = [
        Column::fixed("RUN"),
        Column::fixed("TIME").expendable(1),
        Column::fixed("PROVIDER").expendable(2),
        Column::fixed("ACTION"),
        Column::fixed("STATUS"),
        Column::flexible("ERROR", 16).expendable(0),
    ];
    let data = Value::Array(listed.values);
    present::many(&data, "id", &columns, row, "no run matches", &context.output)?;
    if listed.has_more && context.output.mode == Mode::Table {
        context.output.notice("there are older runs: --limit shows more, --all shows all");
    }
    Ok(())
}

fn row(run: &ActionRun) -> Vec<String> {
    vec![
        cell(Some(&run.id)),
        time(Some(run.created_at)),
        cell(Some(&run.provider)),
        cell(Some(&run.action)),
        word(&run.status),
        cell(run.error.as_ref().map(|error| error.message.as_str())),
    ]
}
