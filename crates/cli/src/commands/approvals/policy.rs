//! `riq approvals policy`

use std::time::Duration;

use clap::Args;
use integrations_core::action::Deciders;
use integrations_core::wire::{ApprovalNotify, ApprovalPolicy, UpdateApprovalPolicy};
use serde_json::Value;

use crate::arguments::{one_of, span};
use crate::client::Request;
use crate::context::Context;
use crate::error::Failure;
use crate::present;
use crate::text::{cell, members, time, word, written_out};

const EXAMPLES: &str = "\
Without options the policy is shown. Where people are told is set by a signed-in person, in the dashboard, on the page \
behind the list of approvals.

Examples:
  riq approvals policy
  riq approvals policy --decided-by people_and_keys --expires-after 12h
  riq approvals policy --tell-nobody";

/// The command's arguments.
#[derive(Args)]
#[command(after_long_help = EXAMPLES)]
pub(crate) struct Arguments {
    /// Who decides
    #[arg(long, value_name = "WHO", value_parser = one_of::<Deciders>(Deciders::ALL.map(Deciders::as_str)))]
    decided_by: Option<Deciders>,
    /// How long a person may take: 30m, 24h, 7d
    #[arg(long, value_name = "SPAN", value_parser = span)]
    expires_after: Option<Duration>,
    /// Tell nobody but webhooks
    #[arg(long)]
    tell_nobody: bool,
}

/// Shows or changes how the project's approvals are decided.
pub(crate) async fn run(arguments: &Arguments, context: &Context) -> Result<(), Failure> {
    let update = update(arguments)?;
    let request = if update == UpdateApprovalPolicy::default() {
        Request::get(["approval-policy"])
    } else {
        Request::patch(["approval-policy"]).json(&update)
    };
    let data = context.client.send(&request).await?.data;
    present::one(&data, "decided_by", |policy| facts(policy, context.output.width), &context.output)
}

fn update(arguments: &Arguments) -> Result<UpdateApprovalPolicy, Failure> {
    let seconds = arguments.expires_after.map(|span| u32::try_from(span.as_secs())).transpose();
    Ok(UpdateApprovalPolicy {
        decided_by: arguments.decided_by,
        expires_after_seconds: seconds.map_err(|_| Failure::usage("--expires-after is too long"))?,
        notify: arguments.tell_nobody.then_some(None),
    })
}

fn facts(policy: &ApprovalPolicy, width: usize) -> Vec<(&'static str, String)> {
    let mut facts = vec![
        ("Decided by", word(&policy.decided_by)),
        ("Expires after", format!("{} seconds", policy.expires_after_seconds)),
    ];
    let Some(ApprovalNotify { provider, action, input, problem, last_failure }) = &policy.notify else {
        facts.push(("Told by", "webhooks alone".to_owned()));
        return facts;
    };
    facts.push(("Told by", format!("{} {}", cell(Some(provider)), cell(Some(action)))));
    facts.push(("Where", members(&Value::Object(input.clone()), width)));
    facts.extend(problem.as_ref().map(|problem| ("Not sent now", written_out(problem))));
    if let Some(failed) = last_failure {
        facts.extend([
            ("Last failure", written_out(&failed.message)),
            ("It was about", cell(Some(&failed.approval_id))),
            ("Given up", time(Some(failed.at))),
        ]);
    }
    facts
}
