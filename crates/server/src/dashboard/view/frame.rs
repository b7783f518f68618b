//! What the pages of one visit have in common.

use crate::dashboard::addresses::Addresses;

/// What the pages of one visit have in common.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Frame<'a> {
    /// Makes links.
    pub(crate) addresses: &'a Addresses,
    /// What every form proves with that it is of this visit.
    pub(crate) csrf: &'a str,
    /// Who is signed in.
    pub(crate) who: Option<&'a Who>,
}

/// Whose key a session stands for.
#[derive(Clone, Debug)]
pub(crate) struct Who {
    /// What the key is for.
    pub(crate) key_name: String,
    /// The key's first characters.
    pub(crate) key_hint: String,
}
