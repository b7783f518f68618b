//! Changes the config file. What it says otherwise stays as it is, comments too.

use std::fs::{self, OpenOptions};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use toml_edit::{DocumentMut, Item, RawString, value};

use crate::error::{Exit, Failure, Report, code};

/// Sets keys of the config file, or removes those without a value. A file that is missing is made, with its directory.
/// Afterwards only its owner may have access to it. It is replaced as a whole, so that no half of it is ever read.
///
/// # Errors
/// The file is not valid, or cannot be written.
pub(crate) fn change(path: &Path, changes: &[(&str, Option<&str>)]) -> Result<(), Failure> {
    // A link to the file stays a link.
    let place = fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
    let refused = |why: &dyn std::fmt::Display| {
        Failure::from(Report::local(
            code::CONFIG,
            Exit::Usage,
            format!("the config file {} cannot be changed: {why}", path.display()),
        ))
    };
    let text = match fs::read_to_string(&place) {
        Ok(text) => text,
        Err(error) if error.kind() == io::ErrorKind::NotFound => String::new(),
        Err(error) => return Err(refused(&error)),
    };
    // The error of the parser would show the line, which may hold a key.
    let mut document: DocumentMut = text.parse().map_err(|_| refused(&"it is not valid TOML"))?;
    for (key, new) in changes {
        match new {
            Some(new) => set(&mut document, key, new),
            None => remove(&mut document, key),
        }
    }
    replace(&place, document.to_string().as_bytes()).map_err(|error| refused(&error))
}

/// Sets a key. A comment behind the old value stays.
fn set(document: &mut DocumentMut, key: &str, new: &str) {
    let mut item = value(new);
    let decor = document.get(key).and_then(Item::as_value).map(|old| old.decor().clone());
    if let (Some(decor), Some(new)) = (decor, item.as_value_mut()) {
        *new.decor_mut() = decor;
    }
    document[key] = item;
}

/// Removes a key. The comments above it stay.
fn remove(document: &mut DocumentMut, key: &str) {
    let next = document.iter().map(|(name, _)| name.to_owned()).skip_while(|name| name != key).nth(1);
    let Some((removed, _)) = document.remove_entry(key) else { return };
    let above = removed.leaf_decor().prefix().and_then(RawString::as_str).unwrap_or_default().to_owned();
    let below = next.as_deref().and_then(|next| document.key_mut(next));
    match below {
        Some(mut below) => {
            let decor = below.leaf_decor_mut();
            let both = above + decor.prefix().and_then(RawString::as_str).unwrap_or_default();
            decor.set_prefix(both);
        }
        None => {
            let both = above + document.trailing().as_str().unwrap_or_default();
            document.set_trailing(both);
        }
    }
}

fn replace(path: &Path, content: &[u8]) -> io::Result<()> {
    if let Some(directory) = path.parent() {
        fs::create_dir_all(directory)?;
    }
    let mut beside = path.as_os_str().to_owned();
    beside.push(format!(".{}", std::process::id()));
    let beside = PathBuf::from(beside);
    let written = write_private(&beside, content).and_then(|()| fs::rename(&beside, path));
    if written.is_err() {
        // What is left of it may hold the key. If it was never made, there is nothing to remove.
        let _ = fs::remove_file(&beside);
    }
    written
}

fn write_private(path: &Path, content: &[u8]) -> io::Result<()> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::OpenOptionsExt as _;
        options.mode(0o600);
    }
    let mut file = options.open(path)?;
    file.write_all(content)?;
    file.sync_all()
}
