//! The file of an export. Its first line, without which nobody can import it, is written last, once the export is
//! recorded. So wherever a command ends, no file can be imported whose integrations are still used here.

use std::{
    fs::{self, File, OpenOptions},
    io::{self, Read as _, Seek as _, Write as _},
    os::unix::fs::OpenOptionsExt as _,
    path::{Path, PathBuf},
};

use anyhow::{Context as _, bail};

use crate::services::moving::{Found, find};

/// How much of a file is read to know what it is, in bytes. A first line is shorter.
const BEGINNING: u64 = 4096;

/// A file that is removed unless it is finished.
#[derive(Debug)]
pub(super) struct ExportFile {
    file: File,
    path: PathBuf,
    is_whole: bool,
}

impl ExportFile {
    /// Makes it, so that only its owner can read it. Nothing may have its name.
    pub(super) fn create(path: &Path) -> anyhow::Result<Self> {
        let made = OpenOptions::new().write(true).create_new(true).mode(0o600).open(path);
        let name = path.display();
        if matches!(&made, Err(error) if error.kind() == io::ErrorKind::AlreadyExists) {
            bail!("{name} exists, and an export never replaces a file: {}", advice(path));
        }
        let file = made.with_context(|| format!("cannot write into the directory of {name}"))?;
        Ok(Self { file, path: path.to_owned(), is_whole: false })
    }

    /// Keeps the file, with blanks in place of its first line.
    pub(super) fn keep(&mut self, unfinished: &[u8]) -> io::Result<()> {
        // A renewal that was under way may have made another attempt necessary.
        self.file.rewind()?;
        self.file.set_len(0)?;
        self.file.write_all(unfinished)?;
        self.file.sync_all()?;
        match self.path.parent() {
            Some(directory) => File::open(directory)?.sync_all(),
            None => Ok(()),
        }
    }

    /// Writes its first line.
    pub(super) fn finish(mut self, first_line: &str) -> io::Result<()> {
        self.file.rewind()?;
        self.file.write_all(first_line.as_bytes())?;
        self.file.sync_all()?;
        self.is_whole = true;
        Ok(())
    }
}

impl Drop for ExportFile {
    fn drop(&mut self) {
        if !self.is_whole {
            // What is left of it nobody can import.
            drop(fs::remove_file(&self.path));
        }
    }
}

/// What to do about a file that is in the way.
fn advice(path: &Path) -> String {
    let beginning = beginning(path);
    if beginning.as_deref() == Some("") {
        return "it is empty, as an export that was interrupted may leave it: delete it, or choose another name"
            .to_owned();
    }
    match beginning.map(|text| find(&text)) {
        Some(Found::Export(Some(id))) => format!(
            "it is the export {id}. Import that one at the receiver, or take it back with `admin export --cancel {id}` \
             if it was made here"
        ),
        Some(Found::Unfinished) => {
            "an export that was interrupted left it, and nobody can import it. Delete it, and see `admin export --list`"
                .to_owned()
        }
        _ => "choose another name".to_owned(),
    }
}

/// The beginning of a file, which has the first line of an export.
fn beginning(path: &Path) -> Option<String> {
    // To open a pipe would wait for who writes to it.
    fs::symlink_metadata(path).ok().filter(fs::Metadata::is_file)?;
    let mut beginning = Vec::new();
    File::open(path).ok()?.take(BEGINNING).read_to_end(&mut beginning).ok()?;
    Some(String::from_utf8_lossy(&beginning).into_owned())
}

#[cfg(test)]
mod tests {
    use integrations_core::ids::{ExportId, ProjectId};

    use super::*;

    #[test]
    fn it_is_importable_when_it_is_finished_and_else_it_is_gone() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("move.json");
        let mut dropped = ExportFile::create(&path).unwrap();
        let unfinished = format!("{}\nbody\n", " ".repeat(200));
        dropped.keep(unfinished.as_bytes()).unwrap();
        assert_eq!(fs::read_to_string(&path).unwrap(), unfinished);
        let in_the_way = ExportFile::create(&path).unwrap_err().to_string();
        assert!(in_the_way.contains("nobody can import it. Delete it"), "{in_the_way}");
        drop(dropped);
        assert!(!path.exists());

        let mut file = ExportFile::create(&path).unwrap();
        file.keep(b"longer than the next").unwrap();
        file.keep(b"   \nbody\n").unwrap();
        file.finish("abc").unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"abc\nbody\n");
        let id = ExportId::from_bits(1);
        let header = serde_json::json!({
            "riq_export": 1, "id": id, "recipient": "", "project": ProjectId::from_bits(2), "integrations": 1,
            "created_at": "2026-05-17T18:00:00Z",
        });
        for (text, reason) in
            [(header.to_string(), id.to_string()), ("else".to_owned(), "choose another name".to_owned())]
        {
            fs::write(&path, text).unwrap();
            let in_the_way = ExportFile::create(&path).unwrap_err().to_string();
            assert!(in_the_way.contains(&reason), "{in_the_way}");
        }
    }
}
