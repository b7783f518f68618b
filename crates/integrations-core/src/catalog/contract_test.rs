//! The catalog of the providers that the contract with clients names.

use super::{Catalog, embedded};

/// The providers that the contract with clients names, which stand for all others in tests.
pub(crate) const OF_THE_CONTRACT: [&str; 14] = [
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

/// The catalog of these alone.
pub(crate) fn of_the_contract() -> Catalog {
    let files =
        embedded::FILES.iter().filter(|(name, _)| OF_THE_CONTRACT.contains(&name.trim_end_matches(".toml")));
    let files = files.map(|(name, text)| ((*name).to_owned(), (*text).to_owned()));
    Catalog::default().with_files(files).unwrap()
}
