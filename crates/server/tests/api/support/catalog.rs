//! The catalog of the tests: the providers of the contract alone, so that a server starts quickly.

use std::sync::{Arc, LazyLock};

use integrations_core::catalog::Catalog;
use riq_testing::provider_files;

/// The providers whose secret settings tests use.
const WITH_SECRET_SETTINGS: [&str; 4] = ["linear.toml", "slack.toml", "stripe.toml", "zendesk.toml"];

static OF_THE_CONTRACT: LazyLock<Arc<Catalog>> = LazyLock::new(|| {
    let files = provider_files::of_the_contract().map(as_before);
    Arc::new(Catalog::default().with_tried_files(files).unwrap())
});

/// The providers of the contract, without the examples of their actions.
pub(crate) fn of_the_contract() -> Arc<Catalog> {
    Arc::clone(&OF_THE_CONTRACT)
}

/// The same and further files, with all examples.
pub(crate) fn few(more: impl IntoIterator<Item = (String, String)>) -> Catalog {
    let files = provider_files::of_the_contract().map(as_before);
    Catalog::default().with_files(files).unwrap().with_files(more).unwrap()
}

/// A file. Some have a secret setting, as in earlier versions; files of operators may.
fn as_before((name, text): (String, String)) -> (String, String) {
    if !WITH_SECRET_SETTINGS.contains(&name.as_str()) {
        return (name, text);
    }
    let lines = text.lines().filter(|line| !line.starts_with("former_setting = "));
    let text = lines.map(|line| format!("{line}\n")).collect::<String>();
    (name, text.replace("secret = true\nretired = true\n", "secret = true\n"))
}
