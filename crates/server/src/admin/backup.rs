//! `riq-server admin backup`: copies a SQLite database while the server runs.

use std::{
    fs::{self, File, OpenOptions},
    io,
    os::unix::fs::OpenOptionsExt as _,
    path::{self, Path, PathBuf},
};

use anyhow::{Context as _, bail, ensure};
use clap::Args;
use integrations_core::ids::LeaseId;
use serde::Serialize;

use super::context::Context;
use crate::{
    environment::Environment,
    store::{DatabaseUrl, Store},
};

#[derive(Args, Debug)]
pub(super) struct Command {
    /// The file to write, which must not exist
    #[arg(value_name = "FILE")]
    file: PathBuf,
}

/// What was written.
#[derive(Serialize)]
struct Backup {
    file: String,
    bytes: u64,
    /// The newest event of the audit log in it.
    newest_event: Option<String>,
}

pub(super) async fn run(command: Command, context: &Context, url: &DatabaseUrl) -> anyhow::Result<()> {
    let file = path::absolute(&command.file)?;
    if let Some(dump) = url.dump_command(&file) {
        bail!("nothing was written: PostgreSQL has its own program for this. Run: {dump}");
    }
    ensure!(
        fs::symlink_metadata(&file).is_err(),
        "{} exists, and a backup never replaces a file: choose another name",
        file.display()
    );
    let before = context.store.newest_event().await?;
    let unfinished = Unfinished::beside(&file, &context.environment)?;
    let newest_event = async {
        context.store.copy_into(&unfinished.0).await?;
        verified(&unfinished.0, before).await
    };
    let newest_event =
        newest_event.await.with_context(|| format!("cannot write a backup to {}", file.display()))?;
    let bytes = unfinished
        .finish(&file)
        .with_context(|| format!("cannot write {}; nothing is there", file.display()))?;
    let backup = Backup { file: file.display().to_string(), bytes, newest_event };
    context.answer(&backup, || {
        vec![
            format!("Wrote {} ({} bytes), and read it back: it is whole", backup.file, backup.bytes),
            "The encryption keys are not in it. Keep a copy of them elsewhere: without them nobody can open the \
             credentials in it"
                .to_owned(),
        ]
    })
}

/// The newest event of a copy, if it is whole and has every event up to `before`.
async fn verified(copy: &Path, before: Option<String>) -> anyhow::Result<Option<String>> {
    let store = Store::look_at(&DatabaseUrl::sqlite_file(copy)?).await?;
    let (faults, newest) = (store.faults().await?, store.newest_event().await?);
    store.close().await;
    ensure!(faults.is_empty(), "what was written is damaged: {}", faults.join("; "));
    ensure!(newest >= before, "what was written lacks the newest events");
    Ok(newest)
}

/// A file under another name until it is whole. It is removed when the value is dropped.
struct Unfinished(PathBuf);

impl Unfinished {
    /// Makes it, so that only its owner can read it from the first byte on.
    fn beside(file: &Path, environment: &Environment) -> anyhow::Result<Self> {
        let mut name = file.as_os_str().to_owned();
        let other: LeaseId = environment.id();
        name.push(format!(".{other}.unfinished"));
        let path = PathBuf::from(name);
        let made = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&path);
        made.with_context(|| format!("cannot write into the directory of {}", file.display()))?;
        Ok(Self(path))
    }

    /// Gives it its name, which nothing must have. Returns its size, in bytes.
    fn finish(self, file: &Path) -> io::Result<u64> {
        let written = File::open(&self.0)?;
        written.sync_all()?;
        fs::hard_link(&self.0, file)?;
        if let Some(directory) = file.parent() {
            File::open(directory)?.sync_all()?;
        }
        Ok(written.metadata()?.len())
    }
}

impl Drop for Unfinished {
    fn drop(&mut self) {
        // What is left has a name that says so.
        fs::remove_file(&self.0).unwrap_or_default();
    }
}
