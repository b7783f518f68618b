//! The command line as a user meets it: the real binary against a strict stand-in for the API.
//!
//! What it prints is kept in `tests/golden`; `RIQ_GOLDEN=write cargo nextest run -p riq` writes those files anew.

#[cfg(test)]
#[cfg(unix)]
mod accounts;
#[cfg(test)]
#[cfg(unix)]
mod actions;
#[cfg(test)]
mod api;
#[cfg(test)]
#[cfg(unix)]
mod approvals;
#[cfg(test)]
#[cfg(unix)]
mod audit;
#[cfg(test)]
#[cfg(unix)]
mod auth;
#[cfg(test)]
mod commands;
#[cfg(test)]
#[cfg(unix)]
mod events;
#[cfg(test)]
mod fixtures;
#[cfg(test)]
mod golden;
#[cfg(test)]
mod install;
mod install_links;
#[cfg(test)]
#[cfg(unix)]
mod keys;
#[cfg(test)]
mod mcp;
#[cfg(test)]
#[cfg(unix)]
mod newer_server;
#[cfg(test)]
#[cfg(unix)]
mod oauth_apps;
#[cfg(test)]
#[cfg(unix)]
mod policy;
#[cfg(test)]
#[cfg(unix)]
mod projects;
#[cfg(test)]
#[cfg(unix)]
mod proxy;
#[cfg(test)]
mod refusals;
#[cfg(test)]
#[cfg(unix)]
mod runs;
#[cfg(test)]
mod settings;
#[cfg(test)]
#[cfg(unix)]
mod terminal;
#[cfg(test)]
mod usage;
#[cfg(test)]
#[cfg(unix)]
mod webhooks;
