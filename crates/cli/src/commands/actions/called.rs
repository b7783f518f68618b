//! What a call of an action says: of which action it is, its inputs and its context.

use std::path::{Path, PathBuf};

use clap::Args;
use integrations_core::catalog::ProviderRef;
use integrations_core::wire::{ActionContext, CallAction, InstalledAction};
use serde_json::{Map, Value};

use super::find;
use super::inputs::{Input, put};
use crate::arguments::{action, object, pair};
use crate::client::{raw_value, read};
use crate::context::Context;
use crate::error::Failure;
use crate::text::cell;

/// The arguments of a command that calls an action, or asks about a call.
#[derive(Args)]
pub(crate) struct Called {
    /// The provider's key, such as slack; a further account has its alias behind it: shopify~eu
    pub(crate) provider: ProviderRef,
    /// The action's key, such as issue_refund
    #[arg(value_parser = action)]
    pub(crate) action: String,
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
}

impl Called {
    /// The body of the call. Inputs that are needed and missing are asked for at a terminal.
    pub(crate) async fn read(&self, context: &Context) -> Result<CallAction, Failure> {
        Ok(CallAction { input: input(self, context).await?, context: for_people(self) })
    }
}

/// The inputs: from the file, then from `--input`, then what a person types.
async fn input(called: &Called, context: &Context) -> Result<Map<String, Value>, Failure> {
    let mut input = match called.input_file.as_deref() {
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
    let may_ask = context.may_ask() && called.input_file.as_deref() != Some(Path::new("-"));
    if called.input.is_empty() && !may_ask {
        return Ok(input);
    }
    let found = find::action(called.provider.as_str(), &called.action, context).await?;
    let schema = raw_value(&read::<InstalledAction>(&found)?.input_schema);
    let inputs = Input::all(&schema);
    put(&called.input, &inputs, &mut input)?;
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

fn for_people(called: &Called) -> Option<ActionContext> {
    let context = ActionContext {
        on_behalf_of: called.on_behalf_of.clone(),
        conversation: called.conversation.clone(),
        reason: called.reason.clone(),
    };
    (context != ActionContext::default()).then_some(context)
}
