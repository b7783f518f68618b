//! `riq integrations event-source`

use clap::Args;
use integrations_core::catalog::{AddressOf, ProviderRef};
use integrations_core::wire::{EventRefusal, EventSource, Open};
use serde_json::Value;

use crate::client::Request;
use crate::context::Context;
use crate::error::Failure;
use crate::present;
use crate::text::{cell, time, word};

const EXAMPLES: &str = "\
Whoever has the address can send there, so it is shown only with integrations:write. The address of an OAuth app is on \
the app's page. With --quiet, only the address is printed.

Examples:
  riq integrations event-source stripe
  riq integrations event-source stripe | jq .refusals";

/// The command's arguments.
#[derive(Args)]
#[command(after_long_help = EXAMPLES)]
pub(crate) struct Arguments {
    /// The provider's key, such as slack; a further account has its alias behind it: shopify~eu
    pub(crate) provider: ProviderRef,
}

/// Shows where the provider sends events to, and what was refused there.
pub(crate) async fn run(arguments: &Arguments, context: &Context) -> Result<(), Failure> {
    let request = Request::get(["integrations", arguments.provider.as_str(), "event-source"]);
    print(&context.client.send(&request).await?.data, context)
}

/// Prints an address.
pub(super) fn print(data: &Value, context: &Context) -> Result<(), Failure> {
    present::one(data, "url", facts, &context.output)
}

fn facts(source: &EventSource) -> Vec<(&'static str, String)> {
    let mut facts = vec![
        ("Provider", cell(Some(&source.provider))),
        ("Address", address(source)),
        ("To do", cell(Some(&source.enter))),
        ("Page", cell(source.page.as_deref())),
        ("Secret", secret(source)),
        ("Documents", cell(Some(&source.documentation_url))),
    ];
    facts.extend(source.refusals.iter().map(|one| ("Refused", refusal(one))));
    facts
}

fn address(source: &EventSource) -> String {
    match (&source.url, &source.address_of) {
        (Some(url), _) => cell(Some(url)),
        (None, Open::Known(AddressOf::App)) => "that of the OAuth app".to_owned(),
        (None, _) => "not shown".to_owned(),
    }
}

fn secret(source: &EventSource) -> String {
    let status = word(&source.secret_status);
    match source.old_secret_until {
        Some(until) => format!("{status}; the one before counts until {}", time(Some(until))),
        None => status,
    }
}

fn refusal(one: &EventRefusal) -> String {
    let what = one.claimed_type.as_deref().map(|kind| format!(" ({})", cell(Some(kind)))).unwrap_or_default();
    format!("{} times{what}, last {}: {}", one.count, time(Some(one.last_at)), cell(Some(&one.message)))
}
