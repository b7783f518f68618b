//! `riq actions run`

use std::path::{Path, PathBuf};

use clap::Args;
use integrations_core::catalog::ProviderRef;
use integrations_core::wire::{ActionContext, CallAction, InstalledAction};
use serde_json::{Map, Value};

use super::find;
use super::inputs::{Input, put};
use crate::arguments::{action, object, pair};
use crate::client::{PROVIDER_TIME, Request, raw_value, read};
use crate::commands::runs::outcome;
use crate::context::Context;
use crate::error::{Code, Failure, code};
use crate::text::cell;

const EXAMPLES: &str = "\
The values of --input are read by the type that the action's schema says: text as it stands, everything else as JSON. \
Inputs that are needed and missing are asked for at a terminal, unless the key comes from the environment.

Examples:
  riq actions run shopify lookup_order --input by=name --input 'value=#1001'
  riq actions run stripe issue_refund --input charge=ch_1 --input amount=500 --reason 'It came broken' --wait
  echo '{\"charge\": \"ch_1\"}' | riq actions run stripe issue_refund --input-file -";

/// The command's arguments.
#[derive(Args)]
#[command(after_long_help = EXAMPLES)]
pub(crate) struct Arguments {
    /// The provider's key, such as slack; a further account has its alias behind it: shopify~eu
    pub(crate) provider: ProviderRef,
    /// The action's key, such as issue_refund
    #[arg(value_parser = action)]
    action: String,
    /// One input; can be given several times
    #[arg(long, value_name = "KEY=VALUE", value_parser = pair)]
    input: Vec<(String, String)>,
    /// A file with the inputs as a JSON object; - reads standard input
    ///
    /// If --input names the same key, --input wins.
    #[arg(long, value_name = "FILE")]
    input_file: Option<PathBuf>,
    /// Why it is called; people see it before they approve
    #[arg(long, value_name = "TEXT")]
    reason: Option<String>,
    /// For whom it is called
    #[arg(long, value_name = "TEXT")]
    on_behalf_of: Option<String>,
    /// In which conversation it is called
    #[arg(long, value_name = "TEXT")]
    conversation: Option<String>,
    /// Names this call, so that a repeat with the same key shows the same run and calls nothing
    #[arg(long, value_name = "KEY", value_parser = idempotency_key)]
    idempotency_key: Option<String>,
    /// Wait for the end if a person has to approve it, or if it takes long
    #[arg(long)]
    wait: bool,
}

/// Calls an action.
pub(crate) async fn run(arguments: &Arguments, context: &Context) -> Result<(), Failure> {
    let provider = arguments.provider.as_str();
    let call = CallAction { input: input(arguments, context).await?, context: for_people(arguments) };
    let request = Request::post(["integrations", provider, "actions", &arguments.action])
        .json(&call)
        .named(arguments.idempotency_key.as_deref())
        .patience(PROVIDER_TIME);
    let sent = context.client.send(&request).await;
    let reply = sent.map_err(|failure| with_way_on(failure, request.idempotency_key.as_deref()))?;
    outcome::follow(reply.data, arguments.wait, context).await
}

/// The inputs: from the file, then from `--input`, then what a person types.
async fn input(arguments: &Arguments, context: &Context) -> Result<Map<String, Value>, Failure> {
    let mut input = match arguments.input_file.as_deref() {
        None => Map::new(),
        Some(file) if file == Path::new("-") => {
            object(&context.output.read_input().await?, "--input-file - (standard input)")?
        }
        Some(file) => {
            let place = format!("--input-file {}", file.display());
            let text = std::fs::read_to_string(file);
            object(&text.map_err(|error| Failure::usage(format!("{place}: {error}")))?, &place)?
        }
    };
    // Standard input that was read to its end cannot answer questions.
    let may_ask = context.may_ask() && arguments.input_file.as_deref() != Some(Path::new("-"));
    if arguments.input.is_empty() && !may_ask {
        return Ok(input);
    }
    let found = find::action(arguments.provider.as_str(), &arguments.action, context).await?;
    let schema = raw_value(&read::<InstalledAction>(&found)?.input_schema);
    let inputs = Input::all(&schema);
    put(&arguments.input, &inputs, &mut input)?;
    let missing =
        inputs.iter().filter(|one| one.is_required).filter(|one| may_ask && !input.contains_key(one.key));
    for one in missing.collect::<Vec<_>>() {
        input.insert(one.key.to_owned(), ask(one, context).await?);
    }
    Ok(input)
}

/// Asks for an input until what is typed can be its value.
async fn ask(input: &Input<'_>, context: &Context) -> Result<Value, Failure> {
    context.output.notice(input.about());
    loop {
        let question = format!("{} ({}): ", cell(Some(input.key)), cell(Some(&input.kind())));
        let typed = context.output.ask(question).await?;
        if typed.is_empty() {
            return Err(Failure::usage(format!("{} is needed, and was not given", input.key)));
        }
        match input.read(typed.trim_end_matches(['\r', '\n'])) {
            Ok(value) => return Ok(value),
            Err(why) => context.output.notice(&why),
        }
    }
}

fn for_people(arguments: &Arguments) -> Option<ActionContext> {
    let context = ActionContext {
        on_behalf_of: arguments.on_behalf_of.clone(),
        conversation: arguments.conversation.clone(),
        reason: arguments.reason.clone(),
    };
    (context != ActionContext::default()).then_some(context)
}

/// If the answer was lost, the call may have been made. Its key repeats it safely.
fn with_way_on(failure: Failure, key: Option<&str>) -> Failure {
    match failure {
        Failure::Reported(report)
            if matches!(
                report.code,
                Code::Local(code::CONNECTION | code::TIMEOUT | code::INVALID_RESPONSE | code::REDIRECT)
            ) =>
        {
            let key = key.unwrap_or_default();
            report
                .with_hint(format!(
                    "the call may have been made; the same command with --idempotency-key {key} does not make it \
                     twice, and shows what became of it"
                ))
                .into()
        }
        other => other,
    }
}

/// Reads an `Idempotency-Key`.
fn idempotency_key(text: &str) -> Result<String, &'static str> {
    let is_printable = text.bytes().all(|byte| (b' '..=b'~').contains(&byte));
    if (1..=255).contains(&text.len()) && is_printable && text.trim() == text {
        Ok(text.to_owned())
    } else {
        Err("must be 1 to 255 printable ASCII characters, without blanks at its ends")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_idempotency_key_can_stand_in_a_header() {
        let longest = "k".repeat(255);
        for text in ["1", "order 1001", &longest] {
            assert_eq!(idempotency_key(text), Ok(text.to_owned()));
        }
        let longer = "k".repeat(256);
        for text in ["", " 1", "1 ", "é", "a\nb", &longer] {
            assert!(idempotency_key(text).is_err(), "{text:?}");
        }
    }
}
