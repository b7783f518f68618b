//! Prints a webhook's new secret. The API shows it in one answer only, and riq prints it once.

use serde_json::Value;

use crate::context::Context;
use crate::error::{Exit, Failure, Report, code};
use crate::output::Mode;
use crate::text::{card, cell};

/// Prints the secret in the API's answer: at the end of a card that begins with these facts, in the JSON, or alone.
pub(super) fn print(
    data: &Value,
    webhook: &str,
    facts: impl FnOnce() -> Result<Vec<(&'static str, String)>, Failure>,
    context: &Context,
) -> Result<(), Failure> {
    let output = &context.output;
    let secret = match data.get("secret") {
        Some(Value::String(secret)) => secret,
        Some(Value::Null) => return Err(not_shown(webhook, context)),
        _ => return Err(Failure::invalid_response("the server's answer lacks the secret")),
    };
    let printed = match output.mode {
        Mode::Json => output.json(data),
        Mode::Quiet => output.ids([Some(secret.as_str())]),
        Mode::Table => facts().and_then(|mut facts| {
            facts.push(("Secret", cell(Some(secret))));
            output.raw(&card(&facts, output.width, output.paint))
        }),
    };
    let rotate = context.config.command(&format!("webhooks rotate-secret {}", cell(Some(webhook))));
    match &printed {
        Ok(()) => output.notice("The secret is shown this once, and cannot be shown again: store it now."),
        Err(_) => output.warning(&format!("the secret is lost; {rotate} makes another")),
    }
    printed
}

/// The answer to a repeated request has no secret.
fn not_shown(webhook: &str, context: &Context) -> Failure {
    let message = format!("the secret of {webhook} was made before, and the server does not show it again");
    let another = context.config.command(&format!("webhooks rotate-secret {webhook}"));
    Report::local(code::SECRET_NOT_SHOWN, Exit::Refused, message)
        .with_hint(format!("{another} makes another in its place"))
        .into()
}
