//! Reading the audit log, and showing its events.

use clap::Args;
use integrations_core::audit::Change;
use integrations_core::catalog::ProviderKey;
use integrations_core::wire::AuditEvent;
use serde_json::Value;
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use crate::client::{Request, read};
use crate::context::Context;
use crate::error::Failure;
use crate::text::{cell, time, word};

/// The most events that the API gives at a time.
const PAGE: usize = 200;

/// Which events, wherever they are printed.
#[derive(Args)]
pub(crate) struct Filters {
    /// Only this action, such as integration.disconnected
    #[arg(long)]
    action: Option<String>,
    /// Only events about integrations with this provider
    #[arg(long)]
    provider: Option<ProviderKey>,
    /// Only events of this actor: an API key's id, `operator` or `system`
    #[arg(long)]
    actor: Option<String>,
}

/// A stretch of time.
#[derive(Args, Default)]
pub(crate) struct Period {
    /// Only events from this moment on, such as 2026-05-01T00:00:00Z
    #[arg(long, value_name = "TIME", value_parser = moment)]
    since: Option<String>,
    /// Only events before this moment
    #[arg(long, value_name = "TIME", value_parser = moment)]
    until: Option<String>,
}

/// Reads a moment, and leaves it as it is written.
fn moment(text: &str) -> Result<String, String> {
    let read = OffsetDateTime::parse(text, &Rfc3339);
    read.map(|_| text.to_owned())
        .map_err(|_| "must be a date and time such as 2026-05-01T00:00:00Z".to_owned())
}

/// Some of the log, newest first.
pub(crate) struct Events {
    /// As they came.
    pub(crate) values: Vec<Value>,
    /// Whether there are older ones.
    pub(crate) has_more: bool,
}

/// Reads the log from its newest event back, page by page, until there are `most` events, or until `goes_on` says no to
/// the last event of a page.
pub(crate) async fn fetch(
    filters: &Filters,
    period: &Period,
    most: usize,
    goes_on: impl Fn(&Value) -> bool,
    context: &Context,
) -> Result<Events, Failure> {
    let (mut values, mut cursor) = (Vec::<Value>::new(), None::<String>);
    loop {
        let limit = (most - values.len()).min(PAGE).to_string();
        let request = Request::audit()
            .query("limit", Some(&limit))
            .query("action", filters.action.as_deref())
            .query("provider", filters.provider.as_ref().map(ProviderKey::as_str))
            .query("actor", filters.actor.as_deref())
            .query("since", period.since.as_deref())
            .query("until", period.until.as_deref())
            .query("cursor", cursor.as_deref());
        let reply = context.client.send(&request).await?;
        let page: Vec<Value> = read(&reply.data)?;
        let goes_on = page.last().is_some_and(&goes_on);
        values.extend(page);
        cursor = reply.cursor;
        if cursor.is_none() || values.len() >= most || !goes_on {
            values.truncate(most);
            return Ok(Events { values, has_more: cursor.is_some() });
        }
    }
}

/// An event in the cells of a table: time, action, provider, actor, changes.
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
