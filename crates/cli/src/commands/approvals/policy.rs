//! `riq approvals policy`

use std::time::Duration;

use clap::Args;
use integrations_core::action::Deciders;
use integrations_core::catalog::ProviderRef;
use integrations_core::wire::{ApprovalNotify, ApprovalPolicy, SetApprovalNotify, UpdateApprovalPolicy};
use serde_json::Value;

use crate::arguments::{action, one_of, setting, span};
use crate::client::Request;
use crate::context::Context;
use crate::error::Failure;
use crate::present;
use crate::text::{cell, members, time, word, written_out};

const EXAMPLES: &str = "\
Without options the policy is shown. --tell permits that one call of the action, by the server, even if a person is \
asked about others. The server writes the text.

Examples:
  riq approvals policy
  riq approvals policy --decided-by people_and_keys --expires-after 12h
  riq approvals policy --tell slack --action post_message --input 'channel=\"#approvals\"'
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
    /// Tell people of what waits by this integration; a further account has its alias behind it
    #[arg(long, value_name = "PROVIDER", requires = "action")]
    tell: Option<ProviderRef>,
    /// The action that sends the message
    #[arg(long, value_parser = action, requires = "tell")]
    action: Option<String>,
    /// An input of the action that says where, its value as JSON; can be given several times
    #[arg(long, value_name = "KEY=JSON", value_parser = setting, requires = "tell")]
    input: Vec<(String, Value)>,
    /// Tell nobody but webhooks
    #[arg(long, conflicts_with = "tell")]
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
    let told = arguments.tell.as_ref().zip(arguments.action.as_ref());
    let told = told.map(|(provider, action)| SetApprovalNotify {
        provider: provider.to_string(),
        action: action.clone(),
        input: arguments.input.iter().cloned().collect(),
    });
    Ok(UpdateApprovalPolicy {
        decided_by: arguments.decided_by,
        expires_after_seconds: seconds.map_err(|_| Failure::usage("--expires-after is too long"))?,
        notify: if arguments.tell_nobody { Some(None) } else { told.map(Some) },
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
