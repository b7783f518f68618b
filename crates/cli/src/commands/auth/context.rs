//! What the commands of `riq auth` work with: they do without a key and a project.

use std::time::Duration;

use crate::config::LoginConfig;
use crate::output::Output;

/// Configuration and output of such a command.
#[derive(Debug)]
pub(crate) struct Context {
    /// What is set.
    pub(crate) config: LoginConfig,
    /// How long to wait for an answer.
    pub(crate) timeout: Duration,
    /// The terminal.
    pub(crate) output: Output,
}
