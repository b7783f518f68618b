//! `riq actions list`

use clap::Args;
use integrations_core::catalog::ProviderRef;
use integrations_core::permissions::Permission;
use integrations_core::wire::InstalledAction;

use crate::client::Request;
use crate::context::Context;
use crate::error::Failure;
use crate::present;
use crate::text::{Column, cell, word};

const EXAMPLES: &str = "\
Examples:
  riq actions list stripe
  riq actions list shopify~eu
  riq actions list stripe --json | jq -r '.[] | select(.callable) | .key'";

/// The command's arguments.
#[derive(Args)]
#[command(after_long_help = EXAMPLES)]
pub(crate) struct Arguments {
    /// The provider's key, such as slack; a further account has its alias behind it: shopify~eu
    pub(crate) provider: ProviderRef,
}

/// Lists the integration's actions.
pub(crate) async fn run(arguments: &Arguments, context: &Context) -> Result<(), Failure> {
    let request = Request::get(["integrations", arguments.provider.as_str(), "actions"]);
    let data = context.client.send(&request).await?.data;
    let columns = [
        Column::fixed("ACTION"),
        Column::flexible("NAME", 10).expendable(0),
        Column::fixed("KIND"),
        Column::fixed("PERMISSION"),
        Column::flexible("CALLABLE", 8),
    ];
    present::many(&data, "key", &columns, row, "no actions", &context.output)
}

fn row(action: &InstalledAction) -> Vec<String> {
    vec![
        cell(Some(&action.key)),
        cell(Some(&action.label)),
        word(&action.kind),
        permission(action.permission).to_owned(),
        callable(action),
    ]
}

/// What is permitted, in a word.
pub(super) fn permission(permission: Permission) -> &'static str {
    match permission {
        Permission::Allowed => "allowed",
        Permission::Ask => "ask",
        Permission::Off => "denied",
    }
}

/// Whether it can be called, and why not.
pub(super) fn callable(action: &InstalledAction) -> String {
    match &action.not_callable_reason {
        _ if action.callable => "yes".to_owned(),
        Some(why) => format!("no: {}", cell(Some(why))),
        None => "no".to_owned(),
    }
}
