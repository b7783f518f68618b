//! What a command works with.

use crate::client::Client;
use crate::config::{Config, Source};
use crate::output::Output;

/// What a command that calls the API works with.
pub(crate) struct Context {
    /// The API.
    pub(crate) client: Client,
    /// The terminal.
    pub(crate) output: Output,
    /// Key, project and address, and where they came from.
    pub(crate) config: Config,
}

impl Context {
    /// Whether a person may be asked: not where the key comes from the environment, as in a script, and only where
    /// there is a terminal at both ends.
    pub(crate) fn may_ask(&self) -> bool {
        !matches!(self.config.api_key.source, Source::Environment(_)) && self.output.can_ask()
    }
}
