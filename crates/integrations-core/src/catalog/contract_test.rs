//! The catalog of the providers that the contract with clients names.

use riq_testing::provider_files;

use super::Catalog;

/// Their keys.
pub(crate) const OF_THE_CONTRACT: [&str; 14] = provider_files::OF_THE_CONTRACT;

/// The catalog of these alone.
pub(crate) fn of_the_contract() -> Catalog {
    Catalog::default().with_files(provider_files::of_the_contract()).unwrap()
}
