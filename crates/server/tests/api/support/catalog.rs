//! The catalog of the tests: the providers of the contract alone, so that a server starts quickly.

use std::{
    path::Path,
    sync::{Arc, LazyLock},
};

use integrations_core::catalog::Catalog;
use riq_testing::providers::CONTRACT;

static OF_THE_CONTRACT: LazyLock<Arc<Catalog>> = LazyLock::new(|| Arc::new(few([])));

/// The providers of the contract.
pub(crate) fn of_the_contract() -> Arc<Catalog> {
    Arc::clone(&OF_THE_CONTRACT)
}

/// The same and further files.
pub(crate) fn few(more: impl IntoIterator<Item = (String, String)>) -> Catalog {
    let files = CONTRACT.map(|provider| (format!("{provider}.toml"), provider_file(provider)));
    Catalog::default().with_files(files).unwrap().with_files(more).unwrap()
}

/// The text of a built-in provider file.
pub(crate) fn provider_file(provider: &str) -> String {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../integrations-core/providers");
    std::fs::read_to_string(folder.join(format!("{provider}.toml"))).unwrap()
}
