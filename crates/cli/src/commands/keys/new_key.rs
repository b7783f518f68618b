//! Prints a new key. The API shows it in one answer only, and riq prints it once.

use integrations_core::wire::ApiKey;
use serde_json::Value;

use super::card;
use crate::client::{read, text_field};
use crate::context::Context;
use crate::error::{Exit, Failure, Report, code};
use crate::output::Mode;
use crate::text::{card as lines, cell};

/// Prints the key in the API's answer: the record's card with the key at its end, the JSON, or the key alone.
pub(super) fn print(data: &Value, context: &Context) -> Result<(), Failure> {
    let id = text_field(data, "id").unwrap_or("without an id");
    let key = match data.get("key") {
        Some(Value::String(key)) => key,
        Some(Value::Null) => return Err(not_shown(id, context)),
        _ => return Err(Failure::invalid_response("the server's answer lacks the key")),
    };
    let printed = write(data, key, context);
    match &printed {
        Ok(()) => {
            context.output.notice("The key is shown this once, and cannot be shown again: store it now.")
        }
        Err(_) => context.output.warning(&format!("the new key {id} is lost; revoke it")),
    }
    printed
}

fn write(data: &Value, key: &str, context: &Context) -> Result<(), Failure> {
    let output = &context.output;
    match output.mode {
        Mode::Json => output.json(data),
        Mode::Quiet => output.ids([Some(key)]),
        Mode::Table => {
            let record: ApiKey = read(data)?;
            let mut facts = card::facts(&record);
            facts.push(("API key", cell(Some(key))));
            output.raw(&lines(&facts, output.width, output.paint))
        }
    }
}

/// The answer to a repeated request has no key.
fn not_shown(id: &str, context: &Context) -> Failure {
    let message = format!("the key {id} was made before, and the server does not show it again");
    let another = context.config.command(&format!("keys rotate {id}"));
    Report::local(code::KEY_NOT_SHOWN, Exit::Refused, message)
        .with_hint(format!("{another} makes another in its place"))
        .into()
}
