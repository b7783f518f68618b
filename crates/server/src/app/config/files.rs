//! Directories of TOML files: provider files, and settings beside the file with settings.

use std::{fs, path::Path};

use anyhow::Context as _;

/// The TOML files in a directory, with their names, sorted. What begins with a dot is left out, and so are directories:
/// a volume of Kubernetes has `..data`, and editors leave files behind.
pub(in crate::app) fn toml_files(directory: &Path) -> anyhow::Result<Vec<(String, String)>> {
    let mut files = Vec::new();
    for entry in fs::read_dir(directory)? {
        let path = entry?.path();
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        if name.starts_with('.') || path.extension().is_none_or(|extension| extension != "toml") {
            continue;
        }
        // A link counts as what it leads to. One that leads nowhere is an error.
        if fs::metadata(&path).with_context(|| name.clone())?.is_file() {
            let text = fs::read_to_string(&path).with_context(|| name.clone())?;
            files.push((name, text));
        }
    }
    files.sort();
    Ok(files)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_volume_of_kubernetes_is_a_directory_of_files() {
        let volume = tempfile::tempdir().unwrap();
        let at = |name: &str| volume.path().join(name);
        fs::create_dir(at("..2026_03_01")).unwrap();
        fs::write(at("..2026_03_01/acme.toml"), "acme").unwrap();
        std::os::unix::fs::symlink("..2026_03_01", at("..data")).unwrap();
        std::os::unix::fs::symlink("..data/acme.toml", at("acme.toml")).unwrap();
        for name in ["old.toml", "..2026_02_01.toml"] {
            fs::create_dir(at(name)).unwrap();
        }
        for name in [".acme.toml", ".acme.toml.swp", "acme.toml~", "README.md"] {
            fs::write(at(name), "not a provider").unwrap();
        }
        assert_eq!(toml_files(volume.path()).unwrap(), [("acme.toml".to_owned(), "acme".to_owned())]);
        std::os::unix::fs::symlink("..data/gone.toml", at("gone.toml")).unwrap();
        let error = format!("{:#}", toml_files(volume.path()).unwrap_err());
        assert!(error.starts_with("gone.toml: No such file"), "{error}");
    }
}
