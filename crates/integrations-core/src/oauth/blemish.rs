//! What could not be used of an answer.

use std::fmt;

/// Something in an answer that could not be used, although the tokens could.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Blemish {
    /// The name of the field.
    pub what: String,
    /// Why it could not be used.
    pub why: String,
}

impl Blemish {
    pub(super) fn new(what: &str, why: impl Into<String>) -> Self {
        Self { what: what.to_owned(), why: why.into() }
    }
}

impl fmt::Display for Blemish {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.what, self.why)
    }
}
