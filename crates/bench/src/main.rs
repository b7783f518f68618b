//! The benchmark, the soak test and the attack. `cargo xtask bench`, `soak` and `attack` build it for release and run
//! it.
#![expect(clippy::print_stderr, reason = "a command line's output")]

mod attack;
mod bare_proxy;
mod bare_route;
mod bench;
mod http;
mod installed;
mod judgement;
mod plain_provider;
mod server;
mod soak;
mod strict_provider;

use std::process::ExitCode;

use clap::{Parser, Subcommand};
use riq_testing::process;

/// The server's allocator, so that the bare route has no disadvantage.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// The benchmark, the soak test and the attack of the server
#[derive(Parser)]
#[command(name = "riq-bench", bin_name = "cargo xtask")]
struct Arguments {
    #[command(subcommand)]
    task: Task,
}

#[derive(Subcommand)]
enum Task {
    /// Measures the server, pgbench and a bare route, and prints the ratios
    Bench(bench::Options),
    /// Kills replicas repeatedly, and checks that no refresh token is used twice, no payment made twice, and every
    /// integration is probed
    Soak(soak::Options),
    /// Tries to keep the server from its work, and checks that it holds
    Attack(attack::Options),
    /// Answers every request with the same bytes: the yardstick that `bench` starts by itself
    #[command(hide = true)]
    BareRoute(bare_route::Options),
    /// Simulates a provider whose refresh tokens work once: `bench` starts it by itself
    #[command(hide = true)]
    StrictProvider(strict_provider::Options),
    /// Simulates a provider that answers at once: `bench` starts it by itself
    #[command(hide = true)]
    PlainProvider(plain_provider::Options),
    /// Forwards every request to the plain provider: the yardstick that `bench` starts by itself
    #[command(hide = true)]
    BareProxy(bare_proxy::Options),
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
    // The others need not clean up after a signal, so they end at once.
    if matches!(task, Task::Bench(_) | Task::Soak(_) | Task::Attack(_)) {
        process::forward_signals()?;
    }
    match task {
        Task::Bench(options) => bench::run(options),
        Task::Soak(options) => soak::run(options),
        Task::Attack(options) => attack::run(options),
        Task::BareRoute(options) => bare_route::run(options),
        Task::StrictProvider(options) => strict_provider::run(options),
        Task::PlainProvider(options) => plain_provider::run(options),
        Task::BareProxy(options) => bare_proxy::run(options),
    }
}
