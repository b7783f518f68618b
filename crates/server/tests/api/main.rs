//! Tests of the server over real sockets and on real databases, as clients and operators use it.
//!
//! Each test runs twice: on SQLite and on PostgreSQL. `RIQ_TEST_POSTGRES_URL` names a PostgreSQL server, in which each
//! test makes its own database. Without it, the PostgreSQL half is skipped and says so.

#[cfg(test)]
#[macro_use]
mod support;

#[cfg(test)]
mod action_runs;
#[cfg(test)]
mod actions;
#[cfg(test)]
mod admin;
#[cfg(test)]
mod aliases;
#[cfg(test)]
mod app_settings;
#[cfg(test)]
mod approvals;
#[cfg(test)]
mod attacks;
#[cfg(test)]
mod audit;
#[cfg(test)]
mod audit_chain;
#[cfg(test)]
mod audit_stream;
#[cfg(test)]
mod backup;
#[cfg(test)]
mod bodies;
#[cfg(test)]
mod browser;
#[cfg(test)]
mod catalog;
#[cfg(test)]
mod clock;
#[cfg(test)]
mod concurrency;
#[cfg(test)]
mod conditional;
#[cfg(test)]
mod connections;
#[cfg(test)]
mod crash;
#[cfg(test)]
mod cross_origin;
#[cfg(test)]
mod dashboard;
#[cfg(test)]
mod databases;
#[cfg(test)]
mod dev;
#[cfg(test)]
mod device;
#[cfg(test)]
mod doctor;
#[cfg(test)]
mod envelope;
#[cfg(test)]
mod handshake;
#[cfg(test)]
mod hosts;
#[cfg(test)]
mod idempotency;
#[cfg(test)]
mod import;
#[cfg(test)]
mod init;
#[cfg(test)]
mod keys;
#[cfg(test)]
mod last_version;
#[cfg(test)]
mod lifecycle;
#[cfg(test)]
mod lists;
#[cfg(test)]
mod locks;
#[cfg(test)]
mod matrix;
#[cfg(test)]
mod mcp;
#[cfg(test)]
mod metrics;
#[cfg(test)]
mod monitor;
#[cfg(test)]
mod moves;
#[cfg(test)]
mod oauth_apps;
#[cfg(test)]
mod outage;
#[cfg(test)]
mod outbound;
#[cfg(test)]
mod people;
#[cfg(test)]
mod permission;
#[cfg(test)]
mod policy;
#[cfg(test)]
mod poolers;
#[cfg(test)]
mod private_files;
#[cfg(test)]
mod provider_events;
#[cfg(test)]
mod provider_files;
#[cfg(test)]
mod providers;
#[cfg(test)]
mod proxies;
#[cfg(test)]
mod proxy;
#[cfg(test)]
mod rate_limits;
#[cfg(test)]
mod refusals;
#[cfg(test)]
mod resolving;
#[cfg(test)]
mod restored;
#[cfg(test)]
mod retention;
#[cfg(test)]
mod revocations;
#[cfg(test)]
mod rotate_keys;
#[cfg(test)]
mod schema;
#[cfg(test)]
mod sealing;
#[cfg(test)]
mod secrets;
#[cfg(test)]
mod shared_rate_limits;
#[cfg(test)]
mod simulator;
#[cfg(test)]
mod snapshots;
#[cfg(test)]
mod specification;
#[cfg(test)]
mod startup;
#[cfg(test)]
mod stopping;
#[cfg(test)]
mod supervisor;
#[cfg(test)]
mod tenants;
#[cfg(test)]
mod traces;
#[cfg(test)]
mod upgrades;
#[cfg(test)]
mod webhooks;
