//! `riq completions`, and what a shell asks for while somebody types.

use std::collections::BTreeMap;
use std::ffi::OsString;

use clap::{Args, Command};
use clap_complete::engine::{ArgValueCandidates, CompletionCandidate};
use clap_complete::env::Shells;
use clap_complete::{CompleteEnv, Shell};
use integrations_core::catalog::{Catalog, Provider, ProviderRef};

use crate::error::{Exit, Failure, Report, code};
use crate::output::Output;

const EXAMPLES: &str = "\
The shell asks riq while you type, so that providers and their actions are named too: those that are built in.

Examples:
  riq completions bash > ~/.local/share/bash-completion/completions/riq
  riq completions zsh > \"${fpath[1]}/_riq\"
  riq completions fish > ~/.config/fish/completions/riq.fish";

/// Set by the script when it asks for completions.
const ASKED: &str = "RIQ_COMPLETE";

/// The command's arguments.
#[derive(Args)]
#[command(after_long_help = EXAMPLES)]
pub(crate) struct Arguments {
    /// The shell
    shell: Shell,
}

/// Prints a shell's completion script.
pub(crate) fn run(arguments: &Arguments, output: &Output) -> Result<(), Failure> {
    let mut script = Vec::new();
    let shell = arguments.shell.to_string();
    let written = Shells::builtins()
        .completer(&shell)
        .map(|completer| completer.write_registration(ASKED, "riq", "riq", "riq", &mut script));
    match written {
        Some(Ok(())) => output.raw(&String::from_utf8_lossy(&script)),
        _ => {
            let message = format!("the completion script for {shell} cannot be made");
            Err(Report::local(code::IO, Exit::Refused, message).into())
        }
    }
}

/// Answers a shell that asks for completions of this command, and ends. Does nothing if none does.
pub(crate) fn answer(command: impl Fn() -> Command) {
    CompleteEnv::with_factory(|| with_names(command())).var(ASKED).complete();
}

/// The command with the names that its arguments may have.
fn with_names(command: Command) -> Command {
    // An event of the audit log is about other actions than those of providers.
    let is_audit = command.get_name() == "audit";
    let command = command.mut_args(|argument| match argument.get_id().as_str() {
        "provider" => argument.add(ArgValueCandidates::new(providers)),
        "action" | "allow" | "ask" | "deny" => argument.add(ArgValueCandidates::new(actions)),
        _ => argument,
    });
    if is_audit { command } else { command.mut_subcommands(with_names) }
}

/// The providers that are built in.
fn providers() -> Vec<CompletionCandidate> {
    let catalog = Catalog::embedded().unwrap_or_default();
    let one = |provider: &Provider| candidate(provider.key.as_str(), &provider.name);
    catalog.iter().map(|provider| one(provider)).collect()
}

/// The actions of the provider that is typed already, or of all.
fn actions() -> Vec<CompletionCandidate> {
    let catalog = Catalog::embedded().unwrap_or_default();
    // The words of the command line stand behind this.
    let words: Vec<OsString> = std::env::args_os().skip_while(|word| word != "--").collect();
    let typed = |provider: &Provider| {
        let names = words.iter().filter_map(|word| word.to_str());
        names.map(ProviderRef::parts).any(|(key, _)| key == provider.key.as_str())
    };
    let named: Vec<_> = catalog.iter().filter(|provider| typed(provider)).collect();
    let of = if named.is_empty() { catalog.iter().collect() } else { named };
    let actions = of.iter().flat_map(|provider| provider.actions.iter());
    let by_key: BTreeMap<&str, &str> =
        actions.map(|action| (action.key.as_str(), action.label.as_str())).collect();
    by_key.into_iter().map(|(key, label)| candidate(key, label)).collect()
}

fn candidate(name: &str, label: &str) -> CompletionCandidate {
    CompletionCandidate::new(name).help(Some(label.to_owned().into()))
}
