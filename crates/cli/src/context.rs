//! The client, output and configuration that a command uses.

use crate::client::Client;
use crate::config::{Config, Source};
use crate::output::Output;

/// The client, output and configuration of a command that calls the API.
pub(crate) struct Context {
    /// The API.
    pub(crate) client: Client,
    /// The terminal.
    pub(crate) output: Output,
    /// Key, project and API base, and where they came from.
    pub(crate) config: Config,
}

impl Context {
    /// Whether riq may ask a person. It may not if the key comes from the environment, as in a script, or if standard
    /// input or standard error is not a terminal.
    pub(crate) fn may_ask(&self) -> bool {
        !matches!(self.config.api_key.source, Source::Environment(_)) && self.output.can_ask()
    }
}
