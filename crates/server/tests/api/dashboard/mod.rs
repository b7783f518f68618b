//! The dashboard over HTTP, as browsers use it.

mod attacks;
mod changes;
mod installing;
mod pages;
mod sessions;
pub(crate) mod visitor;
