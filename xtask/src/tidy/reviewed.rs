//! Every built-in provider file says when it was last held against the provider's documentation.
//!
//! Checked here because the loader leaves it to an operator whether a file of their own says so.

use anyhow::Result;
use time::Date;
use toml::Table;

use super::repository::{Repository, TextFile};
use super::violation::Violation;

/// The built-in provider files.
const FILES: &str = "crates/integrations-core/providers/";
/// How many months a review counts.
const MONTHS: i32 = 6;

/// Every file has the key `reviewed`.
pub(super) fn provider_files_say_when(repository: &Repository) -> Result<Vec<Violation>> {
    let silent = files(repository).filter(|file| reviewed(file).is_none());
    let message = "needs `reviewed`, the month in which it was last held against the documentation";
    Ok(silent.map(|file| Violation::new(&file.path, 1, message)).collect())
}

/// The files whose last review is more than six months before `today`. They are listed, but break no rule: what was
/// right in one month does not fail in another.
pub(super) fn old(repository: &Repository, today: Date) -> Vec<&str> {
    let now = months(today.year(), i32::from(u8::from(today.month())));
    let is_old = |file: &&TextFile| reviewed(file).is_some_and(|month| month + MONTHS < now);
    files(repository).filter(is_old).map(|file| file.path.as_str()).collect()
}

fn files(repository: &Repository) -> impl Iterator<Item = &TextFile> {
    repository.files().iter().filter(|file| file.path.starts_with(FILES) && file.path.ends_with(".toml"))
}

/// The month of a file's last review, in months since the year 0.
fn reviewed(file: &TextFile) -> Option<i32> {
    let table: Table = file.text.parse().ok()?;
    let (year, month) = table.get("reviewed")?.as_str()?.split_once('-')?;
    Some(months(year.parse().ok()?, month.parse().ok()?))
}

fn months(year: i32, month: i32) -> i32 {
    year * 12 + month
}

#[cfg(test)]
mod tests {
    use time::macros::date;

    use super::*;

    #[test]
    fn what_is_old_is_listed_and_what_is_silent_is_refused() {
        let repository = Repository::sample(&[
            ("crates/integrations-core/providers/new.toml", "reviewed = \"2026-11\""),
            ("crates/integrations-core/providers/old.toml", "reviewed = \"2026-04\""),
            ("crates/integrations-core/providers/silent.toml", "key = \"silent\""),
            ("docs/other.toml", "key = \"other\""),
        ]);
        assert_eq!(old(&repository, date!(2026 - 10 - 31)), [] as [&str; 0]);
        assert_eq!(old(&repository, date!(2026 - 11 - 01)), ["crates/integrations-core/providers/old.toml"]);
        let silent = provider_files_say_when(&repository).unwrap();
        let files: Vec<_> = silent.iter().map(|one| one.file.as_str()).collect();
        assert_eq!(files, ["crates/integrations-core/providers/silent.toml"]);
    }
}
