//! An OAuth app as a card.

use integrations_core::wire::{OAuthApp, OAuthAppField};
use serde_json::Value;

use crate::context::Context;
use crate::error::Failure;
use crate::present;
use crate::text::{cell, time, word};

/// Prints the app that counts for a provider.
pub(super) fn print(data: &Value, context: &Context) -> Result<(), Failure> {
    present::one(data, "provider", facts, &context.output)
}

fn facts(app: &OAuthApp) -> Vec<(&'static str, String)> {
    let scopes = |scopes: &[String]| cell(Some(&scopes.join(" ")));
    let mut facts = vec![
        ("Provider", cell(Some(&app.provider))),
        ("Name", cell(Some(&app.name))),
        ("App set for", owner(app).unwrap_or_else(|| "nobody: it cannot be installed".to_owned())),
        ("Client id", cell(app.client_id.as_deref())),
        ("Scopes", scopes(&app.scopes)),
    ];
    if app.scopes != app.default_scopes {
        facts.push(("Usual scopes", scopes(&app.default_scopes)));
    }
    if let Some(base) = &app.base {
        let counts = if app.shared { " (counts here)" } else { "" };
        facts.push(("Shared app", format!("{}{counts}", cell(Some(base)))));
    }
    if !app.services.is_empty() {
        facts.push(("For", cell(Some(&app.services.join(", ")))));
    }
    if !app.fields.is_empty() {
        let fields: Vec<String> = app.fields.iter().map(field).collect();
        facts.push(("Beside", fields.join(", ")));
    }
    facts.extend([
        ("Redirect address", cell(Some(&app.redirect_uri))),
        ("Register it at", cell(app.registration_url.as_deref())),
        ("Set", time(app.updated_at)),
    ]);
    facts
}

fn field(field: &OAuthAppField) -> String {
    let need = if field.required { "needed" } else { "optional" };
    let value = field.value.as_deref().map_or_else(|| format!("({need})"), |value| cell(Some(value)));
    format!("{}={value}", cell(Some(&field.key)))
}

/// For whom the app is set that counts, if there is one.
pub(super) fn owner(app: &OAuthApp) -> Option<String> {
    app.owner.as_ref().map(word)
}
