//! What is sealed with a run.

use integrations_core::action::{Look, RenderedRequest};
use serde::{Deserialize, Serialize};

/// What is sealed with a run: what is sent, and how to look for what came of it. Nothing of it is written anew later.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Frozen {
    /// The request of the action.
    pub(super) request: RenderedRequest,
    /// How to look for what it did if no answer comes. `None`: there is nothing to look for.
    pub(super) look: Option<Look>,
    /// The connection that it is written for, as it is stored.
    pub(super) connection: String,
}
