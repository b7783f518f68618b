//! The composition of the whole program: its settings, how its parts are put together, and how it runs.

pub mod config;
pub mod dev;
pub mod log;
pub mod run;
pub mod traces;
pub mod wiring;
