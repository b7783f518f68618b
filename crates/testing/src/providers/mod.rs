//! Simulated providers on the loopback interface, each for a different purpose.
//!
//! [`simulator`] simulates every provider of the catalog as its documentation says. [`desk_and_keys`] simulates three
//! whose answers a test can set. [`gate`] simulates three that revoke, or do not. [`ledger`] simulates one that loses
//! answers, and shows what it has done. [`strict`] simulates one that counts every use of a token, for measurements and
//! the soak.

/// The providers that the contract with clients names. They stand for all others wherever a test needs many kinds.
pub const CONTRACT: [&str; 14] = [
    "cal-com",
    "discord",
    "github",
    "hubspot",
    "linear",
    "mailgun",
    "notion",
    "pipedrive",
    "postmark",
    "salesforce",
    "shopify",
    "slack",
    "stripe",
    "zendesk",
];

pub mod desk_actions;
pub mod desk_and_keys;
pub mod gate;
mod graph;
pub mod ledger;
pub mod simulator;
pub mod strict;
