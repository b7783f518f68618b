//! What an installation comes to.

use integrations_core::{integration::Integration, oauth::ChoiceItem};

use super::problem::InstallTarget;
use crate::token::Token;

/// The result of an installation step.
#[derive(Debug)]
pub enum InstallOutcome {
    /// The integration is active.
    Installed {
        /// The provider and project.
        target: InstallTarget,
        /// The stored integration.
        integration: Box<Integration>,
    },
    /// The consent is good for several. A person must choose one.
    Unchosen {
        /// The provider and project.
        target: InstallTarget,
        /// The secret that the answer must present.
        pending: Token,
        /// What can be chosen.
        items: Vec<ChoiceItem>,
    },
    /// The credential belongs to another account than before. A person must confirm it.
    Unconfirmed {
        /// The provider and project.
        target: InstallTarget,
        /// The secret that the confirmation must present.
        pending: Token,
        /// The account that is connected now.
        before: String,
        /// The account that would replace it, if the provider said which it is.
        after: Option<String>,
    },
}
