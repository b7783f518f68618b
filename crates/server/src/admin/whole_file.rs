//! Files that a command writes as a whole, or not at all.

use std::{
    fs::{self, File, OpenOptions},
    io,
    os::unix::fs::OpenOptionsExt as _,
    path::{Path, PathBuf},
};

use integrations_core::ids::LeaseId;

use crate::environment::Environment;

/// A file that gets its name when all is written. Until then it stands beside it, under another name. What is left of
/// one that was not finished is no use to anybody, and is removed.
pub(super) struct WholeFile {
    /// It, open for writing.
    pub(super) file: File,
    unfinished: PathBuf,
    path: PathBuf,
}

impl WholeFile {
    /// Makes it, so that only its owner can read it from the first byte on.
    pub(super) fn create(path: &Path, environment: &Environment) -> io::Result<Self> {
        let mut name = path.file_name().ok_or(io::ErrorKind::IsADirectory)?.to_owned();
        let other: LeaseId = environment.id();
        name.push(format!(".{other}.unfinished"));
        let unfinished = path.with_file_name(name);
        let file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&unfinished)?;
        Ok(Self { file, unfinished, path: path.to_owned() })
    }

    /// Where it is until it is finished.
    pub(super) fn unfinished(&self) -> &Path {
        &self.unfinished
    }

    /// Gives it its name, in place of what has it.
    pub(super) fn replace(self) -> io::Result<()> {
        self.file.sync_all()?;
        fs::rename(&self.unfinished, &self.path)
    }

    /// Gives it its name, which nothing must have. Returns its size, in bytes.
    pub(super) fn add(self) -> io::Result<u64> {
        self.file.sync_all()?;
        fs::hard_link(&self.unfinished, &self.path)?;
        self.settle().inspect_err(|_| {
            // It is said to have failed, so nothing may stay.
            drop(fs::remove_file(&self.path));
        })
    }

    fn settle(&self) -> io::Result<u64> {
        if let Some(directory) = self.path.parent() {
            File::open(directory)?.sync_all()?;
        }
        Ok(self.file.metadata()?.len())
    }
}

impl Drop for WholeFile {
    fn drop(&mut self) {
        // It is gone if it was given its name.
        drop(fs::remove_file(&self.unfinished));
    }
}
