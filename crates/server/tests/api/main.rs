//! The server as its clients and operators meet it: over real sockets, on real databases.
//!
//! Each behaviour is written once and runs twice, on SQLite and on PostgreSQL (`RIQ_TEST_POSTGRES_URL` names a
//! server in which each test makes a database of its own; without it that half is skipped, and says so).

#[cfg(test)]
#[macro_use]
mod support;

#[cfg(test)]
mod refusals;
