//! `riq oauth-apps list`

use clap::Args;
use integrations_core::wire::OAuthApp;

use super::card::owner;
use crate::client::Request;
use crate::context::Context;
use crate::error::Failure;
use crate::output::Mode;
use crate::present;
use crate::text::{Column, cell, time};

const EXAMPLES: &str = "\
The nearest app counts: that of the project, else of the organization, else of the server.

Examples:
  riq oauth-apps list
  riq oauth-apps list --project prj_…
  riq oauth-apps list | jq -r '.[] | select(.owner == null) | .provider'";

/// The command's arguments: only the global ones.
#[derive(Args)]
#[command(after_long_help = EXAMPLES)]
pub(crate) struct Arguments;

/// Lists the apps that count in the organization or project.
pub(crate) async fn run(context: &Context) -> Result<(), Failure> {
    let data = context.client.send(&Request::get(["oauth-apps"])).await?.data;
    let columns = [
        Column::fixed("PROVIDER"),
        Column::flexible("NAME", 10).expendable(0),
        Column::fixed("SET FOR"),
        Column::flexible("CLIENT ID", 12),
        Column::fixed("SET").expendable(1),
    ];
    present::many(&data, "provider", &columns, row, "no provider needs an OAuth app", &context.output)?;
    if context.output.mode == Mode::Table {
        context.output.notice(&format!("These apps count in {}.", context.config.place.value));
    }
    Ok(())
}

fn row(app: &OAuthApp) -> Vec<String> {
    vec![
        cell(Some(&app.provider)),
        cell(Some(&app.name)),
        cell(owner(app).as_deref()),
        cell(app.client_id.as_deref()),
        time(app.updated_at),
    ]
}
