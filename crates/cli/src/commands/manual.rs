//! `riq manual`: man pages, made from the commands.

use std::fs;
use std::path::PathBuf;

use clap::{Args, Command};

use crate::error::{Exit, Failure, Report, code};

const EXAMPLES: &str = "\
Examples:
  riq manual ~/.local/share/man/man1";

/// The command's arguments.
#[derive(Args)]
#[command(after_long_help = EXAMPLES)]
pub(crate) struct Arguments {
    /// The directory
    #[arg(value_name = "DIR")]
    directory: PathBuf,
}

/// Writes a man page for each command into a directory, and makes it if it does not exist.
pub(crate) fn run(arguments: &Arguments, program: Command) -> Result<(), Failure> {
    let directory = &arguments.directory;
    fs::create_dir_all(directory).and_then(|()| clap_mangen::generate_to(program, directory)).map_err(
        |error| {
            let message = format!("man pages cannot be written into {}: {error}", directory.display());
            Report::local(code::IO, Exit::Refused, message).into()
        },
    )
}
