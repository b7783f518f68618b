//! The catalog of the tests: the providers of the contract alone, so that a server starts quickly.

use std::{
    path::Path,
    sync::{Arc, LazyLock},
};

use integrations_core::catalog::Catalog;
use riq_testing::providers::CONTRACT;

/// The providers whose secret settings tests use.
const WITH_SECRET_SETTINGS: [&str; 4] = ["linear", "slack", "stripe", "zendesk"];

static OF_THE_CONTRACT: LazyLock<Arc<Catalog>> = LazyLock::new(|| Arc::new(few([])));

/// The providers of the contract.
pub(crate) fn of_the_contract() -> Arc<Catalog> {
    Arc::clone(&OF_THE_CONTRACT)
}

/// The same and further files.
pub(crate) fn few(more: impl IntoIterator<Item = (String, String)>) -> Catalog {
    let files = CONTRACT.map(|provider| (format!("{provider}.toml"), as_before(provider)));
    Catalog::default().with_files(files).unwrap().with_files(more).unwrap()
}

/// The text of a built-in provider file. Some have a secret setting, as in earlier versions; files of operators may.
fn as_before(provider: &str) -> String {
    let text = provider_file(provider);
    if !WITH_SECRET_SETTINGS.contains(&provider) {
        return text;
    }
    let lines = text.lines().filter(|line| !line.starts_with("former_setting = "));
    let text = lines.map(|line| format!("{line}\n")).collect::<String>();
    text.replace("secret = true\nretired = true\n", "secret = true\n")
}

/// The text of a built-in provider file.
pub(crate) fn provider_file(provider: &str) -> String {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../integrations-core/providers");
    std::fs::read_to_string(folder.join(format!("{provider}.toml"))).unwrap()
}
