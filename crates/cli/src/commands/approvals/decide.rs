//! `riq approvals approve` and `riq approvals deny`

use clap::Args;
use integrations_core::wire::DecideApproval;
use serde_json::Value;

use super::card::Target;
use crate::client::{PROVIDER_TIME, Request};
use crate::commands::runs::{self, outcome};
use crate::context::Context;
use crate::error::Failure;

const APPROVE_EXAMPLES: &str = "\
Look at it before, with `riq approvals show`. What is sent is what is shown there. The key needs approvals:admin, the \
project has to let keys decide, and nobody approves what they asked for.

Examples:
  riq approvals approve apr_…
  riq approvals approve apr_… --note 'Checked with the shop' --wait";

const DENY_EXAMPLES: &str = "\
Examples:
  riq approvals deny apr_…
  riq approvals deny apr_… --note 'Paid back by bank transfer'";

/// The arguments of `approve`.
#[derive(Args)]
#[command(after_long_help = APPROVE_EXAMPLES)]
pub(crate) struct Approve {
    #[command(flatten)]
    target: Target,
    #[command(flatten)]
    said: Said,
    /// Wait for the end of the call if it takes long
    #[arg(long)]
    wait: bool,
}

/// The arguments of `deny`.
#[derive(Args)]
#[command(after_long_help = DENY_EXAMPLES)]
pub(crate) struct Deny {
    #[command(flatten)]
    target: Target,
    #[command(flatten)]
    said: Said,
}

/// What is said with a decision.
#[derive(Args)]
struct Said {
    /// What to say with it; who asked sees it
    #[arg(long, value_name = "TEXT")]
    note: Option<String>,
}

impl Approve {
    /// Approves the call, which then is made, and shows what came of it.
    pub(super) async fn run(&self, context: &Context) -> Result<(), Failure> {
        let run = decide(&self.target, "approve", &self.said, context).await?;
        outcome::follow(run, self.wait, context).await
    }
}

impl Deny {
    /// Denies the call, and shows the run that was denied.
    pub(super) async fn run(&self, context: &Context) -> Result<(), Failure> {
        let run = decide(&self.target, "deny", &self.said, context).await?;
        runs::print(&run, context)
    }
}

async fn decide(target: &Target, decision: &str, said: &Said, context: &Context) -> Result<Value, Failure> {
    let (id, body) = (target.id.to_string(), DecideApproval { note: said.note.clone() });
    let request = Request::post(["approvals", &id, decision]).json(&body).patience(PROVIDER_TIME);
    Ok(context.client.send(&request).await?.data)
}
