//! Simulated providers on the loopback interface, each for a different purpose.
//!
//! [`simulator`] simulates every provider of the catalog as its documentation says. [`desk_and_keys`] simulates three
//! whose answers a test can set. [`gate`] simulates three that revoke, or do not. [`ledger`] simulates one that loses
//! answers, and shows what it has done. [`strict`] simulates one that counts every use of a token, for measurements and
//! the soak. [`mutations`] spoils the facts of provider files.

pub mod desk_actions;
pub mod desk_and_keys;
pub mod gate;
mod graph;
pub mod ledger;
pub mod mutations;
pub mod simulator;
pub mod strict;
