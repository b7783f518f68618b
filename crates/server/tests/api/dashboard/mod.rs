//! The dashboard over HTTP, as browsers use it.

mod sessions;
mod visitor;
