//! An install link as a card.

use integrations_core::wire::InstallLink;
use serde_json::Value;

use crate::context::Context;
use crate::error::Failure;
use crate::present;
use crate::text::{cell, time, word};

/// Prints a link.
pub(super) fn print(data: &Value, context: &Context) -> Result<(), Failure> {
    present::one(data, "id", facts, &context.output)
}

fn facts(link: &InstallLink) -> Vec<(&'static str, String)> {
    vec![
        ("Link", cell(Some(&link.id))),
        ("Provider", cell(Some(&link.provider))),
        ("Status", word(&link.status)),
        ("Made by", cell(Some(&link.created_by))),
        ("Leads back to", cell(link.return_url.as_deref())),
        ("Only for account", cell(link.expected_account_id.as_deref())),
        ("Made", time(Some(link.created_at))),
        ("Expires", time(Some(link.expires_at))),
        ("Used", time(link.used_at)),
        ("Ended", time(link.ended_at)),
    ]
}
