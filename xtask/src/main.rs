//! The workspace's own tasks, run as `cargo xtask TASK`.
//!
//! Each task is one file or folder beside this one. Developers and continuous integration run the same commands.
#![expect(clippy::print_stderr, reason = "a command line's output")]

mod bench;
mod browser;
mod conformance;
mod generated;
mod logos;
mod npm;
mod openapi;
mod package;
mod test;
mod tidy;
mod workspace;

use std::process::ExitCode;

use clap::{Parser, Subcommand};
use riq_testing::process;

/// The workspace's own tasks.
#[derive(Parser)]
#[command(name = "cargo xtask", bin_name = "cargo xtask")]
struct Arguments {
    #[command(subcommand)]
    task: Task,
}

#[derive(Subcommand)]
enum Task {
    /// Runs every test: on SQLite, on a temporary PostgreSQL, and in a headless browser
    Test(test::Options),
    /// Writes docs/openapi.json from the server's routes
    Openapi(openapi::Options),
    /// Takes the logos of providers in from packages of free pictures
    Logos,
    /// Checks the specification and the server with tools and clients that others made
    Conformance(conformance::Options),
    /// Makes Debian packages, tarballs, bills of materials and checksums, and checks them
    Package(package::Options),
    /// Checks the house rules
    Tidy,
    /// Measures the server, pgbench and a bare route, and prints the ratios
    #[command(disable_help_flag = true)]
    Bench(bench::Options),
    /// Kills replicas repeatedly, and checks that no refresh token is used twice and every integration is probed
    #[command(disable_help_flag = true)]
    Soak(bench::Options),
    /// Tries to keep the server from its work, and checks that it holds
    #[command(disable_help_flag = true)]
    Attack(bench::Options),
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
    process::forward_signals()?;
    match task {
        Task::Test(options) => test::run(options),
        Task::Openapi(options) => openapi::run(options),
        Task::Logos => logos::run(),
        Task::Conformance(options) => conformance::run(options),
        Task::Package(options) => package::run(options),
        Task::Tidy => tidy::run(),
        Task::Bench(options) => bench::run("bench", options),
        Task::Soak(options) => bench::run("soak", options),
        Task::Attack(options) => bench::run("attack", options),
    }
}
