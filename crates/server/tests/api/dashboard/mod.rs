//! The dashboard over HTTP, as browsers use it.

mod sessions;
pub(crate) mod visitor;
