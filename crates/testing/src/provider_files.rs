//! The built-in provider files, read from the repository.
#![expect(clippy::panic, reason = "a test fails if a provider file is missing")]

use std::{
    fs,
    path::{Path, PathBuf},
};

/// The providers that the contract with clients names. They stand for all others wherever a test needs many kinds.
pub const OF_THE_CONTRACT: [&str; 14] = [
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

/// The files of these: name and text, as a catalog takes them.
pub fn of_the_contract() -> impl Iterator<Item = (String, String)> {
    OF_THE_CONTRACT.into_iter().map(named)
}

/// The file of a provider: name and text.
///
/// # Panics
/// When there is no such file.
pub fn named(provider: &str) -> (String, String) {
    let name = format!("{provider}.toml");
    let file = directory().join(&name);
    let text = fs::read_to_string(&file).unwrap_or_else(|error| panic!("{}: {error}", file.display()));
    (name, text)
}

/// The text of a base.
///
/// # Panics
/// When there is no such base.
pub fn base(key: &str) -> String {
    let file = directory().join("bases").join(format!("{key}.toml"));
    fs::read_to_string(&file).unwrap_or_else(|error| panic!("{}: {error}", file.display()))
}

/// All files, sorted: names and texts. A catalog of these has the examples of the actions, which the catalog that is
/// built in has not.
///
/// # Panics
/// When they cannot be read.
pub fn all() -> impl Iterator<Item = (String, String)> {
    let listed = fs::read_dir(directory()).unwrap_or_else(|error| panic!("the provider files: {error}"));
    let names = listed.filter_map(|entry| entry.ok()?.file_name().into_string().ok());
    let mut keys: Vec<String> =
        names.filter_map(|name| Some(name.strip_suffix(".toml")?.to_owned())).collect();
    keys.sort_unstable();
    keys.into_iter().map(|key| named(&key))
}

fn directory() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../integrations-core/providers")
}
