//! The server's pages as people meet them: in Chromium, with an OAuth server that was written elsewhere.
//!
//! `cargo xtask test` brings the browser and the packages of npm, and tells the tests where they are. Without them
//! the tests are skipped, and say so. What a page looked like when its test failed is in `target/browser-failures`.

#[cfg(test)]
mod accessibility;
#[cfg(test)]
mod chromium;
#[cfg(test)]
mod oauth_server;
#[cfg(test)]
mod pages;
#[cfg(test)]
mod reference;
#[cfg(test)]
mod stage;
#[cfg(test)]
#[macro_use]
#[path = "../api/support/mod.rs"]
#[expect(dead_code, unused_macros, reason = "the other tests use all of it")]
mod support;
#[cfg(test)]
mod walks;
