//! A key's record as a card, and what a question says of a key.

use clap::Args;
use integrations_core::ids::ApiKeyId;
use integrations_core::wire::ApiKey;
use serde_json::Value;

use crate::client::{Request, read};
use crate::context::Context;
use crate::error::Failure;
use crate::present;
use crate::text::{cell, time, word};

/// Which key a command is about.
#[derive(Args)]
pub(super) struct Target {
    /// The key's id, key_…, never the key itself
    #[arg(value_name = "KEY_ID")]
    id: String,
}

impl Target {
    /// The id. The error does not show what was given, because that may be a key.
    pub(super) fn id(&self) -> Result<String, Failure> {
        let id = self.id.parse::<ApiKeyId>();
        id.map(|id| id.to_string()).map_err(|why| Failure::usage(format!("KEY_ID is {why}")))
    }
}

/// Prints a key's record.
pub(super) fn print(data: &Value, context: &Context) -> Result<(), Failure> {
    present::one(data, "id", facts, &context.output)
}

/// The lines of a record's card.
pub(super) fn facts(key: &ApiKey) -> Vec<(&'static str, String)> {
    let mut facts = vec![
        ("Key", cell(Some(&key.id))),
        ("Organization", cell(Some(&key.org_id))),
        ("Name", cell(Some(&key.name))),
        ("Begins with", cell(Some(&key.hint))),
        ("Scopes", cell(Some(&key.scopes.join(", ")))),
        ("Projects", projects(key)),
        ("Tier", word(&key.tier)),
        ("Made by", cell(Some(key.created_by.as_deref().unwrap_or("the operator of the server")))),
    ];
    for (name, id) in [("Replaces", &key.replaces), ("Acts for", &key.user_id)] {
        facts.extend(id.as_ref().map(|id| (name, cell(Some(id)))));
    }
    facts.extend([
        ("Created", time(Some(key.created_at))),
        ("Last used", if key.last_used_at.is_some() { time(key.last_used_at) } else { "not yet".to_owned() }),
        ("Expires", if key.expires_at.is_some() { time(key.expires_at) } else { "never".to_owned() }),
    ]);
    if key.revoked_at.is_some() {
        facts.push(("Revoked", time(key.revoked_at)));
    }
    facts
}

/// The projects that a key is bound to.
pub(super) fn projects(key: &ApiKey) -> String {
    match &key.project_ids {
        Some(ids) => cell(Some(&ids.join(", "))),
        None => "all".to_owned(),
    }
}

/// What a question says of a key, with a warning if riq itself works with it.
pub(super) async fn in_words(id: &str, context: &Context) -> Result<(String, &'static str), Failure> {
    let key: ApiKey = read(&context.client.send(&Request::get(["keys", id])).await?.data)?;
    let is_own = context.config.api_key.value.hint() == key.hint;
    let warning = if is_own { "\nThis is the key that riq works with here." } else { "" };
    Ok((format!("{} ({id}, {}...)", cell(Some(&key.name)), cell(Some(&key.hint))), warning))
}
