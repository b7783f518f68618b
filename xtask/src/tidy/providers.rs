//! Provider files are data that the domain reads: the domain says whether they are right.

use anyhow::Result;
use integrations_core::catalog::{Catalog, ProviderFileErrors};

use super::Violation;
use super::repository::Repository;

const FOLDER: &str = "crates/integrations-core/providers/";

/// The embedded catalog loads, and holds every file of the folder.
pub(super) fn provider_files_validate(repository: &Repository) -> Result<Vec<Violation>> {
    let files =
        repository.files().iter().map(|file| file.path.as_str()).filter(|path| path.starts_with(FOLDER));
    Ok(check(Catalog::embedded(), files))
}

fn check<'a>(
    catalog: Result<Catalog, ProviderFileErrors>,
    files: impl Iterator<Item = &'a str>,
) -> Vec<Violation> {
    let catalog = match catalog {
        Ok(catalog) => catalog,
        Err(errors) => {
            return errors
                .iter()
                .map(|error| {
                    Violation::new(&format!("{FOLDER}{}", error.file), error.line, error.message.clone())
                })
                .collect();
        }
    };
    files
        .filter_map(|path| Some((path, path.strip_prefix(FOLDER)?.strip_suffix(".toml")?)))
        .filter(|(_, key)| catalog.get(key).is_none())
        .map(|(path, _)| {
            Violation::new(path, 0, "is not in the catalog that is built in: name the file KEY.toml")
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wrong_file_is_named_with_its_line() {
        let catalog = Catalog::default()
            .with_files([("acme.toml".to_owned(), "key = \"acme\"\nname = 7\n".to_owned())]);
        let violations = check(catalog, std::iter::empty());
        assert!(!violations.is_empty());
        assert!(violations.iter().all(|found| found.file == "crates/integrations-core/providers/acme.toml"));
        assert!(violations.iter().any(|found| found.line > 0), "{violations:?}");
    }

    #[test]
    fn a_file_outside_the_catalog_is_found() {
        let files =
            ["crates/integrations-core/providers/acme.toml", "crates/integrations-core/providers/notes.md"];
        let violations = check(Ok(Catalog::default()), files.into_iter());
        assert_eq!(violations.len(), 1);
        assert_eq!(violations[0].file, files[0]);
    }
}
