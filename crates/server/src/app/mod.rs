//! The program: its settings, how its parts are connected, and how it runs.

pub mod config;
pub mod dev;
pub mod doctor;
pub mod healthcheck;
mod json_lines;
pub mod log;
pub mod manual;
pub mod migrate;
mod open_files;
pub mod providers;
pub mod run;
mod sandbox;
pub mod schema;
mod supervisor;
pub(crate) mod text_file;
pub mod traces;
pub mod wiring;
