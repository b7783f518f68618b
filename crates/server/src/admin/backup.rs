//! `riq-server admin backup`: copies a SQLite database while the server runs.

use std::{
    fs,
    path::{self, Path, PathBuf},
};

use anyhow::{Context as _, bail, ensure};
use clap::Args;
use serde::Serialize;

use super::{context::Context, whole_file::WholeFile};
use crate::store::{DatabaseUrl, Store};

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
    let copy = WholeFile::create(&file, &context.environment)
        .with_context(|| format!("cannot write into the directory of {}", file.display()))?;
    let newest_event = async {
        context.store.copy_into(copy.unfinished()).await?;
        verified(copy.unfinished(), before).await
    };
    let newest_event =
        newest_event.await.with_context(|| format!("cannot write a backup to {}", file.display()))?;
    let bytes = copy.add().with_context(|| format!("cannot write {}; nothing is there", file.display()))?;
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
