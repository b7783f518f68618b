//! Reads the audit log and formats its events.

use clap::Args;
use integrations_core::audit::Change;
use integrations_core::catalog::ProviderRef;
use integrations_core::wire::AuditEvent;
use serde_json::Value;

use crate::arguments::moment;
use crate::context::Context;
use crate::error::Failure;
use crate::pages::{self, Listed};
use crate::text::{cell, time, word};

/// Filters that every command on events takes.
#[derive(Args)]
pub(crate) struct Filters {
    /// Only events with this action, such as integration.disconnected
    #[arg(long)]
    action: Option<String>,
    /// Only events about integrations with this provider
    #[arg(long)]
    provider: Option<ProviderRef>,
    /// Only events of this actor: an API key's id, `operator` or `system`
    #[arg(long)]
    actor: Option<String>,
}

/// A period of time.
#[derive(Args, Default)]
pub(crate) struct Period {
    /// Only events at or after this time, such as 2026-05-01T00:00:00Z
    #[arg(long, value_name = "TIME", value_parser = moment)]
    since: Option<String>,
    /// Only events before this time
    #[arg(long, value_name = "TIME", value_parser = moment)]
    until: Option<String>,
}

/// Reads the log page by page, newest event first, until there are `most` events, or until `goes_on` is false for the
/// last event of a page.
pub(crate) async fn fetch(
    filters: &Filters,
    period: &Period,
    most: usize,
    goes_on: impl Fn(&Value) -> bool,
    context: &Context,
) -> Result<Listed, Failure> {
    pages::read(&["audit"], &narrowing(filters, period), most, goes_on, context).await
}

/// The query that narrows the log.
pub(crate) fn narrowing<'a>(
    filters: &'a Filters,
    period: &'a Period,
) -> [(&'static str, Option<&'a str>); 5] {
    [
        ("action", filters.action.as_deref()),
        ("provider", filters.provider.as_ref().map(ProviderRef::as_str)),
        ("actor", filters.actor.as_deref()),
        ("since", period.since.as_deref()),
        ("until", period.until.as_deref()),
    ]
}

/// The cells of an event in a table: time, action, provider, actor, changes.
pub(crate) fn row(event: &AuditEvent) -> Vec<String> {
    let actor = event.actor.name.as_deref().or(event.actor.api_key_id.as_deref());
    let changes = event.changes.read().map_or_else(
        |_| event.changes.as_str().to_owned(),
        |changes| changes.iter().map(change).collect::<Vec<_>>().join(", "),
    );
    vec![
        time(Some(event.created_at)),
        word(&event.action),
        cell(event.provider.as_deref()),
        actor.map_or_else(|| word(&event.actor.kind), |actor| cell(Some(actor))),
        cell(Some(&changes)),
    ]
}

fn change(change: &Change) -> String {
    let value = |value: &Value| match value {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    };
    format!("{}: {} -> {}", change.path, value(&change.from), value(&change.to))
}
