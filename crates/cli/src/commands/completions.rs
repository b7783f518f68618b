//! `riq completions`

use clap::Args;
use clap_complete::{Shell, generate};

use crate::error::Failure;
use crate::output::Output;

const EXAMPLES: &str = "\
Examples:
  riq completions bash > ~/.local/share/bash-completion/completions/riq
  riq completions zsh > \"${fpath[1]}/_riq\"
  riq completions fish > ~/.config/fish/completions/riq.fish";

/// The command's arguments.
#[derive(Args)]
#[command(after_long_help = EXAMPLES)]
pub(crate) struct Arguments {
    /// The shell
    shell: Shell,
}

/// Prints a shell's completion script for `command`.
pub(crate) fn run(
    arguments: &Arguments,
    command: &mut clap::Command,
    output: &Output,
) -> Result<(), Failure> {
    let mut script = Vec::new();
    generate(arguments.shell, command, "riq", &mut script);
    output.raw(&String::from_utf8_lossy(&script))
}
