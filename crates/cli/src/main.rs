//! `riq`: the developer's command line for the Integrations API, a thin client over its v1 routes.

mod browser;
mod cli;
mod client;
mod commands;
mod config;
mod error;
mod hint;
mod output;
mod text;
mod wire;

use std::ffi::OsString;
use std::process::ExitCode;

use clap::Parser as _;

use crate::cli::{Cli, Command};
use crate::client::Client;
use crate::commands::Context;
use crate::config::Settings;
use crate::error::{Exit, Failure, Report, code};
use crate::output::Output;

/// What a shell reports for a program ended by an interrupt: 128 + SIGINT.
const INTERRUPTED: u8 = 130;

fn main() -> ExitCode {
    let arguments: Vec<OsString> = std::env::args_os().collect();
    match Cli::try_parse_from(&arguments) {
        Ok(cli) => {
            let output = Output::new(cli.global.json, cli.global.quiet);
            let result = start(cli, output);
            finish(result, &output)
        }
        Err(error) => {
            // The arguments could not be read, so what they ask for is looked up by hand.
            let json = arguments.iter().take_while(|word| *word != "--").any(|word| word == "--json");
            let output = Output::new(json, false);
            let printed = output.clap(&error);
            if error.use_stderr() { ExitCode::from(Exit::Usage as u8) } else { finish(Ok(printed), &output) }
        }
    }
}

/// An interrupt is told apart from a result of the command's own.
struct Interrupted;

fn start(cli: Cli, output: Output) -> Result<Result<(), Failure>, Interrupted> {
    // Needs neither a key nor the API.
    if let Command::Completions(arguments) = &cli.command {
        return Ok(commands::completions::run(arguments, &output));
    }
    // Fails only where a provider is installed already, which is as good.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let runtime = match tokio::runtime::Builder::new_current_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => {
            let report = Report::local(code::IO, Exit::Refused, format!("cannot start: {error}"));
            return Ok(Err(report.into()));
        }
    };
    let result = runtime.block_on(async {
        tokio::select! {
            result = run(&cli, output) => Ok(result),
            _ = tokio::signal::ctrl_c() => Err(Interrupted),
        }
    });
    // A thread may still wait for a line at the prompt; nobody waits for it.
    runtime.shutdown_background();
    result
}

async fn run(cli: &Cli, output: Output) -> Result<(), Failure> {
    let settings = Settings::resolve(&cli.global.flags(), &|name| std::env::var_os(name))?;
    let client = Client::new(&settings, cli.global.timeout(), output)?;
    let context = Context { client, output, settings };
    let result = commands::run(&cli.command, &context).await;
    result.map_err(|failure| match failure {
        Failure::Reported(mut report) => {
            report.hint = report
                .hint
                .take()
                .or_else(|| hint::for_report(&report, &context.settings, cli.command.provider()));
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
