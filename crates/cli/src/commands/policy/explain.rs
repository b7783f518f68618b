//! `riq policy explain`

use clap::Args;
use integrations_core::action::Decided;
use integrations_core::wire::{Open, PolicyCheck, PolicyExplanation};
use serde_json::Value;

use crate::client::{PROVIDER_TIME, Request};
use crate::commands::actions::Called;
use crate::context::Context;
use crate::error::Failure;
use crate::present;
use crate::text::{aligned, cell, members, written_out};

const EXAMPLES: &str = "\
The provider is asked what it is asked before a call is decided on. Nothing else is sent, nothing is stored, and no \
person is asked. Limits that are kept for each key are those of the key that asks.

Examples:
  riq policy explain stripe issue_refund --input charge=ch_1 --input amount=500
  riq policy explain stripe issue_refund --input charge=ch_1 --json | jq '{decision, reasons}'
  echo '{\"charge\": \"ch_1\"}' | riq policy explain stripe issue_refund --input-file -";

/// The command's arguments.
#[derive(Args)]
#[command(after_long_help = EXAMPLES)]
pub(crate) struct Arguments {
    #[command(flatten)]
    pub(crate) called: Called,
}

/// Asks what would be decided.
pub(crate) async fn run(arguments: &Arguments, context: &Context) -> Result<(), Failure> {
    let Called { provider, action, .. } = &arguments.called;
    let call = arguments.called.read(context).await?;
    let path = ["integrations", provider.as_str(), "actions", action, "explain"];
    let request = Request::post(path).json(&call).patience(PROVIDER_TIME);
    let data = context.client.send(&request).await?.data;
    present::one(&data, "decision", |explained| facts(explained, context.output.width), &context.output)
}

fn facts(explained: &PolicyExplanation, width: usize) -> Vec<(&'static str, String)> {
    let reasons: String =
        explained.reasons.iter().map(|reason| format!("{}\n", written_out(reason))).collect();
    let checks = explained.checks.iter().map(|check| (mark(check.decision.as_ref()), seen(check)));
    let mut facts =
        vec![("Action", cell(Some(&explained.action))), ("Decision", decision(&explained.decision))];
    facts.extend((!reasons.is_empty()).then_some(("Why", reasons)));
    facts.extend(explained.same_run_id.as_ref().map(|run| ("Same call", cell(Some(run)))));
    facts.push(("What is looked at", aligned(checks.collect(), width)));
    facts.push(("Input", members(&Value::Object(explained.input.clone()), width)));
    if explained.provider_asked {
        facts.push(("The provider said", members(&Value::Object(explained.evidence.clone()), width)));
    } else {
        facts.push(("The provider said", "nothing: it is denied before the provider is asked".to_owned()));
    }
    facts
}

/// What would come of the call.
fn decision(decided: &Open<Decided>) -> String {
    match decided.known() {
        Some(Decided::Allow) => "allow: it would be sent".to_owned(),
        Some(Decided::Ask) => "ask: a person would be asked, and nothing sent before".to_owned(),
        Some(Decided::Deny) => "deny: nothing would be sent".to_owned(),
        None => cell(Some(&decided.to_string())),
    }
}

/// What one check decides, in a word.
fn mark(decided: Option<&Open<Decided>>) -> String {
    match decided.map(|decided| (decided.known(), decided)) {
        Some((Some(Decided::Allow), _)) => "ok".to_owned(),
        Some((_, decided)) => cell(Some(&decided.to_string())),
        None => "?".to_owned(),
    }
}

/// What one check looks at: its rule, and what it sees.
fn seen(check: &PolicyCheck) -> String {
    let numbers = [("it is", &check.value), ("limit", &check.limit), ("used already", &check.used)];
    let numbers = numbers.into_iter().filter_map(|(name, value)| Some(format!("{name} {}", value.as_ref()?)));
    let numbers = numbers.collect::<Vec<_>>().join(", ");
    let why = check.why.as_ref().map_or_else(String::new, |why| format!(": {why}"));
    let numbers = if numbers.is_empty() { numbers } else { format!(" ({numbers})") };
    written_out(&format!("{}{numbers}{why}", check.rule))
}
