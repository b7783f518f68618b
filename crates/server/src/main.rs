//! `riq-server`: the deployed API and its operator's command line.

use std::{
    io::{self, Write as _},
    process::ExitCode,
};

use clap::{CommandFactory as _, Parser, Subcommand};
use riq_server::{
    admin::{self, AdminCommand, InitCommand, NotWhole},
    app::{
        config::{self, LogFormat, Options},
        dev::DevCommand,
        doctor::{self, DoctorCommand},
        healthcheck, log,
        manual::{self, CompletionsCommand, ManualCommand},
        migrate::{self, MigrateCommand},
        providers::{self, ProvidersCommand},
        run,
        traces::Traces,
    },
    environment::Environment,
};

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// The exit status if an audit log is not what was recorded.
const NOT_WHOLE: u8 = 3;

/// The Integrations API server
#[derive(Debug, Parser)]
#[command(name = "riq-server", version, about)]
struct CommandLine {
    #[command(subcommand)]
    command: Command,
    #[command(flatten, next_help_heading = "Settings")]
    options: Options,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Run a server for development, without set-up and with an embedded database
    Dev(DevCommand),
    /// Set up a server: settings, keys, database, and the first organization, project and API key
    ///
    /// It asks at a terminal for what is not given. Settings that are given by options are written down. What exists is
    /// left as it is.
    Init(InitCommand),
    /// Run the server
    Serve,
    /// Bring the database up to date
    ///
    /// If it holds secrets that an earlier version sealed in another form, it seals them anew. It needs
    /// RIQ_ENCRYPTION_KEYS then.
    Migrate(MigrateCommand),
    /// Find out why something does not work
    ///
    /// It checks what `serve` needs: settings, keys, database, provider files, and what people sign in with. It changes
    /// nothing.
    Doctor(DoctorCommand),
    /// Ask the server that runs with these settings on this machine whether it is ready
    ///
    /// The exit status is 0 if it is, else 1. It is for the health check of a container.
    Healthcheck,
    /// Manage organizations, projects and API keys; import integrations
    Admin(AdminCommand),
    /// Check and try provider files, and begin new ones
    Providers(ProvidersCommand),
    /// Print a shell's completion script
    Completions(CompletionsCommand),
    /// Write a man page for each command into a directory
    Manual(ManualCommand),
}

#[tokio::main]
async fn main() -> ExitCode {
    match execute().await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) if is_broken_pipe(&error) => ExitCode::SUCCESS,
        Err(error) => {
            let error = match error.downcast::<clap::Error>() {
                // Help, the version, or a usage error.
                Ok(answer) => answer.exit(),
                Err(error) => error,
            };
            // If stderr is closed too, the error cannot be reported.
            writeln!(io::stderr(), "error: {error:#}").unwrap_or_default();
            if error.is::<NotWhole>() { NOT_WHOLE.into() } else { ExitCode::FAILURE }
        }
    }
}

async fn execute() -> anyhow::Result<()> {
    let (CommandLine { command, options }, given) = config::command_line()?;
    let environment = Environment::system();
    match command {
        Command::Dev(command) => {
            let running = run::dev(command, &options, environment);
            observed(&options, LogFormat::Pretty, running).await
        }
        Command::Serve => observed(&options, LogFormat::Json, run::serve(&options, environment)).await,
        Command::Init(command) => admin::init(command, options, given, environment).await,
        Command::Migrate(command) => migrate::run(command, &options, environment).await,
        Command::Doctor(command) => doctor::run(command, &options, environment).await,
        Command::Healthcheck => healthcheck::run(&options).await,
        Command::Admin(command) => admin::run(command, &options, environment).await,
        Command::Providers(command) => providers::run(&command, &options, environment).await,
        Command::Completions(command) => manual::complete(command, CommandLine::command()),
        Command::Manual(command) => manual::write(&command, CommandLine::command()),
    }
}

/// Runs a server with its log and traces. At the end it writes the rest of the log and sends the rest of the traces.
async fn observed(
    options: &Options,
    format: LogFormat,
    server: impl Future<Output = anyhow::Result<()>>,
) -> anyhow::Result<()> {
    let traces = Traces::start()?;
    let log = log::start(options, format, traces.as_ref())?;
    let ended = server.await;
    if let Some(traces) = traces {
        traces.finish().await;
    }
    log.write_out();
    ended
}

fn is_broken_pipe(error: &anyhow::Error) -> bool {
    error.downcast_ref::<io::Error>().is_some_and(|error| error.kind() == io::ErrorKind::BrokenPipe)
}
