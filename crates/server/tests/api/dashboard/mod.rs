//! The dashboard over HTTP, as browsers use it.

mod attacks;
mod callbacks;
mod changes;
pub(crate) mod installing;
mod keys;
mod oauth_apps;
mod pages;
mod people;
mod projects;
mod sessions;
pub(crate) mod visitor;
