//! The file of an export: a line of JSON that anybody can read, and a line that only the receiver can open, in base 64.
//! The second opens only beside the first, so neither can be changed.

use std::collections::BTreeSet;

use base64::{Engine as _, engine::general_purpose::STANDARD as BASE64};
use integrations_core::{
    encodings::to_hex,
    ids::{ExportId, ProjectId},
    lifecycle::Status,
    permissions::ActionPermissions,
};
use secrecy::ExposeSecret as _;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use sha2::{Digest as _, Sha256};
use time::OffsetDateTime;

use crate::{
    environment::Environment,
    vault::{Identity, Recipient, Unopenable},
};

/// The newest form of the file.
const FORM: u32 = 1;
/// What stands in place of the first line until the export is recorded.
const BLANK: &str = " ";
/// Each first line is longer, in bytes. A line of JSON lines may be blank too.
const SHORTEST: usize = 100;

/// What everybody may read of an export.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Header {
    pub(super) riq_export: u32,
    pub(super) id: ExportId,
    /// The receiver's public key.
    pub(super) recipient: String,
    /// The project that they come from.
    pub(super) project: ProjectId,
    pub(super) integrations: u64,
    #[serde(with = "time::serde::rfc3339")]
    pub(super) created_at: OffsetDateTime,
}

/// What only the receiver may read of it.
#[derive(Serialize, Deserialize)]
pub(super) struct Contents {
    /// Signs the receipt.
    pub(super) receipt_key: [u8; 32],
    pub(super) integrations: Vec<Item>,
}

/// An integration with its credential.
#[derive(Serialize, Deserialize)]
pub(super) struct Item {
    /// With the alias.
    pub(super) provider: String,
    /// The way by which it was connected.
    pub(super) auth: String,
    /// `active` or `paused`.
    pub(super) status: Status,
    pub(super) display_name: Option<String>,
    pub(super) sidebar_enabled: bool,
    /// The secret ones among them.
    pub(super) settings: Map<String, Value>,
    pub(super) action_permissions: ActionPermissions,
    pub(super) account: Option<Account>,
    pub(super) connection: Map<String, Value>,
    pub(super) credential: Map<String, Value>,
    #[serde(with = "time::serde::rfc3339::option")]
    pub(super) expires_at: Option<OffsetDateTime>,
    pub(super) granted_scopes: Option<BTreeSet<String>>,
    /// The OAuth app that got the tokens: no other one can renew them.
    pub(super) client_id: Option<String>,
}

/// An account at a provider.
#[derive(Serialize, Deserialize)]
pub(super) struct Account {
    pub(super) id: String,
    pub(super) name: Option<String>,
}

/// Why the file of an export is not read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum FileError {
    /// It is none.
    #[error("this is not the file of an export, or only its beginning: copy it again, whole")]
    NotAnExport,
    /// A newer server made it.
    #[error(
        "this export is of form {0}, and this version reads up to {FORM}: upgrade this server first, or export with \
         the version that this server has"
    )]
    Newer(u32),
    /// Another server is to receive it.
    #[error(
        "this export is sealed to another key, {for_key}, and the key here is {here}: import it at the server whose \
         `admin identity` prints that one, or cancel it at the source and export again --to {here}"
    )]
    ForAnother {
        /// Its receiver's key.
        for_key: String,
        /// Ours.
        here: String,
    },
    /// It is another one than was announced.
    #[error(
        "this is not the expected export: its SHA-256 is {0}. Only the hash that the source showed proves who made the \
         file"
    )]
    Unexpected(String),
    /// It does not open.
    #[error(
        "this export is damaged: not a byte of it may be changed or missing. Copy it again from the source"
    )]
    Damaged,
    /// The key of this server cannot be used.
    #[error("the file of the identity is not valid")]
    BadIdentity,
}

/// What a file has to do with exports.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Found {
    /// It is the file of an export, of whatever form.
    Export(Option<ExportId>),
    /// It is what an interrupted export left. Nobody can import it.
    Unfinished,
    /// Nothing.
    Other,
}

/// Whether a text is the file of an export.
pub fn find(text: &str) -> Found {
    let first = text.lines().next().unwrap_or_default();
    if form(text).is_some() {
        return Found::Export(serde_json::from_str::<Header>(first).ok().map(|header| header.id));
    }
    let is_blank = first.len() > SHORTEST && first.bytes().all(|byte| BLANK.as_bytes() == [byte]);
    if is_blank { Found::Unfinished } else { Found::Other }
}

fn form(text: &str) -> Option<u32> {
    #[derive(Deserialize)]
    struct Form {
        riq_export: u32,
    }

    serde_json::from_str::<Form>(text.lines().next()?).ok().map(|form| form.riq_export)
}

impl Header {
    /// The header of an export of today's form.
    pub(super) fn new(
        id: ExportId,
        recipient: &Recipient,
        project: ProjectId,
        integrations: usize,
        created_at: OffsetDateTime,
    ) -> Self {
        let integrations = u64::try_from(integrations).unwrap_or(u64::MAX);
        Self { riq_export: FORM, id, recipient: recipient.to_string(), project, integrations, created_at }
    }
}

/// The file of an export, in two parts.
pub(super) struct Written {
    /// The file with blanks in place of its first line. Without that nobody can open the second.
    pub(super) file: Vec<u8>,
    /// The first line, to be written over the blanks.
    pub(super) first_line: String,
    /// Of the whole file, in hexadecimal.
    pub(super) sha256: String,
}

/// Makes the file.
pub(super) fn write(
    header: &Header,
    contents: &Contents,
    recipient: &Recipient,
    environment: &Environment,
) -> Result<Written, Unopenable> {
    let first_line = serde_json::to_string(header).map_err(|_| Unopenable)?;
    let plain = serde_json::to_vec(contents).map_err(|_| Unopenable)?;
    let sealed = BASE64.encode(recipient.seal(&plain, first_line.as_bytes(), environment)?);
    let sha256 = sha256(&format!("{first_line}\n{sealed}\n"));
    let blanks = BLANK.repeat(first_line.len());
    Ok(Written { file: format!("{blanks}\n{sealed}\n").into_bytes(), first_line, sha256 })
}

/// The hash of a file, in hexadecimal.
pub(super) fn sha256(text: &str) -> String {
    to_hex(&Sha256::digest(text))
}

/// Reads the file.
pub(super) fn read(text: &str, identity: &Identity) -> Result<(Header, Contents), FileError> {
    match form(text) {
        None => return Err(FileError::NotAnExport),
        Some(newer) if newer > FORM => return Err(FileError::Newer(newer)),
        Some(_) => {}
    }
    let mut lines = text.lines();
    let line = lines.next().unwrap_or_default();
    let header: Header = serde_json::from_str(line).map_err(|_| FileError::NotAnExport)?;
    let here = identity.recipient().map_err(|_| FileError::BadIdentity)?.to_string();
    if header.recipient != here {
        return Err(FileError::ForAnother { for_key: header.recipient, here });
    }
    let sealed = lines.next().and_then(|body| BASE64.decode(body).ok()).ok_or(FileError::Damaged)?;
    let opened = identity.open(&sealed, line.as_bytes()).map_err(|_| FileError::Damaged)?;
    let contents = serde_json::from_slice(opened.expose_secret()).map_err(|_| FileError::Damaged)?;
    Ok((header, contents))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn without_its_first_line_nobody_can_import_it() {
        let environment = Environment::system();
        let identity = Identity::generate(&environment);
        let recipient = identity.recipient().unwrap();
        let (id, project) = (ExportId::from_bits(1), ProjectId::from_bits(2));
        let header = Header::new(id, &recipient, project, 0, OffsetDateTime::UNIX_EPOCH);
        let contents = Contents { receipt_key: [7; 32], integrations: Vec::new() };
        let written = write(&header, &contents, &recipient, &environment).unwrap();
        let unfinished = String::from_utf8(written.file).unwrap();
        assert_eq!(find(&unfinished), Found::Unfinished);
        assert_eq!(read(&unfinished, &identity).err(), Some(FileError::NotAnExport));
        let whole = unfinished.replacen(&BLANK.repeat(written.first_line.len()), &written.first_line, 1);
        assert_eq!((whole.len(), find(&whole)), (unfinished.len(), Found::Export(Some(id))));
        assert_eq!(read(&whole, &identity).unwrap().1.receipt_key, [7; 32]);
        assert_eq!(sha256(&whole), written.sha256);
        assert_eq!(find("{\"provider\":\"slack\"}"), Found::Other);
        assert_eq!(find("  \n{}"), Found::Other);
    }
}
