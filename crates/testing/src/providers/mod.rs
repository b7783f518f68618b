//! Providers that are played on the loopback interface, each for another purpose.
//!
//! [`simulator`] plays every provider of the catalog as its documentation says; [`desk_and_keys`] plays two that do
//! what a test tells them; [`strict`] plays one that keeps count of every token, for measurements and the soak.

pub mod desk_and_keys;
pub mod simulator;
pub mod strict;
