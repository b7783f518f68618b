//! A run as a card.

use integrations_core::wire::{ActionRun, RunError};
use serde_json::Value;

use crate::client::raw_value;
use crate::context::Context;
use crate::error::Failure;
use crate::present;
use crate::text::{cell, json_block, members, time, word, written_out};

/// Prints a run.
pub(crate) fn print(data: &Value, context: &Context) -> Result<(), Failure> {
    present::one(data, "id", |run| facts(run, context.output.width), &context.output)
}

fn facts(run: &ActionRun, width: usize) -> Vec<(&'static str, String)> {
    let mut facts = vec![
        ("Run", cell(Some(&run.id))),
        ("Provider", cell(Some(&run.provider))),
        ("Action", cell(Some(&run.action))),
        ("Status", word(&run.status)),
    ];
    facts.extend(run.denied_by.as_ref().map(|by| ("Denied by", word(by))));
    facts.extend(run.error.as_ref().map(|error| ("Error", error_line(error))));
    facts.extend(run.provider_status.map(|status| ("Provider said", status.to_string())));
    facts.extend(run.approval_id.as_ref().map(|id| ("Approval", cell(Some(id)))));
    facts.extend(for_people(&raw_value(&run.context)));
    facts.extend([
        ("Called", time(Some(run.created_at))),
        ("Ended", time(run.finished_at)),
        ("Input", members(&raw_value(&run.input), width)),
        ("Result", json_block(&raw_value(&run.result))),
    ]);
    facts
}

fn error_line(error: &RunError) -> String {
    format!("{}: {}", word(&error.code), cell(Some(&error.message)))
}

/// For whom and why an action was called.
pub(crate) fn for_people(context: &Value) -> Vec<(&'static str, String)> {
    [("On behalf of", "on_behalf_of"), ("Conversation", "conversation"), ("Reason", "reason")]
        .into_iter()
        .filter_map(|(name, key)| Some((name, written_out(context.get(key)?.as_str()?))))
        .collect()
}
