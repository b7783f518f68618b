//! What people do, from the first page to the last. Each walk ends with a check of the API's answer.

mod actions;
mod changes;
mod forms;
mod keys;
mod links;
mod mcp;
mod oauth;
mod people;
mod program;
mod returning;
mod sandbox;
mod scripts;
mod sessions;
