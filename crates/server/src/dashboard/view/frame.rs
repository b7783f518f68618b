//! What all pages of a visit share.

use integrations_core::scope::{RequiredScope, Scope, any_covers};

use crate::{dashboard::addresses::Addresses, program::OperatorCommands};

/// What all pages of a visit share.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Frame<'a> {
    /// Makes links.
    pub(crate) addresses: &'a Addresses,
    /// The token with which every form proves that it belongs to this visit.
    pub(crate) csrf: &'a str,
    /// Who is signed in.
    pub(crate) who: Option<&'a Who>,
    /// The operator's commands.
    pub(crate) operator: &'a OperatorCommands,
}

/// The key that a session acts as.
#[derive(Clone, Debug)]
pub(crate) struct Who {
    /// What the key is for.
    pub(crate) key_name: String,
    /// The key's first characters.
    pub(crate) key_hint: String,
    /// What the key may do.
    pub(crate) scopes: Vec<Scope>,
}

impl Who {
    /// Whether the key covers a scope.
    pub(crate) fn may(&self, required: RequiredScope) -> bool {
        any_covers(&self.scopes, required)
    }
}

impl Frame<'_> {
    /// Whether the person is signed in with a key that covers a scope. What needs another one is not shown.
    pub(crate) fn may(&self, required: RequiredScope) -> bool {
        self.who.is_some_and(|who| who.may(required))
    }
}
