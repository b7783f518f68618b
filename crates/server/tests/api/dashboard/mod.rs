//! The dashboard over HTTP, as browsers use it.

pub(crate) mod approvals;
mod attacks;
mod callbacks;
mod changes;
mod events;
pub(crate) mod installing;
mod keys;
pub(crate) mod many_providers;
mod oauth_apps;
mod pages;
mod people;
mod projects;
mod returning;
pub(crate) mod runs;
mod sessions;
pub(crate) mod visitor;
mod webhooks;
