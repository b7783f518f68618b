//! `riq-server manual` and `riq-server completions`: what packages ship beside the program, made from its commands.

use std::{
    fs,
    io::{self, Write as _},
    path::PathBuf,
};

use anyhow::Context as _;
use clap::{Arg, Args, Command};
use clap_complete::Shell;

/// `riq-server manual`
#[derive(Args, Clone, Debug)]
pub struct ManualCommand {
    /// The directory
    #[arg(value_name = "DIR")]
    directory: PathBuf,
}

/// `riq-server completions`
#[derive(Args, Clone, Copy, Debug)]
pub struct CompletionsCommand {
    /// The shell
    shell: Shell,
}

/// Writes a man page for each command into a directory, and makes it if it does not exist.
pub fn write(command: &ManualCommand, program: Command) -> anyhow::Result<()> {
    fs::create_dir_all(&command.directory)
        .and_then(|()| clap_mangen::generate_to(with_settings_once(program), &command.directory))
        .with_context(|| format!("cannot write man pages into {}", command.directory.display()))
}

/// Prints the completion script for a shell.
pub fn complete(command: CompletionsCommand, program: Command) -> anyhow::Result<()> {
    let (mut program, mut script) = (with_settings_once(program), Vec::new());
    let name = program.get_name().to_owned();
    clap_complete::generate(command.shell, &mut program, name, &mut script);
    Ok(io::stdout().lock().write_all(&script)?)
}

/// The program, whose settings stand with it alone, and not again with each command that takes them.
fn with_settings_once(program: Command) -> Command {
    let settings = program.get_arguments().filter(|arg| arg.get_env().is_some());
    let hidden: Vec<Arg> = settings.map(|arg| arg.clone().hide(true)).collect();
    program.mut_subcommands(|command| command.args(hidden.clone()))
}
