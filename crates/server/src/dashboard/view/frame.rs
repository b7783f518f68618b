//! What all pages of a visit share.

use crate::dashboard::addresses::Addresses;

/// What all pages of a visit share.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Frame<'a> {
    /// Makes links.
    pub(crate) addresses: &'a Addresses,
    /// The token with which every form proves that it belongs to this visit.
    pub(crate) csrf: &'a str,
    /// Who is signed in.
    pub(crate) who: Option<&'a Who>,
}

/// The key that a session acts as.
#[derive(Clone, Debug)]
pub(crate) struct Who {
    /// What the key is for.
    pub(crate) key_name: String,
    /// The key's first characters.
    pub(crate) key_hint: String,
}
