//! The repository's text files, as the rules see them.

use std::path::Path;

use anyhow::{Context, Result};

use super::source::Source;
use crate::workspace;

/// A text file.
pub(super) struct TextFile {
    /// Relative to the root, with `/` between its parts.
    pub(super) path: String,
    /// What it holds.
    pub(super) text: String,
}

/// The repository.
pub(super) struct Repository {
    files: Vec<TextFile>,
    sources: Vec<Source>,
}

impl Repository {
    /// Reads every text file that git knows or would add.
    ///
    /// # Errors
    /// When git or a file cannot be read, or a Rust file is not Rust.
    pub(super) fn load(root: &Path) -> Result<Self> {
        let mut files = Vec::new();
        for path in workspace::files(root)? {
            let bytes =
                std::fs::read(root.join(&path)).with_context(|| format!("cannot read {}", path.display()))?;
            // What is not UTF-8 is a picture or the like: no rule speaks of it.
            if let Ok(text) = String::from_utf8(bytes) {
                files.push(TextFile { path: path.to_string_lossy().replace('\\', "/"), text });
            }
        }
        Self::of(files)
    }

    fn of(files: Vec<TextFile>) -> Result<Self> {
        let sources = files
            .iter()
            .filter(|file| file.path.ends_with(".rs"))
            .map(|file| Source::parse(&file.path, &file.text))
            .collect::<Result<_>>()?;
        Ok(Self { files, sources })
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

    /// A repository for a rule's test.
    #[cfg(test)]
    pub(super) fn sample(files: &[(&str, &str)]) -> Self {
        let files = files
            .iter()
            .map(|(path, text)| TextFile { path: (*path).to_owned(), text: (*text).to_owned() })
            .collect();
        Self::of(files).unwrap()
    }
}
