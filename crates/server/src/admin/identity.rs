//! `riq-server admin identity`: the key to which other servers seal what is moved to this one.

use std::{
    fs,
    io::{self, Write as _},
    os::unix::fs::MetadataExt as _,
    path::{self, Path, PathBuf},
};

use anyhow::{Context as _, ensure};
use clap::Args;
use serde::Serialize;

use super::{context::Context, whole_file::WholeFile};
use crate::{
    environment::Environment,
    vault::{Identity, Recipient},
};

/// The name of the file beside the encryption keys.
const FILE: &str = "move-identity";

#[derive(Args, Debug)]
pub(super) struct Command {
    #[command(flatten)]
    place: IdentityFile,
}

/// Where the secret key is.
#[derive(Args, Clone, Debug)]
pub(super) struct IdentityFile {
    /// File with the secret key of moves; without it, `move-identity` beside the file with the encryption keys
    #[arg(long, value_name = "FILE")]
    identity: Option<PathBuf>,
}

#[derive(Serialize)]
struct Shown {
    recipient: String,
    file: String,
    /// Whether the key was made now.
    is_new: bool,
}

pub(super) fn run(command: &Command, context: &Context, keys: &Option<PathBuf>) -> anyhow::Result<()> {
    let file = command.place.path(keys)?;
    let is_new = make(&file, &context.environment)?;
    let recipient = recipient(&command.place.read(keys)?)?;
    let shown = Shown { recipient: recipient.to_string(), file: file.display().to_string(), is_new };
    context.answer(&shown, || {
        let made = if shown.is_new { "Made" } else { "The secret key is in" };
        vec![
            shown.recipient.clone(),
            format!("{made} {}. Keep it as secret as the encryption keys.", shown.file),
            "Give the line above to who exports: admin export --project prj_… --to riq_to_… FILE".to_owned(),
        ]
    })
}

impl IdentityFile {
    /// Its path. `keys` is the directory of the encryption keys.
    fn path(&self, keys: &Option<PathBuf>) -> anyhow::Result<PathBuf> {
        let beside = keys.as_ref().map(|directory| directory.join(FILE));
        self.identity.clone().or(beside).context(
            "say with --identity FILE where the secret key of moves is: the encryption keys are not in a file that it \
             could be beside",
        )
    }

    /// Reads the key. Nobody else may be able to read it.
    pub(super) fn read(&self, keys: &Option<PathBuf>) -> anyhow::Result<Identity> {
        let file = self.path(keys)?;
        let found = fs::metadata(&file).with_context(|| {
            let file = file.display();
            format!("cannot read {file}: `admin identity` makes the key, before anything is exported to it")
        })?;
        ensure!(
            found.mode() & 0o077 == 0,
            "others can read {0}, so the key in it may be known: give it the mode 0600 if nobody has, or else make \
             another one",
            file.display()
        );
        let text = fs::read_to_string(&file).with_context(|| format!("cannot read {}", file.display()))?;
        text.parse().with_context(|| format!("{} cannot be used", file.display()))
    }
}

/// The public key.
fn recipient(identity: &Identity) -> anyhow::Result<Recipient> {
    Ok(identity.recipient()?)
}

/// Makes the key if there is none. Returns whether it did.
fn make(file: &Path, environment: &Environment) -> anyhow::Result<bool> {
    if fs::symlink_metadata(file).is_ok() {
        return Ok(false);
    }
    let write = || {
        let mut made = WholeFile::create(&path::absolute(file)?, environment)?;
        writeln!(made.file, "{}", Identity::generate(environment).to_text())?;
        made.add()
    };
    match write() {
        // Another command was first.
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(false),
        made => made.map(|_| true).with_context(|| format!("cannot make {}", file.display())),
    }
}
