//! The program: its settings, how its parts are connected, and how it runs.

pub mod config;
pub mod dev;
pub mod log;
mod open_files;
