//! `riq`: the command line of the Integrations API, a thin client of its v1 routes.

mod arguments;
mod browser;
mod cli;
mod client;
mod commands;
mod config;
mod config_file;
mod confirmation;
mod context;
mod error;
mod hidden;
mod hint;
#[cfg(unix)]
mod no_echo;
mod output;
mod pages;
mod place;
mod polling;
mod present;
mod text;

use std::ffi::OsString;
use std::process::ExitCode;

use clap::{CommandFactory as _, Parser as _};
use tokio::runtime::Runtime;

use crate::cli::{Cli, Global};
use crate::client::Client;
use crate::commands::{ApiCommand, Command, auth, completions, manual};
use crate::config::{Config, LoginConfig};
use crate::context::Context;
use crate::error::{Exit, Failure, Report, code};
use crate::output::Output;

/// The exit status that a shell reports for a program ended by an interrupt: 128 + SIGINT.
const INTERRUPTED: u8 = 130;

fn main() -> ExitCode {
    completions::answer(Cli::command);
    let arguments: Vec<OsString> = std::env::args_os().collect();
    match Cli::try_parse_from(&arguments) {
        Ok(cli) => {
            let output = Output::new(cli.global.json, cli.global.quiet);
            finish(run(&cli, output), &output)
        }
        Err(error) => {
            // The arguments could not be parsed, so `--json` is searched for by hand.
            let json = arguments.iter().take_while(|word| *word != "--").any(|word| word == "--json");
            let output = Output::new(json, false);
            let printed = output.clap(&error);
            if error.use_stderr() { ExitCode::from(Exit::Usage as u8) } else { finish(Ok(printed), &output) }
        }
    }
}

/// The command was interrupted, so it has no result.
struct Interrupted;

fn run(cli: &Cli, output: Output) -> Result<Result<(), Failure>, Interrupted> {
    match &cli.command {
        Command::Completions(arguments) => Ok(completions::run(arguments, &output)),
        Command::Manual(arguments) => Ok(manual::run(arguments, Cli::command())),
        Command::Auth(command) => run_until_interrupted(authenticate(command, &cli.global, output)),
        Command::Api(command) if command.ends_itself() => {
            Ok(runtime().and_then(|runtime| runtime.block_on(call_api(command, &cli.global, output))))
        }
        Command::Api(command) => run_until_interrupted(call_api(command, &cli.global, output)),
    }
}

fn run_until_interrupted(
    command: impl Future<Output = Result<(), Failure>>,
) -> Result<Result<(), Failure>, Interrupted> {
    let runtime = match runtime() {
        Ok(runtime) => runtime,
        Err(failure) => return Ok(Err(failure)),
    };
    let result = runtime.block_on(async {
        tokio::select! {
            result = command => Ok(result),
            _ = tokio::signal::ctrl_c() => Err(Interrupted),
        }
    });
    // A thread may still be waiting for a line at the prompt. Do not wait for it.
    runtime.shutdown_background();
    result
}

fn runtime() -> Result<Runtime, Failure> {
    let built = tokio::runtime::Builder::new_current_thread().enable_all().build();
    built.map_err(|error| Report::local(code::IO, Exit::Refused, format!("cannot start: {error}")).into())
}

async fn authenticate(command: &auth::Command, global: &Global, output: Output) -> Result<(), Failure> {
    use_tls();
    let config = LoginConfig::resolve(&global.flags(), &|name| std::env::var_os(name))?;
    command.run(&auth::Context { config, timeout: global.timeout(), output }).await
}

fn use_tls() {
    // This fails only if a provider is installed already, which does no harm.
    let _ = rustls::crypto::ring::default_provider().install_default();
}

async fn call_api(command: &ApiCommand, global: &Global, output: Output) -> Result<(), Failure> {
    use_tls();
    let config = Config::resolve(command.subject(), &global.flags(), &|name| std::env::var_os(name))?;
    let client = Client::new(&config, global.timeout(), output)?;
    let context = Context { client, output, config };
    command.run(&context).await.map_err(|failure| match failure {
        Failure::Reported(mut report) => {
            let hint = report.hint.take();
            report.hint = hint.or_else(|| hint::for_report(&report, &context.config, command));
            Failure::Reported(report)
        }
        other => other,
    })
}

fn finish(result: Result<Result<(), Failure>, Interrupted>, output: &Output) -> ExitCode {
    match result {
        Ok(Ok(()) | Err(Failure::PipeClosed)) => ExitCode::SUCCESS,
        Ok(Err(Failure::Reported(report))) => {
            output.error(&report);
            ExitCode::from(report.exit as u8)
        }
        Err(Interrupted) => {
            output.interrupted();
            ExitCode::from(INTERRUPTED)
        }
    }
}
