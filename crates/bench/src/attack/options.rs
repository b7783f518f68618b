//! The options of the attack: how long, and how much of everything.

/// Options of `attack`.
#[derive(clap::Args, Clone, Copy)]
pub(crate) struct Options {
    /// How long the attack goes on
    #[arg(long, default_value_t = 60, value_parser = clap::value_parser!(u64).range(5..=600))]
    pub(super) seconds: u64,
    /// Connections that send requests and never read
    #[arg(long, default_value_t = 1_000, value_parser = clap::value_parser!(u64).range(0..=5_000))]
    pub(super) never_read: u64,
    /// Connections that send a byte a second
    #[arg(long, default_value_t = 1_000, value_parser = clap::value_parser!(u64).range(0..=5_000))]
    pub(super) slow: u64,
    /// Keys that nobody made, over the whole time
    #[arg(long, default_value_t = 60_000, value_parser = clap::value_parser!(u64).range(0..=1_000_000))]
    pub(super) false_keys: u64,
    /// Addresses of the loopback interface that the attack comes from
    #[arg(long, default_value_t = 8, value_parser = clap::value_parser!(u8).range(1..=200))]
    pub(super) addresses: u8,
}
