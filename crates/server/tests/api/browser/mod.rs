//! The server's pages as people meet them: in Chromium, with an OAuth server that was written elsewhere.
//!
//! `cargo xtask test` brings the browser and the packages of npm, and tells the tests where they are. Without them
//! the tests are skipped, and say so. What a page looked like when its test failed is in `target/browser-failures`.

mod accessibility;
mod chromium;
mod oauth_server;
mod pages;
mod reference;
mod stage;
mod walks;
