//! `riq actions show`

use clap::Args;
use integrations_core::catalog::ProviderRef;
use integrations_core::wire::InstalledAction;

use super::find;
use super::inputs::Input;
use super::list::{callable, permission};
use crate::arguments::action;
use crate::client::raw_value;
use crate::context::Context;
use crate::error::Failure;
use crate::present;
use crate::text::{aligned, cell, word};

const EXAMPLES: &str = "\
Examples:
  riq actions show stripe issue_refund
  riq actions show stripe issue_refund --json | jq .input_schema";

/// The command's arguments.
#[derive(Args)]
#[command(after_long_help = EXAMPLES)]
pub(crate) struct Arguments {
    /// The provider's key, such as slack; a further account has its alias behind it: shopify~eu
    pub(crate) provider: ProviderRef,
    /// The action's key, such as issue_refund
    #[arg(value_parser = action)]
    action: String,
}

/// Shows an action.
pub(crate) async fn run(arguments: &Arguments, context: &Context) -> Result<(), Failure> {
    let data = find::action(arguments.provider.as_str(), &arguments.action, context).await?;
    present::one(&data, "key", |action| facts(action, context.output.width), &context.output)
}

fn facts(action: &InstalledAction, width: usize) -> Vec<(&'static str, String)> {
    let schema = raw_value(&action.input_schema);
    let inputs = Input::all(&schema).into_iter().map(|input| {
        let required = if input.is_required { ", required" } else { "" };
        let about = format!("{}{required}: {}", input.kind(), input.about());
        (cell(Some(input.key)), cell(Some(&about)))
    });
    vec![
        ("Action", cell(Some(&action.key))),
        ("Name", cell(Some(&action.label))),
        ("Description", cell(Some(&action.description))),
        ("Kind", word(&action.kind)),
        ("Permission", permission(action.permission).to_owned()),
        ("Callable", callable(action)),
        ("Inputs", aligned(inputs.collect(), width)),
    ]
}
