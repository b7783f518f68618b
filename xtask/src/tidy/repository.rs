//! The repository's text files.

use std::{collections::BTreeSet, path::Path};

use anyhow::{Context, Result};

use super::source::Source;
use crate::workspace;

/// A text file.
pub(super) struct TextFile {
    /// The path relative to the root, with `/` between its parts.
    pub(super) path: String,
    /// The contents.
    pub(super) text: String,
}

/// The repository.
pub(super) struct Repository {
    files: Vec<TextFile>,
    sources: Vec<Source>,
    /// Of every file and folder, be it text or not.
    paths: BTreeSet<String>,
}

impl Repository {
    /// Reads every text file that git tracks or would add.
    ///
    /// # Errors
    /// When git or a file cannot be read, or a Rust file is not Rust.
    pub(super) fn load(root: &Path) -> Result<Self> {
        let mut files = Vec::new();
        let mut pictures = Vec::new();
        for path in workspace::files(root)? {
            let bytes =
                std::fs::read(root.join(&path)).with_context(|| format!("cannot read {}", path.display()))?;
            let path = path.to_string_lossy().replace('\\', "/");
            // A file that is not UTF-8, such as a picture: rules ask only whether it exists.
            match String::from_utf8(bytes) {
                Ok(text) => files.push(TextFile { path, text }),
                Err(_) => pictures.push(path),
            }
        }
        Self::of(files, pictures)
    }

    fn of(files: Vec<TextFile>, pictures: Vec<String>) -> Result<Self> {
        let sources = files
            .iter()
            .filter(|file| file.path.ends_with(".rs"))
            .map(|file| Source::parse(&file.path, &file.text))
            .collect::<Result<_>>()?;
        let mut paths: BTreeSet<String> = pictures.into_iter().collect();
        paths.extend(files.iter().map(|file| file.path.clone()));
        let folders =
            paths.iter().flat_map(|path| path.match_indices('/').map(|(at, _)| path[..at].to_owned()));
        paths.extend(folders.collect::<Vec<_>>());
        Ok(Self { files, sources, paths })
    }

    /// Its text files.
    pub(super) fn files(&self) -> &[TextFile] {
        &self.files
    }

    /// Its Rust files.
    pub(super) fn sources(&self) -> &[Source] {
        &self.sources
    }

    /// The file at a path.
    pub(super) fn file(&self, path: &str) -> Option<&TextFile> {
        self.files.iter().find(|file| file.path == path)
    }

    /// Whether there is a file or a folder at a path, which ends with no `/`.
    pub(super) fn has(&self, path: &str) -> bool {
        self.paths.contains(path)
    }

    /// A repository for a rule's test.
    #[cfg(test)]
    pub(super) fn sample(files: &[(&str, &str)]) -> Self {
        let files = files
            .iter()
            .map(|(path, text)| TextFile { path: (*path).to_owned(), text: (*text).to_owned() })
            .collect();
        Self::of(files, Vec::new()).unwrap()
    }
}
