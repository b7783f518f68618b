//! What stands at the head of a provider file: its key, its names and when it was reviewed.

use super::base;
use crate::catalog::file::ProviderFile;
use crate::catalog::key::ProviderKey;
use crate::catalog::problems::Problems;
use crate::picture::logo_file;

/// The longest of a provider's other names, in characters.
const LONGEST_ALIAS: usize = 40;

/// The file's name without folders and `.toml`.
pub(in crate::catalog) fn stem(file: &str) -> &str {
    let name = file.rsplit(['/', '\\']).next().unwrap_or(file);
    name.strip_suffix(".toml").unwrap_or(name)
}

/// Reads the head. Returns the provider's key, which must be the file's name.
pub(super) fn head(file: &ProviderFile, stem: &str, problems: &mut Problems) -> Option<ProviderKey> {
    check_texts(file, problems);
    let key = problems.ok("key", file.key.parse::<ProviderKey>());
    if key.as_ref().is_some_and(|key| key.as_str() != stem) {
        problems.add("key", format!("the key must be the file's name: `{stem}`"));
    }
    if let Some(base) = base::named(&file.key) {
        let message = format!(
            "`{}` is what services of {} share an app under: choose another key",
            base.key, base.name
        );
        problems.add("key", message);
    }
    key
}

/// Checks the names, the logo and the month of review.
fn check_texts(file: &ProviderFile, problems: &mut Problems) {
    for (path, text) in [("name", &file.name), ("description", &file.description)] {
        if text.trim().is_empty() {
            problems.add(path, "must not be empty");
        }
    }
    check_aliases(file, problems);
    if let Some(Err(message)) = file.logo.clone().map(logo_file) {
        problems.add("logo", message);
    }
    if let Some(month) = file.reviewed.as_deref().filter(|month| !is_month(month)) {
        problems.add("reviewed", format!("must be a month such as 2026-11, not `{month}`"));
    }
}

/// Checks the other names by which people look for the provider.
fn check_aliases(file: &ProviderFile, problems: &mut Problems) {
    for (index, alias) in file.aliases.iter().enumerate() {
        let is_plain = alias.trim() == alias && !alias.is_empty() && !alias.chars().any(char::is_control);
        let known = file.aliases[..index].iter().chain([&file.name, &file.key]);
        if !is_plain || alias.chars().count() > LONGEST_ALIAS {
            let message = format!("must be a name on one line, of at most {LONGEST_ALIAS} characters");
            problems.add(format!("aliases.{index}"), message);
        } else if known.map(|name| name.to_lowercase()).any(|name| name == alias.to_lowercase()) {
            problems.add(format!("aliases.{index}"), format!("`{alias}` is already a name of it"));
        }
    }
}

/// Whether `text` is a month as in RFC 3339, section 5.6: `date-fullyear "-" date-month`.
fn is_month(text: &str) -> bool {
    let Some((year, month)) = text.split_once('-') else { return false };
    let is_number = |text: &str, len| text.len() == len && text.bytes().all(|b| b.is_ascii_digit());
    is_number(year, 4) && is_number(month, 2) && ("01"..="12").contains(&month)
}
