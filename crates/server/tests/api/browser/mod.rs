//! The server's pages in Chromium, with an independent OAuth server.
//!
//! `cargo xtask test` installs the browser and the npm packages, and tells the tests where they are. Without them the
//! tests are skipped and say so. After a failure, `target/browser-failures` has a picture of the page.

mod accessibility;
mod chromium;
mod oauth_server;
mod pages;
mod product;
mod reference;
mod stage;
mod walks;
