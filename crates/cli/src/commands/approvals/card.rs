//! An approval as a card.

use clap::Args;
use integrations_core::ids::ApprovalId;
use integrations_core::wire::{Approval, ApprovalParty};
use serde_json::Value;

use crate::client::raw_value;
use crate::commands::runs::for_people;
use crate::context::Context;
use crate::error::Failure;
use crate::present;
use crate::text::{cell, members, time, word, written_out};

/// Which approval a command is about.
#[derive(Args)]
pub(super) struct Target {
    /// The approval's id
    #[arg(value_name = "APPROVAL")]
    pub(super) id: ApprovalId,
}

/// Prints an approval.
pub(super) fn print(data: &Value, context: &Context) -> Result<(), Failure> {
    present::one(data, "id", |approval| facts(approval, context.output.width), &context.output)
}

fn facts(approval: &Approval, width: usize) -> Vec<(&'static str, String)> {
    let reasons = approval.reasons.iter().map(|reason| format!("{}\n", written_out(reason)));
    let mut facts = vec![
        ("Approval", cell(Some(&approval.id))),
        ("Run", cell(Some(&approval.run_id))),
        ("Status", word(&approval.status)),
        ("Provider", cell(Some(&approval.provider))),
        ("Action", format!("{} ({})", cell(Some(&approval.label)), cell(Some(&approval.action)))),
        ("Kind", word(&approval.kind)),
        ("Asked by", party(&approval.requested_by)),
    ];
    facts.extend(for_people(&raw_value(&approval.context)));
    facts.push(("Asked", time(Some(approval.created_at))));
    facts.push(("Until", time(Some(approval.expires_at))));
    if let Some(by) = &approval.decided_by {
        facts.push(("Decided by", party(by)));
    }
    if approval.decided_at.is_some() {
        facts.push(("Decided", time(approval.decided_at)));
    }
    facts.extend(approval.note.as_ref().map(|note| ("Note", written_out(note))));
    facts.extend([
        ("Why a person is asked", reasons.collect()),
        ("Input", members(&raw_value(&approval.input), width)),
        ("The provider said", members(&raw_value(&approval.evidence), width)),
    ]);
    facts
}

/// Who asked, or decided.
pub(super) fn party(party: &ApprovalParty) -> String {
    let id = cell(Some(&party.id));
    party.name.as_deref().map_or_else(|| id.clone(), |name| format!("{} ({id})", written_out(name)))
}
