//! The workspace's own tasks, run as `cargo xtask TASK`.
//!
//! Each task is one file or folder beside this one; what a developer types and what continuous integration
//! runs are the same commands.
#![expect(clippy::print_stderr, reason = "a command line's output")]

mod bench;
mod browser;
mod http;
mod openapi;
mod packages;
mod postgres;
mod process;
mod provider;
mod server;
mod soak;
mod test;
mod tidy;
mod workspace;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

/// The server's allocator: the bare route is not to lose for want of it.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// The workspace's own tasks.
#[derive(Parser)]
#[command(name = "cargo xtask", bin_name = "cargo xtask")]
struct Arguments {
    #[command(subcommand)]
    task: Task,
}

#[derive(Subcommand)]
enum Task {
    /// Runs every test on SQLite and on a private PostgreSQL that ends with the run, and in a headless browser
    Test(test::Options),
    /// Writes docs/openapi.json from the server's routes
    Openapi(openapi::Options),
    /// Checks the house rules
    Tidy,
    /// Measures the server beside pgbench and a bare route, and prints the ratios
    Bench(bench::Options),
    /// Kills replicas again and again, and checks that no refresh token is used twice and no integration is left alone
    Soak(soak::Options),
    /// Answers every request with the same bytes: the yardstick that `bench` starts by itself
    #[command(hide = true)]
    BareRoute(bench::bare_route::Options),
    /// Plays a provider whose refresh tokens work once: the one that `bench` starts by itself
    #[command(hide = true)]
    StrictProvider(provider::Options),
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    match run(&arguments.task) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run(task: &Task) -> anyhow::Result<()> {
    // These two hold nothing that a signal would leave behind: they end at once, like any other program.
    if !matches!(task, Task::BareRoute(_) | Task::StrictProvider(_)) {
        process::forward_signals()?;
    }
    match task {
        Task::Test(options) => test::run(options),
        Task::Openapi(options) => openapi::run(options),
        Task::Tidy => tidy::run(),
        Task::Bench(options) => bench::run(options),
        Task::Soak(options) => soak::run(options),
        Task::BareRoute(options) => bench::bare_route::run(options),
        Task::StrictProvider(options) => provider::run(options),
    }
}
